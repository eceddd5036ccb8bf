#include "server/live/gates.h"

#include <math.h>
#include <stdio.h>

struct gates {
    const struct gates_input *in;
    const struct gate_settings *settings;
    struct buf *out;
    struct buf failed; /* messages */
    uint32_t count, failed_count;
};

static void add_gate(struct gates *g, const char *name, bool passed, double value, double limit)
{
    buf_printf(g->out, "%s{\"gate\":\"%s\",\"passed\":%s,\"value\":", g->count++ ? "," : "", name,
               passed ? "true" : "false");
    json_write_double(g->out, value);
    buf_literal(g->out, ",\"limit\":");
    json_write_double(g->out, limit);
}

/* Ends the gate's object. */
static void add_text(struct gates *g, bool passed, const char *text)
{
    buf_literal(g->out, ",\"text\":");
    json_write_string(g->out, str_from(text));
    buf_append_char(g->out, '}');
    if (!passed && g->failed_count++ > 0) {
        buf_literal(&g->failed, "; ");
    }
    if (!passed) {
        buf_append_str(&g->failed, str_from(text));
    }
}

static void check_products(struct gates *g)
{
    char text[160];
    uint64_t before = g->in->present->live_groups;
    uint64_t after = g->in->next->live_groups;
    double share = before ? (double)after / (double)before : 1;
    bool passed = share >= g->settings->product_share;
    snprintf(text, sizeof(text), "%llu products instead of %llu, %.4g %% of them; at least %.4g %% must be left",
             (unsigned long long)after, (unsigned long long)before, share * 100, g->settings->product_share * 100);
    add_gate(g, "products", passed, share, g->settings->product_share);
    add_text(g, passed, text);
}

/* NaN: none. */
static double price_of(const struct snapshot *s, attr_id attr, uint32_t segment, doc_id doc)
{
    const struct number_column *c = shard_number_column(s->segments[segment].shard, attr);
    return number_as_double(c, number_of_doc(c, doc));
}

struct prices {
    attr_id before_attr, after_attr;
    uint64_t compared, outliers;
    char example[160];
};

static void compare_price(struct gates *g, struct prices *p, uint32_t segment, doc_id doc)
{
    uint32_t to_segment;
    doc_id to_doc;
    const struct snapshot *now = g->in->present;
    struct str id = shard_object_id(now->segments[segment].shard, doc);
    double before = price_of(now, p->before_attr, segment, doc);
    if (!(before > 0) || !snapshot_find(g->in->next, id, &to_segment, &to_doc)) {
        return;
    }
    double after = price_of(g->in->next, p->after_attr, to_segment, to_doc);
    double factor = g->settings->outlier_factor;
    p->compared++;
    if (after <= before * factor && after >= before / factor) {
        return;
    }
    if (p->outliers++ == 0) {
        char to[32] = "none";
        if (!isnan(after)) {
            snprintf(to, sizeof(to), "%.10g", after);
        }
        snprintf(p->example, sizeof(p->example), "'%.*s' went from %.10g to %s", (int)(id.size < 60 ? id.size : 60),
                 id.data, before, to);
    }
}

static enum status check_readable(const struct snapshot *s, attr_id attr, struct error *err)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < s->segment_count && status == STATUS_OK; i++) {
        status = shard_check_attribute(s->segments[i].shard, attr, err);
    }
    return status;
}

static enum status check_prices(struct gates *g, struct error *err)
{
    char text[400];
    const struct snapshot *now = g->in->present;
    struct str before = now->settings->role_attribute[ROLE_PRICE];
    struct str after = g->in->next->settings->role_attribute[ROLE_PRICE];
    struct prices p = {.before_attr = dictionary_attr_find(now->dictionary, before),
                       .after_attr = dictionary_attr_find(g->in->next->dictionary, after)};
    if (before.size == 0 || after.size == 0 || p.before_attr == ATTR_NONE) {
        return STATUS_OK;
    }
    enum status status = check_readable(now, p.before_attr, err);
    if (status == STATUS_OK && p.after_attr != ATTR_NONE) {
        status = check_readable(g->in->next, p.after_attr, err);
    }
    uint64_t step = now->doc_count / GATE_SAMPLE + 1;
    for (uint32_t i = 0; i < now->segment_count && status == STATUS_OK; i++) {
        uint32_t count = shard_doc_count(now->segments[i].shard);
        for (uint64_t doc = 0; doc < count; doc += step) {
            if (!segment_deleted(&now->segments[i], (doc_id)doc)) {
                compare_price(g, &p, i, (doc_id)doc);
            }
        }
    }
    if (status != STATUS_OK || p.compared == 0) {
        return status;
    }
    double share = (double)p.outliers / (double)p.compared;
    bool passed = share <= g->settings->outlier_share;
    snprintf(text, sizeof(text),
             "%llu of %llu prices (%.4g %%) changed by more than %.4g times; at most %.4g %% may%s%s",
             (unsigned long long)p.outliers, (unsigned long long)p.compared, share * 100, g->settings->outlier_factor,
             g->settings->outlier_share * 100, p.outliers ? "; " : "", p.example);
    add_gate(g, "prices", passed, share, g->settings->outlier_share);
    add_text(g, passed, text);
    return STATUS_OK;
}

static enum status check_canary(struct gates *g, const struct canary_query *canary, struct error *err)
{
    char text[320];
    uint64_t hits = 0;
    enum status status = g->in->count_hits(g->in->next, canary->query, &hits, err);
    if (status != STATUS_OK) {
        error_prefix(err, "canary query '%.*s'", (int)(canary->query.size < 60 ? canary->query.size : 60),
                     canary->query.data);
        return status;
    }
    bool passed = hits >= (uint64_t)canary->min_hits;
    snprintf(text, sizeof(text), "canary query '%.*s' finds %llu products, at least %lld must be found",
             (int)(canary->query.size < 200 ? canary->query.size : 200), canary->query.data, (unsigned long long)hits,
             (long long)canary->min_hits);
    add_gate(g, "canary", passed, (double)hits, (double)canary->min_hits);
    buf_literal(g->out, ",\"query\":");
    json_write_string(g->out, canary->query);
    add_text(g, passed, text);
    return STATUS_OK;
}

enum status gates_check(const struct gates_input *in, struct buf *out, struct error *err)
{
    struct gates g = {.in = in, .settings = &in->next->settings->gates, .out = out};
    enum status status = STATUS_OK;
    buf_append_char(out, '[');
    if (in->present && in->present->live_groups >= g.settings->from_products && in->present->live_groups > 0) {
        check_products(&g);
        status = check_prices(&g, err);
    }
    for (size_t i = 0; i < g.settings->canary_count && in->count_hits && status == STATUS_OK; i++) {
        status = check_canary(&g, &g.settings->canaries[i], err);
    }
    buf_append_char(out, ']');
    if (status == STATUS_OK && g.failed_count > 0) {
        status = error_set(err, STATUS_CONFLICT, "the gates keep the present generation: " STR_FMT,
                           STR_ARG(buf_str(&g.failed)));
    }
    buf_release(&g.failed);
    return status;
}
