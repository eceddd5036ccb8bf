#include <pthread.h>

#include "indexer/base/clock.h"
#include "server/events/report_write.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"

/*
 * What the event log adds up to: GET /2/..., in the shapes of Algolia's Analytics API, GET /1/indexes/{index}/report,
 * everything in one answer, and GET /1/indexes/{index}/experiment, what shoppers prefer.
 *
 * `startDate` and `endDate` are days (UTC), both inclusive; without them the last 8. Lists have `limit` and `offset`.
 * Reports read the log, so they run on a worker; one at a time, since one of a long log needs some 100 bytes a search.
 */

#define DAYS_USUAL  8
#define DAYS_MOST   400
#define LIMIT_USUAL 10
#define LIMIT_MOST  1000

static pthread_mutex_t one_report = PTHREAD_MUTEX_INITIALIZER;

static const struct {
    const char *pattern;
    enum report_kind kind;
} kinds[] = {
    {"/1/indexes/{index}/report", REPORT_EVERYTHING},
    {"/2/searches", REPORT_SEARCHES_TOP},
    {"/2/searches/count", REPORT_SEARCHES_COUNT},
    {"/2/searches/noResults", REPORT_SEARCHES_NO_RESULTS},
    {"/2/searches/noResultRate", REPORT_NO_RESULT_RATE},
    {"/2/searches/noClicks", REPORT_SEARCHES_NO_CLICKS},
    {"/2/searches/noClickRate", REPORT_NO_CLICK_RATE},
    {"/2/clicks/clickThroughRate", REPORT_CLICK_THROUGH_RATE},
    {"/2/clicks/averageClickPosition", REPORT_CLICK_POSITION},
    {"/2/clicks/positions", REPORT_CLICK_POSITIONS},
    {"/2/conversions/conversionRate", REPORT_CONVERSION_RATE},
    {"/2/conversions/addToCartRate", REPORT_CART_RATE},
    {"/2/conversions/purchaseRate", REPORT_PURCHASE_RATE},
    {"/2/hits", REPORT_HITS},
};

/* A day's first moment; false after a 400 answer. */
static bool read_day(struct exchange *x, const char *name, int64_t *ms)
{
    struct str text = exchange_query(x, name);
    if (!text.data) {
        return true;
    }
    if (text.size != 10 || !clock_parse(text, ms)) {
        exchange_error(x, 400, "'%s': must be a day such as 2026-11-26", name);
        return false;
    }
    *ms -= *ms % REPORT_DAY_MS;
    return true;
}

static bool read_range(struct exchange *x, int64_t *from_ms, int64_t *to_ms)
{
    int64_t now = clock_wall_ms();
    int64_t last = now - now % REPORT_DAY_MS;
    if (!read_day(x, "endDate", &last)) {
        return false;
    }
    *from_ms = last - (DAYS_USUAL - 1) * (int64_t)REPORT_DAY_MS;
    *to_ms = last + REPORT_DAY_MS;
    if (!read_day(x, "startDate", from_ms)) {
        return false;
    }
    if (*from_ms >= *to_ms || *to_ms - *from_ms > DAYS_MOST * (int64_t)REPORT_DAY_MS) {
        exchange_error(x, 400, "'startDate': must be before 'endDate', by at most %d days", DAYS_MOST);
        return false;
    }
    return true;
}

static bool read_number(struct exchange *x, const char *name, uint64_t most, uint64_t *out)
{
    struct str text = exchange_query(x, name);
    if (text.data && (!str_to_u64(text, out) || *out > most)) {
        exchange_error(x, 400, "'%s': must be a whole number from 0 to %llu", name, (unsigned long long)most);
        return false;
    }
    return true;
}

static bool read_page(struct exchange *x, struct report_page *page)
{
    *page = (struct report_page){0, LIMIT_USUAL};
    return read_number(x, "limit", LIMIT_MOST, &page->limit) && read_number(x, "offset", 1000000000, &page->offset);
}

/* The snapshot of the index in the path, or of the parameter; NULL after an answer. */
static const struct snapshot *index_of(struct exchange *x)
{
    struct str name = x->param_count > 0 ? x->params[0] : exchange_query(x, "index");
    if (name.size == 0) {
        exchange_error(x, 400, "'index' is missing");
        return NULL;
    }
    return handlers_snapshot(x, name);
}

static void make_report(struct exchange *x)
{
    struct report report;
    struct report_options options = {.from_ms = 0};
    struct report_page page;
    struct error err = {0};
    enum report_kind kind = REPORT_EVERYTHING;
    const struct snapshot *snapshot = index_of(x);
    if (!snapshot || !read_range(x, &options.from_ms, &options.to_ms) || !read_page(x, &page)) {
        return;
    }
    options.index = snapshot->index_name;
    options.experiment = snapshot->settings->experiment.name;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kind = strcmp(kinds[i].pattern, x->route->pattern) == 0 ? kinds[i].kind : kind;
    }
    pthread_mutex_lock(&one_report);
    enum status status = report_make(&report, x->server->events, &options, &err);
    if (status == STATUS_OK) {
        report_write(&report, kind, &page, exchange_begin(x, 200, CONTENT_JSON));
    } else {
        exchange_fail(x, status, err.message);
    }
    report_release(&report);
    pthread_mutex_unlock(&one_report);
}

static enum handled report_away(struct exchange *x)
{
    return exchange_offload(x, make_report);
}

static void make_experiment(struct exchange *x)
{
    struct trial trial;
    struct trial_options options = {.experiment = exchange_query(x, "name")};
    struct report_page page;
    struct error err = {0};
    const struct snapshot *snapshot = index_of(x);
    if (!snapshot || !read_day(x, "startDate", &options.from_ms) || !read_page(x, &page)) {
        return;
    }
    options.index = snapshot->index_name;
    if (options.experiment.size == 0) {
        options.experiment = snapshot->settings->experiment.name;
    }
    if (options.experiment.size == 0) {
        exchange_error(x, 404, "no experiment is running; 'name' asks for one that has ended");
        return;
    }
    pthread_mutex_lock(&one_report);
    enum status status = trial_make(&trial, x->server->events, &options, &err);
    if (status == STATUS_OK) {
        trial_write(&trial, &page, exchange_begin(x, 200, CONTENT_JSON));
    } else {
        exchange_fail(x, status, err.message);
    }
    trial_release(&trial);
    pthread_mutex_unlock(&one_report);
}

static enum handled experiment_away(struct exchange *x)
{
    return exchange_offload(x, make_experiment);
}

#define REPORT(pattern)                                                                                                \
    {                                                                                                                  \
        HTTP_GET, pattern, SCOPE_ADMIN, 0, 1024, report_away, NULL                                                     \
    }

const struct route report_routes[] = {
    REPORT("/1/indexes/{index}/report"),
    {HTTP_GET, "/1/indexes/{index}/experiment", SCOPE_ADMIN, 0, 1024, experiment_away, NULL},
    REPORT("/2/searches"),
    REPORT("/2/searches/count"),
    REPORT("/2/searches/noResults"),
    REPORT("/2/searches/noResultRate"),
    REPORT("/2/searches/noClicks"),
    REPORT("/2/searches/noClickRate"),
    REPORT("/2/clicks/clickThroughRate"),
    REPORT("/2/clicks/averageClickPosition"),
    REPORT("/2/clicks/positions"),
    REPORT("/2/conversions/conversionRate"),
    REPORT("/2/conversions/addToCartRate"),
    REPORT("/2/conversions/purchaseRate"),
    REPORT("/2/hits"),
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
