#include "bench/workload/mixes.h"

#include "bench/workload/text.h"
#include "data/random.h"

const char *const mix_names[MIX_COUNT] = {"search", "typing", "typo", "prefix", "browse", "all", "half"};

/* The catalog's prices have their median near this; between a tenth below and the top lies about half. */
enum { MEDIAN_CENTS = 3700, TOP_CENTS = 100000000 };

struct draw {
    struct item item;
    struct random random;
    struct buf title, text, filter;
};

static void draw_begin(struct draw *d, struct catalog *c, uint64_t *random_state)
{
    *d = (struct draw){.random = {0}};
    catalog_pick(c, random_state, &d->item);
    d->random.state = *random_state;
    text_flatten(d->item.title, 0, &d->title);
}

static void draw_end(struct draw *d, uint64_t *random_state)
{
    *random_state = d->random.state;
    buf_release(&d->title);
    buf_release(&d->text);
    buf_release(&d->filter);
}

/* --- text --- */

/* One to four of the title's words, in its order. */
static void draw_words(struct draw *d)
{
    struct str words[TEXT_WORDS_MAX];
    size_t count = text_words(buf_str(&d->title), words), written = 0;
    uint32_t die = random_below(&d->random, 10);
    size_t wanted = die < 3 ? 1 : die < 7 ? 2 : die < 9 ? 3 : 4;

    wanted = wanted < count ? wanted : count;
    for (size_t i = 0; i < count && written < wanted; i++) { /* each remaining word equally likely */
        if (random_below(&d->random, (uint32_t)(count - i)) < wanted - written) {
            if (written++)
                buf_append_char(&d->text, ' ');
            buf_append_str(&d->text, words[i]);
        }
    }
}

/* Not the first letter: few people get that one wrong. */
static void misspell(struct draw *d)
{
    struct str rest = buf_str(&d->text), longest = {NULL, 0};

    while (rest.data && rest.size) {
        struct str word = str_split(&rest, ' ');
        longest = word.size > longest.size ? word : longest;
    }
    if (longest.size > 1) {
        size_t at = (size_t)(longest.data - d->text.data) + 1 + random_below(&d->random, (uint32_t)longest.size - 1);
        d->text.data[at] = (char)('a' + (d->text.data[at] - 'a' + 1 + random_below(&d->random, 25)) % 26);
    }
}

static void draw_prefix(struct draw *d)
{
    struct str words[TEXT_WORDS_MAX];
    size_t count = text_words(buf_str(&d->title), words);
    size_t letters = 2 + random_below(&d->random, 5);

    if (count) {
        struct str word = words[random_below(&d->random, (uint32_t)count)];
        buf_append(&d->text, word.data, word.size < letters ? word.size : letters);
    }
}

/* --- filters: the three last fields --- */

static void filter_price(struct draw *d, int64_t low, int64_t high)
{
    buf_literal(&d->filter, "\t\t\t");
    buf_append_i64(&d->filter, low);
    buf_append_char(&d->filter, '\t');
    buf_append_i64(&d->filter, high);
}

static void filter_brand(struct draw *d)
{
    buf_literal(&d->filter, "\t\t");
    text_flatten(d->item.brand, 0, &d->filter);
    buf_literal(&d->filter, "\t\t");
}

/* A level of the item's path, each as likely. */
static void append_category(struct draw *d, struct buf *out)
{
    struct str path = d->item.category;
    size_t levels = 1;

    for (size_t i = 0; i < path.size; i++)
        levels += path.data[i] == '>';
    levels = 1 + random_below(&d->random, (uint32_t)levels);
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] == '>' && --levels == 0)
            path.size = i;
    }
    text_flatten_path(path, out);
}

static void filter_category(struct draw *d)
{
    buf_append_char(&d->filter, '\t');
    append_category(d, &d->filter);
    buf_literal(&d->filter, "\t\t\t");
}

static void filter_half_of_draws(struct draw *d)
{
    switch (random_below(&d->random, 6)) {
    case 0:
        filter_category(d);
        break;
    case 1:
        filter_brand(d);
        break;
    case 2:
        filter_price(d, d->item.price_cents * 7 / 10, d->item.price_cents * 14 / 10);
        break;
    default:
        buf_literal(&d->filter, "\t\t\t\t");
    }
}

static void filter_browse(struct draw *d)
{
    buf_append_char(&d->filter, '\t');
    append_category(d, &d->filter);
    switch (random_below(&d->random, 4)) {
    case 0:
        buf_append_char(&d->filter, '\t');
        text_flatten(d->item.brand, 0, &d->filter);
        buf_literal(&d->filter, "\t\t");
        break;
    case 1:
        buf_printf(&d->filter, "\t\t%lld\t%lld", (long long)d->item.price_cents * 7 / 10,
                   (long long)d->item.price_cents * 14 / 10);
        break;
    default:
        buf_literal(&d->filter, "\t\t\t");
    }
}

/* --- lines --- */

static void append_line(struct draw *d, size_t text_bytes, struct buf *out)
{
    buf_append_str(out, str_slice(buf_str(&d->text), 0, text_bytes));
    buf_append_str(out, buf_str(&d->filter));
    buf_append_char(out, '\n');
}

static void append_keystrokes(struct draw *d, struct buf *out)
{
    size_t last = 0;

    for (size_t i = 0; i < d->text.size; i++) {
        if (d->text.data[i] == ' ')
            last = i + 1;
    }
    for (size_t end = last + 1; end <= d->text.size; end++)
        append_line(d, end, out);
}

void mix_draw(enum mix mix, struct catalog *c, uint64_t *random_state, struct buf *out)
{
    struct draw d;

    draw_begin(&d, c, random_state);
    bool words = mix == MIX_SEARCH || mix == MIX_TYPING || mix == MIX_TYPO;
    if (words)
        draw_words(&d);
    if (mix == MIX_TYPO)
        misspell(&d);
    if (mix == MIX_PREFIX)
        draw_prefix(&d);
    if (words)
        filter_half_of_draws(&d);
    else if (mix == MIX_BROWSE)
        filter_browse(&d);
    else if (mix == MIX_HALF)
        filter_price(&d, MEDIAN_CENTS * (80 + random_below(&d.random, 41)) / 100, TOP_CENTS);
    else
        buf_literal(&d.filter, "\t\t\t\t");
    if (mix == MIX_TYPING)
        append_keystrokes(&d, out);
    else
        append_line(&d, d.text.size, out);
    draw_end(&d, random_state);
}
