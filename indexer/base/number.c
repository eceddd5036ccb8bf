#include "indexer/base/number.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef __int128 int128;

static const int64_t powers_of_ten[] = {1,
                                        10,
                                        100,
                                        1000,
                                        10000,
                                        100000,
                                        1000000,
                                        10000000,
                                        100000000,
                                        1000000000,
                                        10000000000,
                                        100000000000,
                                        1000000000000,
                                        10000000000000,
                                        100000000000000,
                                        1000000000000000,
                                        10000000000000000,
                                        100000000000000000,
                                        1000000000000000000};

/* The powers of ten that a double holds exactly. */
static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { EXACT_POWER_MAX = 22, MANTISSA_BITS = 53, LARGEST_POWER = 18 };

/* Exponents beyond this are all the same: nothing that fits in memory brings them back. */
#define EXPONENT_CEILING INT64_C(1000000000000)

/* A number as it is written: the value is (negative ? -1 : 1) * digits * 10^exponent, unless it has too many digits. */
struct parts {
    uint64_t digits; /* leading and trailing zeros taken off */
    int64_t exponent;
    bool negative;
    bool overflow; /* more digits than fit */
};

/* The digit run at text[at..]: adds it to parts. *zeros are zeros seen that have not been multiplied in yet. */
static size_t take_digits(struct str text, size_t at, struct parts *p, int64_t *zeros)
{
    for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        unsigned digit = (unsigned)(text.data[at] - '0');
        if (digit == 0) {
            *zeros += p->digits != 0 || p->overflow;
            continue;
        }
        for (; *zeros >= 0 && !p->overflow; (*zeros)--) {
            p->overflow = __builtin_mul_overflow(p->digits, UINT64_C(10), &p->digits);
        }
        *zeros = 0;
        p->overflow = p->overflow || __builtin_add_overflow(p->digits, (uint64_t)digit, &p->digits);
    }
    return at;
}

static bool take_exponent(struct str text, size_t *at, int64_t *exponent)
{
    size_t i = *at + 1;
    bool negative = i < text.size && text.data[i] == '-';
    if (i < text.size && (text.data[i] == '-' || text.data[i] == '+')) {
        i++;
    }
    size_t first = i;
    int64_t value = 0;
    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        if (value < EXPONENT_CEILING) {
            value = value * 10 + (text.data[i] - '0');
        }
    }
    *exponent = negative ? -value : value;
    *at = i;
    return i > first;
}

/* The grammar of RFC 8259 section 6. False when text is not a number. */
static bool parse_parts(struct str text, struct parts *p)
{
    *p = (struct parts){0};
    size_t at = 0;
    int64_t zeros = 0;
    if (at < text.size && text.data[at] == '-') {
        p->negative = true;
        at++;
    }
    size_t whole = at;
    at = take_digits(text, at, p, &zeros);
    if (at == whole || (text.data[whole] == '0' && at > whole + 1)) {
        return false;
    }
    size_t fraction_digits = 0;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = at + 1;
        at = take_digits(text, fraction, p, &zeros);
        fraction_digits = at - fraction;
        if (fraction_digits == 0) {
            return false;
        }
    }
    int64_t exponent = 0;
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E') && !take_exponent(text, &at, &exponent)) {
        return false;
    }
    p->exponent = exponent - (int64_t)fraction_digits + zeros;
    return at == text.size;
}

bool decimal_parse(struct str text, struct decimal *out)
{
    struct parts p;
    if (!parse_parts(text, &p) || p.overflow) {
        return false;
    }
    if (p.digits == 0) {
        *out = (struct decimal){0, 0};
        return true;
    }
    if (p.exponent < -NUMBER_SCALE_MAX || p.exponent > LARGEST_POWER) {
        return false;
    }
    int128 value = p.negative ? -(int128)p.digits : (int128)p.digits;
    if (p.exponent > 0) {
        value *= powers_of_ten[p.exponent];
    }
    if (value < INT64_MIN || value > INT64_MAX) {
        return false;
    }
    *out = (struct decimal){(int64_t)value, p.exponent < 0 ? (uint8_t)-p.exponent : 0};
    return true;
}

bool decimal_rescale(struct decimal d, uint8_t scale, int64_t *units)
{
    if (scale >= d.scale) {
        unsigned up = (unsigned)scale - d.scale;
        if (up > LARGEST_POWER) {
            *units = 0;
            return d.units == 0;
        }
        return !__builtin_mul_overflow(d.units, powers_of_ten[up], units);
    }
    unsigned down = (unsigned)d.scale - scale;
    if (down > LARGEST_POWER) {
        *units = 0;
        return d.units == 0;
    }
    *units = d.units / powers_of_ten[down];
    return d.units % powers_of_ten[down] == 0;
}

double decimal_to_double(int64_t units, uint8_t scale)
{
    if (scale == 0) {
        return (double)units;
    }
    if (scale <= EXACT_POWER_MAX && units > -(INT64_C(1) << MANTISSA_BITS) && units < INT64_C(1) << MANTISSA_BITS) {
        return (double)units / exact_powers[scale]; /* both exact: the quotient is rounded once */
    }
    char text[64];
    snprintf(text, sizeof(text), "%lldE-%u", (long long)units, scale);
    double value = 0;
    bool ok = number_parse_double(str_from(text), &value);
    assert(ok);
    (void)ok;
    return value;
}

void decimal_write(struct buf *out, int64_t units, uint8_t scale)
{
    uint64_t magnitude = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;
    while (scale > 0 && magnitude % 10 == 0) {
        magnitude /= 10;
        scale--;
    }
    if (units < 0) {
        buf_append_char(out, '-');
    }
    if (scale == 0) {
        buf_append_u64(out, magnitude);
        return;
    }
    assert(scale <= LARGEST_POWER);
    uint64_t power = (uint64_t)powers_of_ten[scale];
    buf_append_u64(out, magnitude / power);
    char fraction[LARGEST_POWER + 1];
    uint64_t rest = magnitude % power;
    for (size_t i = scale; i > 0; i--) {
        fraction[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    fraction[0] = '.';
    buf_append(out, fraction, (size_t)scale + 1);
}

int decimal_compare(struct decimal a, struct decimal b)
{
    assert(a.scale <= LARGEST_POWER && b.scale <= LARGEST_POWER);
    int128 left = (int128)a.units * powers_of_ten[b.scale];
    int128 right = (int128)b.units * powers_of_ten[a.scale];
    return (left > right) - (left < right);
}

/* strtod needs a terminator, and a locale whose decimal point is a point. */
static double strtod_slice(struct str text)
{
    static _Atomic(locale_t) c_locale;
    locale_t locale = atomic_load_explicit(&c_locale, memory_order_acquire);
    if (!locale) {
        locale = newlocale(LC_ALL_MASK, "C", NULL); /* in glibc a constant: making it twice loses nothing */
        if (!locale) {
            fatal("out of memory for a locale");
        }
        atomic_store(&c_locale, locale);
    }
    char small[64];
    char *copy = text.size < sizeof(small) ? small : xmalloc(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    double value = strtod_l(copy, NULL, locale);
    if (copy != small) {
        free(copy);
    }
    return value;
}

bool number_parse_double(struct str text, double *out)
{
    struct parts p;
    if (!parse_parts(text, &p)) {
        return false;
    }
    double value;
    if (!p.overflow && p.digits < UINT64_C(1) << MANTISSA_BITS && p.exponent >= -EXACT_POWER_MAX &&
        p.exponent <= EXACT_POWER_MAX) {
        /* Digits and power are exact doubles, so one rounding gives the nearest (Clinger 1990). */
        value = (double)p.digits;
        value = p.exponent < 0 ? value / exact_powers[-p.exponent] : value * exact_powers[p.exponent];
        value = p.negative ? -value : value;
    } else {
        value = strtod_slice(text);
    }
    *out = value;
    return isfinite(value);
}
