#include "indexer/shard/snapshot.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/number.h"
#include "indexer/base/rcu.h"
#include "indexer/shard/dimension.h"
#include "indexer/shard/shard.h"

/* --- statistics --- */
static void field_statistics(struct snapshot *s)
{
    for (field_id f = 0; f < FIELD_MAX; f++) {
        uint64_t tokens = 0, docs = 0;

        for (uint32_t i = 0; i < s->segment_count; i++) {
            uint64_t segment_tokens = 0, segment_docs = 0;

            shard_field_totals(s->segments[i].shard, f, &segment_tokens, &segment_docs);
            tokens += segment_tokens;
            docs += segment_docs;
        }
        s->average_length[f] = docs ? (float)((double)tokens / (double)docs) : 1.F;
    }
}

static void custom_statistics(struct snapshot *s)
{
    for (size_t k = 0; k < s->settings->custom_ranking_count && k < 8; k++) {
        attr_id attr = dictionary_attr_find(s->dictionary, s->settings->custom_ranking[k].attribute);
        bool first = true;

        s->custom_low[k] = s->custom_high[k] = 0;
        for (uint32_t i = 0; attr != ATTR_NONE && i < s->segment_count; i++) {
            double low = 0, high = 0;

            if (!shard_number_bounds(s->segments[i].shard, attr, &low, &high))
                continue;
            s->custom_low[k] = first || low < s->custom_low[k] ? low : s->custom_low[k];
            s->custom_high[k] = first || high > s->custom_high[k] ? high : s->custom_high[k];
            first = false;
        }
    }
}

void snapshot_statistics(struct snapshot *s)
{
    s->doc_count = 0;
    s->live_docs = 0;
    s->live_groups = 0;
    for (uint32_t i = 0; i < s->segment_count; i++) {
        const struct segment *g = &s->segments[i];

        s->doc_count += shard_doc_count(g->shard);
        s->live_docs += shard_doc_count(g->shard) - g->deleted_docs;
        s->live_groups += shard_group_count(g->shard) - g->deleted_groups;
    }
    s->attr_count = dictionary_attr_count(s->dictionary);
    s->has_stock = settings_has_stock(s->settings);
    field_statistics(s);
    custom_statistics(s);
}

uint64_t segment_tombstones_id(const struct segment *g)
{
    if (!g->tombstones || g->tombstones_id)
        return g->tombstones ? g->tombstones_id : 0;
    return hash64(g->tombstones, ((size_t)shard_doc_count(g->shard) + 63) / 64 * sizeof(*g->tombstones)) | 1ull << 63;
}

/* --- objects --- */
bool snapshot_find(const struct snapshot *s, struct str object_id, uint32_t *segment, doc_id *doc)
{
    for (uint32_t i = s->segment_count; i > 0; i--) {
        const struct segment *g = &s->segments[i - 1];

        *doc = shard_find(g->shard, object_id);
        if (*doc != DOC_NONE && !segment_deleted(g, *doc)) {
            *segment = i - 1;
            return true;
        }
    }
    return false;
}

/* The document's number, if it has exactly one. */
static bool single_cell(const struct number_column *c, doc_id doc, int64_t *cell)
{
    if (c->kind == NUMBER_COLUMN_MULTI && c->offsets[doc + 1] - c->offsets[doc] == 1)
        *cell = number_load(&c->cells[c->offsets[doc]]);
    else
        *cell = number_of_doc(c, doc);
    return *cell != NUMBER_MISSING;
}

/* The object that is being read. */
struct reading {
    const struct snapshot *snapshot;
    const struct shard *shard;
    doc_id doc;
    bool source; /* in_stock says what was given, not what follows from the quantity */
    struct arena *arena;
};

/* A number that was cut out is null in the object; one that came or changed later is a number, or not there. */
static enum status overlay_number(const struct reading *r, attr_id attr, struct json *object, struct error *err)
{
    const struct number_column *column = shard_number_column(r->shard, attr);
    struct str name = dictionary_attr(r->snapshot->dictionary, attr)->name;
    const struct json *old = json_get_str(object, name);
    int64_t cell = 0;
    enum status status = shard_check_cell(r->shard, attr, r->doc, err);

    if (status != STATUS_OK || !single_cell(column, r->doc, &cell))
        return status;
    if (old ? old->type != JSON_NULL && old->type != JSON_NUMBER : column->kind == NUMBER_COLUMN_MULTI)
        return STATUS_OK;
    if (!json_object_set(object, name, number_json(column, cell, r->arena), r->arena))
        status = error_set(err, STATUS_LIMIT, "object is larger than the request's memory");
    return status;
}

bool snapshot_put_cell(struct json *object, struct str path, bool store, int64_t value, struct arena *arena)
{
    size_t dot = str_find_char(path, '.');
    struct str member = str_slice(path, 0, dot), name = str_slice(path, dot + 1, path.size);
    const struct json *there = json_get_str(object, member);
    struct json cells = {.type = JSON_OBJECT};
    struct buf text = BUF_EMPTY;
    struct json number;

    if (there && there->type == JSON_OBJECT)
        cells = *there;
    decimal_write(&text, value, store ? DIMENSION_STORE_SCALE : DIMENSION_PRICE_SCALE);
    number = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return json_object_set(&cells, name, number, arena) && json_object_set(object, member, cells, arena);
}

/* Stores and price lists. */
static enum status overlay_cells(const struct reading *r, struct json *object, struct error *err)
{
    const struct dimensions *all = shard_dimensions(r->shard);
    enum status status = STATUS_OK;
    enum rcu_hold hold;

    if (dimensions_limit(all) == 0)
        return STATUS_OK;
    hold = rcu_hold();
    for (uint32_t a = 0, n = dimensions_limit(all); a < n && status == STATUS_OK; a++) {
        const struct dimension *d = dimensions_find(all, (attr_id)a);
        int64_t value;
        if (!d)
            continue;
        status = dimensions_check(all, (attr_id)a, err);
        value = status == STATUS_OK ? dimension_value(d, r->doc) : NUMBER_MISSING;
        if (value != NUMBER_MISSING &&
            !snapshot_put_cell(object, dictionary_attr(r->snapshot->dictionary, (attr_id)a)->name,
                               dimension_is_store(d), value, r->arena))
            status = error_set(err, STATUS_LIMIT, "object is larger than the request's memory");
    }
    rcu_let_go(hold);
    return status;
}

static enum status overlay(const struct reading *r, struct json *object, struct error *err)
{
    const _Atomic uint64_t *bits = r->source ? shard_available_bits(r->shard) : shard_in_stock_bits(r->shard);
    const struct json *stock = json_get(object, "in_stock");
    uint32_t cut_count = 0, changed_count = shard_changed_count(r->shard);
    const attr_id *cut = shard_cut_attributes(r->shard, &cut_count);
    enum status status = STATUS_OK;

    for (uint32_t i = 0; status == STATUS_OK && i < cut_count; i++)
        status = overlay_number(r, cut[i], object, err);
    for (uint32_t i = 0; status == STATUS_OK && i < changed_count; i++)
        status = overlay_number(r, shard_changed_attribute(r->shard, i), object, err);
    if (bits && json_is_bool(stock)) {
        uint64_t word = atomic_load_explicit(&bits[r->doc / 64], memory_order_relaxed);

        ((struct json *)stock)->type = word >> (r->doc & 63) & 1 ? JSON_TRUE : JSON_FALSE;
    }
    return status == STATUS_OK ? overlay_cells(r, object, err) : status;
}

static enum status read_object(const struct reading *r, struct json *out, struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct str copy;
    enum status status = shard_object(r->shard, r->doc, &text, err);

    if (status != STATUS_OK)
        goto out;
    copy = arena_copy(r->arena, buf_str(&text));
    if (!copy.data) {
        status = error_set(err, STATUS_LIMIT, "object is larger than the request's memory");
        goto out;
    }
    status = json_parse(copy, r->arena, out, err);
    if (status == STATUS_INPUT)
        status = error_set(err, STATUS_FORMAT, "stored object of document %u is not JSON", r->doc);
    if (status == STATUS_OK)
        status = overlay(r, out, err);
out:
    buf_release(&text);
    return status;
}

enum status snapshot_object(const struct snapshot *s, uint32_t segment, doc_id doc, struct arena *arena,
                            struct json *out, struct error *err)
{
    const struct reading r = {.snapshot = s, .shard = s->segments[segment].shard, .doc = doc, .arena = arena};

    return read_object(&r, out, err);
}

enum status snapshot_object_source(const struct snapshot *s, uint32_t segment, doc_id doc, struct arena *arena,
                                   struct json *out, struct error *err)
{
    const struct reading r = {
        .snapshot = s, .shard = s->segments[segment].shard, .doc = doc, .source = true, .arena = arena};

    return read_object(&r, out, err);
}

/* --- without a server --- */
struct snapshot *snapshot_of_shards(const struct snapshot_parts *parts)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    struct segment *segments = xcalloc((size_t)parts->shard_count + 1, sizeof(*segments));

    for (uint32_t i = 0; i < parts->shard_count; i++)
        segments[i].shard = parts->shards[i];
    s->settings = parts->settings;
    s->analyzer = parts->analyzer;
    s->synonyms = parts->synonyms;
    s->dictionary = parts->dictionary;
    s->suggest = parts->suggest;
    s->segments = segments;
    s->segment_count = parts->shard_count;
    snapshot_statistics(s);
    return s;
}

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    free((void *)s->segments);
    free(s);
}
