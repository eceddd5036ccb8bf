#ifndef AISLE_BASE_LIMITS_H
#define AISLE_BASE_LIMITS_H

/* Ceilings that several rooms share. Each is documented for users in README.md. */
#define LIMIT_OBJECT_ID_BYTES         512
#define LIMIT_OBJECT_BYTES            (1u << 20) /* one product's JSON */
#define LIMIT_TOKEN_BYTES             128        /* longer tokens are cut */
#define LIMIT_FIELDS                  15         /* searchable fields of an index, the side field not counted */
#define LIMIT_FIELD_TOKENS            65535      /* tokens of one field of one object that are indexed */
#define LIMIT_ATTRIBUTES              65535      /* attribute names of an index */
#define LIMIT_FACET_VALUE_BYTES       512        /* longer values are kept and shown, not faceted */
#define LIMIT_FACET_VALUES_PER_OBJECT 1000
#define LIMIT_CATEGORY_LEVELS         10
#define LIMIT_QUERY_BYTES             512 /* longer query texts are cut at a word */
#define LIMIT_QUERY_WORDS             24
#define LIMIT_REQUEST_ARENA           (64u << 20) /* memory of one request */
#define LIMIT_HITS_PER_PAGE           1000
#define LIMIT_PAGINATION              1000 /* default of paginationLimitedTo */
#define LIMIT_JSON_DEPTH              32
#define LIMIT_SHARDS                  64
#define LIMIT_DELTAS                  8
#define LIMIT_INDEX_NAME_BYTES        128

#endif
