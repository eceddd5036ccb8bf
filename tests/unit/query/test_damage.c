/*
 * Files that were damaged where a search looks only while it goes through them: the shard is left out as soon as the
 * place is read, and not before.
 */
#include <unistd.h>

#include "indexer/base/file.h"
#include "indexer/shard/container.h"
#include "tests/unit/query/catalog.h"

#define PRODUCTS 64

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title\"],\"attributesForFaceting\":[\"brand\"],\"roles\":{\"title\":\"title\","
    "\"brand\":\"brand\",\"popularity\":\"popularity\"},\"customRanking\":[\"desc(popularity)\"]}";

static uint32_t damaged_chunk;

/* The first shard of two gets a wrong byte at the end of the chunk. */
static enum status open_damaged(struct shard **out, struct buf *image, struct error *err)
{
    static unsigned number;
    char path[] = "/tmp/aisle-damage-XXXXXX";
    int fd = mkstemp(path);
    struct container c;
    struct str chunk;
    enum status status;

    assert_true(fd >= 0);
    assert_int_equal(container_open(&c, CONTAINER_SHARD, image->data, image->size, err), STATUS_OK);
    chunk = container_chunk(&c, damaged_chunk);
    container_close(&c);
    assert_true(chunk.size > 0);
    if (number++ % 2 == 0)
        image->data[chunk.data - image->data + (ptrdiff_t)chunk.size - 1] ^= 1;
    assert_int_equal(write(fd, image->data, image->size), image->size);
    close(fd);
    buf_release(image);
    status = shard_open(out, path, &(struct shard_open_options){.lazy = true}, err);
    unlink(path);
    return status;
}

static void open_catalog(struct catalog *c, uint32_t chunk)
{
    char *objects[PRODUCTS];

    for (uint32_t i = 0; i < PRODUCTS; i++) {
        struct buf b = BUF_EMPTY;
        buf_printf(&b, "{\"objectID\":\"p%02u\",\"title\":\"red %s shoe\",\"brand\":\"b%u\",\"popularity\":%u}", i,
                   i % 2 ? "running" : "trail", i % 3, i);
        objects[i] = strndup(b.data, b.size);
        buf_release(&b);
    }
    damaged_chunk = chunk;
    catalog_opener = open_damaged;
    catalog_open(c, SETTINGS, (const char *const *)objects, PRODUCTS, 2);
    for (uint32_t i = 0; i < PRODUCTS; i++)
        free(objects[i]);
}

static void expect(struct catalog *c, const char *params, bool partial)
{
    uint64_t due = partial ? shard_doc_count(c->shards[1]) : PRODUCTS, counted = 0;

    catalog_search(c, params);
    assert_int_equal(c->result.partial, partial);
    assert_int_equal(c->result.total, due);
    assert_int_equal(c->result.facet_count, 1);
    for (size_t i = 0; i < c->result.facets[0].count; i++)
        counted += c->result.facets[0].counts[i].count;
    assert_int_equal(counted, due);
    for (size_t i = 0; i < c->result.hit_count; i++)
        assert_true(!partial || c->result.hits[i].segment == 1);
    assert_int_equal(c->result.hit_count, c->result.hits_per_page == 0 ? 0 : due < 40 ? due : 40);
}

#define ALL    "{\"query\":\"\",\"facets\":[\"brand\"],\"hitsPerPage\":40,\"attributesToRetrieve\":[\"objectID\"]}"
#define NOHITS "{\"query\":\"\",\"facets\":[\"brand\"],\"hitsPerPage\":0}"
#define WORDS                                                                                                          \
    "{\"query\":\"red shoe\",\"facets\":[\"brand\"],\"hitsPerPage\":40,\"attributesToRetrieve\":[\"objectID\"]}"
#define ONE "{\"query\":\"shoe\",\"facets\":[\"brand\"],\"hitsPerPage\":0,\"attributesToRetrieve\":[\"objectID\"]}"

static void test_titles(void **state)
{
    const uint32_t chunks[] = {CHUNK_ID('T', 'I', 'P', 'L'), CHUNK_ID('T', 'I', 'P', 'W')};
    struct catalog c;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_catalog(&c, chunks[i]);
        expect(&c, ALL, false);
        expect(&c, ONE, false); /* matches without a look at their titles */
        assert_false(shard_damaged(c.shards[0]));
        expect(&c, WORDS, true);
        expect(&c, WORDS, true);
        expect(&c, ONE, true);
        assert_true(shard_damaged(c.shards[0]));
        assert_false(shard_damaged(c.shards[1]));
        catalog_close(&c);
    }
}

static void test_ranks(void **state)
{
    struct catalog c;

    (void)state;
    open_catalog(&c, CHUNK_ID('R', 'A', 'N', 'K'));
    expect(&c, NOHITS, false);
    expect(&c, WORDS, true);
    expect(&c, ONE, true);
    catalog_close(&c);
    open_catalog(&c, CHUNK_ID('R', 'A', 'N', 'K'));
    catalog_search(&c, ALL); /* pages without text, too */
    assert_true(c.result.partial);
    assert_int_equal(c.result.hit_count, shard_doc_count(c.shards[1]));
    catalog_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_ranks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
