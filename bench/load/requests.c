#include "bench/load/requests.h"

#include <stdio.h>

#include "indexer/base/file.h"
#include "indexer/base/json.h"

enum { BULK_ITEMS = 1000, STREAM_ITEMS = 100000 };

struct maker {
    struct load_requests *out;
    struct buf body;
    struct arena arena;
    size_t pending; /* lines in the body of a bulk request */
};

struct mix {
    const char *name, *file;
    void (*make)(struct maker *m, struct str line);
    size_t items;
};

static void finish(struct maker *m, const char *method, struct str path)
{
    struct buf *out = &m->out->bytes;

    buf_printf(out, "%s " STR_FMT " HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, STR_ARG(path));
    buf_printf(out, "x-algolia-application-id: bench\r\nx-algolia-api-key: bench\r\nContent-Length: %zu\r\n\r\n",
               m->body.size);
    buf_append_str(out, buf_str(&m->body));
    vec_push(&m->out->ends, out->size);
    buf_clear(&m->body);
}

/* --- searches: lines of text, category, brand, lowest and highest price --- */

struct fields {
    struct str text, category, brand, low, high;
};

static struct fields fields_of(struct str line)
{
    struct fields f;

    f.text = str_split(&line, '\t');
    f.category = str_split(&line, '\t');
    f.brand = str_split(&line, '\t');
    f.low = str_split(&line, '\t');
    f.high = str_split(&line, '\t');
    return f;
}

static void append_price(struct buf *out, struct str cents)
{
    uint64_t value = 0;

    (void)str_to_u64(cents, &value);
    buf_printf(out, "%llu.%02u", (unsigned long long)(value / 100), (unsigned)(value % 100));
}

static void append_filters(struct buf *out, const struct fields *f, bool with_brand)
{
    size_t level = 0;

    for (size_t i = 0; i < f->category.size; i++)
        level += f->category.data[i] == '>';
    if (f->category.size || (with_brand && f->brand.size)) {
        buf_literal(out, ",\"facetFilters\":[");
        if (f->category.size)
            buf_printf(out, "[\"category.lvl%zu:" STR_FMT "\"]", level, STR_ARG(f->category));
        if (with_brand && f->brand.size)
            buf_printf(out, "%s[\"brand:" STR_FMT "\"]", f->category.size ? "," : "", STR_ARG(f->brand));
        buf_literal(out, "]");
    }
    if (f->low.size) {
        buf_literal(out, ",\"numericFilters\":[\"price>=");
        append_price(out, f->low);
        buf_literal(out, "\",\"price<=");
        append_price(out, f->high);
        buf_literal(out, "\"]");
    }
}

static void make_instantsearch(struct maker *m, struct str line)
{
    struct fields f = fields_of(line);

    buf_printf(&m->body,
               "{\"requests\":[{\"indexName\":\"products\",\"query\":\"" STR_FMT "\",\"page\":0,\"hitsPerPage\":20,"
               "\"maxValuesPerFacet\":10,\"facets\":[\"brand\",\"category.lvl1\",\"color\",\"size\",\"material\"],"
               "\"highlightPreTag\":\"__ais-highlight__\",\"highlightPostTag\":\"__/ais-highlight__\"",
               STR_ARG(f.text));
    append_filters(&m->body, &f, true);
    buf_literal(&m->body, "}");
    if (f.brand.size) {
        buf_printf(&m->body,
                   ",{\"indexName\":\"products\",\"query\":\"" STR_FMT "\",\"page\":0,\"hitsPerPage\":0,"
                   "\"maxValuesPerFacet\":10,\"analytics\":false,\"facets\":\"brand\"",
                   STR_ARG(f.text));
        append_filters(&m->body, &f, false);
        buf_literal(&m->body, "}");
    }
    buf_literal(&m->body, "]}");
    finish(m, "POST", STR("/1/indexes/*/queries"));
}

static void make_hits(struct maker *m, struct str line)
{
    struct fields f = fields_of(line);

    buf_printf(&m->body,
               "{\"query\":\"" STR_FMT "\",\"hitsPerPage\":20,\"attributesToRetrieve\":[\"title\",\"brand\",\"price\"],"
               "\"attributesToHighlight\":[]",
               STR_ARG(f.text));
    append_filters(&m->body, &f, true);
    buf_literal(&m->body, "}");
    finish(m, "POST", STR("/1/indexes/products/query"));
}

/* What a store has, and what any has: the same searches, with a store of s0 to s999. */
static void append_in_stock(struct maker *m, struct str line, bool store)
{
    struct fields f = fields_of(line);

    buf_printf(&m->body,
               "{\"query\":\"" STR_FMT "\",\"hitsPerPage\":20,\"attributesToRetrieve\":[\"title\",\"brand\",\"price\"],"
               "\"attributesToHighlight\":[],\"filters\":\"in_stock:true\"",
               STR_ARG(f.text));
    if (store)
        buf_printf(&m->body, ",\"store\":\"s%zu\"", m->out->ends.count * 7 % 1000);
    buf_literal(&m->body, "}");
    finish(m, "POST", STR("/1/indexes/products/query"));
}

static void make_instock(struct maker *m, struct str line)
{
    append_in_stock(m, line, false);
}

static void make_store(struct maker *m, struct str line)
{
    append_in_stock(m, line, true);
}

static void make_suggest(struct maker *m, struct str line)
{
    struct fields f = fields_of(line);

    buf_printf(&m->body, "{\"query\":\"" STR_FMT "\",\"hitsPerPage\":10,\"products\":0}", STR_ARG(f.text));
    finish(m, "POST", STR("/1/indexes/products/suggest"));
}

/* --- writes: lines {"action":"partialUpdateObject","body":{"objectID":...}} and whole products --- */

static void make_update(struct maker *m, struct str line)
{
    struct json update, body;
    struct str id;
    struct error err;

    arena_reset(&m->arena);
    if (json_parse(line, &m->arena, &update, &err) != STATUS_OK || !json_get(&update, "body"))
        fatal("a wrong update: " STR_FMT, STR_ARG(line));
    body = *json_get(&update, "body");
    if (!json_string(json_get(&body, "objectID"), &id))
        fatal("an update without objectID: " STR_FMT, STR_ARG(line));
    json_object_remove(&body, STR("objectID"));
    json_write(&m->body, &body);
    finish(m, "POST", arena_printf(&m->arena, "/1/indexes/products/" STR_FMT "/partial", STR_ARG(id)));
}

static void add_line(struct maker *m, struct str before, struct str line, struct str behind)
{
    buf_append_str(&m->body, m->pending ? STR(",") : STR("{\"requests\":["));
    buf_append_str(&m->body, before);
    buf_append_str(&m->body, line);
    buf_append_str(&m->body, behind);
    if (++m->pending == BULK_ITEMS) {
        buf_literal(&m->body, "]}");
        finish(m, "POST", STR("/1/indexes/products/batch"));
        m->pending = 0;
    }
}

static void make_bulk(struct maker *m, struct str line)
{
    add_line(m, STR(""), line, STR(""));
}

/* One update as a line of the inventory lane. */
static void append_lane(struct maker *m, struct str line)
{
    struct json update, body;
    struct error err;

    arena_reset(&m->arena);
    if (json_parse(line, &m->arena, &update, &err) != STATUS_OK || !json_get(&update, "body"))
        fatal("a wrong update: " STR_FMT, STR_ARG(line));
    body = *json_get(&update, "body");
    buf_literal(&m->body, "{\"objectID\":");
    json_write(&m->body, json_get(&body, "objectID"));
    json_object_remove(&body, STR("objectID"));
    buf_literal(&m->body, ",\"set\":");
    json_write(&m->body, &body);
    buf_literal(&m->body, "}\n");
}

static void make_inventory(struct maker *m, struct str line)
{
    append_lane(m, line);
    finish(m, "POST", STR("/1/indexes/products/inventory"));
}

static void make_stream(struct maker *m, struct str line)
{
    append_lane(m, line);
    if (++m->pending == STREAM_ITEMS) {
        finish(m, "POST", STR("/1/indexes/products/inventory"));
        m->pending = 0;
    }
}

static void make_objects(struct maker *m, struct str line)
{
    size_t title = str_find(line, STR("\"title\":\""));
    struct buf changed = BUF_EMPTY;

    if (title == SIZE_MAX)
        return;
    title += sizeof("\"title\":\"") - 1;
    buf_append(&changed, line.data, title);
    buf_literal(&changed, "renewed ");
    buf_append(&changed, line.data + title, line.size - title);
    add_line(m, STR("{\"action\":\"addObject\",\"body\":"), buf_str(&changed), STR("}"));
    buf_release(&changed);
}

static void make_health(struct maker *m, struct str line)
{
    (void)line;
    finish(m, "GET", STR("/health"));
}

static const struct mix MIXES[] = {
    {"instantsearch", "search.tsv", make_instantsearch, 1},
    {"typing", "typing.tsv", make_instantsearch, 1},
    {"hits", "search.tsv", make_hits, 1},
    {"instock", "search.tsv", make_instock, 1},
    {"store", "search.tsv", make_store, 1},
    {"browseinstock", "all.tsv", make_instock, 1},
    {"browsestore", "all.tsv", make_store, 1},
    {"suggest", "prefix.tsv", make_suggest, 1},
    {"update", "updates.ndjson", make_update, 1},
    {"bulk", "updates.ndjson", make_bulk, BULK_ITEMS},
    {"inventory", "updates.ndjson", make_inventory, 1},
    {"stream", "updates.ndjson", make_stream, STREAM_ITEMS},
    {"objects", "products.ndjson", make_objects, BULK_ITEMS},
    {"health", "all.tsv", make_health, 1},
};

enum status load_requests_make(struct load_requests *out, const char *mix, const char *workload_dir, size_t limit,
                               struct error *err)
{
    const struct mix *found = NULL;
    struct maker m = {.out = out};
    struct buf text = BUF_EMPTY;
    char path[4096];

    *out = (struct load_requests){.items = 1};
    for (size_t i = 0; i < sizeof(MIXES) / sizeof(MIXES[0]); i++) {
        if (strcmp(MIXES[i].name, mix) == 0)
            found = &MIXES[i];
    }
    if (!found)
        return error_set(err, STATUS_INPUT, "'%s': there is no such mix; see --help", mix);
    out->items = found->items;
    (void)snprintf(path, sizeof(path), "%s/%s", workload_dir, found->file);
    enum status status = file_read_all(path, &text, (size_t)1 << 34, err);
    arena_init(&m.arena, 0);
    for (struct str rest = buf_str(&text); status == STATUS_OK && rest.data && rest.size && out->ends.count < limit;) {
        struct str line = str_split(&rest, '\n');
        if (line.size)
            found->make(&m, line);
    }
    if (status == STATUS_OK && out->ends.count == 0)
        status = error_set(err, STATUS_INPUT, "'%s' has too few lines for the mix '%s'", path, mix);
    arena_release(&m.arena);
    buf_release(&m.body);
    buf_release(&text);
    return status;
}

void load_requests_release(struct load_requests *r)
{
    buf_release(&r->bytes);
    vec_release(&r->ends);
}
