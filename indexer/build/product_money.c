#include "indexer/build/product_values.h"

#include <stdlib.h>

/*
 * Amounts. The number is what lies between the first and the last digit; a currency may stand before or behind it.
 * Spaces of all kinds and apostrophes only group thousands. Of '.' and ',' the last one is the decimal point when both
 * are there. A single one is the point unless exactly three digits follow and one to three (not just a 0) come before;
 * then it groups thousands, except where the currency has three decimals. Groups have three digits each, or in India
 * two before the last three.
 */
enum { DIGITS_MAX = 24, GROUPS_MAX = 12 };

struct number {
    char digits[DIGITS_MAX];
    size_t digit_count;
    size_t group_start[GROUPS_MAX]; /* index of the first digit behind each separator */
    char separator[GROUPS_MAX];     /* '.', ',' or ' ' */
    size_t groups;
};

/* The bytes of a digit or separator at s[at]; *kind is the digit, or '.', ',', ' ', or 0 for anything else. */
static size_t symbol_at(struct str s, size_t at, char *kind)
{
    size_t next = at;
    uint32_t c = str_utf8_next(s, &next);
    *kind = '\0';
    if (c >= '0' && c <= '9') {
        *kind = (char)c;
    } else if (c >= 0x660 && c <= 0x669) {
        *kind = (char)('0' + (c - 0x660)); /* Arabic */
    } else if (c >= 0x6f0 && c <= 0x6f9) {
        *kind = (char)('0' + (c - 0x6f0)); /* Persian */
    } else if (c >= 0xff10 && c <= 0xff19) {
        *kind = (char)('0' + (c - 0xff10)); /* full width */
    } else if (c == '.' || c == 0x66b) {
        *kind = '.';
    } else if (c == ',' || c == 0x66c) {
        *kind = ',';
    } else if (c == ' ' || c == '\t' || c == '\'' || c == '_' || c == 0xa0 || c == 0x202f || c == 0x2019 ||
               (c >= 0x2000 && c <= 0x200a)) {
        *kind = ' ';
    }
    return next - at;
}

static bool is_digit(char kind)
{
    return kind >= '0' && kind <= '9';
}

/* Where the first digit begins and the last one ends; false when there is none. */
static bool digits_range(struct str s, size_t *from, size_t *to)
{
    bool found = false;
    for (size_t at = 0; at < s.size;) {
        char kind;
        size_t size = symbol_at(s, at, &kind);
        if (is_digit(kind)) {
            *from = found ? *from : at;
            *to = at + size;
            found = true;
        }
        at += size;
    }
    return found;
}

/* Splits the number's bytes; false for anything but digits with single separators between them. */
static bool split(struct str s, struct number *n)
{
    bool after_separator = false;
    for (size_t at = 0; at < s.size;) {
        char kind;
        at += symbol_at(s, at, &kind);
        if (is_digit(kind)) {
            if (n->digit_count == DIGITS_MAX) {
                return false;
            }
            n->digits[n->digit_count++] = kind;
            after_separator = false;
        } else if (kind && !after_separator && n->groups < GROUPS_MAX) {
            n->separator[n->groups] = kind;
            n->group_start[n->groups++] = n->digit_count;
            after_separator = true;
        } else if (kind != ' ' || !after_separator) {
            return false;
        }
    }
    return true;
}

static size_t group_size(const struct number *n, size_t separator)
{
    size_t end = separator + 1 < n->groups ? n->group_start[separator + 1] : n->digit_count;
    return end - n->group_start[separator];
}

/* True when the first `count` separators, all of one kind, cut the digits into groups as thousands do. */
static bool groups_thousands(const struct number *n, size_t count)
{
    size_t first = count ? n->group_start[0] : 0;
    bool indian = true;
    bool plain = true;
    for (size_t i = 0; i < count; i++) {
        size_t size = group_size(n, i);
        bool last = i + 1 == count;
        plain = plain && size == 3;
        indian = indian && (last ? size == 3 : size == 2);
        if (n->separator[i] != n->separator[0]) {
            return false;
        }
    }
    return count == 0 || (first >= 1 && first <= 3 && plain) || (first >= 1 && first <= 2 && indian);
}

/* How many digits are behind the point; false when the separators make no sense. */
static bool decimals_of(const struct number *n, const char *currency, size_t *decimals)
{
    *decimals = 0;
    if (n->groups == 0) {
        return true;
    }
    size_t last = n->groups - 1;
    char mark = n->separator[last];
    size_t behind = group_size(n, last);
    bool others = n->groups > 1;
    if (mark == ' ') {
        return groups_thousands(n, n->groups);
    }
    if (others && n->separator[last - 1] == mark) {
        return groups_thousands(n, n->groups);
    }
    bool thousands = !others && behind == 3 && n->group_start[0] >= 1 && n->group_start[0] <= 3 &&
                     n->digits[0] != '0' && currency_digits(currency) != 3;
    *decimals = thousands ? 0 : behind;
    return groups_thousands(n, last);
}

static bool write_amount(const struct number *n, size_t decimals, struct money *out)
{
    size_t whole = n->digit_count - decimals;
    size_t zeros = 0;
    size_t at = 0;
    while (zeros + 1 < whole && n->digits[zeros] == '0') {
        zeros++;
    }
    if (whole - zeros > 15 || decimals > 9 || whole - zeros + decimals > 18) {
        return false;
    }
    if (whole == 0) {
        out->amount[at++] = '0';
    }
    memcpy(out->amount + at, n->digits + zeros, whole - zeros);
    at += whole - zeros;
    if (decimals) {
        out->amount[at++] = '.';
        memcpy(out->amount + at, n->digits + whole, decimals);
        at += decimals;
    }
    out->amount[at] = '\0';
    return true;
}

/* Without spaces of any kind at both ends. */
static struct str trim_spaces(struct str s)
{
    char kind;
    size_t size;
    while (s.size && (size = symbol_at(s, 0, &kind), kind == ' ') && s.data[0] != '\'') {
        s = str_slice(s, size, s.size);
    }
    for (size_t back = 1; back <= 3 && back <= s.size; back++) {
        size = symbol_at(s, s.size - back, &kind);
        if (size == back && kind == ' ') {
            s.size -= back;
            back = 0;
        }
    }
    return s;
}

/* ",-", ".-", "-" and a dash behind an amount without cents */
static struct str cut_dash(struct str s)
{
    static const char *const dashes[] = {",-", ".-", ",\xe2\x80\x93", ".\xe2\x80\x93", ",\xe2\x80\x94", NULL};
    for (size_t i = 0; dashes[i]; i++) {
        if (str_starts_with(s, str_from(dashes[i]))) {
            return str_slice(s, strlen(dashes[i]), s.size);
        }
    }
    return s.size == 1 && (s.data[0] == '.' || s.data[0] == ',') ? str_slice(s, 1, 1) : s;
}

static bool is_free(struct str s)
{
    static const char *const words[] = {"free", "gratis", "gratuit", "kostenlos", "zdarma", "grátis", NULL};
    for (size_t i = 0; words[i]; i++) {
        if (str_equal_nocase(s, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool parse_one(struct str s, const char *hint, struct money *out)
{
    struct number n = {.digit_count = 0};
    size_t from = 0;
    size_t to = 0;
    size_t decimals;
    s = str_trim(s);
    *out = (struct money){.currency = ""};
    if (is_free(s)) {
        out->amount[0] = '0';
        return true;
    }
    if (s.size > 64 || !digits_range(s, &from, &to)) {
        return false;
    }
    /* a point right before the first digit belongs to it (".99"), unless it ends a currency ("Rs.899") */
    struct str before = trim_spaces(str_slice(s, 0, from));
    struct str behind = trim_spaces(cut_dash(trim_spaces(str_slice(s, to, s.size))));
    bool ends_in_point =
        before.size && before.data[before.size - 1] == '.' && before.data + before.size == s.data + from;
    if (ends_in_point && (before.size == 1 || !currency_code(before, (char[4]){""}))) {
        from--;
        before = trim_spaces(str_slice(before, 0, before.size - 1));
    }
    char first[4] = "";
    char second[4] = "";
    if ((before.size && !currency_code(before, first)) || (behind.size && !currency_code(behind, second))) {
        return false;
    }
    if (first[0] && second[0] && strcmp(first, second) != 0 && strcmp(first, "USD") != 0) {
        return false; /* "$12 CAD" is the code's, "EUR 12 CZK" is nothing */
    }
    memcpy(out->currency, second[0] ? second : first, sizeof(out->currency));
    return split(str_slice(s, from, to), &n) && decimals_of(&n, out->currency[0] ? out->currency : hint, &decimals) &&
           write_amount(&n, decimals, out);
}

/* What shops write around a price without changing it. */
static const char *const words_before[] = {"from",        "ab",          "od",        "von",   "desde",
                                           "a partir de", "à partir de", "da",        "vanaf", "fra",
                                           "från",        "starting at", "as low as", "от",    NULL};
static const char *const words_behind[] = {
    "ttc",       "inkl. mwst.",  "inkl. mwst",  "incl. mwst.", "incl. vat", "inc. vat", "inc vat", "incl. tax",
    "incl. btw", "iva incluido", "iva inclusa", "iva incl.",   "vč. dph",   "s dph",    "brutto",  NULL};

static struct str cut_words(struct str s)
{
    for (size_t i = 0; words_before[i]; i++) {
        struct str word = str_from(words_before[i]);
        if (s.size > word.size && s.data[word.size] == ' ' && str_equal_nocase(str_slice(s, 0, word.size), word)) {
            s = str_trim(str_slice(s, word.size, s.size));
            break;
        }
    }
    for (size_t i = 0; words_behind[i]; i++) {
        struct str word = str_from(words_behind[i]);
        if (s.size > word.size && str_equal_nocase(str_slice(s, s.size - word.size, s.size), word)) {
            s = str_trim(str_slice(s, 0, s.size - word.size));
            break;
        }
    }
    size_t slash = str_find_char(s, '/'); /* "1,99 EUR/kg" */
    size_t from = 0;
    size_t to = 0;
    if (slash != SIZE_MAX && slash > 0 && !digits_range(str_slice(s, slash, s.size), &from, &to)) {
        s = str_trim(str_slice(s, 0, slash));
    }
    return s;
}

/* "12.99 - 15.99 USD": the lower end is what the product is to be had for. */
static bool parse_range(struct str s, const char *hint, struct money *out)
{
    static const char *const marks[] = {" - ", " \xe2\x80\x93 ", " \xe2\x80\x94 ", "\xe2\x80\x93", " to ", " bis ", "-",
                                        NULL};
    for (size_t i = 0; marks[i]; i++) {
        struct money low;
        struct money high;
        size_t at = str_find(s, str_from(marks[i]));
        if (at == SIZE_MAX || !parse_one(str_slice(s, 0, at), hint, &low) ||
            !parse_one(str_slice(s, at + strlen(marks[i]), s.size), hint, &high)) {
            continue;
        }
        bool same = !low.currency[0] || !high.currency[0] || strcmp(low.currency, high.currency) == 0;
        if (!same || strtod(low.amount, NULL) > strtod(high.amount, NULL)) {
            return false;
        }
        *out = low;
        memcpy(out->currency, low.currency[0] ? low.currency : high.currency, sizeof(out->currency));
        return true;
    }
    return false;
}

bool money_parse_in(struct str s, const char *hint, struct money *out)
{
    s = str_trim(s);
    if (parse_one(s, hint, out)) {
        return true;
    }
    if (s.size > 64) {
        return false;
    }
    s = cut_words(s);
    return parse_one(s, hint, out) || parse_range(s, hint, out);
}

bool money_parse(struct str s, struct money *out)
{
    return money_parse_in(s, "", out);
}
