#include "server/live/roles.h"

#include "indexer/build/product.h"

enum { OBJECTS_MAX = 64 };

struct candidate {
    struct str name;
    unsigned rank;
};

static bool is_text_or_list(const struct json *value)
{
    return value->type == JSON_STRING || value->type == JSON_ARRAY || value->type == JSON_OBJECT;
}

/* Objects over the API are taken as they are, so a price must be a number already, and so on. */
static bool fits(enum role role, const struct json *value)
{
    switch (role) {
    case ROLE_TITLE:
    case ROLE_BRAND:
    case ROLE_SHORT_TEXT:
    case ROLE_DESCRIPTION:
        return value->type == JSON_STRING;
    case ROLE_CATEGORY:
        return is_text_or_list(value);
    case ROLE_PRICE:
    case ROLE_SALE_PRICE:
    case ROLE_QUANTITY:
    case ROLE_POPULARITY:
        return value->type == JSON_NUMBER;
    case ROLE_AVAILABILITY:
        return value->type == JSON_STRING || json_is_bool(value);
    default:
        return false; /* identifiers and groups change what is found and counted: only when the settings say so */
    }
}

/* "stock": 3 is a quantity, "stock": true says whether it is to be had. */
static enum role role_of_member(const struct json_member *m, unsigned *rank)
{
    enum role role = role_of_name_ranked(m->name, rank);
    if (role == ROLE_QUANTITY && json_is_bool(&m->value)) {
        role = ROLE_AVAILABILITY;
    } else if (role == ROLE_AVAILABILITY && m->value.type == JSON_NUMBER) {
        role = ROLE_QUANTITY;
    }
    return fits(role, &m->value) ? role : ROLE_NONE;
}

bool roles_recognise(const struct live_batch *batch, size_t from, struct str index, struct arena *arena,
                     struct json *roles)
{
    struct candidate best[ROLE_COUNT] = {{{0}, 0}};
    int objects = 0;
    for (size_t i = from; i < batch->op_count && objects < OBJECTS_MAX; i++) {
        const struct live_op *op = &batch->ops[i];
        if (op->kind != LIVE_PUT || op->body.type != JSON_OBJECT || !str_equal(op->index, index)) {
            continue;
        }
        objects++;
        for (uint32_t k = 0; k < op->body.count; k++) {
            unsigned rank = 0;
            enum role role = role_of_member(&op->body.members[k], &rank);
            if (role != ROLE_NONE && (best[role].name.size == 0 || rank < best[role].rank)) {
                best[role] = (struct candidate){op->body.members[k].name, rank};
            }
        }
    }
    *roles = (struct json){.type = JSON_OBJECT};
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
        if (best[role].name.size > 0) {
            (void)!json_object_set(roles, str_from(role_name((enum role)role)), json_of_str(best[role].name), arena);
        }
    }
    return roles->count > 0;
}
