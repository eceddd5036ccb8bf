/* aisle-generate: an invented store's catalog as a feed, and queries and updates that fit it. */
#include <stdio.h>

#include "data/output.h"
#include "data/random.h"
#include "data/workload.h"
#include "data/writer.h"
#include "indexer/base/clock.h"
#include "indexer/base/options.h"

struct arguments {
    int64_t products, seed, queries, updates;
    const char *format, *output, *date;
};

static enum status arguments_parse(struct arguments *a, int argc, char **argv, struct error *err)
{
    const struct option_row rows[] = {
        {"products", OPTION_INT, &a->products, "N", 1, (int64_t)CATALOG_ITEMS_MAX, NULL, "items in the catalog"},
        {"seed", OPTION_INT, &a->seed, "S", 0, INT32_MAX, NULL, "another seed, another catalog"},
        {"format", OPTION_CHOICE, &a->format, "FORMAT", 0, 0, "google-xml|ndjson|csv", "how the feed is written"},
        {"output", OPTION_TEXT, &a->output, "FILE", 0, 0, NULL, "where to; - is standard output"},
        {"date", OPTION_TEXT, &a->date, "DATE", 0, 0, NULL, "the feed's day; sale periods lie around it"},
        {"queries", OPTION_INT, &a->queries, "N", 0, INT32_MAX, NULL,
         "write N search queries for the catalog instead of it: query, number of words, a product that fits"},
        {"updates", OPTION_INT, &a->updates, "N", 0, INT32_MAX, NULL,
         "write N stock and price updates for the catalog instead of it, as lines of JSON"},
    };
    const struct options options = {
        .usage = "aisle-generate --products N [--seed S] [--format FORMAT] [--output FILE]",
        .about = "Writes the catalog of an invented general store. The same options give the same bytes.",
        .rows = rows,
        .row_count = sizeof rows / sizeof rows[0]};
    int positional = 0;
    enum status status = options_parse(&options, argc, argv, &positional, err);
    if (status == STATUS_OK && positional) {
        status = error_set(err, STATUS_INPUT, "'%s': no such argument; see --help", argv[1]);
    }
    return status;
}

static enum feed_format format_of(const char *name)
{
    return name[0] == 'n' ? FORMAT_NDJSON : name[0] == 'c' ? FORMAT_CSV : FORMAT_GOOGLE_XML;
}

static enum status write_feed(struct catalog *c, const struct arguments *a, int64_t date_ms, struct output *out,
                              struct error *err)
{
    enum status status = STATUS_OK;
    enum feed_format format = format_of(a->format);
    struct item item;
    writer_begin(format, date_ms, &out->buf);
    while (status == STATUS_OK && catalog_next(c, &item)) {
        writer_item(format, &item, &out->buf);
        status = output_drain(out, err);
    }
    writer_end(format, &out->buf);
    return status;
}

static enum status write_workload(struct catalog *c, const struct arguments *a, struct output *out, struct error *err)
{
    enum status status = STATUS_OK;
    uint64_t state = random_mix((uint64_t)a->seed + 0x5eed);
    int64_t lines = a->queries ? a->queries : a->updates;
    for (int64_t i = 0; i < lines && status == STATUS_OK; i++) {
        if (a->queries) {
            workload_query(c, &state, &out->buf);
        } else {
            workload_update(c, &state, &out->buf);
        }
        status = output_drain(out, err);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct arguments a = {.products = 1000, .seed = 1, .format = "google-xml", .output = "-", .date = "2026-11-23"};
    struct error err = {0};
    struct output out = {0};
    struct catalog *c = NULL;
    int64_t date_ms = 0;
    enum status status = arguments_parse(&a, argc, argv, &err);
    if (status == STATUS_OK && !clock_parse(str_from(a.date), &date_ms)) {
        status = error_set(&err, STATUS_INPUT, "--date: '%s' is not a date such as 2026-11-23", a.date);
    }
    if (status == STATUS_OK) {
        status = output_open(&out, a.output, &err);
    }
    if (status == STATUS_OK) {
        c = catalog_new(&(struct catalog_options){(uint64_t)a.products, (uint64_t)a.seed, date_ms});
        status = a.queries || a.updates ? write_workload(c, &a, &out, &err) : write_feed(c, &a, date_ms, &out, &err);
    }
    if (status == STATUS_OK) {
        status = output_flush(&out, &err);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-generate: %s\n", err.message);
    }
    catalog_free(c);
    output_close(&out);
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 3;
}
