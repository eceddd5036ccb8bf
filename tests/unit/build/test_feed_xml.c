/* Recognition and mapping of XML; whole feeds are in test_feed_samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/build/feed_xml.h"
#include "tests/unit/build/feed_outcome.h"

static void gives(const char *text, const struct feed_mapping *mapping, const char *expected)
{
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    struct outcome o = {.out = &out};
    assert_int_equal(outcome_of_bytes(&o, str_from(text), mapping, &err), STATUS_OK);
    buf_append_char(&out, '\0');
    if (!strstr(out.data, expected)) {
        fail_msg("%s\ngives\n%s", text, out.data);
    }
    buf_release(&out);
}

static void test_items_are_found(void **state)
{
    (void)state;
    /* the items, not the stores and categories that have ids and names too */
    gives("<x><stores><s><id>1</id><name>A</name></s><s><id>2</id><name>B</name></s></stores>"
          "<goods><g><id>1</id><name>C</name><price>2</price></g></goods></x>",
          NULL, "items 1, XML, items 'g'");
    /* variants inside a product belong to it */
    gives(
        "<c><p><title>A</title><brand>X</brand><description>d</description><id>1</id>"
        "<variants><v><sku>1a</sku><price>1</price><stock>1</stock></v><v><sku>1b</sku><price>2</price></v></variants>"
        "</p><p><title>B</title><brand>X</brand><description>d</description><id>2</id>"
        "<variants><v><sku>2a</sku><price>1</price></v></variants></p></c>",
        NULL, "items 2, XML, items 'p'");
    /* everything in attributes */
    gives("<list><thing id='1' name='A' price='2 EUR' colour='red'/><thing id='2' name='B' price='3 EUR'/></list>",
          NULL, "{\"objectID\":\"1\",\"title\":\"A\",\"price\":2,\"colour\":\"red\",\"currency\":\"EUR\"");
    /* deeper than one level */
    gives(
        "<Envelope><Message><MessageID>1</MessageID><Product><SKU>s1</SKU><DescriptionData><Title>T</Title>"
        "<Brand>B</Brand></DescriptionData></Product></Message><Message><MessageID>2</MessageID><Product><SKU>s2</SKU>"
        "<DescriptionData><Title>U</Title><Brand>B</Brand></DescriptionData></Product></Message></Envelope>",
        NULL, "{\"objectID\":\"s1\"");
}

static void test_blank_lines_before(void **state)
{
    (void)state;
    gives("\n\n<?xml version='1.0'?>\n<products><product><id>1</id><name>A</name><price>1</price></product></products>",
          NULL, "item 4 {\"objectID\":\"1\"");
}

static void test_nested_prices_stay_apart(void **state)
{
    (void)state;
    gives("<products><product><id>1</id><name>A</name><shipping><price>9</price></shipping><price>5</price></product>"
          "</products>",
          NULL, "\"shipping\":{\"price\":\"9\"},\"price\":5");
    gives("<products><product><id>1</id><name>A</name><shipping><price>9</price></shipping></product></products>", NULL,
          "{\"objectID\":\"1\",\"title\":\"A\",\"shipping\":{\"price\":\"9\"}}");
}

static void test_names_with_values(void **state)
{
    (void)state;
    gives("<products><product><id>1</id><name>A</name><price>1</price><attribute name='Size'>L</attribute>"
          "<attribute name='Size'>XL</attribute><spec><label>Weight</label><value>3</value><unit>kg</unit></spec>"
          "<attribute name='objectID'>x</attribute></product></products>",
          NULL, "\"Size\":[\"L\",\"XL\"],\"Weight\":\"3 kg\",\"attribute_objectID\":\"x\"");
}

static void test_mixed_content(void **state)
{
    (void)state;
    gives("<products><product><id>1</id><name>A</name><price>1</price>"
          "<description>Two <b>bold</b> words<br/>here</description></product></products>",
          NULL, "\"description\":\"Two bold words here\"");
    gives("<products><product><id>1</id><name>A &lt;b&gt;x&lt;/b&gt;</name><price>1</price></product></products>", NULL,
          "\"title\":\"A x\"");
}

static void test_html_names(void **state)
{
    (void)state;
    gives("<products><product "
          "id='a&amp;b&eacute;'><name>Caf&eacute;&nbsp;&#233;</name><price>1</price></product></products>",
          NULL, "{\"objectID\":\"a&b\xc3\xa9\",\"title\":\"Caf\xc3\xa9\xc2\xa0\xc3\xa9\"");
}

static void test_mapping(void **state)
{
    static const char text[] =
        "<root><noise><id>1</id><name>N</name><price>1</price></noise><noise><id>2</id><name>N</name><price>1</price>"
        "</noise><teil><kopf><nummer>77</nummer></kopf><text>Hut</text><bild src='h.jpg'/>"
        "<merkmal><was>Farbe</was><wert>rot</wert></merkmal></teil></root>";
    const struct feed_field fields[] = {{STR("title"), STR("text")},
                                        {STR("number"), STR("kopf/nummer")},
                                        {STR("image"), STR("bild/@src")},
                                        {STR("*"), STR("merkmal[was]=wert")}};
    const struct feed_mapping mapping = {
        .kind = FEED_XML, .item = STR("teil"), .fields = fields, .field_count = sizeof(fields) / sizeof(fields[0])};
    (void)state;
    gives(text, NULL, "items 2, XML, items 'noise'");
    gives(text, &mapping,
          "\"title\":\"Hut\",\"number\":\"77\",\"image\":\"h.jpg\",\"Farbe\":\"rot\",\"kopf\":{\"nummer\":\"77\"}");
    gives(text, &mapping, "items 1,");
    /* a mapping for another feed gives way to what is recognised */
    gives("<products><product><id>1</id><name>A</name><price>1</price></product></products>", &mapping,
          "items 1, XML, items 'product'");
}

static void test_entities(void **state)
{
    (void)state;
    assert_string_equal(xml_html_entity(STR("nbsp")), "\xc2\xa0");
    assert_string_equal(xml_html_entity(STR("euro")), "\xe2\x82\xac");
    assert_null(xml_html_entity(STR("nothing")));
    assert_null(xml_html_entity(STR("averyveryverylongname")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_are_found),   cmocka_unit_test(test_nested_prices_stay_apart),
        cmocka_unit_test(test_names_with_values), cmocka_unit_test(test_mixed_content),
        cmocka_unit_test(test_html_names),        cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_entities),          cmocka_unit_test(test_blank_lines_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
