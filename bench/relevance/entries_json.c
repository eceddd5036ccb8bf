/* JSON: bodies and answers of Elasticsearch's _rank_eval, and plain objects. Places in errors are paths, since a JSON
 * file may be one line. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "bench/relevance/entries_internal.h"
#include "indexer/base/json.h"

/* A document's id and number, wherever they stand. */
static enum status take(struct entries *out, const struct entries_source *source, struct str query, struct str doc,
                        const struct json *number, struct error *err)
{
    double value = -(double)out->list.count;
    struct str text;
    if (source->options->kind == ENTRIES_JUDGMENTS) {
        bool scalar = number && (number->type == JSON_NUMBER || number->type == JSON_STRING);
        text = scalar ? number->text : STR("");
        enum status status = entries_grade(source->options, text, &value, err);
        if (status != STATUS_OK)
            return status;
    } else if (number && !json_double(number, &value)) {
        return error_set(err, STATUS_INPUT, "document '" STR_FMT "' has a score that is no number", STR_ARG(doc));
    }
    if (query.size == 0 || doc.size == 0 || memchr(query.data, 0, query.size) || memchr(doc.data, 0, doc.size))
        return error_set(err, STATUS_INPUT, "a query or document is empty or holds U+0000");
    entries_add(out, query, doc, value);
    return STATUS_OK;
}

/* {"id": "q", "ratings": [{"_id": "d", "rating": 2}]} */
static enum status take_request(struct entries *out, const struct entries_source *source, const struct json *request,
                                struct error *err)
{
    const struct json *ratings = json_get(request, "ratings");
    struct str query;
    if (!json_string(json_get(request, "id"), &query))
        return error_set(err, STATUS_INPUT, "'id' is missing or no string");
    if (!ratings || ratings->type != JSON_ARRAY)
        return error_set(err, STATUS_INPUT, "'ratings' is missing or no array");
    for (uint32_t i = 0; i < ratings->count; i++) {
        struct str doc;
        enum status status = STATUS_INPUT;
        if (!json_string(json_get(&ratings->items[i], "_id"), &doc))
            error_set(err, STATUS_INPUT, "'_id' is missing or no string");
        else
            status = take(out, source, query, doc, json_get(&ratings->items[i], "rating"), err);
        if (status != STATUS_OK) {
            error_prefix(err, "ratings[%" PRIu32 "]", i);
            return status;
        }
    }
    return STATUS_OK;
}

/* {"hits": [{"hit": {"_id": "d", "_score": 1.5}, "rating": 2}]}: a run's hits, or the judgments among them. */
static enum status take_detail(struct entries *out, const struct entries_source *source, struct str query,
                               const struct json *detail, struct error *err)
{
    const struct json *hits = json_get(detail, "hits");
    bool run = source->options->kind == ENTRIES_RUN;
    if (!hits || hits->type != JSON_ARRAY)
        return error_set(err, STATUS_INPUT, "'hits' is missing or no array");
    for (uint32_t i = 0; i < hits->count; i++) {
        const struct json *hit = json_get(&hits->items[i], "hit");
        const struct json *number = run ? json_get(hit, "_score") : json_get(&hits->items[i], "rating");
        struct str doc;
        enum status status = STATUS_OK;
        if (!json_string(json_get(hit, "_id"), &doc))
            status = error_set(err, STATUS_INPUT, "'hit._id' is missing or no string");
        else if (run || (number && number->type != JSON_NULL))
            status = take(out, source, query, doc, number && number->type == JSON_NULL ? NULL : number, err);
        if (status != STATUS_OK) {
            error_prefix(err, "hits[%" PRIu32 "]", i);
            return status;
        }
    }
    return STATUS_OK;
}

/* {"document": 2, ...}, or for a run ["first", "second", ...]. */
static enum status take_plain(struct entries *out, const struct entries_source *source, struct str query,
                              const struct json *docs, struct error *err)
{
    enum status status = STATUS_OK;
    bool list = docs->type == JSON_ARRAY && source->options->kind == ENTRIES_RUN;
    if (!list && docs->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "must be an object of documents");
    for (uint32_t i = 0; i < docs->count && status == STATUS_OK; i++) {
        struct str doc;
        if (!list)
            status = take(out, source, query, docs->members[i].name, &docs->members[i].value, err);
        else if (json_string(&docs->items[i], &doc))
            status = take(out, source, query, doc, NULL, err);
        else
            status = error_set(err, STATUS_INPUT, "document %" PRIu32 " is no string", i);
    }
    return status;
}

static enum status take_root(struct entries *out, const struct entries_source *source, const struct json *root,
                             struct error *err)
{
    const struct json *requests = json_get(root, "requests");
    const struct json *details = json_get(root, "details");
    enum status status = STATUS_OK;
    if (root->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "must be an object");
    if (requests && requests->type == JSON_ARRAY) {
        for (uint32_t i = 0; i < requests->count && status == STATUS_OK; i++) {
            status = take_request(out, source, &requests->items[i], err);
            if (status != STATUS_OK)
                error_prefix(err, "requests[%" PRIu32 "]", i);
        }
        return status;
    }
    const struct json *queries = details && details->type == JSON_OBJECT ? details : root;
    for (uint32_t i = 0; i < queries->count && status == STATUS_OK; i++) {
        struct str query = queries->members[i].name;
        const struct json *value = &queries->members[i].value;
        status = queries == details ? take_detail(out, source, query, value, err)
                                    : take_plain(out, source, query, value, err);
        if (status != STATUS_OK)
            error_prefix(err, "'" STR_FMT "'", STR_ARG(query));
    }
    return status;
}

enum status entries_json(struct entries *out, const struct entries_source *source, struct error *err)
{
    struct arena arena;
    struct json root;
    arena_init(&arena, 0);
    enum status status = json_parse(source->text, &arena, &root, err);
    if (status == STATUS_OK)
        status = take_root(out, source, &root, err);
    if (status != STATUS_OK)
        error_prefix(err, "%s", source->name);
    arena_release(&arena);
    return status;
}
