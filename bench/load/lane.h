#ifndef AISLE_BENCH_LOAD_LANE_H
#define AISLE_BENCH_LOAD_LANE_H

/*
 * A lane: connections to one server that send the requests of one mix. All lanes share an epoll loop and its thread.
 *
 * Closed loop (rate 0): each connection sends its next request as soon as it has the answer; a latency begins when the
 * request is sent. Open loop: request k is due at start + k / rate, whatever the server does; it goes out on the next
 * connection that is free, and its latency begins when it was due, so that what waits behind a slow answer counts as
 * slow, too (no coordinated omission).
 */
#include <netinet/in.h>

#include "bench/load/requests.h"

struct load_connection {
    int fd;
    struct load_lane *lane;
    struct str request; /* what is left to send */
    uint64_t begin_ns;  /* of the latency; 0: idle */
    struct buf answer;
    size_t head_size, body_size; /* known once the head is whole; head_size 0 before */
    bool chunked;                /* the body comes in chunks, which are counted and dropped: body_size is not known */
    size_t chunk_left;           /* of the present one, its CRLF included */
    size_t lines, received;      /* of a body in chunks */
    int http_status;
    bool waits_writable;
};

struct load_lane {
    const char *mix;
    struct load_requests requests;
    struct load_connection *connections;
    size_t connection_count;
    double rate; /* requests a second; 0: closed loop */
    uint64_t start_ns, measure_from_ns, end_ns;
    size_t next;             /* request's number */
    uint64_t due;            /* open loop: requests due so far that were sent */
    size_t next_idle;        /* where the search for an idle connection goes on */
    VEC(uint64_t) latencies; /* ns, of requests that began in the measured time */
    uint64_t in_time;        /* answers that came within the measured time */
    uint64_t failed, busy;   /* answers of 400 and above; 429 among them */
    uint64_t bytes_in;
};

/* Connects. The lane's mix, requests, connection_count and rate are set by the caller. Returns STATUS_IO. */
MUST_CHECK enum status lane_open(struct load_lane *lane, int epoll, const struct sockaddr_in *address,
                                 struct error *err);
void lane_close(struct load_lane *lane);

/* Sets the clock and sends the first requests. */
void lane_start(struct load_lane *lane, int epoll, uint64_t start_ns, uint64_t warm_ns, uint64_t run_ns);
/* Open loop: sends what is due now. Returns when the next one is due; UINT64_MAX: never. */
uint64_t lane_pump(struct load_lane *lane, int epoll, uint64_t now_ns);
/* A connection's socket is ready. Ends the program when the server has closed it. */
void lane_ready(struct load_connection *c, int epoll, uint32_t events);
/* True when the time is over and all answers are here. */
bool lane_done(const struct load_lane *lane, uint64_t now_ns);

#endif
