#ifndef AISLE_BENCH_RELEVANCE_HTTP_CLIENT_H
#define AISLE_BENCH_RELEVANCE_HTTP_CLIENT_H

/*
 * One HTTP/1.1 connection to one server, kept alive and opened again when the server has closed it. Bodies come with a
 * length or in chunks. No TLS. A connection is one thread's.
 */
#include "indexer/base/buf.h"

struct http_client;

/* url is "http://HOST[:PORT]"; what follows is ignored. Connects with the first request. Returns owned. */
MUST_CHECK enum status http_client_new(struct http_client **out, const char *url, struct error *err);
void http_client_free(struct http_client *c);

struct http_call {
    const char *method;
    struct str path; /* encoded as it must be */
    const char *key; /* x-algolia-api-key; NULL: none */
    struct str body;
};
/* Sends the call and reads the answer whole; response is cleared first. STATUS_IO when there is no answer. */
MUST_CHECK enum status http_client_call(struct http_client *c, const struct http_call *call, int *code,
                                        struct buf *response, struct error *err);

/* Appends text with everything but letters, digits, '-', '_', '.' and '~' percent-encoded. */
void http_encode(struct buf *out, struct str text);

#endif
