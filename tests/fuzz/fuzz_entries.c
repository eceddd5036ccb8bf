/* Any bytes as judgments, as a run and as queries, whatever their format: entries that can be evaluated and queries
 * that have a text, or an error that says something. Links: aisle_relevance */
#include <stdlib.h>

#include "bench/relevance/evaluation.h"
#include "bench/relevance/queries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void evaluate(const struct entries *judgments, const struct entries *run)
{
    static const char *const names[] = {"all_trec", "ndcg_local", "ndcg_exp_hit", "ndcg_judged", "err", "unjudged"};
    struct evaluation_options options = {.ranking = {.level = 1, .depth = -1}, .complete = true};
    struct measure_set set;
    struct evaluation evaluation;
    struct buf out = BUF_EMPTY;
    require(measure_set_make(&set, names, sizeof(names) / sizeof(*names), NULL) == STATUS_OK);
    enum status status = evaluation_make(&evaluation, judgments, run, &set, &options, NULL);
    require(status == STATUS_OK || status == STATUS_INPUT || status == STATUS_NOT_FOUND);
    evaluation_write_trec(&evaluation, true, true, &out);
    evaluation_write_json(&evaluation, true, true, &out);
    evaluation_release(&evaluation);
    measure_set_release(&set);
    buf_release(&out);
}

static void read_queries(struct str text, enum queries_kind kind)
{
    struct queries queries;
    struct error err = {0};
    if (queries_parse(&queries, text, "input", kind, &err) == STATUS_OK) {
        require(queries.list.count > 0);
        queries_merge(&queries);
        for (size_t i = 0; i < queries.list.count; i++)
            require(queries.list.items[i].count >= 0 && queries.list.items[i].id);
    } else {
        require(err.message[0]);
    }
    queries_release(&queries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries[2];
    enum status status[2];
    for (int kind = ENTRIES_JUDGMENTS; kind <= ENTRIES_RUN; kind++) {
        struct entries_options options = {(enum entries_kind)kind, NULL, "Exact=2,Partial=1"};
        struct error err = {0};
        struct str text = {(const char *)data, size};
        status[kind] = entries_parse(&entries[kind], text, "input", &options, &err);
        require(status[kind] == STATUS_OK || err.message[0]);
    }
    /* grades may be high: their levels are counted in memory */
    if (status[0] == STATUS_OK && status[1] == STATUS_OK && entries[0].top_value < 1000)
        evaluate(&entries[0], &entries[1]);
    entries_release(&entries[0]);
    entries_release(&entries[1]);
    read_queries((struct str){(const char *)data, size}, QUERIES_LISTED);
    read_queries((struct str){(const char *)data, size}, QUERIES_LOGGED);
    return 0;
}
