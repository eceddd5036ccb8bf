#include "server/live/history.h"

#include <inttypes.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/vec.h"
#include "server/live/live_internal.h"
#include "server/live/record_text.h"

enum { FIRST_WINDOW = 65536, SOURCE_REACH = 2 * RECORD_SOURCE_EACH };

struct event {
    uint64_t seq;
    size_t begin, end; /* of its text */
};

struct search {
    const struct history_query *query;
    bool plain_id;        /* its bytes stand in records as they are */
    uint64_t first, last; /* what is searched */
    uint64_t next;        /* where it goes on; 0: nowhere */
    struct buf *out;
    uint64_t from, to;
    struct arena arena;
    struct buf source; /* of the records that follow */
    struct buf text;
    VEC(struct event) events; /* of this window, oldest first */
};

static void append_source(struct search *s)
{
    struct str rest = buf_str(&s->source);
    if (rest.size == 0) {
        return;
    }
    struct str key = str_split(&rest, '\n');
    buf_literal(&s->text, ",\"source\":{\"key\":");
    json_write_string(&s->text, key);
    if (rest.data) {
        buf_literal(&s->text, ",\"route\":");
        json_write_string(&s->text, rest);
    }
    buf_append_char(&s->text, '}');
}

static void add_event(struct search *s, struct record *r)
{
    char at[CLOCK_ISO_SIZE];
    struct event e = {.seq = r->seq, .begin = s->text.size};
    clock_format_iso(r->wall_ms, at);
    buf_printf(&s->text, "{\"seq\":%" PRIu64 ",\"at\":\"%s\",", r->seq, at);
    if (r->as_of_ms) {
        clock_format_iso(r->as_of_ms, at);
        buf_printf(&s->text, "\"asOf\":\"%s\",", at);
    }
    r->id = (struct str){0}; /* the answer says it once */
    record_describe(r, &s->text);
    append_source(s);
    buf_append_char(&s->text, '}');
    e.end = s->text.size;
    vec_push(&s->events, e);
}

static enum status visit(void *context, const struct log_record *from, struct error *err)
{
    struct search *s = context;
    struct record r;
    struct str id = s->query->object_id;
    arena_reset(&s->arena);
    if (from->kind == RECORD_SOURCE) {
        enum status status = record_decode(from, &s->arena, &r, err);
        buf_clear(&s->source);
        buf_append_str(&s->source, status == STATUS_OK ? r.text : (struct str){0});
        return status;
    }
    bool about_all = from->kind == RECORD_CLEAR || from->kind == RECORD_GENERATION;
    if (from->seq < s->from || from->seq > s->to ||
        (!about_all && s->plain_id && !memmem(from->payload.data, from->payload.size, id.data, id.size))) {
        return STATUS_OK;
    }
    enum status status = record_decode(from, &s->arena, &r, err);
    if (status != STATUS_OK || r.uid != s->query->uid) {
        return status;
    }
    if (about_all || str_equal(record_object_id(&r, &s->arena), id)) {
        add_event(s, &r);
    }
    return STATUS_OK;
}

static bool is_plain(struct str id)
{
    for (size_t i = 0; i < id.size; i++) {
        if ((unsigned char)id.data[i] < ' ' || id.data[i] == '"' || id.data[i] == '\\') {
            return false;
        }
    }
    return id.size > 0;
}

/* Windows from the newest on, each twice as long as the one before: few are needed when much happened, and what is read
 * twice stays little. */
static enum status search_back(struct live *l, struct search *s, struct error *err)
{
    uint32_t count = 0;
    uint64_t window = FIRST_WINDOW;
    enum status status = STATUS_OK;
    for (uint64_t to = s->last; to >= s->first && to > 0 && s->next == 0 && status == STATUS_OK; window *= 2) {
        s->to = to;
        s->from = to - s->first >= window ? to - window + 1 : s->first;
        uint64_t begin = s->from - s->first >= SOURCE_REACH ? s->from - SOURCE_REACH : s->first;
        s->events.count = 0;
        buf_clear(&s->text);
        buf_clear(&s->source);
        status = l->log_backend->read(l->log, begin, to, visit, s, err);
        for (size_t i = s->events.count; i-- > 0 && status == STATUS_OK && s->next == 0;) {
            const struct event *e = &s->events.items[i];
            buf_append(s->out, ",", count++ > 0);
            buf_append(s->out, s->text.data + e->begin, e->end - e->begin);
            s->next = count == s->query->limit && e->seq > s->first ? e->seq : 0;
        }
        to = s->from - 1;
    }
    return status;
}

static enum status note_time(void *context, const struct log_record *record, struct error *err)
{
    *(int64_t *)context = record->wall_ms;
    return error_set(err, STATUS_LIMIT, "enough");
}

enum status live_history(struct live *l, const struct history_query *query, struct buf *out, struct error *err)
{
    struct search s = {.query = query, .plain_id = is_plain(query->object_id)};
    struct log_stats stats;
    int64_t first_ms = 0;
    char at[CLOCK_ISO_SIZE];
    l->log_backend->stats(l->log, &stats);
    s.out = out;
    s.first = stats.first_seq;
    s.last = query->before_seq && query->before_seq - 1 < stats.durable_seq ? query->before_seq - 1 : stats.durable_seq;
    arena_init(&s.arena, 0);
    buf_literal(out, "{\"objectID\":");
    json_write_string(out, query->object_id);
    buf_literal(out, ",\"events\":[");
    enum status status = STATUS_OK;
    if (s.last >= s.first) {
        status = search_back(l, &s, err);
    }
    buf_append_char(out, ']');
    if (stats.first_seq <= stats.durable_seq) {
        (void)!l->log_backend->read(l->log, stats.first_seq, stats.first_seq, note_time, &first_ms, NULL);
        clock_format_iso(first_ms, at);
        buf_printf(out, ",\"historyFrom\":{\"seq\":%" PRIu64 ",\"at\":\"%s\"}", stats.first_seq, at);
    }
    if (s.next) {
        buf_printf(out, ",\"next\":%" PRIu64, s.next);
    }
    buf_append_char(out, '}');
    vec_release(&s.events);
    buf_release(&s.text);
    buf_release(&s.source);
    arena_release(&s.arena);
    return status;
}
