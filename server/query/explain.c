#include "server/query/explain.h"

struct explainer {
    struct evaluation *e;
    struct arena *arena;
    doc_id doc;
};

static bool set(struct json *object, const char *name, struct json value, struct arena *arena)
{
    return json_object_set(object, str_from(name), value, arena);
}

/* The alternative of a slot with the largest part. */
struct best {
    const struct alternative *alternative;
    double tf;
    double titled; /* of its part what it gains by being what is searched for, in the title (title.h) */
    double part;
};

static void look(struct explainer *x, uint32_t slot, struct best *out)
{
    struct match_slot *s = &x->e->match.slots[slot];
    uint32_t offset = x->doc - x->e->window.base;
    struct mask one;
    uint64_t fact;
    uint16_t at;
    struct gathered_facts found = {&at, &fact};

    *out = (struct best){0};
    mask_clear(&one);
    mask_set(&one, offset);
    for (uint32_t i = 0; i < s->alternative_count; i++) {
        struct match_alternative *a = &s->alternatives[i];
        double tf = 0, k1 = x->e->match.scorer->k1, part, titled;
        uint64_t fields = 0;
        bool all = true;
        for (uint32_t k = 0; k < a->cursor_count && all; k++) {
            struct mask bits;
            mask_clear(&bits);
            all = cursor_window(&a->cursors[k], &x->e->window, x->e->match.fields, &one, &bits) &&
                  mask_has(&bits, offset) &&
                  cursor_gather(&a->cursors[k], &x->e->window, x->e->match.fields, &one, &found) == 1;
            if (!all)
                break;
            double mine =
                scorer_tf(x->e->match.scorer, fact, x->e->window.lengths + (size_t)x->doc * x->e->window.length_stride);
            tf = k == 0 || mine < tf ? mine : tf;
            fields |= fact;
        }
        titled = fields & x->e->match.title.field ? title_named(x->e->query, slot, a->alternative) : 0;
        part = a->alternative->weight * a->alternative->idf * tf / (k1 + tf) + titled;
        if (all && part > out->part)
            *out = (struct best){a->alternative, tf, titled, part};
    }
}

static bool add_word(struct explainer *x, uint32_t slot, const struct best *best, struct json *out)
{
    const struct slot *s = &x->e->query->slots[slot];
    const struct alternative *a = best->alternative;
    struct arena *arena = x->arena;

    *out = (struct json){.type = JSON_OBJECT};
    if (!set(out, "word", json_of_str(s->typed), arena) || !set(out, "matched", json_of_bool(a != NULL), arena))
        return false;
    if (!a)
        return true;
    return set(out, "by", json_of_str(str_from(alternative_name(a->kind))), arena) &&
           set(out, "term", json_of_str(a->term_count ? a->terms[0]->text : a->prefix), arena) &&
           set(out, "weight", json_of_double(a->weight, arena), arena) &&
           set(out, "df", json_of_i64((int64_t)a->df, arena), arena) &&
           set(out, "idf", json_of_double(a->idf, arena), arena) &&
           set(out, "tf", json_of_double(best->tf, arena), arena) &&
           set(out, "named", json_of_double(best->titled, arena), arena) &&
           set(out, "part", json_of_double(best->part, arena), arena);
}

/* What shoppers' behaviour adds. */
static bool add_boosted(struct explainer *x, const struct boosted *boosted, struct json *out)
{
    return set(out, "behaviourQuery", json_of_double(boosted->query, x->arena), x->arena) &&
           set(out, "behaviourProduct", json_of_double(boosted->product, x->arena), x->arena) &&
           set(out, "behaviourShopper", json_of_double(boosted->shopper, x->arena), x->arena);
}

static bool add_sort(struct explainer *x, const struct topk *t, const struct candidate *c, struct json *out)
{
    struct json *values = ARENA_ARRAY(x->arena, struct json, t->key_count + 1);

    if (!values)
        return false;
    for (uint32_t i = 0; i < t->key_count; i++) {
        values[i] = (struct json){.type = JSON_NULL};
        if (c->values[i].kind == SORT_NUMBER)
            values[i] = json_of_double(c->values[i].number, x->arena);
        else if (c->values[i].kind == SORT_STRING)
            values[i] = json_of_str(dictionary_value(x->e->snapshot->dictionary, t->keys[i].attr, c->values[i].code));
    }
    return set(out, "sortValues", json_array(values, t->sort_count), x->arena) &&
           set(out, "customRanking", json_array(values + t->sort_count, t->key_count - t->sort_count), x->arena);
}

static enum status explain(struct explainer *x, const struct evaluation_request *r, const struct candidate *c,
                           struct json *out, struct error *err)
{
    const struct query *q = x->e->query;
    struct json *words = ARENA_ARRAY(x->arena, struct json, q->slot_count + 1);
    double lex = 0, gain = 0;
    uint32_t matched = 0;
    struct title_found found = {0};
    struct boosted boosted;
    enum status status = STATUS_OK;

    if (x->e->explained != c->segment + 1) {
        window_segment(&x->e->window, c->segment);
        status = match_segment(&x->e->match, err);
        x->e->explained = c->segment + 1;
    }
    if (status != STATUS_OK)
        return status;
    window_move(&x->e->window, c->doc & ~(WINDOW_DOCS - 1));
    for (uint32_t i = 0; words && i < q->slot_count; i++) {
        struct best best;
        look(x, i, &best);
        matched += best.alternative != NULL;
        lex += best.part;
        if (!add_word(x, i, &best, &words[i]))
            return STATUS_LIMIT;
    }
    if (x->e->match.title.titles)
        found = title_look(&x->e->match.title, x->doc);
    gain = affinity_of(&x->e->match.affinity, x->doc);
    boosted = boosting_of(&x->e->boosting, x->e->snapshot, c->segment, x->doc);
    lex = q->live_slots ? title_score(&x->e->match.title, x->doc, lex) / q->max_lex + gain / q->max_lex : 0;
    if (!words || !set(out, "score", json_of_double(c->score, x->arena), x->arena) ||
        !set(out, "lexical", json_of_double(lex, x->arena), x->arena) ||
        !set(out, "prior", json_of_double(c->score - lex - boosted.query - boosted.product - boosted.shopper, x->arena),
             x->arena) ||
        !add_boosted(x, &boosted, out) || !set(out, "maxLexical", json_of_double(q->max_lex, x->arena), x->arena) ||
        !set(out, "titleOrder", json_of_double(found.pairs, x->arena), x->arena) ||
        !set(out, "accessory", json_of_bool(found.accessory), x->arena) ||
        !set(out, "category", json_of_double(gain, x->arena), x->arena) ||
        !set(out, "matchedWords", json_of_i64(matched, x->arena), x->arena) ||
        !set(out, "step", json_of_i64(c->step, x->arena), x->arena) ||
        !set(out, "exactIdentifier", json_of_bool(c->exact), x->arena) ||
        !set(out, "words", json_array(words, q->slot_count), x->arena) || !add_sort(x, &r->top, c, out))
        return STATUS_LIMIT;
    return STATUS_OK;
}

enum status explain_hit(struct evaluation *e, const struct evaluation_request *r, const struct candidate *c,
                        const struct json **out, struct error *err)
{
    struct explainer x = {.e = e, .arena = e->arena, .doc = c->doc};
    struct json *object = ARENA_NEW(e->arena, struct json);
    enum status status = STATUS_LIMIT;

    if (object) {
        *object = (struct json){.type = JSON_OBJECT};
        status = explain(&x, r, c, object, err);
    }
    if (status == STATUS_LIMIT)
        return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
    *out = object;
    return status;
}
