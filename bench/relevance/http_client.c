#include "bench/relevance/http_client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_LIMIT = 256 << 20, TIMEOUT_S = 60 };

struct http_client {
    int fd; /* -1: closed */
    char *host;
    char *port;
    struct buf in; /* read and not yet used */
    size_t used;
};

enum status http_client_new(struct http_client **out, const char *url, struct error *err)
{
    struct str rest = str_from(url);
    *out = NULL;
    if (!str_starts_with(rest, STR("http://")))
        return error_set(err, STATUS_INPUT, "'%s' is no server: it must start with http://", url);
    rest = str_slice(rest, 7, rest.size);
    struct str authority = str_split(&rest, '/');
    size_t colon = str_find_char(authority, ':');
    bool bracket = authority.size && authority.data[0] == '[';
    if (bracket) {
        size_t end = str_find_char(authority, ']');
        if (end == SIZE_MAX)
            return error_set(err, STATUS_INPUT, "'%s': the address has no ']'", url);
        colon = end + 1 < authority.size && authority.data[end + 1] == ':' ? end + 1 : SIZE_MAX;
    }
    struct str host = colon == SIZE_MAX ? authority : str_slice(authority, 0, colon);
    if (bracket)
        host = str_slice(host, 1, host.size - 1);
    if (host.size == 0)
        return error_set(err, STATUS_INPUT, "'%s' has no host", url);
    struct http_client *c = xcalloc(1, sizeof(*c));
    c->fd = -1;
    c->host = strndup(host.data, host.size);
    c->port = colon == SIZE_MAX ? strdup("80") : strndup(authority.data + colon + 1, authority.size - colon - 1);
    if (!c->host || !c->port)
        fatal("out of memory");
    buf_init(&c->in, ANSWER_LIMIT);
    *out = c;
    return STATUS_OK;
}

static void disconnect(struct http_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_clear(&c->in);
    c->used = 0;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    disconnect(c);
    buf_release(&c->in);
    free(c->host);
    free(c->port);
    free(c);
}

static enum status open_connection(struct http_client *c, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int one = 1;
    int code = getaddrinfo(c->host, c->port, &hints, &list);
    if (code != 0)
        return error_set(err, STATUS_IO, "cannot find the server '%s:%s': %s", c->host, c->port, gai_strerror(code));
    for (struct addrinfo *a = list; a && c->fd < 0; a = a->ai_next) {
        c->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (c->fd >= 0 && connect(c->fd, a->ai_addr, a->ai_addrlen) != 0) {
            int reason = errno;
            disconnect(c);
            errno = reason;
        }
    }
    freeaddrinfo(list);
    if (c->fd < 0)
        return error_errno(err, "cannot connect to the server '%s:%s'", c->host, c->port);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return STATUS_OK;
}

static bool send_all(struct http_client *c, struct str bytes)
{
    for (size_t sent = 0; sent < bytes.size;) {
        ssize_t n = send(c->fd, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

/* More bytes behind those that are there; false at the end of the connection. */
static bool read_more(struct http_client *c)
{
    for (;;) {
        char *room = buf_reserve(&c->in, 65536);
        ssize_t n = room ? recv(c->fd, room, 65536, 0) : -1;
        if (n < 0 && room && errno == EINTR)
            continue;
        if (n > 0)
            c->in.size += (size_t)n;
        return n > 0;
    }
}

static struct str unread(const struct http_client *c)
{
    return str_slice(buf_str(&c->in), c->used, c->in.size);
}

/* The next line without its end; false when there is none. */
static bool read_line(struct http_client *c, struct str *line)
{
    for (size_t from = 0;;) {
        struct str rest = unread(c);
        const char *end = rest.size > from ? memchr(rest.data + from, '\n', rest.size - from) : NULL;
        if (end) {
            *line = str_trim((struct str){rest.data, (size_t)(end - rest.data)});
            c->used += (size_t)(end - rest.data) + 1;
            return true;
        }
        from = rest.size;
        if (!read_more(c))
            return false;
    }
}

static bool read_bytes(struct http_client *c, size_t size, struct buf *out)
{
    while (unread(c).size < size) {
        if (!read_more(c))
            return false;
    }
    buf_append(out, unread(c).data, size);
    c->used += size;
    return true;
}

static bool read_chunks(struct http_client *c, struct buf *out)
{
    struct str line;
    while (read_line(c, &line)) {
        char digits[17] = {0};
        size_t count = 0;
        while (count < 16 && count < line.size && line.data[count] != ';')
            count++;
        memcpy(digits, line.data, count);
        size_t size = strtoul(digits, NULL, 16);
        if (size == 0) {
            while (read_line(c, &line) && line.size)
                ;
            return true;
        }
        if (size > ANSWER_LIMIT || !read_bytes(c, size, out) || !read_line(c, &line))
            return false;
    }
    return false;
}

static bool header_value(struct str line, struct str name, struct str *value)
{
    size_t colon = str_find_char(line, ':');
    if (colon == SIZE_MAX || !str_equal_nocase(str_trim(str_slice(line, 0, colon)), name))
        return false;
    *value = str_trim(str_slice(line, colon + 1, line.size));
    return true;
}

static bool read_answer(struct http_client *c, int *code, struct buf *response)
{
    struct str line;
    struct str value;
    uint64_t length = 0;
    bool chunked = false;
    bool sized = false;
    bool ends = false;
    if (!read_line(c, &line) || !str_starts_with(line, STR("HTTP/1.")) || line.size < 12)
        return false;
    *code = atoi(line.data + 9);
    while (read_line(c, &line) && line.size) {
        if (header_value(line, STR("content-length"), &value))
            sized = str_to_u64(value, &length) && length <= ANSWER_LIMIT;
        else if (header_value(line, STR("transfer-encoding"), &value))
            chunked = str_equal_nocase(value, STR("chunked"));
        else if (header_value(line, STR("connection"), &value))
            ends = str_equal_nocase(value, STR("close"));
    }
    bool good = chunked ? read_chunks(c, response) : sized && read_bytes(c, (size_t)length, response);
    if (good && !chunked && !sized)
        good = false;
    if (!good || ends)
        disconnect(c);
    return good && !response->failed;
}

static void write_call(const struct http_client *c, const struct http_call *call, struct buf *out)
{
    buf_printf(out, "%s " STR_FMT " HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n", call->method,
               STR_ARG(call->path), c->host, c->port);
    if (call->key)
        buf_printf(out, "x-algolia-api-key: %s\r\n", call->key);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", call->body.size);
    buf_append_str(out, call->body);
}

enum status http_client_call(struct http_client *c, const struct http_call *call, int *code, struct buf *response,
                             struct error *err)
{
    struct buf out = BUF_EMPTY;
    bool done = false;
    enum status status = STATUS_OK;
    write_call(c, call, &out);
    /* a connection that was kept may have been closed meanwhile: that is seen only by using it */
    for (bool kept = true; kept && !done && status == STATUS_OK;) {
        kept = c->fd >= 0;
        if (c->used == c->in.size) {
            buf_clear(&c->in);
            c->used = 0;
        }
        buf_clear(response);
        if (!kept)
            status = open_connection(c, err);
        if (status == STATUS_OK)
            done = send_all(c, buf_str(&out)) && read_answer(c, code, response);
        if (!done)
            disconnect(c);
    }
    buf_release(&out);
    if (status == STATUS_OK && !done)
        return error_set(err, STATUS_IO, "the server '%s:%s' gave no whole answer", c->host, c->port);
    return status;
}

void http_encode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char b = (unsigned char)text.data[i];
        if ((b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || strchr("-_.~", b) != NULL)
            buf_append_char(out, (char)b);
        else
            buf_printf(out, "%%%02X", b);
    }
}
