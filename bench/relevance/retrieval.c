#include "bench/relevance/retrieval.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/workers.h"

struct job {
    struct target *target;
    const struct queries *queries;
    const struct retrieval_options *options;
    struct retrieval *out;
    atomic_size_t next;
    pthread_mutex_t lock; /* the result's arena, and the first failure */
    enum status status;
    struct error err;
};

/* {"query": text, ...}: what the tool wants, over it what all queries have, over it what this one has. */
static struct json params_of(const struct job *j, const struct query_line *line, struct arena *arena)
{
    static const struct json nothing = {.type = JSON_ARRAY};
    const struct json *layers[] = {j->options->params, line->params};
    struct json *wanted = ARENA_ARRAY(arena, struct json, 1);
    struct json params = {.type = JSON_OBJECT};
    wanted[0] = json_of_str(STR("in_stock"));
    json_object_set(&params, STR("hitsPerPage"), json_of_i64(j->options->hits, arena), arena);
    json_object_set(&params, STR("attributesToRetrieve"), json_array(wanted, 1), arena);
    json_object_set(&params, STR("attributesToHighlight"), nothing, arena);
    for (int i = 0; i < 2; i++) {
        for (uint32_t k = 0; layers[i] && k < layers[i]->count; k++)
            json_object_set(&params, layers[i]->members[k].name, layers[i]->members[k].value, arena);
    }
    json_object_set(&params, STR("query"), json_of_str(line->text), arena);
    return params;
}

static void fail(struct job *j, enum status status, const struct error *err)
{
    pthread_mutex_lock(&j->lock);
    if (j->status == STATUS_OK) {
        j->status = status;
        j->err = *err;
    }
    pthread_mutex_unlock(&j->lock);
    atomic_store(&j->next, j->queries->list.count);
}

static void keep(struct job *j, size_t i, const struct found *found)
{
    struct found *out = &j->out->found[i];
    pthread_mutex_lock(&j->lock);
    *out = *found;
    out->docs = ARENA_ARRAY(&j->out->arena, struct found_doc, found->count + 1);
    for (size_t k = 0; k < found->count; k++) {
        out->docs[k] = found->docs[k];
        out->docs[k].id = arena_copy(&j->out->arena, found->docs[k].id);
    }
    pthread_mutex_unlock(&j->lock);
}

static enum status ask(struct job *j, struct session *session, size_t i, struct arena *arena, struct error *err)
{
    const struct query_line *line = &j->queries->list.items[i];
    size_t repeat = j->options->repeat ? j->options->repeat : 1;
    uint64_t fastest = UINT64_MAX;
    for (size_t k = 0; k < repeat; k++) {
        struct found found;
        arena_reset(arena);
        struct json params = params_of(j, line, arena);
        enum status status = session_search(session, &params, arena, &found, err);
        if (status != STATUS_OK) {
            error_prefix(err, "query '%s'", line->id);
            return status;
        }
        fastest = found.elapsed_ns < fastest ? found.elapsed_ns : fastest;
        found.elapsed_ns = fastest;
        if (k + 1 == repeat)
            keep(j, i, &found);
    }
    return STATUS_OK;
}

static void *work(void *context)
{
    struct job *j = context;
    struct session *session = NULL;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, 0);
    enum status status = session_open(&session, j->target, &err);
    while (status == STATUS_OK) {
        size_t i = atomic_fetch_add(&j->next, 1);
        if (i >= j->queries->list.count)
            break;
        status = ask(j, session, i, &arena, &err);
    }
    if (status != STATUS_OK)
        fail(j, status, &err);
    session_close(session);
    arena_release(&arena);
    return NULL;
}

enum status retrieval_make(struct retrieval *out, struct target *target, const struct queries *queries,
                           const struct retrieval_options *options, struct error *err)
{
    struct job job = {.target = target, .queries = queries, .options = options, .out = out};
    size_t threads = options->threads ? options->threads : processor_count();
    pthread_t ids[64];
    size_t started = 0;
    *out = (struct retrieval){.count = queries->list.count};
    arena_init(&out->arena, 0);
    out->found = ARENA_ARRAY(&out->arena, struct found, queries->list.count + 1);
    pthread_mutex_init(&job.lock, NULL);
    if (threads > queries->list.count)
        threads = queries->list.count;
    uint64_t start = clock_monotonic_ns();
    for (; started < threads && started < 64; started++) {
        if (pthread_create(&ids[started], NULL, work, &job) != 0)
            break;
    }
    if (started == 0)
        fatal("no thread can be started");
    for (size_t i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    out->elapsed_ns = clock_monotonic_ns() - start;
    pthread_mutex_destroy(&job.lock);
    if (job.status != STATUS_OK && err)
        *err = job.err;
    return job.status;
}

void retrieval_release(struct retrieval *r)
{
    arena_release(&r->arena);
}

void retrieval_entries(const struct retrieval *r, const struct queries *queries, const char *tag, struct entries *out)
{
    entries_init(out);
    for (size_t i = 0; i < r->count; i++) {
        const struct found *found = &r->found[i];
        for (size_t k = 0; k < found->count; k++)
            entries_add(out, str_from(queries->list.items[i].id), found->docs[k].id, (double)(found->count - k));
    }
    out->tag = arena_copy(&out->arena, str_from(tag)).data;
    entries_sort(out);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The smallest value that at least this part of the values does not exceed. */
static double quantile_us(const uint64_t *sorted, size_t count, double part)
{
    size_t at = (size_t)(part * (double)count);
    return (double)sorted[at < count ? at : count - 1] / 1e3;
}

struct latency retrieval_latency(const struct retrieval *r)
{
    struct latency l = {0};
    uint64_t *times = xcalloc(r->count + 1, sizeof(*times));
    double sum = 0;
    if (r->count == 0) {
        free(times);
        return l;
    }
    for (size_t i = 0; i < r->count; i++) {
        times[i] = r->found[i].elapsed_ns;
        sum += (double)times[i];
    }
    qsort(times, r->count, sizeof(*times), by_value);
    l.mean_us = sum / (double)r->count / 1e3;
    l.p50_us = quantile_us(times, r->count, .5);
    l.p90_us = quantile_us(times, r->count, .9);
    l.p95_us = quantile_us(times, r->count, .95);
    l.p99_us = quantile_us(times, r->count, .99);
    l.most_us = (double)times[r->count - 1] / 1e3;
    l.per_second = (double)r->count / ((double)r->elapsed_ns / 1e9);
    free(times);
    return l;
}
