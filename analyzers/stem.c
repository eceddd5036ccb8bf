#include "analyzers/stem.h"

#include <libstemmer.h>
#include <stdint.h>
#include <stdlib.h>

#define RECENT_COUNT 2048u
#define RECENT_BYTES 30u

#define IRREGULAR_BYTES 11 /* the longest of them */

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

static inline bool ends(struct str word, const char *suffix)
{
    size_t size = strlen(suffix); /* of a literal: known to the compiler */
    return word.size >= size && memcmp(word.data + word.size - size, suffix, size) == 0;
}

#define WORD(text)                                                                                                     \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

static bool listed(struct str word, const struct str *list)
{
    for (; list->data; list++)
        if (list->size == word.size && memcmp(list->data, word.data, word.size) == 0)
            return true;
    return false;
}

/* Plurals whose singular no rule gives, and words that only look like plurals; in order of their first letters. */
static const struct {
    struct str plural;
    struct str singular;
} irregular[] = {
    {WORD("across"), WORD("across")},
    {WORD("always"), WORD("always")},
    {WORD("atlases"), WORD("atlas")},
    {WORD("axes"), WORD("axe")},
    {WORD("bonuses"), WORD("bonus")},
    {WORD("bookshelves"), WORD("bookshelf")},
    {WORD("buses"), WORD("bus")},
    {WORD("cactuses"), WORD("cactus")},
    {WORD("calves"), WORD("calf")},
    {WORD("canvas"), WORD("canvas")},
    {WORD("canvases"), WORD("canvas")},
    {WORD("cds"), WORD("cd")},
    {WORD("christmas"), WORD("christmas")},
    {WORD("cpus"), WORD("cpu")},
    {WORD("dvds"), WORD("dvd")},
    {WORD("elves"), WORD("elf")},
    {WORD("gas"), WORD("gas")},
    {WORD("gases"), WORD("gas")},
    {WORD("gps"), WORD("gps")},
    {WORD("gpus"), WORD("gpu")},
    {WORD("halves"), WORD("half")},
    {WORD("has"), WORD("has")},
    {WORD("hooves"), WORD("hoof")},
    {WORD("irises"), WORD("iris")},
    {WORD("its"), WORD("its")},
    {WORD("knives"), WORD("knife")},
    {WORD("leaves"), WORD("leaf")},
    {WORD("lens"), WORD("lens")},
    {WORD("lenses"), WORD("lens")},
    {WORD("lives"), WORD("life")},
    {WORD("loaves"), WORD("loaf")},
    {WORD("menus"), WORD("menu")},
    {WORD("minibuses"), WORD("minibus")},
    {WORD("news"), WORD("news")},
    {WORD("pcs"), WORD("pc")},
    {WORD("perhaps"), WORD("perhaps")},
    {WORD("pickaxes"), WORD("pickaxe")},
    {WORD("quizzes"), WORD("quiz")},
    {WORD("scarves"), WORD("scarf")},
    {WORD("series"), WORD("series")},
    {WORD("shelves"), WORD("shelf")},
    {WORD("species"), WORD("species")},
    {WORD("thieves"), WORD("thief")},
    {WORD("tvs"), WORD("tv")},
    {WORD("ups"), WORD("ups")},
    {WORD("viruses"), WORD("virus")},
    {WORD("was"), WORD("was")},
    {WORD("wives"), WORD("wife")},
    {WORD("wolves"), WORD("wolf")},
    {WORD("yes"), WORD("yes")},
};

/* -ies that comes from -ie, not from -y. */
static const struct str from_ie[] = {WORD("barbies"),   WORD("beanies"),
                                     WORD("birdies"),   WORD("bookies"),
                                     WORD("bowties"),   WORD("brownies"),
                                     WORD("budgies"),   WORD("calories"),
                                     WORD("collies"),   WORD("cookies"),
                                     WORD("cozies"),    WORD("doggies"),
                                     WORD("foodies"),   WORD("freebies"),
                                     WORD("genies"),    WORD("goalies"),
                                     WORD("groupies"),  WORD("hippies"),
                                     WORD("hoodies"),   WORD("laddies"),
                                     WORD("magpies"),   WORD("movies"),
                                     WORD("neckties"),  WORD("newbies"),
                                     WORD("onesies"),   WORD("pixies"),
                                     WORD("potpies"),   WORD("prairies"),
                                     WORD("rookies"),   WORD("selfies"),
                                     WORD("smoothies"), WORD("talkies"),
                                     WORD("townies"),   WORD("veggies"),
                                     WORD("walkies"),   WORD("yuppies"),
                                     WORD("zombies"),   {0}};

/* -ches that comes from -che, -oes that comes from -oe. */
static const struct str keeps_e[] = {WORD("aches"),    WORD("aloes"),      WORD("avalanches"), WORD("backaches"),
                                     WORD("brioches"), WORD("caches"),     WORD("canoes"),     WORD("creches"),
                                     WORD("does"),     WORD("floes"),      WORD("foes"),       WORD("headaches"),
                                     WORD("hoes"),     WORD("moustaches"), WORD("mustaches"),  WORD("niches"),
                                     WORD("oboes"),    WORD("pastiches"),  WORD("porsches"),   WORD("psyches"),
                                     WORD("quiches"),  WORD("roes"),       WORD("throes"),     WORD("tiptoes"),
                                     WORD("toes"),     WORD("toothaches"), WORD("woes"),       {0}};

/* How many bytes the plural ending takes off; *add is what then follows, or 0. */
static size_t light_cut(struct str word, char *add)
{
    *add = 0;
    if (word.data[word.size - 2] != 'e')
        return word.size > 3 && !strchr("sui'", word.data[word.size - 2]);
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
    for (size_t i = 0; word.size <= IRREGULAR_BYTES && i < sizeof(irregular) / sizeof(*irregular); i++) {
        char first = irregular[i].plural.data[0];
        if (first > word.data[0])
            break;
        if (first == word.data[0] && str_equal(word, irregular[i].plural)) {
            memcpy(out, irregular[i].singular.data, irregular[i].singular.size);
            return irregular[i].singular.size;
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
