#ifndef AISLE_SERVER_HTTP_HANDLERS_H
#define AISLE_SERVER_HTTP_HANDLERS_H

/* The route tables of the handler families, each ended by a row without pattern. README.md has the reference. */
#include "server/http/exchange.h"

extern const struct route health_routes[]; /* /health /ready /metrics */

#endif
