#include "server/query/store_view.h"

#include <string.h>

#include "server/query/window.h"

/* --- a request --- */
static attr_id attribute_of(const struct snapshot *s, struct str name)
{
    attr_id attr = name.size ? dictionary_attr_find(s->dictionary, name) : ATTR_NONE;

    return attr < s->attr_count ? attr : ATTR_NONE;
}

bool store_view_init(struct store_view *v, const struct snapshot *s, const struct search_request *r,
                     struct arena *arena)
{
    const struct settings *settings = s->settings;
    attr_id *stores = ARENA_ARRAY(arena, attr_id, r->store_count + 1);

    *v = (struct store_view){.by_store = r->store_count > 0, .stores = stores, .list = ATTR_NONE};
    if (!stores)
        return false;
    for (size_t i = 0; i < r->store_count; i++) {
        attr_id attr = attribute_of(s, r->stores[i]->path);
        if (attr != ATTR_NONE)
            stores[v->store_count++] = attr;
    }
    if (r->price_list)
        v->list = attribute_of(s, r->price_list->path);
    v->quantity = attribute_of(s, settings->role_attribute[ROLE_QUANTITY]);
    v->prices[0] = attribute_of(s, settings->role_attribute[ROLE_PRICE]);
    v->prices[1] = attribute_of(s, STR("effective_price"));
    return true;
}

static enum shown_kind kind_of(const struct store_view *v, attr_id attr)
{
    if (!v || attr == ATTR_NONE)
        return SHOWN_COLUMN;
    if (v->by_store && attr == v->quantity)
        return SHOWN_STOCK;
    return v->list != ATTR_NONE && (attr == v->prices[0] || attr == v->prices[1]) ? SHOWN_LIST : SHOWN_COLUMN;
}

uint64_t store_view_epoch(const struct store_view *v, const struct shard *shard)
{
    const struct dimensions *all = shard_dimensions(shard);
    uint64_t epoch = v->list == ATTR_NONE ? 0 : dimension_epoch(dimensions_find(all, v->list));

    for (uint32_t i = 0; i < v->store_count; i++)
        epoch += dimension_epoch(dimensions_find(all, v->stores[i]));
    return epoch;
}

bool store_view_shows(const struct store_view *v, const struct snapshot *s, attr_id attr)
{
    if (kind_of(v, attr) != SHOWN_COLUMN)
        return true;
    for (uint32_t i = 0; i < s->segment_count; i++) {
        if (dimensions_find(shard_dimensions(s->segments[i].shard), attr))
            return true;
    }
    return false;
}

static uint8_t scale_of(const struct dimension *d)
{
    return dimension_is_store(d) ? DIMENSION_STORE_SCALE : DIMENSION_PRICE_SCALE;
}

static int64_t power_of_ten(uint8_t n)
{
    int64_t p = 1;

    while (n-- > 0)
        p *= 10;
    return p;
}

const struct number_column *store_view_column(const struct store_view *v, const struct shard *shard, attr_id attr,
                                              struct shown_column *out)
{
    const struct dimensions *all = shard_dimensions(shard);
    const struct number_column *column = shard_number_column(shard, attr);
    enum shown_kind kind = kind_of(v, attr);

    *out = (struct shown_column){.kind = SHOWN_COLUMN, .base_factor = 1, .cell_factor = 1};
    if (kind == SHOWN_COLUMN) {
        out->cells = dimensions_limit(all) ? dimensions_find(all, attr) : NULL;
        kind = out->cells ? SHOWN_CELLS : SHOWN_COLUMN;
    } else if (kind == SHOWN_LIST) {
        out->cells = dimensions_find(all, v->list);
        kind = out->cells ? SHOWN_LIST : SHOWN_COLUMN; /* nothing of this segment is in the list */
    }
    out->kind = kind;
    if (kind == SHOWN_COLUMN)
        return column;
    out->form = (struct number_column){.kind = NUMBER_COLUMN_DENSE,
                                       .scale = out->cells ? scale_of(out->cells) : DIMENSION_STORE_SCALE};
    if (kind == SHOWN_LIST) {
        bool single = column->kind == NUMBER_COLUMN_DENSE || column->kind == NUMBER_COLUMN_SPARSE;
        uint8_t scale = column->is_double || !single ? 0 : column->scale;
        out->base = single ? column : NULL;
        out->form.scale = scale > out->form.scale ? scale : out->form.scale;
        out->form.is_double = single && column->is_double;
        out->base_factor = power_of_ten((uint8_t)(out->form.scale - scale));
        out->cell_factor = power_of_ten((uint8_t)(out->form.scale - DIMENSION_PRICE_SCALE));
    }
    return &out->form;
}

/* --- a window --- */
static int64_t times(int64_t value, int64_t factor)
{
    int64_t product;

    return __builtin_mul_overflow(value, factor, &product) ? (value < 0 ? -INT64_MAX : INT64_MAX) : product;
}

/* A cell of a list or a store in the units of the form. */
static int64_t to_form(const struct shown_column *s, int64_t value)
{
    int64_t cell = times(value, s->cell_factor);

    return s->form.is_double
               ? number_cell_of_double(number_as_double(&(struct number_column){.scale = s->form.scale}, cell))
               : cell;
}

static void put(struct value_source *v, uint32_t offset, int64_t cell)
{
    v->cells[offset] = cell;
    v->present[offset >> 6] |= 1ull << (offset & 63);
}

/* All of one dimension's cells in the window, added to what is there when `sum`. */
static void take_cells(const struct window *w, struct value_source *v, const struct dimension *d, bool sum)
{
    int64_t cells[WINDOW_DOCS];
    uint64_t present[WINDOW_WORDS] = {0};

    if (!w->docs)
        dimension_window(d, w->base, cells, present);
    for (uint32_t i = 0; w->docs && i < w->count; i++) {
        cells[i] = dimension_value(d, w->docs[i]);
        present[i >> 6] |= (uint64_t)(cells[i] != NUMBER_MISSING) << (i & 63);
    }
    for (uint32_t i = 0; i < WINDOW_WORDS; i++) {
        for (uint64_t x = present[i]; x; x &= x - 1) {
            uint32_t at = i * 64 + (uint32_t)__builtin_ctzll(x);
            bool there = sum && (v->present[i] >> (at & 63) & 1);
            put(v, at, to_form(&v->shown, cells[at]) + (there ? v->cells[at] : 0));
        }
    }
}

static void fill(struct window *w, struct value_source *v)
{
    const struct store_view *view = w->view;

    if (v->shown.kind == SHOWN_STOCK) {
        for (uint32_t i = 0; i < view->store_count; i++) {
            const struct dimension *d = dimensions_find(shard_dimensions(w->shard), view->stores[i]);
            if (d)
                take_cells(w, v, d, true);
        }
    } else {
        take_cells(w, v, v->shown.cells, false);
    }
    if (v->shown.kind == SHOWN_LIST)
        memcpy(v->loaded, v->present, sizeof(v->loaded));
    else
        memset(v->loaded, 0xff, sizeof(v->loaded));
}

static int64_t base_cell(const struct shown_column *s, doc_id doc)
{
    int64_t cell = s->base ? number_of_doc(s->base, doc) : NUMBER_MISSING;

    return cell == NUMBER_MISSING || s->form.is_double ? cell : times(cell, s->base_factor);
}

void store_view_load(struct window *w, struct value_source *v, const struct mask *wanted)
{
    if (!v->fresh) {
        window_codes(w, (uint32_t)(v - w->sources));
        fill(w, v);
    }
    for (MASK_WORDS(wanted, i)) {
        uint64_t missing = wanted->bits[i] & ~v->loaded[i];
        v->loaded[i] |= missing;
        for (; missing; missing &= missing - 1) {
            uint32_t at = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(missing);
            int64_t cell = base_cell(&v->shown, window_doc(w, at));
            if (cell != NUMBER_MISSING)
                put(v, at, cell);
        }
    }
}

void store_view_stock(struct window *w)
{
    const struct dimensions *all = shard_dimensions(w->shard);

    memset(w->stock, 0, sizeof(w->stock));
    for (uint32_t k = 0; k < w->view->store_count; k++) {
        const struct dimension *d = dimensions_find(all, w->view->stores[k]);
        if (d && !w->docs)
            dimension_stock_window(d, w->base, w->stock);
        for (uint32_t i = 0; d && w->docs && i < w->count; i++)
            w->stock[i >> 6] |= (uint64_t)dimension_in_stock(d, w->docs[i]) << (i & 63);
    }
}

enum status store_view_check(const struct window *w, struct error *err)
{
    const struct dimensions *all = shard_dimensions(w->shard);
    enum status status = STATUS_OK;

    if (dimensions_limit(all) == 0)
        return STATUS_OK;
    for (uint32_t i = 0; w->view && i < w->view->store_count && status == STATUS_OK; i++)
        status = dimensions_check(all, w->view->stores[i], err);
    for (uint32_t i = 0; i < w->source_count && status == STATUS_OK; i++) {
        enum shown_kind kind = w->sources[i].shown.kind;
        if (kind == SHOWN_LIST || kind == SHOWN_CELLS)
            status = dimensions_check(all, kind == SHOWN_LIST ? w->view->list : w->sources[i].attr, err);
    }
    return status;
}
