#ifndef AISLE_SERVER_LIVE_STRUCTURE_H
#define AISLE_SERVER_LIVE_STRUCTURE_H

/* Shared by structure.c (what records do) and structure_ops.c (deciding operations). */
#include "server/live/live_internal.h"

/* Applies RECORD_CLEAR or RECORD_SETTINGS to an index that may not be in service yet. *rebuild: the settings wait in
 * next_settings. */
MUST_CHECK enum status index_record(struct live_index *x, const struct record *r, bool *rebuild, struct error *err);

#endif
