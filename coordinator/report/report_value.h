/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_value: figures of a report's JSON by their path, and as cells of an HTML table.
 */
#ifndef TOCSIN_REPORT_REPORT_VALUE_H
#define TOCSIN_REPORT_REPORT_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

/* "times.first_word.of_recipients.p50_s"; NULL if it is not there. */
const json_t *report_at(const json_t *json, const char *path);
/* The same for an array or object to walk: jansson's macros want it without const. */
json_t *report_list_at(const json_t *json, const char *path);
/* 0 if it is not there, or null. */
double report_number(const json_t *json, const char *path);
const char *report_str(const json_t *json, const char *path); /* "" likewise */
bool report_has(const json_t *json, const char *path);        /* there, and not null */

enum report_unit { REPORT_COUNT, REPORT_SECONDS, REPORT_RATE, REPORT_SHARE };
/* What is null is a dash. */
void report_put_value(struct buf *buf, const json_t *value, enum report_unit unit);

/* <th scope="row">, with text that is not ours isolated in its direction. */
void report_row_head(struct buf *html, const char *text);
void report_cell_text(struct buf *html, const char *text);
void report_cell(struct buf *html, const json_t *row, const char *path, enum report_unit unit);
/* {people, share}: two cells. */
void report_cell_people(struct buf *html, const json_t *row, const char *path);
/* A name of ours as words: "no_endpoint" as "no endpoint". */
void report_put_words(struct buf *html, const char *before, const char *name, const char *after);
void report_section_open(struct buf *html, const char *title);
void report_section_close(struct buf *html);
/* A table's head of titles separated by '|'; those that begin with '#' are of numbers. */
void report_table_open(struct buf *html, const char *caption, const char *titles);
void report_table_close(struct buf *html);

#endif
