#ifndef AISLE_INDEXER_CONTROL_H
#define AISLE_INDEXER_CONTROL_H

/*
 * Asking the server that runs on a data directory, over its socket there. Commands that change an index do what they do
 * through it, or, when none runs, in this process: the same code either way.
 */
#include "indexer/base/buf.h"
#include "indexer/base/json.h"

struct control_answer {
    int code; /* of HTTP */
    struct buf bytes;
    struct str body; /* in bytes */
};

/* One request. STATUS_NOT_FOUND: no server listens. STATUS_IO: it broke off. Any answer is STATUS_OK. Release with
 * control_release. */
MUST_CHECK enum status control_request(struct control_answer *out, const char *data_dir, const char *path,
                                       struct str body, struct error *err);
void control_release(struct control_answer *a);

/* The status that an answer stands for, with its message: "the server did not WHAT: message". */
MUST_CHECK enum status control_check(const struct control_answer *a, const char *what, struct error *err);

/* A path segment, percent-encoded. */
void control_escape(struct buf *out, struct str segment);

#endif
