/*
 * Shards built of random objects, read back and compared with what the objects say: the model walks the objects itself
 * and looks at every term, fact, position, length, facet value, number, key, group and stored object.
 */
#include "indexer/build/shard_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/base/vec.h"
#include "indexer/shard/identifier.h"
#include "indexer/shard/shard.h"
#include "indexer/shard/snapshot.h"
#include "tests/support/random.h"
#include "tests/support/temporary.h"

#define SIDE 15

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title\",\"brand,maker.name\",\"*\"],\"languages\":[\"en\"],"
    "\"attributesForFaceting\":[\"searchable(brand)\",\"color\",\"hierarchical(category)\",\"numeric(width)\",\"sale\","
    "\"rare\",\"in_stock\"],"
    "\"roles\":{\"category\":\"category\",\"price\":\"price\",\"quantity\":\"quantity\",\"availability\":"
    "\"availability\",\"popularity\":\"popularity\"},\"identifiers\":[\"sku\"],\"customRanking\":[\"desc(popularity)\"]"
    "}";

static const char *const WORDS[] = {"red",    "trail",  "shoe",    "shoes",  "WH-1000XM4", "5.5mm", "running", "for",
                                    "the",    "drill",  "18V/20V", "a",      "caf\u00e9",  "lamp",  "desk",    "x9",
                                    "jacket", "jacket", "cable",   "USB-C",  "mouse",      "pad",   "pro",     "max",
                                    "mini",   "ultra",  "t-shirt", "Levi's", "cotton",     "wool",  "steel",   "oak"};

struct fixture {
    struct settings *settings;
    struct analyzer *analyzer;
    struct analysis *analysis;
    struct dictionary *dictionary;
    struct arena arena;
    struct json *objects;
    size_t count;
};

static void fixture_open(struct fixture *f)
{
    struct error err = {0};

    *f = (struct fixture){0};
    arena_init(&f->arena, 0);
    assert_int_equal(settings_parse(&f->settings, STR(SETTINGS), NULL, &err), STATUS_OK);
    assert_int_equal(analyzer_open(&f->analyzer, &(struct analyzer_options){.language = "en"}, &err), STATUS_OK);
    f->analysis = analysis_new(f->analyzer);
    f->dictionary = dictionary_new(f->settings);
}

static void fixture_close(struct fixture *f)
{
    dictionary_free(f->dictionary);
    analysis_free(f->analysis);
    analyzer_close(f->analyzer);
    settings_free(f->settings);
    arena_release(&f->arena);
}

/* --- random objects --- */
static void put_words(struct buf *out, struct random *r, unsigned most)
{
    unsigned count = (unsigned)random_below(r, most + 1);

    buf_append_char(out, '"');
    for (unsigned i = 0; i < count; i++) {
        buf_append_str(out, str_from(WORDS[random_below(r, sizeof(WORDS) / sizeof(WORDS[0]))]));
        buf_append_char(out, random_chance(r, 10) ? ',' : ' ');
    }
    buf_append_char(out, '"');
}

static void put_category(struct buf *out, struct random *r)
{
    switch (random_below(r, 5)) {
    case 0:
        buf_printf(out, ",\"category\":\"C%u > D%u\"", (unsigned)random_below(r, 3), (unsigned)random_below(r, 3));
        break;
    case 1:
        buf_printf(out, ",\"category\":[\"C%u > D%u > E%u\",\"C%u\"]", (unsigned)random_below(r, 3),
                   (unsigned)random_below(r, 3), (unsigned)random_below(r, 2), (unsigned)random_below(r, 3));
        break;
    case 2:
        buf_printf(out, ",\"category\":[\"C%u\",\"D%u\"]", (unsigned)random_below(r, 3), (unsigned)random_below(r, 3));
        break;
    case 3:
        buf_printf(out, ",\"category\":\"C%u\"", (unsigned)random_below(r, 3));
        break;
    default:
        break;
    }
}

static void put_object(struct buf *out, struct random *r, size_t i, bool grouped)
{
    static const char *const STOCK[] = {"in stock", "out of stock", "preorder"};

    buf_printf(out, "{\"objectID\":\"id-%zu\",\"title\":", i * 7919 % 100003);
    put_words(out, r, 8);
    if (grouped && random_chance(r, 70))
        buf_printf(out, ",\"item_group_id\":\"g%u\"", (unsigned)random_below(r, 20));
    if (random_chance(r, 90))
        buf_printf(out, ",\"brand\":\"Brand %u\"", (unsigned)random_below(r, 12));
    if (random_chance(r, 30))
        buf_printf(out, ",\"color\":[\"c%u\",\"c%u\"]", (unsigned)random_below(r, 5), (unsigned)random_below(r, 5));
    put_category(out, r);
    if (random_chance(r, 80))
        buf_printf(out, ",\"price\":%u.%02u", (unsigned)random_below(r, 500), (unsigned)random_below(r, 100));
    if (random_chance(r, 50))
        buf_printf(out, ",\"quantity\":%u", (unsigned)random_below(r, 3));
    if (random_chance(r, 50))
        buf_printf(out, ",\"availability\":\"%s\"", STOCK[random_below(r, 3)]);
    if (random_chance(r, 40))
        buf_printf(out, ",\"in_stock\":%s", random_chance(r, 70) ? "true" : "false");
    buf_printf(out, ",\"popularity\":%u", (unsigned)random_below(r, 50));
    if (random_chance(r, 20))
        buf_printf(out, ",\"width\":\"%u.5\"", (unsigned)random_below(r, 9));
    if (random_chance(r, 20))
        buf_printf(out, ",\"sizes\":[{\"eu\":%u},{\"eu\":%u}]", (unsigned)random_below(r, 50),
                   (unsigned)random_below(r, 50));
    if (random_chance(r, 3))
        buf_printf(out, ",\"rare\":\"v%u\",\"score\":-%u.125", (unsigned)random_below(r, 4),
                   (unsigned)random_below(r, 9));
    if (random_chance(r, 50))
        buf_printf(out, ",\"sale\":%s", random_chance(r, 50) ? "true" : "false");
    buf_printf(out, ",\"sku\":\"SKU-%zu\",\"maker\":{\"name\":", i);
    put_words(out, r, 2);
    buf_literal(out, "},\"link\":\"https://example.com/red\",\"text\":[");
    put_words(out, r, 30);
    buf_append_char(out, ',');
    put_words(out, r, 5);
    buf_literal(out, "]}");
}

static void make_objects(struct fixture *f, struct random *r, size_t count, bool grouped)
{
    struct error err = {0};

    f->objects = ARENA_ARRAY(&f->arena, struct json, count + 1);
    f->count = count;
    for (size_t i = 0; i < count; i++) {
        struct buf text = BUF_EMPTY;

        put_object(&text, r, i, grouped);
        assert_int_equal(json_parse(arena_copy(&f->arena, buf_str(&text)), &f->arena, &f->objects[i], &err), STATUS_OK);
        buf_release(&text);
    }
}

static struct shard *build(struct fixture *f, size_t memory_bytes, const char *path)
{
    struct error err = {0};
    struct buf image = BUF_EMPTY;
    struct shard *s = NULL;
    struct shard_builder *b = shard_builder_new(&(struct shard_build_options){.settings = f->settings,
                                                                              .analyzer = f->analyzer,
                                                                              .dictionary = f->dictionary,
                                                                              .memory_bytes = memory_bytes,
                                                                              .temp_dir = "/tmp"});

    for (size_t i = 0; i < f->count; i++)
        assert_int_equal(shard_builder_add(b, &f->objects[i], &err), STATUS_OK);
    assert_int_equal(shard_builder_count(b), f->count);
    if (path) {
        assert_int_equal(shard_builder_finish_file(b, path, &err), STATUS_OK);
        if (shard_verify(path, 1, &err) != STATUS_OK)
            fail_msg("%s", err.message);
        assert_int_equal(shard_open(&s, path, NULL, &err), STATUS_OK);
    } else {
        assert_int_equal(shard_builder_finish(b, &image, &err), STATUS_OK);
        if (shard_open_memory(&s, &image, &err) != STATUS_OK)
            fail_msg("%s", err.message);
    }
    assert_int_equal(shard_builder_count(b), 0);
    shard_builder_free(b);
    return s;
}

/* --- the model of one object's text --- */
struct model_term {
    struct str text;
    uint64_t fact;
    VEC(struct term_position) positions;
};

struct model {
    VEC(struct model_term) terms;
    uint32_t lengths[3];
    uint32_t next[3];
};

static struct model_term *model_term(struct model *m, struct fixture *f, struct str text)
{
    struct model_term added = {0};

    for (size_t i = 0; i < m->terms.count; i++) {
        if (str_equal(m->terms.items[i].text, text))
            return &m->terms.items[i];
    }
    added.text = arena_copy(&f->arena, text);
    vec_push(&m->terms, added);
    return &m->terms.items[m->terms.count - 1];
}

static void model_text(struct model *m, struct fixture *f, unsigned field, struct str text)
{
    const struct token *tokens = NULL;
    size_t count = 0;

    assert_int_equal(analyze(f->analysis, text, &tokens, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct model_term *t = model_term(m, f, tokens[i].text);
        unsigned place = tokens[i].kind == TOKEN_SPLIT ? SIDE : field;
        struct term_position p = {(field_id)field, m->next[field] + tokens[i].position};

        if (fact_frequency(t->fact, (field_id)place) < 15)
            t->fact += UINT64_C(1) << (4 * place);
        if (place == SIDE)
            continue;
        m->lengths[field]++;
        if (t->positions.count == 0 || t->positions.items[t->positions.count - 1].field != p.field ||
            t->positions.items[t->positions.count - 1].position != p.position)
            vec_push(&t->positions, p);
    }
    if (count)
        m->next[field] += tokens[count - 1].position + 100;
}

static void model_strings(struct model *m, struct fixture *f, unsigned field, const struct json *value)
{
    if (!value)
        return;
    if (value->type == JSON_STRING)
        model_text(m, f, field, value->text);
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++)
        model_strings(m, f, field, &value->items[i]);
}

static void model_object(struct model *m, struct fixture *f, const struct json *object)
{
    static const char *const REST[] = {"color", "category", "availability", "width", "rare", "sku", "text"};
    struct buf identifier = BUF_EMPTY;

    model_strings(m, f, 0, json_get(object, "title"));
    model_strings(m, f, 1, json_get(object, "brand"));
    model_strings(m, f, 1, json_get_path(object, STR("maker.name")));
    for (size_t i = 0; i < sizeof(REST) / sizeof(REST[0]); i++)
        model_strings(m, f, 2, json_get(object, REST[i]));
    assert_true(identifier_term(f->analysis, json_get(object, "sku")->text, &identifier));
    (void)model_term(m, f, buf_str(&identifier));
    buf_release(&identifier);
}

static void model_release(struct model *m)
{
    for (size_t i = 0; i < m->terms.count; i++)
        vec_release(&m->terms.items[i].positions);
    vec_release(&m->terms);
}

/* --- comparing --- */
/* The place of a document in a term's list, or UINT32_MAX; *fact is its fact. */
static uint32_t find_posting(const struct shard *s, term_id id, doc_id doc, uint64_t *fact)
{
    uint32_t count = 0, found = UINT32_MAX;
    const uint64_t *facts = shard_facts(s, &count);
    struct postings p;
    doc_id *docs = NULL;
    uint32_t *indexes = NULL;

    shard_postings(s, id, &p);
    docs = xcalloc(p.df, sizeof(*docs));
    indexes = xcalloc(p.df, sizeof(*indexes));
    postings_list(&p, docs, indexes);
    for (uint32_t i = 0; i < p.df; i++) {
        assert_true(indexes[i] < count);
        assert_true(i == 0 || docs[i] > docs[i - 1]);
        if (docs[i] == doc) {
            found = i;
            *fact = facts[indexes[i]];
        }
    }
    free(docs);
    free(indexes);
    return found;
}

static void compare_terms(const struct shard *s, const struct model *m, doc_id doc)
{
    struct error err = {0};

    for (size_t i = 0; i < m->terms.count; i++) {
        const struct model_term *t = &m->terms.items[i];
        struct term_position positions[64];
        struct term term;
        uint64_t fact = 0;
        uint32_t rank = 0, count = 0;

        assert_true(shard_term_find(s, t->text, &term));
        assert_int_equal(shard_check_terms(s, term.id, term.id + 1, &err), STATUS_OK);
        assert_int_equal(shard_check_positions(s, term.id, &err), STATUS_OK);
        rank = find_posting(s, term.id, doc, &fact);
        assert_int_not_equal(rank, UINT32_MAX);
        assert_int_equal(fact, t->fact);
        count = shard_positions(s, term.id, rank, positions, 64);
        assert_int_equal(count, t->positions.count < 64 ? t->positions.count : 64);
        for (uint32_t k = 0; k < count; k++) {
            assert_int_equal(positions[k].field, t->positions.items[k].field);
            assert_int_equal(positions[k].position, t->positions.items[k].position);
        }
    }
}

/* The codes of a document's column, as a list. */
static uint32_t column_codes(const struct facet_column *c, doc_id doc, facet_code *out)
{
    uint32_t count = 0;

    if (c->kind == FACET_COLUMN_U8 && ((const uint8_t *)c->codes)[doc])
        out[count++] = ((const uint8_t *)c->codes)[doc] - 1U;
    else if (c->kind == FACET_COLUMN_U16 && ((const uint16_t *)c->codes)[doc])
        out[count++] = ((const uint16_t *)c->codes)[doc] - 1U;
    else if (c->kind == FACET_COLUMN_U32 && ((const uint32_t *)c->codes)[doc])
        out[count++] = ((const uint32_t *)c->codes)[doc] - 1U;
    if (c->kind == FACET_COLUMN_MULTI) {
        uint32_t list = facet_list(c, doc);

        for (uint32_t i = c->offsets[list]; i < c->offsets[list + 1]; i++)
            out[count++] = c->list[i];
    }
    for (uint32_t i = 0; c->kind == FACET_COLUMN_SPARSE && i < c->list_count; i++) {
        if (c->docs[i] == doc)
            out[count++] = c->list[i];
    }
    return count;
}

static bool has_value(struct fixture *f, const struct shard *s, const char *name, struct str value, doc_id doc)
{
    attr_id attr = dictionary_attr_find(f->dictionary, str_from(name));
    facet_code code = dictionary_value_find(f->dictionary, attr, value), codes[64];
    uint32_t count = column_codes(shard_facet_column(s, attr), doc, codes);
    struct docset set;
    bool found = false;

    assert_int_not_equal(code, FACET_NONE);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(i == 0 || codes[i] > codes[i - 1]);
        found |= codes[i] == code;
    }
    assert_true(shard_facet_set(s, attr, code, &set));
    assert_int_equal(docset_contains(&set, doc), found);
    return found;
}

static void compare_strings(struct fixture *f, const struct shard *s, const char *name, const struct json *value,
                            doc_id doc)
{
    struct error err = {0};
    facet_code codes[64];
    attr_id attr = dictionary_attr_find(f->dictionary, str_from(name));

    assert_int_equal(shard_check_attribute(s, attr, &err), STATUS_OK);
    if (!value)
        assert_int_equal(column_codes(shard_facet_column(s, attr), doc, codes), 0);
    else if (value->type == JSON_ARRAY)
        for (uint32_t i = 0; i < value->count; i++)
            assert_true(has_value(f, s, name, value->items[i].text, doc));
    else
        assert_true(has_value(f, s, name,
                              value->type == JSON_STRING ? value->text
                              : value->type == JSON_TRUE ? STR("true")
                                                         : STR("false"),
                              doc));
}

static void compare_category(struct fixture *f, const struct shard *s, const struct json *value, doc_id doc)
{
    char node[64];
    facet_code codes[64];
    attr_id attr = dictionary_attr_find(f->dictionary, STR("category"));

    if (!value) {
        assert_int_equal(column_codes(shard_facet_column(s, attr), doc, codes), 0);
    } else if (value->type == JSON_STRING) {
        assert_true(has_value(f, s, "category", value->text, doc));
        assert_true(has_value(f, s, "category", str_slice(value->text, 0, 2), doc));
    } else if (value->items[0].text.size == 2) {
        snprintf(node, sizeof(node), "%.2s > %.2s", value->items[0].text.data, value->items[1].text.data);
        assert_true(has_value(f, s, "category", str_from(node), doc));
        assert_true(has_value(f, s, "category", value->items[0].text, doc));
    } else {
        assert_true(has_value(f, s, "category", value->items[0].text, doc));
        assert_true(has_value(f, s, "category", str_slice(value->items[0].text, 0, 7), doc));
        assert_true(has_value(f, s, "category", value->items[1].text, doc));
    }
}

static void compare_number(struct fixture *f, const struct shard *s, const char *name, const struct json *value,
                           doc_id doc)
{
    attr_id attr = dictionary_attr_find(f->dictionary, str_from(name));
    const struct number_column *c = shard_number_column(s, attr);
    struct error err = {0};
    int64_t wanted = 0;

    if (attr == ATTR_NONE) {
        assert_null(value);
        return;
    }
    assert_int_equal(shard_check_attribute(s, attr, &err), STATUS_OK);
    if (!value) {
        assert_int_equal(number_of_doc(c, doc), NUMBER_MISSING);
        return;
    }
    assert_int_not_equal(number_index(c, doc), NUMBER_NO_CELL);
    assert_true(number_cell_of_text(c, value->text, &wanted));
    assert_int_equal(number_of_doc(c, doc), wanted);
}

static void compare_sizes(struct fixture *f, const struct shard *s, const struct json *value, doc_id doc)
{
    attr_id attr = dictionary_attr_find(f->dictionary, STR("sizes.eu"));
    const struct number_column *c = shard_number_column(s, attr);

    if (c->kind != NUMBER_COLUMN_MULTI)
        return;
    assert_int_equal(c->offsets[doc + 1] - c->offsets[doc], value ? 2 : 0);
    for (uint32_t i = 0; value && i < 2; i++) {
        double number = 0;

        assert_true(json_double(json_get(&value->items[i], "eu"), &number));
        assert_true(number_as_double(c, number_load(&c->cells[c->offsets[doc]])) == number ||
                    number_as_double(c, number_load(&c->cells[c->offsets[doc] + 1])) == number);
    }
}

static void compare_stock(const struct shard *s, const struct json *object, doc_id doc)
{
    const struct json *quantity = json_get(object, "quantity"), *said = json_get(object, "availability");
    const struct json *flag = json_get(object, "in_stock");
    bool available = !(said && str_equal(said->text, STR("out of stock"))) && !(flag && flag->type == JSON_FALSE);
    bool in_stock = available && (!quantity || !str_equal(quantity->text, STR("0")));

    assert_int_equal(shard_available_bits(s)[doc / 64] >> (doc & 63) & 1, available);
    assert_int_equal(shard_in_stock_bits(s)[doc / 64] >> (doc & 63) & 1, in_stock);
}

/* The object comes back as it was, but for in_stock, which is the flag. */
static void compare_stored(const struct snapshot *snapshot, struct fixture *f, const struct json *object, doc_id doc)
{
    struct json back, wanted = json_clone(object, &f->arena);
    struct buf a = BUF_EMPTY, b = BUF_EMPTY;
    struct error err = {0};
    const struct json *price = json_get(&wanted, "price");
    bool flag = shard_in_stock_bits(snapshot->segments[0].shard)[doc / 64] >> (doc & 63) & 1;

    if (json_get(&wanted, "in_stock"))
        assert_true(json_object_set(&wanted, STR("in_stock"), json_of_bool(flag), &f->arena));
    if (price) { /* the column gives the shortest form: 12.50 is 12.5 */
        double number = 0;

        assert_true(json_double(price, &number));
        assert_true(json_object_set(&wanted, STR("price"), json_of_double(number, &f->arena), &f->arena));
    }
    assert_int_equal(snapshot_object(snapshot, 0, doc, &f->arena, &back, &err), STATUS_OK);
    json_write(&a, &wanted);
    json_write(&b, &back);
    buf_append_char(&a, '\0');
    buf_append_char(&b, '\0');
    assert_string_equal(a.data, b.data);
    buf_release(&a);
    buf_release(&b);
}

static void compare_object(struct fixture *f, const struct snapshot *snapshot, const struct json *object,
                           uint64_t *term_sum)
{
    const struct shard *s = snapshot->segments[0].shard;
    struct model m = {0};
    struct str id, group = object_group(f->settings, object);
    doc_id doc = DOC_NONE, first = shard_find_group(s, group);
    uint32_t stride = 0;
    const uint8_t *lengths = shard_lengths(s, &stride);

    assert_true(object_id(object, &id));
    doc = shard_find(s, id);
    assert_int_not_equal(doc, DOC_NONE);
    assert_true(str_equal(shard_object_id(s, doc), id));
    assert_true(first <= doc);
    if (shard_groups(s))
        assert_int_equal(shard_groups(s)[first], shard_groups(s)[doc]);
    model_object(&m, f, object);
    compare_terms(s, &m, doc);
    *term_sum += m.terms.count;
    assert_int_equal(stride, 3);
    for (int field = 0; field < 3; field++)
        assert_int_equal(lengths[doc * stride + (unsigned)field], length_encode(m.lengths[field]));
    compare_strings(f, s, "brand", json_get(object, "brand"), doc);
    compare_strings(f, s, "color", json_get(object, "color"), doc);
    compare_strings(f, s, "sale", json_get(object, "sale"), doc);
    compare_strings(f, s, "rare", json_get(object, "rare"), doc);
    compare_category(f, s, json_get(object, "category"), doc);
    compare_number(f, s, "price", json_get(object, "price"), doc);
    compare_number(f, s, "quantity", json_get(object, "quantity"), doc);
    compare_number(f, s, "popularity", json_get(object, "popularity"), doc);
    compare_number(f, s, "width", json_get(object, "width"), doc);
    compare_number(f, s, "score", json_get(object, "score"), doc);
    compare_sizes(f, s, json_get(object, "sizes"), doc);
    compare_stock(s, object, doc);
    compare_stored(snapshot, f, object, doc);
    model_release(&m);
}

static void compare_prefixes(const struct shard *s)
{
    static const char *const PREFIXES[] = {"s", "t", "j", "ca", "u", "p"};

    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
        term_id first = 0, end = 0;
        uint64_t sum = 0, counted = 0;
        struct buf text = BUF_EMPTY;

        shard_term_prefix(s, str_from(PREFIXES[i]), &first, &end, &sum);
        for (term_id id = 0; id < shard_term_count(s); id++) {
            buf_clear(&text);
            shard_term_text(s, id, &text);
            assert_int_equal(str_starts_with(buf_str(&text), str_from(PREFIXES[i])), id >= first && id < end);
            counted += id >= first && id < end ? shard_term_df(s, id) : 0;
        }
        assert_int_equal(sum, counted);
        buf_release(&text);
    }
}

static void compare_order(const struct shard *s)
{
    const uint32_t *ranks = shard_id_ranks(s), *groups = shard_groups(s);

    for (doc_id d = 1; d < shard_doc_count(s); d++) {
        int order = str_compare(shard_object_id(s, d - 1), shard_object_id(s, d));

        assert_int_equal(order < 0, ranks[d - 1] < ranks[d]);
        assert_true(!groups || groups[d] == groups[d - 1] || groups[d] == groups[d - 1] + 1);
        assert_true(!groups || groups[d] != groups[d - 1] || order < 0);
    }
}

static void compare_all(struct fixture *f, struct shard *s)
{
    uint64_t postings = 0, wanted = 0;
    struct snapshot *snapshot = snapshot_of_shards(&(struct snapshot_parts){
        .settings = f->settings, .analyzer = f->analyzer, .dictionary = f->dictionary, .shards = &s, .shard_count = 1});

    assert_int_equal(shard_doc_count(s), f->count);
    for (size_t i = 0; i < f->count; i++)
        compare_object(f, snapshot, &f->objects[i], &wanted);
    for (term_id id = 0; id < shard_term_count(s); id++)
        postings += shard_term_df(s, id);
    assert_int_equal(postings, wanted); /* and none that the objects do not have */
    compare_prefixes(s);
    compare_order(s);
    assert_int_equal(snapshot->live_docs, f->count);
    snapshot_free(snapshot);
}

static void test_random_objects(void **state)
{
    struct random r = random_start("shard_build");

    (void)state;
    for (size_t round = 0; round < random_rounds(14, 100); round++) {
        static const size_t MEMORY[] = {0, 1 << 30, 0, 4096}; /* 0: no threads; little: by way of files */
        struct fixture f;
        struct shard *s = NULL;
        size_t count = round == 0 ? 0 : round == 1 ? 1 : 1 + random_below(&r, round < 8 ? 80 : 900);
        bool file = round % 3 == 2;
        struct temporary place = temporary_of("shard-build");
        const char *path = place.path;

        fixture_open(&f);
        make_objects(&f, &r, count, round % 2);
        s = build(&f, MEMORY[round % 4], file ? path : NULL);
        compare_all(&f, s);
        shard_close(s);
        if (file)
            unlink(path);
        fixture_close(&f);
    }
}

static void test_order_of_arrival_does_not_matter(void **state)
{
    struct random r = random_of_seed(7);
    struct fixture f;
    struct shard *a = NULL, *b = NULL;

    (void)state;
    fixture_open(&f);
    make_objects(&f, &r, 200, false);
    a = build(&f, 0, NULL);
    for (size_t i = 0; i < f.count / 2; i++) {
        struct json swap = f.objects[i];

        f.objects[i] = f.objects[f.count - 1 - i];
        f.objects[f.count - 1 - i] = swap;
    }
    b = build(&f, 0, NULL);
    for (doc_id d = 0; d < 200; d++)
        assert_true(str_equal(shard_object_id(a, d), shard_object_id(b, d)));
    shard_close(a);
    shard_close(b);
    fixture_close(&f);
}

static void test_wrong_objects_change_nothing(void **state)
{
    static const char *const WRONG[] = {"{}", "{\"objectID\":true}", "{\"objectID\":\"\"}", "[1]",
                                        "{\"objectID\":[1]}"};
    struct fixture f;
    struct error err = {0};
    struct buf image = BUF_EMPTY;
    struct shard_builder *b = NULL;

    (void)state;
    fixture_open(&f);
    b = shard_builder_new(
        &(struct shard_build_options){.settings = f.settings, .analyzer = f.analyzer, .dictionary = f.dictionary});
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        struct json object;

        assert_int_equal(json_parse(str_from(WRONG[i]), &f.arena, &object, &err), STATUS_OK);
        assert_int_equal(shard_builder_add(b, &object, &err), STATUS_INPUT);
        assert_non_null(strstr(err.message, "objectID"));
    }
    assert_int_equal(shard_builder_count(b), 0);
    assert_int_equal(shard_builder_finish(b, &image, &err), STATUS_OK);
    buf_release(&image);
    shard_builder_free(b);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_objects),
        cmocka_unit_test(test_order_of_arrival_does_not_matter),
        cmocka_unit_test(test_wrong_objects_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
