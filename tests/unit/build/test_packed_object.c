/* Objects packed and read back, against the same through JSON; bytes that are cut or wrong. */
#include "indexer/build/packed_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/random.h"

static struct str random_text(struct random *r, struct arena *arena)
{
    static const char *const TEXTS[] = {"", "a", "red \"shoe\"", "\xc3\xa4\n", "broken \xff\xc3", "\x01", "x\xe2\x82"};
    char *bytes = arena_alloc(arena, 200);
    size_t size = (size_t)random_below(r, 200);

    if (random_chance(r, 60))
        return str_from(TEXTS[random_below(r, sizeof(TEXTS) / sizeof(TEXTS[0]))]);
    memset(bytes, 'b', size);
    return (struct str){bytes, size};
}

static struct json random_value(struct random *r, struct arena *arena, unsigned depth)
{
    struct json value = {.type = (enum json_type)random_below(r, depth > 4 ? JSON_STRING + 1 : JSON_OBJECT + 1)};

    if (value.type == JSON_STRING)
        value.text = random_text(r, arena);
    if (value.type == JSON_NUMBER)
        value.text = STR("12.50");
    if (value.type == JSON_ARRAY || value.type == JSON_OBJECT)
        value.count = (uint32_t)random_below(r, 6);
    if (value.type == JSON_ARRAY) {
        value.items = ARENA_ARRAY(arena, struct json, value.count);
        for (uint32_t i = 0; i < value.count; i++)
            value.items[i] = random_value(r, arena, depth + 1);
    }
    if (value.type == JSON_OBJECT) {
        value.members = ARENA_ARRAY(arena, struct json_member, value.count);
        value.capacity = value.count;
        for (uint32_t i = 0; i < value.count; i++)
            value.members[i] = (struct json_member){random_text(r, arena), random_value(r, arena, depth + 1)};
    }
    return value;
}

/* What writing and reading JSON makes of it. */
static void expected(const struct json *object, struct arena *arena, struct buf *out)
{
    struct buf text = BUF_EMPTY;
    struct json parsed;

    json_write(&text, object);
    assert_int_equal(json_parse(buf_str(&text), arena, &parsed, NULL), STATUS_OK);
    json_write(out, &parsed);
    buf_release(&text);
}

static void check(struct packed_names *names, struct random *r)
{
    struct arena arena;
    struct buf packed = BUF_EMPTY, wanted = BUF_EMPTY, got = BUF_EMPTY;
    struct json object, back;

    arena_init(&arena, 0);
    do
        object = random_value(r, &arena, 0);
    while (object.type != JSON_OBJECT);
    assert_int_equal(packed_object_put(names, &object, &packed, NULL), STATUS_OK);
    assert_int_equal(packed_object_get(names, buf_str(&packed), &arena, &back, NULL), STATUS_OK);
    expected(&object, &arena, &wanted);
    json_write(&got, &back);
    assert_int_equal(got.size, wanted.size);
    assert_memory_equal(got.data, wanted.data, got.size);
    for (size_t cut = 0; cut < packed.size; cut += 1 + packed.size / 20)
        assert_int_equal(packed_object_get(names, str_slice(buf_str(&packed), 0, cut), &arena, &back, NULL),
                         STATUS_FORMAT);
    for (int i = 0; i < 20; i++) {
        packed.data[random_below(r, packed.size)] ^= (char)(1 + random_below(r, 255));
        (void)!packed_object_get(names, buf_str(&packed), &arena, &back, NULL); /* the sanitizers watch */
    }
    buf_release(&packed);
    buf_release(&wanted);
    buf_release(&got);
    arena_release(&arena);
}

static void test_round_trip(void **state)
{
    struct random r = random_start("packed_object");
    struct packed_names names;

    (void)state;
    packed_names_init(&names);
    for (size_t i = 0; i < random_rounds(2000, 50000); i++)
        check(&names, &r);
    packed_names_release(&names);
}

static void test_too_deep(void **state)
{
    struct packed_names names;
    struct buf out = BUF_EMPTY;
    struct json levels[40] = {{.type = JSON_TRUE}};
    struct json_member member = {STR("a"), {.type = JSON_NULL}};
    struct json object = {.type = JSON_OBJECT, .count = 1, .members = &member};

    (void)state;
    packed_names_init(&names);
    for (size_t i = 1; i < 40; i++) {
        levels[i] = (struct json){.type = JSON_ARRAY, .count = 1, .items = &levels[i - 1]};
        member.value = levels[i];
        assert_int_equal(packed_object_put(&names, &object, &out, NULL), i <= 31 ? STATUS_OK : STATUS_LIMIT);
    }
    packed_names_release(&names);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_too_deep)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
