/*
 * PostgreSQL for bench/peers: `serve CONNECTION`. Matches are found once, in a common table expression; total, hits and
 * facets are read from it, all in one statement. ts_rank takes BM25's place, as there is none.
 */
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/driver.h"

struct peer {
    PGconn *db;
    char sql[16384];
    size_t size;
};

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

static void sql_words(struct peer *p, const struct driver_mode *mode, const struct driver_query *q)
{
    sql(p, "'");
    for (size_t i = 0; i < q->word_count; i++)
        sql(p, "%s%s%s",
            i == 0      ? ""
            : mode->any ? " | "
                        : " & ",
            q->words[i], mode->prefix && i + 1 == q->word_count ? ":*" : "");
    sql(p, "'::tsquery");
}

static void sql_found(struct peer *p, const struct driver_mode *mode, const struct driver_query *q)
{
    bool by_popularity = mode->popularity || !q->word_count;

    sql(p, "WITH found AS MATERIALIZED (SELECT id, ");
    if (by_popularity) {
        sql(p, "popularity AS rank");
    } else {
        sql(p, "ts_rank('{0.33,0.33,0.33,1}', words, ");
        sql_words(p, mode, q);
        sql(p, ") AS rank");
    }
    sql(p, "%s FROM product WHERE true", mode->facets ? ", brand, category, color, size, material" : "");
    if (q->word_count) {
        sql(p, " AND words @@ ");
        sql_words(p, mode, q);
    }
    if (*q->category)
        sql(p, " AND levels @> ARRAY['%s']", q->category);
    if (*q->brand)
        sql(p, " AND brand = '%s'", q->brand);
    if (q->low_cents >= 0)
        sql(p, " AND price BETWEEN %lld AND %lld", (long long)q->low_cents, (long long)q->high_cents);
    sql(p, ") ");
}

static void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    struct peer *p = peer;

    if (mode->suggest || mode->typo)
        driver_fail("there is no such search");
    p->size = 0;
    sql_found(p, mode, q);
    sql(p, "(SELECT 0, id FROM found ORDER BY rank DESC LIMIT %u)", mode->top);
    if (mode->total)
        sql(p, " UNION ALL SELECT 1, count(*) FROM found");
    for (int f = 0; mode->facets && f < DRIVER_FACETS; f++)
        sql(p,
            " UNION ALL SELECT %d, coalesce(sum(n), 0)::bigint FROM (SELECT count(*) AS n FROM found WHERE %s NOTNULL"
            " GROUP BY %s ORDER BY n DESC LIMIT %d) AS f%d",
            f + 2, driver_facet_names[f], driver_facet_names[f], DRIVER_FACET_VALUES, f);
    PGresult *result = PQexec(p->db, p->sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        driver_fail("PostgreSQL: %s", PQerrorMessage(p->db));
    for (int row = 0; row < PQntuples(result); row++) {
        int what = atoi(PQgetvalue(result, row, 0));
        int64_t value = strtoll(PQgetvalue(result, row, 1), NULL, 10);
        if (what == 0)
            answer->top_count++;
        else if (what == 1)
            answer->hits = value;
        else
            driver_facet(answer, (unsigned)what - 2, (uint64_t)value);
    }
    PQclear(result);
}

int main(int argc, char **argv)
{
    struct peer p = {.size = 0};

    if (argc != 3 || strcmp(argv[1], "serve") != 0)
        driver_fail("usage: postgresql-driver serve CONNECTION");
    p.db = PQconnectdb(argv[2]);
    if (PQstatus(p.db) != CONNECTION_OK)
        driver_fail("PostgreSQL: %s", PQerrorMessage(p.db));
    fprintf(stderr, "postgresql: version %d\n", PQserverVersion(p.db));
    driver_engine_elsewhere = true;
    int code = driver_serve(&p, run);
    PQfinish(p.db);
    return code;
}
