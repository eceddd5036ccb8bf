#include "analyzers/stopwords.h"

#include <stdlib.h>

static size_t stop_words_hash(struct str word)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < word.size; i++)
        h = (h ^ (uint8_t)word.data[i]) * 16777619u;
    return h ^ h >> 15;
}

static void stop_words_add(struct stop_words *s, struct str word)
{
    size_t at = stop_words_hash(word) & s->mask;
    while (s->slots[at].data) {
        if (str_equal(s->slots[at], word))
            return;
        at = (at + 1) & s->mask;
    }
    s->slots[at] = word;
    s->sizes[(uint8_t)word.data[0]] |= 1u << (word.size < 31 ? word.size : 31);
}

bool stop_words_init(struct stop_words *s, struct str words)
{
    *s = (struct stop_words){0};
    size_t slots = 8;
    while (slots < words.size + 2) /* at most one word for two bytes: half of the slots stay free */
        slots *= 2;
    s->slots = calloc(slots, sizeof(*s->slots));
    s->texts = malloc(words.size + 1);
    if (!s->slots || !s->texts) {
        stop_words_release(s);
        return false;
    }
    s->mask = slots - 1;
    if (words.size)
        memcpy(s->texts, words.data, words.size);
    size_t from = 0;
    for (size_t i = 0; i <= words.size; i++) {
        if (i < words.size && s->texts[i] != ' ')
            continue;
        if (i > from)
            stop_words_add(s, (struct str){s->texts + from, i - from});
        from = i + 1;
    }
    return true;
}

void stop_words_release(struct stop_words *s)
{
    free(s->slots);
    free(s->texts);
    *s = (struct stop_words){0};
}

bool stop_words_find(const struct stop_words *s, struct str word)
{
    size_t at = stop_words_hash(word) & s->mask;
    for (; s->slots[at].data; at = (at + 1) & s->mask)
        if (str_equal(s->slots[at], word))
            return true;
    return false;
}
