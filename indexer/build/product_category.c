#include "indexer/base/limits.h"
#include "indexer/build/product_values.h"

/* The separator of a path as written: '>' (also "&gt;", ">>", "»"), '|' and '/' between spaces, in this order of
 * preference. `levels`, if not NULL, gets the pieces; returns how many. */
static size_t cut(struct str s, struct str separator, bool spaced, struct str *levels)
{
    size_t count = 0;
    size_t from = 0;
    for (size_t at = 0; at <= s.size; at++) {
        bool end = at == s.size;
        bool here = !end && str_starts_with(str_slice(s, at, s.size), separator);
        if (here && spaced) {
            here =
                at > 0 && s.data[at - 1] == ' ' && at + separator.size < s.size && s.data[at + separator.size] == ' ';
        }
        if (here || end) {
            struct str level = str_trim(str_slice(s, from, at));
            if (level.size && count < LIMIT_CATEGORY_LEVELS) {
                levels[count++] = level;
            }
            if (here) {
                at += separator.size - 1;
                from = at + 1;
            }
        }
    }
    return count;
}

size_t category_levels(struct str s, struct str levels[LIMIT_CATEGORY_LEVELS])
{
    s = str_trim(s);
    if (str_find_char(s, '>') != SIZE_MAX) {
        return cut(s, STR(">"), false, levels);
    }
    if (str_find(s, STR("\xc2\xbb")) != SIZE_MAX) {
        return cut(s, STR("\xc2\xbb"), false, levels);
    }
    if (str_find_char(s, '|') != SIZE_MAX) {
        return cut(s, STR("|"), false, levels);
    }
    if (str_starts_with(s, STR("Default Category/"))) {
        return cut(str_slice(s, 17, s.size), STR("/"), false, levels); /* Magento */
    }
    return cut(s, STR("/"), true, levels);
}

struct str category_join(const struct str *levels, size_t count, struct arena *arena)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += levels[i].size + 3;
    }
    char *out = arena_alloc(arena, size + 1);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i) {
            memcpy(out + at, " > ", 3);
            at += 3;
        }
        memcpy(out + at, levels[i].data, levels[i].size);
        at += levels[i].size;
    }
    return (struct str){out, at};
}

static bool is_path(struct str s)
{
    struct str levels[LIMIT_CATEGORY_LEVELS];
    return category_levels(s, levels) > 1;
}

static void add_path(struct category_paths *paths, struct str path)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (str_equal(paths->items[i], path)) {
            return;
        }
    }
    if (path.size && paths->count < CATEGORY_PATHS) {
        paths->items[paths->count++] = path;
    }
}

/* "Clothing > Shirts, Clothing > Sale" (WooCommerce): every piece a path, all from one root. A comma within a name has
 * another root or no path behind it. */
static bool is_list_of_paths(struct str s)
{
    struct str root = {0};
    struct str rest = s;
    if (str_find_char(s, ',') == SIZE_MAX) {
        return false;
    }
    while (rest.data) {
        struct str piece = str_split(&rest, ',');
        size_t end = str_find_char(piece, '>');
        struct str first = end == SIZE_MAX ? (struct str){0} : str_trim(str_slice(piece, 0, end));
        if (first.size == 0 || (root.size && !str_equal(first, root))) {
            return false;
        }
        root = first;
    }
    return true;
}

static void add_string(struct category_paths *paths, struct str s, struct arena *arena)
{
    struct str levels[LIMIT_CATEGORY_LEVELS];
    bool magento = str_starts_with(s, STR("Default Category"));
    struct str rest = s;
    if (is_list_of_paths(s)) {
        while (rest.data) {
            struct str piece = str_split(&rest, ',');
            add_path(paths, category_join(levels, category_levels(piece, levels), arena));
        }
        return;
    }
    while (magento && rest.data) { /* "Default Category/Men,Default Category/Men/Tops" */
        struct str piece = str_split(&rest, ',');
        if (str_starts_with(piece, STR("Default Category/"))) {
            size_t count = category_levels(piece, levels);
            add_path(paths, category_join(levels, count, arena));
        }
    }
    if (!magento) {
        size_t count = category_levels(s, levels);
        add_path(paths, count > 1 ? category_join(levels, count, arena) : count ? levels[0] : (struct str){0});
    }
}

static void add_array(struct category_paths *paths, const struct json *array, struct arena *arena)
{
    struct str levels[LIMIT_CATEGORY_LEVELS];
    size_t count = 0;
    bool several = false;
    for (uint32_t i = 0; i < array->count; i++) {
        const struct json *item = &array->items[i];
        several = several || item->type == JSON_ARRAY || (item->type == JSON_STRING && is_path(item->text));
        if (item->type == JSON_STRING && count < LIMIT_CATEGORY_LEVELS && str_trim(item->text).size) {
            levels[count++] = str_trim(item->text);
        }
    }
    if (!several) {
        add_path(paths, count ? category_join(levels, count, arena) : (struct str){0});
        return;
    }
    for (uint32_t i = 0; i < array->count; i++) {
        const struct json *item = &array->items[i];
        if (item->type == JSON_STRING) {
            add_string(paths, item->text, arena);
        } else if (item->type == JSON_ARRAY) {
            add_array(paths, item, arena);
        }
    }
}

void category_paths_of(const struct json *value, struct arena *arena, struct category_paths *paths)
{
    paths->count = 0;
    if (!value) {
        return;
    }
    if (value->type == JSON_STRING) {
        add_string(paths, value->text, arena);
    } else if (value->type == JSON_ARRAY) {
        add_array(paths, value, arena);
    }
}
