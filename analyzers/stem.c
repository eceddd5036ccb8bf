#include "analyzers/stem.h"

#include <libstemmer.h>
#include <stdint.h>
#include <stdlib.h>

#define RECENT_COUNT 2048u
#define RECENT_BYTES 30u

/* Product text repeats its words: most stems were computed a moment ago. */
struct stem_entry {
    uint8_t word_size; /* 0: empty */
    uint8_t stem_size;
    char word[RECENT_BYTES];
    char stem[RECENT_BYTES];
};

bool stemmer_init(struct stemmer *s, enum stemmer_kind kind, const char *algorithm)
{
    *s = (struct stemmer){.kind = kind};
    if (kind != STEMMER_SNOWBALL)
        return true;
    s->snowball = sb_stemmer_new(algorithm, NULL);
    s->recent = calloc(RECENT_COUNT, sizeof(*s->recent));
    if (s->snowball && s->recent)
        return true;
    stemmer_release(s);
    return false;
}

void stemmer_release(struct stemmer *s)
{
    if (s->snowball)
        sb_stemmer_delete(s->snowball);
    free(s->recent);
    *s = (struct stemmer){0};
}

static bool ends(struct str word, const char *suffix)
{
    size_t size = strlen(suffix);
    return word.size >= size && memcmp(word.data + word.size - size, suffix, size) == 0;
}

static bool listed(struct str word, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (strlen(list[i]) == word.size && memcmp(list[i], word.data, word.size) == 0)
            return true;
    return false;
}

/* Plurals whose singular no rule gives: plural, singular, ... */
static const char *const irregular[] = {
    "knives",    "knife",     "wives",     "wife",   "lives",    "life",     "shelves", "shelf",     "bookshelves",
    "bookshelf", "scarves",   "scarf",     "wolves", "wolf",     "leaves",   "leaf",    "halves",    "half",
    "loaves",    "loaf",      "calves",    "calf",   "thieves",  "thief",    "elves",   "elf",       "hooves",
    "hoof",      "quizzes",   "quiz",      "buses",  "bus",      "viruses",  "virus",   "bonuses",   "bonus",
    "gases",     "gas",       "lenses",    "lens",   "lens",     "lens",     "canvas",  "canvas",    "canvases",
    "canvas",    "atlases",   "atlas",     "irises", "iris",     "cactuses", "cactus",  "minibuses", "minibus",
    "cpus",      "cpu",       "gpus",      "gpu",    "menus",    "menu",     "tvs",     "tv",        "pcs",
    "pc",        "cds",       "cd",        "dvds",   "dvd",      "series",   "series",  "species",   "species",
    "news",      "news",      "axes",      "axe",    "pickaxes", "pickaxe",  "plus",    "plus",      "gps",
    "gps",       "christmas", "christmas", "always", "always",   "perhaps",  "perhaps", "across",    "across",
    "has",       "has",       "was",       "was",    "yes",      "yes",      "gas",     "gas",       "its",
    "its",       "ups",       "ups",       NULL};

/* -ies that comes from -ie, not from -y. */
static const char *const from_ie[] = {"movies",   "cookies", "hoodies",  "selfies",  "brownies",  "ties",    "pies",
                                      "zombies",  "beanies", "calories", "genies",   "smoothies", "onesies", "neckties",
                                      "bowties",  "rookies", "veggies",  "barbies",  "foodies",   "goalies", "newbies",
                                      "birdies",  "cozies",  "hippies",  "lies",     "dies",      "collies", "freebies",
                                      "magpies",  "potpies", "sorties",  "townies",  "walkies",   "talkies", "yuppies",
                                      "bookies",  "budgies", "doggies",  "groupies", "hankies",   "laddies", "pixies",
                                      "prairies", "stymies", "vies",     NULL};

/* -ches that comes from -che, -oes that comes from -oe. */
static const char *const keeps_e[] = {"caches",    "aches",     "headaches", "toothaches", "mustaches",  "moustaches",
                                      "niches",    "quiches",   "creches",   "brioches",   "avalanches", "porsches",
                                      "toes",      "hoes",      "canoes",    "foes",       "oboes",      "aloes",
                                      "woes",      "throes",    "does",      "floes",      "roes",       "tiptoes",
                                      "backaches", "pastiches", "psyches",   NULL};

/* How many bytes the plural ending takes off; *add is what then follows, or 0. */
static size_t light_cut(struct str word, char *add)
{
    *add = 0;
    if (ends(word, "ss") || ends(word, "us") || ends(word, "is") || ends(word, "'s"))
        return 0;
    if (ends(word, "ies")) {
        if (word.size <= 4 || listed(word, from_ie))
            return 1;
        *add = 'y';
        return 3;
    }
    if (ends(word, "ches") || ends(word, "shes") || ends(word, "sses") || ends(word, "xes") || ends(word, "zzes"))
        return listed(word, keeps_e) ? 1 : 2;
    if (ends(word, "oes"))
        return word.size <= 4 || ends(word, "shoes") || listed(word, keeps_e) ? 1 : 2;
    return word.size > 3 ? 1 : 0;
}

size_t stem_light(struct str word, char out[LIMIT_TOKEN_BYTES])
{
    memcpy(out, word.data, word.size);
    if (stem_light_keeps(word))
        return word.size;
    for (size_t i = 0; irregular[i]; i += 2) {
        if (irregular[i][0] == word.data[0] && str_equal(word, str_from(irregular[i]))) {
            size_t size = strlen(irregular[i + 1]);
            memcpy(out, irregular[i + 1], size);
            return size;
        }
    }
    char add;
    size_t size = word.size - light_cut(word, &add);
    if (add)
        out[size++] = add;
    return size;
}

static size_t stem_snowball(struct stemmer *s, struct str word, char out[LIMIT_TOKEN_BYTES])
{
    const sb_symbol *stem = sb_stemmer_stem(s->snowball, (const sb_symbol *)word.data, (int)word.size);
    int size = stem ? sb_stemmer_length(s->snowball) : 0;
    if (size <= 0 || size > LIMIT_TOKEN_BYTES) { /* nothing left, or grown too long: the word is its own stem */
        memcpy(out, word.data, word.size);
        return word.size;
    }
    memcpy(out, stem, (size_t)size);
    return (size_t)size;
}

static uint32_t recent_slot(struct str word)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < word.size; i++)
        h = (h ^ (uint8_t)word.data[i]) * 16777619u;
    return (h ^ h >> 15) % RECENT_COUNT;
}

size_t stem(struct stemmer *s, struct str word, char out[LIMIT_TOKEN_BYTES])
{
    if (s->kind == STEMMER_LIGHT)
        return stem_light(word, out);
    if (s->kind == STEMMER_NONE || word.size == 0) {
        memcpy(out, word.data, word.size);
        return word.size;
    }
    if (word.size > RECENT_BYTES)
        return stem_snowball(s, word, out);
    struct stem_entry *entry = &s->recent[recent_slot(word)];
    if (entry->word_size == word.size && memcmp(entry->word, word.data, word.size) == 0) {
        memcpy(out, entry->stem, entry->stem_size);
        return entry->stem_size;
    }
    size_t size = stem_snowball(s, word, out);
    if (size <= RECENT_BYTES) {
        entry->word_size = (uint8_t)word.size;
        entry->stem_size = (uint8_t)size;
        memcpy(entry->word, word.data, word.size);
        memcpy(entry->stem, out, size);
    }
    return size;
}
