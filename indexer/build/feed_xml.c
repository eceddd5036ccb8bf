#include "indexer/build/feed_xml.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/buf.h"
#include "indexer/build/feed_internal.h"
#include "indexer/build/html_entities.h"

enum { PUSH_BYTES = 32 << 10 };

struct xml_parser {
    xmlParserCtxtPtr context;
    struct xml_events events;
    unsigned depth;
    bool stopped;
    struct error error;
    uint64_t pushed;
    xmlEntity entity;   /* the last HTML entity asked for */
    struct buf decoded; /* attribute values that had references */
    struct xml_attribute attributes[XML_ATTRIBUTES];
};

static struct str slice(const xmlChar *s)
{
    return str_from((const char *)s);
}

void xml_parser_stop(struct xml_parser *p, const struct error *why)
{
    if (!p->stopped) {
        p->stopped = true;
        p->error = *why;
        xmlStopParser(p->context);
    }
}

static void PRINTF_LIKE(2, 3) stop(struct xml_parser *p, const char *format, ...)
{
    struct error why;
    char reason[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    error_set(&why, STATUS_FORMAT, "%llu: %s", (unsigned long long)xml_parser_line(p), reason);
    xml_parser_stop(p, &why);
}

/* xml:, xsi: and the like say nothing about the item */
static bool foreign_prefix(const xmlChar *prefix)
{
    return prefix && (strcmp((const char *)prefix, "xml") == 0 || strcmp((const char *)prefix, "xsi") == 0);
}

/* Without NOENT libxml2 leaves "&#38;" for every '&' of an attribute's value, and the names of HTML's entities. */
static struct str decode_value(struct buf *out, struct str value)
{
    size_t from = out->size;
    for (size_t i = 0; i < value.size; i++) {
        struct str rest = str_slice(value, i + 1, value.size);
        size_t end = value.data[i] == '&' ? str_find_char(rest, ';') : SIZE_MAX;
        struct str name = end == SIZE_MAX ? (struct str){0} : str_slice(rest, 0, end);
        const char *text = str_equal(name, STR("#38")) ? "&" : xml_html_entity(name);
        if (text) {
            buf_append(out, text, strlen(text));
            i += end + 1;
        } else {
            buf_append_char(out, value.data[i]);
        }
    }
    return (struct str){out->data + from, out->size - from};
}

static void decode_attributes(struct xml_parser *p, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes +=
            memchr(p->attributes[i].value.data, '&', p->attributes[i].value.size) ? p->attributes[i].value.size : 0;
    }
    if (bytes == 0) {
        return;
    }
    buf_clear(&p->decoded); /* references are longer than what they stand for, so the bytes never move */
    (void)buf_reserve(&p->decoded, bytes);
    for (size_t i = 0; i < count; i++) {
        struct str *value = &p->attributes[i].value;
        if (memchr(value->data, '&', value->size)) {
            *value = decode_value(&p->decoded, *value);
        }
    }
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                     const xmlChar **unused, int count, int defaulted, const xmlChar **attributes)
{
    struct xml_parser *p = user;
    (void)namespaces;
    (void)unused;
    (void)defaulted;
    if (p->stopped) {
        return;
    }
    if (++p->depth > XML_DEPTH) {
        stop(p, "elements are nested deeper than %d", XML_DEPTH);
        return;
    }
    if (count > XML_ATTRIBUTES) {
        stop(p, "'%s' has %d attributes; %d are allowed", (const char *)name, count, XML_ATTRIBUTES);
        return;
    }
    for (int i = 0; i < count; i++) {
        const xmlChar **at = attributes + (size_t)i * 5;
        p->attributes[i] = (struct xml_attribute){.name = slice(at[0]),
                                                  .value = {(const char *)at[3], (size_t)(at[4] - at[3])},
                                                  .xml_prefix = foreign_prefix(at[1])};
    }
    decode_attributes(p, (size_t)count);
    struct xml_element element = {slice(name), slice(prefix), slice(uri), p->attributes, (size_t)count};
    if (!p->events.on_start(p->events.context, &element) && !p->stopped) {
        stop(p, "stopped");
    }
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml_parser *p = user;
    (void)prefix;
    (void)uri;
    if (p->stopped) {
        return;
    }
    p->depth--;
    if (!p->events.on_end(p->events.context, slice(name)) && !p->stopped) {
        stop(p, "stopped");
    }
}

static void on_text(void *user, const xmlChar *text, int size)
{
    struct xml_parser *p = user;
    if (!p->stopped && !p->events.on_text(p->events.context, (struct str){(const char *)text, (size_t)size}) &&
        !p->stopped) {
        stop(p, "stopped");
    }
}

static void on_error(void *user, xmlErrorPtr e)
{
    struct xml_parser *p = user;
    if (p->stopped || e->level != XML_ERR_FATAL || e->code == XML_ERR_USER_STOP) {
        return;
    }
    struct error why;
    struct str message = str_trim(str_from(e->message ? e->message : "not well-formed"));
    size_t line_end = str_find_char(message, '\n');
    message = line_end == SIZE_MAX ? message : str_slice(message, 0, line_end);
    if (e->code == XML_ERR_DOCUMENT_END && p->depth > 0) {
        message = STR("the document ends inside an element"); /* libxml2 calls this extra content */
    }
    error_set(&why, STATUS_FORMAT, "%d: " STR_FMT, e->line, STR_ARG(message));
    xml_parser_stop(p, &why);
}

static void on_entity_declaration(void *user, const xmlChar *name, int type, const xmlChar *public_id,
                                  const xmlChar *system_id, xmlChar *content)
{
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    struct xml_parser *p = user;
    stop(p, "the DOCTYPE defines the entity '%s', which is refused", (const char *)name);
}

static int compare_entity(const void *name, const void *entity)
{
    return strcmp(name, ((const struct html_entity *)entity)->name);
}

const char *xml_html_entity(struct str name)
{
    char key[HTML_ENTITY_NAME_BYTES];
    if (name.size == 0 || name.size >= sizeof(key)) {
        return NULL;
    }
    memcpy(key, name.data, name.size);
    key[name.size] = '\0';
    const struct html_entity *found =
        bsearch(key, html_entities, HTML_ENTITY_COUNT, sizeof(html_entities[0]), compare_entity);
    return found ? found->text : NULL;
}

/* Gives HTML's names as if they were predefined, so that libxml2 puts their text in. */
static xmlEntityPtr get_entity(void *user, const xmlChar *name)
{
    struct xml_parser *p = user;
    const char *text = xml_html_entity(slice(name));
    if (!text) {
        return NULL;
    }
    p->entity = (xmlEntity){.type = XML_ENTITY_DECL,
                            .name = name,
                            .orig = (xmlChar *)(uintptr_t)text,
                            .content = (xmlChar *)(uintptr_t)text,
                            .length = (int)strlen(text),
                            .checked = 1,
                            .etype = XML_INTERNAL_PREDEFINED_ENTITY};
    if (p->context->instate == XML_PARSER_ATTRIBUTE_VALUE) {
        p->entity.etype = XML_INTERNAL_GENERAL_ENTITY; /* left in the value by its name: decode_value */
    }
    return &p->entity;
}

static xmlParserInputPtr no_entities(const char *url, const char *id, xmlParserCtxtPtr context)
{
    (void)url;
    (void)id;
    (void)context;
    return NULL;
}

/* Browsers and shops read ISO-8859-1 as Windows-1252: where the former has control characters, feeds have the euro sign
 * and quotes. */
static int decode_windows_1252(unsigned char *out, int *out_size, const unsigned char *in, int *in_size)
{
    int read = 0;
    int written = 0;
    while (read < *in_size && written + 4 <= *out_size) {
        written += (int)str_utf8_put(feed_windows_1252(in[read++]), (char *)out + written);
    }
    *in_size = read;
    *out_size = written;
    return written;
}

static void set_up_once(void)
{
    static const char *const latin[] = {"ISO-8859-1", "ISO8859-1", "ISO_8859-1",   "ISO-LATIN-1",
                                        "LATIN1",     "CP1252",    "WINDOWS-1252", "WINDOWS1252"};
    xmlInitParser();
    xmlSetExternalEntityLoader(no_entities);
    if (xmlNewCharEncodingHandler("SHOP-LATIN", decode_windows_1252, NULL)) {
        for (size_t i = 0; i < sizeof(latin) / sizeof(latin[0]); i++) {
            (void)xmlAddEncodingAlias("SHOP-LATIN", latin[i]);
        }
    }
}

struct xml_parser *xml_parser_new(const struct xml_events *events, unsigned first_line)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up_once);
    struct xml_parser *p = xcalloc(1, sizeof(*p));
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .ignorableWhitespace = on_text,
                         .cdataBlock = on_text,
                         .entityDecl = on_entity_declaration,
                         .getEntity = get_entity,
                         .serror = on_error};
    p->events = *events;
    p->context = xmlCreatePushParserCtxt(&sax, p, NULL, 0, NULL);
    if (!p->context) {
        fatal("out of memory for an XML parser");
    }
    xmlCtxtUseOptions(p->context, XML_PARSE_NONET | XML_PARSE_COMPACT);
    p->context->input->line = (int)first_line;
    return p;
}

void xml_parser_free(struct xml_parser *p)
{
    if (p) {
        xmlFreeDoc(p->context->myDoc);
        xmlFreeParserCtxt(p->context);
        buf_release(&p->decoded);
        free(p);
    }
}

static size_t pending(const struct xml_parser *p)
{
    const xmlParserInput *input = p->context->input;
    return input && input->end > input->cur ? (size_t)(input->end - input->cur) : 0;
}

enum status xml_parser_push(struct xml_parser *p, struct str bytes, bool final, struct error *err)
{
    bool last = false;
    while (!p->stopped && !last) {
        size_t n = bytes.size < PUSH_BYTES ? bytes.size : PUSH_BYTES;
        last = n == bytes.size;
        p->pushed += n;
        int outcome = xmlParseChunk(p->context, bytes.data, (int)n, final && last);
        bytes = str_slice(bytes, n, bytes.size);
        if (!p->stopped && outcome != XML_ERR_OK && !p->context->wellFormed) {
            stop(p, "not well-formed");
        }
        /* what waits is an unfinished tag: libxml2 needs quadratic time for its attributes */
        if (!p->stopped && pending(p) > XML_TAG_BYTES && *p->context->input->cur == '&') {
            (void)xmlParseChunk(p->context, NULL, 0, 1); /* a bare '&' waits for a ';': this names the error */
        }
        if (!p->stopped && pending(p) > XML_TAG_BYTES) {
            stop(p, "a tag or comment is longer than %d bytes", XML_TAG_BYTES);
        }
    }
    if (p->stopped && err) {
        *err = p->error;
    }
    return p->stopped ? p->error.code : STATUS_OK;
}

uint64_t xml_parser_line(const struct xml_parser *p)
{
    return p->context->input ? (uint64_t)p->context->input->line : 0;
}

uint64_t xml_parser_offset(const struct xml_parser *p)
{
    size_t waiting = pending(p);
    return waiting < p->pushed ? p->pushed - waiting : 0;
}
