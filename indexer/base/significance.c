#include "indexer/base/significance.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/status.h"

enum { EXACT_MOST = 12 };

uint64_t dice_next(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

size_t dice_below(struct dice *d, size_t bound)
{
    return (size_t)((dice_next(d) >> 32) * bound >> 32);
}

double dice_real(struct dice *d)
{
    return (double)(dice_next(d) >> 11) * 0x1p-53;
}

double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return count ? sum / (double)count : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct interval bootstrap_mean(const double *values, size_t count, size_t rounds, uint64_t seed)
{
    struct dice dice = {seed};
    struct interval interval = {0, 0};
    if (count == 0 || rounds == 0)
        return interval;
    double *means = xcalloc(rounds, sizeof(*means));
    for (size_t round = 0; round < rounds; round++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += values[dice_below(&dice, count)];
        means[round] = sum / (double)count;
    }
    qsort(means, rounds, sizeof(*means), by_value);
    size_t tail = (size_t)(.025 * (double)rounds);
    interval = (struct interval){means[tail], means[rounds - 1 - tail]};
    free(means);
    return interval;
}

/* The continued fraction of I_x(a, b), by Lentz's method (DLMF 8.17.22). */
static double beta_fraction(double a, double b, double x)
{
    static const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < 500; m++) {
        for (int half = 0; half < 2; half++) {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            double term = half ? odd : even;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            result *= d * c;
        }
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return result;
}

double incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

struct t_test paired_t(const double *differences, size_t count)
{
    struct t_test test = {0, 1};
    double mean = mean_of(differences, count);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (differences[i] - mean) * (differences[i] - mean);
    if (count < 2 || (squares == 0 && mean == 0))
        return test;
    double freedom = (double)(count - 1);
    double error = sqrt(squares / freedom / (double)count);
    test.t = error > 0 ? mean / error : copysign(INFINITY, mean);
    test.p = isinf(test.t) ? 0 : incomplete_beta(freedom / 2, .5, freedom / (freedom + test.t * test.t));
    return test;
}

/* The sum when the signs are those of the bits. */
static double signed_sum(const double *differences, size_t count, uint64_t bits)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += bits >> i & 1 ? -differences[i] : differences[i];
    return sum;
}

static double random_sum(const double *differences, size_t count, struct dice *dice)
{
    double sum = 0;
    for (size_t from = 0; from < count; from += 64)
        sum += signed_sum(differences + from, count - from < 64 ? count - from : 64, dice_next(dice));
    return sum;
}

double randomization_p(const double *differences, size_t count, size_t rounds, uint64_t seed)
{
    struct dice dice = {seed};
    double size = 0;
    size_t as_far = 0;
    for (size_t i = 0; i < count; i++)
        size += fabs(differences[i]);
    /* sums that are equal but for the order of their additions count as equal */
    double limit = fabs(signed_sum(differences, count < 64 ? count : 64, 0));
    if (count > 64)
        limit = fabs(mean_of(differences, count)) * (double)count;
    limit -= size * 1e-12;
    if (count <= EXACT_MOST) {
        size_t all = (size_t)1 << count;
        for (size_t bits = 0; bits < all; bits++)
            as_far += fabs(signed_sum(differences, count, bits)) >= limit;
        return (double)as_far / (double)all;
    }
    for (size_t round = 0; round < rounds; round++)
        as_far += fabs(random_sum(differences, count, &dice)) >= limit;
    return (double)(as_far + 1) / (double)(rounds + 1);
}

void holm_adjust(double *p, size_t count)
{
    bool *done = xcalloc(count + 1, sizeof(*done));
    double highest = 0;
    for (size_t step = 0; step < count; step++) {
        size_t least = SIZE_MAX;
        for (size_t i = 0; i < count; i++) {
            if (!done[i] && (least == SIZE_MAX || p[i] < p[least]))
                least = i;
        }
        done[least] = true;
        double adjusted = p[least] * (double)(count - step);
        highest = adjusted > highest ? adjusted : highest;
        p[least] = highest < 1 ? highest : 1;
    }
    free(done);
}
