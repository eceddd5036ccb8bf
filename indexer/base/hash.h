#ifndef AISLE_BASE_HASH_H
#define AISLE_BASE_HASH_H

/*
 * XXH3, the project's only hash. hash64 and hash128 without a secret are stable across machines and versions and are
 * what files hold; hash64_secret uses a random secret made at process start and is for tables that hold strangers'
 * keys.
 */
#include <stddef.h>
#include <stdint.h>

#include "indexer/base/str.h"

struct hash128 {
    uint64_t low;
    uint64_t high;
};

uint64_t hash64(const void *data, size_t size);
uint64_t hash64_seed(const void *data, size_t size, uint64_t seed);
struct hash128 hash128(const void *data, size_t size);
uint64_t hash64_secret(const void *data, size_t size);

/* Streaming checksum of what hash64 would give for the concatenation. */
struct hash_stream;
struct hash_stream *hash_stream_new(void);
void hash_stream_free(struct hash_stream *h);
void hash_stream_update(struct hash_stream *h, const void *data, size_t size);
uint64_t hash_stream_digest(const struct hash_stream *h);

/* Bytes from the kernel's random source; fatal when there are none. */
void random_bytes(void *out, size_t size);

#endif
