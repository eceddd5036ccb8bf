/*
 * The update log: after a first byte of 0, a segment's bytes are opened and read as a start does it; after any other,
 * the payload of a record of that kind. Refused, or read without a step outside. Links: aisle_live
 */
#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "server/live/record.h"
#include "server/live/update_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status visit(void *context, const struct log_record *from, struct error *err)
{
    struct arena arena;
    struct record record;
    (void)context;
    arena_init(&arena, 0);
    enum status status = record_decode(from, &arena, &record, err);
    arena_release(&arena);
    return status;
}

static void open_segment(const uint8_t *data, size_t size)
{
    struct file *file = NULL;
    struct update_log *log = NULL;
    struct log_options options = {.dir = "/log", .segment_bytes = 4096};
    struct error err;
    file_sim_start();
    if (dir_make("/log", &err) == STATUS_OK &&
        file_open(&file, "/log/0000000000000001.log", FILE_CREATE, &err) == STATUS_OK &&
        file_write_at(file, 0, data, size, &err) == STATUS_OK && update_log_open(&log, &options, &err) == STATUS_OK) {
        (void)!update_log_backend.read(log, 1, LOG_READ_TO_END, visit, NULL, &err);
        update_log_backend.close(log);
    }
    file_close(file);
    file_sim_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    if (size == 0) {
        return 0;
    }
    if (data[0] == 0) {
        open_segment(data + 1, size - 1);
    } else {
        struct log_record record = {.seq = 7, .kind = data[0], .payload = {(const char *)data + 1, size - 1}};
        (void)!visit(NULL, &record, &err);
    }
    return 0;
}
