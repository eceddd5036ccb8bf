/* Lists to chunks: postings with the unions of heavy prefixes, then positions, then the tables. */
#include <pthread.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/build/invert_internal.h"
#include "indexer/build/prefix_unions.h"
#include "indexer/shard/fuzzy.h"
#include "indexer/shard/positions.h"
#include "indexer/shard/postings.h"

#define UNIT 4

struct writing {
    struct invert *v;
    const uint32_t *old_of_new;
    struct container_writer *w;
    uint32_t doc_count;
    uint32_t term_count;
    uint32_t *order;         /* sorted place -> term */
    uint32_t *place_of_term; /* and back; UINT32_MAX for none */
    uint32_t *fact_rank;     /* by number: the most frequent first */
    struct term_record *records;
    struct str *texts;
    struct prefix_unions *unions;
    struct invert_lists *whole; /* all lists with their positions; NULL: they are dealt range by range */
};

/* --- order of facts --- */
struct fact_key {
    uint32_t count;
    uint32_t number;
};

static int fact_compare(const void *a, const void *b)
{
    const struct fact_key *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Renumbers the facts by frequency; those of unions come behind them. */
static void rank_facts(struct writing *g)
{
    struct invert_facts *f = &g->v->facts;
    size_t count = f->values.count;
    struct fact_key *keys = xrealloc_array(NULL, count + 1, sizeof(*keys));
    uint64_t *values = xrealloc_array(NULL, count + 1, sizeof(*values));

    for (uint32_t i = 0; i < count; i++)
        keys[i] = (struct fact_key){.count = f->counts.items[i], .number = i};
    qsort(keys, count, sizeof(*keys), fact_compare);
    memcpy(values, f->values.items, count * sizeof(*values));
    f->values.count = 0;
    f->counts.count = 0;
    memset(f->slots, 0, (size_t)f->capacity * sizeof(*f->slots));
    g->fact_rank = xrealloc_array(NULL, count + 1, sizeof(*g->fact_rank));
    for (uint32_t i = 0; i < count; i++)
        g->fact_rank[keys[i].number] = invert_fact(f, values[keys[i].number]);
    free(keys);
    free(values);
}

/* --- ranges of terms --- */
/* The end of a range of places from `first` on whose lists fit the bound. */
static uint32_t range_end(const struct writing *g, uint32_t first, bool positions)
{
    uint64_t budget = g->v->options.memory_bytes ? g->v->options.memory_bytes / 4 : UINT64_MAX;
    uint64_t bytes = 0;
    uint32_t end = first;

    while (end < g->term_count) {
        const struct invert_term *t = &g->v->terms.items[g->order[end]];

        bytes += (uint64_t)t->df * (positions ? 6 : 8) + (positions ? t->position_bytes : 0) + 32;
        if (bytes > budget && end > first)
            break;
        end++;
    }
    return end;
}

/* Whether all lists with their positions fit the bound: then the stream is read once. */
static bool fits_whole(const struct writing *g)
{
    uint64_t budget = g->v->options.memory_bytes ? g->v->options.memory_bytes / 2 : UINT64_MAX, bytes = 0;

    for (uint32_t i = 0; i < g->term_count; i++) {
        const struct invert_term *t = &g->v->terms.items[g->order[i]];

        bytes += (uint64_t)t->df * 10 + t->position_bytes + 32;
    }
    return !g->v->spill && bytes <= budget;
}

static enum status place_of(const struct container_writer *w, uint32_t *place, const char *what, struct error *err)
{
    uint64_t at = container_chunk_size(w) / UNIT;

    if (at > UINT32_MAX)
        return error_set(err, STATUS_LIMIT, "%s of one shard are over 16 GB; use more shards", what);
    *place = (uint32_t)at;
    return STATUS_OK;
}

static enum status put_postings(struct writing *g, struct invert_lists *l, struct buf *bytes, struct error *err)
{
    for (uint32_t i = 0; i < l->end - l->first; i++) {
        uint64_t from = l->starts[i];
        uint32_t df = (uint32_t)(l->starts[i + 1] - from), place = l->first + i;
        enum status status = STATUS_OK;

        for (uint32_t k = 0; k < df; k++)
            l->facts[from + k] = g->fact_rank[l->facts[from + k]];
        if (postings_is_dense(df, g->doc_count))
            container_align(g->w, 8);
        status = place_of(g->w, &g->records[place].postings, "postings", err);
        if (status != STATUS_OK)
            return status;
        g->records[place].df = df;
        buf_clear(bytes);
        postings_encode(l->docs + from, l->facts + from, df, g->doc_count, bytes);
        container_put(g->w, bytes->data, bytes->size);
        prefix_unions_add(g->unions, place, l->docs + from, l->facts + from, df);
    }
    return STATUS_OK;
}

static enum status put_positions(struct writing *g, const struct invert_lists *l, struct buf *bytes, struct error *err)
{
    uint32_t *sizes = NULL;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; status == STATUS_OK && i < l->end - l->first; i++) {
        uint64_t from = l->starts[i];
        uint32_t df = (uint32_t)(l->starts[i + 1] - from);

        sizes = xrealloc_array(sizes, (size_t)df + 1, sizeof(*sizes));
        for (uint32_t k = 0; k < df; k++)
            sizes[k] = l->sizes[from + k];
        container_align(g->w, UNIT);
        status = place_of(g->w, &g->records[l->first + i].positions, "positions", err);
        buf_clear(bytes);
        positions_encode(
            (struct str){l->bytes + l->byte_starts[i], (size_t)(l->byte_starts[i + 1] - l->byte_starts[i])}, sizes, df,
            bytes);
        container_put(g->w, bytes->data, bytes->size);
    }
    free(sizes);
    return status;
}

/* One chunk: range after range of terms. */
static enum status write_lists(struct writing *g, bool positions, struct error *err)
{
    struct buf bytes = BUF_EMPTY;
    enum status status = STATUS_OK;
    uint32_t *end_place = positions ? &g->records[g->term_count].positions : &g->records[g->term_count].postings;

    if (g->whole)
        status = positions ? put_positions(g, g->whole, &bytes, err) : put_postings(g, g->whole, &bytes, err);
    for (uint32_t first = 0; !g->whole && status == STATUS_OK && first < g->term_count;) {
        struct invert_lists lists = {.order = g->order, .first = first, .end = range_end(g, first, positions)};

        status =
            invert_deal(g->v, g->old_of_new, g->place_of_term, positions ? DEAL_POSITIONS : DEAL_FACTS, &lists, err);
        if (status == STATUS_OK)
            status = positions ? put_positions(g, &lists, &bytes, err) : put_postings(g, &lists, &bytes, err);
        first = lists.end;
        invert_lists_release(&lists);
    }
    container_align(g->w, UNIT);
    if (status == STATUS_OK)
        status = place_of(g->w, end_place, positions ? "positions" : "postings", err);
    buf_release(&bytes);
    return status;
}

/* --- positions beside the postings --- */
#define BESIDE_MIN_DOCS 256 /* smaller shards are not worth a thread */

/* In a build that is all in memory, the positions are written by another thread, into memory, while this one writes
 * postings. */
struct positions_beside {
    struct writing g; /* its own writer; the records are shared, of which each thread fills its fields */
    struct container_writer w;
    struct buf image;
    bool started;
    pthread_t thread;
    enum status status;
    struct error error;
};

static void *write_beside(void *context)
{
    struct positions_beside *b = context;

    shard_begin_positions(&b->w);
    b->status = write_lists(&b->g, true, &b->error);
    container_end(&b->w);
    return NULL;
}

static void positions_start(struct positions_beside *b, const struct writing *g)
{
    if (g->v->spill || !g->v->options.memory_bytes || g->doc_count < BESIDE_MIN_DOCS)
        return;
    container_writer_init(&b->w, CONTAINER_SHARD, &b->image, NULL);
    b->g = *g;
    b->g.w = &b->w;
    b->started = pthread_create(&b->thread, NULL, write_beside, b) == 0;
    if (!b->started)
        container_writer_release(&b->w);
}

/* The chunk: what the thread wrote, or written now. */
static enum status positions_write(struct positions_beside *b, struct writing *g, struct error *err)
{
    enum status status = STATUS_OK;

    shard_begin_positions(g->w);
    if (!b->started) {
        status = write_lists(g, true, err);
        container_end(g->w);
        return status;
    }
    pthread_join(b->thread, NULL);
    status = b->status != STATUS_OK ? b->status : b->w.status;
    if (status == STATUS_OK)
        container_put(g->w, b->image.data + CONTAINER_HEADER_SIZE, (size_t)b->w.chunks[0].size);
    else if (err)
        *err = b->status != STATUS_OK ? b->error : b->w.error;
    container_end(g->w);
    container_writer_release(&b->w);
    buf_release(&b->image);
    return status;
}

static void write_lengths(struct writing *g)
{
    uint32_t stride = g->v->options.field_count;
    uint8_t *lengths = xmalloc((size_t)g->doc_count * stride + 1);

    for (uint32_t i = 0; i < g->doc_count; i++)
        memcpy(lengths + (size_t)i * stride, g->v->lengths.data + (size_t)g->old_of_new[i] * stride, stride);
    shard_write_lengths(g->w, lengths, g->doc_count, stride);
    free(lengths);
}

static void write_titles(struct writing *g)
{
    struct invert *v = g->v;
    uint32_t *offsets = xcalloc((size_t)g->doc_count + 1, sizeof(*offsets));
    uint32_t *words = xmalloc((v->titles.count + 1) * sizeof(*words)), count = 0;

    vec_push(&v->title_starts, (uint32_t)v->titles.count);
    for (uint32_t d = 0; d < g->doc_count; d++) {
        const uint32_t *starts = v->title_starts.items + g->old_of_new[d];

        for (uint32_t i = starts[0]; i < starts[1]; i++) {
            uint32_t word = v->titles.items[i];
            words[count++] = g->place_of_term[word & ~TITLE_ACCESSORY] | (word & TITLE_ACCESSORY);
        }
        offsets[d + 1] = count;
    }
    titles_write(g->w, offsets, g->doc_count, words, g->term_count);
    free(offsets);
    free(words);
}

static void prepare(struct writing *g)
{
    const struct invert *v = g->v;

    g->order = invert_sort_terms(v);
    while (g->order[g->term_count] != UINT32_MAX)
        g->term_count++;
    g->place_of_term = xrealloc_array(NULL, v->terms.count + 1, sizeof(*g->place_of_term));
    memset(g->place_of_term, 0xff, (v->terms.count + 1) * sizeof(*g->place_of_term));
    g->texts = xrealloc_array(NULL, (size_t)g->term_count + 1, sizeof(*g->texts));
    g->records = xcalloc((size_t)g->term_count + 1, sizeof(*g->records));
    for (uint32_t i = 0; i < g->term_count; i++) {
        const struct invert_term *t = &v->terms.items[g->order[i]];

        g->place_of_term[g->order[i]] = i;
        g->texts[i] = (struct str){v->texts.data + t->text, t->size};
        g->records[i].df = t->df;
    }
    rank_facts(g);
}

enum status invert_write(struct invert *v, const uint32_t *old_of_new, struct container_writer *w,
                         struct shard_meta *meta, struct error *err)
{
    struct writing g = {.v = v, .old_of_new = old_of_new, .w = w, .doc_count = meta->doc_count};
    struct invert_lists whole = {0};
    struct positions_beside beside = {.started = false};
    enum status status = STATUS_OK, positions = STATUS_OK;

    (void)invert_fact(&v->facts, 0); /* the table is never empty */
    prepare(&g);
    g.unions = prefix_unions_new(&v->facts, g.texts, g.records, g.term_count, g.doc_count);
    if (v->spill && v->stream.size) {
        status = file_write_at(v->spill, v->stream_start, v->stream.data, v->stream.size, err);
        v->stream_start += v->stream.size;
        buf_release(&v->stream);
    }
    if (status == STATUS_OK && fits_whole(&g)) {
        whole = (struct invert_lists){.order = g.order, .end = g.term_count};
        status = invert_deal(v, old_of_new, g.place_of_term, DEAL_FACTS | DEAL_POSITIONS, &whole, err);
        g.whole = &whole;
    }
    positions_start(&beside, &g);
    shard_begin_postings(w);
    if (status == STATUS_OK)
        status = write_lists(&g, false, err);
    container_end(w);
    prefix_unions_write(g.unions, w);
    positions = positions_write(&beside, &g, status == STATUS_OK ? err : NULL);
    status = status == STATUS_OK ? positions : status;
    terms_write(w, g.texts, g.records, g.term_count);
    fuzzy_write(w, g.texts, g.term_count);
    shard_write_facts(w, v->facts.values.items, (uint32_t)v->facts.values.count);
    write_lengths(&g);
    write_titles(&g);
    meta->term_count = g.term_count;
    meta->fact_count = (uint32_t)v->facts.values.count;
    memcpy(meta->field_tokens, v->field_tokens, sizeof(meta->field_tokens));
    memcpy(meta->field_docs, v->field_docs, sizeof(meta->field_docs));
    prefix_unions_free(g.unions);
    invert_lists_release(&whole);
    free(g.order);
    free(g.place_of_term);
    free(g.fact_rank);
    free(g.records);
    free(g.texts);
    return status;
}
