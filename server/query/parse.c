/*
 * Requests from the wire's parameters. A parameter is a row in a table: its name, how its value is read, and where it
 * goes. Values arrive as JSON (v5) or as the decoded text of a URL-encoded string (v4), where lists are JSON again or
 * separated by commas.
 */
#include "indexer/base/limits.h"
#include "server/query/filter.h"

#define FACET_VALUES_LIMIT 10000
#define PARAMS_LIMIT       256 /* pairs of a `params` string */

struct request_parser {
    struct search_request *out;
    const struct settings *settings;
    struct arena *arena;
    struct error *err;
    const struct filter *filter;
    const struct str *optional;
    size_t optional_count;
};

enum param_type { PARAM_TEXT, PARAM_BOOL, PARAM_INT, PARAM_LIST, PARAM_SPECIAL };

struct param_row {
    const char *name;
    enum param_type type;
    size_t offset;       /* of the field in struct search_request; LIST: of the pointer */
    size_t count_offset; /* LIST */
    int64_t min, max;    /* INT */
    enum status (*take)(struct request_parser *p, const struct json *value);
};

static enum status too_large(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

static bool truth(const struct json *value, bool *out)
{
    int64_t number;

    if (json_bool(value, out))
        return true;
    if (value->type == JSON_STRING && (str_equal(value->text, STR("true")) || str_equal(value->text, STR("false")))) {
        *out = value->text.data[0] == 't';
        return true;
    }
    if (json_i64(value, &number) || (value->type == JSON_STRING && str_to_i64(value->text, &number))) {
        *out = number != 0;
        return true;
    }
    return false;
}

/* The strings of an array, of a string that holds one as JSON, or of a string with commas. */
static enum status list_of(struct request_parser *p, const struct json *value, const struct str **out, size_t *count)
{
    struct json parsed;
    struct str *items;
    size_t n = 0;

    if (value->type == JSON_STRING && str_starts_with(str_trim(value->text), STR("["))) {
        enum status status = json_parse(str_trim(value->text), p->arena, &parsed, p->err);
        if (status != STATUS_OK)
            return status;
        value = &parsed;
    }
    if (value->type != JSON_ARRAY && value->type != JSON_STRING)
        return error_set(p->err, STATUS_INPUT, "must be a string or an array of strings");
    items = ARENA_ARRAY(p->arena, struct str, (value->type == JSON_ARRAY ? value->count : value->text.size) + 1);
    if (!items)
        return too_large(p->err);
    if (value->type == JSON_STRING) {
        for (struct str rest = value->text; rest.data;) {
            struct str piece = str_trim(str_split(&rest, ','));
            if (piece.size)
                items[n++] = piece;
        }
    }
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        if (value->items[i].type != JSON_STRING)
            return error_set(p->err, STATUS_INPUT, "must hold only strings; item %u is none", i);
        items[n++] = value->items[i].text;
    }
    *out = items;
    *count = n;
    return STATUS_OK;
}

/* --- parameters with a meaning of their own --- */
static enum status take_query_type(struct request_parser *p, const struct json *value)
{
    if (value->type != JSON_STRING ||
        !(str_equal(value->text, STR("prefixLast")) || str_equal(value->text, STR("prefixAll")) ||
          str_equal(value->text, STR("prefixNone"))))
        return error_set(p->err, STATUS_INPUT, "must be \"prefixLast\", \"prefixAll\" or \"prefixNone\"");
    p->out->prefix_last = !str_equal(value->text, STR("prefixNone"));
    return STATUS_OK;
}

static enum status take_remove_words(struct request_parser *p, const struct json *value)
{
    static const char *const known[] = {"none", "lastWords", "firstWords", "allOptional"};

    for (size_t i = 0; value->type == JSON_STRING && i < sizeof(known) / sizeof(known[0]); i++) {
        if (str_equal(value->text, str_from(known[i]))) {
            p->out->strict = i == 0;
            return STATUS_OK;
        }
    }
    return error_set(p->err, STATUS_INPUT, "must be \"none\", \"lastWords\", \"firstWords\" or \"allOptional\"");
}

static enum status take_typos(struct request_parser *p, const struct json *value)
{
    if (value->type == JSON_STRING && (str_equal(value->text, STR("min")) || str_equal(value->text, STR("strict")))) {
        p->out->typo_tolerance = true;
        return STATUS_OK;
    }
    return truth(value, &p->out->typo_tolerance)
               ? STATUS_OK
               : error_set(p->err, STATUS_INPUT, "must be true, false, \"min\" or \"strict\"");
}

static enum status take_optional(struct request_parser *p, const struct json *value)
{
    return list_of(p, value, &p->optional, &p->optional_count);
}

static enum status take_filter_list(struct request_parser *p, const struct json *value, enum filter_list list)
{
    const struct filter *f;
    enum status status = filter_of_json(&f, value, list, p->arena, p->err);

    if (status != STATUS_OK)
        return status;
    p->filter = filter_both(p->filter, f, p->arena);
    return STATUS_OK;
}

static enum status take_facet_filters(struct request_parser *p, const struct json *value)
{
    return take_filter_list(p, value, FILTER_LIST_FACET);
}

static enum status take_tag_filters(struct request_parser *p, const struct json *value)
{
    return take_filter_list(p, value, FILTER_LIST_TAG);
}

static enum status take_numeric_filters(struct request_parser *p, const struct json *value)
{
    return take_filter_list(p, value, FILTER_LIST_NUMBER);
}

static enum status take_filters(struct request_parser *p, const struct json *value)
{
    const struct filter *f;
    enum status status;

    if (value->type != JSON_STRING)
        return error_set(p->err, STATUS_INPUT, "must be a string such as \"brand:Acme AND price < 100\"");
    status = filter_parse(&f, value->text, p->arena, p->err);
    if (status == STATUS_OK)
        p->filter = filter_both(p->filter, f, p->arena);
    return status;
}

static enum status take_facet_order(struct request_parser *p, const struct json *value)
{
    if (value->type != JSON_STRING || !(str_equal(value->text, STR("count")) || str_equal(value->text, STR("alpha"))))
        return error_set(p->err, STATUS_INPUT, "must be \"count\" or \"alpha\"");
    p->out->sort_facets_by_alpha = str_equal(value->text, STR("alpha"));
    return STATUS_OK;
}

static bool sort_key_of(struct str text, struct sort_key *out)
{
    bool closed = str_ends_with(text, STR(")"));
    size_t colon = str_find_char(text, ':');

    if (closed && (str_starts_with(text, STR("asc(")) || str_starts_with(text, STR("desc(")))) {
        size_t open = str_find_char(text, '(');
        *out = (struct sort_key){str_trim(str_slice(text, open + 1, text.size - 1)), text.data[0] == 'd'};
    } else if (colon != SIZE_MAX && (str_ends_with(text, STR(":asc")) || str_ends_with(text, STR(":desc")))) {
        *out = (struct sort_key){str_slice(text, 0, colon), str_ends_with(text, STR(":desc"))};
    } else {
        return false;
    }
    return out->attribute.size > 0;
}

static enum status take_sort(struct request_parser *p, const struct json *value)
{
    const struct str *texts;
    size_t count;
    struct sort_key *keys;
    enum status status = list_of(p, value, &texts, &count);

    if (status != STATUS_OK)
        return status;
    if (count > SEARCH_SORT_KEYS)
        return error_set(p->err, STATUS_INPUT, "more than %d sort keys", SEARCH_SORT_KEYS);
    keys = ARENA_ARRAY(p->arena, struct sort_key, count + 1);
    if (!keys)
        return too_large(p->err);
    for (size_t i = 0; i < count; i++) {
        if (!sort_key_of(texts[i], &keys[i]))
            return error_set(
                p->err, STATUS_INPUT, "'" STR_FMT "' is no sort key; write \"asc(price)\"",
                STR_ARG(str_slice(texts[i], 0, str_utf8_cut(texts[i], 60 < texts[i].size ? 60 : texts[i].size))));
    }
    p->out->sort = keys;
    p->out->sort_count = count;
    return STATUS_OK;
}

/* --- stores and price lists --- */
static const struct dimension_setting *dimension_named(struct request_parser *p, const struct dimension_list *list,
                                                       struct str name)
{
    struct str path = arena_printf(p->arena, STR_FMT "." STR_FMT, STR_ARG(list->attribute), STR_ARG(name));

    return list->count && path.data ? settings_dimension(p->settings, path) : NULL;
}

static enum status take_stores(struct request_parser *p, const struct json *value)
{
    const struct str *names;
    const struct dimension_setting **stores;
    size_t count;
    enum status status = list_of(p, value, &names, &count);

    if (status != STATUS_OK)
        return status;
    stores = ARENA_ARRAY(p->arena, const struct dimension_setting *, count + 1);
    if (!stores)
        return too_large(p->err);
    for (size_t i = 0; i < count; i++) {
        stores[i] = dimension_named(p, &p->settings->stores, names[i]);
        if (!stores[i])
            return error_set(p->err, STATUS_INPUT, "the settings have no store '" STR_FMT "'",
                             STR_ARG(str_slice(names[i], 0, str_utf8_cut(names[i], 60))));
    }
    p->out->stores = stores;
    p->out->store_count = count;
    return STATUS_OK;
}

static enum status take_price_list(struct request_parser *p, const struct json *value)
{
    if (value->type != JSON_STRING)
        return error_set(p->err, STATUS_INPUT, "must be the name of a price list");
    p->out->price_list = dimension_named(p, &p->settings->price_lists, value->text);
    return p->out->price_list || value->text.size == 0
               ? STATUS_OK
               : error_set(p->err, STATUS_INPUT, "the settings have no price list '" STR_FMT "'",
                           STR_ARG(str_slice(value->text, 0, str_utf8_cut(value->text, 60))));
}

#define FIELD(member)      offsetof(struct search_request, member)
#define LIST(member, many) PARAM_LIST, FIELD(member), FIELD(many), 0, 0, NULL

static const struct param_row params_known[] = {
    {"indexName", PARAM_TEXT, FIELD(index), 0, 0, 0, NULL},
    {"query", PARAM_TEXT, FIELD(query), 0, 0, 0, NULL},
    {"queryType", PARAM_SPECIAL, 0, 0, 0, 0, take_query_type},
    {"removeWordsIfNoResults", PARAM_SPECIAL, 0, 0, 0, 0, take_remove_words},
    {"optionalWords", PARAM_SPECIAL, 0, 0, 0, 0, take_optional},
    {"typoTolerance", PARAM_SPECIAL, 0, 0, 0, 0, take_typos},
    {"minHits", PARAM_INT, FIELD(min_hits), 0, 0, 1000000, NULL},
    {"facetFilters", PARAM_SPECIAL, 0, 0, 0, 0, take_facet_filters},
    {"tagFilters", PARAM_SPECIAL, 0, 0, 0, 0, take_tag_filters},
    {"numericFilters", PARAM_SPECIAL, 0, 0, 0, 0, take_numeric_filters},
    {"filters", PARAM_SPECIAL, 0, 0, 0, 0, take_filters},
    {"facets", LIST(facets, facet_count)},
    {"maxValuesPerFacet", PARAM_INT, FIELD(max_values_per_facet), 0, 0, FACET_VALUES_LIMIT, NULL},
    {"sortFacetValuesBy", PARAM_SPECIAL, 0, 0, 0, 0, take_facet_order},
    {"sort", PARAM_SPECIAL, 0, 0, 0, 0, take_sort},
    {"store", PARAM_SPECIAL, 0, 0, 0, 0, take_stores},
    {"priceList", PARAM_SPECIAL, 0, 0, 0, 0, take_price_list},
    {"buryOutOfStock", PARAM_BOOL, FIELD(bury_out_of_stock), 0, 0, 0, NULL},
    {"trackTotalHits", PARAM_BOOL, FIELD(exact_total), 0, 0, 0, NULL},
    {"distinct", PARAM_BOOL, FIELD(distinct), 0, 0, 0, NULL},
    {"hitsPerPage", PARAM_INT, FIELD(hits_per_page), 0, 0, LIMIT_HITS_PER_PAGE, NULL},
    {"page", PARAM_INT, FIELD(page), 0, 0, INT32_MAX, NULL},
    {"offset", PARAM_INT, FIELD(offset), 0, 0, INT32_MAX, NULL},
    {"length", PARAM_INT, FIELD(length), 0, 0, LIMIT_HITS_PER_PAGE, NULL},
    {"restrictSearchableAttributes", LIST(restrict_fields, restrict_count)},
    {"getRankingInfo", PARAM_BOOL, FIELD(want_ranking_info), 0, 0, 0, NULL},
    {"profile", PARAM_BOOL, FIELD(profile), 0, 0, 0, NULL},
    {"clickAnalytics", PARAM_BOOL, FIELD(click_analytics), 0, 0, 0, NULL},
    {"analytics", PARAM_BOOL, FIELD(analytics), 0, 0, 0, NULL},
    {"enablePersonalization", PARAM_BOOL, FIELD(personal), 0, 0, 0, NULL},
    {"personalizationImpact", PARAM_INT, FIELD(personal_impact), 0, 0, 100, NULL},
    {"enableReRanking", PARAM_BOOL, FIELD(behaviour), 0, 0, 0, NULL},
    {"userToken", PARAM_TEXT, FIELD(user_token), 0, 0, 0, NULL},
    {"attributesToRetrieve", LIST(retrieve, retrieve_count)},
    {"attributesToHighlight", LIST(highlight, highlight_count)},
    {"attributesToSnippet", LIST(snippet, snippet_count)},
    {"highlightPreTag", PARAM_TEXT, FIELD(pre_tag), 0, 0, 0, NULL},
    {"highlightPostTag", PARAM_TEXT, FIELD(post_tag), 0, 0, 0, NULL},
    {"snippetEllipsisText", PARAM_TEXT, FIELD(ellipsis), 0, 0, 0, NULL},
};

static enum status take_row(struct request_parser *p, const struct param_row *row, const struct json *value)
{
    char *base = (char *)p->out;
    int64_t number;

    switch (row->type) {
    case PARAM_TEXT:
        if (value->type != JSON_STRING && value->type != JSON_NUMBER)
            return error_set(p->err, STATUS_INPUT, "must be a string");
        *(struct str *)(void *)(base + row->offset) = value->text;
        return STATUS_OK;
    case PARAM_BOOL:
        return truth(value, (bool *)(base + row->offset)) ? STATUS_OK
                                                          : error_set(p->err, STATUS_INPUT, "must be true or false");
    case PARAM_INT:
        if (!json_i64(value, &number) && !(value->type == JSON_STRING && str_to_i64(value->text, &number)))
            return error_set(p->err, STATUS_INPUT, "must be a whole number");
        if (number < row->min || number > row->max)
            return error_set(p->err, STATUS_INPUT, "must be %lld to %lld", (long long)row->min, (long long)row->max);
        *(int64_t *)(void *)(base + row->offset) = number;
        return STATUS_OK;
    case PARAM_LIST:
        return list_of(p, value, (const struct str **)(void *)(base + row->offset),
                       (size_t *)(void *)(base + row->count_offset));
    default:
        return row->take(p, value);
    }
}

static enum status take_param(struct request_parser *p, struct str name, const struct json *value)
{
    for (size_t i = 0; i < sizeof(params_known) / sizeof(params_known[0]); i++) {
        const struct param_row *row = &params_known[i];
        enum status status;
        if (!str_equal(name, str_from(row->name)))
            continue;
        if (value->type == JSON_NULL)
            return STATUS_OK;
        status = take_row(p, row, value);
        if (status != STATUS_OK)
            error_prefix(p->err, "'%s'", row->name);
        p->out->retrieve_given |= strcmp(row->name, "attributesToRetrieve") == 0;
        p->out->highlight_given |= strcmp(row->name, "attributesToHighlight") == 0;
        return status;
    }
    return STATUS_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum status url_decode(struct request_parser *p, struct str s, struct str *out)
{
    char *text = arena_alloc(p->arena, s.size + 1);
    size_t n = 0;

    if (!text)
        return too_large(p->err);
    for (size_t i = 0; i < s.size; i++) {
        int high = s.data[i] == '%' && i + 2 < s.size ? hex_digit(s.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.data[i + 2]) : -1;
        if (low >= 0) {
            text[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            text[n++] = s.data[i] == '+' ? ' ' : s.data[i];
        }
    }
    *out = (struct str){text, n};
    if (!str_utf8_valid(*out, NULL))
        return error_set(p->err, STATUS_INPUT, "'params' is not UTF-8 when decoded");
    return STATUS_OK;
}

static enum status take_params_string(struct request_parser *p, struct str params)
{
    size_t count = 0;

    for (struct str rest = params; rest.data;) {
        struct str pair = str_split(&rest, '&');
        struct str value = pair;
        struct str name = str_split(&value, '=');
        struct json text;
        enum status status;
        if (name.size == 0)
            continue;
        if (++count > PARAMS_LIMIT)
            return error_set(p->err, STATUS_INPUT, "'params' has more than %d parameters", PARAMS_LIMIT);
        status = url_decode(p, name, &name);
        if (status == STATUS_OK)
            status = url_decode(p, value.data ? value : (struct str){"", 0}, &value);
        if (status != STATUS_OK)
            return status;
        text = json_of_str(value);
        status = take_param(p, name, &text);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void defaults(struct search_request *r, const struct settings *s)
{
    *r = (struct search_request){
        .query = STR(""),
        .prefix_last = true,
        .typo_tolerance = s->typo_tolerance,
        .min_hits = s->min_hits,
        .max_values_per_facet = s->max_values_per_facet,
        .sort_facets_by_alpha = s->sort_facets_by_alpha,
        .distinct = s->distinct,
        .analytics = true,
        .bury_out_of_stock = s->bury_out_of_stock,
        .exact_total = true,
        .behaviour = true,
        .personal_impact = 100,
        .hits_per_page = s->hits_per_page,
        .offset = -1,
        .length = -1,
        .pre_tag = s->highlight_pre_tag,
        .post_tag = s->highlight_post_tag,
        .ellipsis = STR("\xe2\x80\xa6"),
    };
}

/* optionalWords that repeat the query make every word optional: any of them will do. */
static void finish_optional(struct request_parser *p)
{
    struct search_request *r = p->out;

    r->any_word = p->optional_count == 1 && str_trim(r->query).size > 0 &&
                  str_equal_nocase(str_trim(p->optional[0]), str_trim(r->query));
    if (!r->any_word) {
        r->optional_words = p->optional;
        r->optional_count = p->optional_count;
    }
}

enum status search_request_parse(struct search_request *out, const struct json *params, const struct settings *settings,
                                 struct arena *arena, struct error *err)
{
    struct request_parser p = {.out = out, .settings = settings, .arena = arena, .err = err};
    const struct json *encoded = json_get(params, "params");
    enum status status = STATUS_OK;

    defaults(out, settings);
    if (params->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "a search is an object of parameters");
    if (encoded && encoded->type == JSON_STRING) {
        out->params = encoded->text;
        out->response_echo = true;
        status = take_params_string(&p, encoded->text);
    } else if (encoded && encoded->type == JSON_OBJECT) {
        for (uint32_t i = 0; status == STATUS_OK && i < encoded->count; i++)
            status = take_param(&p, encoded->members[i].name, &encoded->members[i].value);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < params->count; i++)
        status = take_param(&p, params->members[i].name, &params->members[i].value);
    if (status != STATUS_OK)
        return status;
    finish_optional(&p);
    if (!out->sort) {
        const struct replica_setting *replica = settings_replica(settings, out->index);
        out->sort = replica ? replica->keys : settings->ranking;
        out->sort_count = replica ? replica->key_count : settings->ranking_count;
    }
    out->filter = p.filter;
    return arena->failed ? too_large(err) : STATUS_OK;
}
