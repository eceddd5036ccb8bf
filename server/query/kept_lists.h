#ifndef AISLE_SERVER_QUERY_KEPT_LISTS_H
#define AISLE_SERVER_QUERY_KEPT_LISTS_H

/*
 * What a thread made of posting lists, within a bound: values (impacts.h), unions (unions.h). Each list that is asked
 * for has an entry, which counts how often; some entries have data. Data gives way to data that is asked for more than
 * twice as often, and what was asked for long ago counts less: if the latest always won, lists that do not fit together
 * would push each other out all the time. What the search at hand asked for stays until the next one begins.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_KEY 4

struct kept_list {
    uint64_t key[KEPT_KEY];
    uint32_t asked, used;
    bool impossible; /* the caller's: there is nothing to be made */
    size_t needed;   /* the caller's: bytes, once it is known */
    size_t size;
    void *data; /* NULL: not made */
};

struct kept_limits {
    uint32_t lists; /* entries, a power of two */
    uint32_t age;   /* lists asked for, until it counts half */
    size_t bytes;   /* of all data */
};

/* All zero at first. */
struct kept_lists {
    const struct kept_limits *limits;
    struct kept_list *lists; /* in sets by hash; NULL until the first is asked for */
    size_t bytes;
    uint32_t clock, begun; /* what was used since then stays */
    uint32_t refused;      /* whoever was asked for so often found no room; 0: nobody */
};

void kept_lists_clear(struct kept_lists *c);
/* A search begins. */
void kept_lists_begin(struct kept_lists *c);
/* The key's entry, asked for once more; a new one may take another's place. NULL: the search at hand needs all those in
 * whose place it could be. limits live as long as the lists. */
struct kept_list *kept_lists_ask(struct kept_lists *c, const struct kept_limits *limits, const uint64_t *key);
/* Whether size bytes more fit in for the entry; others give way. */
bool kept_lists_room(struct kept_lists *c, const struct kept_list *of, size_t size);
/* Zeroed data for an entry that has none and has room; belongs to the lists. */
void *kept_lists_put(struct kept_lists *c, struct kept_list *l, size_t size);

#endif
