/*
 * How soon an index is ready after a kill: a child takes updates as fast as it can for SECONDS and is killed; then the
 * data directory is opened and timed, five times over. Usage: restart DIR [SECONDS]. DIR is a data directory with an
 * index `products`, as aisle-indexer build makes it; it is changed.
 */
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

enum { BATCH = 1000, ROUNDS = 5 };
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
    for (uint64_t number = 0;; number += BATCH) {
        struct live_batch batch = {0};
        arena_init(&batch.arena, 0);
        batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, BATCH);
        batch.op_count = BATCH;
        for (uint64_t i = 0; i < BATCH; i++) {
            struct live_op *op = &batch.ops[i];
            *op = (struct live_op){
                .kind = LIVE_PARTIAL, .index = INDEX, .object_id = ids.items[(number + i) * 7919 % ids.count]};
            op->body.type = JSON_OBJECT;
            (void)!json_object_set(&op->body, attribute, json_of_i64((int64_t)((number + i) % 1000), &batch.arena),
                                   &batch.arena);
        }
        if (live_submit_wait(l, &batch) != STATUS_OK) {
            _exit(1);
        }
        arena_release(&batch.arena);
    }
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 60;
    if (argc < 2) {
        fprintf(stderr, "usage: restart DIR [SECONDS]\n");
        return 2;
    }
    for (int round = 0; round < ROUNDS; round++) {
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
        printf("killed after %u s, ready after %.0f ms; %llu updates in the log were replayed\n", seconds, ms,
               (unsigned long long)stats.replayed);
        live_close(l);
    }
    return 0;
}
