#include "server/events/trial.h"

#include <stdlib.h>

#include "indexer/base/hash.h"

#define NOTE_BEGIN "experiment\n"

/* A search's hits that have a team, and what was credited so far. */
struct trial_search {
    uint32_t query;
    uint32_t count;
    struct trial_hit {
        uint64_t id;  /* hash of the object's */
        uint8_t team; /* 0 A, 1 B */
        uint8_t done; /* bit of a deed: it was credited */
    } * hits;
    uint16_t credits[TRIAL_DEEDS][2];
};

const char *trial_deed_name(enum trial_deed deed)
{
    static const char *const names[TRIAL_DEEDS] = {"clicks", "carts", "purchases"};
    return names[deed];
}

void trial_note_write(struct buf *out, struct str experiment, struct str teams)
{
    buf_literal(out, NOTE_BEGIN);
    buf_append_str(out, experiment);
    buf_append_char(out, '\n');
    buf_append_str(out, teams);
}

bool trial_note_read(struct str note, struct str *experiment, struct str *teams)
{
    struct str rest = note;
    if (!str_starts_with(note, STR(NOTE_BEGIN)))
        return false;
    (void)str_split(&rest, '\n');
    *experiment = str_split(&rest, '\n');
    *teams = rest;
    for (size_t i = 0; i < teams->size; i++) {
        char c = teams->data[i];
        if (c != '-' && c != 'A' && c != 'B')
            return false;
    }
    return experiment->size > 0 && rest.data;
}

void trial_begin(struct trial *t, const struct trial_options *options)
{
    *t = (struct trial){.searches = 0};
    arena_init(&t->arena, 0);
    map_init(&t->query_places);
    map_init(&t->search_places);
    t->index = arena_copy(&t->arena, options->index);
    t->experiment = arena_copy(&t->arena, options->experiment);
}

void trial_release(struct trial *t)
{
    vec_release(&t->queries);
    vec_release(&t->credits);
    map_release(&t->query_places);
    map_release(&t->search_places);
    arena_release(&t->arena);
}

static struct str id_key(const struct query_id *id)
{
    return (struct str){(const char *)id->bytes, sizeof(id->bytes)};
}

/* ---- searches ---- */

static uint32_t query_of(struct trial *t, const struct event *e)
{
    struct trial_query fresh = {.searches = 0};
    bool added;
    struct str key = e->normal.size ? e->normal : str_trim(e->query);
    uint64_t place = *map_put(&t->query_places, key, t->queries.count, &added);
    if (added) {
        fresh.text = arena_copy(&t->arena, e->query);
        vec_push(&t->queries, fresh);
    }
    t->queries.items[place].searches++;
    return (uint32_t)place;
}

static enum status add_search(struct trial *t, const struct event *e, struct error *err)
{
    struct str experiment, teams;
    if (!e->has_query || !str_equal(e->index, t->index) || !trial_note_read(e->note, &experiment, &teams) ||
        !str_equal(experiment, t->experiment))
        return STATUS_OK;
    if (t->credits.count == TRIAL_SEARCHES)
        return error_set(err, STATUS_LIMIT, "more than %d searches: take a shorter range", TRIAL_SEARCHES);
    struct trial_search search = {.query = query_of(t, e)};
    search.hits = ARENA_ARRAY(&t->arena, struct trial_hit, e->item_count + 1);
    for (uint32_t i = 0; i < e->item_count && i < teams.size; i++) {
        if (teams.data[i] != '-')
            search.hits[search.count++] = (struct trial_hit){
                hash64(e->items[i].object_id.data, e->items[i].object_id.size), (uint8_t)(teams.data[i] == 'B'), 0};
    }
    t->searches++;
    t->differing += search.count > 0;
    (void)map_put(&t->search_places, id_key(&e->query_id), t->credits.count, NULL);
    vec_push(&t->credits, search);
    return STATUS_OK;
}

/* ---- credits ---- */

static void credit(struct trial_search *s, struct str object_id, enum trial_deed deed)
{
    uint64_t id = hash64(object_id.data, object_id.size);
    for (uint32_t i = 0; i < s->count; i++) {
        struct trial_hit *hit = &s->hits[i];
        if (hit->id == id && !(hit->done >> deed & 1)) {
            hit->done |= (uint8_t)(1 << deed);
            s->credits[deed][hit->team]++;
        }
    }
}

enum status trial_add(struct trial *t, const struct event *e, struct error *err)
{
    static const enum event_type types[TRIAL_DEEDS] = {EVENT_CLICK, EVENT_CART, EVENT_PURCHASE};
    if (e->type == EVENT_SEARCH)
        return add_search(t, e, err);
    for (int deed = 0; deed < TRIAL_DEEDS; deed++) {
        for (uint32_t i = 0; i < e->item_count && e->type == types[deed]; i++) {
            const struct event_item *item = &e->items[i];
            const struct query_id *id = item->has_query ? &item->query_id : e->has_query ? &e->query_id : NULL;
            const uint64_t *place = id ? map_get(&t->search_places, id_key(id)) : NULL;
            if (place)
                credit(&t->credits.items[*place], item->object_id, (enum trial_deed)deed);
        }
    }
    return STATUS_OK;
}

/* ---- the outcome ---- */

static void evaluate(struct trial *t, enum trial_deed deed)
{
    enum { ROUNDS = 10000, WORK_MOST = 100000000 };
    struct trial_result *r = &t->results[deed];
    double *values = xcalloc(t->queries.count + 1, sizeof(*values));
    for (size_t i = 0; i < t->queries.count; i++) {
        uint64_t a = t->queries.items[i].by[deed].a, b = t->queries.items[i].by[deed].b;
        uint64_t all = a + b + t->queries.items[i].by[deed].even;
        if (all == 0)
            continue;
        values[r->queries++] = ((double)b - (double)a) / (double)all;
        r->a += a;
        r->b += b;
        r->even += all - a - b;
        r->queries_a += a > b;
        r->queries_b += b > a;
    }
    size_t rounds = r->queries > WORK_MOST / ROUNDS ? WORK_MOST / r->queries : ROUNDS;
    rounds = rounds < 1000 ? 1000 : rounds;
    r->preference = mean_of(values, r->queries);
    r->interval = bootstrap_mean(values, r->queries, rounds, 1);
    r->t = paired_t(values, r->queries);
    r->random_p = r->queries ? randomization_p(values, r->queries, rounds, 1) : 1;
    r->significant = r->random_p < .05;
    free(values);
}

void trial_finish(struct trial *t)
{
    for (size_t i = 0; i < t->credits.count; i++) {
        const struct trial_search *s = &t->credits.items[i];
        struct trial_query *q = &t->queries.items[s->query];
        for (int deed = 0; deed < TRIAL_DEEDS; deed++) {
            unsigned a = s->credits[deed][0], b = s->credits[deed][1];
            q->by[deed].a += a > b;
            q->by[deed].b += b > a;
            q->by[deed].even += a == b && a > 0;
        }
    }
    for (int deed = 0; deed < TRIAL_DEEDS; deed++)
        evaluate(t, (enum trial_deed)deed);
}

static enum status visit(void *context, const struct event *event, struct error *err)
{
    return trial_add(context, event, err);
}

enum status trial_make(struct trial *out, struct events *log, const struct trial_options *options, struct error *err)
{
    trial_begin(out, options);
    enum status status = log ? events_read(log, options->from_ms, visit, out, err) : STATUS_OK;
    if (status == STATUS_OK)
        trial_finish(out);
    return status;
}
