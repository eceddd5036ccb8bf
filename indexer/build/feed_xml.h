#ifndef AISLE_BUILD_FEED_XML_H
#define AISLE_BUILD_FEED_XML_H

/*
 * The only door to libxml2: a push parser (SAX2) with what hostile input needs (RELIABILITY.md): no network, no
 * external entities, no entities of the document's own, depth at most 32, bounded attributes and tags. The named
 * entities of HTML are known, since shops write them. The events' strings are borrowed until the callback returns,
 * names until the parser is freed; equal names have equal pointers.
 */
#include "indexer/base/arena.h"

struct xml_parser;

struct xml_attribute {
    struct str name; /* local */
    struct str value;
    bool xml_prefix; /* of xml: or xsi:, nothing of the item */
};

struct xml_element {
    struct str name;      /* local */
    struct str prefix;    /* empty: none */
    struct str namespace; /* empty: none */
    const struct xml_attribute *attributes;
    size_t attribute_count;
};

/* Each returns false to stop the parsing, after xml_parser_stop said why. */
struct xml_events {
    void *context;
    bool (*on_start)(void *context, const struct xml_element *element);
    bool (*on_text)(void *context, struct str text);
    bool (*on_end)(void *context, struct str name);
};

enum { XML_DEPTH = 32, XML_ATTRIBUTES = 256, XML_TAG_BYTES = 64 << 10 };

/* Lines are counted from first_line. */
struct xml_parser *xml_parser_new(const struct xml_events *events, unsigned first_line);
void xml_parser_free(struct xml_parser *p);

/* Feeds bytes; `final` says that they were the last. After an error every push returns the same. STATUS_FORMAT: the
 * document is broken, err has "LINE: reason"; otherwise what xml_parser_stop was given. */
MUST_CHECK enum status xml_parser_push(struct xml_parser *p, struct str bytes, bool final, struct error *err);

uint64_t xml_parser_line(const struct xml_parser *p);
uint64_t xml_parser_offset(const struct xml_parser *p); /* about where the parser is, in bytes pushed */
void xml_parser_stop(struct xml_parser *p, const struct error *why);

/* The bytes of an HTML entity in UTF-8 ("nbsp", "eacute"), or NULL. */
const char *xml_html_entity(struct str name);

#endif
