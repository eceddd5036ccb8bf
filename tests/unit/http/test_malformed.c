/*
 * Whatever is sent to whichever path: one answer, never a 5xx, and the server goes on. Requests are good ones with
 * random damage, in the JSON, in the parameters' names and values, in the path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "server/http/handlers.h"
#include "server/http/server.h"
#include "server/live/live.h"
#include "tests/support/random.h"
#include "tests/unit/http/client.h"

static const struct {
    const char *method;
    const char *path;
    const char *body;
} good[] = {
    {"PUT", "/1/indexes/shop/settings",
     "{\"attributesForFaceting\":[\"searchable(brand)\",\"color\",\"numeric(price)\"],\"customRanking\":[\"desc(price)"
     "\"],\"hitsPerPage\":5,\"minHits\":2,\"synonyms\":[[\"a\",\"b\"]],"
     "\"replicas\":[{\"name\":\"by_price\",\"ranking\":[\"asc(price)\"]}]}"},
    {"POST", "/1/indexes/shop/query",
     "{\"query\":\"trail shoe\",\"hitsPerPage\":3,\"page\":0,\"facets\":[\"brand\",\"price\"],\"distinct\":true,"
     "\"facetFilters\":[[\"brand:Acme\",\"brand:Fjord & Co\"],\"color:-red\"],\"numericFilters\":[\"price>=1.5\"],"
     "\"attributesToRetrieve\":[\"name\"],\"attributesToHighlight\":[\"*\"],\"attributesToSnippet\":[\"name:3\"],"
     "\"filters\":\"price < 100 AND (color:red OR NOT brand:Acme)\",\"getRankingInfo\":true,\"optionalWords\":\"x\"}"},
    {"POST", "/1/indexes/shop/query",
     "{\"params\":\"query=tra%20il&facets=%5B%22brand%22%5D&hitsPerPage=2&offset=1\"}"},
    {"POST", "/1/indexes/*/queries",
     "{\"requests\":[{\"indexName\":\"shop\",\"query\":\"wool\",\"facets\":\"*\"},{\"indexName\":\"shop\",\"type\":"
     "\"facet\",\"facet\":\"brand\",\"facetQuery\":\"a\"},{\"indexName\":\"by_price\",\"query\":\"\"}]}"},
    {"POST", "/1/indexes/shop/facets/brand/query", "{\"facetQuery\":\"fj\",\"maxFacetHits\":5}"},
    {"POST", "/1/indexes/shop/suggest", "{\"query\":\"tr\",\"hitsPerPage\":4,\"products\":2}"},
    {"POST", "/1/indexes/shop/browse", "{\"hitsPerPage\":2,\"filters\":\"brand:Acme\"}"},
    {"POST", "/1/indexes/*/objects", "{\"requests\":[{\"indexName\":\"shop\",\"objectID\":\"n1\"}]}"},
    {"POST", "/1/indexes/shop/batch",
     "{\"requests\":[{\"action\":\"addObject\",\"body\":{\"objectID\":\"n1\",\"name\":\"Trail Shoe\",\"price\":12.5,"
     "\"tags\":[\"a\",\"b\"],\"category\":\"A > "
     "B\"}},{\"action\":\"partialUpdateObject\",\"body\":{\"objectID\":\"n2\","
     "\"price\":{\"_operation\":\"Increment\",\"value\":1}}},{\"action\":\"deleteObject\",\"body\":{\"objectID\":"
     "\"n3\"}}]}"},
    {"PUT", "/1/indexes/shop/n4",
     "{\"name\":\"Wool Sock\",\"brand\":\"O'Neal\",\"price\":1e2,\"nested\":{\"a\":[1,{\"b\":2}]}}"},
    {"POST", "/1/indexes/shop/n4/partial",
     "{\"price\":{\"_operation\":\"Decrement\",\"value\":0.5},\"name\":\"Sock\"}"},
    {"POST", "/1/indexes/shop/synonyms/batch",
     "[{\"objectID\":\"s\",\"type\":\"synonym\",\"synonyms\":[\"x\",\"y\"]}]"},
    {"POST", "/1/indexes/shop/deleteByQuery", "{\"filters\":\"price > 1000000\"}"},
    {"POST", "/1/indexes/shop/operation", "{\"operation\":\"copy\",\"destination\":\"copy\",\"scope\":[\"settings\"]}"},
    {"POST", "/_bulk",
     "{\"index\":{\"_index\":\"shop\",\"_id\":\"b1\"}}\n{\"name\":\"Bulk\",\"price\":3}\n"
     "{\"update\":{\"_index\":\"shop\",\"_id\":\"b1\"}}\n{\"doc\":{\"price\":4}}\n"},
    {"GET", "/1/indexes/shop?query=a&facets=brand&page=1", ""},
    {"GET", "/1/indexes/shop/task/12", ""},
    {"GET", "/metrics", ""},
};
#define GOOD_COUNT (sizeof(good) / sizeof(good[0]))

static char folder[64];
static struct server server;

static int setup(void **state)
{
    struct error err = {0};
    (void)state;
    strcpy(folder, "/tmp/aisle-http-XXXXXX");
    assert_non_null(mkdtemp(folder));
    struct live_options options = {.data_dir = folder, .create = true};
    server = (struct server){.options = {.listen = "127.0.0.1:0", .threads = 2}, .routes = handler_families};
    if (live_open(&server.live, &options, &err) != STATUS_OK || server_start(&server, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    atomic_store(&server.ready, true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    server_stop(&server);
    live_close(server.live);
    return dir_remove(folder, NULL) == STATUS_OK ? 0 : -1;
}

/* Sends one request on *fd and reads its one answer; makes a new connection when the server closed the old one. */
static int send_one(int *fd, const char *method, struct str path, struct str body)
{
    struct buf request = BUF_EMPTY;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    buf_printf(&request, "%s " STR_FMT " HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", method, STR_ARG(path),
               body.size);
    buf_append_str(&request, body);
    if (*fd < 0) {
        *fd = client_connect(server.port);
    }
    assert_true(client_send(*fd, buf_str(&request)));
    if (!client_read(*fd, &buf, false, &a)) {
        fail_msg("no answer to\n" STR_FMT, STR_ARG(buf_str(&request)));
    }
    size_t whole = a.head.size + a.body.size;
    if (whole != buf.size || a.status >= 500) {
        fail_msg("%d\n" STR_FMT "\n->\n" STR_FMT, a.status, STR_ARG(buf_str(&request)), STR_ARG(buf_str(&buf)));
    }
    if (str_find(a.head, STR("Connection: close")) != SIZE_MAX) {
        close(*fd);
        *fd = -1;
    }
    buf_release(&request);
    buf_release(&buf);
    return a.status;
}

/* --- damage --- */

static const char *const scraps[] = {
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "\"\"",
    "[]",
    "{}",
    "[[]]",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\xff",
    "0.1e-400",
    "\""
    "\xf0\x9f\x8d\xae"
    "\"",
    "\"AND\"",
    "\"a:b:c\"",
    "\":\"",
    "\"price>\"",
    "[null]",
    "1.5",
    "{\"_operation\":\"Fly\"}",
    "\"%zz&&==\"",
    "\"(((((((((((((((((((((((((((((((((((((\"",
    "\n",
    "\"-\"",
    "\"*\"",
};

/* One piece of the JSON, from a byte after ':' ',' '[' on to the next such byte, becomes another. */
static void replace_value(struct buf *b, uint64_t random)
{
    size_t at = random % (b->size + 1);
    while (at < b->size && !strchr(":,[", b->data[at])) {
        at++;
    }
    size_t from = at < b->size ? at + 1 : at;
    size_t to = from;
    while (to < b->size && !strchr(",]}", b->data[to])) {
        to++;
    }
    const char *scrap = scraps[(random >> 20) % (sizeof(scraps) / sizeof(scraps[0]))];
    struct buf out = BUF_EMPTY;
    buf_append(&out, b->data, from);
    buf_append_str(&out, str_from(scrap));
    buf_append(&out, b->data + to, b->size - to);
    buf_release(b);
    *b = out;
}

static void damage(struct buf *b, struct random *r)
{
    for (uint64_t rounds = 1 + random_below(r, 3); rounds > 0 && b->size > 0; rounds--) {
        uint64_t kind = random_below(r, 8);
        size_t at = (size_t)random_below(r, b->size);
        if (kind < 4) {
            replace_value(b, random_next(r));
        } else if (kind == 4) {
            b->data[at] = (char)random_below(r, 256);
        } else if (kind == 5) {
            b->size = at;
        } else if (kind == 6) {
            memmove(b->data + at, b->data + at + 1, b->size - at - 1);
            b->size--;
        } else {
            b->data[at] = "{}[]\",:\\"[random_below(r, 8)];
        }
    }
}

static void damage_path(struct buf *b, struct random *r)
{
    static const char *const parts[] = {"/..", "%00", "%ff", "//", "/settings", "/1", "%2f", "?", "&=", "/*", "%"};
    size_t at = (size_t)random_below(r, b->size);
    struct buf out = BUF_EMPTY;
    buf_append(&out, b->data, at);
    buf_append_str(&out, str_from(parts[random_below(r, sizeof(parts) / sizeof(parts[0]))]));
    buf_append(&out, b->data + at, b->size - at);
    buf_release(b);
    *b = out;
}

static void test_damage(void **state)
{
    (void)state;
    struct random r = random_start("http damage");
    int fd = -1;
    uint64_t by_class[6] = {0};
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        (void)send_one(&fd, good[i].method, str_from(good[i].path), str_from(good[i].body));
    }
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        int status = send_one(&fd, good[i].method, str_from(good[i].path), str_from(good[i].body));
        if (status != 200) {
            fail_msg("%s %s is %d", good[i].method, good[i].path, status);
        }
    }
    uint64_t rounds = random_rounds(6000, 100000);
    for (uint64_t i = 0; i < rounds; i++) {
        size_t pick = (size_t)random_below(&r, GOOD_COUNT);
        struct buf body = BUF_EMPTY;
        struct buf path = BUF_EMPTY;
        buf_append_str(&body, str_from(good[pick].body));
        buf_append_str(&path, str_from(good[pick].path));
        damage(&body, &r);
        if (random_below(&r, 10) == 0) {
            damage_path(&path, &r);
        }
        by_class[send_one(&fd, good[pick].method, buf_str(&path), buf_str(&body)) / 100]++;
        buf_release(&path);
        buf_release(&body);
    }
    assert_true(by_class[2] > rounds / 20 && by_class[4] > rounds / 20); /* both are tried */
    if (fd >= 0) {
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_damage, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
