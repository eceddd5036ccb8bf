#ifndef AISLE_TESTS_FUZZ_FEED_INPUT_H
#define AISLE_TESTS_FUZZ_FEED_INPUT_H

/* Reads bytes as a feed, through a file in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "indexer/build/infer.h"
#include "indexer/build/product.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_check(bool holds)
{
    if (!holds) {
        abort();
    }
}

struct feed_fuzzing {
    struct product_options options;
    struct feed_info info;
    struct infer *infer;
    uint64_t items, rejects;
};

static enum status feed_fuzz_item(void *context, struct feed_item *item, struct error *err)
{
    struct feed_fuzzing *f = context;
    struct str id;
    f->items++;
    feed_check(item->line > 0 && item->object.type == JSON_OBJECT && item->object.count > 0);
    feed_check(str_equal(item->object.members[0].name, STR("objectID")));
    feed_check(json_string(&item->object.members[0].value, &id) && id.size > 0);
    f->options.default_currency = f->info.currency;
    enum status status = product_from_feed(&f->options, item, err);
    if (status == STATUS_OK) {
        infer_add(f->infer, &item->object);
    }
    feed_check(status == STATUS_OK || (status == STATUS_INPUT && err->message[0]));
    return status;
}

static void feed_fuzz_reject(void *context, const struct feed_reject *reject)
{
    struct feed_fuzzing *f = context;
    f->rejects++;
    feed_check(reject->reason && reject->reason[0]);
}

static inline int feed_fuzz(const char *first, const uint8_t *data, size_t size)
{
    struct feed_fuzzing f = {.infer = infer_new()};
    struct feed_handler handler = {&f, feed_fuzz_item, feed_fuzz_reject, NULL, false};
    struct feed_mapping recognised;
    struct settings *settings = NULL;
    struct buf text = BUF_EMPTY;
    struct error err = {0};
    struct arena arena;
    char path[64];
    int file = memfd_create("feed", 0);
    feed_check(file >= 0 && write(file, first, strlen(first)) == (ssize_t)strlen(first));
    feed_check(write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    arena_init(&arena, 0);
    enum status status = feed_read(path, NULL, &handler, &arena, &recognised, &f.info, &err);
    feed_check(status == STATUS_OK || (status == STATUS_FORMAT && err.message[0] && f.info.broken));
    feed_check(f.info.items >= f.items && f.info.items <= f.items + f.rejects);
    feed_check(infer_settings(f.infer, &recognised, &text, &err) == STATUS_OK);
    feed_check(settings_parse(&settings, buf_str(&text), NULL, &err) == STATUS_OK);
    settings_free(settings);
    buf_release(&text);
    infer_free(f.infer);
    arena_release(&arena);
    close(file);
    return 0;
}

#endif
