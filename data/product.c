#include "data/catalog_internal.h"

/* Shares and figures of the assortment; README.md has where they come from. */
#define SHARE_VARIANTS_CLOTHES .185 /* of products with sizes */
#define SHARE_VARIANTS_COLORS  .045 /* of products with colours only */
#define SHARE_SALE             .18
#define SHARE_SALE_DATES       .6
#define SHARE_GTIN             .9
#define SHARE_BRAND            .98
#define SHARE_SECOND_CATEGORY  .04
#define POPULARITY_ZIPF        .9

#define DAY_MS INT64_C(86400000)

/* Ids are spread over nine digits by a multiplier that shares no factor with 10^9. */
#define ID_RANGE      UINT64_C(1000000000)
#define ID_MULTIPLIER UINT64_C(616132427)

void product_begin(const struct catalog *c, uint64_t number, struct product *p)
{
    *p = (struct product){.number = number, .random = random_of(c->options.seed, number), .variants = 1};
    struct random *r = &p->random;
    p->leaf = &c->leaves[c->leaf_of_ticket[random_below(r, c->ticket_count)]];
    const struct section *s = p->leaf->section;
    p->color_count = s->colors.count ? 1 : 0;
    p->size_count = s->sizes.count ? 1 : 0;
    if (random_chance(r, s->sizes.count ? SHARE_VARIANTS_CLOTHES : s->colors.count ? SHARE_VARIANTS_COLORS : 0)) {
        p->color_count = s->colors.count ? 1 + random_below(r, PRODUCT_COLORS_MAX) : 0;
        p->size_count = s->sizes.count ? 1 + random_below(r, 5) : 0;
        uint32_t variants = (p->color_count ? p->color_count : 1) * (p->size_count ? p->size_count : 1);
        p->variants = variants < PRODUCT_VARIANTS_MAX ? variants : PRODUCT_VARIANTS_MAX;
    }
    p->color_first = s->colors.count ? random_skewed(r, s->colors.count) : 0;
    p->size_first = s->sizes.count ? random_below(r, s->sizes.count - p->size_count + 1) : 0;
}

/* Endings as measured: .99 half to nine tenths of the prices, .95, .00, .49 and .50 most of the rest. */
static int64_t price_with_ending(double price, uint32_t draw)
{
    int64_t whole = (int64_t)price;
    if (price >= 200 && draw % 5 < 4) {
        whole = whole / 10 * 10 + 9;
    }
    uint32_t d = draw % 100;
    int64_t cents = d < 68 ? 99 : d < 80 ? 95 : d < 89 ? 0 : d < 93 ? 49 : d < 96 ? 50 : (int64_t)(draw / 100 % 100);
    int64_t all = whole * 100 + cents;
    return all < 99 ? 99 : all;
}

static void product_price(const struct catalog *c, struct product *p)
{
    struct random *r = &p->random;
    struct random brand = random_of(p->brand_id, 7);
    double tier = .3 * random_normal(&brand); /* dear and cheap brands */
    double price = exp(p->leaf->price_mu + tier + p->leaf->row->spread * .85 * random_normal(r));
    uint32_t draw = (uint32_t)(random_next(r) >> 33);
    p->price_cents = price_with_ending(price, draw);
    if (!random_chance(r, SHARE_SALE)) {
        return;
    }
    int64_t sale = price_with_ending((double)p->price_cents / 100 * (.5 + .08 * random_below(r, 6)), draw);
    if (sale >= p->price_cents) {
        return;
    }
    p->sale_cents = sale;
    if (random_chance(r, SHARE_SALE_DATES)) {
        p->sale_from_ms = c->options.date_ms + ((int64_t)random_below(r, 41) - 30) * DAY_MS;
        p->sale_to_ms = p->sale_from_ms + (7 + (int64_t)random_below(r, 39)) * DAY_MS;
    }
}

static void product_fame(struct product *p)
{
    struct random *r = &p->random;
    double u = random_unit(r) + 1e-9;
    double orders = 5 * pow(u, -POPULARITY_ZIPF);
    p->popularity = orders > 5e6 ? 5000000 : (uint32_t)orders;
    p->rating_count = (uint32_t)(orders * (.02 + .15 * random_unit(r)));
    if (p->rating_count) {
        double rating = 42.5 + 4.5 * random_normal(r);
        p->rating_tenths = rating > 50 ? 50 : rating < 10 ? 10 : (uint32_t)rating;
    }
}

static bool noun_is_plural(struct str noun)
{
    static const char *const singular[] = {"lens", "couscous", "compass", "canvas"};
    for (size_t i = 0; i < sizeof singular / sizeof singular[0]; i++) {
        if (str_ends_with(noun, str_from(singular[i]))) {
            return false;
        }
    }
    return str_ends_with(noun, STR("s")) && !str_ends_with(noun, STR("ss"));
}

static void product_attributes(struct product *p)
{
    for (uint32_t i = 0; i < p->leaf->attribute_count; i++) {
        const struct attribute *a = &p->leaf->attributes[i];
        if (i < 2 || random_chance(&p->random, .88)) {
            struct str value = list_skewed(&a->values, &p->random);
            p->attributes[p->attribute_count++] = (struct item_attribute){a->name, value};
        }
    }
}

/* The adjective at `from` or the next one that neither noun nor material says already (no "wireless wireless mouse").
 */
static struct str adjective_from(const struct product *p, uint32_t from)
{
    const struct list *all = &p->leaf->section->adjectives;
    struct str adjective = all->values[from % all->count];
    for (uint32_t i = 0; i < all->count; i++) {
        adjective = all->values[(from + i) % all->count];
        bool said = p->material.size && str_find(adjective, p->material) != SIZE_MAX;
        if (!said && str_find(p->noun, adjective) == SIZE_MAX && str_find(p->material, adjective) == SIZE_MAX) {
            break;
        }
    }
    return adjective;
}

void product_make(const struct catalog *c, struct product *p, struct buf *text)
{
    struct random *r = &p->random;
    const struct section *s = p->leaf->section;
    p->brand_id = brand_pick(c, p->leaf, r);
    p->brand = c->brands.names[p->brand_id];
    p->shape = random_next(r);
    size_t start = text->size;
    line_write(c, p, r, text);
    p->line = buf_since(text, start);
    start = text->size;
    model_write(p, r, text);
    p->model = buf_since(text, start);
    if (s->row->style != STYLE_TECH) {
        p->mpn = p->model;
        p->model = (struct str){0};
    } else {
        p->mpn = p->model;
    }
    p->noun = list_skewed(&p->leaf->nouns, r);
    p->plural = noun_is_plural(p->noun);
    p->material = list_skewed(leaf_materials(p->leaf), r);
    uint32_t first = random_skewed(r, s->adjectives.count);
    p->adjective = adjective_from(p, first);
    p->adjective2 = adjective_from(p, first + 1 + random_below(r, s->adjectives.count - 1));
    if (str_equal(p->adjective, p->adjective2)) {
        p->adjective2 = (struct str){0};
    }
    product_attributes(p);
    product_price(c, p);
    product_fame(p);
    start = text->size;
    description_write(p, r, text);
    p->description = buf_since(text, start);
}

static struct str digits(uint64_t value, int width, struct buf *text)
{
    size_t start = text->size;
    char *at = buf_reserve(text, (size_t)width);
    for (int i = width - 1; at && i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    text->size += (size_t)width;
    return buf_since(text, start);
}

static uint64_t item_serial(const struct catalog *c, const struct product *p, uint32_t variant)
{
    uint64_t serial = p->number * PRODUCT_VARIANTS_MAX + variant;
    return (serial % ID_RANGE * ID_MULTIPLIER + c->options.seed % ID_RANGE) % ID_RANGE;
}

/* GTIN-13 of the range for restricted circulation, which no real product has, with its check digit. */
static struct str gtin(uint64_t serial, struct buf *text)
{
    struct str s = digits(UINT64_C(200000000000) + serial, 12, text);
    int sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (s.data[i] - '0') * (i % 2 ? 3 : 1);
    }
    buf_append_char(text, (char)('0' + (10 - sum % 10) % 10));
    return (struct str){s.data, 13};
}

static struct str image_link(const struct product *p, struct str color, struct buf *text)
{
    size_t start = text->size;
    buf_literal(text, "https://aisle.example/images/");
    buf_append_str(text, str_from(p->leaf->row->kind));
    if (color.size) {
        buf_append_char(text, '-');
        for (size_t i = 0; i < color.size; i++) {
            char ch = color.data[i];
            buf_append_char(text, ch == ' ' ? '_' : ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch);
        }
    }
    buf_literal(text, ".svg");
    return buf_since(text, start);
}

static void item_stock(struct random *r, struct item *out)
{
    uint32_t draw = random_below(r, 100);
    if (draw < 9) {
        out->availability = STR("out_of_stock");
    } else if (draw < 11) {
        out->availability = STR("preorder");
    } else if (draw < 13) {
        out->availability = STR("backorder");
    } else {
        out->availability = STR("in_stock");
        double quantity = exp(3.1 + 1.1 * random_normal(r));
        out->quantity = draw < 20 ? 1 + random_below(r, 3) : quantity > 2000 ? 2000 : 1 + (uint32_t)quantity;
    }
}

static void item_gender(const struct product *p, struct item *out)
{
    const char *gender = p->leaf->section->row->gender;
    if (!gender) {
        return;
    }
    char kind = gender[0] == 'u' && p->size_count ? (p->shape >> 40 & 1 ? 'w' : 'm') : gender[0];
    out->gender = kind == 'w' ? STR("female") : kind == 'm' ? STR("male") : STR("unisex");
}

static void item_choices(const struct catalog *c, const struct product *p, struct random *r, struct item *out)
{
    out->availability = STR("in_stock");
    item_stock(r, out);
    out->condition = str_equal(p->adjective, STR("refurbished")) ? STR("refurbished") : STR("new");
    if (random_chance(r, SHARE_BRAND)) {
        out->brand = p->brand;
    }
    if (p->shape % 100 < SHARE_SECOND_CATEGORY * 100) {
        const struct leaf *next = p->leaf + 1;
        if (next < c->leaves + c->leaf_count && next->section == p->leaf->section) {
            out->category2 = next->path;
        }
    }
    out->price_cents = p->price_cents;
    out->sale_cents = p->sale_cents;
    if (p->variants > 1 && random_chance(r, .1)) { /* a dearer variant */
        out->price_cents += (p->price_cents / 2000 + 1) * 100;
        out->sale_cents += p->sale_cents ? (p->price_cents / 2000 + 1) * 100 : 0;
    }
    out->sale_from_ms = out->sale_cents ? p->sale_from_ms : 0;
    out->sale_to_ms = out->sale_cents ? p->sale_to_ms : 0;
}

void item_make(const struct catalog *c, const struct product *p, uint32_t variant, struct item *out, struct buf *text)
{
    const struct section *s = p->leaf->section;
    struct random r = random_of(c->options.seed ^ 0x17e3, p->number * PRODUCT_VARIANTS_MAX + variant);
    *out = (struct item){.category = p->leaf->path,
                         .google_category = tables_departments[s->department].google_category,
                         .material = p->material,
                         .mpn = p->mpn,
                         .description = p->description,
                         .popularity = p->popularity,
                         .rating_tenths = p->rating_tenths,
                         .rating_count = p->rating_count,
                         .attribute_count = p->attribute_count};
    memcpy(out->attributes, p->attributes, p->attribute_count * sizeof p->attributes[0]);
    uint64_t serial = item_serial(c, p, variant);
    size_t start = text->size;
    buf_append_char(text, 'P');
    (void)digits(serial, 9, text);
    out->id = buf_since(text, start);
    if (p->variants > 1) {
        start = text->size;
        buf_append_char(text, 'G');
        (void)digits(item_serial(c, p, 0), 9, text);
        out->group = buf_since(text, start);
    }
    start = text->size;
    buf_literal(text, "https://aisle.example/product/");
    buf_append_str(text, out->id);
    out->link = buf_since(text, start);
    if (p->color_count) {
        out->color = s->colors.values[(p->color_first + variant % p->color_count) % s->colors.count];
    }
    if (p->size_count) {
        out->size = s->sizes.values[p->size_first + variant / (p->color_count ? p->color_count : 1) % p->size_count];
    }
    out->image = image_link(p, out->color, text);
    item_gender(p, out);
    item_choices(c, p, &r, out);
    if (random_chance(&r, SHARE_GTIN)) {
        out->gtin = gtin(serial, text);
    }
    start = text->size;
    title_write(p, out->color, p->variants > 1 ? out->size : (struct str){0}, text);
    out->title = buf_since(text, start);
}
