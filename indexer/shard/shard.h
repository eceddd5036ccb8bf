#ifndef AISLE_SHARD_SHARD_H
#define AISLE_SHARD_SHARD_H

/*
 * One shard: an immutable inverted index over some products, with columns, facet sets, keys and stored objects, in one
 * chunked and checksummed file (FORMAT.md) that is mapped, or in memory for a delta. What changes in place is in its
 * number columns and stock flag (columns.h); deletions are in the snapshot (snapshot.h).
 *
 * Documents are in order of (primary category in tree preorder, popularity descending, product, variant); the variants
 * of a product lie side by side, all in one shard.
 *
 * Opened shards may be read by any thread. Opening checks header, table of chunks, directories and dictionaries; the
 * 64 KB blocks of data chunks are verified before first use: shard_check_* does so for what a query is about to read,
 * and after it returned STATUS_OK readers have no error path. A block found damaged stays damaged: the shard is then
 * to be left out of answers, and they say so.
 *
 * What has an entry for each document (keys, ranks, groups, places of objects) takes the time of a start, so a lazy
 * opening leaves it to its first use, too. Whoever opened so calls shard_check_rest soon, on another thread, and leaves
 * the shard out when it fails; until then functions without an error path see a damaged part as empty.
 */
#include "indexer/base/buf.h"
#include "indexer/base/file.h"
#include "indexer/shard/bitmaps.h"
#include "indexer/shard/columns.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/positions.h"
#include "indexer/shard/postings.h"
#include "indexer/shard/titles.h"

struct shard;

struct shard_open_options {
    bool verify_all; /* every block now, instead of before first use */
    bool lazy;       /* neither what is checked once by every other opening */
};
MUST_CHECK enum status shard_open(struct shard **out, const char *path, const struct shard_open_options *options,
                                  struct error *err);
/* Takes image's memory, also on failure. */
MUST_CHECK enum status shard_open_memory(struct shard **out, struct buf *image, struct error *err);
void shard_close(struct shard *s);
/* What a lazy opening left: all of it. Cheap when it was done before. */
MUST_CHECK enum status shard_check_rest(const struct shard *s, struct error *err);
/* Before shard_groups, and before shard_id_ranks is read, after a lazy opening. */
MUST_CHECK enum status shard_check_groups(const struct shard *s, struct error *err);
MUST_CHECK enum status shard_check_ranks(const struct shard *s, struct error *err);
/* What is checked while it is read (shard_id_rank, titles_check) was found damaged: what was found in the shard may be
 * wrong, and it is to be left out. */
bool shard_damaged(const struct shard *s);

uint64_t shard_uid(const struct shard *s);    /* random, made at build; names the shard in checkpoints */
uint64_t shard_serial(const struct shard *s); /* no other shard that this process opened has it */
uint32_t shard_doc_count(const struct shard *s);
uint32_t shard_group_count(const struct shard *s);
uint64_t shard_size_bytes(const struct shard *s);
/* The group ordinal of each document, ascending; NULL when every document is a group of its own. */
const uint32_t *shard_groups(const struct shard *s);
/* The rank of each document's objectID in byte order within the shard; ties in every order end here. */
const uint32_t *shard_id_ranks(const struct shard *s);
/* One document's, which needs no check before. */
uint32_t shard_id_rank(const struct shard *s, doc_id doc);

/* --- keys and stored objects --- */
doc_id shard_find(const struct shard *s, struct str object_id); /* DOC_NONE */
struct str shard_object_id(const struct shard *s, doc_id doc);  /* borrowed from the shard */
/* The table that shard_find looks into, for those who look up many (keys.h). */
struct keys;
const struct keys *shard_keys(const struct shard *s);
/* The first document of the product with this group value (object_group in shard_build.h), its variants follow it;
 * DOC_NONE. Tombstones are not looked at. */
doc_id shard_find_group(const struct shard *s, struct str group);
/* Appends the stored object's JSON, where the attributes that live in number columns (shard_cut_attributes names them)
 * are null. STATUS_FORMAT when its block is damaged. */
MUST_CHECK enum status shard_object(const struct shard *s, doc_id doc, struct buf *out, struct error *err);
/* Asks for the stored object's bytes ahead of shard_object: of several objects, so that their misses overlap. */
void shard_object_prefetch(const struct shard *s, doc_id doc);
/* The attributes that were cut out of stored objects and must be put back from the number columns. */
const attr_id *shard_cut_attributes(const struct shard *s, uint32_t *count);
/* The shared compression dictionary's bytes, for docs_dictionary_new; empty when there is none. */
struct str shard_docs_dictionary(const struct shard *s);

/* --- terms --- */
struct term {
    term_id id;
    uint32_t df;
};
uint32_t shard_term_count(const struct shard *s);
bool shard_term_find(const struct shard *s, struct str text, struct term *out);
/* The terms that begin with prefix, itself included: ordinals first..end-1, in byte order. *df_sum is the sum of their
 * document frequencies. Side-field-only terms are included. */
void shard_term_prefix(const struct shard *s, struct str prefix, term_id *first, term_id *end, uint64_t *df_sum);
uint32_t shard_term_df(const struct shard *s, term_id id);
/* Appends the term's text. */
void shard_term_text(const struct shard *s, term_id id, struct buf *out);
/* Verifies the postings of terms first..end-1 and the field lengths, before their first use. */
MUST_CHECK enum status shard_check_terms(const struct shard *s, term_id first, term_id end, struct error *err);
/* Empty (df 0) for a list that is malformed. */
void shard_postings(const struct shard *s, term_id id, struct postings *out);
/* A prebuilt union for a heavy prefix, if there is one and it is undamaged (it is verified here): postings whose facts
 * have frequency 1 in each field where any term of the prefix occurs. */
bool shard_prefix_postings(const struct shard *s, struct str prefix, struct postings *out);
/* Terms within one edit (delete, insert, substitute, transpose: optimal string alignment over code points) of text when
 * distance is 1, two edits when it is 2 and text has at least 8 letters; the first letter kept. text has no digit. The
 * best `limit` with their distances, text itself included, in order (distance, df descending, text). Terms of less than
 * 3 letters are not found. */
struct fuzzy_term {
    term_id id;
    uint32_t df;
    uint8_t distance;
};
uint32_t shard_term_fuzzy(const struct shard *s, struct str text, int distance, struct fuzzy_term *out, uint32_t limit);
const uint64_t *shard_facts(const struct shard *s, uint32_t *count);

/* Positions of a term in its list's posting number `rank`: pairs (field, position) ascending, each once, at most
 * `limit`. shard_check_positions comes first. */
uint32_t shard_positions(const struct shard *s, term_id id, uint32_t rank, struct term_position *out, uint32_t limit);
MUST_CHECK enum status shard_check_positions(const struct shard *s, term_id id, struct error *err);

/* The titles' words (titles.h). */
const struct titles *shard_titles(const struct shard *s);

/* Field lengths as codes, document-major: lengths[doc * field_stride + field]. */
const uint8_t *shard_lengths(const struct shard *s, uint32_t *field_stride);
uint8_t length_encode(uint32_t tokens); /* monotone; exact up to 40 */
uint32_t length_decode(uint8_t code);   /* the smallest length with this code */
/* Sum of the (decoded) lengths and number of documents in which the field has tokens; the statistics of avglen. */
void shard_field_totals(const struct shard *s, field_id field, uint64_t *tokens, uint64_t *docs);

/* --- columns --- */
/* Never NULL: NONE columns for attributes that the shard has never heard of. */
const struct facet_column *shard_facet_column(const struct shard *s, attr_id attr);
const struct number_column *shard_number_column(const struct shard *s, attr_id attr);
/* The smallest and the largest number of the attribute when the shard was built; false when it has none. */
bool shard_number_bounds(const struct shard *s, attr_id attr, double *low, double *high);
MUST_CHECK enum status shard_check_attribute(const struct shard *s, attr_id attr, struct error *err);
/* The same for one document's cell of the number column alone, where the column is NUMBER_COLUMN_DENSE: what was read
 * of it before is then right. */
MUST_CHECK enum status shard_check_cell(const struct shard *s, attr_id attr, doc_id doc, struct error *err);
/* The writer's store into a single-valued number column: checks the attribute's blocks first, since a block that was
 * changed can't be verified any more, then stores and notes that the attribute differs from the stored objects.
 * STATUS_NOT_FOUND when the document has no cell. One writer at a time. */
MUST_CHECK enum status shard_number_store(struct shard *s, attr_id attr, doc_id doc, int64_t cell, struct error *err);
/* The attributes that shard_number_store changed, cut ones or not: *count of them, and their numbers one by one. */
uint32_t shard_changed_count(const struct shard *s);
attr_id shard_changed_attribute(const struct shard *s, uint32_t index);
/* The documents with a facet value; false when there are none. For a hierarchical node: with it or a node below. */
bool shard_facet_set(const struct shard *s, attr_id attr, facet_code code, struct docset *out);
/* The cells of stores and price lists (dimension.h); one writer changes them. */
struct dimensions;
struct dimensions *shard_dimensions(const struct shard *s);
/* Stock: bit doc is set when the object is available, and when it is in stock. NULL when the index has no stock.
 * Verified when the shard is opened. */
_Atomic uint64_t *shard_available_bits(const struct shard *s);
_Atomic uint64_t *shard_in_stock_bits(const struct shard *s);
/* The stock flags' number_epoch. */
uint64_t shard_stock_epoch(const struct shard *s);
void shard_stock_stored(struct shard *s);

/* --- notes --- */
/* What readers derive of a shard and keep together, as long as it is open: found by kind and number, made by whoever
 * needs it first. Its begin is this; it must be fit for readers beside each other. */
struct shard_note {
    uint64_t key;
    struct shard_note *next;
    void (*free)(struct shard_note *note);
};
typedef struct shard_note *shard_note_make(const struct shard *s, uint64_t key);
enum shard_note_kind { NOTE_TITLE_SIGNS, NOTE_AFFINITY_SETS };
static inline uint64_t shard_note_key(enum shard_note_kind kind, uint32_t number)
{
    return (uint64_t)kind << 32 | number;
}
/* Borrowed from the shard. `make` returns it owned, with `free` set. Any thread. */
struct shard_note *shard_note(const struct shard *s, uint64_t key, shard_note_make *make);

/* Every byte of the file against its checksums and structure; of the stored objects every so many, 1 for all, is
 * unpacked and read, too. The message names chunk, offset and reason. */
MUST_CHECK enum status shard_verify(const char *path, uint32_t every_object, struct error *err);

#endif
