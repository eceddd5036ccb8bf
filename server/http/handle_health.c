#include "server/http/handlers.h"
#include "server/http/server.h"

/* Alive: the process answers. Ready: it has recovered and serves the whole truth. */

static enum handled health(struct exchange *x)
{
    return exchange_text(x, STR("{\"status\":\"ok\"}"));
}

static enum handled ready(struct exchange *x)
{
    if (!atomic_load_explicit(&x->server->ready, memory_order_acquire)) {
        return exchange_error(x, 503, "the server is starting");
    }
    return exchange_text(x, STR("{\"status\":\"ready\"}"));
}

static enum handled metrics(struct exchange *x)
{
    metrics_write(x->server->metrics, exchange_begin(x, 200, "text/plain; version=0.0.4; charset=utf-8"));
    return HANDLED;
}

const struct route health_routes[] = {
    {HTTP_GET, "/health", SCOPE_NONE, ROUTE_UNREADY, 1024, health, NULL},
    {HTTP_GET, "/ready", SCOPE_NONE, ROUTE_UNREADY, 1024, ready, NULL},
    {HTTP_GET, "/metrics", SCOPE_ADMIN, ROUTE_UNREADY, 1024, metrics, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
