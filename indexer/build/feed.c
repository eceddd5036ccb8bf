#include "indexer/build/feed.h"

#include <inttypes.h>
#include <stdio.h>

#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/build/feed_internal.h"

/* What the first bytes say. `bom` bytes are to be skipped; encoding is that of text kinds (XML says its own). */
struct head {
    enum feed_kind kind;
    enum feed_encoding encoding;
    size_t bom;
    const char *refused; /* why this is no feed */
};

static const char *refused_reason(struct str s)
{
    static const struct {
        struct str magic;
        size_t at;
        const char *reason;
    } known[] = {
        {{"PK\003\004", 4}, 0, "a zip archive (unpack it first; an Excel workbook must be saved as CSV)"},
        {{"ustar", 5}, 257, "a tar archive (unpack it first)"},
        {{"BZh", 3}, 0, "compressed with bzip2 (only gzip is read as it is)"},
        {{"\xfd"
          "7zXZ",
          5},
         0,
         "compressed with xz (only gzip is read as it is)"},
        {{"\x28\xb5\x2f\xfd", 4}, 0, "compressed with zstd (only gzip is read as it is)"},
        {{"%PDF", 4}, 0, "a PDF document"},
        {{"\xd0\xcf\x11\xe0", 4}, 0, "an Excel workbook (save it as CSV)"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (s.size >= known[i].at + known[i].magic.size &&
            memcmp(s.data + known[i].at, known[i].magic.data, known[i].magic.size) == 0) {
            return known[i].reason;
        }
    }
    return NULL;
}

static struct str skip_space(struct str s)
{
    size_t i = 0;
    while (i < s.size && (s.data[i] == ' ' || (s.data[i] >= '\t' && s.data[i] <= '\r'))) {
        i++;
    }
    return str_slice(s, i, s.size);
}

static bool is_html(struct str s)
{
    return (s.size >= 14 && str_equal_nocase(str_slice(s, 0, 14), STR("<!doctype html"))) ||
           (s.size >= 5 && str_equal_nocase(str_slice(s, 0, 5), STR("<html")));
}

/* Warnings of the script that wrote the feed, say, with the XML behind them: no row of a CSV begins so. */
static bool text_before_xml(struct str s)
{
    size_t at = str_find(s, STR("<?xml "));
    return at < 4096 && at > 0 && (s.data[at - 1] == '\n' || s.data[at - 1] == '>');
}

static struct head head_of(struct str s)
{
    struct head head = {.refused = refused_reason(s)};
    if (head.refused) {
        return head;
    }
    if (s.size >= 3 && memcmp(s.data, "\xef\xbb\xbf", 3) == 0) {
        head.bom = 3;
    } else if (s.size >= 2 && memcmp(s.data, "\xff\xfe", 2) == 0) {
        head = (struct head){.encoding = FEED_UTF16LE, .bom = 2};
    } else if (s.size >= 2 && memcmp(s.data, "\xfe\xff", 2) == 0) {
        head = (struct head){.encoding = FEED_UTF16BE, .bom = 2};
    } else if (s.size >= 2 && s.data[0] && !s.data[1]) {
        head.encoding = FEED_UTF16LE;
    } else if (s.size >= 2 && !s.data[0] && s.data[1]) {
        head.encoding = FEED_UTF16BE;
    }
    char first = '\0';
    struct str text = str_slice(s, head.bom, s.size);
    if (head.encoding == FEED_UTF8) {
        text = skip_space(text);
        first = text.size ? text.data[0] : '\0';
    } else if (text.size >= 2) {
        first = text.data[head.encoding == FEED_UTF16BE ? 1 : 0];
    }
    head.kind = first == '<' ? FEED_XML : first == '{' ? FEED_NDJSON : first == '[' ? FEED_JSON_ARRAY : FEED_CSV;
    if (head.kind == FEED_XML && is_html(text)) {
        head.refused = "an HTML page, not a feed";
    } else if (head.encoding == FEED_UTF8 && head.kind == FEED_CSV && memchr(s.data, 0, s.size)) {
        head.refused = "neither XML, JSON nor CSV (it has zero bytes)";
    } else if (head.encoding == FEED_UTF8 && head.kind == FEED_CSV && text_before_xml(text)) {
        head.refused = "XML behind other text, which must go (a warning of the program that wrote it?)";
    } else if (text.size == 0) {
        head.refused = "empty";
    }
    return head;
}

static void skip_blank_lines(struct feed_reader *r)
{
    struct str w = feed_source_window(r->source);
    size_t size = w.size - skip_space(w).size;
    for (size_t i = 0; i < size; i++) {
        r->blank_lines += w.data[i] == '\n';
    }
    feed_source_consume(r->source, size);
}

static enum status read_kind(struct feed_reader *r, struct error *err)
{
    feed_source_fill(r->source, FEED_CHUNK_BYTES);
    struct head head = head_of(feed_source_window(r->source));
    if (head.refused) {
        return error_set(err, STATUS_FORMAT, "the feed is %s", head.refused);
    }
    /* libxml2 reads the encoding of XML itself, so the mark of UTF-16 stays where it is */
    if (head.kind != FEED_XML || head.encoding == FEED_UTF8) {
        feed_source_consume(r->source, head.bom);
    }
    if (head.kind == FEED_XML && head.encoding == FEED_UTF8) {
        skip_blank_lines(r); /* scripts often leave some before the declaration, where XML allows none */
    }
    if (head.encoding != FEED_UTF8) {
        bool little = head.encoding == FEED_UTF16LE;
        snprintf(r->info->encoding, sizeof(r->info->encoding), "%s", little ? "utf-16le" : "utf-16be");
        if (head.kind != FEED_XML) {
            feed_source_decode(r->source, head.encoding);
        }
    }
    /* settings made for another kind of feed say nothing about this one; of JSON, both layouts share a mapping */
    static const struct feed_mapping nothing;
    enum feed_kind kind = head.kind;
    bool json = kind == FEED_NDJSON || kind == FEED_JSON_ARRAY;
    bool mapped_json = r->mapping->kind == FEED_NDJSON || r->mapping->kind == FEED_JSON_ARRAY;
    if (r->mapping->kind != FEED_UNKNOWN && r->mapping->kind != kind && !(json && mapped_json)) {
        r->mapping = &nothing;
    }
    r->info->kind = kind;
    switch (kind) {
    case FEED_XML:
        return feed_read_xml(r, err);
    case FEED_NDJSON:
    case FEED_JSON_ARRAY:
        return feed_read_json(r, err);
    default:
        return feed_read_csv(r, err);
    }
}

/* The handler's error comes before what the reader found behind it. */
static enum status end_relay(struct feed_reader *r, enum status status, struct error *reason)
{
    struct error handled = {0};
    enum status end = r->relay ? feed_relay_end(r->relay, &handled) : STATUS_OK;
    r->relay = NULL;
    if (end != STATUS_OK) {
        *reason = handled;
        status = end;
    }
    return status;
}

enum status feed_read(const char *path, const struct feed_mapping *mapping, const struct feed_handler *handler,
                      struct arena *arena, struct feed_mapping *recognised, struct feed_info *info, struct error *err)
{
    static const struct feed_mapping nothing;
    struct feed_mapping unused;
    struct feed_info unused_info;
    struct error reason = {0};
    struct feed_reader r = {.path = strcmp(path, "-") == 0 ? "standard input" : path,
                            .file_path = strcmp(path, "-") == 0 ? NULL : path,
                            .mapping = mapping ? mapping : &nothing,
                            .handler = handler,
                            .arena = arena,
                            .recognised = recognised ? recognised : &unused,
                            .info = info ? info : &unused_info};
    memset(r.info, 0, sizeof(*r.info));
    memset(r.recognised, 0, sizeof(*r.recognised));
    arena_init(&r.items, 0);
    enum status status = feed_source_open(&r.source, path, err);
    if (status == STATUS_OK) {
        r.relay = handler->relayed ? feed_relay_new(handler) : NULL;
        status = read_kind(&r, &reason);
        status = end_relay(&r, status, &reason);
        if ((status == STATUS_OK || status == STATUS_FORMAT) && feed_source_failure(r.source, &reason) != STATUS_OK) {
            status = reason.code;
        }
        if (status == STATUS_FORMAT) {
            r.info->broken = true;
            struct str message = str_from(reason.message);
            bool placed = str_starts_with(message, str_from(r.path));
            status = error_set(err, status, "%s%s%s", placed ? "" : r.path, placed ? "" : ": ", reason.message);
        } else if (status != STATUS_OK && err) {
            *err = reason;
        }
        r.recognised->kind = r.info->kind;
        r.info->bytes = feed_source_offset(r.source);
        feed_report_progress(&r);
    }
    feed_source_close(r.source);
    arena_release(&r.items);
    buf_release(&r.scratch);
    return status;
}

void feed_report_progress(struct feed_reader *r)
{
    uint64_t bytes = feed_source_bytes_read(r->source);
    if (r->handler->on_progress && bytes >= r->progress_bytes + FEED_CHUNK_BYTES) {
        r->progress_bytes = bytes;
        struct feed_progress progress = {bytes, feed_source_bytes_total(r->source), r->info->items};
        r->handler->on_progress(r->handler->context, &progress);
    }
}

void feed_reject(struct feed_reader *r, const struct feed_reject *reject)
{
    struct feed_reject whole = *reject;
    whole.file = r->path;
    r->info->items++;
    if (r->relay) {
        feed_relay_reject(r->relay, &whole);
    } else if (r->handler->on_reject) {
        r->handler->on_reject(r->handler->context, &whole);
    }
}

/* "'g:price': ..." names the field that is wrong. */
static struct str field_of_message(const char *message)
{
    const char *end = message[0] == '\'' ? strstr(message, "': ") : NULL;
    return end ? (struct str){message + 1, (size_t)(end - message) - 1} : (struct str){0};
}

static struct str excerpt_of(struct buf *scratch, const struct json *object)
{
    buf_clear(scratch);
    json_write(scratch, object);
    struct str text = buf_str(scratch);
    return str_slice(text, 0, str_utf8_cut(text, FEED_EXCERPT_BYTES));
}

enum status feed_handle(const struct feed_handler *handler, struct feed_item *item, struct buf *scratch,
                        struct error *err)
{
    struct error reason = {0};
    struct str id = {0};
    enum status status = STATUS_OK;
    (void)json_string(json_get(&item->object, "objectID"), &id);
    if (id.size > LIMIT_OBJECT_ID_BYTES) {
        status = error_set(&reason, STATUS_INPUT, "'objectID': longer than %d bytes", LIMIT_OBJECT_ID_BYTES);
    } else {
        status = handler->on_item(handler->context, item, &reason);
    }
    if (status == STATUS_INPUT) {
        struct feed_reject reject = {.file = item->file,
                                     .line = item->line,
                                     .id = id,
                                     .field = field_of_message(reason.message),
                                     .reason = reason.message,
                                     .excerpt = excerpt_of(scratch, &item->object)};
        if (handler->on_reject) {
            handler->on_reject(handler->context, &reject);
        }
        status = STATUS_OK;
    } else if (status != STATUS_OK && err) {
        *err = reason;
    }
    return status;
}

void feed_note_store_rows(struct feed_reader *r, enum store_row_kind kind)
{
    if (kind != STORE_ROW_NONE) {
        r->info->store_rows = (uint8_t)kind;
        r->info->partial = true;
        snprintf(r->info->title, sizeof(r->info->title), "%s", store_row_name(kind));
    }
}

enum status feed_deliver(struct feed_reader *r, struct feed_item *item, struct error *err)
{
    item->file = r->path;
    item->arena = &r->items;
    if (r->info->items == 0 && r->info->kind != FEED_CSV) {
        feed_note_store_rows(r, store_row_kind(&item->object));
    }
    enum status status =
        r->relay ? feed_relay_item(r->relay, item, err) : feed_handle(r->handler, item, &r->scratch, err);
    r->info->items += status == STATUS_OK;
    arena_reset(&r->items);
    return status;
}

struct str feed_item_hash(struct feed_reader *r, const struct json *object)
{
    buf_clear(&r->scratch);
    json_write(&r->scratch, object);
    struct hash128 h = hash128(r->scratch.data, r->scratch.size);
    return arena_printf(&r->items, "%016" PRIx64 "%016" PRIx64, h.high, h.low);
}

struct str feed_mapping_path(const struct feed_mapping *mapping, struct str name)
{
    for (size_t i = 0; i < mapping->field_count; i++) {
        if (str_equal(mapping->fields[i].name, name)) {
            return mapping->fields[i].path;
        }
    }
    return (struct str){0};
}
