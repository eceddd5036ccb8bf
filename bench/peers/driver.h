#ifndef AISLE_BENCH_PEERS_DRIVER_H
#define AISLE_BENCH_PEERS_DRIVER_H

/*
 * What the drivers written in C and C++ share: reading the workload's files, and the conversation with bench/peers/run.
 * Only the C library is used. bench/README.md has the conversation, which the drivers in other languages hold, too.
 *
 * One thread. Anything that goes wrong ends the program with a message.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DRIVER_FACETS = 5, DRIVER_FACET_VALUES = 10, DRIVER_WORDS_MAX = 16, DRIVER_LEVELS = 3 };

/* How a line of a query file is to be run. */
struct driver_mode {
    const char *name;
    bool facets;     /* counts of brand, category's second level, color, size, material; the top ten values each */
    bool any;        /* any word is enough; else all are needed */
    bool prefix;     /* the last word is the beginning of one */
    bool total;      /* the exact number of matches is wanted */
    bool popularity; /* hits by popularity; else by BM25 (without text always by popularity) */
    bool suggest;    /* phrases that the text begins; engines without an autocomplete of their own refuse it */
    bool typo;       /* words that hardly occur are corrected; engines that do not refuse it */
    unsigned top;    /* hits wanted */
};

struct driver_query {
    const char *text, *category, *brand; /* "" for none; category is a path of one to three levels, "a > b" */
    int64_t low_cents, high_cents;       /* -1: no price range */
    const char *words[DRIVER_WORDS_MAX]; /* of text, each terminated */
    size_t word_count;
    size_t levels; /* of category; 0: none */
};

struct driver_answer {
    int64_t hits;     /* the total; -1 when the mode wants none */
    uint64_t facets;  /* driver_facet added up */
    size_t top_count; /* hits returned */
};

/* Adds a facet's value counts, the highest ten, any order: independent of how equal counts are cut. */
void driver_facet(struct driver_answer *answer, unsigned facet, uint64_t count_of_top_values);

typedef void (*driver_run)(void *peer, const struct driver_mode *mode, const struct driver_query *query,
                           struct driver_answer *answer);

/* True: the engine is another process, so that the thread's processor time says nothing; it is then answered as 0. */
extern bool driver_engine_elsewhere;

/* Serves standard input until it ends: each line "MODE FILE FIRST COUNT"; answers a line for each query: wall ns,
 * processor ns, hits, facets' sum; then a line with a point. Returns the program's exit code. */
int driver_serve(void *peer, driver_run run);

/* A product as products.tsv has it. */
struct driver_product {
    const char *id, *title, *description, *brand, *color, *size, *material;
    const char *category;              /* the whole path */
    const char *levels[DRIVER_LEVELS]; /* "a", "a > b", "a > b > c"; NULL past the last */
    int64_t price_cents, quantity, popularity;
};

typedef void (*driver_add)(void *peer, const struct driver_product *product);

/* Calls add for each product of DIR/products.tsv; returns how many. */
uint64_t driver_products(const char *dir, void *peer, driver_add add);

/* Values of the five facets, in their order; "" where the product has none. */
void driver_facet_values(const struct driver_product *product, const char *values[DRIVER_FACETS]);
extern const char *const driver_facet_names[DRIVER_FACETS];

void driver_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif
#endif
