/*
 * An amount is a JSON number of digits and at most one point, and reads back as itself; text of HTML stays bounded;
 * dates, availability and category paths take any bytes.
 * Links: aisle_build
 */
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/number.h"
#include "indexer/build/product_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct str levels[LIMIT_CATEGORY_LEVELS];
    struct money money;
    struct decimal amount;
    struct buf out = BUF_EMPTY;
    char number[24];
    int64_t ms;
    if (money_parse(text, &money)) {
        struct money again;
        check(decimal_parse(str_from(money.amount), &amount) && amount.units >= 0);
        check(money.currency[0] == '\0' || strlen(money.currency) == 3);
        /* three decimals read as thousands without a currency that has them */
        if (amount.scale != 3) {
            check(money_parse(str_from(money.amount), &again) || strlen(money.amount) > 16);
        }
    }
    if (plain_number(text, number)) {
        check(decimal_parse(str_from(number), &amount));
    }
    (void)date_parse(text, &ms);
    (void)availability_parse(text);
    check(category_levels(text, levels) <= LIMIT_CATEGORY_LEVELS);
    html_to_text(text, &out);
    check(out.size <= size * 2);
    buf_release(&out);
    return 0;
}
