#include "server/http/answer_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "indexer/base/gzip.h"
#include "indexer/base/hash.h"

#define PARTS       16  /* a power of two */
#define PART_SETS   256 /* the same */
#define WAYS        8
#define SHARE       100 /* an answer takes at most a hundredth of the bytes */
#define PACK_FROM   1024
#define PACK_LEVEL  6
#define ENTRY_BYTES 64 /* about what malloc and the table take */

struct entry {
    uint64_t hash;
    struct str key;
    struct str answer; /* size 0: free */
    struct str packed; /* size 0: not made yet */
    uint64_t used;
};

struct part {
    pthread_mutex_t lock;
    uint64_t bytes, count, clock;
    struct entry sets[PART_SETS][WAYS];
};

struct answer_cache {
    uint64_t part_bytes;
    _Atomic uint64_t asked, found;
    struct part parts[PARTS];
};

struct answer_cache *answer_cache_new(uint64_t bytes)
{
    struct answer_cache *c = xcalloc(1, sizeof(*c));

    c->part_bytes = bytes / PARTS;
    for (int i = 0; i < PARTS; i++)
        pthread_mutex_init(&c->parts[i].lock, NULL);
    return c;
}

static uint64_t bytes_of(const struct entry *e)
{
    return e->answer.size ? e->key.size + e->answer.size + e->packed.size + ENTRY_BYTES : 0;
}

static void drop(struct part *p, struct entry *e)
{
    p->bytes -= bytes_of(e);
    p->count -= e->answer.size > 0;
    free((void *)(uintptr_t)e->key.data);
    free((void *)(uintptr_t)e->answer.data);
    free((void *)(uintptr_t)e->packed.data);
    *e = (struct entry){0};
}

void answer_cache_free(struct answer_cache *c)
{
    for (int i = 0; c && i < PARTS; i++) {
        for (int s = 0; s < PART_SETS; s++) {
            for (int w = 0; w < WAYS; w++)
                drop(&c->parts[i], &c->parts[i].sets[s][w]);
        }
        pthread_mutex_destroy(&c->parts[i].lock);
    }
    free(c);
}

static struct part *part_of(struct answer_cache *c, uint64_t hash)
{
    return &c->parts[hash & (PARTS - 1)];
}

static struct entry *set_of(struct part *p, uint64_t hash)
{
    return p->sets[hash >> 32 & (PART_SETS - 1)];
}

static struct entry *entry_of(struct part *p, uint64_t hash, struct str key)
{
    struct entry *set = set_of(p, hash);

    for (int w = 0; w < WAYS; w++) {
        if (set[w].answer.size && set[w].hash == hash && str_equal(set[w].key, key))
            return &set[w];
    }
    return NULL;
}

static struct str copy(struct str bytes)
{
    char *to = xmalloc(bytes.size);

    memcpy(to, bytes.data, bytes.size);
    return (struct str){to, bytes.size};
}

/* Compresses under the lock: the same answer is then compressed once. */
static void pack(struct part *p, struct entry *e)
{
    struct buf packed = BUF_EMPTY;

    if (gzip_compress(e->answer, PACK_LEVEL, &packed) == STATUS_OK && packed.size < e->answer.size) {
        e->packed = copy(buf_str(&packed));
        p->bytes += e->packed.size;
    }
    buf_release(&packed);
}

bool answer_cache_find(struct answer_cache *c, struct str key, bool *gzip, struct buf *out)
{
    uint64_t hash = hash64_secret(key.data, key.size);
    struct part *p = part_of(c, hash);
    struct entry *e;

    atomic_fetch_add_explicit(&c->asked, 1, memory_order_relaxed);
    if (pthread_mutex_trylock(&p->lock) != 0)
        return false;
    e = entry_of(p, hash, key);
    if (e) {
        e->used = ++p->clock;
        if (*gzip && e->packed.size == 0 && e->answer.size >= PACK_FROM)
            pack(p, e);
        *gzip = *gzip && e->packed.size > 0;
        buf_append_str(out, *gzip ? e->packed : e->answer);
    }
    pthread_mutex_unlock(&p->lock);
    if (e)
        atomic_fetch_add_explicit(&c->found, 1, memory_order_relaxed);
    return e != NULL;
}

/* The one of the part that was not asked for longest, looked for in sixteen sets from where the clock points. */
static bool drop_oldest(struct part *p)
{
    struct entry *oldest = NULL;

    for (uint32_t s = 0; s < PART_SETS && (s < 16 || !oldest); s++) {
        struct entry *set = p->sets[(p->clock * 16 + s) & (PART_SETS - 1)];
        for (int w = 0; w < WAYS; w++)
            oldest = set[w].answer.size && (!oldest || set[w].used < oldest->used) ? &set[w] : oldest;
    }
    p->clock++;
    if (oldest)
        drop(p, oldest);
    return oldest != NULL;
}

void answer_cache_keep(struct answer_cache *c, struct str key, struct str answer)
{
    uint64_t hash = hash64_secret(key.data, key.size);
    struct part *p = part_of(c, hash);
    struct entry *set = set_of(p, hash), *place = set;

    if (answer.size == 0 || answer.size > c->part_bytes * PARTS / SHARE || pthread_mutex_trylock(&p->lock) != 0)
        return;
    if (!entry_of(p, hash, key)) {
        for (int w = 1; w < WAYS; w++)
            place = place->answer.size && (!set[w].answer.size || set[w].used < place->used) ? &set[w] : place;
        drop(p, place);
        *place = (struct entry){.hash = hash, .key = copy(key), .answer = copy(answer), .used = ++p->clock};
        p->bytes += bytes_of(place);
        p->count++;
        while (p->bytes > c->part_bytes && drop_oldest(p)) {
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void answer_cache_read(struct answer_cache *c, struct answer_cache_stats *out)
{
    *out = (struct answer_cache_stats){.asked = atomic_load(&c->asked), .found = atomic_load(&c->found)};
    for (int i = 0; i < PARTS; i++) {
        pthread_mutex_lock(&c->parts[i].lock);
        out->bytes += c->parts[i].bytes;
        out->count += c->parts[i].count;
        pthread_mutex_unlock(&c->parts[i].lock);
    }
}
