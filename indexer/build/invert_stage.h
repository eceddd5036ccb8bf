#ifndef AISLE_BUILD_INVERT_STAGE_H
#define AISLE_BUILD_INVERT_STAGE_H

/*
 * Inversion behind another thread: documents' texts are copied into batches, and a thread of its own analyses and
 * inverts them in the order they came, so that the result is the same as without it. Between invert_stage_new and
 * invert_stage_end the inversion is that thread's.
 */
#include "indexer/build/invert.h"

struct invert_stage;

struct invert_stage *invert_stage_new(struct invert *v);
/* Not finished documents are forgotten. */
void invert_stage_free(struct invert_stage *s);

/* A document's texts in ascending order of fields, its identifiers, and its end, which tells of an earlier one's
 * failure. The text is copied. */
void invert_stage_text(struct invert_stage *s, field_id field, struct str text);
void invert_stage_identifier(struct invert_stage *s, struct str value);
MUST_CHECK enum status invert_stage_document(struct invert_stage *s, struct error *err);

/* Waits until everything is inverted. */
MUST_CHECK enum status invert_stage_end(struct invert_stage *s, struct error *err);

#endif
