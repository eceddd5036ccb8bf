/* aisle-indexer verify: every byte of files, or of all that a data directory's manifest names, against checksums and
 * structure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/json.h"
#include "indexer/base/options.h"
#include "indexer/commands.h"
#include "indexer/shard/container.h"
#include "indexer/shard/manifest.h"
#include "indexer/shard/settings.h"
#include "indexer/shard/shard.h"
#include "server/live/backup.h"
#include "server/live/log_check.h"

enum { EXIT_SOUND = 0, EXIT_DAMAGED = 1, EXIT_USAGE = 2 };

struct verify_command {
    const char *data_dir;
    bool quiet;
    unsigned files, damaged;
};

static void note(struct verify_command *c, const char *path, enum status status, const struct error *err)
{
    c->files++;
    if (status != STATUS_OK) {
        c->damaged++;
        fprintf(stderr, "damaged: %s: %s\n", path, err->message);
    } else if (!c->quiet) {
        printf("sound: %s\n", path);
    }
}

/* Shards by what they begin with; all other files have one checksum behind their bytes. */
static void verify_file(struct verify_command *c, const char *path)
{
    struct file *file = NULL;
    struct file_map map = {0};
    struct str bytes;
    struct error err = {0};
    char magic[8] = {0};
    size_t got = 0;
    enum status status = file_open(&file, path, FILE_READ, &err);

    if (status == STATUS_OK)
        status = file_read_at(file, 0, magic, sizeof(magic), &got, &err);
    file_close(file);
    if (status == STATUS_OK && memcmp(magic, "AISLESHD", sizeof(magic)) == 0) {
        status = shard_verify(path, 1, &err);
    } else if (status == STATUS_OK) {
        status = checked_file_map(&map, path, &bytes, &err);
        if (status == STATUS_OK)
            file_unmap(&map);
    }
    note(c, path, status, &err);
}

static void verify_named(struct verify_command *c, struct str relative)
{
    char path[4096];

    if (relative.size == 0)
        return;
    snprintf(path, sizeof(path), "%s/" STR_FMT, c->data_dir, STR_ARG(relative));
    verify_file(c, path);
}

/* Settings must be there, as they were sealed, and be valid. */
static void verify_settings(struct verify_command *c, const char *path)
{
    struct settings *settings = NULL;
    struct buf text;
    struct error err = {0};

    buf_init(&text, 16u << 20);
    enum status status = file_read_all(path, &text, 16u << 20, &err);
    struct str document = buf_str(&text);
    if (status == STATUS_OK)
        status = settings_unseal(&document, &err);
    if (status == STATUS_OK)
        status = settings_parse(&settings, document, NULL, &err);
    settings_free(settings);
    buf_release(&text);
    note(c, path, status, &err);
}

/* The dictionaries that changes since the build have grown: v*.aisle, beside the checkpoints. */
static void verify_dictionaries(struct verify_command *c, uint64_t uid)
{
    char **names = NULL;
    size_t count = 0;
    struct error err = {0};
    char directory[4096];
    char path[4200];

    snprintf(directory, sizeof(directory), "%s/index/%016" PRIx64, c->data_dir, uid);
    enum status status = dir_list(directory, &names, &count, &err);
    if (status != STATUS_OK)
        note(c, directory, status, &err);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        size_t size = strlen(names[i]);
        if (names[i][0] != 'v' || size < 7 || strcmp(names[i] + size - 6, ".aisle") != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%.64s", directory, names[i]);
        verify_file(c, path);
    }
    dir_names_free(names, count);
}

/* What a rollback to a generation and its adoption read: GENERATION.json, or the candidate.json of older ones. Both
 * must be as they were sealed where they are; an index without shards has neither. The number of shards that they name.
 */
static uint32_t verify_notes(struct verify_command *c, const char *directory)
{
    static const char *const FILES[] = {"GENERATION.json", "candidate.json"};
    char path[4200];
    uint32_t shards = 0;
    bool any = false;

    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, FILES[i]);
        if (!file_exists(path))
            continue;
        struct arena arena;
        struct buf text = BUF_EMPTY;
        struct json root = {.type = JSON_NULL};
        struct error err = {0};
        arena_init(&arena, 0);
        enum status status = file_read_all(path, &text, 1u << 20, &err);
        struct str document = buf_str(&text);
        if (status == STATUS_OK)
            status = settings_unseal(&document, &err);
        if (status == STATUS_OK)
            status = json_parse(document, &arena, &root, &err);
        const struct json *list = json_get(&root, "shards");
        shards = list && list->type == JSON_ARRAY && list->count > shards ? list->count : shards;
        buf_release(&text);
        note(c, path, status, &err);
        arena_release(&arena);
        any = true;
    }
    if (!any) {
        struct error err = {0};
        note(c, directory, error_set(&err, STATUS_NOT_FOUND, "GENERATION.json and candidate.json are missing"), &err);
    }
    return shards;
}

/* shard_count 0: what its notes say. */
static void verify_generation(struct verify_command *c, uint64_t uid, uint32_t generation, uint32_t shard_count)
{
    static const char *const FILES[] = {"dictionary.aisle", "suggest.aisle"};
    char directory[4096];
    char path[4200];

    snprintf(directory, sizeof(directory), "%s/index/%016" PRIx64 "/g%06u", c->data_dir, uid, generation);
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, FILES[i]);
        verify_file(c, path);
    }
    snprintf(path, sizeof(path), "%s/settings.json", directory);
    verify_settings(c, path);
    uint32_t named = verify_notes(c, directory);
    for (uint32_t i = 0; i < (shard_count ? shard_count : named); i++) {
        snprintf(path, sizeof(path), "%s/shard-%04u.aisle", directory, i);
        verify_file(c, path);
    }
}

static void verify_index(struct verify_command *c, const struct manifest_index *index)
{
    char path[4096];

    if (index->shard_count)
        verify_generation(c, index->uid, index->generation, index->shard_count);
    snprintf(path, sizeof(path), "%s/index/%016" PRIx64 "/g%06u", c->data_dir, index->uid, index->previous_generation);
    if (index->previous_generation && file_exists(path)) /* a backup may lack it */
        verify_generation(c, index->uid, index->previous_generation, 0);
    snprintf(path, sizeof(path), "%s/" STR_FMT, c->data_dir, STR_ARG(index->settings));
    if (index->settings.size > 0)
        verify_settings(c, path);
    verify_dictionaries(c, index->uid);
    verify_named(c, index->checkpoint);
    for (uint32_t i = 0; i < index->delta_count; i++)
        verify_named(c, index->deltas[i]);
}

/* Every record, those that a start does not need included. */
static void verify_log(struct verify_command *c, uint64_t applied_seq)
{
    struct log_check check = {0};
    struct error err = {0};
    char path[4096];

    snprintf(path, sizeof(path), "%s/log", c->data_dir);
    if (!file_exists(path))
        return;
    enum status status = log_check_run(&check, path, applied_seq, &err);
    for (size_t i = 0; i < check.segments.count && status == STATUS_OK; i++) {
        const struct log_segment_check *s = &check.segments.items[i];
        if (s->state == LOG_DAMAGED)
            status = error_set(&err, STATUS_FORMAT, "'%s' is damaged at offset %" PRIu64 ": %s", s->name, s->size,
                               s->reason);
    }
    if (status == STATUS_OK && check.damaged)
        status = error_set(&err, STATUS_FORMAT, "updates from %" PRIu64 " on are missing", applied_seq + 1);
    note(c, path, status, &err);
    log_check_release(&check);
}

static void note_listed(void *context, const char *path, enum status status, const char *message)
{
    struct error err = {.code = status};
    snprintf(err.message, sizeof(err.message), "%s", message);
    if (status != STATUS_OK) /* the sound ones are counted as what they are, below */
        note(context, path, status, &err);
}

/* A backup says what each of its files must be. */
static enum status verify_backup(struct verify_command *c, struct error *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/backup.json", c->data_dir);
    return file_exists(path) ? backup_check(c->data_dir, note_listed, c, err) : STATUS_OK;
}

static enum status verify_data(struct verify_command *c, struct error *err)
{
    struct arena arena;
    struct manifest manifest = {0};
    enum status status = STATUS_OK;

    arena_init(&arena, 0);
    status = manifest_read(c->data_dir, &arena, &manifest, err);
    for (uint32_t i = 0; status == STATUS_OK && i < manifest.index_count; i++)
        verify_index(c, &manifest.indexes[i]);
    if (status == STATUS_OK)
        verify_log(c, manifest_needed_seq(&manifest));
    if (status == STATUS_OK)
        status = verify_backup(c, err);
    arena_release(&arena);
    return status;
}

int command_verify(int argc, char **argv)
{
    struct verify_command c = {0};
    struct error err = {0};
    int files = 0;
    const struct option_row rows[] = {
        {.name = "data",
         .type = OPTION_TEXT,
         .value = &c.data_dir,
         .argument = "DIR",
         .help = "verify every file that the directory's manifest names, the generation before, and the log; of a "
                 "backup, all it lists"},
        {.name = "quiet", .type = OPTION_FLAG, .value = &c.quiet, .help = "say only what is damaged"},
    };
    const struct options options = {
        .usage = "aisle-indexer verify --data DIR | FILE...",
        .about = "Reads whole files and checks every checksum and every structure. The exit code is 0 when all is "
                 "sound, 1 when something is damaged.",
        .rows = rows,
        .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &files, &err);

    if (status == STATUS_OK && files == 0 && !c.data_dir)
        status = error_set(&err, STATUS_INPUT, "name files, or a data directory with --data");
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-indexer verify: %s\n", err.message);
        return EXIT_USAGE;
    }
    for (int i = 1; i <= files; i++)
        verify_file(&c, argv[i]);
    if (c.data_dir)
        status = verify_data(&c, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "aisle-indexer verify: %s\n", err.message);
        return EXIT_DAMAGED;
    }
    printf("%u files, %u damaged\n", c.files, c.damaged);
    return c.damaged ? EXIT_DAMAGED : EXIT_SOUND;
}
