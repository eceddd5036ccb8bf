#ifndef AISLE_BUILD_SHARD_BUILD_H
#define AISLE_BUILD_SHARD_BUILD_H

/*
 * Builds one shard from product objects: the same code makes base shards of a build and delta shards of live writes.
 * Not thread-safe; the dictionary is appended to, so builders that share one take turns (dictionary_lock, if given) or
 * run on one thread.
 *
 * All variants of a product must go into the same builder, each objectID once.
 */
#include <pthread.h>

#include "analyzers/analyzer.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/settings.h"

struct shard_builder;

struct shard_build_options {
    const struct settings *settings;
    const struct analyzer *analyzer;
    struct dictionary *dictionary;
    pthread_mutex_t *dictionary_lock; /* NULL: no other builder uses the dictionary */
    struct docs_dictionary *objects;  /* NULL: train a compression dictionary from the first objects */
    size_t memory_bytes;              /* 0: no bound (deltas); else work is spilled to temp_dir */
    const char *temp_dir;
};

struct shard_builder *shard_builder_new(const struct shard_build_options *options);
void shard_builder_free(struct shard_builder *b);

/* Adds an object. STATUS_INPUT: no objectID or a wrong one (must be 1..512 bytes of UTF-8); the builder is as before.
 * STATUS_LIMIT: too large. */
MUST_CHECK enum status shard_builder_add(struct shard_builder *b, const struct json *object, struct error *err);
uint32_t shard_builder_count(const struct shard_builder *b);

/* Puts the documents in order and writes the shard. The builder is then empty. */
MUST_CHECK enum status shard_builder_finish(struct shard_builder *b, struct buf *image, struct error *err);
MUST_CHECK enum status shard_builder_finish_file(struct shard_builder *b, const char *path, struct error *err);

/* The product of an object: its group attribute's value, else its objectID. Borrowed from the object. */
struct str object_group(const struct settings *s, const struct json *object);
/* The objectID as text: strings as they are, numbers by their text. False when missing or of another type. */
bool object_id(const struct json *object, struct str *out);
/* XXH3 of the group modulo shard_count. */
uint32_t shard_of_group(struct str group, uint32_t shard_count);
/* Stock as the object states it: available (role availability; true when it says nothing) and in stock. */
bool object_available(const struct settings *s, const struct json *object);

#endif
