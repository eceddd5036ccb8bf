#include "indexer/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "indexer/base/clock.h"

enum { LINE_BYTES = 1024 };

static _Atomic int log_level = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&log_level, (int)level);
}

void log_write(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error", "off"};
    if ((int)level < atomic_load_explicit(&log_level, memory_order_relaxed)) {
        return;
    }
    char time[CLOCK_ISO_SIZE];
    clock_format_iso(clock_wall_ms(), time);
    char line[LINE_BYTES];
    int start = snprintf(line, sizeof(line), "%s %s ", time, names[level]);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + start, sizeof(line) - (size_t)start, format, args);
    va_end(args);
    size_t size = (size_t)start + (more > 0 ? (size_t)more : 0);
    if (size > sizeof(line) - 1) {
        size = sizeof(line) - 1;
    }
    for (size_t i = (size_t)start; i < size; i++) {
        if (line[i] == '\n' || line[i] == '\r') {
            line[i] = ' ';
        }
    }
    line[size++] = '\n';
    /* One write, so that lines of several threads do not mix. There is nobody to tell when it fails. */
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}
