#include "indexer/object_reader.h"

#include <stdlib.h>

#include "indexer/base/rcu.h"
#include "indexer/control.h"
#include "server/live/live.h"

struct object_reader {
    struct control_target target;
    struct str index;
    struct live *live; /* NULL: a server is asked */
    struct arena arena;
    struct control_answer answer; /* what the objects borrow */
};

static enum status ask(struct object_reader *r, const struct str *ids, size_t count, struct json *root,
                       struct error *err)
{
    struct buf body = BUF_EMPTY;
    buf_literal(&body, "{\"requests\":[");
    for (size_t i = 0; i < count; i++) {
        buf_append(&body, ",", i > 0);
        buf_literal(&body, "{\"indexName\":");
        json_write_string(&body, r->index);
        buf_literal(&body, ",\"objectID\":");
        json_write_string(&body, ids[i]);
        buf_append_char(&body, '}');
    }
    buf_literal(&body, "]}");
    control_release(&r->answer);
    enum status status = control_request(&r->answer, &r->target, "/1/indexes/*/objects", buf_str(&body), err);
    bool asked = status == STATUS_OK;
    if (asked)
        status = control_check(&r->answer, "give objects", err);
    if (status == STATUS_OK && json_parse(r->answer.body, &r->arena, root, err) != STATUS_OK)
        status = STATUS_IO;
    buf_release(&body);
    return asked && status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status;
}

enum status object_reader_open(struct object_reader **out, const struct control_target *target, const char *index,
                               struct error *err)
{
    struct object_reader *r = xcalloc(1, sizeof(*r));
    struct json root;
    struct live_options options = {.data_dir = target->data_dir, .read_only = true};
    r->target = *target;
    r->index = str_from(index);
    arena_init(&r->arena, 0);
    struct str any = STR("-");
    enum status status = ask(r, &any, 1, &root, err); /* is there a server, and has it the index? */
    if (status == STATUS_NOT_FOUND && target->data_dir) {
        status = live_open(&r->live, &options, err);
        rcu_thread_register();
        if (status == STATUS_OK && !live_snapshot(r->live, r->index))
            status = error_set(err, STATUS_CONFLICT, "index '%.100s' does not exist", index);
        rcu_offline(); /* between the reads: others may wait for readers meanwhile */
    }
    *out = r;
    return status;
}

void object_reader_close(struct object_reader *r)
{
    if (!r)
        return;
    if (r->live) {
        rcu_online();
        rcu_thread_unregister();
        live_close(r->live);
    }
    control_release(&r->answer);
    arena_release(&r->arena);
    free(r);
}

static enum status get_here(struct object_reader *r, const struct str *ids, size_t count, const struct json **objects,
                            struct error *err)
{
    enum status status = STATUS_OK;
    rcu_online();
    const struct snapshot *s = live_snapshot(r->live, r->index);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        uint32_t segment;
        doc_id doc;
        struct json *object = ARENA_NEW(&r->arena, struct json);
        objects[i] = NULL;
        if (snapshot_find(s, ids[i], &segment, &doc)) {
            status = snapshot_object(s, segment, doc, &r->arena, object, err);
            objects[i] = object;
        }
    }
    rcu_offline();
    return status;
}

enum status object_reader_get(struct object_reader *r, const struct str *ids, size_t count, const struct json **objects,
                              struct error *err)
{
    struct json *root = NULL;
    arena_reset(&r->arena);
    if (r->live)
        return get_here(r, ids, count, objects, err);
    root = ARENA_NEW(&r->arena, struct json);
    enum status status = ask(r, ids, count, root, err);
    const struct json *results = status == STATUS_OK ? json_get(root, "results") : NULL;
    if (status == STATUS_OK && (!results || results->type != JSON_ARRAY || results->count != count))
        status = error_set(err, STATUS_IO, "the server's answer is not what was asked for");
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        objects[i] = &results->items[i];
    return status;
}

/* --- all of them --- */

static void each_here(struct object_reader *r, void (*found)(void *context, struct str id), void *context)
{
    rcu_online();
    const struct snapshot *s = live_snapshot(r->live, r->index);
    for (uint32_t i = 0; i < s->segment_count; i++) {
        const struct segment *g = &s->segments[i];
        for (doc_id doc = 0; doc < shard_doc_count(g->shard); doc++) {
            if (!segment_deleted(g, doc))
                found(context, shard_object_id(g->shard, doc));
        }
    }
    rcu_offline();
}

/* One page of a browse; *cursor is where the next begins, empty at the end, in r->arena. */
static enum status ask_page(struct object_reader *r, const char *path, struct str *cursor, const struct json **hits,
                            struct error *err)
{
    struct buf body = BUF_EMPTY;
    struct json *root;
    buf_literal(&body, "{\"hitsPerPage\":1000,\"attributesToRetrieve\":[\"objectID\"],\"cursor\":");
    json_write_string(&body, *cursor);
    buf_append_char(&body, '}');
    arena_reset(&r->arena); /* the cursor was there */
    root = ARENA_NEW(&r->arena, struct json);
    control_release(&r->answer);
    enum status status = control_request(&r->answer, &r->target, path, buf_str(&body), err);
    if (status == STATUS_OK)
        status = control_check(&r->answer, "list the objects", err);
    if (status == STATUS_OK && json_parse(r->answer.body, &r->arena, root, err) != STATUS_OK)
        status = STATUS_IO;
    *hits = status == STATUS_OK ? json_get(root, "hits") : NULL;
    if (status == STATUS_OK && (!*hits || (*hits)->type != JSON_ARRAY))
        status = error_set(err, STATUS_IO, "the server's answer is not what was asked for");
    *cursor = (struct str){"", 0};
    if (status == STATUS_OK)
        (void)json_string(json_get(root, "cursor"), cursor);
    buf_release(&body);
    return status;
}

enum status object_reader_each(struct object_reader *r, void (*found)(void *context, struct str id), void *context,
                               struct error *err)
{
    struct buf path = BUF_EMPTY;
    struct str cursor = {"", 0};
    enum status status = STATUS_OK;
    if (r->live) {
        each_here(r, found, context);
        return STATUS_OK;
    }
    buf_literal(&path, "/1/indexes/");
    control_escape(&path, r->index);
    buf_literal(&path, "/browse");
    buf_append_char(&path, '\0');
    do {
        const struct json *hits = NULL;
        status = ask_page(r, path.data, &cursor, &hits, err);
        for (uint32_t i = 0; status == STATUS_OK && i < hits->count; i++) {
            struct str id;
            if (json_string(json_get(&hits->items[i], "objectID"), &id))
                found(context, id);
        }
    } while (status == STATUS_OK && cursor.size > 0);
    buf_release(&path);
    return status;
}
