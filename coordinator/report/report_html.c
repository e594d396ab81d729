/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_html.h"

#include <string.h>

#include "coordinator/report/report_chart.h"
#include "coordinator/report/report_value.h"
#include "coordinator/report/report_words.h"

#define GROUPS_SHOWN  40 /* the JSON and CSV forms have all */
#define REASONS_SHOWN 30

/* What one report is written with: its charts and headings have ids of their own. */
struct page {
    struct buf *html;
    const json_t *report;
    char prefix; /* of ids */
};

/* An array that is walked: jansson's macros want it without const. */
static json_t *list_at(const json_t *json, const char *path)
{
    return (json_t *)(uintptr_t)report_at(json, path);
}

static void heading(const struct page *page, const char *title)
{
    buf_printf(page->html, "<section><h2>%s</h2>\n", title);
}

static void end_section(const struct page *page)
{
    buf_str(page->html, "</section>\n");
}

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
    report_html_text(html, report_str(report, "campaign.name"));
    buf_printf(html, "</bdi></h1><p class=\"facts\">%s · %s", report_str(report, "campaign.id"),
               report_str(report, "campaign.state"));
    buf_printf(html, " · audience %s “<bdi>", report_str(report, "campaign.audience"));
    report_html_text(html, report_str(report, "campaign.audience_name"));
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
    heading(page, "Where everybody stands");
    for (size_t o = 0; o < count; o++) {
        size_t i;
        json_t *state;
        json_t *states = list_at(page->report, "states");
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
        json_t *states = list_at(page->report, "states");
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
    end_section(page);
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
    heading(page, "Over time");
    if (report_number(times, "first_word.people") == 0) {
        buf_str(html, "<p>Nobody was reached yet.</p>");
        end_section(page);
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
    end_section(page);
}

/* ---- ways ---- */

/* A bar within a table's cell; the numbers stand beside it. */
static void meter(struct buf *html, double share, const char *class_name)
{
    buf_printf(html,
               "<td aria-hidden=\"true\"><svg class=\"meter\" viewBox=\"0 0 100 10\" "
               "preserveAspectRatio=\"none\"><rect class=\"under\" width=\"100\" height=\"10\"/>"
               "<rect class=\"%s\" width=\"%.2f\" height=\"10\"/></svg></td>",
               class_name, share > 1 ? 100 : share * 100);
}

static void put_channels(const struct page *page)
{
    struct buf *html = page->html;
    size_t i;
    json_t *channel;
    json_t *channels = list_at(page->report, "channels");
    if (json_array_size(channels) == 0) {
        return;
    }
    heading(page, "By channel and provider");
    report_table_open(html, "People by channel; who was reached on two counts in both.",
                      "Channel||#Reached|#Share|#Delivered|#Share|#Acknowledged|#Share");
    json_array_foreach(channels, i, channel)
    {
        report_row_head(html, report_str(channel, "channel"));
        meter(html, report_number(channel, "reached.share"), "accepted");
        report_cell_people(html, channel, "reached");
        report_cell_people(html, channel, "delivered");
        report_cell_people(html, channel, "acknowledged");
        buf_str(html, "</tr>\n");
    }
    report_table_close(html);
    report_table_open(
        html, "Messages by provider.",
        "Provider|Channel|#Attempts|#Accepted|#Deferred|#Refused|#Uncertain|#Came back|"
        "#Turned away");
    json_t *providers = list_at(page->report, "providers");
    json_array_foreach(providers, i, channel)
    {
        report_row_head(html, report_str(channel, "provider"));
        report_cell_text(html, report_str(channel, "channel"));
        report_cell(html, channel, "messages.attempts", REPORT_COUNT);
        report_cell(html, channel, "messages.accepted", REPORT_COUNT);
        report_cell(html, channel, "messages.deferred", REPORT_COUNT);
        report_cell(html, channel, "messages.refused", REPORT_COUNT);
        report_cell(html, channel, "messages.uncertain", REPORT_COUNT);
        report_cell(html, channel, "messages.bounced", REPORT_COUNT);
        report_cell(html, channel, "messages.turned_away", REPORT_COUNT);
        buf_str(html, "</tr>\n");
    }
    report_table_close(html);
    const json_t *all = report_at(page->report, "messages");
    buf_str(html, "<p class=\"soft\">Of all attempts ");
    report_put_value(html, report_at(all, "retries"), REPORT_COUNT);
    buf_str(html, " were retries, and ");
    report_put_value(html, report_at(all, "repeated"), REPORT_COUNT);
    buf_str(html, " repeated an uncertain one. ");
    report_put_value(html, report_at(page->report, "people.ever_uncertain.people"), REPORT_COUNT);
    buf_str(html, " people were uncertain at some time.</p>");
    end_section(page);
}

static void put_rung_name(struct buf *html, const json_t *rung)
{
    buf_printf(html, "<tr><th scope=\"row\">%.0f. %s", report_number(rung, "step"),
               report_str(rung, "channel"));
    if (report_number(rung, "repeat") > 0) {
        buf_printf(html, " <span class=\"soft\">again, %.0f</span>", report_number(rung, "repeat"));
    }
    if (json_is_true(json_object_get(rung, "with_previous"))) {
        buf_str(html, " <span class=\"soft\">beside</span>");
    }
    if (json_is_true(json_object_get(rung, "left_out"))) {
        buf_str(html, " <span class=\"soft\">left out</span>");
    }
    buf_str(html, "</th>");
}

static void put_ladder(const struct page *page)
{
    struct buf *html = page->html;
    double recipients = report_number(page->report, "people.recipients");
    size_t i;
    json_t *rung;
    json_t *ladder = list_at(page->report, "ladder");
    heading(page, "The ladder");
    report_table_open(html, "People on each step of the plan. The bar is who came to it.",
                      "Step||Until|#Came to it|#Tried|#Accepted|#Acknowledged there|#Went on");
    json_array_foreach(ladder, i, rung)
    {
        put_rung_name(html, rung);
        meter(html, recipients > 0 ? report_number(rung, "entered") / recipients : 0, "leased");
        report_cell_text(html, report_str(rung, "until"));
        report_cell(html, rung, "entered", REPORT_COUNT);
        report_cell(html, rung, "tried", REPORT_COUNT);
        report_cell(html, rung, "accepted", REPORT_COUNT);
        report_cell(html, rung, "acknowledged", REPORT_COUNT);
        report_cell(html, rung, "climbed", REPORT_COUNT);
        buf_str(html, "</tr>\n");
    }
    report_table_close(html);
    end_section(page);
}

/* ---- groups ---- */

static void put_group(struct buf *html, const json_t *group, const char *name)
{
    report_row_head(html, name);
    meter(html, report_number(group, "reached.share"), "accepted");
    report_cell(html, group, "people", REPORT_COUNT);
    report_cell_people(html, group, "reached");
    report_cell_people(html, group, "acknowledged");
    report_cell_people(html, group, "not_reached");
    buf_str(html, "</tr>\n");
}

static void put_groups(const struct page *page, const char *member, const char *title)
{
    struct buf *html = page->html;
    size_t i;
    json_t *group;
    const json_t *groups = report_at(page->report, member);
    json_t *values = list_at(groups, "values");
    if (!json_is_object(groups)) {
        return;
    }
    heading(page, title);
    if (strcmp(member, "groups") == 0) {
        buf_str(html, "<p>Column <code><bdi>");
        report_html_text(html, report_str(groups, "column"));
        buf_str(html, "</bdi></code> of the audience.</p>");
    }
    report_table_open(html, "Shares are of the people of the group.",
                      "Value||#People|#Reached|#Share|#Acknowledged|#Share|#Not reached|#Share");
    json_array_foreach(values, i, group)
    {
        if (i < GROUPS_SHOWN) {
            put_group(html, group,
                      report_has(group, "value") ? report_str(group, "value") : "(no value)");
        }
    }
    if (report_has(groups, "others")) {
        put_group(html, report_at(groups, "others"), "(values that are not counted one by one)");
    }
    report_table_close(html);
    if (json_array_size(values) > GROUPS_SHOWN) {
        buf_printf(html, "<p class=\"soft\">%zu more values are in the JSON and CSV forms.</p>",
                   json_array_size(values) - GROUPS_SHOWN);
    }
    end_section(page);
}

/* ---- what went wrong ---- */

/* A name of ours as words: "no_endpoint" as "no endpoint". */
static void put_words(struct buf *html, const char *before, const char *name, const char *after)
{
    buf_str(html, before);
    for (; *name != '\0'; name++) {
        buf_u8(html, (uint8_t)(*name == '_' ? ' ' : *name));
    }
    buf_str(html, after);
}

static void put_failures(const struct page *page)
{
    struct buf *html = page->html;
    size_t i;
    json_t *row;
    json_t *classes = list_at(page->report, "failures.classes");
    json_t *reasons = list_at(page->report, "failures.reasons");
    if (json_array_size(classes) == 0) {
        return;
    }
    heading(page, "What went wrong");
    report_table_open(html,
                      "Times: how often it happened, also where it was made up for. People: who "
                      "was not reached for it.",
                      "Kind|What it means|#Times|#People");
    json_array_foreach(classes, i, row)
    {
        put_words(html, "<tr><th scope=\"row\" class=\"w\">", report_str(row, "class"), "</th>");
        report_cell_text(html, report_str(row, "meaning"));
        report_cell(html, row, "times", REPORT_COUNT);
        report_cell(html, row, "people", REPORT_COUNT);
        buf_str(html, "</tr>\n");
    }
    report_table_close(html);
    report_table_open(html, "The same by reason.", "Reason|Code|Kind|#Times|#People");
    json_array_foreach(reasons, i, row)
    {
        if (i < REASONS_SHOWN) {
            report_row_head(html, report_str(row, "text"));
            buf_printf(html, "<td>%.0f</td>", report_number(row, "reason"));
            put_words(html, "<td class=\"w\">", report_str(row, "class"), "</td>");
            report_cell(html, row, "times", REPORT_COUNT);
            report_cell(html, row, "people", REPORT_COUNT);
            buf_str(html, "</tr>\n");
        }
    }
    report_table_close(html);
    end_section(page);
}

static void put_not_reached(const struct page *page)
{
    struct buf *html = page->html;
    size_t i;
    json_t *person;
    json_t *first = list_at(page->report, "not_reached.first");
    double people = report_number(page->report, "not_reached.people");
    if (people == 0) {
        return;
    }
    heading(page, "Who was not reached");
    buf_str(html, "<p>");
    report_put_count(html, people);
    buf_str(html, people == 1 ? " person" : " people");
    if (json_array_size(first) < people) {
        buf_printf(html,
                   "; the first %zu are named here, all of them are in an export "
                   "(<code>%s</code>)",
                   json_array_size(first), report_str(page->report, "not_reached.list"));
    }
    buf_str(html, ".</p>");
    report_table_open(html, NULL, "Key|State|Why");
    json_array_foreach(first, i, person)
    {
        report_row_head(html, report_str(person, "key"));
        report_cell_text(html, report_str(person, "state"));
        report_cell_text(html, report_str(person, "text"));
        buf_str(html, "</tr>\n");
    }
    report_table_close(html);
    end_section(page);
}

/* ---- its course ---- */

static void put_pause(struct buf *html, const json_t *pause)
{
    buf_str(html, "<tr><th scope=\"row\">");
    report_put_time(html, report_str(pause, "from"));
    buf_str(html, "</th><td>");
    if (report_has(pause, "to")) {
        report_put_time(html, report_str(pause, "to"));
    } else {
        buf_str(html, "goes on");
    }
    buf_str(html, "</td>");
    report_cell(html, pause, "seconds", REPORT_SECONDS);
    if (strcmp(report_str(pause, "cause"), "stop_rule") == 0) {
        buf_printf(html, "<td>stop rule “%s”: ", report_str(pause, "rule"));
        report_put_value(html, report_at(pause, "people"), REPORT_COUNT);
        buf_str(html, " of ");
        report_put_value(html, report_at(pause, "of"), REPORT_COUNT);
        buf_str(html, "</td></tr>\n");
    } else {
        buf_str(html, "<td>by an operator</td></tr>\n");
    }
}

static void put_course(const struct page *page)
{
    struct buf *html = page->html;
    size_t i;
    json_t *row;
    json_t *pauses = list_at(page->report, "course.pauses");
    json_t *rounds = list_at(page->report, "course.rounds");
    if (json_array_size(pauses) + json_array_size(rounds) == 0) {
        return;
    }
    heading(page, "Pauses and further rounds");
    if (json_array_size(pauses) > 0) {
        report_table_open(html, "Pauses: nothing new was begun.", "From|To|#How long|Why");
        json_array_foreach(pauses, i, row)
        {
            put_pause(html, row);
        }
        report_table_close(html);
    }
    if (json_array_size(rounds) > 0) {
        report_table_open(html, "Further rounds.", "Round|Began|#Recipients");
        json_array_foreach(rounds, i, row)
        {
            buf_printf(html, "<tr><th scope=\"row\">%.0f</th><td>", report_number(row, "round"));
            report_put_time(html, report_str(row, "at"));
            buf_str(html, "</td>");
            report_cell(html, row, "recipients", REPORT_COUNT);
            buf_str(html, "</tr>\n");
        }
        report_table_close(html);
    }
    end_section(page);
}

static void put_report(const struct page *page)
{
    buf_str(page->html, "<article>\n");
    put_head(page);
    put_tiles(page);
    put_states(page);
    put_times(page);
    put_ladder(page);
    put_channels(page);
    put_groups(page, "groups", "By group");
    put_groups(page, "locales", "By locale");
    put_failures(page);
    put_not_reached(page);
    put_course(page);
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
    json_t *remarks = list_at(comparison, "remarks");
    json_t *rows = list_at(comparison, "rows");
    buf_str(html, "<article><header><p class=\"kicker\">Comparison</p><h1><bdi>");
    report_html_text(html, report_str(a, "campaign.name"));
    buf_str(html, "</bdi> and <bdi>");
    report_html_text(html, report_str(b, "campaign.name"));
    buf_printf(html, "</bdi></h1><p class=\"facts\">%s and %s</p></header>\n",
               report_str(a, "campaign.id"), report_str(b, "campaign.id"));
    json_array_foreach(remarks, i, item)
    {
        buf_str(html, "<p class=\"note\">");
        report_html_text(html, json_string_value(item));
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
        put_words(html, "<div><dt>", d->name, "</dt><dd>");
        report_html_text(html, d->sentence);
        buf_str(html, "</dd></div>\n");
    }
    buf_str(html, "</dl></section>\n");
}

static void open_page(struct buf *html, const json_t *report)
{
    buf_str(html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                  "<meta name=\"referrer\" content=\"no-referrer\"><title>");
    report_html_text(html, report_str(report, "campaign.name"));
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
