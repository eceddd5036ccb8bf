#ifndef AISLE_BASE_RCU_H
#define AISLE_BASE_RCU_H

/*
 * Reclaiming what readers may still hold, by quiescence (liburcu's QSBR flavour). A reader thread registers, announces
 * rcu_quiescent() whenever it holds nothing, and goes offline before it blocks. Readers never take a lock.
 * Writers publish a new pointer with a release store, then hand the old object to rcu_defer or wait in rcu_wait.
 */
#include <stdatomic.h>

void rcu_thread_register(void);
void rcu_thread_unregister(void);
void rcu_quiescent(void);
void rcu_offline(void);
void rcu_online(void);

/* A thread that may not be registered, or be offline, reads what is reclaimed that way: in between nothing of it goes.
 * May nest. */
enum rcu_hold { RCU_HELD, RCU_WAS_OFFLINE, RCU_WAS_UNKNOWN };
enum rcu_hold rcu_hold(void);
void rcu_let_go(enum rcu_hold hold);

/* Waits until every registered online thread was quiescent once. Not from a registered online thread. */
void rcu_wait(void);

/* Calls release(object) after a grace period, from a thread of its own. Never blocks. */
void rcu_defer(void (*release)(void *object), void *object);
/* Waits until all that was deferred so far has run. */
void rcu_barrier(void);

#endif
