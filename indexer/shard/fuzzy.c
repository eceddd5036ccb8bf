#include "indexer/shard/fuzzy.h"

#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/vec.h"
#include "indexer/shard/bits.h"
#include "indexer/shard/identifier.h"

#define CHUNK_OFFSETS CHUNK_ID('F', 'Z', 'O', 'F')
#define CHUNK_PACKED  CHUNK_ID('F', 'Z', 'P', 'K')
#define CHUNK_ENTRIES CHUNK_ID('F', 'Z', 'E', 'N') /* versions up to 4 */
#define CHUNK_TAGS    CHUNK_ID('F', 'Z', 'T', 'G')

#define LETTERS_MAX  64 /* of a word or term; longer ones are left alone */
#define VARIANTS_MAX 22 /* the prefix itself, 6 with one letter deleted, 15 with two */
#define SEEN_MAX     64
#define BUCKET_SIZE  12 /* entries a bucket at most on average */
#define TAG_BITS     8
#define HEAD_BYTES   8 /* before packed entries: their width and how many they are */

/* --- variants --- */
struct letters {
    uint32_t count;
    uint32_t code[LETTERS_MAX];
    uint8_t start[LETTERS_MAX + 1]; /* byte offsets */
};

static bool letters_of(struct str text, struct letters *out)
{
    size_t at = 0;

    out->count = 0;
    if (text.size > TERM_MAX_BYTES)
        return false;
    while (at < text.size) {
        if (out->count == LETTERS_MAX)
            return false;
        out->start[out->count] = (uint8_t)at;
        out->code[out->count++] = str_utf8_next(text, &at);
    }
    out->start[out->count] = (uint8_t)at;
    return out->count > 0;
}

/* The prefix without letters a and b (0: none), hashed. */
static uint64_t variant(struct str text, const struct letters *l, uint32_t prefix, uint32_t a, uint32_t b)
{
    char bytes[TERM_MAX_BYTES];
    size_t size = 0;

    bytes[0] = '\0';
    for (uint32_t i = 0; i < prefix; i++) {
        if (i && (i == a || i == b))
            continue;
        for (uint32_t k = l->start[i]; k < l->start[i + 1]; k++)
            bytes[size++] = text.data[k];
    }
    return hash64(bytes, size);
}

static uint32_t variants(struct str text, const struct letters *l, int deletions, uint64_t out[VARIANTS_MAX])
{
    uint32_t prefix = l->count < FUZZY_PREFIX ? l->count : FUZZY_PREFIX, n = 0;

    out[n++] = variant(text, l, prefix, 0, 0);
    for (uint32_t a = 1; a < prefix; a++) {
        out[n++] = variant(text, l, prefix, a, 0);
        for (uint32_t b = a + 1; deletions > 1 && b < prefix; b++)
            out[n++] = variant(text, l, prefix, a, b);
    }
    return n;
}

/* --- distance: optimal string alignment, which is Damerau-Levenshtein without edits inside a transposition --- */
static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* More than `most` is most + 1. */
static int distance_of(const struct letters *a, const struct letters *b, int most)
{
    uint8_t rows[3][LETTERS_MAX + 1];

    if (a->count > b->count + (uint32_t)most || b->count > a->count + (uint32_t)most)
        return most + 1;
    for (uint32_t k = 0; k <= b->count; k++)
        rows[0][k] = (uint8_t)k;
    for (uint32_t i = 1; i <= a->count; i++) {
        const uint8_t *up = rows[(i - 1) % 3], *above = rows[(i + 1) % 3];
        uint8_t *row = rows[i % 3];
        uint8_t smallest = row[0] = (uint8_t)i;

        for (uint32_t k = 1; k <= b->count; k++) {
            row[k] = least((uint8_t)(up[k - 1] + (a->code[i - 1] != b->code[k - 1])),
                           (uint8_t)(least(up[k], row[k - 1]) + 1));
            if (i > 1 && k > 1 && a->code[i - 1] == b->code[k - 2] && a->code[i - 2] == b->code[k - 1])
                row[k] = least(row[k], (uint8_t)(above[k - 2] + 1));
            smallest = least(smallest, row[k]);
        }
        if (smallest > most)
            return most + 1;
    }
    return rows[a->count % 3][b->count];
}

/* --- finding --- */
struct search {
    const struct terms *terms;
    const struct letters *word;
    int distance;
    term_id seen[SEEN_MAX];
    uint32_t seen_count;
    struct fuzzy_term *out;
    uint32_t count, limit;
};

static bool better(const struct fuzzy_term *a, const struct fuzzy_term *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return a->df != b->df ? a->df > b->df : a->id < b->id;
}

/* Keeps the best `limit` in order. */
static void keep(struct search *s, struct fuzzy_term found)
{
    uint32_t at = s->count;

    for (uint32_t i = 0; i < s->count; i++) {
        if (s->out[i].id == found.id)
            return;
    }
    while (at > 0 && better(&found, &s->out[at - 1])) {
        if (at < s->limit)
            s->out[at] = s->out[at - 1];
        at--;
    }
    if (at < s->limit)
        s->out[at] = found;
    s->count += s->count < s->limit;
}

static void consider(struct search *s, term_id id)
{
    struct letters letters;
    struct fuzzy_term found = {.id = id, .df = s->terms->records[id].df};
    char text[TERM_MAX_BYTES];
    int distance = 0;

    for (uint32_t i = 0; i < s->seen_count; i++) {
        if (s->seen[i] == id)
            return;
    }
    if (s->seen_count < SEEN_MAX)
        s->seen[s->seen_count++] = id;
    if (!letters_of((struct str){text, terms_text(s->terms, id, text)}, &letters) ||
        letters.code[0] != s->word->code[0])
        return;
    distance = distance_of(s->word, &letters, s->distance);
    found.distance = (uint8_t)distance;
    if (distance <= s->distance)
        keep(s, found);
}

static inline term_id entry_at(const struct fuzzy *f, uint32_t at, uint8_t *tag)
{
    uint64_t packed;

    if (!f->packed) {
        *tag = f->tags[at];
        return f->entries[at];
    }
    packed = bits_get64(f->packed, (uint64_t)at * f->width, f->width);
    *tag = (uint8_t)packed;
    return (term_id)(packed >> TAG_BITS);
}

uint32_t fuzzy_find(const struct fuzzy *f, struct str word, int distance, struct fuzzy_term *out, uint32_t limit)
{
    struct letters letters;
    struct search s = {.terms = f->terms, .word = &letters, .out = out, .limit = limit};
    uint64_t hashes[VARIANTS_MAX];
    uint32_t count = 0;

    if (f->bucket_count == 0 || limit == 0 || !letters_of(word, &letters))
        return 0;
    s.distance = distance > 1 && letters.count >= FUZZY_TWO_WORD ? 2 : 1;
    count = variants(word, &letters, s.distance, hashes);
    for (uint32_t i = 0; i < count; i++)
        __builtin_prefetch(&f->offsets[hashes[i] & (f->bucket_count - 1)]);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bucket = (uint32_t)hashes[i] & (f->bucket_count - 1);

        for (uint32_t e = f->offsets[bucket]; e < f->offsets[bucket + 1]; e++) {
            uint8_t tag;
            term_id id = entry_at(f, e, &tag);

            if (tag == (uint8_t)(hashes[i] >> 56))
                consider(&s, id);
        }
    }
    return s.count;
}

/* --- the table --- */
/* Packed entries; false when their size is wrong. */
static bool open_packed(struct fuzzy *f, struct str packed)
{
    struct reader r = reader_of(packed.data, packed.size);

    f->width = reader_u32(&r);
    f->entry_count = reader_u32(&r);
    f->packed = (const uint8_t *)packed.data + HEAD_BYTES;
    return !r.failed && f->width > TAG_BITS && f->width <= TAG_BITS + 32 &&
           packed.size == HEAD_BYTES + bits_bytes((uint64_t)f->entry_count * f->width);
}

enum status fuzzy_open(struct fuzzy *f, const struct container *c, const struct terms *terms, struct error *err)
{
    struct str offsets = container_chunk(c, CHUNK_OFFSETS), entries = container_chunk(c, CHUNK_ENTRIES);
    struct str tags = container_chunk(c, CHUNK_TAGS), packed = container_chunk(c, CHUNK_PACKED);

    *f = (struct fuzzy){.terms = terms,
                        .offsets = (const void *)offsets.data,
                        .entries = (const void *)entries.data,
                        .tags = (const void *)tags.data};
    if (offsets.size == 0)
        return STATUS_OK;
    f->bucket_count = (uint32_t)(offsets.size / 4) - 1;
    f->entry_count = (uint32_t)tags.size;
    if (offsets.size % 4 || (f->bucket_count & (f->bucket_count - 1)) || entries.size != tags.size * 4 ||
        (packed.size && !open_packed(f, packed)))
        return error_set(err, STATUS_FORMAT, "chunk 'FZOF': does not fit its entries");
    return STATUS_OK;
}

enum status fuzzy_check(const struct fuzzy *f, struct container *c, struct error *err)
{
    static const uint32_t IDS[] = {CHUNK_OFFSETS, CHUNK_PACKED, CHUNK_ENTRIES, CHUNK_TAGS};
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sizeof(IDS) / sizeof(IDS[0]); i++)
        status = container_check_chunk(c, IDS[i], err);
    if (status != STATUS_OK || f->bucket_count == 0)
        return status;
    if (f->offsets[f->bucket_count] != f->entry_count || f->offsets[0] != 0)
        return error_set(err, STATUS_FORMAT, "chunk 'FZOF': does not fit its entries");
    for (uint32_t i = 0; i < f->bucket_count; i++) {
        if (f->offsets[i] > f->offsets[i + 1])
            return error_set(err, STATUS_FORMAT, "chunk 'FZOF': offset %u", i);
    }
    for (uint32_t i = 0; i < f->entry_count; i++) {
        uint8_t tag;

        if (entry_at(f, i, &tag) >= f->terms->count)
            return error_set(err, STATUS_FORMAT, "chunk 'FZPK': entry %u", i);
    }
    return STATUS_OK;
}

static bool is_digit(uint32_t code)
{
    return code >= '0' && code <= '9';
}

/* How many deletions the table has of a term; -1: it is not in it. */
static int deletions_of(struct str text, struct letters *l)
{
    uint32_t digits = 0;

    if (text.data[0] == IDENTIFIER_PREFIX || !letters_of(text, l) || l->count < FUZZY_TERM_MIN || is_digit(l->code[0]))
        return -1;
    for (uint32_t i = 1; i < l->count; i++)
        digits += is_digit(l->code[i]);
    if (digits > (l->count >= FUZZY_TWO_TERM ? 2U : 1U))
        return -1;
    return l->count >= FUZZY_TWO_TERM ? 2 : 1;
}

struct entry {
    uint64_t hash;
    term_id term;
};

struct entries {
    VEC(struct entry) list;
};

static void write_table(struct container_writer *w, const struct entries *e, uint32_t term_count)
{
    uint32_t buckets = 1, at = 0, width = TAG_BITS + bits_of(term_count);
    uint64_t bytes = bits_bytes((uint64_t)e->list.count * width);
    uint32_t *next = NULL;
    uint8_t *packed = xcalloc(bytes, 1);

    while ((size_t)buckets * BUCKET_SIZE < e->list.count)
        buckets *= 2;
    next = xcalloc((size_t)buckets + 2, sizeof(*next));
    for (size_t i = 0; i < e->list.count; i++)
        next[((uint32_t)e->list.items[i].hash & (buckets - 1)) + 2]++;
    for (uint32_t i = 2; i < buckets + 2; i++)
        next[i] += next[i - 1];
    /* next[b + 1] is where bucket b's next entry goes; afterwards it is where the bucket ends. */
    for (size_t i = 0; i < e->list.count; i++) {
        at = next[((uint32_t)e->list.items[i].hash & (buckets - 1)) + 1]++;
        bits_put(packed, (uint64_t)at * width,
                 (uint64_t)e->list.items[i].term << TAG_BITS | e->list.items[i].hash >> (64 - TAG_BITS));
    }
    container_add(w, CHUNK_OFFSETS, next, ((size_t)buckets + 1) * sizeof(*next));
    container_needs(w, 5);
    container_begin(w, CHUNK_PACKED);
    container_put(w, (const uint32_t[]){width, (uint32_t)e->list.count}, HEAD_BYTES);
    container_put(w, packed, bytes);
    container_end(w);
    free(next);
    free(packed);
}

void fuzzy_write(struct container_writer *w, const struct str *texts, uint32_t count)
{
    struct entries e = {0};

    for (uint32_t i = 0; i < count; i++) {
        struct letters letters;
        uint64_t hashes[VARIANTS_MAX];
        int deletions = deletions_of(texts[i], &letters);
        uint32_t n = deletions < 0 ? 0 : variants(texts[i], &letters, deletions, hashes);

        for (uint32_t k = 0; k < n; k++) {
            struct entry entry = {hashes[k], i};

            vec_push(&e.list, entry);
        }
    }
    if (e.list.count)
        write_table(w, &e, count);
    vec_release(&e.list);
}
