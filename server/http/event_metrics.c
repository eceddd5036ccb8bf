#include "server/http/event_metrics.h"

#include "server/events/events.h"
#include "server/events/shoppers.h"
#include "server/events/signals.h"
#include "server/http/server.h"

static void fill_signals(struct server *server, struct buf *out)
{
    struct signals_stats s;
    uint64_t shoppers;
    uint64_t related;
    signals_stats(events_signals(server->events), &s);
    metrics_value(out, "aisle_signals_queries", "gauge", "Queries that signals are kept of.", (double)s.queries);
    metrics_value(out, "aisle_signals_pairs", "gauge", "Products of these queries.", (double)s.pairs);
    metrics_value(out, "aisle_signals_products", "gauge", "Products that signals are kept of.", (double)s.products);
    shoppers_count(events_shoppers(server->events), &shoppers, &related);
    metrics_value(out, "aisle_signals_shoppers", "gauge", "Shoppers whose latest deeds are known.", (double)shoppers);
    metrics_value(out, "aisle_signals_related", "gauge", "Products that others are related to.", (double)related);
    metrics_value(out, "aisle_signals_evictions_total", "counter", "Times that the least of them went.",
                  (double)s.evictions);
    metrics_value(out, "aisle_signals_learned_total", "counter", "Times that the positions' exams were estimated.",
                  (double)s.learned);
}

static void fill(void *context, struct buf *out)
{
    struct server *server = context;
    struct events_stats s = {.fenced = true};
    if (server->events) {
        events_stats(server->events, &s);
    }
    buf_printf(out, "# HELP aisle_events_total Events logged since the start.\n# TYPE aisle_events_total counter\n");
    for (int i = 0; i < EVENT_TYPES; i++) {
        buf_printf(out, "aisle_events_total{type=\"%s\"} %llu\n", event_type_name((enum event_type)i),
                   (unsigned long long)s.by_type[i]);
    }
    metrics_value(out, "aisle_events_repeated_total", "counter", "Events that came again and were dropped.",
                  (double)s.repeats);
    metrics_value(out, "aisle_events_searches_dropped_total", "counter",
                  "Searches that were not logged since too much was waiting.", (double)s.searches_dropped);
    metrics_value(out, "aisle_events_waiting_bytes", "gauge", "Events that wait for the disk.",
                  (double)s.waiting_bytes);
    metrics_value(out, "aisle_events_log_bytes", "gauge", "Bytes of their log on disk.", (double)s.log_bytes);
    metrics_value(out, "aisle_events_log_segments", "gauge", "Segments of their log.", (double)s.log_segments);
    metrics_value(out, "aisle_events_forgotten_total", "counter", "Tokens that were forgotten.", (double)s.forgotten);
    metrics_value(out, "aisle_events_fenced", "gauge", "1 when events are not taken until a restart.",
                  s.fenced ? 1 : 0);
    if (server->events) {
        fill_signals(server, out);
    }
}

void event_metrics_add(struct server *server)
{
    metrics_source(server->metrics, fill, server);
}
