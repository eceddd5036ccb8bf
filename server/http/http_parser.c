#include "server/http/http_parser.h"

#include <assert.h>

/* Bytes by what they may be part of. */
enum { TOKEN = 1, FIELD = 2, TARGET = 4, HEX = 8, DIGIT = 16 };

static uint8_t classify(unsigned char c)
{
    uint8_t classes = 0;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    if (letter || digit || (c != 0 && strchr("!#$%&'*+-.^_`|~", c))) {
        classes |= TOKEN;
    }
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) {
        classes |= FIELD;
    }
    if (c > 0x20 && c < 0x7f && c != '#') {
        classes |= TARGET;
    }
    if (digit) {
        classes |= DIGIT | HEX;
    }
    if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        classes |= HEX;
    }
    return classes;
}

static uint8_t class_of[256];

__attribute__((constructor)) static void fill_classes(void)
{
    for (int c = 0; c < 256; c++) {
        class_of[c] = classify((unsigned char)c);
    }
}

static bool is(char c, uint8_t wanted)
{
    return class_of[(unsigned char)c] & wanted;
}

static bool all(struct str s, uint8_t wanted)
{
    for (size_t i = 0; i < s.size; i++) {
        if (!is(s.data[i], wanted)) {
            return false;
        }
    }
    return true;
}

static bool is_token(struct str s)
{
    return s.size > 0 && all(s, TOKEN);
}

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static struct str trim_blanks(struct str s)
{
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = str_slice(s, 1, s.size);
    }
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t')) {
        s.size--;
    }
    return s;
}

int http_head_scan(struct str input, size_t *resume)
{
    size_t end = input.size < HTTP_HEAD_MAX ? input.size : HTTP_HEAD_MAX;
    /* *resume is always the start of a line, so that a line is looked at again only while it is not whole. */
    size_t line = *resume;
    while (line < end) {
        const char *lf = memchr(input.data + line, '\n', end - line);
        if (!lf) {
            break;
        }
        size_t at = (size_t)(lf - input.data);
        if (at == line || input.data[at - 1] != '\r') {
            return -400;
        }
        bool empty = at == line + 1;
        if (empty && line > 2) {
            return (int)(at + 1);
        }
        if (empty && line == 2) {
            return -400; /* only the first line may be empty */
        }
        line = at + 1;
        *resume = line;
    }
    return input.size >= HTTP_HEAD_MAX ? -431 : 0;
}

static const struct {
    struct str name;
    enum http_method method;
} methods[] = {
    {{"GET", 3}, HTTP_GET},       {{"HEAD", 4}, HTTP_HEAD},   {{"POST", 4}, HTTP_POST},       {{"PUT", 3}, HTTP_PUT},
    {{"DELETE", 6}, HTTP_DELETE}, {{"PATCH", 5}, HTTP_PATCH}, {{"OPTIONS", 7}, HTTP_OPTIONS},
};

static enum http_method method_of(struct str text)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (str_equal(methods[i].name, text)) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

/* origin-form, absolute-form of http and https, and "*" for OPTIONS. */
static bool parse_target(struct str target, struct http_head *out)
{
    if (target.size == 0 || !all(target, TARGET)) {
        return false;
    }
    if (target.data[0] != '/') {
        size_t skip = 0;
        if (target.size > 7 && str_equal_nocase(str_slice(target, 0, 7), STR("http://"))) {
            skip = 7;
        } else if (target.size > 8 && str_equal_nocase(str_slice(target, 0, 8), STR("https://"))) {
            skip = 8;
        } else {
            out->path = target;
            return str_equal(target, STR("*")) && out->method == HTTP_OPTIONS;
        }
        struct str rest = str_slice(target, skip, target.size);
        size_t slash = str_find_char(rest, '/');
        if (slash == SIZE_MAX || slash == 0 || str_find_char(str_slice(rest, 0, slash), '@') != SIZE_MAX) {
            return false;
        }
        target = str_slice(rest, slash, rest.size);
    }
    size_t mark = str_find_char(target, '?');
    if (mark == SIZE_MAX) {
        out->path = target;
        return true;
    }
    out->path = str_slice(target, 0, mark);
    out->query = str_slice(target, mark + 1, target.size);
    return out->path.size > 0;
}

static const char *parse_request_line(struct str line, struct http_head *out)
{
    size_t first = str_find_char(line, ' ');
    if (first == SIZE_MAX) {
        return "the request line is not 'method target version'";
    }
    struct str method = str_slice(line, 0, first);
    struct str rest = str_slice(line, first + 1, line.size);
    size_t second = str_find_char(rest, ' ');
    if (!is_token(method) || method.size > 32 || second == SIZE_MAX) {
        return "the request line is not 'method target version'";
    }
    struct str version = str_slice(rest, second + 1, rest.size);
    if (str_equal(version, STR("HTTP/1.1"))) {
        out->minor_version = 1;
    } else if (!str_equal(version, STR("HTTP/1.0"))) {
        return "the version must be HTTP/1.1 or HTTP/1.0";
    }
    out->method = method_of(method);
    return parse_target(str_slice(rest, 0, second), out) ? NULL : "the request target is not valid";
}

/* One header line without its CRLF. */
static const char *parse_field(struct str line, struct http_header *out)
{
    size_t colon = str_find_char(line, ':');
    if (colon == SIZE_MAX) {
        return "a header line has no colon";
    }
    out->name = str_slice(line, 0, colon);
    out->value = trim_blanks(str_slice(line, colon + 1, line.size));
    if (!is_token(out->name)) {
        return "a header name is not a token";
    }
    return all(out->value, FIELD) ? NULL : "a header value holds a control byte";
}

struct framing {
    int hosts, lengths, encodings, expects;
    bool close, keep_alive;
};

static bool valid_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        if (!is(c, TARGET) || strchr("/?@\\,", c)) {
            return false;
        }
    }
    return true;
}

static void parse_connection(struct str value, struct framing *f)
{
    struct str rest = value;
    while (rest.data) {
        struct str option = trim_blanks(str_split(&rest, ','));
        f->close = f->close || str_equal_nocase(option, STR("close"));
        f->keep_alive = f->keep_alive || str_equal_nocase(option, STR("keep-alive"));
    }
}

static const char *apply_framing(const struct http_header *h, struct http_head *out, struct framing *f)
{
    switch (h->name.size) {
    case 4:
        if (str_equal_nocase(h->name, STR("host"))) {
            f->hosts++;
            return valid_host(h->value) ? NULL : "the Host is not valid";
        }
        break;
    case 6:
        if (str_equal_nocase(h->name, STR("expect"))) {
            f->expects++;
            out->expect_continue = str_equal_nocase(h->value, STR("100-continue"));
        }
        break;
    case 10:
        if (str_equal_nocase(h->name, STR("connection"))) {
            parse_connection(h->value, f);
        }
        break;
    case 14:
        if (str_equal_nocase(h->name, STR("content-length"))) {
            f->lengths++;
            out->body_kind = HTTP_BODY_LENGTH;
            bool good = h->value.size > 0 && h->value.size <= 19 && all(h->value, DIGIT) &&
                        str_to_u64(h->value, &out->content_length) && out->content_length <= INT64_MAX;
            return good ? NULL : "Content-Length is not a number";
        }
        break;
    case 17:
        if (str_equal_nocase(h->name, STR("transfer-encoding"))) {
            f->encodings++;
            out->body_kind = HTTP_BODY_CHUNKED;
            return str_equal_nocase(h->value, STR("chunked")) ? NULL : "Transfer-Encoding must be chunked";
        }
        break;
    default:
        break;
    }
    return NULL;
}

/* What the framing headers mean together. */
static int check_framing(struct http_head *out, const struct framing *f, const char **reason)
{
    *reason = NULL;
    if (f->hosts > 1 || (f->hosts == 0 && out->minor_version == 1)) {
        *reason = "there must be exactly one Host";
    } else if (f->lengths > 1 || f->encodings > 1) {
        *reason = "Content-Length or Transfer-Encoding is repeated";
    } else if (f->lengths && f->encodings) {
        *reason = "Content-Length and Transfer-Encoding exclude each other";
    } else if (f->encodings && out->minor_version == 0) {
        *reason = "HTTP/1.0 has no Transfer-Encoding";
    }
    if (*reason) {
        return 400;
    }
    if (f->expects && (f->expects > 1 || !out->expect_continue)) {
        *reason = "only Expect: 100-continue is known";
        return 417;
    }
    /* HTTP/1.0 clients do not know of it, and without a body there is nothing to go on with. */
    bool empty = out->body_kind == HTTP_BODY_NONE || (out->body_kind == HTTP_BODY_LENGTH && out->content_length == 0);
    out->expect_continue = out->expect_continue && out->minor_version == 1 && !empty;
    out->keep_alive = !f->close && (out->minor_version == 1 || f->keep_alive);
    return 0;
}

/* The next line of head from *at on, without its CRLF. */
static struct str next_line(struct str head, size_t *at)
{
    const char *lf = memchr(head.data + *at, '\n', head.size - *at);
    assert(lf && lf > head.data + *at && lf[-1] == '\r');
    size_t end = (size_t)(lf - head.data);
    struct str line = str_slice(head, *at, end - 1);
    *at = end + 1;
    return line;
}

int http_head_parse(struct str head, struct http_head *out, const char **reason)
{
    struct framing framing = {0};
    size_t at = 0;
    out->header_count = 0;
    out->minor_version = 0;
    out->content_length = 0;
    out->body_kind = HTTP_BODY_NONE;
    out->keep_alive = out->expect_continue = false;
    out->method = HTTP_OTHER;
    out->path = out->query = (struct str){NULL, 0};
    struct str line = next_line(head, &at);
    if (line.size == 0) {
        line = next_line(head, &at);
    }
    *reason = parse_request_line(line, out);
    if (*reason) {
        return 400;
    }
    while ((line = next_line(head, &at)).size > 0) {
        if (out->header_count == HTTP_HEADERS_MAX) {
            *reason = "there are too many headers";
            return 431;
        }
        struct http_header *header = &out->headers[out->header_count++];
        *reason = parse_field(line, header);
        if (!*reason) {
            *reason = apply_framing(header, out, &framing);
        }
        if (*reason) {
            return 400;
        }
    }
    return check_framing(out, &framing, reason);
}

struct str http_header_get(const struct http_head *head, const char *name)
{
    struct str wanted = str_from(name);
    for (uint32_t i = 0; i < head->header_count; i++) {
        if (str_equal_nocase(head->headers[i].name, wanted)) {
            return head->headers[i].value;
        }
    }
    return (struct str){NULL, 0};
}

bool http_header_lists(const struct http_head *head, const char *name, struct str token)
{
    struct str rest = http_header_get(head, name);
    while (rest.data) {
        struct str entry = str_split(&rest, ',');
        entry = trim_blanks(str_split(&entry, ';'));
        if (str_equal_nocase(entry, token)) {
            return true;
        }
    }
    return false;
}

bool http_accepts_gzip(const struct http_head *head)
{
    struct str rest = http_header_get(head, "accept-encoding");
    while (rest.data) {
        struct str parameters = str_split(&rest, ',');
        struct str coding = trim_blanks(str_split(&parameters, ';'));
        if (!str_equal_nocase(coding, STR("gzip"))) {
            continue;
        }
        struct str weight = trim_blanks(parameters);
        if (weight.size < 3 || !str_equal_nocase(str_slice(weight, 0, 2), STR("q="))) {
            return true;
        }
        /* q=0, q=0.0, q=0.00 and q=0.000 refuse it. */
        for (size_t i = 2; i < weight.size; i++) {
            if (weight.data[i] >= '1' && weight.data[i] <= '9') {
                return true;
            }
        }
        return false;
    }
    return false;
}

/* --- bodies --- */

enum { BODY_END, BODY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, BODY_BROKEN };

void http_body_init(struct http_body *b, const struct http_head *head)
{
    b->line_size = 0;
    b->trailer_count = 0;
    b->left = 0;
    if (head->body_kind == HTTP_BODY_CHUNKED) {
        b->state = CHUNK_SIZE;
    } else {
        b->left = head->body_kind == HTTP_BODY_LENGTH ? head->content_length : 0;
        b->state = b->left ? BODY_LENGTH : BODY_END;
    }
}

/* Moves over a quoted string that starts at *at. */
static bool skip_quoted(struct str s, size_t *at)
{
    for ((*at)++; *at < s.size; (*at)++) {
        if (s.data[*at] == '"') {
            (*at)++;
            return true;
        }
        if (s.data[*at] == '\\') {
            (*at)++;
        }
    }
    return false;
}

static void skip_blanks(struct str s, size_t *at)
{
    while (*at < s.size && (s.data[*at] == ' ' || s.data[*at] == '\t')) {
        (*at)++;
    }
}

static bool skip_token(struct str s, size_t *at)
{
    size_t from = *at;
    while (*at < s.size && is(s.data[*at], TOKEN)) {
        (*at)++;
    }
    return *at > from;
}

/* *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 section 7.1.1 */
static bool valid_extensions(struct str s)
{
    size_t at = 0;
    if (!all(s, FIELD)) {
        return false;
    }
    while (at < s.size) {
        skip_blanks(s, &at);
        if (at == s.size || s.data[at++] != ';') {
            return false;
        }
        skip_blanks(s, &at);
        if (!skip_token(s, &at)) {
            return false;
        }
        size_t behind_name = at;
        skip_blanks(s, &at);
        if (at == s.size || s.data[at] != '=') {
            at = behind_name;
            continue;
        }
        at++;
        skip_blanks(s, &at);
        bool value = at < s.size && s.data[at] == '"' ? skip_quoted(s, &at) : skip_token(s, &at);
        if (!value) {
            return false;
        }
    }
    return true;
}

static bool parse_chunk_size(struct str line, uint64_t *size)
{
    size_t digits = 0;
    *size = 0;
    while (digits < line.size && is(line.data[digits], HEX)) {
        if (digits == 15) {
            return false;
        }
        *size = *size << 4 | (uint64_t)hex_value(line.data[digits]);
        digits++;
    }
    return digits > 0 && valid_extensions(str_slice(line, digits, line.size));
}

/* Collects a line into b->line. 1: it is whole, without its CRLF; 0: more is needed; -1: it is wrong. */
static int collect_line(struct http_body *b, struct str input, size_t *used)
{
    while (*used < input.size) {
        char c = input.data[(*used)++];
        bool after_cr = b->line_size > 0 && b->line[b->line_size - 1] == '\r';
        if (c == '\n') {
            if (!after_cr) {
                return -1;
            }
            b->line_size--;
            return 1;
        }
        if (after_cr || b->line_size == HTTP_CHUNK_LINE_MAX) {
            return -1;
        }
        b->line[b->line_size++] = c;
    }
    return 0;
}

/* A whole line: a chunk's size, what is behind a chunk's data, or a trailer. False when it is wrong. */
static bool take_line(struct http_body *b)
{
    struct str line = {b->line, b->line_size};
    struct http_header trailer;
    b->line_size = 0;
    switch (b->state) {
    case CHUNK_SIZE:
        b->state = CHUNK_TRAILER;
        if (!parse_chunk_size(line, &b->left)) {
            return false;
        }
        if (b->left > 0) {
            b->state = CHUNK_DATA;
        }
        return true;
    case CHUNK_DATA_END:
        b->state = CHUNK_SIZE;
        return line.size == 0;
    default:
        if (line.size == 0) {
            b->state = BODY_END;
            return true;
        }
        return b->trailer_count++ < HTTP_TRAILERS_MAX && !parse_field(line, &trailer);
    }
}

enum http_body_event http_body_next(struct http_body *b, struct str input, size_t *used, struct str *piece)
{
    for (;;) {
        if (b->state == BODY_END) {
            return HTTP_BODY_DONE;
        }
        if (b->state == BODY_BROKEN) {
            return HTTP_BODY_BAD;
        }
        if (*used == input.size) {
            return HTTP_BODY_MORE;
        }
        if (b->state == BODY_LENGTH || b->state == CHUNK_DATA) {
            size_t there = input.size - *used;
            size_t take = there < b->left ? there : (size_t)b->left;
            *piece = str_slice(input, *used, *used + take);
            *used += take;
            b->left -= take;
            if (b->left == 0) {
                b->state = b->state == CHUNK_DATA ? CHUNK_DATA_END : BODY_END;
            }
            return HTTP_BODY_PIECE;
        }
        int line = collect_line(b, input, used);
        if (line < 0 || (line > 0 && !take_line(b))) {
            b->state = BODY_BROKEN;
        }
    }
}

/* --- targets --- */

bool http_percent_decode(struct str text, bool plus, struct arena *arena, struct str *out)
{
    *out = text;
    if (str_find_char(text, '%') == SIZE_MAX && (!plus || str_find_char(text, '+') == SIZE_MAX)) {
        return str_utf8_valid(text, NULL);
    }
    char *decoded = arena_alloc(arena, text.size);
    if (!decoded) {
        return false;
    }
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (i + 2 >= text.size || !is(text.data[i + 1], HEX) || !is(text.data[i + 2], HEX)) {
                return false;
            }
            c = (char)(hex_value(text.data[i + 1]) << 4 | hex_value(text.data[i + 2]));
            i += 2;
            if (c == '\0') {
                return false;
            }
        } else if (c == '+' && plus) {
            c = ' ';
        }
        decoded[size++] = c;
    }
    *out = (struct str){decoded, size};
    return str_utf8_valid(*out, NULL);
}

bool http_query_get(struct str query, const char *name, struct arena *arena, struct str *out)
{
    struct str wanted = str_from(name);
    struct str rest = query;
    while (rest.data) {
        struct str value = str_split(&rest, '&');
        struct str key = str_split(&value, '=');
        if (str_equal(key, wanted)) {
            return http_percent_decode(value.data ? value : STR(""), true, arena, out);
        }
    }
    return false;
}

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Status";
}
