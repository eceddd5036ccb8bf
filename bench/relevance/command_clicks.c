/* aisle-eval clicks: judgments from what shoppers clicked. */
#include <stdio.h>

#include "bench/relevance/click_model.h"
#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/evaluation.h"
#include "bench/relevance/queries.h"
#include "indexer/base/clock.h"
#include "server/events/events.h"

enum { EXIT_FAILED = 3, ROUNDS = 1000 };

struct command {
    struct common_options common;
    const char *data, *index, *format;
    int64_t days, top_grade;
    double least;
};

/* What a search showed, until its clicks are known. */
struct shown_item {
    uint32_t pair, position;
    bool clicked;
};
struct shown_search {
    size_t first, count; /* of items */
};

struct reading {
    const struct command *command;
    struct click_model model;
    struct map search_places; /* by query id */
    VEC(struct shown_search) searches;
    VEC(struct shown_item) items;
    size_t clicks, unknown;
};

static enum status parse_options(struct command *c, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[6 + COMMON_ROWS] = {
        {"data", OPTION_TEXT, &c->data, "DIR", 0, 0, NULL,
         "the data directory whose events are read; a server may run"},
        {"index", OPTION_TEXT, &c->index, "NAME", 0, 0, NULL, "the index"},
        {"days", OPTION_INT, &c->days, "N", 1, 36500, NULL, "only what was logged in the last N days"},
        {"least", OPTION_NUMBER, &c->least, "X", 0, 0, NULL,
         "only products that were looked at so often for a query, by the model"},
        {"top-grade", OPTION_INT, &c->top_grade, "N", 1, 9, NULL, "of the most attractive; grades begin at 0"},
        {"format", OPTION_CHOICE, &c->format, NULL, 0, 0, "csv|trec", "of the judgments"},
    };
    size_t used = common_options_rows(&c->common, COMMON_QUERIES | COMMON_OUTPUT, rows, 6);
    const struct options options = {
        "aisle-eval clicks --data DIR --index NAME [options]",
        "Makes judgments of logged searches and clicks: how attractive each product is for a query, apart from the "
        "places it was shown at, in grades. A query's id is its text, or with --queries the id of that text there; "
        "other "
        "queries are left out then. What was learned of the places is told on standard error.",
        rows, used};
    c->days = 90;
    c->least = 10;
    c->top_grade = 3;
    c->format = "csv";
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && (*count != 0 || !c->data || !c->index))
        status = error_set(err, STATUS_INPUT, "--data and --index are needed, and nothing else");
    if (status == STATUS_OK && strcmp(c->format, "trec") == 0 && !c->common.queries)
        status = error_set(err, STATUS_INPUT, "--format trec needs --queries: texts have spaces, ids have none");
    return status;
}

/* ---- reading ---- */

static struct str id_key(const struct query_id *id)
{
    return (struct str){(const char *)id->bytes, sizeof(id->bytes)};
}

static void take_search(struct reading *r, const struct event *e)
{
    struct shown_search search = {r->items.count, 0};
    if (!e->has_query || e->item_count == 0 || !str_equal(e->index, str_from(r->command->index)))
        return;
    uint32_t query = click_model_query(&r->model, e->normal, str_trim(e->query));
    for (uint32_t i = 0; i < e->item_count; i++) {
        struct shown_item item = {click_model_pair(&r->model, query, e->items[i].object_id), e->items[i].position,
                                  false};
        if (item.position == 0)
            continue;
        click_model_shown(&r->model, item.pair, item.position);
        vec_push(&r->items, item);
        search.count++;
    }
    (void)map_put(&r->search_places, id_key(&e->query_id), r->searches.count, NULL);
    vec_push(&r->searches, search);
}

/* A click counts once a search and product. */
static bool take_click(struct reading *r, const struct event_item *clicked, const struct query_id *id)
{
    const uint64_t *place = map_get(&r->search_places, id_key(id));
    if (!place)
        return false;
    const struct shown_search *search = &r->searches.items[*place];
    for (size_t i = 0; i < search->count; i++) {
        struct shown_item *item = &r->items.items[search->first + i];
        if (!str_equal(str_from(r->model.pairs.items[item->pair].doc), clicked->object_id))
            continue;
        if (!item->clicked)
            click_model_clicked(&r->model, item->pair, item->position);
        item->clicked = true;
        return true;
    }
    return false;
}

static enum status visit(void *context, const struct event *e, struct error *err)
{
    struct reading *r = context;
    (void)err;
    if (e->type == EVENT_SEARCH) {
        take_search(r, e);
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < e->item_count && e->type == EVENT_CLICK; i++) {
        const struct event_item *item = &e->items[i];
        const struct query_id *id = item->has_query ? &item->query_id : e->has_query ? &e->query_id : NULL;
        bool known = id && take_click(r, item, id);
        r->clicks += known;
        r->unknown += !known;
    }
    return STATUS_OK;
}

static enum status read_log(struct reading *r, struct error *err)
{
    struct events *log = NULL;
    struct events_options options = {.data_dir = r->command->data, .read_only = true};
    enum status status = events_open(&log, &options, err);
    if (status == STATUS_OK)
        status = events_read(log, clock_wall_ms() - r->command->days * INT64_C(86400000), visit, r, err);
    events_close(log);
    if (status == STATUS_OK && r->searches.count == 0)
        status = error_set(err, STATUS_NOT_FOUND,
                           "no search of '%s' was logged; they are when they ask for "
                           "clickAnalytics",
                           r->command->index);
    return status;
}

/* ---- writing ---- */

/* Queries by the ids that a file gives their texts; others are left out. */
static void rename_queries(struct entries *judgments, const struct queries *queries, struct entries *out)
{
    entries_init(out);
    for (size_t i = 0; i < judgments->list.count; i++) {
        const struct entry *e = &judgments->list.items[i];
        for (size_t k = 0; k < queries->list.count; k++) {
            if (str_equal_nocase(str_trim(queries->list.items[k].text), str_from(e->query)))
                entries_add(out, str_from(queries->list.items[k].id), str_from(e->doc), e->value);
        }
    }
    entries_sort(out);
}

static void write_judgments(const struct entries *judgments, bool trec, struct buf *out)
{
    if (!trec)
        buf_literal(out, "query,docid,rating\n");
    for (size_t i = 0; i < judgments->list.count; i++) {
        const struct entry *e = &judgments->list.items[i];
        if (trec) {
            buf_printf(out, "%s 0 %s %.0f\n", e->query, e->doc, e->value);
            continue;
        }
        csv_write_cell(out, str_from(e->query));
        buf_append_char(out, ',');
        csv_write_cell(out, str_from(e->doc));
        buf_printf(out, ",%.0f\n", e->value);
    }
}

static void tell(const struct reading *r, const struct entries *judgments)
{
    const struct click_model *m = &r->model;
    fprintf(stderr,
            "%zu searches of %zu queries, %zu clicks on what they showed, %zu others; %zu products graded for %zu "
            "queries\n",
            r->searches.count, m->queries.count, r->clicks, r->unknown, judgments->list.count,
            judgments->queries.count);
    fprintf(stderr, "places 1 to 10 are looked at with");
    for (int p = 1; p <= 10; p++)
        fprintf(stderr, " %.2f", m->looked[p]);
    fprintf(stderr, "\n");
}

static enum status make_judgments(struct reading *r, struct error *err)
{
    const struct command *c = r->command;
    struct click_grading grading = {c->least, (long)c->top_grade};
    struct entries graded, renamed;
    struct queries queries = {0};
    struct buf out = BUF_EMPTY;
    click_model_estimate(&r->model, ROUNDS);
    click_model_grade(&r->model, &grading, &graded);
    entries_init(&renamed);
    enum status status = STATUS_OK;
    if (c->common.queries) {
        status = queries_read(&queries, c->common.queries, QUERIES_LISTED, err);
        entries_release(&renamed);
        rename_queries(&graded, &queries, &renamed);
    }
    const struct entries *judgments = c->common.queries ? &renamed : &graded;
    write_judgments(judgments, strcmp(c->format, "trec") == 0, &out);
    if (status == STATUS_OK)
        status = command_write(c->common.output, &out, err);
    if (status == STATUS_OK)
        tell(r, judgments);
    buf_release(&out);
    queries_release(&queries);
    entries_release(&renamed);
    entries_release(&graded);
    return status;
}

int command_clicks(int argc, char **argv)
{
    struct command command = {0};
    struct reading reading = {.command = &command};
    struct error err = {0};
    int count = 0;
    int code = 2;
    click_model_init(&reading.model);
    map_init(&reading.search_places);
    enum status status = parse_options(&command, argc, argv, &count, &err);
    if (status == STATUS_OK) {
        code = EXIT_FAILED;
        status = read_log(&reading, &err);
    }
    if (status == STATUS_OK)
        status = make_judgments(&reading, &err);
    click_model_release(&reading.model);
    map_release(&reading.search_places);
    vec_release(&reading.searches);
    vec_release(&reading.items);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-eval clicks: %s\n", err.message);
    return code;
}
