#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "indexer/base/map.h"
#include "tests/support/random.h"

enum { KEYS = 200 };

/* The naive list: a value for each of KEYS keys, or none. */
struct model {
    bool there[KEYS];
    uint64_t value[KEYS];
    size_t count;
};

static struct str key_of(size_t number, char *text)
{
    /* Key 0 is empty; some keys hold zeros and have very different lengths. */
    size_t size = number == 0 ? 0 : (size_t)sprintf(text, "k%zu", number);
    if (number % 5 == 0 && number) {
        memset(text + size, '\0', number);
        size += number;
    }
    return (struct str){text, size};
}

static void check_all(const struct map *m, const struct model *model)
{
    char text[512];
    assert_int_equal(m->count, model->count);
    for (size_t i = 0; i < KEYS; i++) {
        uint64_t *value = map_get(m, key_of(i, text));
        assert_int_equal(value != NULL, model->there[i]);
        if (value) {
            assert_true(*value == model->value[i]);
        }
    }
    size_t at = 0;
    size_t seen = 0;
    struct str key;
    uint64_t value;
    while (map_next(m, &at, &key, &value)) {
        uint64_t *found = map_get(m, key);
        assert_non_null(found);
        assert_true(*found == value);
        seen++;
    }
    assert_int_equal(seen, model->count);
}

static void step(struct map *m, struct model *model, struct random *r)
{
    char text[512];
    size_t number = random_below(r, KEYS);
    struct str key = key_of(number, text);
    uint64_t value = random_next(r);
    if (random_chance(r, 45)) {
        assert_int_equal(map_remove(m, key), model->there[number]);
        model->count -= model->there[number];
        model->there[number] = false;
        return;
    }
    bool added = false;
    uint32_t mark = map_ask(m, key);
    const uint64_t *guess = map_ask_key(m, mark);
    assert_true(!guess || !model->there[number] || *guess == model->value[number]);
    uint64_t *place =
        random_chance(r, 50) ? map_put(m, key, value, &added) : map_put_asked(m, key, mark, value, &added);
    assert_int_equal(added, !model->there[number]);
    if (!added) {
        assert_true(*place == model->value[number]);
        *place = value;
    }
    model->count += added;
    model->there[number] = true;
    model->value[number] = value;
}

static void test_against_a_list(void **state)
{
    (void)state;
    struct random r = random_start("map_against_a_list");
    for (size_t round = 0; round < random_rounds(40, 1000); round++) {
        struct map m;
        struct model model = {0};
        map_init(&m);
        for (int i = 0; i < 600; i++) {
            step(&m, &model, &r);
            if (i % 50 == 0) {
                check_all(&m, &model);
            }
            if (i == 300 && round % 4 == 0) {
                map_clear(&m);
                model = (struct model){0};
            }
        }
        check_all(&m, &model);
        map_release(&m);
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct map m;
    size_t at = 0;
    struct str key;
    uint64_t value;
    map_init(&m);
    assert_null(map_get(&m, STR("a")));
    assert_false(map_remove(&m, STR("a")));
    assert_false(map_next(&m, &at, &key, &value));
    map_clear(&m);
    map_release(&m);
}

/* Keys that come and go must not grow the key store without end. */
static void test_removed_keys_are_packed(void **state)
{
    (void)state;
    struct map m;
    char text[64];
    map_init(&m);
    for (size_t i = 0; i < 100000; i++) {
        map_put(&m, (struct str){text, (size_t)sprintf(text, "a key of thirty bytes %08zu", i)}, i, NULL);
        if (i >= 10) {
            assert_true(
                map_remove(&m, (struct str){text, (size_t)sprintf(text, "a key of thirty bytes %08zu", i - 10)}));
        }
    }
    assert_int_equal(m.count, 10);
    assert_true(m.keys_capacity < 4096);
    assert_int_equal(m.capacity, 32);
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_list),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_removed_keys_are_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
