#include "bench/relevance/shoppers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/buf.h"

static const double smoothing = 5;

double shopper_looks(const struct shopper *s, size_t position)
{
    return pow((double)position, -s->eta);
}

double shopper_likes(const struct shopper *s, double grade)
{
    double part = grade > 0 && s->top_grade > 0 ? grade / s->top_grade : 0;
    return s->noise + (1 - 2 * s->noise) * (part < 1 ? part : 1);
}

bool shopper_clicks(const struct shopper *s, size_t position, double grade, struct dice *dice)
{
    return dice_real(dice) < shopper_looks(s, position) * shopper_likes(s, grade);
}

double shoppers_grade(const struct entries_query *judged, const char *doc)
{
    size_t low = 0;
    size_t high = judged ? judged->count : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(judged->items[middle].doc, doc);
        if (order == 0)
            return judged->items[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

void click_log_init(struct click_log *l)
{
    *l = (struct click_log){.shown = 0};
    map_init(&l->places);
}

void click_log_release(struct click_log *l)
{
    map_release(&l->places);
    vec_release(&l->counts);
}

static void key_of(struct buf *key, size_t query, struct str doc)
{
    buf_clear(key);
    buf_printf(key, "%zu\n" STR_FMT, query, STR_ARG(doc));
}

void click_log_add(struct click_log *l, size_t query, struct str doc, bool clicked)
{
    struct buf key = BUF_EMPTY;
    struct click_counts nothing = {0, 0};
    bool added;
    key_of(&key, query, doc);
    uint64_t place = *map_put(&l->places, buf_str(&key), l->counts.count, &added);
    if (added)
        vec_push(&l->counts, nothing);
    l->counts.items[place].shown += 1;
    l->counts.items[place].clicked += clicked;
    l->shown += 1;
    l->clicked += clicked;
    buf_release(&key);
}

double click_log_rate(const struct click_log *l, size_t query, struct str doc)
{
    struct buf key = BUF_EMPTY;
    double a = l->shown > 0 ? l->clicked / l->shown : 0;
    key_of(&key, query, doc);
    const uint64_t *place = map_get(&l->places, buf_str(&key));
    struct click_counts c = place ? l->counts.items[*place] : (struct click_counts){0, 0};
    buf_release(&key);
    return (c.clicked + smoothing * a) / (c.shown + smoothing);
}
