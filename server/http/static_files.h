#ifndef AISLE_SERVER_HTTP_STATIC_FILES_H
#define AISLE_SERVER_HTTP_STATIC_FILES_H

/*
 * A folder of small files served at /: read into memory once, so no request ever becomes a file name. A file is found
 * by its exact path; a folder's path gives its index.html. Immutable after loading; any thread.
 */
#include "indexer/base/status.h"
#include "indexer/base/str.h"

#define STATIC_FILE_MAX  (8u << 20)
#define STATIC_TOTAL_MAX (64u << 20)

struct static_files;

struct static_file {
    struct str content;
    struct str compressed; /* gzip; empty when it is not worth it */
    const char *type;
    char etag[20]; /* with its quotes */
};

/* Returns owned. Names that begin with a dot are left out. STATUS_LIMIT when the folder is too large. */
MUST_CHECK enum status static_files_load(struct static_files **out, const char *folder, struct error *err);
void static_files_free(struct static_files *s);

/* path: decoded, begins with '/'. NULL when there is no such file. */
const struct static_file *static_files_find(const struct static_files *s, struct str path);

#endif
