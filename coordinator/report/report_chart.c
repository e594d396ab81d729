/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_chart.h"

#include <math.h>

#include "common/text.h"
#include "coordinator/report/report_words.h"

/* In the units of the picture. */
#define WIDTH    720.0
#define HEIGHT   270.0
#define LEFT     48.0
#define RIGHT    556.0 /* the labels of the lines stand behind */
#define TOP      14.0
#define BOTTOM   232.0
#define LABEL    15.0 /* between labels, at least */
#define LINEAR   0.04 /* half of all come before this part of the time: else logarithmic */
#define LEAST_S  0.1
#define BAR_HIGH 26.0

struct axis {
    bool is_log;
    double from_s; /* of a logarithmic one */
    double to_s;
};

static double member(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static double x_of(const struct axis *axis, double seconds)
{
    double part = seconds / axis->to_s;
    if (axis->is_log) {
        part = seconds <= axis->from_s
                   ? 0
                   : log(seconds / axis->from_s) / log(axis->to_s / axis->from_s);
    }
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return LEFT + part * (RIGHT - LEFT);
}

static double y_of(double share)
{
    return BOTTOM - share * (BOTTOM - TOP);
}

/* ---- the axes ---- */

static double last_of(const json_t *curve)
{
    size_t count = json_array_size(curve);
    return count == 0 ? 0 : member(json_array_get(curve, count - 1), "s");
}

static struct axis axis_of(const struct report_curves *curves)
{
    struct axis axis = {.to_s = curves->end_s};
    double first_s = 1e9;
    for (unsigned i = 0; i < curves->count; i++) {
        double last_s = last_of(curves->lines[i].curve);
        axis.to_s = last_s > axis.to_s ? last_s : axis.to_s;
        double s = member(json_array_get(curves->lines[i].curve, 0), "s");
        first_s = last_s > 0 && s < first_s ? s : first_s;
    }
    axis.to_s = axis.to_s < 1 ? 1 : axis.to_s;
    axis.from_s = first_s > 1e8 ? LEAST_S : first_s * 0.8;
    axis.from_s = axis.from_s < LEAST_S ? LEAST_S : axis.from_s;
    axis.is_log =
        curves->half_s > 0 && curves->half_s < axis.to_s * LINEAR && axis.from_s * 10 < axis.to_s;
    return axis;
}

static void put_tick(struct buf *html, const struct axis *axis, double seconds)
{
    double x = x_of(axis, seconds);
    buf_printf(html,
               "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
               "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
               x, TOP, x, BOTTOM, x, BOTTOM + 17);
    if (seconds <= 0) {
        buf_str(html, "launch");
    } else if (seconds < 1) {
        buf_printf(html, "%.1f s", seconds);
    } else if (seconds < 60) {
        buf_printf(html, "%g s", seconds);
    } else if (seconds < 3600) {
        buf_printf(html, "%g min", seconds / 60);
    } else if (seconds < 86400) {
        buf_printf(html, "%g h", seconds / 3600);
    } else {
        buf_printf(html, "%g d", seconds / 86400);
    }
    buf_str(html, "</text>");
}

static const double STEPS_S[] = {
    0.1,  0.2,  0.5,  1,    2,     5,     10,    20,    30,     60,     120,    300,     600,
    1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 1728000, 4320000};
#define STEPS (sizeof(STEPS_S) / sizeof(STEPS_S[0]))

static void put_linear_ticks(struct buf *html, const struct axis *axis)
{
    size_t step = 0;
    while (step + 1 < STEPS && axis->to_s / STEPS_S[step] > 7) {
        step++;
    }
    for (double s = 0; s <= axis->to_s; s += STEPS_S[step]) {
        put_tick(html, axis, s);
    }
}

/* Round times that stand far enough from each other. */
static void put_log_ticks(struct buf *html, const struct axis *axis)
{
    static const double round_s[] = {0.1,   0.3,   1,      3,      10,      30,
                                     60,    180,   600,    1800,   3600,    10800,
                                     21600, 86400, 259200, 604800, 2592000, 7776000};
    double before = LEFT - 60;
    for (size_t i = 0; i < sizeof(round_s) / sizeof(round_s[0]); i++) {
        double x = x_of(axis, round_s[i]);
        if (round_s[i] >= axis->from_s && round_s[i] <= axis->to_s && x - before > 44) {
            put_tick(html, axis, round_s[i]);
            before = x;
        }
    }
}

static void put_axes(struct buf *html, const struct axis *axis)
{
    for (int percent = 0; percent <= 100; percent += 25) {
        double y = y_of(percent / 100.0);
        buf_printf(html,
                   "<line class=\"grid%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
                   "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>",
                   percent == 0 ? " base" : "", LEFT, y, RIGHT, y, LEFT - 7, y + 4, percent);
    }
    if (axis->is_log) {
        put_log_ticks(html, axis);
    } else {
        put_linear_ticks(html, axis);
    }
    buf_printf(html,
               "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">time since the "
               "launch%s</text>",
               RIGHT, BOTTOM + 34, axis->is_log ? " (logarithmic)" : "");
}

/* ---- the lines ---- */

/* Steps: nothing is said of the time between two points but that it is over at the second. */
static void put_line(struct buf *html, const struct axis *axis, const struct report_line *line)
{
    size_t i;
    json_t *point;
    json_t *curve = (json_t *)(uintptr_t)line->curve;
    buf_printf(html, "<path class=\"line %s\" d=\"M%.1f %.1f", line->class_name, LEFT, BOTTOM);
    json_array_foreach(curve, i, point)
    {
        buf_printf(html, "H%.1fV%.1f", x_of(axis, member(point, "s")),
                   y_of(member(point, "share")));
    }
    buf_printf(html, "H%.1f\"/>", RIGHT);
}

static double end_share(const struct report_line *line)
{
    size_t count = json_array_size(line->curve);
    return count == 0 ? 0 : member(json_array_get(line->curve, count - 1), "share");
}

/* The lines by where they end, the lowest first. */
static void sort_lines(const struct report_curves *curves, unsigned order[REPORT_CHART_LINES])
{
    for (unsigned i = 0; i < curves->count; i++) {
        unsigned at = i;
        for (; at > 0 && end_share(&curves->lines[order[at - 1]]) > end_share(&curves->lines[i]);
             at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

/* The labels stand at the ends of the lines, moved apart where these are too near: upwards, and
 * down again from where the picture ends. */
static void put_labels(struct buf *html, const struct report_curves *curves)
{
    unsigned order[REPORT_CHART_LINES] = {0};
    double y[REPORT_CHART_LINES];
    sort_lines(curves, order);
    for (unsigned i = 0; i < curves->count; i++) {
        y[i] = y_of(end_share(&curves->lines[order[i]])) + 4;
        y[i] = i > 0 && y[i] > y[i - 1] - LABEL ? y[i - 1] - LABEL : y[i];
    }
    double least = TOP + 4;
    for (unsigned i = curves->count; i-- > 0;) {
        y[i] = y[i] < least ? least : y[i];
        least = y[i] + LABEL;
    }
    for (unsigned i = 0; i < curves->count; i++) {
        const struct report_line *line = &curves->lines[order[i]];
        buf_printf(html, "<text class=\"label %s\" x=\"%.1f\" y=\"%.1f\">", line->class_name,
                   RIGHT + 7, y[i]);
        text_markup(html, slice_str(line->label));
        buf_str(html, " ");
        report_put_share(html, end_share(line));
        buf_str(html, "</text>");
    }
}

static void open_picture(struct buf *html, const char *id, const char *title, double height)
{
    buf_printf(html,
               "<svg class=\"chart\" role=\"img\" aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 %.0f "
               "%.0f\" xmlns=\"http://www.w3.org/2000/svg\"><title id=\"%s-t\">",
               id, id, WIDTH, height, id);
    text_markup(html, slice_str(title));
    buf_printf(html, "</title><desc id=\"%s-d\">", id);
}

bool report_chart_curves(struct buf *html, const struct report_curves *curves)
{
    struct axis axis = axis_of(curves);
    open_picture(html, curves->id, curves->title, HEIGHT);
    for (unsigned i = 0; i < curves->count; i++) {
        text_markup(html, slice_str(curves->lines[i].label));
        buf_str(html, ": ");
        report_put_share(html, end_share(&curves->lines[i]));
        buf_str(html, " of all recipients after ");
        report_put_seconds(html, last_of(curves->lines[i].curve));
        buf_str(html, ". ");
    }
    buf_str(html, "The table says the same in numbers.</desc>");
    put_axes(html, &axis);
    for (unsigned i = 0; i < curves->count; i++) {
        put_line(html, &axis, &curves->lines[i]);
    }
    put_labels(html, curves);
    buf_str(html, "</svg>\n");
    return axis.is_log;
}

/* ---- a bar ---- */

void report_chart_bar(struct buf *html, const char *id, const char *title,
                      const struct report_part *parts, unsigned count, double whole)
{
    double x = 0;
    open_picture(html, id, title, BAR_HIGH);
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].value > 0) {
            buf_printf(html, "%s ", parts[i].label);
            report_put_count(html, parts[i].value);
            buf_str(html, ". ");
        }
    }
    buf_str(html, "</desc>");
    for (unsigned i = 0; i < count && whole > 0; i++) {
        double wide = parts[i].value / whole * WIDTH;
        if (parts[i].value > 0) {
            buf_printf(html,
                       "<rect class=\"fill %s\" x=\"%.2f\" y=\"0\" width=\"%.2f\" "
                       "height=\"%.0f\"><title>",
                       parts[i].class_name, x, wide < 1 ? 1 : wide, BAR_HIGH);
            text_markup(html, slice_str(parts[i].label));
            buf_str(html, ": ");
            report_put_count(html, parts[i].value);
            buf_str(html, "</title></rect>");
        }
        x += wide;
    }
    buf_str(html, "</svg>\n");
}
