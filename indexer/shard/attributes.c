#include "indexer/shard/attributes.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/shard/codes.h"

#define CHUNK_DIRECTORY CHUNK_ID('A', 'T', 'T', 'R')
#define CHUNK_FACETS    CHUNK_ID('C', 'O', 'L', 'F')
#define CHUNK_NUMBERS   CHUNK_ID('C', 'O', 'L', 'N')
#define CHUNK_SETS      CHUNK_ID('S', 'E', 'T', 'S')
#define CHUNK_SET_INDEX CHUNK_ID('S', 'E', 'T', 'X')

#define DENSE_SHARE 8  /* documents with a value, from 1/8 of all on: a cell for every document */
#define FLAT_SHARE  16 /* a set of over 1/16 of the documents is a flat bitmap */

_Static_assert(sizeof(struct attribute_entry) == 80, "entries are mapped as they lie in the file");
_Static_assert(sizeof(struct set_entry) == 24, "entries are mapped as they lie in the file");

enum {
    FILE_FACET_NONE,
    FILE_FACET_U8,
    FILE_FACET_U16,
    FILE_FACET_U32,
    FILE_FACET_MULTI,
    FILE_FACET_SPARSE,
    FILE_FACET_LISTS
};
enum { FILE_NUMBER_NONE, FILE_NUMBER_DENSE, FILE_NUMBER_MULTI, FILE_NUMBER_SPARSE, FILE_NUMBER_CODED };
enum { FILE_SET_ROARING = 1, FILE_SET_FLAT, FILE_SET_RANGE };

/* --- sizes --- */
static uint64_t facet_bytes(const struct attribute_entry *e, uint32_t doc_count)
{
    switch (e->facet_kind) {
    case FILE_FACET_U8:
        return doc_count;
    case FILE_FACET_U16:
        return (uint64_t)doc_count * 2;
    case FILE_FACET_U32:
        return (uint64_t)doc_count * 4;
    case FILE_FACET_MULTI:
        return ((uint64_t)doc_count + 1 + e->facet_count) * 4;
    case FILE_FACET_SPARSE:
        return (uint64_t)e->facet_count * 8;
    default:
        return 0;
    }
}

static uint64_t number_bytes(const struct attribute_entry *e, uint32_t doc_count)
{
    switch (e->number_kind) {
    case FILE_NUMBER_DENSE:
        return (uint64_t)doc_count * 8;
    case FILE_NUMBER_MULTI:
        return (uint64_t)e->number_count * 8 + ((uint64_t)doc_count + 1) * 4;
    case FILE_NUMBER_SPARSE:
        return (uint64_t)e->number_count * 12;
    default:
        return 0;
    }
}

/* --- opening --- */
static void open_facet(struct facet_column *f, const struct attribute_entry *e, struct str chunk, uint32_t doc_count)
{
    static const enum facet_column_kind KINDS[] = {
        [FILE_FACET_NONE] = FACET_COLUMN_NONE,   [FILE_FACET_U8] = FACET_COLUMN_U8,
        [FILE_FACET_U16] = FACET_COLUMN_U16,     [FILE_FACET_U32] = FACET_COLUMN_U32,
        [FILE_FACET_MULTI] = FACET_COLUMN_MULTI, [FILE_FACET_SPARSE] = FACET_COLUMN_SPARSE};
    const uint32_t *at = NULL;

    if (e->facet_kind == FILE_FACET_LISTS) { /* the rest comes with its codes */
        f->kind = FACET_COLUMN_MULTI;
        f->listed = true;
        f->list_count = e->facet_count;
        return;
    }
    if (e->facet_kind == FILE_FACET_NONE || chunk.size == 0)
        return;
    at = (const uint32_t *)(const void *)(chunk.data + e->facet_offset);
    f->kind = KINDS[e->facet_kind];
    f->list_count = e->facet_count;
    if (f->kind == FACET_COLUMN_MULTI) {
        f->offsets = at;
        f->list = at + doc_count + 1;
    } else if (f->kind == FACET_COLUMN_SPARSE) {
        f->docs = at;
        f->list = at + e->facet_count;
    } else {
        f->codes = at;
    }
}

static void open_number(struct number_column *n, const struct attribute_entry *e, struct str chunk)
{
    static const enum number_column_kind KINDS[] = {[FILE_NUMBER_NONE] = NUMBER_COLUMN_NONE,
                                                    [FILE_NUMBER_DENSE] = NUMBER_COLUMN_DENSE,
                                                    [FILE_NUMBER_MULTI] = NUMBER_COLUMN_MULTI,
                                                    [FILE_NUMBER_SPARSE] = NUMBER_COLUMN_SPARSE};
    const char *at = NULL;
    const uint32_t *behind = NULL;

    n->is_double = e->is_double;
    n->scale = e->scale;
    if (e->number_kind == FILE_NUMBER_CODED) { /* the rest comes with its codes */
        n->kind = NUMBER_COLUMN_DENSE;
        n->count = e->number_count;
        n->coded = true;
        return;
    }
    if (e->number_kind == FILE_NUMBER_NONE || chunk.size == 0)
        return;
    at = chunk.data + e->number_offset;
    n->kind = KINDS[e->number_kind];
    n->count = e->number_count;
    n->cells = (_Atomic int64_t *)(void *)(uintptr_t)at;
    behind = (const uint32_t *)(const void *)(at + (size_t)e->number_count * 8);
    if (n->kind == NUMBER_COLUMN_MULTI)
        n->offsets = behind;
    else if (n->kind == NUMBER_COLUMN_SPARSE)
        n->docs = behind;
}

static bool entry_valid(const struct attribute_entry *e, const struct container *c, uint32_t doc_count,
                        uint32_t set_count)
{
    uint64_t facets = container_chunk(c, CHUNK_FACETS).size, numbers = container_chunk(c, CHUNK_NUMBERS).size;
    uint64_t sets = container_chunk(c, CHUNK_SETS).size;

    if (e->facet_kind > FILE_FACET_LISTS || e->number_kind > FILE_NUMBER_CODED || e->attr >= ATTR_NONE ||
        e->scale > 18 || e->facet_offset % 4 || e->number_offset % 8 || e->set_offset % 8)
        return false;
    if ((e->number_kind == FILE_NUMBER_DENSE || e->number_kind == FILE_NUMBER_CODED) && e->number_count != doc_count)
        return false;
    if (e->facet_offset > facets || facet_bytes(e, doc_count) > facets - e->facet_offset)
        return false;
    if (e->number_offset > numbers || number_bytes(e, doc_count) > numbers - e->number_offset)
        return false;
    return e->set_first <= set_count && e->set_count <= set_count - e->set_first && e->set_offset <= e->set_end &&
           e->set_end <= sets;
}

static bool set_valid(const struct set_entry *s, const struct attribute_entry *e, uint32_t doc_count)
{
    if (s->code >= e->code_limit || s->cardinality == 0 || s->cardinality > doc_count)
        return false;
    if (s->kind == FILE_SET_RANGE)
        return s->size == 0 && s->place <= doc_count - s->cardinality;
    if (s->kind == FILE_SET_FLAT && s->size != ((uint64_t)doc_count + 63) / 64 * 8)
        return false;
    return (s->kind == FILE_SET_FLAT || s->kind == FILE_SET_ROARING) && s->place % 8 == 0 &&
           s->place >= e->set_offset && s->place <= e->set_end && s->size <= e->set_end - s->place;
}

static enum status open_entry(struct attributes *a, uint32_t i, const struct attribute_entry *e,
                              const struct container *c, uint32_t set_count, struct error *err)
{
    struct attribute_columns *columns = &a->columns[i];

    if (!entry_valid(e, c, a->doc_count, set_count) || (i && e->attr <= e[-1].attr))
        return error_set(err, STATUS_FORMAT, "chunk 'ATTR': entry %u", i);
    for (uint32_t s = 0; s < e->set_count; s++) {
        const struct set_entry *set = &a->sets[e->set_first + s];

        if (!set_valid(set, e, a->doc_count) || (s && set->code <= set[-1].code))
            return error_set(err, STATUS_FORMAT, "chunk 'SETX': set %u of entry %u", s, i);
    }
    columns->entry = e;
    open_facet(&columns->facet, e, container_chunk(c, CHUNK_FACETS), a->doc_count);
    open_number(&columns->number, e, container_chunk(c, CHUNK_NUMBERS));
    columns->number.epoch = &columns->epoch;
    a->slot[e->attr] = (uint16_t)(i + 1);
    if (e->flags & ATTRIBUTE_CUT)
        a->cut[a->cut_count++] = (attr_id)e->attr;
    return STATUS_OK;
}

enum status attributes_open(struct attributes *a, const struct container *c, uint32_t doc_count, struct error *err)
{
    struct str directory = container_chunk(c, CHUNK_DIRECTORY), index = container_chunk(c, CHUNK_SET_INDEX);
    const struct attribute_entry *entries = (const void *)directory.data;
    enum status status = STATUS_OK;

    *a = (struct attributes){.doc_count = doc_count};
    if (directory.size % sizeof(*entries) || index.size % sizeof(struct set_entry) ||
        directory.size / sizeof(*entries) >= ATTR_NONE)
        return error_set(err, STATUS_FORMAT, "chunk 'ATTR': %zu bytes", directory.size);
    a->count = (uint32_t)(directory.size / sizeof(*entries));
    a->columns = xcalloc((size_t)a->count + 1, sizeof(*a->columns));
    a->cut = xcalloc((size_t)a->count + 1, sizeof(*a->cut));
    a->sets = (const void *)index.data;
    a->set_bytes = (const uint8_t *)container_chunk(c, CHUNK_SETS).data;
    a->slot_count = a->count && entries[a->count - 1].attr < ATTR_NONE ? entries[a->count - 1].attr + 1 : 0;
    a->slot = xcalloc((size_t)a->slot_count + 1, sizeof(*a->slot));
    for (uint32_t i = 0; status == STATUS_OK && i < a->count; i++) {
        if (entries[i].attr >= a->slot_count)
            return error_set(err, STATUS_FORMAT, "chunk 'ATTR': entry %u is not in order", i);
        status = open_entry(a, i, &entries[i], c, (uint32_t)(index.size / sizeof(struct set_entry)), err);
    }
    if (status == STATUS_OK)
        status = codes_open(a, c, err);
    return status;
}

void attributes_close(struct attributes *a)
{
    codes_close(a);
    free(a->columns);
    free(a->cut);
    free(a->slot);
}

struct attribute_columns *attributes_find(const struct attributes *a, attr_id attr)
{
    return attr < a->slot_count && a->slot[attr] ? &a->columns[a->slot[attr] - 1] : NULL;
}

/* --- structure, before the first use --- */
static bool codes_valid(const struct attribute_columns *columns, uint32_t doc_count)
{
    const struct facet_column *f = &columns->facet;
    uint32_t limit = columns->entry->code_limit, highest = 0;

    for (uint32_t i = 0; f->kind == FACET_COLUMN_U8 && i < doc_count; i++)
        highest = ((const uint8_t *)f->codes)[i] > highest ? ((const uint8_t *)f->codes)[i] : highest;
    for (uint32_t i = 0; f->kind == FACET_COLUMN_U16 && i < doc_count; i++)
        highest = ((const uint16_t *)f->codes)[i] > highest ? ((const uint16_t *)f->codes)[i] : highest;
    for (uint32_t i = 0; f->kind == FACET_COLUMN_U32 && i < doc_count; i++)
        highest = ((const uint32_t *)f->codes)[i] > highest ? ((const uint32_t *)f->codes)[i] : highest;
    if (highest > limit)
        return false;
    for (uint32_t i = 0; f->list && !f->listed && i < f->list_count; i++) {
        if (f->list[i] >= limit)
            return false;
    }
    return true;
}

static bool offsets_valid(const uint32_t *offsets, uint32_t doc_count, uint32_t count)
{
    for (uint32_t i = 0; i < doc_count; i++) {
        if (offsets[i] > offsets[i + 1])
            return false;
    }
    return offsets[0] == 0 && offsets[doc_count] == count;
}

static bool docs_valid(const doc_id *docs, uint32_t count, uint32_t doc_count, bool repeated)
{
    for (uint32_t i = 0; i < count; i++) {
        if (docs[i] >= doc_count || (i && (docs[i] < docs[i - 1] || (!repeated && docs[i] == docs[i - 1]))))
            return false;
    }
    return true;
}

static bool set_sound(const struct attributes *a, const struct set_entry *s)
{
    struct docset set;
    const uint64_t *words = NULL;
    uint64_t bits = 0;

    if (s->kind == FILE_SET_RANGE)
        return true;
    words = (const uint64_t *)(const void *)(a->set_bytes + s->place);
    if (s->kind == FILE_SET_FLAT) {
        for (uint32_t w = 0; w < s->size / 8; w++)
            bits += (uint64_t)__builtin_popcountll(words[w]);
        return bits == s->cardinality && (a->doc_count % 64 == 0 || words[s->size / 8 - 1] >> (a->doc_count % 64) == 0);
    }
    return docset_decode((struct str){(const char *)a->set_bytes + s->place, s->size}, &set) &&
           set.cardinality == s->cardinality && docset_next(&set, a->doc_count) == DOC_NONE;
}

static bool columns_sound(const struct attributes *a, const struct attribute_columns *columns)
{
    const struct facet_column *f = &columns->facet;
    const struct number_column *n = &columns->number;

    if (!codes_valid(columns, a->doc_count) ||
        (f->offsets && !f->listed && !offsets_valid(f->offsets, a->doc_count, f->list_count)) ||
        (f->docs && !docs_valid(f->docs, f->list_count, a->doc_count, true)) ||
        (n->offsets && !offsets_valid(n->offsets, a->doc_count, n->count)) ||
        (n->docs && !docs_valid(n->docs, n->count, a->doc_count, false)))
        return false;
    for (uint32_t i = 0; i < columns->entry->set_count; i++) {
        if (!set_sound(a, &a->sets[columns->entry->set_first + i]))
            return false;
    }
    return true;
}

enum status attributes_check(const struct attributes *a, struct container *c, attr_id attr, struct error *err)
{
    struct attribute_columns *columns = attributes_find(a, attr);
    const struct attribute_entry *e = NULL;
    enum status status = STATUS_OK;

    if (!columns || atomic_load_explicit(&columns->checked, memory_order_acquire))
        return STATUS_OK;
    e = columns->entry;
    status = container_check(c, CHUNK_FACETS, e->facet_offset, e->facet_offset + facet_bytes(e, a->doc_count), err);
    if (status == STATUS_OK)
        status =
            container_check(c, CHUNK_NUMBERS, e->number_offset, e->number_offset + number_bytes(e, a->doc_count), err);
    if (status == STATUS_OK)
        status = container_check(c, CHUNK_SETS, e->set_offset, e->set_end, err);
    if (status == STATUS_OK && !columns_sound(a, columns))
        status = error_set(err, STATUS_FORMAT, "chunk 'ATTR': the columns or sets of attribute %u are not sound", attr);
    if (status == STATUS_OK)
        status = codes_check(a, c, columns, err);
    if (status == STATUS_OK)
        atomic_store_explicit(&columns->checked, 1, memory_order_release);
    return status;
}

enum status attributes_check_cell(const struct attributes *a, struct container *c, attr_id attr, doc_id doc,
                                  struct error *err)
{
    const struct attribute_columns *columns = attributes_find(a, attr);
    uint64_t at = 0;

    if (!columns || columns->number.kind != NUMBER_COLUMN_DENSE)
        return attributes_check(a, c, attr, err);
    if (atomic_load_explicit(&columns->checked, memory_order_acquire))
        return STATUS_OK;
    if (columns->number.coded)
        return codes_check_cell(columns, c, doc, err);
    at = columns->entry->number_offset + (uint64_t)doc * 8;
    return container_check(c, CHUNK_NUMBERS, at, at + 8, err);
}

bool attributes_set(const struct attributes *a, attr_id attr, facet_code code, struct docset *out)
{
    const struct attribute_columns *columns = attributes_find(a, attr);
    uint32_t low = 0, high = columns ? columns->entry->set_count : 0, count = high;
    const struct set_entry *sets = count ? a->sets + columns->entry->set_first : NULL;
    const struct set_entry *s = NULL;

    *out = (struct docset){.kind = DOCSET_EMPTY};
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sets[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || sets[low].code != code)
        return false;
    s = &sets[low];
    out->cardinality = s->cardinality;
    if (s->kind == FILE_SET_RANGE) {
        out->kind = DOCSET_RANGE;
        out->first = (doc_id)s->place;
        out->end = out->first + s->cardinality;
        return true;
    }
    out->kind = s->kind == FILE_SET_FLAT ? DOCSET_FLAT : DOCSET_ROARING;
    out->data = a->set_bytes + s->place;
    out->size_bytes = s->size;
    return true;
}

/* --- writing --- */
void attributes_writer_init(struct attributes_writer *aw, struct container_writer *w, uint32_t doc_count)
{
    *aw = (struct attributes_writer){.w = w, .doc_count = doc_count};
}

void attributes_writer_release(struct attributes_writer *aw)
{
    free(aw->entries);
    free(aw->slot);
    buf_release(&aw->sets);
}

static int entry_compare(const void *a, const void *b)
{
    const struct attribute_entry *x = a, *y = b;

    return (x->attr > y->attr) - (x->attr < y->attr);
}

static struct attribute_entry *entry_of(struct attributes_writer *aw, attr_id attr)
{
    if (!aw->slot)
        aw->slot = xcalloc((size_t)ATTR_NONE + 1, sizeof(*aw->slot));
    if (aw->slot[attr])
        return &aw->entries[aw->slot[attr] - 1];
    if (aw->entry_count == aw->entry_capacity) {
        aw->entry_capacity = aw->entry_capacity ? aw->entry_capacity * 2 : 64;
        aw->entries = xrealloc_array(aw->entries, aw->entry_capacity, sizeof(*aw->entries));
    }
    aw->entries[aw->entry_count] =
        (struct attribute_entry){.attr = attr, .lowest = NUMBER_MISSING, .highest = NUMBER_MISSING};
    aw->slot[attr] = ++aw->entry_count;
    return &aw->entries[aw->entry_count - 1];
}

void attributes_begin_facets(struct attributes_writer *aw)
{
    container_begin(aw->w, CHUNK_FACETS);
}

/* Documents that have a value, and whether one has several. */
static uint32_t facet_docs(const struct facet_pair *pairs, uint32_t count, bool *several)
{
    uint32_t docs = 0;

    *several = false;
    for (uint32_t i = 0; i < count; i++) {
        if (i && pairs[i].doc == pairs[i - 1].doc)
            *several = true;
        else
            docs++;
    }
    return docs;
}

static void put_codes(struct attributes_writer *aw, const struct facet_pair *pairs, uint32_t count, uint32_t width)
{
    uint8_t *cells = xcalloc((size_t)aw->doc_count + 1, width);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t code = pairs[i].code + 1;

        memcpy(cells + (size_t)pairs[i].doc * width, &code, width);
    }
    container_put(aw->w, cells, (size_t)aw->doc_count * width);
    free(cells);
}

static void put_offsets(struct attributes_writer *aw, uint32_t *offsets)
{
    for (uint32_t i = 0; i < aw->doc_count; i++)
        offsets[i + 1] += offsets[i];
    container_put(aw->w, offsets, ((size_t)aw->doc_count + 1) * sizeof(*offsets));
}

static void put_multi(struct attributes_writer *aw, const struct facet_pair *pairs, uint32_t count)
{
    uint32_t *offsets = xcalloc((size_t)aw->doc_count + 1, sizeof(*offsets));

    for (uint32_t i = 0; i < count; i++)
        offsets[pairs[i].doc + 1]++;
    put_offsets(aw, offsets);
    for (uint32_t i = 0; i < count; i++)
        container_put(aw->w, &pairs[i].code, sizeof(pairs[i].code));
    free(offsets);
}

bool attributes_facets_multi(const struct attributes_writer *aw, const struct facet_pair *pairs, uint32_t count)
{
    bool several = false;

    return facet_docs(pairs, count, &several) >= aw->doc_count / DENSE_SHARE && several;
}

void attributes_put_facets(struct attributes_writer *aw, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                           uint32_t listed)
{
    struct attribute_entry *e = entry_of(aw, attr);
    bool several = false;
    uint32_t docs = facet_docs(pairs, count, &several);

    for (uint32_t i = 0; i < count; i++)
        e->code_limit = pairs[i].code >= e->code_limit ? pairs[i].code + 1 : e->code_limit;
    if (count == 0)
        return;
    container_align(aw->w, CONTAINER_ALIGNMENT);
    e->facet_offset = container_chunk_size(aw->w);
    e->facet_count = count;
    if (listed) {
        e->facet_kind = FILE_FACET_LISTS;
        e->facet_count = listed;
        container_needs(aw->w, 5);
    } else if (docs < aw->doc_count / DENSE_SHARE) {
        e->facet_kind = FILE_FACET_SPARSE;
        for (uint32_t i = 0; i < count; i++)
            container_put(aw->w, &pairs[i].doc, sizeof(pairs[i].doc));
        for (uint32_t i = 0; i < count; i++)
            container_put(aw->w, &pairs[i].code, sizeof(pairs[i].code));
    } else if (several) {
        e->facet_kind = FILE_FACET_MULTI;
        put_multi(aw, pairs, count);
    } else {
        e->facet_kind = e->code_limit <= UINT8_MAX    ? FILE_FACET_U8
                        : e->code_limit <= UINT16_MAX ? FILE_FACET_U16
                                                      : FILE_FACET_U32;
        put_codes(aw, pairs, count, 1U << (e->facet_kind - FILE_FACET_U8));
    }
}

void attributes_begin_numbers(struct attributes_writer *aw)
{
    container_end(aw->w);
    container_begin(aw->w, CHUNK_NUMBERS);
}

static void put_cells(struct attributes_writer *aw, const struct number_pair *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        container_put(aw->w, &pairs[i].cell, sizeof(pairs[i].cell));
}

static void put_dense(struct attributes_writer *aw, const struct number_pair *pairs, uint32_t count)
{
    int64_t *cells = xrealloc_array(NULL, (size_t)aw->doc_count + 1, sizeof(*cells));

    for (uint32_t i = 0; i < aw->doc_count; i++)
        cells[i] = NUMBER_MISSING;
    for (uint32_t i = 0; i < count; i++)
        cells[pairs[i].doc] = pairs[i].cell;
    container_put(aw->w, cells, (size_t)aw->doc_count * sizeof(*cells));
    free(cells);
}

static void put_number_multi(struct attributes_writer *aw, const struct number_pair *pairs, uint32_t count)
{
    uint32_t *offsets = xcalloc((size_t)aw->doc_count + 1, sizeof(*offsets));

    put_cells(aw, pairs, count);
    for (uint32_t i = 0; i < count; i++)
        offsets[pairs[i].doc + 1]++;
    put_offsets(aw, offsets);
    free(offsets);
}

void attributes_put_numbers(struct attributes_writer *aw, attr_id attr, const struct number_pair *pairs, uint32_t count,
                            struct number_form form)
{
    struct attribute_entry *e = entry_of(aw, attr);
    bool several = form.listed;

    for (uint32_t i = 0; i < count; i++) {
        several |= i && pairs[i].doc == pairs[i - 1].doc;
        if (!number_fits(pairs[i].cell))
            continue;
        e->lowest = e->lowest == NUMBER_MISSING || pairs[i].cell < e->lowest ? pairs[i].cell : e->lowest;
        e->highest = e->highest == NUMBER_MISSING || pairs[i].cell > e->highest ? pairs[i].cell : e->highest;
    }
    e->flags |= form.cut ? ATTRIBUTE_CUT : 0;
    if (count == 0 && !form.cut)
        return;
    container_align(aw->w, CONTAINER_ALIGNMENT);
    e->number_offset = container_chunk_size(aw->w);
    e->number_count = count;
    e->is_double = form.is_double;
    e->scale = form.scale;
    if (several) {
        e->number_kind = FILE_NUMBER_MULTI;
        put_number_multi(aw, pairs, count);
    } else if (form.coded) {
        e->number_kind = FILE_NUMBER_CODED;
        container_needs(aw->w, 5);
        e->number_count = aw->doc_count;
    } else if (form.cut || count >= aw->doc_count / DENSE_SHARE) {
        e->number_kind = FILE_NUMBER_DENSE;
        e->number_count = aw->doc_count;
        put_dense(aw, pairs, count);
    } else {
        e->number_kind = FILE_NUMBER_SPARSE;
        put_cells(aw, pairs, count);
        for (uint32_t i = 0; i < count; i++)
            container_put(aw->w, &pairs[i].doc, sizeof(pairs[i].doc));
    }
}

void attributes_begin_sets(struct attributes_writer *aw)
{
    container_end(aw->w);
    container_begin(aw->w, CHUNK_SETS);
}

static void put_flat(struct attributes_writer *aw, const doc_id *docs, uint32_t count)
{
    size_t words = ((size_t)aw->doc_count + 63) / 64;
    uint64_t *bits = xcalloc(words, sizeof(*bits));

    for (uint32_t i = 0; i < count; i++)
        bits[docs[i] / 64] |= (uint64_t)1 << (docs[i] & 63);
    container_put(aw->w, bits, words * sizeof(*bits));
    free(bits);
}

static void put_set(struct attributes_writer *aw, facet_code code, const doc_id *docs, uint32_t count)
{
    struct set_entry s = {.code = code, .cardinality = count, .kind = FILE_SET_ROARING};
    struct buf bytes = BUF_EMPTY;

    container_align(aw->w, 8);
    s.place = container_chunk_size(aw->w);
    if (docs[count - 1] - docs[0] == count - 1) {
        s.kind = FILE_SET_RANGE;
        s.place = docs[0];
    } else if (count > aw->doc_count / FLAT_SHARE && aw->doc_count >= 1024) {
        s.kind = FILE_SET_FLAT;
        put_flat(aw, docs, count);
        s.size = (uint32_t)(container_chunk_size(aw->w) - s.place);
    } else {
        docset_encode(docs, count, &bytes);
        container_put(aw->w, bytes.data, bytes.size);
        s.size = (uint32_t)bytes.size;
    }
    buf_append(&aw->sets, &s, sizeof(s));
    buf_release(&bytes);
}

void attributes_put_sets(struct attributes_writer *aw, attr_id attr, const struct facet_pair *pairs, uint32_t count)
{
    struct attribute_entry *e = entry_of(aw, attr);
    doc_id *docs = xrealloc_array(NULL, (size_t)count + 1, sizeof(*docs));

    container_align(aw->w, CONTAINER_ALIGNMENT);
    e->set_first = (uint32_t)(aw->sets.size / sizeof(struct set_entry));
    e->set_offset = container_chunk_size(aw->w);
    for (uint32_t i = 0, n = 0; i < count; i++) {
        docs[n++] = pairs[i].doc;
        if (i + 1 == count || pairs[i + 1].code != pairs[i].code) {
            put_set(aw, pairs[i].code, docs, n);
            n = 0;
        }
    }
    e->set_count = (uint32_t)(aw->sets.size / sizeof(struct set_entry)) - e->set_first;
    e->set_end = container_chunk_size(aw->w);
    free(docs);
}

void attributes_end(struct attributes_writer *aw)
{
    container_end(aw->w);
    container_add(aw->w, CHUNK_SET_INDEX, aw->sets.data, aw->sets.size);
    if (aw->entry_count)
        qsort(aw->entries, aw->entry_count, sizeof(*aw->entries), entry_compare);
    container_add(aw->w, CHUNK_DIRECTORY, aw->entries, (size_t)aw->entry_count * sizeof(*aw->entries));
}
