#include "bench/relevance/measure.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/measure_internal.h"

#define TREC_CUTOFFS "5,10,15,20,30,100,200,500,1000"
#define ELEVENTHS    "0.0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0"

const struct measure_row measure_rows[] = {
    {"runid", MEASURE_RUN, AVERAGE_SUM, NULL, NULL, "the run's tag"},
    {"num_q", MEASURE_COUNT, AVERAGE_QUERIES, NULL, NULL, "queries averaged over"},
    {"num_ret", MEASURE_COUNT, AVERAGE_SUM, measure_count_results, NULL, "documents retrieved"},
    {"num_rel", MEASURE_COUNT, AVERAGE_RELEVANT, measure_count_relevant, NULL, "relevant documents"},
    {"num_rel_ret", MEASURE_COUNT, AVERAGE_SUM, measure_count_relevant_results, NULL, "relevant ones retrieved"},
    {"map", MEASURE_VALUE, AVERAGE_MEAN, measure_map, NULL, "mean average precision"},
    {"gm_map", MEASURE_VALUE, AVERAGE_GEOMETRIC, measure_log_map, NULL, "geometric mean of average precision"},
    {"Rprec", MEASURE_VALUE, AVERAGE_MEAN, measure_r_precision, NULL, "precision at the number of relevant documents"},
    {"bpref", MEASURE_VALUE, AVERAGE_MEAN, measure_bpref, NULL, "binary preference over judged documents"},
    {"recip_rank", MEASURE_VALUE, AVERAGE_MEAN, measure_reciprocal_rank, NULL, "1 / rank of the first relevant one"},
    {"iprec_at_recall", MEASURE_PARTS, AVERAGE_MEAN, measure_interpolated, ELEVENTHS,
     "interpolated precision at parts of recall"},
    {"P", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_precision, TREC_CUTOFFS, "precision"},
    {"relstring", MEASURE_TEXT, AVERAGE_SUM, NULL, "10", "the grades of the first results"},
    {"recall", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_recall, TREC_CUTOFFS, "recall"},
    {"infAP", MEASURE_VALUE, AVERAGE_MEAN, measure_inferred_ap, NULL, "average precision inferred from a sample"},
    {"gm_bpref", MEASURE_VALUE, AVERAGE_GEOMETRIC, measure_log_bpref, NULL, "geometric mean of bpref"},
    {"Rprec_mult", MEASURE_PARTS, AVERAGE_MEAN, measure_r_multiples, "0.2,0.4,0.6,0.8,1.0,1.2,1.4,1.6,1.8,2.0",
     "precision at multiples of the number of relevant documents"},
    {"utility", MEASURE_NUMBERS, AVERAGE_MEAN, measure_utility, "1.0,-1.0,0.0,0.0",
     "weighted cells of the contingency table"},
    {"11pt_avg", MEASURE_NUMBERS, AVERAGE_MEAN, measure_interpolated_mean, ELEVENTHS, "mean of iprec_at_recall"},
    {"binG", MEASURE_VALUE, AVERAGE_MEAN, measure_binary_g, NULL, "G with binary grades"},
    {"G", MEASURE_GAINS, AVERAGE_MEAN, measure_g, NULL, "gain discounted by what was missed above"},
    {"ndcg", MEASURE_GAINS, AVERAGE_MEAN, measure_ndcg, NULL, "nDCG of all results"},
    {"ndcg_rel", MEASURE_GAINS, AVERAGE_MEAN, measure_ndcg_relevant, NULL, "nDCG averaged over relevant documents"},
    {"Rndcg", MEASURE_GAINS, AVERAGE_MEAN, measure_ndcg_levels, NULL, "nDCG averaged over changes of the ideal gain"},
    {"ndcg_cut", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_cut, TREC_CUTOFFS, "nDCG of the first results"},
    {"map_cut", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_map_cut, TREC_CUTOFFS, "average precision of the first results"},
    {"relative_P", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_relative_precision, TREC_CUTOFFS,
     "precision as a part of the highest possible"},
    {"success", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_success, "1,5,10", "1 when there is a relevant document"},
    {"set_P", MEASURE_VALUE, AVERAGE_MEAN, measure_set_precision, NULL, "precision of all results"},
    {"set_relative_P", MEASURE_VALUE, AVERAGE_MEAN, measure_set_relative_precision, NULL,
     "the same as a part of the highest possible"},
    {"set_recall", MEASURE_VALUE, AVERAGE_MEAN, measure_set_recall, NULL, "recall of all results"},
    {"set_map", MEASURE_VALUE, AVERAGE_MEAN, measure_set_map, NULL, "set_P * set_recall"},
    {"set_F", MEASURE_NUMBERS, AVERAGE_MEAN, measure_set_f, "1.0", "harmonic mean of set_P and set_recall"},
    {"num_nonrel_judged_ret", MEASURE_COUNT, AVERAGE_SUM, measure_count_judged_nonrelevant, NULL,
     "documents retrieved that are judged not relevant"},
    {"yaap", MEASURE_VALUE, AVERAGE_MEAN, measure_yaap, NULL, "average precision on a logistic scale"},
    {"ndcg_exp", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_exp, "10", "nDCG, gain 2^grade - 1"},
    {"ndcg_local", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_local, "10", "nDCG, ideal of the retrieved only"},
    {"ndcg_hit", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_hit, "10", "nDCG, ideal cut at the number of results"},
    {"ndcg_exp_local", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_exp_local, "10", "nDCG, both"},
    {"ndcg_exp_hit", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_exp_hit, "10", "nDCG, both"},
    {"ndcg_judged", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_ndcg_judged, "10", "ndcg_cut over judged documents only"},
    {"unjudged", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_unjudged, "10", "part of the places held by unjudged ones"},
    {"err", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_err, "20", "expected reciprocal rank"},
    {"rbp", MEASURE_PARTS, AVERAGE_MEAN, measure_rbp, "0.8", "rank-biased precision"},
    {"recip_rank_cut", MEASURE_CUTOFFS, AVERAGE_MEAN, measure_reciprocal_rank_cut, "10", "recip_rank within the first"},
};
const size_t measure_row_count = sizeof(measure_rows) / sizeof(*measure_rows);

struct nickname {
    const char *name;
    const char *measures; /* as they may be given, parameters included */
};

static const struct nickname nicknames[] = {
    {"official", "runid num_q num_ret num_rel num_rel_ret map gm_map Rprec bpref recip_rank iprec_at_recall P"},
    {"set", "runid num_q num_ret num_rel num_rel_ret utility set_P set_recall set_relative_P set_map set_F"},
    {"all_trec",
     "runid num_q num_ret num_rel num_rel_ret map gm_map Rprec bpref recip_rank iprec_at_recall P relstring "
     "recall infAP gm_bpref utility 11pt_avg ndcg relative_P Rprec_mult success map_cut ndcg_cut ndcg_rel "
     "Rndcg binG G set_P set_recall set_relative_P set_map set_F num_nonrel_judged_ret"},
    {"aisle", "runid num_q num_ret recip_rank_cut.10 P.10 recall.100 ndcg_cut.10 ndcg_judged.10 unjudged.10"},
};

static const struct measure_row *find_row(struct str name)
{
    for (size_t i = 0; i < measure_row_count; i++) {
        if (str_equal(name, str_from(measure_rows[i].name)))
            return &measure_rows[i];
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Parameters are numbers as far as they go, as trec_eval takes them. */
static enum status read_parameters(struct measure *m, const char *text, struct error *err)
{
    struct str rest = str_from(text);
    while (rest.data) {
        struct str piece = str_split(&rest, ',');
        char number[64];
        snprintf(number, sizeof(number), STR_FMT, STR_ARG(piece));
        char *equals = strchr(number, '=');
        if (m->parameter_count == MEASURE_VALUES)
            return error_set(err, STATUS_INPUT, "measure '%s' has over %d parameters", m->row->name, MEASURE_VALUES);
        if ((m->row->kind == MEASURE_GAINS) != (equals != NULL))
            return error_set(err, STATUS_INPUT, "measure '%s': the parameter '%s' must be %s", m->row->name, number,
                             equals ? "a number" : "GRADE=GAIN");
        if (m->row->kind == MEASURE_GAINS)
            m->grades[m->parameter_count] = strtol(number, NULL, 10);
        double value = strtod(equals ? equals + 1 : number, NULL);
        if (m->row->kind == MEASURE_CUTOFFS)
            value = (double)strtol(number, NULL, 10);
        m->parameters[m->parameter_count++] = value;
    }
    return STATUS_OK;
}

static enum status check_parameters(struct measure *m, struct error *err)
{
    bool cuts = m->row->kind == MEASURE_CUTOFFS || m->row->kind == MEASURE_PARTS;
    if (cuts)
        qsort(m->parameters, m->parameter_count, sizeof(double), by_value);
    for (size_t i = 0; cuts && i < m->parameter_count; i++) {
        if (m->row->kind == MEASURE_CUTOFFS && m->parameters[i] <= 0)
            return error_set(err, STATUS_INPUT, "measure '%s': the cutoff %g is not above 0", m->row->name,
                             m->parameters[i]);
        if (i && m->parameters[i] == m->parameters[i - 1])
            return error_set(err, STATUS_INPUT, "measure '%s': the cutoff %g is there twice", m->row->name,
                             m->parameters[i]);
    }
    if (m->row->compute == measure_utility && m->parameter_count != 4)
        return error_set(err, STATUS_INPUT, "measure 'utility' takes four parameters, not %zu", m->parameter_count);
    return STATUS_OK;
}

static void name_values(struct measure *m, const char *given, struct arena *arena)
{
    bool cuts = m->row->kind == MEASURE_CUTOFFS || m->row->kind == MEASURE_PARTS;
    m->value_count = cuts ? m->parameter_count : 1;
    for (size_t i = 0; i < m->value_count; i++) {
        if (m->row->kind == MEASURE_CUTOFFS)
            m->names[i] = arena_printf(arena, "%s_%ld", m->row->name, (long)m->parameters[i]).data;
        else if (m->row->kind == MEASURE_PARTS)
            m->names[i] = arena_printf(arena, "%s_%3.2f", m->row->name, m->parameters[i]).data;
        else if (given)
            m->names[i] = arena_printf(arena, "%s_%s", m->row->name, given).data;
        else
            m->names[i] = m->row->name;
    }
}

/* What was asked for: a row, and the parameters that came with its name. */
struct wish {
    bool wanted;
    const char *given;
};

static enum status wish_for(struct wish *wishes, const char *text, struct arena *arena, struct error *err)
{
    const char *dot = strchr(text, '.');
    struct str name = dot ? (struct str){text, (size_t)(dot - text)} : str_from(text);
    if (dot && !dot[1])
        return error_set(err, STATUS_NOT_FOUND, "measure '%s' has no parameters behind its dot", text);
    for (size_t i = 0; i < sizeof(nicknames) / sizeof(*nicknames); i++) {
        struct str rest = str_from(nicknames[i].measures);
        while (str_equal(name, str_from(nicknames[i].name)) && rest.data) {
            enum status status = wish_for(wishes, arena_copy(arena, str_split(&rest, ' ')).data, arena, err);
            if (status != STATUS_OK || !rest.data)
                return status;
        }
    }
    const struct measure_row *row = find_row(name);
    if (!row)
        return error_set(err, STATUS_NOT_FOUND, "there is no measure '%s'", text);
    struct wish *w = &wishes[row - measure_rows];
    bool parametric = row->kind != MEASURE_COUNT && row->kind != MEASURE_VALUE && row->kind != MEASURE_RUN;
    w->wanted = true;
    if (dot && parametric && !w->given)
        w->given = dot + 1;
    return STATUS_OK;
}

static enum status make_measure(struct measure *m, const struct measure_row *row, const struct wish *w,
                                struct arena *arena, struct error *err)
{
    const char *text = w->given ? w->given : row->defaults;
    *m = (struct measure){.row = row};
    enum status status = text ? read_parameters(m, text, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = check_parameters(m, err);
    name_values(m, w->given, arena);
    return status;
}

enum status measure_set_make(struct measure_set *set, const char *const *names, size_t count, struct error *err)
{
    struct wish wishes[sizeof(measure_rows) / sizeof(*measure_rows)] = {0};
    enum status status = STATUS_OK;
    *set = (struct measure_set){0};
    arena_init(&set->arena, 0);
    set->measures = ARENA_ARRAY(&set->arena, struct measure, measure_row_count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = wish_for(wishes, names[i], &set->arena, err);
    for (size_t i = 0; i < measure_row_count && status == STATUS_OK; i++) {
        if (wishes[i].wanted)
            status = make_measure(&set->measures[set->count++], &measure_rows[i], &wishes[i], &set->arena, err);
    }
    return status;
}

void measure_set_release(struct measure_set *set)
{
    arena_release(&set->arena);
    set->count = 0;
}

size_t measure_set_values(const struct measure_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->measures[i].value_count;
    return count;
}

size_t measure_set_find(const struct measure_set *set, const char *value_name)
{
    size_t at = 0;
    for (size_t i = 0; i < set->count; i++) {
        for (size_t k = 0; k < set->measures[i].value_count; k++, at++) {
            if (strcmp(set->measures[i].names[k], value_name) == 0)
                return at;
        }
    }
    return SIZE_MAX;
}

const char *measure_relstring(const struct measure *m, const struct ranking *r, struct arena *arena)
{
    long count = (long)m->parameters[0] < r->count ? (long)m->parameters[0] : r->count;
    char *out = arena_alloc(arena, count > 0 ? (size_t)count + 1 : 1);
    for (long i = 0; i < count; i++) {
        long grade = r->grades[i];
        out[i] = grade > 9 ? '>' : grade >= 0 ? (char)('0' + grade) : grade == GRADE_OUTSIDE ? '-' : '.';
    }
    out[count > 0 ? count : 0] = '\0';
    return out;
}

void measures_print(void)
{
    for (size_t i = 0; i < measure_row_count; i++) {
        const struct measure_row *row = &measure_rows[i];
        int width = printf("  %s%s%s", row->name, row->defaults ? "." : "", row->defaults ? row->defaults : "");
        printf("%*s%s\n", width < 52 ? 52 - width : 2, "", row->help);
    }
    printf("nicknames:\n");
    for (size_t i = 0; i < sizeof(nicknames) / sizeof(*nicknames); i++)
        printf("  %-10s %s\n", nicknames[i].name, nicknames[i].measures);
}
