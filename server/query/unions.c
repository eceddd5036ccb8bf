#include "server/query/unions.h"

#include <stdlib.h>

#include "server/query/cursor.h"

#define FIELD_SETS 65536
#define FACT_NONE  UINT32_MAX
#define BEHIND     64 /* bytes that may be read behind a list */

static void list_release(struct union_cache *c, struct union_list *l)
{
    c->bytes -= l->size;
    free(l->bytes);
    *l = (struct union_list){0};
}

void union_cache_clear(struct union_cache *c)
{
    for (uint32_t i = 0; c->lists && i < UNION_LISTS; i++)
        list_release(c, &c->lists[i]);
    free(c->lists);
    *c = (struct union_cache){.serials = c->serials};
}

void union_cache_begin(struct union_cache *c)
{
    c->begun = c->clock;
}

/* --- which --- */
/* The entry of the terms, or one that gives way to it, or NULL. */
static struct union_list *find_list(struct union_cache *c, uint64_t shard_uid, term_id first, term_id end)
{
    uint64_t hash = (shard_uid ^ ((uint64_t)first << 32 | end)) * 0x9E3779B97F4A7C15ull;
    struct union_list *set = c->lists + (hash >> 32 & (UNION_LISTS / UNION_WAYS - 1)) * UNION_WAYS, *place = NULL;

    for (uint32_t i = 0; i < UNION_WAYS; i++) {
        struct union_list *l = &set[i];
        if (l->shard_uid == shard_uid && l->first == first && l->end == end)
            return l;
        if (l->used <= c->begun && (!place || l->used < place->used))
            place = l;
    }
    if (place) {
        list_release(c, place);
        *place = (struct union_list){.shard_uid = shard_uid, .first = first, .end = end};
    }
    return place;
}

/* Those that were asked for less than half as often make room, as of values (impacts.c). */
static bool make_room(struct union_cache *c, const struct union_list *for_list, size_t size)
{
    if (c->bytes + size > UNION_BYTES && for_list->asked <= c->refused)
        return false; /* there was none */
    while (c->bytes + size > UNION_BYTES) {
        struct union_list *least = NULL;
        for (uint32_t i = 0; i < UNION_LISTS; i++) {
            struct union_list *l = &c->lists[i];
            if (!l->bytes || l->used > c->begun || 2 * l->asked > for_list->asked)
                continue;
            if (!least || l->asked < least->asked || (l->asked == least->asked && l->used < least->used))
                least = l;
        }
        if (!least) {
            c->refused = for_list->asked;
            return false;
        }
        list_release(c, least);
    }
    return true;
}

/* --- making one --- */
/* By document: a bit for each field where any of the words stands. */
static uint16_t *fields_by_doc(const struct shard *shard, const struct union_list *l)
{
    uint32_t doc_count = shard_doc_count(shard), fact_count, room = 0;
    const uint64_t *table = shard_facts(shard, &fact_count);
    uint16_t *fields = xcalloc((size_t)doc_count + 1, sizeof(*fields));
    doc_id *docs = NULL;
    uint32_t *facts = NULL;
    struct postings p;

    for (term_id t = l->first; t < l->end; t++) {
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

static void make(struct union_cache *c, const struct shard *shard, struct union_list *l)
{
    uint16_t *fields = fields_by_doc(shard, l);
    uint32_t *facts = facts_by_fields(shard);
    struct buf list = BUF_EMPTY;

    l->impossible = !encode(shard, fields, facts, &list, &l->df);
    l->needed = list.size + BEHIND;
    if (!l->impossible && make_room(c, l, l->needed)) {
        l->bytes = xcalloc(l->needed, 1);
        memcpy(l->bytes, list.data, list.size);
        l->size = l->needed;
        l->serial = ++c->serials;
        c->bytes += l->size;
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
    struct union_list *l;
    size_t used;

    if (!c->lists)
        c->lists = xcalloc(UNION_LISTS, sizeof(*c->lists));
    l = find_list(c, shard_uid(shard), first, end);
    if (!l)
        return 0;
    if (++c->clock % UNION_AGE == 0) {
        c->refused = 0;
        for (uint32_t i = 0; i < UNION_LISTS; i++)
            c->lists[i].asked = (c->lists[i].asked + 1) / 2;
    }
    l->used = c->clock;
    if (l->asked++ == 0)
        l->impossible = !enough(shard, first, end);
    else if (!l->bytes && !l->impossible && (!l->needed || make_room(c, l, l->needed)))
        make(c, shard, l);
    if (!l->bytes || !postings_open((struct str){l->bytes, l->size}, l->df, shard_doc_count(shard), out, &used))
        return 0;
    return l->serial;
}
