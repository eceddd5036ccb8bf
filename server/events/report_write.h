#ifndef AISLE_SERVER_EVENTS_REPORT_WRITE_H
#define AISLE_SERVER_EVENTS_REPORT_WRITE_H

/*
 * Reports as JSON, in the shapes of Algolia's Analytics API (/2/searches and so on) where it has such a report. Rates
 * of nothing are null there and here. Every search of a report is a tracked one, since only those are logged.
 */
#include "server/events/report.h"
#include "server/events/trial.h"

enum report_kind {
    REPORT_SEARCHES_TOP,        /* {"searches":[{"search","count","nbHits", rates...}]} */
    REPORT_SEARCHES_NO_RESULTS, /* those that found nothing */
    REPORT_SEARCHES_NO_CLICKS,  /* those that found something and were not clicked */
    REPORT_SEARCHES_COUNT,      /* {"count","dates":[{"date","count"}]} */
    REPORT_NO_RESULT_RATE,      /* {"rate","count","noResultCount","dates"} */
    REPORT_NO_CLICK_RATE,
    REPORT_CLICK_THROUGH_RATE, /* {"rate","clickCount","trackedSearchCount","dates"} */
    REPORT_CLICK_POSITION,     /* {"average","clickCount","dates"} */
    REPORT_CLICK_POSITIONS,    /* {"positions":[{"position":[1,1],"clickCount","impressionCount","rate"}]} */
    REPORT_CONVERSION_RATE,    /* {"rate","trackedSearchCount","conversionCount","dates"} */
    REPORT_CART_RATE,
    REPORT_PURCHASE_RATE,
    REPORT_HITS, /* {"hits":[{"hit","count","clickCount","addToCartCount","purchaseCount"}]} */
    REPORT_EVERYTHING,
    REPORT_KINDS
};

struct report_page {
    uint64_t offset, limit; /* of lists */
};

/* Sorts the report's lists as it needs them. */
void report_write(struct report *r, enum report_kind kind, const struct report_page *page, struct buf *out);

/* {"name","searches","differingSearches","clicks":{"preference","low","high","tTest","randomization","significant",
 * "prefers":"A"|"B"|null, ...},"carts":{...},"purchases":{...},"queries":[...]} */
void trial_write(struct trial *t, const struct report_page *page, struct buf *out);

#endif
