#ifndef AISLE_SERVER_LIVE_LOAD_H
#define AISLE_SERVER_LIVE_LOAD_H

/* Making an index from its files: at a start, and from a candidate. */
#include "server/live/live_internal.h"

/* The base of a generation in a directory: shard-0000.aisle up to shard_count, dictionary.aisle or dictionary_file
 * instead, suggest.aisle. Damaged shards are counted, not opened; a damaged file
 * of suggestions has none (suggest_damaged). settings are held. Returns owned. */
struct load_base {
    const char *dir;
    const char *dictionary_file; /* NULL: the generation's own */
    uint32_t shard_count;
    uint64_t uid;
    struct str name;
    struct live_settings *settings;
    bool verify_all;
    bool lazy; /* load_check_rest will check what an opening has to check */
};
/* A settings document and, where it has one, the line with its hash. */
MUST_CHECK enum status load_settings(const char *path, struct live_settings **out, struct error *err);
MUST_CHECK enum status load_base(struct live_index **out, const struct load_base *from, struct error *err);

/* A whole index as the manifest names it. */
MUST_CHECK enum status load_index(struct live *l, const struct manifest_index *from, struct live_index **out,
                                  struct error *err);

/* What a start leaves for later, so that it answers at once: the parts of base shards that are checked as a whole, the
 * file of suggestions and its counts. On the sequencer's thread (or before there is one), before any write. A damaged
 * shard is left out from here on. */
void load_check_rest(struct live *l);

/* The counts of suggestions, after a generation's own were read: without the deleted, with the deltas' objects. */
void load_count_suggestions(struct live_index *x);

#endif
