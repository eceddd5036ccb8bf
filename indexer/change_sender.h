#ifndef AISLE_INDEXER_CHANGE_SENDER_H
#define AISLE_INDEXER_CHANGE_SENDER_H

/*
 * Changes as of a moment, on their way into an index: in batches, through the server that runs on the data directory,
 * or, when none does, in this process. What was accepted after that moment stays (live_apply).
 */
#include "indexer/base/json.h"

struct change {
    struct str id;
    const struct json *object; /* the members to set; not looked at for a deletion */
    bool deletion;
    bool create; /* when it is not there */
    const char *file;
    uint64_t line;
};

struct change_counts {
    uint64_t changed, created, deleted;
    uint64_t kept; /* attributes that were set later */
    uint64_t seq;
};

struct change_sender;
struct control_target;

/* target's texts are borrowed. STATUS_BUSY: another process has the directory, but its socket does not answer. */
MUST_CHECK enum status change_sender_open(struct change_sender **out, const struct control_target *target,
                                          const char *index, struct error *err);
void change_sender_close(struct change_sender *s); /* what was not flushed is dropped */

/* Called for each change once it is known what became of it, in order. */
void change_sender_on_outcome(struct change_sender *s,
                              void (*outcome)(void *context, const struct change *change, enum status status,
                                              const char *message),
                              void *context);
/* What follows is as of this moment. What came before must have been flushed. */
void change_sender_as_of(struct change_sender *s, int64_t as_of_ms);
/* Copies the change. A status that is not OK is of the sending, not of this change. */
MUST_CHECK enum status change_sender_add(struct change_sender *s, const struct change *change, struct error *err);
MUST_CHECK enum status change_sender_flush(struct change_sender *s, struct error *err);
struct change_counts change_sender_counts(const struct change_sender *s); /* zeros for NULL */

#endif
