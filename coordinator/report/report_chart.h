/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_chart: the pictures of a report as inline SVG. Each has a title and a description for who
 * does not see it; colours and strokes are classes of the page's style (report_style.c).
 */
#ifndef TOCSIN_REPORT_REPORT_CHART_H
#define TOCSIN_REPORT_REPORT_CHART_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

#define REPORT_CHART_LINES 4

/* A cumulative curve as it is in the JSON form: [{"s","people","share"}]. */
struct report_line {
    const char *label; /* not escaped */
    const char *class_name;
    const json_t *curve;
};

struct report_curves {
    const char *id; /* of the chart, unique in the page */
    const char *title;
    struct report_line lines[REPORT_CHART_LINES];
    unsigned count;
    double end_s;  /* the axis goes at least so far */
    double half_s; /* when half had it: a long tail makes the axis logarithmic. 0: not known */
};

/* Shares of all recipients over the time since the launch. True if the time axis is logarithmic. */
bool report_chart_curves(struct buf *html, const struct report_curves *curves);

struct report_part {
    const char *class_name;
    const char *label;
    double value;
};
/* One bar of parts beside each other; those of 0 are left out. */
void report_chart_bar(struct buf *html, const char *id, const char *title,
                      const struct report_part *parts, unsigned count, double whole);

#endif
