/* The tables of what a group has decided, used again from group to group, against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "server/live/cells.h"
#include "server/live/pending_keys.h"
#include "tests/support/random.h"

enum { DOCS = 40, ATTRS = 3, GROUPS = 400, LARGE = 500 };

static void check_cells(const struct cells *c, int64_t expected[DOCS][ATTRS])
{
    size_t count = 0;
    for (doc_id doc = 0; doc < DOCS; doc++) {
        size_t linked = 0;
        for (attr_id attr = 0; attr < ATTRS; attr++) {
            const struct cell_change *cell = cells_find(c, doc % 2, doc, attr);
            assert_int_equal(cell ? cell->value : -1, expected[doc][attr]);
            linked += expected[doc][attr] >= 0;
        }
        for (uint32_t i = cells_first(c, doc % 2, doc); i != CELL_NONE; i = c->items.items[i].next) {
            linked--;
        }
        assert_int_equal(linked, 0);
        assert_int_equal(cells_first(c, 2, doc), CELL_NONE);
        count += cells_first(c, doc % 2, doc) != CELL_NONE;
    }
    assert_int_equal(c->count, count);
}

static void test_cells_are_cleared_for_the_next_group(void **state)
{
    struct cells c = {0};
    struct random r = random_start("cells");
    (void)state;
    for (int group = 0; group < GROUPS; group++) {
        int64_t expected[DOCS][ATTRS];
        memset(expected, -1, sizeof(expected));
        /* Few after many: cleared one by one. */
        size_t puts = group % 3 ? random_below(&r, 12) : random_below(&r, 4 * DOCS);
        for (size_t i = 0; i < puts; i++) {
            doc_id doc = (doc_id)random_below(&r, DOCS);
            attr_id attr = (attr_id)random_below(&r, ATTRS);
            expected[doc][attr] = (int64_t)random_below(&r, 1000);
            cells_put(&c, doc % 2, doc, attr, expected[doc][attr]);
        }
        check_cells(&c, expected);
        cells_clear(&c);
    }
    cells_release(&c);
}

static void test_keys_are_cleared_for_the_next_group(void **state)
{
    struct pending_keys k = {0};
    struct random r = random_start("pending keys");
    (void)state;
    for (int group = 0; group < GROUPS; group++) {
        uint64_t expected[LARGE] = {0};
        size_t puts = random_below(&r, group % 10 ? 12 : 2 * LARGE);
        size_t count = 0;
        for (size_t i = 0; i < puts; i++) {
            size_t at = random_below(&r, LARGE);
            count += expected[at] == 0;
            expected[at] = 1 + random_below(&r, 1000);
            pending_keys_put(&k, at << 20 | 1 /* neighbours collide where the table is small */, expected[at]);
        }
        for (size_t at = 0; at < LARGE; at++) {
            assert_int_equal(pending_keys_get(&k, at << 20 | 1), expected[at]);
        }
        assert_int_equal(k.items.count, count);
        pending_keys_clear(&k);
    }
    pending_keys_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_are_cleared_for_the_next_group),
        cmocka_unit_test(test_keys_are_cleared_for_the_next_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
