/* Hostile and damaged feeds: each ends in bounded time with a message, and what was good is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/gzip.h"
#include "indexer/base/map.h"
#include "tests/unit/build/feed_outcome.h"

static void gives(struct buf *text, enum status status, const char *message, uint64_t accepted, uint64_t rejected)
{
    struct error err = {0};
    struct outcome o = {.out = NULL};
    enum status got = outcome_of_bytes(&o, buf_str(text), NULL, &err);
    if (got != status || !strstr(err.message, message) || o.accepted != accepted || o.rejected != rejected) {
        fail_msg("%s: %s; %llu accepted, %llu rejected", status_name(got), err.message, (unsigned long long)o.accepted,
                 (unsigned long long)o.rejected);
    }
    buf_release(text);
}

static void gives_text(const char *text, enum status status, const char *message, uint64_t accepted, uint64_t rejected)
{
    struct buf copy = BUF_EMPTY;
    buf_append(&copy, text, strlen(text));
    gives(&copy, status, message, accepted, rejected);
}

static void repeat(struct buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buf_append(out, text, strlen(text));
    }
}

#define ITEM "<item><id>1</id><title>One</title><price>1</price></item>"

static void test_xml_depth(void **state)
{
    struct buf text = BUF_EMPTY;
    (void)state;
    repeat(&text, "<rss><channel>" ITEM "<item><id>2</id>", 1);
    repeat(&text, "<a>", 40);
    gives(&text, STATUS_FORMAT, "nested deeper than 32", 1, 0);
}

static void test_xml_attributes(void **state)
{
    struct buf text = BUF_EMPTY;
    (void)state;
    repeat(&text, "<rss><channel>" ITEM "<item", 1);
    for (int i = 0; i < 300; i++) {
        buf_printf(&text, " a%d=\"\"", i);
    }
    repeat(&text, "><id>2</id></item></channel></rss>", 1);
    gives(&text, STATUS_FORMAT, "300 attributes", 1, 0);
    repeat(&text, "<rss><channel>" ITEM "<item", 1);
    for (int i = 0; i < 80000; i++) {
        buf_printf(&text, " a%d=\"\"", i);
    }
    repeat(&text, "><id>2</id></item></channel></rss>", 1);
    gives(&text, STATUS_FORMAT, "longer than 65536 bytes", 1, 0);
}

static void test_xml_entities(void **state)
{
    (void)state;
    gives_text(
        "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss><channel><item><id>1</id><title>&x;</title>"
        "<price>1</price></item></channel></rss>",
        STATUS_FORMAT, "defines the entity 'x'", 0, 0);
    gives_text("<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/x.dtd\"><rss><channel>" ITEM "</channel></rss>", STATUS_OK, "",
               1, 0);
    gives_text("<rss><channel>" ITEM "<item><id>2</id><title>&nope;</title></item></channel></rss>", STATUS_FORMAT,
               "Entity 'nope' not defined", 1, 0);
}

/* An item over the limit is rejected, the next ones are not. */
static void test_large_items(void **state)
{
    struct buf text = BUF_EMPTY;
    (void)state;
    repeat(&text, "<rss><channel>" ITEM "<item><id>2</id><description>", 1);
    repeat(&text, "word ", 300000);
    repeat(&text, "</description><x><y>1</y></x></item>" ITEM "</channel></rss>", 1);
    gives(&text, STATUS_OK, "", 2, 1);
    repeat(&text, "{\"id\":1}\n{\"id\":2,\"text\":\"", 1);
    repeat(&text, "word ", 300000);
    repeat(&text, "\"}\n{\"id\":3}\n", 1);
    gives(&text, STATUS_OK, "", 2, 1);
    repeat(&text, "[{\"id\":1},{\"id\":2,\"text\":\"", 1);
    repeat(&text, "wo]d ", 300000);
    repeat(&text, "\"},{\"id\":3}]", 1);
    gives(&text, STATUS_OK, "", 2, 1);
    repeat(&text, "id,text\n1,a\n2,\"", 1);
    repeat(&text, "word ", 300000);
    repeat(&text, "\"\n3,c\n", 1);
    gives(&text, STATUS_OK, "", 2, 1);
}

/* Windows, chunks and pieces end anywhere in rows, values and tags. */
static void test_long_feeds(void **state)
{
    struct buf text = BUF_EMPTY;
    (void)state;
    repeat(&text, "id,name,note\n", 1);
    for (int i = 0; i < 60000; i++) {
        buf_printf(&text, "%d,\"Name, \"\"%d\"\"\",\"two\nlines %d\"\r\n", i, i, i);
    }
    gives(&text, STATUS_OK, "", 60000, 0);
    for (int i = 0; i < 60000; i++) {
        buf_printf(&text, "{\"id\":%d,\"name\":\"Name \\\"%d\\\" }\",\"x\":[{},[\"]\"]]}\n", i, i);
    }
    gives(&text, STATUS_OK, "", 60000, 0);
    repeat(&text, "{\"items\":[", 1);
    for (int i = 0; i < 60000; i++) {
        buf_printf(&text, "%s\n {\"id\": %d, \"title\": \"Name %d\"}", i ? "," : "", i, i);
    }
    repeat(&text, "\n]}", 1);
    gives(&text, STATUS_OK, "", 60000, 0);
    repeat(&text, "<products>", 1);
    for (int i = 0; i < 60000; i++) {
        buf_printf(&text, "<product><id>%d</id><name>N &amp; <![CDATA[%d]]></name><price>%d</price></product>\n", i, i,
                   i);
    }
    repeat(&text, "</products>", 1);
    gives(&text, STATUS_OK, "", 60000, 0);
}

static void test_broken_feeds(void **state)
{
    (void)state;
    gives_text("", STATUS_FORMAT, "empty", 0, 0);
    gives_text("   \n ", STATUS_FORMAT, "empty", 0, 0);
    gives_text("<!DOCTYPE html><html><body>404</body></html>", STATUS_FORMAT, "an HTML page", 0, 0);
    gives_text("PK\003\004xxxxxxx", STATUS_FORMAT, "a zip archive", 0, 0);
    gives_text("<a><b>1</b></a>", STATUS_FORMAT, "no repeated element looks like a product", 0, 0);
    gives_text("[{\"id\":1},{\"id\":2}", STATUS_FORMAT, "the file ends inside the array", 2, 0);
    gives_text("[{\"id\":1},{\"id\":", STATUS_FORMAT, "the file ends inside an item", 1, 0);
    gives_text("[{\"id\":1} {\"id\":2}]", STATUS_FORMAT, "expected ',' or ']'", 1, 0);
    gives_text("[{\"id\":1},{\"id\":2,},{\"id\":3}]", STATUS_OK, "", 2, 1);
    gives_text("[]", STATUS_OK, "", 0, 0);
    gives_text("id,name\n", STATUS_OK, "", 0, 0);
    gives_text("<rss><channel><title>none</title></channel></rss>", STATUS_OK, "", 0, 0);
}

static void test_gzip(void **state)
{
    struct buf plain = BUF_EMPTY;
    struct buf packed = BUF_EMPTY;
    (void)state;
    repeat(&plain, "id,name\n", 1);
    for (int i = 0; i < 20000; i++) {
        buf_printf(&plain, "%d,Name %d\n", i, i * 7919);
    }
    assert_int_equal(gzip_compress(buf_str(&plain), 6, &packed), STATUS_OK);
    struct buf cut = BUF_EMPTY;
    buf_append(&cut, packed.data, packed.size);
    gives(&packed, STATUS_OK, "", 20000, 0);
    cut.size -= cut.size / 3;
    struct error err = {0};
    struct outcome o = {.out = NULL};
    assert_int_equal(outcome_of_bytes(&o, buf_str(&cut), NULL, &err), STATUS_FORMAT);
    assert_non_null(strstr(err.message, "gzip"));
    assert_true(o.info.broken);
    assert_true(o.accepted > 5000 && o.accepted < 20000);
    buf_release(&cut);
    buf_release(&plain);
}

static enum status fail_at_third(void *context, struct feed_item *item, struct error *err)
{
    unsigned *count = context;
    (void)item;
    return ++*count == 3 ? error_set(err, STATUS_FULL, "no space") : STATUS_OK;
}

/* What the caller returns ends the reading at once. */
static void test_caller_stops(void **state)
{
    static const char *const texts[] = {
        "id\tx\n1\ta\n2\ta\n3\ta\n4\ta\n", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n",
        "[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4}]", "<rss><channel>" ITEM ITEM ITEM ITEM "</channel></rss>"};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        unsigned count = 0;
        struct feed_handler handler = {&count, fail_at_third, NULL, NULL, i >= 4};
        struct feed_info info;
        struct arena arena;
        struct error err = {0};
        char path[64];
        FILE *file = tmpfile();
        assert_non_null(file);
        fputs(texts[i % 4], file);
        fflush(file);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
        arena_init(&arena, 0);
        assert_int_equal(feed_read(path, NULL, &handler, &arena, NULL, &info, &err), STATUS_FULL);
        assert_string_equal(err.message, "no space");
        assert_int_equal(count, 3);
        arena_release(&arena);
        fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_depth),   cmocka_unit_test(test_xml_attributes), cmocka_unit_test(test_xml_entities),
        cmocka_unit_test(test_large_items), cmocka_unit_test(test_long_feeds),     cmocka_unit_test(test_broken_feeds),
        cmocka_unit_test(test_gzip),        cmocka_unit_test(test_caller_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
