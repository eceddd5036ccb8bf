#ifndef AISLE_SERVER_QUERY_CREW_H
#define AISLE_SERVER_QUERY_CREW_H

/*
 * Helpers of long searches: threads that take segments off whoever runs a search, while a processor is idle. Which it
 * is as long as fewer threads search than there are processors, so each search says when it begins and ends.
 *
 * A helper is somebody's from crew_take to crew_give; meanwhile what it made in its searcher's scratch memory stays. It
 * reads what its owner holds, who waits for it: it needs no registration with rcu.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CREW_MOST 15

struct crew;
struct crew_helper;
struct searcher;

/* Returns owned. At most CREW_MOST helpers, for so many processors, of searches that at least so many documents may
 * match; CREW_LEAST is where it begins to pay. */
#define CREW_LEAST 50000
struct crew *crew_new(size_t helpers, size_t processors, uint64_t least);
void crew_free(struct crew *c); /* nobody searches any more */

/* Around a search. NULL: no crew. */
void crew_enter(struct crew *c);
void crew_leave(struct crew *c);

/* A helper without work; NULL when there is none or no processor is idle. */
struct crew_helper *crew_take(struct crew *c);
void crew_start(struct crew_helper *h, void (*run)(void *context, struct searcher *s), void *context);
/* Returns when `run` is done. False: it was not begun, and will not be. */
bool crew_wait(struct crew_helper *h);
void crew_give(struct crew *c, struct crew_helper *h);

uint64_t crew_least(const struct crew *c);
/* How often helpers were taken. */
uint64_t crew_taken(const struct crew *c);

#endif
