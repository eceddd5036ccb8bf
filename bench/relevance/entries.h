#ifndef AISLE_BENCH_RELEVANCE_ENTRIES_H
#define AISLE_BENCH_RELEVANCE_ENTRIES_H

/*
 * What is judged and what was retrieved: triples of query, document and a number, which is a grade or a score. Both are
 * read from TREC files, from CSV or TSV with a header, and from JSON; the format is told from the content.
 *
 *   TREC   judgments "query iteration document grade", runs "query Q0 document rank score tag"
 *   CSV    columns by name: query (query_id, qid), docid (doc, document, product_id, ...), rating (grade, label, ...);
 *          runs have a score or a rank, else the order of the lines counts; an empty rating is none
 *   JSON   the body of Elasticsearch's _rank_eval (requests, ratings) or its answer (details, hits); or
 *          {"query": {"document": number}}; or {"query": ["first document", "second", ...]} for runs
 *
 * After reading, entries are sorted by query, then document, both in byte order. Not thread-safe while reading.
 */
#include "indexer/base/arena.h"
#include "indexer/base/vec.h"

enum entries_kind { ENTRIES_JUDGMENTS, ENTRIES_RUN };

struct entry {
    const char *query; /* terminated */
    const char *doc;
    double value; /* a grade, which is whole, or a score */
};

struct entries_query {
    const char *id;
    const struct entry *items; /* by document; a document given twice is there twice */
    size_t count;
};

struct entries {
    struct arena arena;
    VEC(struct entry) list;
    VEC(struct entries_query) queries; /* by id */
    const char *tag;                   /* of a run: the last line's, or the file's name */
    double top_value;                  /* the highest grade or score */
};

struct entries_options {
    enum entries_kind kind;
    const char *format; /* auto, trec, csv or json; NULL: auto */
    const char *grades; /* "Exact=2,Partial=1": what words stand for as grades; NULL: numbers only */
};

/* Reads the file `path` ("-": standard input). Errors name file and line; STATUS_INPUT for what the file says,
 * STATUS_IO and STATUS_NOT_FOUND for the file itself. Release in either case. */
MUST_CHECK enum status entries_read(struct entries *out, const char *path, const struct entries_options *options,
                                    struct error *err);
/* The same for a text; `name` stands in errors for the file. */
MUST_CHECK enum status entries_parse(struct entries *out, struct str text, const char *name,
                                     const struct entries_options *options, struct error *err);
void entries_init(struct entries *e);
void entries_release(struct entries *e);

/* For entries that are made by hand: add all, then sort once. Strings are copied. */
void entries_add(struct entries *e, struct str query, struct str doc, double value);
void entries_sort(struct entries *e);

const struct entries_query *entries_find(const struct entries *e, const char *query); /* NULL: not there */
/* Leaves out the queries that have no document with at least this grade. */
void entries_keep_answerable(struct entries *judgments, long level);

#endif
