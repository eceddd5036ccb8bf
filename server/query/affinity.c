#include "server/query/affinity.h"

static attr_id category_of(const struct snapshot *snapshot)
{
    struct str name = snapshot->settings->role_attribute[ROLE_CATEGORY];
    attr_id attr = name.size ? dictionary_attr_find(snapshot->dictionary, name) : ATTR_NONE;

    return attr != ATTR_NONE && attr < snapshot->attr_count ? attr : ATTR_NONE;
}

double affinity_limit(const struct query *q, double idf_sum)
{
    uint32_t words = 0;

    for (uint32_t i = 0; i < q->slot_count; i++)
        words += !q->slots[i].stop;
    return words > 1 && category_of(q->snapshot) != ATTR_NONE ? AFFINITY_WEIGHT * idf_sum : 0;
}

/* --- one word --- */
struct tally {
    const struct facet_column *column;
    const uint64_t *facts;
    uint32_t fact_count;
    uint64_t fields; /* nibbles of title and category */
    uint32_t *counts;
    uint32_t code_count;
    uint32_t docs;
};

/* The codes of a document: *count of them. */
static const facet_code *codes_of(const struct facet_column *c, doc_id doc, facet_code *one, uint32_t *count)
{
    uint32_t first = 0, end = c->list_count;

    *count = 0;
    switch (c->kind) {
    case FACET_COLUMN_U8:
        *one = (facet_code)((const uint8_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_U16:
        *one = (facet_code)((const uint16_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_U32:
        *one = ((const uint32_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_MULTI:
        *count = c->offsets[doc + 1] - c->offsets[doc];
        return c->list + c->offsets[doc];
    case FACET_COLUMN_SPARSE:
        while (first < end) {
            uint32_t middle = first + (end - first) / 2;
            if (c->docs[middle] < doc)
                first = middle + 1;
            else
                end = middle;
        }
        while (first + *count < c->list_count && c->docs[first + *count] == doc)
            ++*count;
        return c->list + first;
    default:
        return one;
    }
    *count = *one != FACET_NONE;
    return one;
}

static void tally_doc(struct tally *t, doc_id doc, uint32_t fact)
{
    facet_code one;
    uint32_t count;
    const facet_code *codes;

    if (fact >= t->fact_count || !(t->facts[fact] & t->fields))
        return;
    t->docs++;
    codes = codes_of(t->column, doc, &one, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (codes[i] < t->code_count)
            t->counts[codes[i]]++;
    }
}

/* Every so many postings, of every so many blocks. */
static void tally_packed(struct tally *t, const struct postings *p)
{
    enum { BLOCKS = AFFINITY_SAMPLE / 16 };
    uint32_t stride = (p->block_count + BLOCKS - 1) / BLOCKS, blocks, step;
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK];

    stride = stride ? stride : 1;
    blocks = (p->block_count + stride - 1) / stride;
    step = p->df <= AFFINITY_SAMPLE ? 1 : (blocks * POSTINGS_BLOCK + AFFINITY_SAMPLE - 1) / AFFINITY_SAMPLE;
    for (uint32_t b = 0; b < p->block_count; b += stride) {
        uint32_t n = postings_block(p, b, docs, facts);
        for (uint32_t i = 0; i < n; i += step)
            tally_doc(t, docs[i], facts[i]);
    }
}

/* Every so many words of the bitmap. */
static void tally_dense(struct tally *t, const struct postings *p, uint32_t doc_count)
{
    uint32_t stride = (p->df + AFFINITY_SAMPLE - 1) / AFFINITY_SAMPLE;

    for (uint32_t w = 0; w < (doc_count + 63) / 64; w += stride) {
        for (uint64_t x = p->bits[w]; x; x &= x - 1) {
            doc_id doc = w * 64 + (doc_id)__builtin_ctzll(x);
            tally_doc(t, doc, postings_dense_fact(p, doc));
        }
    }
}

static void tally_term(struct tally *t, const struct query *q, const struct query_term *term, attr_id attr)
{
    for (uint32_t i = 0; i < q->snapshot->segment_count; i++) {
        const struct shard *shard = q->snapshot->segments[i].shard;
        term_id id = term->ids[i];
        struct postings p;

        if (id == TERM_NONE || shard_check_terms(shard, id, id + 1, NULL) != STATUS_OK ||
            shard_check_attribute(shard, attr, NULL) != STATUS_OK)
            continue;
        t->column = shard_facet_column(shard, attr);
        t->facts = shard_facts(shard, &t->fact_count);
        shard_postings(shard, id, &p);
        if (p.bits)
            tally_dense(t, &p, shard_doc_count(shard));
        else
            tally_packed(t, &p);
    }
}

/* --- the query --- */
static uint64_t fields_of(const struct settings *s)
{
    int title = settings_title_field(s);
    uint64_t fields = title >= 0 ? 15ull << (4 * title) : 0;

    for (size_t f = 0; f < s->field_count; f++) {
        for (size_t a = 0; a < s->fields[f].attribute_count; a++)
            fields |= str_equal(s->fields[f].attributes[a], s->role_attribute[ROLE_CATEGORY]) ? 15ull << (4 * f) : 0;
    }
    return fields;
}

static const struct query_term *word_of(const struct slot *s)
{
    for (uint32_t i = 0; !s->stop && i < s->alternative_count; i++) {
        if (s->alternatives[i].kind == ALTERNATIVE_EXACT)
            return s->alternatives[i].terms[0];
    }
    return NULL;
}

bool affinity_init(struct affinity *a, const struct query *q, struct arena *arena)
{
    struct tally t = {.fields = fields_of(q->snapshot->settings)};
    double sum = 0, most = 0;
    float *of_code;

    *a = (struct affinity){.attr = category_of(q->snapshot)};
    if (q->affinity <= 0)
        return true;
    t.code_count = a->code_count = dictionary_value_count(q->snapshot->dictionary, a->attr);
    if (a->code_count == 0 || a->code_count > AFFINITY_CODES)
        return true;
    of_code = ARENA_ARRAY(arena, float, a->code_count);
    t.counts = ARENA_ARRAY(arena, uint32_t, a->code_count);
    if (!of_code || !t.counts)
        return false;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct query_term *word = word_of(&q->slots[i]);
        if (!word)
            continue;
        t.docs = 0;
        tally_term(&t, q, word, a->attr);
        if (t.docs == 0)
            continue;
        sum += q->slots[i].idf;
        for (uint32_t c = 0; c < a->code_count; c++) {
            of_code[c] += (float)(q->slots[i].idf * t.counts[c] / (t.docs + 1));
            t.counts[c] = 0;
        }
    }
    for (uint32_t c = 0; c < a->code_count; c++)
        most = (double)of_code[c] > most ? (double)of_code[c] : most;
    if (most <= 0)
        return true;
    a->of_code = of_code;
    a->scale = q->affinity / sum;
    a->most = most * a->scale;
    return true;
}

void affinity_segment(struct affinity *a, const struct shard *shard)
{
    a->column = a->of_code ? shard_facet_column(shard, a->attr) : NULL;
}

double affinity_of(const struct affinity *a, doc_id doc)
{
    double sum = 0;
    facet_code one;
    uint32_t count;
    const facet_code *codes;

    if (!a->of_code)
        return 0;
    codes = codes_of(a->column, doc, &one, &count);
    for (uint32_t i = 0; i < count; i++)
        sum += codes[i] < a->code_count ? (double)a->of_code[codes[i]] : 0;
    return count ? a->scale * sum / count : 0;
}
