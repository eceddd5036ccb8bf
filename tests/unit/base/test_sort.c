/* Items of few and of many different keys, in every number around the limits, against a simple sort. */
#include "indexer/base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/status.h"
#include "tests/support/random.h"

static int descending(void *context, uint32_t a, uint32_t b)
{
    (*(size_t *)context)++;
    return (a < b) - (a > b);
}

static uint64_t random_key(struct random *r, int kind)
{
    switch (kind) {
    case 0:
        return 7;
    case 1:
        return random_below(r, 5) << 40;
    case 2:
        return random_below(r, 1000);
    default:
        return random_next(r);
    }
}

static void check(struct random *r, size_t count, int kind, bool with_compare)
{
    struct sort_item *items = xcalloc(count + 1, sizeof(*items));
    size_t calls = 0;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct sort_item){random_key(r, kind), i};
        sum += items[i].key ^ i;
    }
    sort_items(items, count, with_compare ? descending : NULL, &calls);
    for (size_t i = 0; i < count; i++) {
        sum -= items[i].key ^ items[i].value;
        if (i == 0)
            continue;
        assert_true(items[i - 1].key <= items[i].key);
        if (items[i - 1].key == items[i].key)
            assert_true(with_compare ? items[i - 1].value > items[i].value : items[i - 1].value < items[i].value);
    }
    assert_int_equal(sum, 0);
    free(items);
}

static void test_sort(void **state)
{
    static const size_t COUNTS[] = {0, 1, 2, 63, 64, 65, 100, 5000, 70000};
    struct random r = random_start("sort");

    (void)state;
    for (size_t c = 0; c < sizeof(COUNTS) / sizeof(COUNTS[0]); c++) {
        for (int kind = 0; kind < 4; kind++) {
            check(&r, COUNTS[c], kind, false);
            check(&r, COUNTS[c], kind, true);
        }
    }
}

static void test_heads(void **state)
{
    static const struct str TEXTS[] = {{"", 0},         {"a", 1},         {"a\x01", 2},
                                       {"abcdefgh", 8}, {"abcdefghi", 9}, {"\xc3\xa4", 2}};

    (void)state;
    for (size_t i = 1; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_true(sort_head(TEXTS[i - 1]) <= sort_head(TEXTS[i]));
    assert_true(sort_head(TEXTS[1]) < sort_head(TEXTS[2]));
    assert_int_equal(sort_common_prefix(TEXTS, 6), 0);
    assert_int_equal(sort_common_prefix(TEXTS + 3, 2), 8);
    assert_int_equal(sort_common_prefix(TEXTS + 1, 4), 1);
    assert_int_equal(sort_common_prefix(TEXTS, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sort), cmocka_unit_test(test_heads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
