/*
 * Durable updates through live_submit: log, sync, columns, visible. In-place changes of one number, single (each
 * acknowledged before the next) and in batches; then objects with text, which make delta shards. Prints rates and the
 * disk's own time for a sync. Usage: updates DIR [objects]; DIR is made and removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/log.h"
#include "server/live/live.h"

enum { BATCH = 1000 };

static struct live *live;

static const char *const WORDS[] = {"red",   "trail", "running", "shoe",  "lamp",   "wooden", "chair",  "wireless",
                                    "phone", "case",  "steel",   "water", "bottle", "cotton", "jacket", "summer"};

static void make_put(struct live_batch *batch, struct live_op *op, uint64_t id)
{
    struct error err;
    struct str text = arena_printf(
        &batch->arena,
        "{\"objectID\":\"sku-%llu\",\"title\":\"%s %s %s\",\"description\":\"%s %s %s %s %s %s\",\"brand\":\"Brand "
        "%llu\",\"price\":%llu.99,\"stock\":%llu}",
        (unsigned long long)id, WORDS[id % 16], WORDS[id / 16 % 16], WORDS[id / 256 % 16], WORDS[id % 13],
        WORDS[id % 11], WORDS[id % 7], WORDS[id % 5], WORDS[id % 3], WORDS[id % 15], (unsigned long long)(id % 50),
        (unsigned long long)(id % 500), (unsigned long long)(id % 20));
    *op = (struct live_op){.kind = LIVE_PUT, .index = STR("bench")};
    if (json_parse(text, &batch->arena, &op->body, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
}

static void make_sell(struct live_batch *batch, struct live_op *op, uint64_t id)
{
    struct error err;
    *op = (struct live_op){.kind = LIVE_PARTIAL, .index = STR("bench")};
    op->object_id = arena_printf(&batch->arena, "sku-%llu", (unsigned long long)id);
    if (json_parse(STR("{\"stock\":{\"_operation\":\"Decrement\",\"value\":1}}"), &batch->arena, &op->body, &err) !=
        STATUS_OK) {
        fatal("%s", err.message);
    }
}

static void submit(uint64_t first, size_t count, uint64_t modulus,
                   void (*make)(struct live_batch *, struct live_op *, uint64_t))
{
    struct live_batch batch = {0};
    arena_init(&batch.arena, 0);
    batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, count);
    batch.op_count = count;
    for (size_t i = 0; i < count; i++) {
        make(&batch, &batch.ops[i], (first + i) * 7919 % modulus);
    }
    if (live_submit_wait(live, &batch) != STATUS_OK) {
        fatal("%s", batch.error.message);
    }
    arena_release(&batch.arena);
}

static void report(const char *what, uint64_t updates, uint64_t begin)
{
    double seconds = (double)(clock_monotonic_ns() - begin) / 1e9;
    printf("%-32s %10.0f /s  (%llu in %.2f s)\n", what, (double)updates / seconds, (unsigned long long)updates,
           seconds);
}

int main(int argc, char **argv)
{
    struct error err;
    uint64_t objects = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    struct live_stats stats;
    if (argc < 2 || objects < BATCH) {
        fprintf(stderr, "usage: updates DIR [objects, at least %d]\n", BATCH);
        return 2;
    }
    struct live_options options = {.data_dir = argv[1], .create = true};
    if (live_open(&live, &options, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    uint64_t begin = clock_monotonic_ns();
    for (uint64_t i = 0; i < objects; i += BATCH) {
        submit(i, BATCH, objects, make_put);
    }
    report("objects with text, by 1,000", objects, begin);
    begin = clock_monotonic_ns();
    for (uint64_t i = 0; i < 2000; i++) {
        submit(i, 1, objects, make_sell);
    }
    report("one number, one by one", 2000, begin);
    begin = clock_monotonic_ns();
    for (uint64_t i = 0; i < 500 * BATCH; i += BATCH) {
        submit(i, BATCH, objects, make_sell);
    }
    report("one number, by 1,000", 500 * BATCH, begin);
    live_stats(live, &stats);
    printf("%llu syncs of %.0f us; log %.1f MB; %llu merges, %llu deltas\n", (unsigned long long)stats.syncs,
           stats.syncs ? (double)stats.sync_ns_total / (double)stats.syncs / 1000 : 0, (double)stats.log_bytes / 1e6,
           (unsigned long long)stats.merges, (unsigned long long)stats.deltas);
    live_close(live);
    begin = clock_monotonic_ns();
    if (live_open(&live, &options, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    printf("start with %llu objects: %.0f ms\n", (unsigned long long)objects,
           (double)(clock_monotonic_ns() - begin) / 1e6);
    live_close(live);
    if (dir_remove(argv[1], &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    return 0;
}
