#include "server/query/facet.h"

#include "server/query/kernels.h"
#include "server/query/kernels_count.h"

#define CAPTURED_FACETS 64 /* number facets whose values the window keeps, at most */

/* --- what is wanted --- */
static uint32_t counter_of(struct facet_set *f, attr_id attr)
{
    for (uint32_t i = 0; i < f->counter_count; i++) {
        if (f->counters[i].attr == attr)
            return i;
    }
    f->counters[f->counter_count].attr = attr;
    return f->counter_count++;
}

static void want(struct facet_set *f, struct str name, attr_id attr, uint32_t level)
{
    if (f->wanted_count < f->wanted_capacity)
        f->wanted[f->wanted_count++] = (struct facet_wanted){name, counter_of(f, attr), level};
}

static uint32_t deepest(const struct dictionary *d, attr_id attr)
{
    uint32_t levels = 0;

    for (facet_code c = 0, n = dictionary_value_count(d, attr); c < n; c++) {
        uint32_t level = dictionary_value_level(d, attr, c) + 1;
        levels = level > levels ? level : levels;
    }
    return levels;
}

/* An attribute by its own name; a hierarchical one by all of its levels. */
static void want_attribute(struct facet_set *f, attr_id attr, struct arena *arena)
{
    const struct attribute *a = dictionary_attr(f->snapshot->dictionary, attr);
    uint32_t levels;

    if ((!a->faceted && !a->stock) || a->filter_only || (a->stock && !f->snapshot->has_stock))
        return;
    if (!a->hierarchical) {
        want(f, a->name, attr, UINT32_MAX);
        return;
    }
    levels = deepest(f->snapshot->dictionary, attr);
    for (uint32_t i = 0; i < levels; i++)
        want(f, arena_printf(arena, STR_FMT ".lvl%u", STR_ARG(a->name), i), attr, i);
}

static void want_name(struct facet_set *f, struct str name, struct arena *arena)
{
    const struct dictionary *d = f->snapshot->dictionary;
    attr_id attr = dictionary_attr_find(d, name);
    uint32_t level;

    if (attr != ATTR_NONE && attr < f->snapshot->attr_count)
        want_attribute(f, attr, arena);
    else if (dictionary_level_find(d, name, &attr, &level) && attr < f->snapshot->attr_count &&
             !dictionary_attr(d, attr)->filter_only)
        want(f, name, attr, level);
}

/* Room for every attribute, each level of a hierarchical one, and every name asked for. */
static bool reserve(struct facet_set *f, const struct search_request *request)
{
    size_t attributes = f->every ? f->snapshot->attr_count : 0;

    attributes += request->facet_count;
    f->wanted_capacity = (uint32_t)(attributes + 16 * request->facet_count + 64);
    f->counters = ARENA_ARRAY(f->arena, struct facet_counter, attributes + 1);
    f->wanted = ARENA_ARRAY(f->arena, struct facet_wanted, f->wanted_capacity);
    return f->counters && f->wanted;
}

static bool has_numbers(const struct snapshot *snapshot, attr_id attr)
{
    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        if (shard_number_column(snapshot->segments[i].shard, attr)->kind != NUMBER_COLUMN_NONE)
            return true;
    }
    return false;
}

static bool any_groups(const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        if (shard_groups(snapshot->segments[i].shard))
            return true;
    }
    return false;
}

static bool counter_init(struct facet_set *f, struct facet_counter *c)
{
    const struct attribute *a = dictionary_attr(f->snapshot->dictionary, c->attr);

    c->stock = a->stock;
    if (c->stock)
        return true;
    c->code_count = dictionary_value_count(f->snapshot->dictionary, c->attr);
    c->codes = c->code_count > 0;
    if (c->codes) {
        size_t room = (size_t)c->code_count + 1 < 256 ? 256 : (size_t)c->code_count + 1;
        c->counts = ARENA_ARRAY(f->arena, uint32_t, room);
        if (f->units.products)
            c->stamps = ARENA_ARRAY(f->arena, uint32_t, room);
        if (!c->counts || (f->units.products && !c->stamps))
            return false;
    }
    return true;
}

bool facet_init(struct facet_set *f, const struct snapshot *snapshot, const struct search_request *request,
                struct arena *arena)
{
    *f = (struct facet_set){.snapshot = snapshot, .arena = arena};
    f->units.products = request->distinct && any_groups(snapshot);
    for (size_t i = 0; i < request->facet_count; i++)
        f->every |= str_equal(request->facets[i], STR("*"));
    if (!reserve(f, request))
        return false;
    for (attr_id a = 0; f->every && a < snapshot->attr_count; a++)
        want_attribute(f, a, arena);
    for (size_t i = 0; !f->every && i < request->facet_count; i++)
        want_name(f, request->facets[i], arena);
    for (uint32_t i = 0; i < f->counter_count; i++) {
        if (!counter_init(f, &f->counters[i]))
            return false;
    }
    return !arena->failed;
}

static uint64_t attribute_epoch(const struct snapshot *snapshot, attr_id attr, uint32_t segment)
{
    const struct shard *shard = snapshot->segments[segment].shard;

    if (dictionary_attr(snapshot->dictionary, attr)->stock)
        return shard_stock_epoch(shard);
    return number_epoch(shard_number_column(shard, attr)) +
           dimension_epoch(dimensions_find(shard_dimensions(shard), attr));
}

uint64_t facet_epoch(const struct snapshot *snapshot, const struct search_request *request, uint32_t segment)
{
    const struct dictionary *d = snapshot->dictionary;
    uint64_t epoch = 0;

    for (size_t i = 0; i < request->facet_count; i++) {
        attr_id attr = dictionary_attr_find(d, request->facets[i]);
        if (str_equal(request->facets[i], STR("*"))) {
            for (attr = 0; attr < snapshot->attr_count; attr++)
                epoch += attribute_epoch(snapshot, attr, segment);
        } else if (attr != ATTR_NONE && attr < snapshot->attr_count) {
            epoch += attribute_epoch(snapshot, attr, segment);
        }
    }
    return epoch;
}

bool facet_sources(struct facet_set *f, struct window *w)
{
    uint32_t captured = 0;

    for (uint32_t i = 0; i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        c->numbers.source = UINT32_MAX;
        bool shown = store_view_shows(w->view, f->snapshot, c->attr);
        if (c->stock || (!shown && !has_numbers(f->snapshot, c->attr)))
            continue;
        c->numbers.captured = captured++ < CAPTURED_FACETS || shown;
        for (uint32_t k = 0; k < w->source_count; k++)
            c->numbers.captured |= w->sources[k].attr == c->attr;
        c->numbers.source = c->numbers.captured ? window_source(w, c->attr) : 0;
        if (c->numbers.source == UINT32_MAX)
            return false;
    }
    return true;
}

/* --- counts over scopes --- */
/* Takes the segment's counts from the tallies, or prepares to put them there. */
static bool begin_tally(struct facet_set *f, struct facet_counter *c)
{
    size_t size = ((size_t)c->code_count + 1) * sizeof(*c->counts);
    const struct tally *known = tally_find(&f->place, c->attr, false);

    c->known = known != NULL;
    if (known) {
        tally_add(known, c->counts, c->code_count + 1);
        return true;
    }
    c->before = arena_alloc(f->arena, size);
    if (c->before)
        memcpy(c->before, c->counts, size);
    return c->before != NULL;
}

/* The codes of the scope's live documents. */
static void count_number_codes(const struct tally_place *p, const struct number_column *c, uint32_t *counts)
{
    const struct window *w = p->window;
    struct mask m;

    for (doc_id base = 0; base < w->doc_count; base += WINDOW_DOCS) {
        uint32_t count = w->doc_count - base < WINDOW_DOCS ? w->doc_count - base : WINDOW_DOCS;
        mask_clear(&m);
        if (tally_all(p))
            mask_set_first(&m, count);
        else
            docset_window(&p->set, base, m.bits);
        for (uint32_t i = 0; w->tombstones && i < (count + 63) / 64; i++)
            m.bits[i] &= ~w->tombstones[base / 64 + i];
        mask_refresh(&m);
        if (m.active)
            count_kernels()->u16(c->codes + base, &m, c->value_count - 1, counts);
    }
}

/* Numbers by their codes. False when they have to be counted window by window, or memory runs out. */
static bool numbers_tallied(struct facet_set *f, struct facet_counter *c)
{
    const struct number_column *column = c->numbers.column;
    const struct tally *known;

    if (column->kind == NUMBER_COLUMN_NONE)
        return true;
    if (!column->codes || f->place.products)
        return false;
    known = tally_find(&f->place, c->attr, true);
    if (!known) {
        uint32_t *counts = ARENA_ARRAY(f->arena, uint32_t, column->value_count);
        if (!counts)
            return false;
        count_number_codes(&f->place, column, counts);
        tally_keep(&f->place, c->attr, true, &(struct tally_counted){counts, NULL, column->value_count});
        known = tally_find(&f->place, c->attr, true);
    }
    return known && facet_numbers_whole(&c->numbers, &f->place, known, f->arena);
}

/* What is counted of the segment without its windows. */
static bool count_scope(struct facet_set *f)
{
    const struct tally *total = tally_find(&f->place, ATTR_NONE, false);
    bool known = total != NULL;

    f->whole_total = total ? total->counts[0] : 0;
    for (uint32_t i = 0; i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        if (c->codes && !begin_tally(f, c))
            return false;
        known &= !c->stock && (!c->codes || c->known);
    }
    for (uint32_t i = 0; i < f->counter_count && known; i++) {
        struct facet_counter *c = &f->counters[i];
        c->numbers_known = c->numbers.source != UINT32_MAX && numbers_tallied(f, c);
        known &= c->numbers.source == UINT32_MAX || c->numbers_known;
    }
    f->whole_known = known;
    return true;
}

/* --- a segment --- */
enum status facet_segment(struct facet_set *f, struct window *w, const struct filter_scope *scope, struct error *err)
{
    for (uint32_t i = 0; i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        enum status status = c->stock ? STATUS_OK : shard_check_attribute(w->shard, c->attr, err);
        if (status != STATUS_OK)
            return status;
        c->column = shard_facet_column(w->shard, c->attr);
        c->by_path = c->column->paths && c->column->path_limit <= c->code_count && !(c->stamps && w->groups);
        c->sparse_at = 0;
        c->known = false;
        c->before = NULL;
        c->numbers_known = false;
        c->numbers.column = c->numbers.source != UINT32_MAX && c->numbers.captured
                                ? w->sources[c->numbers.source].column
                                : shard_number_column(w->shard, c->attr);
        if (c->numbers.source != UINT32_MAX)
            facet_numbers_segment(&c->numbers, w);
    }
    f->whole_known = false;
    f->tallied = scope && f->tallies;
    if (f->tallied)
        f->place = tally_place(f->tallies, w, scope, f->units.products);
    if (f->tallied && !count_scope(f))
        return error_set(err, STATUS_LIMIT, "the facets need more memory than a request may use");
    return STATUS_OK;
}

/* --- counting codes: code + 1 indexes the counts, 0 is no value --- */
static inline void count_code(struct facet_counter *c, uint32_t at, uint32_t stamp)
{
    if (at > c->code_count)
        return;
    if (!stamp) {
        c->counts[at]++;
    } else if (c->stamps[at] != stamp) {
        c->stamps[at] = stamp;
        c->counts[at]++;
    }
}

/* The group column, with what makes its numbers unique; groups NULL: documents are counted. */
struct group_stamps {
    const uint32_t *groups;
    uint32_t base;
};

static inline uint32_t stamp_of(const struct group_stamps *g, doc_id doc)
{
    return g->groups ? g->base + g->groups[doc] + 1 : 0;
}

#define COUNT_SINGLE(type)                                                                                             \
    do {                                                                                                               \
        const type *codes = (const type *)c->column->codes;                                                            \
        facet_matches_list(m, w);                                                                                      \
        for (uint32_t i = 0; !g->groups && i < m->count; i++) {                                                        \
            uint32_t at = codes[m->docs[i]];                                                                           \
            c->counts[at <= c->code_count ? at : 0]++;                                                                 \
        }                                                                                                              \
        for (uint32_t i = 0; g->groups && i < m->count; i++)                                                           \
            count_code(c, codes[m->docs[i]], stamp_of(g, m->docs[i]));                                                 \
    } while (0)

/* Where the documents' lists are is looked up ahead, so that the loads of one document do not wait for the branches of
 * another. */
#define LOOK_AHEAD 64

static void count_multi(struct facet_counter *c, const struct window *w, struct facet_matches *m,
                        const struct group_stamps *g)
{
    const uint32_t *starts = c->column->offsets;
    uint32_t from[LOOK_AHEAD], end[LOOK_AHEAD];

    facet_matches_list(m, w);
    for (uint32_t i = 0; i < m->count; i += LOOK_AHEAD) {
        uint32_t n = m->count - i < LOOK_AHEAD ? m->count - i : LOOK_AHEAD;
        for (uint32_t k = 0; k < n; k++) {
            uint32_t list = facet_list(c->column, m->docs[i + k]);
            from[k] = starts[list];
            end[k] = starts[list + 1];
            __builtin_prefetch(c->column->list + from[k]);
        }
        for (uint32_t k = 0; k < n; k++) {
            uint32_t stamp = stamp_of(g, m->docs[i + k]);
            for (uint32_t at = from[k]; at < end[k]; at++)
                count_code(c, c->column->list[at] + 1, stamp);
        }
    }
}

/* Those that have several paths, each node once. Where their lists are is looked up ahead, as above. */
static void count_several(struct facet_counter *c, const doc_id *docs, uint32_t count)
{
    const struct facet_column *column = c->column;

    for (uint32_t i = 0; i < count; i += LOOK_AHEAD) {
        uint32_t n = count - i < LOOK_AHEAD ? count - i : LOOK_AHEAD;
        for (uint32_t k = 0; k < n; k++)
            __builtin_prefetch(column->list + column->offsets[facet_list(column, docs[i + k])]);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t list = facet_list(column, docs[i + k]);
            for (uint32_t at = column->offsets[list]; at < column->offsets[list + 1]; at++)
                count_code(c, column->list[at] + 1, 0);
        }
    }
}

/* The documents of a word of the mask whose code is above those of paths. */
static uint64_t several_of(const struct window *w, const uint16_t *codes, uint64_t at, uint64_t x, uint16_t several)
{
    uint64_t out = 0;

    if (at + 64 <= w->count)
        return kernel_in_range(codes, several, UINT16_MAX) & x;
    for (; x; x &= x - 1)
        out |= codes[__builtin_ctzll(x)] >= several ? x & -x : 0;
    return out;
}

/* Neighbours are mostly of one category: a word of 64 documents is one count then. */
static void count_paths_run(struct facet_counter *c, const struct window *w, const struct facet_matches *m)
{
    uint16_t several = (uint16_t)(c->column->path_limit + 1);
    const uint16_t *all = c->column->paths + w->base;
    doc_id docs[WINDOW_DOCS];
    struct mask mixed;
    uint32_t n = 0;

    mask_clear(&mixed);
    for (MASK_WORDS(m->mask, k)) {
        const uint16_t *codes = all + k * 64;
        uint64_t x = m->mask->bits[k];
        if (__builtin_popcountll(x) > 2 && k * 64 + 64 <= w->count && kernel_all_equal(codes) && codes[0] < several) {
            c->paths[codes[0]] += (uint32_t)__builtin_popcountll(x);
            continue;
        }
        mixed.bits[k] = x;
        mixed.active |= 1ull << k;
        for (uint64_t y = several_of(w, codes, k * 64, x, several); y; y &= y - 1)
            docs[n++] = w->base + (doc_id)(k * 64) + (doc_id)__builtin_ctzll(y);
    }
    count_kernels()->u16(all, &mixed, several, c->paths);
    count_several(c, docs, n);
}

static void count_paths_selection(struct facet_counter *c, const struct facet_matches *m)
{
    uint16_t several = (uint16_t)(c->column->path_limit + 1);

    for (uint32_t i = 0; i < m->count; i++) {
        uint16_t code = c->column->paths[m->docs[i]];
        c->paths[code < several ? code : several]++;
        if (code >= several)
            count_several(c, &m->docs[i], 1);
    }
}

static bool count_paths(struct facet_set *f, struct facet_counter *c, const struct window *w, struct facet_matches *m)
{
    if (!c->paths)
        c->paths = ARENA_ARRAY(f->arena, uint32_t, (size_t)c->code_count + 2);
    if (!c->paths)
        return false;
    c->paths_used = true;
    if (w->docs) {
        facet_matches_list(m, w);
        count_paths_selection(c, m);
    } else {
        count_paths_run(c, w, m);
    }
    c->paths[c->column->path_limit + 1] = 0;
    return true;
}

/* A node's documents are its ancestors', too. An ancestor has a lower code. */
static void fold_paths(struct facet_set *f, struct facet_counter *c)
{
    for (facet_code code = c->code_count; code-- > 0;) {
        uint32_t count = c->paths[code + 1];
        facet_code parent;
        if (count == 0)
            continue;
        c->paths[code + 1] = 0;
        c->counts[code + 1] += count;
        parent = dictionary_value_parent(f->snapshot->dictionary, c->attr, code);
        if (parent < code)
            c->paths[parent + 1] += count;
    }
    c->paths_used = false;
}

/* The matches looked up in the column. */
static void count_sparse_selection(struct facet_counter *c, struct facet_matches *m, const struct group_stamps *g)
{
    const struct facet_column *column = c->column;
    uint32_t at = c->sparse_at;

    for (uint32_t i = 0; i < m->count && at < column->list_count; i++) {
        at = docs_seek(column->docs, at, column->list_count, m->docs[i]);
        for (; at < column->list_count && column->docs[at] == m->docs[i]; at++)
            count_code(c, column->list[at] + 1, stamp_of(g, m->docs[i]));
    }
    c->sparse_at = at;
}

/* The column's entries of this window, each looked up among the matches. */
static void count_sparse(struct facet_counter *c, const struct window *w, struct facet_matches *m,
                         const struct group_stamps *g)
{
    const struct facet_column *column = c->column;
    uint32_t at;

    if (w->docs) {
        facet_matches_list(m, w);
        count_sparse_selection(c, m, g);
        return;
    }
    at = docs_seek(column->docs, c->sparse_at, column->list_count, w->base);
    for (; at < column->list_count && column->docs[at] - w->base < WINDOW_DOCS; at++) {
        if (mask_has(m->mask, column->docs[at] - w->base))
            count_code(c, column->list[at] + 1, stamp_of(g, column->docs[at]));
    }
    c->sparse_at = at;
}

static void count_codes(struct facet_counter *c, const struct window *w, struct facet_matches *m, uint32_t unit_base)
{
    struct group_stamps stamps = {c->stamps ? w->groups : NULL, unit_base};
    const struct group_stamps *g = &stamps;

    switch (c->column->kind) {
    case FACET_COLUMN_U8:
        if (g->groups || w->docs)
            COUNT_SINGLE(uint8_t);
        else
            count_kernels()->u8((const uint8_t *)c->column->codes + w->base, m->mask, c->code_count, c->counts);
        break;
    case FACET_COLUMN_U16:
        if (g->groups || w->docs)
            COUNT_SINGLE(uint16_t);
        else
            count_kernels()->u16((const uint16_t *)c->column->codes + w->base, m->mask, c->code_count, c->counts);
        break;
    case FACET_COLUMN_U32:
        COUNT_SINGLE(uint32_t);
        break;
    case FACET_COLUMN_MULTI:
        count_multi(c, w, m, g);
        break;
    case FACET_COLUMN_SPARSE:
        count_sparse(c, w, m, g);
        break;
    default:
        break;
    }
}

static void count_stock(struct facet_counter *c, struct window *w, struct facet_matches *m,
                        const struct facet_units *units)
{
    const uint64_t *stock = window_stock(w);

    if (!units->products || !w->groups) {
        uint64_t in = 0;
        for (MASK_WORDS(m->mask, i))
            in += (uint64_t)__builtin_popcountll(m->mask->bits[i] & stock[i]);
        c->stock_counts[1] += in;
        c->stock_counts[0] += m->count - in;
        return;
    }
    facet_matches_list(m, w);
    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t offset = m->offsets[i], unit = units->base + w->groups[m->docs[i]] + 1;
        bool in = stock[offset >> 6] >> (offset & 63) & 1;
        c->stock_counts[in] += c->stock_stamps[in] != unit;
        c->stock_stamps[in] = unit;
    }
}

#define AHEAD_FROM 4 /* matches, and up to */
#define AHEAD_TO   512

/* The codes of a few matches are far from each other and from the next column's: all misses overlap. */
static void ask_ahead(const struct facet_counter *c, const struct window *w, const struct mask *m)
{
    bool wide = c->by_path || c->column->kind == FACET_COLUMN_U16;
    const uint8_t *codes = c->by_path ? (const uint8_t *)(c->column->paths + w->base) : NULL;

    if (!c->by_path && (wide || c->column->kind == FACET_COLUMN_U8))
        codes = (const uint8_t *)c->column->codes + (size_t)w->base * (wide ? 2 : 1);
    if (!codes)
        return;
    for (MASK_WORDS(m, i)) {
        __builtin_prefetch(codes + (i << (wide ? 7 : 6)));
        if (wide)
            __builtin_prefetch(codes + (i << 7) + 64);
    }
}

bool facet_window(struct facet_set *f, struct window *w, struct facet_matches *matches)
{
    bool few = !w->docs && matches->count >= AHEAD_FROM && matches->count <= AHEAD_TO;

    for (uint32_t i = 0; few && i < f->counter_count; i++) {
        const struct facet_counter *c = &f->counters[i];
        if (!c->stock && c->codes && !c->known)
            ask_ahead(c, w, matches->mask);
    }
    for (uint32_t i = 0; i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        if (c->stock) {
            count_stock(c, w, matches, &f->units);
            continue;
        }
        if (c->codes && !c->known && c->by_path) {
            if (!count_paths(f, c, w, matches))
                return false;
        } else if (c->codes && !c->known) {
            count_codes(c, w, matches, f->units.base);
        }
        if (c->numbers.source != UINT32_MAX && !c->numbers_known &&
            !facet_numbers_window(&c->numbers, w, matches, &f->units, f->arena))
            return false;
    }
    return true;
}

bool facet_segment_end(struct facet_set *f, struct window *w, uint64_t total)
{
    uint32_t count = (uint32_t)total;

    f->units.base += w->doc_count;
    if (f->tallied && !f->whole_known)
        tally_keep(&f->place, ATTR_NONE, false, &(struct tally_counted){&count, NULL, 1});
    for (uint32_t i = 0; i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        if (c->paths_used)
            fold_paths(f, c);
        if (c->before)
            tally_keep(&f->place, c->attr, false, &(struct tally_counted){c->counts, c->before, c->code_count + 1});
        if (!c->stock && c->numbers.source != UINT32_MAX && !facet_numbers_segment_end(&c->numbers, f->arena))
            return false;
    }
    return true;
}

bool facet_add(struct facet_set *f, const struct facet_set *other)
{
    bool fine = true;

    for (uint32_t i = 0; fine && i < f->counter_count; i++) {
        struct facet_counter *c = &f->counters[i];
        const struct facet_counter *its = &other->counters[i];
        for (uint32_t k = 0; c->codes && k <= c->code_count; k++)
            c->counts[k] += its->counts[k];
        c->stock_counts[0] += its->stock_counts[0];
        c->stock_counts[1] += its->stock_counts[1];
        fine = facet_numbers_add(&c->numbers, &its->numbers, f->arena);
    }
    return fine;
}
