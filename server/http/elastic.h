#ifndef AISLE_SERVER_HTTP_ELASTIC_H
#define AISLE_SERVER_HTTP_ELASTIC_H

/* Errors as Elasticsearch's clients read them. Any thread. */
#include "server/http/exchange.h"

/* {"error":{"root_cause":[..],"type":..,"reason":..},"message":..,"status":..}: the last two as all errors have them.
 */
enum handled elastic_error(struct exchange *x, int status, const char *type, const char *format, ...) PRINTF_LIKE(4, 5);
/* ,"status":409,"error":{"type":..,"reason":..} : an item's failure. */
void elastic_item_error(struct buf *out, int status, const char *type, struct str reason);

#endif
