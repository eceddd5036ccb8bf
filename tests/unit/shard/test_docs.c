/* Stored objects: with and without a shared dictionary, damaged, and from several threads. Labels: concurrent */
#include "indexer/shard/docs.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/vec.h"
#include "tests/support/random.h"

#define TEXTS 400

struct texts {
    struct buf all;
    VEC(size_t) sizes;
};

static void make(struct texts *t, struct random *r)
{
    *t = (struct texts){0};
    for (int i = 0; i < TEXTS; i++) {
        size_t before = t->all.size;

        buf_printf(
            &t->all,
            "{\"objectID\":\"%d\",\"title\":\"A product of some kind\",\"price\":%u,\"brand\":\"B%u\",\"text\":\"%x\"}",
            i, (unsigned)random_below(r, 1000), (unsigned)random_below(r, 9), (unsigned)random_next(r));
        vec_push(&t->sizes, t->all.size - before);
    }
}

static void release(struct texts *t)
{
    buf_release(&t->all);
    vec_release(&t->sizes);
}

static size_t round_trip(const struct docs_dictionary *d, const struct texts *t)
{
    struct docs_compressor *c = docs_compressor_new();
    size_t at = 0, total = 0;

    for (size_t i = 0; i < t->sizes.count; i++) {
        struct str text = str_slice(buf_str(&t->all), at, at + t->sizes.items[i]);
        struct buf small = BUF_EMPTY, back = BUF_EMPTY;
        struct error err = {0};

        docs_compress(c, d, text, &small);
        buf_literal(&back, "before");
        if (docs_decompress(d, buf_str(&small), 1 << 20, &back, &err) != STATUS_OK ||
            !str_equal(str_slice(buf_str(&back), 6, back.size), text))
            abort();
        if (docs_decompress(d, buf_str(&small), text.size - 1, &back, &err) != STATUS_FORMAT)
            abort(); /* over the limit */
        total += small.size;
        at += text.size;
        buf_release(&small);
        buf_release(&back);
    }
    docs_compressor_free(c);
    return total;
}

static void test_round_trip(void **state)
{
    struct random r = random_start("docs");
    struct texts t;
    struct docs_dictionary *trained = NULL, *none = NULL, *copy = NULL;

    (void)state;
    make(&t, &r);
    trained = docs_dictionary_train(buf_str(&t.all), t.sizes.items, t.sizes.count);
    none = docs_dictionary_new((struct str){0});
    copy = docs_dictionary_new(docs_dictionary_bytes(trained));
    assert_true(docs_dictionary_bytes(trained).size > 0);
    assert_int_equal(docs_dictionary_bytes(none).size, 0);
    assert_true(round_trip(trained, &t) * 2 < round_trip(none, &t)); /* what it is for */
    (void)round_trip(copy, &t);
    docs_dictionary_free(copy);
    docs_dictionary_free(none);
    docs_dictionary_free(trained);
    docs_dictionary_free(NULL);
    release(&t);
}

static void test_few_samples_give_no_dictionary(void **state)
{
    size_t sizes[] = {3, 3};
    struct docs_dictionary *d = docs_dictionary_train(STR("abcdef"), sizes, 2);

    (void)state;
    assert_int_equal(docs_dictionary_bytes(d).size, 0);
    docs_dictionary_free(d);
}

static void test_damage(void **state)
{
    struct random r = random_start("docs_damage");
    struct docs_compressor *c = docs_compressor_new();
    struct docs_dictionary *d = docs_dictionary_new((struct str){0});
    struct buf small = BUF_EMPTY;
    size_t refused = 0, rounds = random_rounds(3000, 100000);

    (void)state;
    docs_compress(c, d, STR("{\"objectID\":\"1\",\"title\":\"red red red shoe shoe shoe\"}"), &small);
    for (size_t i = 0; i < rounds; i++) {
        struct buf copy = BUF_EMPTY, back = BUF_EMPTY;

        buf_append_str(&copy, buf_str(&small));
        copy.data[random_below(&r, copy.size)] = (char)random_next(&r);
        refused += docs_decompress(d, str_slice(buf_str(&copy), 0, copy.size - random_below(&r, 3)), 4096, &back,
                                   NULL) != STATUS_OK;
        assert_true(back.size <= 4096);
        buf_release(&copy);
        buf_release(&back);
    }
    assert_true(refused > rounds / 2);
    buf_release(&small);
    docs_dictionary_free(d);
    docs_compressor_free(c);
}

struct job {
    const struct docs_dictionary *dictionary;
    const struct texts *texts;
};

static void *run(void *context)
{
    const struct job *job = context;

    (void)round_trip(job->dictionary, job->texts);
    return NULL;
}

static void test_threads_share_a_dictionary(void **state)
{
    struct random r = random_of_seed(5);
    struct texts t;
    struct job job;
    struct docs_dictionary *d = NULL;
    pthread_t threads[4];

    (void)state;
    make(&t, &r);
    d = docs_dictionary_train(buf_str(&t.all), t.sizes.items, t.sizes.count);
    job = (struct job){d, &t};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &job), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    docs_dictionary_free(d);
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_few_samples_give_no_dictionary),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_threads_share_a_dictionary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
