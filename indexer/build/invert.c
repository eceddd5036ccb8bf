#include "indexer/build/invert_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/shard/identifier.h"
#include "indexer/shard/positions.h"
#include "indexer/shard/shard.h"

#define SIDE_FIELD    15
#define VALUE_GAP     100 /* positions left free between two values of a field, so that no phrase spans them */
#define FREQUENCY_MAX 15
#define AHEAD         32 /* tokens whose terms are looked up at once */

struct invert *invert_new(const struct invert_options *options)
{
    struct invert *v = xcalloc(1, sizeof(*v));

    v->options = *options;
    v->analysis = analysis_new(options->analyzer);
    if (!v->analysis)
        fatal("no memory for an analysis");
    return v;
}

static void drop_spill(struct invert *v)
{
    file_close(v->spill);
    if (v->spill_path)
        (void)!file_remove(v->spill_path, NULL);
    free(v->spill_path);
}

void invert_free(struct invert *v)
{
    if (!v)
        return;
    if (v->spill)
        drop_spill(v);
    analysis_free(v->analysis);
    vec_release(&v->terms);
    buf_release(&v->texts);
    free(v->table);
    vec_release(&v->facts.values);
    vec_release(&v->facts.counts);
    free(v->facts.slots);
    vec_release(&v->offsets);
    buf_release(&v->stream);
    buf_release(&v->lengths);
    vec_release(&v->titles);
    vec_release(&v->title_starts);
    vec_release(&v->slots);
    vec_release(&v->occurrences);
    vec_release(&v->positions);
    buf_release(&v->scratch);
    free(v);
}

/* --- terms --- */
static void table_put(struct invert *v, uint64_t hash, uint32_t term)
{
    uint32_t at = (uint32_t)hash & (v->table_capacity - 1);

    while (v->table[at])
        at = (at + 1) & (v->table_capacity - 1);
    v->table[at] = (hash >> 32) << 32 | (term + 1);
}

static void table_grow(struct invert *v)
{
    uint64_t *old = v->table;

    if ((uint64_t)v->terms.count * 3 < (uint64_t)v->table_capacity * 2)
        return;
    v->table_capacity = v->table_capacity ? v->table_capacity * 2 : 1024;
    v->table = xcalloc(v->table_capacity, sizeof(*v->table));
    free(old);
    for (uint32_t i = 0; i < v->terms.count; i++)
        table_put(v, hash64_secret(v->texts.data + v->terms.items[i].text, v->terms.items[i].size), i);
}

static uint32_t intern(struct invert *v, struct str text, uint64_t hash)
{
    uint32_t at = 0;
    struct invert_term term = {.text = (uint32_t)v->texts.size, .size = (uint32_t)text.size};

    table_grow(v);
    for (at = (uint32_t)hash & (v->table_capacity - 1); v->table[at]; at = (at + 1) & (v->table_capacity - 1)) {
        const struct invert_term *t = &v->terms.items[(uint32_t)v->table[at] - 1];

        if (v->table[at] >> 32 == hash >> 32 && t->size == text.size &&
            memcmp(v->texts.data + t->text, text.data, text.size) == 0)
            return (uint32_t)v->table[at] - 1;
    }
    if (v->texts.size > UINT32_MAX - TERM_MAX_BYTES)
        fatal("more than 4 GB of distinct terms in one shard; use more shards");
    buf_append_str(&v->texts, text);
    vec_push(&v->terms, term);
    table_put(v, hash, (uint32_t)v->terms.count - 1);
    return (uint32_t)v->terms.count - 1;
}

/*
 * A look-up of a term touches the table, the term and its text, and none of them is in the cache. So the look-ups of
 * several tokens go through these steps side by side.
 */
static void look_ahead(const struct invert *v, const struct token *tokens, size_t count, uint64_t hashes[AHEAD])
{
    const struct invert_term *found[AHEAD];

    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash64_secret(tokens[i].text.data, tokens[i].text.size);
        if (v->table_capacity)
            __builtin_prefetch(&v->table[(uint32_t)hashes[i] & (v->table_capacity - 1)]);
    }
    for (size_t i = 0; v->table_capacity && i < count; i++) {
        uint64_t entry = v->table[(uint32_t)hashes[i] & (v->table_capacity - 1)];

        found[i] = entry ? &v->terms.items[(uint32_t)entry - 1] : NULL;
        if (entry)
            __builtin_prefetch(found[i], 1);
    }
    for (size_t i = 0; v->table_capacity && i < count; i++) {
        if (found[i])
            __builtin_prefetch(v->texts.data + found[i]->text);
    }
}

/* --- facts --- */
static uint32_t fact_slot(const struct invert_facts *f, uint64_t fact)
{
    uint32_t at = (uint32_t)((fact * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (f->capacity - 1);

    while (f->slots[at] && f->values.items[f->slots[at] - 1] != fact)
        at = (at + 1) & (f->capacity - 1);
    return at;
}

uint32_t invert_fact(struct invert_facts *f, uint64_t fact)
{
    uint32_t at = 0;

    if ((uint64_t)f->values.count * 2 >= f->capacity) {
        f->capacity = f->capacity ? f->capacity * 2 : 256;
        free(f->slots);
        f->slots = xcalloc(f->capacity, sizeof(*f->slots));
        for (uint32_t i = 0; i < f->values.count; i++)
            f->slots[fact_slot(f, f->values.items[i])] = i + 1;
    }
    at = fact_slot(f, fact);
    if (!f->slots[at]) {
        vec_push(&f->values, fact);
        vec_push(&f->counts, 0U);
        f->slots[at] = (uint32_t)f->values.count;
    }
    return f->slots[at] - 1;
}

/* --- a document --- */
void invert_begin(struct invert *v)
{
    while (v->title_starts.count > v->doc_count) /* of a document that was cancelled */
        v->titles.count = v->title_starts.items[--v->title_starts.count];
    vec_push(&v->title_starts, (uint32_t)v->titles.count);
    v->slots.count = 0;
    v->occurrences.count = 0;
    memset(v->field_length, 0, sizeof(v->field_length));
    memset(v->field_position, 0, sizeof(v->field_position));
}

void invert_cancel(struct invert *v)
{
    for (size_t i = 0; i < v->slots.count; i++)
        v->terms.items[v->slots.items[i].term].seen = 0;
    invert_begin(v);
}

static uint32_t slot_of(struct invert *v, struct str text, uint64_t hash)
{
    uint32_t number = intern(v, text, hash);
    struct invert_term *term = &v->terms.items[number];
    struct invert_slot slot = {.term = number};

    if (term->seen != v->doc_count + 1) {
        term->seen = v->doc_count + 1;
        term->slot = (uint32_t)v->slots.count;
        vec_push(&v->slots, slot);
    }
    return term->slot;
}

static void count_in_field(uint64_t *fact, field_id field)
{
    if ((*fact >> (4 * field) & FREQUENCY_MAX) < FREQUENCY_MAX)
        *fact += (uint64_t)1 << (4 * field);
}

/* Returns the term's number. */
static uint32_t take_token(struct invert *v, field_id field, const struct token *token, uint64_t hash)
{
    uint32_t slot = slot_of(v, token->text, hash);
    struct invert_slot *s = &v->slots.items[slot];
    struct invert_occurrence o = {.slot = slot, .position = v->field_position[field] + token->position, .field = field};

    if (token->kind == TOKEN_SPLIT) {
        count_in_field(&s->fact, SIDE_FIELD);
        return s->term;
    }
    count_in_field(&s->fact, field);
    v->field_length[field]++;
    vec_push(&v->occurrences, o);
    s->occurrences++;
    return s->term;
}

static void take_title(struct invert *v, const struct token *token, uint32_t term)
{
    if (token->kind != TOKEN_WORD || v->titles.count - v->title_starts.items[v->doc_count] >= TITLE_WORDS)
        return;
    vec_push(&v->titles, term | (analysis_is_accessory(v->analysis, token->text) ? TITLE_ACCESSORY : 0));
}

enum status invert_text(struct invert *v, field_id field, struct str text, struct error *err)
{
    const struct token *tokens = NULL;
    size_t count = 0;
    uint64_t hashes[AHEAD];
    enum status status = analyze(v->analysis, text, &tokens, &count);
    bool title = (int)field == v->options.title_field && v->field_length[field] == 0;

    if (status != STATUS_OK)
        return error_set(err, status, "text of field %u can't be analysed", field);
    for (size_t i = 0; i < count && v->field_length[field] < LIMIT_FIELD_TOKENS; i++) {
        if (i % AHEAD == 0)
            look_ahead(v, tokens + i, count - i < AHEAD ? count - i : AHEAD, hashes);
        uint32_t term = take_token(v, field, &tokens[i], hashes[i % AHEAD]);
        if (title)
            take_title(v, &tokens[i], term);
    }
    if (count)
        v->field_position[field] += tokens[count - 1].position + VALUE_GAP;
    return STATUS_OK;
}

void invert_identifier(struct invert *v, struct str value)
{
    buf_clear(&v->scratch);
    if (identifier_term(v->analysis, value, &v->scratch))
        (void)slot_of(v, buf_str(&v->scratch), hash64_secret(v->scratch.data, v->scratch.size));
}

/* Occurrences by slot, in the order they came: (field, position) ascending, since fields are given in order. */
static uint32_t *occurrences_by_slot(struct invert *v)
{
    uint32_t *order = xrealloc_array(NULL, v->occurrences.count + v->slots.count + 2, sizeof(*order));
    uint32_t *starts = order + v->occurrences.count + 1;
    uint32_t at = 0;

    for (size_t i = 0; i < v->slots.count; i++) {
        starts[i] = at;
        at += v->slots.items[i].occurrences;
    }
    for (uint32_t i = 0; i < v->occurrences.count; i++)
        order[starts[v->occurrences.items[i].slot]++] = i;
    return order;
}

/* Their size and they themselves; returns the size. Most are one or two. */
static uint32_t put_positions(struct invert *v)
{
    if (v->positions.count == 1 && v->positions.items[0].position < 128) {
        buf_put_u8(&v->stream, 1);
        buf_put_u8(&v->stream, (uint8_t)v->positions.items[0].position);
        return 1;
    }
    buf_clear(&v->scratch);
    positions_put(&v->scratch, v->positions.items, (uint32_t)v->positions.count);
    buf_put_text(&v->stream, buf_str(&v->scratch));
    return (uint32_t)v->scratch.size;
}

static void put_slot(struct invert *v, const struct invert_slot *slot, const uint32_t *occurrences)
{
    struct invert_term *term = &v->terms.items[slot->term];
    uint32_t fact = invert_fact(&v->facts, slot->fact);

    v->positions.count = 0;
    for (uint32_t i = 0; i < slot->occurrences; i++) {
        const struct invert_occurrence *o = &v->occurrences.items[occurrences[i]];
        struct term_position position = {.field = o->field, .position = o->position};

        vec_push(&v->positions, position);
    }
    v->facts.counts.items[fact]++;
    term->df++;
    buf_put_varint(&v->stream, slot->term);
    buf_put_varint(&v->stream, fact);
    term->position_bytes += put_positions(v);
}

static void put_lengths(struct invert *v)
{
    for (uint32_t f = 0; f < v->options.field_count; f++) {
        uint8_t code = length_encode(v->field_length[f]);

        buf_put_u8(&v->lengths, code);
        v->field_tokens[f] += length_decode(code);
        v->field_docs[f] += v->field_length[f] > 0;
    }
}

static enum status spill(struct invert *v, struct error *err)
{
    enum status status = STATUS_OK;

    if (!v->spill) {
        uint64_t number = 0;
        char path[4096];

        random_bytes(&number, sizeof(number));
        snprintf(path, sizeof(path), "%s/invert-%016llx.tmp", v->options.temp_dir, (unsigned long long)number);
        v->spill_path = strcpy(xmalloc(strlen(path) + 1), path);
        status = file_open(&v->spill, path, FILE_CREATE, err);
    }
    if (status == STATUS_OK)
        status = file_write_at(v->spill, v->stream_start, v->stream.data, v->stream.size, err);
    v->stream_start += v->stream.size;
    buf_clear(&v->stream);
    return status;
}

enum status invert_end(struct invert *v, struct error *err)
{
    uint32_t *order = occurrences_by_slot(v);
    uint32_t at = 0;

    vec_push(&v->offsets, v->stream_start + v->stream.size);
    buf_put_varint(&v->stream, v->slots.count);
    for (size_t i = 0; i < v->slots.count; i++) {
        put_slot(v, &v->slots.items[i], order + at);
        at += v->slots.items[i].occurrences;
    }
    put_lengths(v);
    v->doc_count++;
    free(order);
    if (v->options.memory_bytes && v->options.temp_dir && v->stream.size > v->options.memory_bytes / 4)
        return spill(v, err);
    return STATUS_OK;
}
