#ifndef AISLE_BUILD_PIPELINE_H
#define AISLE_BUILD_PIPELINE_H

/*
 * A batch build: feeds in, a candidate generation out, as a directory that is complete or not there.
 *
 *   pass 1: feed -> product -> spool, learning the attributes      (settings are inferred here when there are none)
 *   pass 2: spool -> shard builders, one a shard; and the phrases of autocomplete beside them
 *
 * Nothing here touches what is being served: whoever holds the data directory's lock adopts the candidate.
 */
#include "indexer/build/report.h"
#include "indexer/shard/settings.h"

struct build_options {
    const char *data_dir;
    const char *index_name;
    const char
        *settings_path;   /* NULL: DATA/settings/NAME.json when it is there, else inferred and written there; a file
                             without searchableAttributes or attributesForFaceting gets its missing keys so, too */
    uint32_t shard_count; /* 0: one for each 2 million products */
    uint64_t memory_bytes;
    uint64_t max_errors; /* a count, or hundredths of a percent when max_errors_percent */
    bool max_errors_percent;
    bool allow_broken_feed;
    int64_t as_of_ms; /* 0: the feed's own date, else the file's; the oldest of several feeds */
    char *const *feeds;
    size_t feed_count;
    void (*on_progress)(void *context, const struct feed_progress *progress, const char *step); /* may be NULL */
    void *context;
};

/* Builds into a new directory under DATA/candidates; its path goes to candidate (PATH_MAX bytes). The report is filled
 * as far as the build went, also on failure. STATUS_INPUT: settings or a feed that can't be read at all; STATUS_LIMIT:
 * more rejected items than allowed, or a broken feed that was not allowed; STATUS_NOT_FOUND: no item was accepted. */
MUST_CHECK enum status build_run(const struct build_options *options, struct report *report, char *candidate,
                                 size_t candidate_size, struct error *err);

#endif
