#ifndef AISLE_SERVER_LIVE_MERGE_H
#define AISLE_SERVER_LIVE_MERGE_H

/*
 * Merging deltas: a run of deltas of like size becomes one, built aside from their live objects. What is changed in
 * them meanwhile is noted (live_segment.touched) and done again when the new one takes their place; the sequencer is
 * only held for that.
 */
#include "server/live/live_internal.h"

/* Merges until no index has deltas that should be. On the background thread. */
void merge_deltas(struct live *l);

#endif
