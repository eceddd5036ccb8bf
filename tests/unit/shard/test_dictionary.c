/* The dictionary against maps of its own, its file, and readers beside the writer. Labels: concurrent */
#include "indexer/shard/dictionary.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/limits.h"
#include "indexer/base/rcu.h"
#include "tests/support/random.h"

static struct dictionary *make(void)
{
    struct settings *s = NULL;
    struct dictionary *d = NULL;

    assert_int_equal(
        settings_parse(&s,
                       STR("{\"attributesForFaceting\":[\"searchable(brand)\",\"hierarchical(category)\","
                           "\"filterOnly(sku)\",\"numeric(width)\",\"in_stock\"],\"roles\":{\"quantity\":\"qty\"}}"),
                       NULL, NULL),
        STATUS_OK);
    d = dictionary_new(s);
    settings_free(s);
    return d;
}

static struct str text_of(char text[32], unsigned i)
{
    snprintf(text, 32, "value %u", i);
    return str_from(text);
}

static void test_attributes(void **state)
{
    struct dictionary *d = make();
    char name[32];

    (void)state;
    assert_int_equal(dictionary_attr_count(d), 5);
    assert_true(dictionary_attr(d, dictionary_attr_find(d, STR("brand")))->searchable);
    assert_true(dictionary_attr(d, dictionary_attr_find(d, STR("category")))->hierarchical);
    assert_true(dictionary_attr(d, dictionary_attr_find(d, STR("sku")))->filter_only);
    assert_true(dictionary_attr(d, dictionary_attr_find(d, STR("width")))->numeric);
    assert_true(dictionary_attr(d, dictionary_attr_find(d, STR("in_stock")))->stock);
    assert_int_equal(dictionary_attr_find(d, STR("price")), ATTR_NONE);
    for (unsigned i = 5; i < LIMIT_ATTRIBUTES; i++)
        assert_int_equal(dictionary_attr_add(d, &(struct attribute){.name = text_of(name, i)}), i);
    assert_int_equal(dictionary_attr_add(d, &(struct attribute){.name = STR("one too many")}), ATTR_NONE);
    assert_int_equal(dictionary_attr_add(d, &(struct attribute){.name = STR("brand")}), 0);
    for (unsigned i = 5; i < LIMIT_ATTRIBUTES; i += 97)
        assert_int_equal(dictionary_attr_find(d, text_of(name, i)), i);
    dictionary_free(d);
}

static void test_tree(void **state)
{
    struct dictionary *d = make();
    attr_id category = dictionary_attr_find(d, STR("category")), attr = 0;
    facet_code leaf = dictionary_value_add(d, category, STR("A > B > C"));
    facet_code middle = dictionary_value_parent(d, category, leaf);
    uint32_t level = 9;

    (void)state;
    assert_true(str_equal(dictionary_value(d, category, middle), STR("A > B")));
    assert_int_equal(dictionary_value_level(d, category, leaf), 2);
    assert_int_equal(dictionary_value_level(d, category, middle), 1);
    assert_int_equal(dictionary_value_parent(d, category, dictionary_value_find(d, category, STR("A"))), FACET_NONE);
    assert_int_equal(dictionary_value_count(d, category), 3);
    assert_int_equal(dictionary_value_add(d, category, STR("A > B")), middle);
    assert_true(dictionary_level_find(d, STR("category.lvl1"), &attr, &level));
    assert_int_equal(attr, category);
    assert_int_equal(level, 1);
    assert_false(dictionary_level_find(d, STR("brand.lvl0"), &attr, &level));
    assert_false(dictionary_level_find(d, STR("category.lvlx"), &attr, &level));
    assert_false(dictionary_level_find(d, STR("category"), &attr, &level));
    assert_false(dictionary_level_find(d, STR(".lvl0"), &attr, &level));
    dictionary_free(d);
}

static void test_file(void **state)
{
    struct dictionary *d = make(), *back = NULL;
    struct buf bytes = BUF_EMPTY;
    struct error err = {0};
    struct random r = random_start("dictionary_file");
    char text[32];

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(dictionary_value_add(d, 0, text_of(text, i)), i);
    (void)dictionary_value_add(d, 1, STR("X > Y"));
    (void)dictionary_attr_add(d, &(struct attribute){.name = STR("price")});
    dictionary_write(d, &bytes);
    assert_int_equal(dictionary_open(&back, buf_str(&bytes), &err), STATUS_OK);
    assert_int_equal(dictionary_attr_count(back), dictionary_attr_count(d));
    for (attr_id a = 0; a < dictionary_attr_count(d); a++) {
        const struct attribute *was = dictionary_attr(d, a), *is = dictionary_attr(back, a);

        assert_true(str_equal(was->name, is->name));
        assert_true(was->faceted == is->faceted && was->searchable == is->searchable &&
                    was->filter_only == is->filter_only && was->hierarchical == is->hierarchical &&
                    was->numeric == is->numeric && was->stock == is->stock);
        assert_int_equal(dictionary_value_count(back, a), dictionary_value_count(d, a));
        for (facet_code c = 0; c < dictionary_value_count(d, a); c++) {
            assert_true(str_equal(dictionary_value(d, a, c), dictionary_value(back, a, c)));
            assert_int_equal(dictionary_value_find(back, a, dictionary_value(d, a, c)), c);
            assert_int_equal(dictionary_value_parent(back, a, c), dictionary_value_parent(d, a, c));
        }
    }
    assert_int_equal(dictionary_value_add(back, 0, STR("behind the base part")), 5000);
    dictionary_free(back);
    for (size_t round = 0; round < random_rounds(2000, 50000); round++) {
        size_t at = random_below(&r, bytes.size);
        int bit = 1 << random_below(&r, 8);

        bytes.data[at] ^= (char)bit;
        assert_int_equal(dictionary_open(&back, buf_str(&bytes), &err), STATUS_FORMAT);
        bytes.data[at] ^= (char)bit;
    }
    buf_release(&bytes);
    dictionary_free(d);
}

/* Readers look up what a writer adds: they see nothing, or all of it, and what they saw stays. */
#define ADDED 30000

static _Atomic bool finished;

static void *reader(void *context)
{
    struct dictionary *d = context;
    char text[32];
    uint64_t looked = 0;

    rcu_thread_register();
    while (!atomic_load(&finished)) {
        uint32_t count = dictionary_value_count(d, 0);

        for (uint32_t i = 0; i < 50 && count; i++) {
            unsigned which = (unsigned)((looked++ * 7919) % count);

            if (!str_equal(dictionary_value(d, 0, which), text_of(text, which)) ||
                dictionary_value_find(d, 0, text_of(text, which)) != which)
                abort();
        }
        if (dictionary_attr_find(d, STR("brand")) != 0)
            abort();
        rcu_quiescent();
    }
    rcu_thread_unregister();
    return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
    struct dictionary *d = make();
    pthread_t threads[3];
    char text[32];

    (void)state;
    atomic_store(&finished, false);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, d), 0);
    for (unsigned i = 0; i < ADDED; i++) {
        assert_int_equal(dictionary_value_add(d, 0, text_of(text, i)), i);
        if (i % 100 == 0)
            (void)dictionary_attr_add(d, &(struct attribute){.name = text_of(text, i)});
    }
    atomic_store(&finished, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    rcu_barrier();
    dictionary_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_readers_beside_the_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
