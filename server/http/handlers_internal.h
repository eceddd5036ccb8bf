#ifndef AISLE_SERVER_HTTP_HANDLERS_INTERNAL_H
#define AISLE_SERVER_HTTP_HANDLERS_INTERNAL_H

/* What the handler families share. */
#include "server/http/exchange.h"
#include "server/http/reader.h"
#include "server/live/live.h"
#include "server/query/search.h"

/* This thread's. */
struct searcher *handlers_searcher(struct server *server);
/* NULL after a 404 answer. Valid to the end of the turn, or of the worker's job. */
const struct snapshot *handlers_snapshot(struct exchange *x, struct str index);

#endif
