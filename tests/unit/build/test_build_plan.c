/* Plans of many sizes keep within the memory where that is possible at all. */
#include "indexer/build/build_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/limits.h"

#define MIB ((size_t)1 << 20)

static void check(uint64_t objects, uint32_t shards, size_t memory, size_t processors)
{
    struct build_plan p = build_plan_of(objects, shards, memory, processors);
    uint64_t each = (objects + p.shards - 1) / p.shards * BUILDER_OBJECT_BYTES;

    assert_in_range(p.shards, 1, LIMIT_SHARDS);
    assert_int_equal(p.shards, shards ? shards : p.shards);
    assert_in_range(p.parallel, 1, processors < p.shards ? processors : p.shards);
    assert_true(p.builder_bytes >= 8 * MIB);
    if (each <= memory / 2)
        assert_true(p.parallel * (each + p.builder_bytes) + p.suggest_bytes <= memory + p.parallel * 8 * MIB);
    else
        assert_true(shards || p.shards == LIMIT_SHARDS || each <= memory / 4 * 3);
}

static void test_within_memory(void **state)
{
    (void)state;
    for (size_t memory = 64 * MIB; memory <= 16384 * MIB; memory *= 2) {
        for (uint64_t objects = 1; objects < 100000000; objects = objects * 3 + 1) {
            for (size_t processors = 1; processors <= 64; processors *= 4) {
                check(objects, 0, memory, processors);
                check(objects, 3, memory, processors);
            }
        }
    }
}

static void test_few_shards(void **state)
{
    (void)state;
    assert_int_equal(build_plan_of(0, 0, 1024 * MIB, 2).shards, 1);
    assert_int_equal(build_plan_of(2000000, 0, 8192 * MIB, 2).shards, 1);
    assert_int_equal(build_plan_of(2000001, 0, 8192 * MIB, 2).shards, 2);
    assert_int_equal(build_plan_of(10000000, 0, 8192 * MIB, 2).shards, 6);
    assert_int_equal(build_plan_of(10000000, 0, 8192 * MIB, 2).parallel, 2);
    assert_true(build_plan_of(1000000, 0, 64 * MIB, 2).shards > 10);
    assert_int_equal(build_plan_of(1000000, 0, 64 * MIB, 2).parallel, 1);
    assert_in_range(build_plan_memory(), 1024 * MIB, 8192 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_within_memory), cmocka_unit_test(test_few_shards)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
