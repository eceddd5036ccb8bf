#include "indexer/change_sender.h"

#include <stdio.h>

#include "indexer/base/vec.h"
#include "indexer/control.h"
#include "server/live/live.h"

enum { BATCH_CHANGES = 2000, BATCH_BYTES = 4 << 20 };

struct change_sender {
    struct control_target target;
    char *index;
    int64_t as_of_ms;
    struct live *live; /* NULL: a server has it */
    VEC(struct change) waiting;
    VEC(struct json) objects; /* of those */
    struct arena arena;       /* what they borrow */
    struct change_counts counts;
    void (*outcome)(void *context, const struct change *change, enum status status, const char *message);
    void *context;
};

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(xmalloc(size), text, size);
}

static enum status send_items(const struct change_sender *s, struct str items, int64_t as_of_ms,
                              struct control_answer *answer, struct error *err)
{
    struct buf path = BUF_EMPTY;
    struct buf body = BUF_EMPTY;
    buf_literal(&path, "/1/indexes/");
    control_escape(&path, str_from(s->index));
    buf_literal(&path, "/apply\0");
    buf_printf(&body, "{\"asOf\":%lld,\"items\":[", (long long)as_of_ms);
    buf_append_str(&body, items);
    buf_literal(&body, "]}");
    enum status status = control_request(answer, &s->target, path.data, buf_str(&body), err);
    buf_release(&path);
    buf_release(&body);
    return status;
}

enum status change_sender_open(struct change_sender **out, const struct control_target *target, const char *index,
                               struct error *err)
{
    struct change_sender *s = xcalloc(1, sizeof(*s));
    struct control_answer answer;
    struct live_options options = {.data_dir = target->data_dir};
    s->target = *target;
    s->index = copy_text(index);
    arena_init(&s->arena, 0);
    enum status status = send_items(s, STR(""), 1, &answer, err); /* is there a server? */
    if (status == STATUS_OK)
        status = control_check(&answer, "take changes", err);
    control_release(&answer);
    if (status == STATUS_NOT_FOUND && target->data_dir)
        status = live_open(&s->live, &options, err);
    if (status != STATUS_OK) {
        change_sender_close(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void change_sender_close(struct change_sender *s)
{
    if (!s)
        return;
    live_close(s->live);
    vec_release(&s->waiting);
    vec_release(&s->objects);
    arena_release(&s->arena);
    free(s->index);
    free(s);
}

void change_sender_on_outcome(struct change_sender *s,
                              void (*outcome)(void *context, const struct change *change, enum status status,
                                              const char *message),
                              void *context)
{
    s->outcome = outcome;
    s->context = context;
}

void change_sender_as_of(struct change_sender *s, int64_t as_of_ms)
{
    s->as_of_ms = as_of_ms;
}

struct change_counts change_sender_counts(const struct change_sender *s)
{
    return s ? s->counts : (struct change_counts){0};
}

/* What became of waiting change i. */
static void take_outcome(struct change_sender *s, size_t i, const struct live_op *op)
{
    const struct change *change = &s->waiting.items[i];
    if (op->status == STATUS_OK) {
        s->counts.kept += op->kept;
        bool left_out = op->kept > 0 && (change->deletion || op->kept + 1 >= change->object->count);
        if (op->created)
            s->counts.created++;
        else if (!left_out && change->deletion)
            s->counts.deleted++;
        else if (!left_out)
            s->counts.changed++;
    }
    if (s->outcome)
        s->outcome(s->context, change, op->status, op->message);
}

/* --- in this process --- */

static enum status flush_here(struct change_sender *s, struct error *err)
{
    struct live_batch batch = {0};
    size_t count = s->waiting.count;
    arena_init(&batch.arena, 0);
    batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, count + 1);
    batch.op_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &s->waiting.items[i];
        batch.ops[i] = (struct live_op){.kind = change->deletion ? LIVE_DELETE : LIVE_PARTIAL,
                                        .index = str_from(s->index),
                                        .object_id = change->id,
                                        .create_missing = change->create,
                                        .body = s->objects.items[i]};
    }
    enum status status = live_apply(s->live, &batch, s->as_of_ms, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        take_outcome(s, i, &batch.ops[i]);
    s->counts.seq = status == STATUS_OK ? batch.seq : s->counts.seq;
    arena_release(&batch.arena);
    return status;
}

/* --- in the server --- */

static enum status status_of_name(struct str name)
{
    for (int status = STATUS_OK; status <= STATUS_FULL; status++) {
        if (str_equal(name, str_from(status_name((enum status)status))))
            return (enum status)status;
    }
    return STATUS_IO;
}

static enum status take_answer(struct change_sender *s, struct str text, struct error *err)
{
    struct arena arena;
    struct json root;
    int64_t seq = 0;
    arena_init(&arena, 0);
    enum status status = json_parse(text, &arena, &root, err);
    const struct json *items = status == STATUS_OK ? json_get(&root, "items") : NULL;
    if (!items || items->type != JSON_ARRAY || items->count != s->waiting.count)
        status = error_set(err, STATUS_IO, "the server's answer is not what was asked for");
    for (uint32_t i = 0; status == STATUS_OK && i < items->count; i++) {
        struct live_op op = {0};
        struct str name = {0};
        struct str message = {0};
        int64_t kept = 0;
        (void)json_string(json_get(&items->items[i], "status"), &name);
        (void)json_string(json_get(&items->items[i], "message"), &message);
        (void)json_bool(json_get(&items->items[i], "created"), &op.created);
        (void)json_i64(json_get(&items->items[i], "kept"), &kept);
        op.status = status_of_name(name);
        op.kept = (uint32_t)kept;
        snprintf(op.message, sizeof(op.message), STR_FMT, STR_ARG(message));
        take_outcome(s, i, &op);
    }
    if (status == STATUS_OK && json_i64(json_get(&root, "seq"), &seq))
        s->counts.seq = (uint64_t)seq;
    arena_release(&arena);
    return status;
}

static enum status flush_to_server(struct change_sender *s, struct error *err)
{
    struct buf items = BUF_EMPTY;
    struct control_answer answer;
    for (size_t i = 0; i < s->waiting.count; i++) {
        const struct change *change = &s->waiting.items[i];
        buf_append(&items, ",", i > 0);
        if (change->deletion) {
            buf_literal(&items, "{\"delete\":");
            json_write_string(&items, change->id);
        } else {
            buf_literal(&items, "{\"object\":");
            json_write(&items, &s->objects.items[i]);
            buf_printf(&items, ",\"create\":%s", change->create ? "true" : "false");
        }
        buf_append_char(&items, '}');
    }
    enum status status = send_items(s, buf_str(&items), s->as_of_ms, &answer, err);
    if (status == STATUS_NOT_FOUND)
        status = error_set(err, STATUS_IO, "the server has ended");
    if (status == STATUS_OK)
        status = control_check(&answer, "take the changes", err);
    if (status == STATUS_OK)
        status = take_answer(s, answer.body, err);
    control_release(&answer);
    buf_release(&items);
    return status;
}

enum status change_sender_flush(struct change_sender *s, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < s->waiting.count; i++)
        s->waiting.items[i].object = &s->objects.items[i]; /* they moved as they came */
    if (s->waiting.count > 0)
        status = s->live ? flush_here(s, err) : flush_to_server(s, err);
    s->waiting.count = 0;
    s->objects.count = 0;
    arena_reset(&s->arena);
    return status;
}

enum status change_sender_add(struct change_sender *s, const struct change *change, struct error *err)
{
    struct json object = {.type = JSON_OBJECT};
    struct change copy = *change;
    copy.id = arena_copy(&s->arena, change->id);
    if (!change->deletion)
        object = json_clone(change->object, &s->arena);
    vec_push(&s->objects, object);
    vec_push(&s->waiting, copy);
    bool full = s->waiting.count >= BATCH_CHANGES || s->arena.used_bytes >= BATCH_BYTES;
    if (!full)
        return STATUS_OK;
    return change_sender_flush(s, err);
}
