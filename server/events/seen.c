#include "server/events/seen.h"

static struct str key_of(const uint64_t *identity)
{
    return (struct str){(const char *)identity, sizeof(*identity)};
}

void seen_init(struct seen *s)
{
    map_init(&s->now);
    map_init(&s->before);
    s->since_ms = 0;
}

void seen_release(struct seen *s)
{
    map_release(&s->now);
    map_release(&s->before);
}

static void turn(struct seen *s, int64_t now_ms)
{
    struct map old = s->before;
    s->before = s->now;
    s->now = old;
    map_clear(&s->now);
    s->since_ms = now_ms;
}

bool seen_add(struct seen *s, uint64_t identity, int64_t now_ms)
{
    bool added;
    if (s->now.count >= SEEN_MAX || now_ms - s->since_ms >= SEEN_MS) {
        turn(s, now_ms);
    }
    if (map_get(&s->before, key_of(&identity))) {
        return false;
    }
    (void)map_put(&s->now, key_of(&identity), 0, &added);
    return added;
}

void seen_remove(struct seen *s, uint64_t identity)
{
    if (!map_remove(&s->now, key_of(&identity))) {
        (void)map_remove(&s->before, key_of(&identity)); /* the tables were turned since */
    }
}
