#ifndef AISLE_BUILD_OBJECT_STORE_H
#define AISLE_BUILD_OBJECT_STORE_H

/*
 * Stored objects of a shard in the making: compressed as they come, in memory or, with a bound on memory, in a file.
 * Without a dictionary the first objects are kept as they are until there are enough to train one. With a bound on
 * memory a thread of its own does all this.
 */
#include <stdatomic.h>

#include "indexer/base/vec.h"
#include "indexer/build/stage.h"
#include "indexer/shard/docs.h"
#include "indexer/shard/shard_write.h"

/* Objects on their way to the store's thread. */
struct object_batch {
    struct buf texts; /* back to back */
    VEC(size_t) sizes;
};

struct object_store {
    struct stage *stage; /* NULL: no thread; while it is there all below but its batches is its own */
    struct object_batch batches[STAGE_BATCHES];
    atomic_bool failed;
    enum status status; /* of the thread */
    struct error error;
    const struct docs_dictionary *shared;
    struct docs_dictionary *trained;
    struct docs_compressor *compressor;
    struct buf samples; /* texts back to back, until a dictionary is there */
    VEC(size_t) sample_sizes;
    struct buf bytes; /* compressed; those before `start` are in the file */
    uint64_t start;
    VEC(uint64_t) ends; /* of each compressed object */
    size_t memory_bytes;
    const char *temp_dir;
    struct file *file;
    char *path;
};

void object_store_init(struct object_store *s, const struct docs_dictionary *shared, size_t memory_bytes,
                       const char *temp_dir);
/* Before the last call the store must not be moved. An error of the thread is given by a later add, or by write. */
void object_store_release(struct object_store *s);
MUST_CHECK enum status object_store_add(struct object_store *s, struct str text, struct error *err);
MUST_CHECK enum status object_store_write(struct object_store *s, const uint32_t *old_of_new, uint32_t count,
                                          struct container_writer *w, struct error *err);

#endif
