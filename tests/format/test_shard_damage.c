/*
 * A small shard, damaged: every bit flipped, cut at every length and at every chunk's edge, and changed at random with
 * the checksums put right. Damage is always found, or, where checksums were forged, never leads outside of the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/build/shard_build.h"
#include "indexer/shard/container.h"
#include "tests/support/random.h"
#include "tests/support/reseal.h"
#include "tests/support/shard_exercise.h"
#include "tests/support/temporary.h"

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title\",\"*\"],\"attributesForFaceting\":[\"brand\",\"tags\","
    "\"hierarchical(category)\"],\"roles\":{\"quantity\":\"quantity\",\"price\":\"price\"},"
    "\"identifiers\":[\"sku\"]}";

/* count objects; few words for a small file, more so that lists become dense and prefixes have unions. */
static void build_image(struct buf *image, unsigned count)
{
    struct error err = {0};
    struct settings *settings = NULL;
    struct analyzer *analyzer = NULL;
    struct dictionary *dictionary = NULL;
    struct shard_builder *b = NULL;
    struct arena arena;

    arena_init(&arena, 0);
    assert_int_equal(settings_parse(&settings, STR(SETTINGS), NULL, &err), STATUS_OK);
    assert_int_equal(analyzer_open(&analyzer, &(struct analyzer_options){0}, &err), STATUS_OK);
    dictionary = dictionary_new(settings);
    b = shard_builder_new(
        &(struct shard_build_options){.settings = settings, .analyzer = analyzer, .dictionary = dictionary});
    for (unsigned i = 0; i < count; i++) {
        struct json object;
        struct str text = arena_printf(
            &arena,
            "{\"objectID\":\"o%u\",\"item_group_id\":\"g%u\",\"title\":\"red shoe w%c%c%c number%u\",\"brand\":\"b%u\","
            "\"tags\":[\"t%u\",\"t%u\"],\"category\":\"A > B%u\",\"price\":%u.5,\"quantity\":%u,\"sku\":\"S-%u\"%s}",
            i, i / 2, 'a' + i % 26, 'a' + i / 3 % 26, 'a' + i * 7 % 26, i, i % 5, i % 7, i % 3, i % 4, i, i % 3, i,
            i % 9 == 0 ? ",\"rare\":[1,2]" : "");

        assert_int_equal(json_parse(text, &arena, &object, &err), STATUS_OK);
        assert_int_equal(shard_builder_add(b, &object, &err), STATUS_OK);
    }
    assert_int_equal(shard_builder_finish(b, image, &err), STATUS_OK);
    shard_builder_free(b);
    dictionary_free(dictionary);
    analyzer_close(analyzer);
    settings_free(settings);
    arena_release(&arena);
}

static enum status open_bytes(const char *data, size_t size, struct shard **s, struct error *err)
{
    struct buf copy = BUF_EMPTY;

    buf_append(&copy, data, size);
    return shard_open_memory(s, &copy, err);
}

static void test_every_bit(void **state)
{
    struct buf image = BUF_EMPTY;

    (void)state;
    build_image(&image, 3);
    for (size_t bit = 0; bit < image.size * 8; bit++) {
        struct shard *s = NULL;
        struct error err = {0};

        image.data[bit / 8] ^= (char)(1 << bit % 8);
        if (open_bytes(image.data, image.size, &s, &err) != STATUS_FORMAT)
            fail_msg("bit %zu of byte %zu: the flip was not found", bit % 8, bit / 8);
        assert_null(s);
        assert_true(strlen(err.message) > 0);
        image.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_release(&image);
}

/* Blocks of a mapped file are checked when they are first used. */
static void test_damage_in_a_file_is_found_at_first_use(void **state)
{
    struct temporary place = temporary_of("shard-damage");
    const char *path = place.path;
    struct buf image = BUF_EMPTY;
    struct random r = random_start("shard_damage");
    struct error err = {0};

    (void)state;
    build_image(&image, 200);
    for (size_t round = 0; round < random_rounds(150, 3000); round++) {
        size_t at = random_below(&r, image.size);
        struct shard *s = NULL;

        int bit = 1 << random_below(&r, 8);

        image.data[at] ^= (char)bit;
        assert_int_equal(file_replace(path, buf_str(&image), &err), STATUS_OK);
        assert_int_equal(shard_verify(path, 1, &err), STATUS_FORMAT);
        assert_non_null(strstr(err.message, path));
        if (shard_open(&s, path, NULL, &err) == STATUS_OK)
            (void)exercise_shard(s);
        shard_close(s);
        image.data[at] ^= (char)bit;
    }
    unlink(path);
    buf_release(&image);
}

/* Every key is found, or seems not to be there. */
static void check_keys(const struct shard *s)
{
    for (doc_id doc = 0; doc < shard_doc_count(s); doc++) {
        struct str id = shard_object_id(s, doc);

        assert_true(id.size == 0 || id.data[0] == 'o');
        if (id.size) {
            doc_id found = shard_find(s, id);

            assert_true(found == doc || found == DOC_NONE);
        }
    }
}

/* A lazy opening finds less, but its check of the rest finds what is missing; until then nothing wrong is read. */
static void test_lazy_opening(void **state)
{
    const struct shard_open_options lazy = {.lazy = true};
    struct temporary place = temporary_of("shard-lazy");
    const char *path = place.path;
    struct buf image = BUF_EMPTY;
    struct random r = random_start("shard_lazy");
    struct error err = {0};
    size_t late = 0;

    (void)state;
    build_image(&image, 200);
    for (size_t round = 0; round < random_rounds(300, 3000); round++) {
        size_t at = random_below(&r, image.size);
        struct shard *whole = NULL, *s = NULL;
        bool sound = false;
        int bit = 1 << random_below(&r, 8);

        image.data[at] ^= (char)bit;
        assert_int_equal(file_replace(path, buf_str(&image), &err), STATUS_OK);
        sound = shard_open(&whole, path, NULL, &err) == STATUS_OK;
        if (shard_open(&s, path, &lazy, &err) == STATUS_OK) {
            check_keys(s);
            (void)exercise_shard(s);
            assert_int_equal(shard_check_rest(s, &err) == STATUS_OK, sound);
            late += !sound;
        } else {
            assert_false(sound);
        }
        shard_close(whole);
        shard_close(s);
        image.data[at] ^= (char)bit;
    }
    assert_true(late > 0);
    unlink(path);
    buf_release(&image);
}

static void test_every_length(void **state)
{
    struct buf image = BUF_EMPTY;

    (void)state;
    build_image(&image, 3);
    for (size_t size = 0; size < image.size; size++) {
        struct shard *s = NULL;
        struct error err = {0};

        assert_int_equal(open_bytes(image.data, size, &s, &err), STATUS_FORMAT);
        assert_null(s);
    }
    buf_release(&image);
}

static void test_messages(void **state)
{
    struct buf image = BUF_EMPTY;
    struct shard *s = NULL;
    struct error err = {0};
    struct container c;
    struct str chunk;

    (void)state;
    build_image(&image, 3);
    assert_int_equal(open_bytes(image.data, 10, &s, &err), STATUS_FORMAT);
    assert_string_equal(err.message, "header: the file has 10 bytes, a header alone has 64");
    image.data[0] = 'a';
    assert_int_equal(open_bytes(image.data, image.size, &s, &err), STATUS_FORMAT);
    assert_string_equal(err.message, "header: does not begin with 'AISLESHD'");
    image.data[0] = 'A';
    image.data[8] = 9;
    assert_int_equal(open_bytes(image.data, image.size, &s, &err), STATUS_FORMAT);
    assert_string_equal(err.message, "header: checksum does not match");
    reseal((uint8_t *)image.data, image.size);
    assert_int_equal(open_bytes(image.data, image.size, &s, &err), STATUS_FORMAT);
    assert_string_equal(err.message, "header: format version 9 is none of 1 to 5");
    image.data[8] = 1;
    reseal((uint8_t *)image.data, image.size);
    assert_int_equal(open_bytes(image.data, image.size - 1, &s, &err), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "header: says "));
    assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
    chunk = container_chunk(&c, CHUNK_ID('P', 'O', 'S', 'T'));
    image.data[chunk.data - image.data] ^= 1;
    assert_int_equal(container_check_chunk(&c, CHUNK_ID('P', 'O', 'S', 'T'), &err), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "chunk 'POST': checksum does not match in the block at offset "));
    container_close(&c);
    buf_release(&image);
}

/* Changes with right checksums: what is opened is read wholly, without a step outside (the sanitizers watch). */
static void test_forged(void **state)
{
    struct random r = random_start("shard_forged");
    struct buf images[2] = {BUF_EMPTY, BUF_EMPTY};
    size_t opened = 0, rounds = random_rounds(1500, 200000);

    (void)state;
    build_image(&images[0], 5);
    build_image(&images[1], 300);
    for (size_t round = 0; round < rounds; round++) {
        const struct buf *image = &images[round % 16 == 0];
        struct buf copy = BUF_EMPTY;
        struct shard *s = NULL;

        buf_append_str(&copy, buf_str(image));
        for (uint64_t changes = 1 + random_below(&r, 4); changes > 0; changes--) {
            size_t at = random_below(&r, copy.size);

            copy.data[at] =
                random_chance(&r, 50) ? (char)(copy.data[at] ^ 1 << random_below(&r, 8)) : (char)random_next(&r);
        }
        reseal((uint8_t *)copy.data, copy.size);
        if (shard_open_memory(&s, &copy, NULL) == STATUS_OK) {
            (void)exercise_shard(s);
            opened++;
        }
        shard_close(s);
        buf_release(&copy);
    }
    assert_true(opened > rounds / 20); /* else nothing was tried */
    buf_release(&images[0]);
    buf_release(&images[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit),    cmocka_unit_test(test_damage_in_a_file_is_found_at_first_use),
        cmocka_unit_test(test_lazy_opening), cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_messages),     cmocka_unit_test(test_forged)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
