#ifndef AISLE_SERVER_LIVE_MERGE_H
#define AISLE_SERVER_LIVE_MERGE_H

/*
 * Merging deltas: a run of deltas of like size becomes one, built aside from their live objects. What is changed in
 * them meanwhile is noted (live_segment.touched) and done again when the new one takes their place; the sequencer is
 * only held for that.
 */
#include "server/live/live_internal.h"

/* Whether the delta is so large that no two like it could be merged in the memory that merges may take
 * (live_options.merge_bytes). Such stay as they are until the base is built anew, on disk and in bounded memory, which
 * a few of them bring about. */
bool merge_is_full(const struct live *l, const struct index_segment *g);

/* Merges deltas as long as there is something to merge. At most one thread calls it with urgent, and one without:
 * urgent merges take the deltas of an index that has as many as it may have, if there are no others also from under the
 * other's hands, which loses its work; the other, of the lowest priority, may get no processor at all. */
void merge_deltas(struct live *l, bool urgent);

#endif
