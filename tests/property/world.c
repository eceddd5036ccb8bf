#include "tests/property/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/shard_build.h"
#include "tests/property/oracle_internal.h"

static const char settings_text[] =
    "{\"searchableAttributes\":[\"title^3\",\"brand^2\",\"category^3\",\"description\"],"
    "\"attributesForFaceting\":[\"searchable(brand)\",\"color\",\"tags\",\"hierarchical(category)\",\"price\","
    "\"rating\",\"spec.width\",\"clearance\"],\"mutableAttributes\":[\"clearance\"],\"customRanking\":[\"desc("
    "popularity)\"],"
    "\"roles\":{\"title\":\"title\",\"brand\":\"brand\",\"category\":\"category\",\"price\":\"price\","
    "\"quantity\":\"stock\",\"availability\":\"in_stock\",\"popularity\":\"popularity\"},"
    "\"languages\":[\"en\"]}";

static const char *const words[] = {
    "red",      "shoe",   "running", "cable",  "black",     "leather", "jacket", "WH-1000XM4", "phone", "case",
    "charger",  "usb-c",  "5.5mm",   "bottle", "steel",     "the",     "for",    "kids",       "boots", "trail",
    "wireless", "mouse",  "desk",    "lamp",   "oak",       "chairs",  "chair",  "and",        "AT&T",  "c++",
    "grinder",  "coffee", "beans",   "filter", "stainless", "kettle",  "mug",    "glass",      "wine",  "set",
};
static const char *const brands[] = {"Acme", "Fjord & Co", "O'Neal", "Hi:Tech", "Zen", "Nord", "Ibex, Ltd", "Groesse"};
static const char *const colors[] = {"red", "black", "white", "Dark Blue"};
static const char *const categories[] = {"Home",
                                         "Home > Kitchen",
                                         "Home > Kitchen > Coffee",
                                         "Home > Lighting",
                                         "Sport > Shoes",
                                         "Sport > Jackets",
                                         "Electronics > Audio",
                                         "Electronics > Phones > Cases",
                                         "Electronics > Phones"};

uint32_t world_random(struct world *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 11) % below);
}

bool world_chance(struct world *w, uint32_t percent)
{
    return world_random(w, 100) < percent;
}

const char *world_word(struct world *w)
{
    uint32_t count = sizeof(words) / sizeof(words[0]);
    uint32_t a = world_random(w, count), b = world_random(w, count);
    return words[a < b ? a : b];
}

struct str world_brand(struct world *w)
{
    return str_from(brands[world_random(w, sizeof(brands) / sizeof(brands[0]))]);
}

struct str world_category(struct world *w)
{
    return str_from(categories[world_random(w, sizeof(categories) / sizeof(categories[0]))]);
}

/* --- random objects --- */

static void put_words(struct world *w, struct buf *b, const char *name, uint32_t most)
{
    buf_printf(b, ",\"%s\":\"", name);
    uint32_t count = 1 + world_random(w, most);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s%s", i ? " " : "", world_word(w));
    buf_append_char(b, '"');
}

static void put_categories(struct world *w, struct buf *b)
{
    uint32_t count = 1 + world_random(w, 2);
    buf_literal(b, ",\"category\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buf_append_char(b, ',');
        json_write_string(b, world_category(w));
    }
    buf_append_char(b, ']');
}

static void put_object(struct world *w, struct buf *b, uint32_t group, uint32_t variant, bool grouped)
{
    buf_printf(b, "{\"objectID\":\"p%u-%u\"", group, variant);
    if (grouped)
        buf_printf(b, ",\"item_group_id\":\"g%u\"", group);
    put_words(w, b, "title", 6);
    if (world_chance(w, 70)) {
        buf_literal(b, ",\"brand\":");
        json_write_string(b, world_brand(w));
    }
    if (world_chance(w, 80))
        put_categories(w, b);
    if (world_chance(w, 60))
        put_words(w, b, "description", 30);
    if (world_chance(w, 60))
        buf_printf(b, ",\"color\":\"%s\"", colors[world_random(w, 4)]);
    if (world_chance(w, 30))
        buf_printf(b, ",\"tags\":[\"%s\",\"%s\",true]", colors[world_random(w, 4)], world_word(w));
    if (world_chance(w, 85))
        buf_printf(b, ",\"price\":%u.%02u", world_random(w, 50), world_random(w, 4) * 25);
    if (world_chance(w, 50))
        buf_printf(b, ",\"rating\":[%u,%u]", world_random(w, 5), world_random(w, 5));
    if (world_chance(w, 10))
        buf_printf(b, ",\"spec\":{\"width\":%u.5}", world_random(w, 9));
    if (world_chance(w, 70))
        buf_printf(b, ",\"stock\":%u", world_random(w, 3));
    static const char *const clearance[] = {"true", "false", "true", "false", "2.5", "\"soon\"", "\"later\""};
    if (world_chance(w, 60))
        buf_printf(b, ",\"clearance\":%s", clearance[world_random(w, 7)]);
    if (world_chance(w, 60))
        buf_printf(b, ",\"in_stock\":%s", world_chance(w, 70) ? "true" : "false");
    if (world_chance(w, 75))
        buf_printf(b, ",\"popularity\":%u", world_random(w, 1000));
    buf_append_char(b, '}');
}

/* --- segments --- */

static void add_group(struct world *w, struct shard_builder *builder, struct world_segment *segment, uint32_t group)
{
    bool grouped = world_chance(w, 40);
    uint32_t variants = grouped ? 1 + world_random(w, 4) : 1;
    for (uint32_t v = 0; v < variants; v++) {
        struct buf text;
        struct error err;
        buf_init(&text, 0);
        put_object(w, &text, group, v, grouped);
        size_t place = oracle_add(&w->oracle, buf_str(&text));
        if (shard_builder_add(builder, &w->oracle.docs.items[place].object, &err) != STATUS_OK) {
            fprintf(stderr, "shard_builder_add: %s\n", err.message);
            abort();
        }
        vec_push(&segment->docs, place);
        buf_release(&text);
    }
}

static struct shard_builder *new_builder(struct world *w)
{
    struct shard_build_options options = {
        .settings = w->settings, .analyzer = w->analyzer, .dictionary = w->dictionary};
    return shard_builder_new(&options);
}

static void open_segment(struct shard_builder *builder, struct world_segment *segment)
{
    struct buf image;
    struct error err;
    buf_init(&image, 0);
    if (shard_builder_finish(builder, &image, &err) != STATUS_OK ||
        shard_open_memory(&segment->shard, &image, &err) != STATUS_OK) {
        fprintf(stderr, "segment: %s\n", err.message);
        abort();
    }
    segment->tombstones = xcalloc(shard_doc_count(segment->shard) / 64 + 1, sizeof(uint64_t));
    shard_builder_free(builder);
}

static void delete_doc(struct world *w, struct world_segment *segment, size_t place)
{
    struct oracle_doc *doc = &w->oracle.docs.items[place];
    doc_id id = shard_find(segment->shard, doc->id);
    if (doc->deleted || id == DOC_NONE)
        return;
    doc->deleted = true;
    segment->tombstones[id / 64] |= 1ull << (id % 64);
}

static void make_base(struct world *w, uint32_t shard_count, uint32_t groups)
{
    struct shard_builder *builders[4];
    for (uint32_t i = 0; i < shard_count; i++)
        builders[i] = new_builder(w);
    for (uint32_t g = 0; g < groups; g++) {
        uint32_t s = world_random(w, shard_count);
        add_group(w, builders[s], &w->segments[s], w->next_group++);
    }
    for (uint32_t i = 0; i < shard_count; i++)
        open_segment(builders[i], &w->segments[i]);
    w->segment_count = shard_count;
}

/* A delta: new products, and old ones again with all their variants, whose earlier documents are then deleted. */
static void make_delta(struct world *w)
{
    struct world_segment *delta = &w->segments[w->segment_count];
    struct shard_builder *builder = new_builder(w);
    delta->is_delta = true;
    uint32_t changes = 1 + world_random(w, 8);
    bool *taken = xcalloc(w->next_group + 1, sizeof(bool));
    uint32_t known = w->next_group;
    for (uint32_t i = 0; i < changes; i++) {
        if (known == 0 || world_chance(w, 40)) {
            add_group(w, builder, delta, w->next_group++);
            continue;
        }
        uint32_t group = world_random(w, known);
        if (taken[group])
            continue;
        taken[group] = true;
        char prefix[32];
        int size = snprintf(prefix, sizeof(prefix), "p%u-", group);
        for (size_t s = 0; s < w->segment_count; s++) {
            for (size_t d = 0; d < w->segments[s].docs.count; d++) {
                size_t place = w->segments[s].docs.items[d];
                if (str_starts_with(w->oracle.docs.items[place].id, (struct str){prefix, (size_t)size}))
                    delete_doc(w, &w->segments[s], place);
            }
        }
        add_group(w, builder, delta, group);
    }
    free(taken);
    open_segment(builder, delta);
    w->segment_count++;
}

/* --- changes in place --- */

static void change_number(struct world *w, struct world_segment *segment, struct oracle_doc *doc, const char *name)
{
    doc_id id = shard_find(segment->shard, doc->id);
    attr_id attr = dictionary_attr_find(w->dictionary, str_from(name));
    if (id == DOC_NONE || attr == ATTR_NONE)
        return;
    const struct number_column *column = shard_number_column(segment->shard, attr);
    bool flag = str_equal(str_from(name), STR("clearance")) && world_chance(w, 80), yes = world_chance(w, 50);
    const struct json *old = json_get(&doc->object, name);
    struct str text = flag ? yes ? STR("true") : STR("false") : arena_printf(&w->arena, "%u", world_random(w, 4));
    struct error err;
    int64_t value;
    if ((old && old->type != JSON_NUMBER && !json_is_bool(old)) || !number_cell_of_text(column, text, &value) ||
        shard_number_store(segment->shard, attr, id, value, &err) != STATUS_OK)
        return;
    json_object_set(&doc->object, str_from(name), flag ? json_of_bool(yes) : json_number_text(text), &w->oracle.arena);
    double quantity;
    bool available;
    doc->in_stock = (!json_bool(json_get(&doc->object, "in_stock"), &available) || available) &&
                    (!json_double(json_get(&doc->object, "stock"), &quantity) || quantity > 0);
    _Atomic uint64_t *bits = shard_in_stock_bits(segment->shard);
    if (doc->in_stock)
        atomic_fetch_or(&bits[id / 64], 1ull << (id % 64));
    else
        atomic_fetch_and(&bits[id / 64], ~(1ull << (id % 64)));
}

static void change_in_place(struct world *w)
{
    for (size_t s = 0; s < w->segment_count; s++) {
        struct world_segment *segment = &w->segments[s];
        for (size_t d = 0; d < segment->docs.count; d++) {
            struct oracle_doc *doc = &w->oracle.docs.items[segment->docs.items[d]];
            if (doc->deleted)
                continue;
            if (world_chance(w, 10))
                change_number(w, segment, doc, "stock");
            if (world_chance(w, 10))
                change_number(w, segment, doc, "price");
            if (world_chance(w, 10))
                change_number(w, segment, doc, "clearance");
            if (world_chance(w, 5))
                delete_doc(w, segment, segment->docs.items[d]);
        }
    }
}

/* --- the snapshot --- */

static uint32_t deleted_groups(const struct world_segment *segment)
{
    const uint32_t *groups = shard_groups(segment->shard);
    uint32_t docs = shard_doc_count(segment->shard), deleted = 0;
    for (doc_id d = 0; d < docs;) {
        bool all = true;
        doc_id end = d;
        for (; end < docs && (end == d || (groups && groups[end] == groups[d])); end++)
            all = all && (segment->tombstones[end / 64] >> (end % 64) & 1);
        deleted += all;
        d = end;
    }
    return deleted;
}

static void make_snapshot(struct world *w)
{
    for (size_t s = 0; s < w->segment_count; s++) {
        uint32_t deleted = 0;
        for (uint32_t i = 0; i < shard_doc_count(w->segments[s].shard) / 64 + 1; i++)
            deleted += (uint32_t)__builtin_popcountll(w->segments[s].tombstones[i]);
        w->views[s] = (struct segment){.shard = w->segments[s].shard,
                                       .tombstones = deleted ? w->segments[s].tombstones : NULL,
                                       .deleted_docs = deleted,
                                       .deleted_groups = deleted_groups(&w->segments[s]),
                                       .is_delta = w->segments[s].is_delta};
    }
    w->snapshot = (struct snapshot){.index_name = STR("products"),
                                    .settings = w->settings,
                                    .analyzer = w->analyzer,
                                    .dictionary = w->dictionary,
                                    .attr_count = dictionary_attr_count(w->dictionary),
                                    .segments = w->views,
                                    .segment_count = (uint32_t)w->segment_count};
    snapshot_statistics(&w->snapshot);
}

void world_make(struct world *w, uint64_t seed)
{
    struct error err;
    memset(w, 0, sizeof(*w));
    w->random = seed * 0x9e3779b97f4a7c15ull + 1;
    arena_init(&w->arena, 0);
    if (settings_parse(&w->settings, str_from(settings_text), NULL, &err) != STATUS_OK ||
        analyzer_open(&w->analyzer, &(struct analyzer_options){.language = "en"}, &err) != STATUS_OK) {
        fprintf(stderr, "world: %s\n", err.message);
        abort();
    }
    w->dictionary = dictionary_new(w->settings);
    oracle_init(&w->oracle, w->settings, w->analyzer);
    make_base(w, 1 + world_random(w, 4), world_chance(w, 10) ? world_random(w, 3) : 10 + world_random(w, 120));
    uint32_t deltas = world_random(w, 4);
    for (uint32_t i = 0; i < deltas; i++)
        make_delta(w);
    if (world_chance(w, 80))
        change_in_place(w);
    make_snapshot(w);
}

void world_release(struct world *w)
{
    for (size_t s = 0; s < w->segment_count; s++) {
        shard_close(w->segments[s].shard);
        free(w->segments[s].tombstones);
        vec_release(&w->segments[s].docs);
    }
    oracle_release(&w->oracle);
    dictionary_free(w->dictionary);
    analyzer_close(w->analyzer);
    settings_free(w->settings);
    arena_release(&w->arena);
}
