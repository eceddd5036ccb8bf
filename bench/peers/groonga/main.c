/*
 * Groonga in process, for bench/peers: `build FEED_DIR DB` and `serve DB`. A column store with a patricia trie of
 * words; facets are drilldowns over reference columns. Its score is the weighted frequency, which is cheaper than BM25.
 */
#include <groonga.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/driver.h"

struct peer {
    grn_ctx ctx;
    char command[65536];
    size_t size, added;
};

static const char *const SCHEMA[] = {
    "table_create Words TABLE_PAT_KEY ShortText --default_tokenizer TokenDelimit",
    "table_create Facets TABLE_PAT_KEY ShortText",
    "table_create Levels TABLE_PAT_KEY ShortText",
    "table_create Prices TABLE_PAT_KEY Int64",
    "table_create Products TABLE_NO_KEY",
    "column_create Products id COLUMN_SCALAR Int64",
    "column_create Products title COLUMN_SCALAR ShortText",
    "column_create Products description COLUMN_SCALAR Text",
    "column_create Products levels COLUMN_VECTOR Levels",
    "column_create Products brand COLUMN_SCALAR Facets",
    "column_create Products category COLUMN_SCALAR Facets",
    "column_create Products color COLUMN_SCALAR Facets",
    "column_create Products size COLUMN_SCALAR Facets",
    "column_create Products material COLUMN_SCALAR Facets",
    "column_create Products price COLUMN_SCALAR Int64",
    "column_create Products popularity COLUMN_SCALAR Int64",
};

/* Made when the products are in: an index is then built at once. */
static const char *const INDEXES[] = {
    "column_create Words title COLUMN_INDEX Products title",
    "column_create Words description COLUMN_INDEX Products description",
    "column_create Levels levels COLUMN_INDEX Products levels",
    "column_create Facets brand COLUMN_INDEX Products brand",
    "column_create Prices price COLUMN_INDEX Products price",
};

static void begin(struct peer *p)
{
    p->size = 0;
    p->command[0] = 0;
}

__attribute__((format(printf, 2, 3))) static void add_text(struct peer *p, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(p->command + p->size, sizeof(p->command) - p->size, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof(p->command) - p->size)
        driver_fail("a command is too long");
    p->size += (size_t)n;
}

/* The answer is valid until the next call; it is not terminated. */
static const char *send_command(struct peer *p, const char *command, size_t size, unsigned *answer_size)
{
    char *answer = NULL;
    int flags = 0;

    (void)grn_ctx_send(&p->ctx, command, (unsigned)size, 0);
    (void)grn_ctx_recv(&p->ctx, &answer, answer_size, &flags);
    if (p->ctx.rc != GRN_SUCCESS)
        driver_fail("Groonga: %s", p->ctx.errbuf);
    return answer;
}

static void run_all(struct peer *p, const char *const *commands, size_t count)
{
    unsigned size;

    for (size_t i = 0; i < count; i++)
        (void)send_command(p, commands[i], strlen(commands[i]), &size);
}

/* --- indexing --- */

static void add(void *peer, const struct driver_product *product)
{
    struct peer *p = peer;
    const char *values[DRIVER_FACETS];
    unsigned size;

    driver_facet_values(product, values);
    begin(p);
    add_text(p,
             "%s{\"id\":%lld,\"title\":\"%s\",\"description\":\"%s\",\"price\":%lld,\"popularity\":%lld,\"levels\":[",
             p->added++ ? "," : "[", strtoll(product->id + 1, NULL, 10), product->title, product->description,
             (long long)product->price_cents, (long long)product->popularity);
    for (int i = 0; i < DRIVER_LEVELS && product->levels[i]; i++)
        add_text(p, "%s\"%s\"", i ? "," : "", product->levels[i]);
    add_text(p, "]");
    for (int f = 0; f < DRIVER_FACETS; f++) {
        if (*values[f])
            add_text(p, ",\"%s\":\"%s\"", driver_facet_names[f], values[f]);
    }
    add_text(p, "}");
    (void)send_command(p, p->command, p->size, &size);
}

static void build(struct peer *p, const char *feed, const char *path)
{
    unsigned size;

    if (!grn_db_create(&p->ctx, path, NULL))
        driver_fail("Groonga: %s", p->ctx.errbuf);
    run_all(p, SCHEMA, sizeof(SCHEMA) / sizeof(SCHEMA[0]));
    (void)send_command(p, "load --table Products", 21, &size);
    (void)driver_products(feed, p, add);
    (void)send_command(p, "]", 1, &size);
    run_all(p, INDEXES, sizeof(INDEXES) / sizeof(INDEXES[0]));
}

/* --- searches --- */

static void add_filters(struct peer *p, const struct driver_query *q)
{
    const char *joint = " --filter '";

    if (*q->category) {
        add_text(p, "%slevels @ \"%s\"", joint, q->category);
        joint = " && ";
    }
    if (*q->brand) {
        add_text(p, "%sbrand == \"%s\"", joint, q->brand);
        joint = " && ";
    }
    if (q->low_cents >= 0) {
        add_text(p, "%sbetween(price, %lld, \"include\", %lld, \"include\")", joint, (long long)q->low_cents,
                 (long long)q->high_cents);
        joint = " && ";
    }
    if (*joint == ' ' && joint[1] == '&')
        add_text(p, "'");
}

static void make_select(struct peer *p, const struct driver_mode *mode, const struct driver_query *q)
{
    begin(p);
    add_text(p, "select Products --limit %u --output_columns id --sort_keys %s", mode->top,
             mode->popularity || !q->word_count ? "-popularity" : "-_score");
    if (q->word_count) {
        add_text(p, " --match_columns 'title * 3 || description' --query '");
        for (size_t i = 0; i < q->word_count; i++)
            add_text(p, "%s%s%s",
                     i == 0      ? ""
                     : mode->any ? " OR "
                                 : " ",
                     q->words[i], mode->prefix && i + 1 == q->word_count ? "*" : "");
        add_text(p, "'");
    }
    add_filters(p, q);
    if (mode->facets)
        add_text(p,
                 " --drilldown brand,category,color,size,material --drilldown_sort_keys -_nsubrecs"
                 " --drilldown_limit %d --drilldown_output_columns _nsubrecs",
                 DRIVER_FACET_VALUES);
}

/* [[[N],[columns],[id],...],[[N],[columns],[count],...],...]: N of the first set is the total, the rows of the others
 * are counts. */
static void read_answer(const char *s, size_t size, const struct driver_mode *mode, struct driver_answer *answer)
{
    uint64_t sums[DRIVER_FACETS + 1] = {0};
    int depth = 0, set = -1, row = -1;

    for (size_t i = 0; i < size; i++) {
        if (s[i] == '[') {
            depth++;
            set += depth == 2;
            row = depth == 2 ? -1 : row + (depth == 3);
        } else if (s[i] == ']') {
            depth--;
        } else if (s[i] == '"') {
            while (++i < size && s[i] != '"')
                i += s[i] == '\\';
        } else if (depth == 3 && s[i] >= '0' && s[i] <= '9' && set >= 0 && set <= DRIVER_FACETS) {
            uint64_t value = 0;
            for (; i < size && s[i] >= '0' && s[i] <= '9'; i++)
                value = value * 10 + (uint64_t)(s[i] - '0');
            i--;
            if (set == 0 && row == 0 && mode->total)
                answer->hits = (int64_t)value;
            answer->top_count += set == 0 && row >= 2;
            if (set > 0 && row >= 2)
                sums[set] += value;
        }
    }
    for (unsigned f = 0; mode->facets && f < DRIVER_FACETS; f++)
        driver_facet(answer, f, sums[f + 1]);
}

static void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    struct peer *p = peer;
    unsigned size = 0;

    if (mode->suggest || mode->typo)
        driver_fail("there is no such search");
    make_select(p, mode, q);
    const char *text = send_command(p, p->command, p->size, &size);
    read_answer(text, size, mode, answer);
}

int main(int argc, char **argv)
{
    static struct peer p;
    bool building = argc == 4 && strcmp(argv[1], "build") == 0;
    unsigned size;
    int code = 0;

    if (!building && (argc != 3 || strcmp(argv[1], "serve") != 0))
        driver_fail("usage: groonga-driver build FEED_DIR DB | groonga-driver serve DB");
    if (grn_init() != GRN_SUCCESS || grn_ctx_init(&p.ctx, 0) != GRN_SUCCESS)
        driver_fail("Groonga does not start");
    if (building) {
        build(&p, argv[2], argv[3]);
    } else {
        if (!grn_db_open(&p.ctx, argv[2]))
            driver_fail("Groonga: %s", p.ctx.errbuf);
        (void)send_command(&p, "cache_limit 0", 13, &size);
        fprintf(stderr, "groonga: version %s\n", grn_get_version());
        code = driver_serve(&p, run);
    }
    grn_ctx_fin(&p.ctx);
    (void)grn_fin();
    return code;
}
