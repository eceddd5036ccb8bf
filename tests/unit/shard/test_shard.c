/* What of a shard needs no builder: field lengths, positions, the container's writer. */
#include "indexer/shard/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/base/limits.h"
#include "indexer/base/vec.h"
#include "indexer/shard/container.h"
#include "tests/support/random.h"
#include "tests/support/temporary.h"

static void test_lengths(void **state)
{
    uint32_t last = 0;

    (void)state;
    for (uint32_t n = 0; n <= LIMIT_FIELD_TOKENS; n++) {
        uint32_t code = length_encode(n), smallest = length_decode((uint8_t)code);

        assert_true(code == last || code == last + 1); /* monotone, without a hole */
        assert_true(smallest <= n);
        assert_int_equal(length_encode(smallest), code);
        assert_true(smallest == 0 || length_encode(smallest - 1) < code);
        if (n <= 40)
            assert_int_equal(smallest, n);
        assert_true((n - smallest) * 16 <= n);
        last = code;
    }
    assert_int_equal(length_encode(UINT32_MAX), length_encode(LIMIT_FIELD_TOKENS));
}

struct record {
    uint64_t fact;
    struct term_position positions[300];
    uint32_t count;
};

static void make_record(struct random *r, struct record *record, struct buf *bytes)
{
    *record = (struct record){0};
    for (field_id f = 0; f < 15; f++) {
        uint32_t count = random_chance(r, 80) ? 0 : (uint32_t)random_below(r, random_chance(r, 10) ? 90 : 4);
        uint32_t position = (uint32_t)random_below(r, 1000);

        if (record->count + count > 300)
            break;
        record->fact |= (uint64_t)(count < 15 ? count : 15) << (4 * f);
        for (uint32_t i = 0; i < count; i++) {
            record->positions[record->count++] = (struct term_position){f, position};
            position += (uint32_t)random_below(r, 300);
        }
    }
    if (random_chance(r, 20))
        record->fact |= UINT64_C(3) << 60; /* the side field has none */
    positions_put(bytes, record->positions, record->count);
}

/* What is to come back: the first 64 of each field, each place once. */
static uint32_t expected(const struct record *record, struct term_position *out)
{
    uint32_t n = 0, in_field = 0;

    for (uint32_t i = 0; i < record->count; i++) {
        const struct term_position *p = &record->positions[i];

        in_field = i && p->field == p[-1].field ? in_field + 1 : 0;
        if (in_field >= POSITIONS_MAX)
            continue;
        if (n && out[n - 1].field == p->field && out[n - 1].position == p->position)
            continue;
        out[n++] = *p;
    }
    return n;
}

static void test_positions(void **state)
{
    struct random r = random_start("positions");

    (void)state;
    for (size_t round = 0; round < random_rounds(60, 1000); round++) {
        uint32_t df = 1 + (uint32_t)random_below(&r, round % 3 ? 40 : 400);
        struct record *records = xcalloc(df, sizeof(*records));
        uint32_t *sizes = xcalloc(df, sizeof(*sizes));
        struct buf all = BUF_EMPTY, bytes = BUF_EMPTY;

        for (uint32_t i = 0; i < df; i++) {
            size_t before = all.size;

            make_record(&r, &records[i], &all);
            sizes[i] = (uint32_t)(all.size - before);
        }
        positions_encode(buf_str(&all), sizes, df, &bytes);
        for (uint32_t rank = 0; rank < df; rank++) {
            uint64_t facts[POSITIONS_BLOCK];
            struct term_position wanted[300], got[300];
            struct positions_out out = {.items = got, .limit = 300};
            struct str cut;
            uint32_t count = expected(&records[rank], wanted), first = rank / 128 * 128;

            for (uint32_t i = first; i <= rank; i++)
                facts[i - first] = records[i].fact;
            positions_read(&(struct positions){buf_str(&bytes), df, false}, rank, facts, &out);
            assert_int_equal(out.count, count);
            for (uint32_t i = 0; i < count; i++)
                assert_true(got[i].field == wanted[i].field && got[i].position == wanted[i].position);
            out = (struct positions_out){.items = got, .limit = 2};
            cut = str_slice(buf_str(&bytes), 0, random_below(&r, bytes.size + 1));
            positions_read(&(struct positions){cut, df, false}, rank, facts, &out);
            assert_true(out.count <= 2);
        }
        free(records);
        free(sizes);
        buf_release(&all);
        buf_release(&bytes);
    }
}

/* --- the container --- */
static void write_chunks(struct container_writer *w, struct random *r, struct buf *contents, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t size = random_chance(r, 30) ? 65536 * random_below(r, 3) : random_below(r, 70000);
        uint8_t byte = (uint8_t)random_next(r);

        container_begin(w, CHUNK_ID('C', 'H', 'N', 'A' + i));
        while (contents[i].size < size) {
            uint8_t piece[300];
            size_t n = 1 + random_below(r, sizeof(piece));

            memset(piece, byte++, sizeof(piece));
            container_put(w, piece, n);
            buf_append(&contents[i], piece, n);
        }
        assert_int_equal(container_chunk_size(w), contents[i].size);
        container_end(w);
    }
}

static void compare_chunks(struct container *c, const struct buf *contents, unsigned count)
{
    struct error err = {0};

    assert_int_equal(c->chunk_count, count);
    for (unsigned i = 0; i < count; i++) {
        uint32_t id = CHUNK_ID('C', 'H', 'N', 'A' + i);

        assert_int_equal(container_check(c, id, 0, contents[i].size, &err), STATUS_OK);
        assert_int_equal(container_check(c, id, 0, contents[i].size + 1, &err), STATUS_FORMAT);
        assert_true(str_equal(container_chunk(c, id), buf_str(&contents[i])));
        assert_int_equal((uintptr_t)(container_chunk(c, id).data - (const char *)c->data) % CONTAINER_ALIGNMENT, 0);
    }
    assert_int_equal(container_check_all(c, &err), STATUS_OK);
    assert_int_equal(container_chunk(c, CHUNK_ID('N', 'O', 'N', 'E')).size, 0);
    assert_int_equal(container_check_chunk(c, CHUNK_ID('N', 'O', 'N', 'E'), &err), STATUS_OK);
}

/* Memory and file hold the same. */
static void test_container(void **state)
{
    struct random r = random_start("container");

    (void)state;
    for (size_t round = 0; round < random_rounds(10, 200); round++) {
        struct temporary place = temporary_of("container");
        const char *path = place.path;
        uint64_t seed = random_next(&r);
        unsigned count = (unsigned)random_below(&r, 6);
        struct buf image = BUF_EMPTY;
        struct error err = {0};

        for (int to_file = 0; to_file < 2; to_file++) {
            struct random same = random_of_seed(seed);
            struct buf contents[6] = {0};
            struct container_writer w;
            struct container c;
            struct file *file = NULL;
            struct file_map map = {0};

            if (to_file)
                assert_int_equal(file_open(&file, path, FILE_REWRITE, &err), STATUS_OK);
            container_writer_init(&w, CONTAINER_SHARD, to_file ? NULL : &image, file);
            write_chunks(&w, &same, contents, count);
            assert_int_equal(container_finish(&w, 42, &err), STATUS_OK);
            container_writer_release(&w);
            file_close(file);
            if (to_file) {
                assert_int_equal(file_map(&map, path, FILE_MAP_READ, &err), STATUS_OK);
                assert_true(str_equal((struct str){(const char *)map.data, map.size}, buf_str(&image)));
                assert_int_equal(container_open(&c, CONTAINER_SHARD, map.data, map.size, &err), STATUS_OK);
            } else {
                assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, &err), STATUS_OK);
            }
            assert_int_equal(c.uid, 42);
            compare_chunks(&c, contents, count);
            container_close(&c);
            if (to_file)
                file_unmap(&map);
            for (unsigned i = 0; i < count; i++)
                buf_release(&contents[i]);
        }
        unlink(path);
        buf_release(&image);
    }
}

static void test_checked_file(void **state)
{
    struct temporary place = temporary_of("checked");
    const char *path = place.path;
    struct file_map map = {0};
    struct str bytes;
    struct error err = {0};
    struct buf content = BUF_EMPTY;

    (void)state;
    assert_int_equal(checked_file_write(path, STR("some bytes"), &err), STATUS_OK);
    assert_int_equal(checked_file_map(&map, path, &bytes, &err), STATUS_OK);
    assert_true(str_equal(bytes, STR("some bytes")));
    file_unmap(&map);
    assert_int_equal(file_read_all(path, &content, 1000, &err), STATUS_OK);
    for (size_t bit = 0; bit < content.size * 8; bit++) {
        content.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(file_replace(path, buf_str(&content), &err), STATUS_OK);
        assert_int_equal(checked_file_map(&map, path, &bytes, &err), STATUS_FORMAT);
        content.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < content.size; size++) {
        assert_int_equal(file_replace(path, str_slice(buf_str(&content), 0, size), &err), STATUS_OK);
        assert_int_not_equal(checked_file_map(&map, path, &bytes, &err), STATUS_OK);
    }
    unlink(path);
    buf_release(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_checked_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
