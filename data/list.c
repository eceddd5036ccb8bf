#include <stdlib.h>

#include "data/catalog_internal.h"

struct list list_of(const char *joined)
{
    struct list l = {0};
    if (!joined) {
        return l;
    }
    uint32_t count = 1;
    for (const char *at = joined; *at; at++) {
        count += *at == '|';
    }
    l.values = xcalloc(count, sizeof *l.values);
    struct str rest = str_from(joined);
    while (l.count < count) {
        l.values[l.count++] = str_split(&rest, '|');
    }
    return l;
}

void list_free(struct list *l)
{
    free(l->values);
    *l = (struct list){0};
}
