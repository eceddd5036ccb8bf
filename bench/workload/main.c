/* aisle-workload: the products, searches and updates that the benchmarks run, as plain files that any engine reads. */
#include <stdio.h>

#include "bench/workload/mixes.h"
#include "bench/workload/text.h"
#include "data/output.h"
#include "data/random.h"
#include "data/workload.h"
#include "indexer/base/clock.h"
#include "indexer/base/hash.h"
#include "indexer/base/options.h"

enum { TITLE_WORDS = 7, DESCRIPTION_WORDS = 52 };

struct arguments {
    int64_t products, seed, queries, updates, stores;
    const char *dir;
    bool titles;
};

struct product {
    struct buf title, description, brand, category, color, size, material;
};

static enum status arguments_parse(struct arguments *a, int argc, char **argv, struct error *err)
{
    const struct option_row rows[] = {
        {"products", OPTION_INT, &a->products, "N", 1, (int64_t)CATALOG_ITEMS_MAX, NULL, "products"},
        {"seed", OPTION_INT, &a->seed, "S", 0, INT32_MAX, NULL, "another seed, another workload"},
        {"queries", OPTION_INT, &a->queries, "N", 1, INT32_MAX, NULL, "draws of each mix"},
        {"updates", OPTION_INT, &a->updates, "N", 0, INT32_MAX, NULL, "stock and price updates"},
        {"stores", OPTION_INT, &a->stores, "N", 0, 10000, NULL,
         "stores s0, s1, ...; each has 5 % of the products, and there is a price list l0, l1, ... for 20 of them, each "
         "with 10 %; stores.json has the settings"},
        {"titles", OPTION_FLAG, &a->titles, NULL, 0, 0, NULL, "products without descriptions"},
        {"dir", OPTION_TEXT, &a->dir, "DIR", 0, 0, NULL, "where the files go; made when it is not there"},
    };
    const struct options options = {.usage = "aisle-workload --products N --dir DIR [options]",
                                    .about = "Writes the benchmarks' files. The same options give the same bytes.",
                                    .rows = rows,
                                    .row_count = sizeof rows / sizeof rows[0]};
    int positional = 0;
    enum status status = options_parse(&options, argc, argv, &positional, err);

    if (status == STATUS_OK && positional)
        status = error_set(err, STATUS_INPUT, "'%s': no such argument; see --help", argv[1]);
    if (status == STATUS_OK && !a->dir)
        status = error_set(err, STATUS_INPUT, "--dir is needed; see --help");
    return status;
}

static void product_of(const struct item *item, bool with_description, struct product *p)
{
    struct buf *all[] = {&p->title, &p->description, &p->brand, &p->category, &p->color, &p->size, &p->material};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_clear(all[i]);
    text_flatten(item->title, TITLE_WORDS, &p->title);
    if (with_description)
        text_flatten(item->description, DESCRIPTION_WORDS, &p->description);
    text_flatten(item->brand, 0, &p->brand);
    text_flatten_path(item->category, &p->category);
    text_flatten(item->color, 0, &p->color);
    text_flatten(item->size, 0, &p->size);
    text_flatten(item->material, 0, &p->material);
}

static void product_release(struct product *p)
{
    struct buf *all[] = {&p->title, &p->description, &p->brand, &p->category, &p->color, &p->size, &p->material};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_release(all[i]);
}

static void member(const char *name, const struct buf *value, struct buf *out)
{
    if (value->size)
        buf_printf(out, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(*value));
}

static enum status open_in(struct output *o, const struct arguments *a, const char *name, struct error *err)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", a->dir, name);
    return output_open(o, path, err);
}

enum { STORE_SHARE = 20, LIST_SHARE = 10, STORES_A_LIST = 20 };

/* What a product has in stores and lists: every so-manyth from somewhere on. */
static void write_cells(uint64_t number, int64_t stores, struct buf *out)
{
    uint64_t state = random_mix(number + 0x63656c6c73);
    uint64_t lists = (uint64_t)stores / STORES_A_LIST;
    uint64_t first = state % (uint64_t)stores, step = 1 + 2 * (state >> 32 & 127);

    buf_literal(out, ",\"stores\":{");
    for (uint64_t k = 0; k < (uint64_t)stores / STORE_SHARE; k++)
        buf_printf(out, "%s\"s%llu\":%u", k ? "," : "", (unsigned long long)((first + k * step) % (uint64_t)stores),
                   (unsigned)((7 * k + number) % 4));
    buf_literal(out, "},\"prices\":{");
    for (uint64_t k = 0; k < lists / LIST_SHARE; k++)
        buf_printf(out, "%s\"l%llu\":%u.5", k ? "," : "", (unsigned long long)((number + 7 * k) % lists),
                   (unsigned)(10 + (number + k) % 90));
    buf_literal(out, "}");
}

static enum status write_stores(const struct arguments *a, struct error *err)
{
    struct output out = {0};
    enum status status = open_in(&out, a, "stores.json", err);

    buf_literal(&out.buf, "{\"stores\":[");
    for (int64_t i = 0; i < a->stores; i++)
        buf_printf(&out.buf, "%s\"s%lld\"", i ? "," : "", (long long)i);
    buf_literal(&out.buf, "],\"priceLists\":[");
    for (int64_t i = 0; i < a->stores / STORES_A_LIST; i++)
        buf_printf(&out.buf, "%s\"l%lld\"", i ? "," : "", (long long)i);
    buf_literal(&out.buf, "]}\n");
    if (status == STATUS_OK)
        status = output_flush(&out, err);
    output_close(&out);
    return status;
}

static void write_json(const struct item *item, const struct product *p, int64_t stores, struct buf *out)
{
    buf_printf(out, "{\"objectID\":\"" STR_FMT "\"", STR_ARG(item->id));
    member("title", &p->title, out);
    member("description", &p->description, out);
    member("brand", &p->brand, out);
    member("category", &p->category, out);
    member("color", &p->color, out);
    member("size", &p->size, out);
    member("material", &p->material, out);
    buf_printf(out, ",\"price\":%lld.%02d,\"quantity\":%u,\"popularity\":%u", (long long)(item->price_cents / 100),
               (int)(item->price_cents % 100), item->quantity, item->popularity);
    if (stores)
        write_cells(hash64(item->id.data, item->id.size), stores, out);
    buf_literal(out, "}\n");
}

static void write_tsv(const struct item *item, const struct product *p, struct buf *out)
{
    const struct buf *fields[] = {&p->title, &p->description, &p->brand,   &p->category,
                                  &p->color, &p->size,        &p->material};

    buf_append_str(out, item->id);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        buf_append_char(out, '\t');
        buf_append_str(out, buf_str(fields[i]));
    }
    buf_printf(out, "\t%lld\t%u\t%u\n", (long long)item->price_cents, item->quantity, item->popularity);
}

static struct catalog *catalog_of(const struct arguments *a)
{
    int64_t date_ms = 0;

    (void)clock_parse(STR("2026-11-23"), &date_ms);
    return catalog_new(&(struct catalog_options){(uint64_t)a->products, (uint64_t)a->seed, date_ms});
}

static enum status write_products(const struct arguments *a, struct error *err)
{
    struct catalog *c = catalog_of(a);
    struct output json = {0}, tsv = {0};
    struct product p = {.title = BUF_EMPTY};
    struct item item;
    enum status status = open_in(&json, a, "products.ndjson", err);

    if (status == STATUS_OK)
        status = open_in(&tsv, a, "products.tsv", err);
    while (status == STATUS_OK && catalog_next(c, &item)) {
        product_of(&item, !a->titles, &p);
        write_json(&item, &p, a->stores, &json.buf);
        write_tsv(&item, &p, &tsv.buf);
        status = output_drain(&json, err);
        if (status == STATUS_OK)
            status = output_drain(&tsv, err);
    }
    if (status == STATUS_OK)
        status = output_flush(&json, err);
    if (status == STATUS_OK)
        status = output_flush(&tsv, err);
    output_close(&json);
    output_close(&tsv);
    product_release(&p);
    catalog_free(c);
    return status;
}

static enum status write_mix(const struct arguments *a, enum mix mix, struct catalog *c, struct error *err)
{
    char name[64];
    uint64_t state = random_mix((uint64_t)a->seed * 64 + (uint64_t)mix + 0x6d69786573);
    struct output out = {0};
    (void)snprintf(name, sizeof name, "%s.tsv", mix_names[mix]);
    enum status status = open_in(&out, a, name, err);

    for (int64_t i = 0; i < a->queries && status == STATUS_OK; i++) {
        mix_draw(mix, c, &state, &out.buf);
        status = output_drain(&out, err);
    }
    if (status == STATUS_OK)
        status = output_flush(&out, err);
    output_close(&out);
    return status;
}

static enum status write_updates(const struct arguments *a, struct catalog *c, struct error *err)
{
    uint64_t state = random_mix((uint64_t)a->seed + 0x757064);
    struct output out = {0};
    enum status status = open_in(&out, a, "updates.ndjson", err);

    for (int64_t i = 0; i < a->updates && status == STATUS_OK; i++) {
        workload_update(c, &state, &out.buf);
        status = output_drain(&out, err);
    }
    if (status == STATUS_OK)
        status = output_flush(&out, err);
    output_close(&out);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments a = {.products = 100000, .seed = 1, .queries = 1000, .updates = 100000};
    struct error err = {0};
    enum status status = arguments_parse(&a, argc, argv, &err);

    if (status == STATUS_OK)
        status = dir_make(a.dir, &err);
    if (status == STATUS_OK)
        status = write_products(&a, &err);
    if (status == STATUS_OK && a.stores)
        status = write_stores(&a, &err);
    if (status == STATUS_OK) {
        struct catalog *c = catalog_of(&a);
        for (int mix = 0; mix < MIX_COUNT && status == STATUS_OK; mix++)
            status = write_mix(&a, (enum mix)mix, c, &err);
        if (status == STATUS_OK)
            status = write_updates(&a, c, &err);
        catalog_free(c);
    }
    if (status != STATUS_OK)
        fprintf(stderr, "aisle-workload: %s\n", err.message);
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 3;
}
