#include <math.h>
#include <stddef.h>

#include "bench/relevance/tuning_internal.h"
#include "indexer/base/number.h"

/* Numbers in the settings that ranking depends on, which a document need not have. Others can be named with a range. */
static const struct {
    const char *key;
    double low, high;
    size_t real; /* where struct settings has it as a float; 0: as min_hits */
} known[] = {
    {"k1", .1, 4, offsetof(struct settings, k1)},
    {"b", 0, 1, offsetof(struct settings, b)},
    {"priorWeight", 0, 1, offsetof(struct settings, prior_weight)},
    {"synonymWeight", 0, 1, offsetof(struct settings, synonym_weight)},
    {"minHits", 1, 1000, 0},
};

static void add(struct tuning *t, struct tunable tunable)
{
    if (t->tunable_count < TUNING_PARAMETERS)
        t->tunables[t->tunable_count++] = tunable;
}

/* The weight is what stands behind the last '^'. */
static void add_fields(struct tuning *t, const struct settings *settings)
{
    const struct json *list = json_get(&settings->source, "searchableAttributes");
    for (size_t i = 0; i < settings->field_count; i++) {
        const struct search_field *f = &settings->fields[i];
        struct str text = f->name;
        if (list && list->type == JSON_ARRAY && list->count == settings->field_count &&
            list->items[i].type == JSON_STRING) {
            text = list->items[i].text;
            for (size_t at = text.size; at > 0; at--) {
                if (text.data[at - 1] == '^') {
                    text = str_slice(text, 0, at - 1);
                    break;
                }
            }
        }
        struct tunable tunable = {.field = (int)i, .low = .05, .high = 20};
        tunable.start = round((double)f->weight * 1e6) / 1e6;
        tunable.key = arena_copy(&t->arena, text).data;
        tunable.name = arena_printf(&t->arena, "weight of %s", tunable.key).data;
        add(t, tunable);
    }
}

/* "k1" or "k1=0.2..3" */
static enum status add_named(struct tuning *t, const struct settings *settings, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    struct str name = equals ? (struct str){text, (size_t)(equals - text)} : str_from(text);
    struct tunable tunable = {.field = -1, .key = arena_copy(&t->arena, name).data};
    bool found = false;
    tunable.name = tunable.key;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (!str_equal(name, str_from(known[i].key)))
            continue;
        tunable.low = known[i].low;
        tunable.high = known[i].high;
        tunable.whole = known[i].real == 0;
        tunable.start = known[i].real ? (double)*(const float *)((const char *)settings + known[i].real)
                                      : (double)settings->min_hits;
        found = true;
    }
    if (equals) {
        struct str range = str_from(equals + 1);
        size_t dots = str_find(range, STR(".."));
        if (dots == SIZE_MAX || !number_parse_double(str_slice(range, 0, dots), &tunable.low) ||
            !number_parse_double(str_slice(range, dots + 2, range.size), &tunable.high) || tunable.low >= tunable.high)
            return error_set(err, STATUS_INPUT, "'%s': a range is LOW..HIGH, such as k1=0.2..3", text);
    } else if (!found) {
        return error_set(err, STATUS_INPUT,
                         "'%s' has no range: weights, k1, b, priorWeight, synonymWeight and minHits have; for others "
                         "write NAME=LOW..HIGH",
                         text);
    }
    if (!found && !json_double(json_get(&settings->source, tunable.key), &tunable.start))
        return error_set(err, STATUS_INPUT, "the settings have no number '%s'", tunable.key);
    tunable.start = round(tunable.start * 1e6) / 1e6; /* floats have more digits than were written */
    add(t, tunable);
    return STATUS_OK;
}

/* What cannot change anything is left out: without synonyms their weight, without customRanking the prior's. */
static bool matters(const struct settings *s, const char *key)
{
    if (strcmp(key, "synonymWeight") == 0)
        return s->synonym_count > 0;
    return strcmp(key, "priorWeight") != 0 || s->custom_ranking_count > 0;
}

enum status tuning_parameters(struct tuning *t, const struct settings *settings, const struct option_list *wanted,
                              struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < wanted->count && status == STATUS_OK; i++) {
        if (strcmp(wanted->items[i], "weights") == 0)
            add_fields(t, settings);
        else
            status = add_named(t, settings, wanted->items[i], err);
    }
    if (wanted->count == 0) {
        add_fields(t, settings);
        for (size_t i = 0; i < sizeof(known) / sizeof(*known) && status == STATUS_OK; i++) {
            if (matters(settings, known[i].key))
                status = add_named(t, settings, known[i].key, err);
        }
    }
    if (status == STATUS_OK && t->tunable_count == 0)
        status = error_set(err, STATUS_INPUT, "there is nothing to tune");
    return status;
}

void tuning_settings(const struct tuning *t, const double *values, bool changed, struct buf *out)
{
    bool first = true;
    bool fields = false;
    bool any_field = false;
    buf_append_char(out, '{');
    for (size_t i = 0; i < t->tunable_count; i++) {
        any_field = any_field || t->tunables[i].field >= 0;
        fields = fields || (t->tunables[i].field >= 0 && values[i] != t->tunables[i].start);
    }
    for (size_t i = 0; i < t->tunable_count; i++) {
        if (t->tunables[i].field >= 0 || (changed && values[i] == t->tunables[i].start))
            continue;
        buf_printf(out, "%s\"%s\": %.6g", first ? "" : ", ", t->tunables[i].key, values[i]);
        first = false;
    }
    if (any_field && (fields || !changed)) {
        buf_printf(out, "%s\"searchableAttributes\": [", first ? "" : ", ");
        for (size_t i = 0, shown = 0; i < t->tunable_count; i++) {
            struct buf entry = BUF_EMPTY;
            if (t->tunables[i].field < 0)
                continue;
            buf_printf(&entry, "%s^%.4g", t->tunables[i].key, values[i]);
            buf_printf(out, "%s", shown++ ? ", " : "");
            json_write_string(out, buf_str(&entry));
            buf_release(&entry);
        }
        buf_append_char(out, ']');
    }
    buf_append_char(out, '}');
}
