/*
 * Entries live in pages that double in size and never move, so that a reader may hold what it found. An index from
 * text to entry is a table of slots {high half of the hash, number + 1}; when it grows a new table is published and the
 * old one is freed after a grace period. An entry is written before its slot, and its slot before the count.
 */
#include "indexer/shard/dictionary.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/shard/container.h"

#define PAGE_FIRST 16 /* entries of the first page; page k has PAGE_FIRST << k */
#define PAGE_COUNT 27
#define SEPARATOR  " > "

#define CHUNK_ATTRIBUTES CHUNK_ID('A', 'T', 'T', 'R')
#define CHUNK_VALUES     CHUNK_ID('V', 'A', 'L', 'U')

/* A hash table. The smaller ones that it replaced live on with it, together no larger than it is: any thread may still
 * read one, without having to say when it is done. */
struct index {
    struct index *replaced;
    uint32_t capacity; /* a power of two */
    _Atomic uint64_t slots[];
};

struct value {
    struct str text;
    facet_code parent;
    uint32_t level;
};

/* One attribute with its values. */
struct entry {
    struct attribute attribute;
    _Atomic uint32_t count;
    struct value *_Atomic pages[PAGE_COUNT];
    struct index *_Atomic index;
};

struct dictionary {
    _Atomic uint32_t count;
    struct entry *_Atomic pages[PAGE_COUNT];
    struct index *_Atomic index;
    struct arena arena; /* texts of what was added */
};

/* --- pages and indexes --- */
static uint32_t page_of(uint32_t number, uint32_t *within)
{
    uint32_t page = 31U - (uint32_t)__builtin_clz(number / PAGE_FIRST + 1);

    *within = number - PAGE_FIRST * ((1U << page) - 1);
    return page;
}

static struct entry *entry_at(const struct dictionary *d, uint32_t attr)
{
    uint32_t within = 0;
    uint32_t page = page_of(attr, &within);

    return &atomic_load_explicit(&d->pages[page], memory_order_acquire)[within];
}

static struct value *value_at(const struct entry *e, uint32_t code)
{
    uint32_t within = 0;
    uint32_t page = page_of(code, &within);

    return &atomic_load_explicit(&e->pages[page], memory_order_acquire)[within];
}

static void index_put(struct index *index, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & (index->capacity - 1);

    while (atomic_load_explicit(&index->slots[at], memory_order_relaxed) != 0)
        at = (at + 1) & (index->capacity - 1);
    atomic_store_explicit(&index->slots[at], (hash >> 32) << 32 | (number + 1), memory_order_release);
}

/* Room for one more: `count` entries are in; text_of gives the text of one. */
static void index_grow(struct index *_Atomic *place, uint32_t count, struct str (*text_of)(const void *, uint32_t),
                       const void *owner)
{
    struct index *old = atomic_load_explicit(place, memory_order_relaxed);
    uint32_t capacity = old ? old->capacity : 0;
    struct index *grown = NULL;

    if (old && (uint64_t)count * 3 < (uint64_t)capacity * 2)
        return;
    capacity = capacity ? capacity * 2 : 16;
    grown = xcalloc(1, sizeof(*grown) + (size_t)capacity * sizeof(grown->slots[0]));
    grown->replaced = old;
    grown->capacity = capacity;
    for (uint32_t i = 0; i < count; i++) {
        struct str text = text_of(owner, i);

        index_put(grown, hash64_secret(text.data, text.size), i);
    }
    atomic_store_explicit(place, grown, memory_order_release);
}

static void index_free(struct index *index)
{
    while (index) {
        struct index *replaced = index->replaced;

        free(index);
        index = replaced;
    }
}

static uint32_t index_find(struct index *const _Atomic *place, struct str text,
                           struct str (*text_of)(const void *, uint32_t), const void *owner)
{
    const struct index *index = atomic_load_explicit(place, memory_order_acquire);
    uint64_t hash = hash64_secret(text.data, text.size);
    uint32_t at = 0;

    if (!index)
        return UINT32_MAX;
    at = (uint32_t)hash & (index->capacity - 1);
    for (;;) {
        uint64_t slot = atomic_load_explicit(&index->slots[at], memory_order_acquire);

        if (slot == 0)
            return UINT32_MAX;
        if (slot >> 32 == hash >> 32 && str_equal(text_of(owner, (uint32_t)slot - 1), text))
            return (uint32_t)slot - 1;
        at = (at + 1) & (index->capacity - 1);
    }
}

static struct str attr_text(const void *owner, uint32_t number)
{
    return entry_at(owner, number)->attribute.name;
}

static struct str value_text(const void *owner, uint32_t number)
{
    return value_at(owner, number)->text;
}

/* --- adding --- */
static attr_id add_attribute(struct dictionary *d, const struct attribute *attribute, bool copy)
{
    uint32_t count = atomic_load_explicit(&d->count, memory_order_relaxed);
    uint32_t within = 0;
    uint32_t page = page_of(count, &within);
    struct entry *e = NULL;

    if (count >= LIMIT_ATTRIBUTES)
        return ATTR_NONE;
    if (!atomic_load_explicit(&d->pages[page], memory_order_relaxed))
        atomic_store_explicit(&d->pages[page], xcalloc((size_t)PAGE_FIRST << page, sizeof(*e)), memory_order_release);
    index_grow(&d->index, count, attr_text, d);
    e = entry_at(d, count);
    e->attribute = *attribute;
    if (copy)
        e->attribute.name = arena_copy(&d->arena, attribute->name);
    index_put(atomic_load_explicit(&d->index, memory_order_relaxed),
              hash64_secret(attribute->name.data, attribute->name.size), count);
    atomic_store_explicit(&d->count, count + 1, memory_order_release);
    return (attr_id)count;
}

static facet_code add_value(struct dictionary *d, struct entry *e, struct str text, facet_code parent, bool copy)
{
    uint32_t count = atomic_load_explicit(&e->count, memory_order_relaxed);
    uint32_t within = 0;
    uint32_t page = page_of(count, &within);
    struct value *v = NULL;

    assert(page < PAGE_COUNT);
    if (!atomic_load_explicit(&e->pages[page], memory_order_relaxed))
        atomic_store_explicit(&e->pages[page], xcalloc((size_t)PAGE_FIRST << page, sizeof(*v)), memory_order_release);
    index_grow(&e->index, count, value_text, e);
    v = value_at(e, count);
    v->text = copy ? arena_copy(&d->arena, text) : text;
    v->parent = parent;
    v->level = parent == FACET_NONE ? 0 : value_at(e, parent)->level + 1;
    index_put(atomic_load_explicit(&e->index, memory_order_relaxed), hash64_secret(text.data, text.size), count);
    atomic_store_explicit(&e->count, count + 1, memory_order_release);
    return count;
}

/* The last separator of a path, or SIZE_MAX for a root. */
static size_t parent_end(struct str path)
{
    for (size_t at = path.size; at >= 4; at--) {
        if (memcmp(path.data + at - 3, SEPARATOR, 3) == 0)
            return at - 3;
    }
    return SIZE_MAX;
}

struct dictionary *dictionary_new(const struct settings *settings)
{
    struct dictionary *d = xcalloc(1, sizeof(*d));
    bool stock = settings_has_stock(settings);

    arena_init(&d->arena, 0);
    for (size_t i = 0; i < settings->facet_count; i++) {
        const struct facet_setting *f = &settings->facets[i];
        struct attribute a = {.name = f->attribute,
                              .faceted = true,
                              .searchable = f->searchable,
                              .filter_only = f->filter_only,
                              .hierarchical = f->kind == FACET_HIERARCHICAL,
                              .numeric = f->kind == FACET_NUMERIC,
                              .stock = stock && str_equal(f->attribute, STR("in_stock"))};

        (void)dictionary_attr_add(d, &a);
    }
    if (stock)
        (void)dictionary_attr_add(d, &(struct attribute){.name = STR("in_stock"), .faceted = true, .stock = true});
    return d;
}

void dictionary_free(struct dictionary *d)
{
    uint32_t count = 0;

    if (!d)
        return;
    count = dictionary_attr_count(d);
    for (uint32_t i = 0; i < count; i++) {
        struct entry *e = entry_at(d, i);

        for (int page = 0; page < PAGE_COUNT; page++)
            free(atomic_load_explicit(&e->pages[page], memory_order_relaxed));
        index_free(atomic_load_explicit(&e->index, memory_order_relaxed));
    }
    for (int page = 0; page < PAGE_COUNT; page++)
        free(atomic_load_explicit(&d->pages[page], memory_order_relaxed));
    index_free(atomic_load_explicit(&d->index, memory_order_relaxed));
    arena_release(&d->arena);
    free(d);
}

/* --- attributes --- */
uint32_t dictionary_attr_count(const struct dictionary *d)
{
    return atomic_load_explicit(&d->count, memory_order_acquire);
}

attr_id dictionary_attr_find(const struct dictionary *d, struct str name)
{
    uint32_t found = index_find(&d->index, name, attr_text, d);

    return found == UINT32_MAX ? ATTR_NONE : (attr_id)found;
}

const struct attribute *dictionary_attr(const struct dictionary *d, attr_id attr)
{
    return &entry_at(d, attr)->attribute;
}

attr_id dictionary_attr_add(struct dictionary *d, const struct attribute *attribute)
{
    attr_id known = dictionary_attr_find(d, attribute->name);

    return known != ATTR_NONE ? known : add_attribute(d, attribute, true);
}

/* --- values --- */
uint32_t dictionary_value_count(const struct dictionary *d, attr_id attr)
{
    return atomic_load_explicit(&entry_at(d, attr)->count, memory_order_acquire);
}

facet_code dictionary_value_find(const struct dictionary *d, attr_id attr, struct str value)
{
    const struct entry *e = entry_at(d, attr);

    return index_find(&e->index, value, value_text, e);
}

struct str dictionary_value(const struct dictionary *d, attr_id attr, facet_code code)
{
    return value_at(entry_at(d, attr), code)->text;
}

facet_code dictionary_value_add(struct dictionary *d, attr_id attr, struct str value)
{
    struct entry *e = entry_at(d, attr);
    facet_code parent = FACET_NONE;
    facet_code known = dictionary_value_find(d, attr, value);
    size_t end = 0;

    if (known != FACET_NONE)
        return known;
    end = e->attribute.hierarchical ? parent_end(value) : SIZE_MAX;
    if (end != SIZE_MAX)
        parent = dictionary_value_add(d, attr, str_slice(value, 0, end));
    return add_value(d, e, value, parent, true);
}

facet_code dictionary_value_parent(const struct dictionary *d, attr_id attr, facet_code code)
{
    return value_at(entry_at(d, attr), code)->parent;
}

uint32_t dictionary_value_level(const struct dictionary *d, attr_id attr, facet_code code)
{
    return value_at(entry_at(d, attr), code)->level;
}

bool dictionary_level_find(const struct dictionary *d, struct str name, attr_id *attr, uint32_t *level)
{
    uint64_t number = 0;
    size_t dot = name.size;

    while (dot > 0 && name.data[dot - 1] != '.')
        dot--;
    if (dot < 2 || !str_starts_with(str_slice(name, dot, name.size), STR("lvl")) ||
        !str_to_u64(str_slice(name, dot + 3, name.size), &number) || number >= LIMIT_CATEGORY_LEVELS)
        return false;
    *attr = dictionary_attr_find(d, str_slice(name, 0, dot - 1));
    *level = (uint32_t)number;
    return *attr != ATTR_NONE && dictionary_attr(d, *attr)->hierarchical;
}

/* --- the file --- */
enum {
    FLAG_FACETED = 1,
    FLAG_SEARCHABLE = 2,
    FLAG_FILTER_ONLY = 4,
    FLAG_HIERARCHICAL = 8,
    FLAG_NUMERIC = 16,
    FLAG_STOCK = 32
};

static uint8_t flags_of(const struct attribute *a)
{
    return (uint8_t)((a->faceted ? FLAG_FACETED : 0) | (a->searchable ? FLAG_SEARCHABLE : 0) |
                     (a->filter_only ? FLAG_FILTER_ONLY : 0) | (a->hierarchical ? FLAG_HIERARCHICAL : 0) |
                     (a->numeric ? FLAG_NUMERIC : 0) | (a->stock ? FLAG_STOCK : 0));
}

void dictionary_write(const struct dictionary *d, struct buf *out)
{
    uint32_t count = dictionary_attr_count(d);
    struct buf attributes = BUF_EMPTY, values = BUF_EMPTY;
    struct container_writer w;
    struct error err;

    buf_put_varint(&attributes, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct entry *e = entry_at(d, i);
        uint32_t value_count = atomic_load_explicit(&e->count, memory_order_acquire);

        buf_put_u8(&attributes, flags_of(&e->attribute));
        buf_put_text(&attributes, e->attribute.name);
        buf_put_varint(&attributes, value_count);
        for (uint32_t v = 0; v < value_count; v++) {
            buf_put_text(&values, value_at(e, v)->text);
        }
    }
    container_writer_init(&w, CONTAINER_DICTIONARY, out, NULL);
    container_add(&w, CHUNK_ATTRIBUTES, attributes.data, attributes.size);
    container_add(&w, CHUNK_VALUES, values.data, values.size);
    if (container_finish(&w, 0, &err) != STATUS_OK)
        out->failed = true;
    container_writer_release(&w);
    buf_release(&attributes);
    buf_release(&values);
}

static enum status read_values(struct dictionary *d, attr_id attr, uint64_t count, struct reader *r, struct error *err)
{
    struct entry *e = entry_at(d, attr);

    for (uint64_t i = 0; i < count; i++) {
        struct str text = reader_text(r);
        size_t end = e->attribute.hierarchical ? parent_end(text) : SIZE_MAX;
        facet_code parent = FACET_NONE;

        if (r->failed)
            return error_set(err, STATUS_FORMAT, "chunk 'VALU': ends within attribute %u", attr);
        if (end != SIZE_MAX) {
            parent = dictionary_value_find(d, attr, str_slice(text, 0, end));
            if (parent == FACET_NONE)
                return error_set(err, STATUS_FORMAT, "chunk 'VALU': a value of attribute %u has no parent", attr);
        }
        if (i >= UINT32_MAX / 2 || dictionary_value_find(d, attr, text) != FACET_NONE)
            return error_set(err, STATUS_FORMAT, "chunk 'VALU': a value of attribute %u is there twice", attr);
        (void)add_value(d, e, text, parent, false);
    }
    return STATUS_OK;
}

static enum status read_attributes(struct dictionary *d, struct str attributes, struct str values, struct error *err)
{
    struct reader ra = reader_of(attributes.data, attributes.size);
    struct reader rv = reader_of(values.data, values.size);
    uint64_t count = reader_varint(&ra);
    enum status status = STATUS_OK;

    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        uint8_t flags = reader_u8(&ra);
        struct attribute a = {.name = reader_text(&ra),
                              .faceted = flags & FLAG_FACETED,
                              .searchable = flags & FLAG_SEARCHABLE,
                              .filter_only = flags & FLAG_FILTER_ONLY,
                              .hierarchical = flags & FLAG_HIERARCHICAL,
                              .numeric = flags & FLAG_NUMERIC,
                              .stock = flags & FLAG_STOCK};
        uint64_t value_count = reader_varint(&ra);

        if (ra.failed)
            return error_set(err, STATUS_FORMAT, "chunk 'ATTR': ends within entry %llu", (unsigned long long)i);
        if (dictionary_attr_find(d, a.name) != ATTR_NONE || add_attribute(d, &a, false) == ATTR_NONE)
            return error_set(err, STATUS_FORMAT, "chunk 'ATTR': entry %llu is there twice or one too many",
                             (unsigned long long)i);
        status = read_values(d, (attr_id)i, value_count, &rv, err);
    }
    if (status == STATUS_OK && (ra.failed || ra.at != ra.size || rv.at != rv.size))
        return error_set(err, STATUS_FORMAT, "dictionary: bytes behind the last entry");
    return status;
}

enum status dictionary_open(struct dictionary **out, struct str bytes, struct error *err)
{
    struct container c = {0};
    struct dictionary *d = NULL;
    enum status status = container_open(&c, CONTAINER_DICTIONARY, bytes.data, bytes.size, err);

    *out = NULL;
    if (status == STATUS_OK)
        status = container_check_all(&c, err);
    if (status != STATUS_OK)
        goto out;
    d = xcalloc(1, sizeof(*d));
    arena_init(&d->arena, 0);
    status = read_attributes(d, container_chunk(&c, CHUNK_ATTRIBUTES), container_chunk(&c, CHUNK_VALUES), err);
    if (status == STATUS_OK) {
        *out = d;
        d = NULL;
    }
out:
    dictionary_free(d);
    container_close(&c);
    return status;
}
