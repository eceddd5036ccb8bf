#ifndef AISLE_TESTS_UNIT_HTTP_CLIENT_H
#define AISLE_TESTS_UNIT_HTTP_CLIENT_H

/* A blocking client for tests, as dumb as possible: it sends bytes and reads answers. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "indexer/base/buf.h"
#include "indexer/base/clock.h"

static inline int client_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("connect");
        abort();
    }
    return fd;
}

/* False when the server has closed. */
static inline bool client_send(int fd, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes = str_slice(bytes, (size_t)sent, bytes.size);
    }
    return true;
}

/* Reads until the server closes or nothing came for the time. True when it closed. */
static inline bool client_read_all(int fd, struct buf *out, int timeout_ms)
{
    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, timeout_ms) <= 0) {
            return false;
        }
        char *to = buf_reserve(out, 65536);
        ssize_t got = recv(fd, to, 65536, 0);
        if (got <= 0) {
            return true;
        }
        out->size += (size_t)got;
    }
}

struct answer {
    int status;
    struct str head;
    struct str body;
};

/* The first answer in `bytes` (bodies with Content-Length, or none); *used is its size. False when it is not whole. */
static inline bool client_parse(struct str bytes, bool head_only, struct answer *out, size_t *used)
{
    size_t end = str_find(bytes, STR("\r\n\r\n"));
    if (end == SIZE_MAX || !str_starts_with(bytes, STR("HTTP/1.1 "))) {
        return false;
    }
    out->head = str_slice(bytes, 0, end + 4);
    out->status = atoi(bytes.data + 9);
    size_t at = str_find(out->head, STR("Content-Length: "));
    size_t length = at == SIZE_MAX || head_only ? 0 : (size_t)atoll(bytes.data + at + 16);
    if (bytes.size < end + 4 + length) {
        return false;
    }
    out->body = str_slice(bytes, end + 4, end + 4 + length);
    *used = end + 4 + length;
    return true;
}

/* Reads one answer into buf (cleared first). */
static inline bool client_read(int fd, struct buf *buf, bool head_only, struct answer *out)
{
    size_t used;
    buf_clear(buf);
    for (;;) {
        if (client_parse(buf_str(buf), head_only, out, &used)) {
            return true;
        }
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, 10000) <= 0) {
            return false;
        }
        char *to = buf_reserve(buf, 65536);
        ssize_t got = recv(fd, to, 65536, 0);
        if (got <= 0) {
            return false;
        }
        buf->size += (size_t)got;
    }
}

#endif
