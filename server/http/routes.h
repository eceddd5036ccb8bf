#ifndef AISLE_SERVER_HTTP_ROUTES_H
#define AISLE_SERVER_HTTP_ROUTES_H

/*
 * Finds the route of a request, checks its key, and answers what needs no handler: OPTIONS (CORS), unknown paths (404),
 * wrong methods (405), wrong keys (403), static files. Immutable after router_new; any thread.
 *
 * A pattern is segments between slashes; {name} takes any one segment, which is percent-decoded and given to the
 * handler. Earlier rows win.
 */
#include "server/http/exchange.h"

struct router;

/* Route numbers for metrics: 0..count-1 are rows, then these. */
enum { ROUTER_EXTRA_NONE, ROUTER_EXTRA_STATIC, ROUTER_EXTRA_COUNT };

struct router *router_new(const struct route *const *families);
void router_free(struct router *r);
/* The patterns by route number, with the method before them, and their count, extras included. */
const char *const *router_names(const struct router *r, uint32_t *count);

enum routed {
    ROUTED_HANDLER, /* x->route is set */
    ROUTED_ANSWERED /* the answer is in x */
};
enum routed router_find(const struct router *r, struct exchange *x);

/* Who asks for what, for the history: the key's id ("any" without keys, "local" on the control socket), a line feed,
 * method and pattern. In the arena. */
struct str route_source(struct exchange *x, struct arena *arena);

#endif
