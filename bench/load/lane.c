#include "bench/load/lane.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "indexer/base/clock.h"

enum { READ_BYTES = 65536 };

enum status lane_open(struct load_lane *lane, int epoll, const struct sockaddr_in *address, struct error *err)
{
    lane->connections = xcalloc(lane->connection_count, sizeof(*lane->connections));
    for (size_t i = 0; i < lane->connection_count; i++)
        lane->connections[i].fd = -1;
    for (size_t i = 0; i < lane->connection_count; i++) {
        struct load_connection *c = &lane->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        int on = 1;
        c->lane = lane;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
            return error_errno(err, "cannot connect to port %u", ntohs(address->sin_port));
        (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
            return error_errno(err, "cannot watch a connection");
    }
    return STATUS_OK;
}

void lane_close(struct load_lane *lane)
{
    for (size_t i = 0; lane->connections && i < lane->connection_count; i++) {
        if (lane->connections[i].fd >= 0)
            (void)close(lane->connections[i].fd);
        buf_release(&lane->connections[i].answer);
    }
    free(lane->connections);
    vec_release(&lane->latencies);
    load_requests_release(&lane->requests);
}

static void watch(struct load_connection *c, int epoll, bool writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = c};

    if (c->waits_writable != writable && epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event) != 0)
        fatal("epoll_ctl failed");
    c->waits_writable = writable;
}

static void send_rest(struct load_connection *c, int epoll)
{
    while (c->request.size) {
        ssize_t n = send(c->fd, c->request.data, c->request.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fatal("the server closed a connection of '%s'", c->lane->mix);
        c->request = str_slice(c->request, (size_t)n, c->request.size);
    }
    watch(c, epoll, c->request.size != 0);
}

static void send_next(struct load_connection *c, int epoll, uint64_t begin_ns)
{
    struct load_lane *lane = c->lane;

    c->request = load_request(&lane->requests, lane->next);
    lane->next = (lane->next + 1) % lane->requests.ends.count;
    c->begin_ns = begin_ns;
    send_rest(c, epoll);
}

/* --- answers --- */

/* The number behind a header's name in the head, or -1. */
static int64_t header_number(struct str head, const char *name)
{
    uint64_t value;

    while (head.data && head.size) {
        struct str line = str_trim(str_split(&head, '\n'));
        size_t colon = str_find_char(line, ':');
        if (colon != SIZE_MAX && str_equal_nocase(str_slice(line, 0, colon), str_from(name)) &&
            str_to_u64(str_trim(str_slice(line, colon + 1, line.size)), &value))
            return (int64_t)value;
    }
    return -1;
}

static void parse_head(struct load_connection *c)
{
    struct str all = buf_str(&c->answer);
    size_t end = str_find(all, STR("\r\n\r\n"));

    if (end == SIZE_MAX || all.size < 12)
        return;
    int64_t length = header_number(str_slice(all, 0, end + 2), "content-length");
    c->chunked = length < 0;
    if (c->chunked && str_find(str_slice(all, 0, end), STR("chunked")) == SIZE_MAX)
        fatal("an answer without Content-Length that is not chunked");
    c->http_status = (all.data[9] - '0') * 100 + (all.data[10] - '0') * 10 + (all.data[11] - '0');
    c->head_size = end + 4;
    c->body_size = c->chunked ? 0 : (size_t)length;
}

static size_t count_lines(const char *at, size_t size)
{
    size_t count = 0;

    for (const char *end = at + size; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

/* Drops what has come of a body in chunks. True at its end. */
static bool drop_chunks(struct load_connection *c)
{
    struct str rest = str_slice(buf_str(&c->answer), c->head_size, c->answer.size);
    bool end = false;

    while (rest.size && !end) {
        if (c->chunk_left) {
            size_t n = c->chunk_left < rest.size ? c->chunk_left : rest.size;
            c->lines += count_lines(rest.data, n);
            c->lines -= n == c->chunk_left; /* the CRLF's */
            c->chunk_left -= n;
            rest = str_slice(rest, n, rest.size);
            continue;
        }
        size_t line = str_find(rest, STR("\r\n"));
        if (line == SIZE_MAX)
            break;
        size_t size = strtoul(rest.data, NULL, 16);
        end = size == 0 && rest.size >= line + 4;
        if (size == 0 && !end)
            break;
        c->chunk_left = size ? size + 2 : 0;
        rest = str_slice(rest, line + (end ? 4 : 2), rest.size);
    }
    c->received += c->answer.size - c->head_size - rest.size;
    memmove(c->answer.data + c->head_size, rest.data, rest.size);
    c->answer.size = c->head_size + rest.size;
    return end;
}

static void complain_once(const struct load_connection *c)
{
    static bool said;
    struct str all = buf_str(&c->answer);

    if (!said)
        fprintf(stderr, "aisle-load: '%s' got %d: " STR_FMT "\n", c->lane->mix, c->http_status,
                STR_ARG(str_slice(all, c->head_size, all.size < 500 ? all.size : 500)));
    said = true;
}

static void answered(struct load_connection *c, int epoll)
{
    struct load_lane *lane = c->lane;
    uint64_t now = clock_monotonic_ns();

    lane->in_time += now >= lane->measure_from_ns && now < lane->end_ns;
    if (c->begin_ns >= lane->measure_from_ns && c->begin_ns < lane->end_ns) {
        vec_push(&lane->latencies, now - c->begin_ns);
        lane->bytes_in += c->answer.size + c->received;
        lane->failed += c->http_status >= 400;
        lane->busy += c->http_status == 429;
    }
    if (c->http_status >= 400 && c->http_status != 429)
        complain_once(c);
    if (c->chunked && c->lines != lane->requests.items + 1)
        fatal("%zu lines of results for %zu updates", c->lines, lane->requests.items);
    buf_clear(&c->answer);
    c->head_size = c->body_size = c->lines = c->received = 0;
    c->chunked = false;
    c->begin_ns = 0;
    if (lane->rate == 0 && now < lane->end_ns)
        send_next(c, epoll, now);
    else if (lane->rate > 0)
        (void)lane_pump(lane, epoll, now);
}

static void receive(struct load_connection *c, int epoll)
{
    char *room = buf_reserve(&c->answer, READ_BYTES);
    ssize_t n;

    if (!room)
        fatal("out of memory");
    n = recv(c->fd, room, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0)
        fatal("the server closed a connection of '%s'", c->lane->mix);
    c->answer.size += (size_t)n;
    if (!c->head_size)
        parse_head(c);
    if (c->head_size && (c->chunked ? drop_chunks(c) : c->answer.size >= c->head_size + c->body_size))
        answered(c, epoll);
}

void lane_ready(struct load_connection *c, int epoll, uint32_t events)
{
    if (events & EPOLLOUT)
        send_rest(c, epoll);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(c, epoll);
}

/* --- the clock --- */

static uint64_t due_ns(const struct load_lane *lane, uint64_t k)
{
    return lane->start_ns + (uint64_t)((double)k * 1e9 / lane->rate);
}

uint64_t lane_pump(struct load_lane *lane, int epoll, uint64_t now_ns)
{
    for (size_t seen = 0; lane->rate > 0 && seen < lane->connection_count;) {
        struct load_connection *c = &lane->connections[lane->next_idle];
        uint64_t due = due_ns(lane, lane->due);
        if (due >= lane->end_ns)
            return UINT64_MAX;
        if (due > now_ns)
            return due;
        lane->next_idle = (lane->next_idle + 1) % lane->connection_count;
        seen++;
        if (c->begin_ns)
            continue;
        lane->due++;
        seen = 0;
        send_next(c, epoll, due);
    }
    return UINT64_MAX; /* none is idle: the next answer pumps */
}

void lane_start(struct load_lane *lane, int epoll, uint64_t start_ns, uint64_t warm_ns, uint64_t run_ns)
{
    lane->start_ns = start_ns;
    lane->measure_from_ns = start_ns + warm_ns;
    lane->end_ns = start_ns + warm_ns + run_ns;
    for (size_t i = 0; lane->rate == 0 && i < lane->connection_count; i++)
        send_next(&lane->connections[i], epoll, clock_monotonic_ns());
}

bool lane_done(const struct load_lane *lane, uint64_t now_ns)
{
    if (now_ns < lane->end_ns || (lane->rate > 0 && due_ns(lane, lane->due) < lane->end_ns))
        return false;
    for (size_t i = 0; i < lane->connection_count; i++) {
        if (lane->connections[i].begin_ns)
            return false;
    }
    return true;
}
