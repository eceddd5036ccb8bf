#ifndef AISLE_TESTS_UNIT_BUILD_FEED_OUTCOME_H
#define AISLE_TESTS_UNIT_BUILD_FEED_OUTCOME_H

/* What a feed gives, as text: a line for each product ("item LINE json"), each reject ("reject LINE field: reason") and
 * at the end how it went. Products are normalized as of 2026-06-01. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "indexer/build/product.h"

#define OUTCOME_AS_OF INT64_C(1780272000000)

struct outcome {
    struct buf *out; /* NULL: only counted */
    struct product_options options;
    struct feed_info info;
    struct map *ids; /* NULL: not looked at */
    uint64_t accepted, rejected, repeated;
    bool relayed; /* the handler on a thread of its own */
};

static enum status outcome_item(void *context, struct feed_item *item, struct error *err)
{
    struct outcome *o = context;
    if (!o->relayed) { /* the reader's, while it reads on */
        o->options.default_currency = o->info.currency;
    }
    enum status status = product_from_feed(&o->options, item, err);
    if (status != STATUS_OK) {
        return status;
    }
    o->accepted++;
    if (o->out) {
        buf_printf(o->out, "item %llu ", (unsigned long long)item->line);
        json_write(o->out, &item->object);
        buf_append_char(o->out, '\n');
    }
    return STATUS_OK;
}

static void outcome_reject(void *context, const struct feed_reject *reject)
{
    struct outcome *o = context;
    o->rejected++;
    if (o->out) {
        buf_printf(o->out, "reject %llu " STR_FMT "%s%s\n", (unsigned long long)reject->line, STR_ARG(reject->field),
                   reject->field.size ? ": " : "", reject->reason);
    }
}

static inline enum status outcome_of(struct outcome *o, const char *path, const struct feed_mapping *mapping,
                                     struct error *err)
{
    struct feed_handler handler = {o, outcome_item, outcome_reject, NULL, o->relayed};
    struct feed_mapping recognised;
    struct arena arena;
    arena_init(&arena, 0);
    o->options.as_of_ms = OUTCOME_AS_OF;
    enum status status = feed_read(path, mapping, &handler, &arena, &recognised, &o->info, err);
    if (o->out) {
        buf_printf(o->out, "end %s%s%s, items %llu, %s, item '" STR_FMT "', id from %s%s%s%s%s%s%s\n",
                   status_name(status), status == STATUS_OK ? "" : ": ", status == STATUS_OK ? "" : err->message,
                   (unsigned long long)o->info.items, o->info.title, STR_ARG(recognised.item), o->info.id_source,
                   o->info.encoding[0] ? ", " : "", o->info.encoding, o->info.language[0] ? ", language " : "",
                   o->info.language, o->info.partial ? ", partial" : "", o->info.broken ? ", broken" : "");
    }
    arena_release(&arena);
    return status;
}

/* The same for bytes in memory, through a file without a name. */
static inline enum status outcome_of_bytes(struct outcome *o, struct str bytes, const struct feed_mapping *mapping,
                                           struct error *err)
{
    char path[64];
    FILE *file = tmpfile();
    if (!file || (bytes.size && fwrite(bytes.data, 1, bytes.size, file) != bytes.size) || fflush(file) != 0) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
    enum status status = outcome_of(o, path, mapping, err);
    fclose(file);
    return status;
}

#endif
