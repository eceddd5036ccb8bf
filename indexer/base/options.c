#include "indexer/base/options.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/buf.h"
#include "indexer/base/number.h"

bool options_parse_size(struct str text, uint64_t *bytes)
{
    size_t digits = 0;
    while (digits < text.size && ((text.data[digits] >= '0' && text.data[digits] <= '9') || text.data[digits] == '.')) {
        digits++;
    }
    struct str unit = str_slice(text, digits, text.size);
    static const char letters[] = "kmgt";
    unsigned shift = 0;
    if (unit.size) {
        for (size_t i = 0; i < sizeof(letters) - 1; i++) {
            if ((unit.data[0] | 0x20) == letters[i]) {
                shift = 10 * (unsigned)(i + 1);
            }
        }
        struct str tail = shift ? str_slice(unit, 1, unit.size) : unit;
        if (tail.size && !str_equal_nocase(tail, STR("b")) && (!shift || !str_equal_nocase(tail, STR("ib")))) {
            return false;
        }
    }
    struct decimal number;
    if (!decimal_parse(str_slice(text, 0, digits), &number)) {
        return false;
    }
    double value = decimal_to_double(number.units, number.scale) * (double)(UINT64_C(1) << shift);
    if (number.scale == 0) {
        return !__builtin_mul_overflow((uint64_t)number.units, UINT64_C(1) << shift, bytes);
    }
    if (shift == 0 || value >= 9e18) {
        return false; /* half a byte */
    }
    *bytes = (uint64_t)value;
    return true;
}

/* A row's long name. */
static struct str row_name(const struct option_row *row)
{
    struct str rest = str_from(row->name);
    return str_split(&rest, '|');
}

/* Its letter, or 0. */
static char row_letter(const struct option_row *row)
{
    size_t bar = str_find_char(str_from(row->name), '|');
    return bar == SIZE_MAX ? '\0' : row->name[bar + 1];
}

static const struct option_row *find_row(const struct options *options, struct str name)
{
    for (size_t i = 0; i < options->row_count; i++) {
        if (str_equal(name, row_name(&options->rows[i]))) {
            return &options->rows[i];
        }
    }
    return NULL;
}

static const struct option_row *find_letter(const struct options *options, char letter)
{
    for (size_t i = 0; i < options->row_count; i++) {
        if (letter == row_letter(&options->rows[i])) {
            return &options->rows[i];
        }
    }
    return NULL;
}

static bool in_choices(const char *choices, struct str word)
{
    struct str rest = str_from(choices);
    while (rest.data) {
        if (str_equal(str_split(&rest, '|'), word)) {
            return true;
        }
    }
    return false;
}

static bool has_range(const struct option_row *row)
{
    return row->min != 0 || row->max != 0;
}

static enum status set_int(const struct option_row *row, struct str text, struct error *err)
{
    int64_t value;
    if (!str_to_i64(text, &value)) {
        return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' takes a whole number, not '" STR_FMT "'",
                         STR_ARG(row_name(row)), STR_ARG(text));
    }
    if (has_range(row) && (value < row->min || value > row->max)) {
        return error_set(err, STATUS_INPUT,
                         "option '--" STR_FMT "' is %" PRId64 ", but must be %" PRId64 " to %" PRId64,
                         STR_ARG(row_name(row)), value, row->min, row->max);
    }
    *(int64_t *)row->value = value;
    return STATUS_OK;
}

static enum status set_size(const struct option_row *row, struct str text, struct error *err)
{
    uint64_t value;
    if (!options_parse_size(text, &value)) {
        return error_set(err, STATUS_INPUT,
                         "option '--" STR_FMT "' takes a size such as 64k, 2M or 1.5GiB, not '" STR_FMT "'",
                         STR_ARG(row_name(row)), STR_ARG(text));
    }
    if (has_range(row) && (value < (uint64_t)row->min || value > (uint64_t)row->max)) {
        return error_set(err, STATUS_INPUT,
                         "option '--" STR_FMT "' is %" PRIu64 " bytes, but must be %" PRId64 " to %" PRId64 " bytes",
                         STR_ARG(row_name(row)), value, row->min, row->max);
    }
    *(uint64_t *)row->value = value;
    return STATUS_OK;
}

static enum status set_number(const struct option_row *row, const char *text, struct error *err)
{
    char *end;
    double value = strtod(text, &end);
    if (*end || text[strspn(text, "+-.0123456789eE")] || end == text) {
        return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' takes a number, not '%s'", STR_ARG(row_name(row)),
                         text);
    }
    *(double *)row->value = value;
    return STATUS_OK;
}

static enum status add_item(const struct option_row *row, const char *text, struct error *err)
{
    struct option_list *list = row->value;
    if (list->count == OPTION_LIST_MOST) {
        return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' is given more than %d times",
                         STR_ARG(row_name(row)), OPTION_LIST_MOST);
    }
    list->items[list->count++] = text;
    return STATUS_OK;
}

static enum status set_value(const struct option_row *row, const char *text, struct error *err)
{
    switch (row->type) {
    case OPTION_INT:
        return set_int(row, str_from(text), err);
    case OPTION_SIZE:
        return set_size(row, str_from(text), err);
    case OPTION_CHOICE:
        if (!in_choices(row->choices, str_from(text))) {
            return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' is '%s', but must be one of %s",
                             STR_ARG(row_name(row)), text, row->choices);
        }
        *(const char **)row->value = text;
        return STATUS_OK;
    case OPTION_TEXT:
        *(const char **)row->value = text;
        return STATUS_OK;
    case OPTION_NUMBER:
        return set_number(row, text, err);
    case OPTION_LIST:
        return add_item(row, text, err);
    case OPTION_FLAG:
        break;
    }
    assert(!"a flag has no value");
    return STATUS_INPUT;
}

/* The option at argv[*at], and its value if that is the next argument. */
static enum status parse_option(const struct options *options, int argc, char **argv, int *at, struct error *err)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    struct str key = equals ? (struct str){name, (size_t)(equals - name)} : str_from(name);
    if (str_equal(key, STR("help"))) {
        options_print_help(options);
        exit(0);
    }
    const struct option_row *row = find_row(options, key);
    if (!row) {
        return error_set(err, STATUS_INPUT, "unknown option '--" STR_FMT "'; --help lists them", STR_ARG(key));
    }
    if (row->type == OPTION_FLAG) {
        if (equals) {
            return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' takes no value", STR_ARG(key));
        }
        *(bool *)row->value = true;
        return STATUS_OK;
    }
    const char *text = equals ? equals + 1 : *at + 1 < argc ? argv[++*at] : NULL;
    if (!text) {
        return error_set(err, STATUS_INPUT, "option '--" STR_FMT "' needs a value: %s", STR_ARG(key),
                         row->argument ? row->argument : row->choices);
    }
    return set_value(row, text, err);
}

/* The letters of argv[*at]: flags, the last one perhaps with a value, behind it or in the next argument. */
static enum status parse_letters(const struct options *options, int argc, char **argv, int *at, struct error *err)
{
    for (const char *letter = argv[*at] + 1; *letter; letter++) {
        const struct option_row *row = find_letter(options, *letter);
        if (!row) {
            return error_set(err, STATUS_INPUT, "unknown option '%s'; --help lists them", argv[*at]);
        }
        if (row->type == OPTION_FLAG) {
            *(bool *)row->value = true;
            continue;
        }
        const char *text = letter[1] ? letter + 1 : *at + 1 < argc ? argv[++*at] : NULL;
        if (!text) {
            return error_set(err, STATUS_INPUT, "option '-%c' needs a value: %s", *letter,
                             row->argument ? row->argument : row->choices);
        }
        return set_value(row, text, err);
    }
    return STATUS_OK;
}

enum status options_parse(const struct options *options, int argc, char **argv, int *positional_count,
                          struct error *err)
{
    int kept = 0;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[1 + kept++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            ended = true;
        } else {
            enum status status = argv[i][1] == '-' ? parse_option(options, argc, argv, &i, err)
                                                   : parse_letters(options, argc, argv, &i, err);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    *positional_count = kept;
    return STATUS_OK;
}

static void print_default(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_INT:
        printf(" (default %" PRId64, *(const int64_t *)row->value);
        if (has_range(row)) {
            printf(", %" PRId64 " to %" PRId64, row->min, row->max);
        }
        printf(")");
        break;
    case OPTION_SIZE:
        printf(" (default %" PRIu64 " bytes)", *(const uint64_t *)row->value);
        break;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        if (*(const char *const *)row->value) {
            printf(" (default %s)", *(const char *const *)row->value);
        }
        break;
    case OPTION_NUMBER:
        printf(" (default %g)", *(const double *)row->value);
        break;
    case OPTION_LIST:
        printf(" (may be repeated)");
        break;
    case OPTION_FLAG:
        break;
    }
}

void options_print_help(const struct options *options)
{
    printf("usage: %s\n\n%s\n\noptions:\n", options->usage, options->about);
    for (size_t i = 0; i < options->row_count; i++) {
        const struct option_row *row = &options->rows[i];
        const char *argument = row->argument ? row->argument : row->type == OPTION_CHOICE ? row->choices : "";
        char letter = row_letter(row);
        int width = letter ? printf("  -%c, ", letter) : printf("  ");
        width += printf("--" STR_FMT "%s%s", STR_ARG(row_name(row)), argument[0] ? " " : "", argument);
        printf("%*s%s", width < 28 ? 28 - width : 2, "", row->help);
        print_default(row);
        printf("\n");
    }
    printf("  --help                    shows this\n");
}
