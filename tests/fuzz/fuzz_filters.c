/* Any bytes as a `filters` string, and as facetFilters and numericFilters: a filter within the limits, or an error that
 * says something. Links: aisle_query */
#include <stdlib.h>

#include "server/query/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t check(const struct filter *f, int depth)
{
    size_t conditions = 0;

    require(depth <= 4 * FILTER_DEPTH + 4);
    if (f->kind == FILTER_FACET || f->kind == FILTER_NUMBER) {
        require(f->child_count == 0);
        require(f->kind == FILTER_FACET || (filter_op_known(f->op) && filter_is_number(f->value)));
        return 1;
    }
    require(f->kind == FILTER_AND || f->kind == FILTER_OR || f->kind == FILTER_NOT);
    require(f->kind != FILTER_NOT || f->child_count == 1);
    for (size_t i = 0; i < f->child_count; i++)
        conditions += check(&f->children[i], depth + 1);
    return conditions;
}

static void outcome(enum status status, const struct filter *f, const struct error *err)
{
    if (status == STATUS_OK)
        require(!f || check(f, 0) <= 2 * FILTERS_LIMIT);
    else
        require((status == STATUS_INPUT || status == STATUS_LIMIT) && err->message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum filter_list lists[] = {FILTER_LIST_FACET, FILTER_LIST_TAG, FILTER_LIST_NUMBER};
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct error err = {0};
    const struct filter *f = NULL;
    struct json json;

    arena_init(&arena, 8 << 20);
    enum status parsed = filter_parse(&f, text, &arena, &err);
    outcome(parsed, f, &err);
    for (size_t i = 0; i < 3; i++) {
        enum status status;
        arena_reset(&arena);
        json = json_of_str(text);
        f = NULL;
        status = filter_of_json(&f, &json, lists[i], &arena, &err);
        outcome(status, f, &err);
        if (json_parse(text, &arena, &json, &err) != STATUS_OK)
            continue;
        f = NULL;
        status = filter_of_json(&f, &json, lists[i], &arena, &err);
        outcome(status, f, &err);
    }
    arena_release(&arena);
    return 0;
}
