/*
 * Conditions on stores: store:berlin (in stock there), pickupToday:true (in stock in a store that says so, of those
 * asked for when there are some), shipsFrom:DE (in stock in any store that ships from there).
 */
#include "server/query/filter_plan.h"

static bool matches(const struct dimension_setting *store, const struct filter *f, bool pickup)
{
    return pickup ? store->pickup_today : str_equal(store->ships_from, f->value);
}

static bool is_asked(const struct window *w, attr_id attr)
{
    for (uint32_t i = 0; i < w->view->store_count; i++) {
        if (w->view->stores[i] == attr)
            return true;
    }
    return !w->view->by_store;
}

static enum status take_stores(struct filter_node *out, const struct filter *f, struct window *w, struct arena *arena,
                               struct error *err)
{
    const struct dimension_list *stores = &w->snapshot->settings->stores;
    bool pickup = str_equal(f->attribute, STR("pickupToday")), one = str_equal(f->attribute, STR("store")), any = false;
    attr_id *attrs = ARENA_ARRAY(arena, attr_id, stores->count + 1);

    if (!attrs)
        return error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
    for (size_t i = 0; i < stores->count; i++) {
        const struct dimension_setting *store = &stores->items[i];
        attr_id attr;
        if (one ? !str_equal(store->name, f->value) : !matches(store, f, pickup))
            continue;
        any = true;
        attr = dictionary_attr_find(w->snapshot->dictionary, store->path);
        if (attr < w->snapshot->attr_count && (!pickup || is_asked(w, attr)))
            attrs[out->store_count++] = attr;
    }
    if (one && !any)
        return error_set(err, STATUS_INPUT, "'store': the settings have no store '" STR_FMT "'",
                         STR_ARG(str_slice(f->value, 0, str_utf8_cut(f->value, 60))));
    out->stores = attrs;
    out->kind = out->store_count ? FILTER_NODE_STORES : FILTER_NODE_NONE;
    return STATUS_OK;
}

bool filter_store_named(const struct filter *f, const struct window *w)
{
    const struct snapshot *s = w->snapshot;

    return s->settings->stores.count > 0 &&
           (str_equal(f->attribute, STR("pickupToday")) || str_equal(f->attribute, STR("store")) ||
            str_equal(f->attribute, STR("shipsFrom"))) &&
           dictionary_attr_find(s->dictionary, f->attribute) >= s->attr_count;
}

enum status filter_store_condition(struct filter_node *out, const struct filter *f, struct window *w,
                                   struct arena *arena, struct error *err)
{
    struct filter_node * not ;
    enum status status;

    *out = (struct filter_node){.kind = FILTER_NODE_NONE};
    status = take_stores(out, f, w, arena, err);
    if (status != STATUS_OK || !str_equal(f->attribute, STR("pickupToday")) || str_equal(f->value, STR("true")))
        return status;
    if (!str_equal(f->value, STR("false")))
        return error_set(err, STATUS_INPUT, "'pickupToday': must be true or false");
    if (out->kind == FILTER_NODE_NONE) {
        out->kind = FILTER_NODE_ALL;
        return STATUS_OK;
    }
    not = ARENA_NEW(arena, struct filter_node);
    if (!not )
        return error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
    *not = *out;
    *out = (struct filter_node){.kind = FILTER_NODE_NOT, .children = not, .child_count = 1};
    return STATUS_OK;
}

enum status filter_store_bind(const struct filter_node *n, const struct window *w, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < n->store_count && status == STATUS_OK; i++)
        status = dimensions_check(shard_dimensions(w->shard), n->stores[i], err);
    return status;
}

void filter_store_apply(const struct filter_node *n, const struct window *w, struct mask *m)
{
    uint64_t bits[WINDOW_WORDS] = {0};

    for (uint32_t k = 0; k < n->store_count; k++) {
        const struct dimension *d = dimensions_find(shard_dimensions(w->shard), n->stores[k]);
        if (d && !w->docs)
            dimension_stock_window(d, w->base, bits);
        for (uint32_t i = 0; d && w->docs && i < w->count; i++)
            bits[i >> 6] |= (uint64_t)dimension_in_stock(d, w->docs[i]) << (i & 63);
    }
    mask_and_bits(m, bits);
}
