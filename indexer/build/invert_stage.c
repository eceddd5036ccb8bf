#include "indexer/build/invert_stage.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "indexer/base/vec.h"
#include "indexer/build/stage.h"

#define BATCH_BYTES (256u << 10)

/* Entries that are no text of a field. */
enum { ENTRY_IDENTIFIER = 254, ENTRY_END = 255 };

struct entry {
    uint32_t size;
    uint8_t kind; /* a field, or one of these */
};

struct text_batch {
    struct buf texts; /* back to back */
    VEC(struct entry) entries;
};

struct invert_stage {
    struct invert *invert;
    struct stage *stage;
    struct text_batch batches[STAGE_BATCHES];
    struct text_batch *filling; /* NULL: to be asked for */
    atomic_bool failed;
    /* the thread's */
    bool open; /* a document has begun */
    enum status status;
    struct error error;
};

static enum status take_entry(struct invert_stage *s, const struct entry *e, struct str text)
{
    if (!s->open) {
        invert_begin(s->invert);
        s->open = true;
    }
    if (e->kind == ENTRY_END) {
        s->open = false;
        return invert_end(s->invert, &s->error);
    }
    if (e->kind == ENTRY_IDENTIFIER) {
        invert_identifier(s->invert, text);
        return STATUS_OK;
    }
    return invert_text(s->invert, e->kind, text, &s->error);
}

static void take_batch(void *context, void *batch)
{
    struct invert_stage *s = context;
    struct text_batch *b = batch;
    const char *at = b->texts.data;

    for (size_t i = 0; s->status == STATUS_OK && i < b->entries.count; i++) {
        const struct entry *e = &b->entries.items[i];

        s->status = take_entry(s, e, (struct str){at, e->size});
        at += e->size;
    }
    buf_clear(&b->texts);
    b->entries.count = 0;
    if (s->status != STATUS_OK)
        atomic_store(&s->failed, true);
}

struct invert_stage *invert_stage_new(struct invert *v)
{
    struct invert_stage *s = xcalloc(1, sizeof(*s));
    void *batches[STAGE_BATCHES];

    s->invert = v;
    for (int i = 0; i < STAGE_BATCHES; i++)
        batches[i] = &s->batches[i];
    s->stage = stage_new("invert", batches, take_batch, s);
    return s;
}

void invert_stage_free(struct invert_stage *s)
{
    if (!s)
        return;
    stage_free(s->stage);
    for (int i = 0; i < STAGE_BATCHES; i++) {
        buf_release(&s->batches[i].texts);
        vec_release(&s->batches[i].entries);
    }
    free(s);
}

static void put(struct invert_stage *s, uint8_t kind, struct str text)
{
    struct entry e = {.size = (uint32_t)text.size, .kind = kind};

    if (!s->stage)
        return;
    if (!s->filling)
        s->filling = stage_batch(s->stage);
    buf_append_str(&s->filling->texts, text);
    vec_push(&s->filling->entries, e);
}

void invert_stage_text(struct invert_stage *s, field_id field, struct str text)
{
    put(s, field, text);
}

void invert_stage_identifier(struct invert_stage *s, struct str value)
{
    put(s, ENTRY_IDENTIFIER, value);
}

static void send(struct invert_stage *s)
{
    stage_send(s->stage);
    s->filling = NULL;
}

static enum status failure(const struct invert_stage *s, struct error *err)
{
    if (s->status != STATUS_OK && err)
        *err = s->error;
    return s->status;
}

enum status invert_stage_document(struct invert_stage *s, struct error *err)
{
    if (!s->stage || atomic_load(&s->failed))
        return invert_stage_end(s, err);
    put(s, ENTRY_END, (struct str){0});
    if (s->filling->texts.size >= BATCH_BYTES)
        send(s);
    return STATUS_OK;
}

enum status invert_stage_end(struct invert_stage *s, struct error *err)
{
    if (s->stage)
        send(s);
    stage_free(s->stage);
    s->stage = NULL;
    return failure(s, err);
}
