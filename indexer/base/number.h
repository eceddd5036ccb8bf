#ifndef AISLE_BASE_NUMBER_H
#define AISLE_BASE_NUMBER_H

/*
 * Exact decimals. A column holds int64 units of 10^-scale, or doubles where that is not exact. Conversions never round
 * in silence: each says whether the value was exact.
 */
#include <stdbool.h>
#include <stdint.h>

#include "indexer/base/buf.h"

#define NUMBER_SCALE_MAX 9

struct decimal {
    int64_t units;
    uint8_t scale; /* digits behind the point, trailing zeros removed; 0..NUMBER_SCALE_MAX */
};

/* From a JSON number's text ("12.90" -> 129 at scale 1; "1e3" -> 1000). False when it needs more digits than fit. */
bool decimal_parse(struct str text, struct decimal *out);
/* The same value in units of 10^-scale; false when it is not exact or overflows. */
bool decimal_rescale(struct decimal d, uint8_t scale, int64_t *units);
/* The nearest double; equal decimals give equal doubles when |units| < 2^53. */
double decimal_to_double(int64_t units, uint8_t scale);
/* "12.9" from 129 at scale 1, "1290" from 1290 at 0: no trailing zeros, no exponent. */
void decimal_write(struct buf *out, int64_t units, uint8_t scale);
/* -1, 0, 1: exact, whatever the scales. */
int decimal_compare(struct decimal a, struct decimal b);

/* strtod of a slice in the C locale; false unless all of it is a JSON number. */
bool number_parse_double(struct str text, double *out);

#endif
