#ifndef AISLE_SHARD_TYPES_H
#define AISLE_SHARD_TYPES_H

/* The scalar ids of the index. All count from 0. */
#include <stdint.h>

typedef uint32_t doc_id;     /* an object within its shard, in document order */
typedef uint32_t term_id;    /* a term's ordinal in its shard's sorted dictionary */
typedef uint8_t field_id;    /* a searchable field of the index */
typedef uint16_t attr_id;    /* an attribute of the index's schema */
typedef uint32_t facet_code; /* a facet value in its attribute's dictionary, the same in every shard of a generation */

#define DOC_NONE   UINT32_MAX
#define TERM_NONE  UINT32_MAX
#define ATTR_NONE  UINT16_MAX
#define FACET_NONE UINT32_MAX

#endif
