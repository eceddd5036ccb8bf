/*
 * aisle-load: a load of HTTP requests on a server of this machine. Prints one line of JSON: throughput, latencies, and
 * the server's processor time for each request. bench/load/run drives it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench/load/lane.h"
#include "indexer/base/clock.h"
#include "indexer/base/options.h"

enum { EVENTS = 256 };

struct arguments {
    const char *workload, *mix, *beside;
    int64_t port, pid, connections, rate, beside_connections, beside_rate, seconds, warm_ms, requests;
};

static enum status arguments_parse(struct arguments *a, int argc, char **argv, struct error *err)
{
    const struct option_row rows[] = {
        {"port", OPTION_INT, &a->port, "N", 1, 65535, NULL, "the server's, on 127.0.0.1"},
        {"pid", OPTION_INT, &a->pid, "N", 0, INT32_MAX, NULL, "the server's process, whose processor time is read"},
        {"workload", OPTION_TEXT, &a->workload, "DIR", 0, 0, NULL, "the files of aisle-workload"},
        {"mix", OPTION_TEXT, &a->mix, "NAME", 0, 0, NULL,
         "instantsearch, typing, hits, instock, store, browseinstock, browsestore, suggest, update, bulk, inventory, "
         "stream, objects or health"},
        {"connections", OPTION_INT, &a->connections, "N", 1, 10000, NULL, "kept alive"},
        {"rate", OPTION_INT, &a->rate, "N", 0, 10000000, NULL, "requests a second, open loop; 0: closed loop"},
        {"beside", OPTION_TEXT, &a->beside, "NAME", 0, 0, NULL, "a second mix that runs at the same time"},
        {"beside-connections", OPTION_INT, &a->beside_connections, "N", 1, 10000, NULL, "its connections"},
        {"beside-rate", OPTION_INT, &a->beside_rate, "N", 0, 10000000, NULL, "its requests a second"},
        {"seconds", OPTION_INT, &a->seconds, "N", 1, 3600, NULL, "measured"},
        {"warm", OPTION_INT, &a->warm_ms, "MS", 0, 600000, NULL, "before that, in milliseconds"},
        {"requests", OPTION_INT, &a->requests, "N", 1, 10000000, NULL, "different ones, at most; then again"},
    };
    const struct options options = {.usage = "aisle-load --port N --workload DIR --mix NAME [options]",
                                    .about = "Sends requests to a server on this machine and measures the answers.",
                                    .rows = rows,
                                    .row_count = sizeof rows / sizeof rows[0]};
    int positional = 0;
    enum status status = options_parse(&options, argc, argv, &positional, err);

    if (status == STATUS_OK && positional)
        status = error_set(err, STATUS_INPUT, "'%s': no such argument; see --help", argv[1]);
    if (status == STATUS_OK && (!a->workload || !a->mix || !a->port))
        status = error_set(err, STATUS_INPUT, "--port, --workload and --mix are needed; see --help");
    return status;
}

/* User and system time of a process, or 0. */
static double process_seconds(int64_t pid)
{
    char path[64], text[2048] = "";
    unsigned long long user = 0, system = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    f = pid ? fopen(path, "r") : NULL;
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = 0;
    (void)fclose(f);
    const char *behind = strrchr(text, ')'); /* the name may hold anything */
    if (!behind || sscanf(behind, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int by_value(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

    return (a > b) - (a < b);
}

static double share_us(const struct load_lane *lane, double share)
{
    size_t n = lane->latencies.count, at = (size_t)(share * (double)n);

    return n ? (double)lane->latencies.items[at < n ? at : n - 1] / 1000 : 0;
}

static void print_lane(struct load_lane *lane, double seconds)
{
    size_t n = lane->latencies.count;

    if (n)
        qsort(lane->latencies.items, n, sizeof(uint64_t), by_value);
    printf("{\"mix\":\"%s\",\"connections\":%zu,\"rate\":%.0f,\"requests\":%zu,\"items\":%zu,\"failed\":%llu,"
           "\"busy\":%llu,\"per_second\":%.1f,",
           lane->mix, lane->connection_count, lane->rate, n, lane->requests.items, (unsigned long long)lane->failed,
           (unsigned long long)lane->busy, (double)lane->in_time / seconds);
    printf("\"bytes\":%.0f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           n ? (double)lane->bytes_in / (double)n : 0, share_us(lane, .5), share_us(lane, .9), share_us(lane, .99),
           share_us(lane, .999), share_us(lane, 1));
}

static void set_timer(int timer, uint64_t at_ns)
{
    struct itimerspec spec = {.it_value = {(time_t)(at_ns / 1000000000u), (long)(at_ns % 1000000000u)}};

    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL) != 0)
        fatal("timerfd_settime failed");
}

/* Runs the lanes to their end; *cpu becomes the server's processor seconds in the measured time. */
static void run_lanes(struct load_lane *lanes, size_t count, int epoll, const struct arguments *a, double *cpu)
{
    struct epoll_event events[EVENTS];
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event timer_event = {.events = EPOLLIN, .data.ptr = NULL};
    uint64_t start = clock_monotonic_ns(), now = start;
    bool measuring = false, over = false;

    if (timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &timer_event) != 0)
        fatal("there is no timer to be had");
    for (size_t i = 0; i < count; i++)
        lane_start(&lanes[i], epoll, start, (uint64_t)a->warm_ms * 1000000u, (uint64_t)a->seconds * 1000000000u);
    for (bool done = false; !done;) {
        uint64_t next = measuring ? lanes[0].end_ns : lanes[0].measure_from_ns;
        for (size_t i = 0; i < count; i++) {
            uint64_t due = lane_pump(&lanes[i], epoll, now);
            next = due < next ? due : next;
        }
        set_timer(timer, next > now ? next : now + 1000000);
        int n = epoll_wait(epoll, events, EVENTS, 100);
        now = clock_monotonic_ns();
        for (int i = 0; i < n; i++) {
            uint64_t expirations;
            if (events[i].data.ptr)
                lane_ready(events[i].data.ptr, epoll, events[i].events);
            else if (read(timer, &expirations, sizeof(expirations)) < 0)
                continue;
        }
        now = clock_monotonic_ns();
        if (!measuring && now >= lanes[0].measure_from_ns) {
            measuring = true;
            *cpu = -process_seconds(a->pid);
        }
        if (!over && now >= lanes[0].end_ns) {
            over = true;
            *cpu += process_seconds(a->pid);
        }
        done = true;
        for (size_t i = 0; i < count; i++)
            done = done && lane_done(&lanes[i], now);
    }
    (void)close(timer);
}

static void report(struct load_lane *lanes, size_t count, const struct arguments *a, double cpu)
{
    double requests = 0;

    printf("{\"lanes\":[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            putchar(',');
        print_lane(&lanes[i], (double)a->seconds);
        requests += (double)lanes[i].in_time;
    }
    printf("],\"seconds\":%lld,\"server_cpu_seconds\":%.2f,\"server_cpu_us\":%.2f}\n", (long long)a->seconds, cpu,
           requests > 0 ? cpu * 1e6 / requests : 0);
}

int main(int argc, char **argv)
{
    struct arguments a = {
        .workload = NULL, .connections = 8, .beside_connections = 1, .seconds = 10, .warm_ms = 1000, .requests = 20000};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct load_lane lanes[2] = {{.mix = NULL}};
    struct error err = {0};
    double cpu = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    enum status status = arguments_parse(&a, argc, argv, &err);
    size_t count = status == STATUS_OK && a.beside ? 2 : 1;

    address.sin_port = htons((uint16_t)a.port);
    lanes[0] = (struct load_lane){.mix = a.mix, .connection_count = (size_t)a.connections, .rate = (double)a.rate};
    lanes[1] = (struct load_lane){
        .mix = a.beside, .connection_count = (size_t)a.beside_connections, .rate = (double)a.beside_rate};
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = load_requests_make(&lanes[i].requests, lanes[i].mix, a.workload, (size_t)a.requests, &err);
        if (status == STATUS_OK)
            status = lane_open(&lanes[i], epoll, &address, &err);
    }
    if (status == STATUS_OK) {
        run_lanes(lanes, count, epoll, &a, &cpu);
        report(lanes, count, &a, cpu);
    } else {
        fprintf(stderr, "aisle-load: %s\n", err.message);
    }
    for (size_t i = 0; i < count; i++)
        lane_close(&lanes[i]);
    (void)close(epoll);
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 3;
}
