#include "indexer/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400 };

static _Atomic int64_t fixed_wall_ms;

int64_t clock_wall_ms(void)
{
    int64_t fixed = atomic_load_explicit(&fixed_wall_ms, memory_order_relaxed);
    if (fixed) {
        return fixed;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void clock_wall_set_for_test(int64_t ms)
{
    atomic_store(&fixed_wall_ms, ms);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
 * algorithms", days_from_civil): years start in March, so that the leap day is the last. */
static int64_t days_of_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

void clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
    int64_t ms = wall_ms % MS_PER_SECOND;
    int64_t seconds = wall_ms / MS_PER_SECOND;
    if (ms < 0) {
        ms += MS_PER_SECOND;
        seconds--;
    }
    time_t time = (time_t)seconds;
    struct tm tm;
    char text[96] = "0000-00-00T00:00:00.000Z";
    if (gmtime_r(&time, &tm) && tm.tm_year >= -1900 && tm.tm_year <= 9999 - 1900) {
        snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
    }
    memcpy(out, text, CLOCK_ISO_SIZE - 1);
    out[CLOCK_ISO_SIZE - 1] = '\0';
}

/* What is left to read of a date. */
struct scan {
    const char *at;
    const char *end;
};

static bool take_char(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c) {
        return false;
    }
    s->at++;
    return true;
}

static bool take_digits(struct scan *s, int count, int *out)
{
    if (s->end - s->at < count) {
        return false;
    }
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (s->at[i] < '0' || s->at[i] > '9') {
            return false;
        }
        value = value * 10 + (s->at[i] - '0');
    }
    s->at += count;
    *out = value;
    return true;
}

struct moment {
    int year, month, day, hour, minute, second, ms, zone_minutes;
};

static bool moment_ms(const struct moment *m, int64_t *wall_ms)
{
    if (m->month < 1 || m->month > 12 || m->day < 1 || m->day > month_days(m->year, m->month) || m->hour > 23 ||
        m->minute > 59 || m->second > 60) {
        return false;
    }
    int64_t seconds = days_of_date(m->year, m->month, m->day) * SECONDS_PER_DAY + m->hour * 3600 +
                      (m->minute - m->zone_minutes) * 60 + m->second;
    *wall_ms = seconds * MS_PER_SECOND + m->ms;
    return true;
}

/* "+01:00", "-0500". */
static bool take_offset(struct scan *s, int *zone_minutes)
{
    bool west = take_char(s, '-');
    int hours;
    int minutes;
    if ((!west && !take_char(s, '+')) || !take_digits(s, 2, &hours)) {
        return false;
    }
    take_char(s, ':');
    if (!take_digits(s, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *zone_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* ".678" and longer fractions; what is finer than a millisecond is dropped. */
static bool take_fraction(struct scan *s, int *ms)
{
    int unit = 100;
    const char *first = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        *ms += (*s->at++ - '0') * unit;
        unit /= 10;
    }
    return s->at > first;
}

static bool parse_iso(struct scan s, int64_t *wall_ms)
{
    struct moment m = {0};
    if (!take_digits(&s, 4, &m.year) || !take_char(&s, '-') || !take_digits(&s, 2, &m.month) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &m.day)) {
        return false;
    }
    if (s.at == s.end) {
        return moment_ms(&m, wall_ms);
    }
    if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' ')) {
        return false;
    }
    if (!take_digits(&s, 2, &m.hour) || !take_char(&s, ':') || !take_digits(&s, 2, &m.minute)) {
        return false;
    }
    if (take_char(&s, ':')) {
        if (!take_digits(&s, 2, &m.second) || (take_char(&s, '.') && !take_fraction(&s, &m.ms))) {
            return false;
        }
    }
    if (s.at < s.end && !take_char(&s, 'Z') && !take_char(&s, 'z') && !take_offset(&s, &m.zone_minutes)) {
        return false;
    }
    return s.at == s.end && moment_ms(&m, wall_ms);
}

/* The word of letters that comes next. */
static struct str take_word(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && ((*s->at | 0x20) >= 'a' && (*s->at | 0x20) <= 'z')) {
        s->at++;
    }
    return (struct str){from, (size_t)(s->at - from)};
}

static void skip_spaces(struct scan *s)
{
    while (take_char(s, ' ')) {
    }
}

/* RFC 822 section 5.1 with the four-digit years of RFC 1123. */
static bool take_rfc822_zone(struct scan *s, int *zone_minutes)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"Z", 0},    {"UT", 0},   {"UTC", 0},  {"GMT", 0},  {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    if (s->at == s->end) {
        return true;
    }
    struct str word = take_word(s);
    if (word.size == 0) {
        return take_offset(s, zone_minutes);
    }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        if (str_equal_nocase(word, str_from(zones[i].name))) {
            *zone_minutes = zones[i].hours * 60;
            return true;
        }
    }
    return false;
}

static bool take_month(struct scan *s, int *month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    struct str word = take_word(s);
    for (int i = 0; word.size >= 3 && i < 12; i++) {
        if (str_equal_nocase(str_slice(word, 0, 3), (struct str){names + (ptrdiff_t)3 * i, 3})) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_rfc822_year(struct scan *s, int *year)
{
    if (take_digits(s, 4, year)) {
        return true;
    }
    if (!take_digits(s, 2, year)) {
        return false;
    }
    *year += *year < 50 ? 2000 : 1900;
    return true;
}

static bool parse_rfc822(struct scan s, int64_t *wall_ms)
{
    struct moment m = {0};
    if (take_word(&s).size && !take_char(&s, ',')) {
        return false;
    }
    skip_spaces(&s);
    if (!take_digits(&s, 2, &m.day) && !take_digits(&s, 1, &m.day)) {
        return false;
    }
    skip_spaces(&s);
    if (!take_month(&s, &m.month)) {
        return false;
    }
    skip_spaces(&s);
    if (!take_rfc822_year(&s, &m.year)) {
        return false;
    }
    skip_spaces(&s);
    if (!take_digits(&s, 2, &m.hour) || !take_char(&s, ':') || !take_digits(&s, 2, &m.minute)) {
        return false;
    }
    if (take_char(&s, ':') && !take_digits(&s, 2, &m.second)) {
        return false;
    }
    skip_spaces(&s);
    return take_rfc822_zone(&s, &m.zone_minutes) && s.at == s.end && moment_ms(&m, wall_ms);
}

bool clock_parse(struct str s, int64_t *wall_ms)
{
    struct scan scan = {s.data, s.data + s.size};
    return s.size > 0 && (parse_iso(scan, wall_ms) || parse_rfc822(scan, wall_ms));
}
