#include "tests/support/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/hash.h"

struct random random_of_seed(uint64_t seed)
{
    return (struct random){seed};
}

struct random random_start(const char *test)
{
    uint64_t seed;
    const char *given = getenv("AISLE_TEST_SEED");
    if (given) {
        seed = strtoull(given, NULL, 10);
    } else {
        random_bytes(&seed, sizeof(seed));
    }
    printf("%s: AISLE_TEST_SEED=%" PRIu64 "\n", test, seed);
    fflush(stdout);
    return random_of_seed(seed);
}

/* splitmix64. */
uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t random_below(struct random *r, uint64_t bound)
{
    return random_next(r) % bound;
}

bool random_chance(struct random *r, unsigned percent)
{
    return random_below(r, 100) < percent;
}

void random_fill(struct random *r, void *to, size_t size)
{
    uint8_t *bytes = to;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)random_next(r);
    }
}

size_t random_rounds(size_t normal, size_t when_long)
{
    return getenv("AISLE_TEST_LONG") ? when_long : normal;
}
