#include "indexer/build/prefix_unions.h"

#include <stdlib.h>

#include "indexer/shard/identifier.h"
#include "indexer/shard/postings.h"
#include "indexer/shard/prefixes.h"

#define DEPTH_MAX 24 /* bytes of the longest prefix with a union */

struct open_prefix {
    size_t size;     /* bytes of the prefix */
    uint32_t end;    /* the place behind its last term */
    uint16_t *masks; /* by document: bit f is field f */
};

/* A finished union; they end shortest last, so they are sorted before they are written. */
struct finished {
    struct str prefix;
    uint32_t df;
    struct buf postings;
};

struct prefix_unions {
    struct invert_facts *facts;
    const struct str *texts;
    const struct term_record *records;
    uint64_t *sums; /* of df before each place */
    uint32_t term_count, doc_count;
    struct open_prefix stack[DEPTH_MAX];
    uint32_t depth;
    uint16_t *spare[DEPTH_MAX]; /* masks to be reused, all zero */
    uint32_t spare_count;
    uint32_t light_end; /* terms before this place have no further heavy prefix */
    VEC(struct finished) done;
    doc_id *docs;
    uint32_t *doc_facts;
};

struct prefix_unions *prefix_unions_new(struct invert_facts *facts, const struct str *texts,
                                        const struct term_record *records, uint32_t term_count, uint32_t doc_count)
{
    struct prefix_unions *p = xcalloc(1, sizeof(*p));
    uint64_t sum = 0;

    *p = (struct prefix_unions){
        .facts = facts, .texts = texts, .records = records, .term_count = term_count, .doc_count = doc_count};
    p->sums = xrealloc_array(NULL, (size_t)term_count + 1, sizeof(*p->sums));
    for (uint32_t i = 0; i <= term_count; i++) {
        p->sums[i] = sum;
        sum += records[i].df;
    }
    return p;
}

void prefix_unions_free(struct prefix_unions *p)
{
    if (!p)
        return;
    for (uint32_t i = 0; i < p->depth; i++)
        free(p->stack[i].masks);
    for (uint32_t i = 0; i < p->spare_count; i++)
        free(p->spare[i]);
    for (size_t i = 0; i < p->done.count; i++)
        buf_release(&p->done.items[i].postings);
    vec_release(&p->done);
    free(p->sums);
    free(p->docs);
    free(p->doc_facts);
    free(p);
}

/* --- which prefixes --- */
/* The place behind the last term that begins with the first `size` bytes of the term at `first`. */
static uint32_t prefix_end(const struct prefix_unions *p, uint32_t first, size_t size)
{
    struct str prefix = str_slice(p->texts[first], 0, size);
    uint32_t low = first + 1, step = 1, high = first + 1;

    while (high < p->term_count && str_starts_with(p->texts[high], prefix)) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > p->term_count)
        high = p->term_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_starts_with(p->texts[middle], prefix))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Without its longest lists, which a search walks as they are (prefixes.h), a range of terms must have enough. What is
 * not heavy has no heavy part. */
static bool is_heavy(const struct prefix_unions *p, uint32_t first, uint32_t end)
{
    uint64_t sum = p->sums[end] - p->sums[first], most = p->doc_count / PREFIX_SHARE;
    uint32_t longest[PREFIX_LONGEST] = {0}; /* descending */

    if (end - first < PREFIX_TERMS_MIN || sum <= most)
        return false;
    for (uint32_t i = first; i < end; i++) {
        uint32_t df = p->records[i].df, at = PREFIX_LONGEST;

        for (; at > 0 && df > longest[at - 1]; at--) {
            if (at < PREFIX_LONGEST)
                longest[at] = longest[at - 1];
        }
        if (at < PREFIX_LONGEST)
            longest[at] = df;
    }
    for (uint32_t i = 0; i < PREFIX_LONGEST; i++)
        sum -= longest[i];
    return sum > most;
}

static void open_prefixes(struct prefix_unions *p, uint32_t place)
{
    struct str text = p->texts[place];
    size_t at = p->depth ? p->stack[p->depth - 1].size : 0;

    if (place < p->light_end || (text.size && text.data[0] == IDENTIFIER_PREFIX))
        return;
    while (at < text.size && p->depth < DEPTH_MAX) {
        struct open_prefix *o = &p->stack[p->depth];

        (void)str_utf8_next(text, &at);
        o->size = at;
        o->end = prefix_end(p, place, at);
        if (!is_heavy(p, place, o->end)) {
            p->light_end = o->end;
            return;
        }
        o->masks = p->spare_count ? p->spare[--p->spare_count] : xcalloc((size_t)p->doc_count + 1, sizeof(uint16_t));
        p->depth++;
    }
}

/* --- making one --- */
static uint32_t fact_of_mask(struct prefix_unions *p, uint16_t mask)
{
    uint64_t fact = 0;

    for (int f = 0; f < 16; f++) {
        if (mask >> f & 1)
            fact |= (uint64_t)1 << (4 * f);
    }
    return invert_fact(p->facts, fact);
}

static void close_prefix(struct prefix_unions *p, uint32_t last_place)
{
    struct open_prefix *o = &p->stack[--p->depth];
    uint16_t *outer = p->depth ? p->stack[p->depth - 1].masks : NULL;
    struct finished f = {.prefix = str_slice(p->texts[last_place], 0, o->size)};
    uint32_t last_fact = 0;
    uint16_t last_mask = 0;

    if (!p->docs) {
        p->docs = xrealloc_array(NULL, (size_t)p->doc_count + 1, sizeof(*p->docs));
        p->doc_facts = xrealloc_array(NULL, (size_t)p->doc_count + 1, sizeof(*p->doc_facts));
    }
    for (uint32_t d = 0; d < p->doc_count; d++) {
        uint16_t mask = o->masks[d];

        if (!mask)
            continue;
        if (outer)
            outer[d] |= mask;
        if (mask != last_mask) {
            last_mask = mask;
            last_fact = fact_of_mask(p, mask);
        }
        p->docs[f.df] = d;
        p->doc_facts[f.df++] = last_fact;
        o->masks[d] = 0;
    }
    p->spare[p->spare_count++] = o->masks;
    if (f.df == 0)
        return;
    postings_encode(p->docs, p->doc_facts, f.df, p->doc_count, &f.postings);
    vec_push(&p->done, f);
}

void prefix_unions_add(struct prefix_unions *p, uint32_t place, const doc_id *docs, const uint32_t *facts, uint32_t df)
{
    uint16_t *masks = NULL;

    while (p->depth && p->stack[p->depth - 1].end <= place)
        close_prefix(p, place - 1);
    open_prefixes(p, place);
    if (!p->depth)
        return;
    masks = p->stack[p->depth - 1].masks;
    for (uint32_t i = 0; i < df; i++) {
        uint64_t fact = p->facts->values.items[facts[i]];

        for (uint16_t f = 0; fact; f++, fact >>= 4) {
            if (fact & 15)
                masks[docs[i]] |= (uint16_t)(1U << f);
        }
    }
}

/* --- writing --- */
static int finished_compare(const void *a, const void *b)
{
    return str_compare(((const struct finished *)a)->prefix, ((const struct finished *)b)->prefix);
}

void prefix_unions_write(struct prefix_unions *p, struct container_writer *w)
{
    struct prefixes_writer out;

    while (p->depth)
        close_prefix(p, p->term_count - 1);
    if (p->done.count)
        qsort(p->done.items, p->done.count, sizeof(*p->done.items), finished_compare);
    prefixes_begin(&out, w);
    for (size_t i = 0; i < p->done.count; i++)
        prefixes_put(&out, p->done.items[i].prefix, p->done.items[i].df, buf_str(&p->done.items[i].postings));
    prefixes_end(&out);
}
