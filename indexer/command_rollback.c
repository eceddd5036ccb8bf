/* aisle-indexer rollback: back to the generation before, with the updates since. */
#include "indexer/commands.h"

#include <stdio.h>

#include "indexer/base/options.h"
#include "indexer/control.h"
#include "server/live/live.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_NOTHING_CHANGED = 3 };

static enum status in_server(const char *data_dir, struct str index, struct buf *report, struct error *err)
{
    struct control_answer answer;
    struct buf path = BUF_EMPTY;
    buf_literal(&path, "/1/indexes/");
    control_escape(&path, index);
    buf_literal(&path, "/rollback\0");
    enum status status =
        control_request(&answer, &(struct control_target){.data_dir = data_dir}, path.data, STR("{}"), err);
    bool asked = status == STATUS_OK;
    if (asked)
        status = control_check(&answer, "roll back", err);
    if (status == STATUS_OK)
        buf_append_str(report, answer.body);
    control_release(&answer);
    buf_release(&path);
    return asked && status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status; /* a server said so */
}

static enum status here(const char *data_dir, struct str index, struct buf *report, struct error *err)
{
    struct live_options options = {.data_dir = data_dir};
    struct live *live = NULL;
    struct arena arena;
    struct str text = {0};
    arena_init(&arena, 0);
    enum status status = live_open(&live, &options, err);
    if (status == STATUS_OK)
        status = live_rollback(live, index, &arena, &text, err);
    live_close(live);
    buf_append_str(report, text);
    arena_release(&arena);
    return status;
}

static void print_report(const char *index, struct str text)
{
    struct arena arena;
    struct json root;
    int64_t generation = 0, objects = 0, replayed = 0;
    arena_init(&arena, 0);
    if (json_parse(text, &arena, &root, NULL) == STATUS_OK) {
        (void)json_i64(json_get(&root, "generation"), &generation);
        (void)json_i64(json_get(&root, "objects"), &objects);
        (void)json_i64(json_get(&root, "replayed"), &replayed);
    }
    printf(
        "%s: the generation before is in service again as generation %lld: %lld objects, %lld updates since its feed\n",
        index, (long long)generation, (long long)objects, (long long)replayed);
    arena_release(&arena);
}

int command_rollback(int argc, char **argv)
{
    const char *data_dir = NULL;
    const char *index = NULL;
    struct error err = {0};
    struct buf report = BUF_EMPTY;
    int positional = 0;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &data_dir, "DIR", 0, 0, NULL, "data directory of the server (required)"},
        {"index", OPTION_TEXT, &index, "NAME", 0, 0, NULL, "index to roll back (required)"},
    };
    const struct options options = {
        .usage = "aisle-indexer rollback --data DIR --index NAME",
        .about = "Puts the generation before the present one back into service, with every update accepted since its "
                 "feed's time; a running server goes on without a failed search. Once more, and the other one is back. "
                 "Exit codes: 0 done, 2 usage, 3 nothing changed.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &positional, &err);
    if (status == STATUS_OK && (!data_dir || !index))
        status = error_set(&err, STATUS_INPUT, "'%s' is required", data_dir ? "--index" : "--data");
    if (status == STATUS_OK && positional > 0)
        status = error_set(&err, STATUS_INPUT, "'%s' is one argument too many", argv[1]);
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-indexer rollback: %s\n", err.message);
        return EXIT_USAGE;
    }
    status = in_server(data_dir, str_from(index), &report, &err);
    if (status == STATUS_NOT_FOUND)
        status = here(data_dir, str_from(index), &report, &err);
    if (status == STATUS_OK)
        print_report(index, buf_str(&report));
    else
        fprintf(stderr, "aisle-indexer rollback: %s\n", err.message);
    buf_release(&report);
    return status == STATUS_OK ? EXIT_DONE : EXIT_NOTHING_CHANGED;
}
