/*
 * Whatever is parsed can be written, and reads back as the same bytes.
 * Links: aisle_base
 */
#include <stdlib.h>

#include "indexer/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct error err = {0};
    struct json value;
    struct json again;
    struct buf first = BUF_EMPTY;
    struct buf second = BUF_EMPTY;
    arena_init(&arena, 64 << 20);
    enum status status = json_parse((struct str){(const char *)data, size}, &arena, &value, &err);
    if (status != STATUS_OK) {
        check(err.message[0] != '\0' && (status == STATUS_INPUT || status == STATUS_LIMIT));
        goto out;
    }
    json_write(&first, &value);
    check(json_parse(buf_str(&first), &arena, &again, &err) == STATUS_OK);
    json_write(&second, &again);
    check(str_equal(buf_str(&first), buf_str(&second)));
    (void)json_get_path(&value, STR("a.b.c"));
out:
    buf_release(&second);
    buf_release(&first);
    arena_release(&arena);
    return 0;
}
