#include "server/events/report.h"

/* What is remembered of a search until the log's end. */
struct report_search {
    uint32_t query, day;
    uint32_t later; /* place + 1 of the search that took its place; 0: none did */
    bool empty, clicked, converted, carted, bought;
};

/* A shopper's last search. */
struct report_typing {
    struct str text;
    int64_t at_ms;
    uint64_t place;
};

double report_rate(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

void report_begin(struct report *r, const struct report_options *options)
{
    static const struct report_counts nothing = {.searches = 0};
    *r = (struct report){.options = *options};
    arena_init(&r->arena, 0);
    map_init(&r->query_places);
    map_init(&r->product_places);
    map_init(&r->search_places);
    map_init(&r->last_places);
    map_init(&r->typing_places);
    for (int64_t at = options->from_ms; at < options->to_ms; at += REPORT_DAY_MS)
        vec_push(&r->days, nothing);
}

void report_release(struct report *r)
{
    map_release(&r->query_places);
    map_release(&r->product_places);
    map_release(&r->search_places);
    map_release(&r->last_places);
    map_release(&r->typing_places);
    vec_release(&r->typing);
    vec_release(&r->days);
    vec_release(&r->queries);
    vec_release(&r->products);
    vec_release(&r->searches);
    arena_release(&r->arena);
}

/* ---- searches ---- */

static uint32_t query_of(struct report *r, const struct event *e)
{
    struct report_query fresh = {.hits = 0};
    struct str key = e->normal.size ? e->normal : str_trim(e->query);
    bool added;
    uint64_t place = *map_put(&r->query_places, key, r->queries.count, &added);
    if (added)
        vec_push(&r->queries, fresh);
    struct report_query *q = &r->queries.items[place];
    q->hits = e->total;
    if (added || !str_equal(q->text, e->query))
        q->text = arena_copy(&r->arena, e->query);
    return (uint32_t)place;
}

static struct report_product *product_of(struct report *r, struct str id)
{
    struct report_product fresh = {.shown = 0};
    bool added;
    uint64_t place = *map_put(&r->product_places, id, r->products.count, &added);
    if (added) {
        fresh.id = arena_copy(&r->arena, id);
        vec_push(&r->products, fresh);
    }
    return &r->products.items[place];
}

static struct report_position *position_of(struct report *r, uint32_t position)
{
    return &r->positions[position <= REPORT_POSITIONS ? position : 0];
}

static void count_search(struct report_counts *c, const struct event *e, bool first)
{
    c->searches += first;
    c->pages += !first;
    c->empty += first && e->total == 0;
}

static struct str id_key(const struct query_id *id)
{
    return (struct str){(const char *)id->bytes, sizeof(id->bytes)};
}

/* Where the query's last search of the shopper is; the place of a new one when it is the first. */
static uint64_t *last_of(struct report *r, uint32_t query, struct str token, bool *added)
{
    struct buf key = BUF_EMPTY;
    buf_append(&key, &query, sizeof(query));
    buf_append_str(&key, token);
    uint64_t *place = map_put(&r->last_places, buf_str(&key), r->searches.count, added);
    buf_release(&key);
    return place;
}

static void uncount(struct report_counts *c, bool empty)
{
    c->searches--;
    c->empty -= empty;
}

static bool continues(struct str a, struct str b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    return size > 0 && str_equal_nocase(str_slice(a, 0, size), str_slice(b, 0, size));
}

/* The search that is about to be added takes the place of the one that was on the way to it. */
static void note_typing(struct report *r, const struct event *e)
{
    struct report_typing now = {arena_copy(&r->arena, str_trim(e->query)), e->wall_ms, r->searches.count};
    bool added;
    if (e->token.size == 0)
        return;
    uint64_t place = *map_put(&r->typing_places, e->token, r->typing.count, &added);
    if (added) {
        vec_push(&r->typing, now);
        return;
    }
    struct report_typing last = r->typing.items[place];
    struct report_search *s = &r->searches.items[last.place];
    r->typing.items[place] = now;
    if (e->wall_ms - last.at_ms > REPORT_TYPING_MS || str_equal(last.text, now.text) ||
        !continues(last.text, now.text) || s->clicked || s->converted || s->later)
        return;
    uncount(&r->all, s->empty);
    uncount(&r->days.items[s->day], s->empty);
    uncount(&r->queries.items[s->query].counts, s->empty);
    s->later = (uint32_t)r->searches.count + 1;
}

static enum status add_search(struct report *r, const struct event *e, struct error *err)
{
    int64_t at = e->wall_ms - r->options.from_ms;
    bool first = e->item_count == 0 || e->items[0].position <= 1;
    bool added;
    if (at < 0 || e->wall_ms >= r->options.to_ms || !str_equal(e->index, r->options.index))
        return STATUS_OK;
    if (r->searches.count == REPORT_SEARCHES)
        return error_set(err, STATUS_LIMIT, "more than %d searches: take a shorter range", REPORT_SEARCHES);
    struct report_search search = {.query = query_of(r, e), .day = (uint32_t)(at / REPORT_DAY_MS)};
    uint64_t *last = last_of(r, search.query, e->token, &added);
    first = first || added; /* its first page was before the range */
    count_search(&r->all, e, first);
    count_search(&r->days.items[search.day], e, first);
    count_search(&r->queries.items[search.query].counts, e, first);
    for (uint32_t i = 0; i < e->item_count; i++) {
        product_of(r, e->items[i].object_id)->shown++;
        if (e->items[i].position > 0)
            position_of(r, e->items[i].position)->shown++;
    }
    *last = first ? r->searches.count : *last;
    if (e->has_query)
        (void)map_put(&r->search_places, id_key(&e->query_id), *last, NULL);
    search.empty = e->total == 0;
    if (first) {
        note_typing(r, e);
        vec_push(&r->searches, search);
    }
    return STATUS_OK;
}

/* ---- actions ---- */

static bool first_time(bool *flag)
{
    bool first = !*flag;
    *flag = true;
    return first;
}

/* What one item of an action adds to its search. */
struct action {
    enum event_type type;
    uint32_t position;
    double value;
    bool clicked, converted, carted, bought; /* for the first time */
};

static void count_action(struct report_counts *c, const struct action *a)
{
    c->clicked += a->clicked;
    c->converted += a->converted;
    c->carted += a->carted;
    c->bought += a->bought;
    c->clicks += a->type == EVENT_CLICK;
    c->carts += a->type == EVENT_CART;
    c->purchases += a->type == EVENT_PURCHASE;
    c->conversions += a->type == EVENT_CART || a->type == EVENT_PURCHASE || a->type == EVENT_CONVERSION;
    c->positioned += a->type == EVENT_CLICK && a->position > 0;
    c->position_sum += a->type == EVENT_CLICK ? a->position : 0;
    c->revenue += a->type == EVENT_PURCHASE && a->value == a->value ? a->value : 0;
}

static void add_to_search(struct report *r, struct report_search *s, struct action *a)
{
    bool sells = a->type == EVENT_CART || a->type == EVENT_PURCHASE || a->type == EVENT_CONVERSION;
    a->clicked = a->type == EVENT_CLICK && first_time(&s->clicked);
    a->converted = sells && first_time(&s->converted);
    a->carted = a->type == EVENT_CART && first_time(&s->carted);
    a->bought = a->type == EVENT_PURCHASE && first_time(&s->bought);
    count_action(&r->all, a);
    count_action(&r->days.items[s->day], a);
    count_action(&r->queries.items[s->query].counts, a);
    if (a->type == EVENT_CLICK && a->position > 0)
        position_of(r, a->position)->clicks++;
}

/* The value of a piece times how many; of an event with one item its own value will do. */
static double value_of(const struct event *e, const struct event_item *item)
{
    double quantity = item->quantity ? item->quantity : 1;
    return item->value == item->value ? item->value * quantity : e->item_count == 1 ? e->value : item->value;
}

static struct report_search *search_at(struct report *r, uint64_t place)
{
    while (r->searches.items[place].later)
        place = r->searches.items[place].later - 1;
    return &r->searches.items[place];
}

static void add_action(struct report *r, const struct event *e)
{
    for (uint32_t i = 0; i < e->item_count; i++) {
        const struct event_item *item = &e->items[i];
        const struct query_id *id = item->has_query ? &item->query_id : e->has_query ? &e->query_id : NULL;
        const uint64_t *place = id ? map_get(&r->search_places, id_key(id)) : NULL;
        bool own = str_equal(e->index, r->options.index) && e->wall_ms < r->options.to_ms;
        struct action action = {.type = e->type, .position = item->position, .value = value_of(e, item)};
        if (place)
            add_to_search(r, search_at(r, *place), &action);
        if (place || own) {
            struct report_product *product = product_of(r, item->object_id);
            product->clicks += e->type == EVENT_CLICK;
            product->carts += e->type == EVENT_CART;
            product->purchases += e->type == EVENT_PURCHASE;
        }
        r->by_type[e->type] += (place || own) && i == 0;
    }
}

enum status report_add(struct report *r, const struct event *e, struct error *err)
{
    if (e->wall_ms < r->options.from_ms)
        return STATUS_OK;
    if (e->type == EVENT_SEARCH)
        return add_search(r, e, err);
    add_action(r, e);
    return STATUS_OK;
}

static enum status visit(void *context, const struct event *event, struct error *err)
{
    return report_add(context, event, err);
}

enum status report_make(struct report *out, struct events *log, const struct report_options *options, struct error *err)
{
    report_begin(out, options);
    return log ? events_read(log, options->from_ms, visit, out, err) : STATUS_OK;
}
