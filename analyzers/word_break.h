#ifndef AISLE_ANALYZERS_WORD_BREAK_H
#define AISLE_ANALYZERS_WORD_BREAK_H

/* ICU's word break iterator, as the chain uses it: with the rules of the root locale, which break at a colon. */
#include "indexer/base/status.h"

#include <unicode/ubrk.h>

#define WORD_BREAK_LOCALE ""

/* Returns owned; end with ubrk_close. */
MUST_CHECK enum status word_break_open(UBreakIterator **out, const char *locale, struct error *err);

#endif
