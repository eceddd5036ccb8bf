#ifndef AISLE_SERVER_HTTP_READER_H
#define AISLE_SERVER_HTTP_READER_H

/*
 * What each thread that reads snapshots keeps: its registration with rcu.h and scratch memory for searches. An event
 * base is online from the first event of a turn to the turn's end, a worker while it runs a job.
 */
#include <stdbool.h>

struct reader_thread {
    bool online;
    void *scratch; /* the searcher; made by whoever needs it first */
    void (*scratch_free)(void *scratch);
};

/* This thread's, registered on the first call; released when the thread ends. */
struct reader_thread *reader_thread(void);
/* Online and offline again; nothing that was read may be held behind reader_leave. Entering twice is fine. */
void reader_enter(struct reader_thread *r);
void reader_leave(struct reader_thread *r);

#endif
