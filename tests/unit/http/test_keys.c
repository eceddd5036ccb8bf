/* Keys: what the file may hold, who gets in, and that the file does not hold the keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "indexer/base/file.h"
#include "server/http/handlers.h"
#include "server/http/server.h"
#include "tests/unit/http/client.h"

static char folder[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/aisle-keys-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/keys.json", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(folder, NULL) == STATUS_OK ? 0 : -1;
}

static void test_make(void **state)
{
    (void)state;
    char admin[KEY_TEXT_SIZE];
    char search[KEY_TEXT_SIZE];
    struct error err = {0};
    struct keys *keys = NULL;
    struct buf text = BUF_EMPTY;
    struct stat st;
    assert_int_equal(keys_make(path, admin, search, &err), STATUS_OK);
    assert_int_not_equal(keys_make(path, admin, search, &err), STATUS_OK); /* never over one that is there */
    assert_int_equal(file_remove(path, &err), STATUS_OK);
    assert_int_equal(keys_make(path, admin, search, &err), STATUS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read_all(path, &text, 1 << 20, &err), STATUS_OK);
    assert_true(str_find(buf_str(&text), str_from(admin)) == SIZE_MAX);
    assert_true(str_find(buf_str(&text), str_from(search)) == SIZE_MAX);
    assert_int_equal(keys_load(&keys, path, &err), STATUS_OK);
    assert_int_equal(keys_check(keys, str_from(admin)), SCOPE_ADMIN);
    assert_int_equal(keys_check(keys, str_from(search)), SCOPE_SEARCH);
    assert_int_equal(keys_check(keys, str_slice(str_from(admin), 0, 63)), SCOPE_NONE);
    assert_int_equal(keys_check(keys, STR("")), SCOPE_NONE);
    admin[5] = admin[5] == 'a' ? 'b' : 'a';
    assert_int_equal(keys_check(keys, str_from(admin)), SCOPE_NONE);
    keys_free(keys);
    buf_release(&text);
}

static void test_wrong_files(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{", "offset"},
        {"{}", "'keys'"},
        {"{\"keys\":[]}", "'keys'"},
        {"{\"keys\":[{\"acl\":\"root\",\"sha256\":\"\"}]}", "'keys[0].acl'"},
        {"{\"keys\":[{\"acl\":\"admin\",\"sha256\":\"12\"}]}", "'keys[0].sha256'"},
        {"{\"keys\":[{\"acl\":\"admin\"}]}", "'keys[0].sha256'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        struct keys *keys;
        assert_int_equal(file_replace(path, str_from(rows[i][0]), &err), STATUS_OK);
        assert_int_equal(keys_load(&keys, path, &err), STATUS_INPUT);
        assert_non_null(strstr(err.message, rows[i][1]));
    }
}

static enum handled yes(struct exchange *x)
{
    return exchange_text(x, STR("{}"));
}

static const struct route guarded[] = {
    {HTTP_GET, "/read", SCOPE_SEARCH, 0, 10, yes, NULL},
    {HTTP_GET, "/write", SCOPE_ADMIN, 0, 10, yes, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};

static int status_of(const struct server *s, const char *format, const char *key)
{
    struct buf request = BUF_EMPTY;
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    const char *mark = strstr(format, "KEY");
    buf_append(&request, format, mark ? (size_t)(mark - format) : strlen(format));
    if (mark) {
        buf_append_str(&request, str_from(key));
        buf_append_str(&request, str_from(mark + 3));
    }
    int fd = client_connect(s->port);
    client_send(fd, buf_str(&request));
    assert_true(client_read(fd, &buf, false, &a));
    close(fd);
    buf_release(&request);
    buf_release(&buf);
    return a.status;
}

static void test_scopes(void **state)
{
    (void)state;
    char admin[KEY_TEXT_SIZE];
    char search[KEY_TEXT_SIZE];
    struct error err = {0};
    const struct route *const families[] = {health_routes, guarded, NULL};
    struct server s = {.options = {.listen = "0.0.0.0:0", .threads = 1}, .routes = families};
    atomic_store(&s.ready, true);
    assert_int_equal(keys_make(path, admin, search, &err), STATUS_OK);
    assert_int_equal(keys_load(&s.keys, path, &err), STATUS_OK);
    assert_int_equal(server_start(&s, &err), STATUS_OK);
    static const char *const ways[] = {
        "GET %s HTTP/1.1\r\nHost: a\r\nX-Algolia-API-Key: KEY\r\n\r\n",
        "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
        "GET %s?x-algolia-agent=b&x-algolia-api-key=KEY HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    for (int i = 0; i < 3; i++) {
        char read[256];
        char write[256];
        const char *rest = strstr(ways[i], "%s") + 2;
        snprintf(read, sizeof(read), "GET /read%s", rest);
        snprintf(write, sizeof(write), "GET /write%s", rest);
        assert_int_equal(status_of(&s, read, admin), 200);
        assert_int_equal(status_of(&s, write, admin), 200);
        assert_int_equal(status_of(&s, read, search), 200);
        assert_int_equal(status_of(&s, write, search), 403);
        assert_int_equal(status_of(&s, read, "wrong"), 403);
        assert_int_equal(status_of(&s, read, ""), 403);
    }
    assert_int_equal(status_of(&s, "GET /read HTTP/1.1\r\nHost: a\r\n\r\n", ""), 403);
    assert_int_equal(status_of(&s, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", ""), 200);
    assert_int_equal(status_of(&s, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", ""), 403);
    server_stop(&s);
}

static void test_static(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf buf = BUF_EMPTY;
    struct answer a = {0};
    char name[256];
    const struct route *const families[] = {health_routes, NULL};
    struct server s = {.options = {.listen = "127.0.0.1:0", .threads = 1}, .routes = families};
    atomic_store(&s.ready, true);
    snprintf(name, sizeof(name), "%s/web/sub", folder);
    assert_int_equal(dir_make(name, &err), STATUS_OK);
    static const char *const files[][2] = {{"web/index.html", "<p>front"},
                                           {"web/sub/index.html", "<p>sub"},
                                           {"web/a b.js", "let x"},
                                           {"web/.hidden", "no"},
                                           {"secret", "no"}};
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "%s/%s", folder, files[i][0]);
        assert_int_equal(file_replace(name, str_from(files[i][1]), &err), STATUS_OK);
    }
    snprintf(name, sizeof(name), "%s/web", folder);
    assert_int_equal(static_files_load(&s.files, name, &err), STATUS_OK);
    assert_int_equal(server_start(&s, &err), STATUS_OK);
    static const struct {
        const char *path;
        int status;
        const char *part;
    } rows[] = {
        {"/", 200, "<p>front"},          {"/index.html", 200, "text/html"}, {"/sub/", 200, "<p>sub"},
        {"/a%20b.js", 200, "let x"},     {"/a%20b.js", 200, "javascript"},  {"/.hidden", 404, "no such path"},
        {"/../secret", 404, "status"},   {"/%2e%2e/secret", 404, "status"}, {"/sub/../../secret", 404, "status"},
        {"//index.html", 404, "status"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[256];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].path);
        int fd = client_connect(s.port);
        client_send(fd, str_from(request));
        assert_true(client_read(fd, &buf, false, &a));
        assert_int_equal(a.status, rows[i].status);
        assert_true(str_find(buf_str(&buf), str_from(rows[i].part)) != SIZE_MAX);
        close(fd);
    }
    /* What the client has already is not sent again. */
    const struct static_file *f = static_files_find(s.files, STR("/"));
    char request[256];
    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/%s\r\n\r\n", f->etag);
    int fd = client_connect(s.port);
    client_send(fd, str_from(request));
    assert_true(client_read(fd, &buf, true, &a));
    assert_int_equal(a.status, 304);
    close(fd);
    buf_release(&buf);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_static, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
