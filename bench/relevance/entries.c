#include "bench/relevance/entries.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/entries_internal.h"
#include "indexer/base/file.h"
#include "indexer/base/number.h"

enum { FILE_LIMIT = 1 << 30 };

void entries_init(struct entries *e)
{
    *e = (struct entries){.tag = ""};
    arena_init(&e->arena, 0);
}

void entries_release(struct entries *e)
{
    vec_release(&e->list);
    vec_release(&e->queries);
    arena_release(&e->arena);
}

/* Neighbours often are of one query, whose name is then stored once. */
void entries_add(struct entries *e, struct str query, struct str doc, double value)
{
    const char *id = e->list.count ? e->list.items[e->list.count - 1].query : NULL;
    if (!id || !str_equal(str_from(id), query))
        id = arena_copy(&e->arena, query).data;
    struct entry entry = {id, arena_copy(&e->arena, doc).data, value};
    vec_push(&e->list, entry);
}

static int by_query_and_doc(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = x->query == y->query ? 0 : strcmp(x->query, y->query);
    return order ? order : strcmp(x->doc, y->doc);
}

void entries_sort(struct entries *e)
{
    if (e->list.count)
        qsort(e->list.items, e->list.count, sizeof(*e->list.items), by_query_and_doc);
    e->queries.count = 0;
    for (size_t from = 0, to; from < e->list.count; from = to) {
        for (to = from + 1; to < e->list.count && strcmp(e->list.items[to].query, e->list.items[from].query) == 0; to++)
            ;
        struct entries_query query = {e->list.items[from].query, e->list.items + from, to - from};
        vec_push(&e->queries, query);
    }
    for (size_t i = 0; i < e->list.count; i++) {
        if (i == 0 || e->list.items[i].value > e->top_value)
            e->top_value = e->list.items[i].value;
    }
}

const struct entries_query *entries_find(const struct entries *e, const char *query)
{
    size_t low = 0;
    size_t high = e->queries.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(e->queries.items[middle].id, query);
        if (order == 0)
            return &e->queries.items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void entries_keep_answerable(struct entries *judgments, long level)
{
    size_t kept = 0;
    for (size_t i = 0; i < judgments->queries.count; i++) {
        const struct entries_query *q = &judgments->queries.items[i];
        bool relevant = false;
        for (size_t k = 0; k < q->count && !relevant; k++)
            relevant = q->items[k].value >= (double)level;
        if (relevant)
            judgments->queries.items[kept++] = *q;
    }
    judgments->queries.count = kept;
}

/* What `word` stands for in "Exact=2,Partial=1". */
static bool word_grade(const char *grades, struct str word, double *grade)
{
    struct str rest = str_from(grades);
    while (grades && rest.data) {
        struct str pair = str_split(&rest, ',');
        size_t equals = str_find_char(pair, '=');
        if (equals != SIZE_MAX && str_equal_nocase(str_trim(str_slice(pair, 0, equals)), word))
            return number_parse_double(str_trim(str_slice(pair, equals + 1, pair.size)), grade);
    }
    return false;
}

enum status entries_grade(const struct entries_options *options, struct str text, double *grade, struct error *err)
{
    if (!word_grade(options->grades, text, grade) && !number_parse_double(text, grade))
        return error_set(err, STATUS_INPUT, "'" STR_FMT "' is no grade: a whole number%s", STR_ARG(text),
                         options->grades ? " or a word of --grades" : "; --grades says what words stand for");
    if (!(*grade >= -GRADE_MOST && *grade <= GRADE_MOST) || *grade != (double)(long)*grade)
        return error_set(err, STATUS_INPUT, "the grade '" STR_FMT "' is not whole or beyond %d", STR_ARG(text),
                         GRADE_MOST);
    return STATUS_OK;
}

static enum status parse_format(struct entries *out, const struct entries_source *source, struct error *err)
{
    struct str format = str_from(source->options->format ? source->options->format : "auto");
    struct str text = source->text;
    size_t first = 0;
    while (first < text.size && strchr(" \t\r\n", text.data[first]))
        first++;
    if (text.size == 0)
        return error_set(err, STATUS_INPUT, "%s: the file is empty", source->name);
    if (memchr(text.data, 0, text.size))
        return error_set(err, STATUS_INPUT, "%s: the file holds a NUL byte", source->name);
    if (str_equal(format, STR("json")))
        return entries_json(out, source, err);
    if (str_equal(format, STR("csv")))
        return entries_csv(out, source, err);
    if (str_equal(format, STR("auto")) && first < text.size && (text.data[first] == '{' || text.data[first] == '['))
        return entries_json(out, source, err);
    if (str_equal(format, STR("auto")) && entries_csv_is(text))
        return entries_csv(out, source, err);
    return entries_trec(out, source, err);
}

enum status entries_parse(struct entries *out, struct str text, const char *name, const struct entries_options *options,
                          struct error *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (str_starts_with(text, STR(bom)))
        text = str_slice(text, 3, text.size);
    struct entries_source source = {text, name, options};
    entries_init(out);
    enum status status = parse_format(out, &source, err);
    if (status == STATUS_OK && out->list.count == 0 && options->kind == ENTRIES_JUDGMENTS)
        status = error_set(err, STATUS_INPUT, "%s: the file has no judgments", name);
    if (status == STATUS_OK) {
        out->tag = arena_copy(&out->arena, str_from(out->tag && out->tag[0] ? out->tag : name)).data;
        entries_sort(out);
    }
    return status;
}

static enum status read_input(const char *path, struct buf *text, struct error *err)
{
    if (strcmp(path, "-") != 0)
        return file_read_all(path, text, FILE_LIMIT, err);
    char block[65536];
    size_t size;
    while ((size = fread(block, 1, sizeof(block), stdin)) > 0 && text->size < FILE_LIMIT)
        buf_append(text, block, size);
    return ferror(stdin) ? error_errno(err, "cannot read standard input") : STATUS_OK;
}

enum status entries_read(struct entries *out, const char *path, const struct entries_options *options,
                         struct error *err)
{
    struct buf text = BUF_EMPTY;
    entries_init(out);
    enum status status = read_input(path, &text, err);
    if (status == STATUS_OK)
        status = entries_parse(out, buf_str(&text), strcmp(path, "-") == 0 ? "standard input" : path, options, err);
    buf_release(&text);
    return status;
}
