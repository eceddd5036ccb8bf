/* What was held for a product that is there now. */
#include "server/live/lane.h"
#include "server/live/update_line.h"

void lane_release(struct changes *c, struct log_writer *w, struct str id, int64_t now_ms, int64_t known_ms)
{
    const struct held_list *list = held_find(&c->index->inventory->held, id);
    struct change *x = list ? changes_of(c, id) : NULL;
    int64_t keep_ms = now_ms - c->index->settings->settings->hold_minutes * 60000;
    if (!list || x->released) {
        return;
    }
    struct str own = x->id;
    x->released = true;
    record_name(w, RECORD_RELEASE, c->index->uid, own);
    vec_push(&c->gone, own);
    for (size_t i = 0; i < list->updates.count; i++) {
        const struct held_update *held = list->updates.items[i];
        struct json_member values[UPDATE_VALUES_MAX];
        struct live_update u;
        struct lane_place at;
        struct lane_decision d = {.changes = c, .writer = w, .now_ms = now_ms};
        if (held->wall_ms <= known_ms || held->wall_ms < keep_ms ||
            !update_line_body(held->line, values, &c->arena, &u)) {
            continue;
        }
        u.object_id = own;
        lane_locate(c, &u, 1, &at);
        lane_decide(&d, &u, &at);
    }
}
