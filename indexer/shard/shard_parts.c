/* The parts of a shard that are checked as a whole, when it is opened or, after a lazy opening, before their first use.
 */
#include "indexer/shard/shard_internal.h"

static struct container *container_of(const struct shard *s)
{
    return (struct container *)(uintptr_t)&s->container; /* only its notes of what is verified change */
}

static enum status check_chunks(const struct shard *s, uint32_t first, uint32_t second, struct error *err)
{
    enum status status = container_check_chunk(container_of(s), first, err);

    return status == STATUS_OK ? container_check_chunk(container_of(s), second, err) : status;
}

static enum status check_ranks(const struct shard *s, struct error *err)
{
    const struct shard_meta *m = &s->meta;
    uint32_t highest = 0;
    enum status status = container_check_chunk(container_of(s), CHUNK_RANKS, err);

    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < m->doc_count; i++)
        highest = s->ranks[i] > highest ? s->ranks[i] : highest;
    if (m->doc_count && highest >= m->doc_count)
        return error_set(err, STATUS_FORMAT, "chunk 'RANK': rank %u of %u documents", highest, m->doc_count);
    return STATUS_OK;
}

static enum status check_groups(const struct shard *s, struct error *err)
{
    const struct shard_meta *m = &s->meta;
    enum status status = container_check_chunk(container_of(s), CHUNK_GROUPS, err);

    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; s->groups && i < m->doc_count; i++) {
        if (s->groups[i] >= m->group_count || (i && s->groups[i] < s->groups[i - 1]))
            return error_set(err, STATUS_FORMAT, "chunk 'GRUP': group of document %u", i);
    }
    return STATUS_OK;
}

static enum status check_keys(const struct shard *s, struct error *err)
{
    enum status status = keys_check_whole(&s->keys, KEYS_OBJECTS, container_of(s), err);

    return status == STATUS_OK && s->meta.has_group_keys
               ? keys_check_whole(&s->group_keys, KEYS_GROUPS, container_of(s), err)
               : status;
}

static enum status place_error(doc_id doc, struct error *err)
{
    return error_set(err, STATUS_FORMAT, "chunk 'DOFF': place of document %u", doc);
}

static bool place_fits(const struct shard *s, doc_id doc)
{
    uint64_t from = 0, to = 0;

    shard_object_place(s, doc, &from, &to);
    return from <= to && to <= s->docs.size;
}

static enum status check_places(const struct shard *s, struct error *err)
{
    enum status status = check_chunks(s, CHUNK_DOC_BASES, CHUNK_DOC_ENDS, err);

    for (uint32_t i = 0; status == STATUS_OK && i < s->meta.doc_count; i++) {
        if (!place_fits(s, i))
            return place_error(i, err);
    }
    return status;
}

enum status shard_check_part(const struct shard *s, enum shard_part part, struct error *err)
{
    uint32_t bit = 1U << part;
    enum status status = STATUS_OK;

    if (atomic_load_explicit(&s->checked, memory_order_acquire) & bit)
        return STATUS_OK;
    switch (part) {
    case PART_RANKS:
        status = check_ranks(s, err);
        break;
    case PART_GROUPS:
        status = check_groups(s, err);
        break;
    case PART_KEYS:
        status = check_keys(s, err);
        break;
    case PART_PLACES:
        status = check_places(s, err);
        break;
    default:
        status = fuzzy_check(&s->fuzzy, container_of(s), err);
        break;
    }
    if (status == STATUS_OK)
        atomic_fetch_or_explicit((_Atomic uint32_t *)(uintptr_t)&s->checked, bit, memory_order_release);
    return status;
}

bool shard_has_part(const struct shard *s, enum shard_part part)
{
    return shard_check_part(s, part, NULL) == STATUS_OK;
}

enum status shard_check_groups(const struct shard *s, struct error *err)
{
    return shard_check_part(s, PART_GROUPS, err);
}

enum status shard_check_ranks(const struct shard *s, struct error *err)
{
    return shard_check_part(s, PART_RANKS, err);
}

enum status shard_check_rest(const struct shard *s, struct error *err)
{
    enum status status = STATUS_OK;

    for (int part = 0; status == STATUS_OK && part < PART_COUNT; part++)
        status = shard_check_part(s, (enum shard_part)part, err);
    return status;
}

bool shard_id_sound(const struct shard *s, doc_id doc)
{
    return atomic_load_explicit(&s->checked, memory_order_acquire) & 1U << PART_KEYS ||
           keys_text_sound(&s->keys, KEYS_OBJECTS, container_of(s), doc);
}

enum status shard_place_sound(const struct shard *s, doc_id doc, struct error *err)
{
    uint64_t base = (uint64_t)doc / DOCS_PER_BASE * 8, end = (uint64_t)doc * 4;
    uint64_t last = ((uint64_t)doc + 1) / DOCS_PER_BASE * 8;
    enum status status = STATUS_OK;

    if (atomic_load_explicit(&s->checked, memory_order_acquire) & 1U << PART_PLACES)
        return STATUS_OK;
    status = container_check(container_of(s), CHUNK_DOC_BASES, base, last + 8, err);
    if (status == STATUS_OK)
        status = container_check(container_of(s), CHUNK_DOC_ENDS, end, end + 8, err);
    return status == STATUS_OK && !place_fits(s, doc) ? place_error(doc, err) : status;
}
