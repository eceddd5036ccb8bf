/*
 * Sphinx for bench/peers: `feed FEED_DIR` writes what its indexer reads, `serve SOCKET` asks its server in SphinxQL.
 * Facet values and category paths are hashes, as its attributes are numbers; 0 is none.
 */
#include <mysql.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/driver.h"

struct peer {
    MYSQL *db;
    char sql[16384];
    size_t size;
};

/* FNV-1a. Of some thousand values two may collide; the comparison of totals and facets would show it. */
static uint32_t hash_of(const char *s)
{
    uint32_t h = 2166136261u;

    if (!*s)
        return 0;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    return h ? h : 1;
}

/* --- the feed --- */

static void add(void *peer, const struct driver_product *p)
{
    const char *values[DRIVER_FACETS];

    (void)peer;
    driver_facet_values(p, values);
    printf("%lld\t%s\t%s\t", strtoll(p->id + 1, NULL, 10), p->title, p->description);
    for (int i = 0; i < DRIVER_LEVELS && p->levels[i]; i++)
        printf("%s%u", i ? "," : "", hash_of(p->levels[i]));
    for (int f = 0; f < DRIVER_FACETS; f++)
        printf("\t%u", hash_of(values[f]));
    printf("\t%lld\t%lld\n", (long long)p->price_cents, (long long)p->popularity);
}

/* --- searches --- */

__attribute__((format(printf, 2, 3))) static void sql(struct peer *p, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(p->sql + p->size, sizeof(p->sql) - p->size, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof(p->sql) - p->size)
        driver_fail("a statement is too long");
    p->size += (size_t)n;
}

static void make_select(struct peer *p, const struct driver_mode *mode, const struct driver_query *q)
{
    const char *joint = " WHERE";

    p->size = 0;
    sql(p, "SELECT id FROM products");
    if (q->word_count) {
        sql(p, " WHERE MATCH('");
        for (size_t i = 0; i < q->word_count; i++)
            sql(p, "%s%s%s",
                i == 0      ? ""
                : mode->any ? " | "
                            : " ",
                q->words[i], mode->prefix && i + 1 == q->word_count ? "*" : "");
        sql(p, "')");
        joint = " AND";
    }
    if (*q->category) {
        sql(p, "%s levels = %u", joint, hash_of(q->category));
        joint = " AND";
    }
    if (*q->brand) {
        sql(p, "%s brand = %u", joint, hash_of(q->brand));
        joint = " AND";
    }
    if (q->low_cents >= 0)
        sql(p, "%s price BETWEEN %lld AND %lld", joint, (long long)q->low_cents, (long long)q->high_cents);
    sql(p, " ORDER BY %s DESC LIMIT %u OPTION ranker=bm25, field_weights=(title=3)%s",
        mode->popularity || !q->word_count ? "popularity" : "weight()", mode->top,
        mode->total ? "" : ", max_matches=10");
    for (int f = 0; mode->facets && f < DRIVER_FACETS; f++)
        sql(p, " FACET %s ORDER BY COUNT(*) DESC LIMIT %d", driver_facet_names[f], DRIVER_FACET_VALUES + 1);
    if (mode->total)
        sql(p, "; SHOW META LIKE 'total_found'");
}

/* The counts of the ten most frequent values; products without one are no value. */
static uint64_t facet_sum(MYSQL_RES *rows)
{
    uint64_t sum = 0;
    MYSQL_ROW row;

    for (int n = 0; n < DRIVER_FACET_VALUES && (row = mysql_fetch_row(rows));) {
        if (strcmp(row[0], "0") == 0)
            continue;
        sum += strtoull(row[1], NULL, 10);
        n++;
    }
    return sum;
}

static void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    struct peer *p = peer;
    unsigned facets = mode->facets ? DRIVER_FACETS : 0, set = 0;
    int more;

    if (mode->suggest || mode->typo)
        driver_fail("there is no such search");
    make_select(p, mode, q);
    if (mysql_real_query(p->db, p->sql, p->size) != 0)
        driver_fail("Sphinx: %s: %s", mysql_error(p->db), p->sql);
    do {
        MYSQL_RES *rows = mysql_store_result(p->db);
        if (!rows)
            driver_fail("Sphinx: %s: %s", mysql_error(p->db), p->sql);
        if (set == 0) {
            answer->top_count = mysql_num_rows(rows);
        } else if (set <= facets) {
            driver_facet(answer, set - 1, facet_sum(rows));
        } else {
            MYSQL_ROW row = mysql_fetch_row(rows);
            answer->hits = row ? strtoll(row[1], NULL, 10) : 0;
        }
        mysql_free_result(rows);
        set++;
        more = mysql_next_result(p->db);
        if (more > 0)
            driver_fail("Sphinx: %s: %s", mysql_error(p->db), p->sql);
    } while (more == 0);
}

int main(int argc, char **argv)
{
    struct peer p = {.size = 0};

    if (argc == 3 && strcmp(argv[1], "feed") == 0) {
        (void)driver_products(argv[2], NULL, add);
        return 0;
    }
    if (argc != 3 || strcmp(argv[1], "serve") != 0)
        driver_fail("usage: sphinx-driver feed FEED_DIR | sphinx-driver serve SOCKET");
    p.db = mysql_init(NULL);
    if (!p.db || !mysql_real_connect(p.db, NULL, "", "", "", 0, argv[2], CLIENT_MULTI_STATEMENTS))
        driver_fail("Sphinx: %s", p.db ? mysql_error(p.db) : "out of memory");
    fprintf(stderr, "sphinx: version %s\n", mysql_get_server_info(p.db));
    driver_engine_elsewhere = true;
    int code = driver_serve(&p, run);
    mysql_close(p.db);
    return code;
}
