#ifndef AISLE_SERVER_HTTP_SERVER_H
#define AISLE_SERVER_HTTP_SERVER_H

/*
 * The HTTP server: an acceptor thread, event bases (loop.h), workers for long queries, the route table, and what
 * handlers need. Start and stop from one thread.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "indexer/base/status.h"
#include "indexer/base/workers.h"
#include "server/http/acceptor.h"
#include "server/http/exchange.h"
#include "server/http/keys.h"
#include "server/http/metrics.h"
#include "server/http/routes.h"
#include "server/http/static_files.h"
#include "server/query/search.h"

struct live;
struct events;

/* Zero means the default. */
struct server_options {
    const char *listen;       /* "127.0.0.1:7700", "[::1]:7700", "0.0.0.0:80"; port 0: any free one */
    uint32_t threads;         /* event bases; default one a processor */
    uint32_t workers;         /* default: one a processor */
    uint32_t helpers;         /* of long searches (server/query/crew.h) */
    uint32_t max_connections; /* 16,384, or what the descriptor limit allows */
    uint32_t max_per_address; /* 1,024; loopback addresses are not counted */
    uint32_t head_ms;         /* from a request's first byte to its last header; 5 s */
    uint32_t idle_ms;         /* between requests, and the longest pause within a body; 60 s */
    uint32_t body_ms;         /* a body may take this long, 5 s, and a second more for each ... */
    uint32_t body_rate;       /* ... so many bytes; 1,024 */
    uint32_t write_ms;        /* the same for answers, in the client's hands: 10 s ... */
    uint32_t write_rate;      /* ... and 4,096 */
    uint32_t drain_ms;        /* how long server_stop waits for requests under way; 10 s */
    uint64_t memory_bytes;    /* bodies that are coming and answers that are not read yet, of all clients; 1 GiB */
    uint64_t page_bytes;      /* kept pages (server/query/pages.h); 32 MiB */
    bool no_pages;            /* none are kept */
    uint64_t answer_bytes;    /* kept answers (answer_cache.h); 32 MiB */
    bool no_answers;          /* none are kept */
    bool elastic;             /* X-Elastic-Product on the paths that Elasticsearch clients use */
};

struct server {
    struct server_options options;
    const struct route *const *routes; /* families, each ended by a row without pattern; NULL ends the list */
    struct keys *keys;                 /* NULL: any key is taken; only on loopback. Taken by the server */
    struct static_files *files;        /* NULL: none. Taken */
    struct live *live;                 /* borrowed; set before `ready` */
    struct events *events;             /* the same; NULL: events are not taken */
    atomic_bool ready;                 /* else everything but ROUTE_UNREADY answers 503 */

    /* the server's own */
    _Atomic uint64_t memory_used; /* of memory_bytes */
    struct router *router;
    struct metrics *metrics;
    struct workers *workers;
    struct searcher_memory searchers;
    struct crew *crew;
    struct pages *pages;          /* NULL: none are kept */
    struct answer_cache *answers; /* the same */
    struct acceptor *acceptor;
    struct loop **loops;
    uint32_t loop_count;
    uint16_t port;
};

/* s: options, routes, keys and files set, the rest zero. Listens and serves; may be called before `ready`. On failure
 * everything taken is released. */
MUST_CHECK enum status server_start(struct server *s, struct error *err);
/* Also serves on a unix socket for this machine's tools, which need no key there. path is borrowed until server_stop.
 */
MUST_CHECK enum status server_control(struct server *s, const char *path, struct error *err);
/* Stops accepting, answers what is under way, closes. Safe on a server that never started. */
void server_stop(struct server *s);

#endif
