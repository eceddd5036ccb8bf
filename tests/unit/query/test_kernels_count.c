/* Histograms of masked codes: each kernel that this processor has, against counting one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/query/kernels_count.h"
#include "tests/support/random.h"

enum { ROUNDS = 600 };

/* Of each 64 documents about so many are in; whole words are left out at times. */
static void fill_mask(struct random *r, struct mask *m, uint32_t count)
{
    uint64_t share = 1 + random_below(r, 64);

    mask_clear(m);
    for (uint32_t i = 0; i < count; i++) {
        if (random_below(r, 64) < share && !(i / 64 % 3 == 1 && share < 20))
            mask_set(m, i);
    }
}

static void check_u8(struct random *r, const struct count_kernels *k)
{
    uint32_t count = (uint32_t)random_below(r, WINDOW_DOCS + 1), values = 1 + (uint32_t)random_below(r, 256);
    uint32_t limit = random_chance(r, 80) ? values - 1 : (uint32_t)random_below(r, 300);
    uint8_t *codes = malloc(count + 1); /* not a byte behind the documents may be read */
    uint32_t own[256], due[256];
    struct mask m;

    for (uint32_t i = 0; i < count; i++)
        codes[i] = (uint8_t)random_below(r, values);
    for (uint32_t i = 0; i < 256; i++)
        own[i] = due[i] = i;
    fill_mask(r, &m, count);
    k->u8(codes, &m, limit, own);
    for (uint32_t i = 0; i < count; i++)
        due[codes[i]] += mask_has(&m, i) && codes[i] <= limit;
    free(codes);
    for (uint32_t i = 1; i < 256; i++) {
        if (own[i] != due[i])
            fail_msg("%s, u8: code %u of %u is counted %u times, not %u", k->name, i, values, own[i] - i, due[i] - i);
    }
}

static void check_u16(struct random *r, const struct count_kernels *k)
{
    uint32_t count = (uint32_t)random_below(r, WINDOW_DOCS + 1), values = 1 + (uint32_t)random_below(r, 65536);
    uint32_t limit = random_chance(r, 80) ? values - 1 : (uint32_t)random_below(r, values);
    uint16_t *codes = malloc((count + 1) * sizeof(*codes));
    uint32_t *own = calloc(values, sizeof(*own)), *due = calloc(values, sizeof(*due));
    struct mask m;

    for (uint32_t i = 0; i < count; i++)
        codes[i] = (uint16_t)random_below(r, values);
    fill_mask(r, &m, count);
    k->u16(codes, &m, limit, own);
    for (uint32_t i = 0; i < count; i++)
        due[codes[i]] += mask_has(&m, i) && codes[i] <= limit;
    for (uint32_t i = 1; i < values; i++) {
        if (own[i] != due[i])
            fail_msg("%s, u16: code %u of %u is counted %u times, not %u", k->name, i, values, own[i], due[i]);
    }
    free(codes);
    free(own);
    free(due);
}

static void test_kernels_count_alike(void **state)
{
    (void)state;
    struct random r = random_start("kernels_count");
    uint32_t fitting = 0;

    for (uint32_t k = 0; k < COUNT_KERNELS_COUNT; k++) {
        if (!COUNT_KERNELS[k].fits()) {
            printf("skipped: this processor has no %s\n", COUNT_KERNELS[k].name);
            continue;
        }
        fitting++;
        for (int i = 0; i < ROUNDS; i++) {
            check_u8(&r, &COUNT_KERNELS[k]);
            check_u16(&r, &COUNT_KERNELS[k]);
        }
    }
    assert_true(fitting > 0 && count_kernels()->fits());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernels_count_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
