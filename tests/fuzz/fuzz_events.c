/* Any bytes as events: a list within the limits, each of which can be logged and read back, or an error that says
 * something; and as a record's payload. Links: aisle_events */
#include <stdlib.h>

#include "server/events/event_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct error err = {0};
    struct event_list list = {0};
    struct event out = {0};

    arena_init(&arena, 8 << 20);
    enum status status = event_parse(&list, text, &arena, 1764000000000, &err);
    require(status == STATUS_OK ||
            ((status == STATUS_INPUT || status == STATUS_LIMIT) && (err.message[0] || arena.failed)));
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
        struct buf bytes = BUF_EMPTY;
        event_encode(&list.events[i], &bytes);
        require(event_decode(&out, buf_str(&bytes), &arena) || arena.failed);
        require(list.events[i].time_ms <= 1764000000000);
        buf_release(&bytes);
    }
    arena_reset(&arena);
    (void)event_decode(&out, text, &arena);
    arena_release(&arena);
    return 0;
}
