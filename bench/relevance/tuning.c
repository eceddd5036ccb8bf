#include "bench/relevance/tuning.h"

#include <math.h>
#include <stdlib.h>

#include "bench/relevance/tuning_internal.h"
#include "indexer/base/map.h"

enum { LEAST_QUERIES = 10, PASSES = 4 };

/* A search in progress. Values of queries are remembered for every settings tried, by their text. */
struct tuner {
    struct tuning *out;
    const struct tuning_input *input;
    const struct tuning_options *options;
    struct measure_set set;
    struct queries queries; /* the judged ones, shuffled: held-out ones last */
    size_t train_count;
    size_t held_count;
    struct map seen;
    VEC(double *) values; /* by settings tried: of the training queries */
    size_t *fold_of;      /* by training query */
    enum status status;
    struct error err;
};

/* ---- values of queries under settings ---- */

/* Asks queries from..to and evaluates them, in their order. */
static enum status measure_queries(struct tuner *t, size_t from, size_t to, double *values, struct error *err)
{
    struct retrieval retrieval = {.count = 0};
    struct entries run;
    struct evaluation evaluation = {0};
    struct queries part = t->queries;
    struct retrieval_options options = t->options->retrieval;
    struct evaluation_options evaluation_options = t->options->evaluation;
    part.list.items += from;
    part.list.count = to - from;
    options.params = t->input->params;
    evaluation_options.complete = true;
    enum status status = retrieval_make(&retrieval, t->input->target, &part, &options, err);
    if (status == STATUS_OK) {
        retrieval_entries(&retrieval, &part, "tune", &run);
        status = evaluation_make(&evaluation, t->input->judgments, &run, &t->set, &evaluation_options, err);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK; /* nothing found at all: zeros */
        for (size_t i = from; i < to; i++) {
            values[i - from] = 0;
            for (size_t row = 0; row < evaluation.rows.count; row++) {
                const struct evaluation_row *r = &evaluation.rows.items[row];
                if (strcmp(r->query, t->queries.list.items[i].id) == 0)
                    values[i - from] = isnan(r->values[0]) ? 0 : r->values[0];
            }
        }
        evaluation_release(&evaluation);
        entries_release(&run);
    }
    retrieval_release(&retrieval);
    return status;
}

/* The index's settings with those that the search starts from and those tried over them. */
static enum status configure(struct tuner *t, const double *values, struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct arena arena;
    struct json start = {.type = JSON_OBJECT};
    struct json tried;
    arena_init(&arena, 0);
    tuning_settings(t->out, values, false, &text);
    enum status status = json_parse(arena_copy(&arena, buf_str(&text)), &arena, &tried, err);
    if (status == STATUS_OK && t->input->settings)
        status = json_parse(str_from(t->input->settings), &arena, &start, err);
    for (uint32_t i = 0; i < tried.count && status == STATUS_OK; i++)
        json_object_set(&start, tried.members[i].name, tried.members[i].value, &arena);
    if (status == STATUS_OK) {
        buf_clear(&text);
        json_write(&text, &start);
        buf_append_char(&text, '\0');
        status = target_configure(t->input->target, text.data, err);
    }
    buf_release(&text);
    arena_release(&arena);
    return status;
}

/* The training queries' values; NULL when the budget is used up or something failed. */
static const double *values_of(struct tuner *t, const double *values)
{
    struct buf text = BUF_EMPTY;
    bool added = false;
    tuning_settings(t->out, values, false, &text);
    const uint64_t *place = map_get(&t->seen, buf_str(&text));
    if (!place && t->status == STATUS_OK && t->out->tried < (size_t)t->options->budget) {
        double *measured = ARENA_ARRAY(&t->out->arena, double, t->train_count + 1);
        t->status = configure(t, values, &t->err);
        if (t->status == STATUS_OK)
            t->status = measure_queries(t, 0, t->train_count, measured, &t->err);
        if (t->status == STATUS_OK) {
            place = map_put(&t->seen, buf_str(&text), t->values.count, &added);
            vec_push(&t->values, measured);
            t->out->tried++;
        }
    } else if (!place) {
        t->out->exhausted = true;
    }
    buf_release(&text);
    return place ? t->values.items[*place] : NULL;
}

/* ---- the search ---- */

/* The mean over training queries outside a fold; fold -1: all. */
static double mean_outside(const struct tuner *t, const double *values, int fold)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < t->train_count; i++) {
        if (fold >= 0 && t->fold_of[i] == (size_t)fold)
            continue;
        sum += values[i];
        count++;
    }
    return count ? sum / (double)count : 0;
}

static double clean(const struct tunable *p, double value)
{
    double step = pow(10, floor(log10(fabs(value) > 1e-9 ? fabs(value) : 1)) - 1);
    value = p->whole ? round(value) : round(value / step) * step;
    return value < p->low ? p->low : value > p->high ? p->high : value;
}

/* Tries values around the present one, near and far; true when one was better. */
static bool improve(struct tuner *t, int fold, size_t parameter, double *values, double *best)
{
    static const double factors[] = {.5, 2, .75, 1.33, .25, 4, .1, 10};
    const struct tunable *p = &t->out->tunables[parameter];
    double start = values[parameter];
    double kept = start;
    for (size_t i = 0; i < sizeof(factors) / sizeof(*factors); i++) {
        double base = start > 0 ? start : (p->high - p->low) / 20;
        values[parameter] = clean(p, base * factors[i]);
        if (values[parameter] == start)
            continue;
        const double *measured = values_of(t, values);
        if (!measured)
            break;
        double mean = mean_outside(t, measured, fold);
        if (mean > *best + t->options->least_gain) {
            *best = mean;
            kept = values[parameter];
        }
    }
    values[parameter] = kept;
    return kept != start;
}

static void search(struct tuner *t, int fold, double *values)
{
    struct dice dice = {t->options->seed};
    size_t order[TUNING_PARAMETERS];
    for (size_t i = 0; i < t->out->tunable_count; i++) {
        values[i] = t->out->tunables[i].start;
        order[i] = i;
    }
    const double *measured = values_of(t, values);
    double best = measured ? mean_outside(t, measured, fold) : 0;
    bool better = measured != NULL;
    for (int pass = 0; pass < PASSES && better && t->status == STATUS_OK; pass++) {
        better = false;
        for (size_t i = t->out->tunable_count; i > 1; i--) {
            size_t other = dice_below(&dice, i);
            size_t swap = order[i - 1];
            order[i - 1] = order[other];
            order[other] = swap;
        }
        for (size_t i = 0; i < t->out->tunable_count && t->status == STATUS_OK; i++)
            better = improve(t, fold, order[i], values, &best) || better;
    }
}

/* ---- estimates ---- */

static void estimate(struct gain_estimate *out, const double *before, const double *after, size_t count,
                     const struct tuning_options *options)
{
    double *difference = xcalloc(count + 1, sizeof(*difference));
    for (size_t i = 0; i < count; i++)
        difference[i] = after[i] - before[i];
    *out = (struct gain_estimate){mean_of(before, count), mean_of(after, count),
                                  bootstrap_mean(difference, count, options->rounds, options->seed),
                                  randomization_p(difference, count, options->rounds, options->seed), count};
    free(difference);
}

static enum status estimate_held_out(struct tuner *t, const double *start, struct error *err)
{
    double *before = xcalloc(t->held_count + 1, sizeof(*before));
    double *after = xcalloc(t->held_count + 1, sizeof(*after));
    size_t from = t->train_count;
    size_t to = t->train_count + t->held_count;
    enum status status = STATUS_OK;
    if (t->held_count) {
        status = configure(t, start, err);
        if (status == STATUS_OK)
            status = measure_queries(t, from, to, before, err);
        if (status == STATUS_OK)
            status = configure(t, t->out->best, err);
        if (status == STATUS_OK)
            status = measure_queries(t, from, to, after, err);
        if (status == STATUS_OK)
            estimate(&t->out->held_out, before, after, t->held_count, t->options);
    }
    free(before);
    free(after);
    return status;
}

/* Judged queries in random order. */
static enum status split(struct tuner *t, struct error *err)
{
    struct dice dice = {t->options->seed};
    for (size_t i = 0; i < t->input->queries->list.count; i++) {
        struct query_line line = t->input->queries->list.items[i];
        if (entries_find(t->input->judgments, line.id))
            vec_push(&t->queries.list, line);
    }
    size_t count = t->queries.list.count;
    for (size_t i = count; i > 1; i--) {
        size_t other = dice_below(&dice, i);
        struct query_line swap = t->queries.list.items[i - 1];
        t->queries.list.items[i - 1] = t->queries.list.items[other];
        t->queries.list.items[other] = swap;
    }
    t->held_count = count * (size_t)t->options->held_out / 100;
    t->train_count = count - t->held_count;
    if (t->train_count < LEAST_QUERIES)
        return error_set(err, STATUS_INPUT, "%zu judged queries are left for training, %d are the least",
                         t->train_count, LEAST_QUERIES);
    t->fold_of = ARENA_ARRAY(&t->out->arena, size_t, t->train_count + 1);
    for (size_t i = 0; i < t->train_count; i++)
        t->fold_of[i] = i % (size_t)t->options->folds;
    return STATUS_OK;
}

static enum status tune(struct tuner *t, struct error *err)
{
    double start[TUNING_PARAMETERS];
    double *crossed = ARENA_ARRAY(&t->out->arena, double, t->train_count + 1);
    for (size_t i = 0; i < t->out->tunable_count; i++)
        start[i] = t->out->tunables[i].start;
    search(t, -1, t->out->best);
    const double *before = values_of(t, start);
    const double *after = values_of(t, t->out->best);
    for (int fold = 0; fold < (int)t->options->folds && t->status == STATUS_OK; fold++) {
        search(t, fold, t->out->fold_best[fold]);
        const double *measured = values_of(t, t->out->fold_best[fold]);
        for (size_t i = 0; i < t->train_count; i++) {
            if (t->fold_of[i] == (size_t)fold)
                crossed[i] = measured ? measured[i] : before ? before[i] : 0;
        }
    }
    if (t->status != STATUS_OK) {
        if (err)
            *err = t->err;
        return t->status;
    }
    if (!before || !after)
        return error_set(err, STATUS_LIMIT, "the budget is too small for one search");
    estimate(&t->out->training, before, after, t->train_count, t->options);
    estimate(&t->out->crossed, before, crossed, t->train_count, t->options);
    return estimate_held_out(t, start, err);
}

enum status tuning_run(struct tuning *out, const struct tuning_input *input, const struct tuning_options *options,
                       struct error *err)
{
    struct tuner t = {.out = out, .input = input, .options = options};
    *out = (struct tuning){.tried = 0};
    arena_init(&out->arena, 0);
    map_init(&t.seen);
    enum status status = measure_set_make(&t.set, &options->measure, 1, err);
    if (status == STATUS_OK && (t.set.count != 1 || t.set.measures[0].row->average != AVERAGE_MEAN))
        status = error_set(err, STATUS_INPUT, "'%s' is no mean over queries", options->measure);
    if (status == STATUS_OK && !target_settings(input->target))
        status = error_set(err, STATUS_INPUT, "a server cannot be tuned: give a data directory or a candidate");
    if (status == STATUS_OK)
        status = tuning_parameters(out, target_settings(input->target), options->parameters, err);
    if (status == STATUS_OK)
        status = split(&t, err);
    if (status == STATUS_OK)
        status = tune(&t, err);
    vec_release(&t.queries.list);
    vec_release(&t.values);
    map_release(&t.seen);
    measure_set_release(&t.set);
    return status;
}

void tuning_release(struct tuning *t)
{
    arena_release(&t->arena);
}

/* ---- output ---- */

void tuning_write_patch(const struct tuning *t, struct buf *out)
{
    tuning_settings(t, t->best, true, out);
    buf_append_char(out, '\n');
}

static void write_estimate(const char *name, const struct gain_estimate *g, struct buf *out)
{
    buf_printf(out, "%-24s %4zu queries  %.4f > %.4f  %+.4f (%+.4f .. %+.4f)  p %.4f\n", name, g->query_count,
               g->before, g->after, g->after - g->before, g->interval.low, g->interval.high, g->p);
}

static void write_warnings(const struct tuning *t, struct buf *out)
{
    const struct gain_estimate *unseen = t->held_out.query_count ? &t->held_out : &t->crossed;
    double seen_gain = t->training.after - t->training.before;
    double crossed_gain = t->crossed.after - t->crossed.before;
    if (seen_gain <= 0) {
        buf_literal(out, "nothing better was found: leave the settings as they are\n");
        return;
    }
    if (crossed_gain < seen_gain / 2)
        buf_printf(out,
                   "warning: overfitting: of the gain in training, %+.4f, only %+.4f is there on queries that a search "
                   "did not see\n",
                   seen_gain, crossed_gain);
    if (unseen->interval.low <= 0)
        buf_literal(out, "warning: the gain on unseen queries may be none: its interval holds 0\n");
    if (t->training.query_count < 50)
        buf_printf(out, "warning: %zu queries are few to tune %zu numbers with\n", t->training.query_count,
                   t->tunable_count);
    if (t->exhausted)
        buf_literal(out, "warning: the budget ended the search; --budget gives more\n");
}

void tuning_write_report(const struct tuning *t, const char *measure, struct buf *out)
{
    buf_printf(out, "%s, %zu settings tried\n", measure, t->tried);
    write_estimate("training (seen)", &t->training, out);
    write_estimate("cross-validated (unseen)", &t->crossed, out);
    if (t->held_out.query_count)
        write_estimate("held out (unseen)", &t->held_out, out);
    buf_printf(out, "\n%-32s %10s %10s   %s\n", "", "start", "best", "in the folds");
    for (size_t i = 0; i < t->tunable_count; i++) {
        double low = t->fold_best[0][i];
        double high = low;
        for (size_t fold = 1; fold < TUNING_FOLDS; fold++) {
            bool used = t->fold_best[fold][i] != 0 || t->tunables[i].low <= 0;
            low = used && t->fold_best[fold][i] < low ? t->fold_best[fold][i] : low;
            high = used && t->fold_best[fold][i] > high ? t->fold_best[fold][i] : high;
        }
        buf_printf(out, "%-32s %10.4g %10.4g   %.4g .. %.4g\n", t->tunables[i].name, t->tunables[i].start, t->best[i],
                   low, high);
    }
    buf_append_char(out, '\n');
    write_warnings(t, out);
}
