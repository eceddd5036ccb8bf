/* aisle-indexer apply: partial feeds (changed products, prices, stock, deletions) into an index in service. */
#include "indexer/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "indexer/base/options.h"
#include "indexer/build/infer.h"
#include "indexer/build/product.h"
#include "indexer/build/report.h"
#include "indexer/build/shard_build.h"
#include "indexer/build/store_rows.h"
#include "indexer/change_sender.h"
#include "indexer/control.h"

enum { EXIT_ALL_TAKEN = 0, EXIT_SOME_REJECTED = 1, EXIT_USAGE = 2, EXIT_STOPPED = 3, PATH_BYTES = 4096 };

struct apply_command {
    const char *data_dir, *index, *as_of, *rejects, *report_path, *settings_path;
    bool deletes;
    int64_t as_of_ms; /* --as-of; 0: the feed's */
    char **feeds;
    int feed_count;

    struct settings *settings;
    struct feed_mapping mapping;
    bool mapping_known;
    struct arena arena;
    struct report report;
    struct change_sender *sender;
    /* the feed being read */
    const char *path;
    struct feed_info info;
    struct product_options product;
    struct report_file *file;
};

static enum status parse_arguments(struct apply_command *c, int argc, char **argv, struct error *err)
{
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &c->data_dir, "DIR", 0, 0, NULL, "data directory of the server (required)"},
        {"index", OPTION_TEXT, &c->index, "NAME", 0, 0, NULL, "index to change (required)"},
        {"as-of", OPTION_TEXT, &c->as_of, "TIME", 0, 0, NULL,
         "when the feed's data was true (ISO 8601); else the feed's own date, else the file's"},
        {"deletes", OPTION_FLAG, &c->deletes, NULL, 0, 0, NULL,
         "the items are objects to delete; only their ids count (rows of stores: their cells are taken away)"},
        {"settings", OPTION_TEXT, &c->settings_path, "FILE", 0, 0, NULL,
         "settings to read the feed by; else DIR/settings/NAME.json"},
        {"rejects", OPTION_TEXT, &c->rejects, "FILE", 0, 0, NULL, "write rejected items there, one JSON line each"},
        {"report", OPTION_TEXT, &c->report_path, "FILE", 0, 0, NULL, "write a JSON report there"},
    };
    const struct options options = {
        .usage = "aisle-indexer apply --data DIR --index NAME [options] FEED...",
        .about =
            "Applies partial feeds, in the formats that build reads, to an index in service: each item changes the "
            "attributes that it has and leaves the others. An item with a title that is not there yet is added; others "
            "are rejected. BMEcat's T_UPDATE_PRODUCTS and T_UPDATE_PRICES are known, with mode=\"delete\". What was "
            "accepted after the feed's time stays, attribute by attribute. Google's local inventory (XML, TSV) and "
            "Magento's source items (CSV) set the stock of the stores that their rows name.\n"
            "Exit codes: 0 all items taken; 1 items were rejected or a feed was broken; 2 usage or settings; 3 "
            "stopped, "
            "what was applied so far stays.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &c->feed_count, err);
    if (status != STATUS_OK)
        return status;
    if (!c->data_dir || !c->index)
        return error_set(err, STATUS_INPUT, "'%s' is required", c->data_dir ? "--index" : "--data");
    if (c->feed_count == 0)
        return error_set(err, STATUS_INPUT, "no feed given; name files, or - for standard input");
    if (c->as_of && !clock_parse(str_from(c->as_of), &c->as_of_ms))
        return error_set(err, STATUS_INPUT, "'--as-of %.40s': give a time such as 2026-05-31T22:00:00Z", c->as_of);
    if (c->as_of_ms > clock_wall_ms() + AS_OF_AHEAD_MS)
        return error_set(err, STATUS_INPUT, "'--as-of %.40s' is more than a minute ahead", c->as_of);
    c->feeds = argv + 1;
    return STATUS_OK;
}

static enum status load_settings(struct apply_command *c, struct error *err)
{
    char path[PATH_BYTES];
    struct buf text = BUF_EMPTY;
    snprintf(path, sizeof(path), "%s/settings/%s.json", c->data_dir, c->index);
    const char *from = c->settings_path ? c->settings_path : path;
    if (!file_exists(from))
        return error_set(err, STATUS_INPUT, "there is no '%.200s': a partial feed needs an index", from);
    enum status status = file_read_all(from, &text, 16u << 20, err);
    if (status == STATUS_OK)
        status = settings_parse(&c->settings, buf_str(&text), NULL, err);
    if (status == STATUS_OK)
        status = feed_mapping_check(c->settings, err);
    if (status == STATUS_OK)
        c->mapping_known = feed_mapping_of_settings(c->settings, &c->arena, &c->mapping);
    buf_release(&text);
    return status;
}

/* --- items --- */

/* Known when the first item comes: feeds say their date before. */
static void take_as_of(struct apply_command *c)
{
    int64_t ms = c->as_of_ms;
    struct error ignored;
    c->report.as_of_source = "--as-of";
    if (!ms) {
        ms = c->info.date_ms;
        c->report.as_of_source = "feed";
    }
    if (!ms && strcmp(c->path, "-") != 0 && file_modified_ms(c->path, &ms, &ignored) == STATUS_OK)
        c->report.as_of_source = "file";
    if (!ms) {
        ms = clock_wall_ms();
        c->report.as_of_source = "clock";
    }
    ms = ms < clock_wall_ms() ? ms : clock_wall_ms(); /* other clocks may be ahead */
    c->report.as_of_ms = ms;
    c->product.as_of_ms = ms;
    change_sender_as_of(c->sender, ms);
}

static bool is_deletion(const struct apply_command *c, struct feed_item *item)
{
    struct str mode;
    bool deleted = c->deletes;
    if (c->info.partial && json_string(json_get(&item->object, "mode"), &mode)) {
        deleted = deleted || str_equal_nocase(mode, STR("delete"));
        (void)json_object_remove(&item->object, STR("mode"));
    }
    return deleted;
}

static bool has_title(const struct apply_command *c, const struct json *object)
{
    struct str title = c->settings->role_attribute[ROLE_TITLE];
    if (title.size > 0)
        return json_get_str(object, title) != NULL;
    for (uint32_t i = 0; i < object->count; i++) {
        if (role_of_name(object->members[i].name) == ROLE_TITLE)
            return true;
    }
    return false;
}

/* The column that is the id says nothing new: without it, changes of numbers stay changes of numbers alone. */
static void drop_id_column(struct json *object, struct str id)
{
    for (uint32_t i = object->count; i-- > 0;) {
        const struct json_member *m = &object->members[i];
        bool same = (m->value.type == JSON_STRING || m->value.type == JSON_NUMBER) && str_equal(m->value.text, id);
        if (same && !str_equal(m->name, STR("objectID")) && role_of_name(m->name) == ROLE_ID)
            (void)json_object_remove(object, m->name);
    }
}

static enum status send_change(struct apply_command *c, const struct change *change, struct error *err)
{
    enum status status = change_sender_add(c->sender, change, err);
    return status == STATUS_INPUT ? STATUS_IO : status; /* not the item's fault */
}

/* What one store has of a product. */
static enum status on_store_row(struct apply_command *c, struct feed_item *item, struct error *err)
{
    struct change change = {.file = item->file, .line = item->line, .object = &item->object};
    const struct store_row_options options = {c->settings, c->info.store_rows, c->report.as_of_ms, c->deletes};
    enum status status = store_row_take(&options, item, err);
    if (status == STATUS_OK && (!object_id(&item->object, &change.id) || change.id.size > LIMIT_OBJECT_ID_BYTES))
        status = error_set(err, STATUS_INPUT, "'objectID': must be a string of 1 to %d bytes", LIMIT_OBJECT_ID_BYTES);
    return status == STATUS_OK ? send_change(c, &change, err) : status;
}

static enum status on_item(void *context, struct feed_item *item, struct error *err)
{
    struct apply_command *c = context;
    struct str id;
    if (c->report.as_of_ms == 0)
        take_as_of(c);
    if (c->info.store_rows)
        return on_store_row(c, item, err);
    struct change change = {.file = item->file, .line = item->line};
    change.deletion = is_deletion(c, item);
    enum status status = change.deletion ? STATUS_OK : product_from_feed(&c->product, item, err);
    if (status == STATUS_OK && (!object_id(&item->object, &id) || id.size == 0 || id.size > LIMIT_OBJECT_ID_BYTES))
        status = error_set(err, STATUS_INPUT, "'objectID': must be a string of 1 to %d bytes", LIMIT_OBJECT_ID_BYTES);
    if (status != STATUS_OK)
        return status;
    drop_id_column(&item->object, id);
    if (c->info.kind == FEED_XML || c->info.kind == FEED_CSV)
        product_numbers(c->settings, &item->object, item->arena);
    product_available(c->settings, &item->object);
    change.id = id;
    change.object = &item->object;
    change.create = has_title(c, &item->object);
    return send_change(c, &change, err);
}

static void on_reject(void *context, const struct feed_reject *reject)
{
    struct apply_command *c = context;
    report_reject(&c->report, reject);
}

/* What became of a change. */
static void on_outcome(void *context, const struct change *change, enum status status, const char *message)
{
    struct apply_command *c = context;
    if (status == STATUS_OK) {
        report_accept(&c->report);
        return;
    }
    struct feed_reject reject = {.file = change->file, .line = change->line, .id = change->id, .reason = message};
    if (status == STATUS_NOT_FOUND)
        reject.reason = "the object is not in the index, and the item has no title to make one";
    report_reject(&c->report, &reject);
}

static enum status read_feed(struct apply_command *c, const char *path, struct error *err)
{
    struct report_file file = {0};
    struct feed_handler handler = {c, on_item, on_reject, NULL, false};
    struct feed_mapping recognised = {0};
    file.path = xmalloc(strlen(path) + 1);
    memcpy(file.path, path, strlen(path) + 1);
    vec_push(&c->report.files, file);
    c->path = path;
    c->report.as_of_ms = 0;
    c->info = (struct feed_info){0};
    c->product = (struct product_options){.settings = c->settings, .default_currency = "", .partial = true};
    enum status status =
        feed_read(path, c->mapping_known ? &c->mapping : NULL, &handler, &c->arena, &recognised, &c->info, err);
    struct error late = {0};
    enum status sent = change_sender_flush(c->sender, &late); /* also what came before a break */
    struct report_file *f = &c->report.files.items[c->report.files.count - 1];
    memcpy(f->title, c->info.title, sizeof(f->title));
    memcpy(f->id_source, c->info.id_source, sizeof(c->info.id_source));
    f->bytes = c->info.bytes;
    f->broken = c->info.broken;
    c->report.bytes += c->info.bytes;
    if (sent != STATUS_OK) {
        *err = late;
        return sent;
    }
    if (f->broken && status == STATUS_FORMAT) {
        snprintf(f->break_message, sizeof(f->break_message), "%s", err->message);
        status = STATUS_OK;
    }
    return status;
}

/* --- telling --- */

static enum status write_report(struct apply_command *c, struct error *err)
{
    struct change_counts counts = change_sender_counts(c->sender);
    struct buf text = BUF_EMPTY;
    buf_printf(&c->report.outcome, "{\"created\":%llu,\"deleted\":%llu,\"changed\":%llu,\"kept\":%llu,\"seq\":%llu}",
               (unsigned long long)counts.created, (unsigned long long)counts.deleted,
               (unsigned long long)counts.changed, (unsigned long long)counts.kept, (unsigned long long)counts.seq);
    if (!c->report_path)
        return STATUS_OK;
    report_write(&c->report, &text);
    FILE *out = fopen(c->report_path, "w");
    bool written = out && fwrite(text.data, 1, text.size, out) == text.size;
    if (out && fclose(out) != 0)
        written = false;
    buf_release(&text);
    return written ? STATUS_OK : error_errno(err, "writing '%.150s'", c->report_path);
}

static void print_summary(const struct apply_command *c)
{
    const struct report *r = &c->report;
    struct change_counts counts = change_sender_counts(c->sender);
    fprintf(stderr, STR_FMT, STR_ARG(buf_str(&r->first_rejects)));
    if (r->rejected > 5)
        fprintf(stderr, "... and %llu more rejected items%s\n", (unsigned long long)(r->rejected - 5),
                c->rejects ? "" : " (--rejects FILE keeps them all)");
    for (size_t i = 0; i < r->files.count; i++) {
        if (r->files.items[i].broken)
            fprintf(stderr, "broken feed: %s\n", r->files.items[i].break_message);
    }
    printf("%s: %llu items, %llu rejected; %llu objects changed, %llu added, %llu deleted, %llu attributes kept that "
           "were set later, %.1f s\n",
           c->index, (unsigned long long)r->items, (unsigned long long)r->rejected, (unsigned long long)counts.changed,
           (unsigned long long)counts.created, (unsigned long long)counts.deleted, (unsigned long long)counts.kept,
           r->seconds);
}

static int run(struct apply_command *c, struct error *err)
{
    struct error late = {0};
    bool broken = false;
    enum status status =
        change_sender_open(&c->sender, &(struct control_target){.data_dir = c->data_dir}, c->index, err);
    if (status != STATUS_OK)
        return EXIT_STOPPED;
    change_sender_on_outcome(c->sender, on_outcome, c);
    for (int i = 0; i < c->feed_count && status == STATUS_OK; i++)
        status = read_feed(c, c->feeds[i], err);
    c->report.published = status == STATUS_OK;
    snprintf(c->report.failure, sizeof(c->report.failure), "%s", status == STATUS_OK ? "" : err->message);
    enum status finished = report_finish(&c->report, &late);
    if (finished == STATUS_OK)
        finished = write_report(c, &late);
    print_summary(c);
    for (size_t i = 0; i < c->report.files.count; i++)
        broken = broken || c->report.files.items[i].broken;
    if (status == STATUS_OK && finished != STATUS_OK) {
        *err = late;
        status = finished;
    }
    if (status != STATUS_OK)
        return EXIT_STOPPED;
    return c->report.rejected || broken ? EXIT_SOME_REJECTED : EXIT_ALL_TAKEN;
}

int command_apply(int argc, char **argv)
{
    struct apply_command c = {0};
    struct error err = {0};
    int code = EXIT_USAGE;
    arena_init(&c.arena, 0);
    enum status status = parse_arguments(&c, argc, argv, &err);
    if (status == STATUS_OK && (status = load_settings(&c, &err)) == STATUS_OK &&
        (status = report_init(&c.report, c.rejects, &err)) == STATUS_OK) {
        code = run(&c, &err);
        report_release(&c.report);
    }
    if (err.message[0] && code >= EXIT_USAGE)
        fprintf(stderr, "aisle-indexer apply: %s\n", err.message);
    change_sender_close(c.sender);
    settings_free(c.settings);
    arena_release(&c.arena);
    return code;
}
