/* The parser: what it takes, what it refuses, and that the way the bytes come does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "indexer/base/buf.h"
#include "server/http/http_parser.h"

/* What a request is: a status when it is refused, else 0, with its parts. */
struct outcome {
    int status;
    struct http_head head;
    struct buf body;
    size_t used;
    bool complete;
};

/* Feeds `text` with new bytes at each of the cuts' ends. The bytes live in exact heap blocks, so that a sanitizer sees
 * any read behind them. */
static void run(struct str text, const size_t *cuts, size_t cut_count, struct outcome *out)
{
    size_t resume = 0;
    size_t at = 0;
    int size = 0;
    *out = (struct outcome){.status = 0};
    size_t i = 0;
    for (; i <= cut_count && size == 0; i++) {
        at = i < cut_count ? cuts[i] : text.size;
        char *copy = malloc(at ? at : 1);
        memcpy(copy, text.data, at);
        size = http_head_scan((struct str){copy, at}, &resume);
        free(copy);
    }
    if (size <= 0) {
        out->status = -size;
        return;
    }
    const char *reason = NULL;
    out->status = http_head_parse(str_slice(text, 0, (size_t)size), &out->head, &reason);
    if (out->status) {
        assert_non_null(reason);
        return;
    }
    struct http_body body;
    http_body_init(&body, &out->head);
    out->used = (size_t)size;
    for (;;) {
        struct str piece;
        enum http_body_event event = http_body_next(&body, str_slice(text, 0, at), &out->used, &piece);
        if (event == HTTP_BODY_PIECE) {
            buf_append_str(&out->body, piece);
        } else if (event == HTTP_BODY_DONE) {
            out->complete = true;
            return;
        } else if (event == HTTP_BODY_BAD) {
            out->status = 400;
            return;
        } else if (i <= cut_count) {
            at = i < cut_count ? cuts[i] : text.size;
            i++;
        } else {
            return;
        }
    }
}

#define R "GET / HTTP/1.1\r\nHost: a\r\n"
#define P "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct {
    const char *text;
    int status; /* 0: taken */
    const char *body;
} table[] = {
    {R "\r\n", 0, ""},
    {"\r\n" R "\r\n", 0, ""},
    {"\r\n\r\n" R "\r\n", 400, NULL},
    {"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", 0, ""},
    {"GET http://u@a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, ""},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.0\r\n\r\n", 0, ""},
    {"GET / HTTP/1.1\r\n\r\n", 400, NULL},               /* no Host */
    {R "Host: a\r\n\r\n", 400, NULL},                    /* two */
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, NULL}, /* a list of them */
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\nHost: a\n\n", 400, NULL}, /* bare LF */
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400, NULL}, /* bare CR */
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n", 400, NULL},
    {R "X : b\r\n\r\n", 400, NULL}, /* blank before the colon */
    {R " X: b\r\n\r\n", 400, NULL}, /* folding */
    {R "X: b\r\n c\r\n\r\n", 400, NULL},
    {R "X: b\r\n\tc\r\n\r\n", 400, NULL},
    {R "X\r\n\r\n", 400, NULL},
    {R ": b\r\n\r\n", 400, NULL},
    {R "X(: b\r\n\r\n", 400, NULL},
    {R "X:\r\n\r\n", 0, ""},
    {R "X: \xc3\xa4\r\n\r\n", 0, ""},
    {R "X: \x01\r\n\r\n", 400, NULL},
    {R "X: \x7f\r\n\r\n", 400, NULL},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, NULL},
    {"GET /\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL},
    {P "Content-Length: 3\r\n\r\nabc", 0, "abc"},
    {P "Content-Length: 0\r\n\r\n", 0, ""},
    {P "content-length:3\r\n\r\nabc", 0, "abc"},
    {P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, NULL},
    {P "Content-Length: 3, 3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: +3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: -3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: 0x3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: 3 \r\n\r\nabc", 0, "abc"},
    {P "Content-Length: 3 3\r\n\r\nabc", 400, NULL},
    {P "Content-Length:\r\n\r\n", 400, NULL},
    {P "Content-Length : 3\r\n\r\nabc", 400, NULL},
    {P "Content-Length: 9223372036854775808\r\n\r\n", 400, NULL},
    {P "Content-Length: 99999999999999999999999\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, "abc"},
    {P "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, "abc"},
    {P "Transfer-Encoding: chunked\r\n\r\n003\r\nabc\r\n2\r\nde\r\n000\r\n\r\n", 0, "abcde"},
    {P "Transfer-Encoding: chunked\r\n\r\nA;x;y=z;q=\"a\\\";b\"\r\n0123456789\r\n0\r\nT: v\r\n\r\n", 0, "0123456789"},
    {P "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: identity\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding:\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: \x0b"
       "chunked\r\n\r\n0\r\n\r\n",
     400, NULL},
    {P "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer_Encoding: chunked\r\n\r\n", 0, ""}, /* another header: no body */
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3;\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3;a=\"b\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n3;a\x01\r\nabc\r\n0\r\n\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400, NULL},
    {P "Transfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n", 400, NULL},
    {P "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 0, "abc"},
    {P "Expect: tea\r\nContent-Length: 3\r\n\r\nabc", 417, NULL},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct outcome o;
        struct str text = str_from(table[i].text);
        run(text, NULL, 0, &o);
        if (o.status != table[i].status || (o.status == 0 && !o.complete)) {
            print_error("%s\nis %d, complete %d\n", table[i].text, o.status, o.complete);
        }
        assert_int_equal(o.status, table[i].status);
        if (o.status == 0) {
            assert_true(o.complete);
            assert_true(str_equal(buf_str(&o.body), str_from(table[i].body)));
        }
        buf_release(&o.body);
    }
}

static void test_nul(void **state)
{
    (void)state;
    struct str names[] = {STR(R "X: a\0b\r\n\r\n"), STR(R "X\0: b\r\n\r\n"),
                          STR("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n")};
    for (size_t i = 0; i < 3; i++) {
        struct outcome o;
        run(names[i], NULL, 0, &o);
        assert_int_equal(o.status, 400);
    }
}

static void test_limits(void **state)
{
    (void)state;
    for (int extra = -1; extra <= 1; extra++) {
        struct buf b = BUF_EMPTY;
        struct outcome o;
        buf_literal(&b, R "X: ");
        while (b.size < (size_t)(HTTP_HEAD_MAX - 4 + extra)) {
            buf_append_char(&b, 'x');
        }
        buf_literal(&b, "\r\n\r\n");
        run(buf_str(&b), NULL, 0, &o);
        assert_int_equal(o.status, extra <= 0 ? 0 : 431);
        buf_release(&b);
    }
    for (int count = HTTP_HEADERS_MAX - 1; count <= HTTP_HEADERS_MAX + 1; count++) {
        struct buf b = BUF_EMPTY;
        struct outcome o;
        buf_literal(&b, R);
        for (int i = 1; i < count; i++) {
            buf_printf(&b, "X%d: y\r\n", i);
        }
        buf_literal(&b, "\r\n");
        run(buf_str(&b), NULL, 0, &o);
        assert_int_equal(o.status, count <= HTTP_HEADERS_MAX ? 0 : 431);
        buf_release(&b);
    }
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->complete, b->complete);
    if (a->status == 0) {
        assert_int_equal(a->used, b->used);
        assert_true(str_equal(buf_str(&a->body), buf_str(&b->body)));
        assert_int_equal(a->head.header_count, b->head.header_count);
        assert_true(str_equal(a->head.path, b->head.path));
    }
}

/* Any split of any request, also of damaged ones, gives what the whole gives. */
static void test_splits(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        size_t pick = (size_t)rand_r(&seed) % (sizeof(table) / sizeof(table[0]));
        struct buf b = BUF_EMPTY;
        buf_append_str(&b, str_from(table[pick].text));
        if (rand_r(&seed) % 2 && b.size > 0) {
            b.data[(size_t)rand_r(&seed) % b.size] = (char)("\r\n\0 :;0aZ\x80"[rand_r(&seed) % 10]);
        }
        if (rand_r(&seed) % 4 == 0) {
            b.size = (size_t)rand_r(&seed) % (b.size + 1);
        }
        struct outcome whole;
        struct outcome split;
        size_t cuts[6];
        size_t count = (size_t)rand_r(&seed) % 6;
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            at += (size_t)rand_r(&seed) % (b.size - at + 1);
            cuts[i] = at;
        }
        run(buf_str(&b), NULL, 0, &whole);
        run(buf_str(&b), cuts, count, &split);
        assert_same(&whole, &split);
        buf_release(&whole.body);
        buf_release(&split.body);
        buf_release(&b);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct str text = str_from(table[i].text);
        size_t cuts[512];
        struct outcome whole;
        struct outcome split;
        assert_true(text.size < 512);
        for (size_t k = 0; k < text.size; k++) {
            cuts[k] = k;
        }
        run(text, NULL, 0, &whole);
        run(text, cuts, text.size, &split);
        assert_same(&whole, &split);
        buf_release(&whole.body);
        buf_release(&split.body);
    }
}

static void test_pipelined(void **state)
{
    (void)state;
    struct outcome o;
    struct str text = STR(P "Content-Length: 2\r\n\r\nabGET /next HTTP/1.1\r\n");
    run(text, NULL, 0, &o);
    assert_true(o.complete);
    assert_true(str_starts_with(str_slice(text, o.used, text.size), STR("GET /next")));
    buf_release(&o.body);
}

static void test_keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep;
    } rows[] = {
        {R "\r\n", true},
        {R "Connection: close\r\n\r\n", false},
        {R "Connection: x, Close\r\n\r\n", false},
        {R "Connection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome o;
        run(str_from(rows[i].text), NULL, 0, &o);
        assert_int_equal(o.status, 0);
        assert_int_equal(o.head.keep_alive, rows[i].keep);
    }
}

static void test_parts(void **state)
{
    (void)state;
    struct outcome o;
    run(STR("GET /a%20b/c?x=1&y=a+b%26&z HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br;q=1, GZIP;q=0.5\r\nE: \t v "
            "\r\n\r\n"),
        NULL, 0, &o);
    assert_int_equal(o.status, 0);
    assert_true(str_equal(o.head.path, STR("/a%20b/c")));
    assert_true(str_equal(http_header_get(&o.head, "e"), STR("v")));
    assert_true(http_accepts_gzip(&o.head));
    struct arena arena;
    struct str value;
    arena_init(&arena, 1 << 16);
    assert_true(http_query_get(o.head.query, "y", &arena, &value));
    assert_true(str_equal(value, STR("a b&")));
    assert_true(http_query_get(o.head.query, "z", &arena, &value));
    assert_int_equal(value.size, 0);
    assert_false(http_query_get(o.head.query, "w", &arena, &value));
    arena_release(&arena);
    run(STR(R "Accept-Encoding: gzip;q=0\r\n\r\n"), NULL, 0, &o);
    assert_false(http_accepts_gzip(&o.head));
}

static void test_percent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        {"abc", "abc"}, {"a%2Fb", "a/b"}, {"%C3%A4", "\xc3\xa4"}, {"%c3%a4", "\xc3\xa4"},
        {"a+b", "a+b"}, {"%", NULL},      {"%2", NULL},           {"%2g", NULL},
        {"%00", NULL},  {"%ff", NULL},    {"%c3%28", NULL},       {"%25%32%35", "%25"},
    };
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str out;
        bool good = http_percent_decode(str_from(rows[i].text), false, &arena, &out);
        assert_int_equal(good, rows[i].decoded != NULL);
        assert_true(!good || str_equal(out, str_from(rows[i].decoded)));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),      cmocka_unit_test(test_nul),          cmocka_unit_test(test_limits),
        cmocka_unit_test(test_splits),     cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_keep_alive), cmocka_unit_test(test_parts),        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
