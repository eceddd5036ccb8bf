#include "indexer/shard/suggest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "indexer/base/log.h"
#include "indexer/base/map.h"
#include "indexer/base/rcu.h"
#include "indexer/base/vec.h"
#include "indexer/shard/container.h"
#include "indexer/shard/suggest_internal.h"

/* A phrase that live writes brought. Made once, never moved, freed with the suggest. */
struct extra {
    struct str folded, written, category;
    enum suggestion_kind kind;
    _Atomic uint32_t objects;
};

/* The overlay as readers see it: (extra, word start) in the order of the text there. Replaced whole by publish. */
struct extra_entry {
    const struct extra *extra;
    uint32_t offset;
};
struct overlay {
    size_t count;
    struct extra_entry entries[];
};

/* Of the file that was opened lazily. */
enum { FILE_UNCHECKED, FILE_SOUND, FILE_DAMAGED };

struct suggest {
    const struct settings *settings;
    struct str file;      /* empty: not opened lazily */
    _Atomic int state;    /* header and parts are to be read once it is not FILE_UNCHECKED */
    pthread_mutex_t lock; /* of the check */
    const struct suggest_phrase *phrases;
    const struct suggest_entry *entries;
    const struct suggest_slot *slots;
    const uint32_t *tops;
    const char *text;
    struct suggest_header header;
    _Atomic uint32_t *objects; /* live, by phrase */
    /* the writer's */
    struct phrases scratch;
    struct map index; /* folded text -> phrase, or phrase_count + extra */
    bool indexed;     /* the base phrases are in index: filled at the first count */
    VEC(struct extra *) extras;
    size_t published; /* extras in the overlay */
    struct overlay *_Atomic overlay;
};

/* --- opening --- */

struct suggest *suggest_new(const struct settings *settings)
{
    struct suggest *s = xcalloc(1, sizeof(*s));
    s->settings = settings;
    pthread_mutex_init(&s->lock, NULL);
    atomic_init(&s->state, FILE_SOUND);
    phrases_init(&s->scratch);
    map_init(&s->index);
    return s;
}

struct suggest *suggest_new_damaged(const struct settings *settings)
{
    struct suggest *s = suggest_new(settings);
    atomic_init(&s->state, FILE_DAMAGED);
    return s;
}

bool suggest_damaged(const struct suggest *s)
{
    return atomic_load_explicit(&s->state, memory_order_relaxed) == FILE_DAMAGED;
}

void suggest_free(struct suggest *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->extras.count; i++)
        free(s->extras.items[i]);
    vec_release(&s->extras);
    free(atomic_load(&s->overlay));
    free(s->objects);
    map_release(&s->index);
    phrases_release(&s->scratch);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static bool inside(const struct suggest *s, uint32_t offset, uint32_t size)
{
    return (uint64_t)offset + size <= s->header.text_size;
}

static struct str folded_of(const struct suggest *s, uint32_t phrase)
{
    return (struct str){s->text + s->phrases[phrase].folded, s->phrases[phrase].folded_size};
}

static struct str entry_text(const struct suggest *s, uint32_t entry)
{
    struct str folded = folded_of(s, s->entries[entry].phrase);
    return str_slice(folded, s->entries[entry].offset, folded.size);
}

static bool check_parts(const struct suggest *s)
{
    const struct suggest_header *h = &s->header;
    for (uint32_t i = 0; i < h->phrase_count; i++) {
        const struct suggest_phrase *p = &s->phrases[i];
        if (!inside(s, p->folded, p->folded_size) || !inside(s, p->written, p->written_size) ||
            !inside(s, p->category, p->category_size) || p->kind > SUGGESTION_CATEGORY)
            return false;
    }
    for (uint32_t i = 0; i < h->entry_count; i++) {
        const struct suggest_entry *e = &s->entries[i];
        if (e->phrase >= h->phrase_count || e->offset > s->phrases[e->phrase].folded_size)
            return false;
    }
    bool free_slot = h->slot_count == 0;
    for (uint32_t i = 0; i < h->slot_count; i++) {
        const struct suggest_slot *slot = &s->slots[i];
        free_slot = free_slot || !slot->hash;
        if (slot->hash && (slot->first > slot->end || slot->end > h->entry_count || slot->top >= h->top_count))
            return false;
    }
    for (uint64_t i = 0; i < (uint64_t)h->top_count * SUGGEST_TOP; i++) {
        if (s->tops[i] != SUGGEST_NONE && s->tops[i] >= h->phrase_count)
            return false;
    }
    return free_slot;
}

/* Lays the parts over the bytes; false when the sizes do not add up. */
static bool lay_out(struct suggest *s, struct str bytes)
{
    const struct suggest_header *h = &s->header;
    if (bytes.size < sizeof(*h) || ((uintptr_t)bytes.data & 7))
        return false;
    memcpy(&s->header, bytes.data, sizeof(s->header));
    if (h->magic != SUGGEST_MAGIC || (h->slot_count & (h->slot_count - 1)))
        return false;
    uint64_t at = sizeof(*h);
    uint64_t phrases = at;
    at += (uint64_t)h->phrase_count * sizeof(struct suggest_phrase);
    uint64_t entries = at;
    at += (uint64_t)h->entry_count * sizeof(struct suggest_entry);
    uint64_t slots = at;
    at += (uint64_t)h->slot_count * sizeof(struct suggest_slot);
    uint64_t tops = at;
    at += (uint64_t)h->top_count * SUGGEST_TOP * sizeof(uint32_t);
    at = (at + 7) & ~7ull;
    if (at + h->text_size != bytes.size)
        return false;
    s->phrases = (const struct suggest_phrase *)(const void *)(bytes.data + phrases);
    s->entries = (const struct suggest_entry *)(const void *)(bytes.data + entries);
    s->slots = (const struct suggest_slot *)(const void *)(bytes.data + slots);
    s->tops = (const uint32_t *)(const void *)(bytes.data + tops);
    s->text = bytes.data + at;
    return true;
}

/* Live counts begin as they were at build. */
static void count_anew(struct suggest *s)
{
    s->objects = xcalloc(s->header.phrase_count + 1, sizeof(*s->objects));
    for (uint32_t i = 0; i < s->header.phrase_count; i++)
        atomic_init(&s->objects[i], s->phrases[i].objects);
}

static enum status refuse(struct suggest *s, struct error *err)
{
    memset(&s->header, 0, sizeof(s->header));
    suggest_free(s);
    return error_set(err, STATUS_FORMAT, "not a file of suggestions, or a damaged one");
}

enum status suggest_open(struct suggest **out, const struct settings *settings, struct str bytes, struct error *err)
{
    struct suggest *s = suggest_new(settings);
    if (!lay_out(s, bytes) || !check_parts(s))
        return refuse(s, err);
    count_anew(s);
    *out = s;
    return STATUS_OK;
}

enum status suggest_open_lazy(struct suggest **out, const struct settings *settings, struct str bytes,
                              struct error *err)
{
    struct suggest *s = suggest_new(settings);
    if (!lay_out(s, bytes))
        return refuse(s, err);
    s->file = bytes;
    atomic_init(&s->state, FILE_UNCHECKED);
    *out = s;
    return STATUS_OK;
}

bool suggest_check(struct suggest *s)
{
    if (atomic_load_explicit(&s->state, memory_order_acquire) != FILE_UNCHECKED)
        return atomic_load_explicit(&s->state, memory_order_relaxed) == FILE_SOUND;
    pthread_mutex_lock(&s->lock);
    if (atomic_load_explicit(&s->state, memory_order_relaxed) == FILE_UNCHECKED) {
        bool sound = checked_bytes_sound(s->file) && check_parts(s);
        if (sound) {
            count_anew(s);
        } else {
            memset(&s->header, 0, sizeof(s->header));
            log_error("the file of suggestions is damaged: none of its suggestions are given");
        }
        atomic_store_explicit(&s->state, sound ? FILE_SOUND : FILE_DAMAGED, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return atomic_load_explicit(&s->state, memory_order_relaxed) == FILE_SOUND;
}

/* --- counting --- */

static void index_phrases(struct suggest *s)
{
    for (uint32_t i = 0; i < s->header.phrase_count; i++)
        map_put(&s->index, folded_of(s, i), i, NULL);
    s->indexed = true;
}

static struct extra *extra_new(const struct phrase *p)
{
    struct extra *e = xcalloc(1, sizeof(*e) + p->folded.size + p->written.size + p->category.size);
    char *to = (char *)(e + 1);
    memcpy(to, p->folded.data, p->folded.size);
    e->folded = (struct str){to, p->folded.size};
    to += p->folded.size;
    memcpy(to, p->written.data, p->written.size);
    e->written = (struct str){to, p->written.size};
    to += p->written.size;
    if (p->category.size)
        memcpy(to, p->category.data, p->category.size);
    e->category = (struct str){to, p->category.size};
    e->kind = p->kind;
    return e;
}

static void change_count(_Atomic uint32_t *objects, int change)
{
    uint32_t old = atomic_load_explicit(objects, memory_order_relaxed);
    uint32_t now = change < 0 && old < (uint32_t)-change ? 0 : old + (uint32_t)change;
    atomic_store_explicit(objects, now, memory_order_relaxed);
}

void suggest_count(struct suggest *s, struct analysis *analysis, const struct json *object, int change)
{
    (void)suggest_check(s);
    if (!s->indexed)
        index_phrases(s);
    phrases_of(&s->scratch, s->settings, analysis, object);
    for (size_t i = 0; i < s->scratch.count; i++) {
        const struct phrase *p = &s->scratch.items[i];
        uint64_t *known = map_get(&s->index, p->folded);
        if (known) {
            change_count(*known < s->header.phrase_count ? &s->objects[*known]
                                                         : &s->extras.items[*known - s->header.phrase_count]->objects,
                         change);
        } else if (change > 0 && s->extras.count < SUGGEST_OVERLAY_MAX) {
            map_put(&s->index, p->folded, s->header.phrase_count + s->extras.count, NULL);
            struct extra *e = extra_new(p);
            atomic_init(&e->objects, (uint32_t)change);
            vec_push(&s->extras, e);
        }
    }
}

/* --- publishing the overlay --- */

static struct str extra_text(const struct extra_entry *e)
{
    return str_slice(e->extra->folded, e->offset, e->extra->folded.size);
}

static int by_text(const void *a, const void *b)
{
    return str_compare(extra_text(a), extra_text(b));
}

static size_t word_starts(const struct extra *e, struct extra_entry *out)
{
    size_t count = 0;
    for (size_t at = 0; at < e->folded.size; at++) {
        if (at == 0 || (e->folded.data[at - 1] == ' ' && e->folded.data[at] != ' ')) {
            if (out)
                out[count] = (struct extra_entry){e, (uint32_t)at};
            count++;
        }
    }
    return count;
}

/* Merges the new extras, sorted, with the overlay. */
void suggest_publish(struct suggest *s)
{
    if (s->published == s->extras.count)
        return;
    struct overlay *old = atomic_load_explicit(&s->overlay, memory_order_relaxed);
    size_t old_count = old ? old->count : 0, more = 0;
    for (size_t i = s->published; i < s->extras.count; i++)
        more += word_starts(s->extras.items[i], NULL);
    struct extra_entry *fresh = xcalloc(more, sizeof(*fresh));
    struct overlay *merged = xmalloc(sizeof(*merged) + (old_count + more) * sizeof(merged->entries[0]));
    for (size_t i = s->published, at = 0; i < s->extras.count; i++)
        at += word_starts(s->extras.items[i], fresh + at);
    qsort(fresh, more, sizeof(*fresh), by_text);
    merged->count = old_count + more;
    for (size_t a = 0, b = 0, at = 0; at < merged->count; at++) {
        bool take_old = a < old_count && (b == more || by_text(&old->entries[a], &fresh[b]) <= 0);
        merged->entries[at] = take_old ? old->entries[a++] : fresh[b++];
    }
    free(fresh);
    s->published = s->extras.count;
    atomic_store_explicit(&s->overlay, merged, memory_order_release);
    if (old)
        rcu_defer(free, old);
}

/* --- finding --- */

struct found {
    struct suggestion *items;
    size_t count, limit;
};

static bool better(const struct suggestion *a, const struct suggestion *b)
{
    return a->score != b->score ? a->score > b->score : str_compare(a->text, b->text) < 0;
}

static void offer(struct found *f, struct suggestion candidate)
{
    if (candidate.objects == 0)
        return;
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].text.data == candidate.text.data)
            return;
    }
    size_t at = f->count;
    while (at > 0 && better(&candidate, &f->items[at - 1]))
        at--;
    if (at == f->limit)
        return;
    if (f->count < f->limit)
        f->count++;
    memmove(f->items + at + 1, f->items + at, (f->count - at - 1) * sizeof(*f->items));
    f->items[at] = candidate;
}

static void offer_phrase(const struct suggest *s, struct found *f, uint32_t number)
{
    const struct suggest_phrase *p = &s->phrases[number];
    offer(f, (struct suggestion){.text = {s->text + p->written, p->written_size},
                                 .category = {s->text + p->category, p->category_size},
                                 .kind = (enum suggestion_kind)p->kind,
                                 .objects = atomic_load_explicit(&s->objects[number], memory_order_relaxed),
                                 .score = p->score});
}

static const struct suggest_slot *heavy_slot(const struct suggest *s, struct str prefix)
{
    if (s->header.slot_count == 0)
        return NULL;
    uint64_t hash = suggest_hash(prefix);
    for (uint32_t at = (uint32_t)hash & (s->header.slot_count - 1); s->slots[at].hash;
         at = (at + 1) & (s->header.slot_count - 1)) {
        const struct suggest_slot *slot = &s->slots[at];
        if (slot->hash == hash && slot->size == prefix.size &&
            (prefix.size == 0 || (slot->first < slot->end && str_starts_with(entry_text(s, slot->first), prefix))))
            return slot;
    }
    return NULL;
}

/* The first entry in low..high-1 whose text is not below prefix, or, with past, not below anything it begins. */
static uint32_t bound(const struct suggest *s, struct str prefix, bool past, uint32_t low, uint32_t high)
{
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct str text = entry_text(s, middle);
        bool below = str_starts_with(text, prefix) ? past : str_compare(text, prefix) < 0;
        if (below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void find_base(const struct suggest *s, struct str prefix, struct found *f)
{
    const struct suggest_slot *slot = heavy_slot(s, prefix);
    uint32_t first, end;
    if (slot) {
        bool whole = false; /* the best ones are fewer than there is room for: they are all */
        for (size_t k = 0; k < SUGGEST_TOP && f->count < f->limit && !whole; k++) {
            uint32_t phrase = s->tops[(size_t)slot->top * SUGGEST_TOP + k];
            whole = phrase == SUGGEST_NONE;
            if (!whole)
                offer_phrase(s, f, phrase);
        }
        if (whole || f->count == f->limit)
            return;
        first = slot->first; /* several of the best have gone, or more are wanted */
        end = slot->end;
    } else {
        first = bound(s, prefix, false, 0, s->header.entry_count);
        end = bound(s, prefix, true, first, s->header.entry_count);
    }
    for (uint32_t e = first; e < end; e++)
        offer_phrase(s, f, s->entries[e].phrase);
}

static void find_extras(const struct suggest *s, struct str prefix, struct found *f)
{
    const struct overlay *overlay = atomic_load_explicit(&s->overlay, memory_order_acquire);
    size_t low = 0, high = overlay ? overlay->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(extra_text(&overlay->entries[middle]), prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; overlay && low < overlay->count && str_starts_with(extra_text(&overlay->entries[low]), prefix); low++) {
        const struct extra *e = overlay->entries[low].extra;
        uint32_t objects = atomic_load_explicit(&e->objects, memory_order_relaxed);
        offer(f, (struct suggestion){e->written, e->category, e->kind, objects, objects});
    }
}

size_t suggest_find(const struct suggest *s, struct str folded, struct suggestion *out, size_t limit)
{
    struct found f = {out, 0, limit};
    if (limit == 0)
        return 0;
    (void)suggest_check((struct suggest *)(uintptr_t)s); /* a damaged one is empty */
    find_base(s, folded, &f);
    find_extras(s, folded, &f);
    return f.count;
}
