#ifndef AISLE_SERVER_LIVE_STREAMS_H
#define AISLE_SERVER_LIVE_STREAMS_H

/*
 * What was done of requests that carry an Idempotency-Key, so that a repeat does nothing twice and goes on where the
 * first one broke off. Items of a stream are numbered from 0 and decided in order: done are all below a number, but for
 * gaps, the items that were refused and may be decided anew.
 *
 * Streams are kept for a day after their last item, at most STREAMS_MAX of them with STREAM_GAPS_MAX gaps together;
 * past that the ones not used for longest go first.
 *
 * Thread rule: one owner. What a group notes counts once streams_keep was called; streams_undo takes it back.
 */
#include "indexer/base/buf.h"
#include "indexer/base/hash.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

#define STREAMS_MAX     100000
#define STREAM_GAPS_MAX 1000000
#define STREAM_KEEP_MS  (INT64_C(24) * 3600 * 1000)

struct stream_gap {
    uint64_t first;
    uint64_t end;
};

struct stream {
    struct hash128 key;
    uint64_t done;
    int64_t used_ms;
    VEC(struct stream_gap) gaps; /* ascending */
    struct stream *older, *newer;
    struct stream *before; /* as it was when the open group first touched it; NULL: not touched */
};

struct streams {
    struct map by_key; /* -> struct stream * */
    struct stream *oldest, *newest;
    size_t gap_count;
    VEC(struct stream *) touched;
};

void streams_init(struct streams *s);
void streams_release(struct streams *s);

/* The stream of a key, made when there is none. Valid until the next call of streams_open in another group. */
struct stream *streams_open(struct streams *s, struct hash128 key, int64_t now_ms);
bool stream_is_done(const struct stream *x, uint64_t item);
/* applied false: the item had no effect, and a repeat decides it anew. Items between the last one and this are gaps. */
void stream_note(struct streams *s, struct stream *x, uint64_t item, bool applied);
void streams_keep(struct streams *s);
void streams_undo(struct streams *s);

/* u32 count, then of each, oldest first: u64 low, u64 high, v done, u64 used ms, v gaps, v first and v end of each. */
void streams_write(const struct streams *s, struct buf *out);
bool streams_read(struct streams *s, struct reader *r);

#endif
