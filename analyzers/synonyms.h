#ifndef AISLE_ANALYZERS_SYNONYMS_H
#define AISLE_ANALYZERS_SYNONYMS_H

/*
 * Synonyms, applied to queries: phrases of tokens that may be replaced by other phrases, at reduced weight. Compiled
 * from groups ("tv, television, flat screen": each for each) and one-way rules ("ipad => tablet"). Immutable after
 * synonyms_build; any thread.
 */
#include "analyzers/analyzer.h"

struct synonyms;

struct synonym_rule {
    const struct str *from; /* phrases that trigger; for a group the same list as `to` */
    size_t from_count;
    const struct str *to;
    size_t to_count;
};

MUST_CHECK enum status synonyms_build(struct synonyms **out, const struct analyzer *a, const struct synonym_rule *rules,
                                      size_t count, struct error *err);
void synonyms_free(struct synonyms *s);

struct synonym_phrase {
    const struct str *tokens;
    size_t count;
};

struct synonym_match {
    size_t length; /* of the phrase found, in tokens */
    const struct synonym_phrase *alternatives;
    size_t count;
};

/* The longest phrase that starts at tokens[at] of a query's TOKEN_WORD tokens, and what may stand for it: borrowed from
 * s. False (and *match untouched) when none starts there. s may be NULL: there are no synonyms. */
bool synonyms_match(const struct synonyms *s, const struct str *tokens, size_t count, size_t at,
                    struct synonym_match *match);

#endif
