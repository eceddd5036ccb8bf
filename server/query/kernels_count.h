#ifndef AISLE_SERVER_QUERY_KERNELS_COUNT_H
#define AISLE_SERVER_QUERY_KERNELS_COUNT_H

/*
 * Histograms of the codes of a window's documents that are in a mask: counts[codes[i]] grows by one for each bit i.
 * counts[0], which is of documents without a value, may be left as it is. Codes above `limit` count nothing.
 *
 * With AVX-512 (BW, VBMI2), few values are compared with 64 codes at once and the bits counted; of many the codes of
 * the mask are packed side by side and counted from there, so that nobody lists documents. Chosen at run time; plain C
 * is for other processors, and tests compare the two.
 */
#include "server/query/mask.h"

struct count_kernels {
    const char *name;
    bool (*fits)(void); /* this processor has it */
    /* counts has 256 places. */
    void (*u8)(const uint8_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts);
    void (*u16)(const uint16_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts);
};

/* All, the best first; the last is plain C. */
extern const struct count_kernels COUNT_KERNELS[];
extern const uint32_t COUNT_KERNELS_COUNT;
/* The best that fits. */
const struct count_kernels *count_kernels(void);

#endif
