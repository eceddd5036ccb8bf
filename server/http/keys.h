#ifndef AISLE_SERVER_HTTP_KEYS_H
#define AISLE_SERVER_HTTP_KEYS_H

/*
 * API keys. A key is 256 random bits in hexadecimal; the file holds a public id, what it allows, and its SHA-256:
 *
 *     {"keys": [{"id": "admin-4f1c09", "acl": "admin", "sha256": "..."}, {"id": "...", "acl": "search", ...}]}
 *
 * `aisle-server --make-keys FILE` writes such a file with an admin key and a search-only key and prints the keys, once.
 * A presented key is hashed and compared with every entry in constant time. Immutable after keys_load; any thread.
 * Keys never reach a log.
 */
#include "indexer/base/status.h"
#include "indexer/base/str.h"

enum key_scope {
    SCOPE_NONE,   /* needs no key */
    SCOPE_SEARCH, /* reads: search, facet values, objects, suggestions, tasks */
    SCOPE_ADMIN   /* everything */
};

struct keys;

/* STATUS_INPUT names what is wrong in the file. Returns owned. */
MUST_CHECK enum status keys_load(struct keys **out, const char *path, struct error *err);
void keys_free(struct keys *k);

/* What the key allows; SCOPE_NONE for one that is not known. */
enum key_scope keys_check(const struct keys *k, struct str key);

/* The public id of a key, for the history; "" for one that is not known or has none. */
const char *keys_id(const struct keys *k, struct str key);

#define KEY_TEXT_SIZE 65 /* 64 hexadecimal digits and the terminator */
/* Makes two keys and writes the file, which must not exist, readable for its owner only. */
MUST_CHECK enum status keys_make(const char *path, char admin[KEY_TEXT_SIZE], char search[KEY_TEXT_SIZE],
                                 struct error *err);

#endif
