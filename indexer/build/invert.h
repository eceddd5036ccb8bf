#ifndef AISLE_BUILD_INVERT_H
#define AISLE_BUILD_INVERT_H

/*
 * Inversion: documents' tokens in, in order of arrival; terms, postings and positions of a shard out, in its document
 * order.
 *
 * Each document becomes a short record {term, fact, positions} for each of its terms, in a stream of bytes; terms and
 * facts are numbered as they come. At the end terms are sorted, and the records are dealt out to the terms' lists by
 * counting: the stream is read in document order, so every list comes out ascending without a comparison. With a bound
 * on memory the stream goes to a file when it grows, is then read in order of arrival, and lists are sorted; and lists
 * are made for one range of terms after another.
 *
 * Not thread-safe.
 */
#include "analyzers/analyzer.h"
#include "indexer/shard/container.h"
#include "indexer/shard/shard_write.h"
#include "indexer/shard/types.h"

struct invert;

struct invert_options {
    const struct analyzer *analyzer;
    uint32_t field_count;
    int title_field;     /* whose first text is kept as a title; -1: none */
    size_t memory_bytes; /* 0: no bound */
    const char *temp_dir;
};

struct invert *invert_new(const struct invert_options *options);
void invert_free(struct invert *v);

/* One document: begin, its texts in ascending order of fields, its identifiers, end. The document's number is how many
 * ended before it. */
void invert_begin(struct invert *v);
MUST_CHECK enum status invert_text(struct invert *v, field_id field, struct str text, struct error *err);
void invert_identifier(struct invert *v, struct str value);
MUST_CHECK enum status invert_end(struct invert *v, struct error *err);
/* Forgets what was given since invert_begin. */
void invert_cancel(struct invert *v);

/* old_of_new[d] is the arrival number of document d. Writes the chunks of terms, postings, positions, facts, lengths,
 * titles and prefixes, and fills term_count, fact_count, field_tokens and field_docs of meta, whose doc_count is set.
 */
MUST_CHECK enum status invert_write(struct invert *v, const uint32_t *old_of_new, struct container_writer *w,
                                    struct shard_meta *meta, struct error *err);

#endif
