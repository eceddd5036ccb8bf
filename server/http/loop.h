#ifndef AISLE_SERVER_HTTP_LOOP_H
#define AISLE_SERVER_HTTP_LOOP_H

/*
 * An event base in a thread of its own, with its connections. It is a reader of snapshots (reader.h): online from the
 * first event of a turn to its end, offline while it waits. Other threads reach it by loop_post and loop_adopt only.
 */
#include <stdint.h>

#include "server/http/acceptor.h"
#include "server/http/exchange.h"

struct loop;

struct loop *loop_new(struct server *server, uint32_t number);
void loop_start(struct loop *l);
/* Closes idle connections, lets the others finish their answers for server_options.drain_ms. */
void loop_stop(struct loop *l);
void loop_join(struct loop *l);
void loop_free(struct loop *l);

/* Any thread. */
void loop_post(struct loop *l, struct loop_task *task);
/* Runs the task after a while; from the loop's own thread. */
void loop_later(struct loop *l, struct loop_task *task, unsigned ms);
void loop_adopt(struct loop *l, int fd, struct peer peer);
uint32_t loop_connections(struct loop *l);

#endif
