#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/http/answer.h"
#include "server/http/answer_cache.h"
#include "server/http/behaviour.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/impressions.h"
#include "server/http/server.h"
#include "server/query/experiment.h"

/*
 * Searches: one, several in one request, facet values, browsing.
 *
 * A search runs where it was read unless its planned cost is over a millisecond or its body is large: then a worker
 * does all of it again, from the body on, since nothing of a snapshot may be held when the base ends its turn.
 *
 * A search with `minSeq` waits until updates up to that number are visible, at most MIN_SEQ_WAIT_MS; then it is a 412.
 */

#define OFFLOAD_COST_NS   1000000
#define OFFLOAD_BODY      (64u << 10)
#define QUERIES_MAX       50
#define FACET_HITS        10
#define FACET_HITS_MAX    100
#define SEARCH_BODY_LIMIT (1u << 20)
#define MIN_SEQ_WAIT_MS   2000
#define MIN_SEQ_LOOK_MS   20

static void free_searcher(void *searcher)
{
    searcher_free(searcher);
}

struct searcher *handlers_searcher(struct server *server)
{
    struct reader_thread *reader = reader_thread();
    if (!reader->scratch) {
        struct searcher *searcher = searcher_new();
        searcher_share(searcher, server->pages);
        searcher_help(searcher, server->crew);
        searcher_report(searcher, &server->searchers);
        reader->scratch = searcher;
        reader->scratch_free = free_searcher;
    }
    return reader->scratch;
}

const struct snapshot *handlers_snapshot(struct exchange *x, struct str index)
{
    const struct snapshot *snapshot = live_snapshot(x->server->live, index);
    if (!snapshot) {
        exchange_error(x, 404, "index '" STR_FMT "' does not exist",
                       STR_ARG(str_slice(index, 0, str_utf8_cut(index, index.size < 200 ? index.size : 200))));
    }
    return snapshot;
}

/* --- several queries --- */

/* One of the queries of a request, and its answer. */
struct sub {
    const struct json *params;
    const struct snapshot *snapshot;
    struct search_request request;
    struct search_result result;
    struct experiment_search trial; /* params NULL: it is in no experiment */
    bool facet;                     /* type "facet" */
    struct str facet_name;
    struct str facet_query;
    int64_t max_facet_hits;
    struct facet_hit *facet_hits;
    size_t facet_hit_count;
    bool done;
};

struct search {
    struct exchange *x;
    struct searcher *searcher;
    struct sub *subs;
    size_t count;
    uint64_t seq;     /* what the answer contains at least */
    struct buf key;   /* of the answer, when it may be kept; else empty */
    size_t *times;    /* where in it each result has its milliseconds */
    uint64_t min_seq; /* what it must contain */
};

static bool refuse(struct search *s, size_t number, enum status status, const struct error *err)
{
    if (s->count > 1) {
        exchange_error(s->x, exchange_status_of(status), "requests[%zu]: %s", number, err->message);
    } else {
        exchange_fail(s->x, status, err->message);
    }
    return false;
}

static bool parse_facet(struct search *s, size_t number, struct str fallback)
{
    struct sub *sub = &s->subs[number];
    struct error err = {0};
    const struct json *params = sub->params;
    sub->facet_name = fallback;
    sub->max_facet_hits = FACET_HITS;
    if (json_get(params, "params") && !json_get(params, "facetQuery")) {
        /* v4 puts facetQuery among the URL-encoded parameters. */
        struct str encoded;
        struct str limit;
        uint64_t hits;
        if (json_string(json_get(params, "params"), &encoded)) {
            (void)http_query_get(encoded, "facetQuery", &s->x->arena, &sub->facet_query);
            if (http_query_get(encoded, "maxFacetHits", &s->x->arena, &limit) && str_to_u64(limit, &hits)) {
                sub->max_facet_hits = hits < FACET_HITS_MAX ? (int64_t)hits : FACET_HITS_MAX;
            }
        }
    }
    (void)json_string(json_get(params, "facet"), &sub->facet_name);
    (void)json_string(json_get(params, "facetName"), &sub->facet_name);
    (void)json_string(json_get(params, "facetQuery"), &sub->facet_query);
    const struct json *most = json_get(params, "maxFacetHits");
    if (most &&
        (!json_i64(most, &sub->max_facet_hits) || sub->max_facet_hits < 1 || sub->max_facet_hits > FACET_HITS_MAX)) {
        error_set(&err, STATUS_INPUT, "'maxFacetHits': must be 1 to %d", FACET_HITS_MAX);
        return refuse(s, number, STATUS_INPUT, &err);
    }
    if (sub->facet_name.size == 0) {
        error_set(&err, STATUS_INPUT, "'facet': the name of a searchable facet is missing");
        return refuse(s, number, STATUS_INPUT, &err);
    }
    return true;
}

/* `minSeq`, a number or a text, or among the URL-encoded parameters. */
static bool parse_min_seq(struct search *s, size_t number)
{
    const struct json *params = s->subs[number].params;
    const struct json *value = json_get(params, "minSeq");
    struct str text = {0};
    uint64_t seq = 0;
    struct error err = {0};
    if (value && value->type != JSON_NUMBER && value->type != JSON_STRING) {
        text = STR("?");
    } else if (value) {
        text = value->text;
    } else if (json_string(json_get(params, "params"), &text) && !http_query_get(text, "minSeq", &s->x->arena, &text)) {
        return true;
    }
    if (text.size > 0 && !str_to_u64(text, &seq)) {
        error_set(&err, STATUS_INPUT, "'minSeq': must be a whole number from 0");
        return refuse(s, number, STATUS_INPUT, &err);
    }
    s->min_seq = seq > s->min_seq ? seq : s->min_seq;
    return true;
}

/* Only searches whose clicks are told are worth an experiment. */
static void try_experiment(struct search *s, struct sub *sub)
{
    struct experiment_search trial = {sub->params, &sub->request, sub->request.user_token, NULL};
    if (trial.token.size == 0) {
        trial.token = http_header_get(&s->x->head, "x-algolia-usertoken");
    }
    if (sub->request.click_analytics && s->x->server->events && experiment_takes(sub->snapshot, &trial)) {
        /* What B gains of what shoppers did is by its own weights. */
        struct search_context other = {s->searcher, sub->snapshot->other, &s->x->arena};
        struct search_request request = sub->request;
        request.behaviour = true;
        request.boosts = NULL;
        behaviour_boosts(s->x, &other, &request);
        sub->trial = trial;
        sub->trial.boosts = request.boosts;
    }
}

/* The same text in the same index gains the same, so that both are evaluated together. */
static void find_boosts(struct search *s, size_t number)
{
    struct sub *sub = &s->subs[number];
    struct search_context context = {s->searcher, sub->snapshot, &s->x->arena};
    for (size_t i = 0; i < number; i++) {
        const struct sub *other = &s->subs[i];
        if (!other->facet && other->snapshot == sub->snapshot && other->request.behaviour == sub->request.behaviour &&
            other->request.personal == sub->request.personal &&
            other->request.personal_impact == sub->request.personal_impact &&
            str_equal(other->request.user_token, sub->request.user_token) &&
            str_equal(other->request.query, sub->request.query)) {
            sub->request.boosts = other->request.boosts;
            return;
        }
    }
    if (!sub->facet) {
        behaviour_boosts(s->x, &context, &sub->request);
    }
}

static bool parse_sub(struct search *s, size_t number, struct str facet)
{
    struct sub *sub = &s->subs[number];
    struct error err = {0};
    struct str index = {0};
    struct str type = {0};
    if (!parse_min_seq(s, number)) {
        return false;
    }
    if (!json_string(json_get(sub->params, "indexName"), &index)) {
        error_set(&err, STATUS_INPUT, "'indexName' is missing");
        return refuse(s, number, STATUS_INPUT, &err);
    }
    /* The same name gives the same snapshot, however often it is asked for. */
    for (size_t i = 0; i < number && !sub->snapshot; i++) {
        sub->snapshot = str_equal(s->subs[i].request.index, index) ? s->subs[i].snapshot : NULL;
    }
    if (!sub->snapshot && !(sub->snapshot = handlers_snapshot(s->x, index))) {
        return false;
    }
    for (size_t i = 0; i < number; i++) {
        if (s->subs[i].snapshot->index_uid == sub->snapshot->index_uid) {
            sub->snapshot = s->subs[i].snapshot; /* a replica: the same data, the same moment */
        }
    }
    enum status status = search_request_parse(&sub->request, sub->params, sub->snapshot->settings, &s->x->arena, &err);
    if (status != STATUS_OK) {
        return refuse(s, number, status, &err);
    }
    sub->request.index = index;
    (void)json_string(json_get(sub->params, "type"), &type);
    sub->facet = facet.size > 0 || str_equal(type, STR("facet"));
    find_boosts(s, number);
    if (!sub->facet && sub->snapshot->other) {
        try_experiment(s, sub);
    }
    return !sub->facet || parse_facet(s, number, facet);
}

static bool run_facet(struct search *s, size_t number)
{
    struct sub *sub = &s->subs[number];
    struct error err = {0};
    struct search_context context = {s->searcher, sub->snapshot, &s->x->arena};
    struct facet_search wanted = {sub->facet_name, sub->facet_query, (size_t)sub->max_facet_hits};
    struct facet_hits found = {0};
    enum status status = search_facet_values(&context, &sub->request, &wanted, &found, &err);
    sub->facet_hits = found.hits;
    sub->facet_hit_count = found.count;
    sub->done = true;
    return status == STATUS_OK || refuse(s, number, status, &err);
}

/* Runs the searches against the snapshot of subs[first] in one call. */
static bool run_group(struct search *s, size_t first)
{
    struct arena *arena = &s->x->arena;
    const struct snapshot *snapshot = s->subs[first].snapshot;
    struct search_request *requests = ARENA_ARRAY(arena, struct search_request, s->count);
    struct search_result *results = ARENA_ARRAY(arena, struct search_result, s->count);
    struct error err = {0};
    size_t count = 0;
    if (!requests || !results) {
        exchange_error(s->x, 413, "the request needs more memory than it may use");
        return false;
    }
    for (size_t i = first; i < s->count; i++) {
        if (!s->subs[i].facet && s->subs[i].snapshot == snapshot) {
            requests[count++] = s->subs[i].trial.params ? experiment_wide(&s->subs[i].request) : s->subs[i].request;
        }
    }
    struct search_context context = {s->searcher, snapshot, arena};
    enum status status = search_run(&context, requests, count, results, &err);
    if (status != STATUS_OK) {
        return refuse(s, first, status, &err);
    }
    count = 0;
    for (size_t i = first; i < s->count; i++) {
        if (!s->subs[i].facet && s->subs[i].snapshot == snapshot) {
            s->subs[i].result = results[count++];
            s->subs[i].done = true;
        }
    }
    for (size_t i = first; i < s->count; i++) {
        if (s->subs[i].trial.params && s->subs[i].snapshot == snapshot) {
            status = experiment_draft(&context, &s->subs[i].trial, &s->subs[i].result, &err);
            if (status != STATUS_OK) {
                return refuse(s, i, status, &err);
            }
        }
    }
    return true;
}

static bool run_all(struct search *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->subs[i].done) {
            continue;
        }
        if (!(s->subs[i].facet ? run_facet(s, i) : run_group(s, i))) {
            return false;
        }
    }
    return true;
}

static uint64_t cost_of(struct search *s)
{
    uint64_t cost = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct search_context context = {s->searcher, s->subs[i].snapshot, &s->x->arena};
        const struct search_request *earlier = NULL;
        for (size_t k = 0; k < i && !earlier; k++) {
            earlier = s->subs[k].snapshot == s->subs[i].snapshot ? &s->subs[k].request : NULL;
        }
        uint64_t one = search_cost_ns(&context, &s->subs[i].request, earlier);
        cost = one > UINT64_MAX - cost ? UINT64_MAX : cost + one;
    }
    return cost;
}

/* --- answers --- */

static void write_facet_hits(const struct sub *sub, uint64_t elapsed_ns, size_t *time_at, struct buf *out)
{
    buf_literal(out, "{\"facetHits\":[");
    for (size_t i = 0; i < sub->facet_hit_count; i++) {
        const struct facet_hit *hit = &sub->facet_hits[i];
        buf_append_str(out, i > 0 ? STR(",{\"value\":") : STR("{\"value\":"));
        json_write_string(out, hit->value);
        buf_literal(out, ",\"highlighted\":");
        json_write_string(out, hit->highlighted);
        buf_literal(out, ",\"count\":");
        buf_append_u64(out, hit->count);
        buf_append_char(out, '}');
    }
    buf_literal(out, "],\"exhaustiveFacetsCount\":true,\"exhaustive\":{\"facetsCount\":true},\"processingTimeMS\":");
    *time_at = out->size;
    buf_append_u64(out, (elapsed_ns + 999999) / 1000000);
    buf_append_char(out, '}');
}

static bool write_sub(struct search *s, struct sub *sub, struct buf *out)
{
    if (sub->facet) {
        write_facet_hits(sub, clock_monotonic_ns() - s->x->started_ns, &s->times[sub - s->subs], out);
        return true;
    }
    sub->result.seq = s->seq > sub->result.seq ? s->seq : sub->result.seq;
    struct answer a = {.searcher = s->searcher,
                       .snapshot = sub->snapshot,
                       .request = &sub->request,
                       .result = &sub->result,
                       .params = sub->params,
                       .arena = &s->x->arena,
                       .time_at = &s->times[sub - s->subs]};
    char query_id[QUERY_ID_TEXT];
    if (impression_log(s->x, &a, query_id)) {
        a.query_id = str_from(query_id);
    }
    enum status status = answer_result(&a, out);
    if (status != STATUS_OK) {
        exchange_fail(s->x, status, "the answer needs more memory than it may use");
        return false;
    }
    return true;
}

static void write_all(struct search *s, bool single)
{
    struct buf *out = exchange_begin(s->x, 200, CONTENT_JSON);
    if (!single) {
        buf_literal(out, "{\"results\":[");
    }
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        if (!write_sub(s, &s->subs[i], out)) {
            return;
        }
    }
    if (!single) {
        buf_literal(out, "]}");
    }
}

/* --- kept answers --- */

/* The segments tell of every document that came or went, the sequence number of everything else. */
static void put_snapshot(struct buf *key, const struct snapshot *s)
{
    buf_put_u64(key, s->index_uid);
    buf_put_u64(key, s->generation);
    buf_put_u64(key, (uintptr_t)s->settings);
    buf_put_u64(key, (uintptr_t)s->synonyms);
    buf_put_u64(key, s->damaged_count);
    for (uint32_t i = 0; i < s->segment_count; i++) {
        buf_put_u64(key, shard_serial(s->segments[i].shard));
        buf_put_u64(key, segment_tombstones_id(&s->segments[i]));
    }
}

/* An answer that names the query, that depends on the shopper or on what shoppers did, or that tells times is none to
 * keep. */
static void make_key(struct search *s)
{
    struct exchange *x = s->x;
    buf_init(&s->key, SEARCH_BODY_LIMIT + (64u << 10));
    for (size_t i = 0; i < s->count; i++) {
        const struct search_request *r = &s->subs[i].request;
        if (!x->server->answers || r->boosts || r->click_analytics || r->profile || s->subs[i].trial.params) {
            return;
        }
    }
    buf_put_u64(&s->key, s->seq);
    for (size_t i = 0; i < s->count; i++) {
        put_snapshot(&s->key, s->subs[i].snapshot);
    }
    for (uint32_t i = 0; i < x->param_count; i++) {
        buf_put_text(&s->key, x->params[i]);
    }
    buf_put_text(&s->key, x->head.method == HTTP_POST ? x->body : x->head.query);
    if (s->key.failed) {
        buf_release(&s->key);
    }
}

static bool take_kept(struct search *s)
{
    struct exchange *x = s->x;
    bool gzip = http_accepts_gzip(&x->head);
    struct buf found = BUF_EMPTY;
    if (s->key.size == 0 || !answer_cache_find(x->server->answers, buf_str(&s->key), &gzip, &found)) {
        return false;
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_release(out);
    *out = found;
    if (gzip) {
        exchange_header(x, "Vary", STR("Accept-Encoding"));
        x->encoded = true;
    }
    return true;
}

/* Next time it takes a millisecond at most. */
static void keep(struct search *s)
{
    struct str answer = buf_str(&s->x->out);
    struct buf kept = BUF_EMPTY;
    size_t from = 0;
    if (s->key.size == 0 || s->x->status != 200 || s->x->out.failed) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        buf_append_str(&kept, str_slice(answer, from, s->times[i]));
        buf_append_char(&kept, '1');
        for (from = s->times[i]; from < answer.size && answer.data[from] >= '0' && answer.data[from] <= '9'; from++) {
        }
    }
    buf_append_str(&kept, str_slice(answer, from, answer.size));
    answer_cache_keep(s->x->server->answers, buf_str(&s->key), buf_str(&kept));
    buf_release(&kept);
}

/* --- the two ways to get there --- */

/* Fills s->subs from the body of a multi-query. */
static bool read_many(struct search *s)
{
    struct json body;
    if (!exchange_json(s->x, &body)) {
        return false;
    }
    const struct json *requests = body.type == JSON_ARRAY ? &body : json_get(&body, "requests");
    if (!requests || requests->type != JSON_ARRAY) {
        exchange_error(s->x, 400, "'requests' must be an array of searches");
        return false;
    }
    if (requests->count > QUERIES_MAX) {
        exchange_error(s->x, 400, "'requests' has %u searches, %d is the most", requests->count, QUERIES_MAX);
        return false;
    }
    s->count = requests->count;
    s->subs = ARENA_ARRAY(&s->x->arena, struct sub, s->count + 1);
    for (size_t i = 0; s->subs && i < s->count; i++) {
        s->subs[i].params = &requests->items[i];
        if (!parse_sub(s, i, (struct str){NULL, 0})) {
            return false;
        }
    }
    return s->subs != NULL;
}

/* Fills s->subs from one search; the index is in the path, and with params[1] the facet. */
static bool read_one(struct search *s)
{
    struct exchange *x = s->x;
    struct json *body = ARENA_NEW(&x->arena, struct json);
    s->subs = ARENA_ARRAY(&x->arena, struct sub, 1);
    if (!body || !s->subs) {
        return false;
    }
    body->type = JSON_OBJECT;
    if (x->head.method == HTTP_POST && str_trim(x->body).size > 0 && !exchange_json(x, body)) {
        return false;
    }
    if (x->head.method != HTTP_POST) {
        json_object_set(body, STR("params"), json_of_str(x->head.query), &x->arena);
    }
    if (body->type != JSON_OBJECT) {
        exchange_error(x, 400, "a search is an object of parameters");
        return false;
    }
    json_object_set(body, STR("indexName"), json_of_str(x->params[0]), &x->arena);
    s->count = 1;
    s->subs[0].params = body;
    return parse_sub(s, 0, x->param_count > 1 ? x->params[1] : (struct str){NULL, 0});
}

enum search_kind { ONE, MANY };

enum progress {
    ANSWERED, /* the answer is in x */
    LONG,     /* it belongs on a worker */
    EARLY     /* what it asks for is not visible yet */
};

static enum progress answer(struct search *s, enum search_kind kind, bool on_worker)
{
    enum progress progress = ANSWERED;
    make_key(s);
    s->times = ARENA_ARRAY(&s->x->arena, size_t, s->count + 1);
    if (take_kept(s)) {
        buf_release(&s->key);
        return ANSWERED;
    }
    if (!on_worker && cost_of(s) > OFFLOAD_COST_NS) {
        progress = LONG;
    } else if (!s->times) {
        exchange_error(s->x, 413, "the request needs more memory than it may use");
    } else if (run_all(s)) {
        write_all(s, kind == ONE);
        keep(s);
    }
    buf_release(&s->key);
    return progress;
}

static enum progress search(struct exchange *x, enum search_kind kind, bool on_worker)
{
    struct search s = {.x = x, .searcher = handlers_searcher(x->server), .seq = live_seq(x->server->live)};
    if (!on_worker && x->body.size > OFFLOAD_BODY) {
        return LONG;
    }
    if (!(kind == ONE ? read_one(&s) : read_many(&s))) {
        if (!x->status) {
            exchange_error(x, 413, "the request needs more memory than it may use");
        }
        return ANSWERED;
    }
    if (s.min_seq > s.seq) {
        if (clock_monotonic_ns() - x->started_ns < MIN_SEQ_WAIT_MS * UINT64_C(1000000)) {
            return EARLY;
        }
        exchange_error(x, 412, "'minSeq' %llu is not reached; updates up to %llu are visible",
                       (unsigned long long)s.min_seq, (unsigned long long)s.seq);
        return ANSWERED;
    }
    return answer(&s, kind, on_worker);
}

static enum search_kind kind_of(const struct exchange *x)
{
    return x->param_count == 0 ? MANY : ONE; /* several have no index in the path */
}

static void search_away(struct exchange *x)
{
    (void)search(x, kind_of(x), true); /* no answer: it is early */
}

static void look_again(struct exchange *x);

/* Ever more seldom: each look reads the request again. */
static void look_later(struct exchange *x)
{
    uint64_t waited_ms = (clock_monotonic_ns() - x->started_ns) / 1000000;
    uint64_t ms = waited_ms / 8;
    exchange_later(x, ms < 1 ? 1 : ms > MIN_SEQ_LOOK_MS ? MIN_SEQ_LOOK_MS : (unsigned)ms, look_again);
}

static void search_back(struct exchange *x)
{
    if (x->status) {
        exchange_done(x);
    } else {
        look_later(x);
    }
}

static enum handled search_here(struct exchange *x)
{
    switch (search(x, kind_of(x), false)) {
    case ANSWERED:
        return HANDLED;
    case LONG:
        if (exchange_offload_then(x, search_away, search_back) == PENDING) {
            return PENDING;
        }
        if (x->status) {
            return HANDLED;
        }
        break;
    case EARLY:
        break;
    }
    look_later(x);
    return PENDING;
}

static void look_again(struct exchange *x)
{
    if (search_here(x) == HANDLED) {
        exchange_done(x);
    }
}

const struct route search_routes[] = {
    {HTTP_POST, "/1/indexes/*/queries", SCOPE_SEARCH, 0, SEARCH_BODY_LIMIT, search_here, NULL},
    {HTTP_POST, "/1/indexes/{index}/query", SCOPE_SEARCH, 0, SEARCH_BODY_LIMIT, search_here, NULL},
    {HTTP_POST, "/1/indexes/{index}/facets/{facet}/query", SCOPE_SEARCH, 0, SEARCH_BODY_LIMIT, search_here, NULL},
    {HTTP_GET, "/1/indexes/{index}", SCOPE_SEARCH, 0, 1024, search_here, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
