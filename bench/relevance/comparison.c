#include "bench/relevance/comparison.h"

#include <math.h>
#include <stdlib.h>

static const double same_value = 1e-9; /* differences below are none */
static const double level = .05;

/* ---- systems ---- */

static enum status ask(struct system *s, const char *path, const struct comparison_options *options, struct error *err)
{
    struct retrieval retrieval;
    struct retrieval_options retrieval_options = options->retrieval;
    if (!options->queries)
        return error_set(err, STATUS_INPUT, "%s is a configuration: --queries says what to ask", path);
    enum status status = configuration_read(&s->configuration, path, err);
    if (status == STATUS_OK)
        status = configuration_open(&s->opened, &s->configuration, err);
    if (status != STATUS_OK)
        return status;
    retrieval_options.params = s->opened.params;
    status = retrieval_make(&retrieval, s->opened.target, options->queries, &retrieval_options, err);
    if (status == STATUS_OK) {
        entries_release(&s->run);
        retrieval_entries(&retrieval, options->queries, s->opened.name, &s->run);
        s->latency = retrieval_latency(&retrieval);
        s->name = s->opened.name;
    }
    retrieval_release(&retrieval);
    return status;
}

enum status system_read(struct system *out, const char *path, const struct comparison_options *options,
                        struct error *err)
{
    struct entries_options run_options = {ENTRIES_RUN, NULL, NULL};
    *out = (struct system){.name = path};
    entries_init(&out->run);
    arena_init(&out->configuration.arena, 0);
    arena_init(&out->opened.arena, 0);
    if (configuration_is(path))
        return ask(out, path, options, err);
    enum status status = entries_read(&out->run, path, &run_options, err);
    const char *slash = strrchr(path, '/');
    out->name = slash ? slash + 1 : path;
    return status;
}

void system_release(struct system *s)
{
    evaluation_release(&s->evaluation);
    entries_release(&s->run);
    configuration_close(&s->opened);
    configuration_release(&s->configuration);
}

/* ---- comparing ---- */

double comparison_value(const struct comparison *c, size_t system, size_t row, size_t value)
{
    double number = c->systems[system].evaluation.rows.items[row].values[c->columns[value]];
    return isnan(number) ? 0 : number;
}

double comparison_mean(const struct comparison *c, size_t system, size_t value)
{
    double sum = 0;
    for (size_t row = 0; row < c->query_count; row++)
        sum += comparison_value(c, system, row, value);
    return c->query_count ? sum / (double)c->query_count : 0;
}

static bool is_named(const struct measure *m, const char *name)
{
    struct str rest = str_from(name);
    return str_equal(str_split(&rest, '.'), str_from(m->row->name));
}

static enum status name_values(struct comparison *c, const char *decisive, struct error *err)
{
    size_t at = 0;
    c->value_names = ARENA_ARRAY(&c->arena, const char *, c->value_count + 1);
    c->columns = ARENA_ARRAY(&c->arena, size_t, c->value_count + 1);
    for (int first = 1; first >= 0; first--) {
        size_t column = 0;
        for (size_t i = 0; i < c->set->count; i++) {
            const struct measure *m = &c->set->measures[i];
            if (m->row->average != AVERAGE_MEAN)
                return error_set(err, STATUS_INPUT, "measure '%s' is no mean over queries: it cannot be compared",
                                 m->row->name);
            for (size_t k = 0; k < m->value_count; k++, column++) {
                if (is_named(m, decisive) != (first == 1))
                    continue;
                c->value_names[at] = m->names[k];
                c->columns[at++] = column;
            }
        }
    }
    return STATUS_OK;
}

static void contrast(struct comparison *c, size_t system, size_t value, double *differences)
{
    struct contrast *out = &c->contrasts[(system - 1) * c->value_count + value];
    *out = (struct contrast){.base = comparison_mean(c, 0, value), .value = comparison_mean(c, system, value)};
    for (size_t row = 0; row < c->query_count; row++) {
        double d = comparison_value(c, system, row, value) - comparison_value(c, 0, row, value);
        differences[row] = fabs(d) < same_value ? 0 : d;
        out->up += differences[row] > 0;
        out->down += differences[row] < 0;
        out->same += differences[row] == 0;
    }
    out->difference = mean_of(differences, c->query_count);
    out->interval = bootstrap_mean(differences, c->query_count, c->options.rounds, c->options.seed);
    out->t = paired_t(differences, c->query_count);
    out->random_p = randomization_p(differences, c->query_count, c->options.rounds, c->options.seed);
}

static void adjust(struct comparison *c)
{
    size_t count = (c->system_count - 1) * c->value_count;
    double *p = xcalloc(count + 1, sizeof(*p));
    for (size_t i = 0; i < count; i++)
        p[i] = c->contrasts[i].random_p;
    holm_adjust(p, count);
    for (size_t i = 0; i < count; i++) {
        c->contrasts[i].adjusted_p = p[i];
        c->contrasts[i].significant = p[i] < level;
    }
    free(p);
}

static void estimate_means(struct comparison *c)
{
    double *values = xcalloc(c->query_count + 1, sizeof(*values));
    for (size_t value = 0; value < c->value_count; value++) {
        for (size_t system = 0; system < c->system_count; system++) {
            for (size_t row = 0; row < c->query_count; row++)
                values[row] = comparison_value(c, system, row, value);
            c->intervals[value * c->system_count + system] =
                bootstrap_mean(values, c->query_count, c->options.rounds, c->options.seed);
        }
    }
    free(values);
}

/* Query rows by the first measure's difference; few enough for insertion. */
static void order_queries(struct comparison *c, size_t system)
{
    size_t *order = ARENA_ARRAY(&c->arena, size_t, c->query_count + 1);
    double *delta = xcalloc(c->query_count + 1, sizeof(*delta));
    for (size_t row = 0; row < c->query_count; row++) {
        double d = comparison_value(c, system, row, 0) - comparison_value(c, 0, row, 0);
        size_t at = row;
        for (; at > 0 && delta[at - 1] > d; at--) {
            delta[at] = delta[at - 1];
            order[at] = order[at - 1];
        }
        delta[at] = d;
        order[at] = row;
    }
    c->order[system] = order;
    free(delta);
}

static void find_newcomers(struct comparison *c, size_t system)
{
    struct arena scratch;
    arena_init(&scratch, 0);
    for (size_t row = 0; row < c->query_count; row++) {
        const char *query = c->systems[0].evaluation.rows.items[row].query;
        arena_reset(&scratch);
        struct places places = comparison_places(c, system, 0, query, &scratch);
        for (size_t i = 0; i < places.count; i++) {
            bool seen = places.items[i].other_rank > 0 && places.items[i].other_rank <= (size_t)c->options.depth;
            struct newcomer n = {system, query, places.items[i].doc, i + 1};
            if (!seen && places.items[i].grade < 0)
                vec_push(&c->newcomers, n);
        }
    }
    arena_release(&scratch);
}

enum status comparison_make(struct comparison *out, const struct comparison_input *input,
                            const struct comparison_options *options, struct error *err)
{
    *out = (struct comparison){.options = *options,
                               .judgments = input->judgments,
                               .set = input->set,
                               .systems = input->systems,
                               .system_count = input->system_count,
                               .value_count = measure_set_values(input->set),
                               .query_count = input->judgments->queries.count};
    arena_init(&out->arena, 0);
    out->options.evaluation.complete = true;
    enum status status = name_values(out, input->decisive, err);
    for (size_t i = 0; i < out->system_count && status == STATUS_OK; i++) {
        struct system *s = &out->systems[i];
        evaluation_release(&s->evaluation);
        status = evaluation_make(&s->evaluation, input->judgments, &s->run, input->set, &out->options.evaluation, err);
        if (status == STATUS_NOT_FOUND && s->run.queries.count == 0)
            status = STATUS_OK; /* it found nothing for any query: zeros */
        if (status != STATUS_OK)
            error_prefix(err, "%s", s->name);
    }
    if (status != STATUS_OK)
        return status;
    out->intervals = ARENA_ARRAY(&out->arena, struct interval, out->value_count * out->system_count + 1);
    out->contrasts = ARENA_ARRAY(&out->arena, struct contrast, out->value_count * out->system_count + 1);
    out->order = ARENA_ARRAY(&out->arena, size_t *, out->system_count + 1);
    double *differences = xcalloc(out->query_count + 1, sizeof(*differences));
    for (size_t system = 1; system < out->system_count; system++) {
        for (size_t value = 0; value < out->value_count; value++)
            contrast(out, system, value, differences);
        order_queries(out, system);
        find_newcomers(out, system);
    }
    free(differences);
    adjust(out);
    estimate_means(out);
    return STATUS_OK;
}

void comparison_release(struct comparison *c)
{
    vec_release(&c->newcomers);
    arena_release(&c->arena);
}

/* ---- what changed ---- */

struct str comparison_text(const struct comparison *c, const char *query)
{
    for (size_t i = 0; c->options.queries && i < c->options.queries->list.count; i++) {
        if (strcmp(c->options.queries->list.items[i].id, query) == 0)
            return c->options.queries->list.items[i].text;
    }
    return str_from(query);
}

struct places comparison_places(const struct comparison *c, size_t system, size_t other, const char *query,
                                struct arena *arena)
{
    struct places places = {NULL, 0};
    struct ranking here;
    struct ranking there;
    struct ranking_options options = {.level = c->options.evaluation.ranking.level, .depth = -1};
    const struct entries_query *judged = entries_find(c->judgments, query);
    if (!judged ||
        ranking_make(&here, judged, entries_find(&c->systems[system].run, query), &options, arena, NULL) != STATUS_OK ||
        ranking_make(&there, judged, entries_find(&c->systems[other].run, query), &options, arena, NULL) != STATUS_OK)
        return places;
    places.items = ARENA_ARRAY(arena, struct place, (size_t)c->options.depth + 1);
    for (long i = 0; i < here.count && i < (long)c->options.depth; i++) {
        struct place *p = &places.items[places.count++];
        *p = (struct place){here.docs[i], here.grades[i], 0};
        for (long k = 0; k < there.count && p->other_rank == 0; k++)
            p->other_rank = strcmp(there.docs[k], p->doc) == 0 ? (size_t)k + 1 : 0;
    }
    return places;
}

const char *comparison_title(const struct comparison *c, const char *doc, struct arena *arena)
{
    const char *title = NULL;
    for (size_t i = 0; i < c->system_count && !title; i++) {
        if (c->systems[i].opened.target)
            title = target_title(c->systems[i].opened.target, doc, arena);
    }
    return title;
}
