#include <stdio.h>

#include "indexer/base/hash.h"
#include "indexer/build/feed_internal.h"
#include "indexer/build/product.h"

enum { KEY_BYTES = 64, SURVEY_COLUMNS = 1024 };

void feed_id_survey_release(struct feed_id_survey *s)
{
    vec_release(&s->columns);
    map_release(&s->names);
    map_release(&s->values);
    arena_release(&s->arena);
}

void feed_id_survey_item(struct feed_id_survey *s)
{
    s->items++;
}

static bool like_key(struct str value)
{
    if (value.size > KEY_BYTES) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = (uint8_t)value.data[i];
        if (c <= ' ' || c == '/' || c == ',' || c >= 0x80) {
            return false;
        }
    }
    return true;
}

void feed_id_survey_value(struct feed_id_survey *s, struct str name, struct str value)
{
    bool added;
    uint64_t *place = value.size ? map_get(&s->names, name) : NULL;
    if (value.size && !place && s->columns.count < SURVEY_COLUMNS) {
        struct feed_id_column column = {.name = arena_copy(&s->arena, name)};
        place = map_put(&s->names, name, s->columns.count, &added);
        vec_push(&s->columns, column);
    }
    if (!place) {
        return;
    }
    uint64_t index = *place;
    struct feed_id_column *column = &s->columns.items[index];
    column->filled++;
    if (!like_key(value)) {
        column->text = true;
        return;
    }
    uint64_t key[2] = {index, hash64(value.data, value.size)};
    (void)map_put(&s->values, (struct str){(const char *)key, sizeof(key)}, 0, &added);
    column->repeated += !added;
}

static const struct feed_id_column *best_id_name(const struct feed_id_survey *s)
{
    const struct feed_id_column *best = NULL;
    unsigned best_rank = 0;
    for (size_t i = 0; i < s->columns.count; i++) {
        const struct feed_id_column *column = &s->columns.items[i];
        unsigned rank;
        if (role_of_name_ranked(column->name, &rank) == ROLE_ID && column->filled * 2 >= s->items &&
            (!best || rank < best_rank)) {
            best = column;
            best_rank = rank;
        }
    }
    return best;
}

static const struct feed_id_column *best_key(const struct feed_id_survey *s, bool gtin)
{
    for (size_t i = 0; i < s->columns.count; i++) {
        const struct feed_id_column *column = &s->columns.items[i];
        unsigned rank = 0;
        enum role role = role_of_name_ranked(column->name, &rank);
        bool is_gtin = role == ROLE_IDENTIFIER && rank <= 3;
        bool is_key = role == ROLE_NONE || role == ROLE_IDENTIFIER;
        uint64_t allowed = gtin ? s->items / 10 : 0;
        if ((gtin ? is_gtin : is_key) && !column->text && column->filled == s->items && column->repeated <= allowed) {
            return column;
        }
    }
    return NULL;
}

struct str feed_id_survey_choose(struct feed_id_survey *s, struct feed_reader *r)
{
    static const char *const because[] = {"", " (no id field; a code that nearly all have alone)",
                                          " (no id field; the first that is filled and unique)"};
    struct feed_info *info = r->info;
    size_t step = 0;
    const struct feed_id_column *column = best_id_name(s);
    if (!column && s->items > 1) {
        step = 1;
        column = best_key(s, true);
    }
    if (!column && s->items > 1) {
        step = 2;
        column = best_key(s, false);
    }
    if (!column) {
        snprintf(info->id_source, sizeof(info->id_source), "a hash of the item (no id field)");
        return (struct str){0};
    }
    struct str name = arena_copy(r->arena, column->name);
    snprintf(info->id_source, sizeof(info->id_source), "'%.30s'%s", name.data, because[step]);
    return name;
}
