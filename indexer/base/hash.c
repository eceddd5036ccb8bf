#define XXH_INLINE_ALL
#include <xxhash.h>

#include "indexer/base/hash.h"

#include <errno.h>
#include <sys/random.h>

#include "indexer/base/status.h"

/* Random for each process: a seed with the default secret would not stop chosen keys from colliding. */
static uint8_t process_secret[XXH3_SECRET_DEFAULT_SIZE];

__attribute__((constructor)) static void make_secret(void)
{
    random_bytes(process_secret, sizeof(process_secret));
}

void random_bytes(void *out, size_t size)
{
    uint8_t *to = out;
    while (size) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno != EINTR) {
            fatal("the kernel gives no random bytes");
        }
        if (got > 0) {
            to += got;
            size -= (size_t)got;
        }
    }
}

uint64_t hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

uint64_t hash64_seed(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

struct hash128 hash128(const void *data, size_t size)
{
    XXH128_hash_t h = XXH3_128bits(data, size);
    return (struct hash128){h.low64, h.high64};
}

uint64_t hash64_secret(const void *data, size_t size)
{
    return XXH3_64bits_withSecret(data, size, process_secret, sizeof(process_secret));
}

struct hash_stream {
    XXH3_state_t *state;
};

struct hash_stream *hash_stream_new(void)
{
    struct hash_stream *h = xmalloc(sizeof(*h));
    h->state = XXH3_createState(); /* its own allocator: the state is aligned to 64 bytes */
    if (!h->state) {
        fatal("out of memory for a checksum");
    }
    XXH3_64bits_reset(h->state);
    return h;
}

void hash_stream_free(struct hash_stream *h)
{
    if (h) {
        XXH3_freeState(h->state);
        free(h);
    }
}

void hash_stream_update(struct hash_stream *h, const void *data, size_t size)
{
    if (size) {
        XXH3_64bits_update(h->state, data, size);
    }
}

uint64_t hash_stream_digest(const struct hash_stream *h)
{
    return XXH3_64bits_digest(h->state);
}
