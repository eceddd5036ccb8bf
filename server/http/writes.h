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
    bool multiple;                                       /* a batch of several indexes */
    size_t first_failed;                                 /* of the operations; op_count: none */
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
 * applied. */
enum handled write_submit(struct write *w, void (*answer)(struct exchange *x, struct write *w));
/* write_submit for the end of an exchange_offload_then: finishes the exchange when there is an answer already. */
void write_submit_later(struct exchange *x, void (*answer)(struct exchange *x, struct write *w));

/* An objectID in a body: a string, or a number as it is written. False when there is none. */
bool write_object_id(const struct json *body, struct str *id);

/* ,"taskID":7 and "<name>":"2026-11-23T22:04:05.678Z" */
void write_task(struct buf *out, const struct write *w);
void write_time(struct buf *out, const char *name);

#endif
