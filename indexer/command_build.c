/* aisle-indexer build: feeds in, a published generation out. */
#include "indexer/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "indexer/base/options.h"
#include "indexer/build/build_plan.h"
#include "indexer/build/pipeline.h"
#include "indexer/control.h"
#include "server/live/live.h"
#include "server/query/count_hits.h"

enum { EXIT_ALL_TAKEN = 0, EXIT_SOME_REJECTED = 1, EXIT_USAGE = 2, EXIT_NOTHING_PUBLISHED = 3 };
enum { NICE_BESIDE_SERVER = 10 };

struct build_command {
    struct build_options options;
    const char *max_errors;
    const char *rejects;
    const char *report_path;
    const char *as_of;
    int64_t shards;
    uint64_t memory;
    bool ignore_gates;
    bool partial;
    bool terminal;
    uint64_t started_ns, shown_ns;
};

/* --- progress, for people --- */

static void show_progress(void *context, const struct feed_progress *progress, const char *step)
{
    struct build_command *c = context;
    uint64_t now = clock_monotonic_ns();
    if (!c->terminal || now - c->shown_ns < 200000000ull)
        return;
    c->shown_ns = now;
    double seconds = (double)(now - c->started_ns) / 1e9;
    double rate = seconds > 0 ? (double)progress->items / seconds : 0;
    fprintf(stderr, "\r%s: %llu items, %.0f items/s, %.1f MB", step, (unsigned long long)progress->items, rate,
            (double)progress->bytes_read / 1e6);
    if (progress->bytes_total && progress->bytes_read) {
        double left = seconds * ((double)progress->bytes_total / (double)progress->bytes_read - 1);
        fprintf(stderr, " of %.1f MB, %.0f s left", (double)progress->bytes_total / 1e6, left);
    }
    fputs("   ", stderr);
}

/* --- arguments --- */

static bool parse_max_errors(const char *text, struct build_options *o)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || value < 0 || value > 1e15)
        return false;
    if (strcmp(end, "%") == 0) {
        o->max_errors_percent = true;
        o->max_errors = (uint64_t)(value * 100 + .5);
        return value <= 100;
    }
    o->max_errors_percent = false;
    o->max_errors = (uint64_t)value;
    return *end == '\0' && (double)o->max_errors == value;
}

static enum status check_index_name(const char *name, struct error *err)
{
    struct str s = str_from(name);
    bool fine = s.size > 0 && s.size <= LIMIT_INDEX_NAME_BYTES && s.data[0] != '.' && str_utf8_valid(s, NULL);
    for (size_t i = 0; i < s.size && fine; i++)
        fine = (unsigned char)s.data[i] > ' ' && !strchr("/\\*?\"<>|", s.data[i]);
    if (fine)
        return STATUS_OK;
    return error_set(err, STATUS_INPUT,
                     "'--index %.60s': a name has 1 to %d bytes, no spaces, none of / \\ * ? \" < > |, no leading '.'",
                     name, LIMIT_INDEX_NAME_BYTES);
}

static enum status parse_arguments(struct build_command *c, int argc, char **argv, struct error *err)
{
    struct build_options *o = &c->options;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &o->data_dir, "DIR", 0, 0, NULL, "data directory of the server (required)"},
        {"index", OPTION_TEXT, &o->index_name, "NAME", 0, 0, NULL, "index to build (required)"},
        {"settings", OPTION_TEXT, &o->settings_path, "FILE", 0, 0, NULL,
         "settings, what they leave out is inferred; else DIR/settings/NAME.json, which is inferred from the feed and "
         "written when it is not there"},
        {"shards", OPTION_INT, &c->shards, "N", 0, LIMIT_SHARDS, NULL, "shards; 0: one for each 2 million products"},
        {"memory", OPTION_SIZE, &c->memory, "SIZE", 64 << 20, INT64_MAX, NULL,
         "memory to use, such as 2G; with less there are more shards"},
        {"max-errors", OPTION_TEXT, &c->max_errors, "N|P%", 0, 0, NULL,
         "rejected items above which nothing is published, a count or a share"},
        {"rejects", OPTION_TEXT, &c->rejects, "FILE", 0, 0, NULL, "write rejected items there, one JSON line each"},
        {"report", OPTION_TEXT, &c->report_path, "FILE", 0, 0, NULL, "write a JSON report there"},
        {"as-of", OPTION_TEXT, &c->as_of, "TIME", 0, 0, NULL,
         "when the feed's data was true (ISO 8601); else the feed's own date, else the file's"},
        {"partial", OPTION_FLAG, &c->partial, NULL, 0, 0, NULL,
         "the feeds are partial: do as `aisle-indexer apply`, whose options then hold"},
        {"ignore-gates", OPTION_FLAG, &c->ignore_gates, NULL, 0, 0, NULL,
         "publish whatever the settings' `gates` say; the report still tells"},
        {"allow-broken-feed", OPTION_FLAG, &o->allow_broken_feed, NULL, 0, 0, NULL,
         "publish the items before the place where a feed is broken beyond repair"},
    };
    const struct options options = {
        "aisle-indexer build --data DIR --index NAME [options] FEED...",
        "Builds an index from product feeds (XML, NDJSON, JSON, CSV, TSV; plain or .gz; - is standard input) and "
        "publishes it. A running server adopts it without a failed search or a lost update.\n"
        "Exit codes: 0 all items taken; 1 published, but items were rejected or a feed was broken; 2 usage or "
        "settings; 3 nothing published.",
        rows, sizeof(rows) / sizeof(rows[0])};
    int feeds = 0;
    enum status status = options_parse(&options, argc, argv, &feeds, err);
    if (status != STATUS_OK)
        return status;
    if (!o->data_dir || !o->index_name)
        return error_set(err, STATUS_INPUT, "'%s' is required", o->data_dir ? "--index" : "--data");
    if (feeds == 0)
        return error_set(err, STATUS_INPUT, "no feed given; name files, or - for standard input");
    if (!parse_max_errors(c->max_errors, o))
        return error_set(err, STATUS_INPUT, "'--max-errors %.40s': give a count such as 100 or a share such as 5%%",
                         c->max_errors);
    if (c->as_of && !clock_parse(str_from(c->as_of), &o->as_of_ms))
        return error_set(err, STATUS_INPUT, "'--as-of %.40s': give a time such as 2026-05-31T22:00:00Z", c->as_of);
    if (o->as_of_ms > clock_wall_ms() + AS_OF_AHEAD_MS)
        return error_set(err, STATUS_INPUT, "'--as-of %.40s' is more than a minute ahead", c->as_of);
    o->feeds = argv + 1;
    o->feed_count = (size_t)feeds;
    o->shard_count = (uint32_t)c->shards;
    o->memory_bytes = c->memory;
    return check_index_name(o->index_name, err);
}

/* --- publishing --- */

/* What the server or the adoption here said, for the report; also when a gate did not hold. */
static void keep_outcome(struct report *report, struct str json)
{
    buf_clear(&report->outcome);
    buf_append_str(&report->outcome, json);
}

static enum status adopt_in_server(const struct build_command *c, const char *candidate, struct report *report,
                                   struct error *err)
{
    struct buf body = BUF_EMPTY;
    struct control_answer answer;
    struct arena arena;
    struct json root;
    char *absolute = realpath(candidate, NULL);
    arena_init(&arena, 0);
    buf_literal(&body, "{\"candidate\":");
    json_write_string(&body, str_from(absolute ? absolute : candidate));
    buf_printf(&body, ",\"ignoreGates\":%s}", c->ignore_gates ? "true" : "false");
    enum status status = control_request(&answer, &(struct control_target){.data_dir = c->options.data_dir},
                                         "/internal/adopt", buf_str(&body), err);
    bool asked = status == STATUS_OK;
    if (asked && json_parse(answer.body, &arena, &root, NULL) == STATUS_OK) {
        const struct json *refused = json_get(&root, "report");
        struct buf text = BUF_EMPTY;
        if (refused || answer.code == 200) {
            json_write(&text, refused ? refused : &root);
            keep_outcome(report, buf_str(&text));
        }
        buf_release(&text);
    }
    if (asked)
        status = control_check(&answer, "adopt the build", err);
    control_release(&answer);
    arena_release(&arena);
    free(absolute);
    buf_release(&body);
    return asked && status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status;
}

static enum status adopt_here(const struct build_command *c, const char *candidate, struct report *report,
                              struct error *err)
{
    struct live_options options = {.data_dir = c->options.data_dir, .create = true, .count_hits = search_count_hits};
    struct live *live = NULL;
    struct arena arena;
    struct str text = {0};
    arena_init(&arena, 0);
    enum status status = live_open(&live, &options, err);
    if (status == STATUS_OK)
        status = (c->ignore_gates ? live_adopt_anyway : live_adopt)(live, candidate, &arena, &text, err);
    keep_outcome(report, text);
    live_close(live);
    arena_release(&arena);
    return status;
}

static enum status publish(const struct build_command *c, const char *candidate, struct report *report,
                           struct error *err)
{
    enum status status = adopt_in_server(c, candidate, report, err);
    if (status == STATUS_NOT_FOUND)
        status = adopt_here(c, candidate, report, err);
    if (status != STATUS_OK) {
        struct error ignored;
        if (dir_remove(candidate, &ignored) != STATUS_OK)
            (void)ignored; /* the failure above is the one to tell */
    }
    return status;
}

/* --- telling --- */

static void print_summary(const struct build_command *c, const struct report *r)
{
    if (c->terminal)
        fputs("\r\033[K", stderr);
    fprintf(stderr, STR_FMT, STR_ARG(buf_str(&r->first_rejects)));
    if (r->rejected > 5)
        fprintf(stderr, "... and %llu more rejected items%s%s\n", (unsigned long long)(r->rejected - 5),
                c->rejects ? ", all of them in " : " (--rejects FILE keeps them all)", c->rejects ? c->rejects : "");
    for (size_t i = 0; i < r->files.count; i++) {
        if (r->files.items[i].broken)
            fprintf(stderr, "broken feed: %s\n", r->files.items[i].break_message);
    }
    printf("%s: %llu items, %llu accepted, %llu rejected, %llu replaced, %llu products, %.1f MB, %.1f s, %.0f items/s, "
           "%.0f MB peak\n",
           c->options.index_name, (unsigned long long)r->items, (unsigned long long)r->accepted,
           (unsigned long long)r->rejected, (unsigned long long)r->replaced, (unsigned long long)r->products,
           (double)r->bytes / 1e6, r->seconds, r->seconds > 0 ? (double)r->items / r->seconds : 0,
           (double)r->peak_rss_bytes / 1e6);
}

/* With stdio, so that it may be a pipe or a terminal, too. */
static enum status write_report(const struct build_command *c, const struct report *r, struct error *err)
{
    if (!c->report_path)
        return STATUS_OK;
    struct buf text;
    buf_init(&text, 0);
    report_write(r, &text);
    FILE *out = fopen(c->report_path, "w");
    bool written = out && fwrite(text.data, 1, text.size, out) == text.size;
    if (out && fclose(out) != 0)
        written = false;
    buf_release(&text);
    return written ? STATUS_OK : error_errno(err, "writing '%.150s'", c->report_path);
}

static int exit_code(const struct build_command *c, const struct report *r, enum status status)
{
    bool broken = false;
    for (size_t i = 0; i < r->files.count; i++)
        broken = broken || r->files.items[i].broken;
    if (status == STATUS_OK)
        return r->rejected || broken ? EXIT_SOME_REJECTED : EXIT_ALL_TAKEN;
    (void)c;
    return status == STATUS_INPUT && r->files.count == 0 ? EXIT_USAGE : EXIT_NOTHING_PUBLISHED;
}

/* Takes --partial out of the arguments. */
static bool asks_for_partial(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--partial") == 0) {
            memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
            --*argc;
            return true;
        }
    }
    return false;
}

/* Searches go before a build that nobody waits for. */
static void step_back(const char *data_dir)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/control.sock", data_dir);
    if (file_exists(path))
        (void)setpriority(PRIO_PROCESS, 0, NICE_BESIDE_SERVER);
}

int command_build(int argc, char **argv)
{
    if (asks_for_partial(&argc, argv))
        return command_apply(argc, argv);

    struct build_command c = {.max_errors = "10%", .memory = build_plan_memory()};
    struct report report;
    struct error err = {0};
    char candidate[4200];
    c.options.on_progress = show_progress;
    c.options.context = &c;
    c.terminal = isatty(STDERR_FILENO);
    c.started_ns = clock_monotonic_ns();
    enum status status = parse_arguments(&c, argc, argv, &err);
    if (status == STATUS_OK)
        status = report_init(&report, c.rejects, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-indexer build: %s\n", err.message);
        return EXIT_USAGE;
    }
    step_back(c.options.data_dir);
    status = build_run(&c.options, &report, candidate, sizeof(candidate), &err);
    if (status == STATUS_OK)
        status = publish(&c, candidate, &report, &err);
    report.published = status == STATUS_OK;
    snprintf(report.failure, sizeof(report.failure), "%s", status == STATUS_OK ? "" : err.message);
    struct error late = {0};
    enum status finished = report_finish(&report, &late);
    if (finished == STATUS_OK)
        finished = write_report(&c, &report, &late);
    print_summary(&c, &report);
    if (status != STATUS_OK)
        fprintf(stderr, "aisle-indexer build: %s\n", err.message);
    if (finished != STATUS_OK)
        fprintf(stderr, "aisle-indexer build: %s\n", late.message);
    int code = exit_code(&c, &report, status);
    if (code == EXIT_ALL_TAKEN && finished != STATUS_OK)
        code = EXIT_SOME_REJECTED;
    report_release(&report);
    return code;
}
