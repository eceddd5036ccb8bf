/* The simulated disk's state and what a power cut does to it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_sim_internal.h"
#include "indexer/base/str.h"

enum { PAST_SECTORS = 4, PAST_SIZES = 16 };

/* splitmix64 (Steele, Lea, Flood 2014): every seed is good. */
static uint64_t next_random(struct sim_disk *disk)
{
    uint64_t z = disk->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static bool chance(struct sim_disk *disk, unsigned percent)
{
    return next_random(disk) % 100 < percent;
}

char *sim_name_copy(const char *name)
{
    size_t size = strlen(name) + 1;
    return memcpy(xmalloc(size), name, size);
}

/* ---- entries ---- */

static struct sim_entry *entry_find(const struct sim_entries *entries, const char *name, size_t size)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (strlen(entries->items[i].name) == size && memcmp(entries->items[i].name, name, size) == 0) {
            return &entries->items[i];
        }
    }
    return NULL;
}

static void entry_set(struct sim_entries *entries, const char *name, struct sim_node *node)
{
    struct sim_entry *entry = entry_find(entries, name, strlen(name));
    if (entry && node) {
        entry->node = node;
    } else if (entry) {
        free(entry->name);
        *entry = entries->items[--entries->count];
    } else if (node) {
        struct sim_entry added = {sim_name_copy(name), node};
        vec_push(entries, added);
    }
}

static void entries_release(struct sim_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->items[i].name);
    }
    vec_release(entries);
}

static void entries_copy(struct sim_entries *to, const struct sim_entries *from)
{
    entries_release(to);
    for (size_t i = 0; i < from->count; i++) {
        struct sim_entry copy = {sim_name_copy(from->items[i].name), from->items[i].node};
        vec_push(to, copy);
    }
}

/* ---- files ---- */

struct sim_node *sim_node_new(struct sim_disk *disk, bool is_directory)
{
    struct sim_node *node = xcalloc(1, sizeof(*node));
    node->is_directory = is_directory;
    node->modified_ms = clock_wall_ms();
    node->next = disk->nodes;
    disk->nodes = node;
    return node;
}

static void sector_free(struct sim_sector *sector)
{
    if (sector) {
        free(sector->past);
        free(sector);
    }
}

static void node_free(struct sim_node *node)
{
    for (size_t i = 0; i < node->sectors.count; i++) {
        sector_free(node->sectors.items[i]);
    }
    vec_release(&node->sectors);
    vec_release(&node->dirty);
    vec_release(&node->past_sizes);
    entries_release(&node->now);
    entries_release(&node->durable);
    free(node);
}

/* The sector, about to be changed: what it holds is remembered as something the disk may have got. */
static struct sim_sector *sector_touch(struct sim_disk *disk, struct sim_node *node, size_t number)
{
    if (number >= node->sectors.count) {
        size_t old = node->sectors.count;
        vec_reserve(&node->sectors, number + 1);
        node->sectors.count = number + 1;
        memset(node->sectors.items + old, 0, (node->sectors.count - old) * sizeof(*node->sectors.items));
    }
    struct sim_sector *sector = node->sectors.items[number];
    if (!sector) {
        sector = xcalloc(1, sizeof(*sector));
        node->sectors.items[number] = sector;
    }
    if (!sector->dirty) {
        sector->dirty = true;
        vec_push(&node->dirty, number);
        return sector;
    }
    if (!sector->past) {
        sector->past = xcalloc(PAST_SECTORS, sizeof(*sector->past));
    }
    unsigned slot = sector->past_count;
    if (slot == PAST_SECTORS) {
        slot = (unsigned)(next_random(disk) % PAST_SECTORS);
    } else {
        sector->past_count++;
    }
    memcpy(sector->past[slot], sector->now, FILE_SIM_SECTOR);
    return sector;
}

static void sector_clean(struct sim_sector *sector)
{
    sector->dirty = false;
    sector->past_count = 0;
    free(sector->past);
    sector->past = NULL;
}

static void set_size(struct sim_disk *disk, struct sim_node *node, uint64_t size)
{
    if (size == node->size) {
        return;
    }
    if (node->past_sizes.count == PAST_SIZES) {
        node->past_sizes.items[next_random(disk) % PAST_SIZES] = node->size;
    } else {
        vec_push(&node->past_sizes, node->size);
    }
    node->size = size;
}

/* Makes the bytes from `from` on zeros, where there are any. */
static void zero_tail(struct sim_disk *disk, struct sim_node *node, uint64_t from)
{
    for (size_t i = (size_t)(from / FILE_SIM_SECTOR); i < node->sectors.count; i++) {
        if (node->sectors.items[i]) {
            size_t start = i == from / FILE_SIM_SECTOR ? (size_t)(from % FILE_SIM_SECTOR) : 0;
            memset(sector_touch(disk, node, i)->now + start, 0, FILE_SIM_SECTOR - start);
        }
    }
}

void sim_node_resize(struct sim_disk *disk, struct sim_node *node, uint64_t size)
{
    if (size < node->size) {
        zero_tail(disk, node, size);
    }
    set_size(disk, node, size);
    node->modified_ms = clock_wall_ms();
}

size_t sim_node_read(const struct sim_node *node, uint64_t offset, void *data, size_t size)
{
    if (offset >= node->size) {
        return 0;
    }
    if (size > node->size - offset) {
        size = (size_t)(node->size - offset);
    }
    uint8_t *to = data;
    for (size_t done = 0; done < size;) {
        size_t number = (size_t)((offset + done) / FILE_SIM_SECTOR);
        size_t start = (size_t)((offset + done) % FILE_SIM_SECTOR);
        size_t part = FILE_SIM_SECTOR - start < size - done ? FILE_SIM_SECTOR - start : size - done;
        const struct sim_sector *sector = number < node->sectors.count ? node->sectors.items[number] : NULL;
        if (sector) {
            memcpy(to + done, sector->now + start, part);
        } else {
            memset(to + done, 0, part);
        }
        done += part;
    }
    return size;
}

void sim_node_write(struct sim_disk *disk, struct sim_node *node, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *from = data;
    for (size_t done = 0; done < size;) {
        size_t start = (size_t)((offset + done) % FILE_SIM_SECTOR);
        size_t part = FILE_SIM_SECTOR - start < size - done ? FILE_SIM_SECTOR - start : size - done;
        struct sim_sector *sector = sector_touch(disk, node, (size_t)((offset + done) / FILE_SIM_SECTOR));
        memcpy(sector->now + start, from + done, part);
        done += part;
    }
    if (offset + size > node->size) {
        set_size(disk, node, offset + size);
    }
    node->modified_ms = clock_wall_ms();
}

void sim_node_sync(struct sim_node *node)
{
    for (size_t i = 0; i < node->dirty.count; i++) {
        struct sim_sector *sector = node->sectors.items[node->dirty.items[i]];
        memcpy(sector->durable, sector->now, FILE_SIM_SECTOR);
        sector_clean(sector);
    }
    node->dirty.count = 0;
    node->durable_size = node->size;
    node->past_sizes.count = 0;
}

void sim_node_sync_failed(struct sim_disk *disk, struct sim_node *node)
{
    for (size_t i = 0; i < node->dirty.count; i++) {
        struct sim_sector *sector = node->sectors.items[node->dirty.items[i]];
        if (chance(disk, 50)) {
            memcpy(sector->durable, sector->now, FILE_SIM_SECTOR);
        }
        sector_clean(sector);
    }
    node->dirty.count = 0;
}

/* ---- directories ---- */

void sim_disk_init(struct sim_disk *disk)
{
    *disk = (struct sim_disk){0};
    disk->root = sim_node_new(disk, true);
}

static void steps_clear(struct sim_disk *disk)
{
    for (size_t i = 0; i < disk->steps.count; i++) {
        free(disk->steps.items[i].changes[0].name);
        free(disk->steps.items[i].changes[1].name);
    }
    disk->steps.count = 0;
}

void sim_disk_release(struct sim_disk *disk)
{
    steps_clear(disk);
    vec_release(&disk->steps);
    while (disk->nodes) {
        struct sim_node *next = disk->nodes->next;
        node_free(disk->nodes);
        disk->nodes = next;
    }
    *disk = (struct sim_disk){0};
}

struct sim_place sim_disk_find(struct sim_disk *disk, const char *path)
{
    struct sim_place place = {NULL, path, 0, disk->root};
    struct str rest = str_from(path);
    while (rest.data) {
        struct str name = str_split(&rest, '/');
        assert(!str_equal(name, STR("..")));
        if (name.size == 0 || str_equal(name, STR("."))) {
            continue;
        }
        if (!place.node || !place.node->is_directory) {
            return (struct sim_place){NULL, path, 0, NULL};
        }
        struct sim_entry *entry = entry_find(&place.node->now, name.data, name.size);
        place = (struct sim_place){place.node, name.data, name.size, entry ? entry->node : NULL};
    }
    return place;
}

static struct sim_change change_of(const struct sim_place *place, struct sim_node *node)
{
    char *name = xmalloc(place->name_size + 1);
    memcpy(name, place->name, place->name_size);
    name[place->name_size] = '\0';
    return (struct sim_change){place->dir, name, node};
}

void sim_disk_change(struct sim_disk *disk, const struct sim_place *place, struct sim_node *node,
                     const struct sim_place *old)
{
    struct sim_step step = {{change_of(place, node)}};
    entry_set(&place->dir->now, step.changes[0].name, node);
    if (old) {
        step.changes[1] = change_of(old, NULL);
        entry_set(&old->dir->now, step.changes[1].name, NULL);
    }
    vec_push(&disk->steps, step);
}

static void change_done(struct sim_change *change)
{
    free(change->name);
    change->name = NULL;
}

static void change_apply(struct sim_change *change)
{
    if (change->name) {
        entry_set(&change->dir->durable, change->name, change->node);
        change_done(change);
    }
}

/* Earlier pending changes of the same entry are void once a later one is durable. */
static void void_earlier(struct sim_disk *disk, size_t before, const struct sim_change *by)
{
    for (size_t i = 0; i < before; i++) {
        for (int c = 0; c < 2; c++) {
            struct sim_change *change = &disk->steps.items[i].changes[c];
            if (change->name && change->dir == by->dir && strcmp(change->name, by->name) == 0) {
                change_done(change);
            }
        }
    }
}

void sim_disk_sync_directory(struct sim_disk *disk, struct sim_node *dir)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk->steps.count; i++) {
        struct sim_change *added = &disk->steps.items[i].changes[0];
        struct sim_change *removed = &disk->steps.items[i].changes[1];
        bool removes_here = removed->name && removed->dir == dir;
        if (added->name && (added->dir == dir || removes_here)) {
            void_earlier(disk, kept, added);
            change_apply(added);
        }
        if (removes_here) {
            change_apply(removed);
        }
        if (added->name || removed->name) {
            disk->steps.items[kept++] = disk->steps.items[i];
        }
    }
    disk->steps.count = kept;
}

/* ---- the power cut ---- */

static void recover_sector(struct sim_disk *disk, struct sim_sector *sector, bool behind_durable, unsigned keep)
{
    if (sector->dirty && chance(disk, keep)) {
        if (sector->past_count && chance(disk, 25)) {
            memcpy(sector->durable, sector->past[next_random(disk) % sector->past_count], FILE_SIM_SECTOR);
        } else {
            memcpy(sector->durable, sector->now, FILE_SIM_SECTOR);
        }
    } else if (sector->dirty && behind_durable && chance(disk, 12)) {
        for (size_t i = 0; i < FILE_SIM_SECTOR; i++) {
            sector->durable[i] = (uint8_t)next_random(disk);
        }
    }
    memcpy(sector->now, sector->durable, FILE_SIM_SECTOR);
    sector_clean(sector);
}

static void recover_file(struct sim_disk *disk, struct sim_node *node, unsigned keep)
{
    uint64_t size = node->durable_size;
    if (chance(disk, keep)) {
        size = node->size;
        if (node->past_sizes.count && chance(disk, 25)) {
            size = node->past_sizes.items[next_random(disk) % node->past_sizes.count];
        }
    }
    for (size_t i = 0; i < node->sectors.count; i++) {
        if (node->sectors.items[i]) {
            bool behind_durable = (uint64_t)i * FILE_SIM_SECTOR >= node->durable_size;
            recover_sector(disk, node->sectors.items[i], behind_durable, keep);
        }
    }
    zero_tail(disk, node, size);
    node->size = size;
    node->locked = false;
    sim_node_sync(node);
}

static void reach(struct sim_node *node)
{
    node->reached = true;
    for (size_t i = 0; i < node->now.count; i++) {
        if (!node->now.items[i].node->reached) {
            reach(node->now.items[i].node);
        }
    }
}

static void sweep(struct sim_disk *disk)
{
    reach(disk->root);
    for (struct sim_node **at = &disk->nodes; *at;) {
        struct sim_node *node = *at;
        if (node->reached) {
            node->reached = false;
            at = &node->next;
        } else {
            *at = node->next;
            node_free(node);
        }
    }
}

void sim_disk_recover(struct sim_disk *disk, uint64_t seed)
{
    /* How much of what was not synced the disk has got: nothing and everything are as likely as some. */
    static const unsigned shares[] = {0, 20, 50, 80, 100};
    disk->random = seed;
    unsigned keep = shares[next_random(disk) % (sizeof(shares) / sizeof(shares[0]))];
    for (size_t i = 0; i < disk->steps.count; i++) {
        if (chance(disk, keep)) {
            change_apply(&disk->steps.items[i].changes[0]);
            change_apply(&disk->steps.items[i].changes[1]);
        }
    }
    steps_clear(disk);
    for (struct sim_node *node = disk->nodes; node; node = node->next) {
        if (node->is_directory) {
            entries_copy(&node->now, &node->durable);
        } else {
            recover_file(disk, node, keep);
        }
    }
    sweep(disk);
}
