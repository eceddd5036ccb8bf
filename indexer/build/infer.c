#include "indexer/build/infer.h"

#include <math.h>

#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/base/map.h"
#include "indexer/build/infer_internal.h"
#include "indexer/build/product.h"

enum { PATH_BYTES = 256 };

struct infer *infer_new(void)
{
    struct infer *f = xcalloc(1, sizeof(*f));
    arena_init(&f->arena, 0);
    return f;
}

void infer_free(struct infer *f)
{
    if (f) {
        map_release(&f->paths);
        vec_release(&f->sketches);
        vec_release(&f->attributes);
        arena_release(&f->arena);
        free(f);
    }
}

uint64_t infer_objects(const struct infer *f)
{
    return f->objects;
}

void infer_set_language(struct infer *f, const char *language)
{
    snprintf(f->declared, sizeof(f->declared), "%s", language ? language : "");
}

/* The attribute's index. Objects of a feed are much alike, so the one that came next the last time is tried first. */
static size_t attribute_of(struct infer *f, struct str path)
{
    size_t guess = f->last < f->sketches.count ? f->sketches.items[f->last].next : 0;
    bool added = false;
    if (guess < f->attributes.count && str_equal(f->attributes.items[guess].path, path)) {
        f->last = guess;
        return guess;
    }
    uint64_t *place = map_get(&f->paths, path);
    if (!place && f->attributes.count >= LIMIT_ATTRIBUTES) {
        return SIZE_MAX;
    }
    place = place ? place : map_put(&f->paths, path, f->attributes.count, &added);
    size_t index = *place;
    if (added) {
        struct infer_attribute attribute = {.path = arena_copy(&f->arena, path)};
        struct infer_sketch sketch = {.seen_in = UINT64_MAX};
        vec_push(&f->attributes, attribute);
        vec_push(&f->sketches, sketch);
    }
    if (f->last < f->sketches.count) {
        f->sketches.items[f->last].next = index;
    }
    f->last = index;
    return index;
}

/* HyperLogLog (Flajolet et al. 2007): the register takes the longest run of zeros of the hashes that fall to it. */
static void sketch_add(struct infer_sketch *s, uint64_t hash)
{
    unsigned index = (unsigned)(hash % SKETCH_REGISTERS);
    uint64_t rest = hash / SKETCH_REGISTERS | UINT64_C(1) << 56;
    uint8_t zeros = (uint8_t)(__builtin_ctzll(rest) + 1);
    if (zeros > s->registers[index]) {
        s->registers[index] = zeros;
    }
}

static uint64_t sketch_count(const struct infer_sketch *s)
{
    double sum = 0;
    unsigned empty = 0;
    for (unsigned i = 0; i < SKETCH_REGISTERS; i++) {
        sum += ldexp(1, -s->registers[i]);
        empty += s->registers[i] == 0;
    }
    double m = SKETCH_REGISTERS;
    double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate < 2.5 * m && empty) {
        estimate = m * log(m / empty);
    }
    return (uint64_t)(estimate + .5);
}

static bool long_code(struct str text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        digits++;
    }
    return digits >= 8;
}

static void add_text(struct infer *f, struct infer_attribute *a, struct str text)
{
    char number[24];
    a->strings++;
    a->bytes += text.size;
    a->longest = text.size > a->longest ? (uint32_t)text.size : a->longest;
    if (text.data[0] <= '9' && plain_number(text, number)) {
        a->numeric_strings++;
        a->long_codes += long_code(text);
    } else if (text.data[0] == 'h') {
        a->links += str_starts_with(text, STR("http://")) || str_starts_with(text, STR("https://"));
    }
    a->paths += str_find_char(text, '>') != SIZE_MAX && str_find(text, STR(" > ")) != SIZE_MAX;
    if (f->language_bytes < LANGUAGE_BYTES && text.size > 8 && a->links == 0) {
        f->language_bytes += text.size;
        language_evidence_add(&f->language, text);
    }
}

static void add_value(struct infer *f, size_t index, const struct json *value)
{
    struct infer_attribute *a = &f->attributes.items[index];
    struct infer_sketch *s = &f->sketches.items[index];
    struct str bytes = {0};
    switch (value->type) {
    case JSON_NUMBER:
        a->numbers++;
        a->long_codes += long_code(value->text);
        bytes = value->text;
        break;
    case JSON_STRING:
        if (value->text.size == 0) {
            return;
        }
        add_text(f, a, value->text);
        bytes = value->text;
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        a->bools++;
        bytes = value->type == JSON_TRUE ? STR("true") : STR("false");
        break;
    default:
        return;
    }
    a->values++;
    a->objects += s->seen_in != f->objects;
    s->seen_in = f->objects;
    sketch_add(s, hash64(bytes.data, bytes.size));
}

static void add_members(struct infer *f, const struct json *object, struct str prefix);

static void add_json(struct infer *f, struct str path, const struct json *value)
{
    if (value->type == JSON_OBJECT) {
        add_members(f, value, path);
        return;
    }
    if (value->type == JSON_ARRAY) {
        for (uint32_t i = 0; i < value->count; i++) {
            add_json(f, path, &value->items[i]);
        }
        size_t index = value->count && value->items[0].type != JSON_OBJECT ? attribute_of(f, path) : SIZE_MAX;
        if (index != SIZE_MAX) {
            f->attributes.items[index].several = true;
        }
        return;
    }
    size_t index = value->type == JSON_NULL ? SIZE_MAX : attribute_of(f, path);
    if (index != SIZE_MAX) {
        add_value(f, index, value);
    }
}

static void add_members(struct infer *f, const struct json *object, struct str prefix)
{
    char path[PATH_BYTES];
    for (uint32_t i = 0; i < object->count; i++) {
        struct str name = object->members[i].name;
        if (prefix.size) {
            if (prefix.size + 1 + name.size > sizeof(path)) {
                continue;
            }
            memcpy(path, prefix.data, prefix.size);
            path[prefix.size] = '.';
            memcpy(path + prefix.size + 1, name.data, name.size);
            name = (struct str){path, prefix.size + 1 + name.size};
        }
        if (name.size && name.size <= PATH_BYTES) {
            add_json(f, name, &object->members[i].value);
        }
    }
}

void infer_add(struct infer *f, const struct json *object)
{
    add_members(f, object, (struct str){0});
    f->objects++;
}

/* Nearly all: a stray "n/a" among a thousand numbers does not make a text. */
static bool nearly_all(uint64_t part, uint64_t whole)
{
    return part * 20 >= whole * 19;
}

static enum infer_kind kind_of(const struct infer_attribute *a)
{
    if (nearly_all(a->numbers + a->numeric_strings, a->values)) {
        return INFER_NUMBER;
    }
    if (nearly_all(a->strings, a->values)) {
        return INFER_TEXT;
    }
    return a->bools == a->values ? INFER_BOOL : INFER_MIXED;
}

size_t infer_attributes(struct infer *f, const struct infer_attribute **out)
{
    for (size_t i = 0; i < f->attributes.count; i++) {
        struct infer_attribute *a = &f->attributes.items[i];
        a->kind = kind_of(a);
        a->distinct = sketch_count(&f->sketches.items[i]);
        a->distinct = a->distinct > a->values ? a->values : a->distinct;
    }
    *out = f->attributes.items;
    return f->attributes.count;
}
