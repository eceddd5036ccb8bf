#include "bench/workload/text.h"

static char flat_letter(char c)
{
    if (c >= 'a' && c <= 'z')
        return c;
    if (c >= 'A' && c <= 'Z')
        return (char)(c + 32);
    return c >= '0' && c <= '9' ? (char)(c - '0' + 'a') : ' ';
}

void text_flatten(struct str s, size_t max_words, struct buf *out)
{
    size_t words = 0, start = out->size;
    bool gap = true;

    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] & 0x80)
            continue;
        char c = flat_letter(s.data[i]);
        if (c == ' ') {
            gap = true;
            continue;
        }
        if (gap && max_words && words == max_words)
            return;
        if (gap && out->size > start)
            buf_append_char(out, ' ');
        words += gap;
        gap = false;
        buf_append_char(out, c);
    }
}

void text_flatten_path(struct str path, struct buf *out)
{
    for (bool first = true; path.data && path.size; first = false) {
        struct str level = str_split(&path, '>');
        if (!first)
            buf_literal(out, " > ");
        text_flatten(level, 0, out);
    }
}

static bool is_small_word(struct str word)
{
    static const char *const small[] = {"with", "and", "for", "in", "of", "co", "the", "to", "on"};

    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        if (str_equal(word, str_from(small[i])))
            return true;
    }
    return word.size < 2;
}

size_t text_words(struct str flat, struct str words[TEXT_WORDS_MAX])
{
    size_t count = 0;

    while (flat.data && flat.size && count < TEXT_WORDS_MAX) {
        struct str word = str_split(&flat, ' ');
        bool left_out = is_small_word(word);
        for (size_t i = 0; i < count && !left_out; i++)
            left_out = str_equal(words[i], word);
        if (!left_out)
            words[count++] = word;
    }
    return count;
}
