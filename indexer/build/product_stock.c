#include "indexer/build/product_values.h"

enum { WORD_BYTES = 96 };

/* In lower case, '_' and '-' as spaces. */
static const char *const in_words[] = {"in stock",
                                       "instock",
                                       "available",
                                       "yes",
                                       "true",
                                       "y",
                                       "on stock",
                                       "limited availability",
                                       "limited",
                                       "instoreonly",
                                       "in store only",
                                       "onlineonly",
                                       "online only",
                                       "available for order",
                                       "low stock",
                                       "lowstock",
                                       "on hand",
                                       "ready to ship",
                                       "skladem",
                                       "na sklade",
                                       "na skladě",
                                       "ihned",
                                       "dostupné",
                                       "dostupny",
                                       "dostupný",
                                       "auf lager",
                                       "lagernd",
                                       "sofort lieferbar",
                                       "sofort verfügbar",
                                       "lieferbar",
                                       "verfügbar",
                                       "vorrätig",
                                       "ja",
                                       "en stock",
                                       "disponible",
                                       "oui",
                                       "si",
                                       "sí",
                                       "disponibile",
                                       "disponibilità immediata",
                                       "in magazzino",
                                       "в наличии",
                                       "есть в наличии",
                                       "есть",
                                       "да",
                                       "на складе",
                                       "в наявності",
                                       "є в наявності",
                                       "stokta",
                                       "stokta var",
                                       "var",
                                       "mevcut",
                                       "dostępny",
                                       "dostępna",
                                       "na magazynie",
                                       "w magazynie",
                                       "tak",
                                       "op voorraad",
                                       "voorradig",
                                       "på lager",
                                       "i lager",
                                       "varastossa",
                                       "raktáron",
                                       "készleten",
                                       "van",
                                       "em estoque",
                                       "em stock",
                                       "disponível",
                                       "în stoc",
                                       "in stoc",
                                       "disponibil",
                                       "na zalihi",
                                       "na stanju",
                                       "налично",
                                       "в наличност",
                                       "διαθέσιμο",
                                       "άμεσα διαθέσιμο",
                                       "σε απόθεμα",
                                       "ετοιμοπαράδοτο",
                                       "在庫あり",
                                       "有货",
                                       "现货",
                                       "재고 있음",
                                       "متوفر",
                                       "ano",
                                       NULL};
static const char *const out_words[] = {"out of stock",
                                        "outofstock",
                                        "oos",
                                        "sold out",
                                        "soldout",
                                        "no",
                                        "false",
                                        "n",
                                        "unavailable",
                                        "not available",
                                        "discontinued",
                                        "preorder",
                                        "pre order",
                                        "presale",
                                        "backorder",
                                        "back order",
                                        "on backorder",
                                        "not in stock",
                                        "ausverkauft",
                                        "nicht auf lager",
                                        "nicht verfügbar",
                                        "nicht lieferbar",
                                        "vergriffen",
                                        "nein",
                                        "vyprodáno",
                                        "není skladem",
                                        "nedostupné",
                                        "nie je na sklade",
                                        "vypredané",
                                        "ne",
                                        "agotado",
                                        "sin stock",
                                        "no disponible",
                                        "rupture de stock",
                                        "en rupture de stock",
                                        "épuisé",
                                        "indisponible",
                                        "non",
                                        "esaurito",
                                        "non disponibile",
                                        "нет в наличии",
                                        "нет",
                                        "нету",
                                        "немає в наявності",
                                        "под заказ",
                                        "tükendi",
                                        "stokta yok",
                                        "yok",
                                        "niedostępny",
                                        "niedostępna",
                                        "brak",
                                        "brak w magazynie",
                                        "nie",
                                        "uitverkocht",
                                        "niet op voorraad",
                                        "slutsåld",
                                        "slut i lager",
                                        "utsolgt",
                                        "udsolgt",
                                        "ikke på lager",
                                        "loppu",
                                        "elfogyott",
                                        "nincs készleten",
                                        "nincs",
                                        "esgotado",
                                        "indisponível",
                                        "sem estoque",
                                        "stoc epuizat",
                                        "indisponibil",
                                        "rasprodato",
                                        "изчерпано",
                                        "μη διαθέσιμο",
                                        "εξαντλημένο",
                                        "在庫なし",
                                        "缺货",
                                        "품절",
                                        "غير متوفر",
                                        NULL};

/* Large letters of Latin, Greek and Cyrillic blocks to small ones: enough for these words. */
static uint32_t lower(uint32_t c)
{
    bool ascii = c >= 'A' && c <= 'Z';
    bool latin1 = c >= 0xc0 && c <= 0xde && c != 0xd7;
    bool greek = c >= 0x391 && c <= 0x3a9;
    bool cyrillic = c >= 0x410 && c <= 0x42f;
    if (ascii || latin1 || greek || cyrillic) {
        return c + 32;
    }
    if (c >= 0x400 && c <= 0x40f) {
        return c + 80;
    }
    if (c == 0x386) {
        return 0x3ac;
    }
    return c >= 0x100 && c <= 0x137 && c % 2 == 0 ? c + 1 : c;
}

static size_t put_code_point(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | (c >> 12));
    out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

static bool listed(struct str word, const char *const *words)
{
    for (; *words; words++) {
        if (str_equal(word, str_from(*words))) {
            return true;
        }
    }
    return false;
}

enum availability availability_parse(struct str s)
{
    char text[WORD_BYTES + 4];
    size_t n = 0;
    s = str_trim(s);
    if (s.size == 0 || s.size > WORD_BYTES) {
        return AVAILABILITY_UNKNOWN;
    }
    /* the most frequent first, as feeds write them */
    if (str_equal(s, STR("in stock")) || str_equal(s, STR("in_stock")) || str_equal(s, STR("1"))) {
        return AVAILABILITY_IN;
    }
    if (str_equal(s, STR("out of stock")) || str_equal(s, STR("out_of_stock")) || str_equal(s, STR("0"))) {
        return AVAILABILITY_OUT;
    }
    size_t slash = s.size;
    while (slash > 0 && s.data[slash - 1] != '/') {
        slash--;
    }
    if (str_starts_with(s, STR("http"))) {
        s = str_slice(s, slash, s.size); /* https://schema.org/InStock */
    }
    for (size_t at = 0; at < s.size && n < WORD_BYTES;) {
        uint32_t c = lower(str_utf8_next(s, &at));
        c = c == '_' || c == '-' ? ' ' : c;
        n += c < 0x10000 ? put_code_point(text + n, c) : 0;
    }
    struct str word = {text, n};
    if (n && (text[n - 1] == '.' || text[n - 1] == '!')) {
        word.size--;
    }
    return listed(word, in_words) ? AVAILABILITY_IN : listed(word, out_words) ? AVAILABILITY_OUT : AVAILABILITY_UNKNOWN;
}
