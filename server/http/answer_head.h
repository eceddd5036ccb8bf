#ifndef AISLE_SERVER_HTTP_ANSWER_HEAD_H
#define AISLE_SERVER_HTTP_ANSWER_HEAD_H

/* The head of an answer, appended to what the loop sends this turn. Thread rule: the loop's. */
#include "server/http/exchange.h"

enum answer_body {
    BODY_NONE,
    BODY_WHOLE,     /* x->out */
    BODY_CHUNKS,    /* streamed */
    BODY_TO_THE_END /* streamed to a client that knows no chunks: it ends with the connection */
};

void answer_head_write(struct loop *l, const struct exchange *x, enum answer_body body, bool closing);

#endif
