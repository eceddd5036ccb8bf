/*
 * Durable updates through the updater's interface: log, sync, columns, visible. On a data directory that holds an index
 * (one that aisle-indexer built; it is changed), it measures
 *
 *   single updates, each acknowledged before the next, and how long until a search sees one
 *   batches of 1,000 and of 16,000, some always under way: sets with a timestamp, and decrements
 *   what updates at that rate cost the searches that run beside them: their rate without and with, the processor time
 *   of each without and with, and that of an update
 *
 * and the disk's own time for a write and an fdatasync. Usage: updates DIR INDEX QUANTITY [seconds]; several attributes
 * with commas between, such as cells of stores, are updated at random.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/live/update.h"
#include "server/query/search.h"

enum { UNDER_WAY = 4, BATCH_MAX = 16000, ATTRIBUTES_MAX = 1024 };

static struct live *live;
static struct str index_name;
static struct str attributes[ATTRIBUTES_MAX];
static size_t attribute_count;
static struct str *ids;
static uint64_t id_count;
static double seconds = 3;

static void load_ids(void)
{
    rcu_online();
    const struct snapshot *s = live_snapshot(live, index_name);
    if (!s || s->segment_count == 0) {
        fatal("there is no such index, or it is empty");
    }
    id_count = shard_doc_count(s->segments[0].shard);
    ids = xcalloc(id_count, sizeof(*ids));
    for (uint64_t i = 0; i < id_count; i++) {
        struct str id = shard_object_id(s->segments[0].shard, (doc_id)i);
        char *copy = xmalloc(id.size);
        memcpy(copy, id.data, id.size);
        ids[i] = (struct str){copy, id.size};
    }
    rcu_offline();
}

/* Batches that go round: filled, handed over, acknowledged, filled again. */
struct round_trip {
    struct live_updates batch;
    struct live_update items[BATCH_MAX];
    bool free;
};

/* What to update, made before the clock runs: objectIDs, names and numbers as they lie in a request's body. */
struct ready {
    struct json_member value;
    struct str id;
    char text[48];
};
enum { READY = 1 << 20 };
static struct ready *ready;

static struct round_trip trips[UNDER_WAY];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static uint64_t applied, dropped, other;

static void on_done(struct live_updates *batch)
{
    struct round_trip *t = batch->context;
    pthread_mutex_lock(&lock);
    if (batch->status != STATUS_OK) {
        fatal("%s", batch->error.message);
    }
    for (size_t i = 0; i < batch->count; i++) {
        applied += batch->items[i].result == UPDATE_APPLIED;
        dropped += batch->items[i].result == UPDATE_DROPPED;
        other += batch->items[i].result > UPDATE_DROPPED;
    }
    t->free = true;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

static void make_ready(void)
{
    uint64_t random = 88172645463325252u;
    ready = xcalloc(READY, sizeof(*ready));
    for (size_t i = 0; i < READY; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        struct ready *r = &ready[i];
        struct str id = ids[(random >> 33) % id_count];
        int length = snprintf(r->text, sizeof(r->text), "%u", (unsigned)(random >> 20 & 255));
        struct str name = attributes[(random >> 8) % attribute_count];
        r->value = (struct json_member){name, json_number_text((struct str){r->text, (size_t)length})};
        r->id = id;
        if ((size_t)length + id.size <= sizeof(r->text)) {
            r->id = (struct str){memcpy(r->text + length, id.data, id.size), id.size};
        }
    }
}

static void fill(struct round_trip *t, size_t count, bool keyed)
{
    static size_t next;
    uint64_t now = (uint64_t)clock_wall_ms();
    t->batch =
        (struct live_updates){.index = index_name, .items = t->items, .count = count, .done = on_done, .context = t};
    for (size_t i = 0; i < count; i++) {
        const struct ready *r = &ready[next++ % READY];
        t->items[i] = (struct live_update){.object_id = r->id,
                                           .values = &r->value,
                                           .value_count = 1,
                                           .kind = keyed ? UPDATE_SET : UPDATE_DECREMENT,
                                           .flags = keyed ? UPDATE_TIMESTAMP : 0,
                                           .key = keyed ? now : 0};
    }
}

static struct round_trip *wait_free(void)
{
    for (;;) {
        for (size_t i = 0; i < UNDER_WAY; i++) {
            if (trips[i].free) {
                trips[i].free = false;
                return &trips[i];
            }
        }
        pthread_cond_wait(&wake, &lock);
    }
}

static uint64_t cpu_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Processor time by thread since the start, of the threads that updates need. */
enum part { SEQUENCER, LOG, CHECKPOINT, PARTS };
static const char *const PART_NAMES[PARTS] = {"sequencer", "log", "checkpoint"};

static void parts_ns(uint64_t out[PARTS])
{
    DIR *tasks = opendir("/proc/self/task");
    memset(out, 0, PARTS * sizeof(*out));
    for (struct dirent *e = tasks ? readdir(tasks) : NULL; e; e = readdir(tasks)) {
        char name[32] = "";
        unsigned long long ns = 0;
        char path[64];
        snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        bool named = f && fscanf(f, "%31s", name) == 1;
        if (f) {
            fclose(f);
        }
        snprintf(path, sizeof(path), "/proc/self/task/%.20s/schedstat", e->d_name);
        f = named ? fopen(path, "r") : NULL;
        if (f && fscanf(f, "%llu", &ns) == 1) {
            for (int i = 0; i < PARTS; i++) {
                out[i] += strcmp(name, PART_NAMES[i]) == 0 ? ns : 0;
            }
        }
        if (f) {
            fclose(f);
        }
    }
    if (tasks) {
        closedir(tasks);
    }
}

/* As many batches as go in `seconds`; updates a second. */
static double run_batches(size_t size, bool keyed)
{
    uint64_t begin = clock_monotonic_ns();
    uint64_t end = begin + (uint64_t)(seconds * 1e9);
    uint64_t count = 0;
    pthread_mutex_lock(&lock);
    while (clock_monotonic_ns() < end) {
        struct round_trip *t = wait_free();
        pthread_mutex_unlock(&lock);
        fill(t, size, keyed);
        if (live_update(live, &t->batch) != STATUS_OK) {
            fatal("the server is full");
        }
        count += size;
        pthread_mutex_lock(&lock);
    }
    for (size_t i = 0; i < UNDER_WAY; i++) {
        while (!trips[i].free) {
            pthread_cond_wait(&wake, &lock);
        }
    }
    pthread_mutex_unlock(&lock);
    return (double)count / ((double)(clock_monotonic_ns() - begin) / 1e9);
}

static void report_batches(size_t size, bool keyed)
{
    struct live_stats before;
    struct live_stats after;
    uint64_t parts[PARTS];
    uint64_t now[PARTS];
    live_stats(live, &before);
    parts_ns(parts);
    applied = dropped = other = 0;
    uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    double rate = run_batches(size, keyed);
    cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    parts_ns(now);
    live_stats(live, &after);
    uint64_t count = applied + dropped + other;
    uint64_t syncs = after.syncs - before.syncs;
    printf("%-11s by %5zu   %9.0f /s, %4.0f ns CPU each (", keyed ? "timestamps" : "decrements", size, rate,
           (double)cpu / (double)count);
    for (int i = 0; i < PARTS; i++) {
        printf("%s %.0f, ", PART_NAMES[i], (double)(now[i] - parts[i]) / (double)count);
    }
    printf("the rest is the client); %llu syncs of %.2f ms; %llu dropped, %llu other\n", (unsigned long long)syncs,
           syncs ? (double)(after.sync_ns_total - before.sync_ns_total) / (double)syncs / 1e6 : 0,
           (unsigned long long)dropped, (unsigned long long)other);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* One at a time: acknowledged, and seen by the next snapshot. */
static void report_singles(void)
{
    enum { SINGLES = 2000 };
    static double taken[SINGLES];
    struct round_trip *t = &trips[0];
    uint64_t unseen = 0;
    for (size_t i = 0; i < SINGLES; i++) {
        fill(t, 1, false);
        uint64_t begin = clock_monotonic_ns();
        if (live_update_wait(live, &t->batch) != STATUS_OK) {
            fatal("%s", t->batch.error.message);
        }
        rcu_online();
        unseen += live_snapshot(live, index_name)->seq < t->batch.seq;
        rcu_offline();
        taken[i] = (double)(clock_monotonic_ns() - begin) / 1e6;
    }
    qsort(taken, SINGLES, sizeof(taken[0]), compare);
    printf("one by one              %9.3f ms median, %.3f ms p99 until acknowledged and seen; %llu were not seen\n",
           taken[SINGLES / 2], taken[SINGLES * 99 / 100], (unsigned long long)unseen);
}

/* ---- searches beside them ---- */

static atomic_bool searching;
static _Atomic uint64_t searches;
static _Atomic uint64_t search_cpu_ns;

static void *search_main(void *context)
{
    static const char *const QUERIES[] = {"{\"query\":\"shoe\",\"facets\":[\"brand\",\"price\"]}",
                                          "{\"query\":\"black jacket\",\"facets\":[\"brand\"]}",
                                          "{\"query\":\"\",\"filters\":\"in_stock:true\",\"facets\":[\"brand\"]}",
                                          "{\"query\":\"wireless phone\",\"hitsPerPage\":20}"};
    struct searcher *searcher = searcher_new();
    struct arena arena;
    (void)context;
    rcu_thread_register();
    arena_init(&arena, 0);
    for (uint64_t i = 0; atomic_load(&searching); i++) {
        struct json request;
        struct search_request query;
        struct search_result result;
        struct error err;
        rcu_online();
        const struct snapshot *s = live_snapshot(live, index_name);
        if (json_parse(str_from(QUERIES[i % 4]), &arena, &request, &err) != STATUS_OK ||
            search_request_parse(&query, &request, s->settings, &arena, &err) != STATUS_OK ||
            search_run(&(struct search_context){searcher, s, &arena}, &query, 1, &result, &err) != STATUS_OK) {
            fatal("%s", err.message);
        }
        rcu_offline();
        arena_reset(&arena);
        atomic_fetch_add(&searches, 1);
    }
    atomic_fetch_add(&search_cpu_ns, cpu_ns(CLOCK_THREAD_CPUTIME_ID));
    arena_release(&arena);
    rcu_thread_unregister();
    searcher_free(searcher);
    return NULL;
}

struct searching {
    double rate;     /* searches a second */
    double us;       /* of processor time, each */
    double updates;  /* a second, beside them */
    double other_ns; /* of processor time that is not the searches', for each update */
};

static struct searching run_searches(bool updates)
{
    pthread_t threads[2];
    struct searching s = {0};
    atomic_store(&searching, true);
    atomic_store(&searches, 0);
    atomic_store(&search_cpu_ns, 0);
    uint64_t begin = clock_monotonic_ns();
    uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, search_main, NULL) != 0) {
            fatal("no threads");
        }
    }
    if (updates) {
        s.updates = run_batches(BATCH_MAX, true);
    } else {
        usleep((useconds_t)(seconds * 1e6));
    }
    double taken = (double)(clock_monotonic_ns() - begin) / 1e9;
    s.rate = (double)atomic_load(&searches) / taken;
    atomic_store(&searching, false);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    s.us = (double)search_cpu_ns / 1000 / (double)searches;
    s.other_ns = updates ? (double)(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu - search_cpu_ns) / (s.updates * taken) : 0;
    return s;
}

static void report_searches(void)
{
    struct searching before = run_searches(false);
    struct searching beside = run_searches(true);
    struct searching after = run_searches(false);
    double alone = (before.rate + after.rate) / 2;
    double us = (before.us + after.us) / 2;
    printf("searches on 2 threads   %9.0f /s alone, %.0f /s (%.0f %%) beside %.0f updates/s\n", alone, beside.rate,
           beside.rate / alone * 100, beside.updates);
    printf(
        "processor time          %9.0f us a search alone, %.0f (%+.0f %%) beside; %.0f ns an update, so that a million "
        "a second take %.0f %% of two processors\n",
        us, beside.us, beside.us / us * 100 - 100, beside.other_ns, beside.other_ns / 20);
}

static void report_disk(const char *dir)
{
    enum { ROUNDS = 200 };
    static double taken[ROUNDS];
    static char block[4096];
    char path[4096];
    snprintf(path, sizeof(path), "%s/bench.tmp", dir);
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    if (fd < 0 || posix_fallocate(fd, 0, ROUNDS * (off_t)sizeof(block)) != 0) {
        fatal("cannot write '%s'", path);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t begin = clock_monotonic_ns();
        if (pwrite(fd, block, sizeof(block), (off_t)(i * sizeof(block))) != sizeof(block) || fdatasync(fd) != 0) {
            fatal("cannot write '%s'", path);
        }
        taken[i] = (double)(clock_monotonic_ns() - begin) / 1e6;
    }
    close(fd);
    unlink(path);
    qsort(taken, ROUNDS, sizeof(taken[0]), compare);
    printf("the disk: 4 KB and fdatasync %.3f ms median, %.3f ms p99\n", taken[ROUNDS / 2], taken[ROUNDS * 99 / 100]);
}

int main(int argc, char **argv)
{
    struct error err;
    if (argc < 4) {
        fprintf(stderr, "usage: updates DIR INDEX QUANTITY [seconds]\n");
        return 2;
    }
    index_name = str_from(argv[2]);
    for (struct str rest = str_from(argv[3]); rest.size > 0 && attribute_count < ATTRIBUTES_MAX;) {
        size_t found = str_find_char(rest, ',');
        size_t comma = found < rest.size ? found : rest.size;
        attributes[attribute_count++] = str_slice(rest, 0, comma);
        rest = comma < rest.size ? str_slice(rest, comma + 1, rest.size) : (struct str){0};
    }
    seconds = argc > 4 ? atof(argv[4]) : seconds;
    rcu_thread_register();
    rcu_offline();
    struct live_options options = {.data_dir = argv[1]};
    if (live_open(&live, &options, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    for (size_t i = 0; i < UNDER_WAY; i++) {
        trips[i].free = true;
    }
    load_ids();
    make_ready();
    report_disk(argv[1]);
    report_singles();
    report_batches(1000, false);
    report_batches(1000, true);
    report_batches(BATCH_MAX, false);
    report_batches(BATCH_MAX, true);
    report_searches();
    live_close(live);
    rcu_online();
    rcu_thread_unregister();
    return 0;
}
