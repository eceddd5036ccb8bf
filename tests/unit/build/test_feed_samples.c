/* Every feed in feeds/ gives exactly what the file NAME.expected beside it says. With AISLE_WRITE_EXPECTED set the
 * files are written instead: read the difference before you keep it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "tests/unit/build/feed_outcome.h"

#define FOLDER "tests/unit/build/feeds"

static void check_sample(const char *name)
{
    char path[256];
    struct buf got = BUF_EMPTY;
    struct buf expected = BUF_EMPTY;
    struct error err = {0};
    struct outcome o = {.out = &got};
    snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
    enum status status = outcome_of(&o, path, NULL, &err);
    assert_int_equal(o.accepted + o.rejected, o.info.items);
    assert_int_equal(status == STATUS_FORMAT, o.info.broken);
    snprintf(path, sizeof(path), "%s/%s.expected", FOLDER, name);
    if (getenv("AISLE_WRITE_EXPECTED")) {
        assert_int_equal(file_replace(path, buf_str(&got), &err), STATUS_OK);
    }
    assert_int_equal(file_read_all(path, &expected, 1 << 20, &err), STATUS_OK);
    buf_append_char(&got, '\0');
    buf_append_char(&expected, '\0');
    if (strcmp(got.data, expected.data) != 0) {
        fail_msg("%s gives\n%swhere was expected\n%s", name, got.data, expected.data);
    }
    buf_release(&got);
    buf_release(&expected);
}

static void test_samples(void **state)
{
    char **names;
    size_t count;
    size_t checked = 0;
    struct error err = {0};
    (void)state;
    assert_int_equal(dir_list(FOLDER, &names, &count, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        if (!str_ends_with(str_from(names[i]), STR(".expected"))) {
            check_sample(names[i]);
            checked++;
        }
    }
    dir_names_free(names, count);
    assert_true(checked >= 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
