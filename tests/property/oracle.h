#ifndef AISLE_TESTS_PROPERTY_ORACLE_H
#define AISLE_TESTS_PROPERTY_ORACLE_H

/*
 * The truth about a search, found by looking at every object for every question. It shares nothing with the engine but
 * the analyzer: no postings, columns, codes or windows; everything is in doubles and strings. Slow on purpose.
 *
 * The caller says which objects there are, in which segment each lies and which are deleted: statistics count deleted
 * objects too, matches do not.
 */
#include "analyzers/analyzer.h"
#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/base/vec.h"
#include "indexer/shard/settings.h"

#define ORACLE_FIELDS 16
#define ORACLE_TITLE  32

struct oracle_token {
    struct str text;
    uint32_t frequency[ORACLE_FIELDS];
};

struct oracle_doc {
    struct json object;
    struct str id;
    struct str group;
    bool deleted;
    bool in_stock;
    uint32_t length[ORACLE_FIELDS];
    struct oracle_token *tokens;
    size_t token_count;
    struct str title[ORACLE_TITLE]; /* the first words of the title, in order */
    bool accessory[ORACLE_TITLE];
    size_t title_count;
};

struct oracle {
    const struct settings *settings;
    struct analysis *analysis;
    struct arena arena;
    struct arena *scratch; /* of the search under way */
    VEC(struct oracle_doc) docs;
};

void oracle_init(struct oracle *o, const struct settings *settings, const struct analyzer *analyzer);
void oracle_release(struct oracle *o);
/* Returns the object's place in docs. */
size_t oracle_add(struct oracle *o, struct str json_text);

enum oracle_op { ORACLE_EQ, ORACLE_NE, ORACLE_LT, ORACLE_LE, ORACLE_GT, ORACLE_GE };

/* A conjunction of disjunctions. */
struct oracle_condition {
    struct str attribute; /* or "category.lvl1", "in_stock" */
    bool numeric;
    bool negated;
    enum oracle_op op;
    double number;
    struct str value;
};
struct oracle_clause {
    struct oracle_condition any[4];
    size_t count;
};

struct oracle_query {
    struct str text;
    bool prefix_last, strict, any_word, typo_tolerance, distinct;
    int64_t min_hits;
    struct oracle_clause clauses[4];
    size_t clause_count;
    struct sort_key sort[2];
    size_t sort_count;
    const char *const *facets;
    size_t facet_count;
    const double *boosts; /* by document; NULL: none */
};

struct oracle_hit {
    size_t doc;
    double score;
    uint32_t step;
};
struct oracle_value {
    struct str value;
    uint64_t count;
};
struct oracle_facet {
    struct oracle_value *values; /* by count descending, then value */
    size_t count;
    bool has_stats;
    double min, max, sum;
    uint64_t number_count;
};
struct oracle_answer {
    struct oracle_hit *hits; /* every match, in order */
    size_t hit_count;
    uint64_t total;
    uint32_t steps;
    struct oracle_facet *facets;
};

/* Results live in the arena. */
void oracle_search(struct oracle *o, const struct oracle_query *query, struct arena *arena, struct oracle_answer *out);

#endif
