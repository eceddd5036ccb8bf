#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/base/options.h"

static bool flag;
static int64_t number;
static uint64_t size;
static const char *text;
static const char *choice;
static bool other;
static double real;
static struct option_list list;

static const struct option_row rows[] = {
    {.name = "flag", .type = OPTION_FLAG, .value = &flag, .help = "a flag"},
    {.name = "number", .type = OPTION_INT, .value = &number, .argument = "N", .min = -5, .max = 10, .help = "a number"},
    {.name = "size",
     .type = OPTION_SIZE,
     .value = &size,
     .argument = "SIZE",
     .min = 10,
     .max = 1 << 30,
     .help = "bytes"},
    {.name = "text", .type = OPTION_TEXT, .value = &text, .argument = "TEXT", .help = "a text"},
    {.name = "choice", .type = OPTION_CHOICE, .value = &choice, .choices = "one|two", .help = "a word"},
    {.name = "real|r", .type = OPTION_NUMBER, .value = &real, .argument = "X", .help = "a real number"},
    {.name = "item|i", .type = OPTION_LIST, .value = &list, .argument = "ITEM", .help = "items"},
    {.name = "other|o", .type = OPTION_FLAG, .value = &other, .help = "another flag"},
};
static const struct options options = {"program [options]", "About it.", rows, sizeof(rows) / sizeof(rows[0])};

/* Parses a command line of words with one space between them. */
static enum status parse(const char *line, char **argv, int *positional_count, struct error *err)
{
    static char name[] = "program";
    static char words[256];
    int argc = 1;
    snprintf(words, sizeof(words), "%s", line);
    argv[0] = name;
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    flag = false;
    number = 1;
    size = 1000;
    text = "default";
    choice = "one";
    real = 0;
    other = false;
    list = (struct option_list){0};
    return options_parse(&options, argc, argv, positional_count, err);
}

static void test_values(void **state)
{
    (void)state;
    char *argv[16];
    int count = -1;
    struct error err = {0};
    assert_int_equal(parse("", argv, &count, &err), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(number, 1);
    assert_int_equal(parse("a --flag --number -3 b --size=64k --text x=y --choice two - -- --flag", argv, &count, &err),
                     STATUS_OK);
    assert_true(flag);
    assert_int_equal(number, -3);
    assert_int_equal(size, 65536);
    assert_string_equal(text, "x=y");
    assert_string_equal(choice, "two");
    assert_int_equal(count, 4);
    assert_string_equal(argv[1], "a");
    assert_string_equal(argv[2], "b");
    assert_string_equal(argv[3], "-");
    assert_string_equal(argv[4], "--flag");
}

static void refuses(const char *line, const char *message)
{
    char *argv[16];
    int count = 0;
    struct error err = {0};
    assert_int_equal(parse(line, argv, &count, &err), STATUS_INPUT);
    assert_string_equal(err.message, message);
}

static void test_errors(void **state)
{
    (void)state;
    refuses("--nothing", "unknown option '--nothing'; --help lists them");
    refuses("-x", "unknown option '-x'; --help lists them");
    refuses("--flag=1", "option '--flag' takes no value");
    refuses("--number", "option '--number' needs a value: N");
    refuses("--choice", "option '--choice' needs a value: one|two");
    refuses("--number=x", "option '--number' takes a whole number, not 'x'");
    refuses("--number 11", "option '--number' is 11, but must be -5 to 10");
    refuses("--size 2x", "option '--size' takes a size such as 64k, 2M or 1.5GiB, not '2x'");
    refuses("--size 5", "option '--size' is 5 bytes, but must be 10 to 1073741824 bytes");
    refuses("--choice three", "option '--choice' is 'three', but must be one of one|two");
}

static void test_letters(void **state)
{
    (void)state;
    char *argv[16];
    int count = -1;
    struct error err = {0};
    assert_int_equal(parse("-o -r 2.5 x -i a -ib --item=c", argv, &count, &err), STATUS_OK);
    assert_true(other && real == 2.5);
    assert_int_equal(count, 1);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0], "a");
    assert_string_equal(list.items[1], "b");
    assert_string_equal(list.items[2], "c");
    assert_int_equal(parse("-or-1e3", argv, &count, &err), STATUS_OK);
    assert_true(other && real == -1000);
    assert_int_equal(parse("-ox", argv, &count, &err), STATUS_INPUT);
    assert_string_equal(err.message, "unknown option '-ox'; --help lists them");
    assert_int_equal(parse("-o -r", argv, &count, &err), STATUS_INPUT);
    assert_string_equal(err.message, "option '-r' needs a value: X");
    assert_int_equal(parse("--real z", argv, &count, &err), STATUS_INPUT);
    assert_string_equal(err.message, "option '--real' takes a number, not 'z'");
}

static void test_sizes(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    static const struct {
        const char *text;
        uint64_t bytes;
    } right[] = {{"100", 100},    {"0", 0},
                 {"512b", 512},   {"64k", 65536},
                 {"2M", 2097152}, {"1.5GiB", 1610612736},
                 {"1g", 1 << 30}, {"2TB", UINT64_C(2) << 40},
                 {"16KB", 16384}};
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_true(options_parse_size(str_from(right[i].text), &bytes));
        assert_true(bytes == right[i].bytes);
    }
    static const char *const wrong[] = {"", "k", "1.5", "-1", "1x", "1kk", "1iB", "1..5k", "99999999999T", "1 k"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(options_parse_size(str_from(wrong[i]), &bytes));
    }
}

/* --help prints every row and ends the process well; so it runs in a child. */
static void test_help(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *argv[16];
        int count = 0;
        struct error err;
        dup2(ends[1], STDOUT_FILENO);
        _exit(parse("--help", argv, &count, &err) == STATUS_OK ? 98 : 99);
    }
    close(ends[1]);
    char help[4096] = {0};
    size_t used = 0;
    ssize_t got;
    while ((got = read(ends[0], help + used, sizeof(help) - 1 - used)) > 0) {
        used += (size_t)got;
    }
    close(ends[0]);
    int code = -1;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    assert_non_null(strstr(help, "usage: program [options]\n\nAbout it.\n"));
    assert_non_null(strstr(help, "  --number N                a number (default 1, -5 to 10)\n"));
    assert_non_null(strstr(help, "  --choice one|two          a word (default one)\n"));
    assert_non_null(strstr(help, "--flag"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_errors), cmocka_unit_test(test_letters),
        cmocka_unit_test(test_sizes),  cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
