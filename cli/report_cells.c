/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_cells.h"

#include <math.h>
#include <string.h>

#include "cli/human.h"

#define COLUMNS 80

/* ---- values ---- */

/* "people.reached.share" */
json_t *report_cells_at(const json_t *json, const char *path)
{
    json_t *value = (json_t *)(uintptr_t)json;
    while (value != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        value = json_object_getn(value, path, len);
        path += len + (path[len] == '.');
    }
    return value;
}

double report_cells_number(const json_t *json, const char *path)
{
    return json_number_value(report_cells_at(json, path));
}

const char *report_cells_str(const json_t *json, const char *path)
{
    const char *text = json_string_value(report_cells_at(json, path));
    return text == NULL ? "" : text;
}

static void put_number(struct buf *buf, double value, enum report_cells_unit unit)
{
    buf_str(buf, value < 0 ? "-" : "");
    value = fabs(value);
    switch (unit) {
    case REPORT_CELLS_COUNT:
        human_count(buf, (uint64_t)(value + 0.5));
        return;
    case REPORT_CELLS_SECONDS:
        human_duration(buf, value);
        return;
    case REPORT_CELLS_RATE:
        human_rate(buf, value);
        return;
    }
}

void report_cells_put_value(struct buf *buf, const json_t *value, enum report_cells_unit unit)
{
    if (json_is_number(value)) {
        put_number(buf, json_number_value(value), unit);
    } else {
        buf_str(buf, "-");
    }
}

void report_cells_put_share(struct buf *buf, const json_t *share)
{
    if (json_is_number(share)) {
        human_percent(buf, (uint64_t)(json_number_value(share) * 1e6 + 0.5), 1000000);
    } else {
        buf_str(buf, "-");
    }
}

/* "2026-11-29T18:05:00.123Z" as "2026-11-29 18:05:00 UTC". */
void report_cells_put_time(struct buf *buf, const char *time)
{
    uint64_t ignored;
    if (human_time_parse(time, &ignored)) {
        buf_printf(buf, "%.10s %.8s UTC", time, time + 11);
    } else {
        human_text(buf, slice_str(time));
    }
}

/* A sentence from elsewhere, broken at blanks. */
void report_cells_put_sentence(struct buf *buf, const char *before, const char *text)
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

void report_cells_text(struct table *table, const char *text, size_t columns)
{
    struct buf cell = {0};
    human_text(&cell, slice_str(text));
    table_cell(table, human_cut(buf_view(&cell), columns));
    buf_release(&cell);
}

void report_cells_value(struct table *table, const json_t *row, const char *path,
                        enum report_cells_unit unit)
{
    struct buf cell = {0};
    report_cells_put_value(&cell, report_cells_at(row, path), unit);
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

void report_cells_share(struct table *table, const json_t *row, const char *path)
{
    struct buf cell = {0};
    report_cells_put_share(&cell, report_cells_at(row, path));
    table_cell(table, buf_view(&cell));
    buf_release(&cell);
}

/* Titles are separated by '|'; the first column is text, and those marked with '<'. */
void report_cells_begin(struct table *table, struct buf *titles, const char *words)
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
void report_cells_end(struct table *table, struct buf *titles, struct buf *buf)
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
