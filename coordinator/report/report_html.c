/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_html.h"

#include <string.h>

#include "common/text.h"
#include "coordinator/report/report_chart.h"
#include "coordinator/report/report_sections.h"
#include "coordinator/report/report_value.h"
#include "coordinator/report/report_words.h"

/* What one report is written with: its charts have ids of their own. */
struct page {
    struct buf *html;
    const json_t *report;
    char prefix; /* of ids */
};

/* ---- the head ---- */

static void put_fact_time(struct buf *html, const char *word, const char *time)
{
    if (time[0] != '\0') {
        buf_printf(html, " · <span class=\"w\">%s ", word);
        report_put_time(html, time);
        buf_str(html, "</span>");
    }
}

static void put_head(const struct page *page)
{
    struct buf *html = page->html;
    const json_t *report = page->report;
    buf_str(html, "<header><p class=\"kicker\">Campaign report</p><h1><bdi>");
    text_markup(html, slice_str(report_str(report, "campaign.name")));
    buf_printf(html, "</bdi></h1><p class=\"facts\">%s · %s", report_str(report, "campaign.id"),
               report_str(report, "campaign.state"));
    buf_printf(html, " · audience %s “<bdi>", report_str(report, "campaign.audience"));
    text_markup(html, slice_str(report_str(report, "campaign.audience_name")));
    buf_str(html, "</bdi>”");
    put_fact_time(html, "launched", report_str(report, "course.launched_at"));
    put_fact_time(html, "ended", report_str(report, "course.ended_at"));
    buf_str(html, "</p>");
    if (!json_is_true(json_object_get(report, "final"))) {
        buf_printf(html, "<p class=\"note\">The campaign is %s: these are its figures as of ",
                   report_str(report, "campaign.state"));
        report_put_time(html, report_str(report, "as_of"));
        buf_str(html, ", and they will change.</p>");
    }
    buf_str(html, "</header>\n");
}

static void tile(struct buf *html, const char *title, const json_t *value, enum report_unit unit)
{
    buf_printf(html, "<div><dt>%s</dt><dd><span class=\"big\">", title);
    report_put_value(html, value, unit);
    buf_str(html, "</span><br><span class=\"small\">");
}

static void end_tile(struct buf *html)
{
    buf_str(html, "</span></dd></div>\n");
}

static void tile_people(const struct page *page, const char *title, const char *path)
{
    const json_t *people = report_at(page->report, path);
    tile(page->html, title, json_object_get(people, "share"), REPORT_SHARE);
    report_put_value(page->html, json_object_get(people, "people"), REPORT_COUNT);
    buf_str(page->html, " people");
    end_tile(page->html);
}

static void put_tiles(const struct page *page)
{
    struct buf *html = page->html;
    const json_t *report = page->report;
    buf_str(html, "<dl class=\"tiles\">\n");
    tile(html, "Recipients", report_at(report, "people.recipients"), REPORT_COUNT);
    report_put_value(html, report_at(report, "messages.attempts"), REPORT_COUNT);
    buf_str(html, " attempts");
    end_tile(html);
    tile_people(page, "Reached", "people.reached");
    tile_people(page, "Acknowledged", "people.acknowledged");
    tile_people(page, "Not reached", "people.not_reached");
    tile(html, "Half were told after", report_at(report, "times.first_word.of_recipients.p50_s"),
         REPORT_SECONDS);
    if (report_has(report, "times.first_word.of_recipients.p99_s")) {
        buf_str(html, "99 % after ");
        report_put_value(html, report_at(report, "times.first_word.of_recipients.p99_s"),
                         REPORT_SECONDS);
    } else {
        buf_str(html, "fewer than 99 % were");
    }
    end_tile(html);
    tile(html, "Half acknowledged after",
         report_at(report, "times.acknowledgement.of_recipients.p50_s"), REPORT_SECONDS);
    buf_str(html, "of all recipients");
    end_tile(html);
    tile(html, "Duration", report_at(report, "course.duration_s"), REPORT_SECONDS);
    report_put_value(html, report_at(report, "course.paused_s"), REPORT_SECONDS);
    buf_str(html, " of it paused");
    end_tile(html);
    tile(html, "Busiest second", report_at(report, "rate.peak_per_s"), REPORT_RATE);
    report_put_value(html, report_at(report, "rate.mean_per_s"), REPORT_RATE);
    buf_str(html, " on average");
    end_tile(html);
    buf_str(html, "</dl>\n");
}

/* ---- where everybody stands ---- */

static void put_states(const struct page *page)
{
    static const char *const order[] = {"acknowledged", "delivered", "accepted",   "leased",
                                        "retrying",     "waiting",   "uncertain",  "failed",
                                        "unreachable",  "expired",   "suppressed", "cancelled"};
    struct report_part parts[sizeof(order) / sizeof(order[0])];
    const size_t count = sizeof(order) / sizeof(order[0]);
    struct buf *html = page->html;
    char id[16];
    report_section_open(html, "Where everybody stands");
    for (size_t o = 0; o < count; o++) {
        size_t i;
        json_t *state;
        json_t *states = report_list_at(page->report, "states");
        parts[o] = (struct report_part){order[o], order[o], 0};
        json_array_foreach(states, i, state)
        {
            bool is_it = strcmp(report_str(state, "state"), order[o]) == 0;
            parts[o].value = is_it ? report_number(state, "people") : parts[o].value;
        }
    }
    snprintf(id, sizeof(id), "%c-bar", page->prefix);
    buf_str(html, "<figure>");
    report_chart_bar(html, id, "Recipients by state", parts, (unsigned)count,
                     report_number(page->report, "people.recipients"));
    buf_str(html, "</figure>");
    report_table_open(html, "Every recipient is in one state. Shares are of all recipients.",
                      "State|#People|#Share|What it means");
    for (size_t o = 0; o < count; o++) {
        size_t i;
        json_t *state;
        json_t *states = report_list_at(page->report, "states");
        json_array_foreach(states, i, state)
        {
            if (strcmp(report_str(state, "state"), order[o]) != 0 || parts[o].value == 0) {
                continue;
            }
            buf_printf(html,
                       "<tr><th scope=\"row\" class=\"w\"><span class=\"dot %s\"></span>%s</th>",
                       order[o], order[o]);
            report_cell(html, state, "people", REPORT_COUNT);
            report_cell(html, state, "share", REPORT_SHARE);
            report_cell_text(html, report_str(state, "meaning"));
            buf_str(html, "</tr>\n");
        }
    }
    report_table_close(html);
    report_section_close(html);
}

/* ---- over time ---- */

static void put_times_row(struct buf *html, const char *title, const json_t *spread)
{
    if (report_number(spread, "people") == 0) {
        return;
    }
    report_row_head(html, title);
    report_cell(html, spread, "people", REPORT_COUNT);
    if (report_has(spread, "of_recipients")) {
        report_cell(html, spread, "of_recipients.p50_s", REPORT_SECONDS);
        report_cell(html, spread, "of_recipients.p90_s", REPORT_SECONDS);
        report_cell(html, spread, "of_recipients.p99_s", REPORT_SECONDS);
    } else {
        buf_str(html, "<td class=\"n\"></td><td class=\"n\"></td><td class=\"n\"></td>");
    }
    report_cell(html, spread, "of_these.p50_s", REPORT_SECONDS);
    report_cell(html, spread, "of_these.p90_s", REPORT_SECONDS);
    report_cell(html, spread, "of_these.p99_s", REPORT_SECONDS);
    report_cell(html, spread, "last_s", REPORT_SECONDS);
    buf_str(html, "</tr>\n");
}

static void add_line(struct report_curves *curves, const char *label, const char *class_name,
                     const json_t *spread)
{
    if (report_number(spread, "people") > 0) {
        curves->lines[curves->count++] = (struct report_line){
            .label = label, .class_name = class_name, .curve = json_object_get(spread, "curve")};
    }
}

static void put_times(const struct page *page)
{
    struct buf *html = page->html;
    const json_t *times = report_at(page->report, "times");
    char id[16];
    report_section_open(html, "Over time");
    if (report_number(times, "first_word.people") == 0) {
        buf_str(html, "<p>Nobody was reached yet.</p>");
        report_section_close(html);
        return;
    }
    snprintf(id, sizeof(id), "%c-curve", page->prefix);
    struct report_curves curves = {.id = id,
                                   .title = "Share of all recipients with a first word, a receipt "
                                            "and an acknowledgement, over time",
                                   .half_s = report_number(times, "first_word.of_these.p50_s")};
    add_line(&curves, "first word", "blue", report_at(times, "first_word"));
    add_line(&curves, "receipt", "teal", report_at(times, "receipt"));
    add_line(&curves, "acknowledged", "violet", report_at(times, "acknowledgement"));
    buf_str(html, "<figure class=\"curves\" tabindex=\"0\">");
    report_chart_curves(html, &curves);
    buf_str(html, "</figure>");
    report_table_open(
        html,
        "From the launch; the answer from the first word. A dash: so many never "
        "had one.",
        "Time|#People|#50 % of all|#90 % of all|#99 % of all|#50 % of these|#90 %|#99 %|"
        "#Last");
    put_times_row(html, "First word", report_at(times, "first_word"));
    put_times_row(html, "Receipt", report_at(times, "receipt"));
    put_times_row(html, "Acknowledgement", report_at(times, "acknowledgement"));
    put_times_row(html, "Answer", report_at(times, "answer"));
    report_table_close(html);
    report_section_close(html);
}

static void put_report(const struct page *page)
{
    buf_str(page->html, "<article>\n");
    put_head(page);
    put_tiles(page);
    put_states(page);
    put_times(page);
    report_sections(page->html, page->report);
    buf_str(page->html, "</article>\n");
}

/* ---- two of them ---- */

static enum report_unit unit_of(const json_t *row)
{
    const char *unit = report_str(row, "unit");
    return strcmp(unit, "s") == 0       ? REPORT_SECONDS
           : strcmp(unit, "per_s") == 0 ? REPORT_RATE
                                        : REPORT_COUNT;
}

static void put_signed(struct buf *html, const json_t *value, enum report_unit unit)
{
    buf_str(html, "<td class=\"n\">");
    buf_str(html, json_number_value(value) > 0 ? "+" : "");
    report_put_value(html, value, unit);
    buf_str(html, "</td>");
}

static void put_compared(struct buf *html, const json_t *row)
{
    enum report_unit unit = unit_of(row);
    bool has_share = report_has(row, "share_a") || report_has(row, "share_b");
    report_row_head(html, report_str(row, "label"));
    report_cell(html, row, "a", unit);
    buf_str(html, "<td class=\"n soft\">");
    if (has_share) {
        report_put_value(html, report_at(row, "share_a"), REPORT_SHARE);
    }
    buf_str(html, "</td>");
    report_cell(html, row, "b", unit);
    buf_str(html, "<td class=\"n soft\">");
    if (has_share) {
        report_put_value(html, report_at(row, "share_b"), REPORT_SHARE);
    }
    buf_str(html, "</td>");
    put_signed(html, report_at(row, "difference"), unit);
    buf_str(html, "<td class=\"n\">");
    if (report_has(row, "points")) {
        buf_printf(html, "%+.2f", report_number(row, "points"));
    }
    buf_str(html, "</td></tr>\n");
}

static void put_compared_curves(struct buf *html, const json_t *a, const json_t *b)
{
    char names[4][40];
    struct report_curves curves = {.id = "both",
                                   .title = "First word and acknowledgement of both campaigns",
                                   .half_s = report_number(a, "times.first_word.of_these.p50_s")};
    snprintf(names[0], sizeof(names[0]), "%.8s first", report_str(a, "campaign.id"));
    snprintf(names[1], sizeof(names[1]), "%.8s first", report_str(b, "campaign.id"));
    snprintf(names[2], sizeof(names[2]), "%.8s ack", report_str(a, "campaign.id"));
    snprintf(names[3], sizeof(names[3]), "%.8s ack", report_str(b, "campaign.id"));
    add_line(&curves, names[0], "blue", report_at(a, "times.first_word"));
    add_line(&curves, names[1], "teal", report_at(b, "times.first_word"));
    add_line(&curves, names[2], "violet", report_at(a, "times.acknowledgement"));
    add_line(&curves, names[3], "amber", report_at(b, "times.acknowledgement"));
    if (curves.count > 0) {
        buf_str(html, "<figure class=\"curves\" tabindex=\"0\">");
        report_chart_curves(html, &curves);
        buf_str(html, "</figure>");
    }
}

static void put_comparison(struct buf *html, const json_t *document)
{
    const json_t *comparison = json_object_get(document, "comparison");
    const json_t *a = json_object_get(document, "report");
    const json_t *b = json_object_get(document, "other");
    size_t i;
    json_t *item;
    json_t *remarks = report_list_at(comparison, "remarks");
    json_t *rows = report_list_at(comparison, "rows");
    buf_str(html, "<article><header><p class=\"kicker\">Comparison</p><h1><bdi>");
    text_markup(html, slice_str(report_str(a, "campaign.name")));
    buf_str(html, "</bdi> and <bdi>");
    text_markup(html, slice_str(report_str(b, "campaign.name")));
    buf_printf(html, "</bdi></h1><p class=\"facts\">%s and %s</p></header>\n",
               report_str(a, "campaign.id"), report_str(b, "campaign.id"));
    json_array_foreach(remarks, i, item)
    {
        buf_str(html, "<p class=\"note\">");
        text_markup(html, slice_str(json_string_value(item)));
        buf_str(html, "</p>\n");
    }
    put_compared_curves(html, a, b);
    char titles[200];
    snprintf(titles, sizeof(titles), "Figure|#%.21s|#Share|#%.21s|#Share|#Difference|#Points",
             report_str(a, "campaign.id"), report_str(b, "campaign.id"));
    report_table_open(html, "The difference is the second less the first; points are hundredths.",
                      titles);
    json_array_foreach(rows, i, item)
    {
        put_compared(html, item);
    }
    report_table_close(html);
    buf_str(html, "</article>\n");
}

/* ---- the page ---- */

static void put_definitions(struct buf *html)
{
    buf_str(html, "<section><h2>How it is counted</h2><dl "
                  "class=\"defs\">\n");
    for (const struct report_definition *d = report_definitions; d->name != NULL; d++) {
        report_put_words(html, "<div><dt>", d->name, "</dt><dd>");
        text_markup(html, slice_str(d->sentence));
        buf_str(html, "</dd></div>\n");
    }
    buf_str(html, "</dl></section>\n");
}

static void open_page(struct buf *html, const json_t *report)
{
    buf_str(html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                  "<meta name=\"referrer\" content=\"no-referrer\"><title>");
    text_markup(html, slice_str(report_str(report, "campaign.name")));
    buf_printf(html, " – report of campaign %s</title><style>\n",
               report_str(report, "campaign.id"));
    for (unsigned i = 0; report_style[i] != NULL; i++) {
        buf_str(html, report_style[i]);
    }
    buf_str(html, "</style></head><body><main>\n");
}

void report_html(const json_t *document, struct buf *html)
{
    const json_t *other = json_object_get(document, "other");
    const json_t *report = other == NULL ? document : json_object_get(document, "report");
    const struct page first = {html, report, 'a'};
    const struct page second = {html, other, 'b'};
    open_page(html, report);
    if (other != NULL) {
        put_comparison(html, document);
    }
    put_report(&first);
    if (other != NULL) {
        put_report(&second);
    }
    put_definitions(html);
    buf_str(html, "<footer>Made by Tocsin. Figures as of ");
    report_put_time(html, report_str(report, "as_of"));
    buf_str(html, "; all times are UTC.</footer>\n</main></body></html>\n");
}
