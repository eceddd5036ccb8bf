#ifndef AISLE_BASE_LOG_H
#define AISLE_BASE_LOG_H

/* Diagnostics on stderr, one line each: "2026-11-23T22:04:05.678Z warn message". Query texts and keys never go here. */
#include "indexer/base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

void log_set_level(enum log_level level); /* LOG_INFO at start */
void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

#endif
