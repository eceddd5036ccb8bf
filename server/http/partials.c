#include "server/http/partials.h"

#include "server/http/routes.h"
#include "server/http/server.h"
#include "server/live/update.h"

/* Hangs on the exchange's write, in its arena. */
struct partial {
    struct exchange *x;
    struct write *w;
    struct live_updates batch;
    struct live_update update;
    struct json_member values[UPDATE_VALUES_MAX];
};

static bool kind_of(struct str name, enum update_kind *kind)
{
    if (str_equal(name, STR("Increment"))) {
        *kind = UPDATE_INCREMENT;
    } else if (str_equal(name, STR("Decrement"))) {
        *kind = UPDATE_DECREMENT;
    } else {
        return false;
    }
    return true;
}

/* One member as an update's value. False when it is more than a number of that kind, or a flag. */
static bool take_member(struct live_update *u, struct json_member *values, const struct json_member *m)
{
    enum update_kind kind = UPDATE_SET;
    const struct json *value = &m->value;
    struct str name;
    if (m->value.type == JSON_OBJECT) {
        value = json_get(&m->value, "value");
        if (m->value.count != 2 || !value || !json_string(json_get(&m->value, "_operation"), &name) ||
            !kind_of(name, &kind)) {
            return false;
        }
    }
    bool cell = value->type == JSON_NUMBER || (kind == UPDATE_SET && json_is_bool(value));
    if (!cell || u->value_count == UPDATE_VALUES_MAX || (u->value_count && u->kind != kind)) {
        return false;
    }
    u->kind = (uint8_t)kind;
    values[u->value_count++] = (struct json_member){m->name, *value};
    return true;
}

/* {"stores": {"berlin": 3}} */
static bool take_nested(struct partial *p, const struct json_member *m)
{
    for (uint32_t k = 0; k < m->value.count; k++) {
        const struct json_member *inner = &m->value.members[k];
        struct json_member named = {
            arena_printf(&p->w->batch.arena, STR_FMT "." STR_FMT, STR_ARG(m->name), STR_ARG(inner->name)),
            inner->value};
        if (!named.name.data || !take_member(&p->update, p->values, &named)) {
            return false;
        }
    }
    return true;
}

static bool take_members(struct partial *p, const struct live_op *op)
{
    p->update.values = p->values;
    for (uint32_t i = 0; i < op->body.count; i++) {
        const struct json_member *m = &op->body.members[i];
        bool nested = m->value.type == JSON_OBJECT && !json_get(&m->value, "_operation");
        if (nested ? !take_nested(p, m)
                   : !str_equal(m->name, STR("objectID")) && !take_member(&p->update, p->values, m)) {
            return false;
        }
    }
    return p->update.value_count > 0;
}

/* Whether an ordinary write decides it, or says better what is wrong. */
static bool falls_back(const struct partial *p)
{
    bool other_index = p->batch.status == STATUS_NOT_FOUND || p->batch.status == STATUS_INPUT;
    return p->update.result == UPDATE_REFUSED && (p->update.reason != UPDATE_NOT_WRITTEN || other_index);
}

static void on_decided(struct exchange *x)
{
    struct write *w = write_of(x);
    struct partial *p = (struct partial *)w->lane;
    struct live_op *op = &w->batch.ops[0];
    if (falls_back(p)) {
        if (write_submit(w, w->answer) == HANDLED) {
            exchange_done(x);
        }
        return;
    }
    if (p->batch.status != STATUS_OK) {
        exchange_fail(x, p->batch.status, p->batch.error.message);
    } else {
        op->object_id_out = op->object_id;
        w->batch.seq = p->batch.seq;
        w->batch.task_id = p->batch.seq;
        w->answer(x, w);
    }
    exchange_done(x);
}

/* On a live thread. */
static void on_done(struct live_updates *batch)
{
    struct partial *p = batch->context;
    exchange_post(p->x, on_decided);
}

enum handled partial_try(struct exchange *x, struct write *w, struct live_op *op,
                         void (*answer)(struct exchange *x, struct write *w))
{
    struct str key = http_header_get(&x->head, "idempotency-key");
    struct partial *p = ARENA_NEW(&w->batch.arena, struct partial);
    if (!p) {
        return MORE;
    }
    p->x = x;
    p->w = w;
    if (!take_members(p, op)) {
        return MORE;
    }
    p->update.object_id = op->object_id;
    p->update.flags = UPDATE_NATIVE;
    p->batch = (struct live_updates){.index = op->index,
                                     .items = &p->update,
                                     .count = 1,
                                     .has_stream = key.size > 0,
                                     .stream = hash128(key.data, key.size),
                                     .source = route_source(x, &w->batch.arena),
                                     .done = on_done,
                                     .context = p};
    w->lane = p;
    w->answer = answer;
    return live_update(x->server->live, &p->batch) == STATUS_OK ? PENDING : MORE;
}
