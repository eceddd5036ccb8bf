#include "data/catalog_internal.h"

/*
 * Titles and descriptions. A product's `shape` holds one random byte for each decision about the title, so that the
 * titles of its variants differ in colour and size only.
 */
enum shape_byte { SHAPE_LINE, SHAPE_MODEL, SHAPE_ADJECTIVES, SHAPE_ATTRIBUTES, SHAPE_COLOR, SHAPE_GENDER, SHAPE_EXTRA };

static bool shape_below(const struct product *p, enum shape_byte byte, unsigned percent)
{
    return (p->shape >> (8 * byte) & 0xff) * 100 < percent * 256;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Words that stay as they are in a title. */
static bool small_word(struct str word)
{
    static const char *const small[] = {"and", "with",    "for", "of", "in", "the",
                                        "on",  "without", "cm",  "ml", "kg", "mm"};
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        if (str_equal(word, str_from(small[i]))) {
            return true;
        }
    }
    return word.size < 2 || (word.data[0] == 'e' && word.data[1] == '-');
}

static void append_title_case(struct str s, struct buf *out)
{
    while (s.data) {
        struct str word = str_split(&s, ' ');
        size_t at = out->size;
        buf_append_str(out, word);
        if (word.size && is_lower(word.data[0]) && !small_word(word)) {
            out->data[at] = (char)(out->data[at] - 32);
        }
        if (s.data) {
            buf_append_char(out, ' ');
        }
    }
}

/* Takes back the last word of out (which ends with a space) if `next` begins with it: no "Home Home Yoga Mat". */
static void drop_echo(struct str next, struct buf *out)
{
    size_t from = out->size ? out->size - 1 : 0;
    while (from > 0 && out->data[from - 1] != ' ') {
        from--;
    }
    struct str last = str_trim(buf_since(out, from));
    if (str_equal_nocase(last, str_split(&next, ' '))) {
        out->size = from;
    }
}

static void append_word(struct str word, struct buf *out)
{
    if (word.size) {
        drop_echo(word, out);
        append_title_case(word, out);
        buf_append_char(out, ' ');
    }
}

static void append_attributes(const struct product *p, struct buf *out)
{
    unsigned wanted = shape_below(p, SHAPE_ATTRIBUTES, 38) ? 2 : shape_below(p, SHAPE_ATTRIBUTES, 76) ? 1 : 0;
    for (unsigned i = 0; i < wanted && i < p->attribute_count; i++) {
        buf_literal(out, ", ");
        buf_append_str(out, p->attributes[i].value);
    }
}

static void append_gender(const struct product *p, struct buf *out)
{
    const char *gender = p->leaf->section->row->gender;
    if (!gender || !shape_below(p, SHAPE_GENDER, 82)) {
        return;
    }
    bool women = gender[0] == 'w' || (gender[0] == 'u' && p->size_count && (p->shape >> 40 & 1));
    bool men = gender[0] == 'm' || (gender[0] == 'u' && p->size_count && !women);
    buf_append_str(out, women ? STR("Women's ") : men ? STR("Men's ") : gender[0] == 'k' ? STR("Kids' ") : STR(""));
}

/* " with Memory-Foam Cushions"; long ones and those with a "with" of their own do not stand in titles. */
static void append_feature(const struct product *p, struct buf *out)
{
    const struct list *features = leaf_features(p->leaf);
    struct str feature = features->values[p->shape % features->count];
    if (feature.size > 34 || str_find(feature, STR(" with")) != SIZE_MAX) {
        return;
    }
    buf_literal(out, " with ");
    append_title_case(str_starts_with(feature, STR("a ")) ? str_slice(feature, 2, feature.size) : feature, out);
}

void title_write(const struct product *p, struct str color, struct str size, struct buf *out)
{
    enum style style = p->leaf->section->row->style;
    buf_append_str(out, p->brand);
    buf_append_char(out, ' ');
    if (shape_below(p, SHAPE_LINE, style == STYLE_TECH ? 66 : 60)) {
        append_word(p->line, out);
    }
    if (p->model.size && shape_below(p, SHAPE_MODEL, 66)) {
        append_word(p->model, out);
    }
    append_gender(p, out);
    if (shape_below(p, SHAPE_ADJECTIVES, 78)) {
        append_word(p->adjective, out);
    }
    if (shape_below(p, SHAPE_ADJECTIVES, 22)) {
        append_word(p->adjective2, out);
    }
    if (style == STYLE_HOME || style == STYLE_FASHION) {
        bool said = p->material.size && str_find(p->noun, p->material) != SIZE_MAX; /* "wool rug" */
        append_word(!said && shape_below(p, SHAPE_MODEL, 40) ? p->material : (struct str){0}, out);
    }
    drop_echo(p->noun, out);
    append_title_case(p->noun, out);
    if (shape_below(p, SHAPE_EXTRA, 17)) {
        append_feature(p, out);
    }
    if (style != STYLE_FASHION) {
        append_attributes(p, out);
    }
    if (color.size && (p->color_count > 1 || shape_below(p, SHAPE_COLOR, 70))) {
        buf_literal(out, ", ");
        buf_append_str(out, color);
    }
    if (size.size && p->size_count > 1) {
        buf_literal(out, ", ");
        buf_append_str(out, size);
    }
}

/* What a description has used so far, so that it does not repeat itself. */
struct telling {
    const struct product *product;
    uint32_t feature, use, attribute;
};

/* "battery life 40 h", but "16 pieces" where the value says what it is. */
static void append_fact(const struct item_attribute *a, struct buf *out)
{
    if (str_find(a->value, a->name) != SIZE_MAX) {
        buf_append_str(out, a->value);
        return;
    }
    for (size_t i = 0; i < a->name.size; i++) {
        buf_append_char(out, a->name.data[i] == '_' ? ' ' : a->name.data[i]);
    }
    buf_append_char(out, ' ');
    buf_append_str(out, a->value);
}

static void append_with_article(const struct product *p, struct buf *out)
{
    if (!p->plural) {
        bool vowel = p->adjective.size && strchr("aeiou", p->adjective.data[0]);
        buf_append_str(out, vowel ? STR("an ") : STR("a "));
    }
    buf_append_str(out, p->adjective);
}

static void append_slot(struct telling *t, struct str slot, struct buf *out)
{
    const struct product *p = t->product;
    const struct list *features = leaf_features(p->leaf);
    const struct list *uses = &p->leaf->section->uses;
    size_t bar = str_find_char(slot, '/');
    if (bar != SIZE_MAX) {
        buf_append_str(out, p->plural ? str_slice(slot, bar + 1, slot.size) : str_slice(slot, 0, bar));
        return;
    }
    if (slot.size == 2) { /* {AN} */
        append_with_article(p, out);
        return;
    }
    switch (slot.data[0]) {
    case 'B':
        buf_append_str(out, p->brand);
        break;
    case 'S':
        buf_append_str(out, p->brand);
        buf_append_char(out, ' ');
        buf_append_str(out, p->line);
        break;
    case 'N':
        buf_append_str(out, p->noun);
        break;
    case 'F':
        buf_append_str(out, features->values[t->feature++ % features->count]);
        break;
    case 'U':
        buf_append_str(out, uses->values[t->use++ % uses->count]);
        break;
    case 'A':
        buf_append_str(out, p->adjective);
        break;
    case 'M':
        buf_append_str(out, p->material);
        break;
    default: /* K */
        append_fact(&p->attributes[t->attribute++ % p->attribute_count], out);
        break;
    }
}

static void append_sentence(struct telling *t, const char *template, struct buf *out)
{
    size_t start = out->size;
    const char *at = template;
    for (const char *open; (open = strchr(at, '{')) != NULL;) {
        buf_append(out, at, (size_t)(open - at));
        const char *close = strchr(open, '}');
        append_slot(t, (struct str){open + 1, (size_t)(close - open - 1)}, out);
        at = close + 1;
    }
    buf_append_str(out, str_from(at));
    if (is_lower(out->data[start])) {
        out->data[start] = (char)(out->data[start] - 32);
    }
}

static bool template_fits(const struct product *p, const char *template)
{
    bool food = strcmp(p->leaf->section->row->department, "Pet Supplies") == 0; /* its "material" may be a flavour */
    return (p->material.size && !food) || !strstr(template, "{M}");
}

/* The number of sentences, such that lengths lie between those of the two stores whose descriptions are alike: 5 %
 * below 130 bytes, half below 310, 5 % above 700. */
static uint32_t sentence_count(struct random *r)
{
    static const uint8_t counts[] = {1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 10, 13};
    return counts[random_below(r, sizeof counts)];
}

void description_write(const struct product *p, struct random *r, struct buf *out)
{
    struct telling t = {p, random_below(r, 64), random_below(r, 64), random_below(r, 8)};
    uint32_t sentences = sentence_count(r);
    append_sentence(&t, tables_openers[random_below(r, (uint32_t)tables_opener_count)], out);
    uint32_t middle = random_below(r, (uint32_t)tables_middle_count);
    for (uint32_t i = 1; i < sentences; i++) {
        const char *template = NULL;
        do { /* steps of 5 reach all of them, since their number is no multiple of 5 */
            middle = (middle + 5) % (uint32_t)tables_middle_count;
            template = tables_middles[middle];
        } while (!template_fits(p, template));
        if (i + 1 == sentences && i > 1) {
            template = tables_closers[random_below(r, (uint32_t)tables_closer_count)];
        }
        buf_append_char(out, ' ');
        append_sentence(&t, template, out);
    }
}
