#ifndef AISLE_SERVER_LIVE_SHARED_H
#define AISLE_SERVER_LIVE_SHARED_H

/*
 * Parts that several snapshots hold together: counted, released with the last holder. Any thread may keep and drop what
 * it holds.
 */
#include <stdatomic.h>

struct shared {
    atomic_uint holders;
    void (*release)(struct shared *self);
};

static inline void shared_init(struct shared *s, void (*release)(struct shared *self))
{
    atomic_init(&s->holders, 1);
    s->release = release;
}

static inline void shared_keep(struct shared *s)
{
    if (s) {
        atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
    }
}

static inline void shared_drop(struct shared *s)
{
    if (s && atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) == 1) {
        s->release(s);
    }
}

#endif
