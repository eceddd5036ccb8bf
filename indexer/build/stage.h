#ifndef AISLE_BUILD_STAGE_H
#define AISLE_BUILD_STAGE_H

/*
 * A thread that works behind another one. The caller fills batches, of which there are a few, and sends them; the
 * stage's thread takes them one by one in the order they were sent and gives them back empty. So two halves of a job
 * run beside each other and their result is the same as if they ran in turns.
 *
 * One thread calls stage_batch, stage_send, stage_free. What `take` touches belongs to the stage's thread from the
 * first stage_send to stage_free.
 */
#include <stddef.h>

enum { STAGE_BATCHES = 4 };

struct stage;

/* batches are the caller's, empty; take must leave its batch empty. The name shows in ps -L. */
struct stage *stage_new(const char *name, void *const batches[STAGE_BATCHES], void (*take)(void *context, void *batch),
                        void *context);
/* The batch to be filled: the same one until it is sent. Waits when all are under way. */
void *stage_batch(struct stage *s);
void stage_send(struct stage *s);
/* Returns after everything sent was taken. The batch being filled is not sent. */
void stage_free(struct stage *s);

#endif
