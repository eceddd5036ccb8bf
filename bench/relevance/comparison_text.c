/* A comparison for the terminal, and as JSON for other programs. */
#include <stdio.h>

#include "bench/relevance/comparison.h"
#include "indexer/base/json.h"

enum { QUERIES_SHOWN = 10 };

static const char *grade_text(long grade, char room[16])
{
    snprintf(room, 16, "%ld", grade);
    return grade < 0 ? "-" : room;
}

static void write_places(const struct comparison *c, size_t system, const char *query, struct buf *out)
{
    struct arena arena;
    char room[16];
    arena_init(&arena, 0);
    struct places gone = comparison_places(c, 0, system, query, &arena);
    struct places come = comparison_places(c, system, 0, query, &arena);
    size_t depth = (size_t)c->options.depth;
    const char *separator = "        out: ";
    for (size_t i = 0; i < gone.count; i++) {
        const struct place *p = &gone.items[i];
        if (p->other_rank > 0 && p->other_rank <= depth)
            continue;
        buf_printf(out, "%s%s (grade %s, %zu > ", separator, p->doc, grade_text(p->grade, room), i + 1);
        buf_printf(out, p->other_rank ? "%zu)" : "none)", p->other_rank);
        separator = ", ";
    }
    const char *start = separator[0] == ',' ? "\n        in: " : "        in: ";
    const char *first = start;
    for (size_t i = 0; i < come.count; i++) {
        const struct place *p = &come.items[i];
        if (p->other_rank > 0 && p->other_rank <= depth)
            continue;
        buf_printf(out, "%s%s (grade %s, ", start, p->doc, grade_text(p->grade, room));
        buf_printf(out, p->other_rank ? "%zu > %zu)" : "none > %zu)", p->other_rank ? p->other_rank : i + 1, i + 1);
        start = ", ";
    }
    if (separator[0] == ',' || start != first)
        buf_append_char(out, '\n');
    arena_release(&arena);
}

static void write_queries(const struct comparison *c, size_t system, bool losses, struct buf *out)
{
    size_t shown = 0;
    buf_printf(out, "\n%s of %s in %s\n", losses ? "Worst losses" : "Best wins", c->systems[system].name,
               c->value_names[0]);
    for (size_t i = 0; i < c->query_count && shown < QUERIES_SHOWN; i++) {
        size_t row = c->order[system][losses ? i : c->query_count - 1 - i];
        double before = comparison_value(c, 0, row, 0);
        double after = comparison_value(c, system, row, 0);
        if (losses ? !(after < before - 1e-9) : !(after > before + 1e-9))
            break;
        const char *query = c->systems[0].evaluation.rows.items[row].query;
        struct str text = comparison_text(c, query);
        buf_printf(out, "  %+.4f  %.4f > %.4f  %s", after - before, before, after, query);
        if (!str_equal(text, str_from(query)))
            buf_printf(out, "  " STR_FMT, STR_ARG(text));
        buf_append_char(out, '\n');
        write_places(c, system, query, out);
        shown++;
    }
    if (shown == 0)
        buf_literal(out, "  none\n");
}

static void write_contrasts(const struct comparison *c, size_t system, struct buf *out)
{
    buf_printf(out, "\n%s against %s, %zu queries\n", c->systems[system].name, c->systems[0].name, c->query_count);
    buf_printf(out, "%-20s %7s %7s %8s  %-18s %5s %5s %5s  %8s %8s %8s\n", "", "base", "value", "change", "95 %", "up",
               "down", "same", "t-test", "random.", "Holm");
    for (size_t value = 0; value < c->value_count; value++) {
        const struct contrast *x = comparison_contrast(c, system, value);
        buf_printf(out, "%-20s %7.4f %7.4f %+8.4f  %+.4f .. %+.4f %5zu %5zu %5zu  %8.4f %8.4f %8.4f%s\n",
                   c->value_names[value], x->base, x->value, x->difference, x->interval.low, x->interval.high, x->up,
                   x->down, x->same, x->t.p, x->random_p, x->adjusted_p, x->significant ? " *" : "");
    }
}

static void write_newcomers(const struct comparison *c, size_t system, struct buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < c->newcomers.count; i++) {
        const struct newcomer *n = &c->newcomers.items[i];
        if (n->system != system)
            continue;
        if (count++ == 0)
            buf_printf(out, "\nUnjudged documents that entered the first %lld\n", (long long)c->options.depth);
        if (count <= QUERIES_SHOWN)
            buf_printf(out, "  %s: %s at %zu\n", n->query, n->doc, n->rank);
    }
    if (count > QUERIES_SHOWN)
        buf_printf(out, "  and %zu more; aisle-eval judge pools them\n", count - QUERIES_SHOWN);
}

void comparison_write_text(const struct comparison *c, struct buf *out)
{
    buf_printf(out, "%-20s", "means, 95 %");
    for (size_t system = 0; system < c->system_count; system++)
        buf_printf(out, "  %-24s", c->systems[system].name);
    for (size_t value = 0; value < c->value_count; value++) {
        buf_printf(out, "\n%-20s", c->value_names[value]);
        for (size_t system = 0; system < c->system_count; system++) {
            struct interval i = c->intervals[value * c->system_count + system];
            buf_printf(out, "  %.4f (%.4f .. %.4f)", comparison_mean(c, system, value), i.low, i.high);
        }
    }
    buf_append_char(out, '\n');
    for (size_t system = 1; system < c->system_count; system++) {
        write_contrasts(c, system, out);
        write_queries(c, system, true, out);
        write_queries(c, system, false, out);
        write_newcomers(c, system, out);
    }
    buf_printf(out, "\n* significant: the randomization test's p is below .05 after Holm's correction over all %zu\n",
               (c->system_count - 1) * c->value_count);
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *name, double value)
{
    buf_printf(out, "\"%s\": ", name);
    json_write_double(out, value);
}

static void write_json_contrast(const struct comparison *c, size_t system, size_t value, struct buf *out)
{
    const struct contrast *x = comparison_contrast(c, system, value);
    json_write_string(out, str_from(c->value_names[value]));
    buf_literal(out, ": {");
    member(out, "base", x->base);
    buf_literal(out, ", ");
    member(out, "value", x->value);
    buf_literal(out, ", ");
    member(out, "difference", x->difference);
    buf_literal(out, ", ");
    member(out, "low", x->interval.low);
    buf_literal(out, ", ");
    member(out, "high", x->interval.high);
    buf_printf(out, ", \"up\": %zu, \"down\": %zu, \"same\": %zu, ", x->up, x->down, x->same);
    member(out, "t", x->t.t);
    buf_literal(out, ", ");
    member(out, "tTest", x->t.p);
    buf_literal(out, ", ");
    member(out, "randomization", x->random_p);
    buf_literal(out, ", ");
    member(out, "holm", x->adjusted_p);
    buf_printf(out, ", \"significant\": %s}", x->significant ? "true" : "false");
}

static void write_json_system(const struct comparison *c, size_t system, struct buf *out)
{
    buf_literal(out, "  {\"name\": ");
    json_write_string(out, str_from(c->systems[system].name));
    buf_literal(out, ",\n   \"means\": {");
    for (size_t value = 0; value < c->value_count; value++) {
        struct interval i = c->intervals[value * c->system_count + system];
        buf_printf(out, "%s\"%s\": {", value ? ", " : "", c->value_names[value]);
        member(out, "mean", comparison_mean(c, system, value));
        buf_literal(out, ", ");
        member(out, "low", i.low);
        buf_literal(out, ", ");
        member(out, "high", i.high);
        buf_append_char(out, '}');
    }
    buf_append_char(out, '}');
    for (size_t value = 0; value < c->value_count && system > 0; value++) {
        buf_printf(out, "%s\n    ", value ? "," : ",\n   \"contrasts\": {");
        write_json_contrast(c, system, value, out);
    }
    buf_printf(out, "%s,\n   \"queries\": {", system ? "}" : "");
    for (size_t row = 0; row < c->query_count; row++) {
        buf_printf(out, "%s", row ? ", " : "");
        json_write_string(out, str_from(c->systems[0].evaluation.rows.items[row].query));
        buf_literal(out, ": ");
        json_write_double(out, comparison_value(c, system, row, 0));
    }
    buf_literal(out, "}}");
}

void comparison_write_json(const struct comparison *c, struct buf *out)
{
    buf_printf(out, "{\"queryCount\": %zu, \"measure\": \"%s\", \"seed\": %llu, \"rounds\": %zu,\n \"systems\": [\n",
               c->query_count, c->value_names[0], (unsigned long long)c->options.seed, c->options.rounds);
    for (size_t system = 0; system < c->system_count; system++) {
        write_json_system(c, system, out);
        buf_printf(out, "%s\n", system + 1 < c->system_count ? "," : "");
    }
    buf_literal(out, " ],\n \"unjudged\": [");
    for (size_t i = 0; i < c->newcomers.count; i++) {
        const struct newcomer *n = &c->newcomers.items[i];
        buf_printf(out, "%s\n  {\"system\": ", i ? "," : "");
        json_write_string(out, str_from(c->systems[n->system].name));
        buf_literal(out, ", \"query\": ");
        json_write_string(out, str_from(n->query));
        buf_literal(out, ", \"docid\": ");
        json_write_string(out, str_from(n->doc));
        buf_printf(out, ", \"rank\": %zu}", n->rank);
    }
    buf_literal(out, "]}\n");
}
