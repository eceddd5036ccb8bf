#include <stdarg.h>
#include <stdio.h>

#include "server/http/elastic.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/* What Elasticsearch's clients ask beside _bulk: who is there, does the index exist, make it, drop it, refresh. */

#define REASON_MAX 512

/* --- errors --- */

enum handled elastic_error(struct exchange *x, int status, const char *type, const char *format, ...)
{
    char reason[REASON_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    struct str text = str_from(reason);
    text.size = str_utf8_cut(text, text.size);
    struct buf *out = exchange_begin(x, status, CONTENT_JSON);
    buf_printf(out, "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":", type);
    json_write_string(out, text);
    buf_printf(out, "}],\"type\":\"%s\",\"reason\":", type);
    json_write_string(out, text);
    buf_literal(out, "},\"message\":");
    json_write_string(out, text);
    buf_printf(out, ",\"status\":%d}", status);
    return HANDLED;
}

void elastic_item_error(struct buf *out, int status, const char *type, struct str reason)
{
    buf_printf(out, ",\"status\":%d,\"error\":{\"type\":\"%s\",\"reason\":", status, type);
    json_write_string(out, reason);
    buf_append_char(out, '}');
}

/* --- the server --- */

/* To clients that look whom they talk to; they want a version that they know. A browser gets the page. */
static enum handled banner(struct exchange *x)
{
    return exchange_text(x,
                         STR("{\"name\":\"aisle\",\"cluster_name\":\"aisle\",\"cluster_uuid\":\"aisle\",\"version\":{"
                             "\"number\":\"8.11.0\",\"build_flavor\":\"default\"},"
                             "\"tagline\":\"You Know, for Search\"}"));
}

static enum handled cluster_health(struct exchange *x)
{
    return exchange_text(x, STR("{\"cluster_name\":\"aisle\",\"status\":\"green\",\"timed_out\":false,"
                                "\"number_of_nodes\":1,\"number_of_data_nodes\":1,\"active_primary_shards\":1,"
                                "\"active_shards\":1,\"relocating_shards\":0,\"initializing_shards\":0,"
                                "\"unassigned_shards\":0}"));
}

/* --- indexes --- */

static enum handled exists(struct exchange *x)
{
    if (!live_snapshot(x->server->live, x->params[0])) {
        return exchange_error(x, 404, "no such index");
    }
    return exchange_text(x, STR("{}"));
}

/* Writes are visible when they are answered. */
static enum handled refresh(struct exchange *x)
{
    return exchange_text(x, STR("{\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}}"));
}

static void answer_made(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_literal(out, "{\"acknowledged\":true,\"shards_acknowledged\":true,\"index\":");
    json_write_string(out, w->batch.ops[0].index);
    buf_append_char(out, '}');
}

/* Mappings are not looked at: attributes are what objects have, and settings say how they are searched. */
static enum handled make_index(struct exchange *x)
{
    struct str name = x->params[0];
    if (live_snapshot(x->server->live, name)) {
        return elastic_error(x, 400, "resource_already_exists_exception", "index [" STR_FMT "] already exists",
                             STR_ARG(name));
    }
    if (!index_name_valid(name) || name.data[0] == '_') {
        return elastic_error(x, 400, "invalid_index_name_exception", "Invalid index name");
    }
    struct write *w = write_new(x);
    write_op(w, LIVE_SETTINGS, name)->body.type = JSON_OBJECT;
    return write_submit(w, answer_made);
}

static void answer_dropped(struct exchange *x, struct write *w)
{
    (void)w;
    exchange_text(x, STR("{\"acknowledged\":true}"));
}

static enum handled drop_index(struct exchange *x)
{
    if (!live_snapshot(x->server->live, x->params[0])) {
        return elastic_error(x, 404, "index_not_found_exception", "no such index [" STR_FMT "]", STR_ARG(x->params[0]));
    }
    struct write *w = write_new(x);
    (void)write_op(w, LIVE_DELETE_INDEX, x->params[0]);
    return write_submit(w, answer_dropped);
}

const struct route elastic_routes[] = {
    {HTTP_POST | HTTP_GET, "/_refresh", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, refresh, NULL},
    {HTTP_POST | HTTP_GET, "/{index}/_refresh", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, refresh, NULL},
    {HTTP_GET, "/_cluster/health", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, cluster_health, NULL},
    {HTTP_GET, "/", SCOPE_NONE, ROUTE_ELASTIC | ROUTE_STATIC | ROUTE_UNREADY, 1024, banner, NULL},
    {HTTP_HEAD, "/{index}", SCOPE_SEARCH, ROUTE_ELASTIC | ROUTE_STATIC, 1024, exists, NULL},
    {HTTP_PUT, "/{index}", SCOPE_ADMIN, ROUTE_ELASTIC | ROUTE_STATIC, 1 << 20, make_index, NULL},
    {HTTP_DELETE, "/{index}", SCOPE_ADMIN, ROUTE_ELASTIC | ROUTE_STATIC, 1 << 16, drop_index, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
