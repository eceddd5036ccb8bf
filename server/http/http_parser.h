#ifndef AISLE_SERVER_HTTP_HTTP_PARSER_H
#define AISLE_SERVER_HTTP_HTTP_PARSER_H

/*
 * HTTP/1.1 requests (RFC 9112), strictly: what two parsers could read in two ways is refused. Pure functions over
 * bytes, no sockets, no memory of their own; any thread. The result never depends on how the bytes were split.
 *
 * Refused with 400: a bare LF or CR, NUL and other control bytes, white space before a colon, folded lines, names that
 * are no tokens, Transfer-Encoding other than exactly `chunked`, Transfer-Encoding on HTTP/1.0 or beside
 * Content-Length, a Content-Length that is repeated or more than digits, Host missing (1.1) or repeated, versions other
 * than 1.0 and 1.1, targets with bytes outside visible ASCII. 431: a head over HTTP_HEAD_MAX or HTTP_HEADERS_MAX.
 * 417: an Expect other than 100-continue. Chunk extensions are checked and ignored, so are trailers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "indexer/base/arena.h"
#include "indexer/base/str.h"

#define HTTP_HEAD_MAX       8192 /* request line, header lines and the empty line */
#define HTTP_HEADERS_MAX    64
#define HTTP_CHUNK_LINE_MAX 256 /* a chunk's size with extensions, or a trailer line */
#define HTTP_TRAILERS_MAX   32

/* Bits, so that a route can take several. */
enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_PATCH = 32,
    HTTP_OPTIONS = 64,
    HTTP_OTHER = 128
};

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_header {
    struct str name;
    struct str value; /* without white space around it */
};

struct http_head {
    enum http_method method;
    struct str path;  /* still percent-encoded, begins with '/'; "*" only for OPTIONS */
    struct str query; /* behind '?', still percent-encoded; may be empty */
    int minor_version;
    struct http_header headers[HTTP_HEADERS_MAX];
    uint32_t header_count;
    enum http_body_kind body_kind;
    uint64_t content_length; /* HTTP_BODY_LENGTH */
    bool keep_alive;
    bool expect_continue;
};

/* Looks for the end of the head at the start of input. Returns its size, 0 when more bytes are needed, or a negated
 * status (-400, -431). *resume is where to go on with more bytes; 0 at first. One empty line before the request line is
 * part of the head. */
int http_head_scan(struct str input, size_t *resume);

/* Parses a whole head as http_head_scan found it. The result borrows head. Returns 0, or a status with *reason, a line
 * for the client. */
int http_head_parse(struct str head, struct http_head *out, const char **reason);

/* The first header of that name (ASCII case apart); empty with NULL data when there is none. */
struct str http_header_get(const struct http_head *head, const char *name);
/* True when the comma-separated header lists the token (parameters behind ';' are not looked at). */
bool http_header_lists(const struct http_head *head, const char *name, struct str token);
/* True when an Accept-Encoding takes gzip. */
bool http_accepts_gzip(const struct http_head *head);

/* --- bodies --- */
enum http_body_event {
    HTTP_BODY_MORE,  /* all input is taken and more is needed */
    HTTP_BODY_PIECE, /* *piece is the next part of the body, inside input; call again */
    HTTP_BODY_DONE,  /* the body ends here; what follows is the next request */
    HTTP_BODY_BAD    /* 400, and the connection must be closed */
};

struct http_body {
    uint8_t state;
    uint8_t trailer_count;
    uint16_t line_size;
    uint64_t left; /* of the body, or of the chunk */
    char line[HTTP_CHUNK_LINE_MAX];
};

void http_body_init(struct http_body *b, const struct http_head *head);
/* Takes from input, starting at *used, and moves *used on. */
enum http_body_event http_body_next(struct http_body *b, struct str input, size_t *used, struct str *piece);

/* --- targets --- */
/* Decodes %XX, and '+' as a space when plus. False when an escape is wrong, the result holds NUL or is no UTF-8, or the
 * arena is full. Text without escapes is borrowed. */
bool http_percent_decode(struct str text, bool plus, struct arena *arena, struct str *out);
/* The decoded value of the first parameter of that name in a query string. False when there is none or it is wrong. */
bool http_query_get(struct str query, const char *name, struct arena *arena, struct str *out);

const char *http_status_text(int status); /* "Not Found"; "Status" for codes that are never sent */

#endif
