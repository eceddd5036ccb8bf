#include "server/query/profile.h"

static bool set(struct json *object, const char *name, struct json value, struct arena *arena)
{
    return json_object_set(object, str_from(name), value, arena);
}

static bool add_slot(const struct slot *s, struct json *out, struct arena *arena)
{
    struct json *items = ARENA_ARRAY(arena, struct json, s->alternative_count + 1);

    *out = (struct json){.type = JSON_OBJECT};
    if (!items)
        return false;
    for (uint32_t i = 0; i < s->alternative_count; i++) {
        const struct alternative *a = &s->alternatives[i];
        items[i] = (struct json){.type = JSON_OBJECT};
        if (!set(&items[i], "kind", json_of_str(str_from(alternative_name(a->kind))), arena) ||
            !set(&items[i], "text", json_of_str(a->term_count ? a->terms[0]->text : a->prefix), arena) ||
            !set(&items[i], "df", json_of_i64((int64_t)a->df, arena), arena) ||
            !set(&items[i], "weight", json_of_double(a->weight, arena), arena))
            return false;
    }
    return set(out, "word", json_of_str(s->typed), arena) && set(out, "optional", json_of_bool(s->optional), arena) &&
           set(out, "dropped", json_of_bool(s->dropped), arena) &&
           set(out, "alternatives", json_array(items, s->alternative_count), arena);
}

const struct json *profile_of(const struct evaluation *e, const struct evaluation_request *r,
                              const struct profile_times *times, struct arena *arena)
{
    const struct query *q = e->query;
    struct json *out = ARENA_NEW(arena, struct json);
    struct json *slots = ARENA_ARRAY(arena, struct json, q->slot_count + 1);

    if (!out || !slots)
        return NULL;
    *out = (struct json){.type = JSON_OBJECT};
    for (uint32_t i = 0; i < q->slot_count; i++) {
        if (!add_slot(&q->slots[i], &slots[i], arena))
            return NULL;
    }
    if (!set(out, "queryNs", json_of_i64((int64_t)times->query_ns, arena), arena) ||
        !set(out, "evaluateNs", json_of_i64((int64_t)times->evaluate_ns, arena), arena) ||
        !set(out, "resultsNs", json_of_i64((int64_t)times->results_ns, arena), arena) ||
        !set(out, "segments", json_of_i64(e->snapshot->segment_count, arena), arena) ||
        !set(out, "windows", json_of_i64((int64_t)e->windows, arena), arena) ||
        !set(out, "scored", json_of_i64((int64_t)e->scored, arena), arena) ||
        !set(out, "matches", json_of_i64((int64_t)r->total, arena), arena) ||
        !set(out, "steps", json_of_i64(e->steps, arena), arena) ||
        !set(out, "sharedRequests", json_of_i64((int64_t)e->count, arena), arena) ||
        !set(out, "slots", json_array(slots, q->slot_count), arena))
        return NULL;
    return out;
}
