/* What is due of sales, from the columns of an index. */
#include "server/live/lane_internal.h"

void sale_names(const struct settings *s, struct str names[SALE_PARTS])
{
    names[SALE_PRICE] = s->role_attribute[ROLE_PRICE];
    names[SALE_REDUCED] = s->role_attribute[ROLE_SALE_PRICE];
    names[SALE_STARTS] = STR("sale_price_starts");
    names[SALE_ENDS] = STR("sale_price_ends");
}

/* One segment's columns of the parts of sales; NULL where it has none. */
struct sale_columns {
    const struct number_column *part[SALE_PARTS];
    const struct number_column *effective;
};

static const struct number_column *sale_column(const struct snapshot *s, const struct shard *shard, struct str name)
{
    attr_id attr = name.size > 0 ? dictionary_attr_find(s->dictionary, name) : ATTR_NONE;
    const struct number_column *column = attr == ATTR_NONE ? NULL : shard_number_column(shard, attr);
    bool fine = column && !column->is_double &&
                (column->kind == NUMBER_COLUMN_DENSE || column->kind == NUMBER_COLUMN_SPARSE) &&
                shard_check_attribute(shard, attr, NULL) == STATUS_OK;
    return fine ? column : NULL;
}

/* Whether the segment has numbers of this name. Their bytes are not looked at. */
static bool has_numbers(const struct snapshot *s, const struct shard *shard, struct str name)
{
    attr_id attr = dictionary_attr_find(s->dictionary, name);
    return attr != ATTR_NONE && shard_number_column(shard, attr) != NULL;
}

bool lane_has_sales(const struct live_index *x)
{
    const struct snapshot *s = &index_current(x)->s;
    struct str names[SALE_PARTS];
    bool found = false;
    sale_names(s->settings, names);
    for (uint32_t i = 0; i < s->segment_count && names[SALE_REDUCED].size > 0; i++) {
        const struct shard *shard = s->segments[i].shard;
        found = found || has_numbers(s, shard, names[SALE_STARTS]) || has_numbers(s, shard, names[SALE_ENDS]);
    }
    return found;
}

static bool number_of(const struct number_column *column, doc_id doc, struct decimal *out)
{
    int64_t value = column ? number_of_doc(column, doc) : NUMBER_MISSING;
    *out = (struct decimal){value, column ? column->scale : 0};
    return value != NUMBER_MISSING;
}

static void scan_document(struct sales *sales, const struct sale_columns *columns, const struct shard *shard,
                          doc_id doc, int64_t now_ms)
{
    struct sale sale;
    struct decimal now;
    struct decimal effective;
    for (int part = 0; part < SALE_PARTS; part++) {
        sale.has[part] = number_of(columns->part[part], doc, &sale.part[part]);
    }
    bool dated = sale.has[SALE_REDUCED] && (sale.has[SALE_STARTS] || sale.has[SALE_ENDS]);
    int64_t next = dated ? sale_next(&sale, now_ms) : INT64_MAX;
    bool late = dated && sale_effective(&sale, now_ms, &effective) &&
                (!number_of(columns->effective, doc, &now) || decimal_compare(now, effective) != 0);
    if (late) {
        sales_push(sales, 0, shard_object_id(shard, doc));
    } else if (next != INT64_MAX) {
        sales_push(sales, next, shard_object_id(shard, doc));
    }
}

void lane_scan_sales(struct live_index *x, int64_t now_ms)
{
    const struct snapshot *s = &index_current(x)->s;
    struct str names[SALE_PARTS];
    sales_release(&x->inventory->sales);
    sale_names(s->settings, names);
    for (uint32_t i = 0; i < s->segment_count && names[SALE_REDUCED].size > 0; i++) {
        const struct segment *g = &s->segments[i];
        struct sale_columns columns;
        for (int part = 0; part < SALE_PARTS; part++) {
            columns.part[part] = sale_column(s, g->shard, names[part]);
        }
        columns.effective = sale_column(s, g->shard, EFFECTIVE_PRICE);
        bool dated = columns.part[SALE_REDUCED] && (columns.part[SALE_STARTS] || columns.part[SALE_ENDS]);
        for (doc_id doc = 0; dated && doc < shard_doc_count(g->shard); doc++) {
            if (!segment_deleted(g, doc)) {
                scan_document(&x->inventory->sales, &columns, g->shard, doc, now_ms);
            }
        }
    }
}

void lane_sale_due(struct changes *c, struct log_writer *w, struct str id, int64_t now_ms)
{
    struct live_update u = {.object_id = id};
    struct lane_place at;
    struct lane_decision d = {.changes = c, .writer = w, .now_ms = now_ms};
    struct lane_work k = {.d = &d, .u = &u, .at = &at, .sale = true};
    lane_locate(c, &u, 1, &at);
    k.x = changes_find(c, id);
    if (!c->lane->has_prices || (k.x ? !change_exists(k.x) : at.doc == DOC_NONE)) {
        return;
    }
    if ((k.x && (k.x->whole || k.x->loaded)) || lane_derive_in_place(&k) == NOT_HERE) {
        lane_decide_by_writing(&k);
    } else if (k.derived) {
        attr_id attr = c->lane->attributes[c->lane->attribute_count].attr;
        cells_put(&c->cells, at.segment, at.doc, attr, k.values[0].cell);
        lane_log_cells(&k);
    }
}

void lane_note_sale(struct changes *c, struct str id, const struct json *object, int64_t now_ms)
{
    struct str names[SALE_PARTS];
    struct sale sale = {0};
    struct live_update u = {.object_id = id};
    struct lane_decision d = {.changes = c, .now_ms = now_ms};
    struct lane_work k = {.d = &d, .u = &u};
    sale_names(c->base->settings, names);
    for (int part = 0; part < SALE_PARTS && names[SALE_REDUCED].size > 0; part++) {
        sale.has[part] = decimal_of(json_get_str(object, names[part]), &sale.part[part]);
    }
    if (sale.has[SALE_REDUCED]) {
        lane_note_due(&k, &sale);
    }
}
