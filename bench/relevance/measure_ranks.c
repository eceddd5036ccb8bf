/* Measures of ranks, for which a document is relevant or not. The order of additions and divisions is that of
 * trec_eval, so that the last bit is the same. */
#include <math.h>

#include "bench/relevance/measure_internal.h"

static const double smallest_mean = 1e-5; /* what geometric means are bounded by */

static bool is_relevant(const struct ranking *r, long i)
{
    return r->grades[i] >= r->level;
}

/* The sum of precisions at the relevant among the first `depth` results. */
static double precision_sum(const struct ranking *r, long depth)
{
    double sum = 0;
    long found = 0;
    for (long i = 0; i < r->count && i < depth; i++) {
        if (is_relevant(r, i))
            sum += (double)++found / (double)(i + 1);
    }
    return sum;
}

static long relevant_within(const struct ranking *r, double depth)
{
    long found = 0;
    for (long i = 0; i < r->count && (double)i < depth; i++)
        found += is_relevant(r, i);
    return found;
}

static double average_precision(const struct ranking *r)
{
    double sum = precision_sum(r, r->count);
    return relevant_within(r, (double)r->count) ? sum / (double)r->relevant_known : 0;
}

MEASURE(measure_map)
{
    (void)m, (void)arena;
    values[0] = average_precision(r);
}

MEASURE(measure_log_map)
{
    (void)m, (void)arena;
    double value = average_precision(r);
    values[0] = log(value > smallest_mean ? value : smallest_mean);
}

MEASURE(measure_map_cut)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count && r->relevant_known; k++)
        values[k] = precision_sum(r, (long)m->parameters[k]) / (double)r->relevant_known;
}

MEASURE(measure_r_precision)
{
    (void)m, (void)arena;
    if (r->count && r->relevant_known)
        values[0] = (double)relevant_within(r, (double)r->relevant_known) / (double)r->relevant_known;
}

/* Precision at multiples of the number of relevant documents, rounded up but for a tenth. */
MEASURE(measure_r_multiples)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++) {
        long cutoff = (long)(m->parameters[k] * (double)r->relevant_known + 0.9);
        long behind = relevant_within(r, (double)r->count) - relevant_within(r, (double)cutoff);
        if (cutoff > r->count)
            values[k] = (double)r->relevant_count / (double)cutoff;
        else if (cutoff > 0 && r->relevant_count > behind)
            values[k] = (double)(r->relevant_count - behind) / (double)cutoff;
    }
}

/* Buckley and Voorhees, SIGIR 2004: the part of judged nonrelevant documents that each relevant one is not behind. */
static double binary_preference(const struct ranking *r)
{
    long nonrelevant = 0;
    long above = 0;
    double sum = 0;
    for (long grade = 0; grade < r->level && grade < r->level_count; grade++)
        nonrelevant += r->level_counts[grade];
    for (long i = 0; i < r->count; i++) {
        if (r->grades[i] < 0)
            continue;
        if (!is_relevant(r, i)) {
            above++;
        } else if (above > 0) {
            long most = nonrelevant < r->relevant_known ? nonrelevant : r->relevant_known;
            sum += 1.0 - (double)(above < r->relevant_known ? above : r->relevant_known) / (double)most;
        } else {
            sum += 1;
        }
    }
    return r->relevant_known ? sum / (double)r->relevant_known : sum;
}

MEASURE(measure_bpref)
{
    (void)m, (void)arena;
    values[0] = binary_preference(r);
}

MEASURE(measure_log_bpref)
{
    (void)m, (void)arena;
    double value = binary_preference(r);
    values[0] = log(value > smallest_mean ? value : smallest_mean);
}

/* Yilmaz and Aslam, CIKM 2006: average precision when only a sample of the pool was judged. */
MEASURE(measure_inferred_ap)
{
    (void)m, (void)arena;
    static const double epsilon = 1e-5;
    long nonrelevant = 0;
    long relevant = 0;
    long unknown = 0;
    double sum = 0;
    for (long i = 0; i < r->count; i++) {
        if (r->grades[i] == GRADE_OUTSIDE) {
            continue;
        } else if (r->grades[i] == GRADE_UNKNOWN) {
            unknown++;
        } else if (!is_relevant(r, i)) {
            nonrelevant++;
        } else {
            double before = (double)i;
            double pooled = (double)(relevant + nonrelevant + unknown);
            if (i == 0)
                sum += 1;
            else
                sum += 1.0 / (before + 1.0) +
                       before / (before + 1.0) * (pooled / before) *
                           (((double)relevant + epsilon) / ((double)(relevant + nonrelevant) + 2 * epsilon));
            relevant++;
        }
    }
    values[0] = r->relevant_known ? sum / (double)r->relevant_known : sum;
}

static double reciprocal_rank(const struct ranking *r, double depth)
{
    for (long i = 0; i < r->count && (double)i < depth; i++) {
        if (is_relevant(r, i))
            return 1.0 / (double)(i + 1);
    }
    return 0;
}

MEASURE(measure_reciprocal_rank)
{
    (void)m, (void)arena;
    values[0] = reciprocal_rank(r, (double)r->count);
}

MEASURE(measure_reciprocal_rank_cut)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++)
        values[k] = reciprocal_rank(r, m->parameters[k]);
}

MEASURE(measure_precision)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++)
        values[k] = (double)relevant_within(r, m->parameters[k]) / m->parameters[k];
}

MEASURE(measure_relative_precision)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count && r->relevant_known; k++) {
        double most = (double)r->relevant_known;
        double cutoff = m->parameters[k];
        values[k] = (double)relevant_within(r, cutoff) / (cutoff > most ? most : cutoff);
    }
}

MEASURE(measure_recall)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count && r->relevant_known; k++)
        values[k] = (double)relevant_within(r, m->parameters[k]) / (double)r->relevant_known;
}

MEASURE(measure_success)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++)
        values[k] = relevant_within(r, m->parameters[k]) ? 1 : 0;
}

/* The highest precision at or behind the place where `part` of the relevant documents are found. The precision of
 * nothing out of nothing is not a number, as it is with trec_eval. */
static void interpolate(const struct ranking *r, const double *parts, size_t count, double *values)
{
    double best = (double)r->relevant_count / (double)r->count;
    size_t left = count;
    long found = r->relevant_count;
    while (left > 0 && (long)(parts[left - 1] * (double)r->relevant_known + 0.9) > found)
        left--;
    for (long i = r->count; i > 0 && found > 0; i--) {
        double here = (double)found / (double)i;
        if (best < here)
            best = here;
        if (!is_relevant(r, i - 1))
            continue;
        while (left > 0 && (long)(parts[left - 1] * (double)r->relevant_known + 0.9) == found)
            values[--left] = best;
        found--;
    }
    while (left > 0)
        values[--left] = best;
}

MEASURE(measure_interpolated)
{
    (void)arena;
    interpolate(r, m->parameters, m->parameter_count, values);
}

MEASURE(measure_interpolated_mean)
{
    (void)arena;
    double parts[MEASURE_VALUES] = {0};
    double sum = 0;
    interpolate(r, m->parameters, m->parameter_count, parts);
    for (size_t k = m->parameter_count; k > 0; k--)
        sum += parts[k - 1];
    values[0] = sum / (double)m->parameter_count;
}

MEASURE(measure_binary_g)
{
    (void)m, (void)arena;
    double sum = 0;
    long found = 0;
    for (long i = 0; i < r->count; i++) {
        if (is_relevant(r, i)) {
            found++;
            sum += 1.0 / log2((double)(3 + i - found));
        }
    }
    if (found)
        values[0] = sum / (double)r->relevant_known;
}

/* Robertson, ECIR 2012. */
MEASURE(measure_yaap)
{
    (void)m, (void)arena;
    double sum = precision_sum(r, r->count);
    values[0] = log((1.0 + sum) / (1.0 + (double)r->relevant_known - sum));
}

MEASURE(measure_unjudged)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++) {
        long unjudged = 0;
        for (long i = 0; i < r->count && (double)i < m->parameters[k]; i++)
            unjudged += r->grades[i] < 0;
        values[k] = (double)unjudged / m->parameters[k];
    }
}

MEASURE(measure_rbp)
{
    (void)arena;
    for (size_t k = 0; k < m->value_count; k++) {
        double persistence = m->parameters[k];
        double weight = 1 - persistence;
        for (long i = 0; i < r->count; i++, weight *= persistence)
            values[k] += is_relevant(r, i) ? weight : 0;
    }
}
