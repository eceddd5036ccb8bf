/*
 * A rebuild under updates: an index in service takes RATE updates a second and searches without a pause, while the same
 * feed is built again, as of a time before all of the updates, and taken into service. Then every acknowledged update
 * is looked up. Prints what was lost (nothing may be), failed searches, and search times before, during the build,
 * during the adoption and after.
 *
 * Usage: rebuild DIR FEED [RATE] [PAUSE_S]. DIR is a data directory whose index `products` was built from FEED; it is
 * changed. Everything is in one process; the build has the threads that aisle-indexer would have.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "indexer/base/vec.h"
#include "indexer/build/pipeline.h"
#include "server/live/live.h"
#include "server/query/search.h"

enum { BATCH = 100, QUERIES = 2000 };
enum phase { BEFORE, BUILDING, ADOPTING, AFTER, PHASES };
static const char *const PHASE_NAMES[PHASES] = {"before", "while building", "while adopting", "after"};
static const struct str INDEX = {"products", 8};

struct bench {
    struct live *live;
    uint64_t rate;
    struct arena arena;
    VEC(struct str) ids;
    VEC(struct str) queries;
    struct str attribute;
    int64_t *expected; /* by id; -1: never updated */
    atomic_bool stop;
    atomic_int phase;
    uint64_t updates, late, failed_updates;
    uint64_t searches, failed_searches;
    VEC(double) times[PHASES];
};

/* ---- what to update and to search ---- */

static struct str two_words(struct arena *arena, struct str title)
{
    size_t end = 0;
    for (int spaces = 0; end < title.size; end++) {
        if (title.data[end] == ' ' && ++spaces == 2) {
            break;
        }
    }
    return arena_copy(arena, str_slice(title, 0, end));
}

static void look_around(struct bench *b)
{
    struct error err;
    rcu_thread_register();
    const struct snapshot *s = live_snapshot(b->live, INDEX);
    if (!s) {
        fatal("there is no index 'products'");
    }
    b->attribute = arena_copy(&b->arena, s->settings->role_attribute[ROLE_QUANTITY]);
    if (b->attribute.size == 0) {
        b->attribute = arena_copy(&b->arena, s->settings->role_attribute[ROLE_PRICE]);
    }
    for (uint32_t i = 0; i < s->segment_count; i++) {
        uint32_t count = shard_doc_count(s->segments[i].shard);
        for (doc_id doc = 0; doc < count; doc++) {
            if (segment_deleted(&s->segments[i], doc)) {
                continue;
            }
            vec_push(&b->ids, arena_copy(&b->arena, shard_object_id(s->segments[i].shard, doc)));
            if (doc % (count / QUERIES + 1) == 0) {
                struct json object;
                struct str title;
                if (snapshot_object(s, i, doc, &b->arena, &object, &err) == STATUS_OK &&
                    json_string(json_get_str(&object, s->settings->role_attribute[ROLE_TITLE]), &title)) {
                    vec_push(&b->queries, two_words(&b->arena, title));
                }
            }
        }
    }
    rcu_thread_unregister();
    b->expected = xmalloc(b->ids.count * sizeof(*b->expected));
    for (size_t i = 0; i < b->ids.count; i++) {
        b->expected[i] = -1;
    }
}

/* ---- updates ---- */

static void *update_main(void *context)
{
    struct bench *b = context;
    uint64_t begin = clock_monotonic_ns();
    while (!atomic_load(&b->stop)) {
        struct live_batch batch = {0};
        arena_init(&batch.arena, 0);
        batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, BATCH);
        batch.op_count = BATCH;
        for (uint64_t i = 0; i < BATCH; i++) {
            uint64_t number = b->updates + i;
            size_t id = number * 7919 % b->ids.count;
            struct live_op *op = &batch.ops[i];
            *op = (struct live_op){.kind = LIVE_PARTIAL, .index = INDEX, .object_id = b->ids.items[id]};
            op->body.type = JSON_OBJECT;
            (void)!json_object_set(&op->body, b->attribute, json_of_i64((int64_t)(number % 100000), &batch.arena),
                                   &batch.arena);
        }
        if (live_submit_wait(b->live, &batch) == STATUS_OK) {
            for (uint64_t i = 0; i < BATCH; i++) {
                uint64_t number = b->updates + i;
                b->failed_updates += batch.ops[i].status != STATUS_OK;
                b->expected[number * 7919 % b->ids.count] = (int64_t)(number % 100000);
            }
        } else {
            b->failed_updates += BATCH;
        }
        b->updates += BATCH;
        arena_release(&batch.arena);
        uint64_t due = begin + b->updates * 1000000000 / b->rate;
        uint64_t now = clock_monotonic_ns();
        b->late += now > due + 1000000000;
        if (now < due) {
            usleep((useconds_t)((due - now) / 1000));
        }
    }
    return NULL;
}

/* ---- searches ---- */

static void *search_main(void *context)
{
    struct bench *b = context;
    struct arena arena;
    struct searcher *searcher = searcher_new();
    arena_init(&arena, 0);
    rcu_thread_register();
    while (!atomic_load(&b->stop)) {
        struct error err;
        struct search_request request;
        struct search_result result = {0};
        struct json params = {.type = JSON_OBJECT};
        const struct snapshot *s = live_snapshot(b->live, INDEX);
        struct search_context c = {searcher, s, &arena};
        enum phase phase = (enum phase)atomic_load(&b->phase);
        uint64_t begin = clock_monotonic_ns();
        (void)!json_object_set(&params, STR("query"), json_of_str(b->queries.items[b->searches % b->queries.count]),
                               &arena);
        enum status status = search_request_parse(&request, &params, s->settings, &arena, &err);
        if (status == STATUS_OK) {
            status = search_run(&c, &request, 1, &result, &err);
        }
        b->failed_searches += status != STATUS_OK || result.partial || result.total == 0;
        b->searches++;
        double us = (double)(clock_monotonic_ns() - begin) / 1000;
        vec_push(&b->times[phase], us);
        arena_reset(&arena);
        rcu_quiescent();
    }
    rcu_thread_unregister();
    searcher_free(searcher);
    arena_release(&arena);
    return NULL;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_times(struct bench *b)
{
    for (int p = 0; p < PHASES; p++) {
        size_t count = b->times[p].count;
        if (count > 0) {
            qsort(b->times[p].items, count, sizeof(double), compare_doubles);
            printf("searches %-15s %8zu, median %7.0f us, p99 %7.0f us, slowest %7.0f us\n", PHASE_NAMES[p], count,
                   b->times[p].items[count / 2], b->times[p].items[count * 99 / 100], b->times[p].items[count - 1]);
        }
    }
}

/* ---- the rebuild ---- */

static void rebuild(struct bench *b, const char *dir, char *feed, int64_t as_of_ms)
{
    struct build_options options = {.data_dir = dir,
                                    .index_name = "products",
                                    .memory_bytes = UINT64_C(1) << 30,
                                    .max_errors = 10000,
                                    .max_errors_percent = true,
                                    .as_of_ms = as_of_ms,
                                    .feeds = &feed,
                                    .feed_count = 1};
    struct report report;
    struct arena arena;
    struct str adopted;
    struct error err;
    char candidate[4200];
    arena_init(&arena, 0);
    uint64_t begin = clock_monotonic_ns();
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* as aisle-indexer does beside a server */
    if (report_init(&report, NULL, &err) != STATUS_OK ||
        build_run(&options, &report, candidate, sizeof(candidate), &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    printf("built in %.1f s\n", (double)(clock_monotonic_ns() - begin) / 1e9);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 0); /* adopting is the server's work; needs root here */
    atomic_store(&b->phase, ADOPTING);
    begin = clock_monotonic_ns();
    if (live_adopt(b->live, candidate, &arena, &adopted, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    printf("adopted in %.1f s: %.*s\n", (double)(clock_monotonic_ns() - begin) / 1e9, STR_ARG(adopted));
    atomic_store(&b->phase, AFTER);
    report_release(&report);
    arena_release(&arena);
}

static uint64_t count_lost(struct bench *b)
{
    uint64_t lost = 0;
    struct error err;
    struct arena arena;
    arena_init(&arena, 0);
    rcu_thread_register();
    const struct snapshot *s = live_snapshot(b->live, INDEX);
    for (size_t i = 0; i < b->ids.count; i++) {
        uint32_t segment;
        doc_id doc;
        struct json object;
        int64_t value = -2;
        if (b->expected[i] < 0) {
            continue;
        }
        bool there = snapshot_find(s, b->ids.items[i], &segment, &doc) &&
                     snapshot_object(s, segment, doc, &arena, &object, &err) == STATUS_OK &&
                     json_i64(json_get_str(&object, b->attribute), &value);
        lost += !there || value != b->expected[i];
        arena_reset(&arena);
    }
    rcu_thread_unregister();
    arena_release(&arena);
    return lost;
}

int main(int argc, char **argv)
{
    struct bench b = {.rate = argc > 3 ? strtoull(argv[3], NULL, 10) : 10000};
    unsigned pause_s = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 5;
    struct live_options options = {.data_dir = argc > 1 ? argv[1] : ""};
    struct error err;
    pthread_t updater, searcher;
    if (argc < 3 || b.rate == 0) {
        fprintf(stderr, "usage: rebuild DIR FEED [RATE] [PAUSE_S]\n");
        return 2;
    }
    arena_init(&b.arena, 0);
    if (live_open(&b.live, &options, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    look_around(&b);
    int64_t as_of_ms = clock_wall_ms() - 1;
    if (pthread_create(&updater, NULL, update_main, &b) != 0 || pthread_create(&searcher, NULL, search_main, &b) != 0) {
        fatal("no threads");
    }
    sleep(pause_s);
    atomic_store(&b.phase, BUILDING);
    rebuild(&b, argv[1], argv[2], as_of_ms);
    sleep(pause_s);
    atomic_store(&b.stop, true);
    pthread_join(updater, NULL);
    pthread_join(searcher, NULL);
    print_times(&b);
    uint64_t lost = count_lost(&b);
    printf("%llu updates at %llu a second (%llu batches late by over a second), %llu failed, %llu LOST; %llu searches, "
           "%llu FAILED\n",
           (unsigned long long)b.updates, (unsigned long long)b.rate, (unsigned long long)b.late,
           (unsigned long long)b.failed_updates, (unsigned long long)lost, (unsigned long long)b.searches,
           (unsigned long long)b.failed_searches);
    live_close(b.live);
    return lost > 0 || b.failed_searches > 0 || b.failed_updates > 0;
}
