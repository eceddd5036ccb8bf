#ifndef AISLE_SERVER_QUERY_MATCH_H
#define AISLE_SERVER_QUERY_MATCH_H

/*
 * A query's text against one segment, window by window: the documents of each step of the ladder, then their lexical
 * scores. Step k needs all but any k of the required slots, so the steps' sets are nested, and a document of step k has
 * at least one of the k + 1 slots of largest idf: a window without any of those is skipped.
 */
#include "server/query/affinity.h"
#include "server/query/cursor.h"
#include "server/query/query.h"
#include "server/query/score.h"
#include "server/query/title.h"
#include "server/query/unions.h"

struct match_alternative {
    const struct alternative *alternative;
    uint32_t cursor_count; /* all of them must have the document */
    uint32_t cursor_room;
    struct cursor *cursors;
};

struct match_slot {
    uint32_t alternative_count;
    struct match_alternative *alternatives;
    struct mask bits; /* of the window, once ready */
    bool ready;
};

/* What a thread keeps from search to search. */
struct match_memory {
    struct affinity_cache affinity;
    struct union_cache unions;
};
void match_memory_clear(struct match_memory *m);

struct match {
    const struct query *query;
    const struct scorer *scorer;
    struct window *window;
    struct arena *arena;
    uint64_t fields; /* nibbles that count; 0: all */
    struct match_slot slots[QUERY_SLOTS];
    struct cursor identifier;
    const struct mask *passed; /* of the window, by the last step run: slots asked for later need to be right there */
    struct title_matcher title;
    struct affinity affinity;
    struct match_memory *memory;
    bool gain_known, titles_known; /* the affinity, the titles were moved to the window */
    /* scratch by offset in the window */
    double *sums;
    double *best;
    uint32_t *titled; /* bit s: a word of slot s is in the title, of documents summed */
    /* scratch by posting */
    uint16_t *offsets;
    uint64_t *facts;
    double *tf;
    uint16_t *offsets_more;
};

/* `fields` and `memory` are set. False when memory runs out. */
bool match_init(struct match *m, const struct query *query, const struct scorer *scorer, struct window *window);
/* Opens the lists of the window's segment. STATUS_FORMAT: one is damaged. */
MUST_CHECK enum status match_segment(struct match *m, struct error *err);
/* The first document >= doc that may match in one of that many steps, or DOC_NONE. */
doc_id match_next(struct match *m, doc_id doc, uint32_t steps);
/* The first document >= doc that has one of a slot's alternatives, or DOC_NONE. */
doc_id match_slot_next(struct match *m, uint32_t slot, doc_id doc);
/* The window was moved. */
void match_window(struct match *m);

/* Sets steps[0..count-1], nested, to the live documents that match with at most that many slots missing; `exact` to
 * those whose identifier the query spells, which are in all of them. count is at least 1. Narrowed to `within` unless
 * that is NULL. False when memory runs out. */
bool match_steps(struct match *m, uint32_t count, const struct mask *within, struct mask *steps, struct mask *exact);

/* match_count.c */
/* How many live documents of the segment's window that begins at base have one of the query's words, in any field: of
 * windows that are only counted, to which the window need not be moved. */
uint32_t match_count_any(struct match *m, doc_id base);

/* Of the window's matches those that have the slot; others perhaps included. NULL when memory runs out. */
const struct mask *match_slot_bits(struct match *m, uint32_t slot);

/* What a document of the window's segment gains whatever its words are, divided by max_lex, and the most that any of
 * the window does.
 */
double match_gain(struct match *m, uint32_t offset);
double match_most_gain(struct match *m);

/* Before what the title matcher knows of the window's documents is asked. */
void match_titles(struct match *m);
/* Sums the parts of the wanted documents' words, for the two below. False when memory runs out. */
bool match_sum(struct match *m, const struct mask *wanted);
/* Asks for what match_lex of the documents will read. */
void match_prefetch(const struct match *m, const struct mask *wanted);
/* At most this, without the gain, is what a document summed has for lex / max_lex: whatever its title says. */
double match_limit(const struct match *m, uint32_t offset);
/* lex / max_lex of a document summed, its gain given. */
double match_lex(const struct match *m, uint32_t offset, double gain);

#endif
