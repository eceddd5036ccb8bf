/*
 * From counters to results: of thousands of values the few that are shown. By count, the cut is found on the counts
 * alone; texts are only compared where counts are equal.
 */
#include <stdlib.h>

#include "server/query/facet.h"
#include "server/query/kernels.h"

struct entry {
    uint32_t count;
    uint32_t index; /* of the code or the number's slot; NUMBER_ENTRY set for a slot, STOCK_ENTRY for the flag */
    struct str text;
};

#define NUMBER_ENTRY 0x80000000u
#define STOCK_ENTRY  0x40000000u

struct gathered {
    const struct facet_counter *counter;
    const struct dictionary *dictionary;
    struct arena *arena;
    struct entry *entries;
    size_t count;
};

/* --- the values that occur --- */
static void gather_codes(struct gathered *g, uint32_t level)
{
    const struct facet_counter *c = g->counter;

    for (uint32_t at = c->codes ? kernel_next_used(c->counts, 1, c->code_count + 1) : UINT32_MAX; at <= c->code_count;
         at = kernel_next_used(c->counts, at + 1, c->code_count + 1)) {
        uint32_t code = at - 1;
        if (level != UINT32_MAX && dictionary_value_level(g->dictionary, c->attr, code) != level)
            continue;
        g->entries[g->count++] = (struct entry){.count = c->counts[code + 1], .index = code};
    }
}

static bool fill_text(struct gathered *g, struct entry *e)
{
    struct buf text = BUF_EMPTY;

    if (e->text.data)
        return true;
    if (e->index & NUMBER_ENTRY) {
        number_slot_write(&g->counter->numbers.all.slots[e->index & ~NUMBER_ENTRY], &text);
        e->text = arena_copy(g->arena, buf_str(&text));
        buf_release(&text);
        return e->text.data != NULL;
    }
    if (e->index & STOCK_ENTRY)
        e->text = e->index & 1 ? STR("true") : STR("false");
    else
        e->text = dictionary_value(g->dictionary, g->counter->attr, e->index);
    return true;
}

/* Numbers; one whose text is also a value that was counted as a string goes to that. */
static bool gather_numbers(struct gathered *g)
{
    const struct facet_counter *c = g->counter;
    const struct number_table *t = &c->numbers.all;
    size_t strings = g->count;

    for (uint32_t i = 0; i < t->capacity; i++) {
        struct entry e = {.count = t->slots[i].count, .index = i | NUMBER_ENTRY};
        facet_code code = FACET_NONE;
        if (t->slots[i].kind == 0)
            continue;
        if (strings > 0) {
            if (!fill_text(g, &e))
                return false;
            code = dictionary_value_find(g->dictionary, c->attr, e.text);
        }
        for (size_t k = 0; code != FACET_NONE && k < strings; k++) {
            if (g->entries[k].index == code) {
                g->entries[k].count += e.count;
                e.count = 0;
            }
        }
        if (e.count)
            g->entries[g->count++] = e;
    }
    return true;
}

static bool gather(struct gathered *g, const struct facet_wanted *wanted)
{
    const struct facet_counter *c = g->counter;
    bool numbers = !c->stock && c->numbers.source != UINT32_MAX && wanted->level == UINT32_MAX;
    size_t room = c->stock ? 2 : (c->codes ? c->code_count : 0) + (numbers ? c->numbers.all.count : 0);

    g->entries = arena_alloc(g->arena, (room + 1) * sizeof(*g->entries));
    if (!g->entries)
        return false;
    for (uint32_t i = 0; c->stock && i < 2; i++) {
        if (c->stock_counts[i])
            g->entries[g->count++] = (struct entry){.count = (uint32_t)c->stock_counts[i], .index = i | STOCK_ENTRY};
    }
    if (c->stock)
        return true;
    gather_codes(g, wanted->level);
    return !numbers || gather_numbers(g);
}

/* --- the best of them --- */
static int by_text(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;

    return str_compare(a->text, b->text);
}

static int by_count(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_compare(a->text, b->text);
}

static void swap(struct entry *e, size_t a, size_t b)
{
    struct entry kept = e[a];

    e[a] = e[b];
    e[b] = kept;
}

/* Puts entries with a count above the k-th largest first, those with it next; returns where those begin. *end is where
 * they end. (Quickselect, three ways.) */
static size_t select_by_count(struct entry *e, size_t count, size_t k, size_t *end)
{
    size_t low = 0, high = count;

    for (;;) {
        uint32_t pivot = e[low + (high - low) / 2].count;
        size_t above = low, at = low, below = high;
        while (at < below) {
            if (e[at].count > pivot)
                swap(e, above++, at++);
            else if (e[at].count < pivot)
                swap(e, at, --below);
            else
                at++;
        }
        if (k <= above && above > low) {
            high = above;
        } else if (k <= below) {
            *end = below;
            return above;
        } else {
            low = below;
        }
    }
}

static void sink(struct entry *e, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && str_compare(e[child + 1].text, e[child].text) > 0)
            child++;
        if (str_compare(e[child].text, e[at].text) <= 0)
            return;
        swap(e, at, child);
    }
}

/* Puts the k entries with the least texts first, in no order. */
static bool select_by_text(struct gathered *g, struct entry *e, size_t count, size_t k)
{
    for (size_t i = 0; i < count; i++) {
        if (!fill_text(g, &e[i]))
            return false;
    }
    if (k == 0 || k >= count)
        return true;
    for (size_t i = k / 2 + 1; i-- > 0;)
        sink(e, i, k);
    for (size_t i = k; i < count; i++) {
        if (str_compare(e[i].text, e[0].text) < 0) {
            swap(e, i, 0);
            sink(e, 0, k);
        }
    }
    return true;
}

static bool choose(struct gathered *g, size_t limit, bool by_value)
{
    size_t equal = 0, end = g->count;
    size_t k = g->count < limit ? g->count : limit;

    if (k == 0) {
        g->count = 0;
        return true;
    }
    if (!by_value && k < g->count)
        equal = select_by_count(g->entries, g->count, k, &end);
    if (!select_by_text(g, g->entries + equal, end - equal, k - equal))
        return false;
    g->count = k;
    for (size_t i = 0; i < k; i++) {
        if (!fill_text(g, &g->entries[i]))
            return false;
    }
    qsort(g->entries, k, sizeof(*g->entries), by_value ? by_text : by_count);
    return true;
}

static void stats(const struct facet_numbers *n, struct facet_result *out)
{
    if (n->source == UINT32_MAX || n->number_count == 0)
        return;
    out->has_stats = true;
    out->min = n->min;
    out->max = n->max;
    out->sum = (double)n->sum;
    out->number_count = n->number_count;
    out->average = out->sum / (double)n->number_count;
}

static bool result_of(struct facet_set *f, const struct facet_wanted *wanted, size_t limit, bool by_value,
                      struct facet_result *out)
{
    struct gathered g = {
        .counter = &f->counters[wanted->counter], .dictionary = f->snapshot->dictionary, .arena = f->arena};
    struct facet_count *counts;

    /* A level's name was made in the scratch memory, which the next index's searches of the request use again. */
    *out = (struct facet_result){.attribute = arena_printf(f->arena, STR_FMT, STR_ARG(wanted->name))};
    if (!gather(&g, wanted) || !choose(&g, limit, by_value))
        return false;
    counts = ARENA_ARRAY(f->arena, struct facet_count, g.count + 1);
    if (!counts)
        return false;
    for (size_t i = 0; i < g.count; i++)
        counts[i] = (struct facet_count){g.entries[i].text, g.entries[i].count};
    out->counts = counts;
    out->count = g.count;
    if (wanted->level == UINT32_MAX && !g.counter->stock)
        stats(&g.counter->numbers, out);
    return true;
}

bool facet_results(struct facet_set *f, const struct search_request *request, struct arena *arena,
                   struct facet_result **out, size_t *count)
{
    size_t limit = (size_t)request->max_values_per_facet;

    *count = 0;
    f->arena = arena;
    *out = ARENA_ARRAY(arena, struct facet_result, f->wanted_count + 1);
    if (!*out)
        return false;
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct facet_result *r = &(*out)[*count];
        if (!result_of(f, &f->wanted[i], limit, request->sort_facets_by_alpha, r))
            return false;
        *count += r->count > 0 || r->has_stats || !f->every;
    }
    return !arena->failed;
}
