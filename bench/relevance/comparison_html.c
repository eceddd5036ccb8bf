/* A comparison as one HTML page: what changed on the whole, where, and why, with plots drawn as SVG. */
#include <math.h>

#include "bench/relevance/comparison.h"

enum { QUERIES_SHOWN = 10, PLOT = 340 };

static const char style[] =
    ":root{--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#667085;--line:#e3e7ee;--up:#12805c;--down:#c4382b;--a:#"
    "8a94a6;"
    "--b:#2f5bea;--g3:#12805c;--g2:#4fa37f;--g1:#b5cf9f;--g0:#e4e7ec;--gu:#fff3d6}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161d;--card:#1a2029;--ink:#e7ebf2;--soft:#98a2b3;--line:#2b3340;"
    "--up:#3cc48f;--down:#f0776b;--a:#8a94a6;--b:#7c9bff;--g3:#1f9d72;--g2:#2e7d5f;--g1:#3f5f4a;--g0:#333b48;"
    "--gu:#574719}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}"
    "main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:18px;margin:36px 0 12px}p.lead{font-size:17px;margin:0 0 20px;color:var(--soft)}p.lead b{color:var("
    "--ink)}"
    ".grid{display:grid;gap:14px;grid-template-columns:repeat(auto-fit,minmax(200px,1fr))}.card{background:var(--card);"
    "border:1px solid var(--line);border-radius:12px;padding:16px}.card h3{margin:0;font-size:13px;font-weight:600;"
    "color:var(--soft)}.card .n{font-size:28px;font-weight:650;letter-spacing:-.02em}.card .d{font-size:14px}"
    ".up{color:var(--up)}.down{color:var(--down)}.soft{color:var(--soft)}table{width:100%;border-collapse:collapse;"
    "font-variant-numeric:tabular-nums}th{font-size:12px;text-align:right;color:var(--soft);font-weight:600;padding:"
    "6px "
    "8px}td{padding:6px 8px;text-align:right;border-top:1px solid var(--line)}th:first-child,td:first-child{text-align:"
    "left}.plots{display:grid;gap:14px;grid-template-columns:repeat(auto-fit,minmax(320px,1fr))}svg{width:100%;height:"
    "auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}details{background:var(--card);border:"
    "1px solid var(--line);border-radius:12px;margin:0 0 10px;overflow:hidden}summary{cursor:pointer;padding:12px 16px;"
    "display:flex;gap:14px;align-items:baseline}summary b{flex:1}.cols{display:grid;grid-template-columns:1fr 1fr;gap:"
    "0 24px;padding:4px 16px 16px}.cols>div{min-width:0}.cols h4{margin:4px "
    "0;font-size:12px;color:var(--soft)}ol{margin:0;padding:0;"
    "list-style:none}li{display:flex;gap:8px;align-items:baseline;padding:3px 0;border-top:1px solid var(--line);font-"
    "size:13.5px}li .t{flex:1;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.g{min-width:22px;text-align:"
    "center;border-radius:5px;font-size:11.5px;font-weight:650;padding:1px 5px;background:var(--g0)}.g3{background:var("
    "--g3);color:#fff}.g2{background:var(--g2);color:#fff}.g1{background:var(--g1)}.gu{background:var(--gu)}.m{font-"
    "size:12px;min-width:52px;text-align:right}.tag{font-size:12px;border-radius:99px;padding:2px 9px;border:1px solid "
    "var(--line)}.scroll{overflow-x:auto}footer{margin-top:40px;font-size:13px;color:var(--soft)}";

static void escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '<')
            buf_literal(out, "&lt;");
        else if (c == '&')
            buf_literal(out, "&amp;");
        else if (c == '"')
            buf_literal(out, "&quot;");
        else
            buf_append_char(out, c);
    }
}

static const char *direction(double d)
{
    return d > 1e-9 ? "up" : d < -1e-9 ? "down" : "soft";
}

/* More unjudged documents are neither better nor worse. */
static const char *direction_of(const struct comparison *c, size_t system, size_t value)
{
    bool neutral = strncmp(c->value_names[value], "unjudged", 8) == 0;
    return neutral ? "soft" : direction(comparison_contrast(c, system, value)->difference);
}

/* ---- plots ---- */

/* A bar for each query, the worst loss left, the best win right. */
static void plot_bars(const struct comparison *c, size_t system, struct buf *out)
{
    double most = 1e-9;
    for (size_t i = 0; i < c->query_count; i++) {
        size_t row = c->order[system][i];
        double d = fabs(comparison_value(c, system, row, 0) - comparison_value(c, 0, row, 0));
        most = d > most ? d : most;
    }
    double width = 480.0 / (double)c->query_count;
    buf_literal(out, "<svg viewBox=\"0 0 540 520\" role=\"img\" aria-label=\"change by query\">");
    buf_printf(out, "<text x=\"4\" y=\"18\">%+.2f</text><text x=\"4\" y=\"512\">%+.2f</text>", most, -most);
    for (size_t i = 0; i < c->query_count; i++) {
        size_t row = c->order[system][i];
        double d = comparison_value(c, system, row, 0) - comparison_value(c, 0, row, 0);
        double height = fabs(d) / most * 240;
        buf_printf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"var(--%s)\"><title>",
                   48 + width * (double)i, d > 0 ? 260 - height : 260, width > 3 ? width - 1 : width, height,
                   d > 0 ? "up" : "down");
        escape(out, comparison_text(c, c->systems[0].evaluation.rows.items[row].query));
        buf_printf(out, ": %+.4f</title></rect>", d);
    }
    buf_literal(out, "<line x1=\"48\" x2=\"530\" y1=\"260\" y2=\"260\" stroke=\"var(--line)\"/></svg>");
}

/* A point for each query, the base's value across, the other's up. */
static void plot_scatter(const struct comparison *c, size_t system, struct buf *out)
{
    double top = 1;
    for (size_t row = 0; row < c->query_count; row++) {
        top = fmax(top, fmax(comparison_value(c, 0, row, 0), comparison_value(c, system, row, 0)));
    }
    double scale = (PLOT - 50) / top;
    buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"values by query\">", PLOT, PLOT);
    buf_printf(out,
               "<path d=\"M40 10V%dH%d\" fill=\"none\" stroke=\"var(--line)\"/><line x1=\"40\" y1=\"%d\" x2=\"%d\" "
               "y2=\"10\" stroke=\"var(--line)\" stroke-dasharray=\"4 4\"/>",
               PLOT - 40, PLOT - 10, PLOT - 40, PLOT - 10);
    buf_printf(out, "<text x=\"40\" y=\"%d\">0</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%g</text>", PLOT - 24,
               PLOT - 10, PLOT - 24, top);
    buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", PLOT / 2 + 15, PLOT - 8);
    escape(out, str_from(c->systems[0].name));
    buf_printf(out, "</text><text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">",
               PLOT / 2 - 15, PLOT / 2 - 15);
    escape(out, str_from(c->systems[system].name));
    buf_literal(out, "</text>");
    for (size_t row = 0; row < c->query_count; row++) {
        double x = comparison_value(c, 0, row, 0);
        double y = comparison_value(c, system, row, 0);
        const char *color = y > x + 1e-9 ? "up" : y < x - 1e-9 ? "down" : "a";
        buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"var(--%s)\" fill-opacity=\".6\"><title>",
                   40 + x * scale, PLOT - 40 - y * scale, color);
        escape(out, comparison_text(c, c->systems[0].evaluation.rows.items[row].query));
        buf_printf(out, ": %.4f, %.4f</title></circle>", x, y);
    }
    buf_literal(out, "</svg>");
}

/* Means with their intervals, one line a system, for one measure. */
static void plot_interval(const struct comparison *c, size_t value, struct buf *out)
{
    double low = 1e300;
    double high = -1e300;
    int height = 22 * (int)c->system_count + 24;
    for (size_t system = 0; system < c->system_count; system++) {
        low = fmin(low, c->intervals[value * c->system_count + system].low);
        high = fmax(high, c->intervals[value * c->system_count + system].high);
    }
    double margin = (high - low) * .1 + 1e-6;
    low -= margin;
    double scale = 300 / (high + margin - low);
    buf_printf(out, "<svg viewBox=\"0 0 540 %d\" role=\"img\" aria-label=\"means\">", height);
    for (size_t system = 0; system < c->system_count; system++) {
        struct interval i = c->intervals[value * c->system_count + system];
        double mean = comparison_mean(c, system, value);
        int y = 16 + 22 * (int)system;
        const char *color = system ? "b" : "a";
        buf_printf(out, "<text x=\"170\" y=\"%d\" text-anchor=\"end\">", y + 4);
        escape(out,
               str_slice(str_from(c->systems[system].name), 0, str_utf8_cut(str_from(c->systems[system].name), 26)));
        buf_printf(out,
                   "</text><line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"var(--%s)\" stroke-width=\"3\" "
                   "stroke-linecap=\"round\" stroke-opacity=\".45\"/><circle cx=\"%.1f\" cy=\"%d\" r=\"5\" "
                   "fill=\"var(--%s)\"/><text x=\"490\" y=\"%d\">%.4f</text>",
                   180 + (i.low - low) * scale, 180 + (i.high - low) * scale, y, y, color, 180 + (mean - low) * scale,
                   y, color, y + 4, mean);
    }
    buf_literal(out, "</svg>");
}

/* ---- parts of the page ---- */

static void write_cards(const struct comparison *c, size_t system, struct buf *out)
{
    buf_literal(out, "<div class=\"grid\">");
    for (size_t value = 0; value < c->value_count; value++) {
        const struct contrast *x = comparison_contrast(c, system, value);
        buf_printf(out,
                   "<div class=\"card\"><h3>%s</h3><div class=\"n\">%.4f</div><div class=\"d %s\">%+.4f <span "
                   "class=\"soft\">(%+.3f to %+.3f)</span></div><div class=\"soft\">%zu up, %zu down, %zu same%s</div>"
                   "</div>",
                   c->value_names[value], x->value, direction_of(c, system, value), x->difference, x->interval.low,
                   x->interval.high, x->up, x->down, x->same, x->significant ? " &middot; <b>significant</b>" : "");
    }
    buf_literal(out, "</div>");
}

static void write_table(const struct comparison *c, size_t system, struct buf *out)
{
    buf_literal(out, "<div class=\"card scroll\" style=\"margin-top:14px\"><table><tr><th>Measure</th><th>Base</th>"
                     "<th>Value</th><th>Change</th><th>95 %</th><th>Paired t</th><th>Randomization</th><th>Holm</th>"
                     "</tr>");
    for (size_t value = 0; value < c->value_count; value++) {
        const struct contrast *x = comparison_contrast(c, system, value);
        buf_printf(out,
                   "<tr><td>%s</td><td>%.4f</td><td>%.4f</td><td class=\"%s\">%+.4f</td><td>%+.4f to %+.4f</td>"
                   "<td>%.4f</td><td>%.4f</td><td>%.4f%s</td></tr>",
                   c->value_names[value], x->base, x->value, direction_of(c, system, value), x->difference,
                   x->interval.low, x->interval.high, x->t.p, x->random_p, x->adjusted_p, x->significant ? " *" : "");
    }
    buf_literal(out, "</table></div>");
}

static void write_place(const struct comparison *c, const struct place *p, size_t rank, bool before, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    const char *title = comparison_title(c, p->doc, &arena);
    bool outside = p->other_rank == 0 || p->other_rank > (size_t)c->options.depth;
    if (p->grade < 0)
        buf_literal(out, "<li><span class=\"g gu\" title=\"unjudged\">?</span><span class=\"t\" title=\"");
    else
        buf_printf(out, "<li><span class=\"g g%ld\">%ld</span><span class=\"t\" title=\"", p->grade > 3 ? 3 : p->grade,
                   p->grade);
    escape(out, str_from(p->doc));
    buf_literal(out, "\">");
    escape(out, str_from(title ? title : p->doc));
    buf_literal(out, "</span>");
    if (outside)
        buf_printf(out, "<span class=\"m %s\">%s</span>", before ? "down" : "up", before ? "left" : "new");
    else if (p->other_rank != rank && !before)
        buf_printf(out, "<span class=\"m %s\">%zu &rarr; %zu</span>", rank < p->other_rank ? "up" : "down",
                   p->other_rank, rank);
    else
        buf_literal(out, "<span class=\"m\"></span>");
    buf_literal(out, "</li>");
    arena_release(&arena);
}

static void write_side(const struct comparison *c, size_t system, size_t other, const char *query, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct places places = comparison_places(c, system, other, query, &arena);
    buf_literal(out, "<div><h4>");
    escape(out, str_from(c->systems[system].name));
    buf_literal(out, "</h4><ol>");
    for (size_t i = 0; i < places.count; i++)
        write_place(c, &places.items[i], i + 1, system == 0, out);
    buf_printf(out, "</ol>%s</div>", places.count ? "" : "<p class=\"soft\">no results</p>");
    arena_release(&arena);
}

static void write_queries(const struct comparison *c, size_t system, bool losses, struct buf *out)
{
    size_t shown = 0;
    buf_printf(out, "<h2>%s</h2>", losses ? "Worst losses" : "Best wins");
    for (size_t i = 0; i < c->query_count && shown < QUERIES_SHOWN; i++, shown++) {
        size_t row = c->order[system][losses ? i : c->query_count - 1 - i];
        double before = comparison_value(c, 0, row, 0);
        double after = comparison_value(c, system, row, 0);
        if (losses ? !(after < before - 1e-9) : !(after > before + 1e-9))
            break;
        const char *query = c->systems[0].evaluation.rows.items[row].query;
        buf_printf(out, "<details%s><summary><span class=\"%s\">%+.4f</span><b>", shown == 0 ? " open" : "",
                   direction(after - before), after - before);
        escape(out, comparison_text(c, query));
        buf_printf(out, "</b><span class=\"soft\">%.4f &rarr; %.4f</span></summary><div class=\"cols\">", before,
                   after);
        write_side(c, 0, system, query, out);
        write_side(c, system, 0, query, out);
        buf_literal(out, "</div></details>");
    }
    if (shown == 0)
        buf_literal(out, "<p class=\"soft\">None.</p>");
}

static void write_newcomers(const struct comparison *c, size_t system, struct buf *out)
{
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, 0);
    for (size_t i = 0; i < c->newcomers.count; i++) {
        const struct newcomer *n = &c->newcomers.items[i];
        if (n->system != system)
            continue;
        if (count++ == 0)
            buf_printf(out,
                       "<h2>Unjudged documents that entered the first %lld</h2><div class=\"card scroll\"><table><tr>"
                       "<th>Query</th><th>Document</th><th>Rank</th></tr>",
                       (long long)c->options.depth);
        if (count > 40)
            continue;
        const char *title = comparison_title(c, n->doc, &arena);
        buf_literal(out, "<tr><td>");
        escape(out, comparison_text(c, n->query));
        buf_literal(out, "</td><td>");
        escape(out, str_from(title ? title : n->doc));
        buf_printf(out, "</td><td>%zu</td></tr>", n->rank);
        arena_reset(&arena);
    }
    if (count)
        buf_literal(out, "</table>");
    if (count > 40)
        buf_printf(out, "<p class=\"soft\">and %zu more; <code>aisle-eval judge</code> pools them</p>", count - 40);
    buf_printf(out, "%s", count ? "</div>" : "");
    arena_release(&arena);
}

static void write_lead(const struct comparison *c, size_t system, struct buf *out)
{
    const struct contrast *x = comparison_contrast(c, system, 0);
    buf_literal(out, "<p class=\"lead\"><b>");
    escape(out, str_from(c->systems[system].name));
    buf_printf(out, "</b> %s <b>",
               !x->significant     ? "cannot be told from"
               : x->difference > 0 ? "is better than"
                                   : "is worse than");
    escape(out, str_from(c->systems[0].name));
    buf_printf(out,
               "</b>: %s %.4f, <span class=\"%s\">%+.4f</span> (95 %% between %+.4f and %+.4f) over %zu queries.</p>",
               c->value_names[0], x->value, direction(x->difference), x->difference, x->interval.low, x->interval.high,
               c->query_count);
}

static void write_system(const struct comparison *c, size_t system, struct buf *out)
{
    if (c->system_count > 2) {
        buf_literal(out, "<h2>");
        escape(out, str_from(c->systems[system].name));
        buf_literal(out, "</h2>");
    }
    write_lead(c, system, out);
    write_cards(c, system, out);
    write_table(c, system, out);
    buf_printf(out,
               "<h2>Query by query: %s</h2><div class=\"plots\"><div class=\"card\"><h3>Change, worst to best</h3>",
               c->value_names[0]);
    plot_bars(c, system, out);
    buf_literal(out, "</div><div class=\"card\"><h3>Each query before and after</h3>");
    plot_scatter(c, system, out);
    buf_literal(out, "</div></div>");
    write_queries(c, system, true, out);
    write_queries(c, system, false, out);
    write_newcomers(c, system, out);
}

void comparison_write_html(const struct comparison *c, struct buf *out)
{
    buf_literal(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width,initial-scale=1\"><title>Relevance comparison</title><style>");
    buf_append_str(out, str_from(style));
    buf_literal(out, "</style><main><h1>Relevance comparison</h1>");
    if (c->system_count == 2)
        write_system(c, 1, out);
    buf_literal(out, "<h2>Means and what they may be</h2><div class=\"plots\">");
    for (size_t value = 0; value < c->value_count; value++) {
        buf_printf(out, "<div class=\"card\"><h3>%s</h3>", c->value_names[value]);
        plot_interval(c, value, out);
        buf_literal(out, "</div>");
    }
    buf_literal(out, "</div>");
    for (size_t system = 1; system < c->system_count && c->system_count > 2; system++)
        write_system(c, system, out);
    buf_printf(
        out,
        "<footer>Means over all %zu judged queries; a query without results counts as 0. Intervals: percentile "
        "bootstrap, 95 %%, %zu rounds. Tests: paired t and randomization, two-sided, seed %llu; "
        "<b>significant</b> and * mean that the randomization test's p is below .05 after Holm's correction over "
        "all %zu contrasts. A grade of ? is a document that nobody has judged.</footer></main></html>\n",
        c->query_count, c->options.rounds, (unsigned long long)c->options.seed, (c->system_count - 1) * c->value_count);
}
