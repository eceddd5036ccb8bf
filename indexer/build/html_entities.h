#ifndef AISLE_BUILD_HTML_ENTITIES_H
#define AISLE_BUILD_HTML_ENTITIES_H

/* The named character entities of HTML 4.01 (section 24) and "apos", sorted by name as strcmp does. */
struct html_entity {
    const char *name;
    const char *text; /* UTF-8 */
};

enum { HTML_ENTITY_NAME_BYTES = 16, HTML_ENTITY_COUNT = 253 };

extern const struct html_entity html_entities[HTML_ENTITY_COUNT];

#endif
