#include "bench/relevance/evaluation.h"

#include <math.h>

#include "indexer/base/json.h"

static const double smallest_mean = 1e-5;

static void compute_row(struct evaluation *e, struct evaluation_row *row, const struct ranking *r,
                        struct arena *scratch)
{
    double *values = row->values;
    for (size_t i = 0; i < e->set->count; i++) {
        const struct measure *m = &e->set->measures[i];
        if (m->row->compute)
            m->row->compute(m, r, scratch, values);
        else if (m->row->average == AVERAGE_QUERIES)
            values[0] = 1;
        else if (m->row->kind == MEASURE_TEXT)
            row->relstring = measure_relstring(m, r, &e->arena);
        values += m->value_count;
    }
}

/* What is judged above 0 in all queries: trec_eval's sum for num_rel when it is complete, whatever the level. */
static double judged_above_zero(const struct entries *judgments)
{
    double sum = 0;
    for (size_t i = 0; i < judgments->queries.count; i++) {
        for (size_t k = 0; k < judgments->queries.items[i].count; k++)
            sum += judgments->queries.items[i].items[k].value > 0;
    }
    return sum;
}

static double average(const struct evaluation *e, const struct measure *m, double sum, const struct entries *judgments,
                      bool complete)
{
    double queries = (double)(complete ? judgments->queries.count : e->answered_count);
    switch (m->row->average) {
    case AVERAGE_MEAN:
        return sum / queries;
    case AVERAGE_GEOMETRIC:
        if (complete)
            sum += (queries - (double)e->answered_count) * log(smallest_mean);
        return exp(sum / queries);
    case AVERAGE_QUERIES:
        return queries;
    case AVERAGE_RELEVANT:
        return complete ? judged_above_zero(judgments) : sum;
    case AVERAGE_SUM:
        break;
    }
    return sum;
}

static void summarize(struct evaluation *e, const struct entries *judgments, bool complete)
{
    double *summary = ARENA_ARRAY(&e->arena, double, e->value_count + 1);
    for (size_t i = 0; i < e->rows.count; i++) {
        for (size_t k = 0; k < e->value_count && !e->rows.items[i].missing; k++)
            summary[k] += e->rows.items[i].values[k];
    }
    size_t at = 0;
    for (size_t i = 0; i < e->set->count; i++) {
        const struct measure *m = &e->set->measures[i];
        for (size_t k = 0; k < m->value_count; k++, at++)
            summary[at] = average(e, m, summary[at], judgments, complete);
    }
    e->summary = summary;
}

/* The number of queries and the run's tag need no results. */
static bool needs_ranking(const struct measure_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->measures[i].row->compute || set->measures[i].row->kind == MEASURE_TEXT)
            return true;
    }
    return false;
}

struct maker {
    struct evaluation *out;
    const struct evaluation_options *options;
    struct ranking_options ranking;
    bool ranked; /* a measure needs the results */
    bool graded; /* a query had a grade that is not negative */
    struct arena scratch;
};

static enum status make_row(struct maker *k, const struct entries_query *judged, const struct entries_query *retrieved,
                            struct error *err)
{
    struct evaluation_row row = {judged->id, NULL, NULL, !retrieved};
    struct ranking r = {0};
    enum status status = STATUS_OK;
    row.values = ARENA_ARRAY(&k->out->arena, double, k->out->value_count + 1);
    arena_reset(&k->scratch);
    if (retrieved && k->ranked)
        status = ranking_make(&r, judged, retrieved, &k->ranking, &k->scratch, err);
    k->graded = k->graded || r.level_count > 0;
    if (status == STATUS_OK && retrieved && k->ranked && k->options->as_trec && !k->graded)
        status = error_set(err, STATUS_INPUT,
                           "query '%s', the first one, has negative grades only, which trec_eval "
                           "cannot evaluate",
                           judged->id);
    if (status != STATUS_OK)
        return status;
    if (retrieved)
        compute_row(k->out, &row, &r, &k->scratch);
    vec_push(&k->out->rows, row);
    k->out->answered_count += retrieved != NULL;
    return STATUS_OK;
}

enum status evaluation_make(struct evaluation *out, const struct entries *judgments, const struct entries *run,
                            const struct measure_set *set, const struct evaluation_options *options, struct error *err)
{
    struct maker maker = {.out = out, .options = options, .ranking = options->ranking, .ranked = needs_ranking(set)};
    enum status status = STATUS_OK;
    *out = (struct evaluation){.set = set, .tag = run->tag, .value_count = measure_set_values(set)};
    arena_init(&out->arena, 0);
    arena_init(&maker.scratch, 0);
    maker.ranking.top_grade = judgments->top_value;
    for (size_t i = 0; i < judgments->queries.count && status == STATUS_OK; i++) {
        const struct entries_query *judged = &judgments->queries.items[i];
        const struct entries_query *retrieved = entries_find(run, judged->id);
        if (retrieved || options->complete)
            status = make_row(&maker, judged, retrieved, err);
    }
    if (status == STATUS_OK && out->answered_count == 0)
        status = error_set(err, STATUS_NOT_FOUND, "no query has both judgments and results");
    if (status == STATUS_OK)
        summarize(out, judgments, options->complete);
    arena_release(&maker.scratch);
    return status;
}

void evaluation_release(struct evaluation *e)
{
    vec_release(&e->rows);
    arena_release(&e->arena);
}

/* ---- output ---- */

enum shown { SHOWN_NOT, SHOWN_WHOLE, SHOWN_REAL, SHOWN_TEXT };

/* How a measure's value appears for a query, or in the summary. */
static enum shown shown_as(const struct measure_row *row, bool summary)
{
    switch (row->kind) {
    case MEASURE_RUN:
        return summary ? SHOWN_TEXT : SHOWN_NOT;
    case MEASURE_TEXT:
        return summary ? SHOWN_NOT : SHOWN_TEXT;
    case MEASURE_COUNT:
        return summary || row->average != AVERAGE_QUERIES ? SHOWN_WHOLE : SHOWN_NOT;
    default:
        return summary || row->average != AVERAGE_GEOMETRIC ? SHOWN_REAL : SHOWN_NOT;
    }
}

struct cell {
    const char *query;
    const char *measure;
    enum shown shown;
    double value;
    const char *text;
};

typedef void (*cell_writer)(struct buf *out, const struct cell *cell, bool first);

static void write_row(const struct evaluation *e, const struct evaluation_row *row, struct buf *out, cell_writer write)
{
    const double *values = row ? row->values : e->summary;
    bool first = true;
    for (size_t i = 0; i < e->set->count; i++) {
        const struct measure *m = &e->set->measures[i];
        enum shown shown = shown_as(m->row, row == NULL);
        for (size_t k = 0; k < m->value_count && shown != SHOWN_NOT; k++, first = false) {
            struct cell cell = {row ? row->query : "all", m->names[k], shown, values[k], row ? row->relstring : e->tag};
            write(out, &cell, first);
        }
        values += m->value_count;
    }
}

static void write_trec_cell(struct buf *out, const struct cell *c, bool first)
{
    (void)first;
    buf_printf(out, "%-22s\t%s\t", c->measure, c->query);
    if (c->shown == SHOWN_TEXT)
        buf_printf(out, strcmp(c->measure, "runid") == 0 ? "%s\n" : "'%s'\n", c->text);
    else if (c->shown == SHOWN_WHOLE)
        buf_printf(out, "%ld\n", (long)c->value);
    else
        buf_printf(out, "%6.4f\n", c->value);
}

void evaluation_write_trec(const struct evaluation *e, bool queries, bool summary, struct buf *out)
{
    for (size_t i = 0; i < e->rows.count && queries; i++) {
        if (!e->rows.items[i].missing)
            write_row(e, &e->rows.items[i], out, write_trec_cell);
    }
    if (summary && e->summary)
        write_row(e, NULL, out, write_trec_cell);
}

static void write_json_cell(struct buf *out, const struct cell *c, bool first)
{
    buf_printf(out, "%s", first ? "" : ", ");
    json_write_string(out, str_from(c->measure));
    buf_literal(out, ": ");
    if (c->shown == SHOWN_TEXT)
        json_write_string(out, str_from(c->text));
    else
        json_write_double(out, c->value);
}

void evaluation_write_json(const struct evaluation *e, bool queries, bool summary, struct buf *out)
{
    buf_literal(out, "{\"run\": ");
    json_write_string(out, str_from(e->tag));
    if (summary && e->summary) {
        buf_literal(out, ",\n \"summary\": {");
        write_row(e, NULL, out, write_json_cell);
        buf_append_char(out, '}');
    }
    for (size_t i = 0; i < e->rows.count && queries; i++) {
        buf_printf(out, "%s\n  ", i ? "," : ",\n \"queries\": {");
        json_write_string(out, str_from(e->rows.items[i].query));
        buf_literal(out, ": {");
        write_row(e, &e->rows.items[i], out, write_json_cell);
        buf_append_char(out, '}');
    }
    buf_printf(out, "%s}\n", queries && e->rows.count ? "}" : "");
}

void csv_write_cell(struct buf *out, struct str cell)
{
    bool quoted = cell.size && (cell.data[0] == ' ' || cell.data[cell.size - 1] == ' ');
    for (size_t i = 0; i < cell.size && !quoted; i++)
        quoted = strchr(",;\t|\"\r\n", cell.data[i]) != NULL;
    if (quoted)
        buf_append_char(out, '"');
    for (size_t i = 0; i < cell.size; i++) {
        if (quoted && cell.data[i] == '"')
            buf_append_char(out, '"');
        buf_append_char(out, cell.data[i]);
    }
    if (quoted)
        buf_append_char(out, '"');
}

static void write_csv_cell(struct buf *out, const struct cell *c, bool first)
{
    (void)first;
    csv_write_cell(out, str_from(c->query));
    buf_append_char(out, ',');
    csv_write_cell(out, str_from(c->measure));
    buf_append_char(out, ',');
    if (c->shown == SHOWN_TEXT)
        csv_write_cell(out, str_from(c->text));
    else if (isfinite(c->value))
        json_write_double(out, c->value);
    buf_append_char(out, '\n');
}

void evaluation_write_csv(const struct evaluation *e, bool queries, bool summary, struct buf *out)
{
    buf_literal(out, "query,measure,value\n");
    for (size_t i = 0; i < e->rows.count && queries; i++)
        write_row(e, &e->rows.items[i], out, write_csv_cell);
    if (summary && e->summary)
        write_row(e, NULL, out, write_csv_cell);
}
