#ifndef AISLE_BUILD_FEED_INTERNAL_H
#define AISLE_BUILD_FEED_INTERNAL_H

/*
 * What the readers of the feed kinds share: the bytes (feed_source), handing items over and rejecting them, and the
 * choice of the field that is the id. One thread reads a feed.
 */
#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "indexer/build/feed.h"
#include "indexer/build/store_rows.h"

#define FEED_PREFIX_BYTES  (1u << 20)         /* what decisions about a feed are taken on */
#define FEED_ITEM_BYTES    (size_t)(1u << 20) /* the most one item may have */
#define FEED_CHUNK_BYTES   (64u << 10)
#define FEED_SAMPLE_ITEMS  1000
#define FEED_EXCERPT_BYTES 200

/*
 * Bytes of a feed, unpacked and in UTF-8 once an encoding is set: a window that grows at its end and is consumed at its
 * start. The slice that feed_source_window returns is valid until the next fill or consume.
 */
struct feed_source;

enum feed_encoding { FEED_UTF8, FEED_UTF16LE, FEED_UTF16BE, FEED_WINDOWS_1250, FEED_WINDOWS_1251, FEED_WINDOWS_1252 };

MUST_CHECK enum status feed_source_open(struct feed_source **out, const char *path, struct error *err);
void feed_source_close(struct feed_source *s);
/* Reads until the window has `wanted` bytes or the feed ends. A failed read or a damaged gzip stream is an end too:
 * feed_source_failure tells it when the reader is done with what came before. */
void feed_source_fill(struct feed_source *s, size_t wanted);
MUST_CHECK enum status feed_source_failure(const struct feed_source *s, struct error *err);
struct str feed_source_window(const struct feed_source *s);
bool feed_source_ended(const struct feed_source *s); /* the window holds all that is left */
void feed_source_consume(struct feed_source *s, size_t size);
/* From now on, the window included, bytes are decoded from this encoding. */
void feed_source_decode(struct feed_source *s, enum feed_encoding encoding);
uint64_t feed_source_offset(const struct feed_source *s); /* of the window's first byte, unpacked */
uint64_t feed_source_bytes_read(const struct feed_source *s);
uint64_t feed_source_bytes_total(const struct feed_source *s);

/* Appends `raw` in UTF-8 to out; returns how many bytes were taken (an incomplete unit at the end is left). */
size_t feed_encoding_decode(enum feed_encoding encoding, struct str raw, bool final, struct buf *out);
uint32_t feed_windows_1252(uint8_t c); /* the code point of a byte */

struct feed_reader {
    const char *path;      /* as messages have it */
    const char *file_path; /* NULL for standard input */
    unsigned blank_lines;  /* skipped before XML */
    struct feed_source *source;
    const struct feed_mapping *mapping; /* never NULL; empty when all is to be recognised */
    const struct feed_handler *handler;
    struct arena *arena; /* the caller's, for what outlives the reading */
    struct arena items;  /* of one item; reset when it was handed over */
    struct feed_mapping *recognised;
    struct feed_info *info;
    struct buf scratch;
    uint64_t progress_bytes;  /* where progress was last reported */
    struct feed_relay *relay; /* NULL: the handler is called on this thread */
};

/* Where the window is text but not UTF-8: decodes it from the Windows code page that its letters speak for (1250, 1251
 * or 1252), which info then names. A single wrong byte changes nothing. */
void feed_choose_encoding(struct feed_reader *r);

MUST_CHECK enum status feed_read_xml(struct feed_reader *r, struct error *err);
MUST_CHECK enum status feed_read_csv(struct feed_reader *r, struct error *err);
MUST_CHECK enum status feed_read_json(struct feed_reader *r, struct error *err);

/* Calls the handler with an item; STATUS_INPUT becomes a reject and OK. scratch is for the reject's excerpt. */
MUST_CHECK enum status feed_handle(const struct feed_handler *handler, struct feed_item *item, struct buf *scratch,
                                   struct error *err);

/* Takes items and rejects to a thread that calls the handler with copies of them. An error of the handler is given by a
 * later item, or at the end. */
struct feed_relay;
struct feed_relay *feed_relay_new(const struct feed_handler *handler);
MUST_CHECK enum status feed_relay_item(struct feed_relay *y, const struct feed_item *item, struct error *err);
void feed_relay_reject(struct feed_relay *y, const struct feed_reject *reject);
/* Waits for the handler; frees. */
MUST_CHECK enum status feed_relay_end(struct feed_relay *y, struct error *err);

/* Hands an item over; STATUS_INPUT from the handler becomes a reject and OK. The item's memory is gone afterwards. */
MUST_CHECK enum status feed_deliver(struct feed_reader *r, struct feed_item *item, struct error *err);
/* Counts and reports a bad item. Only line, id, field, reason and excerpt are needed. */
void feed_reject(struct feed_reader *r, const struct feed_reject *reject);
void feed_report_progress(struct feed_reader *r);
/* The feed's items are rows of stores, or are none. */
void feed_note_store_rows(struct feed_reader *r, enum store_row_kind kind);

/* 32 hexadecimal digits of the object, for items without an id; in the items arena. */
struct str feed_item_hash(struct feed_reader *r, const struct json *object);
/* The path that the user's mapping gives for an attribute, or an empty slice. */
struct str feed_mapping_path(const struct feed_mapping *mapping, struct str name);

/*
 * Which field is the id, decided on the first items: the best id name that at least half of them have; else a GTIN
 * that all have and nearly all have alone; else the first field that is filled and unique and looks like a key; else
 * none (the id is then a hash).
 */
struct feed_id_column {
    struct str name;
    uint64_t filled;
    uint64_t repeated;
    bool text; /* has a value no key would have: long, or with spaces or slashes */
};
struct feed_id_survey {
    VEC(struct feed_id_column) columns;
    struct map names;
    struct map values;
    struct arena arena;
    uint64_t items;
};
void feed_id_survey_release(struct feed_id_survey *s);
void feed_id_survey_item(struct feed_id_survey *s);
void feed_id_survey_value(struct feed_id_survey *s, struct str name, struct str value);
/* The name, in the reader's arena, empty for none; sets info->id_source. */
struct str feed_id_survey_choose(struct feed_id_survey *s, struct feed_reader *r);

#endif
