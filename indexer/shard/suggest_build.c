#include <math.h>
#include <stdlib.h>

#include "indexer/base/map.h"
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

static void take_phrase(struct suggest_builder *b, const struct phrase *p, float weight)
{
    bool added;
    uint64_t *number = map_put(&b->index, p->folded, b->records.count, &added);
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
    b->objects++;
    phrases_of(&b->phrases, b->settings, b->analysis, object);
    for (size_t i = 0; i < b->phrases.count; i++)
        take_phrase(b, &b->phrases.items[i], weight);
    for (uint32_t least = 2; b->records.count > b->record_limit || b->texts.failed; least++)
        prune(b, least);
}

/* --- writing --- */

struct chosen {
    struct str folded;
    uint64_t head; /* of folded: its first eight bytes */
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

/* The first eight bytes as a number, by which most comparisons of texts are decided. */
static uint64_t head_of(struct str text)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < text.size ? (uint8_t)text.data[i] : 0);
    return head;
}

static int by_score(const void *a_void, const void *b_void)
{
    const struct chosen *a = a_void, *b = b_void;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return str_compare(a->folded, b->folded);
}

static int by_text(const void *a_void, const void *b_void)
{
    const struct chosen *a = a_void, *b = b_void;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return str_compare(a->folded, b->folded);
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
            w->phrases[w->count++] = (struct chosen){folded, head_of(folded), r, score_of(r)};
    }
    qsort(w->phrases, w->count, sizeof(*w->phrases), by_score);
    if (w->count > PHRASE_LIMIT)
        w->count = PHRASE_LIMIT;
    qsort(w->phrases, w->count, sizeof(*w->phrases), by_text);
}

static struct str entry_text(const struct writer *w, const struct suggest_entry *e)
{
    struct str folded = w->phrases[e->phrase].folded;
    return str_slice(folded, e->offset, folded.size);
}

/* An entry to be sorted. */
struct entry_key {
    uint64_t head; /* of its text */
    struct suggest_entry entry;
};

static int by_entry(const void *a_void, const void *b_void, void *context)
{
    const struct entry_key *a = a_void, *b = b_void;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    int order = str_compare(entry_text(context, &a->entry), entry_text(context, &b->entry));
    return order ? order : (a->entry.phrase > b->entry.phrase) - (a->entry.phrase < b->entry.phrase);
}

static void make_entries(struct writer *w)
{
    VEC(struct entry_key) keys = {0};
    for (size_t i = 0; i < w->count; i++) {
        struct str folded = w->phrases[i].folded;
        for (size_t at = 0; at < folded.size; at++) {
            if (at == 0 || (folded.data[at - 1] == ' ' && folded.data[at] != ' '))
                vec_push(&keys, ((struct entry_key){head_of(str_slice(folded, at, folded.size)),
                                                    {(uint32_t)i, (uint32_t)at}}));
        }
    }
    if (keys.count)
        qsort_r(keys.items, keys.count, sizeof(*keys.items), by_entry, w);
    w->entry_count = keys.count;
    w->entries = xrealloc_array(NULL, keys.count + 1, sizeof(*w->entries));
    for (size_t i = 0; i < keys.count; i++)
        w->entries[i] = keys.items[i].entry;
    vec_release(&keys);
}

/* The best phrases among entries first..end-1, each once. */
static void make_top(struct writer *w, size_t first, size_t end)
{
    uint32_t top[SUGGEST_TOP];
    size_t count = 0;
    for (size_t e = first; e < end; e++) {
        uint32_t phrase = w->entries[e].phrase;
        size_t at = count;
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || top[k] == phrase;
        while (!known && at > 0 && by_score(&w->phrases[phrase], &w->phrases[top[at - 1]]) < 0)
            at--;
        if (known || at == SUGGEST_TOP)
            continue;
        if (count < SUGGEST_TOP)
            count++;
        memmove(top + at + 1, top + at, (count - at - 1) * sizeof(*top));
        top[at] = phrase;
    }
    for (size_t k = 0; k < SUGGEST_TOP; k++)
        vec_push(&w->tops, k < count ? top[k] : SUGGEST_NONE);
}

/* Every prefix, at code point ends, that many entries share: a walk over the sorted entries as over a trie. */
static void make_heavy(struct writer *w, size_t first, size_t end, size_t depth)
{
    struct str text = first < end ? entry_text(w, &w->entries[first]) : (struct str){0};
    struct suggest_slot slot = {.hash = suggest_hash(str_slice(text, 0, depth)),
                                .first = (uint32_t)first,
                                .end = (uint32_t)end,
                                .top = (uint32_t)(w->tops.count / SUGGEST_TOP),
                                .size = (uint32_t)depth};
    vec_push(&w->heavy, slot);
    make_top(w, first, end);
    for (size_t from = first; from < end;) {
        text = entry_text(w, &w->entries[from]);
        if (text.size <= depth) {
            from++;
            continue;
        }
        size_t next_depth = depth;
        (void)str_utf8_next(text, &next_depth);
        struct str prefix = str_slice(text, 0, next_depth);
        size_t to = from + 1;
        while (to < end && str_starts_with(entry_text(w, &w->entries[to]), prefix))
            to++;
        if (to - from >= SUGGEST_HEAVY)
            make_heavy(w, from, to, next_depth);
        from = to;
    }
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
    make_heavy(&w, 0, w.entry_count, 0);
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
