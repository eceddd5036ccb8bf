#include "indexer/shard/codes.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/base/sort.h"

#define CHUNK_DIRECTORY CHUNK_ID('C', 'O', 'D', 'X')
#define CHUNK_CODES     CHUNK_ID('C', 'O', 'D', 'E')

#define DOCS_MIN      64 /* smaller shards do without */
#define NUMBERS_MAX   UINT16_MAX
#define SEVERAL_SHARE 4 /* paths pay while no more of the documents have several */
#define ALIGNMENT     64

_Static_assert(sizeof(struct codes_entry) == 24, "entries are mapped as they lie in the file");

/* --- reading --- */
static uint64_t entry_bytes(const struct codes_entry *e, const struct attribute_columns *columns, uint32_t doc_count)
{
    uint64_t head = e->kind == CODES_NUMBERS ? (uint64_t)e->value_count * 8
                    : e->kind == CODES_LISTS ? ((uint64_t)e->value_count + 1 + columns->facet.list_count) * 4
                                             : 0;

    return head + (uint64_t)doc_count * 2;
}

static bool entry_valid(const struct codes_entry *e, const struct attribute_columns *columns, uint32_t doc_count,
                        uint64_t size)
{
    if (!columns || e->value_count == 0 || e->value_count > (uint32_t)NUMBERS_MAX + 1 || e->offset % 8 ||
        e->offset > size || entry_bytes(e, columns, doc_count) > size - e->offset)
        return false;
    if (e->kind == CODES_NUMBERS)
        return columns->number.kind == NUMBER_COLUMN_DENSE && !columns->number.codes;
    if (e->kind == CODES_LISTS)
        return columns->facet.listed && !columns->facet.lists && e->paths < e->value_count &&
               e->paths <= columns->entry->code_limit;
    return e->kind == CODES_PATHS && !columns->facet.listed && columns->facet.kind == FACET_COLUMN_MULTI &&
           !columns->facet.paths && e->value_count <= columns->entry->code_limit;
}

static void attach(const struct codes_entry *e, struct attribute_columns *columns, const char *bytes,
                   uint32_t doc_count)
{
    if (e->kind == CODES_PATHS) {
        columns->path_codes = e;
        columns->facet.paths = (const uint16_t *)(const void *)bytes;
        columns->facet.path_limit = e->value_count;
        return;
    }
    if (e->kind == CODES_LISTS) {
        columns->lists = e;
        columns->facet.offsets = (const uint32_t *)(const void *)bytes;
        columns->facet.list = columns->facet.offsets + e->value_count + 1;
        columns->facet.lists = (const uint16_t *)(columns->facet.list + columns->facet.list_count);
        columns->facet.paths = e->paths ? columns->facet.lists : NULL;
        columns->facet.path_limit = e->paths;
        return;
    }
    columns->number_codes = e;
    columns->number.values = (const int64_t *)(const void *)bytes;
    columns->number.value_count = e->value_count;
    columns->number.codes = (const uint16_t *)(const void *)(bytes + (size_t)e->value_count * 8);
    columns->number.changed = xcalloc((size_t)doc_count / 64 + 2, sizeof(*columns->number.changed));
    if (columns->number.coded) /* many are pages that nobody touches */
        columns->number.cells = xcalloc((size_t)doc_count + 1, sizeof(*columns->number.cells));
}

enum status codes_open(struct attributes *a, const struct container *c, struct error *err)
{
    struct str directory = container_chunk(c, CHUNK_DIRECTORY), bytes = container_chunk(c, CHUNK_CODES);
    const struct codes_entry *entries = (const void *)directory.data;

    if (directory.size % sizeof(*entries))
        return error_set(err, STATUS_FORMAT, "chunk 'CODX': %zu bytes", directory.size);
    for (size_t i = 0; i < directory.size / sizeof(*entries); i++) {
        const struct codes_entry *e = &entries[i];
        struct attribute_columns *columns = e->attr < ATTR_NONE ? attributes_find(a, (attr_id)e->attr) : NULL;

        if (!entry_valid(e, columns, a->doc_count, bytes.size))
            return error_set(err, STATUS_FORMAT, "chunk 'CODX': entry %zu", i);
        attach(e, columns, bytes.data + e->offset, a->doc_count);
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct attribute_columns *columns = &a->columns[i];

        if ((columns->number.coded && !columns->number.codes) || (columns->facet.listed && !columns->facet.lists))
            return error_set(err, STATUS_FORMAT, "chunk 'CODX': the codes of attribute %u are missing",
                             columns->entry->attr);
    }
    return STATUS_OK;
}

void codes_close(struct attributes *a)
{
    for (uint32_t i = 0; a->columns && i < a->count; i++) {
        free((void *)a->columns[i].number.changed);
        if (a->columns[i].number.coded)
            free((void *)a->columns[i].number.cells);
    }
}

static bool codes_below(const uint16_t *codes, uint32_t count, uint32_t limit)
{
    uint32_t highest = 0;

    for (uint32_t i = 0; i < count; i++)
        highest = codes[i] > highest ? codes[i] : highest;
    return highest < limit;
}

/* While this looks, another thread that looked before may change cells. */
static bool numbers_sound(const struct number_column *n, uint32_t doc_count)
{
    if (n->values[0] != NUMBER_MISSING || !codes_below(n->codes, doc_count, n->value_count))
        return false;
    for (uint32_t i = 1; i < n->value_count; i++) {
        if (n->values[i] <= n->values[i - 1])
            return false;
    }
    for (uint32_t i = 0; !n->coded && i < doc_count; i++) {
        int64_t cell = atomic_load_explicit(&n->cells[i], memory_order_acquire);

        if (cell != n->values[n->codes[i]] && !number_changed(n, i))
            return false;
    }
    return true;
}

static bool lists_sound(const struct attribute_columns *columns, uint32_t doc_count)
{
    const struct facet_column *f = &columns->facet;
    uint32_t lists = columns->lists->value_count;

    for (uint32_t i = 0; i < lists; i++) {
        if (f->offsets[i] > f->offsets[i + 1])
            return false;
    }
    for (uint32_t i = 0; i < f->list_count; i++) {
        if (f->list[i] >= columns->entry->code_limit)
            return false;
    }
    return f->offsets[0] == 0 && f->offsets[lists] == f->list_count && codes_below(f->lists, doc_count, lists);
}

static enum status check_entry(const struct attributes *a, struct container *c, const struct attribute_columns *columns,
                               const struct codes_entry *e, struct error *err)
{
    return e ? container_check(c, CHUNK_CODES, e->offset, e->offset + entry_bytes(e, columns, a->doc_count), err)
             : STATUS_OK;
}

enum status codes_check(const struct attributes *a, struct container *c, const struct attribute_columns *columns,
                        struct error *err)
{
    enum status status = check_entry(a, c, columns, columns->number_codes, err);

    if (status == STATUS_OK)
        status = check_entry(a, c, columns, columns->path_codes, err);
    if (status == STATUS_OK)
        status = check_entry(a, c, columns, columns->lists, err);
    if (status != STATUS_OK)
        return status;
    /* A path is code + 1, 0 for none; one more for several. */
    if ((columns->lists && !lists_sound(columns, a->doc_count)) ||
        (columns->number_codes && !numbers_sound(&columns->number, a->doc_count)) ||
        (columns->path_codes && !codes_below(columns->facet.paths, a->doc_count, columns->path_codes->value_count + 2)))
        return error_set(err, STATUS_FORMAT, "chunk 'CODE': the codes of attribute %u are not sound",
                         columns->entry->attr);
    return STATUS_OK;
}

enum status codes_check_cell(const struct attribute_columns *columns, struct container *c, doc_id doc,
                             struct error *err)
{
    const struct codes_entry *e = columns->number_codes;
    uint64_t at = e->offset + (uint64_t)e->value_count * 8 + (uint64_t)doc * 2;
    enum status status = container_check(c, CHUNK_CODES, at, at + 2, err);

    if (status != STATUS_OK)
        return status;
    at = columns->number.codes[doc];
    if (at >= e->value_count)
        return error_set(err, STATUS_FORMAT, "chunk 'CODE': the code of document %u", doc);
    at = e->offset + at * 8;
    return container_check(c, CHUNK_CODES, at, at + 8, err);
}

/* --- writing --- */
void codes_add_entry(struct codes_writer *w, struct codes_entry *e)
{
    static const uint8_t zeros[ALIGNMENT];

    buf_append(&w->bytes, zeros, (ALIGNMENT - w->bytes.size % ALIGNMENT) % ALIGNMENT);
    e->offset = w->bytes.size;
    buf_append(&w->entries, e, sizeof(*e));
}

static void add_entry(struct codes_writer *w, attr_id attr, uint32_t kind, uint32_t value_count)
{
    struct codes_entry e = {.attr = attr, .kind = kind, .value_count = value_count};

    codes_add_entry(w, &e);
}

/* The last entry's bytes are dropped where an earlier one has the same, as the price to pay has where nothing is
 * reduced: then both have one place. */
static void share_bytes(struct codes_writer *w)
{
    size_t count = w->entries.size / sizeof(struct codes_entry);
    struct codes_entry *entries = (struct codes_entry *)(void *)w->entries.data, *last = &entries[count - 1];
    size_t size = w->bytes.size - (size_t)last->offset;

    for (size_t i = 0; i + 1 < count; i++) {
        const struct codes_entry *e = &entries[i];

        if (e->kind == last->kind && e->value_count == last->value_count && last->offset - e->offset >= size &&
            memcmp(w->bytes.data + e->offset, w->bytes.data + last->offset, size) == 0) {
            w->bytes.size = (size_t)last->offset;
            last->offset = e->offset;
            return;
        }
    }
}

/* The sorted distinct cells, the missing one first; NULL when there are too many. */
static int64_t *distinct_cells(const struct number_pair *pairs, uint32_t count, uint32_t limit, uint32_t *out)
{
    struct sort_item *items = xrealloc_array(NULL, (size_t)count + 1, sizeof(*items));
    int64_t *cells = NULL;
    uint32_t kept = 1;

    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct sort_item){(uint64_t)pairs[i].cell ^ (uint64_t)INT64_MIN, i};
    sort_items(items, count, NULL, NULL);
    cells = xrealloc_array(NULL, (size_t)count + 1, sizeof(*cells));
    cells[0] = NUMBER_MISSING;
    for (uint32_t i = 0; i < count; i++) {
        int64_t cell = (int64_t)(items[i].key ^ (uint64_t)INT64_MIN);

        if (cell != cells[kept - 1])
            cells[kept++] = cell;
    }
    free(items);
    *out = kept;
    if (kept <= limit)
        return cells;
    free(cells);
    return NULL;
}

static uint16_t code_of(const int64_t *values, uint32_t count, int64_t cell)
{
    uint32_t low = 0;

    for (uint32_t n = count; n > 1; n -= n / 2)
        low += values[low + n / 2] <= cell ? n / 2 : 0;
    return (uint16_t)low;
}

bool codes_put_numbers(struct codes_writer *w, attr_id attr, const struct number_pair *pairs, uint32_t count)
{
    uint32_t limit = w->doc_count / 2 < NUMBERS_MAX ? w->doc_count / 2 : NUMBERS_MAX, value_count;
    int64_t *values = w->doc_count >= DOCS_MIN ? distinct_cells(pairs, count, limit, &value_count) : NULL;
    uint16_t *codes;

    if (!values)
        return false;
    codes = xcalloc((size_t)w->doc_count + 1, sizeof(*codes));
    for (uint32_t i = 0; i < count; i++)
        codes[pairs[i].doc] = code_of(values, value_count, pairs[i].cell);
    add_entry(w, attr, CODES_NUMBERS, value_count);
    buf_append(&w->bytes, values, (size_t)value_count * sizeof(*values));
    buf_append(&w->bytes, codes, (size_t)w->doc_count * sizeof(*codes));
    share_bytes(w);
    free(codes);
    free(values);
    return true;
}

void codes_put_paths(struct codes_writer *w, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                     const struct dictionary *dictionary)
{
    uint16_t *codes;
    uint32_t limit = 0, several = 0;

    for (uint32_t i = 0; i < count; i++)
        limit = pairs[i].code >= limit ? pairs[i].code + 1 : limit;
    if (w->doc_count < DOCS_MIN || limit >= UINT16_MAX)
        return;
    codes = xcalloc((size_t)w->doc_count + 1, sizeof(*codes));
    for (uint32_t i = 0; i < count; i++) {
        doc_id doc = pairs[i].doc;
        facet_code before = i > 0 && pairs[i - 1].doc == doc ? pairs[i - 1].code : FACET_NONE;

        if (codes[doc] == limit + 1)
            continue;
        if (dictionary_value_parent(dictionary, attr, pairs[i].code) == before) {
            codes[doc] = (uint16_t)(pairs[i].code + 1);
        } else {
            codes[doc] = (uint16_t)(limit + 1);
            several++;
        }
    }
    if (several <= w->doc_count / SEVERAL_SHARE) {
        add_entry(w, attr, CODES_PATHS, limit);
        buf_append(&w->bytes, codes, (size_t)w->doc_count * sizeof(*codes));
    }
    free(codes);
}

void codes_write(struct codes_writer *w, struct container_writer *out)
{
    container_add(out, CHUNK_CODES, w->bytes.data, w->bytes.size);
    container_add(out, CHUNK_DIRECTORY, w->entries.data, w->entries.size);
    codes_writer_release(w);
}

void codes_writer_release(struct codes_writer *w)
{
    buf_release(&w->entries);
    buf_release(&w->bytes);
}
