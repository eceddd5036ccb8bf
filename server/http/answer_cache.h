#ifndef AISLE_SERVER_HTTP_ANSWER_CACHE_H
#define AISLE_SERVER_HTTP_ANSWER_CACHE_H

/*
 * Answers of searches that are asked again before anything changed: their bytes, and once a client wanted them
 * compressed, those too. The key, compared whole, says what was asked and of what data: any update makes other keys, so
 * nothing is ever stale. What was not asked for goes first when the bytes run out.
 *
 * All threads share it. It is cut into parts with a lock each, held while bytes are copied; a part whose lock is taken
 * is not waited for.
 */
#include <stdatomic.h>

#include "indexer/base/buf.h"
#include "indexer/base/str.h"

struct answer_cache;

struct answer_cache_stats {
    uint64_t bytes, count, asked, found;
};

/* bytes: at least 1 MiB. */
struct answer_cache *answer_cache_new(uint64_t bytes);
void answer_cache_free(struct answer_cache *c);
/* Appends the answer; *gzip: it is wanted compressed, and then whether it is. False when it is not there. */
bool answer_cache_find(struct answer_cache *c, struct str key, bool *gzip, struct buf *out);
/* Keeps a copy, unless it is larger than a hundredth of the cache or its part is busy. */
void answer_cache_keep(struct answer_cache *c, struct str key, struct str answer);
void answer_cache_read(struct answer_cache *c, struct answer_cache_stats *out);

#endif
