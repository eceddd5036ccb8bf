/* Changing payloads of a log that is closed: a segment is read, changed in memory, and replaced. */
#include <stdio.h>
#include <string.h>

#include "indexer/base/hash.h"
#include "server/live/update_log_internal.h"

enum { EDIT_SEGMENT_MAX = 1 << 30 };

static void seal(char *record, size_t size)
{
    uint64_t hash = hash64(record + 8, size - 8);
    memcpy(record, &hash, sizeof(hash));
}

/* Changes the records of the valid prefix. What is behind stays as it is. True when one was changed. */
static bool edit(struct buf *bytes, log_change *change, void *context)
{
    struct log_scan scan = {.data = (const uint8_t *)bytes->data, .size = bytes->size, .at = LOG_SEGMENT_HEADER};
    struct log_record record;
    int64_t made_ms;
    bool any = false;
    if (!log_header_read(scan.data, scan.size, &scan.next_seq, &made_ms)) {
        return false;
    }
    for (size_t at = scan.at; log_scan_next(&scan, &record); at = scan.at) {
        char *data = bytes->data + at;
        if (record.kind != LOG_BATCH && change(context, record.kind, data + LOG_RECORD_HEADER, record.payload.size)) {
            seal(data, LOG_RECORD_HEADER + record.payload.size);
            any = true;
        }
    }
    return any;
}

static enum status edit_segment(const char *path, log_change *change, void *context, struct error *err)
{
    struct buf bytes = BUF_EMPTY;
    enum status status = file_read_all(path, &bytes, EDIT_SEGMENT_MAX, err);
    if (status == STATUS_OK && edit(&bytes, change, context)) {
        status = file_replace(path, buf_str(&bytes), err);
    }
    buf_release(&bytes);
    return status;
}

enum status update_log_rewrite(const char *dir, log_change *change, void *context, struct error *err)
{
    char path[LOG_PATH_BYTES];
    char **names = NULL;
    size_t count = 0;
    enum status status = dir_list(dir, &names, &count, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        uint64_t first_seq;
        if (log_name_read(names[i], &first_seq)) {
            snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
            status = edit_segment(path, change, context, err);
        }
    }
    dir_names_free(names, count);
    return status;
}
