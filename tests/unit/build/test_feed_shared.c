/* Real feeds: each gives the number of items that its folder's README says. They are not part of the project; the
 * environment's AISLE_SHARED_DATA or ../shared/data has them, else this is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/base/map.h"
#include "indexer/build/infer.h"
#include "tests/unit/build/feed_outcome.h"

struct expected {
    const char *path;
    uint64_t accepted;
    uint64_t rejected;
    uint64_t distinct; /* 0: not said */
    enum status status;
    const char *message; /* part of it */
    bool partial;
};

static const struct expected feeds[] = {
    {"feeds/importpc_google.xml", 1255, 0, 1254, STATUS_OK, NULL, false},
    {"feeds/opispost_google.xml", 486, 0, 486, STATUS_OK, NULL, false},
    {"feeds/mevlana_products.xml", 218, 0, 218, STATUS_OK, NULL, false},
    {"feeds/shwei_yandex_yml.xml", 132, 0, 132, STATUS_OK, NULL, false},
    {"feeds/mhujer_heureka.xml", 18, 0, 18, STATUS_OK, NULL, false},
    {"feeds/mhujer_zbozi.xml", 5, 0, 5, STATUS_OK, NULL, false},
    {"feeds/til_criteo.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/til_skroutz.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/til_facebook_rss.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/til_facebook_atom.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/bmecat_bmecat12_testdata_new_catalog.golden.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/bmecat_bmecat12_testdata_new_catalog_with_blank_classification_system.golden.xml", 1, 0, 1, STATUS_OK, NULL,
     false},
    {"feeds/bmecat_bmecat2005_testdata_new_catalog.golden.xml", 1, 0, 1, STATUS_OK, NULL, false},
    {"feeds/bmecat_bmecat2005_testdata_new_catalog_with_blank_classification_system.golden.xml", 1, 0, 1, STATUS_OK,
     NULL, false},
    {"feeds/bmecat_bmecat12_testdata_update_prices.golden.xml", 1, 0, 1, STATUS_OK, NULL, true},
    {"feeds/bmecat_bmecat12_testdata_update_products.golden.xml", 2, 0, 2, STATUS_OK, NULL, true},
    {"feeds/malformed/oman_invalid_token.xml", 142, 0, 142, STATUS_FORMAT,
     "oman_invalid_token.xml:1571: xmlParseEntityRef: no name", false},
    {"feeds/malformed/oman_truncated.xml", 122, 0, 122, STATUS_FORMAT, "oman_truncated.xml:", false},
    {"feeds/malformed/mw_duplicate_xmlns_attr.xml", 0, 0, 0, STATUS_FORMAT,
     "mw_duplicate_xmlns_attr.xml:2: Attribute xmlns:g redefined", false},
    {"bigbasket-20k/bigbasket_products.csv", 20000, 0, 20000, STATUS_OK, NULL, false},
    {"ikea/ikea.csv", 3694, 0, 2962, STATUS_OK, NULL, false},
    {"flipkart-1050/flipkart_com-ecommerce_sample_1050.csv", 1042, 9, 1042, STATUS_OK, NULL, false},
    {"csv-imports/shopify_apparel.csv", 22, 0, 22, STATUS_OK, NULL, false},
    {"csv-imports/shopify_home-and-garden.csv", 21, 0, 21, STATUS_OK, NULL, false},
    {"csv-imports/shopify_jewelery.csv", 23, 0, 23, STATUS_OK, NULL, false},
    {"magento2-sample/ConfigurableSampleData_fixtures_products.csv", 1994, 0, 1994, STATUS_OK, NULL, false},
    {"magento2-sample/CatalogSampleData_fixtures_SimpleProduct_products_gear_bags.csv", 14, 0, 14, STATUS_OK, NULL,
     false},
    {"chorus-icecat/products.ndjson.gz", 19406, 0, 19406, STATUS_OK, NULL, false},
    {"esci-us-sample/ubi_ecommerce_products.json.gz", 6764, 0, 6764, STATUS_OK, NULL, false},
    {"bestbuy/phones_3291.json.gz", 3291, 0, 3291, STATUS_OK, NULL, false},
    {"bestbuy/categories.json.gz", 4584, 0, 4584, STATUS_OK, NULL, false},
};

struct counting {
    struct outcome outcome;
    struct map ids;
    struct infer *infer;
};

static enum status count_item(void *context, struct feed_item *item, struct error *err)
{
    struct counting *c = context;
    struct str id = {0};
    enum status status = outcome_item(&c->outcome, item, err);
    if (status == STATUS_OK) {
        assert_true(json_string(json_get(&item->object, "objectID"), &id) && id.size > 0);
        assert_true(str_equal(item->object.members[0].name, STR("objectID")));
        (void)map_put(&c->ids, id, 0, NULL);
        infer_add(c->infer, &item->object);
    }
    return status;
}

static void count_reject(void *context, const struct feed_reject *reject)
{
    struct counting *c = context;
    assert_true(reject->line > 0 && reject->reason[0]);
    outcome_reject(&c->outcome, reject);
}

/* The inferred settings compile, and their mapping reads the feed again. */
static void check_settings(struct counting *c, const struct feed_mapping *recognised)
{
    struct settings *settings = NULL;
    struct feed_mapping again;
    struct buf text = BUF_EMPTY;
    struct error err = {0};
    struct arena arena;
    arena_init(&arena, 0);
    assert_int_equal(infer_settings(c->infer, recognised, &text, &err), STATUS_OK);
    if (settings_parse(&settings, buf_str(&text), NULL, &err) != STATUS_OK) {
        fail_msg("%s\n" STR_FMT, err.message, STR_ARG(buf_str(&text)));
    }
    assert_true(feed_mapping_of_settings(settings, &arena, &again));
    assert_int_equal(again.kind, recognised->kind);
    assert_true(str_equal(again.item, recognised->item));
    assert_int_equal(again.field_count, recognised->field_count);
    settings_free(settings);
    buf_release(&text);
    arena_release(&arena);
}

static void check_feed(const char *folder, const struct expected *e)
{
    char path[512];
    struct error err = {0};
    struct counting c = {.infer = infer_new()};
    struct feed_handler handler = {&c, count_item, count_reject, NULL, false};
    struct feed_mapping recognised;
    struct arena arena;
    arena_init(&arena, 0);
    snprintf(path, sizeof(path), "%s/%s", folder, e->path);
    c.outcome.options.as_of_ms = OUTCOME_AS_OF;
    enum status status = feed_read(path, NULL, &handler, &arena, &recognised, &c.outcome.info, &err);
    if (status != e->status || c.outcome.accepted != e->accepted || c.outcome.rejected != e->rejected ||
        c.ids.count != e->distinct || (e->message && !strstr(err.message, e->message)) ||
        c.outcome.info.partial != e->partial || c.outcome.info.broken != (e->status == STATUS_FORMAT)) {
        fail_msg("%s: %s (%s), %llu accepted, %llu rejected, %zu distinct", e->path, status_name(status), err.message,
                 (unsigned long long)c.outcome.accepted, (unsigned long long)c.outcome.rejected, c.ids.count);
    }
    if (status == STATUS_OK) {
        check_settings(&c, &recognised);
        struct outcome again = {.out = NULL};
        assert_int_equal(outcome_of(&again, path, &recognised, &err), STATUS_OK);
        assert_int_equal(again.accepted, e->accepted);
        assert_int_equal(again.rejected, e->rejected);
    }
    infer_free(c.infer);
    map_release(&c.ids);
    arena_release(&arena);
}

static void test_shared_feeds(void **state)
{
    const char *folder = getenv("AISLE_SHARED_DATA");
    (void)state;
    folder = folder ? folder : "../shared/data";
    if (!file_exists(folder)) {
        print_message("no shared data in %s: skipped\n", folder);
        skip();
    }
    for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++) {
        check_feed(folder, &feeds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared_feeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
