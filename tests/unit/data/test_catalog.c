/* The generator: the same bytes on every run, valid codes and prices, unique ids, figures near the measured ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "data/catalog.h"
#include "data/workload.h"
#include "data/writer.h"
#include "indexer/base/hash.h"

#define DATE_MS    INT64_C(1795392000000) /* 2026-11-23 */
#define SAMPLE     20000
#define KNOWN_HASH UINT64_C(0x7cbef37ba4e980b0)

static struct catalog *open_catalog(uint64_t items, uint64_t seed)
{
    return catalog_new(&(struct catalog_options){items, seed, DATE_MS});
}

static void write_items(uint64_t items, uint64_t seed, enum feed_format format, struct buf *out)
{
    struct catalog *c = open_catalog(items, seed);
    struct item item;
    uint64_t count = 0;
    writer_begin(format, DATE_MS, out);
    while (catalog_next(c, &item)) {
        writer_item(format, &item, out);
        count++;
    }
    writer_end(format, out);
    assert_int_equal(count, items);
    catalog_free(c);
}

static void same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct buf a = BUF_EMPTY;
    struct buf b = BUF_EMPTY;
    write_items(1000, 1, FORMAT_GOOGLE_XML, &a);
    write_items(1000, 1, FORMAT_GOOGLE_XML, &b);
    assert_true(str_equal(buf_str(&a), buf_str(&b)));
    buf_clear(&b);
    write_items(1000, 2, FORMAT_GOOGLE_XML, &b);
    assert_false(str_equal(buf_str(&a), buf_str(&b)));
    buf_release(&a);
    buf_release(&b);
}

/* Benchmarks name this catalog: a change of the tables or of the drawing changes the hash, and is then said here. */
static void the_first_thousand_are_known(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    write_items(1000, 1, FORMAT_NDJSON, &out);
    uint64_t hash = hash64(out.data, out.size);
    if (hash != KNOWN_HASH) {
        printf("hash of the first thousand: 0x%016llx\n", (unsigned long long)hash);
    }
    assert_true(hash == KNOWN_HASH);
    buf_release(&out);
}

static void check_gtin(struct str gtin)
{
    int sum = 0;
    assert_int_equal(gtin.size, 13);
    for (size_t i = 0; i < 13; i++) {
        assert_in_range(gtin.data[i], '0', '9');
        sum += (gtin.data[i] - '0') * (i % 2 ? 3 : 1);
    }
    assert_int_equal(sum % 10, 0);
}

static void items_are_valid(void **state)
{
    (void)state;
    struct catalog *c = open_catalog(SAMPLE, 7);
    struct item item;
    while (catalog_next(c, &item)) {
        assert_int_equal(item.id.size, 10);
        assert_in_range(item.title.size, 8, 220);
        assert_in_range(item.description.size, 30, 2500);
        assert_true(str_utf8_valid(item.title, NULL));
        assert_true(str_utf8_valid(item.description, NULL));
        assert_int_equal(str_find_char(item.title, '{'), SIZE_MAX);
        assert_int_equal(str_find_char(item.description, '{'), SIZE_MAX);
        assert_true(str_find(item.title, STR("  ")) == SIZE_MAX);
        assert_true(str_find(item.description, STR("  ")) == SIZE_MAX);
        assert_in_range(item.price_cents, 99, 2000000);
        assert_true(item.sale_cents == 0 || (item.sale_cents >= 49 && item.sale_cents < item.price_cents));
        assert_true(item.sale_from_ms <= item.sale_to_ms);
        assert_true((item.quantity > 0) == str_equal(item.availability, STR("in_stock")));
        assert_true(item.rating_tenths <= 50 && item.popularity > 0);
        if (item.gtin.size) {
            check_gtin(item.gtin);
        }
        struct str category = item.category;
        size_t levels = 1;
        for (size_t at; (at = str_find(category, STR(" > "))) != SIZE_MAX; levels++) {
            category = str_slice(category, at + 3, category.size);
        }
        assert_int_equal(levels, 3);
    }
    catalog_free(c);
}

/* No title says a word twice in a row. */
static void titles_do_not_stutter(void **state)
{
    (void)state;
    struct catalog *c = open_catalog(SAMPLE, 9);
    struct item item;
    while (catalog_next(c, &item)) {
        struct str rest = item.title;
        struct str before = {0};
        while (rest.data) {
            struct str word = str_split(&rest, ' ');
            if (str_equal_nocase(word, before)) {
                printf("'" STR_FMT "'\n", STR_ARG(item.title));
            }
            assert_false(str_equal_nocase(word, before));
            before = word;
        }
    }
    catalog_free(c);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void ids_are_unique(void **state)
{
    (void)state;
    const uint64_t count = 200000;
    struct catalog *c = open_catalog(count, 3);
    uint64_t *ids = calloc(count, sizeof *ids);
    assert_non_null(ids);
    struct item item;
    for (uint64_t i = 0; catalog_next(c, &item); i++) {
        assert_true(str_to_u64(str_slice(item.id, 1, item.id.size), &ids[i]));
    }
    qsort(ids, count, sizeof *ids, compare_u64);
    for (uint64_t i = 1; i < count; i++) {
        assert_true(ids[i - 1] < ids[i]);
    }
    free(ids);
    catalog_free(c);
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_between(double value, double low, double high)
{
    if (!(value >= low && value <= high)) {
        printf("%g is not within %g..%g\n", value, low, high);
    }
    assert_true(value >= low && value <= high);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_double);
    return values[count / 2];
}

/* The measured catalogs lie around these: titles 48 to 67 characters at the median, descriptions 295 to 326 bytes,
 * logarithm of prices 3.3 to 4.4 +- 1 to 1.45, prices ending in .99 49 to 99 %, a brand missing now and then. */
static void figures_are_near_the_measured_ones(void **state)
{
    (void)state;
    struct catalog *c = open_catalog(SAMPLE, 11);
    double *titles = calloc(SAMPLE, sizeof *titles);
    double *texts = calloc(SAMPLE, sizeof *texts);
    double *prices = calloc(SAMPLE, sizeof *prices);
    assert_true(titles && texts && prices);
    size_t n = 0;
    size_t grouped = 0;
    size_t on_sale = 0;
    size_t nine = 0;
    size_t in_stock = 0;
    struct item item;
    while (catalog_next(c, &item)) {
        titles[n] = (double)item.title.size;
        texts[n] = (double)item.description.size;
        prices[n++] = (double)item.price_cents / 100;
        grouped += item.group.size > 0;
        on_sale += item.sale_cents > 0;
        nine += item.price_cents % 100 == 99;
        in_stock += item.quantity > 0;
    }
    assert_between(median(titles, n), 45, 70);
    assert_between(titles[n / 20], 20, 40);
    assert_between(titles[n - n / 20], 80, 125);
    assert_between(median(texts, n), 260, 360);
    assert_between(median(prices, n), 25, 90);
    assert_between(prices[n - n / 20] / prices[n / 20], 15, 120);
    assert_between((double)grouped / SAMPLE, .2, .3);
    assert_between((double)on_sale / SAMPLE, .12, .22);
    assert_between((double)nine / SAMPLE, .49, .9);
    assert_between((double)in_stock / SAMPLE, .82, .92);
    free(titles);
    free(texts);
    free(prices);
    catalog_free(c);
}

/* Every element that is opened is closed in order, text holds no bare '&' or '<'. */
static void xml_is_well_formed(void **state)
{
    (void)state;
    struct buf out = BUF_EMPTY;
    write_items(3000, 5, FORMAT_GOOGLE_XML, &out);
    struct str stack[8];
    size_t depth = 0;
    struct str rest = str_slice(buf_str(&out), 38, out.size); /* behind the declaration */
    for (size_t open; (open = str_find_char(rest, '<')) != SIZE_MAX;) {
        struct str text = str_slice(rest, 0, open);
        for (size_t at; (at = str_find_char(text, '&')) != SIZE_MAX;) {
            text = str_slice(text, at, text.size);
            assert_true(str_starts_with(text, STR("&amp;")) || str_starts_with(text, STR("&lt;")) ||
                        str_starts_with(text, STR("&gt;")));
            text = str_slice(text, 1, text.size);
        }
        rest = str_slice(rest, open + 1, rest.size);
        size_t close = str_find_char(rest, '>');
        assert_true(close != SIZE_MAX);
        struct str tag = str_slice(rest, 0, close);
        rest = str_slice(rest, close + 1, rest.size);
        size_t space = str_find_char(tag, ' ');
        struct str name = space == SIZE_MAX ? tag : str_slice(tag, 0, space);
        if (name.data[0] == '/') {
            assert_true(depth > 0);
            assert_true(str_equal(stack[--depth], str_slice(name, 1, name.size)));
        } else {
            assert_true(depth < 8);
            stack[depth++] = name;
        }
    }
    assert_int_equal(depth, 0);
    buf_release(&out);
}

static void queries_fit_the_catalog(void **state)
{
    (void)state;
    struct catalog *c = open_catalog(5000, 1);
    struct buf out = BUF_EMPTY;
    uint64_t random = 42;
    size_t by_words[5] = {0};
    for (int i = 0; i < 4000; i++) {
        buf_clear(&out);
        workload_query(c, &random, &out);
        struct str rest = buf_str(&out);
        struct str query = str_split(&rest, '\t');
        uint64_t words = 0;
        assert_true(query.size >= 2);
        assert_true(str_to_u64(str_split(&rest, '\t'), &words));
        assert_in_range(words, 1, 4);
        by_words[words]++;
        assert_true(rest.size == 11 && rest.data[0] == 'P');
    }
    assert_between((double)by_words[1] / 4000, .27, .34);
    assert_between((double)by_words[2] / 4000, .36, .44);
    assert_between((double)by_words[4] / 4000, .07, .13);
    buf_release(&out);
    catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes),
        cmocka_unit_test(the_first_thousand_are_known),
        cmocka_unit_test(items_are_valid),
        cmocka_unit_test(titles_do_not_stutter),
        cmocka_unit_test(ids_are_unique),
        cmocka_unit_test(figures_are_near_the_measured_ones),
        cmocka_unit_test(xml_is_well_formed),
        cmocka_unit_test(queries_fit_the_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
