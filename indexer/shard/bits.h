#ifndef AISLE_SHARD_BITS_H
#define AISLE_SHARD_BITS_H

/*
 * Numbers of up to 56 bits in a stream of bits, the lowest first: number i of width w is bits i*w to i*w+w-1, and any
 * of them is read by one load. The stream has BITS_BEHIND bytes of zeros behind its last one, so that the load stays in
 * it.
 */
#include <stdint.h>
#include <string.h>

#define BITS_BEHIND 7

/* Bytes of a stream of so many bits. */
static inline uint64_t bits_bytes(uint64_t bits)
{
    return (bits + 7) / 8 + BITS_BEHIND;
}

/* The bits that a number has: 0 for 0. */
static inline uint32_t bits_of(uint64_t number)
{
    return number ? 64 - (uint32_t)__builtin_clzll(number) : 0;
}

static inline uint64_t bits_get64(const uint8_t *stream, uint64_t at, uint32_t width)
{
    uint64_t word;

    memcpy(&word, stream + at / 8, sizeof(word));
    return word >> at % 8 & (((uint64_t)1 << width) - 1);
}

static inline uint32_t bits_get(const uint8_t *stream, uint64_t at, uint32_t width)
{
    return (uint32_t)bits_get64(stream, at, width);
}

/* Into a stream whose bits from there on are zero. */
static inline void bits_put(uint8_t *stream, uint64_t at, uint64_t number)
{
    uint64_t word;

    memcpy(&word, stream + at / 8, sizeof(word));
    word |= number << at % 8;
    memcpy(stream + at / 8, &word, sizeof(word));
}

#endif
