#include <math.h>
#include <stdlib.h>

#include "indexer/base/map.h"
#include "indexer/base/sort.h"
#include "indexer/base/vec.h"
#include "indexer/shard/suggest_internal.h"

#define PHRASE_LIMIT  1000000u
#define SMALL_CATALOG 10000u /* below this many objects a phrase of a single object is worth keeping */
#define RECORD_BYTES  140    /* what a phrase costs here, about */

struct record {
    uint32_t objects;
    float weight; /* sum over objects of 1 + ln(1 + popularity) */
    uint16_t kind;
    uint16_t written_size, category_size;
    uint32_t written; /* into texts */
};

struct suggest_builder {
    const struct settings *settings;
    struct analysis *analysis;
    struct phrases phrases;
    struct map index; /* folded text -> record */
    VEC(struct record) records;
    struct buf texts; /* written text, then category path */
    size_t record_limit;
    uint64_t objects;
};

struct suggest_builder *suggest_builder_new(const struct settings *settings, const struct analyzer *analyzer,
                                            size_t memory_bytes)
{
    struct suggest_builder *b = xcalloc(1, sizeof(*b));
    b->settings = settings;
    b->analysis = analysis_new(analyzer);
    if (!b->analysis)
        fatal("no memory for an analysis");
    phrases_init(&b->phrases);
    map_init(&b->index);
    buf_init(&b->texts, UINT32_MAX);
    b->record_limit = memory_bytes / RECORD_BYTES < 1000 ? 1000 : memory_bytes / RECORD_BYTES;
    return b;
}

void suggest_builder_free(struct suggest_builder *b)
{
    if (!b)
        return;
    analysis_free(b->analysis);
    phrases_release(&b->phrases);
    map_release(&b->index);
    vec_release(&b->records);
    buf_release(&b->texts);
    free(b);
}

/* Keeps the phrases that at least `least` objects have. */
static void prune(struct suggest_builder *b, uint32_t least)
{
    struct map kept;
    struct buf texts;
    size_t at = 0, count = 0;
    struct str folded;
    uint64_t number;
    struct record *records = xmalloc((b->records.count + 1) * sizeof(*records));
    map_init(&kept);
    buf_init(&texts, UINT32_MAX);
    while (map_next(&b->index, &at, &folded, &number)) {
        struct record r = b->records.items[number];
        if (r.objects < least)
            continue;
        size_t from = r.written;
        r.written = (uint32_t)texts.size;
        buf_append(&texts, b->texts.data + from, (size_t)r.written_size + r.category_size);
        map_put(&kept, folded, count, NULL);
        records[count++] = r;
    }
    map_release(&b->index);
    vec_release(&b->records);
    buf_release(&b->texts);
    b->index = kept;
    b->texts = texts;
    b->records.items = records;
    b->records.count = count;
    b->records.capacity = count + 1;
}

static void take_phrase(struct suggest_builder *b, const struct phrase *p, uint32_t mark, float weight)
{
    bool added;
    uint64_t *number = map_put_asked(&b->index, p->folded, mark, b->records.count, &added);
    if (added) {
        struct record r = {.kind = (uint16_t)p->kind,
                           .written_size = (uint16_t)p->written.size,
                           .category_size = (uint16_t)(p->category.size > UINT16_MAX ? 0 : p->category.size),
                           .written = (uint32_t)b->texts.size};
        buf_append_str(&b->texts, p->written);
        buf_append(&b->texts, p->category.data, r.category_size);
        vec_push(&b->records, r);
    }
    struct record *r = &b->records.items[*number];
    r->objects++;
    r->weight += weight;
}

void suggest_builder_add(struct suggest_builder *b, const struct json *object, double popularity)
{
    float weight = (float)(1 + log1p(popularity > 0 ? popularity : 0));
    uint32_t marks[SUGGEST_PER_OBJECT];

    b->objects++;
    phrases_of(&b->phrases, b->settings, b->analysis, object);
    for (size_t i = 0; i < b->phrases.count; i++)
        marks[i] = map_ask(&b->index, b->phrases.items[i].folded);
    for (size_t i = 0; i < b->phrases.count; i++) {
        const uint64_t *number = map_ask_key(&b->index, marks[i]);
        if (number)
            __builtin_prefetch(&b->records.items[*number], 1);
    }
    for (size_t i = 0; i < b->phrases.count; i++)
        take_phrase(b, &b->phrases.items[i], marks[i], weight);
    if (b->records.count <= b->record_limit && !b->texts.failed)
        return;
    /* to half, since pruning looks at all of them */
    for (uint32_t least = 2; least == 2 || b->records.count > b->record_limit / 2; least++)
        prune(b, least);
}

/* --- writing --- */

struct chosen {
    struct str folded;
    const struct record *record;
    uint32_t score;
};

struct writer {
    struct chosen *phrases;
    size_t count;
    struct suggest_entry *entries;
    size_t entry_count;
    VEC(struct suggest_slot) heavy;
    VEC(uint32_t) tops;
};

static uint32_t score_of(const struct record *r)
{
    static const double boost[] = {1, 2, 4}; /* phrase, brand, category */
    double score = r->weight * boost[r->kind];
    return score > 4e9 ? 4000000000u : (uint32_t)score;
}

static int by_score(const void *a_void, const void *b_void)
{
    const struct chosen *a = a_void, *b = b_void;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return str_compare(a->folded, b->folded);
}

static int by_text(void *context, uint32_t a, uint32_t b)
{
    const struct chosen *phrases = context;
    return str_compare(phrases[a].folded, phrases[b].folded);
}

static void sort_by_text(struct writer *w)
{
    struct sort_item *items = xrealloc_array(NULL, w->count + 1, sizeof(*items));
    struct chosen *sorted = xmalloc((w->count + 1) * sizeof(*sorted));
    for (uint32_t i = 0; i < w->count; i++)
        items[i] = (struct sort_item){sort_head(w->phrases[i].folded), i};
    sort_items(items, w->count, by_text, w->phrases);
    for (size_t i = 0; i < w->count; i++)
        sorted[i] = w->phrases[items[i].value];
    free(items);
    free(w->phrases);
    w->phrases = sorted;
}

static void choose(struct suggest_builder *b, struct writer *w)
{
    uint32_t least = b->objects < SMALL_CATALOG ? 1 : 2;
    size_t at = 0;
    uint64_t number;
    struct str folded;
    w->phrases = xmalloc((b->records.count + 1) * sizeof(*w->phrases));
    while (map_next(&b->index, &at, &folded, &number)) {
        const struct record *r = &b->records.items[number];
        if (r->objects >= least || r->kind != SUGGESTION_PHRASE)
            w->phrases[w->count++] = (struct chosen){folded, r, score_of(r)};
    }
    if (w->count > PHRASE_LIMIT) {
        qsort(w->phrases, w->count, sizeof(*w->phrases), by_score);
        w->count = PHRASE_LIMIT;
    }
    sort_by_text(w);
}

static struct str entry_text(const struct writer *w, const struct suggest_entry *e)
{
    struct str folded = w->phrases[e->phrase].folded;
    return str_slice(folded, e->offset, folded.size);
}

/* Entries while they are sorted: two that begin alike are told by what follows. */
struct sorting {
    const struct writer *w;
    const struct suggest_entry *entries;
};

static int by_entry(void *context, uint32_t a, uint32_t b)
{
    const struct sorting *s = context;
    int order = str_compare(entry_text(s->w, &s->entries[a]), entry_text(s->w, &s->entries[b]));
    return order ? order : (a > b) - (a < b); /* they were made in the order of phrases */
}

static void make_entries(struct writer *w)
{
    VEC(struct suggest_entry) made = {0};
    VEC(struct sort_item) items = {0};
    for (size_t i = 0; i < w->count; i++) {
        struct str folded = w->phrases[i].folded;
        for (size_t at = 0; at < folded.size; at++) {
            if (at == 0 || (folded.data[at - 1] == ' ' && folded.data[at] != ' ')) {
                vec_push(&items,
                         ((struct sort_item){sort_head(str_slice(folded, at, folded.size)), (uint32_t)made.count}));
                vec_push(&made, ((struct suggest_entry){(uint32_t)i, (uint32_t)at}));
            }
        }
    }
    struct sorting sorting = {w, made.items};
    sort_items(items.items, items.count, by_entry, &sorting);
    w->entry_count = made.count;
    w->entries = xrealloc_array(NULL, made.count + 1, sizeof(*w->entries));
    for (size_t i = 0; i < made.count; i++)
        w->entries[i] = made.items[items.items[i].value];
    vec_release(&made);
    vec_release(&items);
}

/* The best phrases of a prefix, the best first. */
struct top {
    uint32_t phrases[SUGGEST_TOP];
    size_t count;
};

static void top_add(const struct writer *w, struct top *t, uint32_t phrase)
{
    size_t at = t->count;
    if (at == SUGGEST_TOP && w->phrases[phrase].score < w->phrases[t->phrases[at - 1]].score)
        return;
    for (size_t k = 0; k < t->count; k++) {
        if (t->phrases[k] == phrase)
            return;
    }
    while (at > 0 && by_score(&w->phrases[phrase], &w->phrases[t->phrases[at - 1]]) < 0)
        at--;
    if (at == SUGGEST_TOP)
        return;
    if (t->count < SUGGEST_TOP)
        t->count++;
    memmove(t->phrases + at + 1, t->phrases + at, (t->count - at - 1) * sizeof(*t->phrases));
    t->phrases[at] = phrase;
}

/* The end of the entries from `from` on, before `end`, that have the same first `size` bytes: few are looked at. */
static size_t prefix_end(const struct writer *w, size_t from, size_t end, size_t size)
{
    struct str prefix = str_slice(entry_text(w, &w->entries[from]), 0, size);
    size_t low = from + 1, high = from + 1, step = 1;
    while (high < end && str_starts_with(entry_text(w, &w->entries[high]), prefix)) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    high = high < end ? high : end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_starts_with(entry_text(w, &w->entries[middle]), prefix))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Every prefix, at code point ends, that many entries share: a walk over the sorted entries as over a trie. A prefix's
 * best are among the best of the longer ones and what belongs to none of these. Returns the place of its best. */
static uint32_t make_heavy(struct writer *w, size_t first, size_t end, size_t depth)
{
    struct str text = first < end ? entry_text(w, &w->entries[first]) : (struct str){0};
    struct top top = {.count = 0};
    uint32_t place = (uint32_t)(w->tops.count / SUGGEST_TOP);
    struct suggest_slot slot = {.hash = suggest_hash(str_slice(text, 0, depth)),
                                .first = (uint32_t)first,
                                .end = (uint32_t)end,
                                .top = place,
                                .size = (uint32_t)depth};
    vec_push(&w->heavy, slot);
    for (size_t k = 0; k < SUGGEST_TOP; k++)
        vec_push(&w->tops, SUGGEST_NONE);
    for (size_t from = first, to; from < end; from = to) {
        text = entry_text(w, &w->entries[from]);
        size_t next_depth = depth;
        to = from + 1;
        if (text.size > depth) {
            (void)str_utf8_next(text, &next_depth);
            to = prefix_end(w, from, end, next_depth);
        }
        if (to - from >= SUGGEST_HEAVY && next_depth > depth) {
            uint32_t inner = make_heavy(w, from, to, next_depth);
            for (size_t k = 0; k < SUGGEST_TOP && w->tops.items[inner * SUGGEST_TOP + k] != SUGGEST_NONE; k++)
                top_add(w, &top, w->tops.items[inner * SUGGEST_TOP + k]);
            continue;
        }
        for (size_t e = from; e < to; e++)
            top_add(w, &top, w->entries[e].phrase);
    }
    memcpy(w->tops.items + (size_t)place * SUGGEST_TOP, top.phrases, top.count * sizeof(*top.phrases));
    return place;
}

static void align(struct buf *out)
{
    while (out->size % 8)
        buf_append_char(out, 0);
}

static void write_slots(const struct writer *w, uint32_t slot_count, struct buf *out)
{
    struct suggest_slot *slots = xcalloc(slot_count, sizeof(*slots));
    for (size_t i = 0; i < w->heavy.count; i++) {
        uint32_t at = (uint32_t)w->heavy.items[i].hash & (slot_count - 1);
        while (slots[at].hash)
            at = (at + 1) & (slot_count - 1);
        slots[at] = w->heavy.items[i];
    }
    buf_append(out, slots, slot_count * sizeof(*slots));
    free(slots);
}

static void write_phrases(const struct suggest_builder *b, const struct writer *w, struct buf *out, struct buf *text)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct chosen *c = &w->phrases[i];
        struct suggest_phrase p = {.folded = (uint32_t)text->size,
                                   .folded_size = (uint16_t)c->folded.size,
                                   .written_size = c->record->written_size,
                                   .category_size = c->record->category_size,
                                   .kind = c->record->kind,
                                   .objects = c->record->objects,
                                   .score = c->score};
        buf_append_str(text, c->folded);
        p.written = (uint32_t)text->size;
        p.category = p.written + p.written_size;
        buf_append(text, b->texts.data + c->record->written, (size_t)p.written_size + p.category_size);
        buf_append(out, &p, sizeof(p));
    }
}

void suggest_builder_finish(struct suggest_builder *b, struct buf *out)
{
    struct writer w = {0};
    struct buf text;
    uint32_t slot_count = 1;
    choose(b, &w);
    make_entries(&w);
    (void)make_heavy(&w, 0, w.entry_count, 0);
    while (slot_count < w.heavy.count * 2)
        slot_count *= 2;

    struct suggest_header header = {.magic = SUGGEST_MAGIC,
                                    .phrase_count = (uint32_t)w.count,
                                    .entry_count = (uint32_t)w.entry_count,
                                    .slot_count = slot_count,
                                    .top_count = (uint32_t)(w.tops.count / SUGGEST_TOP)};
    size_t header_at = out->size;
    buf_init(&text, UINT32_MAX);
    buf_append(out, &header, sizeof(header));
    write_phrases(b, &w, out, &text);
    align(out);
    buf_append(out, w.entries, w.entry_count * sizeof(*w.entries));
    write_slots(&w, slot_count, out);
    buf_append(out, w.tops.items, w.tops.count * sizeof(*w.tops.items));
    align(out);
    header.text_size = (uint32_t)text.size;
    buf_append_str(out, buf_str(&text));
    if (!out->failed)
        memcpy(out->data + header_at, &header, sizeof(header));

    buf_release(&text);
    vec_release(&w.heavy);
    vec_release(&w.tops);
    free(w.entries);
    free(w.phrases);
}
