#ifndef AISLE_BENCH_LOAD_REQUESTS_H
#define AISLE_BENCH_LOAD_REQUESTS_H

/*
 * The requests of a mix, whole as they go over the wire, made from the workload's files before the clock runs:
 *
 *   instantsearch  what InstantSearch sends by default: 20 hits, five facets, everything highlighted; with a brand
 *                  chosen, the second query that counts the brands without it
 *   typing         the same, for every keystroke of the last word
 *   hits           20 hits with three attributes, nothing highlighted, no facets
 *   instock        the same of what is in stock, without other filters
 *   store          of what one store has: the index needs the stores s0 to s999
 *   browseinstock, browsestore   the same without text
 *   suggest        autocomplete of 2 to 6 letters
 *   update         one stock or price
 *   bulk           1,000 of them
 *   inventory      one stock or price over the inventory lane
 *   stream         100,000 lines of the lane in one request, their results streamed back
 *   objects        1,000 products whose titles changed
 *   health         the server's own floor
 */
#include "indexer/base/buf.h"
#include "indexer/base/vec.h"

struct load_requests {
    struct buf bytes;
    VEC(size_t) ends; /* of each request in bytes */
    size_t items;     /* updates or objects in one request; 1 for searches */
};

/* STATUS_INPUT: no such mix; STATUS_IO, STATUS_NOT_FOUND: its file can't be read. `limit`: at most so many requests. */
MUST_CHECK enum status load_requests_make(struct load_requests *out, const char *mix, const char *workload_dir,
                                          size_t limit, struct error *err);
void load_requests_release(struct load_requests *r);

static inline struct str load_request(const struct load_requests *r, size_t i)
{
    size_t start = i ? r->ends.items[i - 1] : 0;

    return (struct str){r->bytes.data + start, r->ends.items[i] - start};
}

#endif
