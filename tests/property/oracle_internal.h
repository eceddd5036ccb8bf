#ifndef AISLE_TESTS_PROPERTY_ORACLE_INTERNAL_H
#define AISLE_TESTS_PROPERTY_ORACLE_INTERNAL_H

/* What the oracle's files share: values, filters (oracle.c), text (oracle_text.c), order and facets (oracle_search.c).
 */
#include "tests/property/oracle.h"

#define ORACLE_VALUES       16
#define ORACLE_SLOTS        16
#define ORACLE_ALTERNATIVES 16
#define ORACLE_WORDS        8

struct oracle_list {
    struct str values[ORACLE_VALUES];
    size_t count;
};

/* All words must be in the object; tf is the least of theirs, idf the largest. */
struct oracle_alternative {
    struct str words[ORACLE_WORDS];
    size_t word_count;
    bool prefix;
    double weight;
    double df; /* 0: nothing has it */
    double idf;
};
struct oracle_slot {
    struct str text;
    struct oracle_alternative alternatives[ORACLE_ALTERNATIVES];
    size_t count;
    bool stop;
    bool optional;
    bool dropped;  /* no alternative has a document */
    bool excluded; /* behind "without" */
    double most;   /* the most documents that an alternative has */
    double idf;    /* the largest weight * idf */
    double pair;   /* the smaller idf of this and the query's next word */
};
struct oracle_text {
    struct oracle_slot slots[ORACLE_SLOTS];
    size_t count;  /* without the dropped ones */
    bool hopeless; /* something was typed, and no known word */
    double max_lex;
    double *affinity; /* by document: what its category adds to the sum of the parts */
    size_t named;     /* the slot that names the thing; SIZE_MAX: none is told */
    size_t head;      /* the slot of the last word that is no stop word; SIZE_MAX: accessories don't matter */
    double average[ORACLE_FIELDS];
};

void oracle_list_add(struct oracle_list *list, struct str value);
void oracle_values(const struct oracle_doc *doc, struct str attribute, struct arena *arena, struct oracle_list *out);
void oracle_category_values(const struct oracle_doc *doc, uint32_t level, struct arena *arena, struct oracle_list *out);
size_t oracle_numbers(const struct oracle_doc *doc, struct str attribute, double out[ORACLE_VALUES]);
bool oracle_passes(const struct oracle_doc *doc, const struct oracle_query *q, struct arena *arena);

/* A field's length as the index keeps it: exact up to 40, else only its five highest bits. */
uint32_t oracle_length(uint32_t tokens);

/* The query's slots with their alternatives and statistics. */
void oracle_text_of(struct oracle *o, const struct oracle_query *q, struct arena *arena, struct oracle_text *out);
/* A bit for each slot that the object matches; *lex is the lexical score, 0..1. */
uint32_t oracle_match(const struct oracle *o, const struct oracle_text *text, const struct oracle_doc *doc,
                      double *lex);

#endif
