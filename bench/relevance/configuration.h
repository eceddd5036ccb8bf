#ifndef AISLE_BENCH_RELEVANCE_CONFIGURATION_H
#define AISLE_BENCH_RELEVANCE_CONFIGURATION_H

/*
 * What is asked and how: a target, search parameters, settings over its own. From the options of a command, or from a
 * JSON file, which compare and replay take in the place of a run:
 *
 *   {"name": "more title", "data": "shop", "index": "products",
 *    "parameters": {"minHits": 100}, "settings": {"searchableAttributes": ["title^4", "brand"]}}
 *
 * with "server" (and "key") or "candidate" instead of "data".
 */
#include "bench/relevance/retrieval.h"
#include "indexer/base/options.h"

struct configuration {
    const char *name; /* NULL: the target's */
    struct target_options target;
    const char *parameters; /* JSON text, or "@file"; NULL: none */
    const char *settings;   /* the same */
    struct arena arena;     /* owns what a file gave */
};

/* The rows of the options that make a configuration; at most CONFIGURATION_ROWS. */
enum { CONFIGURATION_ROWS = 8 };
size_t configuration_rows(struct configuration *c, struct option_row *rows);

/* True when the file is a configuration: a JSON object with a server, data or candidate. */
bool configuration_is(const char *path);
MUST_CHECK enum status configuration_read(struct configuration *out, const char *path, struct error *err);
void configuration_release(struct configuration *c);

/* An opened configuration. */
struct opened {
    struct target *target;
    struct json *params; /* NULL: none */
    char *settings;      /* JSON text; NULL: none */
    struct arena arena;
    const char *name;
};
MUST_CHECK enum status configuration_open(struct opened *out, const struct configuration *c, struct error *err);
void configuration_close(struct opened *o);

#endif
