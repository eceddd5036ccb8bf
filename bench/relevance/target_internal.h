#ifndef AISLE_BENCH_RELEVANCE_TARGET_INTERNAL_H
#define AISLE_BENCH_RELEVANCE_TARGET_INTERNAL_H

/* The kinds of targets: a server (target_server.c); a data directory or a candidate (target_index.c). */
#include "bench/relevance/http_client.h"
#include "bench/relevance/target.h"
#include "server/live/parts.h"
#include "server/query/search.h"

struct live;

struct target_kind {
    enum status (*open)(struct target *t, struct error *err);
    void (*close)(struct target *t); /* of what was not opened whole, too */
    enum status (*configure)(struct target *t, const char *settings, struct error *err); /* NULL: not possible */
    enum status (*session_open)(struct session *s, struct error *err);
    void (*session_close)(struct session *s);
    enum status (*search)(struct session *s, const struct json *params, struct arena *arena, struct found *out,
                          struct error *err);
    const struct json *(*object)(struct target *t, struct str id, struct arena *arena);
};
extern const struct target_kind target_server, target_data, target_candidate;

struct target {
    const struct target_kind *kind;
    struct target_options options;
    char name[512];
    /* a server */
    struct http_client *client; /* the opener's own, for objects */
    /* an index in this process */
    struct live *live;
    const struct snapshot *base;     /* with its own settings */
    struct snapshot *made;           /* of a candidate: to be freed */
    const struct snapshot *snapshot; /* with those in force */
    struct snapshot configured;
    struct live_settings *own;      /* of a candidate */
    struct live_settings *override; /* NULL: none */
    struct shard **shards;
    uint32_t shard_count;
    struct vocabulary *vocabulary;
};

struct session {
    struct target *target;
    struct http_client *client;
    struct buf body, response, path;
    struct searcher *searcher;
    bool registered;
};

/* What an answer says of a document's stock. */
void found_take(struct found_doc *doc, const struct json *object);

#endif
