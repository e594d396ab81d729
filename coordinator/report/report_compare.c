/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_compare.h"

#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "coordinator/report/report_words.h"

struct figure {
    const char *path[4]; /* of members; the last may be followed by NULL */
    const char *label;
    const char *unit;
    bool has_share; /* the path leads to {people, share} */
};

static const struct figure FIGURES[] = {
    {{"people", "recipients"}, "recipients", "people", false},
    {{"people", "reached"}, "reached", "people", true},
    {{"people", "delivered"}, "delivered by receipt", "people", true},
    {{"people", "acknowledged"}, "acknowledged", "people", true},
    {{"people", "not_reached"}, "not reached", "people", true},
    {{"people", "ever_uncertain"}, "uncertain at some time", "people", true},
    {{"people", "complained"}, "complained", "people", true},
    {{"messages", "attempts"}, "attempts", "messages", false},
    {{"messages", "accepted"}, "accepted messages", "messages", false},
    {{"messages", "retries"}, "retries", "messages", false},
    {{"messages", "repeated"}, "repeated", "messages", false},
    {{"messages", "refused"}, "refused", "messages", false},
    {{"messages", "bounced"}, "came back", "messages", false},
    {{"times", "first_word", "of_recipients", "p50_s"}, "first word: 50 %", "s", false},
    {{"times", "first_word", "of_recipients", "p90_s"}, "first word: 90 %", "s", false},
    {{"times", "first_word", "of_recipients", "p99_s"}, "first word: 99 %", "s", false},
    {{"times", "receipt", "of_recipients", "p50_s"}, "receipt: 50 %", "s", false},
    {{"times", "acknowledgement", "of_recipients", "p50_s"}, "acknowledged: 50 %", "s", false},
    {{"times", "answer", "of_these", "p50_s"}, "answer of who gave one: 50 %", "s", false},
    {{"course", "duration_s"}, "duration", "s", false},
    {{"course", "paused_s"}, "paused", "s", false},
    {{"rate", "mean_per_s"}, "accepted a second, mean", "per_s", false},
    {{"rate", "peak_per_s"}, "accepted a second, peak", "per_s", false},
};

static const json_t *follow(const json_t *report, const char *const path[4])
{
    for (unsigned i = 0; i < 4 && path[i] != NULL; i++) {
        report = json_object_get(report, path[i]);
    }
    return report;
}

static json_t *copy_or_null(const json_t *value)
{
    return value == NULL ? json_null() : json_deep_copy(value);
}

static json_t *difference(const json_t *a, const json_t *b, double scale, double digits)
{
    if (!json_is_number(a) || !json_is_number(b)) {
        return json_null();
    }
    if (json_is_integer(a) && json_is_integer(b)) {
        return json_integer(json_integer_value(b) - json_integer_value(a));
    }
    double more = (json_number_value(b) - json_number_value(a)) * scale;
    return json_real(round(more * digits) / digits);
}

/* Names are as in the JSON form: "times.first_word.of_recipients.p50_s". */
static json_t *row_json(const char *name, const char *label, const char *unit, const json_t *a,
                        const json_t *b)
{
    bool has_share = json_is_object(a) || json_is_object(b);
    const json_t *people_a = has_share ? json_object_get(a, "people") : a;
    const json_t *people_b = has_share ? json_object_get(b, "people") : b;
    json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", name, "label", label, "unit",
                            unit, "a", copy_or_null(people_a), "b", copy_or_null(people_b),
                            "difference", difference(people_a, people_b, 1, 1000));
    const json_t *share_a = has_share ? json_object_get(a, "share") : NULL;
    const json_t *share_b = has_share ? json_object_get(b, "share") : NULL;
    json_object_set_new(row, "share_a", copy_or_null(share_a));
    json_object_set_new(row, "share_b", copy_or_null(share_b));
    json_object_set_new(row, "points", difference(share_a, share_b, 100, 100));
    return row;
}

static json_t *figures_json(const json_t *a, const json_t *b)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++) {
        const struct figure *figure = &FIGURES[i];
        struct buf name = {0};
        for (unsigned p = 0; p < 4 && figure->path[p] != NULL; p++) {
            buf_printf(&name, "%s%s", p == 0 ? "" : ".", figure->path[p]);
        }
        json_array_append_new(rows, row_json(buf_cstr(&name), figure->label, figure->unit,
                                             follow(a, figure->path), follow(b, figure->path)));
        buf_release(&name);
    }
    return rows;
}

/* ---- by channel ---- */

static const json_t *channel_of(const json_t *report, const char *name)
{
    size_t i;
    const json_t *channel;
    json_t *channels = json_object_get(report, "channels");
    json_array_foreach(channels, i, channel)
    {
        if (strcmp(json_string_value(json_object_get(channel, "channel")), name) == 0) {
            return channel;
        }
    }
    return NULL;
}

static void add_channel(json_t *rows, const char *name, const json_t *a, const json_t *b)
{
    struct buf path = {0};
    struct buf label = {0};
    buf_printf(&path, "channels.%s.reached", name);
    buf_printf(&label, "reached by %s", name);
    json_array_append_new(rows,
                          row_json(buf_cstr(&path), buf_cstr(&label), "people",
                                   json_object_get(a, "reached"), json_object_get(b, "reached")));
    buf_release(&path);
    buf_release(&label);
}

static void add_channels(json_t *rows, const json_t *a, const json_t *b)
{
    size_t i;
    const json_t *channel;
    json_t *of_a = json_object_get(a, "channels");
    json_t *of_b = json_object_get(b, "channels");
    json_array_foreach(of_a, i, channel)
    {
        const char *name = json_string_value(json_object_get(channel, "channel"));
        add_channel(rows, name, channel, channel_of(b, name));
    }
    json_array_foreach(of_b, i, channel)
    {
        const char *name = json_string_value(json_object_get(channel, "channel"));
        if (channel_of(a, name) == NULL) {
            add_channel(rows, name, NULL, channel);
        }
    }
}

/* ---- what to mind ---- */

static void remark(json_t *remarks, struct buf *text)
{
    json_array_append_new(remarks, json_string(buf_cstr(text)));
    buf_clear(text);
}

static const char *campaign_str(const json_t *report, const char *member)
{
    const char *text = json_string_value(follow(report, (const char *[4]){"campaign", member}));
    return text == NULL ? "" : text;
}

static json_t *steps_of(const json_t *report)
{
    static const char *const members[] = {"step",     "repeat",   "channel",      "until",
                                          "within_s", "left_out", "with_previous"};
    json_t *steps = json_array();
    size_t i;
    json_t *rung;
    json_t *ladder = json_object_get(report, "ladder");
    json_array_foreach(ladder, i, rung)
    {
        json_t *step = json_object();
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
            json_object_set(step, members[m], json_object_get(rung, members[m]));
        }
        json_array_append_new(steps, step);
    }
    return steps;
}

static void remark_plans(json_t *remarks, const json_t *a, const json_t *b, struct buf *text)
{
    json_t *of_a = steps_of(a);
    json_t *of_b = steps_of(b);
    if (!json_equal(of_a, of_b)) {
        buf_str(text, "The plans differ: figures of steps, times and channels come from different "
                      "ladders.");
        remark(remarks, text);
    }
    json_decref(of_a);
    json_decref(of_b);
}

static void remark_audiences(json_t *remarks, const json_t *a, const json_t *b, struct buf *text)
{
    static const char *const path[4] = {"people", "recipients"};
    double of_a = json_number_value(follow(a, path));
    double of_b = json_number_value(follow(b, path));
    if (of_a != of_b) {
        buf_str(text, "The audiences differ in size, ");
        report_put_count(text, of_a);
        buf_str(text, " and ");
        report_put_count(text, of_b);
        buf_str(text, " recipients: compare shares, not numbers; a larger one takes longer.");
        remark(remarks, text);
    } else if (strcmp(campaign_str(a, "audience"), campaign_str(b, "audience")) != 0) {
        buf_str(text, "They went to different audiences of the same size.");
        remark(remarks, text);
    }
}

static void remark_state(json_t *remarks, const json_t *report, struct buf *text)
{
    if (follow(report, (const char *[4]){"course", "launched_at"}) == NULL ||
        json_is_null(follow(report, (const char *[4]){"course", "launched_at"}))) {
        buf_printf(text, "%s was never launched.", campaign_str(report, "id"));
        remark(remarks, text);
    } else if (!json_is_true(json_object_get(report, "final"))) {
        buf_printf(text, "%s is %s: its figures are not final.", campaign_str(report, "id"),
                   campaign_str(report, "state"));
        remark(remarks, text);
    } else if (strcmp(campaign_str(report, "state"), "cancelled") == 0) {
        buf_printf(text, "%s was cancelled: it did not come to its end.",
                   campaign_str(report, "id"));
        remark(remarks, text);
    }
}

static json_t *remarks_json(const json_t *a, const json_t *b)
{
    json_t *remarks = json_array();
    struct buf text = {0};
    if (strcmp(campaign_str(a, "id"), campaign_str(b, "id")) == 0) {
        buf_str(&text, "Both are the same campaign.");
        remark(remarks, &text);
    }
    remark_audiences(remarks, a, b, &text);
    remark_plans(remarks, a, b, &text);
    remark_state(remarks, a, &text);
    if (strcmp(campaign_str(a, "id"), campaign_str(b, "id")) != 0) {
        remark_state(remarks, b, &text);
    }
    if (strcmp(campaign_str(a, "priority"), campaign_str(b, "priority")) != 0) {
        buf_printf(&text, "Their priorities differ: %s and %s.", campaign_str(a, "priority"),
                   campaign_str(b, "priority"));
        remark(remarks, &text);
    }
    buf_release(&text);
    return remarks;
}

json_t *report_compare(const json_t *a, const json_t *b)
{
    json_t *rows = figures_json(a, b);
    add_channels(rows, a, b);
    return json_pack("{s:s, s:s, s:o, s:o}", "a", campaign_str(a, "id"), "b", campaign_str(b, "id"),
                     "remarks", remarks_json(a, b), "rows", rows);
}
