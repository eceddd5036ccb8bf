#include "server/http/answer_head.h"

#include "server/http/loop_internal.h"
#include "server/http/server.h"

void answer_head_write(struct loop *l, const struct exchange *x, enum answer_body body, bool closing)
{
    struct buf *out = &l->out;
    buf_literal(out, "HTTP/1.1 ");
    buf_append_i64(out, x->status);
    buf_append_char(out, ' ');
    buf_append_str(out, str_from(http_status_text(x->status)));
    buf_literal(out, "\r\nDate: ");
    buf_append_str(out, str_from(loop_date(l)));
    if (x->content_type) {
        buf_literal(out, "\r\nContent-Type: ");
        buf_append_str(out, str_from(x->content_type));
    }
    if (body == BODY_WHOLE) {
        buf_literal(out, "\r\nContent-Length: ");
        buf_append_u64(out, x->out.size);
    } else if (body == BODY_CHUNKS) {
        buf_literal(out, "\r\nTransfer-Encoding: chunked");
    }
    buf_literal(out, "\r\nAccess-Control-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\n");
    if (x->encoded) {
        buf_literal(out, "Content-Encoding: gzip\r\n");
    }
    if (x->route && x->route->flags & ROUTE_ELASTIC && l->server->options.elastic) {
        buf_literal(out, "X-Elastic-Product: Elasticsearch\r\n");
    }
    if (closing) {
        buf_literal(out, "Connection: close\r\n");
    } else if (x->head.minor_version == 0) {
        buf_literal(out, "Connection: keep-alive\r\n");
    }
    buf_append(out, x->headers.data, x->headers.size);
    buf_literal(out, "\r\n");
}
