#include "server/query/tally.h"

#include <stdlib.h>

#include "indexer/base/hash.h"

static void release_shard(struct tally_shard *s)
{
    free(s->tombstones);
    free(s->dead);
    *s = (struct tally_shard){0};
}

void tallies_clear(struct tallies *t)
{
    for (uint32_t i = 0; i < TALLY_BUCKETS; i++) {
        for (struct tally *x = t->buckets[i], *next; x; x = next) {
            next = x->next;
            free(x);
        }
        t->buckets[i] = NULL;
    }
    for (uint32_t i = 0; i < t->shard_count; i++)
        release_shard(&t->shards[i]);
    t->shard_count = 0;
    t->kept = 0;
    t->bytes = 0;
}

/* --- who died --- */
static void bury(struct tallies *t, struct tally_shard *s, doc_id doc)
{
    if (s->dead_count == s->dead_room) {
        uint32_t room = s->dead_room ? 2 * s->dead_room : 256;
        t->bytes += (room - s->dead_room) * sizeof(*s->dead);
        s->dead = xrealloc_array(s->dead, room, sizeof(*s->dead));
        s->dead_room = room;
    }
    s->dead[s->dead_count++] = doc;
}

/* False when a document lives again: nothing that was counted is right then. */
static bool look_who_died(struct tallies *t, struct tally_shard *s, const struct window *w)
{
    uint32_t words = (w->doc_count + 63) / 64;
    uint64_t id = segment_tombstones_id(&w->snapshot->segments[w->segment]);

    if (id == s->tombstones_id)
        return true;
    s->tombstones_id = id;
    if (!s->tombstones) {
        s->tombstones = xcalloc(words + 1, sizeof(*s->tombstones));
        t->bytes += (words + 1) * sizeof(*s->tombstones);
    }
    for (uint32_t i = 0; i < words; i++) {
        uint64_t now = w->tombstones ? w->tombstones[i] : 0;
        if (s->tombstones[i] & ~now)
            return false;
        for (uint64_t x = now & ~s->tombstones[i]; x; x &= x - 1)
            bury(t, s, i * 64 + (doc_id)__builtin_ctzll(x));
        s->tombstones[i] = now;
    }
    return true;
}

static struct tally_shard *shard_of(struct tallies *t, const struct window *w)
{
    uint64_t serial = shard_serial(w->shard);
    struct tally_shard *s;

    for (uint32_t i = 0; i < t->shard_count; i++) {
        if (t->shards[i].serial == serial)
            return &t->shards[i];
    }
    if (t->shard_count == TALLY_SHARDS)
        tallies_clear(t);
    s = &t->shards[t->shard_count++];
    *s = (struct tally_shard){.serial = serial};
    return s;
}

struct tally_place tally_place(struct tallies *t, const struct window *w, const struct filter_scope *scope,
                               bool products)
{
    struct tally_place p = {.tallies = t, .window = w, .scope = *scope, .products = products && w->groups};
    struct tally_shard *s;

    if (t->bytes > TALLY_BYTES)
        tallies_clear(t);
    s = shard_of(t, w);
    if (!look_who_died(t, s, w)) {
        tallies_clear(t);
        s = shard_of(t, w);
        (void)look_who_died(t, s, w);
    }
    p.shard = s;
    if (scope->attr != ATTR_NONE && !shard_facet_set(w->shard, scope->attr, scope->code, &p.set))
        p.set = (struct docset){.kind = DOCSET_EMPTY};
    return p;
}

/* --- taking the dead out --- */
static uint32_t *place_of(struct tally *t, uint32_t at)
{
    uint32_t low = 0, high = t->count;

    if (!t->pairs)
        return at < t->count ? &t->counts[at] : NULL;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->counts[2 * middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->count && t->counts[2 * low] == at ? &t->counts[2 * low + 1] : NULL;
}

static void take_out(struct tally *t, uint32_t at)
{
    uint32_t *count = place_of(t, at);

    if (count && *count)
        --*count;
}

static void take_out_values(struct tally *t, const struct facet_column *c, doc_id doc)
{
    uint32_t first = 0, end = 0;

    switch (c->kind) {
    case FACET_COLUMN_U8:
        take_out(t, ((const uint8_t *)c->codes)[doc]);
        break;
    case FACET_COLUMN_U16:
        take_out(t, ((const uint16_t *)c->codes)[doc]);
        break;
    case FACET_COLUMN_U32:
        take_out(t, ((const uint32_t *)c->codes)[doc]);
        break;
    case FACET_COLUMN_MULTI:
        first = c->offsets[facet_list(c, doc)];
        end = c->offsets[facet_list(c, doc) + 1];
        break;
    case FACET_COLUMN_SPARSE:
        first = end = docs_seek(c->docs, 0, c->list_count, doc);
        while (end < c->list_count && c->docs[end] == doc)
            end++;
        break;
    default:
        break;
    }
    for (uint32_t i = first; i < end; i++)
        take_out(t, c->list[i] + 1);
}

static void bring_up(struct tally *t, const struct tally_place *p)
{
    const struct shard *shard = p->window->shard;
    const struct tally_key *k = &t->key;

    for (; t->seen < p->shard->dead_count; t->seen++) {
        doc_id doc = p->shard->dead[t->seen];
        if (!tally_all(p) && !docset_contains(&p->set, doc))
            continue;
        if (k->attr == ATTR_NONE)
            take_out(t, 0);
        else if (k->numbers)
            take_out(t, shard_number_column(shard, k->attr)->codes[doc]);
        else
            take_out_values(t, shard_facet_column(shard, k->attr), doc);
    }
}

/* --- finding and keeping --- */
static struct tally_key key_of(const struct tally_place *p, attr_id attr, bool numbers)
{
    struct tally_key key;

    memset(&key, 0, sizeof(key)); /* what lies between the members is hashed, too */
    key.serial = p->shard->serial;
    key.code = p->scope.code;
    key.scope = p->scope.attr;
    key.attr = attr;
    key.products = p->products;
    key.numbers = numbers;
    return key;
}

static struct tally **link_of(struct tallies *t, const struct tally_key *key)
{
    struct tally **at = &t->buckets[hash64(key, sizeof(*key)) % TALLY_BUCKETS];

    while (*at && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
        at = &(*at)->next;
    return at;
}

static size_t size_of(const struct tally *t)
{
    return sizeof(*t) + (t->pairs ? 2 : 1) * (size_t)t->count * sizeof(*t->counts);
}

static void drop(struct tallies *tallies, struct tally **at)
{
    struct tally *gone = *at;

    *at = gone->next;
    tallies->kept--;
    tallies->bytes -= size_of(gone);
    free(gone);
}

const struct tally *tally_find(struct tally_place *p, attr_id attr, bool numbers)
{
    struct tally_key key = key_of(p, attr, numbers);
    struct tally **at = link_of(p->tallies, &key);
    struct tally *t = *at;

    p->tallies->asked++;
    if (!t)
        return NULL;
    if (p->products && t->seen < p->shard->dead_count) {
        drop(p->tallies, at);
        return NULL;
    }
    bring_up(t, p);
    p->tallies->found++;
    return t;
}

void tally_add(const struct tally *t, uint32_t *counts, uint32_t room)
{
    for (uint32_t i = 0; !t->pairs && i < t->count && i < room; i++)
        counts[i] += t->counts[i];
    for (uint32_t i = 0; t->pairs && i < t->count && t->counts[2 * i] < room; i++)
        counts[t->counts[2 * i]] += t->counts[2 * i + 1];
}

static uint32_t counted_at(const struct tally_counted *c, uint32_t i)
{
    return c->counts[i] - (c->before ? c->before[i] : 0);
}

void tally_keep(struct tally_place *p, attr_id attr, bool numbers, const struct tally_counted *counted)
{
    struct tally_key key = key_of(p, attr, numbers);
    struct tally **at = link_of(p->tallies, &key);
    uint32_t count = counted->count, used = 0, n = 0;
    struct tally *t;
    bool pairs;

    if (*at)
        drop(p->tallies, at);
    for (uint32_t i = 0; i < count; i++)
        used += counted_at(counted, i) != 0;
    pairs = used < count / 2;
    t = xmalloc(sizeof(*t) + (pairs ? 2 * (size_t)used : count) * sizeof(*t->counts));
    *t = (struct tally){.seen = p->shard->dead_count, .count = pairs ? used : count, .pairs = pairs};
    memcpy(&t->key, &key, sizeof(key));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = counted_at(counted, i);
        if (!pairs) {
            t->counts[i] = own;
        } else if (own) {
            t->counts[n++] = i;
            t->counts[n++] = own;
        }
    }
    at = &p->tallies->buckets[hash64(&key, sizeof(key)) % TALLY_BUCKETS];
    t->next = *at;
    *at = t;
    p->tallies->kept++;
    p->tallies->bytes += size_of(t);
}
