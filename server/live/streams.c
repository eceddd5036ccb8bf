#include "server/live/streams.h"

#include <string.h>

void streams_init(struct streams *s)
{
    memset(s, 0, sizeof(*s));
    map_init(&s->by_key);
}

static void stream_free(struct stream *x)
{
    if (x) {
        stream_free(x->before);
        vec_release(&x->gaps);
        free(x);
    }
}

void streams_release(struct streams *s)
{
    for (struct stream *x = s->oldest; x;) {
        struct stream *next = x->newer;
        stream_free(x);
        x = next;
    }
    map_release(&s->by_key);
    vec_release(&s->touched);
}

static struct str key_text(const struct hash128 *key)
{
    return (struct str){(const char *)key, sizeof(*key)};
}

static void unlink_stream(struct streams *s, struct stream *x)
{
    *(x->older ? &x->older->newer : &s->oldest) = x->newer;
    *(x->newer ? &x->newer->older : &s->newest) = x->older;
    x->older = x->newer = NULL;
}

static void link_newest(struct streams *s, struct stream *x)
{
    x->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = x;
    s->newest = x;
}

/* Not those that the open group touched. */
static void evict(struct streams *s, int64_t now_ms)
{
    while (s->oldest && !s->oldest->before &&
           (s->oldest->used_ms + STREAM_KEEP_MS < now_ms || s->by_key.count > STREAMS_MAX ||
            s->gap_count > STREAM_GAPS_MAX)) {
        struct stream *x = s->oldest;
        unlink_stream(s, x);
        s->gap_count -= x->gaps.count;
        (void)map_remove(&s->by_key, key_text(&x->key));
        stream_free(x);
    }
}

struct stream *streams_open(struct streams *s, struct hash128 key, int64_t now_ms)
{
    evict(s, now_ms);
    uint64_t *at = map_put(&s->by_key, key_text(&key), 0, NULL);
    struct stream *x = (struct stream *)(uintptr_t)*at;
    if (x) {
        unlink_stream(s, x);
    } else {
        x = xcalloc(1, sizeof(*x));
        x->key = key;
        *at = (uint64_t)(uintptr_t)x;
    }
    x->used_ms = now_ms;
    link_newest(s, x);
    return x;
}

static bool in_gap(const struct stream *x, uint64_t item, size_t *at)
{
    size_t low = 0;
    size_t high = x->gaps.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->gaps.items[middle].end <= item) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *at = low;
    return low < x->gaps.count && x->gaps.items[low].first <= item;
}

bool stream_is_done(const struct stream *x, uint64_t item)
{
    size_t at;
    return item < x->done && !in_gap(x, item, &at);
}

static void touch(struct streams *s, struct stream *x)
{
    if (x->before) {
        return;
    }
    x->before = xcalloc(1, sizeof(*x));
    x->before->done = x->done;
    for (size_t i = 0; i < x->gaps.count; i++) {
        vec_push(&x->before->gaps, x->gaps.items[i]);
    }
    vec_push(&s->touched, x);
}

static void add_gap(struct streams *s, struct stream *x, uint64_t first, uint64_t end)
{
    struct stream_gap *last = x->gaps.count ? &x->gaps.items[x->gaps.count - 1] : NULL;
    struct stream_gap added = {first, end};
    if (last && last->end == first) {
        last->end = end;
    } else {
        vec_push(&x->gaps, added);
        s->gap_count++;
    }
}

/* Takes one item out of a gap. */
static void close_gap(struct streams *s, struct stream *x, uint64_t item, size_t at)
{
    struct stream_gap *gap = &x->gaps.items[at];
    struct stream_gap rest = {item + 1, gap->end};
    gap->end = item;
    if (rest.first < rest.end) {
        struct stream_gap none = {0, 0};
        vec_push(&x->gaps, none);
        gap = &x->gaps.items[at];
        memmove(gap + 2, gap + 1, (x->gaps.count - at - 2) * sizeof(*gap));
        gap[1] = rest;
        s->gap_count++;
    }
    if (gap->first == gap->end) {
        memmove(gap, gap + 1, (--x->gaps.count - at) * sizeof(*gap));
        s->gap_count--;
    }
}

void stream_note(struct streams *s, struct stream *x, uint64_t item, bool applied)
{
    size_t at;
    touch(s, x);
    if (item < x->done) {
        if (applied && in_gap(x, item, &at)) {
            close_gap(s, x, item, at);
        }
        return;
    }
    uint64_t end = applied ? item : item + 1;
    if (x->done < end) {
        add_gap(s, x, x->done, end);
    }
    x->done = item + 1;
}

void streams_keep(struct streams *s)
{
    for (size_t i = 0; i < s->touched.count; i++) {
        stream_free(s->touched.items[i]->before);
        s->touched.items[i]->before = NULL;
    }
    s->touched.count = 0;
}

void streams_undo(struct streams *s)
{
    for (size_t i = 0; i < s->touched.count; i++) {
        struct stream *x = s->touched.items[i];
        struct stream *before = x->before;
        s->gap_count += before->gaps.count - x->gaps.count;
        x->done = before->done;
        vec_release(&x->gaps);
        x->gaps.items = before->gaps.items;
        x->gaps.count = before->gaps.count;
        x->gaps.capacity = before->gaps.capacity;
        free(before);
        x->before = NULL;
    }
    s->touched.count = 0;
}

void streams_write(const struct streams *s, struct buf *out)
{
    buf_put_u32(out, (uint32_t)s->by_key.count);
    for (const struct stream *x = s->oldest; x; x = x->newer) {
        buf_put_u64(out, x->key.low);
        buf_put_u64(out, x->key.high);
        buf_put_varint(out, x->done);
        buf_put_u64(out, (uint64_t)x->used_ms);
        buf_put_varint(out, x->gaps.count);
        for (size_t i = 0; i < x->gaps.count; i++) {
            buf_put_varint(out, x->gaps.items[i].first);
            buf_put_varint(out, x->gaps.items[i].end);
        }
    }
}

bool streams_read(struct streams *s, struct reader *r)
{
    uint32_t count = reader_u32(r);
    for (uint32_t i = 0; i < count && !r->failed; i++) {
        struct hash128 key;
        key.low = reader_u64(r);
        key.high = reader_u64(r);
        uint64_t done = reader_varint(r);
        struct stream *x = streams_open(s, key, (int64_t)reader_u64(r));
        uint64_t gaps = reader_varint(r);
        x->done = done;
        for (uint64_t k = 0; k < gaps && !r->failed; k++) {
            uint64_t first = reader_varint(r);
            uint64_t end = reader_varint(r);
            r->failed = r->failed || first >= end || end > done ||
                        (x->gaps.count && first < x->gaps.items[x->gaps.count - 1].end);
            if (!r->failed) {
                add_gap(s, x, first, end);
            }
        }
    }
    return !r->failed;
}
