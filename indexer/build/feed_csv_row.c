#include "indexer/build/feed_csv.h"

#include "indexer/base/buf.h"

static void add_cell(struct csv_row *row, struct str cell, struct arena *arena)
{
    if (row->count == row->capacity) {
        uint32_t capacity = row->capacity ? row->capacity * 2 : 32;
        struct str *cells = arena_alloc(arena, capacity * sizeof(*cells));
        if (row->count) {
            memcpy(cells, row->cells, row->count * sizeof(*cells));
        }
        row->cells = cells;
        row->capacity = capacity;
    }
    row->cells[row->count++] = str_trim(cell);
}

/* The offset behind the blanks at `at`. */
static size_t skip_blanks(struct str text, size_t at, char separator)
{
    while (at < text.size && text.data[at] != separator && (text.data[at] == ' ' || text.data[at] == '\t')) {
        at++;
    }
    return at;
}

static bool ends_cell(struct str text, size_t at, char separator)
{
    return at >= text.size || text.data[at] == separator || text.data[at] == '\n' || text.data[at] == '\r';
}

/* Bytes of a quoted cell with the quotes undone, in the arena. */
static struct str unquote(struct str raw, bool backslash, struct arena *arena)
{
    char *out = arena_alloc(arena, raw.size ? raw.size : 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.size; i++) {
        bool next_quote = i + 1 < raw.size && raw.data[i + 1] == '"';
        bool next_backslash = backslash && i + 1 < raw.size && raw.data[i] == '\\' && raw.data[i + 1] == '\\';
        if ((raw.data[i] == '"' && next_quote) || (backslash && raw.data[i] == '\\' && next_quote) || next_backslash) {
            i++;
        }
        out[n++] = raw.data[i];
    }
    return (struct str){out, n};
}

/* A line's end behind a quote is inside the row while cells are missing. */
static bool inside(const struct csv_dialect *d, struct str text, size_t at, const struct csv_row *row)
{
    bool line_end = at < text.size && text.data[at] != d->separator;
    return line_end && d->columns && row->count + 1 != d->columns;
}

/* A quoted cell whose quote stands before `at`; the offset of what follows it, or SIZE_MAX when text ends inside. */
static size_t quoted_cell(const struct csv_dialect *d, struct str text, size_t at, bool final, struct arena *arena,
                          struct csv_row *row)
{
    size_t from = at;
    bool escapes = false;
    while (at < text.size) {
        const char *found = NULL;
        if (d->backslash) {
            while (at < text.size && text.data[at] != '"' && text.data[at] != '\\') {
                at++;
            }
            found = at < text.size ? text.data + at : NULL;
        } else {
            found = memchr(text.data + at, '"', text.size - at);
        }
        if (!found) {
            break;
        }
        at = (size_t)(found - text.data);
        bool next_quote = at + 1 < text.size && text.data[at + 1] == '"';
        if (at + 1 >= text.size && !final) {
            return SIZE_MAX;
        }
        if (*found == '\\') {
            escapes = true;
            at += 2;
            continue;
        }
        size_t after = skip_blanks(text, at + 1, d->separator);
        if (after >= text.size && !final) {
            return SIZE_MAX;
        }
        if (next_quote) {
            escapes = true;
            at += 2;
        } else if (ends_cell(text, after, d->separator) && !inside(d, text, after, row)) {
            struct str raw = str_slice(text, from, at);
            add_cell(row, escapes ? unquote(raw, d->backslash, arena) : raw, arena);
            return after;
        } else {
            row->damaged = true;
            at++;
        }
    }
    if (!final) {
        return SIZE_MAX;
    }
    row->damaged = true;
    add_cell(row, str_slice(text, from, text.size), arena);
    return text.size;
}

void csv_row_parse(const struct csv_dialect *d, struct str text, bool final, uint32_t most, struct arena *arena,
                   struct csv_row *row)
{
    size_t at = 0;
    row->count = 0;
    row->partial = false;
    row->damaged = false;
    for (;;) {
        size_t start = skip_blanks(text, at, d->separator);
        if (start < text.size && text.data[start] == '"') {
            at = quoted_cell(d, text, start + 1, final, arena, row);
        } else {
            while (!ends_cell(text, at, d->separator)) {
                at++;
            }
            add_cell(row, str_slice(text, start > at ? at : start, at), arena);
        }
        /* a line's end or the separator must be seen, and behind '\r' whether '\n' follows */
        bool cut = at != SIZE_MAX && (at >= text.size || (text.data[at] == '\r' && at + 1 >= text.size));
        if (at == SIZE_MAX || (cut && !final)) {
            row->partial = true;
            row->used = text.size;
            return;
        }
        if (at >= text.size) {
            row->used = text.size;
            return;
        }
        if (text.data[at] != d->separator) {
            row->used = at + (text.data[at] == '\r' && at + 1 < text.size && text.data[at + 1] == '\n' ? 2 : 1);
            return;
        }
        at++;
        if (row->count >= most) {
            row->used = at;
            return;
        }
    }
}

/* How well a dialect fits: the part of rows with the header's number of cells, a little more for more cells. */
static double fit(const struct csv_dialect *d, struct str sample, bool final)
{
    struct arena arena;
    struct csv_row row = {0};
    uint32_t columns = 0;
    unsigned good = 0;
    unsigned rows = 0;
    arena_init(&arena, 0);
    while (sample.size && rows < 1000) {
        csv_row_parse(d, sample, final, CSV_COLUMNS, &arena, &row);
        if (row.partial) {
            break;
        }
        bool blank = row.count == 1 && row.cells[0].size == 0;
        if (columns == 0) {
            columns = blank ? 0 : row.count;
        } else if (!blank) {
            rows++;
            good += row.count == columns && !row.damaged;
        }
        sample = str_slice(sample, row.used, sample.size);
        row = (struct csv_row){0};
        arena_reset(&arena);
    }
    arena_release(&arena);
    if (columns < 2) {
        return 0;
    }
    double part = rows ? (double)good / rows : .5;
    return part + .01 * (columns < 20 ? columns : 20);
}

struct csv_dialect csv_dialect_find(struct str sample, bool final, char separator)
{
    static const char separators[] = {',', ';', '\t', '|'};
    struct csv_dialect best = {.separator = separator ? separator : ','};
    double best_fit = 0;
    bool escaped = str_find(sample, STR("\\\"")) != SIZE_MAX;
    for (size_t i = 0; i < sizeof(separators); i++) {
        for (int backslash = 0; backslash <= (escaped ? 1 : 0); backslash++) {
            struct csv_dialect d = {.separator = separators[i], .backslash = backslash != 0};
            if (separator && separator != d.separator) {
                continue;
            }
            double this_fit = fit(&d, sample, final);
            if (this_fit > best_fit) {
                best_fit = this_fit;
                best = d;
            }
        }
    }
    return best;
}

struct json csv_list(struct str text, struct arena *arena)
{
    struct json list = {.type = JSON_ARRAY, .items = arena_alloc(arena, (text.size + 1) * sizeof(struct json))};
    char *bytes = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i <= text.size; i++) {
        bool own = i + 1 < text.size && text.data[i] == '\\' && text.data[i + 1] == ',';
        if (i < text.size && (own || text.data[i] != ',')) {
            bytes[size++] = text.data[own ? ++i : i];
            continue;
        }
        struct str piece = str_trim((struct str){bytes, size});
        if (piece.size) {
            list.items[list.count++] = json_of_str(piece);
        }
        bytes += size;
        size = 0;
    }
    return list.count == 1 ? list.items[0] : list;
}
