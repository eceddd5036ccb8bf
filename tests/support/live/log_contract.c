#include "tests/support/live/log_contract.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BATCHES = 40 };

static const struct log_fixture *fixture;

static void *open_with(const struct log_options *given)
{
    void *log = NULL;
    struct error err = {0};
    struct log_options options = *given;
    options.dir = fixture->dir;
    options.segment_bytes = options.segment_bytes ? options.segment_bytes : 2048;
    if (fixture->backend->open(&log, &options, &err) != STATUS_OK) {
        fail_msg("%s: %s", fixture->name, err.message);
    }
    return log;
}

static void *must_open(void)
{
    return open_with(&(struct log_options){0});
}

static struct log_stats stats_of(void *log)
{
    struct log_stats stats;
    fixture->backend->stats(log, &stats);
    return stats;
}

static void payload_of(uint64_t seq, struct buf *out)
{
    for (uint64_t i = 0; i < seq * 11 % 37; i++) {
        buf_put_u8(out, (uint8_t)(seq * 5 + i));
    }
}

static void write_records(struct log_writer *w, uint64_t first, uint32_t count)
{
    log_writer_start(w, first);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seq = log_writer_begin(w, (uint8_t)(LOG_FIRST_KIND + (first + i) % 3), (uint8_t)((first + i) % 5));
        payload_of(seq, &w->bytes);
        log_writer_end(w);
    }
}

/* Batch by batch; wall_ms says when. */
static enum status append_only(void *log, uint32_t count, int64_t wall_ms, struct error *err)
{
    struct log_writer w = {0};
    write_records(&w, stats_of(log).durable_seq + 1, count);
    enum status status = fixture->backend->append(log, &w, wall_ms, err);
    log_writer_release(&w);
    return status;
}

static enum status append(void *log, uint32_t count, int64_t wall_ms, struct error *err)
{
    enum status status = append_only(log, count, wall_ms, err);
    return status == STATUS_OK ? fixture->backend->sync(log, err) : status;
}

static uint64_t fill(void *log)
{
    struct error err;
    for (uint32_t i = 0; i < BATCHES; i++) {
        assert_int_equal(append(log, 1 + i % 5, 1000 + 10 * (int64_t)i, &err), STATUS_OK);
    }
    return stats_of(log).durable_seq;
}

struct reading {
    uint64_t next;
    uint64_t count;
    uint64_t stop_at;
    int64_t wall_ms;
};

static enum status check_record(void *context, const struct log_record *record, struct error *err)
{
    struct reading *r = context;
    struct buf want = BUF_EMPTY;
    payload_of(record->seq, &want);
    assert_int_equal(record->seq, r->next);
    assert_int_equal(record->kind, LOG_FIRST_KIND + record->seq % 3);
    assert_int_equal(record->flags, record->seq % 5);
    assert_true(str_equal(record->payload, buf_str(&want)));
    assert_true(record->wall_ms >= r->wall_ms);
    buf_release(&want);
    r->wall_ms = record->wall_ms;
    r->next++;
    r->count++;
    return r->count == r->stop_at ? error_set(err, STATUS_LIMIT, "enough") : STATUS_OK;
}

static uint64_t count_from(void *log, uint64_t from, uint64_t to)
{
    struct reading r = {.next = from};
    struct error err = {0};
    if (fixture->backend->read(log, from, to, check_record, &r, &err) != STATUS_OK) {
        fail_msg("%s: reading from %llu: %s", fixture->name, (unsigned long long)from, err.message);
    }
    return r.count;
}

static void numbers_have_no_gaps(void)
{
    fixture->reset();
    void *log = must_open();
    assert_int_equal(stats_of(log).durable_seq, 0);
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), 0);
    uint64_t records = fill(log);
    assert_int_equal(stats_of(log).synced_seq, records);
    for (uint64_t from = 1; from <= records; from++) {
        assert_int_equal(count_from(log, from, LOG_READ_TO_END), records - from + 1);
        assert_int_equal(count_from(log, from, from + 2), records - from + 1 < 3 ? records - from + 1 : 3);
    }
    assert_int_equal(count_from(log, records + 1, LOG_READ_TO_END), 0);
    struct reading r = {.next = 3, .stop_at = 4};
    struct error err;
    assert_int_equal(fixture->backend->read(log, 3, LOG_READ_TO_END, check_record, &r, &err), STATUS_LIMIT);
    assert_int_equal(r.count, 4);
    fixture->backend->close(log);
}

static void what_was_synced_stays(void)
{
    struct error err;
    for (int power_cut = 0; power_cut < 2; power_cut++) {
        fixture->reset();
        void *log = must_open();
        uint64_t records = fill(log);
        fixture->backend->close(log);
        fixture->restart(power_cut);
        log = must_open();
        assert_int_equal(stats_of(log).durable_seq, records);
        assert_int_equal(stats_of(log).wall_ms, 1000 + 10 * (BATCHES - 1));
        assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records);
        assert_int_equal(append(log, 3, 5000, &err), STATUS_OK);
        assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records + 3);
        fixture->backend->close(log);
    }
}

/* A batch that was only appended is not to be seen. */
static void appended_is_not_yet_there(void)
{
    struct error err;
    fixture->reset();
    void *log = must_open();
    uint64_t records = fill(log);
    assert_int_equal(append_only(log, 2, 9000, &err), STATUS_OK);
    assert_int_equal(stats_of(log).durable_seq, records);
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records);
    assert_int_equal(fixture->backend->sync(log, &err), STATUS_OK);
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records + 2);
    fixture->backend->close(log);
}

static void lazy_policies_flush(void)
{
    static const enum log_sync policies[] = {LOG_SYNC_INTERVAL, LOG_SYNC_SYSTEM};
    struct error err;
    for (size_t i = 0; i < 2; i++) {
        fixture->reset();
        void *log = open_with(&(struct log_options){.sync = policies[i], .sync_interval_ms = 3600000});
        uint64_t records = fill(log);
        assert_true(stats_of(log).synced_seq < records);
        assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records); /* it counts already */
        assert_int_equal(fixture->backend->flush(log, &err), STATUS_OK);
        assert_int_equal(stats_of(log).synced_seq, records);
        assert_int_equal(append(log, 2, 9000, &err), STATUS_OK);
        fixture->backend->close(log);
        fixture->restart(false);
        log = must_open();
        assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records + 2);
        fixture->backend->close(log);
    }
}

static void space_runs_out_and_returns(void)
{
    struct error err;
    fixture->reset();
    void *log = must_open();
    uint64_t records = fill(log);
    fixture->break_calls(true, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(append(log, 2, 9000, &err), STATUS_FULL);
    }
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records);
    assert_false(stats_of(log).fenced);
    fixture->break_calls(false, false);
    assert_int_equal(append(log, 2, 9000, &err), STATUS_OK);
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records + 2);
    fixture->backend->close(log);
    fixture->restart(true);
    log = must_open();
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records + 2);
    fixture->backend->close(log);
}

static void failed_sync_fences(void)
{
    struct error err;
    fixture->reset();
    void *log = must_open();
    uint64_t records = fill(log);
    fixture->break_calls(false, true);
    assert_int_equal(append(log, 1, 9000, &err), STATUS_IO);
    fixture->break_calls(false, false);
    assert_true(stats_of(log).fenced);
    struct log_writer w = {0};
    write_records(&w, records + 1, 1);
    assert_int_equal(fixture->backend->append(log, &w, 9000, &err), STATUS_IO);
    log_writer_release(&w);
    assert_int_equal(fixture->backend->sync(log, &err), STATUS_IO);
    assert_int_equal(fixture->backend->flush(log, &err), STATUS_IO);
    assert_int_equal(count_from(log, 1, LOG_READ_TO_END), records); /* reading goes on */
    fixture->backend->close(log);
    fixture->restart(true);
    log = must_open();
    assert_true(stats_of(log).durable_seq == records || stats_of(log).durable_seq == records + 1);
    assert_int_equal(append(log, 1, 9000, &err), STATUS_OK);
    fixture->backend->close(log);
}

static void times_find_numbers(void)
{
    fixture->reset();
    void *log = must_open();
    uint64_t records = fill(log);
    uint64_t seq = 1;
    assert_int_equal(fixture->backend->since(log, 0), 1);
    assert_true(fixture->backend->since(log, 1 << 20) <= records + 1);
    for (int64_t i = 0; i < BATCHES; i++) {
        /* Nothing from after that time may lie before it. */
        assert_true(fixture->backend->since(log, 1000 + 10 * i - 1) <= seq);
        seq += 1 + (uint64_t)i % 5;
    }
    fixture->backend->close(log);
}

static void trimming_keeps_what_is_needed(void)
{
    struct error err;
    struct reading none = {.next = 1};
    fixture->reset();
    void *log = must_open();
    uint64_t records = fill(log);
    struct log_trim all = {records + 1, records + 1, INT64_MAX, UINT64_MAX};
    struct log_trim needed[] = {all, all, all};
    needed[0].before_seq = 1;
    needed[1].unneeded_seq = 1;
    needed[2].unneeded_ms = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fixture->backend->trim(log, &needed[i], &err), STATUS_OK);
        assert_int_equal(stats_of(log).first_seq, 1);
    }
    all.unneeded_seq = records / 2;
    assert_int_equal(fixture->backend->trim(log, &all, &err), STATUS_OK);
    uint64_t first = stats_of(log).first_seq;
    assert_true(first > 1 && first <= records / 2);
    assert_int_equal(count_from(log, first, LOG_READ_TO_END), records - first + 1);
    assert_int_equal(fixture->backend->read(log, 1, LOG_READ_TO_END, check_record, &none, &err), STATUS_NOT_FOUND);
    fixture->backend->close(log);
    fixture->restart(true);
    log = open_with(&(struct log_options){.applied_seq = first - 1});
    assert_int_equal(count_from(log, first, LOG_READ_TO_END), records - first + 1);
    fixture->backend->close(log);
    void *refused;
    struct log_options early = {.dir = fixture->dir, .segment_bytes = 2048};
    struct log_options late = {.dir = fixture->dir, .segment_bytes = 2048, .applied_seq = records + 1};
    assert_int_equal(fixture->backend->open(&refused, &early, &err), STATUS_FORMAT); /* what is trimmed is needed */
    assert_int_equal(fixture->backend->open(&refused, &late, &err), STATUS_FORMAT);  /* it ends too early */
}

static void begins_where_told(void)
{
    struct error err;
    fixture->reset();
    void *log = open_with(&(struct log_options){.begin_seq = 1001, .applied_seq = 1000});
    assert_int_equal(stats_of(log).durable_seq, 1000);
    assert_int_equal(append(log, 4, 1000, &err), STATUS_OK);
    assert_int_equal(count_from(log, 1001, LOG_READ_TO_END), 4);
    fixture->backend->close(log);
    fixture->restart(true);
    log = open_with(&(struct log_options){.applied_seq = 1000});
    assert_int_equal(count_from(log, 1001, LOG_READ_TO_END), 4);
    fixture->backend->close(log);
}

struct side_reader {
    void *log;
    uint64_t target;
    uint64_t rounds;
    bool failed;
};

static enum status only_order(void *context, const struct log_record *record, struct error *err)
{
    uint64_t *next = context;
    (void)err;
    return record->seq == (*next)++ ? STATUS_OK : STATUS_FORMAT;
}

static void *read_beside(void *context)
{
    struct side_reader *r = context;
    struct log_stats stats = {0};
    while (stats.durable_seq < r->target && !r->failed) {
        uint64_t next = 1;
        struct error err;
        fixture->backend->stats(r->log, &stats);
        if (fixture->backend->read(r->log, 1, stats.durable_seq, only_order, &next, &err) != STATUS_OK ||
            next != stats.durable_seq + 1) {
            r->failed = true;
        }
        r->rounds++;
    }
    return NULL;
}

static void readers_read_beside_the_writer(void)
{
    pthread_t thread;
    struct error err;
    fixture->reset();
    void *log = must_open();
    struct side_reader r = {.log = log, .target = 600};
    assert_int_equal(pthread_create(&thread, NULL, read_beside, &r), 0);
    while (stats_of(log).durable_seq < r.target) {
        assert_int_equal(append(log, 3, 1000, &err), STATUS_OK);
    }
    pthread_join(thread, NULL);
    assert_false(r.failed); /* it always found what counted */
    assert_true(r.rounds > 0);
    fixture->backend->close(log);
}

void log_contract_run(const struct log_fixture *f)
{
    fixture = f;
    numbers_have_no_gaps();
    what_was_synced_stays();
    appended_is_not_yet_there();
    lazy_policies_flush();
    space_runs_out_and_returns();
    failed_sync_fences();
    times_find_numbers();
    trimming_keeps_what_is_needed();
    begins_where_told();
    readers_read_beside_the_writer();
}
