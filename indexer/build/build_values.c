#include "indexer/build/build_values.h"

#include <stdlib.h>

#include "indexer/base/number.h"
#include "indexer/shard/codes.h"

#define EXACT_UNITS  INT64_C(1000000000000000) /* 15 digits come through a double unchanged */
#define CENTS        2
#define CODES_SHARE  8 /* a column that this part of the documents has is dense */
#define COUNTING_MIN 8 /* pairs from 1/8 of the documents on are sorted by counting */

void build_values_release(struct build_values *v)
{
    for (size_t i = 0; i < v->attributes.count; i++) {
        vec_release(&v->attributes.items[i].facets);
        vec_release(&v->attributes.items[i].numbers);
    }
    vec_release(&v->attributes);
}

static struct build_attribute *attribute_at(struct build_values *v, attr_id attr)
{
    struct build_attribute none = {0};

    while (v->attributes.count <= attr)
        vec_push(&v->attributes, none);
    return &v->attributes.items[attr];
}

void build_values_facet(struct build_values *v, attr_id attr, uint32_t doc, facet_code code)
{
    struct facet_pair pair = {doc, code};

    vec_push(&attribute_at(v, attr)->facets, pair);
}

bool build_values_exact(struct str text)
{
    struct decimal d;

    return decimal_parse(text, &d) && d.units < EXACT_UNITS && d.units > -EXACT_UNITS;
}

void build_values_number(struct build_values *v, attr_id attr, uint32_t doc, struct str text,
                         enum build_number_place place)
{
    struct build_attribute *a = attribute_at(v, attr);
    struct build_number n = {.doc = doc};
    struct decimal d;
    double value = 0;

    if (decimal_parse(text, &d)) {
        n.units = d.units;
        n.scale = d.scale;
    } else if (number_parse_double(text, &value)) {
        n.is_double = true;
        n.units = number_cell_of_double(value);
    } else {
        return; /* out of the range of doubles: kept in the object, not filtered */
    }
    a->cut |= place == BUILD_NUMBER_CUT;
    a->listed |= place == BUILD_NUMBER_LISTED;
    vec_push(&a->numbers, n);
}

void build_values_flag(struct build_values *v, attr_id attr, uint32_t doc, bool yes)
{
    struct build_attribute *a = attribute_at(v, attr);
    struct build_number n = {.doc = doc, .is_flag = true, .units = yes ? NUMBER_TRUE : NUMBER_FALSE};

    a->cut = true;
    vec_push(&a->numbers, n);
}

void build_values_cancel(struct build_values *v, uint32_t doc)
{
    for (size_t i = 0; i < v->attributes.count; i++) {
        struct build_attribute *a = &v->attributes.items[i];

        while (a->facets.count && a->facets.items[a->facets.count - 1].doc >= doc)
            a->facets.count--;
        while (a->numbers.count && a->numbers.items[a->numbers.count - 1].doc >= doc)
            a->numbers.count--;
    }
}

/* --- facets --- */
static int pair_by_doc(const void *a, const void *b)
{
    const struct facet_pair *x = a, *y = b;

    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return (x->code > y->code) - (x->code < y->code);
}

static int pair_by_code(const void *a, const void *b)
{
    const struct facet_pair *x = a, *y = b;

    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->doc > y->doc) - (x->doc < y->doc);
}

_Static_assert(offsetof(struct facet_pair, doc) == 0 && offsetof(struct number_pair, doc) == 0,
               "pair_doc reads it there");

static inline doc_id pair_doc(const void *pair)
{
    doc_id doc;

    memcpy(&doc, pair, sizeof(doc));
    return doc;
}

/* Pairs that begin with their document, sorted by it, then as compare says. A document's pairs lie side by side
 * already, so counting moves them in one pass and what is left to sort is short. Inlined: size is then a constant. */
static inline __attribute__((always_inline)) void
sort_pairs(void *pairs, size_t size, uint32_t count, uint32_t doc_count, int (*compare)(const void *, const void *))
{
    char *from = pairs, *sorted;
    uint32_t *next;

    if (count == 0)
        return;
    if (count < doc_count / COUNTING_MIN) {
        qsort(pairs, count, size, compare);
        return;
    }
    next = xcalloc((size_t)doc_count + 1, sizeof(*next));
    sorted = xrealloc_array(NULL, (size_t)count + 1, size);
    for (uint32_t i = 0; i < count; i++)
        next[pair_doc(from + i * size) + 1]++;
    for (uint32_t d = 0; d < doc_count; d++)
        next[d + 1] += next[d];
    for (uint32_t i = 0; i < count; i++)
        memcpy(sorted + next[pair_doc(from + i * size)]++ * size, from + i * size, size);
    for (uint32_t i = 0, end = 0; i < count; i = end) {
        for (end = i + 1; end < count && pair_doc(sorted + end * size) == pair_doc(sorted + i * size);)
            end++;
        if (end - i > 1)
            qsort(sorted + i * size, end - i, size, compare);
    }
    memcpy(pairs, sorted, (size_t)count * size);
    free(next);
    free(sorted);
}

static void sort_by_doc(struct facet_pair *pairs, uint32_t count, uint32_t doc_count)
{
    sort_pairs(pairs, sizeof(*pairs), count, doc_count, pair_by_doc);
}

static void sort_by_code(struct facet_pair *pairs, uint32_t count)
{
    uint32_t limit = 0;
    uint32_t *next = NULL;
    struct facet_pair *sorted = NULL;

    for (uint32_t i = 0; i < count; i++)
        limit = pairs[i].code >= limit ? pairs[i].code + 1 : limit;
    if (limit > count) {
        if (count)
            qsort(pairs, count, sizeof(*pairs), pair_by_code);
        return;
    }
    next = xcalloc((size_t)limit + 1, sizeof(*next));
    sorted = xrealloc_array(NULL, (size_t)count + 1, sizeof(*sorted));
    for (uint32_t i = 0; i < count; i++)
        next[pairs[i].code + 1]++;
    for (uint32_t c = 0; c < limit; c++)
        next[c + 1] += next[c];
    for (uint32_t i = 0; i < count; i++)
        sorted[next[pairs[i].code]++] = pairs[i];
    memcpy(pairs, sorted, (size_t)count * sizeof(*pairs));
    free(next);
    free(sorted);
}

/* Renumbers, sorts and drops repeated pairs. */
static void settle_facets(struct build_attribute *a, const uint32_t *new_of_old, uint32_t doc_count)
{
    struct facet_pair *pairs = a->facets.items;
    size_t kept = 0;

    for (size_t i = 0; i < a->facets.count; i++)
        pairs[i].doc = new_of_old[pairs[i].doc];
    sort_by_doc(pairs, (uint32_t)a->facets.count, doc_count);
    for (size_t i = 0; i < a->facets.count; i++) {
        if (kept == 0 || pair_by_doc(&pairs[kept - 1], &pairs[i]) != 0)
            pairs[kept++] = pairs[i];
    }
    a->facets.count = kept;
}

/* --- numbers --- */
static int number_compare(const void *a, const void *b)
{
    const struct number_pair *x = a, *y = b;

    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

/* The smallest scale that holds all values exactly, with room for cents where the values are prices or the like; else
 * doubles. */
static struct number_form form_of(const struct build_attribute *a)
{
    struct number_form form = {.cut = a->cut, .listed = a->listed};
    uint8_t wanted = 0;
    int64_t cell = 0;

    for (size_t i = 0; i < a->numbers.count; i++) {
        form.is_double |= a->numbers.items[i].is_double;
        form.scale = a->numbers.items[i].scale > form.scale ? a->numbers.items[i].scale : form.scale;
    }
    wanted = a->cut && form.scale < CENTS ? CENTS : form.scale;
    for (int attempt = 0; !form.is_double && attempt < 2; attempt++) {
        bool fits = true;

        for (size_t i = 0; fits && i < a->numbers.count; i++) {
            struct decimal d = {a->numbers.items[i].units, a->numbers.items[i].scale};

            fits = a->numbers.items[i].is_flag || (decimal_rescale(d, wanted, &cell) && number_fits(cell));
        }
        if (fits) {
            form.scale = wanted;
            return form;
        }
        wanted = form.scale;
    }
    form.is_double = true;
    form.scale = 0;
    return form;
}

static int64_t cell_of(const struct build_number *n, struct number_form form)
{
    int64_t cell = 0;

    if (n->is_double || n->is_flag)
        return n->units;
    if (form.is_double)
        return number_cell_of_double(decimal_to_double(n->units, n->scale));
    return decimal_rescale((struct decimal){n->units, n->scale}, form.scale, &cell) ? cell : NUMBER_MISSING;
}

struct values_writer {
    struct attributes_writer attributes;
    struct codes_writer codes;
    const uint32_t *new_of_old;
};

static void write_numbers(struct build_attribute *a, attr_id attr, struct values_writer *vw)
{
    size_t count = a->numbers.count;
    struct number_pair *pairs = xrealloc_array(NULL, count + 1, sizeof(*pairs));
    struct number_form form = form_of(a);
    bool sorted = true, flags = false;

    for (size_t i = 0; i < count; i++) {
        flags |= a->numbers.items[i].is_flag;
        pairs[i] = (struct number_pair){vw->new_of_old[a->numbers.items[i].doc], cell_of(&a->numbers.items[i], form)};
        sorted &= i == 0 || number_compare(&pairs[i - 1], &pairs[i]) <= 0;
    }
    if (!sorted)
        sort_pairs(pairs, sizeof(*pairs), (uint32_t)count, vw->codes.doc_count, number_compare);
    if (flags)
        container_needs(vw->attributes.w, 4);
    for (size_t i = 1; i < count; i++)
        form.listed |= pairs[i].doc == pairs[i - 1].doc;
    form.coded = !form.listed && (form.cut || count >= vw->codes.doc_count / CODES_SHARE) &&
                 codes_put_numbers(&vw->codes, attr, pairs, (uint32_t)count);
    attributes_put_numbers(&vw->attributes, attr, pairs, (uint32_t)count, form);
    free(pairs);
}

static void write_facet_column(const struct build_attribute *a, attr_id attr, const struct dictionary *dictionary,
                               struct values_writer *vw)
{
    const struct facet_pair *pairs = a->facets.items;
    uint32_t count = (uint32_t)a->facets.count;
    bool multi = attributes_facets_multi(&vw->attributes, pairs, count);
    uint32_t listed = multi ? codes_put_lists(&vw->codes, attr, pairs, count, dictionary) : 0;

    attributes_put_facets(&vw->attributes, attr, pairs, count, listed);
    if (multi && !listed && dictionary_attr(dictionary, attr)->hierarchical)
        codes_put_paths(&vw->codes, attr, pairs, count, dictionary);
}

static void write_facets(struct build_values *v, const struct dictionary *dictionary, struct values_writer *vw)
{
    for (size_t i = 0; i < v->attributes.count; i++) {
        struct build_attribute *a = &v->attributes.items[i];

        settle_facets(a, vw->new_of_old, vw->codes.doc_count);
        if (a->facets.count == 0)
            continue;
        write_facet_column(a, (attr_id)i, dictionary, vw);
    }
}

void build_values_write(struct build_values *v, const struct dictionary *dictionary, const uint32_t *new_of_old,
                        uint32_t doc_count, struct container_writer *w)
{
    struct values_writer vw = {.codes = {.doc_count = doc_count}, .new_of_old = new_of_old};
    struct attributes_writer *aw = &vw.attributes;
    size_t count = v->attributes.count;

    attributes_writer_init(aw, w, doc_count);
    attributes_begin_facets(aw);
    write_facets(v, dictionary, &vw);
    attributes_begin_numbers(aw);
    for (size_t i = 0; i < count; i++) {
        if (v->attributes.items[i].numbers.count)
            write_numbers(&v->attributes.items[i], (attr_id)i, &vw);
    }
    attributes_begin_sets(aw);
    for (size_t i = 0; i < count; i++) {
        struct build_attribute *a = &v->attributes.items[i];

        if (a->facets.count) {
            sort_by_code(a->facets.items, (uint32_t)a->facets.count);
            attributes_put_sets(aw, (attr_id)i, a->facets.items, (uint32_t)a->facets.count);
        }
    }
    attributes_end(aw);
    attributes_writer_release(aw);
    codes_write(&vw.codes, w);
}
