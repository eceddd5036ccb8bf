#ifndef AISLE_SHARD_SUGGEST_H
#define AISLE_SHARD_SUGGEST_H

/*
 * Autocomplete: phrases that shoppers type, in a static trie with the top 10 of each heavy node materialised. A
 * suggestion is a category, a brand, or a phrase of one to three title words; it carries a score (popularity of its
 * products, at build) and the number of live products it would find, which live writes keep up to date. Suggestions
 * with no live product are never shown.
 *
 * Built for a generation; live writes add phrases in an overlay. One writer, any number of readers, as dictionary.h.
 * A prefix matches from the start of the phrase, or from the start of any of its words.
 */
#include "indexer/base/buf.h"
#include "indexer/shard/settings.h"
#include "indexer/shard/types.h"

enum suggestion_kind { SUGGESTION_PHRASE, SUGGESTION_BRAND, SUGGESTION_CATEGORY };

struct suggestion {
    struct str text;     /* as it is written, "Wireless headphones" */
    struct str category; /* SUGGESTION_CATEGORY: the node's full path; else empty */
    enum suggestion_kind kind;
    uint32_t products; /* live */
    uint32_t score;
};

struct suggest;

/* Collects the phrases of products and writes the trie. Bounded memory: rare phrases are dropped as it grows. */
struct suggest_builder;
struct suggest_builder *suggest_builder_new(const struct settings *settings, size_t memory_bytes);
void suggest_builder_free(struct suggest_builder *b);
/* One product (group): the JSON of its first variant. */
struct json;
void suggest_builder_add(struct suggest_builder *b, const struct json *object, double popularity);
void suggest_builder_finish(struct suggest_builder *b, struct buf *out);

struct suggest *suggest_new(const struct settings *settings); /* empty */
MUST_CHECK enum status suggest_open(struct suggest **out, const struct settings *settings, struct str bytes,
                                    struct error *err);
void suggest_free(struct suggest *s);

/* Writer only: a product appeared (+1) or went (-1). Phrases not known are added when it appeared. */
void suggest_count(struct suggest *s, const struct json *object, int change);

/* The best suggestions for what was typed, by score; folded as queries are. Texts are borrowed from s; under a read
 * section (rcu.h). */
size_t suggest_find(const struct suggest *s, struct str typed, struct suggestion *out, size_t limit);

#endif
