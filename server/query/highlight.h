#ifndef AISLE_SERVER_QUERY_HIGHLIGHT_H
#define AISLE_SERVER_QUERY_HIGHLIGHT_H

/*
 * Where a text has what the query asked for. The text is analysed as indexing did; a token is marked when one of the
 * query's alternatives is equal to it (the whole word, also for typos, stems and synonyms) or it begins with the prefix
 * typed so far (that part only). Alternatives of several tokens need all of them in the text. search.h has the call.
 */
#include "server/query/query.h"

/* The least n for which text[from..from+n) folds to at least `folded` bytes; for marking what a folded prefix matched.
 */
size_t highlight_cut(struct analysis *analysis, struct str text, size_t from, size_t folded);

#endif
