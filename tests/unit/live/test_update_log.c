/* The update log on the simulated disk: round trips, every cut, every flipped bit, full and failing disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/hash.h"
#include "server/live/update_log.h"
#include "server/live/update_log_internal.h"

enum { BATCHES = 12, SEGMENT = 1024 };

static const struct log_backend *const backend = &update_log_backend;

static int disk_start(void **state)
{
    (void)state;
    file_sim_start();
    return 0;
}

static int disk_stop(void **state)
{
    (void)state;
    file_sim_stop();
    return 0;
}

static enum status open_log(struct update_log **log, uint64_t applied, struct error *err)
{
    struct log_options options = {.dir = "/d/log", .segment_bytes = SEGMENT, .applied_seq = applied};
    return update_log_open(log, &options, err);
}

static struct update_log *must_open(void)
{
    struct update_log *log;
    struct error err;
    if (open_log(&log, 0, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return log;
}

/* Record n says what it must say: its own number and some bytes that depend on it. */
static void payload_of(uint64_t seq, struct buf *out)
{
    buf_put_u64(out, seq);
    for (uint64_t i = 0; i < seq * 7 % 40; i++) {
        buf_put_u8(out, (uint8_t)(seq + i));
    }
}

static enum status append(struct update_log *log, uint32_t records, struct error *err)
{
    struct log_writer w = {0};
    struct log_stats stats;
    backend->stats(log, &stats);
    log_writer_start(&w, stats.durable_seq + 1);
    for (uint32_t i = 0; i < records; i++) {
        uint64_t seq = log_writer_begin(&w, LOG_FIRST_KIND, (uint8_t)i);
        payload_of(seq, &w.bytes);
        log_writer_end(&w);
    }
    enum status status = backend->append(log, &w, 1000 + (int64_t)stats.durable_seq, err);
    if (status == STATUS_OK) {
        status = backend->sync(log, err);
    }
    log_writer_release(&w);
    return status;
}

struct reading {
    uint64_t expected;
    uint64_t count;
};

static enum status check_record(void *context, const struct log_record *record, struct error *err)
{
    struct reading *r = context;
    struct buf want = BUF_EMPTY;
    (void)err;
    payload_of(record->seq, &want);
    assert_int_equal(record->seq, r->expected);
    assert_int_equal(record->kind, LOG_FIRST_KIND);
    assert_true(str_equal(record->payload, buf_str(&want)));
    buf_release(&want);
    r->expected++;
    r->count++;
    return STATUS_OK;
}

static uint64_t read_all(struct update_log *log, uint64_t from)
{
    struct reading r = {from, 0};
    struct error err;
    if (backend->read(log, from, LOG_READ_TO_END, check_record, &r, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return r.count;
}

static uint64_t fill(struct update_log *log)
{
    uint64_t records = 0;
    struct error err;
    for (uint32_t i = 0; i < BATCHES; i++) {
        assert_int_equal(append(log, 1 + i % 4, &err), STATUS_OK);
        records += 1 + i % 4;
    }
    return records;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct update_log *log = must_open();
    struct log_stats stats;
    uint64_t records = fill(log);
    backend->stats(log, &stats);
    assert_int_equal(stats.durable_seq, records);
    assert_true(stats.segments > 1);
    assert_int_equal(read_all(log, 1), records);
    assert_int_equal(read_all(log, 5), records - 4);
    backend->close(log);
    log = must_open();
    assert_int_equal(read_all(log, 1), records);
    records += fill(log);
    backend->close(log);
    log = must_open();
    assert_int_equal(read_all(log, 1), records);
    backend->close(log);
}

/* Epochs grow, also when only the last segment is read and nothing is in it yet. */
static void test_epochs_never_fall(void **state)
{
    (void)state;
    struct error err;
    struct log_stats stats;
    struct update_log *log = must_open();
    for (int i = 0; i < 20; i++) {
        /* A new segment is two writes, of which the second is its header. */
        struct file_sim_fault full = {FILE_SIM_WRITES, 3, true, FILE_SIM_ENOSPC};
        do {
            file_sim_fail(&full);
        } while (append(log, 1, &err) == STATUS_OK);
        backend->stats(log, &stats);
        backend->close(log);
        file_sim_fail(NULL);
        assert_int_equal(open_log(&log, stats.durable_seq, &err), STATUS_OK);
        assert_int_equal(append(log, 1, &err), STATUS_OK);
        backend->stats(log, &stats);
        uint64_t durable = stats.durable_seq;
        backend->close(log);
        log = must_open();
        backend->stats(log, &stats);
        assert_int_equal(stats.durable_seq, durable);
    }
    backend->close(log);
}

static bool change_some(void *context, uint8_t kind, char *payload, size_t size)
{
    (void)context;
    (void)kind;
    uint64_t seq = 0;
    memcpy(&seq, payload, sizeof(seq));
    if (seq % 3 != 0 || size <= 8) {
        return false;
    }
    payload[8] ^= 1;
    return true;
}

static enum status count_changed(void *context, const struct log_record *record, struct error *err)
{
    (void)err;
    struct buf want = BUF_EMPTY;
    payload_of(record->seq, &want);
    if (!str_equal(record->payload, buf_str(&want))) {
        assert_int_equal(record->seq % 3, 0);
        ++*(uint64_t *)context;
    }
    buf_release(&want);
    return STATUS_OK;
}

static void test_rewrite(void **state)
{
    (void)state;
    struct error err;
    struct update_log *log = must_open();
    uint64_t records = fill(log);
    uint64_t changed = 0;
    backend->close(log);
    assert_int_equal(update_log_rewrite("/d/log", change_some, NULL, &err), STATUS_OK);
    log = must_open();
    assert_int_equal(backend->read(log, 1, LOG_READ_TO_END, count_changed, &changed, &err), STATUS_OK);
    assert_true(changed > 0 && changed <= records / 3);
    assert_int_equal(append(log, 2, &err), STATUS_OK);
    backend->close(log);
    assert_int_equal(update_log_rewrite("/d/log", change_some, NULL, &err), STATUS_OK); /* and back */
    log = must_open();
    changed = 0;
    assert_int_equal(backend->read(log, 1, records, count_changed, &changed, &err), STATUS_OK);
    assert_int_equal(changed, 0);
    backend->close(log);
}

struct image {
    char name[64];
    struct buf bytes;
};

static size_t load_images(struct image *images, size_t limit)
{
    char **names;
    size_t count;
    struct error err;
    assert_int_equal(dir_list("/d/log", &names, &count, &err), STATUS_OK);
    assert_true(count <= limit);
    for (size_t i = 0; i < count; i++) {
        snprintf(images[i].name, sizeof(images[i].name), "/d/log/%s", names[i]);
        images[i].bytes = BUF_EMPTY;
        assert_int_equal(file_read_all(images[i].name, &images[i].bytes, 1 << 20, &err), STATUS_OK);
    }
    dir_names_free(names, count);
    return count;
}

static void store_image(const char *name, struct str bytes)
{
    struct error err;
    struct file *f;
    assert_int_equal(file_open(&f, name, FILE_REWRITE, &err), STATUS_OK);
    assert_int_equal(file_write_at(f, 0, bytes.data, bytes.size, &err), STATUS_OK);
    file_close(f);
}

static void store_images(const struct image *images, size_t count)
{
    struct error err;
    assert_int_equal(dir_remove("/d/log", &err), STATUS_OK);
    assert_int_equal(dir_make("/d/log", &err), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        store_image(images[i].name, buf_str(&images[i].bytes));
    }
}

/* Opens what is there: a refusal that names a log file and an offset, or an exact prefix; then the log must take more.
 * Returns the records kept, or UINT64_MAX when refused. */
static uint64_t open_and_check(bool *appended)
{
    struct update_log *log;
    struct error err = {0};
    struct log_stats stats;
    enum status status = open_log(&log, 0, &err);
    *appended = false;
    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_FORMAT);
        assert_non_null(strstr(err.message, "/d/log"));
        return UINT64_MAX;
    }
    backend->stats(log, &stats);
    assert_int_equal(read_all(log, 1), stats.durable_seq);
    assert_int_equal(append(log, 2, &err), STATUS_OK);
    backend->close(log);
    log = must_open();
    assert_int_equal(read_all(log, 1), stats.durable_seq + 2);
    backend->close(log);
    *appended = true;
    return stats.durable_seq;
}

/* The first record of the last batch: what is before it is known to have been durable as long as that batch is there.
 */
static uint64_t last_batch_first(uint64_t records)
{
    return records - (1 + (BATCHES - 1) % 4) + 1;
}

static void test_cut_at_every_offset(void **state)
{
    (void)state;
    struct image images[32];
    struct update_log *log = must_open();
    bool appended;
    fill(log);
    backend->close(log);
    size_t count = load_images(images, 32);
    struct image *last = &images[count - 1];
    uint64_t before = 0;
    for (size_t size = 0; size <= last->bytes.size; size++) {
        store_images(images, count - 1);
        store_image(last->name, str_slice(buf_str(&last->bytes), 0, size));
        uint64_t kept = open_and_check(&appended);
        assert_true(appended); /* a shorter file is a torn tail */
        assert_true(kept >= before);
        before = kept;
    }
    /* A cut in an older segment can only be damage. */
    for (size_t size = 0; size < images[0].bytes.size; size += 7) {
        store_images(images, count);
        store_image(images[0].name, str_slice(buf_str(&images[0].bytes), 0, size));
        uint64_t kept = open_and_check(&appended);
        assert_true(kept == UINT64_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        buf_release(&images[i].bytes);
    }
}

static void test_every_bit_flipped(void **state)
{
    (void)state;
    struct image images[32];
    struct update_log *log = must_open();
    uint64_t refused = 0;
    uint64_t cut = 0;
    bool appended = true;
    uint64_t records = fill(log);
    backend->close(log);
    size_t count = load_images(images, 32);
    for (size_t i = 0; i < count; i++) {
        size_t used = images[i].bytes.size;
        while (used > 0 && images[i].bytes.data[used - 1] == 0) {
            used--;
        }
        for (size_t bit = 0; bit < used * 8; bit++) {
            images[i].bytes.data[bit / 8] ^= (char)(1 << bit % 8);
            if (appended) {
                store_images(images, count);
            } else {
                store_image(images[i].name, buf_str(&images[i].bytes));
            }
            uint64_t kept = open_and_check(&appended);
            images[i].bytes.data[bit / 8] ^= (char)(1 << bit % 8);
            if (kept == UINT64_MAX) {
                refused++;
            } else {
                /* Only the last batch may go: nothing behind it says that it was durable. Nothing is kept as if whole
                 * with a bit wrong: read_all compared every byte. */
                assert_true(kept >= last_batch_first(records) - 1 && kept < records);
                cut++;
            }
        }
        store_images(images, count);
    }
    for (size_t i = 0; i < count; i++) {
        buf_release(&images[i].bytes);
    }
    print_message("%llu refused, %llu cut\n", (unsigned long long)refused, (unsigned long long)cut);
    assert_true(refused > cut && cut > 0);
}

static void test_holes(void **state)
{
    (void)state;
    struct image images[32];
    struct update_log *log = must_open();
    bool appended;
    uint64_t records = fill(log);
    backend->close(log);
    size_t count = load_images(images, 32);
    for (size_t i = 0; i < count; i++) {
        for (size_t from = 0; from < images[i].bytes.size; from += 13) {
            struct buf whole = BUF_EMPTY;
            buf_append_str(&whole, buf_str(&images[i].bytes));
            size_t size = whole.size - from < 100 ? whole.size - from : 100;
            bool empty = true;
            for (size_t k = 0; k < size; k++) {
                empty = empty && images[i].bytes.data[from + k] == 0;
            }
            memset(images[i].bytes.data + from, 0, size);
            store_images(images, count);
            uint64_t kept = open_and_check(&appended);
            /* A hole over the end of the last batch but one takes the last one's word for it away. */
            assert_true(kept == UINT64_MAX || (empty && kept == records) || kept >= last_batch_first(records) - 1 - 3);
            buf_release(&images[i].bytes);
            images[i].bytes = whole;
        }
    }
    for (size_t i = 0; i < count; i++) {
        buf_release(&images[i].bytes);
    }
}

static void test_missing_segment(void **state)
{
    (void)state;
    struct image images[32];
    struct update_log *log = must_open();
    bool appended;
    struct error err;
    fill(log);
    backend->close(log);
    size_t count = load_images(images, 32);
    assert_true(count > 2);
    for (size_t i = 0; i + 1 < count; i++) {
        store_images(images, count);
        assert_int_equal(file_remove(images[i].name, &err), STATUS_OK);
        assert_true(open_and_check(&appended) == UINT64_MAX);
    }
    assert_int_equal(dir_remove("/d/log", &err), STATUS_OK);
    assert_int_equal(open_log(&log, 3, &err), STATUS_FORMAT);
    for (size_t i = 0; i < count; i++) {
        buf_release(&images[i].bytes);
    }
}

/* The power failed while a segment was being made, and the files contain all before it: what is known of the times and
 * epochs of the others must not be lost with it. */
static void test_unfinished_segment(void **state)
{
    struct error err;
    struct log_stats before;
    struct log_stats after;
    struct file *file;
    char path[64];
    struct update_log *log = must_open();
    (void)state;
    fill(log);
    assert_int_equal(append(log, 3, &err), STATUS_OK);
    backend->stats(log, &before);
    uint64_t epoch = log->epoch;
    backend->close(log);
    snprintf(path, sizeof(path), "/d/log/%016llx.log", (unsigned long long)before.durable_seq + 1);
    assert_int_equal(file_open(&file, path, FILE_REWRITE, &err), STATUS_OK);
    assert_int_equal(file_preallocate(file, SEGMENT, &err), STATUS_OK);
    file_close(file);
    assert_int_equal(open_log(&log, before.durable_seq, &err), STATUS_OK);
    backend->stats(log, &after);
    assert_false(file_exists(path));
    assert_int_equal(after.durable_seq, before.durable_seq);
    assert_int_equal(after.bytes, before.bytes);
    assert_true(after.wall_ms == before.wall_ms);
    assert_true(log->epoch > epoch);
    assert_true(backend->since(log, before.wall_ms - 1) <= before.durable_seq);
    assert_int_equal(append(log, 2, &err), STATUS_OK);
    assert_int_equal(read_all(log, 1), before.durable_seq + 2);
    backend->close(log);
}

static void test_full_disk(void **state)
{
    (void)state;
    static const enum file_sim_errno errors[] = {FILE_SIM_ENOSPC, FILE_SIM_SHORT_WRITE, FILE_SIM_EIO};
    struct error err;
    for (size_t e = 0; e < 3; e++) {
        for (uint64_t nth = 1; nth < 60; nth++) {
            file_sim_stop();
            file_sim_start();
            struct update_log *log = must_open();
            struct file_sim_fault fault = {FILE_SIM_WRITES | FILE_SIM_NAMES, nth, false, errors[e]};
            uint64_t acknowledged = 0;
            file_sim_fail(&fault);
            for (uint32_t i = 0; i < BATCHES; i++) {
                enum status status = append(log, 1 + i % 4, &err);
                assert_true(status == STATUS_OK || status == STATUS_FULL);
                acknowledged += status == STATUS_OK ? 1 + i % 4 : 0;
            }
            assert_int_equal(read_all(log, 1), acknowledged);
            backend->close(log);
            if (nth % 2 == 0) {
                file_sim_power_on(nth);
            }
            file_sim_fail(NULL);
            log = must_open();
            assert_int_equal(read_all(log, 1), acknowledged);
            backend->close(log);
        }
    }
}

static void test_full_for_good(void **state)
{
    (void)state;
    struct update_log *log = must_open();
    struct error err;
    uint64_t records = fill(log);
    struct file_sim_fault fault = {FILE_SIM_WRITES | FILE_SIM_NAMES, 1, true, FILE_SIM_ENOSPC};
    file_sim_fail(&fault);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(append(log, 2, &err), STATUS_FULL);
    }
    assert_int_equal(read_all(log, 1), records);
    file_sim_fail(NULL); /* space returns */
    assert_int_equal(append(log, 2, &err), STATUS_OK);
    assert_int_equal(read_all(log, 1), records + 2);
    backend->close(log);
}

static void test_failed_sync_fences(void **state)
{
    (void)state;
    struct update_log *log = must_open();
    struct error err;
    struct log_stats stats;
    uint64_t records = fill(log);
    struct file_sim_fault fault = {FILE_SIM_SYNCS, 1, false, FILE_SIM_EIO};
    file_sim_fail(&fault);
    enum status status = append(log, 1, &err);
    if (status == STATUS_FULL) { /* it struck while a segment was made */
        fault.nth = 1;
        file_sim_fail(&fault);
        status = append(log, 1, &err);
    }
    assert_int_equal(status, STATUS_IO);
    file_sim_fail(NULL);
    assert_int_equal(append(log, 1, &err), STATUS_IO);
    backend->stats(log, &stats);
    assert_true(stats.fenced);
    assert_int_equal(stats.durable_seq, records);
    backend->close(log);
    log = must_open();
    assert_true(read_all(log, 1) >= records);
    assert_int_equal(append(log, 1, &err), STATUS_OK);
    backend->close(log);
}

/* Power cuts at each operation: what was acknowledged is there, at most one batch more. */
static uint64_t power_cuts(uint64_t rounds, bool ignore_sync)
{
    uint64_t lost = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t acknowledged = 0;
        struct update_log *log = NULL;
        struct error err;
        file_sim_stop();
        file_sim_start();
        file_sim_ignore_sync(ignore_sync);
        assert_int_equal(dir_make("/d/log", &err), STATUS_OK);
        for (uint64_t life = 0; life < 3; life++) {
            file_sim_cut_power_at(file_sim_operations() + 1 + (round * 7 + life * 13) % 40);
            if (open_log(&log, 0, &err) == STATUS_OK) {
                struct log_stats stats;
                backend->stats(log, &stats);
                if (stats.durable_seq < acknowledged) {
                    backend->close(log);
                    lost++;
                    break;
                }
                acknowledged = stats.durable_seq;
                for (uint32_t i = 0; !file_sim_power_is_off() && i < 40; i++) {
                    if (append(log, 1 + i % 4, &err) == STATUS_OK) {
                        acknowledged += 1 + i % 4;
                    }
                }
                backend->close(log);
            } else if (!file_sim_power_is_off()) {
                lost++;
                break;
            }
            file_sim_power_on(round * 31 + life);
            file_sim_ignore_sync(ignore_sync);
        }
        file_sim_cut_power_at(0);
        if (open_log(&log, 0, &err) != STATUS_OK) {
            lost++;
            continue;
        }
        struct log_stats stats;
        backend->stats(log, &stats);
        lost += stats.durable_seq < acknowledged;
        assert_int_equal(read_all(log, 1), stats.durable_seq);
        backend->close(log);
    }
    return lost;
}

static void test_power_cuts(void **state)
{
    (void)state;
    assert_int_equal(power_cuts(getenv("AISLE_LONG") ? 5000 : 400, false), 0);
}

static void test_power_cuts_notice_missing_syncs(void **state)
{
    (void)state;
    assert_true(power_cuts(50, true) > 0);
}

static void test_trim(void **state)
{
    (void)state;
    struct update_log *log = must_open();
    struct error err;
    struct log_stats stats;
    uint64_t records = fill(log);
    struct log_trim needed = {1, UINT64_MAX, INT64_MAX, 0};
    assert_int_equal(backend->trim(log, &needed, &err), STATUS_OK);
    assert_int_equal(read_all(log, 1), records);
    struct log_trim young = {records, UINT64_MAX, 0, UINT64_MAX};
    assert_int_equal(backend->trim(log, &young, &err), STATUS_OK);
    assert_int_equal(read_all(log, 1), records);
    struct log_trim old = {records, UINT64_MAX, INT64_MAX, UINT64_MAX};
    assert_int_equal(backend->trim(log, &old, &err), STATUS_OK);
    backend->stats(log, &stats);
    assert_int_equal(stats.segments, 1);
    assert_true(stats.first_seq > 1);
    assert_int_equal(backend->read(log, 1, 9, check_record, NULL, &err), STATUS_NOT_FOUND);
    assert_int_equal(read_all(log, stats.first_seq), records - stats.first_seq + 1);
    backend->close(log);
    assert_int_equal(open_log(&log, 0, &err), STATUS_FORMAT); /* what is trimmed is needed */
    assert_int_equal(open_log(&log, stats.first_seq - 1, &err), STATUS_OK);
    assert_int_equal(read_all(log, stats.first_seq), records - stats.first_seq + 1);
    backend->close(log);
    assert_int_equal(open_log(&log, records + 1, &err), STATUS_FORMAT); /* it ends too early */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_epochs_never_fall, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_rewrite, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_cut_at_every_offset, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_every_bit_flipped, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_holes, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_missing_segment, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_full_disk, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_full_for_good, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_failed_sync_fences, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_power_cuts, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_power_cuts_notice_missing_syncs, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_unfinished_segment, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_trim, disk_start, disk_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
