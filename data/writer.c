#include "data/writer.h"

#include <time.h>

#include "indexer/base/clock.h"

/* Copies s, with what a table gives for a byte (NULL: the byte itself). */
static void append_escaped(struct str s, const char *const escapes[128], struct buf *out)
{
    size_t from = 0;
    for (size_t i = 0; i < s.size; i++) {
        uint8_t c = (uint8_t)s.data[i];
        if (c < 128 && escapes[c]) {
            buf_append(out, s.data + from, i - from);
            buf_append_str(out, str_from(escapes[c]));
            from = i + 1;
        }
    }
    buf_append(out, s.data + from, s.size - from);
}

static const char *const xml_escapes[128] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;"};
static const char *const json_escapes[128] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n"};
static const char *const csv_escapes[128] = {['"'] = "\"\""};

static void append_cents(int64_t cents, struct buf *out)
{
    buf_append_i64(out, cents / 100);
    buf_append_char(out, '.');
    buf_append_char(out, (char)('0' + cents % 100 / 10));
    buf_append_char(out, (char)('0' + cents % 10));
}

/* "2026-11-01T00:00Z/2026-11-20T00:00Z" */
static void append_period(const struct item *item, struct buf *out)
{
    char from[CLOCK_ISO_SIZE];
    char to[CLOCK_ISO_SIZE];
    clock_format_iso(item->sale_from_ms, from);
    clock_format_iso(item->sale_to_ms, to);
    buf_append(out, from, 16);
    buf_literal(out, "Z/");
    buf_append(out, to, 16);
    buf_append_char(out, 'Z');
}

static void xml_element(struct str name, struct str value, struct buf *out)
{
    if (value.size) {
        buf_literal(out, "<g:");
        buf_append_str(out, name);
        buf_append_char(out, '>');
        append_escaped(value, xml_escapes, out);
        buf_literal(out, "</g:");
        buf_append_str(out, name);
        buf_literal(out, ">\n");
    }
}

static void xml_number(const char *name, uint64_t value, struct buf *out)
{
    buf_literal(out, "<g:");
    buf_append_str(out, str_from(name));
    buf_append_char(out, '>');
    buf_append_u64(out, value);
    buf_literal(out, "</g:");
    buf_append_str(out, str_from(name));
    buf_literal(out, ">\n");
}

static void xml_prices(const struct item *item, struct buf *out)
{
    buf_literal(out, "<g:price>");
    append_cents(item->price_cents, out);
    buf_literal(out, " USD</g:price>\n");
    if (item->sale_cents) {
        buf_literal(out, "<g:sale_price>");
        append_cents(item->sale_cents, out);
        buf_literal(out, " USD</g:sale_price>\n");
    }
    if (item->sale_from_ms) {
        buf_literal(out, "<g:sale_price_effective_date>");
        append_period(item, out);
        buf_literal(out, "</g:sale_price_effective_date>\n");
    }
}

static void xml_item(const struct item *item, struct buf *out)
{
    buf_literal(out, "<item>\n");
    xml_element(STR("id"), item->id, out);
    xml_element(STR("item_group_id"), item->group, out);
    buf_literal(out, "<title>");
    append_escaped(item->title, xml_escapes, out);
    buf_literal(out, "</title>\n<description>");
    append_escaped(item->description, xml_escapes, out);
    buf_literal(out, "</description>\n<link>");
    append_escaped(item->link, xml_escapes, out);
    buf_literal(out, "</link>\n");
    xml_element(STR("image_link"), item->image, out);
    xml_prices(item, out);
    xml_element(STR("availability"), item->availability, out);
    xml_number("quantity", item->quantity, out);
    xml_element(STR("condition"), item->condition, out);
    xml_element(STR("brand"), item->brand, out);
    xml_element(STR("gtin"), item->gtin, out);
    xml_element(STR("mpn"), item->mpn, out);
    xml_number("google_product_category", (uint64_t)item->google_category, out);
    xml_element(STR("product_type"), item->category, out);
    xml_element(STR("product_type"), item->category2, out);
    xml_element(STR("color"), item->color, out);
    xml_element(STR("size"), item->size, out);
    xml_element(STR("material"), item->material, out);
    xml_element(STR("gender"), item->gender, out);
    xml_number("popularity", item->popularity, out);
    if (item->rating_tenths) {
        buf_literal(out, "<g:rating>");
        buf_append_u64(out, item->rating_tenths / 10);
        buf_append_char(out, '.');
        buf_append_u64(out, item->rating_tenths % 10);
        buf_literal(out, "</g:rating>\n");
        xml_number("rating_count", item->rating_count, out);
    }
    for (size_t i = 0; i < item->attribute_count; i++) {
        xml_element(item->attributes[i].name, item->attributes[i].value, out);
    }
    buf_literal(out, "</item>\n");
}

static void json_key(struct str name, struct buf *out)
{
    buf_append_str(out, STR(",\""));
    buf_append_str(out, name);
    buf_append_str(out, STR("\":"));
}

static void json_text(struct str name, struct str value, struct buf *out)
{
    if (value.size) {
        json_key(name, out);
        buf_append_char(out, '"');
        append_escaped(value, json_escapes, out);
        buf_append_char(out, '"');
    }
}

static void json_number(struct str name, uint64_t value, struct buf *out)
{
    json_key(name, out);
    buf_append_u64(out, value);
}

static void json_prices(const struct item *item, struct buf *out)
{
    json_key(STR("price"), out);
    append_cents(item->price_cents, out);
    if (item->sale_cents) {
        json_key(STR("sale_price"), out);
        append_cents(item->sale_cents, out);
    }
    if (item->sale_from_ms) {
        json_key(STR("sale_price_effective_date"), out);
        buf_append_char(out, '"');
        append_period(item, out);
        buf_append_char(out, '"');
    }
    json_text(STR("currency"), STR("USD"), out);
}

static void json_item(const struct item *item, struct buf *out)
{
    buf_literal(out, "{\"objectID\":\"");
    buf_append_str(out, item->id);
    buf_append_char(out, '"');
    json_text(STR("item_group_id"), item->group, out);
    json_text(STR("title"), item->title, out);
    json_text(STR("description"), item->description, out);
    json_text(STR("link"), item->link, out);
    json_text(STR("image_link"), item->image, out);
    json_prices(item, out);
    json_text(STR("availability"), item->availability, out);
    json_number(STR("quantity"), item->quantity, out);
    json_text(STR("condition"), item->condition, out);
    json_text(STR("brand"), item->brand, out);
    json_text(STR("gtin"), item->gtin, out);
    json_text(STR("mpn"), item->mpn, out);
    json_number(STR("google_product_category"), (uint64_t)item->google_category, out);
    json_key(STR("product_type"), out);
    buf_literal(out, "[\"");
    append_escaped(item->category, json_escapes, out);
    if (item->category2.size) {
        buf_literal(out, "\",\"");
        append_escaped(item->category2, json_escapes, out);
    }
    buf_literal(out, "\"]");
    json_text(STR("color"), item->color, out);
    json_text(STR("size"), item->size, out);
    json_text(STR("material"), item->material, out);
    json_text(STR("gender"), item->gender, out);
    json_number(STR("popularity"), item->popularity, out);
    if (item->rating_tenths) {
        json_number(STR("rating"), item->rating_tenths / 10, out);
        buf_append_char(out, '.');
        buf_append_u64(out, item->rating_tenths % 10);
        json_number(STR("rating_count"), item->rating_count, out);
    }
    for (size_t i = 0; i < item->attribute_count; i++) {
        json_text(item->attributes[i].name, item->attributes[i].value, out);
    }
    buf_literal(out, "}\n");
}

static void csv_text(struct str value, struct buf *out)
{
    buf_append_char(out, '"');
    append_escaped(value, csv_escapes, out);
    buf_literal(out, "\",");
}

/* Attributes stand in one column as Google's text feeds write product_detail: section:name:value, ... */
static void csv_details(const struct item *item, struct buf *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < item->attribute_count; i++) {
        buf_append_str(out, i ? STR(",Details:") : STR("Details:"));
        append_escaped(item->attributes[i].name, csv_escapes, out);
        buf_append_char(out, ':');
        append_escaped(item->attributes[i].value, csv_escapes, out);
    }
    buf_literal(out, "\"\n");
}

static void csv_item(const struct item *item, struct buf *out)
{
    csv_text(item->id, out);
    csv_text(item->group, out);
    csv_text(item->title, out);
    csv_text(item->description, out);
    csv_text(item->link, out);
    csv_text(item->image, out);
    append_cents(item->price_cents, out);
    buf_literal(out, " USD,");
    if (item->sale_cents) {
        append_cents(item->sale_cents, out);
        buf_literal(out, " USD");
    }
    buf_append_char(out, ',');
    if (item->sale_from_ms) {
        append_period(item, out);
    }
    buf_append_char(out, ',');
    csv_text(item->availability, out);
    buf_append_u64(out, item->quantity);
    buf_append_char(out, ',');
    struct str texts[] = {item->condition, item->brand, item->gtin,     item->mpn,   item->category,
                          item->color,     item->size,  item->material, item->gender};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        csv_text(texts[i], out);
    }
    buf_append_u64(out, item->popularity);
    buf_append_char(out, ',');
    if (item->rating_tenths) {
        buf_append_u64(out, item->rating_tenths / 10);
        buf_append_char(out, '.');
        buf_append_u64(out, item->rating_tenths % 10);
        buf_append_char(out, ',');
        buf_append_u64(out, item->rating_count);
        buf_append_char(out, ',');
    } else {
        buf_literal(out, ",,");
    }
    csv_details(item, out);
}

void writer_begin(enum feed_format format, int64_t date_ms, struct buf *out)
{
    if (format == FORMAT_GOOGLE_XML) {
        time_t seconds = (time_t)(date_ms / 1000);
        struct tm utc;
        char date[64];
        (void)gmtime_r(&seconds, &utc);
        (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        buf_printf(out,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\">\n<channel>\n"
                   "<title>Aisle demo store</title>\n<link>https://aisle.example/</link>\n"
                   "<description>An invented general store</description>\n<lastBuildDate>%s</lastBuildDate>\n",
                   date);
    } else if (format == FORMAT_CSV) {
        buf_literal(out, "id,item_group_id,title,description,link,image_link,price,sale_price,"
                         "sale_price_effective_date,availability,quantity,condition,brand,gtin,mpn,product_type,color,"
                         "size,material,gender,popularity,rating,rating_count,product_detail\n");
    }
}

void writer_end(enum feed_format format, struct buf *out)
{
    if (format == FORMAT_GOOGLE_XML) {
        buf_literal(out, "</channel>\n</rss>\n");
    }
}

void writer_item(enum feed_format format, const struct item *item, struct buf *out)
{
    switch (format) {
    case FORMAT_GOOGLE_XML:
        xml_item(item, out);
        break;
    case FORMAT_NDJSON:
        json_item(item, out);
        break;
    case FORMAT_CSV:
        csv_item(item, out);
        break;
    }
}
