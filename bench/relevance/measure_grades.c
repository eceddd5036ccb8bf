/* Measures of grades. The order of additions is that of trec_eval, so that the last bit is the same. */
#include <math.h>
#include <stdlib.h>

#include "bench/relevance/measure_internal.h"

/* ---- with gains of one's own: ndcg, ndcg_rel, Rndcg, G ---- */

/* What each grade is worth, and the gains of the ideal order as far as they are above 0. */
struct worth {
    struct gain *gains; /* ascending */
    size_t gain_count;
    double top; /* the highest gain that a grade has, whether a document has the grade or not */
    double *ideal;
    long ideal_count;
};

/* trec_eval compares gains by the whole part of their difference: closer ones stay in the order they are in. */
static int by_gain(const void *a, const void *b)
{
    return (int)(((const struct gain *)a)->gain - ((const struct gain *)b)->gain);
}

static void ideal_order(struct worth *w, const struct ranking *r, struct arena *arena)
{
    long known = 0;
    for (long grade = 0; grade < r->level_count; grade++)
        known += r->level_counts[grade];
    w->ideal = arena_alloc(arena, ((size_t)known + 1) * sizeof(double));
    double gain = w->top;
    long level = (long)w->gain_count - 1;
    for (long taken = 1; gain > 0; taken++) {
        for (; level >= 0 && taken > w->gains[level].count; taken = 1) {
            level--;
            gain = level >= 0 ? w->gains[level].gain : 0;
        }
        if (gain > 0)
            w->ideal[w->ideal_count++] = gain;
    }
}

static struct worth worth_of(const struct measure *m, const struct ranking *r, struct arena *arena)
{
    struct worth w = {0};
    w.gains = arena_alloc(arena, (m->parameter_count + (size_t)r->level_count + 1) * sizeof(*w.gains));
    for (size_t i = 0; i < m->parameter_count; i++)
        w.gains[w.gain_count++] = (struct gain){m->grades[i], 0, m->parameters[i]};
    for (long grade = 0; grade < r->level_count; grade++) {
        size_t at = 0;
        while (at < w.gain_count && w.gains[at].grade != grade)
            at++;
        if (at == w.gain_count)
            w.gains[w.gain_count++] = (struct gain){grade, 0, (double)grade};
        w.gains[at].count = r->level_counts[grade];
    }
    qsort(w.gains, w.gain_count, sizeof(*w.gains), by_gain);
    w.top = w.gain_count ? w.gains[w.gain_count - 1].gain : 0;
    ideal_order(&w, r, arena);
    return w;
}

static double gain_at(const struct worth *w, const struct ranking *r, long i)
{
    for (size_t k = 0; k < w->gain_count; k++) {
        if (w->gains[k].grade == r->grades[i])
            return w->gains[k].gain;
    }
    return 0;
}

static double discounted(double gain, long i)
{
    return gain != 0 ? gain / log2((double)(i + 2)) : 0;
}

static double ideal_dcg(const struct worth *w)
{
    double sum = 0;
    for (long i = 0; i < w->ideal_count; i++)
        sum += discounted(w->ideal[i], i);
    return sum;
}

MEASURE(measure_ndcg)
{
    struct worth w = worth_of(m, r, arena);
    double ideal = ideal_dcg(&w);
    double sum = 0;
    for (long i = 0; i < r->count; i++)
        sum += discounted(gain_at(&w, r, i), i);
    if (ideal > 0)
        values[0] = sum / ideal;
}

/* nDCG averaged over the places of relevant documents; those not retrieved count with the value at the end. */
MEASURE(measure_ndcg_relevant)
{
    struct worth w = worth_of(m, r, arena);
    double dcg = 0;
    double ideal = 0;
    double sum = 0;
    long found = 0;
    for (long i = 0; i < r->count; i++) {
        double gain = gain_at(&w, r, i);
        dcg += discounted(gain, i);
        ideal += i < w.ideal_count ? discounted(w.ideal[i], i) : 0;
        if (gain > 0) {
            sum += dcg / ideal;
            found++;
        }
    }
    ideal = ideal_dcg(&w);
    sum += (double)(w.ideal_count - found) * dcg / ideal;
    if (sum > 0)
        values[0] = sum / (double)w.ideal_count;
}

/* nDCG averaged over the places where the ideal gain changes, and the end. */
MEASURE(measure_ndcg_levels)
{
    struct worth w = worth_of(m, r, arena);
    double dcg = 0;
    double ideal = 0;
    double sum = 0;
    double before = w.top;
    long changes = 0;
    long at = 0;
    if (r->relevant_known == 0)
        return;
    for (; at <= w.ideal_count && w.top > 0; at++) {
        double gain = at < w.ideal_count ? w.ideal[at] : 0;
        if (gain != before && ideal > 0) {
            sum += dcg / ideal;
            changes++;
        }
        before = gain;
        dcg += at < r->count ? discounted(gain_at(&w, r, at), at) : 0;
        ideal += discounted(gain, at);
    }
    if (at < r->count) {
        for (; at < r->count; at++)
            dcg += discounted(gain_at(&w, r, at), at);
        if (ideal > 0) {
            sum += dcg / ideal;
            changes++;
        }
    }
    values[0] = sum / (double)changes;
}

/* The discount is by what could have been gained so far and was not, instead of by rank. */
MEASURE(measure_g)
{
    struct worth w = worth_of(m, r, arena);
    double gained = 0;
    double cost = 0;
    double sum = 0;
    double ideal = 0;
    for (long i = 0; i < r->count; i++) {
        double gain = gain_at(&w, r, i);
        double best = i < w.ideal_count ? w.ideal[i] : 0;
        gained += gain;
        cost += best >= 1 ? best : 1;
        if (gain != 0)
            sum += gain / log2(2 + cost - gained);
    }
    for (long i = 0; i < w.ideal_count; i++)
        ideal += w.ideal[i];
    if (ideal > 0)
        values[0] = sum / ideal;
}

/* ---- by cutoff ---- */

enum ideal { IDEAL_ALL, IDEAL_LOCAL, IDEAL_HIT };

static double gain_of(long grade, bool exponential)
{
    return grade <= 0 ? 0 : exponential ? exp2((double)grade) - 1 : (double)grade;
}

static double dcg_within(const struct ranking *r, long depth, bool exponential)
{
    double sum = 0;
    for (long i = 0; i < r->count && i < depth; i++) {
        if (r->grades[i] > 0)
            sum += gain_of(r->grades[i], exponential) / log2((double)(i + 2));
    }
    return sum;
}

/* The DCG of the first places when documents are ordered by grade, given how many have each. */
static double best_dcg(const long *level_counts, long level_count, long depth, bool exponential)
{
    double sum = 0;
    long at = 0;
    for (long grade = level_count - 1; grade > 0; grade--) {
        for (long k = 0; k < level_counts[grade] && at < depth; k++, at++)
            sum += gain_of(grade, exponential) / log2((double)(at + 2));
    }
    return sum;
}

static double ndcg_within(const struct ranking *r, long depth, bool exponential, enum ideal ideal, struct arena *arena)
{
    const long *counts = r->level_counts;
    double best;
    if (ideal == IDEAL_LOCAL) {
        long *local = ARENA_ARRAY(arena, long, (size_t)r->level_count + 1);
        for (long i = 0; i < r->count && i < depth; i++) {
            if (r->grades[i] >= 0)
                local[r->grades[i]]++;
        }
        counts = local;
    }
    best = best_dcg(counts, r->level_count, ideal == IDEAL_HIT && r->count < depth ? r->count : depth, exponential);
    double sum = dcg_within(r, depth, exponential);
    return best > 0 ? sum / best : sum;
}

static void ndcg_cuts(const struct measure *m, const struct ranking *r, struct arena *arena, double *values,
                      const void *exponential_and_ideal)
{
    const int *how = exponential_and_ideal;
    for (size_t k = 0; k < m->value_count; k++)
        values[k] = ndcg_within(r, (long)m->parameters[k], how[0], (enum ideal)how[1], arena);
}

MEASURE(measure_ndcg_cut)
{
    ndcg_cuts(m, r, arena, values, (const int[]){false, IDEAL_ALL});
}

MEASURE(measure_ndcg_exp)
{
    ndcg_cuts(m, r, arena, values, (const int[]){true, IDEAL_ALL});
}

MEASURE(measure_ndcg_local)
{
    ndcg_cuts(m, r, arena, values, (const int[]){false, IDEAL_LOCAL});
}

MEASURE(measure_ndcg_hit)
{
    ndcg_cuts(m, r, arena, values, (const int[]){false, IDEAL_HIT});
}

MEASURE(measure_ndcg_exp_local)
{
    ndcg_cuts(m, r, arena, values, (const int[]){true, IDEAL_LOCAL});
}

MEASURE(measure_ndcg_exp_hit)
{
    ndcg_cuts(m, r, arena, values, (const int[]){true, IDEAL_HIT});
}

MEASURE(measure_ndcg_judged)
{
    struct ranking judged = ranking_judged(r, arena);
    measure_ndcg_cut(m, &judged, arena, values);
}

MEASURE(measure_err)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++) {
        double unsatisfied = 1;
        for (long i = 0; i < r->count && (double)i < m->parameters[k]; i++) {
            double satisfied = gain_of(r->grades[i], true) / exp2(r->top_grade > 1 ? r->top_grade : 1);
            values[k] += unsatisfied * satisfied / (double)(i + 1);
            unsatisfied *= 1 - satisfied;
        }
    }
}
