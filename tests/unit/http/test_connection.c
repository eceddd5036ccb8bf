/*
 * A real server on a loopback port: order, deadlines, caps, bodies, other threads' answers, the end.
 * Labels: concurrent
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/resource.h>

#include "indexer/base/gzip.h"
#include "server/http/handlers.h"
#include "server/http/server.h"
#include "tests/unit/http/client.h"

/* --- handlers of the test --- */

static enum handled echo(struct exchange *x)
{
    buf_append_str(exchange_begin(x, 200, CONTENT_TEXT), x->body);
    return HANDLED;
}

static atomic_int late_begun; /* requests for /late/ that a worker has */

static void say_late(struct exchange *x)
{
    usleep(20000);
    buf_append_str(exchange_begin(x, 200, CONTENT_TEXT), x->params[0]);
}

static enum handled late(struct exchange *x)
{
    atomic_fetch_add(&late_begun, 1);
    return exchange_offload(x, say_late);
}

static enum handled large(struct exchange *x)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_TEXT);
    uint64_t size = 0;
    (void)str_to_u64(x->params[0], &size);
    char *to = buf_reserve(out, size);
    if (to) {
        memset(to, 'a', size);
        out->size = size;
    }
    return HANDLED;
}

/* Counts lines; after each thousand another thread has a look. */
struct counting {
    uint64_t lines, bytes, rests;
};

static void *look(void *context)
{
    usleep(1000);
    exchange_post(context, exchange_resume);
    return NULL;
}

static enum handled count_lines(struct exchange *x, struct str window, bool last, size_t *taken)
{
    if (!x->state) {
        x->state = calloc(1, sizeof(struct counting));
        x->release = free;
    }
    struct counting *c = x->state;
    const char *lf;
    while (*taken < window.size && (lf = memchr(window.data + *taken, '\n', window.size - *taken)) != NULL) {
        size_t next = (size_t)(lf - window.data) + 1;
        c->bytes += next - *taken;
        *taken = next;
        if (++c->lines % 1000 == 0) {
            pthread_t thread;
            c->rests++;
            pthread_create(&thread, NULL, look, x);
            pthread_detach(thread);
            return PENDING;
        }
    }
    if (!last) {
        return MORE;
    }
    if (*taken < window.size) {
        return exchange_error(x, 400, "the last line has no end");
    }
    buf_printf(exchange_begin(x, 200, CONTENT_TEXT), "%llu %llu", (unsigned long long)c->lines,
               (unsigned long long)c->bytes);
    return HANDLED;
}

static const struct route test_routes[] = {
    {HTTP_POST, "/echo", SCOPE_NONE, 0, 1 << 20, echo, NULL},
    {HTTP_POST, "/small", SCOPE_NONE, 0, 10, echo, NULL},
    {HTTP_GET, "/late/{word}", SCOPE_NONE, 0, 10, late, NULL},
    {HTTP_GET, "/large/{size}", SCOPE_NONE, 0, 10, large, NULL},
    {HTTP_POST, "/lines", SCOPE_NONE, 0, 0, NULL, count_lines},
    {HTTP_GET | HTTP_PUT, "/a/{x}/b", SCOPE_NONE, 0, 10, late, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
static const struct route *const families[] = {health_routes, test_routes, NULL};

static struct server server;

static void start(struct server_options options)
{
    struct error err = {0};
    options.listen = "127.0.0.1:0";
    options.threads = 2;
    server = (struct server){.options = options, .routes = families};
    atomic_store(&server.ready, true);
    if (server_start(&server, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
}

static const struct server_options quick = {
    .head_ms = 300, .idle_ms = 600, .body_ms = 300, .body_rate = 1000, .write_ms = 500, .write_rate = 100000000};
static const struct server_options normal = {0};

/* One request on a connection of its own. */
static int ask(const char *text, struct buf *buf, struct answer *a)
{
    int fd = client_connect(server.port);
    assert_true(client_send(fd, str_from(text)));
    bool whole = client_read(fd, buf, strncmp(text, "HEAD", 4) == 0, a);
    close(fd);
    return whole ? a->status : -1;
}

/* --- tests --- */

static void test_routes_and_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        const char *part; /* of head and body */
    } rows[] = {
        {"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", 200, "{\"status\":\"ok\"}"},
        {"HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Content-Length: 15"},
        {"GET /health?x=y HTTP/1.0\r\n\r\n", 200, "Connection: close"},
        {"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n", 404, "\"status\":404}"},
        {"DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS"},
        {"BREW /health HTTP/1.1\r\nHost: a\r\n\r\n", 405, "\"status\":405}"},
        {"OPTIONS /echo HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Headers: x-a, x-b\r\n\r\n", 204,
         "Access-Control-Allow-Headers: x-a, x-b"},
        {"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Access-Control-Allow-Origin: *"},
        {"GET /late/%C3%A4%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 200, "\xc3\xa4/b"},
        {"GET /late/%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "\"status\":400}"},
        {"GET /late/ HTTP/1.1\r\nHost: a\r\n\r\n", 404, "\"status\":404}"},
        {"GET /health/ HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok"},
        {"GET /a/b/c/d/e/f/g/h/i/j HTTP/1.1\r\nHost: a\r\n\r\n", 404, ""},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", 200, "0123456789"},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n0123456789a", 413, ""},
        {"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", 413, ""},
        {"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
         200, "0123456789"},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415, ""},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400, ""},
        {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400, ""},
        {"GET / HTTP/1.1\r\n\r\n", 400, "Connection: close"},
    };
    struct buf buf = BUF_EMPTY;
    start(normal);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer a = {0};
        int status = ask(rows[i].text, &buf, &a);
        if (status != rows[i].status || str_find(buf_str(&buf), str_from(rows[i].part)) == SIZE_MAX) {
            print_error("%s\n-> %d\n" STR_FMT "\n", rows[i].text, status, STR_ARG(buf_str(&buf)));
        }
        assert_int_equal(status, rows[i].status);
        assert_true(str_find(buf_str(&buf), str_from(rows[i].part)) != SIZE_MAX);
    }
    buf_release(&buf);
    server_stop(&server);
}

/* Answers come in the order of the requests, whoever makes them; an error in the middle keeps the connection. */
static void test_pipelining(void **state)
{
    (void)state;
    struct buf requests = BUF_EMPTY;
    struct buf answers = BUF_EMPTY;
    start(normal);
    for (int i = 0; i < 60; i++) {
        if (i % 3 == 0) {
            buf_printf(&requests, "GET /late/w%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        } else if (i % 3 == 1) {
            buf_printf(&requests, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nw%04d", i);
        } else {
            buf_printf(&requests, "POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nw%04d", i);
        }
    }
    buf_literal(&requests, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /health HTTP/1.1\r\n\r\n");
    int fd = client_connect(server.port);
    assert_true(client_send(fd, buf_str(&requests)));
    assert_true(client_read_all(fd, &answers, 10000));
    close(fd);
    struct str rest = buf_str(&answers);
    for (int i = 0; i < 61; i++) {
        struct answer a = {0};
        size_t used = 0;
        char expected[16];
        snprintf(expected, sizeof(expected), i % 3 ? "w%04d" : "w%d", i);
        assert_true(client_parse(rest, false, &a, &used));
        assert_int_equal(a.status, i < 60 && i % 3 == 2 ? 404 : 200);
        if (i < 60 && i % 3 != 2) {
            assert_true(str_equal(a.body, str_from(expected)));
        }
        rest = str_slice(rest, used, rest.size);
    }
    assert_int_equal(rest.size, 0); /* nothing is answered behind the close */
    buf_release(&answers);
    buf_release(&requests);
    server_stop(&server);
}

/* What must never be taken for two requests gives one answer, an error, and the end of the connection. */
static void test_smuggling(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n"
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\nGET /health HTTP/1.1\r\nHost: "
        "a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\nX: y\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    start(normal);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf answers = BUF_EMPTY;
        struct answer a = {0};
        size_t used = 0;
        int fd = client_connect(server.port);
        client_send(fd, str_from(rows[i]));
        assert_true(client_read_all(fd, &answers, 5000));
        close(fd);
        assert_true(client_parse(buf_str(&answers), false, &a, &used));
        assert_int_equal(a.status, 400);
        assert_int_equal(used, answers.size);
        buf_release(&answers);
    }
    server_stop(&server);
}

static struct buf zip(struct str text)
{
    struct buf packed = BUF_EMPTY;
    assert_int_equal(gzip_compress(text, 6, &packed), STATUS_OK);
    return packed;
}

static void send_body(int fd, const char *path, const char *headers, struct str body)
{
    struct buf head = BUF_EMPTY;
    buf_printf(&head, "POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n", path, headers, body.size);
    assert_true(client_send(fd, buf_str(&head)));
    client_send(fd, body);
    buf_release(&head);
}

static void test_gzip(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    struct buf text = BUF_EMPTY;
    start(normal);
    for (int i = 0; i < 50000; i++) {
        buf_printf(&text, "line %d\n", i % 100);
    }
    struct buf packed = zip(buf_str(&text));
    int fd = client_connect(server.port);
    send_body(fd, "/echo", "Content-Encoding: gzip\r\n", buf_str(&packed));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 200);
    assert_true(str_equal(a.body, buf_str(&text)));
    /* A compressed answer. */
    send_body(fd, "/echo", "Content-Encoding: gzip\r\nAccept-Encoding: gzip\r\n", buf_str(&packed));
    assert_true(client_read(fd, &buf, false, &a));
    assert_true(str_find(a.head, STR("Content-Encoding: gzip")) != SIZE_MAX);
    struct inflater *z = inflater_new();
    struct buf unpacked = BUF_EMPTY;
    size_t used = 0;
    assert_int_equal(inflater_push(z, a.body, &used, &unpacked, 1 << 24, NULL), STATUS_OK);
    assert_true(inflater_done(z) && str_equal(buf_str(&unpacked), buf_str(&text)));
    inflater_free(z);
    buf_release(&unpacked);
    /* Cut. */
    send_body(fd, "/echo", "Content-Encoding: gzip\r\n", str_slice(buf_str(&packed), 0, packed.size - 4));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 400);
    close(fd);
    /* A bomb: a gigabyte in a megabyte does not get past the route's limit. */
    buf_release(&packed);
    buf_clear(&text);
    memset(buf_reserve(&text, 64 << 20), 0, 64 << 20);
    text.size = 64 << 20;
    packed = zip(buf_str(&text));
    fd = client_connect(server.port);
    send_body(fd, "/echo", "Content-Encoding: gzip\r\n", buf_str(&packed));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 413);
    close(fd);
    buf_release(&packed);
    buf_release(&text);
    buf_release(&buf);
    server_stop(&server);
}

static void test_stream(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    char expected[64];
    start(normal);
    for (int i = 0; i < 20500; i++) {
        buf_printf(&text, "{\"line\": %d, \"filler\": \"0123456789012345678901234567890123456789\"}\n", i);
    }
    snprintf(expected, sizeof(expected), "20500 %zu", text.size);
    int fd = client_connect(server.port);
    send_body(fd, "/lines", "", buf_str(&text));
    assert_true(client_read(fd, &buf, false, &a));
    assert_true(str_equal(a.body, str_from(expected)));
    struct buf packed = zip(buf_str(&text));
    send_body(fd, "/lines", "Content-Encoding: gzip\r\n", buf_str(&packed));
    assert_true(client_read(fd, &buf, false, &a));
    assert_true(str_equal(a.body, str_from(expected)));
    send_body(fd, "/lines", "", STR("no end"));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 400);
    /* A line larger than the window. */
    buf_clear(&text);
    memset(buf_reserve(&text, 3 << 20), 'x', 3 << 20);
    text.size = 3 << 20;
    send_body(fd, "/lines", "", buf_str(&text));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 413);
    close(fd);
    buf_release(&packed);
    buf_release(&text);
    buf_release(&buf);
    server_stop(&server);
}

static void test_continue(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    start(normal);
    int fd = client_connect(server.port);
    assert_true(
        client_send(fd, STR("POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 100);
    assert_true(client_send(fd, STR("ab")));
    assert_true(client_read(fd, &buf, false, &a));
    assert_true(str_equal(a.body, STR("ab")));
    /* Refused before the body is sent. */
    assert_true(
        client_send(fd, STR("POST /nope HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")));
    assert_true(client_read(fd, &buf, false, &a));
    assert_int_equal(a.status, 404);
    close(fd);
    buf_release(&buf);
    server_stop(&server);
}

static void test_large_answers(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    start(normal);
    int fd = client_connect(server.port);
    assert_true(
        client_send(fd, STR("GET /large/9000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")));
    usleep(100000); /* the socket's buffers fill */
    size_t used = 0;
    while (!client_parse(buf_str(&buf), false, &a, &used)) {
        char *to = buf_reserve(&buf, 65536);
        ssize_t got = recv(fd, to, 65536, 0);
        assert_true(got > 0);
        buf.size += (size_t)got;
    }
    assert_int_equal(a.body.size, 9000000);
    struct buf rest = BUF_EMPTY;
    buf_append(&rest, buf.data + used, buf.size - used);
    while (!client_parse(buf_str(&rest), false, &a, &used)) {
        char *to = buf_reserve(&rest, 65536);
        ssize_t got = recv(fd, to, 65536, 0);
        assert_true(got > 0);
        rest.size += (size_t)got;
    }
    assert_true(str_equal(a.body, STR("{\"status\":\"ok\"}")));
    close(fd);
    buf_release(&rest);
    buf_release(&buf);
    server_stop(&server);
}

/* Bytes that trickle in, bodies that stall, answers nobody reads: all closed soon after their deadline. */
static void test_deadlines(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        const char *each; /* sent every 50 ms */
        int status;       /* 0: closed without a word */
        unsigned most_ms;
    } rows[] = {
        {"", "", 0, 600},
        {"GET /health HTTP/1.1\r\nHost: a\r\n", "X", 408, 600},
        {"GET /", "", 408, 600},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", "x", 408, 700},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 408, 700},
        {"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "", 200, 1000}, /* then idle */
    };
    start(quick);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf buf = BUF_EMPTY;
        struct answer a = {0};
        size_t used = 0;
        int fd = client_connect(server.port);
        uint64_t begin = clock_monotonic_ns();
        client_send(fd, str_from(rows[i].first));
        while (!client_read_all(fd, &buf, 50) && clock_monotonic_ns() - begin < 5000000000u) {
            client_send(fd, str_from(rows[i].each));
        }
        uint64_t ms = (clock_monotonic_ns() - begin) / 1000000;
        close(fd);
        assert_in_range(ms, 250, rows[i].most_ms + 1000);
        assert_int_equal(client_parse(buf_str(&buf), false, &a, &used), rows[i].status != 0);
        assert_true(rows[i].status == 0 || a.status == rows[i].status);
        buf_release(&buf);
    }
    int fd = client_connect(server.port);
    client_send(fd, STR("GET /large/20000000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct acceptor_stats stats = {.connections = 1};
    for (int i = 0; i < 600 && stats.connections > 0; i++) {
        usleep(100000);
        acceptor_stats(server.acceptor, &stats);
    }
    assert_int_equal(stats.connections, 0);
    close(fd);
    server_stop(&server);
}

static void test_thousand(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &limit);
    int *fds = calloc(COUNT, sizeof(*fds));
    start(normal);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server.port);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            char text[128];
            snprintf(text, sizeof(text), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n%05d", i);
            assert_true(client_send(fds[i], str_from(text)));
        }
        struct buf buf = BUF_EMPTY;
        for (int i = 0; i < COUNT; i++) {
            struct answer a = {0};
            char text[16];
            snprintf(text, sizeof(text), "%05d", i);
            assert_true(client_read(fds[i], &buf, false, &a));
            assert_true(str_equal(a.body, str_from(text)));
        }
        buf_release(&buf);
    }
    struct acceptor_stats stats;
    acceptor_stats(server.acceptor, &stats);
    assert_int_equal(stats.connections, COUNT);
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    free(fds);
    server_stop(&server);
}

/* Over the cap connections are closed, and those within it go on. */
static void test_cap(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    int fds[8];
    struct server_options options = normal;
    options.max_connections = 5;
    start(options);
    for (int i = 0; i < 8; i++) {
        fds[i] = client_connect(server.port);
        usleep(20000);
    }
    for (int i = 0; i < 8; i++) {
        client_send(fds[i], STR("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_int_equal(client_read(fds[i], &buf, false, &a), i < 5);
        close(fds[i]);
    }
    buf_release(&buf);
    server_stop(&server);
}

/* Bodies that come slowly and answers that nobody reads share a ceiling. */
static void test_memory(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    int fds[COUNT];
    int refused = 0;
    struct server_options options = normal;
    options.memory_bytes = 4 << 20;
    start(options);
    struct buf half = BUF_EMPTY;
    buf_literal(&half, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    memset(buf_reserve(&half, 900000), 'x', 900000);
    half.size += 900000;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server.port);
        client_send(fds[i], buf_str(&half));
    }
    usleep(300000);
    bool answered[COUNT] = {false};
    for (int round = 0; round < 100 && refused < 6; round++) { /* on a slow machine the bodies are long under way */
        for (int i = 0; i < COUNT; i++) {
            struct pollfd p = {fds[i], POLLIN, 0};
            if (!answered[i] && poll(&p, 1, 50) > 0 && client_read(fds[i], &buf, false, &a)) {
                assert_int_equal(a.status, 429);
                answered[i] = true;
                refused++;
            }
        }
    }
    assert_in_range(refused, 6, COUNT - 1);
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    for (int i = 0; i < 50 && atomic_load(&server.memory_used) > 0; i++) {
        usleep(50000);
    }
    assert_int_equal(atomic_load(&server.memory_used), 0);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(server.port);
        client_send(fds[i], STR("GET /large/20000000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    /* An answer that does not fit counts until its connection is closed. */
    usleep(300000);
    for (int i = 0; i < 100 && atomic_load(&server.memory_used) > 4u << 20; i++) {
        usleep(50000);
    }
    assert_true(atomic_load(&server.memory_used) <= 4u << 20);
    for (int i = 0; i < COUNT; i++) {
        close(fds[i]);
    }
    assert_int_equal(ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 200);
    buf_release(&half);
    buf_release(&buf);
    server_stop(&server);
}

/* With no descriptor left, what is open goes on, what comes is closed, and nothing spins. */
static void test_descriptors(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    struct rlimit old;
    start(normal);
    int first = client_connect(server.port);
    client_send(first, STR("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(client_read(first, &buf, false, &a));
    int second = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &old);
    struct rlimit low = {(rlim_t)second + 1, old.rlim_max}; /* the server, in this process, gets no more */
    setrlimit(RLIMIT_NOFILE, &low);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(second, (struct sockaddr *)&address, sizeof(address)), 0);
    buf_clear(&buf);
    assert_true(client_read_all(second, &buf, 5000)); /* closed */
    assert_int_equal(buf.size, 0);
    client_send(first, STR("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(client_read(first, &buf, false, &a));
    setrlimit(RLIMIT_NOFILE, &old);
    struct acceptor_stats stats;
    acceptor_stats(server.acceptor, &stats);
    assert_in_range(stats.refused_descriptors, 1, 50);
    assert_int_equal(ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 200);
    close(first);
    close(second);
    buf_release(&buf);
    server_stop(&server);
}

/* What is under way when the server stops is answered. */
static void test_drain(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    int fds[4];
    start(normal);
    int begun = atomic_load(&late_begun);
    for (int i = 0; i < 4; i++) {
        fds[i] = client_connect(server.port);
        client_send(fds[i], STR("GET /late/x HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    int idle = client_connect(server.port);
    for (int i = 0; i < 6000 && atomic_load(&late_begun) < begun + 4; i++) {
        usleep(10000);
    }
    server_stop(&server);
    for (int i = 0; i < 4; i++) {
        assert_true(client_read(fds[i], &buf, false, &a));
        assert_int_equal(a.status, 200);
        close(fds[i]);
    }
    close(idle);
    buf_release(&buf);
}

static void test_not_ready(void **state)
{
    (void)state;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    start(normal);
    atomic_store(&server.ready, false);
    assert_int_equal(ask("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 503);
    assert_int_equal(ask("GET /late/x HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 503);
    assert_int_equal(ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 200);
    atomic_store(&server.ready, true);
    assert_int_equal(ask("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 200);
    assert_int_equal(ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", &buf, &a), 200);
    assert_true(str_find(a.body, STR("aisle_http_requests_total{route=\"GET /ready\",status=\"503\"} 1")) != SIZE_MAX);
    assert_true(str_find(a.body, STR("aisle_http_request_seconds_count{route=\"GET /ready\"} 2")) != SIZE_MAX);
    buf_release(&buf);
    server_stop(&server);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *listen;
        enum status status;
    } rows[] = {
        {"0.0.0.0:0", STATUS_INPUT},   {"[::]:0", STATUS_INPUT},          {"7700", STATUS_INPUT},
        {"127.0.0.1:x", STATUS_INPUT}, {"127.0.0.1:70000", STATUS_INPUT}, {":80", STATUS_INPUT},
        {"127.0.0.2:0", STATUS_OK},    {"localhost:0", STATUS_OK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct server s = {.options = {.listen = rows[i].listen}, .routes = families};
        assert_int_equal(server_start(&s, &err), rows[i].status);
        server_stop(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_and_errors),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_large_answers),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_thousand),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
