#include "indexer/shard/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/map.h"
#include "indexer/shard/suggest_internal.h"

static struct analyzer *analyzer;
static struct analysis *analysis;
static struct settings settings;
static uint64_t state_of_random = 42;

static uint32_t random_below(uint32_t below)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (uint32_t)((state_of_random >> 20) % below);
}

static void object_of(struct arena *arena, const char *title, const char *brand, const char *category,
                      struct json *object)
{
    struct error err;
    struct str text =
        arena_printf(arena, "{\"title\":\"%s\",\"brand\":\"%s\",\"category\":[\"%s\"]}", title, brand, category);
    assert_int_equal(json_parse(text, arena, object, &err), STATUS_OK);
}

static bool has(const struct suggestion *list, size_t count, const char *text, uint32_t objects)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i].text, str_from(text)))
            return list[i].objects == objects;
    }
    return false;
}

static struct suggest *three_products(struct arena *arena, struct buf *bytes)
{
    struct suggest_builder *b = suggest_builder_new(&settings, analyzer, 1 << 20);
    struct json object;
    object_of(arena, "Wireless Headphones, black", "Sony", "Electronics > Audio", &object);
    suggest_builder_add(b, &object, 10);
    object_of(arena, "Wireless mouse", "Logi", "Electronics", &object);
    suggest_builder_add(b, &object, 5);
    object_of(arena, "Müsli bar", "Zen", "Food", &object);
    suggest_builder_add(b, &object, 0);
    buf_init(bytes, 0);
    suggest_builder_finish(b, bytes);
    suggest_builder_free(b);
    struct suggest *s = NULL;
    struct error err;
    assert_int_equal(suggest_open(&s, &settings, buf_str(bytes), &err), STATUS_OK);
    return s;
}

static void test_finds_by_any_word(void **state)
{
    (void)state;
    struct arena arena;
    struct buf bytes;
    struct suggestion found[10];
    arena_init(&arena, 0);
    struct suggest *s = three_products(&arena, &bytes);
    size_t count = suggest_find(s, STR("wi"), found, 10);
    assert_true(has(found, count, "Wireless", 2));
    assert_true(has(found, count, "Wireless Headphones", 1));
    count = suggest_find(s, STR("head"), found, 10);
    assert_true(has(found, count, "Wireless Headphones", 1));
    count = suggest_find(s, STR("mus"), found, 10);
    assert_true(has(found, count, "Müsli bar", 1));
    count = suggest_find(s, STR("elec"), found, 10);
    assert_int_equal(found[0].kind, SUGGESTION_CATEGORY);
    assert_true(has(found, count, "Electronics", 2));
    count = suggest_find(s, STR("audio"), found, 10);
    assert_true(count == 1 && str_equal(found[0].category, STR("Electronics > Audio")));
    assert_int_equal(suggest_find(s, STR("headphones black"), found, 10), 0);
    suggest_free(s);
    buf_release(&bytes);
    arena_release(&arena);
}

static void test_live_counts(void **state)
{
    (void)state;
    struct arena arena;
    struct buf bytes;
    struct suggestion found[10];
    struct json object;
    arena_init(&arena, 0);
    struct suggest *s = three_products(&arena, &bytes);
    object_of(&arena, "Müsli bar", "Zen", "Food", &object);
    suggest_count(s, analysis, &object, -1);
    assert_int_equal(suggest_find(s, STR("mus"), found, 10), 0);
    suggest_count(s, analysis, &object, 1);
    assert_true(has(found, suggest_find(s, STR("mus"), found, 10), "Müsli", 1));
    object_of(&arena, "Granola with nuts", "Zen", "Food", &object);
    suggest_count(s, analysis, &object, 1);
    assert_int_equal(suggest_find(s, STR("gran"), found, 10), 0);
    suggest_publish(s);
    assert_true(has(found, suggest_find(s, STR("gran"), found, 10), "Granola", 1));
    assert_true(has(found, suggest_find(s, STR("zen"), found, 10), "Zen", 2));
    suggest_count(s, analysis, &object, -1);
    assert_int_equal(suggest_find(s, STR("gran"), found, 10), 0);
    suggest_free(s);
    buf_release(&bytes);
    arena_release(&arena);
}

/* --- many phrases against a plain list --- */

struct naive {
    struct str folded;
    uint32_t objects;
};

static bool begins_a_word(struct str folded, struct str prefix)
{
    for (size_t at = 0; at + prefix.size <= folded.size; at++) {
        if ((at == 0 || folded.data[at - 1] == ' ') && str_starts_with(str_slice(folded, at, folded.size), prefix))
            return true;
    }
    return false;
}

static void test_agrees_with_a_plain_list(void **state)
{
    (void)state;
    struct arena arena;
    struct map truth;
    struct phrases phrases;
    struct buf bytes;
    struct error err;
    struct suggest *s = NULL;
    arena_init(&arena, 0);
    map_init(&truth);
    phrases_init(&phrases);
    buf_init(&bytes, 0);
    struct suggest_builder *b = suggest_builder_new(&settings, analyzer, 64 << 20);
    for (int i = 0; i < 1000; i++) {
        char title[64];
        struct json object;
        snprintf(title, sizeof(title), "%c%c%u %c%u x%u", 'a' + (int)random_below(5), 'a' + (int)random_below(20),
                 random_below(30), 'a' + (int)random_below(3), random_below(9), random_below(50));
        object_of(&arena, title, random_below(2) ? "Acme" : "Nord", "Home", &object);
        suggest_builder_add(b, &object, random_below(100));
        phrases_of(&phrases, &settings, analysis, &object);
        for (size_t k = 0; k < phrases.count; k++)
            ++*map_put(&truth, phrases.items[k].folded, 0, NULL);
    }
    suggest_builder_finish(b, &bytes);
    suggest_builder_free(b);
    assert_int_equal(suggest_open(&s, &settings, buf_str(&bytes), &err), STATUS_OK);
    for (int i = 0; i < 300; i++) {
        static struct suggestion found[20000];
        char typed[16];
        snprintf(typed, sizeof(typed), "%c%c%u", 'a' + (int)random_below(5), 'a' + (int)random_below(20),
                 random_below(30));
        struct str prefix = {typed, random_below((uint32_t)strlen(typed)) + 1};
        size_t due = 0, at = 0;
        struct str folded;
        uint64_t objects;
        while (map_next(&truth, &at, &folded, &objects))
            due += begins_a_word(folded, prefix);
        size_t all = suggest_find(s, prefix, found, 20000);
        assert_int_equal(all, due);
        for (size_t k = 1; k < all; k++)
            assert_true(found[k - 1].score >= found[k].score);
        struct suggestion best[10];
        size_t count = suggest_find(s, prefix, best, 10);
        assert_int_equal(count, due < 10 ? due : 10);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(best[k].score, found[k].score);
            assert_true(best[k].objects > 0);
        }
    }
    suggest_free(s);
    map_release(&truth);
    phrases_release(&phrases);
    buf_release(&bytes);
    arena_release(&arena);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct arena arena;
    struct buf bytes;
    arena_init(&arena, 0);
    buf_init(&bytes, 0);
    struct suggest_builder *b = suggest_builder_new(&settings, analyzer, 1);
    for (int i = 0; i < 3000; i++) {
        char title[64];
        struct json object;
        arena_reset(&arena);
        snprintf(title, sizeof(title), "common word %u", random_below(1000000));
        object_of(&arena, title, "Acme", "Home", &object);
        suggest_builder_add(b, &object, 1);
    }
    suggest_builder_finish(b, &bytes);
    suggest_builder_free(b);
    assert_true(bytes.size < 200000);
    buf_release(&bytes);
    arena_release(&arena);
}

/* Any byte changed: refused, or readable without a fault. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    struct arena arena;
    struct buf bytes;
    arena_init(&arena, 0);
    suggest_free(three_products(&arena, &bytes));
    for (size_t at = 0; at < bytes.size; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            struct suggest *s = NULL;
            struct error err;
            struct suggestion found[10];
            bytes.data[at] = (char)(bytes.data[at] ^ (1 << bit));
            if (suggest_open(&s, &settings, buf_str(&bytes), &err) == STATUS_OK) {
                (void)suggest_find(s, STR("w"), found, 10);
                (void)suggest_find(s, STR(""), found, 10);
                suggest_free(s);
            }
            bytes.data[at] = (char)(bytes.data[at] ^ (1 << bit));
        }
    }
    for (size_t size = 0; size < bytes.size; size += 3) {
        struct suggest *s = NULL;
        struct error err;
        assert_int_equal(suggest_open(&s, &settings, (struct str){bytes.data, size}, &err), STATUS_FORMAT);
    }
    buf_release(&bytes);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_by_any_word),
        cmocka_unit_test(test_live_counts),
        cmocka_unit_test(test_agrees_with_a_plain_list),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_damaged_bytes),
    };
    struct error err;
    settings.role_attribute[ROLE_TITLE] = STR("title");
    settings.role_attribute[ROLE_BRAND] = STR("brand");
    settings.role_attribute[ROLE_CATEGORY] = STR("category");
    if (analyzer_open(&analyzer, &(struct analyzer_options){.language = "en"}, &err) != STATUS_OK)
        return 1;
    analysis = analysis_new(analyzer);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    analysis_free(analysis);
    analyzer_close(analyzer);
    return failed;
}
