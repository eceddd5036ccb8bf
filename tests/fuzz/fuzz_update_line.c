/*
 * One line of updates: the scanner and the JSON parser read the same, and what is written reads back. Links: aisle_live
 */
#include <stdlib.h>
#include <string.h>

#include "server/live/update_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void compare(const struct live_update *a, const struct live_update *b)
{
    require(str_equal(a->object_id, b->object_id) && a->value_count == b->value_count && a->kind == b->kind);
    require(a->flags == b->flags && a->key == b->key && a->if_version == b->if_version);
    require(decimal_compare(a->min, b->min) == 0 && decimal_compare(a->if_stock, b->if_stock) == 0);
    for (uint8_t i = 0; i < a->value_count; i++) {
        const struct json *x = &a->values[i].value;
        const struct json *y = &b->values[i].value;
        require(str_equal(a->values[i].name, b->values[i].name) && x->type == y->type);
        require(x->type != JSON_NUMBER || str_equal(x->text, y->text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str line = {(const char *)data, size};
    struct json_member values[3][UPDATE_VALUES_MAX];
    struct live_update a;
    struct live_update b;
    struct live_update c;
    struct buf text = BUF_EMPTY;
    struct arena arena;
    arena_init(&arena, 1 << 24);
    bool scanned = update_line_read(line, values[0], &arena, &a);
    bool parsed = update_line_parse(line, values[1], &arena, &b);
    require(scanned == parsed);
    if (scanned) {
        compare(&a, &b);
        update_line_write(&a, true, &text);
        require(update_line_read(buf_str(&text), values[2], &arena, &c));
        compare(&a, &c);
    } else {
        require(a.result == UPDATE_REFUSED && strcmp(a.text, b.text) == 0);
    }
    buf_release(&text);
    arena_release(&arena);
    return 0;
}
