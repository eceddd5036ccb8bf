#include "bench/relevance/ranking.h"

#include <stdlib.h>

static int by_score(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a;
    const struct entry *y = *(const struct entry *const *)b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return strcmp(y->doc, x->doc);
}

const struct entry **ranking_order(const struct entries_query *retrieved, struct arena *arena)
{
    const struct entry **order = arena_alloc(arena, (retrieved->count + 1) * sizeof(struct entry *));
    for (size_t i = 0; i < retrieved->count; i++)
        order[i] = &retrieved->items[i];
    qsort(order, retrieved->count, sizeof(*order), by_score);
    return order;
}

static int by_doc(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status check_twice(const struct ranking *r, const struct entries_query *judged, struct arena *arena,
                               struct error *err)
{
    const char **docs = arena_alloc(arena, ((size_t)r->count + 1) * sizeof(*docs));
    for (long i = 0; i < r->count; i++)
        docs[i] = r->docs[i];
    qsort(docs, (size_t)r->count, sizeof(*docs), by_doc);
    for (long i = 1; i < r->count; i++) {
        if (strcmp(docs[i - 1], docs[i]) == 0)
            return error_set(err, STATUS_INPUT, "query '%s' has the document '%s' twice in the run", r->query, docs[i]);
    }
    for (size_t i = 1; i < judged->count; i++) {
        if (strcmp(judged->items[i - 1].doc, judged->items[i].doc) == 0)
            return error_set(err, STATUS_INPUT, "query '%s' has the document '%s' twice in the judgments", r->query,
                             judged->items[i].doc);
    }
    return STATUS_OK;
}

static long grade_of(const struct entries_query *judged, const char *doc)
{
    size_t low = 0;
    size_t high = judged->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(judged->items[middle].doc, doc);
        if (order == 0)
            return judged->items[middle].value < 0 ? GRADE_UNKNOWN : (long)judged->items[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return GRADE_OUTSIDE;
}

static void count_levels(struct ranking *r, const struct entries_query *judged, struct arena *arena)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->items[i].value + 1 > (double)r->level_count)
            r->level_count = (long)judged->items[i].value + 1;
    }
    r->level_counts = ARENA_ARRAY(arena, long, (size_t)r->level_count + 1);
    for (size_t i = 0; i < judged->count; i++) {
        if (judged->items[i].value >= 0)
            r->level_counts[(long)judged->items[i].value]++;
    }
    for (long grade = 0; grade < r->level_count; grade++) {
        if (grade >= r->level)
            r->relevant_known += r->level_counts[grade];
    }
}

static void count_results(struct ranking *r)
{
    r->relevant_count = r->outside_count = r->unknown_count = 0;
    for (long i = 0; i < r->count; i++) {
        r->outside_count += r->grades[i] == GRADE_OUTSIDE;
        r->unknown_count += r->grades[i] == GRADE_UNKNOWN;
        r->relevant_count += r->grades[i] >= 0 && r->grades[i] >= r->level;
    }
}

struct ranking ranking_judged(const struct ranking *r, struct arena *arena)
{
    struct ranking judged = *r;
    judged.docs = arena_alloc(arena, ((size_t)r->count + 1) * sizeof(*judged.docs));
    judged.grades = arena_alloc(arena, ((size_t)r->count + 1) * sizeof(*judged.grades));
    judged.count = 0;
    for (long i = 0; i < r->count; i++) {
        if (r->grades[i] >= 0) {
            judged.docs[judged.count] = r->docs[i];
            judged.grades[judged.count++] = r->grades[i];
        }
    }
    count_results(&judged);
    return judged;
}

enum status ranking_make(struct ranking *out, const struct entries_query *judged, const struct entries_query *retrieved,
                         const struct ranking_options *options, struct arena *arena, struct error *err)
{
    *out = (struct ranking){.query = judged->id,
                            .level = options->level,
                            .top_grade = options->top_grade,
                            .collection_size = options->collection_size};
    out->count = retrieved ? (long)retrieved->count : 0;
    if (options->depth >= 0 && out->count > options->depth)
        out->count = options->depth;
    out->docs = arena_alloc(arena, ((size_t)out->count + 1) * sizeof(*out->docs));
    out->grades = arena_alloc(arena, ((size_t)out->count + 1) * sizeof(*out->grades));
    const struct entry **order = retrieved ? ranking_order(retrieved, arena) : NULL;
    for (long i = 0; i < out->count; i++) {
        out->docs[i] = order[i]->doc;
        out->grades[i] = grade_of(judged, order[i]->doc);
    }
    enum status status = check_twice(out, judged, arena, err);
    if (status != STATUS_OK)
        return status;
    count_levels(out, judged, arena);
    count_results(out);
    if (options->judged_only)
        *out = ranking_judged(out, arena);
    return STATUS_OK;
}
