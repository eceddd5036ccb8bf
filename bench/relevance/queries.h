#ifndef AISLE_BENCH_RELEVANCE_QUERIES_H
#define AISLE_BENCH_RELEVANCE_QUERIES_H

/*
 * Queries to be asked, from a file: lines "id, tab, text" or only a text, which then is its id; CSV or TSV with a
 * header (query_id or qid, query or text, perhaps count); a JSON array or JSON lines of {"id", "query", "params",
 * "count"} or of strings. In a log the same text may come again: queries_merge adds up.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/base/vec.h"

struct query_line {
    const char *id; /* terminated */
    struct str text;
    const struct json *params; /* search parameters of its own; NULL: none */
    double count;              /* how often it was asked; 1 when the file does not say */
};

struct queries {
    struct arena arena;
    VEC(struct query_line) list;
};

/* What a line without a header and with two columns means. */
enum queries_kind { QUERIES_LISTED, /* id, text */ QUERIES_LOGGED /* text, count */ };

/* Errors name file and line. Release in either case. */
MUST_CHECK enum status queries_read(struct queries *out, const char *path, enum queries_kind kind, struct error *err);
MUST_CHECK enum status queries_parse(struct queries *out, struct str text, const char *name, enum queries_kind kind,
                                     struct error *err);
void queries_release(struct queries *q);
/* One line for each text, the most frequent first; ids become the texts. */
void queries_merge(struct queries *q);

#endif
