#include "server/query/unions.h"

#include <stdlib.h>

#include "server/query/cursor.h"

#define FIELD_SETS 65536
#define FACT_NONE  UINT32_MAX
#define BEHIND     64 /* bytes that may be read behind a list */

static const struct kept_limits LIMITS = {.lists = 4096, .age = 1u << 16, .bytes = UNION_BYTES};

struct union_list {
    uint64_t serial; /* never the same for two lists */
    uint32_t df;
    size_t size;
    char bytes[]; /* and BEHIND more */
};

void union_cache_clear(struct union_cache *c)
{
    kept_lists_clear(&c->lists);
}

void union_cache_begin(struct union_cache *c)
{
    kept_lists_begin(&c->lists);
}

/* --- making one --- */
/* By document: a bit for each field where any of the words stands. */
static uint16_t *fields_by_doc(const struct shard *shard, term_id first, term_id end)
{
    uint32_t doc_count = shard_doc_count(shard), fact_count, room = 0;
    const uint64_t *table = shard_facts(shard, &fact_count);
    uint16_t *fields = xcalloc((size_t)doc_count + 1, sizeof(*fields));
    doc_id *docs = NULL;
    uint32_t *facts = NULL;
    struct postings p;

    for (term_id t = first; t < end; t++) {
        shard_postings(shard, t, &p);
        if (p.df > room) {
            room = p.df;
            docs = xrealloc_array(docs, room, sizeof(*docs));
            facts = xrealloc_array(facts, room, sizeof(*facts));
        }
        if (p.df)
            postings_list(&p, docs, facts);
        for (uint32_t i = 0; i < p.df; i++) {
            if (docs[i] < doc_count && facts[i] < fact_count)
                fields[docs[i]] |= (uint16_t)fact_fields(table[facts[i]]);
        }
    }
    free(docs);
    free(facts);
    return fields;
}

/* By fields: some fact that has just these, whatever its frequencies. */
static uint32_t *facts_by_fields(const struct shard *shard)
{
    uint32_t fact_count;
    const uint64_t *table = shard_facts(shard, &fact_count);
    uint32_t *out = xrealloc_array(NULL, FIELD_SETS, sizeof(*out));

    for (uint32_t i = 0; i < FIELD_SETS; i++)
        out[i] = FACT_NONE;
    for (uint32_t i = fact_count; i-- > 0;)
        out[fact_fields(table[i])] = i; /* the frequent ones have low numbers, which take few bits */
    return out;
}

/* False when a fact is missing. */
static bool encode(const struct shard *shard, const uint16_t *fields, const uint32_t *facts, struct buf *out,
                   uint32_t *df)
{
    uint32_t doc_count = shard_doc_count(shard), n = 0;
    doc_id *docs = xrealloc_array(NULL, (size_t)doc_count + 1, sizeof(*docs));
    uint32_t *its = xrealloc_array(NULL, (size_t)doc_count + 1, sizeof(*its));
    bool done = true;

    for (doc_id d = 0; d < doc_count && done; d++) {
        if (!fields[d])
            continue;
        docs[n] = d;
        its[n] = facts[fields[d]];
        done = its[n++] != FACT_NONE;
    }
    if (done && n)
        postings_encode(docs, its, n, doc_count, out);
    *df = n;
    free(docs);
    free(its);
    return done && n;
}

static void make(struct union_cache *c, const struct shard *shard, struct kept_list *kept, term_id first, term_id end)
{
    uint16_t *fields = fields_by_doc(shard, first, end);
    uint32_t *facts = facts_by_fields(shard), df;
    struct buf list = BUF_EMPTY;
    struct union_list *l;

    kept->impossible = !encode(shard, fields, facts, &list, &df);
    kept->needed = sizeof(*l) + list.size + BEHIND;
    if (!kept->impossible && kept_lists_room(&c->lists, kept, kept->needed)) {
        l = kept_lists_put(&c->lists, kept, kept->needed);
        *l = (struct union_list){.serial = ++c->serials, .df = df, .size = list.size + BEHIND};
        memcpy(l->bytes, list.data, list.size);
    }
    buf_release(&list);
    free(fields);
    free(facts);
}

static bool enough(const struct shard *shard, term_id first, term_id end)
{
    uint64_t sum = 0;
    struct postings p;

    for (term_id t = first; t < end && sum < UNION_POSTINGS; t++) {
        shard_postings(shard, t, &p);
        sum += p.df;
    }
    return sum >= UNION_POSTINGS;
}

uint64_t unions_of(struct union_cache *c, const struct shard *shard, term_id first, term_id end, struct postings *out)
{
    const uint64_t key[KEPT_KEY] = {shard_uid(shard), (uint64_t)first << 32 | end};
    struct kept_list *kept = kept_lists_ask(&c->lists, &LIMITS, key);
    const struct union_list *l;
    size_t used;

    if (!kept)
        return 0;
    if (kept->asked == 1)
        kept->impossible = !enough(shard, first, end);
    else if (!kept->data && !kept->impossible && (!kept->needed || kept_lists_room(&c->lists, kept, kept->needed)))
        make(c, shard, kept, first, end);
    l = kept->data;
    if (!l || !postings_open((struct str){l->bytes, l->size}, l->df, shard_doc_count(shard), out, &used))
        return 0;
    return l->serial;
}
