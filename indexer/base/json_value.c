/* Reading and building JSON values; json.c parses them, json_write.c writes them. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "indexer/base/json.h"
#include "indexer/base/number.h"

const struct json *json_get_str(const struct json *object, struct str name)
{
    if (!object || object->type != JSON_OBJECT) {
        return NULL;
    }
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].name, name)) {
            return &object->members[i].value;
        }
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *name)
{
    return json_get_str(object, str_from(name));
}

const struct json *json_get_path(const struct json *object, struct str path)
{
    const struct json *found = json_get_str(object, path);
    if (found || !object || object->type != JSON_OBJECT) {
        return found;
    }
    for (size_t i = 0; i < path.size && !found; i++) {
        if (path.data[i] == '.') {
            const struct json *inner = json_get_str(object, str_slice(path, 0, i));
            found = inner ? json_get_path(inner, str_slice(path, i + 1, path.size)) : NULL;
        }
    }
    return found;
}

bool json_string(const struct json *j, struct str *out)
{
    if (!j || j->type != JSON_STRING) {
        return false;
    }
    *out = j->text;
    return true;
}

bool json_double(const struct json *j, double *out)
{
    double value;
    if (!j || j->type != JSON_NUMBER || !number_parse_double(j->text, &value)) {
        return false;
    }
    *out = value;
    return true;
}

bool json_i64(const struct json *j, int64_t *out)
{
    struct decimal d;
    if (!j || j->type != JSON_NUMBER || !decimal_parse(j->text, &d) || d.scale != 0) {
        return false;
    }
    *out = d.units;
    return true;
}

bool json_bool(const struct json *j, bool *out)
{
    if (!json_is_bool(j)) {
        return false;
    }
    *out = j->type == JSON_TRUE;
    return true;
}

struct json json_of_str(struct str s)
{
    return (struct json){.type = JSON_STRING, .text = s};
}

struct json json_number_text(struct str text)
{
    return (struct json){.type = JSON_NUMBER, .text = text};
}

/* A number's text goes to the arena; when that is full, the value is null and the arena has failed. */
static struct json number_of(const struct buf *text, struct arena *arena)
{
    struct str copy = arena_copy(arena, buf_str(text));
    return copy.data ? json_number_text(copy) : (struct json){.type = JSON_NULL};
}

struct json json_of_i64(int64_t value, struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    buf_append_i64(&text, value);
    struct json out = number_of(&text, arena);
    buf_release(&text);
    return out;
}

struct json json_of_double(double value, struct arena *arena)
{
    if (!isfinite(value)) {
        return (struct json){.type = JSON_NULL};
    }
    struct buf text = BUF_EMPTY;
    json_write_double(&text, value);
    struct json out = number_of(&text, arena);
    buf_release(&text);
    return out;
}

struct json json_of_bool(bool value)
{
    return (struct json){.type = value ? JSON_TRUE : JSON_FALSE};
}

struct json json_array(struct json *items, size_t count)
{
    assert(count <= UINT32_MAX);
    return (struct json){.type = JSON_ARRAY, .count = (uint32_t)count, .items = items};
}

static bool grow_members(struct json *object, struct arena *arena)
{
    if (object->count > UINT32_MAX / 2) {
        return false;
    }
    uint32_t capacity = object->count < 4 ? 8 : object->count * 2;
    struct json_member *members = arena_alloc(arena, capacity * sizeof(*members));
    if (!members) {
        return false;
    }
    if (object->count) {
        memcpy(members, object->members, object->count * sizeof(*members));
    }
    object->members = members;
    object->capacity = capacity;
    return true;
}

bool json_object_set(struct json *object, struct str name, struct json value, struct arena *arena)
{
    assert(object->type == JSON_OBJECT);
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].name, name)) {
            object->members[i].value = value;
            return true;
        }
    }
    if (object->count >= object->capacity && !grow_members(object, arena)) {
        return false;
    }
    object->members[object->count++] = (struct json_member){name, value};
    return true;
}

bool json_object_remove(struct json *object, struct str name)
{
    assert(object->type == JSON_OBJECT);
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].name, name)) {
            memmove(&object->members[i], &object->members[i + 1], (object->count - i - 1) * sizeof(*object->members));
            object->count--;
            return true;
        }
    }
    return false;
}

struct json json_clone(const struct json *j, struct arena *arena)
{
    struct json copy = *j;
    switch (j->type) {
    case JSON_STRING:
    case JSON_NUMBER:
        copy.text = arena_copy(arena, j->text);
        break;
    case JSON_ARRAY:
        copy.items = ARENA_ARRAY(arena, struct json, j->count);
        copy.count = copy.items ? j->count : 0;
        for (uint32_t i = 0; i < copy.count; i++) {
            copy.items[i] = json_clone(&j->items[i], arena);
        }
        break;
    case JSON_OBJECT:
        copy.members = ARENA_ARRAY(arena, struct json_member, j->count);
        copy.count = copy.members ? j->count : 0;
        copy.capacity = copy.count;
        for (uint32_t i = 0; i < copy.count; i++) {
            copy.members[i].name = arena_copy(arena, j->members[i].name);
            copy.members[i].value = json_clone(&j->members[i].value, arena);
        }
        break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
    return copy;
}
