#include "server/query/facet_number.h"

#include "indexer/base/json.h"
#include "indexer/base/number.h"
#include "server/query/kernels.h"
#include "server/query/kernels_count.h"

#define TABLE_START 256

enum { SLOT_FREE, SLOT_UNITS, SLOT_DOUBLE, SLOT_FLAG };

/* --- tables --- */
static uint32_t place(const struct number_table *t, const struct number_slot *key)
{
    uint64_t h = ((uint64_t)key->cell ^ (uint64_t)key->scale << 56 ^ (uint64_t)key->kind << 60) * 0x9e3779b97f4a7c15ull;
    uint32_t at = (uint32_t)(h >> 32) & (t->capacity - 1);

    while (t->slots[at].kind != SLOT_FREE &&
           (t->slots[at].cell != key->cell || t->slots[at].kind != key->kind || t->slots[at].scale != key->scale))
        at = (at + 1) & (t->capacity - 1);
    return at;
}

/* Makes room for so many values in all. */
static bool grow(struct number_table *t, uint32_t values, struct arena *arena)
{
    struct number_table bigger = {.capacity = t->capacity ? t->capacity : TABLE_START, .count = t->count};

    while (bigger.capacity / 2 < values)
        bigger.capacity *= 2;
    bigger.slots = ARENA_ARRAY(arena, struct number_slot, bigger.capacity);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (t->slots[i].kind != SLOT_FREE)
            bigger.slots[place(&bigger, &t->slots[i])] = t->slots[i];
    }
    *t = bigger;
    return true;
}

static bool table_add(struct number_table *t, const struct number_slot *value, struct arena *arena)
{
    struct number_slot *slot;

    if (2 * t->count >= t->capacity && !grow(t, 2 * t->count + 1, arena))
        return false;
    slot = &t->slots[place(t, value)];
    if (slot->kind == SLOT_FREE) {
        *slot = *value;
        t->count++;
    } else {
        slot->count += value->count;
    }
    return true;
}

static inline struct cell_slot *cell_place(const struct cell_table *t, uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> t->shift);

    while (t->slots[at].key != key && t->slots[at].key != 0)
        at = (at + 1) & (t->capacity - 1);
    return &t->slots[at];
}

static bool cells_grow(struct cell_table *t, struct arena *arena)
{
    struct cell_table bigger = {.capacity = t->capacity ? 4 * t->capacity : TABLE_START, .count = t->count};

    bigger.shift = (uint32_t)__builtin_clzll(bigger.capacity) + 1;
    bigger.slots = ARENA_ARRAY(arena, struct cell_slot, bigger.capacity);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (t->slots[i].key)
            *cell_place(&bigger, t->slots[i].key) = t->slots[i];
    }
    *t = bigger;
    return true;
}

/* --- a segment --- */
void facet_numbers_segment(struct facet_numbers *n, const struct window *w)
{
    n->segment_min = INT64_MAX;
    n->segment_max = INT64_MIN;
    n->segment_count = 0;
    n->segment_units = 0;
    n->segment_sum = 0;
    n->sparse_at = 0;
    n->histogram_used = false;
    if (n->captured)
        n->column = w->sources[n->source].column;
    if (n->segment.count) {
        memset(n->segment.slots, 0, n->segment.capacity * sizeof(*n->segment.slots));
        n->segment.count = 0;
    }
}

static inline void add_statistics(struct facet_numbers *n, int64_t cell)
{
    if (!number_fits(cell))
        return; /* a flag */
    n->segment_min = cell < n->segment_min ? cell : n->segment_min;
    n->segment_max = cell > n->segment_max ? cell : n->segment_max;
    n->segment_count++;
    if (n->column->is_double)
        n->segment_sum += number_as_double(n->column, cell);
    else if (__builtin_add_overflow(n->segment_units, cell, &n->segment_units)) {
        /* The sum wrapped: put it right by what a wrap is. */
        n->segment_sum += cell > 0 ? 18446744073709551616. : -18446744073709551616.;
    }
}

/* A stamp other than 0: the value counts once for each stamp. */
static inline bool count_cell(struct facet_numbers *n, int64_t cell, uint32_t stamp, struct arena *arena)
{
    uint64_t key = (uint64_t)cell ^ (uint64_t)NUMBER_MISSING;
    struct cell_slot *slot;

    add_statistics(n, cell);
    if (2 * n->segment.count >= n->segment.capacity && !cells_grow(&n->segment, arena))
        return false;
    slot = cell_place(&n->segment, key);
    n->segment.count += slot->key == 0;
    slot->key = key;
    slot->count += stamp == 0 || slot->stamp != stamp;
    slot->stamp = stamp;
    return true;
}

static bool count_list(struct facet_numbers *n, doc_id doc, uint32_t stamp, struct arena *arena)
{
    const struct number_column *c = n->column;

    for (uint32_t i = c->offsets[doc]; i < c->offsets[doc + 1]; i++) {
        int64_t cell = number_load(&c->cells[i]);
        bool again = i > c->offsets[doc] && cell == number_load(&c->cells[i - 1]);
        if (cell != NUMBER_MISSING && !again && !count_cell(n, cell, stamp, arena))
            return false;
        if (again) /* the statistics are over all values */
            add_statistics(n, cell);
    }
    return true;
}

static int64_t cell_here(struct facet_numbers *n, doc_id doc)
{
    const struct number_column *c = n->column;

    if (c->kind == NUMBER_COLUMN_DENSE)
        return number_at(c, doc);
    while (n->sparse_at < c->count && c->docs[n->sparse_at] < doc)
        n->sparse_at++;
    return n->sparse_at < c->count && c->docs[n->sparse_at] == doc ? number_load(&c->cells[n->sparse_at])
                                                                   : NUMBER_MISSING;
}

/* What the window has of the column, document by document. */
static bool count_captured(struct facet_numbers *n, struct window *w, struct facet_matches *matches,
                           const struct facet_units *units, struct arena *arena)
{
    const struct value_source *v = &w->sources[n->source];
    const uint32_t *groups = units->products ? w->groups : NULL;

    if (!window_load(w, n->source, matches->mask))
        return false;
    for (MASK_WORDS(matches->mask, i)) {
        for (uint64_t x = matches->mask->bits[i] & v->present[i]; x; x &= x - 1) {
            uint64_t offset = i * 64 + (uint64_t)__builtin_ctzll(x);
            if (!count_cell(n, v->cells[offset], groups ? units->base + groups[window_doc(w, (uint32_t)offset)] + 1 : 0,
                            arena))
                return false;
        }
    }
    return true;
}

#define HISTOGRAM_SHARE 16 /* a window's matches are counted by code when there is one for that many values */

static bool histogram_open(struct facet_numbers *n, struct arena *arena)
{
    if (n->histogram_used)
        return true;
    if (n->histogram_size < n->column->value_count) {
        n->histogram_size = n->column->value_count;
        n->histogram = arena_alloc(arena, n->histogram_size * sizeof(*n->histogram));
    }
    if (!n->histogram)
        return false;
    memset(n->histogram, 0, n->column->value_count * sizeof(*n->histogram));
    n->histogram_used = true;
    return true;
}

/* Documents by their codes; those that have none any more, by their cells. */
static bool count_coded(struct facet_numbers *n, struct window *w, struct facet_matches *matches,
                        const struct facet_units *units, struct arena *arena)
{
    struct value_source *v = &w->sources[n->source];
    const uint16_t *codes = n->column->codes;
    struct mask changed;

    if (!histogram_open(n, arena))
        return false;
    window_codes(w, n->source);
    if (w->docs) {
        facet_matches_list(matches, w);
        for (uint32_t i = 0; i < matches->count; i++)
            n->histogram[codes[matches->docs[i]]]++;
    } else {
        count_kernels()->u16(codes + w->base, matches->mask, n->column->value_count - 1, n->histogram);
    }
    if (!v->any_changed)
        return true;
    changed = *matches->mask;
    mask_and_bits(&changed, v->changed);
    for (MASK_WORDS(&changed, k)) {
        for (uint64_t x = changed.bits[k]; x; x &= x - 1)
            n->histogram[codes[window_doc(w, (uint32_t)k * 64 + (uint32_t)__builtin_ctzll(x))]]--;
    }
    return count_captured(n, w, &(struct facet_matches){.mask = &changed}, units, arena);
}

bool facet_numbers_whole(struct facet_numbers *n, const struct tally_place *p, const struct tally *counts,
                         struct arena *arena)
{
    const struct number_column *c = n->column;
    const struct window *w = p->window;
    uint32_t first = 0, end = (w->doc_count + 63) / 64;

    if (!histogram_open(n, arena))
        return false;
    tally_add(counts, n->histogram, c->value_count);
    if (!tally_all(p) && p->set.kind == DOCSET_RANGE) {
        first = p->set.first / 64;
        end = (p->set.end + 63) / 64;
    }
    for (uint32_t i = first; number_any_changed(c) && i < end; i++) {
        uint64_t x = number_changed_word(c, i) & (w->tombstones ? ~w->tombstones[i] : ~0ull);
        for (; x; x &= x - 1) {
            doc_id doc = i * 64 + (doc_id)__builtin_ctzll(x);
            int64_t cell;
            if (!tally_all(p) && !docset_contains(&p->set, doc))
                continue;
            cell = number_load(&c->cells[doc]);
            n->histogram[c->codes[doc]]--;
            if (cell != NUMBER_MISSING && !count_cell(n, cell, 0, arena))
                return false;
        }
    }
    return true;
}

bool facet_numbers_window(struct facet_numbers *n, struct window *w, struct facet_matches *matches,
                          const struct facet_units *units, struct arena *arena)
{
    bool stamped = units->products && w->groups;
    bool multi = n->column->kind == NUMBER_COLUMN_MULTI;

    if (n->column->kind == NUMBER_COLUMN_NONE)
        return true;
    if (n->captured && n->column->codes && !stamped &&
        (n->histogram_used || matches->count >= n->column->value_count / HISTOGRAM_SHARE))
        return count_coded(n, w, matches, units, arena);
    if (n->captured && !multi)
        return count_captured(n, w, matches, units, arena);
    facet_matches_list(matches, w);
    for (uint32_t i = 0; i < matches->count; i++) {
        doc_id doc = matches->docs[i];
        uint32_t stamp = stamped ? units->base + w->groups[doc] + 1 : 0;
        int64_t cell = multi ? NUMBER_MISSING : cell_here(n, doc);
        if (multi && !count_list(n, doc, stamp, arena))
            return false;
        if (cell != NUMBER_MISSING && !count_cell(n, cell, stamp, arena))
            return false;
    }
    return true;
}

/* The same number has the same canonical slot, whatever column it came from. */
static struct number_slot canonical(int64_t cell, uint32_t count, const struct number_column *column)
{
    struct number_slot out = {.cell = cell, .count = count, .kind = SLOT_UNITS, .scale = column->scale};

    if (number_is_flag(cell))
        return (struct number_slot){.cell = cell, .count = count, .kind = SLOT_FLAG};
    if (column->is_double) {
        struct buf text = BUF_EMPTY;
        struct decimal d;
        out.kind = SLOT_DOUBLE;
        out.scale = 0;
        json_write_double(&text, number_as_double(column, cell));
        if (decimal_parse(buf_str(&text), &d)) {
            out.kind = SLOT_UNITS;
            out.cell = d.units;
            out.scale = d.scale;
        }
        buf_release(&text);
    }
    while (out.kind == SLOT_UNITS && out.scale > 0 && out.cell % 10 == 0) {
        out.cell /= 10;
        out.scale--;
    }
    return out;
}

static void add_many(struct facet_numbers *n, int64_t cell, uint32_t count)
{
    int64_t sum;

    add_statistics(n, cell);
    if (count == 1 || !number_fits(cell))
        return;
    n->segment_count += count - 1;
    if (!n->column->is_double && !__builtin_mul_overflow(cell, (int64_t)(count - 1), &sum) &&
        !__builtin_add_overflow(n->segment_units, sum, &sum))
        n->segment_units = sum;
    else
        n->segment_sum += (n->column->is_double ? number_as_double(n->column, cell) : (double)cell) * (count - 1);
}

/* What was counted by code goes to the table that has the rest of the segment's cells. */
static bool fold_histogram(struct facet_numbers *n, struct arena *arena)
{
    const struct number_column *c = n->column;
    uint32_t used = 0;

    for (uint32_t code = 1; code < c->value_count; code++)
        used += n->histogram[code] != 0;
    if (2 * (n->all.count + used) > n->all.capacity && !grow(&n->all, n->all.count + used, arena))
        return false;
    for (uint32_t code = kernel_next_used(n->histogram, 1, c->value_count); code < c->value_count;
         code = kernel_next_used(n->histogram, code + 1, c->value_count)) {
        uint32_t count = n->histogram[code];
        struct number_slot slot;
        add_many(n, c->values[code], count);
        slot = canonical(c->values[code], count, c);
        if (!table_add(&n->all, &slot, arena))
            return false;
    }
    return true;
}

/* Of so many numbers the least is `low`, the largest `high`. */
static void add_range(struct facet_numbers *n, double low, double high, uint64_t count)
{
    n->min = n->number_count == 0 || low < n->min ? low : n->min;
    n->max = n->number_count == 0 || high > n->max ? high : n->max;
    n->number_count += count;
}

bool facet_numbers_segment_end(struct facet_numbers *n, struct arena *arena)
{
    long double sum, power = 1; /* a double would be rounded before it is added to the other segments' */
    double low, high;

    if (n->histogram_used && !fold_histogram(n, arena))
        return false;

    for (uint32_t i = 0; i < n->segment.capacity && n->segment.count; i++) {
        if (n->segment.slots[i].key == 0)
            continue;
        struct cell_slot *slot = &n->segment.slots[i];
        struct number_slot c = canonical((int64_t)(slot->key ^ (uint64_t)NUMBER_MISSING), slot->count, n->column);
        if (!table_add(&n->all, &c, arena))
            return false;
    }
    if (n->segment_count == 0)
        return true;
    low = number_as_double(n->column, n->segment_min);
    high = number_as_double(n->column, n->segment_max);
    for (uint8_t i = 0; !n->column->is_double && i < n->column->scale; i++)
        power *= 10;
    sum = (long double)n->segment_sum + (long double)n->segment_units;
    add_range(n, low, high, n->segment_count);
    n->sum += sum / power;
    return true;
}

bool facet_numbers_add(struct facet_numbers *n, const struct facet_numbers *other, struct arena *arena)
{
    for (uint32_t i = 0; i < other->all.capacity; i++) {
        if (other->all.slots[i].kind != SLOT_FREE && !table_add(&n->all, &other->all.slots[i], arena))
            return false;
    }
    if (other->number_count)
        add_range(n, other->min, other->max, other->number_count);
    n->sum += other->sum;
    return true;
}

void number_slot_write(const struct number_slot *s, struct buf *out)
{
    if (s->kind == SLOT_FLAG)
        buf_append_str(out, s->cell == NUMBER_TRUE ? STR("true") : STR("false"));
    else if (s->kind == SLOT_UNITS)
        decimal_write(out, s->cell, (uint8_t)s->scale);
    else
        json_write_double(out, number_slot_double(s));
}

double number_slot_double(const struct number_slot *s)
{
    struct number_column like = {.is_double = s->kind == SLOT_DOUBLE, .scale = (uint8_t)s->scale};

    return number_as_double(&like, s->cell);
}
