/* The stream of documents dealt out to the lists of their terms. */
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/base/sort.h"
#include "indexer/build/invert_internal.h"

#define READ_BYTES (4u << 20)

/* --- sorting terms --- */
static struct str term_text(const struct invert *v, uint32_t term)
{
    return (struct str){v->texts.data + v->terms.items[term].text, v->terms.items[term].size};
}

static int compare_terms(void *context, uint32_t a, uint32_t b)
{
    return str_compare(term_text(context, a), term_text(context, b));
}

uint32_t *invert_sort_terms(const struct invert *v)
{
    size_t count = v->terms.count;
    struct sort_item *items = xrealloc_array(NULL, count + 1, sizeof(*items));
    uint32_t *order = xrealloc_array(NULL, count + 1, sizeof(*order));
    size_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (v->terms.items[i].df) /* 0: only in a document that was cancelled */
            items[kept++] = (struct sort_item){sort_head(term_text(v, i)), i};
    }
    sort_items(items, kept, compare_terms, (void *)(uintptr_t)v);
    for (size_t i = 0; i < kept; i++)
        order[i] = items[i].value;
    order[kept] = UINT32_MAX;
    free(items);
    return order;
}

/* --- dealing --- */
#define AHEAD 64 /* records of a document that are dealt at once */

struct dealer {
    struct invert_lists *lists;
    const uint32_t *place_of_term;
    unsigned what;
    uint64_t *next;       /* of each list */
    uint64_t *next_bytes; /* of each list */
};

static uint64_t get_varint(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;

    for (;;) {
        uint8_t byte = *(*at)++;

        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
        shift += 7;
    }
}

/* A term of a document, on its way to its list. */
struct record {
    uint32_t term, list, fact, size;
    uint64_t to;
    const uint8_t *positions;
};

/* Reads `count` records. */
static const uint8_t *read_records(const struct dealer *d, const uint8_t *at, struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct record *r = &records[i];

        r->term = (uint32_t)get_varint(&at);
        r->fact = (uint32_t)get_varint(&at);
        r->size = (uint32_t)get_varint(&at);
        r->positions = at;
        at += r->size;
        __builtin_prefetch(&d->place_of_term[r->term]);
    }
    return at;
}

/*
 * A record touches its term's place, its list's next free entry, and that entry, and none of them is in the cache. So
 * several records go through these steps side by side.
 */
static void deal_records(struct dealer *d, struct record *records, size_t count, doc_id doc)
{
    struct invert_lists *l = d->lists;
    uint32_t lists = l->end - l->first;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        records[kept] = records[i];
        records[kept].list = d->place_of_term[records[i].term] - l->first;
        if (records[kept].list >= lists)
            continue;
        __builtin_prefetch(&d->next[records[kept].list], 1);
        if (d->what & DEAL_POSITIONS)
            __builtin_prefetch(&d->next_bytes[records[kept].list], 1);
        kept++;
    }
    for (size_t i = 0; i < kept; i++) {
        records[i].to = d->next[records[i].list]++;
        __builtin_prefetch(&l->docs[records[i].to], 1);
        if (d->what & DEAL_FACTS)
            __builtin_prefetch(&l->facts[records[i].to], 1);
        if (d->what & DEAL_POSITIONS)
            __builtin_prefetch(l->bytes + d->next_bytes[records[i].list], 1);
    }
    for (size_t i = 0; i < kept; i++) {
        const struct record *r = &records[i];

        l->docs[r->to] = doc;
        if (d->what & DEAL_FACTS)
            l->facts[r->to] = r->fact;
        if (d->what & DEAL_POSITIONS) {
            l->sizes[r->to] = (uint16_t)r->size;
            memcpy(l->bytes + d->next_bytes[r->list], r->positions, r->size);
            d->next_bytes[r->list] += r->size;
        }
    }
}

static void deal_document(struct dealer *d, const uint8_t *at, doc_id doc)
{
    struct record records[AHEAD];
    uint64_t left = get_varint(&at);

    while (left) {
        size_t count = left < AHEAD ? (size_t)left : AHEAD;

        at = read_records(d, at, records, count);
        deal_records(d, records, count, doc);
        left -= count;
    }
}

static uint64_t document_end(const struct invert *v, uint32_t doc)
{
    return doc + 1 < v->doc_count ? v->offsets.items[doc + 1] : v->stream_start + v->stream.size;
}

/* The whole stream is in memory: in document order. */
static void deal_memory(struct invert *v, struct dealer *d, const uint32_t *old_of_new)
{
    for (uint32_t doc = 0; doc < v->doc_count; doc++) {
        uint32_t ahead = doc + 8 < v->doc_count ? old_of_new[doc + 8] : old_of_new[doc];

        __builtin_prefetch(v->stream.data + v->offsets.items[ahead]);
        deal_document(d, (const uint8_t *)v->stream.data + v->offsets.items[old_of_new[doc]], doc);
    }
}

/* From the file, in order of arrival, several documents at a time. */
static enum status deal_spilled(struct invert *v, struct dealer *d, const uint32_t *new_of_old, struct error *err)
{
    struct buf piece = BUF_EMPTY;
    enum status status = STATUS_OK;

    for (uint32_t first = 0; status == STATUS_OK && first < v->doc_count;) {
        uint64_t from = v->offsets.items[first];
        uint32_t end = first + 1;
        size_t got = 0;

        while (end < v->doc_count && document_end(v, end) - from <= READ_BYTES)
            end++;
        buf_clear(&piece);
        buf_reserve(&piece, (size_t)(document_end(v, end - 1) - from));
        status = file_read_at(v->spill, from, piece.data, (size_t)(document_end(v, end - 1) - from), &got, err);
        if (status == STATUS_OK && got < document_end(v, end - 1) - from)
            status = error_set(err, STATUS_IO, "'%s': ends before its end", v->spill_path);
        for (; status == STATUS_OK && first < end; first++)
            deal_document(d, (const uint8_t *)piece.data + (v->offsets.items[first] - from), new_of_old[first]);
        first = end;
    }
    buf_release(&piece);
    return status;
}

/* --- lists that were dealt in order of arrival --- */
/* What sorting lists needs, kept from list to list. A key is a document above its place in the list. */
struct sorter {
    uint64_t *keys, *spare;
    uint32_t *values;
    uint64_t *bytes; /* where each posting's positions begin */
    char *moved;
    size_t capacity, moved_capacity;
};

static void sorter_release(struct sorter *s)
{
    free(s->keys);
    free(s->spare);
    free(s->values);
    free(s->bytes);
    free(s->moved);
}

static void sorter_reserve(struct sorter *s, size_t count, size_t bytes)
{
    if (count > s->capacity) {
        s->capacity = count * 2;
        s->keys = xrealloc_array(s->keys, s->capacity, sizeof(*s->keys));
        s->spare = xrealloc_array(s->spare, s->capacity, sizeof(*s->spare));
        s->values = xrealloc_array(s->values, s->capacity, sizeof(*s->values));
        s->bytes = xrealloc_array(s->bytes, s->capacity, sizeof(*s->bytes));
    }
    if (bytes > s->moved_capacity) {
        s->moved_capacity = bytes * 2;
        s->moved = xrealloc_array(s->moved, s->moved_capacity, 1);
    }
}

static void insertion_sort(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;

        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* By the document's bytes, the lowest first; each pass keeps the order of the one before. */
static void sort_keys(struct sorter *s, size_t count, uint32_t doc_count)
{
    if (count <= 48) {
        insertion_sort(s->keys, count);
        return;
    }
    for (unsigned shift = 32; shift < 64 && (uint64_t)doc_count >> (shift - 32); shift += 8) {
        uint32_t starts[256] = {0}, sum = 0;
        uint64_t *sorted = s->spare;

        for (size_t i = 0; i < count; i++)
            starts[s->keys[i] >> shift & 255]++;
        for (unsigned i = 0; i < 256; i++) {
            uint32_t own = starts[i];

            starts[i] = sum;
            sum += own;
        }
        for (size_t i = 0; i < count; i++)
            sorted[starts[s->keys[i] >> shift & 255]++] = s->keys[i];
        s->spare = s->keys;
        s->keys = sorted;
    }
}

static void sort_list(struct sorter *s, struct invert_lists *l, uint32_t list, uint32_t doc_count)
{
    uint64_t from = l->starts[list], byte = l->byte_starts[list], at = 0;
    size_t count = (size_t)(l->starts[list + 1] - from), bytes = (size_t)(l->byte_starts[list + 1] - byte);
    bool positions = l->sizes != NULL;

    sorter_reserve(s, count, positions ? bytes + 1 : 0);
    for (size_t i = 0; i < count; i++) {
        s->keys[i] = (uint64_t)l->docs[from + i] << 32 | i;
        s->values[i] = positions ? l->sizes[from + i] : l->facts[from + i];
        s->bytes[i] = at;
        at += positions ? s->values[i] : 0;
    }
    sort_keys(s, count, doc_count);
    at = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)s->keys[i], value = s->values[index];

        l->docs[from + i] = (doc_id)(s->keys[i] >> 32);
        if (!positions) {
            l->facts[from + i] = value;
            continue;
        }
        l->sizes[from + i] = (uint16_t)value;
        memcpy(s->moved + at, l->bytes + byte + s->bytes[index], value);
        at += value;
    }
    if (positions && bytes)
        memcpy(l->bytes + byte, s->moved, bytes);
}

static enum status deal_all(struct invert *v, struct dealer *d, const uint32_t *old_of_new, struct error *err)
{
    uint32_t *new_of_old = NULL;
    struct sorter sorter = {0};
    enum status status = STATUS_OK;

    if (!v->spill) {
        deal_memory(v, d, old_of_new);
        return STATUS_OK;
    }
    new_of_old = xrealloc_array(NULL, (size_t)v->doc_count + 1, sizeof(*new_of_old));
    for (uint32_t i = 0; i < v->doc_count; i++)
        new_of_old[old_of_new[i]] = i;
    status = deal_spilled(v, d, new_of_old, err);
    for (uint32_t i = 0; status == STATUS_OK && i < d->lists->end - d->lists->first; i++)
        sort_list(&sorter, d->lists, i, v->doc_count);
    sorter_release(&sorter);
    free(new_of_old);
    return status;
}

enum status invert_deal(struct invert *v, const uint32_t *old_of_new, const uint32_t *place_of_term, unsigned what,
                        struct invert_lists *l, struct error *err)
{
    uint32_t lists = l->end - l->first;
    struct dealer d = {.lists = l, .place_of_term = place_of_term, .what = what};
    uint64_t postings = 0, bytes = 0;
    enum status status = STATUS_OK;

    l->starts = xrealloc_array(NULL, (size_t)lists + 1, sizeof(*l->starts));
    l->byte_starts = xrealloc_array(NULL, (size_t)lists + 1, sizeof(*l->byte_starts));
    d.next = xrealloc_array(NULL, (size_t)lists + 1, sizeof(*d.next));
    d.next_bytes = xrealloc_array(NULL, (size_t)lists + 1, sizeof(*d.next_bytes));
    for (uint32_t i = 0; i <= lists; i++) {
        l->starts[i] = d.next[i] = postings;
        l->byte_starts[i] = d.next_bytes[i] = bytes;
        if (i < lists) {
            postings += v->terms.items[l->order[l->first + i]].df;
            bytes += v->terms.items[l->order[l->first + i]].position_bytes;
        }
    }
    l->docs = xrealloc_array(NULL, postings + 1, sizeof(*l->docs));
    if (what & DEAL_POSITIONS) {
        l->sizes = xrealloc_array(NULL, postings + 1, sizeof(*l->sizes));
        l->bytes = xmalloc(bytes + 1);
    }
    if (what & DEAL_FACTS)
        l->facts = xrealloc_array(NULL, postings + 1, sizeof(*l->facts));
    status = deal_all(v, &d, old_of_new, err);
    free(d.next);
    free(d.next_bytes);
    return status;
}

void invert_lists_release(struct invert_lists *l)
{
    free(l->starts);
    free(l->byte_starts);
    free(l->docs);
    free(l->facts);
    free(l->sizes);
    free(l->bytes);
    *l = (struct invert_lists){0};
}
