#include "server/http/server.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "server/http/answer_cache.h"
#include "server/http/loop.h"
#include "server/query/crew.h"
#include "server/query/pages.h"

#define WORKER_QUEUE        256
#define OTHER_DESCRIPTORS   256 /* files, sockets and pipes that are no connections */
#define CONNECTIONS_DEFAULT 16384
#define MEMORY_DEFAULT      (1ull << 30)
#define PAGES_DEFAULT       (32u << 20)
#define ANSWERS_DEFAULT     (32u << 20)

static void default_to(uint32_t *option, uint32_t value)
{
    if (*option == 0) {
        *option = value;
    }
}

/* As many connections as descriptors allow, after the soft limit was raised as far as it goes. */
static uint32_t descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return CONNECTIONS_DEFAULT;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > CONNECTIONS_DEFAULT + OTHER_DESCRIPTORS) {
        return CONNECTIONS_DEFAULT;
    }
    return limit.rlim_cur > (rlim_t)2 * OTHER_DESCRIPTORS ? (uint32_t)limit.rlim_cur - OTHER_DESCRIPTORS
                                                          : (uint32_t)limit.rlim_cur;
}

static void fill_defaults(struct server_options *o)
{
    if (!o->listen) {
        o->listen = "127.0.0.1:7700";
    }
    default_to(&o->threads, (uint32_t)processor_count());
    default_to(&o->workers, (uint32_t)processor_count());
    default_to(&o->max_connections, descriptor_limit());
    default_to(&o->max_per_address, 1024);
    default_to(&o->head_ms, 5000);
    default_to(&o->idle_ms, 60000);
    default_to(&o->body_ms, 5000);
    default_to(&o->body_rate, 1024);
    default_to(&o->write_ms, 10000);
    default_to(&o->write_rate, 4096);
    default_to(&o->drain_ms, 10000);
    if (o->memory_bytes == 0) {
        o->memory_bytes = MEMORY_DEFAULT;
    }
    if (o->answer_bytes == 0) {
        o->answer_bytes = ANSWERS_DEFAULT;
    }
    if (o->page_bytes == 0) {
        o->page_bytes = PAGES_DEFAULT;
    }
}

/* What each thread keeps for itself. */
static void fill_searchers(struct searcher_memory *m, struct buf *out)
{
    metrics_value(out, "aisle_tallies", "gauge", "Counts over categories and everything that threads keep.",
                  (double)atomic_load(&m->tallies));
    metrics_value(out, "aisle_tallies_bytes", "gauge", "Their memory.", (double)atomic_load(&m->tally_bytes));
    metrics_value(out, "aisle_tallies_asked_total", "counter", "Times that such a count was looked for.",
                  (double)atomic_load(&m->tallies_asked));
    metrics_value(out, "aisle_tallies_found_total", "counter", "Times that it was there.",
                  (double)atomic_load(&m->tallies_found));
    metrics_value(out, "aisle_list_values_bytes", "gauge",
                  "Memory of what threads keep of long lists and of unions of lists.",
                  (double)atomic_load(&m->value_bytes));
}

static void fill_metrics(void *context, struct buf *out)
{
    struct server *s = context;
    struct acceptor_stats a;
    acceptor_stats(s->acceptor, &a);
    metrics_value(out, "aisle_http_connections", "gauge", "Open connections.", (double)a.connections);
    metrics_value(out, "aisle_http_accepted_total", "counter", "Connections accepted.", (double)a.accepted);
    metrics_value(out, "aisle_http_refused_limit_total", "counter", "Connections refused: too many in all.",
                  (double)a.refused_total);
    metrics_value(out, "aisle_http_refused_address_total", "counter", "Connections refused: too many of an address.",
                  (double)a.refused_address);
    metrics_value(out, "aisle_http_refused_descriptors_total", "counter", "Connections refused: no descriptors left.",
                  (double)a.refused_descriptors);
    metrics_value(out, "aisle_http_waiting_bytes", "gauge", "Bodies that are coming and answers not read yet.",
                  (double)atomic_load(&s->memory_used));
    if (s->answers) {
        struct answer_cache_stats answers;
        answer_cache_read(s->answers, &answers);
        metrics_value(out, "aisle_answers", "gauge", "Answers that are kept.", (double)answers.count);
        metrics_value(out, "aisle_answers_bytes", "gauge", "Memory of kept answers.", (double)answers.bytes);
        metrics_value(out, "aisle_answers_asked_total", "counter", "Searches whose answers may be kept.",
                      (double)answers.asked);
        metrics_value(out, "aisle_answers_found_total", "counter", "Those that were.", (double)answers.found);
    }
    if (s->pages) {
        metrics_value(out, "aisle_pages", "gauge", "Pages that are kept.", (double)atomic_load(&s->pages->count));
        metrics_value(out, "aisle_pages_bytes", "gauge", "Memory of kept pages: categories, everything, first letters.",
                      (double)atomic_load(&s->pages->bytes));
        metrics_value(out, "aisle_pages_asked_total", "counter", "Searches for such pages, totals and hits apart.",
                      (double)atomic_load(&s->pages->asked));
        metrics_value(out, "aisle_pages_found_total", "counter", "Those that were kept.",
                      (double)atomic_load(&s->pages->found));
    }
    metrics_value(out, "aisle_helpers_taken_total", "counter", "Times that a helper took segments off a search.",
                  (double)crew_taken(s->crew));
    fill_searchers(&s->searchers, out);
    metrics_value(out, "aisle_ready", "gauge", "1 when the server is ready.", atomic_load(&s->ready) ? 1 : 0);
}

enum status server_start(struct server *s, struct error *err)
{
    uint32_t route_count;
    fill_defaults(&s->options);
    s->router = router_new(s->routes);
    const char *const *names = router_names(s->router, &route_count);
    s->metrics = metrics_new(names, route_count);
    metrics_source(s->metrics, fill_metrics, s);
    enum status status = acceptor_open(&s->acceptor, s, s->keys == NULL, err);
    if (status != STATUS_OK) {
        server_stop(s);
        return status;
    }
    s->port = acceptor_port(s->acceptor);
    s->workers = workers_new(s->options.workers, WORKER_QUEUE, "worker", 0);
    s->crew = crew_new(s->options.helpers, processor_count(), CREW_LEAST);
    s->answers = s->options.no_answers ? NULL : answer_cache_new(s->options.answer_bytes);
    s->pages = s->options.no_pages ? NULL : pages_new(s->options.page_bytes, true);
    s->loops = xcalloc(s->options.threads, sizeof(struct loop *));
    s->loop_count = s->options.threads;
    for (uint32_t i = 0; i < s->loop_count; i++) {
        s->loops[i] = loop_new(s, i);
    }
    for (uint32_t i = 0; i < s->loop_count; i++) {
        loop_start(s->loops[i]);
    }
    acceptor_start(s->acceptor);
    return STATUS_OK;
}

enum status server_control(struct server *s, const char *path, struct error *err)
{
    return acceptor_control(s->acceptor, path, err);
}

void server_stop(struct server *s)
{
    acceptor_stop(s->acceptor);
    for (uint32_t i = 0; i < s->loop_count; i++) {
        loop_stop(s->loops[i]);
    }
    for (uint32_t i = 0; i < s->loop_count; i++) {
        loop_join(s->loops[i]);
    }
    workers_free(s->workers);
    answer_cache_free(s->answers);
    s->answers = NULL;
    crew_free(s->crew);
    s->crew = NULL;
    pages_free(s->pages);
    s->pages = NULL;
    for (uint32_t i = 0; i < s->loop_count; i++) {
        loop_free(s->loops[i]);
    }
    acceptor_free(s->acceptor);
    router_free(s->router);
    metrics_free(s->metrics);
    static_files_free(s->files);
    keys_free(s->keys);
    free(s->loops);
    s->acceptor = NULL;
    s->workers = NULL;
    s->loops = NULL;
    s->loop_count = 0;
    s->router = NULL;
    s->metrics = NULL;
    s->files = NULL;
    s->keys = NULL;
}
