/* aisle-eval shoppers: simulated shoppers in front of a server, and what it learns of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/comparison.h"
#include "bench/relevance/shoppers.h"
#include "bench/relevance/storefront.h"
#include "indexer/base/clock.h"

/*
 * Each query is asked plainly, which gives the ranking before. Then the shoppers come: a search a shopper, whose hits
 * they look at from the top and click by their grades, and the clicks go to the server as events. Then each query is
 * asked plainly again. What is told beside it, `click-through`, is what the same clicks do to the ranking before when
 * positions are not thought of: its score and a weight of the rate, with the weight that serves it best.
 */

enum { EXIT_FAILED = 3 };

static const double weights[] = {.02, .05, .1, .2, .3, .5, 1, 2, 5};
#define WEIGHT_COUNT (sizeof(weights) / sizeof(*weights))

struct command {
    struct common_options common;
    struct storefront_options shop;
    int64_t impressions, shown, batches, wait_ms, freshness;
    double eta, noise, buys;
    bool all;
    const char *format;
};

struct crowd {
    const struct command *command;
    struct storefront *shop;
    const struct entries *judgments;
    const struct queries *queries;
    struct shopper shopper;
    struct dice dice;
    struct click_log log;
    uint64_t shoppers;
    struct ranked *before; /* by query */
    struct arena arena;
};

static enum status parse_options(struct command *c, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[13 + COMMON_ROWS] = {
        {"server", OPTION_TEXT, &c->shop.server, "URL", 0, 0, NULL, "http://HOST:PORT of a running server"},
        {"index", OPTION_TEXT, &c->shop.index, "NAME", 0, 0, NULL, "the index"},
        {"key", OPTION_TEXT, &c->shop.key, "KEY", 0, 0, NULL, "a key of the server that may send events"},
        {"impressions", OPTION_INT, &c->impressions, "N", 0, 100000, NULL, "shoppers of each query"},
        {"shown", OPTION_INT, &c->shown, "N", 1, 100, NULL, "hits that a shopper is shown"},
        {"batches", OPTION_INT, &c->batches, "N", 1, 100000, NULL,
         "the server gets what they did in so many pieces, and ranks by it from then on; 1: all came before"},
        {"eta", OPTION_NUMBER, &c->eta, "X", 0, 0, NULL, "place p is looked at with p^-X"},
        {"noise", OPTION_NUMBER, &c->noise, "X", 0, 0, NULL, "clicks on what is worth nothing, when it is looked at"},
        {"buys", OPTION_NUMBER, &c->buys, "X", 0, 0, NULL, "of the clicks on what is worth something, so many buy"},
        {"wait", OPTION_INT, &c->wait_ms, "MS", 0, 600000, NULL, "for the server to take events in"},
        {"freshness", OPTION_INT, &c->freshness, "N", 0, 1000, NULL,
         "for so many queries, tell how long after a click its product moves up"},
        {"all-queries", OPTION_FLAG, &c->all, NULL, 0, 0, NULL, "those without a relevant document, too"},
        {"format", OPTION_CHOICE, &c->format, NULL, 0, 0, "text|json", "of the output"},
    };
    size_t used = common_options_rows(
        &c->common, COMMON_QUERIES | COMMON_JUDGED | COMMON_HITS | COMMON_CHANCE | COMMON_OUTPUT, rows, 13);
    const struct options options = {
        "aisle-eval shoppers QRELS --queries FILE --server URL --index NAME [options]",
        "Simulates shoppers who click by the judgments and by position, sends what they do to a server as events, and "
        "measures its ranking before and after, and what click-through as it is would have done. The events stay in "
        "the server: use one for this.",
        rows, used};
    c->impressions = 100;
    c->shown = 20;
    c->batches = 1;
    c->eta = 1;
    c->noise = .1;
    c->wait_ms = 1500;
    c->format = "text";
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && (*count != 1 || !c->common.queries || !c->shop.server || !c->shop.index))
        status = error_set(err, STATUS_INPUT, "judgments, --queries, --server and --index are needed");
    if (status == STATUS_OK && (!(c->eta >= 0) || !(c->noise >= 0) || c->noise > .5 || !(c->buys >= 0) || c->buys > 1))
        status = error_set(err, STATUS_INPUT, "--eta must be 0 or more, --noise 0 to 0.5, --buys 0 to 1");
    return status;
}

static void pause_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static const char *query_id(const struct crowd *c, size_t query)
{
    return c->queries->list.items[query].id;
}

/* ---- shopping ---- */

/* One shopper of one query: a search, looks, clicks. */
static enum status shop_once(struct crowd *c, size_t query, struct error *err)
{
    const struct entries_query *judged = entries_find(c->judgments, query_id(c, query));
    struct ranked found;
    struct arena arena;
    arena_init(&arena, 0);
    struct shopping s = {.text = c->queries->list.items[query].text, .hits = c->command->shown, .analytics = true};
    s.shopper = c->shoppers++;
    enum status status = storefront_search(c->shop, &s, &arena, &found, err);
    for (size_t i = 0; status == STATUS_OK && i < found.count; i++) {
        double grade = shoppers_grade(judged, found.docs[i].id.data);
        bool clicked = shopper_clicks(&c->shopper, i + 1, grade, &c->dice);
        click_log_add(&c->log, query, found.docs[i].id, clicked);
        struct deed deed = {found.query_id, found.docs[i].id, i + 1, s.shopper, false};
        if (clicked)
            storefront_note(c->shop, &deed);
        deed.buys = true;
        if (clicked && grade > 0 && dice_real(&c->dice) < c->command->buys)
            storefront_note(c->shop, &deed);
    }
    arena_release(&arena);
    return status;
}

static enum status shop_all(struct crowd *c, struct error *err)
{
    int64_t batch = (c->command->impressions + c->command->batches - 1) / c->command->batches;
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < c->command->impressions && status == STATUS_OK; i++) {
        for (size_t q = 0; q < c->queries->list.count && status == STATUS_OK; q++)
            status = shop_once(c, q, err);
        if (status == STATUS_OK && ((i + 1) % batch == 0 || i + 1 == c->command->impressions)) {
            status = storefront_send(c->shop, err);
            if (i + 1 < c->command->impressions)
                pause_ms(c->command->wait_ms);
        }
    }
    return status;
}

/* ---- rankings ---- */

static enum status ask_all(struct crowd *c, struct ranked *out, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t q = 0; q < c->queries->list.count && status == STATUS_OK; q++) {
        struct shopping s = {.text = c->queries->list.items[q].text, .hits = c->command->common.hits};
        status = storefront_search(c->shop, &s, &c->arena, &out[q], err);
    }
    return status;
}

static void ranked_entries(const struct crowd *c, const struct ranked *ranked, const char *name, struct system *out)
{
    out->name = name;
    entries_init(&out->run);
    arena_init(&out->configuration.arena, 0);
    arena_init(&out->opened.arena, 0);
    for (size_t q = 0; q < c->queries->list.count; q++) {
        for (size_t i = 0; i < ranked[q].count; i++)
            entries_add(&out->run, str_from(query_id(c, q)), ranked[q].docs[i].id, (double)(ranked[q].count - i));
    }
    out->run.tag = name;
    entries_sort(&out->run);
}

static int by_score(const void *a, const void *b)
{
    double x = ((const struct ranked_doc *)a)->score;
    double y = ((const struct ranked_doc *)b)->score;
    return (x < y) - (x > y);
}

/* The ranking before with a weight of the rates. */
static void click_through(struct crowd *c, double weight, struct ranked *out)
{
    for (size_t q = 0; q < c->queries->list.count; q++) {
        out[q] = c->before[q];
        out[q].docs = ARENA_ARRAY(&c->arena, struct ranked_doc, out[q].count + 1);
        memcpy(out[q].docs, c->before[q].docs, out[q].count * sizeof(*out[q].docs));
        for (size_t i = 0; i < out[q].count; i++)
            out[q].docs[i].score += weight * click_log_rate(&c->log, q, out[q].docs[i].id);
        qsort(out[q].docs, out[q].count, sizeof(*out[q].docs), by_score);
    }
}

static enum status mean_of_run(const struct crowd *c, const struct ranked *ranked, const struct measure_set *set,
                               double *out, struct error *err)
{
    struct system s = {0};
    struct evaluation_options options = {.complete = true};
    options.ranking = (struct ranking_options){.level = (long)c->command->common.level, .depth = -1};
    ranked_entries(c, ranked, "", &s);
    enum status status = evaluation_make(&s.evaluation, c->judgments, &s.run, set, &options, err);
    if (status == STATUS_OK)
        *out = s.evaluation.summary[0];
    system_release(&s);
    return status;
}

/* The weight that serves click-through best, found with the judgments: it could not do better. */
static enum status best_weight(struct crowd *c, const struct measure_set *set, double *out, struct error *err)
{
    struct ranked *ranked = ARENA_ARRAY(&c->arena, struct ranked, c->queries->list.count + 1);
    double best = -1;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < WEIGHT_COUNT && status == STATUS_OK; i++) {
        double mean = 0;
        click_through(c, weights[i], ranked);
        status = mean_of_run(c, ranked, set, &mean, err);
        if (mean > best) {
            best = mean;
            *out = weights[i];
        }
    }
    return status;
}

/* ---- how soon ---- */

/* Twenty shoppers want what is shown last: how long until it moves up, from the events' acknowledgement on. */
static enum status measure_freshness(struct crowd *c, size_t query, double *ms, struct error *err)
{
    enum { SHOPPERS = 20, PATIENCE_MS = 10000 };
    struct shopping s = {.text = c->queries->list.items[query].text, .hits = c->command->shown};
    struct ranked found, now;
    struct arena arena;
    arena_init(&arena, 0);
    *ms = NAN;
    enum status status = storefront_search(c->shop, &s, &arena, &found, err);
    size_t last = found.count;
    s.analytics = true;
    for (int i = 0; i < SHOPPERS && status == STATUS_OK && last > 1; i++) {
        s.shopper = c->shoppers++;
        status = storefront_search(c->shop, &s, &arena, &now, err);
        struct deed deed = {now.query_id, found.docs[last - 1].id, last, s.shopper, false};
        if (status == STATUS_OK)
            storefront_note(c->shop, &deed);
    }
    if (status == STATUS_OK && last > 1)
        status = storefront_send(c->shop, err);
    uint64_t from = clock_monotonic_ns();
    s.analytics = false;
    while (status == STATUS_OK && last > 1 && isnan(*ms) &&
           clock_monotonic_ns() - from < PATIENCE_MS * UINT64_C(1000000)) {
        status = storefront_search(c->shop, &s, &arena, &now, err);
        if (status == STATUS_OK && (now.count < last || !str_equal(now.docs[last - 1].id, found.docs[last - 1].id)))
            *ms = (double)(clock_monotonic_ns() - from) / 1e6;
        else
            pause_ms(2);
    }
    arena_release(&arena);
    return status;
}

struct freshness {
    size_t asked, moved;
    double median_ms, most_ms;
};

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status measure_all_freshness(struct crowd *c, struct freshness *out, struct error *err)
{
    size_t count = c->queries->list.count;
    double *times = ARENA_ARRAY(&c->arena, double, count + 1);
    enum status status = STATUS_OK;
    for (size_t q = 0; q < count && out->asked < (size_t)c->command->freshness && status == STATUS_OK; q++) {
        double ms;
        if (c->before[q].count < 3)
            continue;
        out->asked++;
        status = measure_freshness(c, q, &ms, err);
        if (!isnan(ms))
            times[out->moved++] = ms;
    }
    qsort(times, out->moved, sizeof(*times), by_number);
    out->median_ms = out->moved ? times[out->moved / 2] : NAN;
    out->most_ms = out->moved ? times[out->moved - 1] : NAN;
    return status;
}

/* ---- the report ---- */

static void write_report(const struct crowd *c, const struct comparison *comparison, double weight,
                         const struct freshness *f, struct buf *out)
{
    const struct command *x = c->command;
    if (strcmp(x->format, "json") == 0) {
        buf_printf(out, "{\"impressions\": %lld, \"shown\": %lld, \"clicks\": %.0f, \"clickThroughWeight\": %g,\n ",
                   (long long)x->impressions, (long long)x->shown, c->log.clicked, weight);
        buf_printf(out, "\"freshness\": {\"queries\": %zu, \"moved\": %zu, \"medianMs\": ", f->asked, f->moved);
        json_write_double(out, f->median_ms);
        buf_literal(out, ", \"mostMs\": ");
        json_write_double(out, f->most_ms);
        buf_literal(out, "},\n \"comparison\": ");
        comparison_write_json(comparison, out);
        buf_literal(out, "}\n");
        return;
    }
    buf_printf(out, "%zu queries, %lld shoppers each, who were shown %lld hits and clicked %.0f times\n",
               c->queries->list.count, (long long)x->impressions, (long long)x->shown, c->log.clicked);
    buf_printf(out, "'click-through' adds the rate of clicks with the weight %g, the best for it of %zu tried\n",
               weight, WEIGHT_COUNT);
    if (f->asked)
        buf_printf(out, "%zu of %zu products moved up after clicks; median %.0f ms, most %.0f ms\n", f->moved, f->asked,
                   f->median_ms, f->most_ms);
    buf_append_char(out, '\n');
    comparison_write_text(comparison, out);
}

static enum status compare_and_report(struct crowd *c, const struct ranked *after, const struct freshness *f,
                                      struct error *err)
{
    static const char *const measures[] = {"ndcg_cut.10", "recip_rank_cut.10"};
    enum { SYSTEMS = 3 };
    struct system systems[SYSTEMS] = {0};
    struct comparison comparison = {0};
    struct comparison_options options = {.queries = c->queries,
                                         .depth = 10,
                                         .rounds = (size_t)c->command->common.rounds,
                                         .seed = (uint64_t)c->command->common.seed};
    struct measure_set set;
    struct buf out = BUF_EMPTY;
    double weight = 0;
    options.evaluation.ranking = (struct ranking_options){.level = (long)c->command->common.level, .depth = -1};
    struct ranked *through = ARENA_ARRAY(&c->arena, struct ranked, c->queries->list.count + 1);
    enum status status = measure_set_make(&set, measures, 2, err);
    if (status == STATUS_OK)
        status = best_weight(c, &set, &weight, err);
    click_through(c, weight, through);
    ranked_entries(c, c->before, "before", &systems[0]);
    ranked_entries(c, after, "after", &systems[1]);
    ranked_entries(c, through, "click-through", &systems[2]);
    struct comparison_input input = {c->judgments, &set, systems, SYSTEMS, measures[0]};
    if (status == STATUS_OK)
        status = comparison_make(&comparison, &input, &options, err);
    if (status == STATUS_OK) {
        write_report(c, &comparison, weight, f, &out);
        status = command_write(c->command->common.output, &out, err);
    }
    buf_release(&out);
    comparison_release(&comparison);
    for (int i = 0; i < SYSTEMS; i++)
        system_release(&systems[i]);
    measure_set_release(&set);
    return status;
}

/* ---- the command ---- */

static enum status run(struct crowd *c, struct error *err)
{
    struct freshness freshness = {0, 0, NAN, NAN};
    struct ranked *after = ARENA_ARRAY(&c->arena, struct ranked, c->queries->list.count + 1);
    c->before = ARENA_ARRAY(&c->arena, struct ranked, c->queries->list.count + 1);
    enum status status = ask_all(c, c->before, err);
    if (status == STATUS_OK)
        status = shop_all(c, err);
    pause_ms(c->command->wait_ms);
    if (status == STATUS_OK)
        status = ask_all(c, after, err);
    if (status == STATUS_OK)
        status = measure_all_freshness(c, &freshness, err);
    if (status == STATUS_OK)
        status = compare_and_report(c, after, &freshness, err);
    return status;
}

/* Only judged queries have shoppers. */
static void keep_judged(struct queries *queries, const struct entries *judgments)
{
    size_t kept = 0;
    for (size_t i = 0; i < queries->list.count; i++) {
        if (entries_find(judgments, queries->list.items[i].id))
            queries->list.items[kept++] = queries->list.items[i];
    }
    queries->list.count = kept;
}

static enum status open_and_run(struct command *c, const char *qrels, struct error *err)
{
    struct entries_options options = {ENTRIES_JUDGMENTS, NULL, c->common.grades};
    struct entries judgments;
    struct queries queries = {0};
    struct crowd crowd = {.command = c, .judgments = &judgments, .queries = &queries};
    entries_init(&judgments);
    arena_init(&crowd.arena, 0);
    click_log_init(&crowd.log);
    crowd.dice.state = (uint64_t)c->common.seed;
    enum status status = entries_read(&judgments, qrels, &options, err);
    if (status == STATUS_OK)
        status = queries_read(&queries, c->common.queries, QUERIES_LISTED, err);
    if (status == STATUS_OK && !c->all)
        entries_keep_answerable(&judgments, (long)c->common.level);
    if (status == STATUS_OK)
        keep_judged(&queries, &judgments);
    if (status == STATUS_OK && queries.list.count == 0)
        status = error_set(err, STATUS_INPUT, "no query of the file is judged");
    if (status == STATUS_OK)
        status = storefront_open(&crowd.shop, &c->shop, err);
    crowd.shopper = (struct shopper){.eta = c->eta, .noise = c->noise, .top_grade = judgments.top_value};
    if (status == STATUS_OK)
        status = run(&crowd, err);
    storefront_close(crowd.shop);
    click_log_release(&crowd.log);
    arena_release(&crowd.arena);
    queries_release(&queries);
    entries_release(&judgments);
    return status;
}

int command_shoppers(int argc, char **argv)
{
    struct command command = {0};
    struct error err = {0};
    int count = 0;
    int code = 2;
    enum status status = parse_options(&command, argc, argv, &count, &err);
    if (status == STATUS_OK) {
        code = EXIT_FAILED;
        status = open_and_run(&command, argv[1], &err);
    }
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-eval shoppers: %s\n", err.message);
    return code;
}
