/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_cells: figures of a report's JSON, by their path, as text for people and as cells of
 * tables.
 */
#ifndef TOCSIN_CLI_REPORT_CELLS_H
#define TOCSIN_CLI_REPORT_CELLS_H

#include <jansson.h>

#include "cli/table.h"
#include "common/buf.h"

enum report_cells_unit { REPORT_CELLS_COUNT, REPORT_CELLS_SECONDS, REPORT_CELLS_RATE };

/* "people.reached.share"; NULL if it is not there. */
json_t *report_cells_at(const json_t *json, const char *path);
double report_cells_number(const json_t *json, const char *path);   /* 0 if it is none */
const char *report_cells_str(const json_t *json, const char *path); /* "" if it is none */

/* What is null is a dash. */
void report_cells_put_value(struct buf *buf, const json_t *value, enum report_cells_unit unit);
void report_cells_put_share(struct buf *buf, const json_t *share);
/* "2026-11-29 18:05:00 UTC" */
void report_cells_put_time(struct buf *buf, const char *time);
/* A line, or several where it is wider than 80 columns; text from elsewhere is made safe. */
void report_cells_put_sentence(struct buf *buf, const char *before, const char *text);

/* Titles are separated by '|'; the first column is text, and those marked with '<'; the others are
 * numbers. `titles` holds them until the end. */
void report_cells_begin(struct table *table, struct buf *titles, const char *words);
/* Cut to so many columns. */
void report_cells_text(struct table *table, const char *text, size_t columns);
void report_cells_value(struct table *table, const json_t *row, const char *path,
                        enum report_cells_unit unit);
void report_cells_share(struct table *table, const json_t *row, const char *path);
/* Each line two columns to the right; releases table and titles. */
void report_cells_end(struct table *table, struct buf *titles, struct buf *buf);

#endif
