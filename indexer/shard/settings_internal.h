#ifndef AISLE_SHARD_SETTINGS_INTERNAL_H
#define AISLE_SHARD_SETTINGS_INTERNAL_H

/* What the files of the settings share: one function for each key that needs more than a range check. */
#include "indexer/shard/settings.h"

#define SETTINGS_MUTABLE_MAX 12 /* of mutableAttributes */
#define SETTINGS_CUSTOM_MAX  8  /* customRanking keys; snapshot.h has room for so many */

/* Reads the value of `key` into s. The value may be JSON null when the key is not given: then the default is set. */
typedef enum status settings_reader(struct settings *s, const char *key, const struct json *value, struct error *err);

settings_reader settings_read_fields;
settings_reader settings_read_facets;
settings_reader settings_read_hierarchical;
settings_reader settings_read_custom_ranking;
settings_reader settings_read_ranking;
settings_reader settings_read_replicas;
settings_reader settings_read_replica_ranking;
settings_reader settings_read_synonyms;
settings_reader settings_read_gates;
settings_reader settings_read_experiment;
settings_reader settings_read_events;
/* `events` with every member. */
struct json settings_events_json(const struct settings *s, struct arena *arena);
settings_reader settings_read_stores;
settings_reader settings_read_price_lists;

/* A list of strings; a lone string counts as a list of one. */
enum status settings_strings(struct settings *s, const char *key, const struct json *value, const struct str **out,
                             size_t *count, struct error *err);

/* "name(inside)" -> inside; false when text is not of that form. */
bool settings_modifier(struct str text, const char *name, struct str *inside);

#endif
