#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "indexer/build/product.h"
#include "tests/support/random.h"

struct spelling {
    const char *text;
    const char *amount; /* NULL: no amount */
    const char *currency;
};

static const struct spelling spellings[] = {
    {"12.99 USD", "12.99", "USD"},
    {"USD 12.99", "12.99", "USD"},
    {"USD12.99", "12.99", "USD"},
    {"12.99usd", "12.99", "USD"},
    {"$1,299.00", "1299.00", "USD"},
    {"US$ 5", "5", "USD"},
    {"R$ 1.299,00", "1299.00", "BRL"},
    {"1.299,00 EUR", "1299.00", "EUR"},
    {"€ 1.299", "1299", "EUR"},
    {"1.299 €", "1299", "EUR"},
    {"1 299,00 Kč", "1299.00", "CZK"},
    {"1\u00a0299,00\u00a0Kč", "1299.00", "CZK"},
    {"1\u202f299,00 €", "1299.00", "EUR"},
    {"1\u2009299 zł", "1299", "PLN"},
    {"SR 2,375", "2375", "SAR"},
    {"1'299.00", "1299.00", ""},
    {"CHF 1’299.50", "1299.50", "CHF"},
    {"99.-", "99", ""},
    {"1299,- Kč", "1299", "CZK"},
    {"49,– €", "49", "EUR"},
    {"₹1,23,456.78", "123456.78", "INR"},
    {"Rs. 899", "899", "INR"},
    {"Rs.899", "899", "INR"},
    {"12,34,567", "1234567", ""},
    {"350 руб.", "350", "RUB"},
    {"350 RUR", "350", "RUB"},
    {"5 000,50", "5000.50", ""},
    {"265,0", "265.0", ""},
    {"0,20", "0.20", ""},
    {"0,125", "0.125", ""},
    {"0.999", "0.999", ""},
    {".99", "0.99", ""},
    {"5.", "5", ""},
    {"007.50", "7.50", ""},
    {"0", "0", ""},
    {"free", "0", ""},
    {"1,299", "1299", ""},
    {"1.299", "1299", ""},
    {"12345.678", "12345.678", ""},
    {"1.500 KWD", "1.500", "KWD"},
    {"20.220 OMR", "20.220", "OMR"},
    {"1.234.567", "1234567", ""},
    {"1,234,567.89 JPY", "1234567.89", "JPY"},
    {"12.3456", "12.3456", ""},
    {"999999999999999", "999999999999999", ""},
    {"199 kr", "199", ""},
    {"١٢٫٥٠ SAR", "12.50", "SAR"},
    {"$12 CAD", "12", "CAD"},
    {"  12.5  ", "12.5", ""},
    {"12,99,1 USD", NULL, ""},
    {"12,99,1", NULL, ""},
    {"-5.00", NULL, ""},
    {"(5.00)", NULL, ""},
    {"5%", NULL, ""},
    {"10-20 USD", "10", "USD"},
    {"12.99 - 15.99 USD", "12.99", "USD"},
    {"$12.99 – $15.99", "12.99", "USD"},
    {"12,99 € bis 15,99 €", "12.99", "EUR"},
    {"15.99 - 12.99 USD", NULL, ""},
    {"12 EUR - 15 USD", NULL, ""},
    {"2026-05-31", NULL, ""},
    {"ab 12,99 €", "12.99", "EUR"},
    {"From $12.99", "12.99", "USD"},
    {"19,90 €/Stk", "19.90", "EUR"},
    {"1.99 EUR / 100 g", NULL, ""},
    {"£12.99 inc VAT", "12.99", "GBP"},
    {"12,99 € TTC", "12.99", "EUR"},
    {"$.99", "0.99", "USD"},
    {"￥1299", "1299", "JPY"},
    {"1.2.3", NULL, ""},
    {"1,23,45", NULL, ""},
    {"1..5", NULL, ""},
    {"1 2", NULL, ""},
    {"12 EUR 13", NULL, ""},
    {"EUR 12 CZK", NULL, ""},
    {"12 XXQ", NULL, ""},
    {"on request", NULL, ""},
    {"", NULL, ""},
    {"   ", NULL, ""},
    {"USD", NULL, ""},
    {"12.0000000001", NULL, ""},
    {"1234567890123456", NULL, ""},
    {"720001915672,36893567", NULL, ""}, /* no 64-bit decimal has so many digits */
    {"1.299,00.00", NULL, ""},
    {"1e3", NULL, ""},
};

static void test_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        const struct spelling *s = &spellings[i];
        struct money money;
        bool is = money_parse(str_from(s->text), &money);
        if (is != (s->amount != NULL)) {
            fail_msg("'%s' %s", s->text, is ? money.amount : "is no amount");
        }
        if (is && (strcmp(money.amount, s->amount) != 0 || strcmp(money.currency, s->currency) != 0)) {
            fail_msg("'%s' is %s %s", s->text, money.amount, money.currency);
        }
    }
}

/* The digits of a whole number in groups, as people write thousands. */
static size_t write_grouped(char *out, const char *digits, const char *separator, bool indian)
{
    size_t size = strlen(digits);
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        size_t left = size - i;
        bool cut = i > 0 && (left == 3 || (left > 3 && (indian ? (left - 3) % 2 == 0 : left % 3 == 0)));
        n += (size_t)sprintf(out + n, "%s%c", cut ? separator : "", digits[i]);
    }
    return n;
}

/* Whatever the grouping, the point and the currency's place: the amount comes back digit by digit. */
static void test_written_amounts(void **state)
{
    static const struct {
        const char *group;
        char point;
    } styles[] = {{"", '.'},  {"", ','},  {",", '.'},      {".", ','},      {" ", ','},
                  {"'", '.'}, {"’", '.'}, {"\u00a0", ','}, {"\u202f", ','}, {"\u2009", '.'}};
    static const char *const codes[] = {"USD", "EUR", "CZK", "INR", "GBP", "PLN"};
    struct random random = random_start("written amounts");
    (void)state;
    for (size_t round = 0; round < random_rounds(20000, 500000); round++) {
        char digits[16];
        char cents[8];
        char number[64];
        char text[96];
        char expected[64];
        size_t style = random_below(&random, sizeof(styles) / sizeof(styles[0]));
        uint64_t whole = random_below(&random, UINT64_C(1) << (1 + random_below(&random, 40)));
        unsigned places = (unsigned)random_below(&random, 3);
        const char *code = codes[random_below(&random, sizeof(codes) / sizeof(codes[0]))];
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)whole);
        size_t n =
            write_grouped(number, digits, styles[style].group, styles[style].group[0] && random_chance(&random, 20));
        snprintf(cents, sizeof(cents), "%02u", (unsigned)random_below(&random, 100));
        cents[places] = '\0';
        if (places) {
            sprintf(number + n, "%c%s", styles[style].point, cents);
        }
        switch (random_below(&random, 4)) {
        case 0:
            snprintf(text, sizeof(text), "%s %s", number, code);
            break;
        case 1:
            snprintf(text, sizeof(text), "%s %s", code, number);
            break;
        case 2:
            snprintf(text, sizeof(text), "%s%s", code, number);
            break;
        default:
            snprintf(text, sizeof(text), "%s\u00a0%s", number, code);
            break;
        }
        snprintf(expected, sizeof(expected), "%s%s%s", digits, places ? "." : "", cents);
        struct money money;
        if (!money_parse(str_from(text), &money) || strcmp(money.amount, expected) != 0 ||
            strcmp(money.currency, code) != 0) {
            fail_msg("'%s' is %s %s, not %s %s", text, money.amount, money.currency, expected, code);
        }
    }
}

static void test_plain_numbers(void **state)
{
    static const char *const numbers[][2] = {
        {"51", "51"},    {"2,5", "2.5"}, {"2.50", "2.50"}, {"-3", "-3"}, {"0", "0"},   {"0.5", "0.5"},  {"007", NULL},
        {"1.2.3", NULL}, {"", NULL},     {"-", NULL},      {"5.", NULL}, {".5", NULL}, {"12 cm", NULL}, {"1e5", NULL}};
    char out[24];
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        bool is = plain_number(str_from(numbers[i][0]), out);
        if (is != (numbers[i][1] != NULL) || (is && strcmp(out, numbers[i][1]) != 0)) {
            fail_msg("'%s' is %s", numbers[i][0], is ? out : "no number");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spellings), cmocka_unit_test(test_written_amounts),
                                       cmocka_unit_test(test_plain_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
