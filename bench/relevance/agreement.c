#include "bench/relevance/agreement.h"

#include <stdlib.h>

static const struct entry *find(const struct entries *e, const struct entry *wanted)
{
    const struct entries_query *query = entries_find(e, wanted->query);
    for (size_t i = 0; query && i < query->count; i++) {
        if (strcmp(query->items[i].doc, wanted->doc) == 0)
            return &query->items[i];
    }
    return NULL;
}

static enum status add_grade(struct agreement *a, long grade, struct error *err)
{
    size_t at = 0;
    while (at < a->grade_count && a->grades[at] < grade)
        at++;
    if (at < a->grade_count && a->grades[at] == grade)
        return STATUS_OK;
    if (a->grade_count == AGREEMENT_GRADES)
        return error_set(err, STATUS_LIMIT, "there are over %d different grades", AGREEMENT_GRADES);
    memmove(a->grades + at + 1, a->grades + at, (a->grade_count - at) * sizeof(*a->grades));
    a->grades[at] = grade;
    a->grade_count++;
    return STATUS_OK;
}

static size_t place(const struct agreement *a, double grade)
{
    size_t at = 0;
    while (at + 1 < a->grade_count && a->grades[at] != (long)grade)
        at++;
    return at;
}

/* 1 - observed disagreement / disagreement by chance, with weights (difference of grades)^power; power 0: unequal. */
static double kappa(const struct agreement *a, int power)
{
    double rows[AGREEMENT_GRADES] = {0};
    double columns[AGREEMENT_GRADES] = {0};
    double observed = 0;
    double chance = 0;
    for (size_t i = 0; i < a->grade_count; i++) {
        for (size_t k = 0; k < a->grade_count; k++) {
            rows[i] += (double)a->table[i][k];
            columns[k] += (double)a->table[i][k];
        }
    }
    for (size_t i = 0; i < a->grade_count; i++) {
        for (size_t k = 0; k < a->grade_count; k++) {
            double far = (double)(a->grades[i] - a->grades[k]);
            double weight = i == k ? 0 : power == 2 ? far * far : 1;
            observed += weight * (double)a->table[i][k];
            chance += weight * rows[i] * columns[k] / (double)a->both;
        }
    }
    return chance > 0 ? 1 - observed / chance : 1;
}

enum status agreement_make(struct agreement *out, const struct entries *first, const struct entries *second,
                           struct error *err)
{
    size_t equal = 0;
    enum status status = STATUS_OK;
    *out = (struct agreement){.both = 0};
    for (size_t i = 0; i < first->list.count && status == STATUS_OK; i++) {
        const struct entry *other = find(second, &first->list.items[i]);
        if (!other)
            continue;
        status = add_grade(out, (long)first->list.items[i].value, err);
        if (status == STATUS_OK)
            status = add_grade(out, (long)other->value, err);
    }
    for (size_t i = 0; i < first->list.count && status == STATUS_OK; i++) {
        const struct entry *one = &first->list.items[i];
        const struct entry *other = find(second, one);
        if (!other) {
            out->only_first++;
            continue;
        }
        out->both++;
        equal += one->value == other->value;
        out->table[place(out, one->value)][place(out, other->value)]++;
    }
    out->only_second = second->list.count - out->both;
    if (status == STATUS_OK && out->both == 0)
        return error_set(err, STATUS_NOT_FOUND, "no document was rated by both");
    if (status != STATUS_OK)
        return status;
    out->observed = (double)equal / (double)out->both;
    out->kappa = kappa(out, 0);
    out->weighted = kappa(out, 2);
    return STATUS_OK;
}

void agreement_write(const struct agreement *a, struct buf *out)
{
    buf_printf(out, "%zu rated by both, %zu by the first only, %zu by the second only\n", a->both, a->only_first,
               a->only_second);
    buf_printf(out, "equal %.4f, kappa %.4f, with quadratic weights %.4f\n\n%10s", a->observed, a->kappa, a->weighted,
               "first\\2nd");
    for (size_t k = 0; k < a->grade_count; k++)
        buf_printf(out, "%8ld", a->grades[k]);
    for (size_t i = 0; i < a->grade_count; i++) {
        buf_printf(out, "\n%10ld", a->grades[i]);
        for (size_t k = 0; k < a->grade_count; k++)
            buf_printf(out, "%8zu", a->table[i][k]);
    }
    buf_append_char(out, '\n');
}
