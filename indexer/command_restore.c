/* aisle-indexer restore: a data directory out of a backup, as of any moment that its log reaches. */
#include "indexer/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "indexer/base/clock.h"
#include "indexer/base/options.h"
#include "server/live/backup.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_FAILED = 3 };

static enum status parse_arguments(struct restore_options *o, int argc, char **argv, struct error *err)
{
    int positional = 0;
    int64_t to_seq = 0;
    const char *to_time = NULL;
    const struct option_row rows[] = {
        {"from", OPTION_TEXT, &o->backup, "BACKUP", 0, 0, NULL, "backup that `snapshot` made (required)"},
        {"data", OPTION_TEXT, &o->data_dir, "DIR", 0, 0, NULL,
         "data directory to make; must not be there, or be empty (required)"},
        {"to-seq", OPTION_INT, &to_seq, "SEQ", 0, INT64_MAX, NULL,
         "stop behind this update; 0: behind the last that the backup's log has"},
        {"to-time", OPTION_TEXT, &to_time, "TIME", 0, 0, NULL,
         "stop behind the last update that was accepted by then (ISO 8601)"},
        {"without-events", OPTION_FLAG, &o->without_events, NULL, 0, 0, NULL,
         "leave out what shoppers did (DIR/events)"},
        {"link", OPTION_FLAG, &o->link, NULL, 0, 0, NULL, "hard links instead of copies where that is possible"},
    };
    const struct options options = {
        .usage = "aisle-indexer restore --from BACKUP --data DIR [--to-seq SEQ | --to-time TIME]",
        .about = "Checks a backup and makes a data directory of it that a server can start on. `aisle-indexer log "
                 "--data BACKUP --records` tells which updates there are. Exit codes: 0 done, 2 usage or a moment that "
                 "the backup does not have, 3 failed: then there is no DIR.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &positional, err);
    if (status != STATUS_OK)
        return status;
    if (!o->backup || !o->data_dir)
        return error_set(err, STATUS_INPUT, "'%s' is required", o->backup ? "--data" : "--from");
    if (positional > 0)
        return error_set(err, STATUS_INPUT, "'%s' is one argument too many", argv[1]);
    if (to_time && to_seq)
        return error_set(err, STATUS_INPUT, "'--to-seq' and '--to-time' say both where to stop");
    if (to_time && !clock_parse(str_from(to_time), &o->to_ms))
        return error_set(err, STATUS_INPUT, "'--to-time %.40s': give a time such as 2026-05-31T22:00:00Z", to_time);
    o->to_seq = (uint64_t)to_seq;
    return STATUS_OK;
}

/* Starts on it once: replays the log, and shows that it can be. */
static enum status open_once(const char *data_dir, struct error *err)
{
    struct live_options options = {.data_dir = data_dir};
    struct live *live = NULL;
    struct arena arena;
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    arena_init(&arena, 0);
    enum status status = live_open(&live, &options, err);
    if (status == STATUS_OK)
        status = live_list(live, &arena, &indexes, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        printf("%.*s: %" PRIu64 " objects\n", (int)indexes[i].name.size, indexes[i].name.data, indexes[i].entries);
    live_close(live);
    arena_release(&arena);
    return status;
}

int command_restore(int argc, char **argv)
{
    struct restore_options o = {0};
    struct error err = {0};
    uint64_t seq = 0;
    if (parse_arguments(&o, argc, argv, &err) != STATUS_OK) {
        fprintf(stderr, "aisle-indexer restore: %s\n", err.message);
        return EXIT_USAGE;
    }
    enum status status = backup_restore(&o, &seq, &err);
    if (status == STATUS_OK) {
        printf("%s: restored as of update %" PRIu64 "\n", o.data_dir, seq);
        status = open_once(o.data_dir, &err);
    }
    if (status != STATUS_OK)
        fprintf(stderr, "aisle-indexer restore: %s\n", err.message);
    return status == STATUS_OK ? EXIT_DONE : status == STATUS_INPUT ? EXIT_USAGE : EXIT_FAILED;
}
