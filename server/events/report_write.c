#include "server/events/report_write.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/json.h"

/* ---- orders ---- */

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static uint64_t unclicked(const struct report_counts *c)
{
    return c->searches - c->empty > c->clicked ? c->searches - c->empty - c->clicked : 0;
}

static int by_text(struct str a, struct str b)
{
    return str_compare(a, b);
}

static int by_count(const void *a, const void *b)
{
    const struct report_query *x = a, *y = b;
    int order = descending(x->counts.searches, y->counts.searches);
    return order ? order : by_text(x->text, y->text);
}

static int by_empty(const void *a, const void *b)
{
    const struct report_query *x = a, *y = b;
    int order = descending(x->counts.empty, y->counts.empty);
    return order ? order : by_text(x->text, y->text);
}

static int by_unclicked(const void *a, const void *b)
{
    const struct report_query *x = a, *y = b;
    int order = descending(unclicked(&x->counts), unclicked(&y->counts));
    return order ? order : by_text(x->text, y->text);
}

static int by_clicks(const void *a, const void *b)
{
    const struct report_product *x = a, *y = b;
    int order = descending(x->clicks, y->clicks);
    order = order ? order : descending(x->shown, y->shown);
    return order ? order : by_text(x->id, y->id);
}

/* No items, no address: qsort wants one. */
static void sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, order);
}

/* ---- parts ---- */

static void member_u64(struct buf *out, const char *name, uint64_t value)
{
    buf_printf(out, "\"%s\":", name);
    buf_append_u64(out, value);
}

static void member_double(struct buf *out, const char *name, double value)
{
    buf_printf(out, "\"%s\":", name);
    json_write_double(out, value);
}

static void member_rate(struct buf *out, const char *name, uint64_t part, uint64_t whole)
{
    member_double(out, name, whole ? round(report_rate(part, whole) * 1e6) / 1e6 : (double)NAN);
}

static void write_date(const struct report *r, size_t day, struct buf *out)
{
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(r->options.from_ms + (int64_t)day * REPORT_DAY_MS, text);
    buf_printf(out, "\"date\":\"%.10s\"", text);
}

/* What a rate's answer says of all and of each day. */
struct rate_shape {
    const char *rate, *part, *whole;
    uint64_t (*part_of)(const struct report_counts *c);
    uint64_t (*whole_of)(const struct report_counts *c);
};

static uint64_t searches_of(const struct report_counts *c)
{
    return c->searches;
}

static uint64_t empty_of(const struct report_counts *c)
{
    return c->empty;
}

static uint64_t clicked_of(const struct report_counts *c)
{
    return c->clicked;
}

static uint64_t converted_of(const struct report_counts *c)
{
    return c->converted;
}

static uint64_t carted_of(const struct report_counts *c)
{
    return c->carted;
}

static uint64_t bought_of(const struct report_counts *c)
{
    return c->bought;
}

static uint64_t position_sum_of(const struct report_counts *c)
{
    return c->position_sum;
}

static uint64_t positioned_of(const struct report_counts *c)
{
    return c->positioned;
}

static const struct rate_shape shapes[REPORT_KINDS] = {
    [REPORT_SEARCHES_COUNT] = {NULL, "count", NULL, searches_of, searches_of},
    [REPORT_NO_RESULT_RATE] = {"rate", "noResultCount", "count", empty_of, searches_of},
    [REPORT_NO_CLICK_RATE] = {"rate", "noClickCount", "count", unclicked, searches_of},
    [REPORT_CLICK_THROUGH_RATE] = {"rate", "clickCount", "trackedSearchCount", clicked_of, searches_of},
    [REPORT_CLICK_POSITION] = {"average", NULL, "clickCount", position_sum_of, positioned_of},
    [REPORT_CONVERSION_RATE] = {"rate", "conversionCount", "trackedSearchCount", converted_of, searches_of},
    [REPORT_CART_RATE] = {"rate", "addToCartCount", "trackedSearchCount", carted_of, searches_of},
    [REPORT_PURCHASE_RATE] = {"rate", "purchaseCount", "trackedSearchCount", bought_of, searches_of},
};

static void write_rate_members(const struct rate_shape *s, const struct report_counts *c, struct buf *out)
{
    bool any = false;
    if (s->rate) {
        member_rate(out, s->rate, s->part_of(c), s->whole_of(c));
        any = true;
    }
    if (s->part) {
        buf_append_str(out, any ? STR(",") : STR(""));
        member_u64(out, s->part, s->part_of(c));
        any = true;
    }
    if (s->whole) {
        buf_append_str(out, any ? STR(",") : STR(""));
        member_u64(out, s->whole, s->whole_of(c));
    }
}

static void write_rate(const struct report *r, const struct rate_shape *s, struct buf *out)
{
    buf_append_char(out, '{');
    write_rate_members(s, &r->all, out);
    buf_literal(out, ",\"dates\":[");
    for (size_t day = 0; day < r->days.count; day++) {
        buf_append_str(out, day ? STR(",{") : STR("{"));
        write_date(r, day, out);
        buf_append_char(out, ',');
        write_rate_members(s, &r->days.items[day], out);
        buf_append_char(out, '}');
    }
    buf_literal(out, "]}");
}

/* ---- lists ---- */

static void write_query(const struct report_query *q, enum report_kind kind, struct buf *out)
{
    const struct report_counts *c = &q->counts;
    buf_literal(out, "{\"search\":");
    json_write_string(out, q->text);
    buf_append_char(out, ',');
    if (kind != REPORT_SEARCHES_TOP) {
        member_u64(out, "count", kind == REPORT_SEARCHES_NO_RESULTS ? c->empty : unclicked(c));
        buf_append_char(out, ',');
        member_u64(out, "nbHits", q->hits);
        buf_append_char(out, '}');
        return;
    }
    member_u64(out, "count", c->searches);
    buf_append_char(out, ',');
    member_u64(out, "nbHits", q->hits);
    buf_append_char(out, ',');
    member_u64(out, "trackedSearchCount", c->searches);
    buf_append_char(out, ',');
    member_rate(out, "clickThroughRate", c->clicked, c->searches);
    buf_append_char(out, ',');
    member_u64(out, "clickCount", c->clicks);
    buf_append_char(out, ',');
    member_rate(out, "averageClickPosition", c->position_sum, c->positioned);
    buf_append_char(out, ',');
    member_rate(out, "conversionRate", c->converted, c->searches);
    buf_append_char(out, ',');
    member_u64(out, "conversionCount", c->conversions);
    buf_append_char(out, ',');
    member_double(out, "revenue", c->revenue);
    buf_append_char(out, '}');
}

static bool belongs(const struct report_query *q, enum report_kind kind)
{
    return kind == REPORT_SEARCHES_NO_RESULTS  ? q->counts.empty > 0
           : kind == REPORT_SEARCHES_NO_CLICKS ? unclicked(&q->counts) > 0
                                               : q->counts.searches > 0;
}

static void write_queries(struct report *r, enum report_kind kind, const struct report_page *page, struct buf *out)
{
    uint64_t place = 0, written = 0;
    sort(r->queries.items, r->queries.count, sizeof(*r->queries.items),
         kind == REPORT_SEARCHES_NO_RESULTS  ? by_empty
         : kind == REPORT_SEARCHES_NO_CLICKS ? by_unclicked
                                             : by_count);
    buf_append_char(out, '[');
    for (size_t i = 0; i < r->queries.count && written < page->limit; i++) {
        if (!belongs(&r->queries.items[i], kind) || place++ < page->offset)
            continue;
        buf_append_str(out, written++ ? STR(",") : STR(""));
        write_query(&r->queries.items[i], kind, out);
    }
    buf_append_char(out, ']');
}

static void write_hits(struct report *r, const struct report_page *page, struct buf *out)
{
    sort(r->products.items, r->products.count, sizeof(*r->products.items), by_clicks);
    buf_append_char(out, '[');
    for (size_t i = page->offset; i < r->products.count && i - page->offset < page->limit; i++) {
        const struct report_product *p = &r->products.items[i];
        buf_append_str(out, i > page->offset ? STR(",{\"hit\":") : STR("{\"hit\":"));
        json_write_string(out, p->id);
        buf_printf(out, ",\"count\":%llu,\"clickCount\":%llu,\"clickThroughRate\":", (unsigned long long)p->shown,
                   (unsigned long long)p->clicks);
        json_write_double(out, p->shown ? round(report_rate(p->clicks, p->shown) * 1e6) / 1e6 : (double)NAN);
        buf_printf(out, ",\"addToCartCount\":%llu,\"purchaseCount\":%llu}", (unsigned long long)p->carts,
                   (unsigned long long)p->purchases);
    }
    buf_append_char(out, ']');
}

/* Positions one by one to 10, then 11 to 20, then all behind. */
static void write_positions(const struct report *r, struct buf *out)
{
    static const int starts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 21};
    enum { RANGES = sizeof(starts) / sizeof(*starts) };
    buf_append_char(out, '[');
    for (int i = 0; i < RANGES; i++) {
        bool last = i + 1 == RANGES;
        struct report_position sum = last ? r->positions[0] : (struct report_position){0, 0};
        for (int p = starts[i]; p < (last ? REPORT_POSITIONS + 1 : starts[i + 1]); p++) {
            sum.shown += r->positions[p].shown;
            sum.clicks += r->positions[p].clicks;
        }
        buf_printf(out, "%s{\"position\":[%d,%d],\"clickCount\":%llu,\"impressionCount\":%llu,", i ? "," : "",
                   starts[i], last ? -1 : starts[i + 1] - 1, (unsigned long long)sum.clicks,
                   (unsigned long long)sum.shown);
        member_rate(out, "clickThroughRate", sum.clicks, sum.shown);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

/* Each position by itself: the curve. */
static void write_curve(const struct report *r, struct buf *out)
{
    int last = REPORT_POSITIONS;
    while (last > 0 && r->positions[last].shown == 0)
        last--;
    buf_append_char(out, '[');
    for (int p = 1; p <= last; p++) {
        buf_printf(out, "%s{\"position\":%d,\"clickCount\":%llu,\"impressionCount\":%llu}", p > 1 ? "," : "", p,
                   (unsigned long long)r->positions[p].clicks, (unsigned long long)r->positions[p].shown);
    }
    buf_append_char(out, ']');
}

static void write_counts(const struct report_counts *c, struct buf *out)
{
    static const char *const names[] = {"count",        "furtherPages",   "noResultCount",  "noClickCount",
                                        "clickedCount", "clickCount",     "convertedCount", "conversionCount",
                                        "cartedCount",  "addToCartCount", "boughtCount",    "purchaseCount"};
    const uint64_t values[] = {c->searches,  c->pages,       c->empty,  unclicked(c), c->clicked, c->clicks,
                               c->converted, c->conversions, c->carted, c->carts,     c->bought,  c->purchases};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        member_u64(out, names[i], values[i]);
        buf_append_char(out, ',');
    }
    member_rate(out, "averageClickPosition", c->position_sum, c->positioned);
    buf_append_char(out, ',');
    member_double(out, "revenue", c->revenue);
}

static void write_everything(struct report *r, const struct report_page *page, struct buf *out)
{
    static const struct {
        const char *name;
        enum report_kind kind;
    } lists[] = {{"searches", REPORT_SEARCHES_TOP},
                 {"noResults", REPORT_SEARCHES_NO_RESULTS},
                 {"noClicks", REPORT_SEARCHES_NO_CLICKS}};
    buf_literal(out, "{\"index\":");
    json_write_string(out, r->options.index);
    buf_literal(out, ",\"experiment\":");
    if (r->options.experiment.size > 0)
        json_write_string(out, r->options.experiment);
    else
        buf_literal(out, "null");
    buf_literal(out, ",\"totals\":{");
    write_counts(&r->all, out);
    buf_literal(out, "},\"dates\":[");
    for (size_t day = 0; day < r->days.count; day++) {
        buf_append_str(out, day ? STR(",{") : STR("{"));
        write_date(r, day, out);
        buf_append_char(out, ',');
        write_counts(&r->days.items[day], out);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        buf_printf(out, ",\"%s\":", lists[i].name);
        write_queries(r, lists[i].kind, page, out);
    }
    buf_literal(out, ",\"positions\":");
    write_curve(r, out);
    buf_literal(out, ",\"hits\":");
    write_hits(r, page, out);
    buf_literal(out, ",\"events\":{");
    for (int type = EVENT_VIEW; type < EVENT_TYPES; type++) {
        buf_append_str(out, type > EVENT_VIEW ? STR(",") : STR(""));
        member_u64(out, event_type_name((enum event_type)type), r->by_type[type]);
    }
    buf_literal(out, "}}");
}

void report_write(struct report *r, enum report_kind kind, const struct report_page *page, struct buf *out)
{
    if (kind == REPORT_EVERYTHING) {
        write_everything(r, page, out);
    } else if (shapes[kind].part_of) {
        write_rate(r, &shapes[kind], out);
    } else if (kind == REPORT_CLICK_POSITIONS) {
        buf_literal(out, "{\"positions\":");
        write_positions(r, out);
        buf_append_char(out, '}');
    } else if (kind == REPORT_HITS) {
        buf_literal(out, "{\"hits\":");
        write_hits(r, page, out);
        buf_append_char(out, '}');
    } else {
        buf_literal(out, "{\"searches\":");
        write_queries(r, kind, page, out);
        buf_append_char(out, '}');
    }
}

/* ---- experiments ---- */

static void write_result(const struct trial_result *x, struct buf *out)
{
    buf_append_char(out, '{');
    member_double(out, "preference", x->queries ? x->preference : (double)NAN);
    buf_append_char(out, ',');
    member_double(out, "low", x->queries ? x->interval.low : (double)NAN);
    buf_append_char(out, ',');
    member_double(out, "high", x->queries ? x->interval.high : (double)NAN);
    buf_append_char(out, ',');
    member_double(out, "tTest", x->t.p);
    buf_append_char(out, ',');
    member_double(out, "randomization", x->random_p);
    buf_printf(out, ",\"significant\":%s,\"prefers\":%s,", x->significant ? "true" : "false",
               !x->significant     ? "null"
               : x->preference < 0 ? "\"A\""
                                   : "\"B\"");
    buf_printf(out, "\"searchesA\":%llu,\"searchesB\":%llu,\"searchesEven\":%llu,", (unsigned long long)x->a,
               (unsigned long long)x->b, (unsigned long long)x->even);
    buf_printf(out, "\"queries\":%llu,\"queriesA\":%llu,\"queriesB\":%llu}", (unsigned long long)x->queries,
               (unsigned long long)x->queries_a, (unsigned long long)x->queries_b);
}

static int by_searches(const void *a, const void *b)
{
    const struct trial_query *x = a, *y = b;
    int order = descending(x->searches, y->searches);
    return order ? order : by_text(x->text, y->text);
}

void trial_write(struct trial *t, const struct report_page *page, struct buf *out)
{
    buf_literal(out, "{\"name\":");
    json_write_string(out, t->experiment);
    buf_printf(out, ",\"searches\":%llu,\"differingSearches\":%llu", (unsigned long long)t->searches,
               (unsigned long long)t->differing);
    for (int deed = 0; deed < TRIAL_DEEDS; deed++) {
        buf_printf(out, ",\"%s\":", trial_deed_name((enum trial_deed)deed));
        write_result(&t->results[deed], out);
    }
    sort(t->queries.items, t->queries.count, sizeof(*t->queries.items), by_searches);
    buf_literal(out, ",\"queries\":[");
    for (size_t i = page->offset; i < t->queries.count && i - page->offset < page->limit; i++) {
        const struct trial_query *q = &t->queries.items[i];
        buf_append_str(out, i > page->offset ? STR(",{\"search\":") : STR("{\"search\":"));
        json_write_string(out, q->text);
        buf_printf(out, ",\"count\":%llu,\"a\":%llu,\"b\":%llu,\"even\":%llu}", (unsigned long long)q->searches,
                   (unsigned long long)q->by[TRIAL_CLICK].a, (unsigned long long)q->by[TRIAL_CLICK].b,
                   (unsigned long long)q->by[TRIAL_CLICK].even);
    }
    buf_literal(out, "]}");
}
