#include "server/http/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "indexer/base/json.h"

static const int statuses[] = {200, 201, 204, 304, 400, 401, 403, 404, 405, 408,
                               409, 413, 417, 422, 429, 431, 500, 503, 507};
#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]) + 1) /* the last: any other */

/* Upper bounds of the latency histogram. */
static const uint64_t bounds_us[] = {50,    100,   250,    500,    1000,   2500,    5000,   10000,
                                     25000, 50000, 100000, 250000, 500000, 1000000, 5000000};
#define BOUND_COUNT (sizeof(bounds_us) / sizeof(bounds_us[0]))

#define SOURCES_MAX 8

struct route_metrics {
    _Atomic uint64_t by_status[STATUS_COUNT];
    _Atomic uint64_t by_bound[BOUND_COUNT + 1];
    _Atomic uint64_t elapsed_ns;
};

struct metrics {
    const char *const *names;
    uint32_t count;
    _Atomic uint64_t received_bytes;
    _Atomic uint64_t sent_bytes;
    _Atomic uint32_t source_count;
    struct {
        void (*fill)(void *context, struct buf *out);
        void *context;
    } sources[SOURCES_MAX];
    struct route_metrics routes[];
};

struct metrics *metrics_new(const char *const *names, uint32_t count)
{
    struct metrics *m = xcalloc(1, sizeof(*m) + count * sizeof(m->routes[0]));
    m->names = names;
    m->count = count;
    return m;
}

void metrics_free(struct metrics *m)
{
    free(m);
}

static void add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static uint64_t get(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_request(struct metrics *m, uint32_t route, int status, uint64_t elapsed_ns)
{
    assert(route < m->count);
    size_t slot = 0;
    size_t bound = 0;
    while (slot < STATUS_COUNT - 1 && statuses[slot] != status) {
        slot++;
    }
    while (bound < BOUND_COUNT && elapsed_ns > bounds_us[bound] * 1000) {
        bound++;
    }
    struct route_metrics *r = &m->routes[route];
    add(&r->by_status[slot], 1);
    add(&r->by_bound[bound], 1);
    add(&r->elapsed_ns, elapsed_ns);
}

void metrics_received(struct metrics *m, uint64_t bytes)
{
    add(&m->received_bytes, bytes);
}

void metrics_sent(struct metrics *m, uint64_t bytes)
{
    add(&m->sent_bytes, bytes);
}

void metrics_source(struct metrics *m, void (*fill)(void *context, struct buf *out), void *context)
{
    uint32_t count = atomic_load(&m->source_count);
    assert(count < SOURCES_MAX);
    m->sources[count].fill = fill;
    m->sources[count].context = context;
    atomic_store(&m->source_count, count + 1);
}

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_value(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    write_head(out, name, type, help);
    buf_printf(out, "%s ", name);
    json_write_double(out, isfinite(value) ? value : 0);
    buf_append_char(out, '\n');
}

static void write_requests(struct metrics *m, struct buf *out)
{
    write_head(out, "aisle_http_requests_total", "counter", "Requests answered, by route and status.");
    for (uint32_t i = 0; i < m->count; i++) {
        for (size_t s = 0; s < STATUS_COUNT; s++) {
            uint64_t count = get(&m->routes[i].by_status[s]);
            if (count == 0) {
                continue;
            }
            buf_printf(out, "aisle_http_requests_total{route=\"%s\",status=\"", m->names[i]);
            if (s < STATUS_COUNT - 1) {
                buf_append_i64(out, statuses[s]);
            } else {
                buf_literal(out, "other");
            }
            buf_literal(out, "\"} ");
            buf_append_u64(out, count);
            buf_append_char(out, '\n');
        }
    }
}

static void write_latency(struct metrics *m, uint32_t i, struct buf *out)
{
    struct route_metrics *r = &m->routes[i];
    uint64_t sum = 0;
    for (size_t b = 0; b <= BOUND_COUNT; b++) {
        sum += get(&r->by_bound[b]);
    }
    if (sum == 0) {
        return;
    }
    uint64_t below = 0;
    for (size_t b = 0; b <= BOUND_COUNT; b++) {
        below += get(&r->by_bound[b]);
        buf_printf(out, "aisle_http_request_seconds_bucket{route=\"%s\",le=\"", m->names[i]);
        if (b < BOUND_COUNT) {
            json_write_double(out, (double)bounds_us[b] / 1e6);
        } else {
            buf_literal(out, "+Inf");
        }
        buf_literal(out, "\"} ");
        buf_append_u64(out, below);
        buf_append_char(out, '\n');
    }
    buf_printf(out, "aisle_http_request_seconds_sum{route=\"%s\"} ", m->names[i]);
    json_write_double(out, (double)get(&r->elapsed_ns) / 1e9);
    buf_printf(out, "\naisle_http_request_seconds_count{route=\"%s\"} ", m->names[i]);
    buf_append_u64(out, below);
    buf_append_char(out, '\n');
}

void metrics_write(struct metrics *m, struct buf *out)
{
    write_requests(m, out);
    write_head(out, "aisle_http_request_seconds", "histogram", "Time from a request's first byte to its answer.");
    for (uint32_t i = 0; i < m->count; i++) {
        write_latency(m, i, out);
    }
    metrics_value(out, "aisle_http_received_bytes_total", "counter", "Bytes read from clients.",
                  (double)get(&m->received_bytes));
    metrics_value(out, "aisle_http_sent_bytes_total", "counter", "Bytes written to clients.",
                  (double)get(&m->sent_bytes));
    uint32_t count = atomic_load(&m->source_count);
    for (uint32_t i = 0; i < count; i++) {
        m->sources[i].fill(m->sources[i].context, out);
    }
}
