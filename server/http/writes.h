#ifndef AISLE_SERVER_HTTP_WRITES_H
#define AISLE_SERVER_HTTP_WRITES_H

/*
 * Handlers' way to the update log: a batch that hangs on its exchange, is handed to the sequencer, and is answered on
 * the event base when it is durable and visible.
 */
#include "server/http/exchange.h"
#include "server/live/live.h"

struct write {
    struct live_batch batch; /* its arena owns operations and what was parsed for them */
    struct exchange *x;
    size_t capacity;
    void (*answer)(struct exchange *x, struct write *w); /* makes the answer of a batch that went through */
    /* After a batch that went through: PENDING when another is on its way and the answer comes later. May be NULL. */
    enum handled (*next)(struct exchange *x, struct write *w);
    void *lane;       /* partials.h's own */
    bool multiple;    /* a batch of several indexes */
    struct str after; /* for passes by key: where the last one ended */
    uint64_t passes;  /* so far */
    uint64_t passes_max;
};

/* Hangs an empty batch on x->state. */
struct write *write_new(struct exchange *x);
static inline struct write *write_of(const struct exchange *x)
{
    return (struct write *)x->state;
}

/* A new operation, zeroed but for kind and index. NULL when memory for the batch is used up. */
struct live_op *write_op(struct write *w, enum live_op_kind kind, struct str index);

/* Submits. PENDING; or HANDLED after an error answer (429 when too much is waiting). On the event base. When an
 * operation failed, but for deleting or optionally updating what is not there, the answer is its error; the others were
 * applied. The answer waits for the batch to be durable and visible. */
enum handled write_submit(struct write *w, void (*answer)(struct exchange *x, struct write *w));
/* Reads the body into operations with read, which may set an error answer, and submits them: bodies that take long on a
 * worker, as a registered reader (rcu.h), others here. away: always on a worker. */
enum handled write_read(struct write *w, void (*read)(struct exchange *x), bool away,
                        void (*answer)(struct exchange *x, struct write *w));
/* Forgets the operations, for a next batch. Nothing of the old one may be used any more. */
void write_reset(struct write *w);

/* An objectID in a body: a string, or a number as it is written. False when there is none. */
bool write_object_id(const struct json *body, struct str *id);

/* {"<name>":"2026-11-23T22:04:05.678Z","taskID":7 */
void write_begin(struct buf *out, const char *name, const struct write *w);
/* A 200 with that and no more. */
void write_answer_updated(struct exchange *x, struct write *w);
void write_answer_deleted(struct exchange *x, struct write *w);
/* The task's number; that of a batch without operations is one that is published. */
uint64_t write_task_id(const struct write *w);

#endif
