/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_value.h"

#include <string.h>

#include "common/text.h"
#include "coordinator/report/report_chart.h"
#include "coordinator/report/report_words.h"

const json_t *report_at(const json_t *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        json = json_object_getn(json, path, len);
        path += len + (path[len] == '.');
    }
    return json;
}

json_t *report_list_at(const json_t *json, const char *path)
{
    return (json_t *)(uintptr_t)report_at(json, path);
}

double report_number(const json_t *json, const char *path)
{
    return json_number_value(report_at(json, path));
}

const char *report_str(const json_t *json, const char *path)
{
    const char *text = json_string_value(report_at(json, path));
    return text == NULL ? "" : text;
}

bool report_has(const json_t *json, const char *path)
{
    const json_t *value = report_at(json, path);
    return value != NULL && !json_is_null(value);
}

void report_put_value(struct buf *buf, const json_t *value, enum report_unit unit)
{
    if (!json_is_number(value)) {
        buf_str(buf, "–");
        return;
    }
    switch (unit) {
    case REPORT_COUNT:
        report_put_count(buf, json_number_value(value));
        return;
    case REPORT_SECONDS:
        report_put_seconds(buf, json_number_value(value));
        return;
    case REPORT_RATE:
        report_put_rate(buf, json_number_value(value));
        return;
    case REPORT_SHARE:
        report_put_share(buf, json_number_value(value));
        return;
    }
}

void report_row_head(struct buf *html, const char *text)
{
    buf_str(html, "<tr><th scope=\"row\"><bdi>");
    text_markup(html, slice_str(text));
    buf_str(html, "</bdi></th>");
}

void report_cell_text(struct buf *html, const char *text)
{
    buf_str(html, "<td>");
    text_markup(html, slice_str(text));
    buf_str(html, "</td>");
}

void report_cell(struct buf *html, const json_t *row, const char *path, enum report_unit unit)
{
    buf_str(html, "<td class=\"n\">");
    report_put_value(html, report_at(row, path), unit);
    buf_str(html, "</td>");
}

void report_cell_people(struct buf *html, const json_t *row, const char *path)
{
    const json_t *people = report_at(row, path);
    report_cell(html, people, "people", REPORT_COUNT);
    buf_str(html, "<td class=\"n soft\">");
    report_put_value(html, json_object_get(people, "share"), REPORT_SHARE);
    buf_str(html, "</td>");
}

void report_put_words(struct buf *html, const char *before, const char *name, const char *after)
{
    buf_str(html, before);
    for (; *name != '\0'; name++) {
        buf_u8(html, (uint8_t)(*name == '_' ? ' ' : *name));
    }
    buf_str(html, after);
}

void report_section_open(struct buf *html, const char *title)
{
    buf_printf(html, "<section><h2>%s</h2>\n", title);
}

void report_section_close(struct buf *html)
{
    buf_str(html, "</section>\n");
}

void report_table_open(struct buf *html, const char *caption, const char *titles)
{
    buf_str(html, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>");
    if (caption != NULL) {
        buf_str(html, "<caption>");
        text_markup(html, slice_str(caption));
        buf_str(html, "</caption>");
    }
    buf_str(html, "<thead><tr>");
    while (*titles != '\0') {
        size_t len = strcspn(titles, "|");
        bool is_number = *titles == '#';
        if (len == 0) {
            buf_str(html, "<td></td>"); /* of bars, which say what the numbers beside them do */
        } else {
            buf_printf(html, "<th scope=\"col\"%s>%.*s</th>", is_number ? " class=\"n\"" : "",
                       (int)len - is_number, titles + is_number);
        }
        titles += len + (titles[len] == '|');
    }
    buf_str(html, "</tr></thead><tbody>\n");
}

void report_table_close(struct buf *html)
{
    buf_str(html, "</tbody></table></div>\n");
}
