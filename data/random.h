#ifndef AISLE_DATA_RANDOM_H
#define AISLE_DATA_RANDOM_H

/*
 * The generator's randomness: splitmix64, seeded anew for every product, so that product n is the same whatever was
 * made before it. Not for secrets.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* The finalizer of splitmix64: every bit of the result depends on every bit of x. */
static inline uint64_t random_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline struct random random_of(uint64_t seed, uint64_t number)
{
    return (struct random){random_mix(seed * UINT64_C(0x9e3779b97f4a7c15) + random_mix(number + 1))};
}

static inline uint64_t random_next(struct random *r)
{
    r->state += UINT64_C(0x9e3779b97f4a7c15);
    return random_mix(r->state);
}

/* 0 .. n-1; n > 0 and below 2^32. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)(((random_next(r) >> 32) * n) >> 32);
}

/* 0 <= x < 1 in steps of 2^-53. */
static inline double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

static inline bool random_chance(struct random *r, double probability)
{
    return random_unit(r) < probability;
}

/* 0 .. n-1, the small ones far more often: density as x^-2/3, close to Zipf's law with s = .67, without a pow. */
static inline uint32_t random_skewed(struct random *r, uint32_t n)
{
    double u = random_unit(r);
    return (uint32_t)(u * u * u * n);
}

/* 0 .. n-1 by Zipf's law with exponent 0 < s < 1 (the continuous approximation's inverse). */
static inline uint32_t random_zipf(struct random *r, uint32_t n, double s)
{
    double top = pow((double)n + 1, 1 - s) - 1;
    double x = pow(random_unit(r) * top + 1, 1 / (1 - s));
    uint32_t rank = (uint32_t)(x - 1);
    return rank < n ? rank : n - 1;
}

/* Mean 0, deviation 1, within +-6: the sum of twelve uniform numbers. */
static inline double random_normal(struct random *r)
{
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t bits = random_next(r);
        sum += (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    }
    return (double)sum / 65536.0 - 6 + 12 / 131072.0;
}

#endif
