#ifndef AISLE_SHARD_SUGGEST_INTERNAL_H
#define AISLE_SHARD_SUGGEST_INTERNAL_H

/*
 * What suggest.c and suggest_build.c share: the bytes of the file, and the phrases of an object.
 *
 * The file, little-endian, every part 8-byte aligned:
 *
 *   header   struct suggest_header
 *   phrases  struct suggest_phrase, in the order of their folded text
 *   entries  struct suggest_entry, in the order of the text they begin at: every word start of every phrase
 *   slots    struct suggest_slot, an open-addressing table of heavy prefixes, a power of two of them
 *   tops     SUGGEST_TOP phrase numbers for each heavy prefix, best first, SUGGEST_NONE behind the last
 *   text     folded texts, texts as written, category paths
 */
#include "indexer/shard/suggest.h"

#define SUGGEST_MAGIC      0x31475341u /* "ASG1" */
#define SUGGEST_NONE       UINT32_MAX
#define SUGGEST_HEAVY      64 /* entries under a prefix from which on its best are materialised */
#define SUGGEST_WORDS      3
#define SUGGEST_KEY_MAX    120 /* bytes of a folded phrase */
#define SUGGEST_PER_OBJECT 192

struct suggest_header {
    uint32_t magic;
    uint32_t phrase_count;
    uint32_t entry_count;
    uint32_t slot_count; /* a power of two, or 0 */
    uint32_t top_count;  /* heavy prefixes */
    uint32_t text_size;
};

struct suggest_phrase {
    uint32_t folded; /* offsets into text */
    uint32_t written;
    uint32_t category;
    uint16_t folded_size, written_size, category_size;
    uint16_t kind;
    uint32_t objects;
    uint32_t score;
    uint32_t reserved;
};

struct suggest_entry {
    uint32_t phrase;
    uint32_t offset; /* of the word in the phrase's folded text */
};

struct suggest_slot {
    uint64_t hash;  /* of the folded prefix; 0 marks a free slot */
    uint32_t first; /* entries first..end-1 begin with it */
    uint32_t end;
    uint32_t top;
    uint32_t size; /* bytes of the prefix */
};

/* One phrase of an object; borrowed from the extractor. */
struct phrase {
    struct str folded;
    struct str written;
    struct str category;
    enum suggestion_kind kind;
};

struct phrases {
    struct phrase items[SUGGEST_PER_OBJECT];
    size_t count;
    struct buf text; /* folded bytes, offsets until the end, then fixed */
};

void phrases_init(struct phrases *p);
void phrases_release(struct phrases *p);
/* The distinct phrases of an object's title, brand and category. Borrows the object. */
void phrases_of(struct phrases *p, const struct settings *settings, struct analysis *analysis,
                const struct json *object);

uint64_t suggest_hash(struct str prefix); /* never 0 */

#endif
