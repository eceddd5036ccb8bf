#include "server/http/routes.h"

#include <stdlib.h>

#include "indexer/base/vec.h"
#include "server/http/connection.h"
#include "server/http/server.h"

#define SEGMENTS_MAX 8

struct row {
    const struct route *route;
    struct str segments[SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t parameters; /* bit i: segment i is {..} */
};

struct router {
    VEC(struct row) rows;
    VEC(const char *) names;
};

static const struct {
    enum http_method method;
    const char *name;
} method_names[] = {{HTTP_GET, "GET"},       {HTTP_HEAD, "HEAD"},   {HTTP_POST, "POST"},      {HTTP_PUT, "PUT"},
                    {HTTP_DELETE, "DELETE"}, {HTTP_PATCH, "PATCH"}, {HTTP_OPTIONS, "OPTIONS"}};
#define METHOD_COUNT (sizeof(method_names) / sizeof(method_names[0]))

static struct str methods_text(unsigned methods, char out[64])
{
    size_t size = 0;
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (methods & method_names[i].method) {
            size_t length = strlen(method_names[i].name);
            if (size > 0) {
                memcpy(out + size, ", ", 2);
                size += 2;
            }
            memcpy(out + size, method_names[i].name, length);
            size += length;
        }
    }
    return (struct str){out, size};
}

/* Splits what is behind the first slash. Returns the count, or SEGMENTS_MAX + 1 when there are more. */
static uint32_t split(struct str path, struct str segments[SEGMENTS_MAX])
{
    uint32_t count = 0;
    struct str rest = str_slice(path, 1, path.size);
    while (rest.data && (count == 0 || rest.size > 0)) {
        struct str segment = str_split(&rest, '/');
        if (count == SEGMENTS_MAX) {
            return SEGMENTS_MAX + 1;
        }
        segments[count++] = segment;
    }
    return count;
}

static void add_row(struct router *r, const struct route *route)
{
    char methods[64];
    struct buf name = BUF_EMPTY;
    struct row row = {.route = route};
    row.segment_count = split(str_from(route->pattern), row.segments);
    for (uint32_t i = 0; i < row.segment_count; i++) {
        if (row.segments[i].size > 0 && row.segments[i].data[0] == '{') {
            row.parameters |= 1u << i;
        }
    }
    vec_push(&r->rows, row);
    struct str text = methods_text(route->methods, methods);
    buf_printf(&name, STR_FMT " %s%c", STR_ARG(text), route->pattern, '\0');
    vec_push(&r->names, name.data);
}

struct router *router_new(const struct route *const *families)
{
    struct router *r = xcalloc(1, sizeof(*r));
    for (size_t f = 0; families && families[f]; f++) {
        for (const struct route *route = families[f]; route->pattern; route++) {
            add_row(r, route);
        }
    }
    static const char *const extras[ROUTER_EXTRA_COUNT] = {"none", "static"};
    for (int i = 0; i < ROUTER_EXTRA_COUNT; i++) {
        struct buf name = BUF_EMPTY;
        buf_printf(&name, "%s%c", extras[i], '\0');
        vec_push(&r->names, name.data);
    }
    return r;
}

void router_free(struct router *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->names.count; i++) {
        free((void *)r->names.items[i]);
    }
    vec_release(&r->names);
    vec_release(&r->rows);
    free(r);
}

const char *const *router_names(const struct router *r, uint32_t *count)
{
    *count = (uint32_t)r->names.count;
    return r->names.items;
}

/* --- what needs no handler --- */

/* A preflight: everything is allowed, the key decides. */
static enum routed answer_options(struct exchange *x, unsigned methods)
{
    char text[64];
    struct str wanted = http_header_get(&x->head, "access-control-request-headers");
    exchange_begin(x, 204, NULL);
    exchange_header(x, "Access-Control-Allow-Methods", methods_text(methods, text));
    exchange_header(x, "Access-Control-Allow-Headers",
                    wanted.size ? wanted
                                : STR("authorization, content-type, x-algolia-api-key, x-algolia-application-id"));
    exchange_header(x, "Access-Control-Max-Age", STR("86400"));
    exchange_header(x, "Allow", methods_text(methods, text));
    return ROUTED_ANSWERED;
}

static bool etag_matches(struct str header, const char *etag)
{
    while (header.data) {
        struct str tag = str_trim(str_split(&header, ','));
        if (str_starts_with(tag, STR("W/"))) {
            tag = str_slice(tag, 2, tag.size);
        }
        if (str_equal(tag, STR("*")) || str_equal(tag, str_from(etag))) {
            return true;
        }
    }
    return false;
}

/* True when there is such a file; the answer is then in x. */
static bool answer_static(const struct router *r, struct exchange *x)
{
    struct str path;
    if (!x->server->files || !(x->head.method & (HTTP_GET | HTTP_HEAD)) ||
        !http_percent_decode(x->head.path, false, &x->arena, &path)) {
        return false;
    }
    const struct static_file *f = static_files_find(x->server->files, path);
    if (!f) {
        return false;
    }
    x->route_number = (uint32_t)r->rows.count + ROUTER_EXTRA_STATIC;
    bool same = etag_matches(http_header_get(&x->head, "if-none-match"), f->etag);
    struct buf *out = exchange_begin(x, same ? 304 : 200, same ? NULL : f->type);
    exchange_header(x, "ETag", str_from(f->etag));
    exchange_header(x, "Cache-Control", STR("no-cache"));
    exchange_header(x, "Vary", STR("Accept-Encoding"));
    if (!same) {
        bool packed = f->compressed.size > 0 && http_accepts_gzip(&x->head);
        buf_append_str(out, packed ? f->compressed : f->content);
        x->encoded = packed;
    }
    return true;
}

/* Whether a static file goes before a row with ROUTE_STATIC. Elasticsearch's clients do not all say what they accept;
 * browsers do. */
static bool files_first(const struct exchange *x)
{
    struct str accept = http_header_get(&x->head, "accept");
    if (x->server->options.elastic) {
        return str_find(accept, STR("text/html")) != SIZE_MAX;
    }
    return str_find(accept, STR("json")) == SIZE_MAX;
}

/* --- keys --- */

static struct str presented_key(struct exchange *x)
{
    struct str key = http_header_get(&x->head, "x-algolia-api-key");
    if (key.size > 0) {
        return key;
    }
    struct str bearer = http_header_get(&x->head, "authorization");
    if (bearer.size > 7 && str_equal_nocase(str_slice(bearer, 0, 7), STR("Bearer "))) {
        return str_trim(str_slice(bearer, 7, bearer.size));
    }
    key = exchange_query(x, "x-algolia-api-key");
    return key.data ? key : exchange_query(x, "X-Algolia-API-Key"); /* as search-insights writes it */
}

/* Without keys, and on the control socket, everybody is the admin. */
static bool allowed(struct exchange *x, const struct route *route)
{
    if (!x->server->keys || connection_peer(x->connection).control) {
        x->granted = SCOPE_ADMIN;
    } else {
        x->granted = route->scope == SCOPE_NONE ? SCOPE_NONE : keys_check(x->server->keys, presented_key(x));
    }
    return x->granted >= route->scope;
}

struct str route_source(struct exchange *x, struct arena *arena)
{
    static const struct {
        enum http_method method;
        const char *name;
    } METHODS[] = {{HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}, {HTTP_DELETE, "DELETE"}};
    const char *key = connection_peer(x->connection).control ? "local" : "any";
    const char *method = "GET";
    if (x->server->keys && key[0] != 'l') {
        key = keys_id(x->server->keys, presented_key(x));
    }
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        method = x->head.method == METHODS[i].method ? METHODS[i].name : method;
    }
    return arena_printf(arena, "%s\n%s %s", key, method, x->route->pattern);
}

/* --- matching --- */

static bool matches(const struct row *row, const struct str *segments, uint32_t count)
{
    if (row->segment_count != count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (row->parameters >> i & 1 ? segments[i].size == 0 : !str_equal(row->segments[i], segments[i])) {
            return false;
        }
    }
    return true;
}

static enum routed use_row(struct exchange *x, const struct row *row, const struct str *segments)
{
    if (!allowed(x, row->route)) {
        exchange_error(x, 403, "the API key is missing, unknown, or does not allow this");
        return ROUTED_ANSWERED;
    }
    if (!atomic_load_explicit(&x->server->ready, memory_order_acquire) && !(row->route->flags & ROUTE_UNREADY)) {
        exchange_header(x, "Retry-After", STR("1"));
        exchange_error(x, 503, "the server is starting");
        return ROUTED_ANSWERED;
    }
    for (uint32_t i = 0; i < row->segment_count; i++) {
        if (row->parameters >> i & 1 && x->param_count < ROUTE_PARAMS_MAX) {
            x->params[x->param_count++] = segments[i];
        }
    }
    x->route = row->route;
    return ROUTED_HANDLER;
}

static enum routed find_row(const struct router *r, struct exchange *x, const struct str *segments, uint32_t count)
{
    unsigned other_methods = 0;
    bool control = connection_peer(x->connection).control;
    for (size_t i = 0; i < r->rows.count; i++) {
        const struct row *row = &r->rows.items[i];
        if (!matches(row, segments, count) || (row->route->flags & ROUTE_CONTROL && !control)) {
            continue;
        }
        unsigned methods = row->route->methods | (row->route->methods & HTTP_GET ? HTTP_HEAD : 0u);
        /* "/{index}" fits any path, also those that are known for other methods. */
        if (methods & x->head.method && !(row->route->flags & ROUTE_STATIC && other_methods)) {
            if (row->route->flags & ROUTE_STATIC && files_first(x) && answer_static(r, x)) {
                return ROUTED_ANSWERED;
            }
            x->route_number = (uint32_t)i;
            return use_row(x, row, segments);
        }
        /* "/{index}" fits any path, which does not make all of them known. */
        other_methods |= row->route->flags & ROUTE_STATIC ? 0 : methods;
    }
    if (x->head.method == HTTP_OPTIONS && other_methods) {
        return answer_options(x, other_methods | HTTP_OPTIONS);
    }
    if (answer_static(r, x)) {
        return ROUTED_ANSWERED;
    }
    if (other_methods) {
        char text[64];
        exchange_error(x, 405, "the path is there, but not for this method");
        exchange_header(x, "Allow", methods_text(other_methods | HTTP_OPTIONS, text));
        return ROUTED_ANSWERED;
    }
    exchange_error(x, 404, "there is no such path");
    return ROUTED_ANSWERED;
}

enum routed router_find(const struct router *r, struct exchange *x)
{
    struct str segments[SEGMENTS_MAX];
    x->route_number = (uint32_t)r->rows.count + ROUTER_EXTRA_NONE;
    if (str_equal(x->head.path, STR("*"))) {
        return answer_options(x, HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_PUT | HTTP_DELETE | HTTP_OPTIONS);
    }
    uint32_t count = split(x->head.path, segments);
    if (count > SEGMENTS_MAX) {
        count = 0; /* no row has so many; a static file may */
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!http_percent_decode(segments[i], false, &x->arena, &segments[i])) {
            exchange_error(x, 400, "the path is not valid percent-encoded UTF-8");
            return ROUTED_ANSWERED;
        }
    }
    return find_row(r, x, segments, count);
}
