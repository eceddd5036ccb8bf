/* aisle-eval judge: what people should rate next, their ratings taken in, and how far they agree. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/agreement.h"
#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/configuration.h"
#include "bench/relevance/evaluation.h"
#include "indexer/base/significance.h"

struct judge {
    struct configuration configuration;
    struct common_options common;
    const char *format;
    int64_t depth;
};

static enum status parse_options(struct judge *j, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[CONFIGURATION_ROWS + 2 + COMMON_ROWS];
    size_t used = configuration_rows(&j->configuration, rows);
    const struct option_row own[] = {
        {"depth", OPTION_INT, &j->depth, "N", 1, 1000, NULL, "results of each run that are pooled"},
        {"format", OPTION_CHOICE, &j->format, NULL, 0, 0, "trec|csv", "of merged judgments"},
    };
    memcpy(rows + used, own, sizeof(own));
    used = common_options_rows(&j->common, COMMON_QUERIES | COMMON_GRADES | COMMON_SEED | COMMON_OUTPUT, rows,
                               used + sizeof(own) / sizeof(*own));
    const struct options options = {
        "aisle-eval judge pool QRELS RUN... | judge merge QRELS RATED... | judge agree RATED RATED",
        "pool writes the unjudged documents among the first results of several runs as CSV, in an order that tells "
        "nothing; --data or --server add titles. Fill the column rating. merge adds rated files to judgments, a later "
        "rating wins. agree tells Cohen's kappa of two raters. For pool, QRELS may be - for none.",
        rows, used};
    j->depth = 10;
    j->format = "trec";
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && *count < 3)
        status = error_set(err, STATUS_INPUT, "what to do (pool, merge, agree) and two files are needed");
    return status;
}

static enum status read_entries(struct entries *out, const struct judge *j, const char *path, enum entries_kind kind,
                                struct error *err)
{
    struct entries_options options = {kind, NULL, j->common.grades};
    return entries_read(out, path, &options, err);
}

/* ---- pool ---- */

static bool is_judged(const struct entries *judgments, const char *query, const char *doc)
{
    const struct entries_query *q = entries_find(judgments, query);
    for (size_t i = 0; q && i < q->count; i++) {
        if (strcmp(q->items[i].doc, doc) == 0)
            return q->items[i].value >= 0;
    }
    return false;
}

static void pool_run(const struct judge *j, const struct entries *judgments, const struct entries *run,
                     struct entries *pool)
{
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < run->queries.count; i++) {
        const struct entries_query *q = &run->queries.items[i];
        const struct entry **order = ranking_order(q, &arena);
        for (size_t k = 0; k < q->count && k < (size_t)j->depth; k++) {
            if (!is_judged(judgments, q->id, order[k]->doc))
                entries_add(pool, str_from(q->id), str_from(order[k]->doc), 0);
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static struct str text_of(const struct queries *queries, const char *id)
{
    for (size_t i = 0; i < queries->list.count; i++) {
        if (strcmp(queries->list.items[i].id, id) == 0)
            return queries->list.items[i].text;
    }
    return str_from(id);
}

static void write_pool(const struct judge *j, const struct entries *pool, const struct queries *queries,
                       struct target *target, struct buf *out)
{
    struct dice dice = {(uint64_t)j->common.seed};
    struct arena arena;
    arena_init(&arena, 0);
    buf_literal(out, "query_id,query,docid,title,rating\n");
    for (size_t i = 0; i < pool->queries.count; i++) {
        const struct entries_query *q = &pool->queries.items[i];
        const char **docs = arena_alloc(&arena, (q->count + 1) * sizeof(*docs));
        size_t count = 0;
        for (size_t k = 0; k < q->count; k++) {
            if (k == 0 || strcmp(q->items[k].doc, q->items[k - 1].doc) != 0)
                docs[count++] = q->items[k].doc;
        }
        for (size_t left = count; left > 0; left--) {
            size_t at = dice_below(&dice, left);
            const char *title = target ? target_title(target, docs[at], &arena) : NULL;
            csv_write_cell(out, str_from(q->id));
            buf_append_char(out, ',');
            csv_write_cell(out, text_of(queries, q->id));
            buf_append_char(out, ',');
            csv_write_cell(out, str_from(docs[at]));
            buf_append_char(out, ',');
            csv_write_cell(out, str_from(title ? title : ""));
            buf_literal(out, ",\n");
            docs[at] = docs[left - 1];
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static enum status pool(const struct judge *j, char **paths, int count, struct buf *out, struct error *err)
{
    struct entries judgments;
    struct entries pooled;
    struct queries queries = {0};
    struct opened opened = {0};
    enum status status = STATUS_OK;
    entries_init(&judgments);
    entries_init(&pooled);
    if (strcmp(paths[0], "-") != 0)
        status = read_entries(&judgments, j, paths[0], ENTRIES_JUDGMENTS, err);
    for (int i = 1; i < count && status == STATUS_OK; i++) {
        struct entries run;
        status = read_entries(&run, j, paths[i], ENTRIES_RUN, err);
        if (status == STATUS_OK)
            pool_run(j, &judgments, &run, &pooled);
        entries_release(&run);
    }
    if (status == STATUS_OK && j->common.queries)
        status = queries_read(&queries, j->common.queries, QUERIES_LISTED, err);
    bool placed = j->configuration.target.server || j->configuration.target.data || j->configuration.target.candidate;
    if (status == STATUS_OK && placed)
        status = configuration_open(&opened, &j->configuration, err);
    if (status == STATUS_OK) {
        entries_sort(&pooled);
        write_pool(j, &pooled, &queries, opened.target, out);
    }
    configuration_close(&opened);
    queries_release(&queries);
    entries_release(&pooled);
    entries_release(&judgments);
    return status;
}

/* ---- merge ---- */

struct rating {
    struct entry entry;
    int source;
};

static int by_entry(const void *a, const void *b)
{
    const struct rating *x = a;
    const struct rating *y = b;
    int order = strcmp(x->entry.query, y->entry.query);
    order = order ? order : strcmp(x->entry.doc, y->entry.doc);
    return order ? order : x->source - y->source;
}

static enum status merge(const struct judge *j, char **paths, int count, struct buf *out, struct error *err)
{
    struct entries *files = xcalloc((size_t)count, sizeof(*files));
    VEC(struct rating) all = {0};
    enum status status = STATUS_OK;
    bool csv = strcmp(j->format, "csv") == 0;
    for (int i = 0; i < count; i++)
        entries_init(&files[i]);
    for (int i = 0; i < count && status == STATUS_OK; i++) {
        status = read_entries(&files[i], j, paths[i], ENTRIES_JUDGMENTS, err);
        for (size_t k = 0; k < files[i].list.count && status == STATUS_OK; k++) {
            struct rating rating = {files[i].list.items[k], i};
            vec_push(&all, rating);
        }
    }
    if (all.count)
        qsort(all.items, all.count, sizeof(*all.items), by_entry);
    buf_printf(out, "%s", csv ? "query,docid,rating\n" : "");
    for (size_t i = 0; i < all.count && status == STATUS_OK; i++) {
        const struct entry *e = &all.items[i].entry;
        if (i + 1 < all.count && strcmp(all.items[i + 1].entry.query, e->query) == 0 &&
            strcmp(all.items[i + 1].entry.doc, e->doc) == 0)
            continue;
        if (!csv && (strpbrk(e->query, " \t\r\n\v\f") || strpbrk(e->doc, " \t\r\n\v\f"))) {
            status =
                error_set(err, STATUS_INPUT, "'%s' or '%s' holds a space, which a TREC file cannot: use --format csv",
                          e->query, e->doc);
            continue;
        }
        csv ? csv_write_cell(out, str_from(e->query)) : buf_printf(out, "%s 0 ", e->query);
        buf_printf(out, "%s", csv ? "," : "");
        csv ? csv_write_cell(out, str_from(e->doc)) : buf_printf(out, "%s ", e->doc);
        buf_printf(out, "%s%ld\n", csv ? "," : "", (long)e->value);
    }
    vec_release(&all);
    for (int i = 0; i < count; i++)
        entries_release(&files[i]);
    free(files);
    return status;
}

/* ---- agree ---- */

static enum status agree(const struct judge *j, char **paths, struct buf *out, struct error *err)
{
    struct entries first;
    struct entries second;
    struct agreement agreement;
    entries_init(&second);
    enum status status = read_entries(&first, j, paths[0], ENTRIES_JUDGMENTS, err);
    if (status == STATUS_OK)
        status = read_entries(&second, j, paths[1], ENTRIES_JUDGMENTS, err);
    if (status == STATUS_OK)
        status = agreement_make(&agreement, &first, &second, err);
    if (status == STATUS_OK)
        agreement_write(&agreement, out);
    entries_release(&second);
    entries_release(&first);
    return status;
}

int command_judge(int argc, char **argv)
{
    struct judge judge = {0};
    struct error err = {0};
    struct buf out = BUF_EMPTY;
    int count = 0;
    int code = 2;
    enum status status = parse_options(&judge, argc, argv, &count, &err);
    if (status == STATUS_OK) {
        code = 3;
        if (strcmp(argv[1], "pool") == 0)
            status = pool(&judge, argv + 2, count - 1, &out, &err);
        else if (strcmp(argv[1], "merge") == 0)
            status = merge(&judge, argv + 2, count - 1, &out, &err);
        else if (strcmp(argv[1], "agree") == 0 && count == 3)
            status = agree(&judge, argv + 2, &out, &err);
        else
            status = error_set(&err, STATUS_INPUT, "'%s' with %d files: pool, merge, or agree with two files are known",
                               argv[1], count - 1);
    }
    if (status == STATUS_OK)
        status = command_write(judge.common.output, &out, &err);
    buf_release(&out);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-eval judge: %s\n", err.message);
    return code;
}
