#include <pthread.h>

#include "indexer/build/product.h"

/* Names without case, prefix, punctuation and accents. The rank is the order within the role: the names of
 * the design's table first, then what shop systems and portals call the same thing. */
struct role_entry {
    const char *name;
    enum role role;
    unsigned rank;
};

static const struct role_entry entries[] = {
    {"amount", ROLE_PRICE, 16},
    {"articlename", ROLE_TITLE, 9},
    {"articlenumber", ROLE_ID, 11},
    {"articletitle", ROLE_TITLE, 10},
    {"asin", ROLE_ID, 3},
    {"availability", ROLE_AVAILABILITY, 3},
    {"available", ROLE_AVAILABILITY, 7},
    {"availablequantity", ROLE_QUANTITY, 6},
    {"barcode", ROLE_IDENTIFIER, 7},
    {"body", ROLE_DESCRIPTION, 6},
    {"bodyhtml", ROLE_DESCRIPTION, 5},
    {"brand", ROLE_BRAND, 0},
    {"brandname", ROLE_BRAND, 4},
    {"bulletpoints", ROLE_SHORT_TEXT, 1},
    {"categories", ROLE_CATEGORY, 1},
    {"category", ROLE_CATEGORY, 0},
    {"categoryname", ROLE_CATEGORY, 6},
    {"categorypath", ROLE_CATEGORY, 5},
    {"categorytext", ROLE_CATEGORY, 3},
    {"currentprice", ROLE_PRICE, 12},
    {"currentstock", ROLE_QUANTITY, 5},
    {"desc", ROLE_DESCRIPTION, 3},
    {"description", ROLE_DESCRIPTION, 0},
    {"descriptionlong", ROLE_DESCRIPTION, 2},
    {"descriptionshort", ROLE_TITLE, 13},
    {"discountedprice", ROLE_SALE_PRICE, 3},
    {"ean", ROLE_IDENTIFIER, 1},
    {"ean13", ROLE_IDENTIFIER, 8},
    {"googleproductcategory", ROLE_CATEGORY, 4},
    {"groupid", ROLE_GROUP, 3},
    {"gtin", ROLE_IDENTIFIER, 0},
    {"gtin13", ROLE_IDENTIFIER, 9},
    {"gtin14", ROLE_IDENTIFIER, 10},
    {"handle", ROLE_GROUP, 6},
    {"id", ROLE_ID, 1},
    {"idproduct", ROLE_ID, 17},
    {"idsku", ROLE_ID, 12},
    {"instock", ROLE_AVAILABILITY, 4},
    {"internationalaid", ROLE_IDENTIFIER, 13},
    {"internationalpid", ROLE_IDENTIFIER, 12},
    {"inventoryquantity", ROLE_QUANTITY, 7},
    {"isbn", ROLE_IDENTIFIER, 3},
    {"isinstock", ROLE_AVAILABILITY, 5},
    {"itemgroupid", ROLE_GROUP, 0},
    {"itemid", ROLE_ID, 4},
    {"itemname", ROLE_TITLE, 6},
    {"itemtitle", ROLE_TITLE, 7},
    {"listprice", ROLE_PRICE, 14},
    {"longdescription", ROLE_DESCRIPTION, 1},
    {"manufacturer", ROLE_BRAND, 1},
    {"manufactureraid", ROLE_IDENTIFIER, 14},
    {"manufacturername", ROLE_BRAND, 5},
    {"manufacturerpartnumber", ROLE_IDENTIFIER, 11},
    {"manufacturerpid", ROLE_IDENTIFIER, 15},
    {"marketprice", ROLE_PRICE, 3},
    {"merchantcategory", ROLE_CATEGORY, 7},
    {"merchantproductid", ROLE_ID, 13},
    {"model", ROLE_IDENTIFIER, 5},
    {"mpn", ROLE_IDENTIFIER, 4},
    {"name", ROLE_TITLE, 1},
    {"objectid", ROLE_ID, 0},
    {"offerid", ROLE_ID, 5},
    {"offername", ROLE_TITLE, 11},
    {"offertitle", ROLE_TITLE, 12},
    {"parentid", ROLE_GROUP, 2},
    {"parentsku", ROLE_GROUP, 5},
    {"popularity", ROLE_POPULARITY, 0},
    {"preis", ROLE_PRICE, 17},
    {"price", ROLE_PRICE, 0},
    {"priceamount", ROLE_PRICE, 15},
    {"pricevat", ROLE_PRICE, 2},
    {"pricewithvat", ROLE_PRICE, 4},
    {"product", ROLE_TITLE, 4},
    {"productcategory", ROLE_CATEGORY, 8},
    {"productcategorytree", ROLE_CATEGORY, 9},
    {"productcode", ROLE_ID, 18},
    {"productdescription", ROLE_DESCRIPTION, 4},
    {"productid", ROLE_ID, 6},
    {"productname", ROLE_TITLE, 2},
    {"productno", ROLE_IDENTIFIER, 6},
    {"producttitle", ROLE_TITLE, 5},
    {"producttype", ROLE_CATEGORY, 2},
    {"qty", ROLE_QUANTITY, 2},
    {"quantity", ROLE_QUANTITY, 1},
    {"rank", ROLE_POPULARITY, 3},
    {"ratingcount", ROLE_POPULARITY, 1},
    {"regularprice", ROLE_PRICE, 10},
    {"retailprice", ROLE_PRICE, 13},
    {"saleprice", ROLE_SALE_PRICE, 0},
    {"sales", ROLE_POPULARITY, 2},
    {"searchprice", ROLE_PRICE, 18},
    {"shortdescription", ROLE_SHORT_TEXT, 0},
    {"sku", ROLE_ID, 2},
    {"specialprice", ROLE_SALE_PRICE, 2},
    {"stock", ROLE_QUANTITY, 0},
    {"stockquantity", ROLE_QUANTITY, 3},
    {"stockstatus", ROLE_AVAILABILITY, 6},
    {"subtitle", ROLE_SHORT_TEXT, 2},
    {"summary", ROLE_SHORT_TEXT, 3},
    {"supplier", ROLE_BRAND, 2},
    {"supplieraid", ROLE_ID, 14},
    {"supplierpid", ROLE_ID, 15},
    {"title", ROLE_TITLE, 0},
    {"uniqid", ROLE_ID, 8},
    {"uniqueid", ROLE_ID, 7},
    {"upc", ROLE_IDENTIFIER, 2},
    {"variantinventoryqty", ROLE_QUANTITY, 8},
    {"variantprice", ROLE_PRICE, 11},
    {"variationid", ROLE_ID, 16},
    {"vendor", ROLE_BRAND, 3},
    /* other languages: without accents, in lower case */
    {"bezeichnung", ROLE_TITLE, 20},
    {"artikelname", ROLE_TITLE, 21},
    {"artikelbezeichnung", ROLE_TITLE, 22},
    {"produktname", ROLE_TITLE, 23},
    {"produktbezeichnung", ROLE_TITLE, 24},
    {"titel", ROLE_TITLE, 25},
    {"titre", ROLE_TITLE, 26},
    {"titolo", ROLE_TITLE, 27},
    {"titulo", ROLE_TITLE, 28},
    {"nazev", ROLE_TITLE, 29},
    {"nazwa", ROLE_TITLE, 30},
    {"naam", ROLE_TITLE, 31},
    {"nombre", ROLE_TITLE, 32},
    {"название", ROLE_TITLE, 33},
    {"наименование", ROLE_TITLE, 34},
    {"назва", ROLE_TITLE, 35},
    {"商品名", ROLE_TITLE, 36},
    {"品名", ROLE_TITLE, 37},
    {"商品名称", ROLE_TITLE, 38},
    {"artikelnummer", ROLE_ID, 20},
    {"artikelnr", ROLE_ID, 21},
    {"artnr", ROLE_ID, 22},
    {"bestellnummer", ROLE_ID, 23},
    {"produktnummer", ROLE_ID, 24},
    {"артикул", ROLE_ID, 25},
    {"marke", ROLE_BRAND, 10},
    {"hersteller", ROLE_BRAND, 11},
    {"marque", ROLE_BRAND, 12},
    {"marca", ROLE_BRAND, 13},
    {"merk", ROLE_BRAND, 14},
    {"fabrikant", ROLE_BRAND, 15},
    {"fabricante", ROLE_BRAND, 16},
    {"produttore", ROLE_BRAND, 17},
    {"znacka", ROLE_BRAND, 18},
    {"vyrobce", ROLE_BRAND, 19},
    {"producent", ROLE_BRAND, 20},
    {"varumarke", ROLE_BRAND, 21},
    {"бренд", ROLE_BRAND, 22},
    {"производитель", ROLE_BRAND, 23},
    {"виробник", ROLE_BRAND, 24},
    {"kategorie", ROLE_CATEGORY, 20},
    {"warengruppe", ROLE_CATEGORY, 21},
    {"categorie", ROLE_CATEGORY, 22},
    {"categoria", ROLE_CATEGORY, 23},
    {"kategoria", ROLE_CATEGORY, 24},
    {"kategori", ROLE_CATEGORY, 25},
    {"категория", ROLE_CATEGORY, 26},
    {"категорія", ROLE_CATEGORY, 27},
    {"verkaufspreis", ROLE_PRICE, 20},
    {"bruttopreis", ROLE_PRICE, 21},
    {"prix", ROLE_PRICE, 22},
    {"prixttc", ROLE_PRICE, 23},
    {"precio", ROLE_PRICE, 24},
    {"prezzo", ROLE_PRICE, 25},
    {"preco", ROLE_PRICE, 26},
    {"prijs", ROLE_PRICE, 27},
    {"pris", ROLE_PRICE, 28},
    {"cena", ROLE_PRICE, 29},
    {"cenasdph", ROLE_PRICE, 30},
    {"fiyat", ROLE_PRICE, 31},
    {"hinta", ROLE_PRICE, 32},
    {"цена", ROLE_PRICE, 33},
    {"ціна", ROLE_PRICE, 34},
    {"beschreibung", ROLE_DESCRIPTION, 10},
    {"langbeschreibung", ROLE_DESCRIPTION, 11},
    {"artikelbeschreibung", ROLE_DESCRIPTION, 12},
    {"descripcion", ROLE_DESCRIPTION, 13},
    {"descrizione", ROLE_DESCRIPTION, 14},
    {"descricao", ROLE_DESCRIPTION, 15},
    {"omschrijving", ROLE_DESCRIPTION, 16},
    {"beskrivelse", ROLE_DESCRIPTION, 17},
    {"beskrivning", ROLE_DESCRIPTION, 18},
    {"popis", ROLE_DESCRIPTION, 19},
    {"opis", ROLE_DESCRIPTION, 20},
    {"aciklama", ROLE_DESCRIPTION, 21},
    {"kuvaus", ROLE_DESCRIPTION, 22},
    {"описание", ROLE_DESCRIPTION, 23},
    {"опис", ROLE_DESCRIPTION, 24},
    {"kurzbeschreibung", ROLE_SHORT_TEXT, 10},
    {"kratkypopis", ROLE_SHORT_TEXT, 11},
    {"bestand", ROLE_QUANTITY, 20},
    {"lagerbestand", ROLE_QUANTITY, 21},
    {"lagermenge", ROLE_QUANTITY, 22},
    {"cantidad", ROLE_QUANTITY, 23},
    {"existencias", ROLE_QUANTITY, 24},
    {"quantite", ROLE_QUANTITY, 25},
    {"quantita", ROLE_QUANTITY, 26},
    {"giacenza", ROLE_QUANTITY, 27},
    {"voorraad", ROLE_QUANTITY, 28},
    {"mnozstvi", ROLE_QUANTITY, 29},
    {"ilosc", ROLE_QUANTITY, 30},
    {"lagersaldo", ROLE_QUANTITY, 31},
    {"количество", ROLE_QUANTITY, 32},
    {"остаток", ROLE_QUANTITY, 33},
    {"verfugbarkeit", ROLE_AVAILABILITY, 10},
    {"verfuegbarkeit", ROLE_AVAILABILITY, 11},
    {"disponibilite", ROLE_AVAILABILITY, 12},
    {"disponibilita", ROLE_AVAILABILITY, 13},
    {"disponibilidad", ROLE_AVAILABILITY, 14},
    {"beschikbaarheid", ROLE_AVAILABILITY, 15},
    {"dostupnost", ROLE_AVAILABILITY, 16},
    {"dostepnosc", ROLE_AVAILABILITY, 17},
    {"наличие", ROLE_AVAILABILITY, 18},
};

enum { NAME_BYTES = 32, ENTRY_COUNT = sizeof(entries) / sizeof(entries[0]), SLOTS = 1024 };

/* A hash table over the entries, made once: every member of every item is looked up. 0 is an empty slot. */
static uint8_t slots[SLOTS];

static unsigned slot_of(const char *name, size_t size)
{
    uint32_t h = (uint32_t)size;
    for (size_t i = 0; i < size; i++) {
        h = h * 31 + (uint8_t)name[i];
    }
    return (h ^ (h >> 10)) % SLOTS;
}

static void fill_slots(void)
{
    _Static_assert(ENTRY_COUNT < 255, "an entry's number fits in a byte");
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        unsigned at = slot_of(entries[i].name, strlen(entries[i].name));
        while (slots[at]) {
            at = (at + 1) % SLOTS;
        }
        slots[at] = (uint8_t)(i + 1);
    }
}

static const struct role_entry *find_entry(const char *name, size_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_slots);
    for (unsigned at = slot_of(name, size); slots[at]; at = (at + 1) % SLOTS) {
        const struct role_entry *entry = &entries[slots[at] - 1];
        if (strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* U+00C0..U+017F without their accents. */
static const char latin_letters[] = "aaaaaaaceeeeiiiidnooooo_ouuuuytsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
                                    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
                                    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* A letter beyond ASCII as names are compared: Latin ones without accent, Cyrillic ones in lower case. 0: none. */
static uint32_t plain_letter(uint32_t c)
{
    if (c >= 0xc0 && c < 0x180) {
        return latin_letters[c - 0xc0] == '_' ? 0 : (uint32_t)latin_letters[c - 0xc0];
    }
    if (c >= 0x400 && c < 0x430) {
        return c < 0x410 ? c + 0x50 : c + 0x20;
    }
    return c > 0x180 && c != 0xfffd ? c : 0;
}

/* Lower-case letters and digits only; their number, 0 when there is anything else than punctuation, or too much of it.
 */
static size_t plain_name(struct str name, char out[NAME_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < name.size;) {
        uint32_t c = (uint8_t)name.data[i];
        c = c < 0x80 ? (i++, c) : str_utf8_next(name, &i);
        if (c >= 0x80 && !(c = plain_letter(c))) {
            return 0;
        }
        if (c == ':' && n == 1) {
            n = 0; /* a one-letter namespace prefix such as "g:" */
        } else if (c >= 0x80) {
            char bytes[4];
            size_t size = str_utf8_put(c, bytes);
            if (n + size >= NAME_BYTES) {
                return 0;
            }
            memcpy(out + n, bytes, size);
            n += size;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) {
            if (n + 1 == NAME_BYTES) {
                return 0;
            }
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
    }
    out[n] = '\0';
    return n > 1 ? n : 0;
}

enum role role_of_name_ranked(struct str name, unsigned *rank)
{
    char plain[NAME_BYTES];
    size_t size = plain_name(name, plain);
    const struct role_entry *found = size ? find_entry(plain, size) : NULL;
    if (!found) {
        return ROLE_NONE;
    }
    if (rank) {
        *rank = found->rank;
    }
    return found->role;
}

enum role role_of_name(struct str name)
{
    return role_of_name_ranked(name, NULL);
}
