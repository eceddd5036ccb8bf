#ifndef AISLE_SERVER_LIVE_LOG_CHECK_H
#define AISLE_SERVER_LIVE_LOG_CHECK_H

/*
 * The log in files, looked at as a whole: every record of every segment is checked, and what stands behind damage is
 * still read. For people: nothing here is needed to start, which refuses a damaged log and says where.
 *
 * A repair keeps what a start needs and can use. Damage among records that the index's files already contain costs
 * history only: the segments up to it are put aside. Other damage costs every update behind it: the log is cut there,
 * and the segments behind are put aside. Nothing is deleted: DIR/damaged-N/ has the files as they were.
 *
 * Thread rule: one thread; checking is fine beside a server (its newest batch may look torn), repairing is not.
 */
#include "indexer/base/vec.h"
#include "server/live/update_log.h"

enum log_state {
    LOG_SOUND,
    LOG_TORN,   /* bytes behind the last record that never counted: a start cuts them */
    LOG_DAMAGED /* a start refuses it, when it needs this part */
};

struct log_segment_check {
    char name[32];
    enum log_state state;
    uint64_t first_seq;
    uint64_t last_seq; /* of the valid records from the beginning; first_seq - 1: none */
    uint64_t size;     /* of these with the header; 0: not even the header is right */
    uint64_t used_bytes;
    int64_t last_wall_ms; /* 0: not known */
    char reason[64];
    uint64_t readable; /* records behind the damage that are whole */
    uint64_t readable_last_seq;
};

struct log_check {
    char *dir;
    VEC(struct log_segment_check) segments;
    uint64_t applied_seq; /* the files of the indexes contain everything up to here */
    bool damaged;
    bool starts; /* in spite of it */
    /* What a repair would do: segments keep_from..keep_to-1 stay, the last of them cut behind its valid records; when
     * none stays an empty log begins behind applied_seq. */
    size_t keep_from, keep_to;
    uint64_t kept_last_seq;
    /* Updates that a repair, or the damage already, costs the indexes; lost_first above lost_last: none. */
    uint64_t lost_first, lost_last;
    uint64_t lost_readable;
};

/* Looks at the log in a directory. STATUS_IO when it can't be read. Release with log_check_release, also on failure. */
MUST_CHECK enum status log_check_run(struct log_check *out, const char *dir, uint64_t applied_seq, struct error *err);
void log_check_release(struct log_check *c);

/* The lost updates that can still be read, in order. */
MUST_CHECK enum status log_check_lost(const struct log_check *c, log_visit visit, void *context, struct error *err);
/* Does what the check says. STATUS_OK when there is nothing to repair. moved_to, 64 bytes: where the files are now. */
MUST_CHECK enum status log_check_repair(const struct log_check *c, char *moved_to, struct error *err);

#endif
