#include "indexer/shard/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/aisle-manifest-XXXXXX";

static void make(struct manifest *m)
{
    static const struct str deltas[] = {{"index/a/d0000000001.aisle", 25}, {"index/a/d0000000002.aisle", 25}};
    static struct manifest_index indexes[2];
    indexes[0] = (struct manifest_index){.name = STR("products"),
                                         .uid = 0xfedcba9876543210ull,
                                         .generation = 3,
                                         .base_seq = 17,
                                         .applied_seq = 99,
                                         .as_of_ms = 1700000000123,
                                         .shard_count = 2,
                                         .settings = STR("index/a/g000003/settings.json"),
                                         .checkpoint = STR("index/a/c0000000004.aisle"),
                                         .deltas = deltas,
                                         .delta_count = 2,
                                         .previous_generation = 2};
    indexes[1] = (struct manifest_index){.name = STR("\"odd\" näme"), .uid = 1, .settings = STR("s.json")};
    *m = (struct manifest){.version = 7, .next_file = 12, .indexes = indexes, .index_count = 2};
}

static void test_round_trip(void **state)
{
    (void)state;
    struct manifest m, back;
    struct error err;
    struct arena arena;
    arena_init(&arena, 0);
    make(&m);
    assert_int_equal(manifest_publish(directory, &m, &err), STATUS_OK);
    assert_int_equal(manifest_read(directory, &arena, &back, &err), STATUS_OK);
    assert_int_equal(back.version, 7);
    assert_int_equal(back.next_file, 12);
    assert_int_equal(back.index_count, 2);
    assert_true(back.indexes[0].uid == 0xfedcba9876543210ull);
    assert_int_equal(back.indexes[0].as_of_ms, 1700000000123);
    assert_int_equal(back.indexes[0].delta_count, 2);
    assert_true(str_equal(back.indexes[0].deltas[1], STR("index/a/d0000000002.aisle")));
    assert_true(str_equal(back.indexes[1].name, STR("\"odd\" näme")));
    arena_release(&arena);
}

static void test_missing_is_not_found(void **state)
{
    (void)state;
    struct manifest m;
    struct error err;
    struct arena arena;
    arena_init(&arena, 0);
    assert_int_equal(manifest_read("/tmp/aisle-no-such-directory", &arena, &m, &err), STATUS_NOT_FOUND);
    arena_release(&arena);
}

/* Every bit flipped and every length cut: refused each time. */
static void test_damage_is_found(void **state)
{
    (void)state;
    char path[128];
    struct manifest m;
    struct error err;
    struct buf whole;
    struct arena arena;
    arena_init(&arena, 0);
    buf_init(&whole, 0);
    make(&m);
    snprintf(path, sizeof(path), "%s/MANIFEST", directory);
    assert_int_equal(manifest_publish(directory, &m, &err), STATUS_OK);
    assert_int_equal(file_read_all(path, &whole, 1 << 20, &err), STATUS_OK);
    for (size_t bit = 0; bit < whole.size * 8; bit++) {
        FILE *f = fopen(path, "wb");
        whole.data[bit / 8] = (char)(whole.data[bit / 8] ^ (1 << (bit % 8)));
        assert_int_equal(fwrite(whole.data, 1, whole.size, f), whole.size);
        fclose(f);
        whole.data[bit / 8] = (char)(whole.data[bit / 8] ^ (1 << (bit % 8)));
        arena_reset(&arena);
        assert_int_equal(manifest_read(directory, &arena, &m, &err), STATUS_FORMAT);
    }
    for (size_t size = 0; size < whole.size; size++) {
        FILE *f = fopen(path, "wb");
        assert_int_equal(fwrite(whole.data, 1, size, f), size);
        fclose(f);
        arena_reset(&arena);
        assert_int_equal(manifest_read(directory, &arena, &m, &err), STATUS_FORMAT);
    }
    buf_release(&whole);
    arena_release(&arena);
}

static void test_paths_stay_below_the_directory(void **state)
{
    (void)state;
    struct manifest m, back;
    struct manifest_index index = {.name = STR("a"), .settings = STR("../outside")};
    struct error err;
    struct arena arena;
    arena_init(&arena, 0);
    m = (struct manifest){.indexes = &index, .index_count = 1};
    assert_int_equal(manifest_publish(directory, &m, &err), STATUS_OK);
    assert_int_equal(manifest_read(directory, &arena, &back, &err), STATUS_FORMAT);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_is_not_found),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage_is_found),
        cmocka_unit_test(test_paths_stay_below_the_directory),
    };
    struct error err;
    if (!mkdtemp(directory))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return dir_remove(directory, &err) == STATUS_OK ? failed : 1;
}
