/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_csv.h"

#include <string.h>

#define MEASURE_MAX 128

struct table {
    struct buf *csv;
    const char *campaign;
    const char *section;
    const char *name; /* what the element is about; "": the section as a whole */
};

/* A name of somebody's may begin like a formula: spreadsheets would run it. Numbers are ours. */
static void put_cell(struct buf *csv, const char *text, bool is_number)
{
    bool is_formula = !is_number && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    bool is_quoted = is_formula || strpbrk(text, ",\"\r\n") != NULL;
    buf_str(csv, is_quoted ? "\"" : "");
    buf_str(csv, is_formula ? "'" : "");
    for (const char *at = text; *at != '\0'; at++) {
        buf_str(csv, *at == '"' ? "\"" : "");
        buf_u8(csv, (uint8_t)*at);
    }
    buf_str(csv, is_quoted ? "\"" : "");
}

static void put_row(const struct table *table, const char *measure, const char *value,
                    bool is_number)
{
    const char *cells[] = {table->campaign, table->section, table->name, measure};
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        put_cell(table->csv, cells[i], false);
        buf_str(table->csv, ",");
    }
    put_cell(table->csv, value, is_number);
    buf_str(table->csv, "\r\n");
}

static void put_scalar(const struct table *table, const char *measure, const json_t *value)
{
    char number[40];
    if (json_is_string(value)) {
        put_row(table, measure, json_string_value(value), false);
    } else if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        put_row(table, measure, number, true);
    } else if (json_is_real(value)) {
        snprintf(number, sizeof(number), "%.10g", json_real_value(value));
        put_row(table, measure, number, true);
    } else {
        put_row(table, measure,
                json_is_true(value)    ? "true"
                : json_is_false(value) ? "false"
                                       : "",
                false);
    }
}

static void put_list(struct table *table, const char *measure, const json_t *list);

static void put_members(struct table *table, const char *prefix, const json_t *object)
{
    const char *member;
    json_t *value;
    json_t *walked = json_incref((json_t *)(uintptr_t)object);
    json_object_foreach(walked, member, value)
    {
        char measure[MEASURE_MAX];
        snprintf(measure, sizeof(measure), "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", member);
        if (json_is_object(value)) {
            put_members(table, measure, value);
        } else if (json_is_array(value)) {
            put_list(table, measure, value);
        } else {
            put_scalar(table, measure, value);
        }
    }
    json_decref(walked);
}

/* What an element of a list is about: the first of these that it has. */
static const char *name_of(const json_t *element, size_t index, char number[24])
{
    static const char *const names[] = {"state", "means", "channel", "provider",
                                        "class", "key",   "name"};
    const char *value = json_string_value(json_object_get(element, "value"));
    const char *provider = json_string_value(json_object_get(element, "provider"));
    const json_t *reason = json_object_get(element, "reason");
    const json_t *seconds = json_object_get(element, "s");
    bool is_rung = json_object_get(element, "step") != NULL;
    const char *key = json_string_value(json_object_get(element, "key"));
    snprintf(number, 24, "%zu", index + 1);
    if (key != NULL || provider != NULL) {
        return key != NULL ? key : provider;
    }
    if (json_object_get(element, "value") != NULL) {
        return value == NULL ? "" : value;
    }
    if (json_is_integer(reason)) {
        snprintf(number, 24, "%lld", (long long)json_integer_value(reason));
        return number;
    }
    if (json_is_real(seconds)) {
        snprintf(number, 24, "%.10g", json_real_value(seconds));
        return number;
    }
    for (size_t i = 0; !is_rung && i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = json_string_value(json_object_get(element, names[i]));
        if (name != NULL) {
            return name;
        }
    }
    return number;
}

static void put_list(struct table *table, const char *measure, const json_t *list)
{
    const char *outer = table->name;
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        char number[24];
        table->name = json_is_object(element) ? name_of(element, i, number) : outer;
        if (json_is_object(element)) {
            put_members(table, measure, element);
        } else {
            put_scalar(table, measure, element);
        }
    }
    table->name = outer;
}

static const char *id_of(const json_t *report)
{
    const char *id = json_string_value(json_object_get(json_object_get(report, "campaign"), "id"));
    return id == NULL ? "" : id;
}

static void put_report(struct buf *csv, const json_t *report, const char *campaign)
{
    const char *section;
    json_t *value;
    json_t *walked = json_incref((json_t *)(uintptr_t)report);
    json_object_foreach(walked, section, value)
    {
        struct table table = {csv, campaign, section, ""};
        if (json_is_object(value)) {
            put_members(&table, "", value);
        } else if (json_is_array(value)) {
            put_list(&table, "", value);
        } else {
            put_scalar(&table, "", value);
        }
    }
    json_decref(walked);
}

void report_csv(const json_t *document, struct buf *csv)
{
    const json_t *other = json_object_get(document, "other");
    buf_str(csv, "campaign,section,name,measure,value\r\n");
    if (other == NULL) {
        put_report(csv, document, id_of(document));
        return;
    }
    const json_t *report = json_object_get(document, "report");
    struct table table = {csv, "", "comparison", ""};
    put_report(csv, report, id_of(report));
    put_report(csv, other, id_of(other));
    put_members(&table, "", json_object_get(document, "comparison"));
}
