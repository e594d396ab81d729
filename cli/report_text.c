/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_text.h"

#include <string.h>

#include "cli/human.h"
#include "cli/report_cells.h"
#include "cli/table.h"

#define LABEL          22 /* columns of what stands before the numbers */
#define BAR            30
#define STATES_IN_LINE 32
#define NAME_MAX_      26 /* columns of a name in a table */
#define GROUPS_SHOWN   20
#define ROWS_SHOWN     15

struct writer {
    struct buf *buf;
    bool has_unicode;
};

static void put_bar(const struct writer *writer, double share)
{
    unsigned full = (unsigned)(share * BAR + 0.5);
    full = full == 0 && share > 0 ? 1 : full;
    for (unsigned i = 0; i < BAR; i++) {
        buf_str(writer->buf, writer->has_unicode ? (i < full ? "█" : "░") : i < full ? "#" : ".");
    }
}

/* ---- one report ---- */

static void put_head(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    struct buf line = {0};
    buf_printf(&line, "%s (%s) %s", report_cells_str(report, "campaign.name"),
               report_cells_str(report, "campaign.id"), report_cells_str(report, "campaign.state"));
    report_cells_put_sentence(buf, "", buf_cstr(&line));
    buf_clear(&line);
    buf_printf(&line, "audience %s (%s)", report_cells_str(report, "campaign.audience"),
               report_cells_str(report, "campaign.audience_name"));
    report_cells_put_sentence(buf, "", buf_cstr(&line));
    buf_release(&line);
    if (report_cells_at(report, "course.launched_at") != NULL &&
        !json_is_null(report_cells_at(report, "course.launched_at"))) {
        buf_str(buf, "launched ");
        report_cells_put_time(buf, report_cells_str(report, "course.launched_at"));
        if (report_cells_str(report, "course.ended_at")[0] != '\0') {
            buf_str(buf, ", ended ");
            report_cells_put_time(buf, report_cells_str(report, "course.ended_at"));
        }
        buf_str(buf, "\n");
    }
    if (!json_is_true(json_object_get(report, "final"))) {
        buf_str(buf, "as of ");
        report_cells_put_time(buf, report_cells_str(report, "as_of"));
        buf_str(buf, "; the figures will change\n");
    }
}

static void put_people_line(const struct writer *writer, const char *label, const json_t *people)
{
    struct buf *buf = writer->buf;
    struct buf cell = {0};
    buf_printf(buf, "  %-*s", LABEL - 2, label);
    report_cells_put_value(&cell, report_cells_at(people, "people"), REPORT_CELLS_COUNT);
    buf_printf(buf, "%*s", cell.len < 12 ? (int)(12 - cell.len) : 0, "");
    buf_slice(buf, buf_view(&cell));
    buf_clear(&cell);
    report_cells_put_share(&cell, report_cells_at(people, "share"));
    buf_printf(buf, "%*s", cell.len < 10 ? (int)(10 - cell.len) : 0, "");
    buf_slice(buf, buf_view(&cell));
    buf_str(buf, "  ");
    put_bar(writer, report_cells_number(people, "share"));
    buf_str(buf, "\n");
    buf_release(&cell);
}

static void put_people(const struct writer *writer, const json_t *report)
{
    buf_str(writer->buf, "\nPeople, of ");
    report_cells_put_value(writer->buf, report_cells_at(report, "people.recipients"),
                           REPORT_CELLS_COUNT);
    buf_str(writer->buf, " recipients\n");
    put_people_line(writer, "reached", report_cells_at(report, "people.reached"));
    put_people_line(writer, "delivered by receipt", report_cells_at(report, "people.delivered"));
    put_people_line(writer, "acknowledged", report_cells_at(report, "people.acknowledged"));
    put_people_line(writer, "not reached", report_cells_at(report, "people.not_reached"));
    buf_str(writer->buf, "\nWhere everybody stands\n");
    size_t i;
    json_t *state;
    json_t *states = report_cells_at(report, "states");
    json_array_foreach(states, i, state)
    {
        if (report_cells_number(state, "people") > 0) {
            put_people_line(writer, report_cells_str(state, "state"), state);
        }
    }
}

static void put_means(const struct writer *writer, const json_t *report)
{
    size_t i;
    json_t *means;
    json_t *list = report_cells_at(report, "acknowledged_by");
    if (report_cells_number(report, "people.acknowledged.people") == 0 ||
        json_array_size(list) == 0) {
        return;
    }
    buf_str(writer->buf, "\nHow they acknowledged; shares are of who did\n");
    json_array_foreach(list, i, means)
    {
        if (report_cells_number(means, "people") > 0) {
            put_people_line(writer, report_cells_str(means, "means"), means);
        }
    }
}

static void put_times_row(struct table *table, const char *name, const json_t *spread,
                          const char *base, const char *of)
{
    struct buf path = {0};
    const char *const ranks[] = {"p50_s", "p90_s", "p99_s"};
    report_cells_text(table, name, NAME_MAX_);
    report_cells_text(table, of, NAME_MAX_);
    for (unsigned i = 0; i < 3; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s.%s", base, ranks[i]);
        report_cells_value(table, spread, buf_cstr(&path), REPORT_CELLS_SECONDS);
    }
    report_cells_value(table, spread, "last_s", REPORT_CELLS_SECONDS);
    buf_release(&path);
}

static void put_times(const struct writer *writer, const json_t *report)
{
    static const char *const names[][2] = {
        {"first_word", "first word"}, {"receipt", "receipt"}, {"acknowledgement", "acknowledged"}};
    struct table table;
    struct buf titles = {0};
    const json_t *times = report_cells_at(report, "times");
    if (report_cells_number(times, "first_word.people") == 0) {
        return;
    }
    buf_str(writer->buf, "\nTimes from the launch; - where so many never had one\n");
    report_cells_begin(&table, &titles, "|<of|50 %|90 %|99 %|last");
    for (unsigned i = 0; i < 3; i++) {
        const json_t *spread = report_cells_at(times, names[i][0]);
        if (report_cells_number(spread, "people") > 0) {
            put_times_row(&table, names[i][1], spread, "of_recipients", "all recipients");
            put_times_row(&table, "", spread, "of_these", "who had one");
        }
    }
    if (report_cells_number(times, "answer.people") > 0) {
        put_times_row(&table, "first word to answer", report_cells_at(times, "answer"), "of_these",
                      "who had one");
    }
    report_cells_end(&table, &titles, writer->buf);
}

static void put_course(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    size_t i;
    json_t *pause;
    json_t *pauses = report_cells_at(report, "course.pauses");
    if (!json_is_number(report_cells_at(report, "course.duration_s"))) {
        return;
    }
    buf_str(buf, "\nIt took ");
    report_cells_put_value(buf, report_cells_at(report, "course.duration_s"), REPORT_CELLS_SECONDS);
    if (report_cells_number(report, "course.paused_s") > 0) {
        buf_str(buf, ", ");
        report_cells_put_value(buf, report_cells_at(report, "course.paused_s"),
                               REPORT_CELLS_SECONDS);
        buf_str(buf, " of it paused");
    }
    buf_str(buf, "; accepted a second: ");
    report_cells_put_value(buf, report_cells_at(report, "rate.peak_per_s"), REPORT_CELLS_RATE);
    buf_str(buf, " at most, ");
    report_cells_put_value(buf, report_cells_at(report, "rate.mean_per_s"), REPORT_CELLS_RATE);
    buf_str(buf, " on average\n");
    json_array_foreach(pauses, i, pause)
    {
        buf_str(buf, "  paused ");
        report_cells_put_time(buf, report_cells_str(pause, "from"));
        buf_str(buf, " for ");
        report_cells_put_value(buf, report_cells_at(pause, "seconds"), REPORT_CELLS_SECONDS);
        if (strcmp(report_cells_str(pause, "cause"), "stop_rule") == 0) {
            buf_printf(buf, ", stop rule %s: ", report_cells_str(pause, "rule"));
            report_cells_put_value(buf, report_cells_at(pause, "people"), REPORT_CELLS_COUNT);
            buf_str(buf, " of ");
            report_cells_put_value(buf, report_cells_at(pause, "of"), REPORT_CELLS_COUNT);
        }
        buf_str(buf, report_cells_str(pause, "to")[0] == '\0' ? ", and it goes on\n" : "\n");
    }
    size_t rounds = json_array_size(report_cells_at(report, "course.rounds"));
    if (rounds > 0) {
        buf_str(buf, "  ");
        human_plural(buf, rounds, "further round", "further rounds");
        buf_str(buf, "\n");
    }
}

static void put_ladder(const struct writer *writer, const json_t *report)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *rung;
    json_t *ladder = report_cells_at(report, "ladder");
    buf_str(writer->buf, "\nThe ladder\n");
    report_cells_begin(&table, &titles, "step|came to it|tried|accepted|acknowledged|went on");
    json_array_foreach(ladder, i, rung)
    {
        struct buf name = {0};
        buf_printf(&name, "%.0f %s", report_cells_number(rung, "step"),
                   report_cells_str(rung, "channel"));
        if (report_cells_number(rung, "repeat") > 0) {
            buf_printf(&name, " again (%.0f)", report_cells_number(rung, "repeat"));
        }
        buf_str(&name, json_is_true(json_object_get(rung, "left_out")) ? " left out" : "");
        report_cells_text(&table, buf_cstr(&name), NAME_MAX_);
        report_cells_value(&table, rung, "entered", REPORT_CELLS_COUNT);
        report_cells_value(&table, rung, "tried", REPORT_CELLS_COUNT);
        report_cells_value(&table, rung, "accepted", REPORT_CELLS_COUNT);
        report_cells_value(&table, rung, "acknowledged", REPORT_CELLS_COUNT);
        report_cells_value(&table, rung, "climbed", REPORT_CELLS_COUNT);
        buf_release(&name);
    }
    report_cells_end(&table, &titles, writer->buf);
}

static void put_ways(const struct writer *writer, const json_t *report, const char *list,
                     const char *name, const char *titles_of)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *way;
    json_t *ways = report_cells_at(report, list);
    if (json_array_size(ways) == 0) {
        return;
    }
    buf_str(writer->buf, "\n");
    report_cells_begin(&table, &titles, titles_of);
    json_array_foreach(ways, i, way)
    {
        report_cells_text(&table, report_cells_str(way, name), NAME_MAX_ - 6);
        report_cells_value(&table, way, "reached.people", REPORT_CELLS_COUNT);
        report_cells_value(&table, way, "messages.attempts", REPORT_CELLS_COUNT);
        report_cells_value(&table, way, "messages.accepted", REPORT_CELLS_COUNT);
        report_cells_value(&table, way, "messages.deferred", REPORT_CELLS_COUNT);
        report_cells_value(&table, way, "messages.refused", REPORT_CELLS_COUNT);
        report_cells_value(&table, way, "messages.uncertain", REPORT_CELLS_COUNT);
    }
    report_cells_end(&table, &titles, writer->buf);
}

static void put_messages(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    buf_str(buf, "\nMessages: ");
    report_cells_put_value(buf, report_cells_at(report, "messages.attempts"), REPORT_CELLS_COUNT);
    buf_str(buf, " attempts; ");
    report_cells_put_value(buf, report_cells_at(report, "messages.retries"), REPORT_CELLS_COUNT);
    buf_str(buf, " retries, ");
    report_cells_put_value(buf, report_cells_at(report, "messages.repeated"), REPORT_CELLS_COUNT);
    buf_str(buf, " repeated, ");
    report_cells_put_value(buf, report_cells_at(report, "messages.bounced"), REPORT_CELLS_COUNT);
    buf_str(buf, " came back\n");
    put_ways(writer, report, "channels", "channel",
             "channel|people|attempts|accepted|deferred|refused|uncertain");
    put_ways(writer, report, "providers", "provider",
             "provider|people|attempts|accepted|deferred|refused|uncertain");
}

static void put_group(struct table *table, const json_t *group, const char *name)
{
    report_cells_text(table, name, NAME_MAX_);
    report_cells_value(table, group, "people", REPORT_CELLS_COUNT);
    report_cells_value(table, group, "reached.people", REPORT_CELLS_COUNT);
    report_cells_share(table, group, "reached.share");
    report_cells_share(table, group, "acknowledged.share");
    report_cells_value(table, group, "not_reached.people", REPORT_CELLS_COUNT);
}

static void put_groups(const struct writer *writer, const json_t *groups)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *group;
    json_t *values = report_cells_at(groups, "values");
    if (!json_is_object(groups)) {
        return;
    }
    report_cells_put_sentence(writer->buf, "\nBy ", report_cells_str(groups, "column"));
    report_cells_begin(&table, &titles, "value|people|reached|share|ack'd|not reached");
    json_array_foreach(values, i, group)
    {
        if (i < GROUPS_SHOWN) {
            bool has_value = json_is_string(report_cells_at(group, "value"));
            put_group(&table, group, has_value ? report_cells_str(group, "value") : "(no value)");
        }
    }
    if (json_is_object(report_cells_at(groups, "others"))) {
        put_group(&table, report_cells_at(groups, "others"), "(others)");
    }
    report_cells_end(&table, &titles, writer->buf);
    if (json_array_size(values) > GROUPS_SHOWN) {
        buf_printf(writer->buf, "  and %zu more values: --format csv\n",
                   json_array_size(values) - GROUPS_SHOWN);
    }
}

static void put_failures(const struct writer *writer, const json_t *report)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *reason;
    json_t *reasons = report_cells_at(report, "failures.reasons");
    if (json_array_size(reasons) == 0) {
        return;
    }
    buf_str(writer->buf, "\nWhat went wrong: times it happened, and who was not reached for it\n");
    report_cells_begin(&table, &titles, "code|<reason|<kind|times|people");
    json_array_foreach(reasons, i, reason)
    {
        if (i < ROWS_SHOWN) {
            struct buf code = {0};
            buf_printf(&code, "%.0f", report_cells_number(reason, "reason"));
            report_cells_text(&table, buf_cstr(&code), NAME_MAX_);
            report_cells_text(&table, report_cells_str(reason, "text"), 36);
            report_cells_text(&table, report_cells_str(reason, "class"), 14);
            report_cells_value(&table, reason, "times", REPORT_CELLS_COUNT);
            report_cells_value(&table, reason, "people", REPORT_CELLS_COUNT);
            buf_release(&code);
        }
    }
    report_cells_end(&table, &titles, writer->buf);
}

/* Those of the states that make up the unreached in which somebody is: "failed,cancelled". */
static void put_lost_states(struct buf *buf, const json_t *report)
{
    static const char *const lost[] = {"failed",  "suppressed", "unreachable",
                                       "expired", "cancelled",  "uncertain"};
    const char *comma = "";
    size_t i;
    json_t *row;
    json_array_foreach(report_cells_at(report, "states"), i, row)
    {
        const char *state = report_cells_str(row, "state");
        for (size_t k = 0; k < sizeof(lost) / sizeof(lost[0]); k++) {
            if (strcmp(lost[k], state) == 0 &&
                json_integer_value(json_object_get(row, "people")) > 0) {
                buf_printf(buf, "%s%s", comma, state);
                comma = ",";
            }
        }
    }
}

static void put_not_reached(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    struct table table;
    struct buf titles = {0};
    struct buf states = {0};
    size_t i;
    json_t *person;
    json_t *first = report_cells_at(report, "not_reached.first");
    if (json_array_size(first) == 0) {
        return;
    }
    buf_str(buf, "\nNot reached: ");
    report_cells_put_value(buf, report_cells_at(report, "not_reached.people"), REPORT_CELLS_COUNT);
    buf_printf(buf, "; all of them:\n  tocsin export %.24s",
               report_cells_str(report, "campaign.id"));
    put_lost_states(&states, report);
    /* All six do not fit into the line: the shell takes two. */
    buf_printf(buf, "%s--state %s\n", states.len > STATES_IN_LINE ? " \\\n    " : " ",
               buf_cstr(&states));
    buf_release(&states);
    report_cells_begin(&table, &titles, "key|<state|<why");
    json_array_foreach(first, i, person)
    {
        report_cells_text(&table, report_cells_str(person, "key"), NAME_MAX_);
        report_cells_text(&table, report_cells_str(person, "state"), 12);
        report_cells_text(&table, report_cells_str(person, "text"), 36);
    }
    report_cells_end(&table, &titles, buf);
}

static void put_report(const struct writer *writer, const json_t *report)
{
    put_head(writer, report);
    put_people(writer, report);
    put_means(writer, report);
    put_times(writer, report);
    put_course(writer, report);
    put_ladder(writer, report);
    put_messages(writer, report);
    put_groups(writer, report_cells_at(report, "groups"));
    put_groups(writer, report_cells_at(report, "locales"));
    put_failures(writer, report);
    put_not_reached(writer, report);
}

/* ---- two of them ---- */

static enum report_cells_unit unit_of(const json_t *row)
{
    const char *unit = report_cells_str(row, "unit");
    return strcmp(unit, "s") == 0       ? REPORT_CELLS_SECONDS
           : strcmp(unit, "per_s") == 0 ? REPORT_CELLS_RATE
                                        : REPORT_CELLS_COUNT;
}

/* A figure, and its share if it has one. */
static void cell_compared(struct table *table, const json_t *row, const char *value,
                          const char *share)
{
    struct buf cell = {0};
    report_cells_put_value(&cell, report_cells_at(row, value), unit_of(row));
    if (json_is_number(report_cells_at(row, share))) {
        buf_str(&cell, "  ");
        report_cells_put_share(&cell, report_cells_at(row, share));
    }
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

static void put_compared(struct table *table, const json_t *row)
{
    struct buf cell = {0};
    report_cells_text(table, report_cells_str(row, "label"), 28);
    cell_compared(table, row, "a", "share_a");
    cell_compared(table, row, "b", "share_b");
    buf_str(&cell, report_cells_number(row, "difference") > 0 ? "+" : "");
    report_cells_put_value(&cell, report_cells_at(row, "difference"), unit_of(row));
    table_cell(table, buf_view(&cell));
    buf_clear(&cell);
    if (json_is_number(report_cells_at(row, "points"))) {
        buf_printf(&cell, "%+.2f", report_cells_number(row, "points"));
    }
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

static void put_comparison(const struct writer *writer, const json_t *document)
{
    struct buf *buf = writer->buf;
    struct table table;
    struct buf titles = {0};
    struct buf words = {0};
    size_t i;
    json_t *item;
    json_t *remarks = report_cells_at(document, "comparison.remarks");
    json_t *rows = report_cells_at(document, "comparison.rows");
    put_head(writer, report_cells_at(document, "report"));
    buf_str(buf, "\ncompared with\n\n");
    put_head(writer, report_cells_at(document, "other"));
    buf_str(buf, json_array_size(remarks) > 0 ? "\n" : "");
    json_array_foreach(remarks, i, item)
    {
        report_cells_put_sentence(buf, "! ", json_string_value(item));
    }
    buf_printf(&words, "|%.12s|%.12s|difference|points", report_cells_str(document, "comparison.a"),
               report_cells_str(document, "comparison.b"));
    buf_str(buf, "\n");
    report_cells_begin(&table, &titles, buf_cstr(&words));
    json_array_foreach(rows, i, item)
    {
        put_compared(&table, item);
    }
    report_cells_end(&table, &titles, buf);
    buf_str(buf, "\nThe difference is the second less the first; points are hundredths.\n");
    buf_release(&words);
}

void report_text(struct buf *buf, const json_t *document, bool has_unicode)
{
    const struct writer writer = {buf, has_unicode};
    if (json_object_get(document, "comparison") != NULL) {
        put_comparison(&writer, document);
    } else {
        put_report(&writer, document);
    }
    buf_str(buf, "\nWhat each figure means: docs/reports.md, or \"definitions\" of --json.\n");
}
