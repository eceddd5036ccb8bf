#include "server/http/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "indexer/base/log.h"
#include "indexer/base/map.h"
#include "server/http/loop.h"
#include "server/http/server.h"

#define BACKLOG 4096

struct acceptor {
    struct server *server;
    int listener;
    atomic_int control; /* -1: none yet */
    const char *control_path;
    int wake;
    int reserve;
    uint16_t port;
    bool running;
    pthread_t thread;
    atomic_bool stopping;
    _Atomic uint64_t connections, accepted, refused_total, refused_address, refused_descriptors;
    pthread_mutex_t lock;
    struct map by_network; /* connections of counted addresses; under lock */
};

/* --- listening --- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    }
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)address)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
    }
    return false;
}

/* "host:port", "[v6]:port". */
static bool split_address(const char *text, char host[256], char port[8])
{
    struct str s = str_from(text);
    size_t colon = s.size;
    while (colon > 0 && s.data[colon - 1] != ':') {
        colon--;
    }
    uint64_t number;
    struct str digits = str_slice(s, colon, s.size);
    if (colon < 2 || !str_to_u64(digits, &number) || number > 65535) {
        return false;
    }
    struct str name = str_slice(s, 0, colon - 1);
    if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']') {
        name = str_slice(name, 1, name.size - 1);
    }
    if (name.size >= 256) {
        return false;
    }
    snprintf(host, 256, STR_FMT, STR_ARG(name));
    snprintf(port, 8, "%u", (unsigned)number);
    return true;
}

static enum status bind_address(struct acceptor *a, const struct addrinfo *info, const char *text, struct error *err)
{
    int on = 1;
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    a->listener = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->listener < 0) {
        return error_errno(err, "cannot make a socket for '%s'", text);
    }
    setsockopt(a->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(a->listener, info->ai_addr, info->ai_addrlen) != 0 || listen(a->listener, BACKLOG) != 0) {
        if (errno == EADDRINUSE) {
            return error_set(err, STATUS_BUSY, "'%s' is in use by another program", text);
        }
        return error_errno(err, "cannot listen on '%s'", text);
    }
    if (getsockname(a->listener, (struct sockaddr *)&bound, &size) == 0) {
        a->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                    : ((struct sockaddr_in *)&bound)->sin_port);
    }
    return STATUS_OK;
}

static enum status listen_tcp(struct acceptor *a, const char *text, bool loopback_only, struct error *err)
{
    char host[256];
    char port[8];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (!split_address(text, host, port)) {
        return error_set(err, STATUS_INPUT, "'%s' is not an address such as 127.0.0.1:7700", text);
    }
    int code = getaddrinfo(host, port, &hints, &list);
    if (code != 0) {
        return error_set(err, STATUS_INPUT, "'%s': %s", text, gai_strerror(code));
    }
    enum status status = STATUS_OK;
    for (const struct addrinfo *i = list; i && loopback_only; i = i->ai_next) {
        if (!is_loopback(i->ai_addr)) {
            status =
                error_set(err, STATUS_INPUT,
                          "'%s' can be reached from other machines: give --keys FILE (aisle-server --make-keys FILE "
                          "makes one), or listen on 127.0.0.1",
                          text);
            break;
        }
    }
    if (status == STATUS_OK) {
        status = bind_address(a, list, text, err);
    }
    freeaddrinfo(list);
    return status;
}

static enum status listen_control(int fd, const char *path, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return error_set(err, STATUS_INPUT, "'%s' is too long for a socket's name (%zu bytes)", path,
                         sizeof(address.sun_path) - 1);
    }
    strcpy(address.sun_path, path);
    unlink(path); /* of a server that was killed: the directory's lock is ours */
    mode_t mask = umask(077);
    int code = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (code != 0 || listen(fd, BACKLOG) != 0) {
        return error_errno(err, "cannot listen on '%s'", path);
    }
    return STATUS_OK;
}

static void wake(struct acceptor *a)
{
    uint64_t one = 1;
    if (write(a->wake, &one, sizeof(one)) != sizeof(one)) {
        log_error("cannot wake the acceptor");
    }
}

enum status acceptor_control(struct acceptor *a, const char *path, struct error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_errno(err, "cannot make a socket for '%s'", path);
    }
    enum status status = listen_control(fd, path, err);
    if (status != STATUS_OK) {
        close(fd);
        return status;
    }
    a->control_path = path;
    atomic_store(&a->control, fd);
    wake(a);
    return STATUS_OK;
}

enum status acceptor_open(struct acceptor **out, struct server *server, bool loopback_only, struct error *err)
{
    struct acceptor *a = xcalloc(1, sizeof(*a));
    a->server = server;
    a->listener = -1;
    atomic_init(&a->control, -1);
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pthread_mutex_init(&a->lock, NULL);
    map_init(&a->by_network);
    enum status status = STATUS_OK;
    if (a->wake < 0 || a->reserve < 0) {
        status = error_errno(err, "cannot open descriptors");
    }
    if (status == STATUS_OK) {
        status = listen_tcp(a, server->options.listen, loopback_only, err);
    }
    if (status != STATUS_OK) {
        acceptor_free(a);
        a = NULL;
    }
    *out = a;
    return status;
}

/* --- accepting --- */

static struct peer peer_of(const struct sockaddr_storage *address, bool control)
{
    struct peer peer = {.control = control};
    if (control || is_loopback((const struct sockaddr *)address)) {
        return peer;
    }
    peer.counted = true;
    if (address->ss_family == AF_INET) {
        peer.network = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
    } else {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(a)) {
            uint32_t v4;
            memcpy(&v4, a->s6_addr + 12, sizeof(v4));
            peer.network = v4;
        } else {
            memcpy(&peer.network, a->s6_addr, sizeof(peer.network));
        }
    }
    return peer;
}

static bool count_peer(struct acceptor *a, struct peer peer)
{
    if (!peer.counted) {
        return true;
    }
    struct str key = {(const char *)&peer.network, sizeof(peer.network)};
    pthread_mutex_lock(&a->lock);
    uint64_t *count = map_put(&a->by_network, key, 0, NULL);
    bool room = *count < a->server->options.max_per_address;
    if (room) {
        ++*count;
    }
    pthread_mutex_unlock(&a->lock);
    return room;
}

void acceptor_released(struct acceptor *a, struct peer peer)
{
    atomic_fetch_sub(&a->connections, 1);
    if (!peer.counted) {
        return;
    }
    struct str key = {(const char *)&peer.network, sizeof(peer.network)};
    pthread_mutex_lock(&a->lock);
    uint64_t *count = map_get(&a->by_network, key);
    if (count && --*count == 0) {
        map_remove(&a->by_network, key);
    }
    pthread_mutex_unlock(&a->lock);
}

static void give_away(struct acceptor *a, int fd, struct peer peer)
{
    struct server *s = a->server;
    if (atomic_load(&a->connections) >= s->options.max_connections) {
        atomic_fetch_add(&a->refused_total, 1);
        close(fd);
        return;
    }
    if (!count_peer(a, peer)) {
        atomic_fetch_add(&a->refused_address, 1);
        close(fd);
        return;
    }
    int on = 1;
    if (!peer.control) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    struct loop *best = s->loops[0];
    for (uint32_t i = 1; i < s->loop_count; i++) {
        if (loop_connections(s->loops[i]) < loop_connections(best)) {
            best = s->loops[i];
        }
    }
    atomic_fetch_add(&a->connections, 1);
    atomic_fetch_add(&a->accepted, 1);
    loop_adopt(best, fd, peer);
}

/* No descriptor is left: the reserved one is used to take one connection off the queue and close it. */
static void shed(struct acceptor *a, int listener)
{
    bool tell = atomic_fetch_add(&a->refused_descriptors, 1) % 1000 == 0; /* before the client can see it */

    close(a->reserve);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (tell) {
        log_warn("no descriptors are left: connections are refused (ulimit -n)");
    }
}

static void accept_all(struct acceptor *a, int listener)
{
    for (;;) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        int fd = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            give_away(a, fd, peer_of(&address, listener != a->listener));
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            shed(a, listener);
            return; /* poll tells whether there are more; stopping stays possible */
        } else if (errno == EAGAIN) {
            return;
        }
        /* Anything else is a connection that went away before it was accepted. */
    }
}

static void *accept_main(void *context)
{
    struct acceptor *a = context;
    pthread_setname_np(pthread_self(), "accept");
    while (!atomic_load(&a->stopping)) {
        struct pollfd fds[] = {{a->wake, POLLIN, 0}, {a->listener, POLLIN, 0}, {atomic_load(&a->control), POLLIN, 0}};
        uint64_t count;
        if (poll(fds, 3, -1) < 0) {
            continue;
        }
        if (fds[0].revents && read(a->wake, &count, sizeof(count)) != sizeof(count)) {
            continue;
        }
        for (int i = 1; i < 3; i++) {
            if (fds[i].revents) {
                accept_all(a, fds[i].fd);
            }
        }
    }
    return NULL;
}

void acceptor_start(struct acceptor *a)
{
    if (pthread_create(&a->thread, NULL, accept_main, a) != 0) {
        fatal("cannot start the acceptor's thread");
    }
    a->running = true;
}

void acceptor_stop(struct acceptor *a)
{
    if (!a || !a->running) {
        return;
    }
    atomic_store(&a->stopping, true);
    wake(a);
    pthread_join(a->thread, NULL);
    a->running = false;
    close(a->listener);
    a->listener = -1;
    if (atomic_load(&a->control) >= 0) {
        close(atomic_load(&a->control));
        unlink(a->control_path);
        atomic_store(&a->control, -1);
    }
}

static void close_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void acceptor_free(struct acceptor *a)
{
    if (!a) {
        return;
    }
    close_open(a->listener);
    close_open(atomic_load(&a->control));
    close_open(a->wake);
    close_open(a->reserve);
    map_release(&a->by_network);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

uint16_t acceptor_port(const struct acceptor *a)
{
    return a->port;
}

void acceptor_stats(struct acceptor *a, struct acceptor_stats *out)
{
    out->connections = atomic_load(&a->connections);
    out->accepted = atomic_load(&a->accepted);
    out->refused_total = atomic_load(&a->refused_total);
    out->refused_address = atomic_load(&a->refused_address);
    out->refused_descriptors = atomic_load(&a->refused_descriptors);
}
