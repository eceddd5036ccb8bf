#include "server/query/candidates.h"

uint32_t candidates_per_window = 24;

/* --- how many --- */
static uint64_t alternative_size(const struct match_alternative *a)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t k = 0; k < a->cursor_count; k++) {
        uint32_t size = cursor_size(&a->cursors[k]);
        least = size < least ? size : least;
    }
    return least == UINT64_MAX ? 0 : least;
}

static uint64_t slot_size(const struct match_slot *slot)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < slot->alternative_count; i++)
        size += alternative_size(&slot->alternatives[i]);
    return size;
}

/* The slots one of which every match has, but for those by identifier: for i from 0 while i < slots_count, slot_at(i).
 */
static uint32_t slots_count(const struct query *q, uint32_t steps)
{
    if (q->impossible)
        return 0;
    if (q->any_word)
        return q->slot_count;
    return query_leading(q, steps);
}

static const struct match_slot *slot_at(const struct match *m, uint32_t i)
{
    return &m->slots[m->query->any_word ? i : m->query->required[i]];
}

static uint64_t text_size(const struct match *m, uint32_t slots)
{
    uint64_t size = cursor_size(&m->identifier);

    if (m->query->match_all)
        return UINT64_MAX;
    for (uint32_t i = 0; i < slots; i++)
        size += slot_size(slot_at(m, i));
    return size;
}

/* The windows that the filter leaves, about: all of them but for ranges. */
static uint64_t windows_left(const struct match *m, const struct filter_node *driver)
{
    uint64_t all = m->window->doc_count / WINDOW_DOCS + 1, left = 0;

    for (uint32_t i = 0; driver && i < driver->set_count; i++) {
        const struct docset *s = &driver->sets[i];
        left += s->kind == DOCSET_RANGE ? s->cardinality / WINDOW_DOCS + 2 : all;
    }
    return driver && left < all ? left : all;
}

/* --- lists --- */
/* What was collected: ascending runs one behind the other. */
struct runs {
    doc_id *docs;
    uint32_t count;
    uint32_t *starts;
    uint32_t run_count;
    uint32_t doc_count;  /* of the segment */
    struct cursor *only; /* the last run is all of this packed list; or NULL */
};

/* Bytes that are no list give documents in no order: those are left out. */
static void add_list(struct runs *r, struct cursor *c)
{
    uint32_t count = c->empty ? 0 : c->postings.df, kept = 0;
    doc_id *docs = r->docs + r->count;

    if (count == 0)
        return;
    postings_list(&c->postings, docs, NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (docs[i] < r->doc_count && (kept == 0 || docs[i] > docs[kept - 1]))
            docs[kept++] = docs[i];
    }
    if (kept)
        r->starts[r->run_count++] = r->count;
    r->count += kept;
    r->only = kept == count ? c : NULL;
}

static void add_cursor(struct runs *r, struct cursor *c)
{
    struct prefix_lists lists;

    if (!c->prefix) {
        add_list(r, c);
        return;
    }
    lists = prefix_union_lists(c->prefix);
    if (lists.count) {
        r->starts[r->run_count++] = r->count;
        r->only = NULL;
        memcpy(r->docs + r->count, lists.docs, lists.count * sizeof(*lists.docs));
        r->count += lists.count;
    }
    for (uint32_t i = 0; i < lists.cursor_count; i++)
        add_list(r, &lists.cursors[i]);
}

static void add_slot(struct runs *r, const struct match_slot *slot)
{
    for (uint32_t i = 0; i < slot->alternative_count; i++) {
        struct match_alternative *a = &slot->alternatives[i];
        uint32_t best = 0;
        for (uint32_t k = 1; k < a->cursor_count; k++)
            best = cursor_size(&a->cursors[k]) < cursor_size(&a->cursors[best]) ? k : best;
        add_cursor(r, &a->cursors[best]);
    }
}

/* Every run has a document, so there are no more of them than documents. */
static bool runs_init(struct runs *r, const struct match *m, uint64_t size)
{
    *r = (struct runs){.docs = ARENA_ARRAY(m->arena, doc_id, size + 1),
                       .starts = arena_alloc(m->arena, (size + 1) * sizeof(*r->starts)),
                       .doc_count = m->window->doc_count};
    return r->docs && r->starts;
}

static uint32_t merge_two(const doc_id *a, uint32_t a_count, const doc_id *b, uint32_t b_count, doc_id *out)
{
    uint32_t i = 0, k = 0, n = 0;

    while (i < a_count && k < b_count) {
        doc_id x = a[i], y = b[k];
        out[n++] = x < y ? x : y;
        i += x <= y;
        k += y <= x;
    }
    for (; i < a_count; i++)
        out[n++] = a[i];
    for (; k < b_count; k++)
        out[n++] = b[k];
    return n;
}

/* Puts neighbouring runs together until there is one. */
static bool merge_runs(struct runs *r, struct arena *arena)
{
    doc_id *other = r->run_count > 1 ? arena_alloc(arena, ((size_t)r->count + 1) * sizeof(*other)) : r->docs;

    if (!other)
        return false;
    while (r->run_count > 1) {
        doc_id *from = r->docs;
        uint32_t runs = 0, n = 0;
        for (uint32_t i = 0; i < r->run_count; i += 2) {
            uint32_t start = r->starts[i], middle = i + 1 < r->run_count ? r->starts[i + 1] : r->count;
            uint32_t end = i + 2 < r->run_count ? r->starts[i + 2] : r->count;
            r->starts[runs++] = n;
            n += merge_two(from + start, middle - start, from + middle, end - middle, other + n);
        }
        r->docs = other;
        other = from;
        r->count = n;
        r->run_count = runs;
    }
    return true;
}

static bool from_text(struct runs *r, struct match *m, uint64_t size, uint32_t slots)
{
    if (!runs_init(r, m, size))
        return false;
    add_cursor(r, &m->identifier);
    for (uint32_t i = 0; i < slots; i++)
        add_slot(r, slot_at(m, i));
    return true;
}

static bool from_filter(struct runs *r, const struct match *m, const struct filter_node *driver)
{
    if (!runs_init(r, m, driver->cardinality))
        return false;
    for (uint32_t i = 0; i < driver->set_count; i++) {
        r->starts[r->run_count++] = r->count;
        docset_list(&driver->sets[i], r->docs + r->count);
        r->count += driver->sets[i].cardinality;
    }
    return true;
}

bool candidates_find(struct candidates *c, struct match *m, uint32_t steps, const struct filter_node *driver)
{
    uint32_t slots = slots_count(m->query, steps);
    uint64_t text = text_size(m, slots), filter = driver ? driver->cardinality : UINT64_MAX;
    uint64_t limit = windows_left(m, driver) * candidates_per_window;
    uint32_t runs;
    struct runs r;

    *c = (struct candidates){.few = text <= limit || filter <= limit};
    if (!c->few)
        return true;
    if (!(text <= filter ? from_text(&r, m, text, slots) : from_filter(&r, m, driver)))
        return false;
    runs = r.run_count;
    if (!merge_runs(&r, m->arena))
        return false;
    c->docs = r.docs;
    c->count = r.count;
    if (r.only && runs == 1)
        r.only->own = true;
    return true;
}
