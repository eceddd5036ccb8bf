#include "indexer/build/store_rows.h"

#include <string.h>

#include "indexer/base/number.h"
#include "indexer/build/object_cells.h"
#include "indexer/build/product_values.h"

enum column { STORE, ID, QUANTITY, AVAILABILITY, PRICE, SALE_PRICE, SALE_PERIOD, TITLE, COLUMNS };

struct column_name {
    const char *name; /* in lower case, without what separates words */
    enum column column;
};
static const struct column_name google_names[] = {{"storecode", STORE},
                                                  {"id", ID},
                                                  {"itemid", ID},
                                                  {"offerid", ID},
                                                  {"quantity", QUANTITY},
                                                  {"availability", AVAILABILITY},
                                                  {"price", PRICE},
                                                  {"saleprice", SALE_PRICE},
                                                  {"salepriceeffectivedate", SALE_PERIOD},
                                                  {"title", TITLE},
                                                  {NULL, COLUMNS}};
static const struct column_name magento_names[] = {
    {"sourcecode", STORE},    {"sku", ID},      {"quantity", QUANTITY}, {"qty", QUANTITY},
    {"status", AVAILABILITY}, {"title", TITLE}, {"name", TITLE},        {NULL, COLUMNS}};

struct store_row {
    enum store_row_kind kind;
    const struct json *values[COLUMNS]; /* NULL: not there, or empty */
};

static bool same_name(struct str given, const char *name)
{
    size_t at = given.size > 2 && (given.data[0] | 32) == 'g' && given.data[1] == ':' ? 2 : 0;
    for (; at < given.size; at++) {
        char c = given.data[at];
        if (c == '_' || c == '-' || c == ' ') {
            continue;
        }
        c = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
        if (*name == '\0' || *name++ != c) {
            return false;
        }
    }
    return *name == '\0';
}

static bool is_empty(const struct json *value)
{
    return value->type == JSON_NULL || (value->type == JSON_STRING && str_trim(value->text).size == 0);
}

static void find_columns(const struct json *object, const struct column_name *names, struct store_row *row)
{
    memset(row->values, 0, sizeof(row->values));
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *m = &object->members[i];
        for (const struct column_name *n = names; n->name; n++) {
            if (same_name(m->name, n->name) && !row->values[n->column] && !is_empty(&m->value)) {
                row->values[n->column] = &m->value;
            }
        }
    }
}

/* XML feeds and JSON have their id under its own name alone. */
static void find_id(const struct json *object, struct store_row *row)
{
    row->values[ID] = row->values[ID] ? row->values[ID] : json_get(object, "objectID");
}

static struct store_row read_row(const struct json *object, enum store_row_kind kind)
{
    struct store_row row = {.kind = kind};
    find_columns(object, kind == STORE_ROW_GOOGLE ? google_names : magento_names, &row);
    find_id(object, &row);
    return row;
}

enum store_row_kind store_row_kind(const struct json *object)
{
    for (enum store_row_kind kind = STORE_ROW_GOOGLE; kind <= STORE_ROW_MAGENTO; kind++) {
        struct store_row row = read_row(object, kind);
        bool says = row.values[QUANTITY] || row.values[AVAILABILITY] || row.values[PRICE];
        if (row.values[STORE] && row.values[ID] && says && !row.values[TITLE]) {
            return kind;
        }
    }
    return STORE_ROW_NONE;
}

enum store_row_kind store_row_kind_of_names(const struct str *names, size_t count)
{
    struct json_member members[COLUMNS * 4];
    struct json object = {.type = JSON_OBJECT, .members = members};
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (int list = 0; list < 2; list++) {
            for (const struct column_name *n = list ? google_names : magento_names; n->name; n++) {
                known = known || same_name(names[i], n->name);
            }
        }
        if (known && object.count < COLUMNS * 4) {
            members[object.count++] = (struct json_member){names[i], json_of_bool(true)};
        }
    }
    return store_row_kind(&object);
}

const char *store_row_name(enum store_row_kind kind)
{
    return kind == STORE_ROW_GOOGLE ? "Google local inventory" : "Magento source items";
}

static struct str text_of(const struct json *value)
{
    return value && (value->type == JSON_STRING || value->type == JSON_NUMBER) ? str_trim(value->text)
                                                                               : (struct str){0};
}

static enum status wrong(const struct store_row *row, enum column column, const char *what, struct error *err)
{
    static const char *const google[COLUMNS] = {
        "store_code", "id", "quantity", "availability", "price", "sale_price", "sale_price_effective_date"};
    static const char *const magento[COLUMNS] = {"source_code", "sku", "quantity", "status"};
    struct str text = text_of(row->values[column]);
    const char *name = row->kind == STORE_ROW_GOOGLE ? google[column] : magento[column];
    text.size = str_utf8_cut(text, 60);
    return error_set(err, STATUS_INPUT, "'%s': '" STR_FMT "' %s", name, STR_ARG(text), what);
}

/* Whether the store has the product. Magento's 0 and 1 are words of availability, too. What is shown there but has to
 * be ordered can't be taken home. */
static enum status read_availability(const struct store_row *row, enum availability *out, struct error *err)
{
    const struct json *value = row->values[AVAILABILITY];
    *out = AVAILABILITY_UNKNOWN;
    if (!value) {
        return STATUS_OK;
    }
    struct str text = text_of(value);
    bool order =
        str_equal_nocase(text, STR("on display to order")) || str_equal_nocase(text, STR("on_display_to_order"));
    *out = json_is_bool(value) ? value->type == JSON_TRUE ? AVAILABILITY_IN : AVAILABILITY_OUT
           : order             ? AVAILABILITY_OUT
                               : availability_parse(text);
    if (*out == AVAILABILITY_UNKNOWN) {
        return wrong(row, AVAILABILITY, row->kind == STORE_ROW_MAGENTO ? "is neither 0 nor 1" : "is no availability",
                     err);
    }
    return STATUS_OK;
}

/* What the store has, or nothing (JSON_NULL) when the row does not say. */
static enum status read_stock(const struct store_row *row, struct arena *arena, struct json *out, struct error *err)
{
    enum availability availability;
    int64_t cell;
    struct decimal d;
    enum status status = read_availability(row, &availability, err);
    *out = (struct json){.type = JSON_NULL};
    if (status != STATUS_OK) {
        return status;
    }
    if (row->values[QUANTITY]) {
        struct str text = text_of(row->values[QUANTITY]);
        *out = (struct json){.type = JSON_NUMBER, .text = text};
        if (!decimal_parse(text, &d) || !object_cell(out, DIMENSION_STORE, &cell)) {
            return wrong(row, QUANTITY, "is not a number of at most 3 decimals", err);
        }
        if (cell < 0 && row->kind == STORE_ROW_GOOGLE) {
            return wrong(row, QUANTITY, "is below 0", err);
        }
        struct buf written = BUF_EMPTY;
        decimal_write(&written, cell, DIMENSION_STORE_SCALE);
        *out = json_number_text(arena_copy(arena, buf_str(&written)));
        buf_release(&written);
    }
    if (availability == AVAILABILITY_OUT) {
        *out = json_number_text(STR("0"));
    } else if (availability == AVAILABILITY_IN && out->type == JSON_NULL) {
        *out = json_of_bool(true);
    }
    return STATUS_OK;
}

/* "2026-05-01T00:00+01:00/2026-05-31T23:59+01:00" */
static enum status in_period(const struct store_row *row, int64_t as_of_ms, bool *in, struct error *err)
{
    struct str rest = text_of(row->values[SALE_PERIOD]);
    int64_t from = INT64_MIN;
    int64_t to = INT64_MAX;
    if (rest.size > 0) {
        struct str first = str_trim(str_split(&rest, '/'));
        struct str last = rest.data ? str_trim(rest) : (struct str){0};
        if (!date_parse(first, &from) || !date_parse(last, &to)) {
            return wrong(row, SALE_PERIOD, "is not two dates with '/' between them", err);
        }
    }
    *in = as_of_ms >= from && as_of_ms < to;
    return STATUS_OK;
}

static enum status read_price(const struct store_row *row, int64_t as_of_ms, struct arena *arena, struct json *out,
                              struct error *err)
{
    bool sale = false;
    struct money money;
    enum status status = row->values[SALE_PRICE] ? in_period(row, as_of_ms, &sale, err) : STATUS_OK;
    enum column column = sale ? SALE_PRICE : PRICE;
    *out = (struct json){.type = JSON_NULL};
    if (status != STATUS_OK || !row->values[column]) {
        return status;
    }
    if (!money_parse(text_of(row->values[column]), &money)) {
        return wrong(row, column, "is not an amount", err);
    }
    *out = json_number_text(arena_copy(arena, str_from(money.amount)));
    return STATUS_OK;
}

/* "stores.berlin" where the settings have it; without settings, under the usual name. */
static struct str cell_path(const struct dimension_list *list, struct str name, struct arena *arena)
{
    if (!list) {
        return arena_printf(arena, "stores." STR_FMT, STR_ARG(name));
    }
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->items[i].name, name)) {
            return list->items[i].path;
        }
    }
    return (struct str){0};
}

static enum status put(struct json *object, struct str path, struct json value, struct arena *arena, struct error *err)
{
    return json_object_set(object, path, value, arena) ? STATUS_OK
                                                       : error_set(err, STATUS_LIMIT, "out of memory for a row");
}

enum status store_row_take(const struct store_row_options *o, struct feed_item *item, struct error *err)
{
    const struct settings *settings = o->settings;
    struct store_row row = read_row(&item->object, o->kind);
    struct str id = text_of(row.values[ID]);
    struct str store = text_of(row.values[STORE]);
    struct json stock, price;
    if (id.size == 0 || store.size == 0) {
        return wrong(&row, id.size == 0 ? ID : STORE, "is missing", err);
    }
    struct str path = cell_path(settings ? &settings->stores : NULL, store, item->arena);
    if (path.size == 0) {
        return wrong(&row, STORE, "is none of the 'stores' of the settings", err);
    }
    struct str list = settings ? cell_path(&settings->price_lists, store, item->arena) : (struct str){0};
    enum status status = read_stock(&row, item->arena, &stock, err);
    if (status == STATUS_OK) {
        status = read_price(&row, o->as_of_ms, item->arena, &price, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool has_price = list.size > 0 && price.type != JSON_NULL;
    if (!o->deleted && stock.type == JSON_NULL && !has_price) {
        return wrong(&row, QUANTITY, "is missing, and there is no availability either", err);
    }
    struct json object = {.type = JSON_OBJECT};
    status = put(&object, STR("objectID"), json_of_str(id), item->arena, err);
    if (status == STATUS_OK && (o->deleted || stock.type != JSON_NULL)) {
        status = put(&object, path, o->deleted ? (struct json){.type = JSON_NULL} : stock, item->arena, err);
    }
    if (status == STATUS_OK && (o->deleted ? list.size > 0 : has_price)) {
        status = put(&object, list, o->deleted ? (struct json){.type = JSON_NULL} : price, item->arena, err);
    }
    item->object = object;
    return status;
}
