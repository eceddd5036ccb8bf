/* Signals at a start and at an end. */
#include <stdio.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/shard/container.h"
#include "server/events/events_internal.h"

enum { PATH_BYTES = 4096 };

static void path_of(const struct events *e, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/signals", e->dir);
}

void events_load_signals(struct events *e)
{
    char path[PATH_BYTES];
    struct file_map map = {0};
    struct str bytes;
    struct error err = {0};
    uint64_t seq = 0;
    path_of(e, path);
    e->saved_ms = clock_wall_ms();
    if (!file_exists(path)) {
        return;
    }
    enum status status = checked_file_map(&map, path, &bytes, &err);
    if (status == STATUS_OK) {
        struct reader r = reader_of(bytes.data, bytes.size);
        status = signals_read(e->signals, &r, &seq, &err);
        status = status == STATUS_OK ? shoppers_read(e->shoppers, &r, &err) : status;
        if (status == STATUS_OK && r.at != r.size) {
            status = error_set(&err, STATUS_FORMAT, "offset %zu: it goes on behind its end", r.at);
        }
    }
    if (status == STATUS_OK && seq > e->seq) {
        status = error_set(&err, STATUS_FORMAT, "it is of a later log");
    }
    file_unmap(&map);
    if (status == STATUS_OK) {
        e->applied_seq = e->saved_seq = seq;
        return;
    }
    log_warn("'%s' is made anew: %s", path, err.message);
    signals_free(e->signals);
    shoppers_free(e->shoppers);
    e->signals = signals_new();
    e->shoppers = shoppers_new();
}

struct loading {
    struct events *events;
    int64_t seen_from_ms;
};

static enum status load(void *context, const struct event *event, struct error *err)
{
    struct loading *l = context;
    (void)err;
    if (event->identity && event->wall_ms >= l->seen_from_ms) {
        (void)seen_add(&l->events->seen, event->identity, event->wall_ms);
    }
    if (event->seq > l->events->applied_seq) {
        signals_apply(l->events->signals, event);
        shoppers_apply(l->events->shoppers, event);
    }
    return STATUS_OK;
}

void events_load_log(struct events *e)
{
    struct loading l = {e, clock_wall_ms() - 2 * (int64_t)SEEN_MS};
    struct error err = {0};
    uint64_t from = update_log_backend.since(e->log, l.seen_from_ms);
    from = e->applied_seq + 1 < from ? e->applied_seq + 1 : from;
    if (events_read_from(e, from, load, &l, &err) != STATUS_OK) {
        log_warn("some of the events are not known: %s", err.message);
    }
    e->applied_seq = e->seq;
    signals_publish(e->signals, e->wall_ms);
}

void events_save_signals(struct events *e)
{
    char path[PATH_BYTES];
    struct buf bytes = BUF_EMPTY;
    struct error err = {0};
    path_of(e, path);
    e->saved_ms = clock_wall_ms();
    if (e->applied_seq == e->saved_seq) {
        return;
    }
    signals_write(e->signals, e->applied_seq, &bytes);
    shoppers_write(e->shoppers, &bytes);
    if (checked_file_write(path, buf_str(&bytes), &err) == STATUS_OK) {
        e->saved_seq = e->applied_seq;
    } else {
        log_warn("the signals were not saved: %s", err.message);
    }
    buf_release(&bytes);
}
