#include "server/query/match.h"

static void clear_bits(uint64_t bits[WINDOW_WORDS])
{
    memset(bits, 0, WINDOW_WORDS * sizeof(*bits));
}

static void and_bits(uint64_t bits[WINDOW_WORDS], const uint64_t other[WINDOW_WORDS])
{
    for (uint32_t i = 0; i < WINDOW_WORDS; i++)
        bits[i] &= other[i];
}

/* Documents with all of the alternative's words. */
static void add_all(struct match_alternative *a, doc_id base, uint64_t bits[WINDOW_WORDS])
{
    uint64_t all[WINDOW_WORDS], one[WINDOW_WORDS];

    clear_bits(all);
    cursor_add_bits(&a->cursors[0], base, all);
    for (uint32_t i = 1; i < a->cursor_count; i++) {
        clear_bits(one);
        cursor_add_bits(&a->cursors[i], base, one);
        and_bits(all, one);
    }
    for (uint32_t i = 0; i < WINDOW_WORDS; i++)
        bits[i] |= all[i];
}

static void add_slot(struct match_slot *slot, doc_id base, uint64_t bits[WINDOW_WORDS])
{
    for (uint32_t i = 0; i < slot->alternative_count; i++) {
        struct match_alternative *a = &slot->alternatives[i];
        if (a->cursor_count == 1)
            cursor_add_bits(&a->cursors[0], base, bits);
        else
            add_all(a, base, bits);
    }
}

uint32_t match_count_any(struct match *m, doc_id base)
{
    const struct window *w = m->window;
    const uint64_t *dead = w->tombstones ? w->tombstones + base / 64 : NULL;
    uint32_t left = w->doc_count - base, words = left < WINDOW_DOCS ? left / 64 : WINDOW_WORDS, count = 0;
    uint64_t bits[WINDOW_WORDS];

    clear_bits(bits);
    for (uint32_t i = 0; i < m->query->slot_count; i++)
        add_slot(&m->slots[i], base, bits);
    for (uint32_t i = 0; i < words; i++)
        count += (uint32_t)__builtin_popcountll(dead ? bits[i] & ~dead[i] : bits[i]);
    if (words < WINDOW_WORDS && left % 64) {
        uint64_t last = bits[words] & ((1ull << (left % 64)) - 1);
        count += (uint32_t)__builtin_popcountll(dead ? last & ~dead[words] : last);
    }
    return count;
}
