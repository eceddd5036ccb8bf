#include "bench/relevance/click_model.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/buf.h"

static const double still = 1e-5;     /* a round that changes no place by more is the last */
static const double smoothing = 2;    /* as many looks of the usual attraction are added to each pair */
static const double held_looks = 200; /* and as many impressions of the beginning to each place */

void click_model_init(struct click_model *m)
{
    *m = (struct click_model){.rate = 0};
    arena_init(&m->arena, 0);
    map_init(&m->pair_places);
    map_init(&m->query_places);
}

void click_model_release(struct click_model *m)
{
    for (size_t i = 0; i < m->pairs.count; i++)
        vec_release(&m->pairs.items[i].places);
    vec_release(&m->pairs);
    vec_release(&m->queries);
    map_release(&m->pair_places);
    map_release(&m->query_places);
    arena_release(&m->arena);
}

/* ---- what happened ---- */

uint32_t click_model_query(struct click_model *m, struct str normal, struct str text)
{
    bool added;
    uint64_t place = *map_put(&m->query_places, normal, m->queries.count, &added);
    if (added) {
        const char *kept = arena_copy(&m->arena, text).data;
        vec_push(&m->queries, kept);
    }
    return (uint32_t)place;
}

uint32_t click_model_pair(struct click_model *m, uint32_t query, struct str doc)
{
    struct buf key = BUF_EMPTY;
    bool added;
    buf_append(&key, &query, sizeof(query));
    buf_append_str(&key, doc);
    uint64_t place = *map_put(&m->pair_places, buf_str(&key), m->pairs.count, &added);
    if (added) {
        struct click_pair pair = {.query = query, .doc = arena_copy(&m->arena, doc).data};
        vec_push(&m->pairs, pair);
    }
    buf_release(&key);
    return (uint32_t)place;
}

static struct click_place *place_of(struct click_model *m, uint32_t pair, uint32_t position)
{
    struct click_pair *p = &m->pairs.items[pair];
    struct click_place fresh = {position < 1 ? 1 : position > CLICK_POSITIONS ? CLICK_POSITIONS : position, 0, 0};
    for (size_t i = 0; i < p->places.count; i++) {
        if (p->places.items[i].position == fresh.position)
            return &p->places.items[i];
    }
    vec_push(&p->places, fresh);
    return &p->places.items[p->places.count - 1];
}

void click_model_shown(struct click_model *m, uint32_t pair, uint32_t position)
{
    place_of(m, pair, position)->shown++;
    m->pairs.items[pair].shown++;
}

void click_model_clicked(struct click_model *m, uint32_t pair, uint32_t position)
{
    struct click_place *place = place_of(m, pair, position);
    if (place->clicked < place->shown) {
        place->clicked++;
        m->pairs.items[pair].clicked++;
    }
}

/* ---- estimation ---- */

/* Sums of a round, by position. */
struct round {
    double looked[CLICK_POSITIONS + 1], shown[CLICK_POSITIONS + 1];
};

/* What an impression without a click says: looked at all the same, or attracting and not looked at. */
static void add_place(const struct click_place *p, double looked, double attracts, struct round *sums, double out[2])
{
    double nothing = 1 - looked * attracts;
    double unclicked = nothing > 1e-12 ? (p->shown - p->clicked) / nothing : 0;
    double looks = p->clicked + unclicked * looked * (1 - attracts);
    sums->looked[p->position] += looks;
    sums->shown[p->position] += p->shown;
    out[0] += p->clicked + unclicked * attracts * (1 - looked);
    out[1] += looks;
}

static void estimate_pairs(struct click_model *m, struct round *sums)
{
    double clicked = 0, looks = 0;
    for (size_t i = 0; i < m->pairs.count; i++) {
        struct click_pair *pair = &m->pairs.items[i];
        double sum[2] = {0, 0}; /* attracted, looked at */
        for (size_t k = 0; k < pair->places.count; k++)
            add_place(&pair->places.items[k], m->looked[pair->places.items[k].position], pair->attracts, sums, sum);
        pair->attracts = (sum[0] + smoothing * m->rate) / (pair->shown + smoothing);
        pair->looked = 0;
        for (size_t k = 0; k < pair->places.count; k++)
            pair->looked += pair->places.items[k].shown * m->looked[pair->places.items[k].position];
        clicked += pair->clicked;
        looks += pair->looked;
    }
    m->rate = looks > 0 && clicked < looks ? clicked / looks : .5;
}

/* The largest change of a place. */
static double estimate_places(struct click_model *m, const struct round *sums)
{
    double change = 0;
    double first = (sums->looked[1] + held_looks) / (sums->shown[1] + held_looks);
    for (int p = 1; p <= CLICK_POSITIONS; p++) {
        double looked = (sums->looked[p] + held_looks / p) / (sums->shown[p] + held_looks) / first;
        looked = looked < 1 ? looked : 1;
        change = fabs(looked - m->looked[p]) > change ? fabs(looked - m->looked[p]) : change;
        m->looked[p] = looked;
    }
    return change;
}

void click_model_estimate(struct click_model *m, size_t rounds)
{
    double clicked = 0, looks = 0;
    for (int p = 1; p <= CLICK_POSITIONS; p++)
        m->looked[p] = 1. / p;
    for (size_t i = 0; i < m->pairs.count; i++) {
        struct click_pair *pair = &m->pairs.items[i];
        for (size_t k = 0; k < pair->places.count; k++)
            looks += pair->places.items[k].shown / pair->places.items[k].position;
        clicked += pair->clicked;
    }
    m->rate = looks > 0 && clicked < looks ? clicked / looks : .5;
    for (size_t i = 0; i < m->pairs.count; i++)
        m->pairs.items[i].attracts = m->rate;
    for (size_t round = 0; round < rounds; round++) {
        struct round sums = {.looked = {0}};
        estimate_pairs(m, &sums);
        if (estimate_places(m, &sums) < still && round > 10)
            break;
    }
}

/* ---- grades ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void click_model_grade(const struct click_model *m, const struct click_grading *grading, struct entries *out)
{
    double *values = xcalloc(m->pairs.count + 1, sizeof(*values));
    size_t count = 0;
    entries_init(out);
    for (size_t i = 0; i < m->pairs.count; i++) {
        if (m->pairs.items[i].looked >= grading->least_looked)
            values[count++] = m->pairs.items[i].attracts;
    }
    qsort(values, count, sizeof(*values), by_value);
    double top = count ? values[(count - 1) * 19 / 20] : 1;
    free(values);
    for (size_t i = 0; i < m->pairs.count; i++) {
        const struct click_pair *p = &m->pairs.items[i];
        double grade = top > 0 ? floor(p->attracts / top * (double)(grading->top_grade + 1)) : 0;
        if (p->looked >= grading->least_looked)
            entries_add(out, str_from(m->queries.items[p->query]), str_from(p->doc),
                        grade < (double)grading->top_grade ? grade : (double)grading->top_grade);
    }
    entries_sort(out);
}
