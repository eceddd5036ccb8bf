/*
 * A request is the same however its bytes come: whole, and cut where the input's first byte says.
 * Links: aisle_http
 */
#include <stdlib.h>

#include "server/http/http_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    int status;
    uint64_t body_hash;
    uint64_t body_size;
    size_t used;
    bool complete;
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* step: how many bytes come at a time. */
static struct outcome run(struct str text, size_t step)
{
    struct outcome o = {0};
    struct http_head head;
    struct http_body body;
    const char *reason;
    size_t resume = 0;
    size_t there = 0;
    int end = 0;
    while (end == 0 && there < text.size) {
        there = there + step < text.size ? there + step : text.size;
        end = http_head_scan(str_slice(text, 0, there), &resume);
    }
    o.status = end < 0 ? -end : 0;
    if (end > 0) {
        check((size_t)end <= there && end <= HTTP_HEAD_MAX);
        o.status = http_head_parse(str_slice(text, 0, (size_t)end), &head, &reason);
    }
    if (end <= 0 || o.status) {
        return o;
    }
    check(head.header_count <= HTTP_HEADERS_MAX && head.path.size > 0);
    (void)http_accepts_gzip(&head);
    http_body_init(&body, &head);
    o.used = (size_t)end;
    for (;;) {
        struct str piece;
        enum http_body_event event = http_body_next(&body, str_slice(text, 0, there), &o.used, &piece);
        if (event == HTTP_BODY_PIECE) {
            for (size_t i = 0; i < piece.size; i++) {
                o.body_hash = o.body_hash * 31 + (uint8_t)piece.data[i];
            }
            o.body_size += piece.size;
        } else if (event == HTTP_BODY_MORE && there < text.size) {
            there = there + step < text.size ? there + step : text.size;
        } else {
            o.complete = event == HTTP_BODY_DONE;
            o.status = event == HTTP_BODY_BAD ? 400 : 0;
            break;
        }
    }
    check(head.body_kind != HTTP_BODY_LENGTH || !o.complete || o.body_size == head.content_length);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct str text = {(const char *)data + 1, size - 1};
    struct outcome whole = run(text, text.size);
    struct outcome split = run(text, (size_t)data[0] % 64 + 1);
    check(whole.status == split.status && whole.complete == split.complete);
    check(whole.status || (whole.body_hash == split.body_hash && whole.body_size == split.body_size));
    check(whole.status || whole.used == split.used);
    struct arena arena;
    struct str decoded;
    arena_init(&arena, 1 << 20);
    (void)http_percent_decode(text, data[0] & 1, &arena, &decoded);
    (void)http_query_get(text, "q", &arena, &decoded);
    arena_release(&arena);
    return 0;
}
