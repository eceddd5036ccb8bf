#ifndef AISLE_SERVER_HTTP_ACCEPTOR_H
#define AISLE_SERVER_HTTP_ACCEPTOR_H

/*
 * A thread that accepts connections and gives each to the event base with the fewest. (SO_REUSEPORT spreads few
 * keep-alive connections badly.) It counts connections in all and by address, and keeps one descriptor in reserve:
 * with no descriptors left it is given up for a moment to accept and close, so that the listener never spins.
 */
#include <stdbool.h>
#include <stdint.h>

#include "indexer/base/status.h"

struct acceptor;
struct server;

/* An address for counting: IPv4 whole, IPv6 by its /64 network. */
struct peer {
    uint64_t network;
    bool counted;
    bool control; /* came over the control socket */
};

/* Binds the listening sockets. STATUS_INPUT when the address cannot be parsed, or is not loopback while loopback_only;
 * STATUS_BUSY when it is in use. */
MUST_CHECK enum status acceptor_open(struct acceptor **out, struct server *server, bool loopback_only,
                                     struct error *err);
void acceptor_start(struct acceptor *a);
/* Also listens on a unix socket, mode 0600, replacing one that is there. Once, from the thread that started it. */
MUST_CHECK enum status acceptor_control(struct acceptor *a, const char *path, struct error *err);
/* Closes the listeners and joins the thread. */
void acceptor_stop(struct acceptor *a);
void acceptor_free(struct acceptor *a);

uint16_t acceptor_port(const struct acceptor *a);
/* A connection that it gave away has been closed. Any thread. */
void acceptor_released(struct acceptor *a, struct peer peer);

struct acceptor_stats {
    uint64_t connections; /* now */
    uint64_t accepted;
    uint64_t refused_total;       /* over max_connections */
    uint64_t refused_address;     /* over max_per_address */
    uint64_t refused_descriptors; /* none left */
};
void acceptor_stats(struct acceptor *a, struct acceptor_stats *out);

#endif
