/*
 * The bytes that indexer/shard/FORMAT.md shows are the bytes that are written: each block "```hex NAME" there is made
 * here again and compared. A difference means that the format changed: then its version must, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/shard/codes.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/dimension.h"
#include "indexer/shard/fuzzy.h"
#include "indexer/shard/keys.h"
#include "indexer/shard/positions.h"
#include "indexer/shard/postings.h"
#include "indexer/shard/prefixes.h"
#include "indexer/shard/shard_write.h"
#include "indexer/shard/terms.h"
#include "indexer/shard/titles.h"

#define DOCUMENT "indexer/shard/FORMAT.md"

static struct buf document;

/* --- the document's side --- */
static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits up to the closing fence; what follows a ';' is a remark. */
static void documented(const char *name, struct buf *out)
{
    struct buf fence = BUF_EMPTY;
    size_t at = 0;
    struct str rest;

    buf_printf(&fence, "```hex %s\n", name);
    at = str_find(buf_str(&document), buf_str(&fence));
    if (at == SIZE_MAX)
        fail_msg("'%s' has no block '%s'", DOCUMENT, name);
    rest = str_slice(buf_str(&document), at + fence.size, document.size);
    while (rest.data) {
        struct str line = str_split(&rest, '\n');

        if (str_starts_with(line, STR("```")))
            break;
        for (size_t i = 0; i + 1 < line.size && line.data[i] != ';'; i++) {
            if (hex_digit(line.data[i]) >= 0 && hex_digit(line.data[i + 1]) >= 0) {
                buf_put_u8(out, (uint8_t)(hex_digit(line.data[i]) << 4 | hex_digit(line.data[i + 1])));
                i++;
            }
        }
    }
    buf_release(&fence);
}

static void expect(const char *name, struct str made)
{
    struct buf wanted = BUF_EMPTY;

    if (getenv("AISLE_PRINT_EXAMPLES")) {
        printf("```hex %s\n", name);
        for (size_t i = 0; i < made.size; i++)
            printf("%02x%s", (uint8_t)made.data[i], i % 16 == 15 || i + 1 == made.size ? "\n" : " ");
        printf("```\n");
        return;
    }
    documented(name, &wanted);
    if (!str_equal(buf_str(&wanted), made)) {
        for (size_t i = 0; i < made.size; i++)
            print_message("%02x%s", (uint8_t)made.data[i], i % 16 == 15 ? "\n" : " ");
        fail_msg("'%s' shows other bytes for '%s'; written are those above", DOCUMENT, name);
    }
    buf_release(&wanted);
}

/* --- a container with what write puts in; its chunks are looked at one by one --- */
struct made {
    struct buf image;
    struct container container;
};

static void made_open(struct made *m, void (*write)(struct container_writer *w))
{
    struct container_writer w;
    struct error err = {0};

    *m = (struct made){0};
    container_writer_init(&w, CONTAINER_SHARD, &m->image, NULL);
    write(&w);
    assert_int_equal(container_finish(&w, UINT64_C(0x0123456789abcdef), &err), STATUS_OK);
    container_writer_release(&w);
    assert_int_equal(container_open(&m->container, CONTAINER_SHARD, m->image.data, m->image.size, &err), STATUS_OK);
    assert_int_equal(container_check_all(&m->container, &err), STATUS_OK);
}

static void made_close(struct made *m)
{
    container_close(&m->container);
    buf_release(&m->image);
}

static void expect_chunk(struct made *m, const char *chunk, const char *name)
{
    expect(name, container_chunk(&m->container, CHUNK_ID(chunk[0], chunk[1], chunk[2], chunk[3])));
}

/* --- examples --- */
static void write_container(struct container_writer *w)
{
    container_add(w, CHUNK_ID('D', 'E', 'M', 'O'), "hello", 5);
}

static void test_container(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_container);
    expect("container", buf_str(&m.image));
    made_close(&m);
}

static void write_meta(struct container_writer *w)
{
    struct shard_meta meta = {.doc_count = 2,
                              .group_count = 1,
                              .term_count = 3,
                              .fact_count = 2,
                              .field_count = 1,
                              .has_stock = true,
                              .has_group_keys = true,
                              .created_ms = 1700000000000,
                              .field_tokens = {5},
                              .field_docs = {2}};

    shard_write_meta(w, &meta);
}

static void test_meta(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_meta);
    expect_chunk(&m, "META", "META");
    made_close(&m);
}

static void write_keys(struct container_writer *w)
{
    static const struct str KEYS[] = {{"a1", 2}, {"b22", 3}};

    assert_int_equal(keys_write(w, KEYS_OBJECTS, KEYS, 2, NULL), STATUS_OK);
}

/* The chunks of that name as the document shows them: what only earlier versions write. */
static void write_documented(struct container_writer *w, const char *name)
{
    struct buf bytes = BUF_EMPTY;

    documented(name, &bytes);
    container_add(w, CHUNK_ID(name[0], name[1], name[2], name[3]), bytes.data, bytes.size);
    buf_release(&bytes);
}

static void write_old_keys(struct container_writer *w)
{
    write_documented(w, "KOFF");
    write_documented(w, "KTXT");
    write_documented(w, "KHSH");
}

static void expect_keys(struct made *m)
{
    struct keys k;

    assert_int_equal(keys_open(&k, KEYS_OBJECTS, &m->container, 2, NULL), STATUS_OK);
    assert_int_equal(keys_check_whole(&k, KEYS_OBJECTS, &m->container, NULL), STATUS_OK);
    assert_int_equal(keys_find(&k, STR("a1")), 0);
    assert_int_equal(keys_find(&k, STR("b22")), 1);
    assert_int_equal(keys_find(&k, STR("b2")), DOC_NONE);
    assert_int_equal(keys_open(&k, KEYS_OBJECTS, &m->container, 3, NULL), STATUS_FORMAT);
}

static void test_old_keys(void **state)
{
    struct made m;

    (void)state;
    if (getenv("AISLE_PRINT_EXAMPLES"))
        return;
    made_open(&m, write_old_keys);
    expect_keys(&m);
    made_close(&m);
}

static void test_keys(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_keys);
    expect_chunk(&m, "KOFF", "KOFF");
    expect_chunk(&m, "KTXT", "KTXT");
    expect_chunk(&m, "KSLT", "KSLT");
    expect_keys(&m);
    made_close(&m);
}

static const struct str TERMS[] = {{"red", 3}, {"redder", 6}, {"shoe", 4}};

static void write_terms(struct container_writer *w)
{
    static const struct term_record RECORDS[] = {{2, 0, 0}, {1, 6, 1}, {1, 8, 2}, {0, 10, 3}};

    terms_write(w, TERMS, RECORDS, 3);
    fuzzy_write(w, TERMS, 1);
}

static void write_old_fuzzy(struct container_writer *w)
{
    static const struct term_record RECORDS[] = {{2, 0, 0}, {1, 6, 1}, {1, 8, 2}, {0, 10, 3}};

    terms_write(w, TERMS, RECORDS, 3);
    write_documented(w, "FZOF");
    write_documented(w, "FZEN");
    write_documented(w, "FZTG");
}

static void expect_fuzzy(struct made *m)
{
    struct terms t;
    struct fuzzy f;
    struct fuzzy_term found;

    assert_int_equal(terms_open(&t, &m->container, 3, NULL), STATUS_OK);
    assert_int_equal(fuzzy_open(&f, &m->container, &t, NULL), STATUS_OK);
    assert_int_equal(fuzzy_check(&f, &m->container, NULL), STATUS_OK);
    assert_int_equal(fuzzy_find(&f, STR("rad"), 1, &found, 1), 1);
    assert_int_equal(found.id, 0);
}

static void test_old_fuzzy(void **state)
{
    struct made m;

    (void)state;
    if (getenv("AISLE_PRINT_EXAMPLES"))
        return;
    made_open(&m, write_old_fuzzy);
    expect_fuzzy(&m);
    made_close(&m);
}

static void test_terms(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_terms);
    expect_chunk(&m, "TTXT", "TTXT");
    expect_chunk(&m, "TBLK", "TBLK");
    expect_chunk(&m, "TREC", "TREC");
    expect_chunk(&m, "TSUM", "TSUM");
    expect_chunk(&m, "THSH", "THSH");
    expect_chunk(&m, "FZOF", "FZOF");
    expect_chunk(&m, "FZPK", "FZPK");
    expect_fuzzy(&m);
    made_close(&m);
}

static void test_postings(void **state)
{
    static const doc_id DOCS[] = {3, 5, 9};
    static const uint32_t FACTS[] = {0, 1, 0};
    struct buf out = BUF_EMPTY;
    doc_id every[128];
    uint32_t facts[128] = {0};

    (void)state;
    postings_encode(DOCS + 2, FACTS + 1, 1, 1000, &out);
    expect("posting", buf_str(&out));
    buf_clear(&out);
    postings_encode(DOCS, FACTS, 3, 1000, &out);
    expect("packed", buf_str(&out));
    buf_clear(&out);
    for (uint32_t i = 0; i < 128; i++)
        every[i] = i + (i >= 64);
    facts[1] = 1;
    postings_encode(every, facts, 128, 129, &out);
    expect("dense", buf_str(&out));
    buf_clear(&out);
    packed_facts_put_plain(facts, 128, &out);
    expect("facts", buf_str(&out));
    buf_release(&out);
}

static void test_positions(void **state)
{
    static const struct term_position POSITIONS[] = {{0, 0}, {0, 4}, {2, 130}};
    static const uint64_t FACT = 2 | 1 << 8;
    struct buf record = BUF_EMPTY, out = BUF_EMPTY;
    uint32_t size;

    (void)state;
    positions_put(&record, POSITIONS, 3);
    expect("positions", buf_str(&record));
    size = (uint32_t)record.size;
    positions_encode(buf_str(&record), &size, 1, &out);
    expect("packed positions", buf_str(&out));
    for (int varints = 0; varints < 2; varints++) { /* those of versions up to 4 are the record itself */
        struct positions p = {buf_str(varints ? &record : &out), 1, varints};
        struct term_position found[4];
        struct positions_out to = {.items = found, .limit = 4};

        positions_read(&p, 0, &FACT, &to);
        assert_int_equal(to.count, 3);
        for (int i = 0; i < 3; i++)
            assert_true(found[i].field == POSITIONS[i].field && found[i].position == POSITIONS[i].position);
    }
    buf_release(&record);
    buf_release(&out);
}

static void write_titles(struct container_writer *w)
{
    static const uint32_t OFFSETS[] = {0, 2, 2}, WORDS[] = {2, 0 | TITLE_ACCESSORY};

    titles_write(w, OFFSETS, 2, WORDS, 3);
}

/* As versions up to 3 have them. */
static void write_old_titles(struct container_writer *w)
{
    static const uint32_t OFFSETS[] = {0, 2, 2}, WORDS[] = {2, 0 | TITLE_ACCESSORY};

    container_add(w, CHUNK_ID('T', 'I', 'T', 'O'), OFFSETS, sizeof(OFFSETS));
    container_add(w, CHUNK_ID('T', 'I', 'T', 'W'), WORDS, sizeof(WORDS));
}

static void expect_titles(struct made *m)
{
    uint32_t words[TITLE_WORDS];
    struct titles t;

    assert_int_equal(titles_open(&t, &m->container, 2, NULL), STATUS_OK);
    assert_int_equal(titles_read(&t, 0, words), 2);
    assert_int_equal(words[0], 2);
    assert_int_equal(words[1], TITLE_ACCESSORY);
    assert_int_equal(titles_read(&t, 1, words), 0);
    assert_int_equal(titles_open(&t, &m->container, 8, NULL), STATUS_FORMAT);
}

static void test_titles(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_titles);
    expect_chunk(&m, "TIPL", "TIPL");
    expect_chunk(&m, "TIPW", "TIPW");
    assert_int_equal(m.container.version, 5);
    expect_titles(&m);
    made_close(&m);
    made_open(&m, write_old_titles);
    expect_chunk(&m, "TITO", "TITO");
    expect_chunk(&m, "TITW", "TITW");
    expect_titles(&m);
    made_close(&m);
}

static void write_prefix(struct container_writer *w)
{
    static const doc_id DOC = 9;
    static const uint32_t FACT = 1;
    struct prefixes_writer p;
    struct buf list = BUF_EMPTY;

    postings_encode(&DOC, &FACT, 1, 1000, &list);
    prefixes_begin(&p, w);
    prefixes_put(&p, STR("re"), 1, buf_str(&list));
    prefixes_end(&p);
    buf_release(&list);
}

static void test_prefixes(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_prefix);
    expect_chunk(&m, "PFXR", "PFXR");
    expect_chunk(&m, "PFXT", "PFXT");
    made_close(&m);
}

static void write_attributes(struct container_writer *w)
{
    static const struct facet_pair BY_DOC[] = {{0, 1}, {1, 0}, {3, 1}};
    static const struct facet_pair BY_CODE[] = {{1, 0}, {0, 1}, {3, 1}};
    static const struct number_pair NUMBERS[] = {{0, 1299}, {1, 500}};
    struct attributes_writer aw;

    attributes_writer_init(&aw, w, 4);
    attributes_begin_facets(&aw);
    attributes_put_facets(&aw, 7, BY_DOC, 3, 0);
    attributes_begin_numbers(&aw);
    attributes_put_numbers(&aw, 7, NUMBERS, 2, (struct number_form){.scale = 2});
    attributes_begin_sets(&aw);
    attributes_put_sets(&aw, 7, BY_CODE, 3);
    attributes_end(&aw);
    attributes_writer_release(&aw);
}

static void test_attributes(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_attributes);
    expect_chunk(&m, "COLF", "COLF");
    expect_chunk(&m, "COLN", "COLN");
    expect_chunk(&m, "SETS", "SETS");
    expect_chunk(&m, "SETX", "SETX");
    expect_chunk(&m, "ATTR", "ATTR");
    made_close(&m);
}

static void write_codes(struct container_writer *w)
{
    struct codes_writer c = {.doc_count = 64};
    struct number_pair pairs[32];

    for (uint32_t i = 0; i < 32; i++)
        pairs[i] = (struct number_pair){i, 500};
    assert_true(codes_put_numbers(&c, 3, pairs, 32));
    codes_write(&c, w);
}

/* Nodes 0, 1 below it, and 2: the first documents have the first, others the second, the last one has 0 and 2. */
static void write_lists(struct container_writer *w)
{
    struct codes_writer c = {.doc_count = 64};
    struct settings *s = NULL;
    struct dictionary *d = NULL;
    struct facet_pair pairs[128];
    uint32_t count = 0;

    assert_int_equal(settings_parse(&s, STR("{\"attributesForFaceting\":[\"hierarchical(cat)\"]}"), NULL, NULL),
                     STATUS_OK);
    d = dictionary_new(s);
    assert_int_equal(dictionary_value_add(d, 0, STR("A > B")), 1);
    assert_int_equal(dictionary_value_add(d, 0, STR("C")), 2);
    for (uint32_t i = 0; i < 64; i++) {
        pairs[count++] = (struct facet_pair){i, 0};
        if (i >= 32)
            pairs[count++] = (struct facet_pair){i, i == 63 ? 2 : 1};
    }
    assert_int_equal(codes_put_lists(&c, 0, pairs, count, d), 5);
    codes_write(&c, w);
    dictionary_free(d);
    settings_free(s);
}

static void test_lists(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_lists);
    expect_chunk(&m, "CODX", "lists CODX");
    expect_chunk(&m, "CODE", "lists CODE");
    made_close(&m);
}

static void test_codes(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_codes);
    expect_chunk(&m, "CODX", "CODX");
    expect_chunk(&m, "CODE", "CODE");
    made_close(&m);
}

static void write_dimensions(struct container_writer *w)
{
    const struct dimension_cell cells[] = {{2, 125000, 0}, {10, INT64_C(3000000000), 0}};
    const struct dimension_source source = {.attr = 3, .cells = cells, .count = 2};
    struct dimensions_writer dw;

    dimensions_writer_init(&dw, w, 64);
    dimensions_writer_put(&dw, &source);
    dimensions_writer_end(&dw);
}

static void test_dimensions(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_dimensions);
    assert_int_equal(m.container.version, 3);
    expect_chunk(&m, "DIMX", "DIMX");
    expect_chunk(&m, "DIMS", "DIMS");
    made_close(&m);
}

static void write_objects(struct container_writer *w)
{
    struct docs_writer d;

    docs_writer_begin(&d, w, 2);
    docs_writer_put(&d, STR("abc"));
    docs_writer_put(&d, STR("de"));
    docs_writer_end(&d, (struct str){0});
}

static void test_objects(void **state)
{
    struct made m;

    (void)state;
    made_open(&m, write_objects);
    expect_chunk(&m, "DBAS", "DBAS");
    expect_chunk(&m, "DOFF", "DOFF");
    made_close(&m);
}

static void test_dictionary(void **state)
{
    struct settings *settings = NULL;
    struct dictionary *d = NULL;
    struct container c;
    struct buf out = BUF_EMPTY;

    (void)state;
    assert_int_equal(settings_parse(&settings, STR("{\"attributesForFaceting\":[\"hierarchical(cat)\"]}"), NULL, NULL),
                     STATUS_OK);
    d = dictionary_new(settings);
    assert_int_equal(dictionary_value_add(d, 0, STR("A > B")), 1);
    dictionary_write(d, &out);
    assert_int_equal(container_open(&c, CONTAINER_DICTIONARY, out.data, out.size, NULL), STATUS_OK);
    expect("dictionary ATTR", container_chunk(&c, CHUNK_ID('A', 'T', 'T', 'R')));
    expect("dictionary VALU", container_chunk(&c, CHUNK_ID('V', 'A', 'L', 'U')));
    container_close(&c);
    buf_release(&out);
    dictionary_free(d);
    settings_free(settings);
}

static int read_document(void **state)
{
    (void)state;
    return getenv("AISLE_PRINT_EXAMPLES") ? 0 : (int)file_read_all(DOCUMENT, &document, 1 << 20, NULL);
}

static int forget_document(void **state)
{
    (void)state;
    buf_release(&document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container),  cmocka_unit_test(test_meta),       cmocka_unit_test(test_keys),
        cmocka_unit_test(test_terms),      cmocka_unit_test(test_postings),   cmocka_unit_test(test_positions),
        cmocka_unit_test(test_prefixes),   cmocka_unit_test(test_attributes), cmocka_unit_test(test_codes),
        cmocka_unit_test(test_lists),      cmocka_unit_test(test_dimensions), cmocka_unit_test(test_objects),
        cmocka_unit_test(test_dictionary), cmocka_unit_test(test_titles),     cmocka_unit_test(test_old_keys),
        cmocka_unit_test(test_old_fuzzy),
    };

    return cmocka_run_group_tests(tests, read_document, forget_document);
}
