#include "bench/relevance/replay.h"

#include <math.h>
#include <stdlib.h>

static const double persistence = .9;

static size_t shown(const struct found *f, size_t depth)
{
    return f->count < depth ? f->count : depth;
}

/* How many of the first `a_count` of a are among the first `b_count` of b. */
static size_t shared(const struct found *a, size_t a_count, const struct found *b, size_t b_count)
{
    size_t count = 0;
    for (size_t i = 0; i < a_count; i++) {
        for (size_t k = 0; k < b_count; k++)
            count += str_equal(a->docs[i].id, b->docs[k].id);
    }
    return count;
}

double rank_biased_overlap(const struct found *a, const struct found *b, size_t depth, double p)
{
    size_t a_count = shown(a, depth);
    size_t b_count = shown(b, depth);
    size_t common = a_count < b_count ? a_count : b_count;
    double sum = 0;
    double weight = 1;
    double agreement = 0;
    if (common == 0)
        return a_count == b_count ? 1 : 0;
    for (size_t d = 1; d <= common; d++) {
        agreement = (double)shared(a, d, b, d) / (double)d;
        weight *= p;
        sum += agreement * weight;
    }
    return agreement * weight + (1 - p) / p * sum;
}

static double overlap(const struct found *a, const struct found *b, size_t depth)
{
    size_t a_count = shown(a, depth);
    size_t b_count = shown(b, depth);
    size_t most = a_count > b_count ? a_count : b_count;
    return most ? (double)shared(a, a_count, b, b_count) / (double)most : 1;
}

static bool same_order(const struct found *a, const struct found *b, size_t depth)
{
    size_t count = shown(a, depth);
    bool same = count == shown(b, depth);
    for (size_t i = 0; i < count && same; i++)
        same = str_equal(a->docs[i].id, b->docs[i].id);
    return same;
}

static void measure_side(struct replay_side *out, const struct queries *queries, const struct retrieval *found,
                         size_t depth)
{
    double searches = 0;
    double docs = 0;
    double known = 0;
    for (size_t i = 0; i < found->count; i++) {
        double count = queries->list.items[i].count;
        searches += count;
        out->empty += found->found[i].count == 0 ? count : 0;
        for (size_t k = 0; k < shown(&found->found[i], depth); k++) {
            docs += count;
            known += found->found[i].docs[k].in_stock >= 0 ? count : 0;
            out->in_stock += found->found[i].docs[k].in_stock > 0 ? count : 0;
        }
    }
    out->empty = searches > 0 ? out->empty / searches : 0;
    out->in_stock = known > 0 ? out->in_stock / known : 0;
    out->stock_known = docs > 0 ? known / docs : 0;
    out->latency = retrieval_latency(found);
}

static int by_change(const void *a, const void *b)
{
    const struct replay_query *x = a;
    const struct replay_query *y = b;
    double first = (1 - x->rbo) * x->line->count;
    double second = (1 - y->rbo) * y->line->count;
    if (first != second)
        return first > second ? -1 : 1;
    return str_compare(x->line->text, y->line->text);
}

void replay_make(struct replay *out, const struct queries *queries, const struct retrieval found[2], size_t depth)
{
    double same = 0;
    double unchanged = 0;
    double overlaps = 0;
    double rbo = 0;
    *out = (struct replay){.query_count = queries->list.count};
    arena_init(&out->arena, 0);
    out->queries = ARENA_ARRAY(&out->arena, struct replay_query, queries->list.count + 1);
    for (size_t i = 0; i < queries->list.count; i++) {
        const struct query_line *line = &queries->list.items[i];
        const struct found *a = &found[0].found[i];
        const struct found *b = &found[1].found[i];
        struct replay_query *q = &out->queries[i];
        *q = (struct replay_query){
            line, overlap(a, b, depth), rank_biased_overlap(a, b, depth, persistence), false, {a->count, b->count}};
        q->first = same_order(a, b, 1);
        out->searches += line->count;
        overlaps += q->overlap * line->count;
        rbo += q->rbo * line->count;
        same += q->first ? line->count : 0;
        unchanged += same_order(a, b, depth) ? line->count : 0;
    }
    double searches = out->searches > 0 ? out->searches : 1;
    out->churn = 1 - overlaps / searches;
    out->rbo = rbo / searches;
    out->first_same = same / searches;
    out->unchanged = unchanged / searches;
    for (int side = 0; side < 2; side++)
        measure_side(&out->sides[side], queries, &found[side], depth);
    qsort(out->queries, out->query_count, sizeof(*out->queries), by_change);
}

void replay_release(struct replay *r)
{
    arena_release(&r->arena);
}
