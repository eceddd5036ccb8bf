/* aisle-indexer log: what the update log holds, whether it is sound, and, when asked to, its repair. */
#include "indexer/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/options.h"
#include "indexer/shard/manifest.h"
#include "server/live/log_check.h"
#include "server/live/record_text.h"

enum { EXIT_SOUND = 0, EXIT_DAMAGED = 1, EXIT_USAGE = 2, EXIT_FAILED = 3, PATH_BYTES = 4096 };

struct log_command {
    const char *data_dir;
    const char *index;
    const char *object_id;
    int64_t from, to;
    bool records;
    bool repair;

    struct manifest manifest;
    struct arena names; /* the manifest's */
    struct arena arena;
    struct buf line;
    uint64_t uid; /* of --index; 0: all */
    bool running; /* a server has the directory */
    char dir[PATH_BYTES];
};

static enum status parse_arguments(struct log_command *c, int argc, char **argv, struct error *err)
{
    int positional = 0;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &c->data_dir, "DIR", 0, 0, NULL, "data directory (required)"},
        {"records", OPTION_FLAG, &c->records, NULL, 0, 0, NULL, "print the updates, one JSON line each"},
        {"from", OPTION_INT, &c->from, "SEQ", 1, INT64_MAX, NULL, "first sequence number for --records"},
        {"to", OPTION_INT, &c->to, "SEQ", 1, INT64_MAX, NULL, "last sequence number for --records"},
        {"index", OPTION_TEXT, &c->index, "NAME", 0, 0, NULL, "only updates of this index"},
        {"object", OPTION_TEXT, &c->object_id, "ID", 0, 0, NULL, "only updates of this object"},
        {"repair", OPTION_FLAG, &c->repair, NULL, 0, 0, NULL,
         "cut a damaged log where its sound part ends, after telling what that loses; no server may run. Run without "
         "it "
         "first: it tells the same"},
    };
    const struct options options = {
        .usage = "aisle-indexer log --data DIR [options]",
        .about =
            "Lists the update log's files and checks every byte of them; beside a server, too. Exit codes: 0 sound "
            "(or repaired), 1 damaged, 2 usage, 3 it could not be read or repaired.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &positional, err);
    if (status == STATUS_OK && positional > 0)
        status = error_set(err, STATUS_INPUT, "'%s' is one argument too many", argv[1]);
    if (status == STATUS_OK && !c->data_dir)
        status = error_set(err, STATUS_INPUT, "'--data' is required");
    if (status == STATUS_OK && c->from > c->to)
        status = error_set(err, STATUS_INPUT, "'--from' is above '--to'");
    return status;
}

/* --- what files contain, and names --- */

static enum status read_manifest(struct log_command *c, uint64_t *applied_seq, struct error *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s", c->data_dir);
    *applied_seq = 0;
    if (!file_exists(path))
        return error_set(err, STATUS_NOT_FOUND, "'%s' does not exist", path);
    enum status status = manifest_read(c->data_dir, &c->names, &c->manifest, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        *applied_seq = manifest_needed_seq(&c->manifest);
    return status;
}

/* Indexes that no manifest names yet are found by their record in the log. */
static enum status find_uid(struct log_command *c, struct error *err)
{
    if (!c->index)
        return STATUS_OK;
    for (uint32_t i = 0; i < c->manifest.index_count; i++) {
        if (str_equal(c->manifest.indexes[i].name, str_from(c->index)))
            c->uid = c->manifest.indexes[i].uid;
    }
    if (c->uid == 0)
        return error_set(err, STATUS_INPUT, "'--index %.100s': the files name no such index", c->index);
    return STATUS_OK;
}

/* --- records --- */

static void print_index(const struct log_command *c, uint64_t uid, struct buf *out)
{
    for (uint32_t i = 0; i < c->manifest.index_count; i++) {
        if (c->manifest.indexes[i].uid == uid) {
            buf_literal(out, ",\"index\":");
            json_write_string(out, c->manifest.indexes[i].name);
            return;
        }
    }
    buf_printf(out, ",\"uid\":\"%016" PRIx64 "\"", uid);
}

static enum status print_record(void *context, const struct log_record *from, struct error *err)
{
    struct log_command *c = context;
    struct record r;
    char at[CLOCK_ISO_SIZE];
    arena_reset(&c->arena);
    enum status status = record_decode(from, &c->arena, &r, err);
    if (status != STATUS_OK)
        return status;
    if (r.kind == RECORD_SOURCE && (c->uid || c->object_id))
        return STATUS_OK;
    struct str id = record_object_id(&r, &c->arena);
    if ((c->uid && r.uid != c->uid) || (c->object_id && !str_equal(id, str_from(c->object_id))))
        return STATUS_OK;
    r.id = id.size > 0 ? id : r.id;
    clock_format_iso(from->wall_ms, at);
    buf_clear(&c->line);
    buf_printf(&c->line, "{\"seq\":%" PRIu64 ",\"at\":\"%s\"", from->seq, at);
    if (r.kind != RECORD_SOURCE)
        print_index(c, r.uid, &c->line);
    buf_append_char(&c->line, ',');
    record_describe(&r, &c->line);
    buf_literal(&c->line, "}\n");
    fwrite(c->line.data, 1, c->line.size, stdout);
    return STATUS_OK;
}

/* Those of the sound part. */
static enum status print_records(struct log_command *c, const struct log_check *check, struct error *err)
{
    struct update_log *log = NULL;
    struct log_stats stats;
    if (check->damaged && !check->starts)
        return STATUS_OK;
    if (check->keep_from >= check->keep_to)
        return STATUS_OK;
    uint64_t first = check->segments.items[check->keep_from].first_seq;
    struct log_options options = {.dir = c->dir, .applied_seq = first - 1, .read_only = true};
    enum status status = update_log_open(&log, &options, err);
    if (status != STATUS_OK)
        return status;
    update_log_backend.stats(log, &stats);
    uint64_t from = (uint64_t)c->from > stats.first_seq ? (uint64_t)c->from : stats.first_seq;
    status = update_log_backend.read(log, from, (uint64_t)c->to, print_record, c, err);
    update_log_backend.close(log);
    return status;
}

/* --- the list --- */

static void print_segment(const struct log_command *c, const struct log_segment_check *s, bool newest)
{
    char at[CLOCK_ISO_SIZE] = "-";
    char range[48] = "none";
    if (s->last_wall_ms)
        clock_format_iso(s->last_wall_ms, at);
    if (s->last_seq >= s->first_seq)
        snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, s->first_seq, s->last_seq);
    printf("%s  %-24s %10" PRIu64 " bytes  %-24s  ", s->name, range, s->size, at);
    if (s->state == LOG_SOUND)
        printf("sound\n");
    else if (s->state == LOG_TORN && newest && c->running)
        printf("being written\n");
    else if (s->state == LOG_TORN)
        printf("torn: %" PRIu64 " bytes of a batch that never counted\n", s->used_bytes - s->size);
    else
        printf("DAMAGED at offset %" PRIu64 ": %s\n", s->size, s->reason);
}

static void print_loss(const struct log_command *c, const struct log_check *check)
{
    const char *would = c->repair ? "will" : "would";
    if (check->starts) {
        printf("the damage is among updates that the indexes' files contain: a server starts, but rebuilds, rollbacks "
               "and the history that reach back so far do not work\n");
    } else {
        printf("a server does not start: it needs the updates from %" PRIu64 " on\n", check->applied_seq + 1);
    }
    if (check->keep_to > check->keep_from)
        printf("a repair %s keep the updates %" PRIu64 " to %" PRIu64, would,
               check->segments.items[check->keep_from].first_seq, check->kept_last_seq);
    else
        printf("a repair %s begin an empty log behind update %" PRIu64, would, check->applied_seq);
    printf(" and put the damaged files into '%s'\n", c->dir);
    if (check->lost_last < check->lost_first) {
        printf("no update is lost to the indexes\n");
        return;
    }
    uint64_t lost = check->lost_last - check->lost_first + 1;
    printf("LOST: %" PRIu64 " updates, %" PRIu64 " to %" PRIu64 "; %" PRIu64
           " of them can still be read and are listed here:\n",
           lost, check->lost_first, check->lost_last, check->lost_readable);
}

static enum status repair(struct log_command *c, const struct log_check *check, struct error *err)
{
    char aside[64];
    if (c->running)
        return error_set(err, STATUS_BUSY, "a server runs on '%.150s': stop it before a repair", c->data_dir);
    enum status status = log_check_repair(check, aside, err);
    if (status == STATUS_OK && aside[0])
        printf("repaired; the files as they were are in '%s/%s'\n", c->dir, aside);
    return status;
}

static int show(struct log_command *c, const struct log_check *check, struct error *err)
{
    size_t count = check->segments.count;
    enum status status = STATUS_OK;
    if (c->records && !check->damaged) {
        status = print_records(c, check, err);
        return status == STATUS_OK ? EXIT_SOUND : EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++)
        print_segment(c, &check->segments.items[i], i + 1 == count);
    printf("%zu files, updates %" PRIu64 " to %" PRIu64 "; the indexes' files contain them up to %" PRIu64 "\n", count,
           count ? check->segments.items[0].first_seq : 0, check->kept_last_seq, check->applied_seq);
    if (!check->damaged)
        return EXIT_SOUND;
    print_loss(c, check);
    if (check->lost_readable > 0)
        status = log_check_lost(check, print_record, c, err);
    if (status == STATUS_OK && c->records)
        status = print_records(c, check, err);
    fflush(stdout);
    if (status == STATUS_OK && c->repair) {
        status = repair(c, check, err);
        return status == STATUS_OK ? EXIT_SOUND : EXIT_FAILED;
    }
    return status == STATUS_OK ? EXIT_DAMAGED : EXIT_FAILED;
}

int command_log(int argc, char **argv)
{
    struct log_command c = {.from = 1, .to = INT64_MAX};
    struct log_check check = {0};
    struct error err = {0};
    struct file *lock = NULL;
    uint64_t applied_seq;
    char path[PATH_BYTES];
    int code = EXIT_FAILED;
    arena_init(&c.names, 0);
    arena_init(&c.arena, 0);
    if (parse_arguments(&c, argc, argv, &err) != STATUS_OK) {
        fprintf(stderr, "aisle-indexer log: %s\n", err.message);
        return EXIT_USAGE;
    }
    snprintf(c.dir, sizeof(c.dir), "%s/log", c.data_dir);
    snprintf(path, sizeof(path), "%s/LOCK", c.data_dir);
    if (file_exists(path))
        c.running = file_lock(&lock, path, NULL) == STATUS_BUSY;
    enum status status = read_manifest(&c, &applied_seq, &err);
    if (status == STATUS_OK && (status = find_uid(&c, &err)) == STATUS_OK &&
        (status = log_check_run(&check, c.dir, applied_seq, &err)) == STATUS_OK)
        code = show(&c, &check, &err);
    if (err.message[0])
        fprintf(stderr, "aisle-indexer log: %s\n", err.message);
    if (status == STATUS_INPUT)
        code = EXIT_USAGE;
    log_check_release(&check);
    file_close(lock);
    buf_release(&c.line);
    arena_release(&c.names);
    arena_release(&c.arena);
    return code;
}
