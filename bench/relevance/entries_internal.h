#ifndef AISLE_BENCH_RELEVANCE_ENTRIES_INTERNAL_H
#define AISLE_BENCH_RELEVANCE_ENTRIES_INTERNAL_H

/* The readers of single formats: they append to out->list, unsorted. `name` is the file's, for messages. */
#include "bench/relevance/entries.h"

struct entries_source {
    struct str text;
    const char *name;
    const struct entries_options *options;
};

MUST_CHECK enum status entries_trec(struct entries *out, const struct entries_source *source, struct error *err);
MUST_CHECK enum status entries_csv(struct entries *out, const struct entries_source *source, struct error *err);
MUST_CHECK enum status entries_json(struct entries *out, const struct entries_source *source, struct error *err);

/* True when the first line has columns that CSV judgments or runs have. */
bool entries_csv_is(struct str text);

enum { GRADE_MOST = 1000000 };

/* A grade in a file that is not TREC's: a whole number, or a word of options->grades. */
MUST_CHECK enum status entries_grade(const struct entries_options *options, struct str text, double *grade,
                                     struct error *err);

#endif
