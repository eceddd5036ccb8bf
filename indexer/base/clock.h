#ifndef AISLE_BASE_CLOCK_H
#define AISLE_BASE_CLOCK_H

/* Time. The wall clock may jump; deadlines and durations use the monotonic one. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indexer/base/str.h"

int64_t clock_wall_ms(void); /* since 1970-01-01 UTC */
uint64_t clock_monotonic_ns(void);

/* Tests: a fixed wall clock; 0 gives the real one back. */
void clock_wall_set_for_test(int64_t ms);

/* "2026-11-23T22:04:05.678Z" with its terminator, 25 bytes. */
#define CLOCK_ISO_SIZE 25
void clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);

/* ISO 8601 dates and times with optional zone (none: UTC), "YYYY-MM-DD[ T]HH:MM[:SS[.fff]][Z|+hh:mm|+hhmm]",
 * "YYYY-MM-DD", and RFC 822 dates as RSS writes them. False when s is none of these. */
bool clock_parse(struct str s, int64_t *wall_ms);

#endif
