#ifndef AISLE_SERVER_LIVE_PARTS_H
#define AISLE_SERVER_LIVE_PARTS_H

/*
 * What a snapshot is made of, and what snapshots share: segments, tombstones, settings with their analyzer, and the
 * vocabulary (dictionary and suggestions) of a generation. Each begins with a struct shared.
 *
 * Thread rule: all but the fields said otherwise are changed by the index's one writer (the sequencer, or whoever
 * prepares an index that nobody sees yet).
 */
#include <pthread.h>

#include "indexer/base/vec.h"
#include "indexer/shard/docs.h"
#include "indexer/shard/snapshot.h"
#include "server/live/shared.h"

enum { DIRTY_BLOCK = 512 }; /* cells, or words of stock bits: what a checkpoint writes at once */

/* Which blocks of a column were changed since the shard was built; attr ATTR_NONE: of the in-stock bits. */
struct dirty_column {
    attr_id attr;
    uint64_t *blocks;
    uint32_t block_count;
};

struct live_segment {
    struct shared shared;
    struct shard *shard;
    bool is_delta;
    struct buf image; /* of a delta that is not on disk yet: as it was built */
    char *file;       /* relative to the data directory; NULL: not on disk */
    VEC(struct dirty_column) dirty;
    /* While a merge reads this segment: its number (0: none does), and a bitmap of the documents that were changed
     * meanwhile. */
    uint64_t merging;
    uint64_t *touched;
};

/* Takes shard, and image's memory (may be NULL). */
struct live_segment *segment_new(struct shard *shard, bool is_delta, struct buf *image, const char *file);
/* A merge begins (its number, not 0), or is over (0). */
void segment_set_merging(struct live_segment *s, uint64_t merging);
static inline void segment_touch(struct live_segment *s, doc_id doc)
{
    if (s->merging) {
        s->touched[doc / 64] |= UINT64_C(1) << doc % 64;
    }
}
void segment_dirty(struct live_segment *s, attr_id attr, uint32_t index, uint32_t count);
/* The bits by block of a column of count cells; they stay where they are. */
uint64_t *segment_dirty_blocks(struct live_segment *s, attr_id attr, uint32_t count);

/* A bitmap of deleted documents; copied before it is changed. */
struct tombstones {
    struct shared shared;
    uint64_t id; /* no other has it */
    uint32_t words;
    uint64_t bits[];
};
/* A copy, or an empty one for old NULL. */
struct tombstones *tombstones_copy(const struct tombstones *old, uint32_t doc_count);

struct live_settings {
    struct shared shared;
    struct settings *settings;
    struct analyzer *analyzer;
    struct synonyms *synonyms;   /* NULL: none */
    struct live_settings *other; /* what their experiment tries; NULL: nothing */
};
/* text is a whole settings document; base as for settings_parse. */
MUST_CHECK enum status live_settings_make(struct live_settings **out, struct str text, const struct settings *base,
                                          struct error *err);
/* The document that live_settings_make reads back. */
void live_settings_text(const struct live_settings *s, struct buf *out);

struct vocabulary {
    struct shared shared;
    struct live_settings *settings; /* those it was made with */
    struct dictionary *dictionary;
    struct suggest *suggest;
    struct docs_dictionary *objects; /* compresses the deltas' stored objects */
    struct analysis *analysis;       /* the writer's, for suggestions */
    struct file_map dictionary_map;
    struct file_map suggest_map;
    pthread_mutex_t lock; /* held to append to the dictionary */
    char *file;           /* where the dictionary is on disk, relative; NULL: not yet */
    uint64_t file_size;   /* vocabulary_size when it was written there */
};
struct vocabulary *vocabulary_new(struct live_settings *settings);
/* From the files of a generation; suggest_path NULL: it has none. A file of suggestions that can't be read is logged,
 * and there are none from it (suggest_damaged). */
MUST_CHECK enum status vocabulary_open(struct vocabulary **out, struct live_settings *settings,
                                       const char *dictionary_path, const char *suggest_path, struct error *err);
/* Deltas compress as this shard of the generation does. */
void vocabulary_compress_as(struct vocabulary *v, const struct shard *shard);
uint64_t vocabulary_size(const struct vocabulary *v); /* attributes and values */

#define SHARED(part) ((part) ? &(part)->shared : NULL)

#endif
