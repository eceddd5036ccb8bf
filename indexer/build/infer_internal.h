#ifndef AISLE_BUILD_INFER_INTERNAL_H
#define AISLE_BUILD_INFER_INTERNAL_H

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "indexer/build/infer.h"

enum { SKETCH_REGISTERS = 256, LANGUAGES = 20, LANGUAGE_BYTES = 2 << 20 };

struct infer_sketch {
    uint8_t registers[SKETCH_REGISTERS];
    size_t next;      /* the attribute that came after this one */
    uint64_t seen_in; /* the last object that had it */
};

/* Evidence for languages in the texts seen so far. */
struct language_evidence {
    uint64_t words;
    uint64_t hits[LANGUAGES]; /* by position in the table of infer_language.c */
    uint64_t letters;
    uint64_t ascii; /* of them */
    uint64_t scripts[8];
};
void language_evidence_add(struct language_evidence *counts, struct str text);
const char *language_guess(const struct language_evidence *counts); /* "" when none stands out */

struct infer {
    struct arena arena;
    struct map paths;
    VEC(struct infer_attribute) attributes;
    VEC(struct infer_sketch) sketches;
    size_t last;
    uint64_t objects;
    uint64_t language_bytes;
    struct language_evidence language;
    char declared[16];
};

#endif
