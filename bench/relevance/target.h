#ifndef AISLE_BENCH_RELEVANCE_TARGET_H
#define AISLE_BENCH_RELEVANCE_TARGET_H

/*
 * Where queries go: a server, over HTTP; a data directory or a candidate generation, opened in this process. Settings
 * can be overridden in this process, as far as they need no rebuild, without touching what is on disk.
 *
 * A target is opened and configured by one thread; sessions are each a thread's own.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/shard/settings.h"

struct target_options {
    const char *server;    /* "http://HOST:PORT" */
    const char *data;      /* a data directory */
    const char *candidate; /* a directory that aisle-indexer build left: shards, settings.json, candidate.json */
    const char *index;     /* NULL: the only one of the data directory */
    const char *key;       /* of the server's API; NULL: none */
};

struct target;

/* Exactly one of server, data, candidate must be given. Returns owned. */
MUST_CHECK enum status target_open(struct target **out, const struct target_options *options, struct error *err);
void target_close(struct target *t);

/* Searches that start from now on see the index with these settings (JSON text) over its own; NULL: its own. No session
 * may be open. STATUS_INPUT when they are wrong, need a rebuild, or the target is a server. */
MUST_CHECK enum status target_configure(struct target *t, const char *settings, struct error *err);
/* The settings in force; NULL for a server. */
const struct settings *target_settings(const struct target *t);
const char *target_name(const struct target *t); /* for people: "http://127.0.0.1:7700/products" */

struct found_doc {
    struct str id;
    double score; /* the engine's, 0 when it does not say; places decide, not scores */
    int in_stock; /* 1, 0; -1: unknown */
};

struct found {
    struct found_doc *docs;
    size_t count;
    uint64_t total;
    uint64_t elapsed_ns; /* as the asker sees it */
};

struct session;
MUST_CHECK enum status session_open(struct session **out, struct target *t, struct error *err);
void session_close(struct session *s);
/* One search; params is the object of search parameters. What is found is in the arena. */
MUST_CHECK enum status session_search(struct session *s, const struct json *params, struct arena *arena,
                                      struct found *out, struct error *err);

/* The stored object of a document, for people to look at; NULL: not known. In the arena. */
const struct json *target_object(struct target *t, struct str id, struct arena *arena);

/* The title of a document; NULL: not known. In the arena. */
const char *target_title(struct target *t, const char *doc, struct arena *arena);

#endif
