/* TREC's files, read as trec_eval reads them: fields are separated by any white space; the columns for iteration and
 * rank mean nothing; numbers are taken as far as they go ("2.5" is the grade 2, "x" is 0), with a warning. Blank lines
 * are fine in runs and wrong in judgments; what follows the tag of a run's line is ignored. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/entries_internal.h"

enum { FIELDS = 6 };

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first FIELDS fields of a line; how many there are in all. */
static size_t split_fields(struct str line, struct str *fields)
{
    size_t count = 0;
    for (size_t at = 0; at < line.size;) {
        while (at < line.size && is_space(line.data[at]))
            at++;
        size_t from = at;
        while (at < line.size && !is_space(line.data[at]))
            at++;
        if (at > from && count++ < FIELDS)
            fields[count - 1] = str_slice(line, from, at);
    }
    return count;
}

struct numbers {
    const char *name;
    size_t line;
    size_t doubtful;
};

/* The number at the start of a field. */
static double number_of(struct str field, enum entries_kind kind, struct numbers *n)
{
    char text[64];
    char *end;
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(field));
    double value = kind == ENTRIES_RUN ? strtod(text, &end) : (double)strtol(text, &end, 10);
    if ((*end || end == text) && field.size < sizeof(text) && n->doubtful++ == 0)
        fprintf(stderr, "%s:%zu: '%s' is no %s and taken for %g, as trec_eval does\n", n->name, n->line, text,
                kind == ENTRIES_RUN ? "score" : "grade", value);
    return value;
}

static enum status take_line(struct entries *out, struct str line, enum entries_kind kind, struct numbers *numbers,
                             struct error *err)
{
    struct str fields[FIELDS];
    size_t count = split_fields(line, fields);
    if (kind == ENTRIES_RUN && count == 0)
        return STATUS_OK;
    if (kind == ENTRIES_RUN ? count < 6 : count != 4)
        return error_set(err, STATUS_INPUT, "%s:%zu: %zu fields, but a line of %s has %s", numbers->name, numbers->line,
                         count, kind == ENTRIES_RUN ? "a run" : "judgments",
                         kind == ENTRIES_RUN ? "six: query Q0 document rank score tag"
                                             : "four: query iteration document grade");
    double value = number_of(fields[kind == ENTRIES_RUN ? 4 : 3], kind, numbers);
    if (isnan(value) || (kind == ENTRIES_JUDGMENTS && fabs(value) > GRADE_MOST))
        return error_set(err, STATUS_INPUT, "%s:%zu: '" STR_FMT "' is beyond what a %s may be", numbers->name,
                         numbers->line, STR_ARG(fields[kind == ENTRIES_RUN ? 4 : 3]),
                         kind == ENTRIES_RUN ? "score" : "grade");
    entries_add(out, fields[0], fields[2], value);
    if (kind == ENTRIES_RUN && !str_equal(str_from(out->tag), fields[5]))
        out->tag = arena_copy(&out->arena, fields[5]).data;
    return STATUS_OK;
}

enum status entries_trec(struct entries *out, const struct entries_source *source, struct error *err)
{
    struct numbers numbers = {.name = source->name};
    struct str rest = source->text;
    while (rest.size) {
        size_t end = str_find_char(rest, '\n');
        struct str line = str_slice(rest, 0, end == SIZE_MAX ? rest.size : end);
        numbers.line++;
        enum status status = take_line(out, line, source->options->kind, &numbers, err);
        if (status != STATUS_OK)
            return status;
        rest = str_slice(rest, end == SIZE_MAX ? rest.size : end + 1, rest.size);
    }
    if (numbers.doubtful > 1)
        fprintf(stderr, "%s: %zu more numbers were taken as far as they go\n", source->name, numbers.doubtful - 1);
    return STATUS_OK;
}
