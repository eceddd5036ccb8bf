/* Stemmers: plurals of shop words, known pairs of Snowball's vocabularies, and what must hold of any word. */
#include "tests/unit/analyzers/tokens.h"

#include "analyzers/stem.h"

struct pair {
    const char *word;
    const char *stem;
};

static void test_light(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"shoes", "shoe"},
        {"boxes", "box"},
        {"watches", "watch"},
        {"dresses", "dress"},
        {"brushes", "brush"},
        {"batteries", "battery"},
        {"movies", "movie"},
        {"hoodies", "hoodie"},
        {"cases", "case"},
        {"houses", "house"},
        {"sizes", "size"},
        {"tomatoes", "tomato"},
        {"knives", "knife"},
        {"gloves", "glove"},
        {"shelves", "shelf"},
        {"lenses", "lens"},
        {"lens", "lens"},
        {"bus", "bus"},
        {"buses", "bus"},
        {"glass", "glass"},
        {"glasses", "glass"},
        {"tennis", "tennis"},
        {"gps", "gps"},
        {"tvs", "tv"},
        {"headaches", "headache"},
        {"jeans", "jean"},
        {"socks", "sock"},
        {"mens", "men"},
        {"ties", "tie"},
        {"keys", "key"},
        {"toys", "toy"},
        {"women", "women"},
        {"s", "s"},
        {"is", "is"},
        {"ss", "ss"},
        {"running", "running"},
        {"menus", "menu"},
        {"viruses", "virus"},
        {"canvases", "canvas"},
        {"horseshoes", "horseshoe"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        char out[LIMIT_TOKEN_BYTES];
        struct str stemmed = {out, stem_light(str_from(pairs[i].word), out)};
        if (!str_equal(stemmed, str_from(pairs[i].stem)))
            fail_msg("%s became %.*s, not %s", pairs[i].word, STR_ARG(stemmed), pairs[i].stem);
        char again[LIMIT_TOKEN_BYTES];
        assert_true(str_equal((struct str){again, stem_light(stemmed, again)}, stemmed)); /* once is enough */
    }
}

static const struct {
    const char *algorithm;
    struct pair pairs[6];
} snowball_rows[] = {
    {"english",
     {{"consistency", "consist"},
      {"knightly", "knight"},
      {"generously", "generous"},
      {"skies", "sky"},
      {"dying", "die"},
      {"running", "run"}}},
    {"german",
     {{"aufeinander", "aufeinand"},
      {"häuser", "haus"},
      {"kategorischen", "kategor"},
      {"schönes", "schon"},
      {"katzen", "katz"},
      {"autobahnen", "autobahn"}}},
    {"french",
     {{"continuation", "continu"},
      {"majestueusement", "majestu"},
      {"chevaux", "cheval"},
      {"électriques", "électr"},
      {"maisons", "maison"},
      {"petites", "petit"}}},
    {"spanish",
     {{"cheques", "chequ"},
      {"torniquetes", "torniquet"},
      {"chicas", "chic"},
      {"educación", "educ"},
      {"zapatos", "zapat"},
      {"torres", "torr"}}},
    {"italian",
     {{"abbandonata", "abbandon"},
      {"pronunciamento", "pronunc"},
      {"scarpe", "scarp"},
      {"propagazione", "propag"},
      {"borse", "bors"},
      {"camicie", "camic"}}},
    {"portuguese",
     {{"boataria", "boat"},
      {"quilométricas", "quilométr"},
      {"sapatos", "sapat"},
      {"bolsas", "bols"},
      {"camisas", "camis"},
      {"meninos", "menin"}}},
    {"dutch",
     {{"lichaamsziek", "lichaamsziek"},
      {"opglimpende", "opglimp"},
      {"schoenen", "schoen"},
      {"lampen", "lamp"},
      {"tafels", "tafel"},
      {"fietsen", "fiets"}}},
    {"swedish",
     {{"jaktkarlarne", "jaktkarl"},
      {"klostergården", "klostergård"},
      {"skorna", "skorn"},
      {"lampor", "lamp"},
      {"stolar", "stol"},
      {"stolarna", "stol"}}},
    {"russian",
     {{"важная", "важн"},
      {"падениях", "паден"},
      {"белый", "бел"},
      {"книги", "книг"},
      {"красивые", "красив"},
      {"телефоны", "телефон"}}},
    {"turkish",
     {{"kitaplar", "kitap"},
      {"evler", "ev"},
      {"telefonlar", "telefon"},
      {"okullar", "okul"},
      {"arabalar", "araba"},
      {"kapılar", "kapı"}}},
};

static void test_snowball(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(snowball_rows) / sizeof(*snowball_rows); i++) {
        struct stemmer s;
        assert_true(stemmer_init(&s, STEMMER_SNOWBALL, snowball_rows[i].algorithm));
        for (size_t k = 0; k < 12; k++) { /* the second time from what the stemmer remembers */
            const struct pair *pair = &snowball_rows[i].pairs[k % 6];
            char out[LIMIT_TOKEN_BYTES];
            struct str stemmed = {out, stem(&s, str_from(pair->word), out)};
            if (!str_equal(stemmed, str_from(pair->stem)))
                fail_msg("%s: %s became %.*s, not %s", snowball_rows[i].algorithm, pair->word, STR_ARG(stemmed),
                         pair->stem);
        }
        stemmer_release(&s);
    }
}

/* Random words: the stem is there, within its limit, and the same whether remembered or not. */
static void test_stable(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"arabic",    "armenian",   "basque",   "catalan", "danish",     "dutch",
                                             "english",   "finnish",    "french",   "german",  "greek",      "hindi",
                                             "hungarian", "indonesian", "irish",    "italian", "lithuanian", "nepali",
                                             "norwegian", "portuguese", "romanian", "russian", "serbian",    "spanish",
                                             "swedish",   "tamil",      "turkish",  "yiddish"};
    static const char *const pieces[] = {"a",   "e",   "i",  "o",  "u",   "y",  "s",  "n", "r", "t",
                                         "ing", "ed",  "es", "en", "ция", "ов", "ий", "á", "ö", "ção",
                                         "lar", "ler", "ות", "ها", "ών",  "ता", "கள்", "ss"};
    struct random r = random_start(__func__);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
        struct stemmer kept;
        assert_true(stemmer_init(&kept, STEMMER_SNOWBALL, algorithms[i]));
        for (int round = 0; round < 100; round++) {
            char word[LIMIT_TOKEN_BYTES + 16] = "";
            size_t count = 1 + random_below(&r, round % 20 ? 7 : 40);
            for (size_t k = 0; k < count; k++) {
                const char *piece = pieces[random_below(&r, sizeof(pieces) / sizeof(*pieces))];
                if (strlen(word) + strlen(piece) <= LIMIT_TOKEN_BYTES)
                    strcat(word, piece);
            }
            struct stemmer fresh;
            assert_true(stemmer_init(&fresh, STEMMER_SNOWBALL, algorithms[i]));
            char first[LIMIT_TOKEN_BYTES], second[LIMIT_TOKEN_BYTES], third[LIMIT_TOKEN_BYTES];
            struct str a = {first, stem(&kept, str_from(word), first)};
            struct str b = {second, stem(&fresh, str_from(word), second)};
            struct str c = {third, stem(&kept, str_from(word), third)};
            assert_in_range(a.size, 1, LIMIT_TOKEN_BYTES);
            assert_true(str_utf8_valid(a, NULL));
            assert_true(str_equal(a, b) && str_equal(a, c));
            stemmer_release(&fresh);
        }
        stemmer_release(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light),
        cmocka_unit_test(test_snowball),
        cmocka_unit_test(test_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
