#include "indexer/build/report.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "indexer/base/clock.h"
#include "indexer/base/json.h"

#define REPORT_SHOWN   5
#define REPORT_REASONS 1000 /* more kinds of reasons than this are counted as "other" */

enum status report_init(struct report *r, const char *rejects_path, struct error *err)
{
    memset(r, 0, sizeof(*r));
    map_init(&r->reasons);
    buf_init(&r->first_rejects, 64 * 1024);
    r->started_ns = clock_monotonic_ns();
    r->as_of_source = "";
    return rejects_path ? file_open(&r->rejects, rejects_path, FILE_REWRITE, err) : STATUS_OK;
}

void report_release(struct report *r)
{
    for (size_t i = 0; i < r->files.count; i++)
        free(r->files.items[i].path);
    vec_release(&r->files);
    map_release(&r->reasons);
    buf_release(&r->first_rejects);
    buf_release(&r->outcome);
    if (r->rejects)
        file_close(r->rejects);
    r->rejects = NULL;
}

/* "'g:price': '12,99,1 USD' is not an amount" -> "is not an amount": what items have in common. */
static void generalize(const char *reason, struct buf *out)
{
    bool quoted = false;
    for (const char *c = reason; *c; c++) {
        if (*c == '\'') {
            quoted = !quoted;
            if (quoted)
                buf_literal(out, "'...'");
        } else if (!quoted) {
            buf_append_char(out, *c);
        }
    }
}

static void count_reason(struct report *r, const struct feed_reject *reject)
{
    struct buf key;
    buf_init(&key, 1024);
    if (reject->field.size) {
        buf_append_str(&key, reject->field);
        buf_literal(&key, ": ");
    }
    generalize(reject->reason, &key);
    struct str name = buf_str(&key);
    if (r->reasons.count >= REPORT_REASONS && !map_get(&r->reasons, name))
        name = STR("other");
    ++*map_put(&r->reasons, name, 0, NULL);
    buf_release(&key);
}

static void write_reject(struct report *r, const struct feed_reject *reject)
{
    struct buf line;
    buf_init(&line, 1u << 20);
    buf_literal(&line, "{\"file\":");
    json_write_string(&line, str_from(reject->file));
    buf_printf(&line, ",\"line\":%llu,\"id\":", (unsigned long long)reject->line);
    json_write_string(&line, reject->id);
    buf_literal(&line, ",\"field\":");
    json_write_string(&line, reject->field);
    buf_literal(&line, ",\"reason\":");
    json_write_string(&line, str_from(reject->reason));
    buf_literal(&line, ",\"excerpt\":");
    json_write_string(&line, reject->excerpt);
    buf_literal(&line, "}\n");
    if (r->rejects_status == STATUS_OK && !line.failed) {
        r->rejects_status = file_write_at(r->rejects, r->rejects_written, line.data, line.size, &r->rejects_error);
        r->rejects_written += line.size;
    }
    buf_release(&line);
}

void report_accept(struct report *r)
{
    struct report_file *file = &r->files.items[r->files.count - 1];
    r->items++;
    r->accepted++;
    file->items++;
    file->accepted++;
}

void report_reject(struct report *r, const struct feed_reject *reject)
{
    struct report_file *file = &r->files.items[r->files.count - 1];
    r->items++;
    r->rejected++;
    file->items++;
    file->rejected++;
    count_reason(r, reject);
    bool named = reject->field.size == 0 || str_find(str_from(reject->reason), reject->field) != SIZE_MAX;
    if (r->rejected <= REPORT_SHOWN)
        buf_printf(&r->first_rejects, "%s:%llu: " STR_FMT "%s%s\n", reject->file, (unsigned long long)reject->line,
                   named ? 0 : (int)reject->field.size, reject->field.data, named ? "" : ": ", reject->reason);
    if (r->rejects)
        write_reject(r, reject);
}

enum status report_finish(struct report *r, struct error *err)
{
    r->seconds = (double)(clock_monotonic_ns() - r->started_ns) / 1e9;
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        r->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    enum status status = r->rejects_status;
    if (status != STATUS_OK && err)
        *err = r->rejects_error;
    if (r->rejects) {
        if (status == STATUS_OK)
            status = file_sync(r->rejects, err);
        file_close(r->rejects);
        r->rejects = NULL;
    }
    return status;
}

static void write_file(const struct report_file *f, struct buf *out)
{
    buf_literal(out, "{\"file\":");
    json_write_string(out, str_from(f->path));
    buf_literal(out, ",\"kind\":");
    json_write_string(out, str_from(f->title));
    buf_printf(out, ",\"items\":%llu,\"accepted\":%llu,\"rejected\":%llu,\"bytes\":%llu,\"broken\":%s",
               (unsigned long long)f->items, (unsigned long long)f->accepted, (unsigned long long)f->rejected,
               (unsigned long long)f->bytes, f->broken ? "true" : "false");
    if (f->broken) {
        buf_literal(out, ",\"break\":");
        json_write_string(out, str_from(f->break_message));
    }
    if (f->id_source[0]) {
        buf_literal(out, ",\"objectID_from\":");
        json_write_string(out, str_from(f->id_source));
    }
    if (f->encoding[0]) {
        buf_literal(out, ",\"encoding\":");
        json_write_string(out, str_from(f->encoding));
    }
    buf_append_char(out, '}');
}

void report_write(const struct report *r, struct buf *out)
{
    buf_literal(out, "{\"files\":[");
    for (size_t i = 0; i < r->files.count; i++) {
        if (i)
            buf_append_char(out, ',');
        write_file(&r->files.items[i], out);
    }
    buf_printf(out, "],\"items\":%llu,\"accepted\":%llu,\"rejected\":%llu,\"replaced\":%llu,\"reasons\":{",
               (unsigned long long)r->items, (unsigned long long)r->accepted, (unsigned long long)r->rejected,
               (unsigned long long)r->replaced);
    size_t at = 0;
    struct str reason;
    uint64_t count;
    for (bool first = true; map_next(&r->reasons, &at, &reason, &count); first = false) {
        if (!first)
            buf_append_char(out, ',');
        json_write_string(out, reason);
        buf_printf(out, ":%llu", (unsigned long long)count);
    }
    buf_printf(out, "},\"bytes\":%llu,\"seconds\":%.3f,\"peak_rss_bytes\":%llu,\"products\":%llu",
               (unsigned long long)r->bytes, r->seconds, (unsigned long long)r->peak_rss_bytes,
               (unsigned long long)r->products);
    if (r->as_of_ms) {
        char iso[CLOCK_ISO_SIZE];
        clock_format_iso(r->as_of_ms, iso);
        buf_printf(out, ",\"as_of\":\"%s\",\"as_of_from\":\"%s\"", iso, r->as_of_source);
    }
    buf_printf(out, ",\"published\":%s", r->published ? "true" : "false");
    if (r->failure[0]) {
        buf_literal(out, ",\"failure\":");
        json_write_string(out, str_from(r->failure));
    }
    if (r->outcome.size > 0) {
        buf_literal(out, ",\"outcome\":");
        buf_append_str(out, buf_str(&r->outcome));
    }
    buf_literal(out, "}\n");
}
