#ifndef AISLE_TESTS_SUPPORT_TEMPORARY_H
#define AISLE_TESTS_SUPPORT_TEMPORARY_H

#include <stdio.h>
#include <unistd.h>

struct temporary {
    char path[64];
};

/* A path in /tmp that no other process has, so that several runs of a test may share a machine. Makes nothing; who
 * makes a file there removes it. */
static inline struct temporary temporary_of(const char *name)
{
    struct temporary out;

    snprintf(out.path, sizeof(out.path), "/tmp/aisle-%s-%ld", name, (long)getpid());
    return out;
}

#endif
