#include "indexer/base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "indexer/base/str.h"

/* The exit code of `fatal`: what aisle-indexer documents as "nothing was published". */
enum { FATAL_EXIT_CODE = 3 };

/* vsnprintf may cut in the middle of a code point: take the part that is left of it away. */
static void cut_at_boundary(struct error *err, int wanted)
{
    if (wanted >= (int)sizeof(err->message)) {
        size_t size = sizeof(err->message) - 1;
        err->message[str_utf8_cut((struct str){err->message, size}, size)] = '\0';
    }
}

static void set_message(struct error *err, enum status code, const char *format, va_list args) PRINTF_LIKE(3, 0);

static void set_message(struct error *err, enum status code, const char *format, va_list args)
{
    err->code = code;
    cut_at_boundary(err, vsnprintf(err->message, sizeof(err->message), format, args));
}

enum status error_set(struct error *err, enum status code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        set_message(err, code, format, args);
        va_end(args);
    }
    return code;
}

enum status error_errno(struct error *err, const char *format, ...)
{
    int number = errno;
    enum status code = number == ENOSPC || number == EDQUOT ? STATUS_FULL : STATUS_IO;
    if (err) {
        va_list args;
        va_start(args, format);
        set_message(err, code, format, args);
        va_end(args);
        char reason[128];
        const char *text = strerror_r(number, reason, sizeof(reason));
        size_t size = strlen(err->message);
        cut_at_boundary(err, (int)size + snprintf(err->message + size, sizeof(err->message) - size, ": %s", text));
    }
    return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
    if (!err) {
        return;
    }
    struct error prefix;
    va_list args;
    va_start(args, format);
    set_message(&prefix, err->code, format, args);
    va_end(args);
    char *joined = NULL;
    int size = asprintf(&joined, "%s: %s", prefix.message, err->message);
    if (size >= 0) {
        snprintf(err->message, sizeof(err->message), "%s", joined);
        cut_at_boundary(err, size);
        free(joined);
    }
}

const char *status_name(enum status code)
{
    switch (code) {
    case STATUS_OK:
        return "ok";
    case STATUS_IO:
        return "i/o error";
    case STATUS_FORMAT:
        return "damaged";
    case STATUS_INPUT:
        return "wrong input";
    case STATUS_LIMIT:
        return "over the limit";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_CONFLICT:
        return "conflict";
    case STATUS_BUSY:
        return "busy";
    case STATUS_FULL:
        return "no space left";
    }
    return "unknown";
}

_Noreturn void fatal(const char *format, ...)
{
    struct error err;
    va_list args;
    va_start(args, format);
    set_message(&err, STATUS_LIMIT, format, args);
    va_end(args);
    fprintf(stderr, "fatal: %s\n", err.message);
    fflush(stderr);
    _exit(FATAL_EXIT_CODE);
}

/* Builds read and write what is so large in no order, so that fewer pages are fewer misses of their tables. */
#define LARGE_BYTES ((size_t)8 << 20)

void memory_large(void *p, size_t bytes)
{
    const uintptr_t page = 4096;
    if (bytes >= LARGE_BYTES) {
        uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1);
        uintptr_t to = ((uintptr_t)p + bytes) & ~(page - 1);
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE); /* a wish */
    }
}

void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p) {
        fatal("out of memory for %zu bytes", size);
    }
    memory_large(p, size);
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) {
        fatal("out of memory for %zu items of %zu bytes", count, size);
    }
    memory_large(p, count * size);
    return p;
}

void *xrealloc_array(void *old, size_t count, size_t size)
{
    size_t bytes;
    void *p = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes)) {
        p = realloc(old, bytes ? bytes : 1);
        memory_large(p, p ? bytes : 0);
    }
    if (!p) {
        fatal("out of memory for %zu items of %zu bytes", count, size);
    }
    return p;
}
