#ifndef AISLE_BASE_MEMORY_H
#define AISLE_BASE_MEMORY_H

/* What of the process is in memory, as the kernel counts it; and giving mapped pages back. Linux. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_use {
    uint64_t resident_bytes;  /* anonymous and file pages together, as ps shows them */
    uint64_t file_bytes;      /* of these, pages of mapped files, which the kernel can drop and read again */
    uint64_t anonymous_bytes; /* the rest: heap, stacks, changed pages of private maps */
};

/* False, and zeros, where the kernel does not tell. Some microseconds. */
bool memory_use(struct memory_use *out);
/* Bytes that were allocated and not freed, of all threads. */
uint64_t memory_heap(void);

/* Bytes of a range that this process has in its page table; about 5 ns a page. */
uint64_t memory_resident(const void *data, size_t size);
/* Bytes of a mapped file's range that are in the page cache, be it for another process. */
uint64_t memory_cached(const void *data, size_t size);

/* Takes the range's whole pages out of the page table; the next read gets them from the page cache. The range belongs
 * to a mapped file and nothing in it was ever written to. */
void memory_release(const void *data, size_t size);
/* The same for a range that may have been written to: what was is kept. Slower, since the page cache may give the pages
 * up, too. */
void memory_page_out(const void *data, size_t size);
/* Gives free memory of the heap back to the kernel where it can. */
void memory_trim(void);

#endif
