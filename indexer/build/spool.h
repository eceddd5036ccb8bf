#ifndef AISLE_BUILD_SPOOL_H
#define AISLE_BUILD_SPOOL_H

/*
 * The normalized objects of a build between its two passes: the first reads the feeds and learns what attributes there
 * are, the second builds shards. A file of length-prefixed packed objects, written through a buffer and then mapped,
 * and a table of hashed objectIDs in memory (16 bytes an object), by which the last of several objects with one id
 * wins.
 *
 * One thread writes; after spool_seal any number of threads may read.
 */
#include "indexer/base/json.h"
#include "indexer/base/status.h"

struct spool;

/* Makes the file at path, which must not exist. Returns owned. */
MUST_CHECK enum status spool_create(struct spool **out, const char *path, struct error *err);
void spool_free(struct spool *s); /* removes the file */

/* STATUS_INPUT: the object is nested too deep, or larger than LIMIT_OBJECT_BYTES as JSON. */
MUST_CHECK enum status spool_add(struct spool *s, struct str object_id, const struct json *object, struct error *err);
MUST_CHECK enum status spool_seal(struct spool *s, struct error *err);

uint32_t spool_count(const struct spool *s);    /* objects added */
uint32_t spool_replaced(const struct spool *s); /* of these, earlier ones with an id that came again */

/* Walks the objects that stay, in feed order. The cursor starts as {0}; *ordinal counts added objects. The object
 * borrows the spool and the arena. STATUS_NOT_FOUND at the end, STATUS_FORMAT when the file is not as it was written.
 * What lies behind the cursor leaves memory. */
struct spool_cursor {
    size_t at;
    size_t dropped; /* up to here */
    uint32_t next;
    /* by ordinal, or NULL: others than those of `shard` are passed over unread */
    const uint8_t *shard_of;
    uint8_t shard;
};
MUST_CHECK enum status spool_next(const struct spool *s, struct spool_cursor *cursor, uint32_t *ordinal,
                                  struct arena *arena, struct json *object, struct error *err);

#endif
