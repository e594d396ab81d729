/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_text.h"

#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/human.h"
#include "cli/table.h"

#define COLUMNS      80
#define LABEL        22 /* columns of what stands before the numbers */
#define BAR          30
#define NAME_MAX_    26 /* columns of a name in a table */
#define GROUPS_SHOWN 20
#define ROWS_SHOWN   15

enum unit { UNIT_COUNT, UNIT_SECONDS, UNIT_RATE };

struct writer {
    struct buf *buf;
    bool has_unicode;
};

/* ---- values ---- */

/* "people.reached.share" */
static json_t *at(const json_t *json, const char *path)
{
    json_t *value = (json_t *)(uintptr_t)json;
    while (value != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        value = json_object_getn(value, path, len);
        path += len + (path[len] == '.');
    }
    return value;
}

static double number(const json_t *json, const char *path)
{
    return json_number_value(at(json, path));
}

static const char *str(const json_t *json, const char *path)
{
    const char *text = json_string_value(at(json, path));
    return text == NULL ? "" : text;
}

static void put_number(struct buf *buf, double value, enum unit unit)
{
    buf_str(buf, value < 0 ? "-" : "");
    value = fabs(value);
    switch (unit) {
    case UNIT_COUNT:
        human_count(buf, (uint64_t)(value + 0.5));
        return;
    case UNIT_SECONDS:
        human_duration(buf, value);
        return;
    case UNIT_RATE:
        human_rate(buf, value);
        return;
    }
}

static void put_value(struct buf *buf, const json_t *value, enum unit unit)
{
    if (json_is_number(value)) {
        put_number(buf, json_number_value(value), unit);
    } else {
        buf_str(buf, "-");
    }
}

static void put_share(struct buf *buf, const json_t *share)
{
    if (json_is_number(share)) {
        human_percent(buf, (uint64_t)(json_number_value(share) * 1e6 + 0.5), 1000000);
    } else {
        buf_str(buf, "-");
    }
}

/* "2026-11-29T18:05:00.123Z" as "2026-11-29 18:05:00 UTC". */
static void put_time(struct buf *buf, const char *time)
{
    uint64_t ignored;
    if (human_time_parse(time, &ignored)) {
        buf_printf(buf, "%.10s %.8s UTC", time, time + 11);
    } else {
        human_text(buf, slice_str(time));
    }
}

static void blanks(struct buf *buf, size_t count)
{
    while (count-- > 0) {
        buf_u8(buf, ' ');
    }
}

static void put_bar(const struct writer *writer, double share)
{
    unsigned full = (unsigned)(share * BAR + 0.5);
    full = full == 0 && share > 0 ? 1 : full;
    for (unsigned i = 0; i < BAR; i++) {
        buf_str(writer->buf, writer->has_unicode ? (i < full ? "█" : "░") : i < full ? "#" : ".");
    }
}

/* A sentence from elsewhere, broken at blanks. */
static void put_sentence(struct buf *buf, const char *before, const char *text)
{
    struct buf clean = {0};
    size_t column = strlen(before);
    human_text(&clean, slice_str(text));
    buf_str(buf, before);
    struct slice left = buf_view(&clean);
    while (left.len > 0) {
        const uint8_t *blank = memchr(left.data, ' ', left.len);
        size_t len = blank == NULL ? left.len : (size_t)(blank - left.data);
        struct slice word = human_cut(slice_of(left.data, len), COLUMNS - 2);
        if (column + 1 + human_columns(word) > COLUMNS) {
            buf_str(buf, "\n  ");
            column = 2;
        } else if (column > strlen(before)) {
            buf_u8(buf, ' ');
            column++;
        }
        buf_slice(buf, word);
        column += human_columns(word);
        left = slice_of(left.data + len, left.len - len);
        left = left.len > 0 ? slice_of(left.data + 1, left.len - 1) : left;
    }
    buf_str(buf, "\n");
    buf_release(&clean);
}

/* ---- tables ---- */

static void cell_text(struct table *table, const char *text, size_t columns)
{
    struct buf cell = {0};
    human_text(&cell, slice_str(text));
    table_cell(table, human_cut(buf_view(&cell), columns));
    buf_release(&cell);
}

static void cell_value(struct table *table, const json_t *row, const char *path, enum unit unit)
{
    struct buf cell = {0};
    put_value(&cell, at(row, path), unit);
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

static void cell_share(struct table *table, const json_t *row, const char *path)
{
    struct buf cell = {0};
    put_share(&cell, at(row, path));
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

/* Titles are separated by '|'; the first column is text, and those marked with '<'. */
static void table_begin(struct table *table, struct buf *titles, const char *words)
{
    table_init(table);
    buf_str(titles, words);
    buf_u8(titles, '\0');
    char *word = (char *)titles->data;
    for (unsigned i = 0; word != NULL; i++) {
        char *bar = strchr(word, '|');
        if (bar != NULL) {
            *bar = '\0';
        }
        bool is_text = i == 0 || word[0] == '<';
        table_column(table, word[0] == '<' ? word + 1 : word, !is_text);
        word = bar == NULL ? NULL : bar + 1;
    }
}

/* Each line two columns to the right. */
static void table_end(struct table *table, struct buf *titles, struct buf *buf)
{
    struct buf lines = {0};
    table_put(table, &lines);
    for (size_t i = 0; i < lines.len; i++) {
        if (i == 0 || lines.data[i - 1] == '\n') {
            buf_str(buf, "  ");
        }
        buf_u8(buf, lines.data[i]);
    }
    buf_release(&lines);
    buf_release(titles);
    table_release(table);
}

/* ---- one report ---- */

static void put_head(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    struct buf line = {0};
    buf_printf(&line, "%s (%s) %s", str(report, "campaign.name"), str(report, "campaign.id"),
               str(report, "campaign.state"));
    put_sentence(buf, "", buf_cstr(&line));
    buf_clear(&line);
    buf_printf(&line, "audience %s (%s)", str(report, "campaign.audience"),
               str(report, "campaign.audience_name"));
    put_sentence(buf, "", buf_cstr(&line));
    buf_release(&line);
    if (at(report, "course.launched_at") != NULL &&
        !json_is_null(at(report, "course.launched_at"))) {
        buf_str(buf, "launched ");
        put_time(buf, str(report, "course.launched_at"));
        if (str(report, "course.ended_at")[0] != '\0') {
            buf_str(buf, ", ended ");
            put_time(buf, str(report, "course.ended_at"));
        }
        buf_str(buf, "\n");
    }
    if (!json_is_true(json_object_get(report, "final"))) {
        buf_str(buf, "as of ");
        put_time(buf, str(report, "as_of"));
        buf_str(buf, "; the figures will change\n");
    }
}

static void put_people_line(const struct writer *writer, const char *label, const json_t *people)
{
    struct buf *buf = writer->buf;
    struct buf cell = {0};
    buf_printf(buf, "  %-*s", LABEL - 2, label);
    put_value(&cell, at(people, "people"), UNIT_COUNT);
    blanks(buf, cell.len < 12 ? 12 - cell.len : 0);
    buf_slice(buf, buf_view(&cell));
    buf_clear(&cell);
    put_share(&cell, at(people, "share"));
    blanks(buf, cell.len < 10 ? 10 - cell.len : 0);
    buf_slice(buf, buf_view(&cell));
    buf_str(buf, "  ");
    put_bar(writer, number(people, "share"));
    buf_str(buf, "\n");
    buf_release(&cell);
}

static void put_people(const struct writer *writer, const json_t *report)
{
    buf_str(writer->buf, "\nPeople, of ");
    put_value(writer->buf, at(report, "people.recipients"), UNIT_COUNT);
    buf_str(writer->buf, " recipients\n");
    put_people_line(writer, "reached", at(report, "people.reached"));
    put_people_line(writer, "delivered by receipt", at(report, "people.delivered"));
    put_people_line(writer, "acknowledged", at(report, "people.acknowledged"));
    put_people_line(writer, "not reached", at(report, "people.not_reached"));
    buf_str(writer->buf, "\nWhere everybody stands\n");
    size_t i;
    json_t *state;
    json_t *states = at(report, "states");
    json_array_foreach(states, i, state)
    {
        if (number(state, "people") > 0) {
            put_people_line(writer, str(state, "state"), state);
        }
    }
}

static void put_times_row(struct table *table, const char *name, const json_t *spread,
                          const char *base, const char *of)
{
    struct buf path = {0};
    const char *const ranks[] = {"p50_s", "p90_s", "p99_s"};
    cell_text(table, name, NAME_MAX_);
    cell_text(table, of, NAME_MAX_);
    for (unsigned i = 0; i < 3; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s.%s", base, ranks[i]);
        cell_value(table, spread, buf_cstr(&path), UNIT_SECONDS);
    }
    cell_value(table, spread, "last_s", UNIT_SECONDS);
    buf_release(&path);
}

static void put_times(const struct writer *writer, const json_t *report)
{
    static const char *const names[][2] = {
        {"first_word", "first word"}, {"receipt", "receipt"}, {"acknowledgement", "acknowledged"}};
    struct table table;
    struct buf titles = {0};
    const json_t *times = at(report, "times");
    if (number(times, "first_word.people") == 0) {
        return;
    }
    buf_str(writer->buf, "\nTimes from the launch; - where so many never had one\n");
    table_begin(&table, &titles, "|<of|50 %|90 %|99 %|last");
    for (unsigned i = 0; i < 3; i++) {
        const json_t *spread = at(times, names[i][0]);
        if (number(spread, "people") > 0) {
            put_times_row(&table, names[i][1], spread, "of_recipients", "all recipients");
            put_times_row(&table, "", spread, "of_these", "who had one");
        }
    }
    if (number(times, "answer.people") > 0) {
        put_times_row(&table, "first word to answer", at(times, "answer"), "of_these",
                      "who had one");
    }
    table_end(&table, &titles, writer->buf);
}

static void put_course(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    size_t i;
    json_t *pause;
    json_t *pauses = at(report, "course.pauses");
    if (!json_is_number(at(report, "course.duration_s"))) {
        return;
    }
    buf_str(buf, "\nIt took ");
    put_value(buf, at(report, "course.duration_s"), UNIT_SECONDS);
    if (number(report, "course.paused_s") > 0) {
        buf_str(buf, ", ");
        put_value(buf, at(report, "course.paused_s"), UNIT_SECONDS);
        buf_str(buf, " of it paused");
    }
    buf_str(buf, "; accepted a second: ");
    put_value(buf, at(report, "rate.peak_per_s"), UNIT_RATE);
    buf_str(buf, " at most, ");
    put_value(buf, at(report, "rate.mean_per_s"), UNIT_RATE);
    buf_str(buf, " on average\n");
    json_array_foreach(pauses, i, pause)
    {
        buf_str(buf, "  paused ");
        put_time(buf, str(pause, "from"));
        buf_str(buf, " for ");
        put_value(buf, at(pause, "seconds"), UNIT_SECONDS);
        if (strcmp(str(pause, "cause"), "stop_rule") == 0) {
            buf_printf(buf, ", stop rule %s: ", str(pause, "rule"));
            put_value(buf, at(pause, "people"), UNIT_COUNT);
            buf_str(buf, " of ");
            put_value(buf, at(pause, "of"), UNIT_COUNT);
        }
        buf_str(buf, str(pause, "to")[0] == '\0' ? ", and it goes on\n" : "\n");
    }
    size_t rounds = json_array_size(at(report, "course.rounds"));
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
    json_t *ladder = at(report, "ladder");
    buf_str(writer->buf, "\nThe ladder\n");
    table_begin(&table, &titles, "step|came to it|tried|accepted|acknowledged|went on");
    json_array_foreach(ladder, i, rung)
    {
        struct buf name = {0};
        buf_printf(&name, "%.0f %s", number(rung, "step"), str(rung, "channel"));
        if (number(rung, "repeat") > 0) {
            buf_printf(&name, " again (%.0f)", number(rung, "repeat"));
        }
        buf_str(&name, json_is_true(json_object_get(rung, "left_out")) ? " left out" : "");
        cell_text(&table, buf_cstr(&name), NAME_MAX_);
        cell_value(&table, rung, "entered", UNIT_COUNT);
        cell_value(&table, rung, "tried", UNIT_COUNT);
        cell_value(&table, rung, "accepted", UNIT_COUNT);
        cell_value(&table, rung, "acknowledged", UNIT_COUNT);
        cell_value(&table, rung, "climbed", UNIT_COUNT);
        buf_release(&name);
    }
    table_end(&table, &titles, writer->buf);
}

static void put_ways(const struct writer *writer, const json_t *report, const char *list,
                     const char *name, const char *titles_of)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *way;
    json_t *ways = at(report, list);
    if (json_array_size(ways) == 0) {
        return;
    }
    buf_str(writer->buf, "\n");
    table_begin(&table, &titles, titles_of);
    json_array_foreach(ways, i, way)
    {
        cell_text(&table, str(way, name), NAME_MAX_ - 6);
        cell_value(&table, way, "reached.people", UNIT_COUNT);
        cell_value(&table, way, "messages.attempts", UNIT_COUNT);
        cell_value(&table, way, "messages.accepted", UNIT_COUNT);
        cell_value(&table, way, "messages.deferred", UNIT_COUNT);
        cell_value(&table, way, "messages.refused", UNIT_COUNT);
        cell_value(&table, way, "messages.uncertain", UNIT_COUNT);
    }
    table_end(&table, &titles, writer->buf);
}

static void put_messages(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    buf_str(buf, "\nMessages: ");
    put_value(buf, at(report, "messages.attempts"), UNIT_COUNT);
    buf_str(buf, " attempts; ");
    put_value(buf, at(report, "messages.retries"), UNIT_COUNT);
    buf_str(buf, " retries, ");
    put_value(buf, at(report, "messages.repeated"), UNIT_COUNT);
    buf_str(buf, " repeated, ");
    put_value(buf, at(report, "messages.bounced"), UNIT_COUNT);
    buf_str(buf, " came back\n");
    put_ways(writer, report, "channels", "channel",
             "channel|people|attempts|accepted|deferred|refused|uncertain");
    put_ways(writer, report, "providers", "provider",
             "provider|people|attempts|accepted|deferred|refused|uncertain");
}

static void put_group(struct table *table, const json_t *group, const char *name)
{
    cell_text(table, name, NAME_MAX_);
    cell_value(table, group, "people", UNIT_COUNT);
    cell_value(table, group, "reached.people", UNIT_COUNT);
    cell_share(table, group, "reached.share");
    cell_share(table, group, "acknowledged.share");
    cell_value(table, group, "not_reached.people", UNIT_COUNT);
}

static void put_groups(const struct writer *writer, const json_t *groups)
{
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *group;
    json_t *values = at(groups, "values");
    if (!json_is_object(groups)) {
        return;
    }
    put_sentence(writer->buf, "\nBy ", str(groups, "column"));
    table_begin(&table, &titles, "value|people|reached|share|ack'd|not reached");
    json_array_foreach(values, i, group)
    {
        if (i < GROUPS_SHOWN) {
            bool has_value = json_is_string(at(group, "value"));
            put_group(&table, group, has_value ? str(group, "value") : "(no value)");
        }
    }
    if (json_is_object(at(groups, "others"))) {
        put_group(&table, at(groups, "others"), "(others)");
    }
    table_end(&table, &titles, writer->buf);
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
    json_t *reasons = at(report, "failures.reasons");
    if (json_array_size(reasons) == 0) {
        return;
    }
    buf_str(writer->buf, "\nWhat went wrong: times it happened, and who was not reached for it\n");
    table_begin(&table, &titles, "code|<reason|<kind|times|people");
    json_array_foreach(reasons, i, reason)
    {
        if (i < ROWS_SHOWN) {
            struct buf code = {0};
            buf_printf(&code, "%.0f", number(reason, "reason"));
            cell_text(&table, buf_cstr(&code), NAME_MAX_);
            cell_text(&table, str(reason, "text"), 36);
            cell_text(&table, str(reason, "class"), 14);
            cell_value(&table, reason, "times", UNIT_COUNT);
            cell_value(&table, reason, "people", UNIT_COUNT);
            buf_release(&code);
        }
    }
    table_end(&table, &titles, writer->buf);
}

static void put_not_reached(const struct writer *writer, const json_t *report)
{
    struct buf *buf = writer->buf;
    struct table table;
    struct buf titles = {0};
    size_t i;
    json_t *person;
    json_t *first = at(report, "not_reached.first");
    if (json_array_size(first) == 0) {
        return;
    }
    buf_str(buf, "\nNot reached: ");
    put_value(buf, at(report, "not_reached.people"), UNIT_COUNT);
    buf_printf(buf, "; all of them: tocsin export %.24s --state STATE\n",
               str(report, "campaign.id"));
    table_begin(&table, &titles, "key|<state|<why");
    json_array_foreach(first, i, person)
    {
        cell_text(&table, str(person, "key"), NAME_MAX_);
        cell_text(&table, str(person, "state"), 12);
        cell_text(&table, str(person, "text"), 36);
    }
    table_end(&table, &titles, buf);
}

static void put_report(const struct writer *writer, const json_t *report)
{
    put_head(writer, report);
    put_people(writer, report);
    put_times(writer, report);
    put_course(writer, report);
    put_ladder(writer, report);
    put_messages(writer, report);
    put_groups(writer, at(report, "groups"));
    put_groups(writer, at(report, "locales"));
    put_failures(writer, report);
    put_not_reached(writer, report);
}

/* ---- two of them ---- */

static enum unit unit_of(const json_t *row)
{
    const char *unit = str(row, "unit");
    return strcmp(unit, "s") == 0       ? UNIT_SECONDS
           : strcmp(unit, "per_s") == 0 ? UNIT_RATE
                                        : UNIT_COUNT;
}

/* A figure, and its share if it has one. */
static void cell_compared(struct table *table, const json_t *row, const char *value,
                          const char *share)
{
    struct buf cell = {0};
    put_value(&cell, at(row, value), unit_of(row));
    if (json_is_number(at(row, share))) {
        buf_str(&cell, "  ");
        put_share(&cell, at(row, share));
    }
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

static void put_compared(struct table *table, const json_t *row)
{
    struct buf cell = {0};
    cell_text(table, str(row, "label"), 28);
    cell_compared(table, row, "a", "share_a");
    cell_compared(table, row, "b", "share_b");
    buf_str(&cell, number(row, "difference") > 0 ? "+" : "");
    put_value(&cell, at(row, "difference"), unit_of(row));
    table_cell(table, buf_view(&cell));
    buf_clear(&cell);
    if (json_is_number(at(row, "points"))) {
        buf_printf(&cell, "%+.2f", number(row, "points"));
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
    json_t *remarks = at(document, "comparison.remarks");
    json_t *rows = at(document, "comparison.rows");
    put_head(writer, at(document, "report"));
    buf_str(buf, "\ncompared with\n\n");
    put_head(writer, at(document, "other"));
    buf_str(buf, json_array_size(remarks) > 0 ? "\n" : "");
    json_array_foreach(remarks, i, item)
    {
        put_sentence(buf, "! ", json_string_value(item));
    }
    buf_printf(&words, "|%.12s|%.12s|difference|points", str(document, "comparison.a"),
               str(document, "comparison.b"));
    buf_str(buf, "\n");
    table_begin(&table, &titles, buf_cstr(&words));
    json_array_foreach(rows, i, item)
    {
        put_compared(&table, item);
    }
    table_end(&table, &titles, buf);
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
