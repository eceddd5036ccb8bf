/* Cells of stores and price lists against plain arrays: from a file, changed in memory, written out and read back. */
#include "indexer/shard/dimension.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/rcu.h"
#include "tests/support/random.h"

enum { ATTRS = 4, DOCS_MAX = 40000, WINDOW = 4096 };

struct model {
    uint32_t docs;
    int64_t values[ATTRS][DOCS_MAX];
    uint64_t keys[ATTRS][DOCS_MAX];
    bool there[ATTRS][DOCS_MAX];
};

static bool is_store(int attr)
{
    return attr < 2;
}

static struct model *model_new(uint32_t docs)
{
    struct model *m = xcalloc(1, sizeof(*m));

    m->docs = docs;
    for (int a = 0; a < ATTRS; a++) {
        for (uint32_t d = 0; d < DOCS_MAX; d++)
            m->values[a][d] = NUMBER_MISSING;
    }
    return m;
}

static int64_t random_value(struct random *r)
{
    switch (random_below(r, 20)) {
    case 0:
        return NUMBER_MISSING;
    case 1:
        return (int64_t)random_next(r) / 4;
    case 2:
        return -(int64_t)random_below(r, 5000);
    default:
        return (int64_t)random_below(r, 4) * 1000;
    }
}

static void check_attr(const struct dimensions *all, const struct model *m, int attr)
{
    const struct dimension *d = dimensions_find(all, (attr_id)attr);

    for (doc_id doc = 0; doc < m->docs; doc++) {
        struct dimension_cell cell = {0, NUMBER_MISSING, 0};
        bool found = d && dimension_find(d, doc, &cell);
        if (found != m->there[attr][doc] || cell.value != m->values[attr][doc] || cell.key != m->keys[attr][doc])
            fail_msg("attribute %d, document %u: %lld, key %llu", attr, doc, (long long)cell.value,
                     (unsigned long long)cell.key);
        if (d && is_store(attr) && dimension_in_stock(d, doc) != (m->values[attr][doc] > 0))
            fail_msg("stock of document %u", doc);
    }
    for (doc_id first = 0; d && first < m->docs; first += WINDOW) {
        int64_t cells[WINDOW];
        uint64_t present[WINDOW / 64] = {0}, stock[WINDOW / 64] = {0};
        dimension_window(d, first, cells, present);
        dimension_stock_window(d, first, stock);
        for (doc_id doc = first; doc < first + WINDOW && doc < m->docs; doc++) {
            uint32_t at = doc - first;
            bool has = present[at / 64] >> (at & 63) & 1;
            assert_int_equal(has, m->values[attr][doc] != NUMBER_MISSING);
            assert_true(!has || cells[at] == m->values[attr][doc]);
            assert_int_equal(stock[at / 64] >> (at & 63) & 1, m->values[attr][doc] > 0);
        }
    }
}

static void check(const struct dimensions *all, const struct model *m)
{
    for (int a = 0; a < ATTRS; a++)
        check_attr(all, m, a);
}

/* One group of changes: a few cells, or a dense run. */
static void change(struct dimensions *all, struct model *m, struct random *r)
{
    static struct dimension_cell cells[DOCS_MAX];
    int attr = (int)random_below(r, ATTRS);
    uint32_t count = 0, step = random_chance(r, 70) ? 1 + m->docs / 3 : 1 + (uint32_t)random_below(r, 40);

    for (doc_id doc = (doc_id)random_below(r, step); doc < m->docs; doc += 1 + (doc_id)random_below(r, step)) {
        uint64_t key = random_chance(r, 60)  ? 0
                       : random_chance(r, 5) ? random_next(r) | 1
                                             : 1 + random_below(r, 1u << 30);
        cells[count++] = (struct dimension_cell){doc, random_value(r), key};
        m->values[attr][doc] = cells[count - 1].value;
        m->keys[attr][doc] = key ? key : m->keys[attr][doc];
        m->there[attr][doc] = true;
    }
    dimensions_set(all, (attr_id)attr, is_store(attr), cells, count);
}

/* What a file can hold of the model: values without keys. */
static void write_file(struct model *m, struct random *r, struct buf *image)
{
    static struct dimension_cell cells[DOCS_MAX];
    struct container_writer w;
    struct dimensions_writer dw;
    struct error err = {0};

    container_writer_init(&w, CONTAINER_SHARD, image, NULL);
    dimensions_writer_init(&dw, &w, m->docs);
    for (int a = 0; a < ATTRS; a++) {
        struct dimension_source source = {.attr = (attr_id)a, .store = is_store(a), .cells = cells};
        uint32_t step = 1 + (uint32_t)random_below(r, 60);
        if (random_chance(r, 20))
            continue;
        for (doc_id doc = 0; doc < m->docs; doc += 1 + (doc_id)random_below(r, step)) {
            int64_t value = random_value(r);
            if (value == NUMBER_MISSING)
                continue;
            cells[source.count++] = (struct dimension_cell){doc, value, 0};
            m->values[a][doc] = value;
            m->there[a][doc] = true;
        }
        if (source.count)
            dimensions_writer_put(&dw, &source);
    }
    dimensions_writer_end(&dw);
    assert_int_equal(container_finish(&w, 1, &err), STATUS_OK);
    container_writer_release(&w);
}

static void copy_changed(const struct dimensions *from, struct dimensions *to)
{
    for (int a = 0; a < ATTRS; a++) {
        const struct dimension *d = dimensions_find(from, (attr_id)a);
        struct buf bytes = BUF_EMPTY;
        struct error err = {0};
        if (!d)
            continue;
        dimension_write_changed(d, &bytes);
        struct reader r = reader_of(bytes.data, bytes.size), skip = r, cut = r;
        assert_int_equal(dimensions_read_changed(to, (attr_id)a, is_store(a), &r, &err), STATUS_OK);
        assert_true(!r.failed && r.at == r.size);
        assert_int_equal(dimensions_read_changed(NULL, (attr_id)a, is_store(a), &skip, &err), STATUS_OK);
        assert_int_equal(skip.at, skip.size);
        if (dimension_is_changed(d)) {
            cut.size--;
            assert_int_equal(dimensions_read_changed(NULL, (attr_id)a, is_store(a), &cut, &err), STATUS_FORMAT);
        }
        buf_release(&bytes);
    }
}

static void test_random(void **state)
{
    struct random r = random_start("dimension");
    size_t rounds = random_rounds(12, 400);

    (void)state;
    for (size_t round = 0; round < rounds; round++) {
        struct model *m = model_new(1 + (uint32_t)random_below(&r, DOCS_MAX));
        struct buf image = BUF_EMPTY;
        struct container c, again;
        struct dimensions all = {0}, other = {0};
        struct error err = {0};
        write_file(m, &r, &image);
        assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
        assert_int_equal(container_open(&again, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
        assert_int_equal(dimensions_open(&all, &c, m->docs, &err), STATUS_OK);
        assert_int_equal(dimensions_open(&other, &again, m->docs, &err), STATUS_OK);
        for (int a = 0; a < ATTRS; a++)
            assert_int_equal(dimensions_check(&all, (attr_id)a, &err), STATUS_OK);
        check(&all, m);
        for (uint32_t i = 0; i < 30; i++)
            change(&all, m, &r);
        check(&all, m);
        copy_changed(&all, &other);
        check(&other, m);
        dimensions_close(&all);
        dimensions_close(&other);
        container_close(&c);
        container_close(&again);
        buf_release(&image);
        free(m);
    }
    rcu_barrier();
}

/* Every wrong bit is found at open or by the check, or changes nothing that is read out of bounds. */
static void test_damage(void **state)
{
    struct random r = random_of_seed(7);
    struct model *m = model_new(300);
    struct buf image = BUF_EMPTY;
    size_t missed = 0;

    (void)state;
    write_file(m, &r, &image);
    for (size_t bit = 0; bit < image.size * 8; bit++) {
        struct container c;
        struct dimensions all = {0};
        struct error err = {0};
        bool fine;
        image.data[bit / 8] = (char)(image.data[bit / 8] ^ 1 << bit % 8);
        fine = container_open(&c, CONTAINER_SHARD, image.data, image.size, &err) == STATUS_OK;
        if (fine) {
            fine = dimensions_open(&all, &c, m->docs, &err) == STATUS_OK;
            for (int a = 0; a < ATTRS && fine; a++)
                fine = dimensions_check(&all, (attr_id)a, &err) == STATUS_OK;
            missed += fine && container_check_all(&c, &err) == STATUS_OK;
            dimensions_close(&all);
            container_close(&c);
        }
        image.data[bit / 8] = (char)(image.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(missed, 0);
    buf_release(&image);
    free(m);
}

/* 50,000 cells among a million documents, each updated: what the memory of one store may cost. */
static void test_memory(void **state)
{
    enum { DOCS = 1000000, CELLS = 50000 };
    struct dimensions all = {.doc_count = DOCS};
    struct dimension_cell *cells = xcalloc(CELLS, sizeof(*cells));
    size_t count = 0, bytes;

    (void)state;
    for (uint32_t i = 0; i < CELLS; i++)
        cells[i] = (struct dimension_cell){i * (DOCS / CELLS) + i % 17, (int64_t)(i % 900) * 1000, 1764000000000u + i};
    dimensions_set(&all, 5, true, cells, CELLS);
    bytes = dimension_memory(dimensions_find(&all, 5), &count);
    assert_int_equal(count, CELLS);
    if (bytes > CELLS * 16)
        fail_msg("%zu bytes for %zu cells", bytes, count);
    dimensions_close(&all);
    free(cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
