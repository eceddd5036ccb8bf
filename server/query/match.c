#include "server/query/match.h"

#include <assert.h>

void match_memory_clear(struct match_memory *m)
{
    affinity_cache_clear(&m->affinity);
    union_cache_clear(&m->unions);
}

bool match_init(struct match *m, const struct query *query, const struct scorer *scorer, struct window *window)
{
    struct arena *arena = window->arena;

    *m = (struct match){.fields = m->fields, .memory = m->memory};
    m->query = query;
    m->scorer = scorer;
    m->window = window;
    m->arena = arena;
    cursor_init(&m->identifier);
    union_cache_begin(&m->memory->unions);
    m->sums = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->sums));
    m->best = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->best));
    m->titled = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->titled));
    m->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->offsets));
    m->offsets_more = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->offsets_more));
    m->facts = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->facts));
    m->tf = arena_alloc(arena, WINDOW_DOCS * sizeof(*m->tf));
    for (uint32_t i = 0; i < query->slot_count; i++) {
        const struct slot *s = &query->slots[i];
        struct match_slot *out = &m->slots[i];
        uint32_t room = 1;
        out->alternatives = ARENA_ARRAY(arena, struct match_alternative, s->alternative_count + 1);
        if (!out->alternatives)
            return false;
        /* An alternative that a segment lacks leaves its place to the next: any has room for the most terms. */
        for (uint32_t k = 0; k < s->alternative_count; k++)
            room = s->alternatives[k].term_count > room ? s->alternatives[k].term_count : room;
        for (uint32_t k = 0; k < s->alternative_count; k++) {
            out->alternatives[k].cursor_room = room;
            out->alternatives[k].cursors = ARENA_ARRAY(arena, struct cursor, room);
            if (!out->alternatives[k].cursors)
                return false;
        }
    }
    return affinity_init(&m->affinity, query, &m->memory->affinity, arena) && !arena->failed;
}

/* --- a segment --- */
static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the query needs more memory than a request may use");
}

static enum status open_prefix(struct match *m, struct match_alternative *out, struct error *err)
{
    const struct alternative *a = out->alternative;
    const struct shard *shard = m->window->shard;
    term_id first = a->first[m->window->segment], end = a->end[m->window->segment];
    struct postings postings;
    uint64_t serial;
    enum status status;

    out->cursor_count = 1;
    cursor_init(&out->cursors[0]);
    if (first == end)
        return STATUS_OK;
    status = shard_check_terms(shard, first, end, err);
    if (status != STATUS_OK)
        return status;
    if (shard_prefix_postings(shard, a->prefix, &postings)) {
        cursor_open(&out->cursors[0], &postings);
    } else if (end - first == 1) {
        shard_postings(shard, first, &postings);
        cursor_open(&out->cursors[0], &postings);
    } else if ((serial = unions_of(&m->memory->unions, shard, first, end, &postings)) != 0) {
        cursor_open(&out->cursors[0], &postings);
        out->cursors[0].serial_of_list = serial;
    } else if (!cursor_open_prefix(&out->cursors[0], shard, first, end, m->arena)) {
        return full(err);
    }
    out->cursors[0].flat = true;
    return STATUS_OK;
}

static enum status open_term(struct match *m, struct cursor *c, const struct query_term *t, struct error *err)
{
    const struct shard *shard = m->window->shard;
    term_id id = t->ids[m->window->segment];
    struct postings postings;
    enum status status;

    cursor_init(c);
    if (id == TERM_NONE)
        return STATUS_OK;
    status = shard_check_terms(shard, id, id + 1, err);
    if (status != STATUS_OK)
        return status;
    shard_postings(shard, id, &postings);
    cursor_open(c, &postings);
    return STATUS_OK;
}

static enum status open_alternative(struct match *m, struct match_alternative *out, const struct alternative *a,
                                    struct error *err)
{
    enum status status = STATUS_OK;

    out->alternative = a;
    if (a->kind == ALTERNATIVE_PREFIX)
        return open_prefix(m, out, err);
    assert(a->term_count <= out->cursor_room);
    out->cursor_count = a->term_count;
    for (uint32_t i = 0; status == STATUS_OK && i < a->term_count; i++)
        status = open_term(m, &out->cursors[i], a->terms[i], err);
    return status;
}

static bool has_all(const struct match_alternative *a)
{
    for (uint32_t i = 0; i < a->cursor_count; i++) {
        if (a->cursors[i].empty)
            return false;
    }
    return true;
}

enum status match_segment(struct match *m, struct error *err)
{
    const struct query *q = m->query;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct match_slot *slot = &m->slots[i];
        slot->alternative_count = 0;
        for (uint32_t k = 0; status == STATUS_OK && k < q->slots[i].alternative_count; k++) {
            struct match_alternative *a = &slot->alternatives[slot->alternative_count];
            status = open_alternative(m, a, &q->slots[i].alternatives[k], err);
            slot->alternative_count += status == STATUS_OK && has_all(a);
        }
    }
    if (status == STATUS_OK && q->identifier.text.size)
        status = open_term(m, &m->identifier, &q->identifier, err);
    title_segment(&m->title, q, m->window->segment, m->fields);
    if (status == STATUS_OK && m->affinity.of_code)
        status = shard_check_attribute(m->window->shard, m->affinity.attr, err);
    affinity_segment(&m->affinity, m->window->shard);
    return status;
}

/* --- the next window --- */
static doc_id slot_next(struct match_slot *slot, doc_id doc)
{
    doc_id best = DOC_NONE;

    for (uint32_t i = 0; i < slot->alternative_count && best != doc; i++) {
        struct match_alternative *a = &slot->alternatives[i];
        doc_id next = doc;
        for (uint32_t k = 0; k < a->cursor_count && next < best; k++)
            next = cursor_next(&a->cursors[k], next);
        best = next < best ? next : best;
    }
    return best;
}

doc_id match_slot_next(struct match *m, uint32_t slot, doc_id doc)
{
    return slot_next(&m->slots[slot], doc);
}

/* Whoever lacks at most k of the required slots has one of any k + 1 of them, or a rare one. When only the first step
 * runs, every required slot must have a document at or behind the others': two are asked. */
doc_id match_next(struct match *m, doc_id doc, uint32_t steps)
{
    const struct query *q = m->query;
    doc_id exact = cursor_next(&m->identifier, doc);
    doc_id best = DOC_NONE;

    if (q->match_all)
        return doc;
    if (q->impossible)
        return exact;
    if (q->any_word) {
        for (uint32_t i = 0; i < q->slot_count && best != doc; i++) {
            doc_id next = slot_next(&m->slots[i], doc);
            best = next < best ? next : best;
        }
    } else {
        for (uint32_t i = 0; i < query_leading(q, steps) && best != doc; i++) {
            doc_id next = slot_next(&m->slots[q->required[i]], doc);
            best = next < best ? next : best;
        }
        if (steps == 1 && q->required_count > 1 && best != DOC_NONE)
            best = slot_next(&m->slots[q->required[1]], best & ~(WINDOW_DOCS - 1));
    }
    return exact < best ? exact : best;
}

void match_window(struct match *m)
{
    for (uint32_t i = 0; i < m->query->slot_count; i++)
        m->slots[i].ready = false;
    m->gain_known = m->titles_known = false;
}

/* --- who matches --- */
static bool slot_bits(struct match *m, struct match_slot *slot, const struct mask *among)
{
    struct mask part;

    if (slot->ready)
        return true;
    slot->ready = true;
    mask_clear(&slot->bits);
    for (uint32_t i = 0; i < slot->alternative_count; i++) {
        struct match_alternative *a = &slot->alternatives[i];
        if (a->cursor_count == 1) {
            if (!cursor_window(&a->cursors[0], m->window, m->fields, among, &slot->bits))
                return false;
            continue;
        }
        struct mask all = m->window->live;
        for (uint32_t k = 0; k < a->cursor_count; k++) {
            mask_clear(&part);
            if (!cursor_window(&a->cursors[k], m->window, m->fields, among, &part))
                return false;
            mask_and(&all, &part);
        }
        mask_or(&slot->bits, &all);
    }
    return true;
}

const struct mask *match_slot_bits(struct match *m, uint32_t slot)
{
    return slot_bits(m, &m->slots[slot], m->passed) ? &m->slots[slot].bits : NULL;
}

static bool any_steps(struct match *m, const struct mask *from, struct mask *out)
{
    mask_clear(out);
    for (uint32_t i = 0; i < m->query->slot_count; i++) {
        if (!slot_bits(m, &m->slots[i], from))
            return false;
        mask_or(out, &m->slots[i].bits);
    }
    mask_and(out, from);
    return true;
}

/* After each slot, steps[k] has the documents that lack at most k of the slots so far. Of a selection a list is only
 * asked for what can still match by the last step, and for `exact`, which does. */
static bool all_steps(struct match *m, uint32_t count, const struct mask *from, const struct mask *exact,
                      struct mask *steps)
{
    const struct query *q = m->query;
    struct mask among, rare;
    uint32_t rare_count = count > 1 ? q->rare_count : 0;

    mask_clear(&rare);
    for (uint32_t k = 0; k < count; k++)
        steps[k] = *from;
    for (uint32_t i = 0; i < q->required_count && (steps[count - 1].active || i < rare_count); i++) {
        struct match_slot *slot = &m->slots[q->required[i]];
        among = i < rare_count ? *from : steps[count - 1];
        mask_or(&among, exact);
        mask_or(&among, &rare);
        if (!slot_bits(m, slot, &among))
            return false;
        if (i < rare_count)
            mask_or(&rare, &slot->bits);
        for (uint32_t k = count; k-- > 0;) {
            mask_and(&steps[k], &slot->bits);
            if (k > 0)
                mask_or(&steps[k], &steps[k - 1]);
        }
    }
    mask_and(&rare, from);
    for (uint32_t k = 1; k < count; k++)
        mask_or(&steps[k], &rare);
    return true;
}

bool match_steps(struct match *m, uint32_t count, const struct mask *within, struct mask *steps, struct mask *exact)
{
    const struct query *q = m->query;
    struct mask from = m->window->live;

    if (within)
        mask_and(&from, within);
    mask_clear(exact);
    for (uint32_t i = 0; i < count; i++)
        mask_clear(&steps[i]);
    if (q->match_all) {
        steps[0] = from;
        return true;
    }
    if (!m->identifier.empty) {
        if (!cursor_window(&m->identifier, m->window, 0, &from, exact))
            return false;
        mask_and(exact, &from);
    }
    if (!q->impossible && !(q->any_word ? any_steps(m, &from, steps) : all_steps(m, count, &from, exact, steps)))
        return false;
    for (uint32_t i = 0; i < count; i++)
        mask_or(&steps[i], exact);
    m->passed = &steps[count - 1];
    return true;
}

/* --- how well --- */
/* The postings of an alternative among the wanted: offsets and tf~. Of several terms the least tf~. */
static uint32_t gather(struct match *m, struct match_alternative *a, const struct mask *wanted)
{
    const struct window *w = m->window;
    struct gathered_facts found = {m->offsets, m->facts};
    struct mask both = *wanted;
    uint32_t n = 0;

    for (uint32_t k = 0; k < a->cursor_count && a->cursor_count > 1; k++) {
        struct mask part;
        mask_clear(&part);
        if (!cursor_window(&a->cursors[k], w, m->fields, wanted, &part))
            return 0;
        mask_and(&both, &part);
    }
    for (uint32_t k = 0; k < a->cursor_count; k++) {
        n = cursor_gather(&a->cursors[k], w, m->fields, &both, &found);
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *lengths = w->lengths + (size_t)window_doc(w, m->offsets[i]) * w->length_stride;
            double tf = scorer_tf(m->scorer, m->facts[i], lengths);
            m->tf[i] = k == 0 || tf < m->tf[i] ? tf : m->tf[i];
        }
    }
    return n;
}

static void score_alternative(struct match *m, struct match_alternative *a, uint32_t slot, const struct mask *wanted)
{
    uint32_t n = gather(m, a, wanted);
    uint64_t title = title_has(a->alternative) ? m->title.field : 0;
    double scale = a->alternative->weight * a->alternative->idf, k1 = m->scorer->k1;
    double named = title_named(m->query, slot, a->alternative);

    for (uint32_t i = 0; i < n; i++) {
        double part = scale * m->tf[i] / (k1 + m->tf[i]) + (m->facts[i] & title ? named : 0);
        uint16_t offset = m->offsets[i];
        m->best[offset] = part > m->best[offset] ? part : m->best[offset];
        m->titled[offset] |= (uint32_t)((m->facts[i] & title) != 0) << slot;
    }
}

static void score_slot(struct match *m, uint32_t number, const struct mask *wanted)
{
    struct match_slot *slot = &m->slots[number];
    struct mask mine = *wanted;

    mask_and(&mine, &slot->bits);
    if (!mine.active)
        return;
    for (MASK_WORDS(&mine, i)) {
        for (uint64_t x = mine.bits[i]; x; x &= x - 1)
            m->best[i * 64 + (uint64_t)__builtin_ctzll(x)] = 0;
    }
    for (uint32_t k = 0; k < slot->alternative_count; k++)
        score_alternative(m, &slot->alternatives[k], number, &mine);
    for (MASK_WORDS(&mine, j)) {
        for (uint64_t x = mine.bits[j]; x; x &= x - 1) {
            uint64_t offset = j * 64 + (uint64_t)__builtin_ctzll(x);
            m->sums[offset] += m->best[offset];
        }
    }
}

double match_gain(struct match *m, uint32_t offset)
{
    return m->affinity.of_code ? affinity_of(&m->affinity, window_doc(m->window, offset)) / m->query->max_lex : 0;
}

double match_most_gain(struct match *m)
{
    if (!m->gain_known && m->affinity.of_code)
        affinity_window(&m->affinity, m->window->docs ? NULL : &m->window->base);
    m->gain_known = true;
    return m->affinity.of_code ? m->affinity.window_most / m->query->max_lex : 0;
}

void match_titles(struct match *m)
{
    if (!m->titles_known)
        title_window(&m->title, m->window->docs ? NULL : &m->window->base);
    m->titles_known = true;
}

bool match_sum(struct match *m, const struct mask *wanted)
{
    const struct query *q = m->query;

    match_titles(m);

    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint64_t offset = i * 64 + (uint64_t)__builtin_ctzll(x);
            m->sums[offset] = 0;
            m->titled[offset] = 0;
        }
    }
    for (uint32_t s = 0; s < q->slot_count; s++) {
        if (!slot_bits(m, &m->slots[s], m->passed))
            return false;
        score_slot(m, s, wanted);
    }
    return true;
}

/* Titles are far away: the misses of all overlap. */
void match_prefetch(const struct match *m, const struct mask *wanted)
{
    const struct titles *t = m->title.titles;

    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = t && titles_any(t) ? wanted->bits[i] : 0; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            if (title_may_tell(&m->title, m->titled[offset], offset))
                titles_prefetch_place(t, window_doc(m->window, offset));
        }
    }
    for (MASK_WORDS(wanted, k)) {
        for (uint64_t x = t && titles_any(t) ? wanted->bits[k] : 0; x; x &= x - 1) {
            uint32_t offset = (uint32_t)k * 64 + (uint32_t)__builtin_ctzll(x);
            if (title_may_tell(&m->title, m->titled[offset], offset))
                titles_prefetch_words(t, window_doc(m->window, offset));
        }
    }
}

#define SLACK 1e-9 /* the same numbers added in another order */

double match_limit(const struct match *m, uint32_t offset)
{
    return (m->sums[offset] + title_limit(&m->title, m->titled[offset], offset)) / m->query->max_lex + SLACK;
}

double match_lex(const struct match *m, uint32_t offset, double gain)
{
    double sum = m->sums[offset];

    if (m->query->live_slots == 0)
        return 0;
    if (title_may_tell(&m->title, m->titled[offset], offset))
        sum = title_score(&m->title, window_doc(m->window, offset), sum);
    return sum / m->query->max_lex + gain;
}
