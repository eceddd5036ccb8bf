/* Changing the list of synonyms in a settings document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/live/synonyms_change.h"

static struct arena arena;

static struct json parse(const char *text)
{
    struct json out;
    struct error err;
    assert_int_equal(json_parse(str_from(text), &arena, &out, &err), STATUS_OK);
    return out;
}

static void check(const char *document, const char *change, const char *want)
{
    struct buf text = BUF_EMPTY;
    arena_init(&arena, 0);
    struct json d = parse(document);
    struct json c = parse(change);
    assert_true(synonyms_change(&d, &c, &arena));
    json_write(&text, &d);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, want);
    buf_release(&text);
    arena_release(&arena);
}

static void test_save(void **state)
{
    (void)state;
    check("{}", "{\"save\":[{\"objectID\":\"a\"}]}", "{\"synonyms\":[{\"objectID\":\"a\"}]}");
    check("{\"synonyms\":[{\"objectID\":\"a\",\"x\":1},{\"objectID\":\"b\"}]}",
          "{\"save\":[{\"objectID\":\"c\"},{\"objectID\":\"a\",\"x\":2},{\"objectID\":\"c\",\"y\":3}]}",
          "{\"synonyms\":[{\"objectID\":\"a\",\"x\":2},{\"objectID\":\"b\"},{\"objectID\":\"c\",\"y\":3}]}");
}

static void test_delete_and_replace(void **state)
{
    (void)state;
    check("{\"synonyms\":[{\"objectID\":\"a\"},{\"objectID\":\"b\"}]}", "{\"delete\":[\"a\",\"z\"]}",
          "{\"synonyms\":[{\"objectID\":\"b\"}]}");
    check("{\"synonyms\":[\"tv, television\"]}", "{\"replace\":true,\"save\":[{\"objectID\":\"b\"}]}",
          "{\"synonyms\":[{\"objectID\":\"b\"}]}");
    check("{\"synonyms\":[\"tv, television\"]}", "{\"replace\":true}", "{\"synonyms\":[]}");
}

/* Entries without an objectID have one that depends on nothing but what they say. */
static void test_made_ids(void **state)
{
    (void)state;
    char change[128];
    arena_init(&arena, 0);
    struct json entry = json_of_str(STR("tv, television"));
    struct json other = parse("[\"couch\",\"sofa\"]");
    struct str id = synonym_id(&entry, &arena);
    assert_true(str_starts_with(id, STR("synonym-")));
    assert_false(str_equal(id, synonym_id(&other, &arena)));
    (void)snprintf(change, sizeof(change), "{\"delete\":[\"" STR_FMT "\"]}", STR_ARG(id));
    arena_release(&arena);
    check("{\"synonyms\":[\"tv, television\",[\"couch\",\"sofa\"]]}", change, "{\"synonyms\":[[\"couch\",\"sofa\"]]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save),
        cmocka_unit_test(test_delete_and_replace),
        cmocka_unit_test(test_made_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
