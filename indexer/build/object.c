/* What the index reads in an object beside its text: who it is, to which product it belongs, whether it is to be had.
 */
#include "indexer/base/hash.h"
#include "indexer/build/shard_build.h"

bool object_id(const struct json *object, struct str *out)
{
    const struct json *id = json_get(object, "objectID");

    if (!id || (id->type != JSON_STRING && id->type != JSON_NUMBER))
        return false;
    *out = id->text;
    return true;
}

struct str object_group(const struct settings *s, const struct json *object)
{
    const struct json *group = json_get_path(object, s->group_attribute);
    struct str id = {0};

    if (group && (group->type == JSON_STRING || group->type == JSON_NUMBER) && group->text.size)
        return group->text;
    (void)object_id(object, &id);
    return id;
}

uint32_t shard_of_group(struct str group, uint32_t shard_count)
{
    return (uint32_t)(hash64(group.data, group.size) % shard_count);
}

/* Words that say that something can't be bought; anything else that is said means that it can. */
static bool says_unavailable(struct str text)
{
    static const struct str WORDS[] = {
        {"out of stock", 12}, {"out_of_stock", 12}, {"outofstock", 10}, {"unavailable", 11}, {"sold out", 8},
        {"sold_out", 8},      {"soldout", 7},       {"false", 5},       {"no", 2},           {"0", 1},
        {"discontinued", 12}, {"not available", 13}};

    text = str_trim(text);
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (str_equal_nocase(text, WORDS[i]))
            return true;
    }
    /* schema.org: https://schema.org/OutOfStock */
    return str_ends_with(text, STR("/OutOfStock")) || str_ends_with(text, STR("/SoldOut")) ||
           str_ends_with(text, STR("/Discontinued"));
}

static bool value_available(const struct json *value)
{
    double number = 0;

    if (!value)
        return true;
    if (value->type == JSON_STRING)
        return !says_unavailable(value->text);
    if (json_double(value, &number))
        return number > 0;
    return value->type != JSON_FALSE;
}

/* in_stock is what feeds and clients say beside, or instead of, the role's attribute: available is what both allow. */
bool object_available(const struct settings *s, const struct json *object)
{
    const struct json *flag = json_get(object, "in_stock");
    struct str attribute = s->role_attribute[ROLE_AVAILABILITY];

    if (json_is_bool(flag) && flag->type == JSON_FALSE)
        return false;
    return attribute.size == 0 || value_available(json_get_path(object, attribute));
}
