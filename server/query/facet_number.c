#include "server/query/facet_number.h"

#include "indexer/base/json.h"
#include "indexer/base/number.h"

#define TABLE_START 256

enum { SLOT_FREE, SLOT_UNITS, SLOT_DOUBLE };

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

static bool grow(struct number_table *t, struct arena *arena)
{
    struct number_table bigger = {.capacity = t->capacity ? 4 * t->capacity : TABLE_START, .count = t->count};

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

/* Adds to a value's count; with a stamp only when it differs from the value's last. */
static inline bool table_add(struct number_table *t, const struct number_slot *value, struct arena *arena)
{
    struct number_slot *slot;

    if (2 * t->count >= t->capacity && !grow(t, arena))
        return false;
    slot = &t->slots[place(t, value)];
    if (slot->kind == SLOT_FREE) {
        *slot = *value;
        t->count++;
    } else if (slot->stamp != value->stamp || value->stamp == 0) {
        slot->count += value->count;
        slot->stamp = value->stamp;
    }
    return true;
}

/* --- a segment --- */
void facet_numbers_segment(struct facet_numbers *n, const struct window *w)
{
    n->segment_min = INT64_MAX;
    n->segment_max = INT64_MIN;
    n->segment_count = 0;
    n->segment_sum = 0;
    n->sparse_at = 0;
    if (n->captured)
        n->column = w->sources[n->source].column;
    if (n->segment.count) {
        memset(n->segment.slots, 0, n->segment.capacity * sizeof(*n->segment.slots));
        n->segment.count = 0;
    }
}

static inline bool count_cell(struct facet_numbers *n, int64_t cell, uint32_t stamp, struct arena *arena)
{
    struct number_slot value = {cell, 1, stamp, n->column->is_double ? SLOT_DOUBLE : SLOT_UNITS, n->column->scale};

    n->segment_min = cell < n->segment_min ? cell : n->segment_min;
    n->segment_max = cell > n->segment_max ? cell : n->segment_max;
    n->segment_count++;
    n->segment_sum += n->column->is_double ? (long double)number_as_double(n->column, cell) : (long double)cell;
    return table_add(&n->segment, &value, arena);
}

static bool count_list(struct facet_numbers *n, doc_id doc, uint32_t stamp, struct arena *arena)
{
    const struct number_column *c = n->column;

    for (uint32_t i = c->offsets[doc]; i < c->offsets[doc + 1]; i++) {
        int64_t cell = number_load(&c->cells[i]);
        bool again = i > c->offsets[doc] && cell == number_load(&c->cells[i - 1]);
        if (cell != NUMBER_MISSING && !again && !count_cell(n, cell, stamp, arena))
            return false;
        if (again) { /* the statistics are over all values */
            n->segment_count++;
            n->segment_sum += c->is_double ? (long double)number_as_double(c, cell) : (long double)cell;
        }
    }
    return true;
}

static int64_t cell_here(struct facet_numbers *n, const struct window *w, uint32_t offset)
{
    const struct number_column *c = n->column;
    doc_id doc = w->base + offset;

    if (n->captured) {
        const struct value_source *v = &w->sources[n->source];
        return v->present[offset >> 6] >> (offset & 63) & 1 ? v->cells[offset] : NUMBER_MISSING;
    }
    if (c->kind == NUMBER_COLUMN_DENSE)
        return number_load(&c->cells[doc]);
    while (n->sparse_at < c->count && c->docs[n->sparse_at] < doc)
        n->sparse_at++;
    return n->sparse_at < c->count && c->docs[n->sparse_at] == doc ? number_load(&c->cells[n->sparse_at])
                                                                   : NUMBER_MISSING;
}

bool facet_numbers_window(struct facet_numbers *n, struct window *w, const struct facet_matches *matches,
                          const struct facet_units *units, struct arena *arena)
{
    bool stamped = units->products && w->groups;
    bool multi = n->column->kind == NUMBER_COLUMN_MULTI;

    if (n->column->kind == NUMBER_COLUMN_NONE)
        return true;
    if (n->captured && !multi && !window_load(w, n->source, matches->mask))
        return false;
    for (uint32_t i = 0; i < matches->count; i++) {
        uint32_t offset = matches->offsets[i];
        doc_id doc = w->base + offset;
        uint32_t stamp = stamped ? units->base + w->groups[doc] + 1 : 0;
        int64_t cell = multi ? NUMBER_MISSING : cell_here(n, w, offset);
        if (multi && !count_list(n, doc, stamp, arena))
            return false;
        if (cell != NUMBER_MISSING && !count_cell(n, cell, stamp, arena))
            return false;
    }
    return true;
}

/* The same number has the same canonical slot, whatever column it came from. */
static struct number_slot canonical(const struct number_slot *s, const struct number_column *column)
{
    struct number_slot out = {.cell = s->cell, .count = s->count, .kind = s->kind, .scale = s->scale};

    if (s->kind == SLOT_DOUBLE) {
        struct buf text = BUF_EMPTY;
        struct decimal d;
        out.scale = 0;
        json_write_double(&text, number_as_double(column, s->cell));
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

bool facet_numbers_segment_end(struct facet_numbers *n, struct arena *arena)
{
    double low, high, sum;

    for (uint32_t i = 0; i < n->segment.capacity && n->segment.count; i++) {
        const struct number_slot *s = &n->segment.slots[i];
        if (s->kind == SLOT_FREE)
            continue;
        struct number_slot c = canonical(s, n->column);
        if (!table_add(&n->all, &c, arena))
            return false;
    }
    if (n->segment_count == 0)
        return true;
    low = number_as_double(n->column, n->segment_min);
    high = number_as_double(n->column, n->segment_max);
    sum = (double)n->segment_sum;
    for (uint8_t i = 0; !n->column->is_double && i < n->column->scale; i++)
        sum /= 10;
    n->min = n->number_count == 0 || low < n->min ? low : n->min;
    n->max = n->number_count == 0 || high > n->max ? high : n->max;
    n->sum += sum;
    n->number_count += n->segment_count;
    return true;
}

void number_slot_write(const struct number_slot *s, struct buf *out)
{
    if (s->kind == SLOT_UNITS)
        decimal_write(out, s->cell, (uint8_t)s->scale);
    else
        json_write_double(out, number_slot_double(s));
}

double number_slot_double(const struct number_slot *s)
{
    struct number_column like = {.is_double = s->kind == SLOT_DOUBLE, .scale = (uint8_t)s->scale};

    return number_as_double(&like, s->cell);
}
