#ifndef AISLE_SERVER_HTTP_CONNECTION_H
#define AISLE_SERVER_HTTP_CONNECTION_H

/*
 * A client's connection: reads requests, has them handled one after another, writes the answers in order. All answers
 * that one read made possible go out in one write. Raw events and read/send on the loop's own buffers: bufferevents
 * would copy every byte once more and keep two evbuffers for each idle connection.
 *
 * Deadlines are absolute: for the head from its first byte, for the body and the answer by a minimum rate. They are
 * looked at by the loop's sweep, ten times a second, so that no request pays for a timer.
 *
 * All functions are the loop thread's.
 */
#include <stdint.h>

#include "server/http/acceptor.h"

struct connection;
struct exchange;
struct loop;

/* Takes fd. */
void connection_new(struct loop *loop, int fd, struct peer peer);
/* The answer of a pending exchange is there; or, not answered: its stream goes on. */
void connection_continue(struct connection *c, bool answered);
/* Closes what is past its deadline; when the loop stops, also what is idle. */
void connection_sweep(struct loop *loop, uint64_t now_ns);
struct loop *connection_loop(struct connection *c);
struct peer connection_peer(const struct connection *c);

#endif
