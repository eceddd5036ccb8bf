#ifndef AISLE_BUILD_FEED_H
#define AISLE_BUILD_FEED_H

/*
 * Feeds: files (or standard input) of product items in XML, NDJSON, a JSON array, CSV or TSV, plain or gzip. The kind
 * is told from the content. Reading streams in bounded memory: one item at a time is handed to the caller as a JSON
 * object whose members are the item's fields under the names of the mapping, values still as the feed spells them (feed
 * XML and CSV give strings; product.h makes prices, stock and paths of them).
 *
 * Every item handed over has "objectID" as its first member, a string: the value of the field that is the feed's id, or
 * a hash of the item where the feed has none (info.id_source says which). Elements of XML feeds that have a role get
 * its canonical name (item_group_id, title, brand, category, short_description, description, price, sale_price, gtin,
 * mpn, quantity, availability, popularity); everything else keeps its own.
 *
 * A bad item is reported to on_reject and skipped; a feed broken beyond repair ends with STATUS_FORMAT after every item
 * that was complete before the break was handed over.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"

enum feed_kind { FEED_UNKNOWN, FEED_XML, FEED_NDJSON, FEED_JSON_ARRAY, FEED_CSV };

/* How items and fields are found. Recognised when empty; written to the settings once recognised. For XML `item` is the
 * element that is an item and a path is child elements from it ("g:price", "PARAM[PARAM_NAME]=VAL", "@id"); for CSV a
 * path is a column's name. Unmapped children and columns keep their own name. */
struct feed_field {
    struct str name; /* the attribute it becomes */
    struct str path;
};
struct feed_mapping {
    enum feed_kind kind;
    struct str item; /* XML: the element's local name, or its path from the root: "shop/offers/offer" */
    char separator;  /* CSV: ',', ';', '\t' or '|'; 0: found out */
    const struct feed_field *fields;
    size_t field_count;
};

struct feed_item {
    struct json object;  /* borrowed until the callback returns */
    struct arena *arena; /* where the callback may add to the object; reset after it returns */
    const char *file;
    uint64_t line;   /* where the item begins, from 1 */
    uint64_t offset; /* bytes into the unpacked feed */
};

struct feed_reject {
    const char *file;
    uint64_t line;
    struct str id;    /* the item's id where it was read; may be empty */
    struct str field; /* may be empty */
    const char *reason;
    struct str excerpt; /* the raw item's first bytes where they are to be had, for the rejects file */
};

struct feed_progress {
    uint64_t bytes_read;  /* of the file as it lies on disk */
    uint64_t bytes_total; /* 0: not known (standard input) */
    uint64_t items;
};

struct feed_handler {
    void *context;
    /* STATUS_INPUT rejects the item (err says the field and why); any other status but OK ends the reading with it. */
    enum status (*on_item)(void *context, struct feed_item *item, struct error *err);
    void (*on_reject)(void *context, const struct feed_reject *reject);
    void (*on_progress)(void *context, const struct feed_progress *progress); /* every ~64 KiB; may be NULL */
    /* on_item and on_reject are called, in order, on a thread of the reading's own that works behind the parser; all
     * calls are over when feed_read returns. info is then not to be looked at before. */
    bool relayed;
};

struct feed_info {
    enum feed_kind kind;
    char title[128];    /* the feed's own name: "Google Merchant RSS", "Yandex YML", "CSV, ';'" */
    int64_t date_ms;    /* the feed's own date, 0 when it has none */
    char currency[4];   /* declared for the whole feed (YML, BMEcat), or "" */
    char language[16];  /* declared: "de", "en-US", or "" */
    char encoding[24];  /* when it was not UTF-8: "windows-1252", "utf-16le"; else "" */
    char id_source[96]; /* where objectID came from: "'sku'", "'index' (first column that is filled and unique)", ... */
    bool partial;       /* an update, not a whole catalog (BMEcat T_UPDATE_*, rows of stores) */
    uint8_t store_rows; /* enum store_row_kind; known when the first item is handed over */
    bool broken;        /* ended before its end; the items before were handed over */
    uint64_t bytes;     /* unpacked */
    uint64_t items;     /* handed over, rejected ones included */
};

/* Reads a whole feed; path "-" is standard input. mapping may be NULL (all recognised); *recognised, if not NULL, is
 * what was used, allocated in `arena`. */
MUST_CHECK enum status feed_read(const char *path, const struct feed_mapping *mapping,
                                 const struct feed_handler *handler, struct arena *arena,
                                 struct feed_mapping *recognised, struct feed_info *info, struct error *err);

#endif
