#ifndef AISLE_BASE_OPTIONS_H
#define AISLE_BASE_OPTIONS_H

/*
 * Command lines. An option is a row in a table: name, type, default, range, help; the table gives parsing, validation
 * and --help. `--name value` and `--name=value` are taken; a row named "name|n" also takes `-n value`, `-nvalue` and,
 * for flags, bundles as `-nq`. `--` ends the options; what is left are positional arguments.
 */
#include "indexer/base/status.h"
#include "indexer/base/str.h"

enum option_type {
    OPTION_FLAG,   /* bool */
    OPTION_INT,    /* int64_t within min..max */
    OPTION_SIZE,   /* uint64_t bytes: 512, 64k, 2M, 1.5GiB; within min..max */
    OPTION_TEXT,   /* const char *, borrowed from argv */
    OPTION_CHOICE, /* const char *, one of the words in `choices` ("a|b|c") */
    OPTION_NUMBER, /* double */
    OPTION_LIST    /* struct option_list: may be given again and again; borrowed from argv */
};

enum { OPTION_LIST_MOST = 64 };

struct option_list {
    const char *items[OPTION_LIST_MOST];
    size_t count;
};

struct option_row {
    const char *name; /* without the dashes; "level|l" has a letter, too */
    enum option_type type;
    void *value;          /* where it goes; holds the default before parsing */
    const char *argument; /* its name in --help, such as DIR */
    int64_t min, max;     /* both 0: no range */
    const char *choices;
    const char *help;
};

struct options {
    const char *usage; /* "aisle-indexer build --data DIR --index NAME [options] FEED..." */
    const char *about; /* one paragraph */
    const struct option_row *rows;
    size_t row_count;
};

/* Parses argv[1..]; positional arguments are moved to the front of argv, *positional_count of them, starting at
 * argv[1]. STATUS_INPUT with a message that names the option and what would be right. `--help` prints the help to
 * stdout and exits with 0. */
MUST_CHECK enum status options_parse(const struct options *options, int argc, char **argv, int *positional_count,
                                     struct error *err);
void options_print_help(const struct options *options);

/* "64k", "2M", "1.5GiB", "100" -> bytes. */
bool options_parse_size(struct str text, uint64_t *bytes);

#endif
