#ifndef AISLE_SERVER_QUERY_SEARCH_H
#define AISLE_SERVER_QUERY_SEARCH_H

/*
 * A search against a snapshot: parse, plan, match, score, facets, top hits. No sockets, no files. Any thread; a thread
 * brings its own struct searcher, which keeps scratch memory (histograms, windows, analyses) from search to search.
 *
 * Totals, facet counts and stats are exact over all matches. In one answer total, facets and hits agree with each
 * other. The requests of one call share the snapshot, the text's evaluation and filter bitmaps where they can; those
 * with the same text use the relaxation steps of the most filtered one.
 */
#include <stdatomic.h>

#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/shard/boosts.h"
#include "indexer/shard/snapshot.h"

#define SEARCH_SORT_KEYS 8

/* --- requests --- */
enum filter_kind {
    FILTER_FACET,
    FILTER_NUMBER,
    FILTER_STOCK,
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_NONE,
    FILTER_ALL
};

struct filter {
    enum filter_kind kind;
    struct str attribute; /* FACET, NUMBER: dotted path, or X.lvlN */
    struct str value;     /* FACET; NUMBER: the bound's text */
    char op[3];           /* NUMBER: = != < <= > >= */
    const struct filter *children;
    size_t child_count;
};

/* What single products gain: lists by segment of the snapshot. */
struct search_boosts {
    const struct boost_docs *query;    /* for this query, */
    const struct boost_docs *products; /* for any */
    double query_weight, product_weight;
    const struct taste *tastes; /* of the shopper (tastes.h) */
    uint32_t taste_count;
};

struct query;

struct search_request {
    struct str index; /* as it was asked for, a replica's name perhaps */
    struct str query;
    bool prefix_last; /* queryType */
    bool strict;      /* removeWordsIfNoResults=none */
    bool any_word;    /* optionalWords equal to the query */
    const struct str *optional_words;
    size_t optional_count;
    bool typo_tolerance;
    int64_t min_hits;
    /* Conjunction of groups; facet_filters' groups of the same attribute are disjunctive. Restrictions of a scoped key
     * are one of them. */
    const struct filter *filter; /* NULL: none */
    const struct str *facets;    /* wanted; "*" for every faceted attribute */
    size_t facet_count;
    int64_t max_values_per_facet;
    bool sort_facets_by_alpha;
    const struct sort_key *sort; /* exact sort before relevance */
    size_t sort_count;
    const struct dimension_setting *const *stores; /* stock is theirs; count 0: the product's */
    size_t store_count;
    const struct dimension_setting *price_list; /* prices are its own where it has some; NULL: the product's */
    bool bury_out_of_stock;                     /* behind all in stock that match by as many words */
    bool distinct;                              /* hits, totals and facets in products */
    bool exact_total; /* trackTotalHits; without, the total is at least what is said, and the search may end early */
    int64_t hits_per_page;
    int64_t page;
    int64_t offset, length;            /* -1: not given; else instead of page */
    const struct str *restrict_fields; /* restrictSearchableAttributes */
    size_t restrict_count;
    bool want_ranking_info;             /* getRankingInfo: explain each hit */
    bool profile;                       /* times and counts of each step in the answer */
    bool click_analytics;               /* the answer has a queryID, what it shows is logged */
    bool analytics;                     /* false: it is not */
    struct str user_token;              /* empty: none */
    bool behaviour;                     /* enableReRanking: what shoppers did may change the order */
    bool personal;                      /* enablePersonalization: with user_token */
    int64_t personal_impact;            /* personalizationImpact, percent */
    const struct search_boosts *boosts; /* by which it does; NULL: nothing is known */
    /* presentation, used by the answer's writer */
    const struct str *retrieve; /* attributesToRetrieve; count 0 and !retrieve_given: the settings' */
    size_t retrieve_count;
    bool retrieve_given;
    const struct str *highlight;
    size_t highlight_count;
    bool highlight_given;
    const struct str *snippet; /* "description:20" */
    size_t snippet_count;
    struct str pre_tag, post_tag, ellipsis;
    bool response_echo; /* echo `params` */
    struct str params;
    const struct query *built; /* of the text, by search_cost_ns; NULL: not yet */
};

/* From the parameters of the wire: a JSON object (v5 inline), or one with a member `params`, the URL-encoded string of
 * v4. Unknown parameters are ignored, wrong ones are STATUS_INPUT with the parameter's name and what would be right.
 * The result borrows params, settings and the arena. */
MUST_CHECK enum status search_request_parse(struct search_request *out, const struct json *params,
                                            const struct settings *settings, struct arena *arena, struct error *err);
/* `filters` strings: "brand:Acme AND (price < 100 OR NOT in_stock:true)", "price:10 TO 20". The error has an offset. */
MUST_CHECK enum status filter_parse(const struct filter **out, struct str text, struct arena *arena, struct error *err);

/* --- results --- */
struct hit {
    uint32_t segment;
    doc_id doc;
    double score;       /* 0..1 + prior; for sorted searches the relevance below the sort keys */
    uint32_t step;      /* the relaxation step that it matched in */
    struct json object; /* the stored object with the numbers and stock read when it was matched; in the arena */
    const struct json *ranking_info; /* NULL unless asked for */
    uint8_t team;                    /* in an experiment: whose hit it is (enum team of interleave.h) */
};

struct facet_count {
    struct str value;
    uint64_t count;
};

struct facet_result {
    struct str attribute;             /* as asked for; hierarchical ones once a level, X.lvl0 ... */
    const struct facet_count *counts; /* by count descending, then value; or by value */
    size_t count;
    bool has_stats;
    double min, max, sum, average;
    uint64_t number_count;
};

struct search_result {
    const struct hit *hits;
    size_t hit_count;
    uint64_t total;      /* matches: objects, or products when distinct */
    bool total_is_least; /* there may be more: the request wanted no exact total */
    int64_t page, page_count, hits_per_page;
    const struct facet_result *facets;
    size_t facet_count;
    uint64_t seq;              /* the snapshot's */
    uint32_t steps;            /* relaxation steps run; 1: all words */
    uint32_t required;         /* how many of the words every hit has at least; stop words don't count */
    const struct str *dropped; /* words that nothing in the index has */
    size_t dropped_count;
    const struct str *corrected; /* pairs: typed, taken instead */
    size_t corrected_count;      /* of pairs */
    bool partial;                /* a damaged shard was left out */
    struct str experiment;       /* the one that made the list (experiment.h); empty: none */
    const struct query *query;   /* for highlighting */
    const struct json *profile;  /* NULL unless asked for */
    uint64_t elapsed_ns;
};

struct searcher;
struct searcher *searcher_new(void);
void searcher_free(struct searcher *s);
/* Pages that threads keep together (pages.h), instead of the searcher's own; NULL: none. Borrowed. The thread is
 * registered with rcu.h. */
struct pages;
void searcher_share(struct searcher *s, struct pages *pages);
/* Who may help with long searches (crew.h); NULL, as at first: nobody. Borrowed. */
struct crew;
void searcher_help(struct searcher *s, struct crew *crew);

/* What the searchers of a process keep for themselves, each told after a search: counts over categories and everything
 * (tally.h), and the values of long lists' postings (impacts.h). Any thread may read it. */
struct searcher_memory {
    _Atomic uint64_t tallies, tally_bytes, tallies_asked, tallies_found, value_bytes;
};
/* Borrowed, as long as the searcher lives. */
void searcher_report(struct searcher *s, struct searcher_memory *memory);

/* Who searches, in what, and where the answers live: results, and all they point to, are in the arena. */
struct search_context {
    struct searcher *searcher;
    const struct snapshot *snapshot;
    struct arena *arena;
};

/* Runs count requests against one snapshot. STATUS_LIMIT when the arena's ceiling is reached, STATUS_INPUT for requests
 * that cannot be answered (the message names the parameter). */
MUST_CHECK enum status search_run(const struct search_context *c, const struct search_request *requests, size_t count,
                                  struct search_result *results, struct error *err);

/* An estimate of the cost in nanoseconds, before running: above a millisecond it belongs on a worker. What is built for
 * it in the context's arena the request keeps, for when it is run there; `earlier`, of the same snapshot, lends what it
 * has where the text is the same. NULL: there is none. */
uint64_t search_cost_ns(const struct search_context *c, struct search_request *request,
                        const struct search_request *earlier);

/* What a query's text is counted as: its words as the index's analyzer has them, a space between two. In the arena. */
MUST_CHECK enum status search_normal_form(const struct search_context *c, struct str text, struct str *out,
                                          struct error *err);

/* Facet-value search: values of a searchable facet that match what was typed (prefix of any word, folded, one typo from
 * five letters on), with exact counts among the request's matches. */
struct facet_hit {
    struct str value;
    struct str highlighted;
    uint64_t count;
};
struct facet_hits {
    struct facet_hit *hits;
    size_t count;
};
struct facet_search {
    struct str facet;
    struct str typed;
    size_t limit;
};
MUST_CHECK enum status search_facet_values(const struct search_context *c, const struct search_request *request,
                                           const struct facet_search *wanted, struct facet_hits *out,
                                           struct error *err);

/* Every matching object's key in key order, from `after` (exclusive) on, at most limit: browse and deleteByQuery. */
struct search_page {
    struct str after;
    size_t limit;
    struct str *keys; /* out */
    size_t count;
};
MUST_CHECK enum status search_keys(const struct search_context *c, const struct search_request *request,
                                   struct search_page *page, struct error *err);

/* --- highlighting --- */
enum match_level { MATCH_NONE, MATCH_PARTIAL, MATCH_FULL };
struct highlighted {
    struct str value; /* the text with tags around matched words; HTML is not escaped, as the text is stored */
    enum match_level level;
    bool fully;              /* all of the value is matched */
    const struct str *words; /* the query words that matched */
    size_t word_count;
};
/* What the texts of one result are marked with, in the context's arena; its snapshot is not used. NULL when memory runs
 * out. Request and result are borrowed. */
struct marker;
struct marker *search_marker(const struct search_context *c, const struct search_request *request,
                             const struct search_result *result);
/* Of one text value. words > 0: a snippet of that many words around the best place. STATUS_LIMIT when memory runs out.
 */
struct highlight_text {
    struct str text;
    size_t words;
};
MUST_CHECK enum status search_highlight(struct marker *m, const struct highlight_text *what, struct highlighted *out);

#endif
