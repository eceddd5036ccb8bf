#ifndef AISLE_SHARD_SUGGEST_H
#define AISLE_SHARD_SUGGEST_H

/*
 * Autocomplete: phrases that shoppers type. A suggestion is a category, a brand, or one to three words of titles; it
 * carries a score (how many objects have it and how popular they are, at build) and the number of live objects that
 * have it, which live writes keep up to date. Suggestions that no live object has are never shown.
 *
 * A prefix matches from the start of a phrase or from the start of any of its words. Phrases are sorted by their folded
 * text, so a prefix is a range; prefixes with many phrases have their best ones materialised in a hash table, which
 * makes the usual look-up one probe. (Completion with materialised tops: Hsu and Ottaviano, Space-efficient data
 * structures for top-k completion, WWW 2013, section 3.)
 *
 * Built for a generation; live writes add phrases in an overlay. One writer, any number of readers without locks
 * (rcu.h): what suggest_find returned is valid until the reader's next quiescent moment.
 */
#include "analyzers/analyzer.h"
#include "indexer/base/buf.h"
#include "indexer/base/json.h"
#include "indexer/shard/settings.h"
#include "indexer/shard/types.h"

enum suggestion_kind { SUGGESTION_PHRASE, SUGGESTION_BRAND, SUGGESTION_CATEGORY };

#define SUGGEST_TOP 16 /* of each prefix that many begin with, so many are at hand; more are looked for one by one */

struct suggestion {
    struct str text;     /* as it is written, "Wireless headphones" */
    struct str category; /* SUGGESTION_CATEGORY: the node's full path; else empty */
    enum suggestion_kind kind;
    uint32_t objects; /* live */
    uint32_t score;
};

/* Collects the phrases of every object and writes the file's bytes. Memory is bounded: when it grows over memory_bytes,
 * phrases that only one object had so far are dropped, and their counts are then lower bounds. */
struct suggest_builder;
struct suggest_builder *suggest_builder_new(const struct settings *settings, const struct analyzer *analyzer,
                                            size_t memory_bytes);
void suggest_builder_free(struct suggest_builder *b);
void suggest_builder_add(struct suggest_builder *b, const struct json *object, double popularity);
void suggest_builder_finish(struct suggest_builder *b, struct buf *out);

struct suggest;
struct suggest *suggest_new(const struct settings *settings); /* no phrases yet */
/* In place of a file that is damaged or gone: has only what live writes bring, and suggest_damaged says so. */
struct suggest *suggest_new_damaged(const struct settings *settings);
/* Borrows bytes and settings. Every offset is checked; STATUS_FORMAT says what is wrong. */
MUST_CHECK enum status suggest_open(struct suggest **out, const struct settings *settings, struct str bytes,
                                    struct error *err);
/* The same for the content of a checked file, of which only the header is looked at: the checksum behind it and the
 * offsets are checked by suggest_check, or before the first use. */
MUST_CHECK enum status suggest_open_lazy(struct suggest **out, const struct settings *settings, struct str bytes,
                                         struct error *err);
/* False, and a line in the log, when the file is damaged: then only what live writes bring is suggested. */
bool suggest_check(struct suggest *s);
/* True when the file is known to be damaged: it was looked at and was not sound. Any thread. */
bool suggest_damaged(const struct suggest *s);
void suggest_free(struct suggest *s);

/* Writer only: an object appeared (+1) or went (-1). Phrases not known are added when it appeared, until the overlay
 * is full (SUGGEST_OVERLAY_MAX); counts take effect at once, new phrases with suggest_publish. */
#define SUGGEST_OVERLAY_MAX 65536
void suggest_count(struct suggest *s, struct analysis *analysis, const struct json *object, int change);
void suggest_publish(struct suggest *s);

/* The best suggestions for what was typed, folded by analyze_fold, by score, then text. An empty prefix gives the best
 * of all. */
size_t suggest_find(const struct suggest *s, struct str folded, struct suggestion *out, size_t limit);

#endif
