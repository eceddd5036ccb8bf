#include "indexer/shard/columns.h"

#include <math.h>
#include <string.h>

#include "indexer/base/number.h"

uint32_t number_index(const struct number_column *c, doc_id doc)
{
    if (c->kind == NUMBER_COLUMN_DENSE)
        return doc;
    if (c->kind != NUMBER_COLUMN_SPARSE)
        return NUMBER_NO_CELL;
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->count && c->docs[low] == doc ? low : NUMBER_NO_CELL;
}

const facet_code *facet_codes(const struct facet_column *c, doc_id doc, facet_code *one, uint32_t *count)
{
    uint32_t first = 0, end = c->list_count;

    *count = 0;
    switch (c->kind) {
    case FACET_COLUMN_U8:
        *one = (facet_code)((const uint8_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_U16:
        *one = (facet_code)((const uint16_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_U32:
        *one = ((const uint32_t *)c->codes)[doc] - 1;
        break;
    case FACET_COLUMN_MULTI:
        doc = facet_list(c, doc);
        *count = c->offsets[doc + 1] - c->offsets[doc];
        return c->list + c->offsets[doc];
    case FACET_COLUMN_SPARSE:
        while (first < end) {
            uint32_t middle = first + (end - first) / 2;
            if (c->docs[middle] < doc)
                first = middle + 1;
            else
                end = middle;
        }
        while (first + *count < c->list_count && c->docs[first + *count] == doc)
            ++*count;
        return c->list + first;
    default:
        return one;
    }
    *count = *one != FACET_NONE;
    return one;
}

int64_t number_cell_of_double(double value)
{
    int64_t bits;
    if (value == 0)
        value = 0;
    memcpy(&bits, &value, sizeof(bits));
    if (bits == INT64_MIN) /* -0 */
        return 0;
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double double_of_cell(int64_t cell)
{
    int64_t bits = cell < 0 ? cell ^ INT64_MAX : cell;
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

double number_as_double(const struct number_column *c, int64_t cell)
{
    if (!number_fits(cell))
        return NAN;
    return c->is_double ? double_of_cell(cell) : decimal_to_double(cell, c->scale);
}

/* "true" or "false". */
static bool flag_of_text(struct str text, int64_t *cell)
{
    bool yes = str_equal(text, STR("true"));

    if (!yes && !str_equal(text, STR("false")))
        return false;
    *cell = yes ? NUMBER_TRUE : NUMBER_FALSE;
    return true;
}

bool number_cell_of_text(const struct number_column *c, struct str text, int64_t *cell)
{
    if (flag_of_text(text, cell))
        return true;
    if (c->is_double) {
        double value;
        if (!number_parse_double(text, &value) || !isfinite(value))
            return false;
        *cell = number_cell_of_double(value);
        return true;
    }
    struct decimal d;
    return decimal_parse(text, &d) && decimal_rescale(d, c->scale, cell) && number_fits(*cell);
}

void number_write(const struct number_column *c, int64_t cell, struct buf *out)
{
    if (cell == NUMBER_MISSING)
        return;
    if (number_is_flag(cell))
        buf_append_str(out, cell == NUMBER_TRUE ? STR("true") : STR("false"));
    else if (c->is_double)
        json_write_double(out, double_of_cell(cell));
    else
        decimal_write(out, cell, c->scale);
}

struct json number_json(const struct number_column *c, int64_t cell, struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    struct json out;

    if (number_is_flag(cell))
        return json_of_bool(cell == NUMBER_TRUE);
    number_write(c, cell, &text);
    out = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return out;
}

/* --- ranges --- */

/* The largest cell <= bound and the smallest >= bound; they are the same when the bound is a cell. Outside the column's
 * range they are the range's ends, with *below or *above telling on which side the bound lies. */
struct bracket {
    int64_t floor, ceil;
    bool below, above;
};

#define CELL_LOW  (NUMBER_TRUE + 1)
#define CELL_HIGH INT64_MAX

static bool bracket_double(struct str bound, struct bracket *out)
{
    double value;
    if (!number_parse_double(bound, &value) || isnan(value))
        return false;
    out->below = isinf(value) && value < 0;
    out->above = isinf(value) && value > 0;
    out->floor = out->ceil = isinf(value) ? 0 : number_cell_of_double(value);
    return true;
}

static bool bracket_units(const struct number_column *c, struct str bound, struct bracket *out)
{
    struct decimal d;
    double value;
    if (!number_parse_double(bound, &value))
        return false;
    if (decimal_parse(bound, &d)) {
        if (decimal_rescale(d, c->scale, &out->floor) && number_fits(out->floor)) {
            out->ceil = out->floor;
            return true;
        }
        if (d.scale > c->scale) { /* more digits than the column has: between two cells */
            int64_t divisor = 1;
            for (unsigned i = c->scale; i < d.scale; i++)
                divisor *= 10;
            out->floor = d.units / divisor - (d.units < 0);
            out->ceil = out->floor + 1;
            return true;
        }
    }
    /* Beyond int64, or with more digits than a decimal holds. */
    long double units = (long double)value * powl(10, c->scale);
    out->below = units < (long double)CELL_LOW;
    out->above = units > (long double)CELL_HIGH;
    if (!out->below && !out->above) {
        out->floor = (int64_t)floorl(units);
        out->ceil = out->floor + 1;
    }
    return true;
}

bool number_range_of(const struct number_column *c, const char *op, struct str bound, int64_t *low, int64_t *high)
{
    struct bracket b = {0};
    *low = CELL_LOW;
    *high = CELL_HIGH;
    if (c->kind != NUMBER_COLUMN_NONE && flag_of_text(bound, low)) {
        *high = *low;
        return strcmp(op, "=") == 0;
    }
    if (c->kind == NUMBER_COLUMN_NONE || !(c->is_double ? bracket_double(bound, &b) : bracket_units(c, bound, &b)))
        return false;
    bool outside = b.below || b.above;
    if (strcmp(op, "=") == 0) {
        *low = *high = b.floor;
        return !outside && b.floor == b.ceil;
    }
    if (op[0] == '<') {
        if (outside)
            return b.above;
        *high = op[1] ? b.floor : b.ceil - 1;
    } else {
        if (outside)
            return b.below;
        if (!op[1] && b.floor == CELL_HIGH)
            return false;
        *low = op[1] ? b.ceil : b.floor + 1;
    }
    return *low <= *high;
}
