#ifndef AISLE_INDEXER_CONTROL_H
#define AISLE_INDEXER_CONTROL_H

/*
 * Asking the server that runs on a data directory, over its socket there, or one behind a URL. Commands that change an
 * index do what they do through it, or, when none runs, in this process: the same code either way.
 */
#include "indexer/base/buf.h"
#include "indexer/base/json.h"

/* Where the server is: the one that runs on a data directory, or one behind a URL. */
struct control_target {
    const char *data_dir; /* NULL: url */
    const char *url;      /* http://host:port */
    const char *key;      /* for url; NULL: none */
};

struct control_answer {
    int code; /* of HTTP */
    struct buf bytes;
    struct str body; /* in bytes */
};

/* One POST. STATUS_NOT_FOUND: no server listens. STATUS_IO: it broke off. STATUS_INPUT: such a URL can't be asked. Any
 * answer is STATUS_OK. Release with control_release. */
MUST_CHECK enum status control_request(struct control_answer *out, const struct control_target *target,
                                       const char *path, struct str body, struct error *err);
void control_release(struct control_answer *a);

/* The status that an answer stands for, with its message: "the server did not WHAT: message". */
MUST_CHECK enum status control_check(const struct control_answer *a, const char *what, struct error *err);

/* A path segment, percent-encoded. */
void control_escape(struct buf *out, struct str segment);

#endif
