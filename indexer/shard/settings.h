#ifndef AISLE_SHARD_SETTINGS_H
#define AISLE_SHARD_SETTINGS_H

/*
 * An index's settings: JSON as people and clients write it, checked and compiled. Unknown keys are kept and given back.
 * Immutable after settings_parse; any thread.
 *
 * Keys (README.md has the reference): searchableAttributes, attributesForFaceting, customRanking, ranking, replicas,
 * languages (the first is used; `indexLanguages`, `queryLanguages` are taken too), stemmer, stopWords, synonyms,
 * identifiers, attributesToRetrieve, unretrievableAttributes, attributesToHighlight, attributesToSnippet,
 * highlightPreTag, highlightPostTag, hitsPerPage, maxValuesPerFacet, paginationLimitedTo, minHits, k1, b, priorWeight,
 * synonymWeight, typoTolerance, distinct, attributeForDistinct, groupAttribute, roles (role -> attribute name), feeds
 * (the feed mapping), hierarchicalAttributes, sortFacetValuesBy, gates, experiment, mutableAttributes,
 * holdUpdatesMinutes, events, stores, priceLists, buryOutOfStock.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/base/map.h"
#include "indexer/shard/types.h"

enum role {
    ROLE_NONE,
    ROLE_ID,
    ROLE_GROUP,
    ROLE_TITLE,
    ROLE_BRAND,
    ROLE_CATEGORY,
    ROLE_SHORT_TEXT,
    ROLE_DESCRIPTION,
    ROLE_PRICE,
    ROLE_SALE_PRICE,
    ROLE_IDENTIFIER, /* gtin, ean, upc, isbn, mpn, model, productno: several attributes may have it */
    ROLE_QUANTITY,
    ROLE_AVAILABILITY,
    ROLE_POPULARITY,
    ROLE_COUNT
};
const char *role_name(enum role role); /* "title", "brand", ... as written in the settings */

/* One entry of searchableAttributes: a field. "title^3", "name,alternative_name", "unordered(description)", and "*" for
 * every other text attribute. Without a weight the attribute's role gives it, else the order. */
struct search_field {
    struct str name;              /* the first attribute's name, or "*" */
    const struct str *attributes; /* dotted paths */
    size_t attribute_count;
    bool rest;    /* "*" */
    float weight; /* > 0 */
    float b;      /* length normalization, 0..1: .75 for text; 0 for brand, category, identifiers */
};

enum facet_kind { FACET_PLAIN, FACET_HIERARCHICAL, FACET_NUMERIC };

/* One entry of attributesForFaceting: "brand", "searchable(brand)", "filterOnly(sku)", "afterDistinct(x)",
 * "hierarchical(category)", "numeric(width)". */
struct facet_setting {
    struct str attribute;
    bool kind_given;
    enum facet_kind kind;
    bool searchable;
    bool filter_only;
};

struct sort_key {
    struct str attribute;
    bool descending;
};

struct replica_setting {
    struct str name;
    const struct sort_key *keys; /* the asc()/desc() entries of its ranking; the parent's ranking follows */
    size_t key_count;
    bool virtual_name; /* was written "virtual(name)" */
};

struct synonym_setting {
    struct str id;
    const struct str *from; /* NULL with count 0: a group, each of `to` for each */
    size_t from_count;
    const struct str *to;
    size_t to_count;
};

/* A query that must find something in a new generation. */
struct canary_query {
    struct str query;
    int64_t min_hits;
};

/* `gates`: {"productShare": .5, "priceOutlierShare": .2, "priceOutlierFactor": 5, "fromProducts": 100, "canaryQueries":
 * ["shoes", {"query": "red shoes", "minHits": 10}]}; gates.h says what they mean. */
struct gate_settings {
    double product_share;
    double outlier_share, outlier_factor;
    uint64_t from_products;
    const struct canary_query *canaries;
    size_t canary_count;
};

/* `experiment`: {"name": "k1", "share": .5, "seed": 1, "settings": {"k1": .8}, "parameters": {"minHits": 20}}: another
 * ranking, B, which is the index's own, A, under these settings and request parameters; server/query/experiment.h says
 * what is done with it. */
struct experiment_setting {
    struct str name;                  /* empty: there is none */
    double share;                     /* of the shoppers, 1 */
    int64_t seed;                     /* 1 */
    struct json settings, parameters; /* objects */
};

/* `events`: {"keepTokens": false, "queryWeight": 1, "productWeight": .05}; signals.h of server/events says what is
 * weighed. */
struct event_settings {
    double query_weight; /* 0: not at all */
    double product_weight;
    double shopper_weight; /* of searches with enablePersonalization */
    bool keep_tokens;      /* true: tokens of shoppers are logged with what they do */
};

/* An attribute that updates change in place. Prices, quantity and popularity always are; mutableAttributes names
 * others, and which key orders their updates: "margin", "timestamp(margin)" (the default), "version(quantity)". */
struct mutable_setting {
    struct str attribute;
    bool by_version; /* else by timestamp, ms since 1970 */
    bool named;      /* by mutableAttributes, and it has no role: true and false have cells, too */
};

/* A store with its own stock, or a price list with its own prices: `stores`: ["berlin", {"name": "hamburg",
 * "pickupToday": true, "shipsFrom": "DE"}], `priceLists`: ["vip", "b2b"]. An object has their cells in a member of its
 * own, {"stores": {"berlin": 3}, "prices": {"vip": 12.5}}; any number in there is a cell, searches and updates name
 * those that are declared. */
enum dimension_kind { DIMENSION_NONE, DIMENSION_STORE, DIMENSION_PRICE_LIST };

struct dimension_setting {
    struct str name;
    struct str path; /* "stores.berlin" */
    bool pickup_today;
    struct str ships_from; /* empty: not said */
};

struct dimension_list {
    struct str attribute;              /* "stores", "prices" unless set */
    struct mutable_setting mutable_as; /* how updates of its cells are ordered */
    const struct dimension_setting *items;
    size_t count;
};

struct settings {
    struct arena arena; /* owns all below but the map */
    struct json source; /* the whole document as given, unknown keys included */

    const struct search_field *fields; /* at most LIMIT_FIELDS; field_id is the position */
    size_t field_count;
    const struct facet_setting *facets;
    size_t facet_count;
    const struct sort_key *custom_ranking;
    size_t custom_ranking_count;
    const struct sort_key *ranking; /* asc()/desc() entries of `ranking`, before relevance */
    size_t ranking_count;
    const struct replica_setting *replicas;
    size_t replica_count;

    struct str language; /* "" neutral */
    struct str stemmer;
    bool stop_words_given;
    const struct str *stop_words;
    size_t stop_word_count;
    const struct synonym_setting *synonyms;
    size_t synonym_count;
    float synonym_weight; /* .5 */

    const struct str *identifiers; /* attributes whose exact value is always first; indexed whole */
    size_t identifier_count;
    struct str role_attribute[ROLE_COUNT]; /* empty: none. ROLE_IDENTIFIER: see identifiers */
    struct str group_attribute;            /* "item_group_id" unless set */

    const struct mutable_setting *mutable_attributes;
    size_t mutable_count;
    int64_t hold_minutes; /* holdUpdatesMinutes, 1,440: how long updates wait for their product; 0: not at all */

    struct dimension_list stores, price_lists;
    struct map dimension_names; /* path -> number in its list */
    bool bury_out_of_stock;     /* false */

    const struct str *retrieve; /* attributesToRetrieve; count 0: all */
    size_t retrieve_count;
    const struct str *unretrievable;
    size_t unretrievable_count;
    const struct str *highlight; /* attributesToHighlight; not given: the searchable ones */
    size_t highlight_count;
    bool highlight_given;
    struct str highlight_pre_tag, highlight_post_tag; /* <em>, </em> */

    int64_t hits_per_page;         /* 20 */
    int64_t max_values_per_facet;  /* 100 */
    int64_t pagination_limited_to; /* LIMIT_PAGINATION */
    int64_t min_hits;              /* 100 */
    bool typo_tolerance;           /* true */
    bool distinct;                 /* false */
    bool sort_facets_by_alpha;     /* sortFacetValuesBy: "alpha" instead of "count" */
    float k1;                      /* 1 */
    float b;                       /* length normalization of text fields, .75 */
    float prior_weight;            /* lambda, .05 */
    struct gate_settings gates;
    struct experiment_setting experiment;
    struct event_settings events;
};

/* Compiles a JSON document. An error names the key and what would be right: "'searchableAttributes[2]': weight 'x' is
 * not a number above 0; write \"title^3\"". Free with settings_free. base, if not NULL, gives every key that the
 * document does not have (PUT changes only what it names). */
MUST_CHECK enum status settings_parse(struct settings **out, struct str text, const struct settings *base,
                                      struct error *err);
void settings_free(struct settings *s);

/* A document as the server keeps it (settings, candidate.json, GENERATION.json): a last line, "#" and the hash of what
 * is before it, so that a wrong bit is found. Unsealing checks and cuts that line. A text without one, as people write
 * them, stays as it is. STATUS_FORMAT. */
void settings_seal(struct buf *text);
MUST_CHECK enum status settings_unseal(struct str *text, struct error *err);

/* The document again, as JSON: what was set, and every default that is not. */
void settings_write(const struct settings *s, struct buf *out, bool pretty);
/* The same for people who ask a server: with the numbers of ranking that are not set, too, and the weight that each
 * field has. The weights are told, not taken: settings_parse passes over this key, so that what was shown can be given
 * back. (A document that is kept does not name such defaults: it follows them when they change.) */
#define SETTINGS_WEIGHTS "fieldWeights"
void settings_show(const struct settings *s, struct buf *out);

/* The key by which a replica's name finds its sort order; NULL when `name` is no replica. */
const struct replica_setting *settings_replica(const struct settings *s, struct str name);

/* NULL when updates can't change the attribute. */
const struct mutable_setting *settings_mutable(const struct settings *s, struct str attribute);

/* Whether true and false under the name are cells as numbers are: flags that updates change in place. */
bool settings_flag_cells(const struct settings *s, struct str attribute);
/* Whether a change of the attribute is one of its cell alone. Not where words, identifiers, groups, categories or
 * availability follow from it: such an object is written anew. */
bool settings_in_place(const struct settings *s, struct str attribute);

/* Stores and price lists. The kind and the list are told by the attribute alone; the others are NULL when `path`
 * ("stores.berlin") is not declared. */
enum dimension_kind settings_dimension_kind(const struct settings *s, struct str path);
const struct dimension_list *settings_dimension_list(const struct settings *s, struct str attribute);
const struct dimension_setting *settings_dimension(const struct settings *s, struct str path);
const struct mutable_setting *settings_dimension_mutable(const struct settings *s, struct str path);
/* Whether products can be out of stock: by availability, quantity, or store by store. */
bool settings_has_stock(const struct settings *s);
/* Whether the same members of objects hold cells: names may differ. */
bool settings_same_dimensions(const struct settings *a, const struct settings *b);

/* The field that holds the title: the one with the attribute of that role, else the first; -1 when that is "*". */
int settings_title_field(const struct settings *s);

enum settings_change { SETTINGS_SAME, SETTINGS_IMMEDIATE, SETTINGS_REBUILD };
/* What going from a to b needs: SETTINGS_REBUILD when language, stemmer, searchable attributes that were not indexed,
 * facets that have no column, identifiers or groups change. */
enum settings_change settings_compare(const struct settings *a, const struct settings *b);

#endif
