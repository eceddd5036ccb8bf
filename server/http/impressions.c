#include "server/http/impressions.h"

#include <math.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/events/events.h"
#include "server/events/trial.h"
#include "server/http/server.h"

struct str request_token(struct exchange *x, const struct search_request *request, const struct settings *settings)
{
    struct str token = request->user_token;
    if (token.size == 0) {
        token = http_header_get(&x->head, "x-algolia-usertoken");
    }
    bool control = false;
    for (size_t i = 0; i < token.size; i++) {
        control = control || (unsigned char)token.data[i] < ' ';
    }
    return settings->events.keep_tokens && token.size <= EVENT_TOKEN_MAX && !control ? token : (struct str){0};
}

static int64_t first_position(const struct search_request *r)
{
    return (r->offset >= 0 ? r->offset : r->page * r->hits_per_page) + 1;
}

/* What is shown, at most so many; NULL when memory runs out. */
static const struct event_item *shown_items(const struct answer *a, uint32_t count)
{
    struct event_item *items = ARENA_ARRAY(a->arena, struct event_item, count + 1);
    int64_t first = first_position(a->request);
    for (uint32_t i = 0; items && i < count; i++) {
        const struct hit *hit = &a->result->hits[i];
        items[i].object_id = shard_object_id(a->snapshot->segments[hit->segment].shard, hit->doc);
        items[i].position = (uint32_t)(first + i);
        items[i].value = (double)NAN;
    }
    return items;
}

/* Whose each hit is, when two rankings made the list. */
static struct str note_of(const struct answer *a, size_t shown)
{
    struct buf note = BUF_EMPTY;
    char teams[EVENT_ITEMS_MAX];
    if (a->result->experiment.size == 0) {
        return (struct str){0};
    }
    for (size_t i = 0; i < shown; i++) {
        teams[i] = "-AB"[a->result->hits[i].team];
    }
    trial_note_write(&note, a->result->experiment, (struct str){teams, shown});
    struct str kept = arena_copy(a->arena, buf_str(&note));
    buf_release(&note);
    return kept;
}

bool impression_log(struct exchange *x, const struct answer *a, char query_id[QUERY_ID_TEXT])
{
    const struct search_request *r = a->request;
    struct search_context context = {a->searcher, a->snapshot, a->arena};
    struct event e = {.type = EVENT_SEARCH, .has_query = true, .value = (double)NAN};
    size_t shown = a->result->hit_count < EVENT_ITEMS_MAX ? a->result->hit_count : EVENT_ITEMS_MAX;
    if (!r->click_analytics || !x->server->events ||
        search_normal_form(&context, r->query, &e.normal, NULL) != STATUS_OK) {
        return false;
    }
    e.index = a->snapshot->index_name;
    e.query_id = query_id_new(query_key_of(e.index, e.normal));
    query_id_text(&e.query_id, query_id);
    if (!r->analytics || r->hits_per_page == 0 || (r->offset >= 0 && r->length == 0)) {
        return true; /* nobody looks at it */
    }
    e.items = shown_items(a, (uint32_t)shown);
    if (e.items) {
        e.item_count = (uint32_t)shown;
        e.time_ms = clock_wall_ms();
        e.query = str_slice(
            r->query, 0, str_utf8_cut(r->query, LIMIT_QUERY_BYTES < r->query.size ? LIMIT_QUERY_BYTES : r->query.size));
        e.total = a->result->total;
        e.note = note_of(a, shown);
        e.token = request_token(x, r, a->snapshot->settings);
        events_search(x->server->events, &e);
    }
    return true;
}
