/* Two threads, one behind the other. Labels: concurrent */
#include "indexer/build/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "indexer/base/status.h"
#include "tests/unit/build/feed_outcome.h"

struct batch {
    size_t count;
    uint32_t numbers[7];
};

struct sums {
    uint32_t next;
    bool in_order;
};

static void take(void *context, void *batch)
{
    struct sums *s = context;
    struct batch *b = batch;

    for (size_t i = 0; i < b->count; i++)
        s->in_order = s->in_order && b->numbers[i] == s->next++;
    b->count = 0;
}

static void test_order(void **state)
{
    struct batch batches[STAGE_BATCHES] = {0};
    void *given[STAGE_BATCHES];
    struct sums sums = {.in_order = true};
    struct stage *stage = NULL;

    (void)state;
    for (int i = 0; i < STAGE_BATCHES; i++)
        given[i] = &batches[i];
    stage = stage_new("numbers", given, take, &sums);
    for (uint32_t i = 0; i < 10003; i++) {
        struct batch *b = stage_batch(stage);

        assert_true(b->count < 7);
        b->numbers[b->count++] = i;
        if (b->count == 7)
            stage_send(stage);
    }
    stage_send(stage);
    stage_free(stage);
    assert_true(sums.in_order);
    assert_int_equal(sums.next, 10003);
}

static void test_nothing(void **state)
{
    void *given[STAGE_BATCHES] = {NULL};
    struct sums sums = {.in_order = true};

    (void)state;
    stage_free(stage_new("nothing", given, take, &sums));
    stage_free(NULL);
    assert_int_equal(sums.next, 0);
}

/* A feed with bad items among good ones, its end cut off. */
static void write_feed(struct buf *out)
{
    buf_literal(out, "<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n");
    for (int i = 0; i < 3000; i++) {
        const char *price = i % 97 == 5 ? "12,99,1 USD" : "12.99 USD";

        buf_printf(out, "<item>%s<g:title>Lamp %d &amp; more</g:title><g:price>%s</g:price></item>\n", "", i, price);
        if (i % 89 != 7)
            buf_printf(out, "<item><g:id>%d</g:id><g:title>Desk</g:title><g:price>%s</g:price></item>\n", i, price);
    }
    buf_literal(out, "<item><g:id>last</g:id><g:ti");
}

/* The handler sees the same, in the same order, on a thread of its own. */
static void test_relayed_feed(void **state)
{
    struct buf feed = BUF_EMPTY, plain = BUF_EMPTY, relayed = BUF_EMPTY;
    struct outcome a = {.out = &plain}, b = {.out = &relayed, .relayed = true};
    struct error err = {0};

    (void)state;
    write_feed(&feed);
    assert_int_equal(outcome_of_bytes(&a, buf_str(&feed), NULL, &err), STATUS_FORMAT);
    assert_int_equal(outcome_of_bytes(&b, buf_str(&feed), NULL, &err), STATUS_FORMAT);
    assert_true(a.accepted > 2000 && a.rejected > 30);
    assert_int_equal(a.accepted, b.accepted);
    assert_int_equal(a.rejected, b.rejected);
    assert_int_equal(a.info.items, b.info.items);
    assert_true(str_equal(buf_str(&plain), buf_str(&relayed)));
    buf_release(&feed);
    buf_release(&plain);
    buf_release(&relayed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_relayed_feed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
