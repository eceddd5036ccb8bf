#include "indexer/build/product_values.h"

struct scan {
    struct str s;
    size_t at;
};

static char look(const struct scan *c)
{
    return c->at < c->s.size ? c->s.data[c->at] : '\0';
}

static bool take(struct scan *c, char wanted)
{
    bool is = look(c) == wanted;
    c->at += is;
    return is;
}

/* 1 to `most` digits; -1 when there are none. */
static int digits(struct scan *c, int most)
{
    int value = -1;
    for (int i = 0; i < most && look(c) >= '0' && look(c) <= '9'; i++) {
        value = (value < 0 ? 0 : value) * 10 + (look(c) - '0');
        c->at++;
    }
    return value;
}

static void blanks(struct scan *c)
{
    while (look(c) == ' ' || look(c) == ',') {
        c->at++;
    }
}

/* Days since 1970-01-01 of a date of the Gregorian calendar: years begin in March, so that the leap day is last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* "13:00", "13:00:30.5" into ms; 0 when there is none; -1 when it is wrong. */
static int64_t time_of_day(struct scan *c)
{
    int hour = digits(c, 2);
    if (hour < 0) {
        return 0;
    }
    int minute = take(c, ':') ? digits(c, 2) : 0;
    int second = take(c, ':') ? digits(c, 2) : 0;
    if (hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60) {
        return -1;
    }
    int64_t ms = ((hour * 60 + minute) * INT64_C(60) + second) * 1000;
    if (take(c, '.')) {
        for (int unit = 100; look(c) >= '0' && look(c) <= '9'; unit /= 10) {
            ms += (look(c) - '0') * unit;
            c->at++;
        }
    }
    return ms;
}

/* "Z", "+03:00", "-0800", "GMT", "EST"; in ms to subtract. Unknown names count as UTC. */
static int64_t zone(struct scan *c)
{
    static const struct {
        struct str name;
        int hours;
    } names[] = {{{"EST", 3}, -5}, {{"EDT", 3}, -4}, {{"CST", 3}, -6}, {{"CDT", 3}, -5},
                 {{"MST", 3}, -7}, {{"MDT", 3}, -6}, {{"PST", 3}, -8}, {{"PDT", 3}, -7},
                 {{"CET", 3}, 1},  {{"CEST", 4}, 2}, {{"MSK", 3}, 3}};
    blanks(c);
    int sign = look(c) == '+' ? 1 : look(c) == '-' ? -1 : 0;
    struct str rest = str_slice(c->s, c->at, c->s.size);
    if (sign) {
        c->at++;
        int hours = digits(c, 2);
        (void)take(c, ':');
        int minutes = digits(c, 2);
        return sign * ((hours < 0 ? 0 : hours) * 60 + (minutes < 0 ? 0 : minutes)) * INT64_C(60000);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_equal_nocase(rest, names[i].name)) {
            return names[i].hours * INT64_C(3600000);
        }
    }
    return 0;
}

static int month_named(struct scan *c)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    struct str rest = str_slice(c->s, c->at, c->s.size);
    for (int i = 0; i < 12 && rest.size >= 3; i++) {
        if (str_equal_nocase(str_slice(rest, 0, 3), (struct str){names + (size_t)i * 3, 3})) {
            while (look(c) && look(c) != ' ' && look(c) != '-') {
                c->at++;
            }
            return i + 1;
        }
    }
    return 0;
}

/* "Tue, 10 Mar 2020", "10 Mar 20" */
static bool named_date(struct scan *c, int *year, int *month, int *day)
{
    if (month_named(c) == 0 && (look(c) < '0' || look(c) > '9')) {
        while (look(c) && look(c) != ' ') {
            c->at++; /* the week day */
        }
    }
    blanks(c);
    *day = digits(c, 2);
    blanks(c);
    *month = month_named(c);
    blanks(c);
    *year = digits(c, 4);
    *year += *year >= 0 && *year < 100 ? 2000 : 0;
    return *month > 0;
}

static bool numeric_date(struct scan *c, int *year, int *month, int *day)
{
    *year = digits(c, 4);
    char mark = look(c);
    if (mark != '-' && mark != '/' && mark != '.') {
        *month = digits(c, 2); /* 20160301 */
        *day = digits(c, 2);
        return *month > 0 && *day > 0;
    }
    c->at++;
    *month = digits(c, 2);
    if (!take(c, mark)) {
        return false;
    }
    *day = digits(c, 4);
    if (*year <= 31 && *day > 31) { /* 31.12.2020 */
        int swapped = *year;
        *year = *day;
        *day = swapped;
    }
    return true;
}

bool date_parse(struct str s, int64_t *ms)
{
    struct scan c = {.s = str_trim(s)};
    int year = 0;
    int month = 0;
    int day = 0;
    bool numeric = c.s.size >= 8 && c.s.data[0] >= '0' && c.s.data[0] <= '9' &&
                   (str_find_char(str_slice(c.s, 0, 5), '-') != SIZE_MAX || c.s.data[2] != ' ');
    bool named = !numeric || (c.s.size > 3 && (c.s.data[1] == ' ' || c.s.data[2] == ' '));
    if (c.s.size < 8 || !(named ? named_date(&c, &year, &month, &day) : numeric_date(&c, &year, &month, &day))) {
        return false;
    }
    if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) {
        return false;
    }
    (void)take(&c, 'T');
    blanks(&c);
    int64_t time = time_of_day(&c);
    if (time < 0) {
        return false;
    }
    *ms = days_of(year, month, day) * INT64_C(86400000) + time - zone(&c);
    return true;
}
