#ifndef AISLE_SERVER_LIVE_ADOPT_H
#define AISLE_SERVER_LIVE_ADOPT_H

/*
 * New generations. A generation is staged beside the one in service: its files are checked, what was accepted since its
 * starting point is replayed onto it from the log, and while updates go on it catches up until only few are left. Then
 * a checkpoint names it in the manifest in place of the old one, and the sequencer replays the rest and swaps.
 */
#include "server/live/live_internal.h"

struct generation_plan {
    const char *dir; /* shard files, dictionary.aisle, suggest.aisle, settings.json; becomes the generation's own */
    struct str name; /* of the index */
    uint64_t uid;    /* 0: the index of that name, made when there is none */
    uint32_t shard_count;
    int64_t as_of_ms;  /* of what it holds */
    uint64_t base_seq; /* it holds everything up to here, exactly; 0: the records accepted after as_of_ms are missing */
    int64_t settings_ms; /* settings accepted until then are in it; 0: as_of_ms */
    bool rebuild;        /* made of the index itself, for the settings that wait */
    uint32_t rebuild_of; /* the generation that it was made of; refused when another one is in service by now */
    bool ask_gates;
    bool obey_gates;
    struct buf *gates; /* what the gates said, when they were asked (gates.h) */
};

struct generation_outcome {
    uint32_t generation;
    uint64_t uid;
    uint64_t objects, products;
    uint64_t replayed; /* updates */
    uint64_t seq;
};

/* GENERATION.json in a generation's directory: what a rollback to it needs to know.
 *   {"format":1,"shards":1,"as_of_ms":..,"settings_ms":..,"base_seq":..}   as in the plan
 * and a line with its hash (settings_seal). */
MUST_CHECK enum status generation_note(const struct generation_plan *plan, struct error *err);
/* Reads it, or the candidate.json of older ones; fills dir, shard_count, as_of_ms, settings_ms and base_seq. */
MUST_CHECK enum status generation_read(const char *dir, struct arena *arena, struct generation_plan *plan,
                                       struct error *err);
/* candidate.json: all of the plan but the gates. */
MUST_CHECK enum status candidate_read(const char *dir, struct arena *arena, struct generation_plan *plan,
                                      struct error *err);

/* Takes it into service. The directory is left where it was when this fails. Under publish_lock. */
MUST_CHECK enum status generation_install(struct live *l, const struct generation_plan *plan,
                                          struct generation_outcome *out, struct error *err);

/* Rebuilds one index whose settings wait, if there is one; on the rebuilding thread. False: it failed, try later. */
bool rebuild_pending(struct live *l);

#endif
