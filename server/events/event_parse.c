#include "server/events/event_parse.h"

#include <math.h>

#include "indexer/base/clock.h"
#include "indexer/base/hash.h"
#include "indexer/base/json.h"
#include "indexer/base/limits.h"

#define TIME_LEAST_MS 1000000000000 /* 2001: what is less was meant in seconds */

struct parser {
    struct arena *arena;
    int64_t now_ms;
    struct error *err;
    struct event *event; /* at hand */
    bool timed;          /* it says when */
    struct str own_id;   /* eventID */
};

static enum status wrong(struct parser *p, const char *what)
{
    return error_set(p->err, STATUS_INPUT, "%s", what);
}

static enum status too_large(struct parser *p)
{
    return error_set(p->err, STATUS_LIMIT, "the request needs more memory than it may use");
}

/* ---- scalars ---- */

/* A string, or a number as it is written. *out stays as it is when there is none. */
static enum status take_text(struct parser *p, const struct json *value, const char *name, size_t most, struct str *out)
{
    if (!value || value->type == JSON_NULL) {
        return STATUS_OK;
    }
    if (value->type != JSON_STRING && value->type != JSON_NUMBER) {
        return error_set(p->err, STATUS_INPUT, "'%s': must be a string", name);
    }
    if (value->text.size > most) {
        return error_set(p->err, STATUS_INPUT, "'%s': is longer than %zu bytes", name, most);
    }
    for (size_t i = 0; i < value->text.size; i++) {
        if ((unsigned char)value->text.data[i] < ' ') {
            return error_set(p->err, STATUS_INPUT, "'%s': has a control character", name);
        }
    }
    *out = value->text;
    return STATUS_OK;
}

/* Texts of the shopper's: no limit but that of memory, cut. */
static struct str take_query(const struct json *value)
{
    struct str text = {0};
    (void)json_string(value, &text);
    return str_slice(text, 0, text.size > LIMIT_QUERY_BYTES ? str_utf8_cut(text, LIMIT_QUERY_BYTES) : text.size);
}

/* Numbers may come as texts, as prices do. */
static double take_number(const struct json *value)
{
    double number = (double)NAN;
    struct json again;
    struct arena none;
    struct str text;
    if (json_double(value, &number)) {
        return isfinite(number) ? number : (double)NAN;
    }
    if (!json_string(value, &text) || text.size > 40) {
        return (double)NAN;
    }
    arena_init(&none, 1 << 12);
    number = (double)NAN;
    if (json_parse(str_trim(text), &none, &again, NULL) != STATUS_OK || !json_double(&again, &number)) {
        number = (double)NAN;
    }
    arena_release(&none);
    return isfinite(number) ? number : (double)NAN;
}

static enum status take_time(struct parser *p, const struct json *value)
{
    struct str text;
    int64_t ms = 0;
    p->event->time_ms = p->now_ms;
    if (!value || value->type == JSON_NULL) {
        return STATUS_OK;
    }
    if (!json_i64(value, &ms) && !(json_string(value, &text) && (clock_parse(text, &ms) || str_to_i64(text, &ms)))) {
        return wrong(p, "'timestamp': must be milliseconds since 1970, or a time such as \"2026-05-31T22:00:00Z\"");
    }
    if (ms < TIME_LEAST_MS) {
        return wrong(p, "'timestamp': must be milliseconds since 1970, and after 2001");
    }
    p->timed = true;
    p->event->time_ms = ms;
    return STATUS_OK;
}

static enum status take_query_id(struct parser *p, const struct json *value, const char *name, bool *has,
                                 struct query_id *id)
{
    struct str text = {0};
    enum status status = take_text(p, value, name, 128, &text);
    if (status == STATUS_OK && text.size > 0) {
        *has = true;
        *id = query_id_of(text);
    }
    return status;
}

/* ---- products ---- */

static enum status new_items(struct parser *p, size_t count, struct event_item **out)
{
    if (count > EVENT_ITEMS_MAX) {
        return error_set(p->err, STATUS_INPUT, "it has %zu products, %d is the most", count, EVENT_ITEMS_MAX);
    }
    struct event_item *items = ARENA_ARRAY(p->arena, struct event_item, count + 1);
    if (!items) {
        return too_large(p);
    }
    for (size_t i = 0; i < count; i++) {
        items[i].value = (double)NAN;
    }
    p->event->items = items;
    p->event->item_count = (uint32_t)count;
    *out = items;
    return STATUS_OK;
}

static enum status take_object_ids(struct parser *p, const struct json *ids, const char *name, struct event_item **out)
{
    enum status status = ids->type == JSON_ARRAY ? new_items(p, ids->count, out) : STATUS_INPUT;
    if (ids->type != JSON_ARRAY) {
        return error_set(p->err, STATUS_INPUT, "'%s': must be an array of strings", name);
    }
    for (uint32_t i = 0; i < ids->count && status == STATUS_OK; i++) {
        status = take_text(p, &ids->items[i], name, LIMIT_OBJECT_ID_BYTES, &(*out)[i].object_id);
        if (status == STATUS_OK && (*out)[i].object_id.size == 0) {
            status = error_set(p->err, STATUS_INPUT, "'%s[%u]': is empty", name, i);
        }
    }
    return status;
}

static enum status take_positions(struct parser *p, const struct json *positions, struct event_item *items)
{
    if (!positions || positions->type == JSON_NULL) {
        return STATUS_OK;
    }
    if (positions->type != JSON_ARRAY || positions->count != p->event->item_count) {
        return wrong(p, "'positions': must be an array with a number for each of 'objectIDs'");
    }
    for (uint32_t i = 0; i < positions->count; i++) {
        int64_t position;
        if (!json_i64(&positions->items[i], &position) || position < 1 || position > UINT32_MAX) {
            return error_set(p->err, STATUS_INPUT, "'positions[%u]': must be a whole number from 1", i);
        }
        items[i].position = (uint32_t)position;
    }
    return STATUS_OK;
}

static enum status take_object_data(struct parser *p, const struct json *data, struct event_item *items)
{
    enum status status = STATUS_OK;
    if (!data || data->type == JSON_NULL) {
        return STATUS_OK;
    }
    if (data->type != JSON_ARRAY || data->count != p->event->item_count) {
        return wrong(p, "'objectData': must be an array with an object for each of 'objectIDs'");
    }
    for (uint32_t i = 0; i < data->count && status == STATUS_OK; i++) {
        const struct json *one = &data->items[i];
        int64_t quantity = 0;
        items[i].value = take_number(json_get(one, "price"));
        if (json_i64(json_get(one, "quantity"), &quantity) && quantity > 0 && quantity <= 1000000) {
            items[i].quantity = (uint32_t)quantity;
        }
        status =
            take_query_id(p, json_get(one, "queryID"), "objectData.queryID", &items[i].has_query, &items[i].query_id);
    }
    return status;
}

/* `filters` of clickedFilters and its like, one a line. */
static enum status take_filters(struct parser *p, const struct json *filters)
{
    struct buf lines;
    if (filters->type != JSON_ARRAY) {
        return wrong(p, "'filters': must be an array of strings");
    }
    buf_init(&lines, EVENT_NOTE_MAX);
    for (uint32_t i = 0; i < filters->count; i++) {
        struct str text = {0};
        (void)json_string(&filters->items[i], &text);
        buf_append(&lines, "\n", i > 0);
        buf_append_str(&lines, text);
    }
    p->event->note = lines.failed ? (struct str){0} : arena_copy(p->arena, buf_str(&lines));
    bool failed = lines.failed;
    buf_release(&lines);
    return failed ? wrong(p, "'filters': are too long") : STATUS_OK;
}

/* ---- Algolia's ---- */

static enum status insights_type(struct parser *p, const struct json *json)
{
    struct str type = {0};
    struct str subtype = {0};
    (void)json_string(json_get(json, "eventType"), &type);
    (void)json_string(json_get(json, "eventSubtype"), &subtype);
    if (str_equal(type, STR("click"))) {
        p->event->type = EVENT_CLICK;
    } else if (str_equal(type, STR("view"))) {
        p->event->type = EVENT_VIEW;
    } else if (str_equal(type, STR("conversion"))) {
        p->event->type = EVENT_CONVERSION;
    } else {
        return wrong(p, "'eventType': must be \"click\", \"conversion\" or \"view\"");
    }
    if (subtype.size == 0) {
        return STATUS_OK;
    }
    bool cart = str_equal(subtype, STR("addToCart"));
    if (p->event->type != EVENT_CONVERSION || (!cart && !str_equal(subtype, STR("purchase")))) {
        return wrong(p, "'eventSubtype': must be \"addToCart\" or \"purchase\", of a conversion");
    }
    p->event->type = cart ? EVENT_CART : EVENT_PURCHASE;
    return STATUS_OK;
}

static enum status insights_products(struct parser *p, const struct json *json)
{
    const struct json *ids = json_get(json, "objectIDs");
    const struct json *filters = json_get(json, "filters");
    struct event_item *items = NULL;
    if (!ids && filters) {
        return take_filters(p, filters);
    }
    if (!ids) {
        return wrong(p, "'objectIDs' is missing");
    }
    enum status status = take_object_ids(p, ids, "objectIDs", &items);
    if (status == STATUS_OK) {
        status = take_positions(p, json_get(json, "positions"), items);
    }
    if (status == STATUS_OK) {
        status = take_object_data(p, json_get(json, "objectData"), items);
    }
    return status;
}

static enum status parse_insights(struct parser *p, const struct json *json)
{
    struct event *e = p->event;
    struct str account = {0};
    enum status status = insights_type(p, json);
    if (status == STATUS_OK) {
        status = take_text(p, json_get(json, "index"), "index", LIMIT_INDEX_NAME_BYTES, &e->index);
    }
    if (status == STATUS_OK && e->index.size == 0) {
        status = wrong(p, "'index' is missing");
    }
    if (status == STATUS_OK) {
        status = take_text(p, json_get(json, "eventName"), "eventName", EVENT_NAME_MAX, &e->name);
    }
    if (status == STATUS_OK) {
        status = take_text(p, json_get(json, "userToken"), "userToken", EVENT_TOKEN_MAX, &e->token);
    }
    if (status == STATUS_OK) { /* who is signed in stays the same on all devices */
        status =
            take_text(p, json_get(json, "authenticatedUserToken"), "authenticatedUserToken", EVENT_TOKEN_MAX, &account);
        e->token = account.size > 0 ? account : e->token;
    }
    if (status == STATUS_OK) {
        status = take_text(p, json_get(json, "currency"), "currency", EVENT_CURRENCY_MAX, &e->currency);
    }
    if (status == STATUS_OK) {
        status = take_query_id(p, json_get(json, "queryID"), "queryID", &e->has_query, &e->query_id);
    }
    if (status == STATUS_OK) {
        e->value = take_number(json_get(json, "value"));
        status = insights_products(p, json);
    }
    return status;
}

/* ---- User Behavior Insights ---- */

static enum event_type ubi_type(struct str action)
{
    static const struct {
        const char *name;
        enum event_type type;
    } KNOWN[] = {{"search", EVENT_SEARCH},     {"on_search", EVENT_SEARCH},    {"view", EVENT_VIEW},
                 {"impression", EVENT_VIEW},   {"product_view", EVENT_VIEW},   {"view_item", EVENT_VIEW},
                 {"click", EVENT_CLICK},       {"product_click", EVENT_CLICK}, {"item_click", EVENT_CLICK},
                 {"select_item", EVENT_CLICK}, {"add_to_cart", EVENT_CART},    {"add-to-cart", EVENT_CART},
                 {"addtocart", EVENT_CART},    {"purchase", EVENT_PURCHASE},   {"product_purchase", EVENT_PURCHASE},
                 {"buy", EVENT_PURCHASE},      {"order", EVENT_PURCHASE},      {"conversion", EVENT_CONVERSION}};
    for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
        if (str_equal_nocase(action, str_from(KNOWN[i].name))) {
            return KNOWN[i].type;
        }
    }
    return EVENT_OTHER;
}

static enum status ubi_product(struct parser *p, const struct json *json, const struct json *attributes)
{
    const struct json *object = json_get(attributes, "object");
    const struct json *id = json_get(object, "object_id");
    const struct json *shown = json_get(json, "query_response_hit_ids");
    struct event_item *items = NULL;
    int64_t position = 0;
    if (p->event->type == EVENT_SEARCH && shown) {
        enum status status = take_object_ids(p, shown, "query_response_hit_ids", &items);
        for (uint32_t i = 0; i < p->event->item_count && status == STATUS_OK; i++) {
            items[i].position = i + 1;
        }
        p->event->total = p->event->item_count;
        return status;
    }
    id = id ? id : json_get(json, "object_id");
    if (!id) {
        return p->event->type == EVENT_SEARCH || p->event->type == EVENT_OTHER
                   ? STATUS_OK
                   : wrong(p, "'event_attributes.object.object_id' is missing");
    }
    enum status status = new_items(p, 1, &items);
    if (status == STATUS_OK) {
        status = take_text(p, id, "object_id", LIMIT_OBJECT_ID_BYTES, &items[0].object_id);
    }
    if (status == STATUS_OK && items[0].object_id.size == 0) {
        return wrong(p, "'object_id': is empty");
    }
    const struct json *ordinal = json_get(json_get(attributes, "position"), "ordinal");
    ordinal = ordinal ? ordinal : json_get(json, "position");
    if (status == STATUS_OK && json_i64(ordinal, &position) && position > 0 && position <= UINT32_MAX) {
        items[0].position = (uint32_t)position;
    }
    return status;
}

static enum status ubi_texts(struct parser *p, const struct json *json, const struct json *attributes)
{
    static const char *const INDEX[] = {"index", "application"};
    static const char *const TOKENS[] = {"client_id", "user_id", "session_id"};
    struct event *e = p->event;
    enum status status =
        take_text(p, json_get(json_get(attributes, "object"), "index"), "index", LIMIT_INDEX_NAME_BYTES, &e->index);
    for (size_t i = 0; i < 2 && status == STATUS_OK && (i == 0 || e->index.size == 0); i++) {
        status = take_text(p, json_get(json, INDEX[i]), INDEX[i], LIMIT_INDEX_NAME_BYTES, &e->index);
    }
    for (size_t i = 0; i < 3 && status == STATUS_OK && e->token.size == 0; i++) {
        status = take_text(p, json_get(json, TOKENS[i]), TOKENS[i], EVENT_TOKEN_MAX, &e->token);
    }
    if (status == STATUS_OK) {
        status = take_query_id(p, json_get(json, "query_id"), "query_id", &e->has_query, &e->query_id);
    }
    return status;
}

static enum status parse_ubi(struct parser *p, const struct json *json)
{
    const struct json *attributes = json_get(json, "event_attributes");
    struct event *e = p->event;
    enum status status = take_text(p, json_get(json, "action_name"), "action_name", EVENT_NAME_MAX, &e->name);
    e->type = ubi_type(e->name);
    if (status == STATUS_OK) {
        status = ubi_texts(p, json, attributes);
    }
    if (status == STATUS_OK && e->index.size == 0 && !e->has_query) {
        status = wrong(p, "it names no index: 'index', 'application' or a 'query_id' must tell it");
    }
    if (status == STATUS_OK && e->type == EVENT_SEARCH) {
        const struct json *query = json_get(json, "user_query");
        e->query = take_query(query ? query : json_get(json, "message"));
    }
    if (status == STATUS_OK) {
        status = ubi_product(p, json, attributes);
    }
    return status;
}

/* ---- both ---- */

/* What makes a repeat of the event known; 0 when nothing does. */
static uint64_t identity_of(struct parser *p)
{
    struct event *e = p->event;
    bool told = p->timed || e->has_query;
    struct buf bytes = BUF_EMPTY;
    for (uint32_t i = 0; i < e->item_count; i++) {
        told = told || e->items[i].has_query;
    }
    if (p->own_id.size > 0) {
        buf_literal(&bytes, "id");
        buf_append_str(&bytes, p->own_id);
    } else if (told) {
        buf_put_u8(&bytes, (uint8_t)e->type);
        int64_t time_ms = e->time_ms;
        e->time_ms = p->timed ? time_ms : 0;
        event_encode(e, &bytes);
        e->time_ms = time_ms;
    }
    uint64_t hash = bytes.size > 0 ? hash64(bytes.data, bytes.size) : 0;
    bool any = bytes.size > 0;
    buf_release(&bytes);
    return any && hash == 0 ? 1 : hash;
}

static enum status parse_event(struct parser *p, const struct json *json, struct event *out)
{
    static const char *const IDS[] = {"eventID", "event_id", "message_id"};
    enum status status;
    *out = (struct event){.value = (double)NAN};
    p->event = out;
    p->timed = false;
    p->own_id = (struct str){0};
    if (json_get(json, "eventType")) {
        status = parse_insights(p, json);
    } else if (json_get(json, "action_name")) {
        status = parse_ubi(p, json);
    } else {
        return wrong(p, "must be an object with 'eventType' or 'action_name'");
    }
    for (size_t i = 0; i < 3 && status == STATUS_OK && p->own_id.size == 0; i++) {
        status = take_text(p, json_get(json, IDS[i]), IDS[i], 512, &p->own_id);
    }
    if (status == STATUS_OK) {
        status = take_time(p, json_get(json, "timestamp"));
    }
    if (status == STATUS_OK) {
        out->identity = identity_of(p);
        out->time_ms = out->time_ms < p->now_ms ? out->time_ms : p->now_ms;
    }
    return status;
}

/* ---- the body ---- */

static enum status add(struct parser *p, struct event_list *out, const struct json *json, const char *place)
{
    if (out->count == EVENTS_MAX) {
        return error_set(p->err, STATUS_LIMIT, "more than %d events in one request", EVENTS_MAX);
    }
    enum status status = parse_event(p, json, &out->events[out->count]);
    if (status == STATUS_INPUT) {
        error_prefix(p->err, "%s[%zu]", place, out->count);
    }
    out->count++;
    return status;
}

static enum status add_value(struct parser *p, struct event_list *out, const struct json *json)
{
    const struct json *list = json_get(json, "events");
    enum status status = STATUS_OK;
    if (json->type == JSON_ARRAY) {
        list = json;
    }
    if (!list) {
        return add(p, out, json, "events");
    }
    if (list->type != JSON_ARRAY) {
        return wrong(p, "'events' must be an array");
    }
    for (uint32_t i = 0; i < list->count && status == STATUS_OK; i++) {
        status = add(p, out, &list->items[i], "events");
    }
    return status;
}

enum status event_parse(struct event_list *out, struct str body, struct arena *arena, int64_t now_ms, struct error *err)
{
    struct parser p = {.arena = arena, .now_ms = now_ms, .err = err};
    struct str rest = str_trim(body);
    enum status status = STATUS_OK;
    *out = (struct event_list){.events = ARENA_ARRAY(arena, struct event, EVENTS_MAX)};
    if (!out->events) {
        return too_large(&p);
    }
    if (rest.size == 0) {
        out->malformed = true;
        return wrong(&p, "the body is empty");
    }
    while (rest.size > 0 && status == STATUS_OK) {
        struct json value;
        size_t used = 0;
        size_t at = (size_t)(rest.data - body.data);
        status = json_parse_prefix(rest, arena, &value, &used, err);
        if (status == STATUS_INPUT) {
            out->malformed = true;
            if (at > 0) {
                error_prefix(err, "events[%zu], behind offset %zu", out->count, at);
            }
            return status;
        }
        if (status == STATUS_OK) {
            status = add_value(&p, out, &value);
        }
        rest = str_trim(str_slice(rest, used, rest.size));
    }
    return status;
}
