#include "analyzers/analyzer.h"
#include "indexer/build/infer_internal.h"

/*
 * Languages by their little words. The lists hold words that are frequent in product texts and, as far as that goes,
 * belong to one language; a word of several counts for each. Scripts decide for languages that are alone in theirs.
 */
struct language_words {
    const char code[4];
    const char *words; /* between spaces */
};

static const struct language_words table[LANGUAGES] = {
    {"en", " the and with for of from your this is are to in it you our that by on as be can "},
    {"de", " und der die das mit für von ist ein eine auf zu den im aus nicht auch oder durch bei zum zur wird sich "},
    {"fr", " et le la les des avec pour une est dans du sur vous votre par en au aux ce cette qui pas plus "},
    {"es", " y el la los las con para una es en del de por que su tu más sin al este esta como "},
    {"it", " e il la le con per una è di del della in che non dei delle gli nel alla sono anche da "},
    {"pt", " e o a os as com para uma é em do da dos das que não por seu sua mais ao no na "},
    {"nl", " en de het een met voor van is op te in dat niet uw bij ook zijn door naar deze "},
    {"cs", " a s se je na pro do ve z ze že si jako nebo které který která díky při od i "},
    {"sk", " a s sa je na pre do vo z zo že si ako alebo ktoré ktorý ktorá vďaka pri od aj "},
    {"pl", " i z w na do się jest dla oraz nie od po ze przez który która które to jak lub "},
    {"tr", " ve ile için bir bu da de olarak çok en daha ya veya olan kadar gibi her "},
    {"sv", " och med för att en ett är som på av till i det den från har kan inte du din "},
    {"da", " og med til at en et er som på af i det den fra har kan ikke du din for "},
    {"fi", " ja on se että sekä tai kun joka myös voi ovat ei sen kanssa hyvin "},
    {"hu", " és a az egy hogy is nem meg van vagy ez mint csak már lehet termék "},
    {"ro", " și cu de la pentru din în este un o care sau mai nu pe ce prin sunt "},
    {"hr", " i s u na za je se od do koji koja su iz te ili kao ne što "},
    {"ru", " и в на с для из не по от до или это как что за при к у все также "},
    {"uk", " і в на з для із не по від до або це як що за при та й у є "},
    {"bg", " и в на с за от не по до или това като че със при се да са "},
};

enum script {
    SCRIPT_LATIN,
    SCRIPT_CYRILLIC,
    SCRIPT_GREEK,
    SCRIPT_ARABIC,
    SCRIPT_HAN,
    SCRIPT_KANA,
    SCRIPT_HANGUL,
    SCRIPT_THAI
};

static int script_of(uint32_t c)
{
    if (c < 0x250) {
        return SCRIPT_LATIN;
    }
    if (c >= 0x370 && c < 0x400) {
        return SCRIPT_GREEK;
    }
    if (c >= 0x400 && c < 0x530) {
        return SCRIPT_CYRILLIC;
    }
    if (c >= 0x600 && c < 0x780) {
        return SCRIPT_ARABIC;
    }
    if (c >= 0xe00 && c < 0xe80) {
        return SCRIPT_THAI;
    }
    if (c >= 0x3040 && c < 0x3100) {
        return SCRIPT_KANA;
    }
    if (c >= 0x4e00 && c < 0xa000) {
        return SCRIPT_HAN;
    }
    return c >= 0xac00 && c < 0xd7b0 ? SCRIPT_HANGUL : -1;
}

static bool letter(uint32_t c)
{
    bool ascii = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return ascii || (c >= 0xc0 && c != 0xd7 && c != 0xf7 && script_of(c) >= 0);
}

/* Small letters of what the lists hold: Latin-1, Latin Extended-A, Cyrillic. */
static uint32_t small(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde) || (c >= 0x410 && c <= 0x42f)) {
        return c + 32;
    }
    return (c >= 0x100 && c < 0x138) || c == 0x218 || c == 0x21a ? c | 1 : c;
}

enum { WORD_BYTES = 16 };

/* Letters that hardly any other language of the table has; the small ones, two bytes each. */
static const struct {
    const char code[4];
    const char *letters;
} marks[] = {{"cs", "ěřů"}, {"sk", "ľĺŕ"}, {"pl", "łąężźćśń"}, {"tr", "ğı"}, {"de", "ß"},   {"es", "ñ"}, {"pt", "ãõ"},
             {"hu", "őű"},  {"ro", "ășț"}, {"da", "øæ"},       {"hr", "đ"},  {"uk", "іїє"}, {"ru", "ыэ"}};

static void count_letter(struct language_evidence *counts, uint32_t c)
{
    const char bytes[3] = {(char)(0xc0 | (c >> 6)), (char)(0x80 | (c & 0x3f)), '\0'};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (strstr(marks[i].letters, bytes)) {
            for (size_t k = 0; k < LANGUAGES; k++) {
                counts->hits[k] += strcmp(table[k].code, marks[i].code) == 0;
            }
        }
    }
}

static void count_word(struct language_evidence *counts, const char *word, size_t size)
{
    char key[WORD_BYTES + 3];
    counts->words++;
    if (size == 0 || size > WORD_BYTES) {
        return;
    }
    key[0] = ' ';
    memcpy(key + 1, word, size);
    key[size + 1] = ' ';
    key[size + 2] = '\0';
    for (size_t i = 0; i < LANGUAGES; i++) {
        counts->hits[i] += strstr(table[i].words, key) != NULL;
    }
}

void language_evidence_add(struct language_evidence *counts, struct str text)
{
    char word[WORD_BYTES + 4];
    size_t size = 0;
    bool in_word = false;
    for (size_t at = 0; at <= text.size;) {
        uint32_t c = at < text.size ? str_utf8_next(text, &at) : (at++, ' ');
        if (letter(c)) {
            int script = script_of(c);
            counts->letters++;
            counts->ascii += c < 0x80;
            counts->scripts[script]++;
            c = small(c);
            in_word = true;
            if (c >= 0x80 && c < 0x800) {
                count_letter(counts, c);
            }
            if (size <= WORD_BYTES && c < 0x80) {
                word[size++] = (char)c;
            } else if (size <= WORD_BYTES && c < 0x800) {
                word[size++] = (char)(0xc0 | (c >> 6));
                word[size++] = (char)(0x80 | (c & 0x3f));
            } else {
                size = WORD_BYTES + 1;
            }
        } else if (c >= '0' && c <= '9') {
            in_word = true;
            size = WORD_BYTES + 1; /* "30W" is no word */
        } else if (in_word) {
            count_word(counts, word, size);
            in_word = false;
            size = 0;
        }
    }
}

const char *language_guess(const struct language_evidence *counts)
{
    static const char *const alone[] = {NULL, NULL, "el", "ar", "zh", "ja", "ko", "th"};
    uint64_t japanese = counts->scripts[SCRIPT_KANA];
    if (counts->letters < 20) {
        return "";
    }
    if (japanese * 10 > counts->letters) {
        return "ja";
    }
    for (size_t i = SCRIPT_GREEK; i <= SCRIPT_THAI; i++) {
        if (counts->scripts[i] * 2 > counts->letters) {
            return alone[i];
        }
    }
    size_t best = 0;
    for (size_t i = 1; i < LANGUAGES; i++) {
        best = counts->hits[i] > counts->hits[best] ? i : best;
    }
    uint64_t second = 0;
    for (size_t i = 0; i < LANGUAGES; i++) {
        second = i != best && counts->hits[i] > second ? counts->hits[i] : second;
    }
    /* one word in twenty-five, and clearly more than the next language's */
    bool enough = counts->hits[best] >= 5 && counts->hits[best] * 25 >= counts->words;
    /* titles have few little words: those of English, which has no letters of its own, may be rarer */
    bool english = best == 0 && counts->hits[0] >= 5 && counts->hits[0] * 100 >= counts->words &&
                   counts->ascii * 200 >= counts->letters * 199;
    return (enough || english) && counts->hits[best] * 10 >= second * 11 ? table[best].code : "";
}

static bool known(struct str code)
{
    for (const char *const *at = analyzer_languages(); *at; at++) {
        if (str_equal(code, str_from(*at))) {
            return true;
        }
    }
    return false;
}

struct str infer_language(const struct infer *f)
{
    static const char *const codes[] = {"en", "de", "fr", "es", "it", "pt", "nl", "cs", "sk", "pl", "tr", "sv", "da",
                                        "fi", "hu", "ro", "hr", "ru", "uk", "bg", "el", "ar", "zh", "ja", "ko", "th",
                                        "no", "nb", "sl", "sr", "lt", "lv", "et", "he", "fa", "hi", "id", "vi", "ca"};
    struct str declared = str_from(f->declared);
    declared.size = declared.size > 2 && (declared.data[2] == '-' || declared.data[2] == '_') ? 2 : declared.size;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (str_equal_nocase(declared, str_from(codes[i])) && known(str_from(codes[i]))) {
            return str_from(codes[i]);
        }
    }
    struct str guess = str_from(language_guess(&f->language));
    return known(guess) ? guess : STR("");
}
