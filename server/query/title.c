#include "server/query/title.h"

static bool wanted(const struct query *q, uint64_t fields)
{
    int field = settings_title_field(q->snapshot->settings);

    if (field < 0 || (fields && !(fields >> (4 * field) & 15)))
        return false;
    return q->pair_sum > 0 || q->head != QUERY_NO_HEAD || q->named != QUERY_NO_HEAD;
}

void title_segment(struct title_matcher *t, const struct query *q, uint32_t segment, uint64_t fields)
{
    t->query = q;
    t->titles = NULL;
    t->field = 0;
    t->signs = NULL;
    t->window = NULL;
    t->filter = 0;
    t->count = 0;
    if (!wanted(q, fields))
        return;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct slot *s = &q->slots[i];
        for (uint32_t k = 0; k < s->alternative_count; k++) {
            const struct alternative *a = &s->alternatives[k];
            if (!title_has(a) || a->terms[0]->ids[segment] == TERM_NONE)
                continue;
            t->ids[t->count] = a->terms[0]->ids[segment];
            t->slots[t->count] = (uint8_t)i;
            t->filter |= 1ull << (t->ids[t->count] & 63);
            t->count++;
        }
    }
    if (t->count) {
        t->shard = q->snapshot->segments[segment].shard;
        t->titles = shard_titles(t->shard);
        t->field = 15ull << (4 * settings_title_field(q->snapshot->settings));
    }
}

static void find_pair_signs(struct title_matcher *t)
{
    memset(t->pair_signs, 0, sizeof(t->pair_signs));
    for (uint32_t i = 0; i < t->count; i++) {
        for (uint32_t k = 0; k < t->count; k++) {
            if (t->slots[k] == t->slots[i] + 1)
                t->pair_signs[t->slots[i]] |= title_sign_of_pair(t->ids[i], t->ids[k]);
        }
    }
}

void title_window(struct title_matcher *t, const doc_id *base)
{
    t->window = NULL;
    if (!t->titles || !base)
        return;
    if (!t->signs) {
        t->signs = title_signs_of(t->shard);
        find_pair_signs(t);
    }
    t->window = title_signs_window(t->signs, *base);
}

void title_narrow_pairs(const struct title_matcher *t, uint32_t slot, uint64_t active, uint64_t *bits)
{
    for (; t->window && active; active &= active - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(active);
        const uint32_t *signs = t->window + (size_t)word * 64;
        uint64_t in = 0;
        for (uint64_t x = bits[word]; x; x &= x - 1)
            in |= signs[__builtin_ctzll(x)] & t->pair_signs[slot] ? x & -x : 0;
        bits[word] = in;
    }
}

/* The slots that a word is of, as bits. */
static uint32_t slots_of(const struct title_matcher *t, term_id id)
{
    uint32_t slots = 0;

    if (!(t->filter >> (id & 63) & 1))
        return 0;
    for (uint32_t i = 0; i < t->count; i++)
        slots |= (uint32_t)(t->ids[i] == id) << t->slots[i];
    return slots;
}

static bool is_accessory(const uint32_t *words, uint32_t count, uint32_t at)
{
    for (uint32_t i = at + 1; i < count && i <= at + TITLE_REACH; i++) {
        if (words[i] & TITLE_ACCESSORY)
            return true;
    }
    return false;
}

struct title_found title_look(const struct title_matcher *t, doc_id doc)
{
    const struct query *q = t->query;
    uint32_t words[TITLE_WORDS], beside = 0, near = 0;
    uint32_t before[TITLE_NEAR] = {0}; /* the slots of the last words, by number of the word */
    uint32_t count = titles_check(t->titles, doc, doc + 1) ? titles_read(t->titles, doc, words) : 0;
    struct title_found found = {0};
    bool head = q->head == QUERY_NO_HEAD;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t slots = slots_of(t, words[i] & ~TITLE_ACCESSORY), some = 0;
        for (uint32_t k = 0; k < TITLE_NEAR; k++)
            some |= before[k];
        near |= some & slots >> 1;
        beside |= before[(i + TITLE_NEAR - 1) % TITLE_NEAR] & slots >> 1;
        before[i % TITLE_NEAR] = slots;
        if (!head && slots >> q->head & 1) {
            head = true;
            found.accessory = is_accessory(words, count, i);
        }
    }
    for (; near; near &= near - 1) {
        const struct slot *s = &q->slots[__builtin_ctz(near)];
        found.pairs += beside >> __builtin_ctz(near) & 1 ? s->pair : s->apart;
    }
    return found;
}
