#include "server/query/filter_plan.h"

#include <stdlib.h>

#include "indexer/base/number.h"
#include "server/query/filter.h"

#define FLAT_FROM 5 /* sets that are put into one bitmap instead of being asked window by window */

struct compiler {
    const struct snapshot *snapshot;
    struct window *window;
    struct arena *arena;
    struct error *err;
    uint32_t numbers;
    uint32_t nodes;
};

static enum status compile(struct compiler *c, struct filter_node *out, const struct filter *f);

static enum status full(const struct compiler *c)
{
    return error_set(c->err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

/* --- resolving conditions --- */
static bool visible(const struct compiler *c, attr_id attr)
{
    return attr != ATTR_NONE && attr < c->snapshot->attr_count;
}

static enum status number_node(struct compiler *c, struct filter_node *out, attr_id attr, const char *op,
                               struct str bound)
{
    *out = (struct filter_node){.kind = FILTER_NODE_NUMBER, .attr = attr, .bound = bound};
    if (++c->numbers > FILTER_NUMBERS_LIMIT)
        return error_set(c->err, STATUS_INPUT, "the filters compare numbers more than %d times", FILTER_NUMBERS_LIMIT);
    memcpy(out->op, op, strlen(op) + 1);
    out->source = window_source(c->window, attr);
    return out->source == UINT32_MAX ? full(c) : STATUS_OK;
}

static enum status negate(struct compiler *c, struct filter_node *out, const struct filter_node *child)
{
    struct filter_node *copy;

    if (child->kind == FILTER_NODE_ALL || child->kind == FILTER_NODE_NONE) {
        bool none = child->kind == FILTER_NODE_NONE;
        *out = (struct filter_node){.kind = none ? FILTER_NODE_ALL : FILTER_NODE_NONE};
        return STATUS_OK;
    }
    copy = ARENA_NEW(c->arena, struct filter_node);
    if (!copy)
        return full(c);
    *copy = *child;
    *out = (struct filter_node){.kind = FILTER_NODE_NOT, .children = copy, .child_count = 1};
    return STATUS_OK;
}

static void stock_node(struct filter_node *out, bool can, bool in_stock)
{
    *out = (struct filter_node){.kind = can ? FILTER_NODE_STOCK : FILTER_NODE_NONE, .in_stock = in_stock};
}

/* in_stock compared as the number 0 or 1. */
static void stock_number(struct filter_node *out, const struct filter *f)
{
    bool differs = strcmp(f->op, "!=") == 0, holds[2];
    double bound = 0;

    (void)number_parse_double(f->value, &bound);
    for (int v = 0; v < 2; v++) {
        bool equal = v == bound;
        holds[v] = differs ? !equal
                           : (f->op[0] == '>' && v > bound) || (f->op[0] == '<' && v < bound) ||
                                 (equal && (f->op[0] == '=' || f->op[1] == '='));
    }
    if (holds[0] && holds[1])
        *out = (struct filter_node){.kind = FILTER_NODE_ALL};
    else
        stock_node(out, holds[0] || holds[1], holds[1]);
}

static enum status number_condition(struct compiler *c, struct filter_node *out, const struct filter *f)
{
    attr_id attr = dictionary_attr_find(c->snapshot->dictionary, f->attribute);
    bool differs = strcmp(f->op, "!=") == 0;
    struct filter_node node = {.kind = FILTER_NODE_NONE};
    enum status status = STATUS_OK;

    if (visible(c, attr) && dictionary_attr(c->snapshot->dictionary, attr)->stock) {
        stock_number(out, f);
        return STATUS_OK;
    }
    if (visible(c, attr))
        status = number_node(c, &node, attr, differs ? "=" : f->op, f->value);
    if (status != STATUS_OK)
        return status;
    if (differs)
        return negate(c, out, &node);
    *out = node;
    return STATUS_OK;
}

static enum status sets_node(struct compiler *c, struct filter_node *out, attr_id attr, facet_code code)
{
    struct filter_value *value = ARENA_NEW(c->arena, struct filter_value);

    if (!value)
        return full(c);
    *value = (struct filter_value){attr, code};
    *out = (struct filter_node){.kind = FILTER_NODE_SETS, .values = value, .value_count = 1};
    return STATUS_OK;
}

/* objectID:x needs no facet: every index knows its objects by it. */
static enum status document_node(struct compiler *c, struct filter_node *out, struct str id)
{
    *out = (struct filter_node){.kind = FILTER_NODE_DOCUMENT};
    if (!snapshot_find(c->snapshot, id, &out->segment, &out->doc))
        out->kind = FILTER_NODE_NONE;
    return STATUS_OK;
}

/* true and false are cells where updates change them in place, and codes elsewhere. */
static bool is_flag(const struct compiler *c, attr_id attr, struct str value)
{
    bool cells = false;

    if (!str_equal(value, STR("true")) && !str_equal(value, STR("false")))
        return false;
    for (uint32_t i = 0; i < c->snapshot->segment_count && !cells; i++)
        cells = shard_number_column(c->snapshot->segments[i].shard, attr)->kind != NUMBER_COLUMN_NONE;
    return cells;
}

static enum status facet_condition(struct compiler *c, struct filter_node *out, const struct filter *f)
{
    const struct dictionary *d = c->snapshot->dictionary;
    attr_id attr = dictionary_attr_find(d, f->attribute);
    uint32_t level = UINT32_MAX;
    struct filter_node *both;
    facet_code code;
    bool number;
    enum status status;

    *out = (struct filter_node){.kind = FILTER_NODE_NONE};
    if (str_equal(f->attribute, STR("objectID")))
        return document_node(c, out, f->value);
    if (filter_store_named(f, c->window))
        return filter_store_condition(out, f, c->window, c->arena, c->err);
    if (!visible(c, attr) && (!dictionary_level_find(d, f->attribute, &attr, &level) || !visible(c, attr)))
        return STATUS_OK;
    if (dictionary_attr(d, attr)->stock) {
        bool yes = str_equal(f->value, STR("true"));
        stock_node(out, yes || str_equal(f->value, STR("false")), yes);
        return STATUS_OK;
    }
    code = dictionary_value_find(d, attr, f->value);
    if (code != FACET_NONE && level != UINT32_MAX && dictionary_value_level(d, attr, code) != level)
        code = FACET_NONE;
    number = level == UINT32_MAX && (filter_is_number(f->value) || is_flag(c, attr, f->value));
    if (!number)
        return code == FACET_NONE ? STATUS_OK : sets_node(c, out, attr, code);
    if (code == FACET_NONE)
        return number_node(c, out, attr, "=", f->value);
    both = ARENA_ARRAY(c->arena, struct filter_node, 2);
    if (!both)
        return full(c);
    *out = (struct filter_node){.kind = FILTER_NODE_OR, .children = both, .child_count = 2};
    status = sets_node(c, &both[0], attr, code);
    return status == STATUS_OK ? number_node(c, &both[1], attr, "=", f->value) : status;
}

/* --- conjunctions and disjunctions --- */
static int by_cost(const void *x, const void *y)
{
    static const int cost[] = {
        [FILTER_NODE_ALL] = 0,    [FILTER_NODE_NONE] = 0,   [FILTER_NODE_DOCUMENT] = 0, [FILTER_NODE_SETS] = 1,
        [FILTER_NODE_STOCK] = 2,  [FILTER_NODE_STORES] = 3, [FILTER_NODE_AND] = 4,      [FILTER_NODE_OR] = 4,
        [FILTER_NODE_NUMBER] = 5, [FILTER_NODE_NOT] = 3};
    const struct filter_node *a = x, *b = y;

    return cost[a->kind] - cost[b->kind];
}

/* Puts the children of kind SETS together: one node with all of their values. */
static enum status merge_sets(struct compiler *c, struct filter_node *n)
{
    size_t total = 0, kept = 0, values = 0;
    struct filter_value *all;

    for (uint32_t i = 0; i < n->child_count; i++)
        total += n->children[i].kind == FILTER_NODE_SETS ? n->children[i].value_count : 0;
    if (total < 2)
        return STATUS_OK;
    all = ARENA_ARRAY(c->arena, struct filter_value, total);
    if (!all)
        return full(c);
    for (uint32_t i = 0; i < n->child_count; i++) {
        const struct filter_node *child = &n->children[i];
        if (child->kind == FILTER_NODE_SETS) {
            memcpy(all + values, child->values, child->value_count * sizeof(*all));
            values += child->value_count;
        } else {
            n->children[kept++] = *child;
        }
    }
    n->children[kept] = (struct filter_node){.kind = FILTER_NODE_SETS, .values = all, .value_count = (uint32_t)total};
    n->child_count = (uint32_t)kept + 1;
    return STATUS_OK;
}

/* not a, not b, ... in a conjunction: not (a or b). */
static enum status merge_negations(struct compiler *c, struct filter_node *n)
{
    struct filter_node any = {.kind = FILTER_NODE_OR};
    uint32_t kept = 0, negations = 0;
    enum status status;

    for (uint32_t i = 0; i < n->child_count; i++)
        negations += n->children[i].kind == FILTER_NODE_NOT;
    if (negations < 2)
        return STATUS_OK;
    any.children = ARENA_ARRAY(c->arena, struct filter_node, negations);
    if (!any.children)
        return full(c);
    for (uint32_t i = 0; i < n->child_count; i++) {
        if (n->children[i].kind == FILTER_NODE_NOT)
            any.children[any.child_count++] = n->children[i].children[0];
        else
            n->children[kept++] = n->children[i];
    }
    status = merge_sets(c, &any);
    if (status != STATUS_OK)
        return status;
    n->child_count = kept + 1;
    return negate(c, &n->children[kept], &any);
}

static enum status group(struct compiler *c, struct filter_node *out, const struct filter *f)
{
    /* What changes nothing is left out; what decides all is all. */
    enum filter_node_kind neutral = f->kind == FILTER_AND ? FILTER_NODE_ALL : FILTER_NODE_NONE;
    enum filter_node_kind deciding = f->kind == FILTER_AND ? FILTER_NODE_NONE : FILTER_NODE_ALL;
    enum status status = STATUS_OK;
    bool decided = false;

    *out = (struct filter_node){.kind = f->kind == FILTER_AND ? FILTER_NODE_AND : FILTER_NODE_OR};
    out->children = ARENA_ARRAY(c->arena, struct filter_node, f->child_count + 1);
    if (!out->children)
        return full(c);
    for (size_t i = 0; status == STATUS_OK && i < f->child_count; i++) {
        struct filter_node *child = &out->children[out->child_count];
        status = compile(c, child, &f->children[i]);
        out->child_count += child->kind != neutral;
        decided |= status == STATUS_OK && child->kind == deciding;
    }
    if (status == STATUS_OK && (decided || out->child_count == 0)) {
        *out = (struct filter_node){.kind = decided ? deciding : neutral};
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = f->kind == FILTER_AND ? merge_negations(c, out) : merge_sets(c, out);
    qsort(out->children, out->child_count, sizeof(*out->children), by_cost);
    return status;
}

static enum status compile(struct compiler *c, struct filter_node *out, const struct filter *f)
{
    struct filter_node child;
    enum status status;

    if (++c->nodes > 2 * FILTERS_LIMIT)
        return error_set(c->err, STATUS_INPUT, "the filters have more than %d conditions", FILTERS_LIMIT);
    switch (f->kind) {
    case FILTER_FACET:
        return facet_condition(c, out, f);
    case FILTER_NUMBER:
        return number_condition(c, out, f);
    case FILTER_STOCK:
        stock_node(out, true, str_equal(f->value, STR("true")));
        return STATUS_OK;
    case FILTER_AND:
    case FILTER_OR:
        return group(c, out, f);
    case FILTER_NOT:
        status = compile(c, &child, f->children);
        return status == STATUS_OK ? negate(c, out, &child) : status;
    default:
        *out = (struct filter_node){.kind = f->kind == FILTER_ALL ? FILTER_NODE_ALL : FILTER_NODE_NONE};
        return STATUS_OK;
    }
}

enum status filter_compile(struct filter_node **out, const struct filter *filter, struct window *w, struct arena *arena,
                           struct error *err)
{
    struct compiler c = {.snapshot = w->snapshot, .window = w, .arena = arena, .err = err};

    *out = NULL;
    if (!filter)
        return STATUS_OK;
    *out = ARENA_NEW(arena, struct filter_node);
    return *out ? compile(&c, *out, filter) : full(&c);
}

/* --- a segment --- */
static enum status bind_sets(struct filter_node *n, struct window *w, struct arena *arena, struct error *err)
{
    size_t words = (w->doc_count + 63) / 64;

    if (!n->sets)
        n->sets = ARENA_ARRAY(arena, struct docset, n->value_count);
    n->set_count = 0;
    n->cardinality = 0;
    n->flat = NULL;
    if (!n->sets)
        return error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
    for (uint32_t i = 0; i < n->value_count; i++) {
        const struct filter_value *v = &n->values[i];
        enum status status = i > 0 && v[-1].attr == v->attr ? STATUS_OK : shard_check_attribute(w->shard, v->attr, err);
        if (status != STATUS_OK)
            return status;
        if (shard_facet_set(w->shard, v->attr, v->code, &n->sets[n->set_count])) {
            n->cardinality += n->sets[n->set_count].cardinality;
            n->set_count++;
        }
    }
    if (n->set_count < FLAT_FROM)
        return STATUS_OK;
    if (n->flat_words < words) {
        n->flat_memory = arena_alloc(arena, (words + WINDOW_WORDS) * sizeof(uint64_t));
        n->flat_words = words;
    }
    if (!n->flat_memory)
        return error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
    n->flat = n->flat_memory;
    memset(n->flat, 0, (words + WINDOW_WORDS) * sizeof(uint64_t));
    for (uint32_t i = 0; i < n->set_count; i++)
        docset_into(&n->sets[i], n->flat, w->doc_count);
    return STATUS_OK;
}

/* Conditions on the same number, which documents have once at most, become one: price >= 10 and price < 20. */
static void merge_ranges(struct filter_node *n, const struct window *w)
{
    for (uint32_t i = 0; i < n->child_count; i++) {
        struct filter_node *a = &n->children[i];
        bool single = a->kind == FILTER_NODE_NUMBER && w->sources[a->source].column->kind != NUMBER_COLUMN_MULTI;
        for (uint32_t k = i + 1; single && !a->merged && k < n->child_count; k++) {
            struct filter_node *b = &n->children[k];
            if (b->kind != FILTER_NODE_NUMBER || b->merged || b->source != a->source)
                continue;
            b->merged = true;
            a->low = a->low > b->low ? a->low : b->low;
            a->high = a->high < b->high ? a->high : b->high;
            a->possible = a->possible && b->possible && a->low <= a->high;
        }
    }
}

enum status filter_bind(struct filter_node *n, struct window *w, struct arena *arena, struct error *err)
{
    enum status status = STATUS_OK;

    if (n->kind == FILTER_NODE_SETS)
        return bind_sets(n, w, arena, err);
    if (n->kind == FILTER_NODE_STORES)
        return filter_store_bind(n, w, err);
    if (n->kind == FILTER_NODE_NUMBER) {
        const struct number_column *column = w->sources[n->source].column;
        n->merged = false;
        n->possible = column->kind != NUMBER_COLUMN_NONE && number_range_of(column, n->op, n->bound, &n->low, &n->high);
        return shard_check_attribute(w->shard, n->attr, err);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < n->child_count; i++)
        status = filter_bind(&n->children[i], w, arena, err);
    if (status == STATUS_OK && n->kind == FILTER_NODE_AND)
        merge_ranges(n, w);
    return status;
}

/* --- a window --- */
static void apply_sets_selection(const struct filter_node *n, const struct window *w, struct mask *m)
{
    uint64_t bits[WINDOW_WORDS];

    memset(bits, 0, sizeof(bits));
    for (uint32_t i = 0; n->flat && i < w->count; i++)
        bits[i >> 6] |= (n->flat[w->docs[i] >> 6] >> (w->docs[i] & 63) & 1) << (i & 63);
    for (uint32_t i = 0; !n->flat && i < n->set_count; i++)
        docset_select(&n->sets[i], w->docs, w->count, bits);
    mask_and_bits(m, bits);
}

static void apply_sets(const struct filter_node *n, const struct window *w, struct mask *m)
{
    uint64_t bits[WINDOW_WORDS];

    if (n->set_count == 0) {
        mask_clear(m);
    } else if (w->docs) {
        apply_sets_selection(n, w, m);
    } else if (n->flat) {
        mask_and_bits(m, n->flat + w->base / 64);
    } else {
        memset(bits, 0, sizeof(bits));
        for (uint32_t i = 0; i < n->set_count; i++)
            docset_window(&n->sets[i], w->base, bits);
        mask_and_bits(m, bits);
    }
}

static void apply_document(const struct filter_node *n, const struct window *w, struct mask *m)
{
    uint64_t bits[WINDOW_WORDS] = {0};
    uint32_t at = w->docs ? docs_seek(w->docs, 0, w->count, n->doc) : n->doc - w->base;

    if (n->segment == w->segment && at < w->count && window_doc(w, at) == n->doc)
        bits[at >> 6] = 1ull << (at & 63);
    mask_and_bits(m, bits);
}

static void apply_stock(const struct filter_node *n, struct window *w, struct mask *m)
{
    const uint64_t *stock = window_stock(w);
    struct mask in;

    memcpy(in.bits, stock, sizeof(in.bits));
    in.active = ~0ull;
    if (n->in_stock)
        mask_and(m, &in);
    else
        mask_and_not(m, &in);
}

static bool any_in_range(const struct filter_node *n, const struct number_column *c, doc_id doc)
{
    for (uint32_t i = c->offsets[doc]; i < c->offsets[doc + 1]; i++) {
        int64_t cell = number_load(&c->cells[i]);
        if (cell >= n->low && cell <= n->high)
            return true;
    }
    return false;
}

static bool apply_number(const struct filter_node *n, struct window *w, struct mask *m)
{
    const struct number_column *c = w->sources[n->source].column;
    uint64_t active = m->active;

    if (n->merged)
        return true;
    if (!n->possible) {
        mask_clear(m);
        return true;
    }
    if (c->kind != NUMBER_COLUMN_MULTI)
        return window_narrow(w, n->source, n->low, n->high, m);
    for (MASK_WORDS(m, i)) {
        uint64_t kept = 0;
        for (uint64_t x = m->bits[i]; x; x &= x - 1) {
            doc_id doc = window_doc(w, (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x));
            kept |= any_in_range(n, c, doc) ? x & -x : 0;
        }
        m->bits[i] = kept;
        if (!kept)
            active &= ~(1ull << i);
    }
    m->active = active;
    return true;
}

static bool apply_or(struct filter_node *n, struct window *w, struct mask *m)
{
    struct mask left = *m, found, part;

    mask_clear(&found);
    for (uint32_t i = 0; i < n->child_count && left.active; i++) {
        part = left;
        if (!filter_apply(&n->children[i], w, &part))
            return false;
        mask_or(&found, &part);
        mask_and_not(&left, &part);
    }
    *m = found;
    return true;
}

bool filter_apply(struct filter_node *n, struct window *w, struct mask *m)
{
    struct mask part;

    switch (n->kind) {
    case FILTER_NODE_ALL:
        return true;
    case FILTER_NODE_NONE:
        mask_clear(m);
        return true;
    case FILTER_NODE_DOCUMENT:
        apply_document(n, w, m);
        return true;
    case FILTER_NODE_SETS:
        apply_sets(n, w, m);
        return true;
    case FILTER_NODE_STOCK:
        apply_stock(n, w, m);
        return true;
    case FILTER_NODE_STORES:
        filter_store_apply(n, w, m);
        return true;
    case FILTER_NODE_NUMBER:
        return apply_number(n, w, m);
    case FILTER_NODE_AND:
        for (uint32_t i = 0; i < n->child_count && m->active; i++) {
            if (!filter_apply(&n->children[i], w, m))
                return false;
        }
        return true;
    case FILTER_NODE_OR:
        return apply_or(n, w, m);
    default:
        part = *m;
        if (!filter_apply(&n->children[0], w, &part))
            return false;
        mask_and_not(m, &part);
        return true;
    }
}

bool filter_scope(const struct filter_node *n, struct filter_scope *out)
{
    while (n && (n->kind == FILTER_NODE_AND || n->kind == FILTER_NODE_OR) && n->child_count == 1)
        n = n->children;
    *out = (struct filter_scope){ATTR_NONE, 0};
    if (!n || n->kind == FILTER_NODE_ALL)
        return true;
    if (n->kind != FILTER_NODE_SETS || n->value_count != 1)
        return false;
    *out = (struct filter_scope){n->values[0].attr, n->values[0].code};
    return true;
}

/* --- driving --- */
const struct filter_node *filter_driver(const struct filter_node *n)
{
    const struct filter_node *best = NULL;

    if (!n || n->kind == FILTER_NODE_SETS)
        return n;
    for (uint32_t i = 0; n->kind == FILTER_NODE_AND && i < n->child_count; i++) {
        const struct filter_node *d = filter_driver(&n->children[i]);
        if (d && (!best || d->cardinality < best->cardinality))
            best = d;
    }
    return best;
}

#define VALUES_LOOKED_UP 16 /* of those with more nothing is told */

uint64_t filter_most(const struct filter_node *n, const struct snapshot *snapshot)
{
    uint64_t most = snapshot->doc_count, sum = 0;

    if (n && n->kind == FILTER_NODE_SETS && n->value_count <= VALUES_LOOKED_UP) {
        for (uint32_t i = 0; i < snapshot->segment_count; i++) {
            for (uint32_t k = 0; k < n->value_count; k++) {
                struct docset set;
                if (shard_facet_set(snapshot->segments[i].shard, n->values[k].attr, n->values[k].code, &set))
                    sum += set.cardinality;
            }
        }
        most = sum < most ? sum : most;
    }
    for (uint32_t i = 0; n && n->kind == FILTER_NODE_AND && i < n->child_count; i++) {
        uint64_t child = filter_most(&n->children[i], snapshot);
        most = child < most ? child : most;
    }
    return most;
}

doc_id filter_driver_next(const struct filter_node *driver, doc_id doc, uint32_t doc_count)
{
    doc_id best = DOC_NONE;

    if (driver->flat || driver->cardinality > doc_count / 64)
        return doc;
    for (uint32_t i = 0; i < driver->set_count; i++) {
        doc_id next = docset_next(&driver->sets[i], doc);
        best = next < best ? next : best;
    }
    return best;
}
