#include "bench/relevance/queries.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/base/map.h"
#include "indexer/base/number.h"
#include "indexer/build/feed_csv.h"

enum { FILE_LIMIT = 1 << 30 };

static void add(struct queries *q, struct str id, struct str text, double count, const struct json *params)
{
    struct query_line line = {arena_copy(&q->arena, id.size ? id : text).data, arena_copy(&q->arena, text), params,
                              count};
    vec_push(&q->list, line);
}

static enum status take_count(struct str text, double *count, struct error *err)
{
    *count = 1;
    if (text.size && (!number_parse_double(text, count) || !isfinite(*count) || *count < 0))
        return error_set(err, STATUS_INPUT, "'" STR_FMT "' is no count", STR_ARG(text));
    return STATUS_OK;
}

/* ---- lines and tables ---- */

enum column { COLUMN_ID, COLUMN_TEXT, COLUMN_COUNT_OF, COLUMNS };

static const char *const names[COLUMNS][8] = {
    {"query_id", "queryid", "qid", "id", NULL},
    {"query", "text", "user_query", "query_text", "term", NULL},
    {"count", "popularity", "frequency", "searches", NULL},
};

static bool find_columns(const struct csv_row *row, int *columns)
{
    for (int c = 0; c < COLUMNS; c++) {
        columns[c] = -1;
        for (const char *const *name = names[c]; *name && columns[c] < 0; name++) {
            for (uint32_t i = 0; i < row->count && columns[c] < 0; i++)
                columns[c] = str_equal_nocase(row->cells[i], str_from(*name)) ? (int)i : -1;
        }
    }
    return columns[COLUMN_TEXT] >= 0 && row->count > 1;
}

static struct str cell(const struct csv_row *row, int column)
{
    return column >= 0 && (uint32_t)column < row->count ? row->cells[column] : (struct str){"", 0};
}

static enum status parse_table(struct queries *q, struct str rest, const struct csv_dialect *dialect,
                               const int *columns, struct error *err)
{
    struct arena arena;
    enum status status = STATUS_OK;
    size_t row_number = 1;
    arena_init(&arena, 0);
    while (rest.size && status == STATUS_OK) {
        struct csv_row row = {0};
        double count;
        arena_reset(&arena);
        csv_row_parse(dialect, rest, true, CSV_COLUMNS, &arena, &row);
        rest = str_slice(rest, row.used, rest.size);
        struct str text = cell(&row, columns[COLUMN_TEXT]);
        status = take_count(cell(&row, columns[COLUMN_COUNT_OF]), &count, err);
        if (status != STATUS_OK)
            error_prefix(err, "row %zu", row_number);
        else if (text.size)
            add(q, cell(&row, columns[COLUMN_ID]), text, count, NULL);
        row_number++;
    }
    arena_release(&arena);
    return status;
}

static enum status parse_lines(struct queries *q, struct str rest, enum queries_kind kind, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t number = 1; rest.data && status == STATUS_OK; number++) {
        struct str line = str_trim(str_split(&rest, '\n'));
        struct str tail = line;
        struct str first = str_split(&tail, '\t');
        double count = 1;
        if (line.size == 0)
            continue;
        struct str second = tail.data ? str_trim(str_split(&tail, '\t')) : (struct str){NULL, 0};
        if (kind == QUERIES_LOGGED)
            status = take_count(second, &count, err);
        if (status != STATUS_OK)
            error_prefix(err, "line %zu", number);
        else if (kind == QUERIES_LISTED && second.size)
            add(q, str_trim(first), second, 1, NULL);
        else
            add(q, (struct str){NULL, 0}, str_trim(first), count, NULL);
    }
    return status;
}

/* ---- JSON ---- */

static enum status take_json(struct queries *q, const struct json *value, struct error *err)
{
    struct str text;
    struct str id = {NULL, 0};
    double count = 1;
    const struct json *params = json_get(value, "params");
    const struct json *given = json_get(value, "id");
    given = given ? given : json_get(value, "query_id");
    if (json_string(value, &text)) {
        add(q, id, text, 1, NULL);
        return STATUS_OK;
    }
    if (!json_string(json_get(value, "query"), &text) && !json_string(json_get(value, "user_query"), &text))
        return error_set(err, STATUS_INPUT, "'query' is missing or no string");
    if (given && (given->type == JSON_STRING || given->type == JSON_NUMBER))
        id = given->text;
    if (json_get(value, "count") && (!json_double(json_get(value, "count"), &count) || !(count >= 0)))
        return error_set(err, STATUS_INPUT, "'count' is no number above 0");
    if (params && params->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'params' is no object");
    add(q, id, text, count, params);
    return STATUS_OK;
}

static enum status parse_json(struct queries *q, struct str rest, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t number = 1; (rest = str_trim(rest)).size && status == STATUS_OK; number++) {
        struct json value;
        size_t used = 0;
        status = json_parse_prefix(rest, &q->arena, &value, &used, err);
        for (uint32_t i = 0; status == STATUS_OK && value.type == JSON_ARRAY && i < value.count; i++) {
            status = take_json(q, &value.items[i], err);
            number += status == STATUS_OK;
        }
        if (status == STATUS_OK && value.type != JSON_ARRAY)
            status = take_json(q, &value, err);
        if (status != STATUS_OK)
            error_prefix(err, "query %zu", number);
        else
            rest = str_slice(rest, used, rest.size);
    }
    return status;
}

/* A query listed twice is asked once; one id for two texts is wrong. */
static enum status drop_twice(struct queries *q, struct error *err)
{
    struct map places;
    size_t kept = 0;
    enum status status = STATUS_OK;
    map_init(&places);
    for (size_t i = 0; i < q->list.count && status == STATUS_OK; i++) {
        bool added;
        const uint64_t *place = map_put(&places, str_from(q->list.items[i].id), kept, &added);
        if (added)
            q->list.items[kept++] = q->list.items[i];
        else if (!str_equal(q->list.items[*place].text, q->list.items[i].text))
            status = error_set(err, STATUS_INPUT, "the id '%s' stands for two queries", q->list.items[i].id);
    }
    q->list.count = kept;
    map_release(&places);
    return status;
}

enum status queries_parse(struct queries *out, struct str text, const char *name, enum queries_kind kind,
                          struct error *err)
{
    struct arena arena;
    struct csv_row header = {0};
    int columns[COLUMNS];
    enum status status;
    *out = (struct queries){.list = {0}};
    arena_init(&out->arena, 0);
    arena_init(&arena, 0);
    /* JSON's strings are borrowed from the text */
    text = arena_copy(&out->arena, str_starts_with(text, STR("\xef\xbb\xbf")) ? str_slice(text, 3, text.size) : text);
    struct str trimmed = str_trim(text);
    size_t sample = text.size < 65536 ? text.size : 65536;
    if (trimmed.size && strchr("[{\"", trimmed.data[0])) {
        status = parse_json(out, text, err);
    } else {
        struct csv_dialect dialect = csv_dialect_find(str_slice(text, 0, sample), sample == text.size, 0);
        csv_row_parse(&dialect, text, true, CSV_COLUMNS, &arena, &header);
        status = find_columns(&header, columns)
                     ? parse_table(out, str_slice(text, header.used, text.size), &dialect, columns, err)
                     : parse_lines(out, text, kind, err);
    }
    if (status == STATUS_OK && kind == QUERIES_LISTED)
        status = drop_twice(out, err);
    if (status == STATUS_OK && out->list.count == 0)
        status = error_set(err, STATUS_INPUT, "there are no queries");
    if (status != STATUS_OK)
        error_prefix(err, "%s", name);
    arena_release(&arena);
    return status;
}

enum status queries_read(struct queries *out, const char *path, enum queries_kind kind, struct error *err)
{
    struct buf text = BUF_EMPTY;
    *out = (struct queries){.list = {0}};
    enum status status = file_read_all(path, &text, FILE_LIMIT, err);
    if (status == STATUS_OK)
        status = queries_parse(out, buf_str(&text), path, kind, err);
    buf_release(&text);
    return status;
}

void queries_release(struct queries *q)
{
    vec_release(&q->list);
    arena_release(&q->arena);
}

static int by_count(const void *a, const void *b)
{
    const struct query_line *x = a;
    const struct query_line *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return str_compare(x->text, y->text);
}

void queries_merge(struct queries *q)
{
    struct map places;
    size_t kept = 0;
    map_init(&places);
    for (size_t i = 0; i < q->list.count; i++) {
        bool added;
        uint64_t *place = map_put(&places, q->list.items[i].text, kept, &added);
        if (!added) {
            q->list.items[*place].count += q->list.items[i].count;
            continue;
        }
        q->list.items[kept] = q->list.items[i];
        q->list.items[kept].id = arena_copy(&q->arena, q->list.items[i].text).data;
        kept++;
    }
    q->list.count = kept;
    qsort(q->list.items, kept, sizeof(*q->list.items), by_count);
    map_release(&places);
}
