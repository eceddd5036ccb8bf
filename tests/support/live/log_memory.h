#ifndef AISLE_TESTS_SUPPORT_LIVE_LOG_MEMORY_H
#define AISLE_TESTS_SUPPORT_LIVE_LOG_MEMORY_H

/*
 * A log that lives in memory, behind the same interface as the one in files: a second backend that shows what callers
 * may rely on, and a disk for tests that is never in the way. There is one store a process; options.dir is not looked
 * at. Not for what a power cut does to files.
 */
#include "server/live/update_log.h"

extern const struct log_backend log_memory_backend;

void log_memory_reset(void);
/* What a kill or a power cut leaves: with power_cut only what was synced. No log may be open. */
void log_memory_restart(bool power_cut);
void log_memory_fail_append(bool fail);
void log_memory_fail_sync(bool fail);

#endif
