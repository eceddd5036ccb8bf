/* Filters in all their spellings, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "server/query/filter.h"

/* A filter as text: not(x), all(x; y), any(x; y), attribute:value, attribute op number. */
static void write_filter(struct buf *out, const struct filter *f)
{
    static const char *const names[] = {[FILTER_AND] = "all", [FILTER_OR] = "any", [FILTER_NOT] = "not"};

    if (!f) {
        buf_literal(out, "none");
    } else if (f->kind == FILTER_FACET) {
        buf_printf(out, STR_FMT ":" STR_FMT, STR_ARG(f->attribute), STR_ARG(f->value));
    } else if (f->kind == FILTER_NUMBER) {
        buf_printf(out, STR_FMT "%s" STR_FMT, STR_ARG(f->attribute), f->op, STR_ARG(f->value));
    } else {
        buf_printf(out, "%s(", names[f->kind]);
        for (size_t i = 0; i < f->child_count; i++) {
            if (i)
                buf_literal(out, "; ");
            write_filter(out, &f->children[i]);
        }
        buf_append_char(out, ')');
    }
}

struct case_of {
    const char *input;
    const char *expected; /* starting with '!': the error's message */
};

static void compare(enum status status, const struct filter *f, const struct error *err, const struct case_of *c)
{
    struct buf text = BUF_EMPTY;

    if (status == STATUS_OK)
        write_filter(&text, f);
    else
        buf_printf(&text, "!%s", err->message);
    buf_append_char(&text, '\0');
    if (strcmp(text.data, c->expected) != 0)
        print_message("%s\n  expected %s\n  found    %s\n", c->input, c->expected, text.data);
    assert_string_equal(text.data, c->expected);
    buf_release(&text);
}

static void test_filters(void **state)
{
    static const struct case_of cases[] = {
        {"", "none"},
        {"  ", "none"},
        {"brand:Acme", "brand:Acme"},
        {"brand:\"Fjord & Co\"", "brand:Fjord & Co"},
        {"brand:'O\\'Neal'", "brand:O'Neal"},
        {"\"content.author\":\"Marie Curie\"", "content.author:Marie Curie"},
        {"brand:Hi:Tech", "brand:Hi:Tech"},
        {"price < 100", "price<100"},
        {"price<=100", "price<=100"},
        {"price==100", "price=100"},
        {"price != 1e3", "price!=1e3"},
        {"price:10 TO 20", "all(price>=10; price<=20)"},
        {"price: -5 TO 2.5", "all(price>=-5; price<=2.5)"},
        {"size:38", "size:38"},
        {"NOT brand:Acme", "not(brand:Acme)"},
        {"brand:Acme AND (price < 100 OR NOT in_stock:true)", "all(brand:Acme; any(price<100; not(in_stock:true)))"},
        {"a:1 OR b:2 AND c:3", "any(a:1; all(b:2; c:3))"},
        {"(a:1 OR b:2) AND c:3 AND d:4", "all(any(a:1; b:2); c:3; d:4)"},
        {"NOT (a:1 AND b:2)", "not(all(a:1; b:2))"},
        {"brand:Acme<score=2> OR brand:Ibex", "any(brand:Acme; brand:Ibex)"},
        {"sale", "_tags:sale"},
        {"ANDROID:1", "ANDROID:1"},
        {"größe:\"42 ½\"", "größe:42 ½"},
        {"brand:", "!offset 6: expected a name or a value"},
        {"brand:Acme Inc", "!offset 11: expected AND, OR or the end; quote a value with spaces"},
        {"brand:\"Acme", "!offset 6: expected a closing quote for the one that opens here"},
        {"(brand:Acme", "!offset 11: expected ')'"},
        {"price > cheap", "!offset 8: expected a number"},
        {"price ! 5", "!offset 6: expected one of = != < <= > >="},
        {"a:1 AND", "!offset 7: expected a name or a value"},
        {")", "!offset 0: expected a name or a value"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct error err = {0};
        const struct filter *f = NULL;
        arena_init(&arena, 1 << 20);
        enum status status = filter_parse(&f, str_from(cases[i].input), &arena, &err);
        compare(status, f, &err, &cases[i]);
        arena_release(&arena);
    }
}

static void test_lists(void **state)
{
    static const struct {
        enum filter_list list;
        struct case_of c;
    } cases[] = {
        {FILTER_LIST_FACET, {"\"brand:Acme\"", "brand:Acme"}},
        {FILTER_LIST_FACET, {"\"brand:Ibex, Ltd\"", "brand:Ibex, Ltd"}},
        {FILTER_LIST_FACET, {"\"brand:Hi:Tech\"", "brand:Hi:Tech"}},
        {FILTER_LIST_FACET, {"[\"brand:O'Neal\",\"name:Größe\"]", "all(brand:O'Neal; name:Größe)"}},
        {FILTER_LIST_FACET, {"[[\"brand:Acme\",\"brand:Fjord & Co\"]]", "any(brand:Acme; brand:Fjord & Co)"}},
        {FILTER_LIST_FACET, {"[[\"a:1\",\"a:2\"],\"b:3\",[\"c:4\"]]", "all(any(a:1; a:2); b:3; c:4)"}},
        {FILTER_LIST_FACET, {"[[\"a:1\",[\"b:2\",\"c:3\"]]]", "any(a:1; all(b:2; c:3))"}},
        {FILTER_LIST_FACET, {"\"[[\\\"a:1\\\",\\\"a:2\\\"]]\"", "any(a:1; a:2)"}},
        {FILTER_LIST_FACET, {"\"brand:-Acme\"", "not(brand:Acme)"}},
        {FILTER_LIST_FACET, {"\"-brand:Acme\"", "not(brand:Acme)"}},
        {FILTER_LIST_FACET, {"\"size:\\\\-5\"", "size:-5"}},
        {FILTER_LIST_FACET, {"\"category.lvl0:Home > Kitchen\"", "category.lvl0:Home > Kitchen"}},
        {FILTER_LIST_FACET, {"[]", "none"}},
        {FILTER_LIST_FACET, {"\"\"", "none"}},
        {FILTER_LIST_FACET, {"null", "none"}},
        {FILTER_LIST_FACET, {"[[],[\"a:1\"]]", "a:1"}},
        {FILTER_LIST_FACET, {"\"Acme\"", "!'Acme' is no facet filter; write \"attribute:value\""}},
        {FILTER_LIST_FACET, {"[5]", "!must be a string or an array of strings and arrays"}},
        {FILTER_LIST_TAG, {"[\"sale\",[\"new\",\"old\"]]", "all(_tags:sale; any(_tags:new; _tags:old))"}},
        {FILTER_LIST_NUMBER, {"[\"price>=50\",\"price<=400\"]", "all(price>=50; price<=400)"}},
        {FILTER_LIST_NUMBER, {"\"price>=50,price<=400\"", "all(price>=50; price<=400)"}},
        {FILTER_LIST_NUMBER, {"[[\"price = 5\",\"price:10 TO 20\"]]", "any(price=5; all(price>=10; price<=20))"}},
        {FILTER_LIST_NUMBER, {"\"price:7\"", "all(price>=7; price<=7)"}},
        {FILTER_LIST_NUMBER,
         {"\"price\"", "!'price' is no numeric filter; write \"attribute >= 10\" or \"attribute:10 TO 20\""}},
        {FILTER_LIST_NUMBER,
         {"\"price>x\"", "!'price>x' is no numeric filter; write \"attribute >= 10\" or \"attribute:10 TO 20\""}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct error err = {0};
        struct json json;
        const struct filter *f = NULL;
        arena_init(&arena, 1 << 20);
        assert_int_equal(json_parse(str_from(cases[i].c.input), &arena, &json, &err), STATUS_OK);
        enum status status = filter_of_json(&f, &json, cases[i].list, &arena, &err);
        compare(status, f, &err, &cases[i].c);
        arena_release(&arena);
    }
}

/* Deep nesting, very many conditions and little memory end in an error, not in a crash. */
static void test_hostile(void **state)
{
    struct arena arena;
    struct error err;
    struct buf text = BUF_EMPTY;
    const struct filter *f;

    (void)state;
    for (int i = 0; i < 10000; i++)
        buf_append_char(&text, '(');
    arena_init(&arena, 1 << 20);
    assert_int_equal(filter_parse(&f, buf_str(&text), &arena, &err), STATUS_INPUT);
    buf_clear(&text);
    for (int i = 0; i < 10000; i++)
        buf_literal(&text, "NOT ");
    assert_int_equal(filter_parse(&f, buf_str(&text), &arena, &err), STATUS_INPUT);
    buf_clear(&text);
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "%sa:%d", i ? " OR " : "", i);
    assert_int_equal(filter_parse(&f, buf_str(&text), &arena, &err), STATUS_LIMIT);
    arena_release(&arena);
    arena_init(&arena, 64 << 20);
    assert_int_equal(filter_parse(&f, buf_str(&text), &arena, &err), STATUS_INPUT);
    arena_release(&arena);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
