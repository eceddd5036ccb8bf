/*
 * SQLite FTS5 in process, for bench/peers: `build FEED_DIR INDEX_FILE` and `serve INDEX_FILE`. The words are in an FTS5
 * table without content and positions, prefixes of one to three letters indexed, the numbers and facets in a table
 * beside it; categories of each level in a third, as a path may have several levels.
 */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/driver.h"

struct peer {
    sqlite3 *db;
    sqlite3_stmt *words, *product, *category;
    int64_t next;
    char sql[8192];
    size_t size;
};

static void check(struct peer *p, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        driver_fail("SQLite: %s", sqlite3_errmsg(p->db));
}

static void execute(struct peer *p, const char *sql)
{
    check(p, sqlite3_exec(p->db, sql, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(struct peer *p, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    check(p, sqlite3_prepare_v2(p->db, sql, -1, &statement, NULL));
    return statement;
}

/* --- indexing --- */

static void run_insert(struct peer *p, sqlite3_stmt *statement)
{
    check(p, sqlite3_step(statement));
    check(p, sqlite3_reset(statement));
}

static void add(void *peer, const struct driver_product *product)
{
    struct peer *p = peer;
    const char *values[DRIVER_FACETS];

    p->next++;
    driver_facet_values(product, values);
    sqlite3_bind_int64(p->words, 1, p->next);
    sqlite3_bind_text(p->words, 2, product->title, -1, SQLITE_STATIC);
    sqlite3_bind_text(p->words, 3, product->description, -1, SQLITE_STATIC);
    run_insert(p, p->words);
    sqlite3_bind_int64(p->product, 1, p->next);
    sqlite3_bind_int64(p->product, 2, strtoll(product->id + 1, NULL, 10));
    sqlite3_bind_int64(p->product, 3, product->price_cents);
    sqlite3_bind_int64(p->product, 4, product->popularity);
    for (int f = 0; f < DRIVER_FACETS; f++)
        sqlite3_bind_text(p->product, 5 + f, *values[f] ? values[f] : NULL, -1, SQLITE_STATIC);
    run_insert(p, p->product);
    for (int level = 0; level < DRIVER_LEVELS && product->levels[level]; level++) {
        sqlite3_bind_text(p->category, 1, product->levels[level], -1, SQLITE_STATIC);
        sqlite3_bind_int64(p->category, 2, p->next);
        run_insert(p, p->category);
    }
}

static void build(struct peer *p, const char *feed)
{
    execute(p, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-500000;"
               "CREATE VIRTUAL TABLE words USING fts5(title, description, content='', detail=column,"
               " tokenize='ascii', prefix='1 2 3');"
               "CREATE TABLE product(doc INTEGER PRIMARY KEY, id INTEGER, price INTEGER, popularity INTEGER,"
               " brand TEXT, category TEXT, color TEXT, size TEXT, material TEXT);"
               "CREATE TABLE level(path TEXT, doc INTEGER, PRIMARY KEY(path, doc)) WITHOUT ROWID; BEGIN");
    p->words = prepare(p, "INSERT INTO words(rowid, title, description) VALUES(?,?,?)");
    p->product = prepare(p, "INSERT INTO product VALUES(?,?,?,?,?,?,?,?,?)");
    p->category = prepare(p, "INSERT INTO level VALUES(?,?)");
    (void)driver_products(feed, p, add);
    sqlite3_finalize(p->words);
    sqlite3_finalize(p->product);
    sqlite3_finalize(p->category);
    execute(p, "COMMIT; INSERT INTO words(words) VALUES('optimize'); CREATE INDEX by_brand ON product(brand);"
               "CREATE INDEX by_price ON product(price); CREATE INDEX by_popularity ON product(popularity); ANALYZE");
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

static void sql_matches(struct peer *p, const struct driver_mode *mode, const struct driver_query *q)
{
    const char *joint = " WHERE";

    sql(p, "SELECT p.id, p.popularity%s%s FROM ",
        mode->facets ? ", p.brand, p.category, p.color, p.size, p.material" : "",
        mode->popularity || !q->word_count ? "" : ", bm25(words, 3, 1) AS rank");
    sql(p, q->word_count ? "words JOIN product p ON p.doc = words.rowid" : "product p");
    if (q->word_count) {
        sql(p, " WHERE words MATCH '");
        for (size_t i = 0; i < q->word_count; i++) {
            bool last = i + 1 == q->word_count;
            sql(p, "%s\"%s\"%s",
                i == 0      ? ""
                : mode->any ? " OR "
                            : " AND ",
                q->words[i], mode->prefix && last ? "*" : "");
        }
        sql(p, "'");
        joint = " AND";
    }
    if (*q->category) {
        sql(p, "%s p.doc IN (SELECT doc FROM level WHERE path = '%s')", joint, q->category);
        joint = " AND";
    }
    if (*q->brand) {
        sql(p, "%s p.brand = '%s'", joint, q->brand);
        joint = " AND";
    }
    if (q->low_cents >= 0)
        sql(p, "%s p.price BETWEEN %lld AND %lld", joint, (long long)q->low_cents, (long long)q->high_cents);
}

static void sql_begin(struct peer *p)
{
    p->size = 0;
    p->sql[0] = 0;
}

/* Runs the statement and returns how many rows came; *number is the first column of the last one. */
static size_t run_rows(struct peer *p, int64_t *number)
{
    sqlite3_stmt *statement = prepare(p, p->sql);
    size_t rows = 0;
    int code;

    for (; (code = sqlite3_step(statement)) == SQLITE_ROW; rows++)
        *number = sqlite3_column_int64(statement, 0);
    check(p, code);
    sqlite3_finalize(statement);
    return rows;
}

static void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    struct peer *p = peer;
    bool by_popularity = mode->popularity || !q->word_count;
    int64_t number = 0;

    if (mode->suggest || mode->typo)
        driver_fail("there is no such search");
    sql_begin(p);
    if (mode->total) { /* the matches are found once, then counted and sorted */
        sql(p, "CREATE TEMP TABLE found AS ");
        sql_matches(p, mode, q);
        (void)run_rows(p, &number);
        sql_begin(p);
        sql(p, "SELECT id FROM found ORDER BY %s LIMIT %u", by_popularity ? "popularity DESC" : "rank", mode->top);
        answer->top_count = run_rows(p, &number);
        sql_begin(p);
        sql(p, "SELECT count(*) FROM found");
        (void)run_rows(p, &answer->hits);
    } else {
        sql_matches(p, mode, q);
        sql(p, " ORDER BY rank LIMIT %u", mode->top);
        answer->top_count = run_rows(p, &number);
    }
    for (unsigned f = 0; mode->facets && f < DRIVER_FACETS; f++) {
        int64_t sum = 0;
        sql_begin(p);
        sql(p,
            "SELECT total(n) FROM (SELECT count(*) AS n FROM found WHERE %s NOTNULL "
            "GROUP BY %s"
            " ORDER BY n DESC LIMIT %d)",
            driver_facet_names[f], driver_facet_names[f], DRIVER_FACET_VALUES);
        (void)run_rows(p, &sum);
        driver_facet(answer, f, (uint64_t)sum);
    }
    if (mode->total) {
        sql_begin(p);
        sql(p, "DROP TABLE found");
        (void)run_rows(p, &number);
    }
}

int main(int argc, char **argv)
{
    struct peer p = {.db = NULL};
    bool building = argc == 4 && strcmp(argv[1], "build") == 0;
    int code = 0;

    if (!building && (argc != 3 || strcmp(argv[1], "serve") != 0))
        driver_fail("usage: sqlite-driver build FEED_DIR FILE | sqlite-driver serve FILE");
    check(&p, sqlite3_open(argv[building ? 3 : 2], &p.db));
    if (building) {
        build(&p, argv[2]);
    } else {
        execute(&p, "PRAGMA cache_size=-1000000; PRAGMA mmap_size=8000000000; PRAGMA temp_store=MEMORY;");
        fprintf(stderr, "sqlite: version %s\n", sqlite3_libversion());
        code = driver_serve(&p, run);
    }
    (void)sqlite3_close(p.db);
    return code;
}
