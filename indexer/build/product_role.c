#include <pthread.h>

#include "indexer/build/product.h"

/* Names without case, prefix and punctuation, sorted. The rank is the order within the role: the names of
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

/* Lower-case letters and digits only; their number, 0 when there is anything else than punctuation, or too much of it.
 */
static size_t plain_name(struct str name, char out[NAME_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = (uint8_t)name.data[i];
        if (c == ':' && n == 1) {
            n = 0; /* a one-letter namespace prefix such as "g:" */
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) {
            if (n + 1 == NAME_BYTES) {
                return 0;
            }
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        } else if (c >= 0x80) {
            return 0;
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
