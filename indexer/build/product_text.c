#include "indexer/build/html_entities.h"
#include "indexer/build/product_values.h"

#include <stdlib.h>

/* Elements that end a word and a line; all others (b, em, span, a) stand inside words. */
static const char *const blocks[] = {
    "address", "article", "aside", "blockquote", "br", "dd",     "div", "dl",  "dt",      "fieldset",
    "figure",  "footer",  "form",  "h1",         "h2", "h3",     "h4",  "h5",  "h6",      "header",
    "hr",      "li",      "main",  "nav",        "ol", "option", "p",   "pre", "section", "select",
    "table",   "tbody",   "td",    "tfoot",      "th", "thead",  "tr",  "ul",  "img",     NULL};

struct text_writer {
    struct buf *out;
    size_t start;
    bool space; /* wanted before the next character */
};

static void write_char(struct text_writer *w, struct str bytes)
{
    if (w->space && w->out->size > w->start) {
        buf_append_char(w->out, ' ');
    }
    w->space = false;
    buf_append_str(w->out, bytes);
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str tag_name(struct str html, size_t at)
{
    size_t end = at;
    while (end < html.size && (letter(html.data[end]) || (html.data[end] >= '0' && html.data[end] <= '9'))) {
        end++;
    }
    return str_slice(html, at, end);
}

static bool is_block(struct str name)
{
    for (size_t i = 0; blocks[i]; i++) {
        if (str_equal_nocase(name, str_from(blocks[i]))) {
            return true;
        }
    }
    return false;
}

/* The offset behind "</name ...>" at or after `at`, or the end. */
static size_t skip_content(struct str html, size_t at, struct str name)
{
    while (at + 2 + name.size <= html.size) {
        const char *open = memchr(html.data + at, '<', html.size - at);
        if (!open) {
            break;
        }
        at = (size_t)(open - html.data) + 1;
        if (at + 1 + name.size <= html.size && html.data[at] == '/' &&
            str_equal_nocase(str_slice(html, at + 1, at + 1 + name.size), name)) {
            const char *end = memchr(html.data + at, '>', html.size - at);
            return end ? (size_t)(end - html.data) + 1 : html.size;
        }
    }
    return html.size;
}

/* The offset behind the '>' that ends a tag; quotes may hold one. */
static size_t tag_end(struct str html, size_t at)
{
    char quote = '\0';
    for (; at < html.size; at++) {
        char c = html.data[at];
        if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return at + 1;
        }
    }
    return html.size;
}

/* A tag, comment or declaration at `at` (its '<'); the offset behind it, or `at` when it is only a '<'. */
static size_t skip_tag(struct text_writer *w, struct str html, size_t at)
{
    struct str rest = str_slice(html, at, html.size);
    if (str_starts_with(rest, STR("<!--"))) {
        size_t end = str_find(rest, STR("-->"));
        return end == SIZE_MAX ? html.size : at + end + 3;
    }
    if (str_starts_with(rest, STR("<![CDATA["))) {
        return at + 9;
    }
    char next = rest.size > 1 ? rest.data[1] : '\0';
    if (next == '!' || next == '?') {
        return tag_end(html, at);
    }
    bool closing = next == '/';
    struct str name = tag_name(html, at + 1 + closing);
    if (name.size == 0 || !letter(name.data[0])) {
        return at;
    }
    size_t end = tag_end(html, at);
    if (end == html.size && html.data[html.size - 1] != '>') {
        /* a '<' that is no tag, or a tag cut off: what follows is text unless it is nothing but a cut tag's end */
        end = at + 1 + closing + name.size < html.size || closing ? html.size : at;
        size_t close = str_find_char(rest, '>');
        end = close == SIZE_MAX ? end : at + close + 1;
    }
    w->space = w->space || is_block(name);
    if (!closing && (str_equal_nocase(name, STR("script")) || str_equal_nocase(name, STR("style")))) {
        w->space = true;
        return skip_content(html, end, name);
    }
    return end;
}

static void write_code_point(struct text_writer *w, uint32_t c)
{
    char bytes[4];
    size_t n = 0;
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        c = 0xfffd;
    }
    if (c <= ' ' || c == 0xa0) {
        w->space = true;
        return;
    }
    if (c < 0x80) {
        bytes[n++] = (char)c;
    } else if (c < 0x800) {
        bytes[n++] = (char)(0xc0 | (c >> 6));
    } else if (c < 0x10000) {
        bytes[n++] = (char)(0xe0 | (c >> 12));
        bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | (c >> 18));
        bytes[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
        bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
    }
    if (c >= 0x80) {
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    }
    write_char(w, (struct str){bytes, n});
}

static bool number_reference(struct str body, uint32_t *code)
{
    bool hex = body.size > 1 && (body.data[0] == 'x' || body.data[0] == 'X');
    *code = 0;
    if (body.size == 0 || body.size > 8) {
        return false;
    }
    for (size_t i = hex; i < body.size; i++) {
        char c = body.data[i];
        uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                       : UINT32_MAX;
        if (digit == UINT32_MAX) {
            return false;
        }
        *code = *code > 0x110000 ? *code : *code * (hex ? 16 : 10) + digit;
    }
    return true;
}

static int compare_name(const void *name, const void *entity)
{
    return strcmp(name, ((const struct html_entity *)entity)->name);
}

static const char *entity_text(struct str name)
{
    char key[HTML_ENTITY_NAME_BYTES];
    if (name.size == 0 || name.size >= sizeof(key)) {
        return NULL;
    }
    memcpy(key, name.data, name.size);
    key[name.size] = '\0';
    const struct html_entity *found =
        bsearch(key, html_entities, HTML_ENTITY_COUNT, sizeof(html_entities[0]), compare_name);
    return found ? found->text : NULL;
}

/* A reference at `at` (its '&'); the offset behind it, or `at` when it is only an '&'. */
static size_t read_reference(struct text_writer *w, struct str html, size_t at)
{
    size_t limit = html.size - at > 12 ? at + 12 : html.size;
    const char *end = memchr(html.data + at, ';', limit - at);
    if (!end) {
        return at;
    }
    struct str body = str_slice(html, at + 1, (size_t)(end - html.data));
    uint32_t code;
    if (body.size > 1 && body.data[0] == '#') {
        if (!number_reference(str_slice(body, 1, body.size), &code)) {
            return at;
        }
        write_code_point(w, code);
    } else {
        const char *text = entity_text(body);
        if (!text) {
            return at;
        }
        size_t zero = 0;
        write_code_point(w, str_utf8_next(str_from(text), &zero));
    }
    return (size_t)(end - html.data) + 1;
}

void html_to_text(struct str html, struct buf *out)
{
    struct text_writer w = {.out = out, .start = out->size};
    for (size_t at = 0; at < html.size;) {
        char c = html.data[at];
        size_t next = at;
        if (c == '<') {
            next = skip_tag(&w, html, at);
        } else if (c == '&') {
            next = read_reference(&w, html, at);
        } else if ((uint8_t)c <= ' ') {
            w.space = true;
            next = at + 1;
        } else if ((uint8_t)c == 0xc2 && at + 1 < html.size && (uint8_t)html.data[at + 1] == 0xa0) {
            w.space = true;
            next = at + 2;
        }
        if (next == at) {
            size_t end = at + 1;
            while (end < html.size && html.data[end] != '<' && html.data[end] != '&' && (uint8_t)html.data[end] > ' ' &&
                   (uint8_t)html.data[end] != 0xc2) {
                end++;
            }
            write_char(&w, str_slice(html, at, end));
            next = end;
        }
        at = next;
    }
}
