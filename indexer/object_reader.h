#ifndef AISLE_INDEXER_OBJECT_READER_H
#define AISLE_INDEXER_OBJECT_READER_H

/* Objects of an index by their ids: from the server that has it, or, when none runs on the data directory, from its
 * files. */
#include "indexer/base/json.h"

struct control_target;
struct object_reader;

/* target's texts are borrowed. STATUS_NOT_FOUND: there is no such index. */
MUST_CHECK enum status object_reader_open(struct object_reader **out, const struct control_target *target,
                                          const char *index, struct error *err);
void object_reader_close(struct object_reader *r);

/* At most 1,000 at once. objects[i] is NULL, or JSON null, when there is none; valid until the next call. */
MUST_CHECK enum status object_reader_get(struct object_reader *r, const struct str *ids, size_t count,
                                         const struct json **objects, struct error *err);

/* Calls found for the objectID of every object, in no order; id is valid until it returns. What is written meanwhile
 * may be among them or not. */
MUST_CHECK enum status object_reader_each(struct object_reader *r, void (*found)(void *context, struct str id),
                                          void *context, struct error *err);

#endif
