/* Measures of counts and of results as a set. */
#include "bench/relevance/measure_internal.h"

MEASURE(measure_count_results)
{
    (void)m, (void)arena;
    values[0] = (double)r->count;
}

MEASURE(measure_count_relevant)
{
    (void)m, (void)arena;
    values[0] = (double)r->relevant_known;
}

MEASURE(measure_count_relevant_results)
{
    (void)m, (void)arena;
    values[0] = (double)r->relevant_count;
}

MEASURE(measure_count_judged_nonrelevant)
{
    (void)m, (void)arena;
    values[0] = (double)(r->count - r->outside_count - r->unknown_count - r->relevant_count);
}

MEASURE(measure_set_precision)
{
    (void)m, (void)arena;
    if (r->count)
        values[0] = (double)r->relevant_count / (double)r->count;
}

MEASURE(measure_set_relative_precision)
{
    (void)m, (void)arena;
    if (r->count && r->relevant_known)
        values[0] = (double)r->relevant_count / (double)(r->count < r->relevant_known ? r->count : r->relevant_known);
}

MEASURE(measure_set_recall)
{
    (void)m, (void)arena;
    if (r->relevant_known)
        values[0] = (double)r->relevant_count / (double)r->relevant_known;
}

MEASURE(measure_set_map)
{
    (void)m, (void)arena;
    if (r->count && r->relevant_known)
        values[0] =
            (double)r->relevant_count * (double)r->relevant_count / ((double)r->count * (double)r->relevant_known);
}

MEASURE(measure_set_f)
{
    (void)arena;
    if (r->relevant_count) {
        double precision = (double)r->relevant_count / (double)r->count;
        double recall = (double)r->relevant_count / (double)r->relevant_known;
        double x = m->parameters[0];
        values[0] = (x + 1) * precision * recall / (x * precision + recall);
    }
}

MEASURE(measure_utility)
{
    (void)arena;
    const double *p = m->parameters;
    long misses = r->relevant_known - r->relevant_count;
    long rest = r->collection_size + r->relevant_count - r->count - r->relevant_known;
    values[0] = p[0] * (double)r->relevant_count + p[1] * (double)(r->count - r->relevant_count) +
                p[2] * (double)misses + p[3] * (double)rest;
}
