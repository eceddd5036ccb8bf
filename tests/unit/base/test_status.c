#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/base/log.h"
#include "indexer/base/str.h"

static void test_error(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, STATUS_INPUT, "'%s' is wrong", "x"), STATUS_INPUT);
    assert_int_equal(err.code, STATUS_INPUT);
    assert_string_equal(err.message, "'x' is wrong");
    error_prefix(&err, "line %d", 7);
    assert_string_equal(err.message, "line 7: 'x' is wrong");
    assert_int_equal(err.code, STATUS_INPUT);
    assert_int_equal(error_set(NULL, STATUS_LIMIT, "nobody reads this"), STATUS_LIMIT);
    error_prefix(NULL, "nor this");
    errno = ENOENT;
    assert_int_equal(error_errno(&err, "cannot open '%s'", "f"), STATUS_IO);
    assert_string_equal(err.message, "cannot open 'f': No such file or directory");
    errno = ENOSPC;
    assert_int_equal(error_errno(&err, "write"), STATUS_FULL);
    assert_int_equal(err.code, STATUS_FULL);
}

/* Long messages are cut between code points, wherever the limit falls. */
static void test_cut(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        struct error err = {0};
        char text[400];
        int size = sprintf(text, "%.*s", shift, "xxx");
        for (; size < 380; size += 3) {
            strcpy(text + size, "\xE2\x82\xAC");
        }
        assert_int_equal(error_set(&err, STATUS_INPUT, "%s", text), STATUS_INPUT);
        assert_true(strlen(err.message) > 250);
        assert_true(str_utf8_valid(str_from(err.message), NULL));
        error_prefix(&err, "a prefix");
        assert_true(str_starts_with(str_from(err.message), STR("a prefix: ")));
        assert_true(str_utf8_valid(str_from(err.message), NULL));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_NOT_FOUND), "not found");
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name((enum status)99), "unknown");
}

/* What a child process says on stderr, and its exit code. */
static int stderr_of(void (*run)(void), char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t got;
    while ((got = read(ends[0], text + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    text[used] = '\0';
    close(ends[0]);
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void run_fatal(void)
{
    fatal("no %s", "memory");
}

static void run_huge(void)
{
    void *p = xrealloc_array(NULL, SIZE_MAX / 2, 4);
    _exit(p != NULL);
}

static void run_log(void)
{
    log_write(LOG_DEBUG, "hidden");
    log_warn("two\nlines %d", 2);
    log_set_level(LOG_ERROR);
    log_warn("hidden");
    log_error("%01500d", 1);
}

static void test_fatal(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(stderr_of(run_fatal, text, sizeof(text)), 3);
    assert_string_equal(text, "fatal: no memory\n");
    assert_int_equal(stderr_of(run_huge, text, sizeof(text)), 3);
    assert_non_null(strstr(text, "out of memory"));
}

static void test_log(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(stderr_of(run_log, text, sizeof(text)), 0);
    char *second = strchr(text, '\n');
    assert_non_null(second);
    *second++ = '\0';
    assert_string_equal(text + 24, " warn two lines 2");
    assert_memory_equal(second + 24, " error 000", 10);
    assert_int_equal(strlen(second), 1024); /* cut, and still a line */
    assert_int_equal(second[1023], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error), cmocka_unit_test(test_cut), cmocka_unit_test(test_names),
        cmocka_unit_test(test_fatal), cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
