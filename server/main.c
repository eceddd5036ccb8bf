/* aisle-server: serves a data directory over HTTP. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/options.h"
#include "server/events/events.h"
#include "server/http/event_metrics.h"
#include "server/http/handlers.h"
#include "server/http/live_metrics.h"
#include "server/http/server.h"
#include "server/live/live.h"
#include "server/query/count_hits.h"
#include "server/query/crew.h"

enum { EXIT_USAGE = 2, EXIT_DATA = 3 };

struct arguments {
    const char *data;
    const char *listen;
    const char *web;
    const char *keys;
    const char *make_keys;
    const char *log;
    const char *sync;
    int64_t sync_interval_ms;
    int64_t commit_delay_us;
    int64_t history_days;
    uint64_t history_bytes;
    uint64_t merge_bytes;
    int64_t events_days;
    uint64_t events_bytes;
    int64_t threads;
    int64_t workers;
    int64_t helpers;
    int64_t connections;
    int64_t per_address;
    uint64_t memory;
    uint64_t pages;
    uint64_t answers;
    bool elastic;
    bool verify;
};

static enum status parse_arguments(struct arguments *a, int argc, char **argv, struct error *err)
{
    int positional = 0;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &a->data, "DIR", 0, 0, NULL, "the data directory; made when it is not there"},
        {"listen", OPTION_TEXT, &a->listen, "ADDRESS", 0, 0, NULL,
         "where to serve (127.0.0.1:7700); other than loopback needs --keys"},
        {"threads", OPTION_INT, &a->threads, "N", 0, 1024, NULL, "event bases (0: one a processor)"},
        {"workers", OPTION_INT, &a->workers, "N", 0, 1024, NULL, "threads for long queries (0: one a processor)"},
        {"helpers", OPTION_INT, &a->helpers, "N", 0, CREW_MOST, NULL,
         "threads that take segments off long searches while a processor is idle (one fewer than processors)"},
        {"web", OPTION_TEXT, &a->web, "DIR", 0, 0, NULL, "files to serve at /"},
        {"keys", OPTION_TEXT, &a->keys, "FILE", 0, 0, NULL, "API keys; without it any key is taken, on loopback only"},
        {"make-keys", OPTION_TEXT, &a->make_keys, "FILE", 0, 0, NULL,
         "write a new key file, print its keys, once, and end"},
        {"max-connections", OPTION_INT, &a->connections, "N", 0, 1000000, NULL,
         "in all (0: 16384, or what the descriptor limit allows)"},
        {"max-connections-per-address", OPTION_INT, &a->per_address, "N", 0, 1000000, NULL,
         "of one address; loopback is not counted (0: 1024)"},
        {"memory", OPTION_SIZE, &a->memory, "SIZE", 64 << 20, INT64_MAX, NULL,
         "the most memory that may be resident, such as 2G: mapped files are given back near it, updates refused when "
         "they need too much; without it there is no ceiling"},
        {"page-cache", OPTION_SIZE, &a->pages, "SIZE", 0, INT64_MAX, NULL,
         "memory for totals, facets and first products of pages that many open: categories, everything, first letters "
         "(32M; 0: none)"},
        {"answer-cache", OPTION_SIZE, &a->answers, "SIZE", 0, INT64_MAX, NULL,
         "memory for answers of searches that come again before anything changes (32M; 0: none)"},
        {"elastic-compat", OPTION_FLAG, &a->elastic, NULL, 0, 0, NULL,
         "send X-Elastic-Product on _bulk and its companions"},
        {"sync", OPTION_CHOICE, &a->sync, "POLICY", 0, 0, "always|interval|system",
         "when an update counts: on disk (always); written, and on disk --sync-interval-ms later, which a power cut "
         "may "
         "take, a kill does not (interval); written, and on disk when the system likes (system)"},
        {"sync-interval-ms", OPTION_INT, &a->sync_interval_ms, "MS", 1, 600000, NULL, "of --sync interval"},
        {"commit-delay-us", OPTION_INT, &a->commit_delay_us, "US", 0, 100000, NULL,
         "how long an update may wait for others to be synced together with"},
        {"history-days", OPTION_INT, &a->history_days, "DAYS", 0, 3650, NULL,
         "how long updates are kept for the history of objects"},
        {"merge-memory", OPTION_SIZE, &a->merge_bytes, "SIZE", 1 << 20, INT64_MAX, NULL,
         "the most memory that a merge of changed products, or a rebuild of an index, works with (an eighth of the "
         "machine's, "
         "512M to 4G, or a quarter of --memory; little of it makes rebuilds frequent)"},
        {"history-bytes", OPTION_SIZE, &a->history_bytes, "SIZE", 1 << 20, INT64_MAX, NULL,
         "the most log that is kept for history, rollbacks and backups"},
        {"events-days", OPTION_INT, &a->events_days, "DAYS", 1, 3650, NULL, "how long shoppers' events are kept"},
        {"events-bytes", OPTION_SIZE, &a->events_bytes, "SIZE", 1 << 20, INT64_MAX, NULL,
         "the most that is kept of them"},
        {"verify-on-start", OPTION_FLAG, &a->verify, NULL, 0, 0, NULL, "check every block of every file first"},
        {"log", OPTION_CHOICE, &a->log, "LEVEL", 0, 0, "debug|info|warn|error|off", "what to log"},
    };
    const struct options options = {
        .usage = "aisle-server --data DIR [options]",
        .about = "Serves the indexes of a data directory: search, facets, suggestions, updates.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0]),
    };
    enum status status = options_parse(&options, argc, argv, &positional, err);
    if (status == STATUS_OK && positional > 0) {
        status = error_set(err, STATUS_INPUT, "'%s' is one argument too many", argv[1]);
    }
    if (status == STATUS_OK && !a->data && !a->make_keys) {
        status = error_set(err, STATUS_INPUT, "--data DIR is missing");
    }
    return status;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error", "off"};
    enum log_level level = LOG_DEBUG;
    while (level < LOG_OFF && strcmp(names[level], name) != 0) {
        level++;
    }
    return level;
}

static enum live_sync policy_of(const char *name)
{
    return strcmp(name, "interval") == 0 ? LIVE_SYNC_INTERVAL
           : strcmp(name, "system") == 0 ? LIVE_SYNC_SYSTEM
                                         : LIVE_SYNC_ALWAYS;
}

static int make_keys(const char *path, struct error *err)
{
    char admin[KEY_TEXT_SIZE];
    char search[KEY_TEXT_SIZE];
    if (keys_make(path, admin, search, err) != STATUS_OK) {
        return EXIT_FAILURE;
    }
    printf("admin key:       %s\nsearch-only key: %s\n", admin, search);
    printf("'%s' holds only their hashes: keep them, they are not shown again.\n", path);
    return EXIT_SUCCESS;
}

/* The signals that end the server are waited for, by this thread alone. */
static void block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGINT);
    sigaddset(ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, ending, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static enum status prepare(struct server *server, const struct arguments *a, struct error *err)
{
    server->options = (struct server_options){
        .listen = a->listen,
        .threads = (uint32_t)a->threads,
        .workers = (uint32_t)a->workers,
        .helpers = (uint32_t)a->helpers,
        .max_connections = (uint32_t)a->connections,
        .max_per_address = (uint32_t)a->per_address,
        .elastic = a->elastic,
        .page_bytes = a->pages,
        .no_pages = a->pages == 0,
        .answer_bytes = a->answers,
        .no_answers = a->answers == 0,
        .memory_bytes = a->memory / 8 < (UINT64_C(1) << 30) ? a->memory / 8 : 0,
    };
    server->routes = handler_families;
    enum status status = STATUS_OK;
    if (a->keys) {
        status = keys_load(&server->keys, a->keys, err);
    }
    if (status == STATUS_OK && a->web) {
        status = static_files_load(&server->files, a->web, err);
    }
    return status;
}

/* The shop goes on without them. */
static void open_events(struct server *server, const struct arguments *a)
{
    struct events_options options = {
        .data_dir = a->data, .keep_ms = a->events_days * 86400000, .keep_bytes = a->events_bytes, .live = server->live};
    struct error err = {0};
    if (events_open(&server->events, &options, &err) != STATUS_OK) {
        log_error("events are not taken: %s", err.message);
        server->events = NULL;
    }
    event_metrics_add(server);
}

/* Opens the data while /health answers already, then says ready. */
static enum status open_data(struct server *server, const struct arguments *a, const char *control, struct error *err)
{
    struct live_options options = {.data_dir = a->data,
                                   .create = true,
                                   .verify_on_start = a->verify,
                                   .count_hits = search_count_hits,
                                   .memory_bytes = a->memory,
                                   .sync = policy_of(a->sync),
                                   .sync_interval_ms = (uint64_t)a->sync_interval_ms,
                                   .commit_delay_us = (uint64_t)a->commit_delay_us,
                                   .history_ms = a->history_days * 86400000,
                                   .history_bytes = a->history_bytes,
                                   .merge_bytes = a->merge_bytes};
    uint64_t start = clock_monotonic_ns();
    enum status status = live_open(&server->live, &options, err);
    if (status == STATUS_OK) {
        status = server_control(server, control, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    live_metrics_add(server);
    open_events(server, a);
    atomic_store(&server->ready, true);
    log_info("ready on port %u after %.0f ms, data in '%s'", server->port, (double)(clock_monotonic_ns() - start) / 1e6,
             a->data);
    return STATUS_OK;
}

static int serve(const struct arguments *a, struct error *err)
{
    static struct server server;
    sigset_t ending;
    int signal_number;
    char control[4096];
    int code = EXIT_USAGE;
    snprintf(control, sizeof(control), "%s/control.sock", a->data);
    block_signals(&ending);
    if (prepare(&server, a, err) == STATUS_OK && server_start(&server, err) == STATUS_OK) {
        code = EXIT_DATA;
        if (open_data(&server, a, control, err) == STATUS_OK) {
            sigwait(&ending, &signal_number);
            log_info("ending after signal %d", signal_number);
            code = EXIT_SUCCESS;
        }
    }
    server_stop(&server);
    events_close(server.events);
    live_close(server.live);
    return code;
}

/* The kernels are built for processors with AVX2; others would end with SIGILL in the middle of a search. */
static bool processor_fits(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2");
#else
    return true;
#endif
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct arguments a = {.listen = "127.0.0.1:7700",
                          .log = "info",
                          .sync = "always",
                          .sync_interval_ms = 1000,
                          .history_days = 30,
                          .history_bytes = UINT64_C(10) << 30,
                          .events_days = 90,
                          .events_bytes = UINT64_C(1) << 30,
                          .helpers = (int64_t)processor_count() - 1,
                          .pages = 32 << 20,
                          .answers = 32 << 20};
    setlocale(LC_CTYPE, "C.UTF-8");
    if (!processor_fits()) {
        fputs("aisle-server: this processor has no AVX2, which the program needs\n", stderr);
        return EXIT_USAGE;
    }
    if (parse_arguments(&a, argc, argv, &err) != STATUS_OK) {
        fprintf(stderr, "aisle-server: %s\n", err.message);
        return EXIT_USAGE;
    }
    log_set_level(level_of(a.log));
    int code = a.make_keys ? make_keys(a.make_keys, &err) : serve(&a, &err);
    if (code != EXIT_SUCCESS) {
        fprintf(stderr, "aisle-server: %s\n", err.message);
    }
    return code;
}
