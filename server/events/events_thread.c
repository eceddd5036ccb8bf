/* The thread that logs events: takes all that waits, drops repeats, writes and syncs one batch, acknowledges. */
#include <time.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/events/events_internal.h"

#define LAZY_MS       200 /* searches wait so long for company */
#define LAZY_BYTES    (256u << 10)
#define BATCH_BYTES   (8u << 20)
#define TRIM_EVERY_MS 60000
#define SAVE_EVERY_MS 300000
#define PRODUCTS_MS   250
#define LOAD_WAIT_MS  2000

/* ---- one batch ---- */

static void add_records(struct events *e, struct pending *p)
{
    for (size_t i = 0; i < p->records.count; i++) {
        struct pending_record *r = &p->records.items[i];
        if (r->identity && !seen_add(&e->seen, r->identity, e->wall_ms)) {
            r->size = 0;
            p->outcome.repeats++;
            continue;
        }
        log_writer_begin(&e->writer, (uint8_t)(LOG_FIRST_KIND + r->type), 0);
        buf_append(&e->writer.bytes, p->bytes.data + r->at, r->size);
        log_writer_end(&e->writer);
    }
}

/* Nothing of them was logged. */
static void take_back(struct events *e, struct pending *first)
{
    for (struct pending *p = first; p; p = p->next) {
        for (size_t i = 0; i < p->records.count; i++) {
            if (p->records.items[i].identity && p->records.items[i].size > 0) {
                seen_remove(&e->seen, p->records.items[i].identity);
            }
        }
        p->outcome.repeats = 0;
    }
}

static void count(struct events *e, const struct pending *first)
{
    pthread_mutex_lock(&e->lock);
    for (const struct pending *p = first; p; p = p->next) {
        for (size_t i = 0; i < p->records.count; i++) {
            e->stats.by_type[p->records.items[i].type] += p->records.items[i].size > 0;
        }
        e->stats.repeats += p->outcome.repeats;
    }
    pthread_mutex_unlock(&e->lock);
}

/* What was logged becomes signals before anyone hears of it. */
static void apply(struct events *e, const struct pending *first)
{
    for (const struct pending *p = first; p; p = p->next) {
        for (size_t i = 0; i < p->records.count; i++) {
            const struct pending_record *r = &p->records.items[i];
            struct event event = {.type = r->type};
            arena_reset(&e->arena);
            if (r->size > 0 && event_decode(&event, (struct str){p->bytes.data + r->at, r->size}, &e->arena)) {
                signals_apply(e->signals, &event);
                shoppers_apply(e->shoppers, &event);
            }
        }
    }
    e->applied_seq = e->seq;
    signals_publish(e->signals, e->wall_ms);
}

static enum status write_batch(struct events *e, struct error *err)
{
    if (e->writer.count == 0) {
        return STATUS_OK;
    }
    if (!e->log) {
        return error_set(err, STATUS_IO, "the log of events could not be opened again");
    }
    enum status status = update_log_backend.append(e->log, &e->writer, e->wall_ms, err);
    return status == STATUS_OK ? update_log_backend.sync(e->log, err) : status;
}

static void acknowledge(struct pending *first)
{
    while (first) {
        struct pending *p = first;
        first = p->next;
        if (p->done) {
            p->done(p->context, &p->outcome);
        }
        pending_free(p);
    }
}

static void log_batch(struct events *e, struct pending *first)
{
    struct error err = {0};
    int64_t now = clock_wall_ms();
    e->wall_ms = now > e->wall_ms ? now : e->wall_ms;
    log_writer_start(&e->writer, e->seq + 1);
    for (struct pending *p = first; p; p = p->next) {
        add_records(e, p);
    }
    enum status status = write_batch(e, &err);
    if (status == STATUS_OK) {
        e->seq += e->writer.count;
        count(e, first);
        apply(e, first);
    } else {
        take_back(e, first);
        log_warn("events were not logged: %s", err.message);
    }
    for (struct pending *p = first; p; p = p->next) {
        p->outcome.status = status;
        p->outcome.error = err;
    }
    acknowledge(first);
}

/* ---- forgetting ---- */

static bool forget_token(void *context, uint8_t kind, char *payload, size_t size)
{
    (void)kind;
    return event_payload_forget(payload, size, *(const struct str *)context);
}

/* Rewrites the segments with the token, while the log is closed. */
static enum status rewrite(struct events *e, struct str token, struct error *err)
{
    struct error again = {0};
    pthread_rwlock_wrlock(&e->log_lock);
    if (e->log) {
        update_log_backend.close(e->log);
        e->log = NULL;
    }
    enum status status = update_log_rewrite(e->dir, forget_token, &token, err);
    e->log_options.applied_seq = e->seq;
    if (update_log_open(&e->log, &e->log_options, &again) != STATUS_OK) {
        log_error("the log of events: %s", again.message);
        e->log = NULL;
        if (status == STATUS_OK) {
            status = STATUS_IO;
            *err = again;
        }
    }
    pthread_rwlock_unlock(&e->log_lock);
    return status;
}

static void forget(struct events *e, struct pending *p)
{
    shoppers_forget(e->shoppers, buf_str(&p->bytes));
    p->outcome.status = rewrite(e, buf_str(&p->bytes), &p->outcome.error);
    e->saved_seq = UINT64_MAX; /* the file knows the token */
    events_save_signals(e);
    if (e->saved_seq != e->applied_seq && p->outcome.status == STATUS_OK) {
        p->outcome.status = error_set(&p->outcome.error, STATUS_IO, "the signals could not be saved without it");
    }
    pthread_mutex_lock(&e->lock);
    e->stats.forgotten += p->outcome.status == STATUS_OK;
    pthread_mutex_unlock(&e->lock);
    acknowledge(p);
}

/* ---- keeping ---- */

void events_trim(struct events *e)
{
    struct error err;
    int64_t now = clock_wall_ms();
    struct log_trim trim = {.before_seq = e->seq + 1,
                            .unneeded_seq = e->seq + 1,
                            .unneeded_ms = now - e->options.keep_ms,
                            .keep_bytes = e->options.keep_bytes};
    e->trimmed_ms = now;
    if (e->log && update_log_backend.trim(e->log, &trim, &err) != STATUS_OK) {
        log_warn("old events were not deleted: %s", err.message);
    }
}

/* ---- the thread ---- */

/* The head of the queue: one token to be forgotten, or all batches up to the next one, a few MB. Under the lock. */
static struct pending *take(struct events *e)
{
    struct pending *first = e->first;
    struct pending *last = first;
    uint64_t bytes = first->bytes.size;
    while (!first->forget && last->next && !last->next->forget && bytes < BATCH_BYTES) {
        last = last->next;
        bytes += last->bytes.size;
    }
    e->first = last->next;
    last->next = NULL;
    e->waiting_bytes -= bytes;
    e->last_searches = NULL;
    if (!e->first) {
        e->end = &e->first;
        e->urgent = false;
    }
    return first;
}

static struct timespec after_ms(long ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

/* Until there is work, or it is time to look after the products. Searches alone wait a little. Under the lock. */
static void wait_for_work(struct events *e)
{
    struct timespec until = after_ms(PRODUCTS_MS);
    while (!e->first && !e->stopping && pthread_cond_timedwait(&e->wake, &e->lock, &until) == 0) {
    }
    until = after_ms(LAZY_MS);
    while (e->first && !e->urgent && !e->stopping && e->waiting_bytes < LAZY_BYTES &&
           pthread_cond_timedwait(&e->wake, &e->lock, &until) == 0) {
    }
}

/* What is done between batches. */
static void look_after(struct events *e)
{
    int64_t now = clock_wall_ms();
    if (e->options.live) {
        signals_publish_products(e->signals, e->options.live, now);
    }
    if (now - e->trimmed_ms >= TRIM_EVERY_MS) {
        events_trim(e);
    }
    if (now - e->saved_ms >= SAVE_EVERY_MS && e->applied_seq != e->saved_seq) {
        events_save_signals(e);
    }
}

static void *events_main(void *context)
{
    struct events *e = context;
    pthread_setname_np(pthread_self(), "events");
    rcu_thread_register();
    rcu_offline();
    events_load_log(e);
    look_after(e);
    pthread_mutex_lock(&e->lock);
    e->loaded = true;
    pthread_cond_broadcast(&e->loaded_now);
    while (e->first || !e->stopping) {
        struct pending *first = e->first ? take(e) : NULL;
        pthread_mutex_unlock(&e->lock);
        if (first && first->forget) {
            forget(e, first);
        } else if (first) {
            log_batch(e, first);
        }
        look_after(e);
        pthread_mutex_lock(&e->lock);
        wait_for_work(e);
    }
    pthread_mutex_unlock(&e->lock);
    events_save_signals(e);
    rcu_thread_unregister();
    return NULL;
}

void events_thread_start(struct events *e)
{
    if (pthread_create(&e->thread, NULL, events_main, e) != 0) {
        fatal("cannot start the thread of events");
    }
    e->started = true;
    /* Only a long log without a file of signals takes longer; searches need not wait for it. */
    struct timespec until = after_ms(LOAD_WAIT_MS);
    pthread_mutex_lock(&e->lock);
    while (!e->loaded && pthread_cond_timedwait(&e->loaded_now, &e->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&e->lock);
}

void events_thread_stop(struct events *e)
{
    if (!e->started) {
        return;
    }
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    e->started = false;
}
