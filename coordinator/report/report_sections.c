/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_sections.h"

#include <string.h>

#include "common/text.h"
#include "coordinator/report/report_chart.h"
#include "coordinator/report/report_value.h"
#include "coordinator/report/report_words.h"

#define GROUPS_SHOWN  40 /* the JSON and CSV forms have all */
#define REASONS_SHOWN 30

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

static void put_channels(struct buf *html, const json_t *report)
{
    size_t i;
    json_t *channel;
    json_t *channels = report_list_at(report, "channels");
    if (json_array_size(channels) == 0) {
        return;
    }
    report_section_open(html, "By channel and provider");
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
    json_t *providers = report_list_at(report, "providers");
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
    const json_t *all = report_at(report, "messages");
    buf_str(html, "<p class=\"soft\">Of all attempts ");
    report_put_value(html, report_at(all, "retries"), REPORT_COUNT);
    buf_str(html, " were retries, and ");
    report_put_value(html, report_at(all, "repeated"), REPORT_COUNT);
    buf_str(html, " repeated an uncertain one. ");
    report_put_value(html, report_at(report, "people.ever_uncertain.people"), REPORT_COUNT);
    buf_str(html, " people were uncertain at some time.</p>");
    report_section_close(html);
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

static void put_ladder(struct buf *html, const json_t *report)
{
    double recipients = report_number(report, "people.recipients");
    size_t i;
    json_t *rung;
    json_t *ladder = report_list_at(report, "ladder");
    report_section_open(html, "The ladder");
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
    report_section_close(html);
}

/* ---- how they acknowledged ---- */

static void put_means(struct buf *html, const json_t *report)
{
    size_t i;
    json_t *means;
    json_t *list = report_list_at(report, "acknowledged_by");
    if (report_number(report, "people.acknowledged.people") == 0) {
        return;
    }
    report_section_open(html, "How people acknowledged");
    report_table_open(html, "By what means, the first time. Shares are of those who acknowledged.",
                      "Means||What it means|#People|#Share");
    json_array_foreach(list, i, means)
    {
        if (report_number(means, "people") > 0) {
            report_row_head(html, report_str(means, "means"));
            meter(html, report_number(means, "share"), "acknowledged");
            report_cell_text(html, report_str(means, "meaning"));
            report_cell(html, means, "people", REPORT_COUNT);
            report_cell(html, means, "share", REPORT_SHARE);
            buf_str(html, "</tr>\n");
        }
    }
    report_table_close(html);
    report_section_close(html);
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

static void put_groups(struct buf *html, const json_t *report, const char *member,
                       const char *title)
{
    size_t i;
    json_t *group;
    const json_t *groups = report_at(report, member);
    json_t *values = report_list_at(groups, "values");
    if (!json_is_object(groups)) {
        return;
    }
    report_section_open(html, title);
    if (strcmp(member, "groups") == 0) {
        buf_str(html, "<p>Column <code><bdi>");
        text_markup(html, slice_str(report_str(groups, "column")));
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
    report_section_close(html);
}

/* ---- what went wrong ---- */

static void put_failures(struct buf *html, const json_t *report)
{
    size_t i;
    json_t *row;
    json_t *classes = report_list_at(report, "failures.classes");
    json_t *reasons = report_list_at(report, "failures.reasons");
    if (json_array_size(classes) == 0) {
        return;
    }
    report_section_open(html, "What went wrong");
    report_table_open(html,
                      "Times: how often it happened, also where it was made up for. People: who "
                      "was not reached for it.",
                      "Kind|What it means|#Times|#People");
    json_array_foreach(classes, i, row)
    {
        report_put_words(html, "<tr><th scope=\"row\" class=\"w\">", report_str(row, "class"),
                         "</th>");
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
            report_put_words(html, "<td class=\"w\">", report_str(row, "class"), "</td>");
            report_cell(html, row, "times", REPORT_COUNT);
            report_cell(html, row, "people", REPORT_COUNT);
            buf_str(html, "</tr>\n");
        }
    }
    report_table_close(html);
    report_section_close(html);
}

static void put_not_reached(struct buf *html, const json_t *report)
{
    size_t i;
    json_t *person;
    json_t *first = report_list_at(report, "not_reached.first");
    double people = report_number(report, "not_reached.people");
    if (people == 0) {
        return;
    }
    report_section_open(html, "Who was not reached");
    buf_str(html, "<p>");
    report_put_count(html, people);
    buf_str(html, people == 1 ? " person" : " people");
    if ((double)json_array_size(first) < people) {
        buf_printf(html,
                   "; the first %zu are named here, all of them are in an export "
                   "(<code>%s</code>)",
                   json_array_size(first), report_str(report, "not_reached.list"));
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
    report_section_close(html);
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

static void put_course(struct buf *html, const json_t *report)
{
    size_t i;
    json_t *row;
    json_t *pauses = report_list_at(report, "course.pauses");
    json_t *rounds = report_list_at(report, "course.rounds");
    if (json_array_size(pauses) + json_array_size(rounds) == 0) {
        return;
    }
    report_section_open(html, "Pauses and further rounds");
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
    report_section_close(html);
}

void report_sections(struct buf *html, const json_t *report)
{
    put_ladder(html, report);
    put_means(html, report);
    put_channels(html, report);
    put_groups(html, report, "groups", "By group");
    put_groups(html, report, "locales", "By locale");
    put_failures(html, report);
    put_not_reached(html, report);
    put_course(html, report);
}
