#include "indexer/control.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "indexer/base/file.h"

#define ANSWER_LIMIT (256u << 20)

static enum status connect_to(const char *path, int *fd, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!file_exists(path))
        return STATUS_NOT_FOUND;
    if (strlen(path) >= sizeof(address.sun_path))
        return error_set(err, STATUS_INPUT, "'%.150s': too long for a socket's path", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return error_errno(err, "socket");
    if (connect(*fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(*fd);
        return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}

/* "http://host:port" without a path. */
static enum status split_url(const char *url, char host[256], char port[8], struct error *err)
{
    struct str rest = str_from(url);
    if (!str_starts_with(rest, STR("http://")))
        return error_set(err, STATUS_INPUT, "'--url %.100s': give http://HOST:PORT; other schemes can't be spoken",
                         url);
    rest = str_slice(rest, 7, rest.size);
    if (rest.size > 0 && rest.data[rest.size - 1] == '/')
        rest.size--;
    size_t colon = rest.size;
    for (size_t i = 0; i < rest.size && rest.data[i] != ']'; i++) /* the last one outside of [::1] */
        colon = rest.data[i] == ':' && rest.data[0] != '[' ? i : colon;
    if (rest.size > 0 && rest.data[0] == '[') {
        size_t end = str_find_char(rest, ']');
        colon = end != SIZE_MAX && end + 1 < rest.size && rest.data[end + 1] == ':' ? end + 1 : rest.size;
    }
    struct str name = str_slice(rest, 0, colon);
    struct str number = colon < rest.size ? str_slice(rest, colon + 1, rest.size) : STR("80");
    if (name.size > 1 && name.data[0] == '[')
        name = str_slice(name, 1, name.size - 1);
    if (name.size == 0 || name.size > 255 || number.size == 0 || number.size > 5 ||
        str_find_char(rest, '/') != SIZE_MAX)
        return error_set(err, STATUS_INPUT, "'--url %.100s': give http://HOST:PORT", url);
    snprintf(host, 256, STR_FMT, STR_ARG(name));
    snprintf(port, 8, STR_FMT, STR_ARG(number));
    return STATUS_OK;
}

static enum status connect_url(const char *url, int *fd, struct error *err)
{
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    enum status status = split_url(url, host, port, err);
    if (status != STATUS_OK)
        return status;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return error_set(err, STATUS_IO, "'%.100s' has no address", host);
    status = error_set(err, STATUS_IO, "no server answers at '%.150s'", url);
    for (const struct addrinfo *a = found; a && status != STATUS_OK; a = a->ai_next) {
        *fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (*fd >= 0 && connect(*fd, a->ai_addr, a->ai_addrlen) == 0)
            status = STATUS_OK;
        else if (*fd >= 0)
            close(*fd);
    }
    freeaddrinfo(found);
    return status;
}

static enum status send_all(int fd, struct str bytes, struct error *err)
{
    for (size_t sent = 0; sent < bytes.size;) {
        ssize_t n = send(fd, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL);
        if (n < 0)
            return error_errno(err, "writing to the server's socket");
        sent += (size_t)n;
    }
    return STATUS_OK;
}

static enum status receive_all(int fd, struct buf *out, struct error *err)
{
    for (;;) {
        char *to = buf_reserve(out, 65536);
        ssize_t n = to ? recv(fd, to, 65536, 0) : 0;
        if (n < 0)
            return error_errno(err, "reading from the server's socket");
        if (n == 0)
            return STATUS_OK;
        out->size += (size_t)n;
    }
}

enum status control_request(struct control_answer *out, const struct control_target *target, const char *path,
                            struct str body, struct error *err)
{
    char socket_path[4200];
    struct buf request = BUF_EMPTY;
    int fd = -1;
    *out = (struct control_answer){0};
    buf_init(&out->bytes, ANSWER_LIMIT);
    snprintf(socket_path, sizeof(socket_path), "%s/control.sock", target->data_dir ? target->data_dir : "");
    enum status status = target->data_dir ? connect_to(socket_path, &fd, err) : connect_url(target->url, &fd, err);
    if (status != STATUS_OK)
        return status;
    buf_printf(&request, "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n", path,
               body.size);
    if (target->key)
        buf_printf(&request, "x-algolia-api-key: %s\r\n", target->key);
    buf_literal(&request, "\r\n");
    buf_append_str(&request, body);
    status = send_all(fd, buf_str(&request), err);
    if (status == STATUS_OK)
        status = receive_all(fd, &out->bytes, err);
    struct str answer = buf_str(&out->bytes);
    size_t head = status == STATUS_OK ? str_find(answer, STR("\r\n\r\n")) : 0;
    if (status == STATUS_OK && (!str_starts_with(answer, STR("HTTP/1.1 ")) || head == SIZE_MAX || answer.size < 13))
        status = error_set(err, STATUS_IO, "the server closed the connection; its log says why");
    if (status == STATUS_OK) {
        for (int i = 9; i < 12; i++)
            out->code = out->code * 10 + (answer.data[i] - '0');
        out->body = str_slice(answer, head + 4, answer.size);
    }
    buf_release(&request);
    close(fd);
    return status;
}

void control_release(struct control_answer *a)
{
    buf_release(&a->bytes);
}

static enum status status_of(int code)
{
    switch (code) {
    case 400:
    case 403:
    case 413:
        return STATUS_INPUT;
    case 404:
        return STATUS_NOT_FOUND;
    case 409:
        return STATUS_CONFLICT;
    case 429:
        return STATUS_BUSY;
    case 507:
        return STATUS_FULL;
    default:
        return STATUS_IO;
    }
}

enum status control_check(const struct control_answer *a, const char *what, struct error *err)
{
    struct arena arena;
    struct json root;
    struct str message = a->body;
    if (a->code / 100 == 2)
        return STATUS_OK;
    arena_init(&arena, 0);
    if (json_parse(a->body, &arena, &root, NULL) == STATUS_OK)
        (void)json_string(json_get(&root, "message"), &message);
    enum status status = error_set(err, status_of(a->code), "the server did not %s: %.*s", what,
                                   (int)(message.size < 200 ? message.size : 200), message.data);
    arena_release(&arena);
    return status;
}

void control_escape(struct buf *out, struct str segment)
{
    for (size_t i = 0; i < segment.size; i++) {
        unsigned char c = (unsigned char)segment.data[i];
        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_' || c == '.')
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
