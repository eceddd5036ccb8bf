#include <ctype.h>
#include <stdlib.h>

#include "data/catalog_internal.h"
#include "indexer/base/hash.h"

/*
 * Brands. Every department has a pool of its own and shares a small pool of generalists; rank in the pool follows
 * Zipf's law with the exponent measured on a catalog of 48,194 products (.84), and a brand outside its department's
 * first three serves about a third of the leaves, as real brands do.
 */
#define BRAND_ZIPF  .84
#define BRANDS_EACH 2.4 /* pool = BRANDS_EACH * items^.4: 240 for 100,000 items */

static void name_write(const struct catalog *c, struct random *r, struct buf *out)
{
    size_t start = out->size;
    uint32_t syllables = 1 + (random_chance(r, .35) ? 1 : 0);
    for (uint32_t i = 0; i < syllables; i++) {
        buf_append_str(out, list_any(&c->onsets, r));
        buf_append_str(out, list_skewed(&c->vowels, r));
        buf_append_str(out, list_any(&c->codas, r));
    }
    buf_append_str(out, list_any(&c->endings, r));
    if (out->size > start) {
        out->data[start] = (char)toupper((unsigned char)out->data[start]);
    }
}

static bool name_known(uint32_t *table, uint32_t mask, const struct brands *brands, struct str name, uint32_t id)
{
    uint32_t slot = (uint32_t)hash64(name.data, name.size) & mask;
    while (table[slot]) {
        if (str_equal(brands->names[table[slot] - 1], name)) {
            return true;
        }
        slot = (slot + 1) & mask;
    }
    table[slot] = id + 1;
    return false;
}

void brands_make(struct catalog *c)
{
    struct brands *b = &c->brands;
    b->pool = (uint32_t)(BRANDS_EACH * pow((double)c->options.items, .4));
    b->pool = b->pool < 12 ? 12 : b->pool > 1500 ? 1500 : b->pool;
    b->count = b->pool * (uint32_t)(tables_department_count + 1);
    b->names = xcalloc(b->count, sizeof *b->names);
    buf_reserve(&b->text, (size_t)b->count * 64); /* names are slices of it: it must not move */
    uint32_t mask = 1;
    while (mask < b->count * 2) {
        mask = mask * 2 + 1;
    }
    uint32_t *table = xcalloc((size_t)mask + 1, sizeof *table);
    for (uint32_t id = 0; id < b->count; id++) {
        struct random r = random_of(c->options.seed ^ 0xb4a2d, id);
        size_t start = b->text.size;
        do {
            b->text.size = start;
            name_write(c, &r, &b->text);
            if (random_chance(&r, .09)) {
                buf_append_char(&b->text, ' ');
                buf_append_str(&b->text, list_any(&c->suffixes, &r));
            }
        } while (name_known(table, mask, b, buf_since(&b->text, start), id));
        b->names[id] = buf_since(&b->text, start);
    }
    free(table);
}

uint32_t brand_pick(const struct catalog *c, const struct leaf *leaf, struct random *r)
{
    uint32_t pool = c->brands.pool;
    uint32_t base = pool * (leaf->section->department + 1);
    uint32_t rank = 0;
    for (int tries = 0; tries < 5; tries++) {
        rank = random_zipf(r, pool, BRAND_ZIPF);
        if (rank < 3 || random_mix((uint64_t)(base + rank) << 20 | leaf->number) % 3 == 0) {
            break;
        }
    }
    bool generalist = random_mix((uint64_t)base + rank * 77) % 7 == 0;
    return generalist ? rank : base + rank;
}

/* A brand has about eight product lines in a section: words of the language, or names like its own. */
void line_write(const struct catalog *c, const struct product *p, struct random *r, struct buf *out)
{
    uint64_t section = (uint64_t)(uintptr_t)(p->leaf->section - c->sections);
    struct random line = random_of((uint64_t)p->brand_id << 16 | section, random_skewed(r, 8));
    if (random_chance(&line, .72)) {
        buf_append_str(out, list_any(&c->series, &line));
    } else {
        name_write(c, &line, out);
    }
}

static void append_letters(struct random *r, int count, struct buf *out)
{
    for (int i = 0; i < count; i++) {
        buf_append_char(out, "ABCDEFGHKLMNPRSTVWXZ"[random_below(r, 20)]);
    }
}

/* Model numbers look alike within a brand's leaf: WH-1000XM4, TR450, X-82, G2210S, 7740. */
void model_write(const struct product *p, struct random *r, struct buf *out)
{
    struct random own = random_of((uint64_t)p->brand_id << 12 | p->leaf->number, 99);
    uint32_t pattern = random_below(&own, 6);
    if (pattern != 4) {
        append_letters(&own, pattern == 2 ? 1 : 2, out);
    }
    if (pattern == 0 || pattern == 2) {
        buf_append_char(out, '-');
    }
    switch (pattern) {
    case 0:
        buf_append_u64(out, (1 + random_below(r, 99)) * 100);
        append_letters(&own, 1 + (int)random_below(&own, 2), out);
        buf_append_u64(out, 1 + random_below(r, 6));
        break;
    case 1:
        buf_append_u64(out, 100 + random_below(r, 90) * 10);
        break;
    case 2:
        buf_append_u64(out, 10 + random_below(r, 90));
        break;
    case 3:
        buf_append_u64(out, 1000 + random_below(r, 9000));
        append_letters(r, 1, out);
        break;
    case 4:
        buf_append_u64(out, 1000 + random_below(r, 9000));
        break;
    default:
        buf_append_u64(out, 1 + random_below(r, 99));
        append_letters(r, 2, out);
        break;
    }
}
