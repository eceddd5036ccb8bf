#ifndef AISLE_SHARD_DOCS_H
#define AISLE_SHARD_DOCS_H

/*
 * Stored objects: each compressed by itself, with a dictionary that all objects of a shard share, so that one can be
 * read without its neighbours. zstd; its headers are included by docs.c only.
 *
 * A docs_dictionary is immutable and may be used by any number of threads, and by several builders at once.
 */
#include "indexer/base/buf.h"
#include "indexer/base/status.h"

struct docs_dictionary;

#define DOCS_DICTIONARY_BYTES 32768
#define DOCS_SAMPLE_BYTES     (2u << 20) /* enough sample text to train from */

/* From a trained dictionary's bytes (shard_docs_dictionary gives those of a shard), or from none: plain zstd. Copies.
 * Returns owned. */
struct docs_dictionary *docs_dictionary_new(struct str bytes);
void docs_dictionary_free(struct docs_dictionary *d);
struct str docs_dictionary_bytes(const struct docs_dictionary *d);

/* Trains from samples laid back to back, with their sizes. Gives a dictionary without bytes when there are too few. */
struct docs_dictionary *docs_dictionary_train(struct str samples, const size_t *sizes, size_t count);

/* Appends the compressed form of text. */
struct docs_compressor;
struct docs_compressor *docs_compressor_new(void);
void docs_compressor_free(struct docs_compressor *c);
void docs_compress(struct docs_compressor *c, const struct docs_dictionary *d, struct str text, struct buf *out);

/* Appends the text. STATUS_FORMAT when the bytes are not what docs_compress made with this dictionary; never more than
 * limit_bytes are written. Any thread: each has its own context, made at its first use. */
MUST_CHECK enum status docs_decompress(const struct docs_dictionary *d, struct str bytes, size_t limit_bytes,
                                       struct buf *out, struct error *err);

#endif
