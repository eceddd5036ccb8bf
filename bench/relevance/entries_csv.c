/* CSV and TSV with a header: columns are found by their names. */
#include <math.h>
#include <stdio.h>

#include "bench/relevance/entries_internal.h"
#include "indexer/base/number.h"
#include "indexer/build/feed_csv.h"

enum column { COLUMN_QUERY, COLUMN_DOC, COLUMN_GRADE, COLUMN_SCORE, COLUMN_RANK, COLUMN_COUNT };

/* The better name first: a file may have both a query's id and its text. */
static const char *const column_names[COLUMN_COUNT][10] = {
    {"query_id", "queryid", "qid", "query", "q", "topic", NULL},
    {"docid", "doc_id", "objectid", "product_id", "productid", "document_id", "document", "doc", "id", NULL},
    {"rating", "grade", "relevance", "relevancy", "label", "esci_label", "judgment", "judgement", "rel", NULL},
    {"score", "sim", "similarity", NULL},
    {"rank", "position", NULL},
};

struct header {
    struct csv_dialect dialect;
    int columns[COLUMN_COUNT]; /* -1: not there */
};

static void read_header(struct str text, struct header *h, size_t *used, struct arena *arena)
{
    struct csv_row row = {0};
    size_t sample = text.size < 65536 ? text.size : 65536;
    h->dialect = csv_dialect_find(str_slice(text, 0, sample), sample == text.size, 0);
    csv_row_parse(&h->dialect, text, true, CSV_COLUMNS, arena, &row);
    *used = row.used;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        h->columns[c] = -1;
        for (const char *const *name = column_names[c]; *name && h->columns[c] < 0; name++) {
            for (uint32_t i = 0; i < row.count && h->columns[c] < 0; i++) {
                if (str_equal_nocase(row.cells[i], str_from(*name)))
                    h->columns[c] = (int)i;
            }
        }
    }
}

bool entries_csv_is(struct str text)
{
    struct arena arena;
    struct header header;
    size_t used;
    arena_init(&arena, 0);
    read_header(text, &header, &used, &arena);
    arena_release(&arena);
    return header.columns[COLUMN_QUERY] >= 0 && header.columns[COLUMN_DOC] >= 0;
}

static size_t count_lines(struct str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static struct str cell_of(const struct csv_row *row, int column)
{
    return column >= 0 && (uint32_t)column < row->count ? row->cells[column] : (struct str){"", 0};
}

/* A row's number: its grade, its score, else what its rank or place says. */
static enum status value_of(const struct entries_options *options, const struct header *h, const struct csv_row *row,
                            double *value, struct error *err)
{
    bool run = options->kind == ENTRIES_RUN;
    int column = !run ? COLUMN_GRADE : h->columns[COLUMN_SCORE] >= 0 ? COLUMN_SCORE : COLUMN_RANK;
    struct str text = cell_of(row, h->columns[column]);
    if (!run)
        return entries_grade(options, text, value, err);
    if (h->columns[column] < 0)
        return STATUS_OK;
    if (!number_parse_double(text, value) || !isfinite(*value))
        return error_set(err, STATUS_INPUT, "'" STR_FMT "' is no %s", STR_ARG(text),
                         column == COLUMN_SCORE ? "score" : "rank");
    if (column == COLUMN_RANK)
        *value = -*value;
    return STATUS_OK;
}

static enum status take_row(struct entries *out, const struct entries_source *source, const struct header *h,
                            const struct csv_row *row, struct error *err)
{
    struct str query = cell_of(row, h->columns[COLUMN_QUERY]);
    struct str doc = cell_of(row, h->columns[COLUMN_DOC]);
    double value = -(double)out->list.count;
    if (query.size == 0 || doc.size == 0)
        return error_set(err, STATUS_INPUT, "the %s is empty", query.size ? "document" : "query");
    if (source->options->kind == ENTRIES_JUDGMENTS && cell_of(row, h->columns[COLUMN_GRADE]).size == 0)
        return STATUS_OK; /* not rated yet */
    enum status status = value_of(source->options, h, row, &value, err);
    if (status == STATUS_OK)
        entries_add(out, query, doc, value);
    return status;
}

enum status entries_csv(struct entries *out, const struct entries_source *source, struct error *err)
{
    struct arena arena;
    struct header header;
    struct str rest = source->text;
    size_t used;
    enum status status = STATUS_OK;
    arena_init(&arena, 0);
    read_header(rest, &header, &used, &arena);
    const char *missing = header.columns[COLUMN_QUERY] < 0                                                 ? "query"
                          : header.columns[COLUMN_DOC] < 0                                                 ? "docid"
                          : source->options->kind == ENTRIES_JUDGMENTS && header.columns[COLUMN_GRADE] < 0 ? "rating"
                                                                                                           : NULL;
    if (missing)
        status = error_set(err, STATUS_INPUT, "%s:1: the header has no column '%s'", source->name, missing);
    for (size_t line = 1; status == STATUS_OK;) {
        struct csv_row row = {0};
        line += count_lines(str_slice(rest, 0, used));
        rest = str_slice(rest, used, rest.size);
        if (rest.size == 0)
            break;
        arena_reset(&arena);
        csv_row_parse(&header.dialect, rest, true, CSV_COLUMNS, &arena, &row);
        used = row.used;
        if (row.count == 1 && row.cells[0].size == 0)
            continue;
        status = take_row(out, source, &header, &row, err);
        if (status != STATUS_OK)
            error_prefix(err, "%s:%zu", source->name, line);
    }
    arena_release(&arena);
    return status;
}
