#include "data/workload.h"

#include "data/random.h"

#define WORDS_MAX 48

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80);
}

static bool is_stop_word(struct str word)
{
    return word.size < 2 || str_equal(word, STR("with")) || str_equal(word, STR("and")) ||
           str_equal(word, STR("for")) || str_equal(word, STR("in")) || str_equal(word, STR("of")) ||
           str_equal(word, STR("co"));
}

/* The title's words in order, stop words and repetitions left out. */
static uint32_t title_words(struct str title, struct str *words)
{
    uint32_t count = 0;
    size_t at = 0;
    while (at < title.size && count < WORDS_MAX) {
        size_t from = at;
        while (at < title.size && is_word_byte(title.data[at])) {
            at++;
        }
        struct str word = str_slice(title, from, at);
        bool known = is_stop_word(word);
        for (uint32_t i = 0; i < count && !known; i++) {
            known = str_equal(words[i], word);
        }
        if (!known) {
            words[count++] = word;
        }
        at += at < title.size;
    }
    return count;
}

static void append_lower(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        buf_append_char(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
}

void workload_query(struct catalog *c, uint64_t *random_state, struct buf *out)
{
    struct item item;
    catalog_pick(c, random_state, &item);
    struct random r = {*random_state};
    uint32_t draw = random_below(&r, 10);
    uint32_t wanted = draw < 3 ? 1 : draw < 7 ? 2 : draw < 9 ? 3 : 4;
    struct str words[WORDS_MAX];
    uint32_t count = title_words(item.title, words);
    wanted = wanted < count ? wanted : count;
    uint32_t written = 0;
    for (uint32_t i = 0; i < count && written < wanted; i++) { /* each remaining word equally likely */
        if (random_below(&r, count - i) < wanted - written) {
            if (written++) {
                buf_append_char(out, ' ');
            }
            append_lower(words[i], out);
        }
    }
    buf_append_char(out, '\t');
    buf_append_u64(out, written);
    buf_append_char(out, '\t');
    buf_append_str(out, item.id);
    buf_append_char(out, '\n');
    *random_state = r.state;
}

void workload_update(struct catalog *c, uint64_t *random_state, struct buf *out)
{
    struct item item;
    catalog_pick(c, random_state, &item);
    struct random r = {*random_state};
    buf_literal(out, "{\"action\":\"partialUpdateObject\",\"body\":{\"objectID\":\"");
    buf_append_str(out, item.id);
    uint32_t draw = random_below(&r, 100);
    if (draw < 60) {
        buf_printf(out, "\",\"quantity\":%u}}\n", random_below(&r, 200));
    } else if (draw < 85) {
        buf_printf(out, "\",\"quantity\":{\"_operation\":\"Decrement\",\"value\":%u}}}\n", 1 + random_below(&r, 3));
    } else {
        int64_t cents = item.price_cents * (80 + random_below(&r, 41)) / 100;
        buf_printf(out, "\",\"price\":%lld.%02d}}\n", (long long)(cents / 100), (int)(cents % 100));
    }
    *random_state = r.state;
}
