/* Facet columns of lists: whatever documents have, it is read from the column as it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/limits.h"
#include "indexer/base/vec.h"
#include "indexer/shard/codes.h"
#include "tests/support/random.h"

enum { DOCS = 500, ATTR = 0 };

struct pairs {
    VEC(struct facet_pair) list;
};

static struct dictionary *make_tree(struct random *r, bool hierarchical)
{
    struct settings *s = NULL;
    struct dictionary *d = NULL;
    struct str faceting = hierarchical ? STR("{\"attributesForFaceting\":[\"hierarchical(cat)\"]}")
                                       : STR("{\"attributesForFaceting\":[\"cat\"]}");

    assert_int_equal(settings_parse(&s, faceting, NULL, NULL), STATUS_OK);
    d = dictionary_new(s);
    settings_free(s);
    for (int i = 0; i < 60; i++) {
        char text[64];

        snprintf(text, sizeof(text), "%c > %c > %c", 'a' + (int)random_below(r, 4), 'a' + (int)random_below(r, 4),
                 'a' + (int)random_below(r, 4));
        (void)dictionary_value_add(d, ATTR, str_from(text));
    }
    return d;
}

static int by_doc_and_code(const void *a, const void *b)
{
    const struct facet_pair *x = a, *y = b;

    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return (x->code > y->code) - (x->code < y->code);
}

/* Each document has up to `most` random nodes with their ancestors. */
static void draw(struct random *r, const struct dictionary *d, uint32_t most, struct pairs *out)
{
    size_t kept = 0;

    out->list.count = 0;
    for (doc_id doc = 0; doc < DOCS; doc++) {
        for (uint32_t n = (uint32_t)random_below(r, most + 1); n > 0; n--) {
            facet_code code = (facet_code)random_below(r, dictionary_value_count(d, ATTR));

            for (; code != FACET_NONE; code = dictionary_value_parent(d, ATTR, code)) {
                struct facet_pair pair = {doc, code};

                vec_push(&out->list, pair);
            }
        }
    }
    qsort(out->list.items, out->list.count, sizeof(*out->list.items), by_doc_and_code);
    for (size_t i = 0; i < out->list.count; i++) {
        if (kept == 0 || by_doc_and_code(&out->list.items[kept - 1], &out->list.items[i]) != 0)
            out->list.items[kept++] = out->list.items[i];
    }
    out->list.count = kept;
}

static void write_column(struct buf *image, const struct pairs *p, const struct dictionary *d, uint32_t *listed)
{
    struct container_writer w;
    struct attributes_writer aw;
    struct codes_writer cw = {.doc_count = DOCS};
    uint32_t count = (uint32_t)p->list.count;

    container_writer_init(&w, CONTAINER_SHARD, image, NULL);
    attributes_writer_init(&aw, &w, DOCS);
    attributes_begin_facets(&aw);
    assert_true(attributes_facets_multi(&aw, p->list.items, count));
    *listed = codes_put_lists(&cw, ATTR, p->list.items, count, d);
    attributes_put_facets(&aw, ATTR, p->list.items, count, *listed);
    attributes_begin_numbers(&aw);
    attributes_begin_sets(&aw);
    attributes_end(&aw);
    attributes_writer_release(&aw);
    codes_write(&cw, &w);
    assert_int_equal(container_finish(&w, 1, NULL), STATUS_OK);
    container_writer_release(&w);
}

/* Of each document: its codes, and its path where it has one alone. */
static void expect_column(const struct facet_column *f, const struct pairs *p, const struct dictionary *d)
{
    size_t at = 0;

    for (doc_id doc = 0; doc < DOCS; doc++) {
        facet_code one, before = FACET_NONE;
        uint32_t count;
        const facet_code *codes = facet_codes(f, doc, &one, &count);
        bool path = true;

        for (uint32_t i = 0; i < count; i++, at++) {
            assert_int_equal(p->list.items[at].doc, doc);
            assert_int_equal(p->list.items[at].code, codes[i]);
            path &= dictionary_value_parent(d, ATTR, codes[i]) == before;
            before = codes[i];
        }
        assert_true(at == p->list.count || p->list.items[at].doc > doc);
        if (f->paths && path)
            assert_int_equal(f->paths[doc], count ? before + 1 : 0);
        else if (f->paths)
            assert_true(f->paths[doc] > f->path_limit);
    }
}

static void check(struct random *r, uint32_t most, bool hierarchical, bool *paths)
{
    struct dictionary *d = make_tree(r, hierarchical);
    struct buf image = BUF_EMPTY;
    struct container c;
    struct attributes a;
    struct pairs p = {0};
    uint32_t listed = 0;
    struct error err = {0};

    draw(r, d, most, &p);
    write_column(&image, &p, d, &listed);
    assert_true(listed > 0);
    assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
    assert_int_equal(c.version, 5);
    assert_int_equal(attributes_open(&a, &c, DOCS, &err), STATUS_OK);
    assert_int_equal(attributes_check(&a, &c, ATTR, &err), STATUS_OK);
    assert_int_equal(attributes_find(&a, ATTR)->facet.kind, FACET_COLUMN_MULTI);
    expect_column(&attributes_find(&a, ATTR)->facet, &p, d);
    *paths = attributes_find(&a, ATTR)->facet.paths != NULL;
    attributes_close(&a);
    container_close(&c);
    buf_release(&image);
    vec_release(&p.list);
    dictionary_free(d);
}

static void test_one_path(void **state)
{
    struct random r = random_start("codes_one_path");
    bool paths;

    (void)state;
    for (int round = 0; round < 20; round++) {
        check(&r, 1, true, &paths);
        assert_true(paths);
    }
}

static void test_several(void **state)
{
    struct random r = random_start("codes_several");
    bool paths;

    (void)state;
    for (int round = 0; round < 20; round++) {
        check(&r, 2, true, &paths); /* a third of them has two */
        check(&r, 2, false, &paths);
        assert_false(paths);
    }
}

/* Numbers 0 and 2 are alike, 1 has the same distinct values elsewhere; none is changed by what is stored in another. */
static void test_numbers_alike(void **state)
{
    struct buf image = BUF_EMPTY;
    struct container_writer w;
    struct attributes_writer aw;
    struct codes_writer cw = {.doc_count = DOCS};
    struct number_pair pairs[DOCS];
    struct container c;
    struct attributes a;
    struct error err = {0};

    (void)state;
    container_writer_init(&w, CONTAINER_SHARD, &image, NULL);
    attributes_writer_init(&aw, &w, DOCS);
    attributes_begin_facets(&aw);
    attributes_begin_numbers(&aw);
    for (attr_id attr = 0; attr < 3; attr++) {
        for (doc_id d = 0; d < DOCS; d++)
            pairs[d] = (struct number_pair){d, (d + attr % 2) % 10};
        assert_true(codes_put_numbers(&cw, attr, pairs, DOCS));
        attributes_put_numbers(&aw, attr, pairs, DOCS, (struct number_form){.coded = true});
    }
    assert_true(cw.bytes.size < 3 * DOCS * sizeof(uint16_t));
    attributes_begin_sets(&aw);
    attributes_end(&aw);
    attributes_writer_release(&aw);
    codes_write(&cw, &w);
    assert_int_equal(container_finish(&w, 1, NULL), STATUS_OK);
    container_writer_release(&w);
    assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
    assert_int_equal(attributes_open(&a, &c, DOCS, &err), STATUS_OK);
    for (attr_id attr = 0; attr < 3; attr++)
        assert_int_equal(attributes_check(&a, &c, attr, &err), STATUS_OK);
    number_store(&attributes_find(&a, 2)->number, 7, 1000);
    for (doc_id d = 0; d < DOCS; d++) {
        assert_int_equal(number_of_doc(&attributes_find(&a, 0)->number, d), d % 10);
        assert_int_equal(number_of_doc(&attributes_find(&a, 1)->number, d), (d + 1) % 10);
        assert_int_equal(number_of_doc(&attributes_find(&a, 2)->number, d), d == 7 ? 1000 : d % 10);
    }
    attributes_close(&a);
    container_close(&c);
    buf_release(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_path), cmocka_unit_test(test_several),
                                       cmocka_unit_test(test_numbers_alike)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
