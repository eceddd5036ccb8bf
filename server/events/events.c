#include "server/events/events_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/log.h"

#define KEEP_MS         (INT64_C(90) * 86400000)
#define KEEP_BYTES      (UINT64_C(1) << 30)
#define SEGMENT_BYTES   (UINT64_C(8) << 20)
#define WAITING_MAX     (UINT64_C(64) << 20)
#define SEARCHES_MAX    (UINT64_C(16) << 20) /* of what waits, when searches are dropped */
#define SEARCHES_JOINED (64u << 10)          /* bytes of one batch of searches */

/* ---- opening ---- */

struct reading {
    struct events *events;
    event_visit *visit;
    void *context;
    struct arena arena;
};

static enum status visit_record(void *context, const struct log_record *record, struct error *err)
{
    struct reading *r = context;
    struct event event = {0};
    if (record->kind < LOG_FIRST_KIND || record->kind >= LOG_FIRST_KIND + EVENT_TYPES) {
        return STATUS_OK; /* of a later version */
    }
    arena_reset(&r->arena);
    event.type = (enum event_type)(record->kind - LOG_FIRST_KIND);
    if (!event_decode(&event, record->payload, &r->arena)) {
        return error_set(err, STATUS_FORMAT, "'%s': record %llu is no event", r->events->dir,
                         (unsigned long long)record->seq);
    }
    event.seq = record->seq;
    event.wall_ms = record->wall_ms;
    return r->visit(r->context, &event, err);
}

/* With the log's lock. */
static enum status read_log(struct events *e, uint64_t from_seq, event_visit *visit, void *context, struct error *err)
{
    struct reading r = {.events = e, .visit = visit, .context = context};
    struct log_stats stats;
    update_log_backend.stats(e->log, &stats);
    arena_init(&r.arena, 0);
    uint64_t from = from_seq < stats.first_seq ? stats.first_seq : from_seq;
    enum status status = update_log_backend.read(e->log, from, LOG_READ_TO_END, visit_record, &r, err);
    arena_release(&r.arena);
    return status;
}

enum status events_read_from(struct events *e, uint64_t from_seq, event_visit *visit, void *context, struct error *err)
{
    pthread_rwlock_rdlock(&e->log_lock);
    enum status status = e->log ? read_log(e, from_seq, visit, context, err)
                                : error_set(err, STATUS_IO, "the log of events in '%s' is not open", e->dir);
    pthread_rwlock_unlock(&e->log_lock);
    return status;
}

enum status events_read(struct events *e, int64_t from_ms, event_visit *visit, void *context, struct error *err)
{
    pthread_rwlock_rdlock(&e->log_lock);
    enum status status = e->log ? read_log(e, update_log_backend.since(e->log, from_ms), visit, context, err)
                                : error_set(err, STATUS_IO, "the log of events in '%s' is not open", e->dir);
    pthread_rwlock_unlock(&e->log_lock);
    return status;
}

struct signals *events_signals(struct events *e)
{
    return e->signals;
}

static struct events *events_new(const struct events_options *options)
{
    struct events *e = xcalloc(1, sizeof(*e));
    size_t size = strlen(options->data_dir) + sizeof("/events");
    e->options = *options;
    e->options.keep_ms = options->keep_ms ? options->keep_ms : KEEP_MS;
    e->options.keep_bytes = options->keep_bytes ? options->keep_bytes : KEEP_BYTES;
    e->dir = xmalloc(size);
    snprintf(e->dir, size, "%s/events", options->data_dir);
    e->end = &e->first;
    uint64_t segment = options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES;
    while (!options->segment_bytes && segment > e->options.keep_bytes / 8) {
        segment /= 2;
    }
    e->log_options = (struct log_options){
        .dir = e->dir, .segment_bytes = segment, .any_begin = true, .read_only = options->read_only};
    pthread_rwlock_init(&e->log_lock, NULL);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->wake, NULL);
    pthread_cond_init(&e->loaded_now, NULL);
    seen_init(&e->seen);
    arena_init(&e->arena, 0);
    e->signals = signals_new();
    e->shoppers = shoppers_new();
    return e;
}

enum status events_open(struct events **out, const struct events_options *options, struct error *err)
{
    struct events *e = events_new(options);
    struct log_stats stats;
    enum status status = options->read_only ? STATUS_OK : dir_make(e->dir, err);
    if (status == STATUS_OK) {
        status = update_log_open(&e->log, &e->log_options, err);
    }
    if (status == STATUS_OK && !options->read_only) {
        update_log_backend.stats(e->log, &stats);
        e->seq = stats.durable_seq;
        e->wall_ms = stats.wall_ms;
        events_load_signals(e);
    }
    if (status != STATUS_OK) {
        events_close(e);
        return status;
    }
    if (!options->read_only) {
        events_trim(e);
        events_thread_start(e);
    }
    *out = e;
    return STATUS_OK;
}

void events_close(struct events *e)
{
    if (!e) {
        return;
    }
    events_thread_stop(e);
    if (e->log) {
        update_log_backend.close(e->log);
    }
    log_writer_release(&e->writer);
    seen_release(&e->seen);
    signals_free(e->signals);
    shoppers_free(e->shoppers);
    arena_release(&e->arena);
    pthread_rwlock_destroy(&e->log_lock);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->wake);
    pthread_cond_destroy(&e->loaded_now);
    free(e->dir);
    free(e);
}

struct shoppers *events_shoppers(struct events *e)
{
    return e->shoppers;
}

/* ---- the queue ---- */

static void pending_add(struct pending *p, const struct event *event)
{
    struct pending_record record = {event->type, event->identity, p->bytes.size, 0};
    event_encode(event, &p->bytes);
    record.size = p->bytes.size - record.at;
    vec_push(&p->records, record);
}

static struct pending *pending_new(events_done *done, void *context)
{
    struct pending *p = xcalloc(1, sizeof(*p));
    p->done = done;
    p->context = context;
    return p;
}

void pending_free(struct pending *p)
{
    buf_release(&p->bytes);
    vec_release(&p->records);
    free(p);
}

/* Takes p unless it is refused. */
static enum status enqueue(struct events *e, struct pending *p, struct error *err)
{
    pthread_mutex_lock(&e->lock);
    bool full = e->waiting_bytes > WAITING_MAX || e->stopping;
    if (!full) {
        *e->end = p;
        e->end = &p->next;
        e->waiting_bytes += p->bytes.size;
        e->urgent = true;
        e->last_searches = NULL;
        pthread_cond_signal(&e->wake);
    }
    pthread_mutex_unlock(&e->lock);
    if (full) {
        pending_free(p);
        return error_set(err, STATUS_BUSY, "too many events are waiting");
    }
    return STATUS_OK;
}

enum status events_submit(struct events *e, const struct event_list *list, events_done *done, void *context,
                          struct error *err)
{
    struct pending *p = pending_new(done, context);
    for (size_t i = 0; i < list->count; i++) {
        pending_add(p, &list->events[i]);
    }
    return enqueue(e, p, err);
}

enum status events_forget(struct events *e, struct str token, events_done *done, void *context, struct error *err)
{
    struct pending *p = pending_new(done, context);
    p->forget = true;
    buf_append_str(&p->bytes, token);
    return enqueue(e, p, err);
}

void events_search(struct events *e, const struct event *search)
{
    pthread_mutex_lock(&e->lock);
    if (e->waiting_bytes > SEARCHES_MAX || e->stopping) {
        e->stats.searches_dropped++;
        pthread_mutex_unlock(&e->lock);
        return;
    }
    struct pending *p = e->last_searches;
    if (!p || p->bytes.size > SEARCHES_JOINED) {
        p = pending_new(NULL, NULL);
        *e->end = p;
        e->end = &p->next;
        e->last_searches = p;
        pthread_cond_signal(&e->wake);
    }
    size_t before = p->bytes.size;
    pending_add(p, search);
    e->waiting_bytes += p->bytes.size - before;
    pthread_mutex_unlock(&e->lock);
}

void events_stats(struct events *e, struct events_stats *out)
{
    struct log_stats stats = {0};
    pthread_rwlock_rdlock(&e->log_lock);
    if (e->log) {
        update_log_backend.stats(e->log, &stats);
    }
    bool open = e->log != NULL;
    pthread_rwlock_unlock(&e->log_lock);
    pthread_mutex_lock(&e->lock);
    *out = e->stats;
    out->waiting_bytes = e->waiting_bytes;
    pthread_mutex_unlock(&e->lock);
    out->log_bytes = stats.bytes;
    out->log_segments = stats.segments;
    out->last_seq = stats.durable_seq;
    out->fenced = stats.fenced || !open;
}
