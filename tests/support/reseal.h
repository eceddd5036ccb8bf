#ifndef AISLE_TESTS_SUPPORT_RESEAL_H
#define AISLE_TESTS_SUPPORT_RESEAL_H

/*
 * Puts right the checksums of a container that a test has damaged, as far as its table can be read, so that what is
 * tried is the checks of structure behind them.
 */
#include <stddef.h>
#include <stdint.h>

void reseal(uint8_t *data, size_t size);

#endif
