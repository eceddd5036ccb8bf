/* Documents' lists of facet codes as numbers of the distinct lists (codes.h). */
#include <stdlib.h>
#include <string.h>

#include "indexer/base/vec.h"
#include "indexer/shard/codes.h"

#define SEVERAL_SHARE 4 /* paths pay while no more of the documents have several */

/* A document's pairs. */
struct run {
    const struct facet_pair *pairs;
    uint32_t count;
};

struct lists {
    const struct dictionary *dictionary;
    attr_id attr;
    uint32_t paths;    /* lists 1 to paths are those of nodes with their ancestors; 0: of none */
    uint32_t *used;    /* by code: where pairs have this path, + 1 */
    uint16_t *numbers; /* by document */
    VEC(struct run) others;
    uint32_t *slots; /* number among the others + 1 */
    uint32_t capacity;
};

static struct run run_at(const struct facet_pair *pairs, uint32_t count, uint32_t at)
{
    struct run r = {pairs + at, 1};

    while (at + r.count < count && pairs[at + r.count].doc == pairs[at].doc)
        r.count++;
    return r;
}

static bool is_path(const struct lists *l, const struct run *r)
{
    facet_code before = FACET_NONE;

    for (uint32_t i = 0; i < r->count; i++) {
        if (dictionary_value_parent(l->dictionary, l->attr, r->pairs[i].code) != before)
            return false;
        before = r->pairs[i].code;
    }
    return true;
}

static bool same_codes(const struct run *a, const struct run *b)
{
    for (uint32_t i = 0; a->count == b->count && i < a->count; i++) {
        if (a->pairs[i].code != b->pairs[i].code)
            return false;
    }
    return a->count == b->count;
}

/* The list's number among the others; there are no more of them than documents. */
static uint32_t intern(struct lists *l, const struct run *r)
{
    uint64_t hash = 0;
    uint32_t at;

    for (uint32_t i = 0; i < r->count; i++)
        hash = (hash ^ r->pairs[i].code ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    for (at = (uint32_t)(hash >> 32) & (l->capacity - 1); l->slots[at]; at = (at + 1) & (l->capacity - 1)) {
        if (same_codes(&l->others.items[l->slots[at] - 1], r))
            return l->slots[at] - 1;
    }
    vec_push(&l->others, *r);
    l->slots[at] = (uint32_t)l->others.count;
    return l->slots[at] - 1;
}

/* Whether most documents have one path alone. */
static bool paths_pay(const struct lists *l, const struct facet_pair *pairs, uint32_t count, uint32_t doc_count)
{
    uint32_t several = 0;

    for (uint32_t at = 0; at < count;) {
        struct run r = run_at(pairs, count, at);

        several += !is_path(l, &r);
        at += r.count;
    }
    return several <= doc_count / SEVERAL_SHARE;
}

static bool number_lists(struct lists *l, const struct facet_pair *pairs, uint32_t count)
{
    for (uint32_t at = 0; at < count;) {
        struct run r = run_at(pairs, count, at);
        facet_code last = r.pairs[r.count - 1].code;
        uint32_t number = last + 1;

        if (l->paths && is_path(l, &r))
            l->used[last] = at + 1;
        else
            number = l->paths + 1 + intern(l, &r);
        if (number > UINT16_MAX)
            return false;
        l->numbers[r.pairs[0].doc] = (uint16_t)number;
        at += r.count;
    }
    return true;
}

static void write_list(const struct run *r, struct buf *offsets, struct buf *codes)
{
    buf_put_u32(offsets, (uint32_t)(codes->size / 4));
    for (uint32_t i = 0; i < r->count; i++)
        buf_put_u32(codes, r->pairs[i].code);
}

/* Where each list begins, and the codes of all. Returns how many codes. */
static uint32_t write_lists(const struct lists *l, const struct facet_pair *pairs, uint32_t count, struct buf *offsets,
                            struct buf *codes)
{
    const struct run none = {0};

    write_list(&none, offsets, codes);
    for (facet_code code = 0; code < l->paths; code++) {
        struct run r = l->used[code] ? run_at(pairs, count, l->used[code] - 1) : none;

        write_list(&r, offsets, codes);
    }
    for (size_t i = 0; i < l->others.count; i++)
        write_list(&l->others.items[i], offsets, codes);
    buf_put_u32(offsets, (uint32_t)(codes->size / 4));
    return (uint32_t)(codes->size / 4);
}

static void lists_init(struct lists *l, const struct facet_pair *pairs, uint32_t count, uint32_t doc_count)
{
    uint32_t limit = 0;

    for (uint32_t i = 0; i < count; i++)
        limit = pairs[i].code >= limit ? pairs[i].code + 1 : limit;
    if (dictionary_attr(l->dictionary, l->attr)->hierarchical && limit < UINT16_MAX &&
        paths_pay(l, pairs, count, doc_count))
        l->paths = limit;
    for (l->capacity = 64; l->capacity < doc_count * 2U && l->capacity < 4U * UINT16_MAX;)
        l->capacity *= 2;
    l->slots = xcalloc(l->capacity, sizeof(*l->slots));
    l->numbers = xcalloc((size_t)doc_count + 1, sizeof(*l->numbers));
    l->used = xcalloc((size_t)limit + 1, sizeof(*l->used));
}

uint32_t codes_put_lists(struct codes_writer *w, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                         const struct dictionary *dictionary)
{
    struct lists l = {.dictionary = dictionary, .attr = attr};
    struct buf offsets = BUF_EMPTY, codes = BUF_EMPTY;
    uint64_t plain = ((uint64_t)w->doc_count + count) * 4;
    uint32_t written = 0;

    lists_init(&l, pairs, count, w->doc_count);
    if (number_lists(&l, pairs, count)) {
        written = write_lists(&l, pairs, count, &offsets, &codes);
        if (offsets.size + codes.size + (uint64_t)w->doc_count * 2 >= plain)
            written = 0;
    }
    if (written) {
        struct codes_entry e = {
            .attr = attr, .kind = CODES_LISTS, .value_count = (uint32_t)(offsets.size / 4) - 1, .paths = l.paths};

        codes_add_entry(w, &e);
        buf_append_str(&w->bytes, buf_str(&offsets));
        buf_append_str(&w->bytes, buf_str(&codes));
        buf_append(&w->bytes, l.numbers, (size_t)w->doc_count * sizeof(*l.numbers));
    }
    buf_release(&offsets);
    buf_release(&codes);
    free(l.numbers);
    free(l.used);
    free(l.slots);
    vec_release(&l.others);
    return written;
}
