#ifndef AISLE_SHARD_SHARD_INTERNAL_H
#define AISLE_SHARD_SHARD_INTERNAL_H

/* The parts of an opened shard, for the files that read and check it. */
#include "indexer/shard/attributes.h"
#include "indexer/shard/container.h"
#include "indexer/shard/dimension.h"
#include "indexer/shard/docs.h"
#include "indexer/shard/fuzzy.h"
#include "indexer/shard/keys.h"
#include "indexer/shard/prefixes.h"
#include "indexer/shard/shard.h"
#include "indexer/shard/shard_write.h"
#include "indexer/shard/terms.h"
#include "indexer/shard/titles.h"

#define CHUNK_META             CHUNK_ID('M', 'E', 'T', 'A')
#define CHUNK_GROUPS           CHUNK_ID('G', 'R', 'U', 'P')
#define CHUNK_RANKS            CHUNK_ID('R', 'A', 'N', 'K')
#define CHUNK_FACTS            CHUNK_ID('F', 'A', 'C', 'T')
#define CHUNK_POSTINGS         CHUNK_ID('P', 'O', 'S', 'T')
#define CHUNK_POSITIONS        CHUNK_ID('P', 'O', 'S', 'P')
#define CHUNK_POSITION_VARINTS CHUNK_ID('P', 'O', 'S', 'I') /* versions up to 4 */
#define CHUNK_LENGTHS          CHUNK_ID('L', 'E', 'N', 'S')
#define CHUNK_AVAILABLE        CHUNK_ID('S', 'T', 'K', 'A')
#define CHUNK_IN_STOCK         CHUNK_ID('S', 'T', 'K', 'I')
#define CHUNK_DOC_BASES        CHUNK_ID('D', 'B', 'A', 'S')
#define CHUNK_DOC_ENDS         CHUNK_ID('D', 'O', 'F', 'F')
#define CHUNK_DOCS             CHUNK_ID('D', 'O', 'C', 'S')
#define CHUNK_DOC_DICT         CHUNK_ID('D', 'D', 'I', 'C')

#define META_STOCK      1u
#define META_GROUP_KEYS 2u

#define DOCS_PER_BASE 64
#define TEXT_UNIT     4 /* places of postings and positions are in units of 4 bytes */

/* Parts that are checked as a whole: their checksums, then their structure. */
enum shard_part { PART_RANKS, PART_GROUPS, PART_KEYS, PART_PLACES, PART_FUZZY, PART_COUNT };

struct shard {
    struct container container;
    _Atomic uint32_t checked; /* a bit a part */
    struct file_map map;
    struct buf image;
    struct shard_meta meta;
    struct keys keys;
    struct keys group_keys; /* when meta.has_group_keys */
    struct terms terms;
    struct prefixes prefixes;
    struct fuzzy fuzzy;
    struct attributes attributes;
    struct dimensions dimensions;
    struct docs_dictionary *objects;
    const uint64_t *facts;
    const uint32_t *groups; /* NULL: every document is one */
    const uint32_t *ranks;
    int rank_chunk;
    _Atomic bool damaged; /* a rank was */
    const uint8_t *lengths;
    const uint64_t *doc_bases;
    const uint32_t *doc_offsets;
    struct str docs;
    struct str postings;
    struct str positions;
    uint32_t position_chunk;
    struct titles titles;
    _Atomic uint64_t *available;
    _Atomic uint64_t *in_stock;
    _Atomic uint64_t stock_epoch;
    uint64_t serial;
    _Atomic(struct shard_note *) notes;
    pthread_mutex_t note_lock; /* of whoever adds one */
    _Atomic uint16_t *changed; /* attributes with cells that were stored into, in the order of their first change */
    _Atomic uint32_t changed_count;
};

/* Where a stored object is in DOCS: from..to. */
void shard_object_place(const struct shard *s, doc_id doc, uint64_t *from, uint64_t *to);

MUST_CHECK enum status shard_check_part(const struct shard *s, enum shard_part part, struct error *err);
/* The same without a message: false when the part is damaged. */
bool shard_has_part(const struct shard *s, enum shard_part part);
/* The blocks that hold a document's objectID, or its object's place, are checked and sound. */
bool shard_id_sound(const struct shard *s, doc_id doc);
MUST_CHECK enum status shard_place_sound(const struct shard *s, doc_id doc, struct error *err);

#endif
