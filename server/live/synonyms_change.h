#ifndef AISLE_SERVER_LIVE_SYNONYMS_CHANGE_H
#define AISLE_SERVER_LIVE_SYNONYMS_CHANGE_H

/*
 * Synonyms one by one. They are a list in the settings document ("tv, television", ["a", "b"], or objects with an
 * objectID); an entry without an objectID of its own has one made of its text, so that it can be shown, replaced and
 * deleted too.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"

/* The objectID of an entry, borrowed from it or in the arena; empty when the arena is full. */
struct str synonym_id(const struct json *entry, struct arena *arena);

/* Applies {"replace": true, "delete": [ids], "save": [objects]} to the document's list: all dropped first, then ids
 * taken out, then objects put in the place of those with the same objectID, or at the end. False when the arena is
 * full. What is saved is not looked at: settings_parse checks the outcome. */
bool synonyms_change(struct json *document, const struct json *change, struct arena *arena);

#endif
