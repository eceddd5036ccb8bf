/*
 * How soon an index is ready after a kill: a child takes updates over the inventory lane as fast as it can for SECONDS,
 * from two threads in batches of 16,000, and is killed; then the data directory is opened and timed, ROUNDS times over.
 * Usage: restart DIR [SECONDS [ROUNDS]]. DIR is a data directory with an index `products`, as aisle-indexer build makes
 * it; it is changed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "indexer/base/vec.h"
#include "server/live/live.h"
#include "server/live/update.h"

enum { BATCH = 16000, SENDERS = 2 };
static const struct str INDEX = {"products", 8};

static struct live *must_open(const char *dir)
{
    struct live *l;
    struct error err;
    struct live_options options = {.data_dir = dir};
    if (live_open(&l, &options, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    return l;
}

struct sender {
    struct live *live;
    const struct str *ids;
    size_t id_count;
    struct str attribute;
    size_t next;
};

static void *send_main(void *context)
{
    struct sender *s = context;
    struct live_update *items = xcalloc(BATCH, sizeof(*items));
    struct json_member *values = xcalloc(BATCH, sizeof(*values));
    char(*numbers)[8] = xcalloc(BATCH, sizeof(*numbers));
    for (;;) {
        struct live_updates batch = {.index = INDEX, .items = items, .count = BATCH};
        for (size_t i = 0; i < BATCH; i++, s->next += SENDERS) {
            int length = snprintf(numbers[i], sizeof(numbers[i]), "%u", (unsigned)(s->next % 1000));
            values[i] = (struct json_member){s->attribute, json_number_text((struct str){numbers[i], (size_t)length})};
            items[i] = (struct live_update){
                .object_id = s->ids[s->next * 7919 % s->id_count], .values = &values[i], .value_count = 1};
        }
        if (live_update_wait(s->live, &batch) != STATUS_OK) {
            _exit(1);
        }
    }
    return NULL;
}

static void child(const char *dir)
{
    struct live *l = must_open(dir);
    struct arena names;
    VEC(struct str) ids = {0};
    arena_init(&names, 0);
    rcu_thread_register();
    const struct snapshot *s = live_snapshot(l, INDEX);
    struct str attribute = arena_copy(&names, s->settings->role_attribute[ROLE_QUANTITY]);
    if (attribute.size == 0) {
        attribute = arena_copy(&names, s->settings->role_attribute[ROLE_PRICE]);
    }
    for (uint32_t i = 0; i < s->segment_count; i++) {
        for (doc_id doc = 0; doc < shard_doc_count(s->segments[i].shard); doc++) {
            vec_push(&ids, arena_copy(&names, shard_object_id(s->segments[i].shard, doc)));
        }
    }
    rcu_thread_unregister();
    struct sender senders[SENDERS];
    for (size_t i = 0; i < SENDERS; i++) {
        pthread_t thread;
        senders[i] = (struct sender){l, ids.items, ids.count, attribute, i};
        if (pthread_create(&thread, NULL, send_main, &senders[i]) != 0) {
            _exit(1);
        }
    }
    for (;;) {
        pause();
    }
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 60;
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5;
    if (argc < 2) {
        fprintf(stderr, "usage: restart DIR [SECONDS [ROUNDS]]\n");
        return 2;
    }
    struct live *first = must_open(argv[1]);
    struct live_stats start;
    live_stats(first, &start);
    live_close(first);
    uint64_t last = start.seq;
    for (unsigned round = 0; round < rounds; round++) {
        struct live_stats stats;
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            child(argv[1]);
        }
        sleep(seconds);
        kill(pid, SIGKILL);
        if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
            fatal("the child ended by itself");
        }
        uint64_t begin = clock_monotonic_ns();
        struct live *l = must_open(argv[1]);
        double ms = (double)(clock_monotonic_ns() - begin) / 1e6;
        live_stats(l, &stats);
        printf("killed after %u s of %.0f updates/s, ready after %.0f ms; %llu updates in the log were replayed\n",
               seconds, (double)(stats.seq - last) / seconds, ms, (unsigned long long)stats.replayed);
        last = stats.seq;
        live_close(l);
    }
    return 0;
}
