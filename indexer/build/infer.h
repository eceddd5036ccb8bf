#ifndef AISLE_BUILD_INFER_H
#define AISLE_BUILD_INFER_H

/*
 * Settings from the data: a collector that is shown every normalized object of a feed and then writes the settings a
 * careful person would have written: what is searched and how much it counts, what are facets and of which kind, which
 * attribute has which role, the language. Memory is bounded by the number of attribute names (about 500 bytes each, at
 * most LIMIT_ATTRIBUTES); a member costs some tens of nanoseconds. Not thread-safe.
 *
 * Attributes are dotted paths; arrays count each of their elements.
 */
#include "indexer/build/feed.h"
#include "indexer/shard/settings.h"

struct infer;

enum infer_kind {
    INFER_TEXT,
    INFER_NUMBER, /* JSON numbers, or in XML and CSV strings that are plain numbers, nearly all of them */
    INFER_BOOL,
    INFER_MIXED
};

struct infer_attribute {
    struct str path;
    enum infer_kind kind;
    uint64_t objects;         /* that have it */
    uint64_t values;          /* array elements counted one by one; null and empty left out */
    uint64_t distinct;        /* estimate: exact for few, within about 7 % for many */
    uint64_t bytes;           /* of all texts */
    uint32_t longest;         /* bytes of the longest text */
    uint64_t strings;         /* values that are strings */
    uint64_t numbers;         /* values that are numbers */
    uint64_t bools;           /* values that are true or false */
    uint64_t numeric_strings; /* of the strings, plain numbers (product.h) */
    uint64_t long_codes;      /* of all numbers, those of 8 digits and more */
    uint64_t links;           /* of the strings, URLs */
    uint64_t paths;           /* of the strings, "A > B" */
    bool several;             /* was an array */
};

struct infer *infer_new(void);
void infer_free(struct infer *f);
void infer_add(struct infer *f, const struct json *object);

uint64_t infer_objects(const struct infer *f);
/* The attributes in the order seen, valid until the next infer_add. */
size_t infer_attributes(struct infer *f, const struct infer_attribute **out);

/* Declares the language, as the feed does ("de-DE"); wins over what the texts say. */
void infer_set_language(struct infer *f, const char *language);
/* The language's code, or "" when none stands out: the declared one if it is known, else by the texts' letters and
 * little words. */
struct str infer_language(const struct infer *f);

/* Appends a settings document (pretty JSON) that settings_parse takes. mapping, if not NULL, is written as `feeds`. */
MUST_CHECK enum status infer_settings(struct infer *f, const struct feed_mapping *mapping, struct buf *out_json,
                                      struct error *err);

/* STATUS_INPUT names the key of `feeds` that is wrong and what would be right. Settings without `feeds` are fine. */
MUST_CHECK enum status feed_mapping_check(const struct settings *settings, struct error *err);

/* The mapping in the settings' `feeds` ({"kind", "item", "separator", "fields": {attribute: path}}); false when they
 * have none. Strings borrow the settings or live in the arena. */
bool feed_mapping_of_settings(const struct settings *settings, struct arena *arena, struct feed_mapping *out);

#endif
