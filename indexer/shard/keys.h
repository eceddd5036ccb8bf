#ifndef AISLE_SHARD_KEYS_H
#define AISLE_SHARD_KEYS_H

/* A table of distinct texts by number, with a hash table to find them: the objectIDs of a shard by document (chunks
 * KOFF, KTXT, KSLT), and the group values of its products by group where they are not the objectIDs (GOFF, ...). A slot
 * of the hash table is the number of a text and, above it, as much of its hash as has room. */
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

struct keys {
    uint32_t count;
    const uint32_t *offsets; /* count + 1; NULL: all texts have `each` bytes */
    uint32_t each;
    const char *text;
    size_t text_size;
    uint32_t capacity;
    uint32_t number_bits;  /* of a slot */
    const uint32_t *slots; /* number + 1, 0 for none; above it the lowest bits of the hash */
    const uint32_t *pairs; /* instead, in the format's versions up to 4: low half of the hash, number + 1 */
};

enum keys_kind { KEYS_OBJECTS, KEYS_GROUPS };

/* Checks sizes only; keys_check_whole, which comes before any other use, all offsets and slots. */
MUST_CHECK enum status keys_open(struct keys *k, enum keys_kind kind, const struct container *c, uint32_t count,
                                 struct error *err);
MUST_CHECK enum status keys_check_whole(const struct keys *k, enum keys_kind kind, struct container *c,
                                        struct error *err);
/* One text alone, before keys_text without keys_check_whole. */
bool keys_text_sound(const struct keys *k, enum keys_kind kind, struct container *c, uint32_t number);
/* The text's number, or DOC_NONE. */
uint32_t keys_find(const struct keys *k, struct str key);
/* The same when hash64 of the key is known. */
uint32_t keys_find_hashed(const struct keys *k, struct str key, uint64_t hash);
/* Many are found faster some at a time, each step for all of them, since it fetches what the next one looks at: their
 * slots; guesses; the guesses' offsets; their texts, which tell whether the guess is right. A guess is the first text
 * that may be the key: DOC_NONE says that there is none; another text means that keys_find_hashed must tell. */
void keys_prefetch_slot(const struct keys *k, uint64_t hash);
uint32_t keys_guess(const struct keys *k, uint64_t hash);
static inline void keys_prefetch_offset(const struct keys *k, uint32_t number)
{
    if (k->offsets)
        __builtin_prefetch(&k->offsets[number]);
}

static inline struct str keys_text(const struct keys *k, uint32_t number)
{
    if (!k->offsets)
        return (struct str){k->text + (size_t)number * k->each, k->each};
    return (struct str){k->text + k->offsets[number], k->offsets[number + 1] - k->offsets[number]};
}

static inline void keys_prefetch_text(const struct keys *k, uint32_t number)
{
    __builtin_prefetch(keys_text(k, number).data);
}

MUST_CHECK enum status keys_write(struct container_writer *w, enum keys_kind kind, const struct str *keys,
                                  uint32_t count, struct error *err);

#endif
