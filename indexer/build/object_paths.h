#ifndef AISLE_BUILD_OBJECT_PATHS_H
#define AISLE_BUILD_OBJECT_PATHS_H

/*
 * What the settings say about each attribute of an object, worked out once a path and remembered; and the walk over an
 * object's values by dotted path, arrays flattened. Not thread-safe.
 */
#include <pthread.h>

#include "indexer/base/json.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/settings.h"

struct path_info {
    attr_id attr;    /* ATTR_NONE: not in the dictionary (yet: numbers put it there) */
    uint16_t fields; /* explicit searchable fields, bit f for field f */
    bool rest;       /* its text goes to the "*" field */
    bool faceted, numeric, hierarchical, stock;
    bool identifier;
    bool cut;          /* a top-level number may be cut out of the stored object */
    bool flag;         /* so may true and false */
    bool quantity;     /* role quantity */
    uint8_t dimension; /* enum dimension_kind: numbers are cells */
    uint32_t next;     /* the number of the path that came after this one the last time */
    struct str path;
};

struct object_paths {
    const struct settings *settings;
    struct dictionary *dictionary;
    pthread_mutex_t *lock; /* of the dictionary; may be NULL */
    struct map known;      /* path -> number in infos */
    VEC(struct path_info) infos;
    uint32_t last;      /* asked for, its number */
    struct arena paths; /* their texts */
    int rest_field;     /* -1: none */
};

void object_paths_init(struct object_paths *p, const struct settings *settings, struct dictionary *dictionary,
                       pthread_mutex_t *lock);
void object_paths_release(struct object_paths *p);

/* Valid until the next call. */
struct path_info *object_path(struct object_paths *p, struct str path);

/* The attribute's id for a number; it is added to the dictionary when it is new. ATTR_NONE when there are too many. */
attr_id object_path_number(struct object_paths *p, struct path_info *info, struct str path);
/* The code of a value, added when it is new. */
facet_code object_path_code(struct object_paths *p, attr_id attr, struct str value);

/* Calls on_value for each scalar that is a string, a number, true or false, and once for the whole value of a
 * hierarchical attribute (its strings are given too, for searching). */
struct object_visitor {
    void *context;
    /* in_array: the value, or an object that it is in, is an element of an array. */
    void (*on_value)(void *context, struct path_info *info, struct str path, const struct json *value, bool in_array);
    void (*on_tree)(void *context, struct path_info *info, const struct json *value);
};
void object_walk(struct object_paths *p, const struct json *object, const struct object_visitor *visitor);

/* The category paths of a value: "A > B", a list of such, a list of names (one path), lists of names, or an object
 * {"lvl0": ..., "lvl1": ...}. The path is borrowed until on_path returns. */
void category_paths(const struct json *value, void (*on_path)(void *context, struct str path), void *context);

#endif
