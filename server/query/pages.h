#ifndef AISLE_SERVER_QUERY_PAGES_H
#define AISLE_SERVER_QUERY_PAGES_H

/*
 * What a thread keeps of pages that many visitors open: everything, the products of one facet value (a category, a
 * brand), and what the first letters of a word find. Their totals and facets are kept as they were answered, and of
 * those without text which documents came first, so that the next visit counts nothing and looks at a few documents.
 *
 * Exact after every change, since the key says of what data the page is: which shards, with which tombstones, and how
 * often the numbers that were read have been changed in place (number_epoch, shard_stock_epoch, dimension_epoch). A key
 * is read before the page is computed: a change meanwhile makes another key.
 *
 * The first documents outlive more changes than that. They are more than a page shows; tombstones only take some away,
 * and segments that came later or whose numbers were changed are looked through. What is found so is right as long as
 * the last document shown comes before all that were not kept: their bound.
 *
 * Bounded by bytes; what was not asked for goes first. One thread's own, or shared: readers take no lock and keep what
 * they found until their next quiescent moment (rcu.h); a page is kept under a lock, and not at all when that is taken.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "indexer/base/arena.h"
#include "indexer/base/hash.h"
#include "server/query/search.h"
#include "server/query/topk.h"

#define PAGES_BUCKETS 4096
#define PAGES_TOP     512 /* first documents are kept of pages that show no more */
#define PAGES_SPARE   40  /* so many more of them than the page showed */

struct page {
    struct hash128 key;
    _Atomic(struct page *) chain; /* of the bucket */
    struct page *newer, *older;
    size_t size_bytes;
    _Atomic bool asked; /* since it was looked at last for being dropped */
};

struct page_counts {
    struct page page;
    uint64_t total;
    size_t facet_count;
    size_t value_count; /* of all facets; behind the struct: facets, values, texts; a text's data is its offset there */
    size_t text_bytes;
};

/* A segment whose documents were all looked at for the first ones. */
struct page_segment {
    uint64_t serial; /* the shard's */
    uint64_t epoch;  /* of the attributes that the order reads */
    uint32_t first, end;
};

struct page_tops {
    struct page page;
    bool complete;         /* there are no others in these segments */
    uint64_t bound_serial; /* else the last of them, in this shard */
    struct candidate bound;
    uint32_t segment_count;
    struct page_segment *segments;
    doc_id *docs; /* by segment, ascending */
};

struct pages {
    _Atomic(struct page *) buckets[PAGES_BUCKETS];
    pthread_mutex_t lock; /* of what follows */
    struct page *newest, *oldest;
    struct page *gone; /* not shared: dropped since the search began */
    size_t limit_bytes;
    bool shared;
    _Atomic size_t bytes;
    _Atomic uint64_t count, asked, found;
};

/* Returns owned. limit_bytes 0: nothing is kept. */
struct pages *pages_new(size_t limit_bytes, bool shared);
/* Nobody searches with them any more. */
void pages_free(struct pages *p);
/* A search begins: what earlier ones of this thread found is not held any more. */
void pages_begin(struct pages *p);

/* NULL: not kept. */
const struct page_counts *pages_counts(struct pages *p, const struct hash128 *key);
void pages_keep_counts(struct pages *p, const struct hash128 *key, const struct search_result *answer);
/* Puts total and facets into the answer; a copy, in the arena. False when memory runs out. */
bool page_counts_copy(const struct page_counts *c, struct arena *arena, struct search_result *out);

const struct page_tops *pages_tops(struct pages *p, const struct hash128 *key);
/* An empty one with room for documents in segments, for pages_keep_tops, which takes it. NULL: too large. */
struct page_tops *page_tops_new(const struct pages *p, uint32_t segments, uint32_t docs);
void pages_keep_tops(struct pages *p, const struct hash128 *key, struct page_tops *tops);

#endif
