#include "indexer/build/feed_csv.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_csv_magento.h"
#include "indexer/build/feed_csv_shopify.h"
#include "indexer/build/feed_csv_woo.h"
#include "indexer/build/feed_internal.h"
#include "indexer/build/product.h"

/* More than this many odd rows after a broken one are no accident: they are taken. */
enum { ODD_ROWS = 3 };

/* What the first cell of good rows looks like: after a row with broken quotes, it tells a row's start from a line in
 * the middle of one. */
struct shape {
    uint64_t rows;
    size_t shortest, longest;
    unsigned classes;
};

struct csv_feed {
    struct feed_reader *r;
    struct csv_dialect dialect;
    struct str *names; /* the columns' */
    uint32_t columns;
    uint32_t id_column; /* == columns: a hash */
    uint64_t line;      /* of the window's first byte */
    struct csv_row row;
    struct shape shape;
    uint64_t resync_bytes;       /* left for looking for the next good row */
    bool after_bad;              /* the row before was rejected: what does not begin like a row is still its rest */
    unsigned odd_rows;           /* since then: as many cells as a row, but not beginning like one */
    struct csv_shopify *shopify; /* NULL: not its export */
    struct csv_magento *magento;
    struct csv_woo *woo;
};

static unsigned classes_of(struct str cell)
{
    unsigned classes = 0;
    for (size_t i = 0; i < cell.size; i++) {
        uint8_t c = (uint8_t)cell.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        classes |= c >= '0' && c <= '9'               ? 1u
                   : letter                           ? 2u
                   : c == '-' || c == '_' || c == '.' ? 4u
                   : c >= 0x80                        ? 8u
                                                      : 16u;
    }
    return classes;
}

static bool has_shape(const struct csv_feed *f, struct str cell)
{
    if (f->shape.rows < 3) {
        return cell.size > 0;
    }
    size_t slack = f->shape.rows >= 10 && f->shape.shortest == f->shape.longest ? 0 : f->shape.longest;
    size_t least = slack ? (f->shape.shortest + 1) / 2 : f->shape.shortest;
    return cell.size > 0 && cell.size >= least && cell.size <= f->shape.longest + slack &&
           (classes_of(cell) & ~f->shape.classes) == 0;
}

static void learn_shape(struct csv_feed *f, struct str cell)
{
    f->shape.shortest = f->shape.rows++ == 0 || cell.size < f->shape.shortest ? cell.size : f->shape.shortest;
    f->shape.longest = cell.size > f->shape.longest ? cell.size : f->shape.longest;
    f->shape.classes |= classes_of(cell);
}

static void parse_row(struct csv_feed *f, const struct csv_dialect *dialect, struct str text, bool final)
{
    f->row.capacity = 0; /* the cells' array may have gone with the arena */
    csv_row_parse(dialect, text, final, f->columns + 64, &f->r->items, &f->row);
    /* separators too many at the line's end are harmless */
    while (!f->row.partial && f->row.count > f->columns && f->row.cells[f->row.count - 1].size == 0) {
        f->row.count--;
    }
}

/* Parses the row at the window's start, reading on until it is whole or larger than an item may be. */
static void next_row(struct csv_feed *f)
{
    struct feed_source *source = f->r->source;
    size_t wanted = feed_source_window(source).size;
    for (;;) {
        struct str w = feed_source_window(source);
        bool final = feed_source_ended(source) || w.size >= FEED_ITEM_BYTES;
        if (w.size) {
            parse_row(f, &f->dialect, w, final);
        }
        if (feed_source_ended(source) || (w.size && !f->row.partial)) {
            return;
        }
        arena_reset(&f->r->items);
        wanted = wanted < FEED_CHUNK_BYTES ? FEED_CHUNK_BYTES * 2 : wanted * 2;
        feed_source_fill(source, wanted);
    }
}

static void consume(struct csv_feed *f, size_t size)
{
    struct str w = feed_source_window(f->r->source);
    for (size_t i = 0; i < size; i++) {
        f->line += w.data[i] == '\n';
    }
    feed_source_consume(f->r->source, size);
    feed_report_progress(f->r);
}

static bool good_row(const struct csv_feed *f)
{
    return f->row.count == f->columns && !f->row.partial;
}

/* Where the next good row begins behind a bad one that starts the window: at one of its lines, or behind it. */
static size_t resync(struct csv_feed *f, struct str bad, bool final)
{
    struct str w = feed_source_window(f->r->source);
    size_t at = 0;
    while (f->resync_bytes > 0) {
        const char *end = memchr(bad.data + at, '\n', bad.size - at);
        if (!end || (size_t)(end - bad.data) + 1 >= bad.size) {
            break;
        }
        at = (size_t)(end - bad.data) + 1;
        arena_reset(&f->r->items);
        parse_row(f, &f->dialect, str_slice(w, at, w.size), final);
        f->resync_bytes -= f->row.used < f->resync_bytes ? f->row.used : f->resync_bytes;
        if (good_row(f) && has_shape(f, f->row.cells[0])) {
            return at;
        }
    }
    return bad.size;
}

/* True when a line of the row, but not its first, begins like a row of its own. */
static bool holds_rows(const struct csv_feed *f, struct str raw)
{
    for (;;) {
        size_t end = str_find_char(raw, '\n');
        if (end == SIZE_MAX || end + 1 >= raw.size) {
            return false;
        }
        raw = str_slice(raw, end + 1, raw.size);
        size_t cell = str_find_char(raw, f->dialect.separator);
        struct str first = cell == SIZE_MAX ? raw : str_trim(str_slice(raw, 0, cell));
        if (first.size > 1 && first.data[0] == '"' && first.data[first.size - 1] == '"') {
            first = str_slice(first, 1, first.size - 1);
        }
        if (cell != SIZE_MAX && has_shape(f, first)) {
            return true;
        }
    }
}

/* Other ways to undo quotes: with backslashes or without, and with quotes before a line's end taken for text. */
static bool mend(struct csv_feed *f, struct str w, bool final)
{
    struct csv_dialect other = f->dialect;
    other.backslash = !other.backslash;
    arena_reset(&f->r->items);
    parse_row(f, &other, w, final);
    if (good_row(f) && has_shape(f, f->row.cells[0]) && memchr(w.data, '\\', f->row.used)) {
        return true;
    }
    other = f->dialect;
    other.columns = f->columns;
    arena_reset(&f->r->items);
    parse_row(f, &other, w, final);
    return good_row(f) && has_shape(f, f->row.cells[0]) && !holds_rows(f, str_slice(w, 0, f->row.used));
}

/* True for what follows a bad row and does not begin as rows do. */
static bool is_rest(const struct csv_feed *f)
{
    return f->after_bad && f->shape.rows >= 10 && !has_shape(f, f->row.cells[0]);
}

/* The row at the window's start has the wrong number of cells. If it cannot be mended it is rejected, and the reading
 * goes on at the next row that is good. */
static bool mend_or_skip(struct csv_feed *f)
{
    struct feed_source *source = f->r->source;
    struct str w = feed_source_window(source);
    uint32_t count = f->row.count;
    size_t used = f->row.used;
    bool partial = f->row.partial;
    bool odd = good_row(f) && is_rest(f);
    bool swallowed = good_row(f) && !odd;
    bool rest = is_rest(f) && !odd;
    if (f->resync_bytes > 0 && mend(f, w, feed_source_ended(source))) {
        return true;
    }
    f->resync_bytes -= f->row.used < f->resync_bytes ? f->row.used : f->resync_bytes;
    char reason[128];
    f->odd_rows += odd;
    if (swallowed) {
        snprintf(reason, sizeof(reason), "a quote is not closed: the next rows would be part of this one");
    } else if (odd) {
        snprintf(reason, sizeof(reason), "taken for the rest of the broken row before it");
    } else if (partial || used >= FEED_ITEM_BYTES) {
        snprintf(reason, sizeof(reason), "a quote is not closed within 1 MiB");
    } else {
        snprintf(reason, sizeof(reason), "%s%u columns where the header has %u", count > f->columns ? "at least " : "",
                 count, f->columns);
    }
    struct str bad = str_slice(w, 0, used);
    size_t line_end = str_find_char(bad, '\n');
    struct str excerpt = str_slice(bad, 0, line_end == SIZE_MAX ? bad.size : line_end);
    excerpt =
        excerpt.size > FEED_EXCERPT_BYTES ? str_slice(excerpt, 0, str_utf8_cut(excerpt, FEED_EXCERPT_BYTES)) : excerpt;
    struct feed_reject reject = {.line = f->line, .reason = reason, .excerpt = excerpt};
    size_t skip = resync(f, bad, feed_source_ended(source));
    if (!rest) {
        feed_reject(f->r, &reject);
    }
    f->after_bad = true;
    consume(f, skip);
    arena_reset(&f->r->items);
    return false;
}

static void reject_row(struct csv_feed *f, struct str field, const char *reason)
{
    struct str excerpt = str_slice(feed_source_window(f->r->source), 0, f->row.used);
    excerpt =
        excerpt.size > FEED_EXCERPT_BYTES ? str_slice(excerpt, 0, str_utf8_cut(excerpt, FEED_EXCERPT_BYTES)) : excerpt;
    struct feed_reject reject = {.line = f->line, .field = field, .reason = reason, .excerpt = str_trim(excerpt)};
    feed_reject(f->r, &reject);
    arena_reset(&f->r->items);
}

static struct json row_object(struct csv_feed *f)
{
    struct json object = {.type = JSON_OBJECT};
    object.members = arena_alloc(&f->r->items, (f->columns + 1) * sizeof(*object.members));
    uint32_t n = 1;
    for (uint32_t i = 0; i < f->columns; i++) {
        if (f->row.cells[i].size) {
            object.members[n++] = (struct json_member){f->names[i], json_of_str(f->row.cells[i])};
        }
    }
    object.count = n;
    return object;
}

static void set_id(struct csv_feed *f, struct json *object)
{
    struct json rest = {.type = JSON_OBJECT, .count = object->count - 1, .members = object->members + 1};
    struct str id = f->id_column < f->columns ? f->row.cells[f->id_column] : feed_item_hash(f->r, &rest);
    struct str name = STR("objectID");
    object->members[0] = (struct json_member){name, json_of_str(id)};
    if (f->id_column < f->columns && str_equal(f->names[f->id_column], name)) {
        (void)json_object_remove(&rest, name); /* the column itself is called so */
        object->count = rest.count + 1;
    }
}

static enum status take_row(struct csv_feed *f, struct error *err)
{
    struct str raw = str_slice(feed_source_window(f->r->source), 0, f->row.used);
    size_t bad_at;
    if (f->row.used > FEED_ITEM_BYTES) {
        reject_row(f, (struct str){0}, "longer than 1 MiB");
        return STATUS_OK;
    }
    if (!str_utf8_valid(raw, &bad_at)) {
        char reason[64];
        snprintf(reason, sizeof(reason), "ill-formed UTF-8 at byte %zu of the row", bad_at);
        reject_row(f, (struct str){0}, reason);
        return STATUS_OK;
    }
    if (!f->after_bad && !f->row.damaged) {
        learn_shape(f, f->row.cells[0]);
    }
    f->after_bad = false;
    f->odd_rows = 0;
    struct feed_item item = {
        .object = row_object(f), .line = f->line, .offset = feed_source_offset(f->r->source), .arena = &f->r->items};
    if (f->shopify) {
        return csv_shopify_row(f->shopify, &item, err);
    }
    if (f->id_column < f->columns && f->row.cells[f->id_column].size == 0) {
        char reason[96];
        snprintf(reason, sizeof(reason), "no '%.40s', which is the feed's id", f->names[f->id_column].data);
        reject_row(f, f->names[f->id_column], reason);
        return STATUS_OK;
    }
    set_id(f, &item.object);
    if (f->magento) {
        return csv_magento_row(f->magento, &item, err);
    }
    return f->woo ? csv_woo_row(f->woo, &item, err) : feed_deliver(f->r, &item, err);
}

static enum status read_rows(struct csv_feed *f, struct error *err)
{
    f->resync_bytes = 64u << 20;
    for (;;) {
        next_row(f);
        if (feed_source_window(f->r->source).size == 0) {
            return STATUS_OK;
        }
        bool blank = f->row.count == 1 && f->row.cells[0].size == 0;
        struct str raw = str_slice(feed_source_window(f->r->source), 0, f->row.used);
        bool good = good_row(f) && (!is_rest(f) || f->odd_rows >= ODD_ROWS) &&
                    !(f->row.damaged && f->resync_bytes > 0 && holds_rows(f, raw));
        if (!blank && !good && !mend_or_skip(f)) {
            continue;
        }
        size_t used = f->row.used;
        enum status status = blank ? STATUS_OK : take_row(f, err);
        if (status != STATUS_OK) {
            return status;
        }
        arena_reset(&f->r->items);
        consume(f, used);
    }
}

/* The name a column has in objects: the mapping's, the header's, "column_3" when that is empty, and a number behind
 * when it is taken. */
static struct str column_name(const struct csv_feed *f, uint32_t column, struct str cell)
{
    struct arena *arena = f->r->arena;
    const struct feed_mapping *mapping = f->r->mapping;
    struct str name = cell.size ? arena_copy(arena, cell) : arena_printf(arena, "column_%u", column + 1);
    for (size_t i = 0; i < mapping->field_count; i++) {
        if (str_equal(mapping->fields[i].path, name) && !str_equal(mapping->fields[i].name, STR("objectID"))) {
            name = arena_copy(arena, mapping->fields[i].name);
        }
    }
    for (uint32_t i = 0; i < column; i++) {
        if (str_equal(f->names[i], name)) {
            return arena_printf(arena, "%.*s_%u", (int)name.size, name.data, column + 1);
        }
    }
    return name;
}

/* Blank lines before the header, and "# ..." ones: templates of portals explain the columns there. */
static void skip_preamble(struct csv_feed *f)
{
    for (;;) {
        struct str w = feed_source_window(f->r->source);
        size_t end = str_find_char(w, '\n');
        struct str line = end == SIZE_MAX ? (struct str){0} : str_trim(str_slice(w, 0, end));
        bool comment = str_starts_with(line, STR("# ")) || str_starts_with(line, STR("\"# "));
        bool excel = line.size == 5 && str_starts_with(line, STR("sep=")); /* Excel's own word for the separator */
        comment = comment || excel;
        if (end == SIZE_MAX || (line.size && !comment)) {
            return;
        }
        consume(f, end + 1);
    }
}

static enum status read_header(struct csv_feed *f, struct error *err)
{
    struct feed_reader *r = f->r;
    f->columns = CSV_COLUMNS;
    next_row(f);
    struct str raw = str_slice(feed_source_window(r->source), 0, f->row.used);
    if (!str_utf8_valid(raw, NULL)) {
        return error_set(err, STATUS_FORMAT, "%s:1: the column names are not in UTF-8; convert the feed to it",
                         r->path);
    }
    if (f->row.count == 0 || f->row.count >= CSV_COLUMNS) {
        return error_set(err, STATUS_FORMAT, "%s:1: the first line is not a header of column names", r->path);
    }
    uint32_t count = f->row.count;
    while (count > 1 && f->row.cells[count - 1].size == 0) {
        count--; /* separators at the end of every line */
    }
    if (count == 1 && r->mapping->field_count == 0 && role_of_name(f->row.cells[0]) == ROLE_NONE) {
        struct str cell = str_slice(f->row.cells[0], 0, str_utf8_cut(f->row.cells[0], 60));
        return error_set(err, STATUS_FORMAT,
                         "%s:%llu: neither XML, JSON nor CSV: the first line is no header, '" STR_FMT "'", r->path,
                         (unsigned long long)f->line, STR_ARG(cell));
    }
    f->names = ARENA_ARRAY(r->arena, struct str, count);
    for (uint32_t i = 0; i < count; i++) {
        f->names[i] = column_name(f, i, f->row.cells[i]);
    }
    f->columns = count;
    consume(f, f->row.used);
    arena_reset(&r->items);
    return STATUS_OK;
}

static struct str survey_id(struct csv_feed *f)
{
    struct feed_reader *r = f->r;
    struct feed_id_survey survey = {0};
    struct str w = feed_source_window(r->source);
    bool final = feed_source_ended(r->source);
    while (w.size && survey.items < FEED_SAMPLE_ITEMS) {
        parse_row(f, &f->dialect, w, final);
        if (f->row.partial) {
            break;
        }
        if (good_row(f)) {
            feed_id_survey_item(&survey);
            for (uint32_t i = 0; i < f->columns; i++) {
                feed_id_survey_value(&survey, f->names[i], f->row.cells[i]);
            }
            if (survey.items < 100 && !f->row.damaged) {
                learn_shape(f, f->row.cells[0]);
            }
        }
        w = str_slice(w, f->row.used, w.size);
        arena_reset(&r->items);
    }
    struct str name = feed_id_survey_choose(&survey, r);
    feed_id_survey_release(&survey);
    return name;
}

static uint32_t find_column(const struct csv_feed *f, struct str name)
{
    uint32_t column = 0;
    while (column < f->columns && !str_equal(f->names[column], name)) {
        column++;
    }
    return column;
}

static void choose_id(struct csv_feed *f)
{
    struct feed_reader *r = f->r;
    struct str path = feed_mapping_path(r->mapping, STR("objectID"));
    /* A feed of another kind than the one that the mapping was made for has its own. */
    if (path.size && find_column(f, path) < f->columns) {
        snprintf(r->info->id_source, sizeof(r->info->id_source), "'%.60s' (from the settings)",
                 arena_copy(r->arena, path).data);
    } else {
        path = survey_id(f);
    }
    f->id_column = path.size ? find_column(f, path) : f->columns;
    if (f->id_column < f->columns) {
        struct feed_field *fields = ARENA_ARRAY(r->arena, struct feed_field, 1);
        fields[0] = (struct feed_field){STR("objectID"), f->names[f->id_column]};
        r->recognised->fields = fields;
        r->recognised->field_count = 1;
    }
}

/* Whether the first line has the mapping's separator: else the feed is another than the mapping was made for. */
static bool header_has(const struct csv_feed *f, char separator)
{
    struct str w = feed_source_window(f->r->source);
    const char *end = w.size ? memchr(w.data, '\n', w.size) : NULL;
    struct str line = {w.data, end ? (size_t)(end - w.data) : w.size};
    return separator && str_find_char(line, separator) != SIZE_MAX;
}

enum status feed_read_csv(struct feed_reader *r, struct error *err)
{
    struct csv_feed f = {.r = r, .line = 1};
    feed_source_fill(r->source, FEED_PREFIX_BYTES);
    feed_choose_encoding(r);
    skip_preamble(&f);
    f.dialect = csv_dialect_find(feed_source_window(r->source), feed_source_ended(r->source),
                                 header_has(&f, r->mapping->separator) ? r->mapping->separator : '\0');
    snprintf(r->info->title, sizeof(r->info->title), f.dialect.separator == '\t' ? "TSV" : "CSV, '%c'",
             f.dialect.separator);
    r->recognised->separator = f.dialect.separator;
    enum status status = read_header(&f, err);
    if (status == STATUS_OK) {
        feed_note_store_rows(r, store_row_kind_of_names(f.names, f.columns));
        f.shopify = r->mapping->field_count ? NULL : csv_shopify_new(r, f.names, f.columns);
        if (!f.shopify) {
            choose_id(&f);
            f.magento = csv_magento_new(r, f.names, f.columns);
            f.woo = r->mapping->field_count > 1 ? NULL : csv_woo_new(r, f.names, f.columns);
        }
        status = read_rows(&f, err);
    }
    if (status == STATUS_OK && f.shopify) {
        status = csv_shopify_end(f.shopify, err);
    }
    if (status == STATUS_OK && f.magento) {
        status = csv_magento_end(f.magento, err);
    }
    csv_magento_free(f.magento);
    csv_woo_free(f.woo);
    csv_shopify_free(f.shopify);
    return status;
}
