#include "indexer/build/product.h"

#include <stdio.h>

#include "indexer/base/number.h"
#include "indexer/build/product_values.h"

enum { LIST_LINE_BYTES = 64 };

/* What one pass over the members finds. */
struct fields {
    struct json_member *price, *sale_price, *quantity, *availability;
    unsigned price_rank, sale_rank, quantity_rank, availability_rank;
    struct json_member *sale_dates;
    bool has_currency;
};

struct work {
    const struct product_options *options;
    struct json *object;
    struct arena *arena;
    struct fields fields;
    char currency[4]; /* found with an amount */
    char column[4];   /* of the item's own field "currency" */
    /* what is added at the end, since adding moves the members */
    struct json effective_price;
    enum availability in_stock;
};

static enum role role_of_member(const struct product_options *options, struct str name, unsigned *rank)
{
    const struct settings *s = options->settings;
    *rank = UINT32_MAX;
    enum role role = role_of_name_ranked(name, rank);
    for (unsigned r = 1; s && r < ROLE_COUNT; r++) {
        if (s->role_attribute[r].size && str_equal(s->role_attribute[r], name)) {
            *rank = 0;
            return (enum role)r;
        }
    }
    return role;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        char kind = s.data[i];
        if (kind >= '0' && kind <= '9') {
            return true;
        }
    }
    return false;
}

static bool price_name(struct str name)
{
    for (size_t i = 0; i + 5 <= name.size; i++) {
        if ((name.data[i] | 0x20) != 'p') {
            continue;
        }
        if (str_equal_nocase(str_slice(name, i, i + 5), STR("price")) ||
            str_equal_nocase(str_slice(name, i, i + 5), STR("preis"))) {
            return true;
        }
    }
    return false;
}

static struct json amount_value(const struct money *money, struct arena *arena)
{
    return json_number_text(arena_copy(arena, str_from(money->amount)));
}

static void take_currency(struct work *w, const char code[4])
{
    if (code[0] && !w->currency[0]) {
        memcpy(w->currency, code, sizeof(w->currency));
    }
}

/* True when the mark stands before something that makes it HTML's. */
static bool has_mark(struct str s, char mark, const char *others)
{
    size_t at = 0;
    while (at + 1 < s.size) {
        const char *found = memchr(s.data + at, mark, s.size - at - 1);
        if (!found) {
            return false;
        }
        char next = found[1];
        if ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || (next && strchr(others, next))) {
            return true;
        }
        at = (size_t)(found - s.data) + 1;
    }
    return false;
}

/* Not 0 when one of eight bytes is `byte`; then false alarms are possible above it. */
static uint64_t has_byte(uint64_t word, uint64_t byte)
{
    uint64_t x = word ^ byte * UINT64_C(0x0101010101010101);
    return (x - UINT64_C(0x0101010101010101)) & ~x & UINT64_C(0x8080808080808080);
}

/* Whether HTML or white space to be folded may be in it: one look at all bytes, which nearly always says no. */
static bool may_be_html(struct str s)
{
    size_t i = 0;
    for (; i + 9 <= s.size; i += 8) {
        uint64_t word;
        uint64_t next;
        memcpy(&word, s.data + i, sizeof(word));
        memcpy(&next, s.data + i + 1, sizeof(next));
        if (has_byte(word, '<') | has_byte(word, '&') | (has_byte(word, ' ') & has_byte(next, ' '))) {
            return true;
        }
    }
    for (; i < s.size; i++) {
        if (s.data[i] == '<' || s.data[i] == '&' || (s.data[i] == ' ' && i + 1 < s.size && s.data[i + 1] == ' ')) {
            return true;
        }
    }
    return false;
}

/* HTML, or white space to be folded */
static bool looks_html(struct str s)
{
    return may_be_html(s) && (has_mark(s, '<', "/!") || has_mark(s, '&', "#") || str_find(s, STR("  ")) != SIZE_MAX);
}

static void text_of(struct json *value, struct arena *arena)
{
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        text_of(&value->items[i], arena);
    }
    if (value->type == JSON_STRING && looks_html(value->text)) {
        struct buf out = {0};
        html_to_text(value->text, &out);
        *value = json_of_str(arena_copy(arena, buf_str(&out)));
        buf_release(&out);
    }
}

/* A cell that holds a JSON array of strings, or several short lines, is a list. */
static void list_of(struct json *value, struct arena *arena)
{
    struct str s = value->type == JSON_STRING ? value->text : (struct str){0};
    struct json parsed;
    if (s.size > 4 && s.data[0] == '[' && (s.data[1] == '"' || s.data[1] == '\'') &&
        json_parse(s, arena, &parsed, NULL) == STATUS_OK) {
        *value = parsed;
        return;
    }
    size_t lines = 1;
    if (str_starts_with(s, STR("http")) && str_find(str_slice(s, 4, s.size), STR("http")) == SIZE_MAX) {
        return; /* one address on two lines */
    }
    for (struct str rest = s; rest.data && lines;) {
        struct str line = str_trim(str_split(&rest, '\n'));
        lines = line.size > LIST_LINE_BYTES || (line.size == 0 && rest.data) ? 0 : lines + (line.size > 0);
    }
    if (lines < 3 || str_find_char(s, '<') != SIZE_MAX) {
        return;
    }
    struct json list = {.type = JSON_ARRAY, .items = arena_alloc(arena, lines * sizeof(struct json))};
    for (struct str rest = s; rest.data;) {
        struct str line = str_trim(str_split(&rest, '\n'));
        if (line.size) {
            list.items[list.count++] = json_of_str(line);
        }
    }
    *value = list;
}

static void paths_of(struct json *value, struct arena *arena)
{
    struct category_paths paths;
    category_paths_of(value, arena, &paths);
    if (value->type == JSON_STRING && paths.count == 1 && str_equal(paths.items[0], str_trim(value->text)) &&
        str_find(paths.items[0], STR(" > ")) == SIZE_MAX) {
        return; /* a plain name */
    }
    if (paths.count) {
        struct json *items = arena_alloc(arena, paths.count * sizeof(*items));
        for (size_t i = 0; i < paths.count; i++) {
            items[i] = json_of_str(paths.items[i]);
        }
        *value = json_array(items, (uint32_t)paths.count);
    }
}

static void keep_best(struct json_member **best, unsigned *best_rank, struct json_member *member, unsigned rank)
{
    if (!*best || rank < *best_rank) {
        *best = member;
        *best_rank = rank;
    }
}

/* {"value": 12.5, "currency": "EUR"}: the amount, its currency apart. Other objects stay. */
static void price_of_object(struct work *w, struct json *value)
{
    static const char *const amounts[] = {"amount", "value", "price", "gross", "brutto", NULL};
    static const char *const codes[] = {"currency", "currencyCode", "currency_code", "priceCurrency", NULL};
    struct str text = {0};
    char code[4];
    for (size_t i = 0; codes[i] && text.size == 0; i++) {
        (void)json_string(json_get(value, codes[i]), &text);
    }
    for (size_t i = 0; amounts[i]; i++) {
        const struct json *amount = json_get(value, amounts[i]);
        if (amount && (amount->type == JSON_NUMBER || amount->type == JSON_STRING)) {
            *value = *amount;
            if (currency_code(text, code)) {
                take_currency(w, code);
            }
            return;
        }
    }
}

/* Of several, one that says something: shops put delivery times into the field that would be the best. */
static unsigned availability_rank(const struct json_member *member, unsigned rank)
{
    struct str s = {0};
    char number[24];
    (void)json_string(&member->value, &s);
    bool known =
        member->value.type != JSON_STRING || availability_parse(s) != AVAILABILITY_UNKNOWN || plain_number(s, number);
    return known ? rank : rank + 1000;
}

static void look_at(struct work *w, struct json_member *member)
{
    struct fields *f = &w->fields;
    unsigned rank;
    enum role role = role_of_member(w->options, member->name, &rank);
    if (member->value.type == JSON_OBJECT && (role == ROLE_PRICE || role == ROLE_SALE_PRICE)) {
        price_of_object(w, &member->value);
    }
    switch (role) {
    case ROLE_PRICE:
        keep_best(&f->price, &f->price_rank, member, rank);
        break;
    case ROLE_SALE_PRICE:
        keep_best(&f->sale_price, &f->sale_rank, member, rank);
        break;
    case ROLE_QUANTITY:
        keep_best(&f->quantity, &f->quantity_rank, member, rank);
        break;
    case ROLE_AVAILABILITY:
        keep_best(&f->availability, &f->availability_rank, member, availability_rank(member, rank));
        break;
    case ROLE_TITLE:
    case ROLE_SHORT_TEXT:
    case ROLE_DESCRIPTION:
    case ROLE_BRAND:
        text_of(&member->value, w->arena);
        break;
    case ROLE_CATEGORY:
        list_of(&member->value, w->arena);
        text_of(&member->value, w->arena);
        paths_of(&member->value, w->arena);
        break;
    case ROLE_NONE:
        if (str_equal(member->name, STR("sale_price_effective_date"))) {
            f->sale_dates = member;
        } else if (member->name.size == 8 && str_equal_nocase(member->name, STR("currency"))) {
            struct str code = {0};
            f->has_currency = true;
            (void)json_string(&member->value, &code);
            (void)currency_code(code, w->column);
        } else {
            list_of(&member->value, w->arena);
            text_of(&member->value, w->arena);
        }
        break;
    default:
        break;
    }
}

/* The first string of an array counts. */
static struct str string_of(const struct json_member *member)
{
    const struct json *value = member ? &member->value : NULL;
    struct str s = {0};
    if (value && value->type == JSON_ARRAY && value->count) {
        value = &value->items[0];
    }
    (void)json_string(value, &s);
    return s;
}

static bool amount_of(const struct work *w, struct str s, struct money *money)
{
    const char *declared = w->options->default_currency ? w->options->default_currency : "";
    return money_parse_in(s, w->currency[0] ? w->currency : w->column[0] ? w->column : declared, money);
}

/* The role's price must be an amount, or say in words that there is none. */
static enum status read_price(struct work *w, struct json_member *member, struct error *err)
{
    struct str s = string_of(member);
    struct money money;
    if (!member || member->value.type == JSON_NUMBER || s.size == 0) {
        return STATUS_OK;
    }
    if (amount_of(w, s, &money)) {
        member->value = amount_value(&money, w->arena);
        take_currency(w, money.currency);
        return STATUS_OK;
    }
    if (!has_digit(s)) {
        return STATUS_OK;
    }
    s = str_slice(s, 0, str_utf8_cut(s, s.size < 60 ? s.size : 60));
    return error_set(err, STATUS_INPUT, "'" STR_FMT "': '" STR_FMT "' is not an amount", STR_ARG(member->name),
                     STR_ARG(s));
}

static void read_other_prices(struct work *w)
{
    for (uint32_t i = 0; i < w->object->count; i++) {
        struct json_member *member = &w->object->members[i];
        struct money money;
        if (member->value.type == JSON_STRING && price_name(member->name) && has_digit(member->value.text) &&
            amount_of(w, member->value.text, &money)) {
            member->value = amount_value(&money, w->arena);
            take_currency(w, money.currency);
        }
    }
}

/* "2016-03-01T13:00-0800/2016-03-11T15:30-0800": in effect from the first, before the second; no dates: always. */
/* The sale's period, open where the dates say nothing: from *from until before *to. */
static void sale_period(const struct work *w, int64_t *from, int64_t *to)
{
    struct str dates = string_of(w->fields.sale_dates);
    struct str from_text = dates;
    struct str to_text = {0};
    *from = INT64_MIN;
    *to = INT64_MAX;
    size_t slash = str_find_char(dates, '/');
    if (slash != SIZE_MAX) {
        from_text = str_slice(dates, 0, slash);
        to_text = str_slice(dates, slash + 1, dates.size);
    }
    bool dated = dates.size && (date_parse(from_text, from) || slash != SIZE_MAX);
    if (dated && to_text.size && !date_parse(to_text, to)) {
        *to = INT64_MAX;
    }
}

static bool sale_in_effect(const struct work *w)
{
    int64_t from;
    int64_t to;
    sale_period(w, &from, &to);
    return w->options->as_of_ms >= from && w->options->as_of_ms < to;
}

/* Numbers, so that the period can begin and end, and be changed, while the product is served. */
static void set_sale_period(struct work *w)
{
    int64_t from;
    int64_t to;
    const struct json_member *sale = w->fields.sale_price;
    if (!sale || sale->value.type != JSON_NUMBER) {
        return;
    }
    sale_period(w, &from, &to);
    if (from != INT64_MIN) {
        (void)json_object_set(w->object, STR("sale_price_starts"), json_of_i64(from, w->arena), w->arena);
    }
    if (to != INT64_MAX) {
        (void)json_object_set(w->object, STR("sale_price_ends"), json_of_i64(to, w->arena), w->arena);
    }
}

static void find_effective_price(struct work *w)
{
    const struct json_member *price = w->fields.price;
    const struct json_member *sale = w->fields.sale_price;
    bool has_price = price && price->value.type == JSON_NUMBER;
    const struct json *effective = has_price ? &price->value : NULL;
    struct decimal full;
    struct decimal reduced;
    static const struct decimal nothing = {0, 0};
    if (sale && sale->value.type == JSON_NUMBER && decimal_parse(sale->value.text, &reduced) &&
        decimal_compare(reduced, nothing) > 0 && sale_in_effect(w) &&
        (!has_price || (decimal_parse(price->value.text, &full) && decimal_compare(reduced, full) < 0))) {
        effective = &sale->value;
    }
    if (effective) {
        w->effective_price = *effective;
    }
}

static bool read_quantity(struct str s, char out[24])
{
    s = str_trim(s);
    if (s.size && (s.data[0] == '>' || s.data[0] == '<')) {
        s = str_trim(str_slice(s, 1, s.size));
    }
    if (s.size && s.data[s.size - 1] == '+') {
        s.size--;
    }
    return plain_number(s, out);
}

static void read_stock(struct work *w)
{
    struct fields *f = &w->fields;
    enum availability known = availability_parse(string_of(f->availability));
    struct str text = string_of(f->quantity);
    struct decimal amount;
    char number[24];
    bool counted = false;
    if (f->quantity && f->quantity->value.type == JSON_STRING && read_quantity(text, number)) {
        f->quantity->value = json_number_text(arena_copy(w->arena, str_from(number)));
    }
    if (f->quantity && f->quantity->value.type == JSON_NUMBER) {
        counted = decimal_parse(f->quantity->value.text, &amount);
    } else if (known == AVAILABILITY_UNKNOWN) {
        known = availability_parse(text); /* <stock>yes</stock> */
    }
    text = string_of(f->availability);
    if (known == AVAILABILITY_UNKNOWN && read_quantity(text, number) && decimal_parse(str_from(number), &amount)) {
        known = amount.units > 0 ? AVAILABILITY_IN : AVAILABILITY_OUT; /* availability counted */
    }
    if (w->options->partial && known == AVAILABILITY_UNKNOWN) {
        return;
    }
    if (counted && amount.units <= 0) {
        known = AVAILABILITY_OUT;
    } else if (counted && known == AVAILABILITY_UNKNOWN) {
        known = AVAILABILITY_IN;
    }
    bool taken = f->availability && str_equal(f->availability->name, STR("in_stock"));
    if (known != AVAILABILITY_UNKNOWN && taken) {
        f->availability->value = json_of_bool(known == AVAILABILITY_IN);
    } else {
        w->in_stock = known;
    }
}

/* Out of stock for a reason that a quantity does not change. */
static bool has_other_reason(const struct json *object)
{
    static const char *const words[] = {"preorder",  "pre-order",  "pre_order",  "presale",
                                        "backorder", "back-order", "back_order", "discontinued"};
    for (uint32_t i = 0; i < object->count; i++) {
        struct str said;
        if (!json_string(&object->members[i].value, &said) ||
            role_of_name(object->members[i].name) != ROLE_AVAILABILITY) {
            continue;
        }
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            struct str word = str_from(words[k]);
            if (said.size >= word.size && str_equal_nocase(str_slice(said, said.size - word.size, said.size), word)) {
                return true;
            }
        }
    }
    return false;
}

void product_available(const struct settings *settings, struct json *object)
{
    struct json *flag = (struct json *)(uintptr_t)json_get(object, "in_stock");
    double quantity;
    if (flag && flag->type == JSON_FALSE && settings->role_attribute[ROLE_QUANTITY].size > 0 &&
        json_double(json_get_path(object, settings->role_attribute[ROLE_QUANTITY]), &quantity) && quantity <= 0 &&
        !has_other_reason(object)) {
        flag->type = JSON_TRUE;
    }
}

static void set_currency(struct work *w)
{
    if (!w->currency[0] && w->options->default_currency) {
        snprintf(w->currency, sizeof(w->currency), "%s", w->options->default_currency);
    }
    if (w->currency[0] && w->fields.price && !w->fields.has_currency) {
        struct str code = arena_copy(w->arena, str_from(w->currency));
        (void)json_object_set(w->object, STR("currency"), json_of_str(code), w->arena);
    }
}

enum status product_from_feed(const struct product_options *options, struct feed_item *item, struct error *err)
{
    struct work w = {.options = options, .object = &item->object, .arena = item->arena};
    for (uint32_t i = 0; i < item->object.count; i++) {
        look_at(&w, &item->object.members[i]);
    }
    enum status status = read_price(&w, w.fields.price, err);
    if (status == STATUS_OK) {
        status = read_price(&w, w.fields.sale_price, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    read_other_prices(&w);
    find_effective_price(&w);
    set_sale_period(&w);
    read_stock(&w);
    set_currency(&w);
    if (w.effective_price.type == JSON_NUMBER) {
        (void)json_object_set(w.object, STR("effective_price"), w.effective_price, w.arena);
    }
    if (w.in_stock != AVAILABILITY_UNKNOWN) {
        (void)json_object_set(w.object, STR("in_stock"), json_of_bool(w.in_stock == AVAILABILITY_IN), w.arena);
    }
    return STATUS_OK;
}
