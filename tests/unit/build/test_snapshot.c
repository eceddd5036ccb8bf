/*
 * Snapshots over several shards: objects as they are now, found in the newest segment; statistics; numbers and stock
 * changed in place, in mapped files too; builders that share a dictionary.
 */
#include "indexer/shard/snapshot.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/build/shard_build.h"
#include "tests/support/temporary.h"

struct fixture {
    struct temporary place;
    struct settings *settings;
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    struct arena arena;
    struct shard *shards[4];
    uint32_t count;
    struct snapshot *snapshot;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct error err = {0};

    f->place = temporary_of("snapshot");
    arena_init(&f->arena, 0);
    assert_int_equal(
        settings_parse(&f->settings,
                       STR("{\"searchableAttributes\":[\"title\"],\"attributesForFaceting\":[\"brand\"],"
                           "\"roles\":{\"price\":\"price\",\"quantity\":\"qty\",\"availability\":\"avail\"},"
                           "\"customRanking\":[\"desc(sales)\"]}"),
                       NULL, &err),
        STATUS_OK);
    assert_int_equal(analyzer_open(&f->analyzer, &(struct analyzer_options){0}, &err), STATUS_OK);
    f->dictionary = dictionary_new(f->settings);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    snapshot_free(f->snapshot);
    for (uint32_t i = 0; i < f->count; i++)
        shard_close(f->shards[i]);
    dictionary_free(f->dictionary);
    analyzer_close(f->analyzer);
    settings_free(f->settings);
    arena_release(&f->arena);
    unlink(f->place.path);
    free(f);
    return 0;
}

/* A shard of a JSON array; path NULL: in memory. */
static struct shard *add_shard(struct fixture *f, const char *objects, const char *path)
{
    struct shard_builder *b = shard_builder_new(
        &(struct shard_build_options){.settings = f->settings, .analyzer = f->analyzer, .dictionary = f->dictionary});
    struct buf image = BUF_EMPTY;
    struct error err = {0};
    struct json list;

    assert_int_equal(json_parse(str_from(objects), &f->arena, &list, &err), STATUS_OK);
    for (uint32_t i = 0; i < list.count; i++)
        assert_int_equal(shard_builder_add(b, &list.items[i], &err), STATUS_OK);
    if (path) {
        assert_int_equal(shard_builder_finish_file(b, path, &err), STATUS_OK);
        assert_int_equal(shard_open(&f->shards[f->count], path, NULL, &err), STATUS_OK);
    } else {
        assert_int_equal(shard_builder_finish(b, &image, &err), STATUS_OK);
        assert_int_equal(shard_open_memory(&f->shards[f->count], &image, &err), STATUS_OK);
    }
    shard_builder_free(b);
    return f->shards[f->count++];
}

static struct snapshot *snap(struct fixture *f)
{
    snapshot_free(f->snapshot);
    f->snapshot = snapshot_of_shards(&(struct snapshot_parts){.settings = f->settings,
                                                              .analyzer = f->analyzer,
                                                              .dictionary = f->dictionary,
                                                              .shards = f->shards,
                                                              .shard_count = f->count});
    return f->snapshot;
}

static void expect_object(struct fixture *f, const char *id, bool source, const char *wanted)
{
    uint32_t segment = 0;
    doc_id doc = 0;
    struct json object;
    struct buf text = BUF_EMPTY;
    struct error err = {0};

    assert_true(snapshot_find(f->snapshot, str_from(id), &segment, &doc));
    assert_int_equal(
        (source ? snapshot_object_source : snapshot_object)(f->snapshot, segment, doc, &f->arena, &object, &err),
        STATUS_OK);
    json_write(&text, &object);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, wanted);
    buf_release(&text);
}

static void store(struct fixture *f, struct shard *s, const char *name, const char *id, const char *number)
{
    attr_id attr = dictionary_attr_find(f->dictionary, str_from(name));
    int64_t cell = 0;
    struct error err = {0};

    assert_true(number_cell_of_text(shard_number_column(s, attr), str_from(number), &cell));
    assert_int_equal(shard_number_store(s, attr, shard_find(s, str_from(id)), cell, &err), STATUS_OK);
}

static void change_numbers(struct fixture *f, const char *path)
{
    struct shard *s =
        add_shard(f,
                  "[{\"objectID\":\"a\",\"title\":\"x\",\"price\":10.5,\"weight\":3,\"note\":null},"
                  "{\"objectID\":\"b\",\"price\":\"on request\",\"weight\":4},{\"objectID\":\"c\",\"weight\":[5]}]",
                  path);
    struct error err = {0};

    snap(f);
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"title\":\"x\",\"price\":10.5,\"weight\":3,\"note\":null}");
    store(f, s, "price", "a", "7");
    store(f, s, "price", "c", "8.25"); /* it had none */
    store(f, s, "price", "b", "9");    /* a string: kept and shown */
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"title\":\"x\",\"price\":7,\"weight\":3,\"note\":null}");
    expect_object(f, "c", false, "{\"objectID\":\"c\",\"weight\":[5],\"price\":8.25}");
    expect_object(f, "b", false, "{\"objectID\":\"b\",\"price\":\"on request\",\"weight\":4}");
    /* weight is in an array once, so it has no cells of its own */
    assert_int_equal(shard_number_store(s, dictionary_attr_find(f->dictionary, STR("weight")), 0, 1, &err),
                     STATUS_NOT_FOUND);
    assert_int_equal(shard_changed_count(s), 1);
}

static void test_numbers_change_in_place(void **state)
{
    change_numbers(*state, NULL);
}

/* The file is mapped copy-on-write: it stays as it was, and what was changed is never hashed again. */
static void test_numbers_change_in_a_mapped_file(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    change_numbers(f, f->place.path);
    assert_int_equal(shard_check_attribute(f->shards[0], dictionary_attr_find(f->dictionary, STR("price")), &err),
                     STATUS_OK);
    assert_int_equal(shard_verify(f->place.path, 1, &err), STATUS_OK);
}

static void test_attributes_that_were_not_cut(void **state)
{
    struct fixture *f = *state;
    struct shard *s = add_shard(f, "[{\"objectID\":\"a\",\"weight\":3.10},{\"objectID\":\"b\",\"weight\":1}]", NULL);

    snap(f);
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"weight\":3.10}"); /* as it was written */
    store(f, s, "weight", "b", "2.5");
    expect_object(f, "b", false, "{\"objectID\":\"b\",\"weight\":2.5}");
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"weight\":3.1}");
}

static void test_stock(void **state)
{
    struct fixture *f = *state;
    struct shard *s = add_shard(f,
                                "[{\"objectID\":\"a\",\"in_stock\":true,\"qty\":0},{\"objectID\":\"b\",\"qty\":2},"
                                "{\"objectID\":\"c\",\"in_stock\":true,\"avail\":\"out of stock\"}]",
                                NULL);
    doc_id doc = shard_find(s, STR("a"));

    snap(f);
    assert_true(f->snapshot->has_stock);
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"in_stock\":false,\"qty\":0}");
    expect_object(f, "a", true,
                  "{\"objectID\":\"a\",\"in_stock\":true,\"qty\":0}"); /* it is to be had, there is none */
    expect_object(f, "b", false, "{\"objectID\":\"b\",\"qty\":2}");    /* never invented */
    expect_object(f, "c", true, "{\"objectID\":\"c\",\"in_stock\":false,\"avail\":\"out of stock\"}");
    atomic_fetch_or(&shard_in_stock_bits(s)[doc / 64], UINT64_C(1) << (doc & 63));
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"in_stock\":true,\"qty\":0}");
}

static void test_the_newest_segment_wins(void **state)
{
    struct fixture *f = *state;
    uint64_t tombstones[1] = {0};
    uint32_t segment = 0;
    doc_id doc = 0;

    (void)add_shard(f, "[{\"objectID\":\"a\",\"v\":1},{\"objectID\":\"b\",\"v\":1}]", NULL);
    (void)add_shard(f, "[{\"objectID\":\"b\",\"v\":2}]", NULL);
    snap(f);
    expect_object(f, "a", false, "{\"objectID\":\"a\",\"v\":1}");
    expect_object(f, "b", false, "{\"objectID\":\"b\",\"v\":2}");
    assert_false(snapshot_find(f->snapshot, STR("z"), &segment, &doc));
    tombstones[0] = 1;
    ((struct segment *)f->snapshot->segments)[1].tombstones = tombstones;
    expect_object(f, "b", false, "{\"objectID\":\"b\",\"v\":1}");
}

static void test_statistics(void **state)
{
    struct fixture *f = *state;

    (void)add_shard(f,
                    "[{\"objectID\":\"a\",\"item_group_id\":\"g\",\"title\":\"one two\",\"sales\":5},"
                    "{\"objectID\":\"b\",\"item_group_id\":\"g\",\"sales\":-3},{\"objectID\":\"c\"}]",
                    NULL);
    (void)add_shard(f, "[{\"objectID\":\"d\",\"title\":\"one two three four\",\"sales\":2.5}]", NULL);
    snap(f);
    assert_int_equal(f->snapshot->doc_count, 4);
    assert_int_equal(f->snapshot->live_groups, 3);
    assert_float_equal(f->snapshot->average_length[0], 3, 1e-6); /* of the two that have a title */
    assert_float_equal(f->snapshot->average_length[1], 1, 1e-6);
    assert_float_equal(f->snapshot->custom_low[0], -3, 1e-9);
    assert_float_equal(f->snapshot->custom_high[0], 5, 1e-9);
    ((struct segment *)f->snapshot->segments)[0].deleted_docs = 2;
    ((struct segment *)f->snapshot->segments)[0].deleted_groups = 1;
    snapshot_statistics(f->snapshot);
    assert_int_equal(f->snapshot->doc_count, 4); /* deleted ones included */
    assert_int_equal(f->snapshot->live_docs, 2);
    assert_int_equal(f->snapshot->live_groups, 2);
}

/* --- builders on several threads --- */
struct job {
    struct fixture *fixture;
    pthread_mutex_t *lock;
    int number;
    struct buf image;
};

static void *run(void *context)
{
    struct job *job = context;
    struct shard_builder *b = shard_builder_new(&(struct shard_build_options){.settings = job->fixture->settings,
                                                                              .analyzer = job->fixture->analyzer,
                                                                              .dictionary = job->fixture->dictionary,
                                                                              .dictionary_lock = job->lock});
    struct arena arena;

    arena_init(&arena, 0);
    for (int i = 0; i < 300; i++) {
        struct json object;

        if (json_parse(arena_printf(&arena, "{\"objectID\":\"%d-%d\",\"brand\":\"b%d\",\"n%d\":%d,\"title\":\"w%d\"}",
                                    job->number, i, i % 50, i % 20, i, i),
                       &arena, &object, NULL) != STATUS_OK ||
            shard_builder_add(b, &object, NULL) != STATUS_OK)
            abort();
    }
    if (shard_builder_finish(b, &job->image, NULL) != STATUS_OK)
        abort();
    arena_release(&arena);
    shard_builder_free(b);
    return NULL;
}

static void test_builders_share_a_dictionary(void **state)
{
    struct fixture *f = *state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[3];
    struct job jobs[3];

    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct job){.fixture = f, .lock = &lock, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &jobs[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(shard_open_memory(&f->shards[f->count++], &jobs[i].image, NULL), STATUS_OK);
    }
    assert_int_equal(dictionary_value_count(f->dictionary, 0), 50);
    for (int i = 0; i < 3; i++) {
        facet_code code = dictionary_value_find(f->dictionary, 0, STR("b7"));
        struct docset set;

        assert_true(shard_facet_set(f->shards[i], 0, code, &set));
        assert_int_equal(set.cardinality, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_change_in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_change_in_a_mapped_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes_that_were_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_newest_segment_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_builders_share_a_dictionary, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
