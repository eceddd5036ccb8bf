#ifndef AISLE_TESTS_SUPPORT_RANDOM_H
#define AISLE_TESTS_SUPPORT_RANDOM_H

/*
 * Random input for property tests. The seed is printed, so that a failure can be run again: AISLE_TEST_SEED=N takes
 * its place. Not thread-safe.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* A new seed, or the one of AISLE_TEST_SEED; prints it with the test's name. */
struct random random_start(const char *test);
struct random random_of_seed(uint64_t seed);

uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t bound); /* 0..bound-1; bound at least 1 */
bool random_chance(struct random *r, unsigned percent);
void random_fill(struct random *r, void *to, size_t size);

/* How often a property is tried: more with AISLE_TEST_LONG. */
size_t random_rounds(size_t normal, size_t when_long);

#endif
