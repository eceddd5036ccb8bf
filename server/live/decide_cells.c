/* Stores and price lists in updates. In partial updates {"stores": {"berlin": 3}} is {"stores.berlin": 3}. */
#include "server/live/decide.h"
#include "server/live/lane_internal.h"

static bool is_nested(const struct settings *s, const struct json_member *m)
{
    return m->value.type == JSON_OBJECT && settings_dimension_list(s, m->name) && !json_get(&m->value, "_operation");
}

static bool is_declared(struct live_op *op, const struct settings *s, struct str name)
{
    enum dimension_kind kind = settings_dimension_kind(s, name);
    if (kind == DIMENSION_NONE || settings_dimension(s, name)) {
        return true;
    }
    op_fail(op, STATUS_INPUT, "'" STR_FMT "': the settings have no such %s", STR_ARG(name),
            kind == DIMENSION_STORE ? "store" : "price list");
    return false;
}

bool decide_flatten(const struct settings *s, struct live_batch *batch, struct live_op *op)
{
    struct json flat = {.type = JSON_OBJECT};
    bool nested = false;
    bool fine = true;
    for (uint32_t i = 0; i < op->body.count; i++) {
        nested = nested || is_nested(s, &op->body.members[i]);
        fine = fine && is_declared(op, s, op->body.members[i].name);
    }
    for (uint32_t i = 0; i < op->body.count && nested && fine; i++) {
        const struct json_member *m = &op->body.members[i];
        if (!is_nested(s, m)) {
            fine = json_object_set(&flat, m->name, m->value, &batch->arena);
            continue;
        }
        for (uint32_t k = 0; k < m->value.count && fine; k++) {
            struct str name =
                arena_printf(&batch->arena, STR_FMT "." STR_FMT, STR_ARG(m->name), STR_ARG(m->value.members[k].name));
            fine = name.data && is_declared(op, s, name) &&
                   json_object_set(&flat, name, m->value.members[k].value, &batch->arena);
        }
    }
    if (!fine && op->status == STATUS_OK) {
        op_fail(op, STATUS_LIMIT, "out of memory for an update");
    }
    op->body = nested ? flat : op->body;
    return fine;
}

struct str lane_stock_named(const struct settings *s, const struct live_update *u)
{
    for (uint8_t i = 0; i < u->value_count; i++) {
        if (settings_dimension_kind(s, u->values[i].name) == DIMENSION_STORE) {
            return u->values[i].name;
        }
    }
    return s->role_attribute[ROLE_QUANTITY];
}
