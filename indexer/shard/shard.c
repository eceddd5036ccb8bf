#include "indexer/shard/shard.h"

#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/shard/shard_internal.h"

#define OBJECT_MAX_BYTES      ((size_t)LIMIT_OBJECT_BYTES * 4) /* escapes may grow an object when it is written again */
#define OBJECT_PREFETCH_BYTES 512

/* Chunks that are small or read without a check of their own: verified when the shard is opened. */
static const uint32_t CHECKED_AT_OPEN[] = {
    CHUNK_META,
    CHUNK_FACTS,
    CHUNK_AVAILABLE,
    CHUNK_IN_STOCK,
    CHUNK_DOC_DICT,
    CHUNK_ID('T', 'B', 'L', 'K'),
    CHUNK_ID('T', 'T', 'X', 'T'),
    CHUNK_ID('T', 'R', 'E', 'C'),
    CHUNK_ID('T', 'S', 'U', 'M'),
    CHUNK_ID('T', 'H', 'S', 'H'),
    CHUNK_ID('P', 'F', 'X', 'R'),
    CHUNK_ID('P', 'F', 'X', 'T'),
    CHUNK_ID('A', 'T', 'T', 'R'),
    CHUNK_ID('S', 'E', 'T', 'X'),
};

/* --- opening --- */
static enum status read_meta(struct shard *s, struct error *err)
{
    struct str bytes = container_chunk(&s->container, CHUNK_META);
    struct reader r = reader_of(bytes.data, bytes.size);
    struct shard_meta *m = &s->meta;
    uint32_t flags = 0;

    m->doc_count = reader_u32(&r);
    m->group_count = reader_u32(&r);
    m->term_count = reader_u32(&r);
    m->fact_count = reader_u32(&r);
    m->field_count = reader_u32(&r);
    flags = reader_u32(&r);
    m->has_stock = flags & META_STOCK;
    m->has_group_keys = flags & META_GROUP_KEYS;
    m->created_ms = (int64_t)reader_u64(&r);
    for (int f = 0; f < META_FIELDS; f++) {
        m->field_tokens[f] = reader_u64(&r);
        m->field_docs[f] = reader_u64(&r);
    }
    if (r.failed || r.at != r.size || m->field_count == 0 || m->field_count > LIMIT_FIELDS ||
        m->doc_count > UINT32_MAX / 2 || m->group_count > m->doc_count)
        return error_set(err, STATUS_FORMAT, "chunk 'META': does not hold what it must");
    return STATUS_OK;
}

/* A chunk that must be exactly so long. */
static enum status sized_chunk(const struct shard *s, uint32_t id, uint64_t size, const void *out, struct error *err)
{
    struct str bytes = container_chunk(&s->container, id);
    char name[5];

    if (bytes.size != size) {
        container_chunk_name(id, name);
        return error_set(err, STATUS_FORMAT, "chunk '%s': has %zu bytes instead of %llu", name, bytes.size,
                         (unsigned long long)size);
    }
    memcpy((void *)(uintptr_t)out, &bytes.data, sizeof(void *));
    return STATUS_OK;
}

static enum status open_arrays(struct shard *s, struct error *err)
{
    const struct shard_meta *m = &s->meta;
    uint64_t words = ((uint64_t)m->doc_count + 63) / 64 * 8;
    enum status status = sized_chunk(s, CHUNK_FACTS, (uint64_t)m->fact_count * 8, &s->facts, err);

    if (status == STATUS_OK)
        status = sized_chunk(s, CHUNK_LENGTHS, (uint64_t)m->doc_count * m->field_count, &s->lengths, err);
    if (status == STATUS_OK && m->group_count < m->doc_count)
        status = sized_chunk(s, CHUNK_GROUPS, (uint64_t)m->doc_count * 4, &s->groups, err);
    if (status == STATUS_OK)
        status = sized_chunk(s, CHUNK_RANKS, (uint64_t)m->doc_count * 4, &s->ranks, err);
    s->rank_chunk = container_find(&s->container, CHUNK_RANKS);
    if (status == STATUS_OK && m->has_stock)
        status = sized_chunk(s, CHUNK_AVAILABLE, words, &s->available, err);
    if (status == STATUS_OK && m->has_stock)
        status = sized_chunk(s, CHUNK_IN_STOCK, words, &s->in_stock, err);
    if (status == STATUS_OK)
        status = sized_chunk(s, CHUNK_DOC_BASES, ((uint64_t)m->doc_count / DOCS_PER_BASE + 1) * 8, &s->doc_bases, err);
    if (status == STATUS_OK)
        status = sized_chunk(s, CHUNK_DOC_ENDS, ((uint64_t)m->doc_count + 1) * 4, &s->doc_offsets, err);
    s->postings = container_chunk(&s->container, CHUNK_POSTINGS);
    s->position_chunk = container_find(&s->container, CHUNK_POSITIONS) >= 0 ? CHUNK_POSITIONS : CHUNK_POSITION_VARINTS;
    s->positions = container_chunk(&s->container, s->position_chunk);
    s->docs = container_chunk(&s->container, CHUNK_DOCS);
    return status;
}

static enum status check_records(const struct shard *s, struct error *err)
{
    const struct shard_meta *m = &s->meta;
    const struct term_record *ends = &s->terms.records[s->terms.count];

    if ((uint64_t)ends->postings * TEXT_UNIT > s->postings.size ||
        (uint64_t)ends->positions * TEXT_UNIT > s->positions.size)
        return error_set(err, STATUS_FORMAT, "chunk 'TREC': ends behind the postings");
    for (uint32_t i = 0; i < s->terms.count; i++) {
        if (s->terms.records[i].df > m->doc_count)
            return error_set(err, STATUS_FORMAT, "chunk 'TREC': document frequency of term %u", i);
    }
    return STATUS_OK;
}

static enum status open_parts(struct shard *s, struct error *err)
{
    struct container *c = &s->container;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sizeof(CHECKED_AT_OPEN) / sizeof(CHECKED_AT_OPEN[0]); i++)
        status = container_check_chunk(c, CHECKED_AT_OPEN[i], err);
    if (status == STATUS_OK)
        status = read_meta(s, err);
    if (status == STATUS_OK)
        status = keys_open(&s->keys, KEYS_OBJECTS, c, s->meta.doc_count, err);
    if (status == STATUS_OK && s->meta.has_group_keys)
        status = keys_open(&s->group_keys, KEYS_GROUPS, c, s->meta.group_count, err);
    if (status == STATUS_OK)
        status = terms_open(&s->terms, c, s->meta.term_count, err);
    if (status == STATUS_OK)
        status = prefixes_open(&s->prefixes, c, err);
    if (status == STATUS_OK)
        status = fuzzy_open(&s->fuzzy, c, &s->terms, err);
    if (status == STATUS_OK)
        status = attributes_open(&s->attributes, c, s->meta.doc_count, err);
    if (status == STATUS_OK)
        status = dimensions_open(&s->dimensions, c, s->meta.doc_count, err);
    if (status == STATUS_OK)
        status = titles_open(&s->titles, c, s->meta.doc_count, err);
    if (status == STATUS_OK)
        status = open_arrays(s, err);
    if (status == STATUS_OK)
        status = check_records(s, err);
    if (status == STATUS_OK) {
        static _Atomic uint64_t opened;
        s->serial = atomic_fetch_add_explicit(&opened, 1, memory_order_relaxed) + 1;
        s->objects = docs_dictionary_new(container_chunk(c, CHUNK_DOC_DICT));
        s->changed = xcalloc((size_t)s->attributes.count + 1, sizeof(*s->changed));
    }
    return status;
}

static enum status open_whole(struct shard *s, struct error *err)
{
    enum status status = open_parts(s, err);

    return status == STATUS_OK ? shard_check_rest(s, err) : status;
}

static struct shard *shard_new(void)
{
    struct shard *s = xcalloc(1, sizeof(*s));

    pthread_mutex_init(&s->note_lock, NULL);
    return s;
}

enum status shard_open(struct shard **out, const char *path, const struct shard_open_options *options,
                       struct error *err)
{
    struct shard *s = shard_new();
    enum status status = file_map(&s->map, path, FILE_MAP_PRIVATE, err);

    *out = NULL;
    if (status == STATUS_OK)
        status = container_open(&s->container, CONTAINER_SHARD, s->map.data, s->map.size, err);
    if (status == STATUS_OK && options && options->verify_all)
        status = container_check_all(&s->container, err);
    if (status == STATUS_OK)
        status = options && options->lazy ? open_parts(s, err) : open_whole(s, err);
    if (status == STATUS_FORMAT)
        error_prefix(err, "'%s'", path);
    if (status == STATUS_OK) {
        *out = s;
        s = NULL;
    }
    shard_close(s);
    return status;
}

enum status shard_open_memory(struct shard **out, struct buf *image, struct error *err)
{
    struct shard *s = shard_new();
    enum status status = STATUS_OK;

    *out = NULL;
    s->image = *image;
    *image = BUF_EMPTY;
    status = container_open(&s->container, CONTAINER_SHARD, s->image.data, s->image.size, err);
    if (status == STATUS_OK)
        status = container_check_all(&s->container, err);
    if (status == STATUS_OK)
        status = open_whole(s, err);
    if (status == STATUS_OK) {
        *out = s;
        s = NULL;
    }
    shard_close(s);
    return status;
}

void shard_close(struct shard *s)
{
    if (!s)
        return;
    for (struct shard_note *n = atomic_load_explicit(&s->notes, memory_order_relaxed), *next; n; n = next) {
        next = n->next;
        n->free(n);
    }
    pthread_mutex_destroy(&s->note_lock);
    attributes_close(&s->attributes);
    dimensions_close(&s->dimensions);
    docs_dictionary_free(s->objects);
    free((void *)s->changed);
    container_close(&s->container);
    if (s->map.data)
        file_unmap(&s->map);
    buf_release(&s->image);
    free(s);
}

/* --- notes --- */
static struct shard_note *find_note(const struct shard *s, uint64_t key)
{
    struct shard_note *n = atomic_load_explicit(&s->notes, memory_order_acquire);

    while (n && n->key != key)
        n = n->next;
    return n;
}

struct shard_note *shard_note(const struct shard *s, uint64_t key, shard_note_make *make)
{
    struct shard *to = (struct shard *)(uintptr_t)s;
    struct shard_note *n = find_note(s, key);

    if (n)
        return n;
    pthread_mutex_lock(&to->note_lock);
    n = find_note(s, key);
    if (!n) {
        n = make(s, key);
        n->key = key;
        n->next = atomic_load_explicit(&to->notes, memory_order_relaxed);
        atomic_store_explicit(&to->notes, n, memory_order_release);
    }
    pthread_mutex_unlock(&to->note_lock);
    return n;
}

/* --- what it is --- */
uint64_t shard_serial(const struct shard *s)
{
    return s->serial;
}

uint64_t shard_uid(const struct shard *s)
{
    return s->container.uid;
}

uint32_t shard_doc_count(const struct shard *s)
{
    return s->meta.doc_count;
}

uint32_t shard_group_count(const struct shard *s)
{
    return s->meta.group_count;
}

uint64_t shard_size_bytes(const struct shard *s)
{
    return s->container.size;
}

const uint32_t *shard_groups(const struct shard *s)
{
    return s->groups;
}

const uint32_t *shard_id_ranks(const struct shard *s)
{
    return s->ranks;
}

uint32_t shard_id_rank(const struct shard *s, doc_id doc)
{
    uint64_t at = (uint64_t)doc * 4;

    if (container_sound((struct container *)(uintptr_t)&s->container, s->rank_chunk, at, at + 4) &&
        s->ranks[doc] < s->meta.doc_count)
        return s->ranks[doc];
    atomic_store_explicit((_Atomic bool *)(uintptr_t)&s->damaged, true, memory_order_release);
    return 0;
}

bool shard_damaged(const struct shard *s)
{
    return atomic_load_explicit(&s->damaged, memory_order_acquire) ||
           atomic_load_explicit(&s->titles.damaged, memory_order_acquire);
}

/* --- keys and stored objects --- */
doc_id shard_find(const struct shard *s, struct str object_id)
{
    return shard_has_part(s, PART_KEYS) ? keys_find(&s->keys, object_id) : DOC_NONE;
}

const struct keys *shard_keys(const struct shard *s)
{
    return &s->keys;
}

doc_id shard_find_group(const struct shard *s, struct str group)
{
    uint32_t number = 0, low = 0, high = s->meta.doc_count;

    if (!shard_has_part(s, PART_KEYS) || !shard_has_part(s, PART_GROUPS))
        return DOC_NONE;
    if (!s->meta.has_group_keys)
        return keys_find(&s->keys, group);
    number = keys_find(&s->group_keys, group);
    if (number == DOC_NONE || !s->groups)
        return number;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (s->groups[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->meta.doc_count ? low : DOC_NONE;
}

struct str shard_object_id(const struct shard *s, doc_id doc)
{
    return shard_id_sound(s, doc) ? keys_text(&s->keys, doc) : (struct str){0};
}

void shard_object_place(const struct shard *s, doc_id doc, uint64_t *from, uint64_t *to)
{
    uint32_t last = doc + 1 < s->meta.doc_count ? doc + 1 : s->meta.doc_count;

    *from = s->doc_bases[doc / DOCS_PER_BASE] + s->doc_offsets[doc];
    *to = s->doc_bases[last / DOCS_PER_BASE] + s->doc_offsets[last];
}

void shard_object_prefetch(const struct shard *s, doc_id doc)
{
    uint64_t from = 0, to = 0;

    shard_object_place(s, doc, &from, &to);
    for (uint64_t at = from; at < to && at < from + OBJECT_PREFETCH_BYTES; at += 64)
        __builtin_prefetch(s->docs.data + at);
}

enum status shard_object(const struct shard *s, doc_id doc, struct buf *out, struct error *err)
{
    uint64_t from = 0, to = 0;
    enum status status = shard_place_sound(s, doc, err);

    if (status != STATUS_OK)
        return status;
    shard_object_place(s, doc, &from, &to);
    if (from == to)
        return error_set(err, STATUS_FORMAT, "stored object: document %u has no bytes", doc);
    status = container_check((struct container *)&s->container, CHUNK_DOCS, from, to, err);
    if (status != STATUS_OK)
        return status;
    return docs_decompress(s->objects, str_slice(s->docs, (size_t)from, (size_t)to), OBJECT_MAX_BYTES, out, err);
}

const attr_id *shard_cut_attributes(const struct shard *s, uint32_t *count)
{
    *count = s->attributes.cut_count;
    return s->attributes.cut;
}

struct str shard_docs_dictionary(const struct shard *s)
{
    return docs_dictionary_bytes(s->objects);
}

/* --- terms --- */
uint32_t shard_term_count(const struct shard *s)
{
    return s->terms.count;
}

bool shard_term_find(const struct shard *s, struct str text, struct term *out)
{
    out->id = terms_find(&s->terms, text);
    if (out->id == TERM_NONE)
        return false;
    out->df = s->terms.records[out->id].df;
    return true;
}

void shard_term_prefix(const struct shard *s, struct str prefix, term_id *first, term_id *end, uint64_t *df_sum)
{
    terms_prefix(&s->terms, prefix, first, end);
    *df_sum = terms_df_sum(&s->terms, *first, *end);
}

uint32_t shard_term_df(const struct shard *s, term_id id)
{
    return s->terms.records[id].df;
}

void shard_term_text(const struct shard *s, term_id id, struct buf *out)
{
    char text[TERM_MAX_BYTES];

    buf_append(out, text, terms_text(&s->terms, id, text));
}

enum status shard_check_terms(const struct shard *s, term_id first, term_id end, struct error *err)
{
    struct container *c = (struct container *)&s->container;
    enum status status = container_check_chunk(c, CHUNK_LENGTHS, err);

    if (status != STATUS_OK || first >= end)
        return status;
    return container_check(c, CHUNK_POSTINGS, (uint64_t)s->terms.records[first].postings * TEXT_UNIT,
                           (uint64_t)s->terms.records[end].postings * TEXT_UNIT, err);
}

void shard_postings(const struct shard *s, term_id id, struct postings *out)
{
    const struct term_record *r = &s->terms.records[id];
    struct str bytes = {0};
    size_t used = 0;

    if (r->postings < r[1].postings)
        bytes = str_slice(s->postings, (size_t)r->postings * TEXT_UNIT, (size_t)r[1].postings * TEXT_UNIT);

    if (!postings_open(bytes, r->df, s->meta.doc_count, out, &used))
        *out = (struct postings){0};
}

bool shard_prefix_postings(const struct shard *s, struct str prefix, struct postings *out)
{
    struct str bytes;
    uint32_t df = 0;
    size_t used = 0;

    return prefixes_find(&s->prefixes, (struct container *)&s->container, prefix, &bytes, &df) &&
           postings_open(bytes, df, s->meta.doc_count, out, &used);
}

uint32_t shard_term_fuzzy(const struct shard *s, struct str text, int distance, struct fuzzy_term *out, uint32_t limit)
{
    return shard_has_part(s, PART_FUZZY) ? fuzzy_find(&s->fuzzy, text, distance, out, limit) : 0;
}

const uint64_t *shard_facts(const struct shard *s, uint32_t *count)
{
    *count = s->meta.fact_count;
    return s->facts;
}

static struct str positions_bytes(const struct shard *s, term_id id)
{
    const struct term_record *r = &s->terms.records[id];

    if (r->positions == r[1].positions)
        return (struct str){0};
    return str_slice(s->positions, (size_t)r->positions * TEXT_UNIT, (size_t)r[1].positions * TEXT_UNIT);
}

uint32_t shard_positions(const struct shard *s, term_id id, uint32_t rank, struct term_position *out, uint32_t limit)
{
    struct positions_out result = {.items = out, .limit = limit};
    uint32_t indexes[POSTINGS_BLOCK], count = 0;
    uint64_t facts[POSTINGS_BLOCK] = {0};
    struct positions bytes;
    struct postings p;

    shard_postings(s, id, &p);
    if (rank >= p.df)
        return 0;
    count = postings_group_facts(&p, rank / POSTINGS_BLOCK, indexes);
    for (uint32_t i = 0; i < count; i++)
        facts[i] = indexes[i] < s->meta.fact_count ? s->facts[indexes[i]] : 0;
    bytes = (struct positions){positions_bytes(s, id), p.df, s->position_chunk == CHUNK_POSITION_VARINTS};
    positions_read(&bytes, rank, facts, &result);
    return result.count;
}

enum status shard_check_positions(const struct shard *s, term_id id, struct error *err)
{
    const struct term_record *r = &s->terms.records[id];
    enum status status = shard_check_terms(s, id, id + 1, err);

    if (status != STATUS_OK)
        return status;
    return container_check((struct container *)&s->container, s->position_chunk, (uint64_t)r->positions * TEXT_UNIT,
                           (uint64_t)r[1].positions * TEXT_UNIT, err);
}

const struct titles *shard_titles(const struct shard *s)
{
    return &s->titles;
}

/* --- lengths --- */
const uint8_t *shard_lengths(const struct shard *s, uint32_t *field_stride)
{
    *field_stride = s->meta.field_count;
    return s->lengths;
}

/* Codes up to 40 are the length; above, each octave from 32 on has 16 steps, as a float with four bits of mantissa. */
uint8_t length_encode(uint32_t tokens)
{
    uint32_t exponent = 0;

    if (tokens <= 40)
        return (uint8_t)tokens;
    if (tokens > LIMIT_FIELD_TOKENS)
        tokens = LIMIT_FIELD_TOKENS;
    exponent = 31U - (uint32_t)__builtin_clz(tokens) - 4;
    return (uint8_t)(36 + (exponent - 1) * 16 + ((tokens >> exponent) - 16));
}

uint32_t length_decode(uint8_t code)
{
    uint32_t step = code - 36U;

    return code <= 40 ? code : (16 + step % 16) << (step / 16 + 1);
}

void shard_field_totals(const struct shard *s, field_id field, uint64_t *tokens, uint64_t *docs)
{
    *tokens = field < META_FIELDS ? s->meta.field_tokens[field] : 0;
    *docs = field < META_FIELDS ? s->meta.field_docs[field] : 0;
}

/* --- columns --- */
const struct facet_column *shard_facet_column(const struct shard *s, attr_id attr)
{
    static const struct facet_column none = {.kind = FACET_COLUMN_NONE};
    const struct attribute_columns *c = attributes_find(&s->attributes, attr);

    return c ? &c->facet : &none;
}

const struct number_column *shard_number_column(const struct shard *s, attr_id attr)
{
    static const struct number_column none = {.kind = NUMBER_COLUMN_NONE};
    const struct attribute_columns *c = attributes_find(&s->attributes, attr);

    return c ? &c->number : &none;
}

bool shard_number_bounds(const struct shard *s, attr_id attr, double *low, double *high)
{
    const struct attribute_columns *c = attributes_find(&s->attributes, attr);

    if (!c || c->number.kind == NUMBER_COLUMN_NONE || c->entry->lowest == NUMBER_MISSING)
        return false;
    *low = number_as_double(&c->number, c->entry->lowest);
    *high = number_as_double(&c->number, c->entry->highest);
    return true;
}

enum status shard_check_attribute(const struct shard *s, attr_id attr, struct error *err)
{
    return attributes_check(&s->attributes, (struct container *)&s->container, attr, err);
}

enum status shard_check_cell(const struct shard *s, attr_id attr, doc_id doc, struct error *err)
{
    return attributes_check_cell(&s->attributes, (struct container *)&s->container, attr, doc, err);
}

enum status shard_number_store(struct shard *s, attr_id attr, doc_id doc, int64_t cell, struct error *err)
{
    const struct number_column *column = shard_number_column(s, attr);
    uint32_t index = number_index(column, doc);
    enum status status = STATUS_OK;
    uint32_t count = shard_changed_count(s);

    if (index == NUMBER_NO_CELL)
        return error_set(err, STATUS_NOT_FOUND, "document %u has no number of attribute %u to change", doc, attr);
    status = shard_check_attribute(s, attr, err);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i <= count; i++) {
        if (i == count) {
            atomic_store_explicit(&s->changed[count], attr, memory_order_relaxed);
            atomic_store_explicit(&s->changed_count, count + 1, memory_order_release);
        } else if (shard_changed_attribute(s, i) == attr) {
            break;
        }
    }
    number_store(column, index, cell);
    return STATUS_OK;
}

uint32_t shard_changed_count(const struct shard *s)
{
    return atomic_load_explicit(&s->changed_count, memory_order_acquire);
}

attr_id shard_changed_attribute(const struct shard *s, uint32_t index)
{
    return atomic_load_explicit(&s->changed[index], memory_order_relaxed);
}

bool shard_facet_set(const struct shard *s, attr_id attr, facet_code code, struct docset *out)
{
    return attributes_set(&s->attributes, attr, code, out);
}

struct dimensions *shard_dimensions(const struct shard *s)
{
    return (struct dimensions *)&s->dimensions;
}

_Atomic uint64_t *shard_available_bits(const struct shard *s)
{
    return s->available;
}

_Atomic uint64_t *shard_in_stock_bits(const struct shard *s)
{
    return s->in_stock;
}

uint64_t shard_stock_epoch(const struct shard *s)
{
    return atomic_load_explicit(&s->stock_epoch, memory_order_acquire);
}

void shard_stock_stored(struct shard *s)
{
    atomic_store_explicit(&s->stock_epoch, atomic_load_explicit(&s->stock_epoch, memory_order_relaxed) + 1,
                          memory_order_release);
}
