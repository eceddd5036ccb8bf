/*
 * The best hits are the same whether documents are left out early or never: a search whose hits have room for every
 * match prunes nothing. On a catalog of several windows, with words of all frequencies, so that each way to prune comes
 * up: values of postings, words that hits need, priors, rounds; with popularity changed in place, and with synonyms, of
 * which one is worth much while another stands beside a word in the title.
 */
#include "server/query/impacts.h"
#include "tests/support/random.h"
#include "tests/unit/query/catalog.h"

#define PRODUCTS 28000
#define TOP      20
#define DRAWS    60
#define REPEATS  3 /* the values of postings are made when they are asked for again */
#define VALUES   500
#define ALL      20000 /* hits: room for every match */

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title^3\",\"category\",\"description\"],\"attributesForFaceting\":[\"brand\","
    "\"hierarchical(category)\"],\"roles\":{\"title\":\"title\",\"category\":\"category\",\"popularity\":"
    "\"popularity\"},"
    "\"customRanking\":[\"desc(popularity)\"],\"languages\":[\"en\"],\"paginationLimitedTo\":30000,"
    "\"synonyms\":[[\"zither\",\"shirt\"],[\"torch\",\"cotton\"],[\"cable\",\"phone\",\"red\"],[\"sofa\",\"black "
    "women\"]]}";

static const char *const WORDS[] = {"shirt",  "cotton", "black", "women", "case",  "phone", "leather", "red",
                                    "lamp",   "table",  "steel", "wool",  "sofa",  "cable", "charger", "glass",
                                    "bottle", "dog",    "lead",  "tent",  "torch", "ladle", "zither",  "yarrow"};
#define WORD_COUNT (sizeof(WORDS) / sizeof(*WORDS))

/* The first words are everywhere, the last nearly nowhere. */
static const char *word(struct random *r)
{
    uint64_t a = random_below(r, WORD_COUNT), b = random_below(r, WORD_COUNT), c = random_below(r, WORD_COUNT);

    a = a < b ? a : b;
    return WORDS[a < c ? a : c];
}

static void add_words(struct random *r, uint64_t count, struct buf *out)
{
    for (uint64_t i = 0; i < count; i++)
        buf_printf(out, "%s%s", i ? " " : "", word(r));
}

static char *product(struct random *r, uint32_t number)
{
    struct buf b = BUF_EMPTY;
    char *out;

    buf_printf(&b, "{\"objectID\":\"%u\",\"brand\":\"b%u\",\"category\":\"%s > %s\",\"popularity\":%llu,\"title\":\"",
               number, number % 7, number % 3 ? "phone" : "table", WORDS[number / 2000],
               (unsigned long long)random_below(r, 1 + random_below(r, 5000)));
    add_words(r, 1 + random_below(r, 8), &b);
    if (number % 3 == 0) /* a word that neighbours have */
        buf_printf(&b, " series%u", number / 2000);
    buf_literal(&b, "\",\"description\":\"");
    add_words(r, random_below(r, 30), &b);
    buf_literal(&b, "\"}");
    out = strndup(b.data, b.size);
    buf_release(&b);
    return out;
}

static void change_popularity(struct catalog *c, struct random *r)
{
    attr_id popularity = dictionary_attr_find(c->dictionary, STR("popularity"));

    for (uint32_t i = 0; i < PRODUCTS / 50; i++) {
        struct shard *shard = c->shards[random_below(r, 2)];
        int64_t cell;
        assert_true(number_cell_of_text(shard_number_column(shard, popularity), STR("4999"), &cell));
        doc_id doc = (doc_id)random_below(r, shard_doc_count(shard));
        assert_int_equal(shard_number_store(shard, popularity, doc, cell, &c->err), STATUS_OK);
    }
}

static void delete_some(struct catalog *c, struct random *r, uint64_t *tombstones)
{
    struct segment *segment = (struct segment *)(uintptr_t)c->snapshot->segments;

    for (uint32_t i = 0; i < PRODUCTS / 20; i++) {
        doc_id doc = (doc_id)random_below(r, shard_doc_count(segment->shard));
        segment->deleted_docs += !(tombstones[doc / 64] >> (doc % 64) & 1);
        tombstones[doc / 64] |= 1ull << (doc % 64);
    }
    segment->tombstones = tombstones;
}

static void write_question(struct random *r, struct buf *out)
{
    bool any = random_chance(r, 40), prefix = random_chance(r, 40);
    struct buf text = BUF_EMPTY;

    add_words(r, 1 + random_below(r, 3), &text);
    if (random_chance(r, 30))
        buf_printf(&text, " series%u", (unsigned)random_below(r, PRODUCTS / 2000));
    else if (prefix)
        text.size -= random_below(r, 3);
    buf_clear(out);
    buf_printf(out,
               "{\"query\":\"" STR_FMT "\",\"removeWordsIfNoResults\":\"none\",\"attributesToRetrieve\":[],"
               "\"queryType\":\"%s\",\"facets\":[\"brand\"]",
               STR_ARG(buf_str(&text)), prefix ? "prefixLast" : "prefixNone");
    if (any)
        buf_printf(out, ",\"optionalWords\":\"" STR_FMT "\"", STR_ARG(buf_str(&text)));
    if (random_chance(r, 30))
        buf_printf(out, ",\"facetFilters\":\"brand:b%u\"", (unsigned)random_below(r, 7));
    buf_literal(out, "}");
    buf_append_char(out, '\0');
    buf_release(&text);
}

/* What some products gain in the searches at hand; NULL: nothing. */
static const struct search_boosts *gained;

/* A few products gain or lose for this query, some more for any. */
static void draw_gains(struct catalog *c, struct random *r, struct arena *arena)
{
    uint32_t segments = c->snapshot->segment_count;
    struct search_boosts *out = ARENA_NEW(arena, struct search_boosts);
    struct boost_docs *docs[2];
    struct boost list[16];

    for (int l = 0; l < 2; l++) {
        size_t count = 1 + random_below(r, l ? 16 : 3);
        for (size_t i = 0; i < count; i++)
            list[i] = (struct boost){arena_printf(arena, "%u", (unsigned)random_below(r, PRODUCTS)),
                                     (float)random_below(r, 300) / 100 - 1};
        docs[l] = ARENA_ARRAY(arena, struct boost_docs, segments + 1);
        for (uint32_t s = 0; s < segments; s++)
            assert_true(boosts_resolve(&docs[l][s], c->snapshot->segments[s].shard, list, count, arena));
    }
    *out = (struct search_boosts){
        .query = docs[0], .products = docs[1], .query_weight = 1, .product_weight = random_chance(r, 50) ? .05 : .5};
    gained = out;
}

/* The best hits' ids. */
static const char *ask(struct catalog *c, const char *question, int64_t hits, bool exact_total, bool facets)
{
    struct buf text = BUF_EMPTY;
    const char *out;

    arena_reset(&c->arena);
    catalog_request(c, question, &c->request);
    c->request.hits_per_page = hits;
    c->request.exact_total = exact_total;
    c->request.boosts = gained;
    c->request.facet_count = facets ? c->request.facet_count : 0;
    if (search_run(&c->context, &c->request, 1, &c->result, &c->err) != STATUS_OK)
        fail_msg("%s: %s", question, c->err.message);
    for (size_t i = 0; i < c->result.hit_count && i < TOP; i++) {
        struct str id;
        assert_true(json_string(json_get(&c->result.hits[i].object, "objectID"), &id));
        buf_printf(&text, " " STR_FMT, STR_ARG(id));
    }
    out = arena_copy(&c->arena, buf_str(&text)).data;
    buf_release(&text);
    return out;
}

/* True when a search that wanted no total left some of it out. */
static bool check(struct catalog *c, const char *question)
{
    double scores[TOP];
    bool least = false;
    char *due = strdup(ask(c, question, ALL, true, true));
    size_t count = c->result.hit_count < TOP ? c->result.hit_count : TOP;
    uint64_t total = c->result.total;

    for (size_t i = 0; i < count; i++)
        scores[i] = c->result.hits[i].score;
    for (int i = 0; i < REPEATS; i++) {
        bool exact = i + 1 < REPEATS;
        const char *found = ask(c, question, TOP, exact, exact);
        if (strcmp(found, due) != 0)
            fail_msg("%s\n  never left out %s\n  found          %s", question, due, found);
        for (size_t k = 0; k < count; k++)
            assert_true(c->result.hits[k].score == scores[k]);
        assert_true(c->result.total == total || (!exact && c->result.total_is_least && c->result.total < total));
        least |= c->result.total_is_least;
    }
    /* What was left out is not kept as if it were all; without facets windows that give no hits are only counted. */
    assert_string_equal(ask(c, question, TOP, true, false), due);
    assert_true(c->result.total == total && !c->result.total_is_least);
    (void)ask(c, question, 0, true, false);
    assert_true(c->result.total == total && !c->result.total_is_least);
    free(due);
    return least;
}

static void test_same_hits(void **state)
{
    struct random r = random_start("the same hits");
    char **objects = xcalloc(PRODUCTS, sizeof(*objects));
    uint64_t *tombstones = xcalloc(PRODUCTS / 64 + 65, sizeof(*tombstones));
    struct buf question = BUF_EMPTY;
    struct catalog c;
    size_t early[2] = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < PRODUCTS; i++)
        objects[i] = product(&r, i);
    catalog_open(&c, SETTINGS, (const char *const *)objects, PRODUCTS, 2);
    for (size_t i = 0; i < random_rounds(DRAWS, 4000); i++) {
        bool left;
        if (i == DRAWS / 2) {
            change_popularity(&c, &r);
            delete_some(&c, &r, tombstones);
        }
        write_question(&r, &question);
        gained = NULL;
        left = check(&c, question.data);
        early[0] += left;
        for (int k = 0; k < (left ? 4 : (int)random_below(&r, 2)); k++) {
            arena_reset(&arena);
            draw_gains(&c, &r, &arena);
            early[1] += check(&c, question.data);
        }
    }
    assert_true(early[0] > 0 && early[1] > 0);
    arena_release(&arena);
    catalog_close(&c);
    buf_release(&question);
    free(tombstones);
    for (uint32_t i = 0; i < PRODUCTS; i++)
        free(objects[i]);
    free((void *)objects);
}

static void test_values(void **state)
{
    struct random r = random_start("values");

    (void)state;
    for (int i = 0; i < VALUES; i++) {
        uint8_t values[64], least[2] = {(uint8_t)random_below(&r, 129), (uint8_t)random_below(&r, 129)};
        random_fill(&r, values, sizeof(values));
        assert_int_equal(impacts_at_least(values, least), impacts_at_least_plain(values, least));
        for (uint32_t k = 0; k < 64; k++) {
            bool in = (values[k] & 127) >= least[values[k] >> 7];
            assert_int_equal(impacts_at_least(values, least) >> k & 1, in);
        }
    }
    assert_int_equal(impact_of_part(-1), 0);
    assert_int_equal(impact_of_part(0), 0);
    assert_int_equal(impact_of_part(1), IMPACT_MOST);
    assert_int_equal(impact_of_part(1.5), IMPACT_MOST + 1);
    assert_int_equal(impact_of_part(63.2 / IMPACT_MOST), 64);
}

/* Of every word of bits, and with nothing behind the last value. */
static void test_spread(void **state)
{
    struct random r = random_start("spread");

    (void)state;
    for (int i = 0; i < VALUES; i++) {
        uint64_t bits[WINDOW_WORDS];
        uint32_t words = 1 + (uint32_t)random_below(&r, WINDOW_WORDS);
        uint8_t *values = xcalloc(WINDOW_DOCS + 64, 1), due[WINDOW_DOCS] = {0}, found[WINDOW_DOCS] = {0};
        random_fill(&r, values, WINDOW_DOCS);
        random_fill(&r, bits, sizeof(bits));
        for (uint32_t k = 0; k < WINDOW_WORDS; k++)
            bits[k] = random_chance(&r, 20) ? 0 : random_chance(&r, 20) ? ~0ull : bits[k];
        impacts_spread_plain(values, bits, words, due);
        impacts_spread_bits(values, bits, words, found);
        assert_memory_equal(due, found, (size_t)words * 64);
        free(values);
    }
}

/* What the sums are, written down once more, in vectors and in plain C, and words that are not active left alone. */
static void test_sums(void **state)
{
    struct random r = random_start("sums");
    static uint8_t values[WINDOW_DOCS + 64];
    static uint16_t sums[3][WINDOW_DOCS];
    uint64_t titled[3][WINDOW_WORDS], bits[WINDOW_WORDS];

    (void)state;
    for (int round = 0; round < VALUES / 10; round++) {
        struct impact_sums to = {.raise = round % 2, .weight = (uint32_t)random_below(&r, 65536)};
        uint32_t rank = 0;
        random_fill(&r, values, sizeof(values));
        random_fill(&r, &to.active, sizeof(to.active));
        random_fill(&r, bits, sizeof(bits));
        random_fill(&r, sums[0], sizeof(sums[0]));
        memset(titled, 0, sizeof(titled));
        memcpy(sums[1], sums[0], sizeof(sums[0]));
        memcpy(sums[2], sums[0], sizeof(sums[0]));
        for (uint32_t i = 0; i < WINDOW_DOCS; i++) {
            uint32_t worth, sum = sums[0][i];
            if (!(bits[i / 64] >> (i % 64) & 1))
                continue;
            worth = (values[rank] & 127) * to.weight / 128;
            if (to.active >> (i / 64) & 1) {
                sum = !to.raise ? sum + worth : sum > worth ? sum : worth;
                sums[0][i] = (uint16_t)(sum > UINT16_MAX ? UINT16_MAX : sum);
                titled[0][i / 64] |= (uint64_t)(values[rank] >> 7) << (i % 64);
            }
            rank++;
        }
        to.sums = sums[1];
        to.titled = titled[1];
        impacts_sum_bits(values, bits, WINDOW_WORDS, &to);
        to.sums = sums[2];
        to.titled = titled[2];
        impacts_sum_plain(values, bits, WINDOW_WORDS, &to);
        for (int k = 1; k < 3; k++) {
            assert_memory_equal(sums[0], sums[k], sizeof(sums[0]));
            assert_memory_equal(titled[0], titled[k], sizeof(titled[0]));
        }
    }
}

static void test_sum_where(void **state)
{
    struct random r = random_start("where");
    static uint16_t sums[WINDOW_DOCS], before[WINDOW_DOCS];
    uint64_t bits[WINDOW_WORDS], active;

    (void)state;
    random_fill(&r, sums, sizeof(sums));
    random_fill(&r, bits, sizeof(bits));
    random_fill(&r, &active, sizeof(active));
    memcpy(before, sums, sizeof(sums));
    impacts_sum_where(bits, active, 9000, sums);
    for (uint32_t i = 0; i < WINDOW_DOCS; i++) {
        uint32_t due = before[i] + (active >> (i / 64) & bits[i / 64] >> (i % 64) & 1 ? 9000u : 0);
        assert_int_equal(sums[i], due > UINT16_MAX ? UINT16_MAX : due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_spread),
                                       cmocka_unit_test(test_sums), cmocka_unit_test(test_sum_where),
                                       cmocka_unit_test(test_same_hits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
