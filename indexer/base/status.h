#ifndef AISLE_BASE_STATUS_H
#define AISLE_BASE_STATUS_H

/*
 * Outcomes. Bad input and failed system calls are a status; a bug of ours is an assert; running out of memory at
 * start-up or in a batch program ends the process with a message. Where a person reads the outcome, the last
 * parameter is a struct error: a code and one line of text, lower case, no full stop, the subject in single quotes,
 * with the place (file, line, offset).
 */
#include <stddef.h>

enum status {
    STATUS_OK = 0,
    STATUS_IO,        /* a system call failed */
    STATUS_FORMAT,    /* bytes on disk are not what they must be */
    STATUS_INPUT,     /* what a person or client sent is wrong */
    STATUS_LIMIT,     /* a ceiling was reached */
    STATUS_NOT_FOUND, /* no such index, object, file, key */
    STATUS_CONFLICT,  /* a condition or version does not hold */
    STATUS_BUSY,      /* taken, or not now */
    STATUS_FULL       /* no space left on the device */
};

struct error {
    enum status code;
    char message[256]; /* always terminated; cut at a UTF-8 boundary */
};

#define MUST_CHECK                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

/* Fills err (which may be NULL) and returns code, so that a function can `return error_set(...)`. */
enum status error_set(struct error *err, enum status code, const char *format, ...) PRINTF_LIKE(3, 4);

/* As error_set, with ": strerror(errno)" appended; ENOSPC and EDQUOT give STATUS_FULL, else STATUS_IO. */
enum status error_errno(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts "prefix: " before the message that err already holds, keeping its code. */
void error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The field's name of a status, such as "not found". */
const char *status_name(enum status code);

/* Ends the process with a message; for out of memory in start-up and batch work. */
_Noreturn void fatal(const char *format, ...) PRINTF_LIKE(1, 2);

/* malloc, calloc, realloc that end the process when memory runs out. xrealloc_array checks the product. */
/* Wishes for large pages where the memory is large; the functions below do so themselves. */
void memory_large(void *p, size_t bytes);
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc_array(void *old, size_t count, size_t size);

#endif
