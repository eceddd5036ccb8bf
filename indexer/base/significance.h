#ifndef AISLE_BASE_SIGNIFICANCE_H
#define AISLE_BASE_SIGNIFICANCE_H

/*
 * Whether a difference of means over the same queries is more than chance. Paired t and randomization tests only:
 * Wilcoxon and sign tests find too much (Smucker, Allan and Carterette, CIKM 2007). All that is random comes from a
 * seed, so that the same input gives the same numbers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* splitmix64. */
struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *d);
size_t dice_below(struct dice *d, size_t bound); /* 0..bound-1, each equally likely to 2^-32 */
double dice_real(struct dice *d);                /* 0 <= x < 1 */

double mean_of(const double *values, size_t count); /* 0 of none */

struct interval {
    double low, high;
};
/* Percentile bootstrap of the mean, 95 %: means of `rounds` samples with replacement. */
struct interval bootstrap_mean(const double *values, size_t count, size_t rounds, uint64_t seed);

struct t_test {
    double t;
    double p; /* two-sided; 1 when all differences are 0 */
};
/* Paired t test of differences. */
struct t_test paired_t(const double *differences, size_t count);

/* Fisher's randomization test of differences, two-sided: how often the mean is at least as far from 0 when each
 * difference gets a random sign. Up to 12 differences all signs are tried; else `rounds` of them, the observed ones
 * counted in, so that p is never 0. */
double randomization_p(const double *differences, size_t count, size_t rounds, uint64_t seed);

/* Holm's correction, in place: p[i] becomes what it must be below a level for the family of tests to keep that level
 * (Scandinavian Journal of Statistics, 1979). */
void holm_adjust(double *p, size_t count);

/* The regularized incomplete beta function I_x(a, b), for a, b > 0 and 0 <= x <= 1. */
double incomplete_beta(double a, double b, double x);

#endif
