#include "bench/peers/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct driver_mode MODES[] = {
    {.name = "and5", .facets = true, .total = true, .top = 24},
    {.name = "and", .total = true, .top = 24},
    {.name = "or", .any = true, .total = true, .top = 10},
    {.name = "ortop", .any = true, .top = 10},
    {.name = "typing5", .facets = true, .prefix = true, .total = true, .top = 24},
    {.name = "prefix", .prefix = true, .popularity = true, .total = true, .top = 10},
    {.name = "suggest", .suggest = true, .top = 10},
    {.name = "typo", .typo = true, .total = true, .top = 24},
};

const char *const driver_facet_names[DRIVER_FACETS] = {"brand", "category", "color", "size", "material"};

bool driver_engine_elsewhere;

struct query_file {
    char *path;
    char *bytes;
    struct driver_query *queries;
    size_t count;
    struct query_file *next;
};

void driver_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("driver: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(3);
}

static void *must_have(void *memory)
{
    if (!memory)
        driver_fail("out of memory");
    return memory;
}

/* Cuts *rest at a separator, as strsep does with one character. */
static char *cut(char **rest, char separator)
{
    char *piece = *rest;
    char *end = piece ? strchr(piece, separator) : NULL;

    if (end)
        *end++ = 0;
    *rest = end;
    return piece;
}

/* --- query files --- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *bytes = NULL;
    size_t size = 0;

    if (!f)
        driver_fail("cannot open '%s'", path);
    if (getdelim(&bytes, &size, 0, f) < 0)
        driver_fail("'%s' is empty", path);
    (void)fclose(f);
    return bytes;
}

static void parse_query(char *line, struct driver_query *q)
{
    char *fields[5];

    for (int i = 0; i < 5; i++) {
        fields[i] = cut(&line, '\t');
        if (!fields[i])
            driver_fail("a query line has too few fields");
    }
    *q = (struct driver_query){.text = fields[0], .category = fields[1], .brand = fields[2]};
    q->low_cents = *fields[3] ? strtoll(fields[3], NULL, 10) : -1;
    q->high_cents = *fields[4] ? strtoll(fields[4], NULL, 10) : -1;
    for (const char *s = q->category; s && *s; s = strstr(s + 1, " > "))
        q->levels++;
    char *words = *q->text ? must_have(strdup(q->text)) : NULL; /* freed through the first word */
    while (words && *words) {
        if (q->word_count == DRIVER_WORDS_MAX)
            driver_fail("a query has too many words");
        q->words[q->word_count++] = cut(&words, ' ');
    }
}

static struct query_file *query_file(struct query_file **all, const char *path)
{
    struct query_file *f;

    for (f = *all; f; f = f->next) {
        if (strcmp(f->path, path) == 0)
            return f;
    }
    f = must_have(calloc(1, sizeof(*f)));
    f->path = must_have(strdup(path));
    f->bytes = read_file(path);
    f->next = *all;
    *all = f;
    size_t room = 1;
    for (const char *s = f->bytes; *s; s++)
        room += *s == '\n';
    f->queries = must_have(calloc(room, sizeof(*f->queries)));
    for (char *rest = f->bytes; rest && *rest;)
        parse_query(cut(&rest, '\n'), &f->queries[f->count++]);
    return f;
}

/* --- the conversation --- */

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const struct driver_mode *mode_of(const char *name)
{
    for (size_t i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
        if (strcmp(MODES[i].name, name) == 0)
            return &MODES[i];
    }
    driver_fail("there is no mode '%s'", name);
}

void driver_facet(struct driver_answer *answer, unsigned facet, uint64_t count_of_top_values)
{
    answer->facets += (facet + 1) * count_of_top_values;
}

int driver_serve(void *peer, driver_run run)
{
    struct query_file *files = NULL;
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        char mode_name[32], path[3000];
        size_t first = 0, count = 0;
        if (sscanf(line, "%31s %2999s %zu %zu", mode_name, path, &first, &count) != 4)
            driver_fail("not a command: %s", line);
        const struct driver_mode *mode = mode_of(mode_name);
        struct query_file *file = query_file(&files, path);
        for (size_t i = first; i < first + count; i++) {
            struct driver_answer answer = {.hits = -1};
            uint64_t wall = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
            run(peer, mode, &file->queries[i % file->count], &answer);
            cpu = driver_engine_elsewhere ? 0 : now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
            wall = now_ns(CLOCK_MONOTONIC) - wall;
            printf("%llu %llu %lld %llu\n", (unsigned long long)wall, (unsigned long long)cpu, (long long)answer.hits,
                   (unsigned long long)answer.facets);
        }
        puts(".");
        (void)fflush(stdout);
    }
    for (struct query_file *next; files; files = next) {
        next = files->next;
        for (size_t i = 0; i < files->count; i++)
            free((void *)(uintptr_t)files->queries[i].words[0]);
        free(files->queries);
        free(files->bytes);
        free(files->path);
        free(files);
    }
    free(line);
    return 0;
}

/* --- products --- */

static void parse_product(char *line, struct driver_product *p, char *levels[DRIVER_LEVELS])
{
    char *fields[11];

    for (int i = 0; i < 11; i++) {
        fields[i] = cut(&line, '\t');
        if (!fields[i])
            driver_fail("a product has too few fields");
    }
    *p = (struct driver_product){.id = fields[0],
                                 .title = fields[1],
                                 .description = fields[2],
                                 .brand = fields[3],
                                 .category = fields[4],
                                 .color = fields[5],
                                 .size = fields[6],
                                 .material = fields[7],
                                 .price_cents = strtoll(fields[8], NULL, 10),
                                 .quantity = strtoll(fields[9], NULL, 10),
                                 .popularity = strtoll(fields[10], NULL, 10)};
    size_t end = 0, level = 0;
    while (*p->category && level < DRIVER_LEVELS) {
        const char *next = strstr(p->category + end, " > ");
        size_t size = next ? (size_t)(next - p->category) : strlen(p->category);
        levels[level] = must_have(realloc(levels[level], size + 1));
        memcpy(levels[level], p->category, size);
        levels[level][size] = 0;
        p->levels[level] = levels[level];
        level++;
        if (!next)
            break;
        end = size + 3;
    }
}

uint64_t driver_products(const char *dir, void *peer, driver_add add)
{
    char path[4096], *line = NULL, *levels[DRIVER_LEVELS] = {NULL};
    size_t room = 0;
    uint64_t count = 0;

    (void)snprintf(path, sizeof(path), "%s/products.tsv", dir);
    FILE *f = fopen(path, "r");
    if (!f)
        driver_fail("cannot open '%s'", path);
    for (ssize_t n; (n = getline(&line, &room, f)) > 0; count++) {
        struct driver_product product;
        line[n - 1] = 0;
        parse_product(line, &product, levels);
        add(peer, &product);
    }
    (void)fclose(f);
    for (int i = 0; i < DRIVER_LEVELS; i++)
        free(levels[i]);
    free(line);
    return count;
}

void driver_facet_values(const struct driver_product *product, const char *values[DRIVER_FACETS])
{
    values[0] = product->brand;
    values[1] = product->levels[1] ? product->levels[1] : "";
    values[2] = product->color;
    values[3] = product->size;
    values[4] = product->material;
}
