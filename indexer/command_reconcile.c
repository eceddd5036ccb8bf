/* aisle-indexer reconcile: the shop's own export of stock and prices against what the index has, and the way back. */
#include "indexer/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/map.h"
#include "indexer/base/number.h"
#include "indexer/base/options.h"
#include "indexer/base/vec.h"
#include "indexer/build/product.h"
#include "indexer/build/shard_build.h"
#include "indexer/build/store_rows.h"
#include "indexer/change_sender.h"
#include "indexer/control.h"
#include "indexer/object_reader.h"

enum { EXIT_NO_DRIFT = 0, EXIT_DRIFT = 1, EXIT_USAGE = 2, EXIT_FAILED = 3, BATCH = 500, DRIFT_SHOWN = 100000 };

struct row {
    struct str id;
    struct json object; /* the members to compare */
    uint64_t line;
};

struct reconcile {
    const char *index, *as_of, *attributes, *report_path, *path;
    struct control_target target;
    bool fix, all;
    struct map seen; /* with all: the export's ids */
    int64_t as_of_ms;
    struct settings *settings; /* NULL: not known */
    struct object_reader *reader;
    struct change_sender *sender;
    struct feed_info info;
    struct arena feed;  /* of the reading */
    struct arena arena; /* of the waiting rows */
    VEC(struct row) rows;
    struct buf drift; /* JSON, of the report */
    uint64_t read, rejected, equal, differing, missing, shown, fixed, kept, failed, extra;
};

static enum status parse_arguments(struct reconcile *c, int argc, char **argv, struct error *err)
{
    int positional = 0;
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &c->target.data_dir, "DIR", 0, 0, NULL, "data directory, with or without a server on it"},
        {"url", OPTION_TEXT, &c->target.url, "URL", 0, 0, NULL, "a server instead, such as http://127.0.0.1:7700"},
        {"key", OPTION_TEXT, &c->target.key, "KEY", 0, 0, NULL, "its admin key"},
        {"index", OPTION_TEXT, &c->index, "NAME", 0, 0, NULL, "index (required)"},
        {"attributes", OPTION_TEXT, &c->attributes, "A,B", 0, 0, NULL,
         "compare these only; else every column of the export"},
        {"fix", OPTION_FLAG, &c->fix, NULL, 0, 0, NULL,
         "set what differs to what the export says, unless it was set later than the export's time"},
        {"all", OPTION_FLAG, &c->all, NULL, 0, 0, NULL,
         "the export has every product: tell those that only the index has, too"},
        {"as-of", OPTION_TEXT, &c->as_of, "TIME", 0, 0, NULL,
         "when the export's data was true (ISO 8601); else its file's time"},
        {"report", OPTION_TEXT, &c->report_path, "FILE", 0, 0, NULL, "write a JSON report there, with each difference"},
    };
    const struct options options = {
        .usage = "aisle-indexer reconcile (--data DIR | --url URL) --index NAME [options] EXPORT",
        .about = "Compares an export of the shop's system (CSV, TSV, NDJSON, JSON; plain or .gz) with the index: an id "
                 "column and the attributes to compare, such as stock and price; or rows of stores, as `apply` knows "
                 "them. Exit codes: 0 no drift, or all of it "
                 "was fixed; 1 drift; 2 usage; 3 failed.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &positional, err);
    if (status != STATUS_OK)
        return status;
    if (!c->target.data_dir == !c->target.url)
        return error_set(err, STATUS_INPUT, "give either '--data' or '--url'");
    if (!c->index || positional != 1)
        return error_set(err, STATUS_INPUT, "%s", c->index ? "name one export" : "'--index' is required");
    if (c->as_of && !clock_parse(str_from(c->as_of), &c->as_of_ms))
        return error_set(err, STATUS_INPUT, "'--as-of %.40s': give a time such as 2026-05-31T22:00:00Z", c->as_of);
    if (c->as_of_ms > clock_wall_ms() + AS_OF_AHEAD_MS)
        return error_set(err, STATUS_INPUT, "'--as-of %.40s' is more than a minute ahead", c->as_of);
    c->path = argv[1];
    if (!c->as_of_ms && (strcmp(c->path, "-") == 0 || file_modified_ms(c->path, &c->as_of_ms, NULL) != STATUS_OK))
        c->as_of_ms = clock_wall_ms();
    return STATUS_OK;
}

/* --- comparing --- */

/* Numbers by value, also where one side spells them as text. An export that only says that there are some agrees with
 * any number above 0. */
static bool same_value(const struct json *a, const struct json *b)
{
    struct decimal x, y;
    if (a->type == JSON_NUMBER && json_is_bool(b) && decimal_parse(a->text, &x))
        return (x.units > 0) == (b->type == JSON_TRUE);
    bool numbers = (a->type == JSON_NUMBER || a->type == JSON_STRING) &&
                   (b->type == JSON_NUMBER || b->type == JSON_STRING) &&
                   (a->type == JSON_NUMBER || b->type == JSON_NUMBER);
    if (numbers && decimal_parse(a->text, &x) && decimal_parse(b->text, &y))
        return decimal_compare(x, y) == 0;
    struct buf left = BUF_EMPTY, right = BUF_EMPTY;
    json_write(&left, a);
    json_write(&right, b);
    bool same = str_equal(buf_str(&left), buf_str(&right));
    buf_release(&left);
    buf_release(&right);
    return same;
}

static void note_drift(struct reconcile *c, const struct row *row, const struct json_member *m, const struct json *have)
{
    if (c->shown++ >= DRIFT_SHOWN)
        return;
    buf_printf(&c->drift, "%s\n{\"objectID\":", c->shown > 1 ? "," : "");
    json_write_string(&c->drift, row->id);
    buf_printf(&c->drift, ",\"line\":%llu", (unsigned long long)row->line);
    if (!m) {
        buf_literal(&c->drift, ",\"missing\":true}");
        return;
    }
    buf_literal(&c->drift, ",\"attribute\":");
    json_write_string(&c->drift, m->name);
    buf_literal(&c->drift, ",\"index\":");
    static const struct json nothing = {.type = JSON_NULL};
    json_write(&c->drift, have ? have : &nothing);
    buf_literal(&c->drift, ",\"export\":");
    json_write(&c->drift, &m->value);
    buf_append_char(&c->drift, '}');
}

static enum status compare_row(struct reconcile *c, const struct row *row, const struct json *object, struct error *err)
{
    struct json change = {.type = JSON_OBJECT};
    if (!object || object->type != JSON_OBJECT) {
        c->missing++;
        note_drift(c, row, NULL, NULL);
        return STATUS_OK;
    }
    (void)!json_object_set(&change, STR("objectID"), json_of_str(row->id), &c->arena);
    for (uint32_t i = 0; i < row->object.count; i++) {
        const struct json_member *m = &row->object.members[i];
        const struct json *have = json_get_str(object, m->name);
        have = have ? have : json_get_path(object, m->name); /* "stores.berlin" */
        if (have && same_value(have, &m->value))
            continue;
        note_drift(c, row, m, have);
        (void)!json_object_set(&change, m->name, m->value, &c->arena);
    }
    if (change.count == 1) {
        c->equal++;
        return STATUS_OK;
    }
    c->differing++;
    if (!c->fix)
        return STATUS_OK;
    struct change fix = {.id = row->id, .object = &change, .file = c->path, .line = row->line};
    return change_sender_add(c->sender, &fix, err);
}

static enum status flush(struct reconcile *c, struct error *err)
{
    struct str ids[BATCH];
    const struct json *objects[BATCH];
    enum status status = STATUS_OK;
    size_t count = c->rows.count;
    for (size_t i = 0; i < count; i++)
        ids[i] = c->rows.items[i].id;
    if (count > 0)
        status = object_reader_get(c->reader, ids, count, objects, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = compare_row(c, &c->rows.items[i], objects[i], err);
    c->rows.count = 0;
    arena_reset(&c->arena);
    return status;
}

/* --- the export --- */

static bool is_wanted(const struct reconcile *c, struct str name)
{
    struct str rest = str_from(c->attributes);
    while (rest.data) {
        if (str_equal(str_trim(str_split(&rest, ',')), name))
            return true;
    }
    return false;
}

/* What the export says itself: columns, not what is derived from them, nor the id. */
static struct json pick_members(struct reconcile *c, const struct json *object, const struct str *names, uint32_t count)
{
    struct json picked = {.type = JSON_OBJECT};
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *m = &object->members[i];
        bool own = c->attributes != NULL && is_wanted(c, m->name);
        for (uint32_t k = 0; k < count && !c->attributes && !own; k++)
            own = str_equal(names[k], m->name) && role_of_name(m->name) != ROLE_ID;
        if (own && !str_equal(m->name, STR("objectID")))
            (void)!json_object_set(&picked, m->name, json_clone(&m->value, &c->arena), &c->arena);
    }
    return picked;
}

static enum status on_item(void *context, struct feed_item *item, struct error *err)
{
    struct reconcile *c = context;
    struct product_options product = {.default_currency = "", .as_of_ms = c->as_of_ms};
    uint32_t count = item->object.count;
    struct str *names = ARENA_ARRAY(item->arena, struct str, count + 1);
    struct str id;
    for (uint32_t i = 0; i < count; i++)
        names[i] = item->object.members[i].name;
    const struct store_row_options options = {c->settings, c->info.store_rows, c->as_of_ms, false};
    bool store = c->info.store_rows != STORE_ROW_NONE;
    enum status status = store ? store_row_take(&options, item, err) : product_from_feed(&product, item, err);
    if (status == STATUS_OK && !object_id(&item->object, &id))
        status = error_set(err, STATUS_INPUT, "'objectID': missing");
    if (status != STATUS_OK)
        return status;
    struct row row = {.id = arena_copy(&c->arena, id), .line = item->line};
    row.object = store ? json_clone(&item->object, &c->arena) : pick_members(c, &item->object, names, count);
    if (store)
        (void)json_object_remove(&row.object, STR("objectID"));
    if (c->all)
        (void)map_put(&c->seen, row.id, 0, NULL);
    vec_push(&c->rows, row);
    c->read++;
    status = c->rows.count == BATCH ? flush(c, err) : STATUS_OK;
    return status == STATUS_INPUT ? STATUS_IO : status; /* not the row's fault */
}

static void on_reject(void *context, const struct feed_reject *reject)
{
    struct reconcile *c = context;
    if (c->rejected++ < 5)
        fprintf(stderr, "%s:%llu: %s\n", reject->file, (unsigned long long)reject->line, reject->reason);
}

static void on_outcome(void *context, const struct change *change, enum status status, const char *message)
{
    struct reconcile *c = context;
    if (status == STATUS_OK)
        return;
    if (c->failed++ < 5)
        fprintf(stderr, "%s:%llu: %s\n", change->file, (unsigned long long)change->line, message);
}

/* Nothing is done to what only the index has, also with --fix: an export may lack a product by mistake. */
static void on_object(void *context, struct str id)
{
    struct reconcile *c = context;
    if (map_get(&c->seen, id))
        return;
    c->extra++;
    if (c->shown++ >= DRIFT_SHOWN)
        return;
    buf_printf(&c->drift, "%s\n{\"objectID\":", c->shown > 1 ? "," : "");
    json_write_string(&c->drift, id);
    buf_literal(&c->drift, ",\"extra\":true}");
}

/* --- telling --- */

static enum status write_report(struct reconcile *c, struct error *err)
{
    char at[CLOCK_ISO_SIZE];
    struct buf text = BUF_EMPTY;
    if (!c->report_path)
        return STATUS_OK;
    clock_format_iso(c->as_of_ms, at);
    buf_literal(&text, "{\"index\":");
    json_write_string(&text, str_from(c->index));
    buf_literal(&text, ",\"export\":");
    json_write_string(&text, str_from(c->path));
    buf_printf(&text,
               ",\"as_of\":\"%s\",\"rows\":%llu,\"rejected\":%llu,\"equal\":%llu,\"differing\":%llu,\"missing\":%llu,"
               "\"extra\":%llu,\"fixed\":%llu,\"kept\":%llu,\"failed\":%llu,\"drift_complete\":%s,\"drift\":[",
               at, (unsigned long long)c->read, (unsigned long long)c->rejected, (unsigned long long)c->equal,
               (unsigned long long)c->differing, (unsigned long long)c->missing, (unsigned long long)c->extra,
               (unsigned long long)c->fixed, (unsigned long long)c->kept, (unsigned long long)c->failed,
               c->shown <= DRIFT_SHOWN ? "true" : "false");
    buf_append_str(&text, buf_str(&c->drift));
    buf_literal(&text, "]}\n");
    FILE *out = fopen(c->report_path, "w");
    bool written = out && fwrite(text.data, 1, text.size, out) == text.size;
    if (out && fclose(out) != 0)
        written = false;
    buf_release(&text);
    return written ? STATUS_OK : error_errno(err, "writing '%.150s'", c->report_path);
}

/* Where they are at hand: which stores there are. */
static void load_settings(struct reconcile *c)
{
    char path[4096];
    struct buf text = BUF_EMPTY;
    struct error ignored;
    if (!c->target.data_dir)
        return;
    snprintf(path, sizeof(path), "%s/settings/%s.json", c->target.data_dir, c->index);
    if (file_read_all(path, &text, 16u << 20, &ignored) == STATUS_OK &&
        settings_parse(&c->settings, buf_str(&text), NULL, &ignored) != STATUS_OK)
        c->settings = NULL;
    buf_release(&text);
}

static int run(struct reconcile *c, struct error *err)
{
    struct feed_handler handler = {c, on_item, on_reject, NULL, false};
    enum status status = object_reader_open(&c->reader, &c->target, c->index, err);
    if (status == STATUS_OK && c->fix)
        status = change_sender_open(&c->sender, &c->target, c->index, err);
    if (status == STATUS_OK && c->fix) {
        change_sender_on_outcome(c->sender, on_outcome, c);
        change_sender_as_of(c->sender, c->as_of_ms);
    }
    if (status == STATUS_OK)
        status = feed_read(c->path, NULL, &handler, &c->feed, NULL, &c->info, err);
    if (status == STATUS_OK)
        status = flush(c, err);
    if (status == STATUS_OK && c->fix)
        status = change_sender_flush(c->sender, err);
    if (status == STATUS_OK && c->all)
        status = object_reader_each(c->reader, on_object, c, err);
    struct change_counts counts = change_sender_counts(c->sender);
    c->fixed = counts.changed + counts.created;
    c->kept = counts.kept;
    if (status == STATUS_OK)
        status = write_report(c, err);
    if (status != STATUS_OK)
        return EXIT_FAILED;
    printf("%s: %llu rows, %llu rejected; %llu equal, %llu differ, %llu not in the index", c->index,
           (unsigned long long)c->read, (unsigned long long)c->rejected, (unsigned long long)c->equal,
           (unsigned long long)c->differing, (unsigned long long)c->missing);
    if (c->all)
        printf(", %llu only there", (unsigned long long)c->extra);
    if (c->fix)
        printf("; %llu fixed, %llu values kept that were set later", (unsigned long long)c->fixed,
               (unsigned long long)c->kept);
    printf("\n");
    bool drift = c->fix ? c->fixed < c->differing || c->failed > 0 : c->differing > 0;
    return drift || c->missing > 0 || c->extra > 0 || c->rejected > 0 ? EXIT_DRIFT : EXIT_NO_DRIFT;
}

int command_reconcile(int argc, char **argv)
{
    struct reconcile c = {0};
    struct error err = {0};
    int code = EXIT_USAGE;
    arena_init(&c.arena, 0);
    arena_init(&c.feed, 0);
    map_init(&c.seen);
    if (parse_arguments(&c, argc, argv, &err) == STATUS_OK) {
        load_settings(&c);
        code = run(&c, &err);
    }
    if (err.message[0] && code >= EXIT_USAGE)
        fprintf(stderr, "aisle-indexer reconcile: %s\n", err.message);
    change_sender_close(c.sender);
    object_reader_close(c.reader);
    settings_free(c.settings);
    vec_release(&c.rows);
    map_release(&c.seen);
    buf_release(&c.drift);
    arena_release(&c.arena);
    arena_release(&c.feed);
    return code;
}
