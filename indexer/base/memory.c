#include "indexer/base/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ENTRIES = 4096, STATM_BYTES = 256 };

#define PRESENT (UINT64_C(1) << 63) /* of an entry of pagemap */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

bool memory_use(struct memory_use *out)
{
    char text[STATM_BYTES];
    unsigned long long pages = 0, resident = 0, file = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    *out = (struct memory_use){0};
    if (fd >= 0) {
        close(fd);
    }
    text[got > 0 ? got : 0] = '\0';
    if (sscanf(text, "%llu %llu %llu", &pages, &resident, &file) != 3 || file > resident) {
        return false;
    }
    out->resident_bytes = resident * page_size();
    out->file_bytes = file * page_size();
    out->anonymous_bytes = out->resident_bytes - out->file_bytes;
    return true;
}

uint64_t memory_heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* The pages that a range touches. */
struct pages {
    uintptr_t first; /* address */
    size_t count;
};

static struct pages pages_of(const void *data, size_t size)
{
    uintptr_t page = page_size();
    uintptr_t from = (uintptr_t)data & ~(page - 1);
    uintptr_t to = ((uintptr_t)data + size + page - 1) & ~(page - 1);
    return (struct pages){from, size ? (to - from) / page : 0};
}

/* Pages at the edges count with the part of them that is in the range. */
static uint64_t clipped(uint64_t page_count, size_t size)
{
    uint64_t bytes = page_count * page_size();
    return bytes < size ? bytes : size;
}

uint64_t memory_resident(const void *data, size_t size)
{
    struct pages p = pages_of(data, size);
    uint64_t entries[ENTRIES];
    uint64_t present = 0;
    int fd = p.count ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return 0;
    }
    for (size_t at = 0; at < p.count;) {
        size_t wanted = p.count - at < ENTRIES ? p.count - at : ENTRIES;
        off_t offset = (off_t)((p.first / page_size() + at) * sizeof(*entries));
        ssize_t got = pread(fd, entries, wanted * sizeof(*entries), offset);
        if (got < (ssize_t)sizeof(*entries)) {
            break;
        }
        for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++) {
            present += (entries[i] & PRESENT) != 0;
        }
        at += (size_t)got / sizeof(*entries);
    }
    close(fd);
    return clipped(present, size);
}

uint64_t memory_cached(const void *data, size_t size)
{
    struct pages p = pages_of(data, size);
    unsigned char in[ENTRIES];
    uint64_t cached = 0;
    for (size_t at = 0; at < p.count; at += ENTRIES) {
        size_t count = p.count - at < ENTRIES ? p.count - at : ENTRIES;
        if (mincore((void *)(p.first + at * page_size()), count * page_size(), in) != 0) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            cached += in[i] & 1;
        }
    }
    return clipped(cached, size);
}

static void advise(const void *data, size_t size, int advice)
{
    uintptr_t page = page_size();
    uintptr_t from = ((uintptr_t)data + page - 1) & ~(page - 1);
    uintptr_t to = ((uintptr_t)data + size) & ~(page - 1);
    if (size && from < to) {
        (void)madvise((void *)from, to - from, advice);
    }
}

void memory_release(const void *data, size_t size)
{
    advise(data, size, MADV_DONTNEED);
}

void memory_page_out(const void *data, size_t size)
{
    advise(data, size, MADV_PAGEOUT);
}

void memory_trim(void)
{
    (void)malloc_trim(0);
}
