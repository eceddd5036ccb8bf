#include "server/live/synonyms_change.h"

#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/map.h"

struct str synonym_id(const struct json *entry, struct arena *arena)
{
    const struct json *id = json_get(entry, "objectID");
    if (id && (id->type == JSON_STRING || id->type == JSON_NUMBER) && id->text.size > 0) {
        return id->text;
    }
    struct buf text = BUF_EMPTY;
    json_write(&text, entry);
    struct str made = arena_printf(arena, "synonym-%016llx", (unsigned long long)hash64(text.data, text.size));
    buf_release(&text);
    return made;
}

static const struct json *list_of(const struct json *object, const char *name)
{
    static const struct json none = {.type = JSON_ARRAY};
    const struct json *list = json_get(object, name);
    return list && list->type == JSON_ARRAY ? list : &none;
}

/* Puts an entry in the place of the one with its id, or at the end. */
static void put(struct map *places, struct json *items, uint32_t *count, const struct json *entry, struct str id)
{
    bool added;
    uint64_t *place = map_put(places, id, *count, &added);
    items[*place] = *entry;
    *count += added;
}

bool synonyms_change(struct json *document, const struct json *change, struct arena *arena)
{
    struct map places;
    struct map deleted;
    bool replace = false;
    uint32_t count = 0;
    (void)json_bool(json_get(change, "replace"), &replace);
    const struct json *old = list_of(document, "synonyms");
    const struct json *save = list_of(change, "save");
    const struct json *ids = list_of(change, "delete");
    struct json *items = ARENA_ARRAY(arena, struct json, (size_t)old->count + save->count + 1);
    if (!items) {
        return false;
    }
    map_init(&places);
    map_init(&deleted);
    for (uint32_t i = 0; i < ids->count; i++) {
        struct str id;
        if (json_string(&ids->items[i], &id)) {
            (void)map_put(&deleted, id, 0, NULL);
        }
    }
    for (uint32_t i = 0; !replace && i < old->count; i++) {
        struct str id = synonym_id(&old->items[i], arena);
        if (!map_get(&deleted, id)) {
            put(&places, items, &count, &old->items[i], id);
        }
    }
    for (uint32_t i = 0; i < save->count; i++) {
        put(&places, items, &count, &save->items[i], synonym_id(&save->items[i], arena));
    }
    map_release(&deleted);
    map_release(&places);
    return !arena->failed && json_object_set(document, STR("synonyms"), json_array(items, count), arena);
}
