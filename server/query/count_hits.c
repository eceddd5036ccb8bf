#include "server/query/count_hits.h"

enum status search_count_hits(const struct snapshot *snapshot, struct str query, uint64_t *products, struct error *err)
{
    struct arena arena;
    struct search_request request;
    struct search_result result = {0};
    struct json params = {.type = JSON_OBJECT};
    struct searcher *searcher = searcher_new();
    struct search_context context = {searcher, snapshot, &arena};
    arena_init(&arena, 0);
    (void)!json_object_set(&params, STR("query"), json_of_str(query), &arena);
    (void)!json_object_set(&params, STR("distinct"), json_of_bool(true), &arena);
    (void)!json_object_set(&params, STR("hitsPerPage"), json_of_i64(1, &arena), &arena);
    enum status status = search_request_parse(&request, &params, snapshot->settings, &arena, err);
    if (status == STATUS_OK) {
        status = search_run(&context, &request, 1, &result, err);
    }
    *products = result.total;
    arena_release(&arena);
    searcher_free(searcher);
    return status;
}
