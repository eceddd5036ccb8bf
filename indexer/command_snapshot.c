/* aisle-indexer snapshot: a backup of a data directory, with or without a server on it. */
#include "indexer/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/options.h"
#include "indexer/control.h"
#include "server/live/backup.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_FAILED = 3 };

/* The server may run in another directory. */
static char *absolute_path(const char *path)
{
    char here[4096];
    struct buf out = BUF_EMPTY;
    if (path[0] != '/') {
        if (!getcwd(here, sizeof(here)))
            fatal("the working directory has no name");
        buf_printf(&out, "%s/", here);
    }
    buf_append(&out, path, strlen(path) + 1);
    while (out.size > 2 && out.data[out.size - 2] == '/') {
        out.data[out.size - 2] = '\0';
        out.size--;
    }
    return out.data;
}

static enum status in_server(const char *data_dir, const char *to, bool log_only, bool events, struct error *err)
{
    struct buf body = BUF_EMPTY;
    struct control_answer answer;
    buf_literal(&body, "{\"to\":");
    json_write_string(&body, str_from(to));
    buf_printf(&body, ",\"log\":%s,\"events\":%s}", log_only ? "true" : "false", events ? "true" : "false");
    enum status status = control_request(&answer, &(struct control_target){.data_dir = data_dir}, "/internal/backup",
                                         buf_str(&body), err);
    bool asked = status == STATUS_OK;
    if (asked)
        status = control_check(&answer, "make the backup", err);
    control_release(&answer);
    buf_release(&body);
    return asked && status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status;
}

static enum status here(const char *data_dir, const char *to, bool log_only, bool events, struct error *err)
{
    struct live_options options = {.data_dir = data_dir};
    struct live *live = NULL;
    struct backup_info info;
    enum status status = live_open(&live, &options, err);
    if (status == STATUS_OK)
        status = log_only ? live_backup_log(live, to, &info, err) : live_backup(live, to, events, &info, err);
    live_close(live);
    return status;
}

static void print_info(const char *to, const struct backup_info *info)
{
    char made[CLOCK_ISO_SIZE], last[CLOCK_ISO_SIZE];
    clock_format_iso(info->made_ms, made);
    clock_format_iso(info->log_last_ms, last);
    printf("%s: %" PRIu64 " files, %.1f MB, as of update %" PRIu64 " (%s); its log goes to update %" PRIu64 " (%s)", to,
           info->files, (double)info->bytes / 1e6, info->seq, made, info->log_last,
           info->log_last >= info->log_first ? last : "empty");
    if (info->events > 0)
        printf("; %" PRIu64 " records of what shoppers did", info->events);
    printf("\n");
    if (info->events_missing[0])
        fprintf(stderr, "aisle-indexer snapshot: without what shoppers did: %s\n", info->events_missing);
}

int command_snapshot(int argc, char **argv)
{
    const char *data_dir = NULL;
    const char *to = NULL;
    bool log_only = false;
    bool without_events = false;
    struct error err = {0};
    struct backup_info info = {0};
    int positional = 0;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &data_dir, "DIR", 0, 0, NULL, "data directory (required)"},
        {"to", OPTION_TEXT, &to, "BACKUP", 0, 0, NULL, "directory to make (required)"},
        {"log", OPTION_FLAG, &log_only, NULL, 0, 0, NULL,
         "only continue the log of the backup that is there, so that a restore can reach any later moment up to now"},
        {"without-events", OPTION_FLAG, &without_events, NULL, 0, 0, NULL, "leave out what shoppers did (DIR/events)"},
    };
    const struct options options = {
        .usage = "aisle-indexer snapshot --data DIR --to BACKUP [--log]",
        .about = "Makes a backup of a data directory as it is at one moment, while a server runs on it or without one. "
                 "Files that never change are hard links when BACKUP is on the same disk; copy it elsewhere with any "
                 "tool. Exit codes: 0 done, 2 usage, 3 failed: then there is no BACKUP.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &positional, &err);
    if (status == STATUS_OK && (!data_dir || !to))
        status = error_set(&err, STATUS_INPUT, "'%s' is required", data_dir ? "--to" : "--data");
    if (status == STATUS_OK && positional > 0)
        status = error_set(&err, STATUS_INPUT, "'%s' is one argument too many", argv[1]);
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-indexer snapshot: %s\n", err.message);
        return EXIT_USAGE;
    }
    char *path = absolute_path(to);
    status = in_server(data_dir, path, log_only, !without_events, &err);
    if (status == STATUS_NOT_FOUND)
        status = here(data_dir, path, log_only, !without_events, &err);
    if (status == STATUS_OK)
        status = backup_read(path, &info, &err);
    if (status == STATUS_OK)
        print_info(to, &info);
    else
        fprintf(stderr, "aisle-indexer snapshot: %s\n", err.message);
    free(path);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}
