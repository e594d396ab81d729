/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/receipt_report.h"

#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "coordinator/http/query_string.h"

#define FORM_TYPE   "application/x-www-form-urlencoded"
#define JSON_TYPE   "application/json"
#define MEMBERS_MAX 256 /* of a query, a form or an object; a provider's own ones too */

/* ---- members ---- */

static enum err take_status(struct receipt_report *report, struct slice value,
                            struct problem *problem)
{
    if (report->status != RECEIPT_KINDS) {
        return problem_set(problem, ERR_INVALID, "the status is given twice");
    }
    for (unsigned kind = 0; kind < RECEIPT_KINDS; kind++) {
        if (slice_is(value, receipt_kind_name((enum receipt_kind)kind))) {
            report->status = (enum receipt_kind)kind;
            return ERR_OK;
        }
    }
    return problem_set(problem, ERR_INVALID,
                       "\"%.*s\" is no status; known here: accepted, delivered, failed, bounced, "
                       "complained",
                       value.len > 64 ? 64 : (int)value.len, (const char *)value.data);
}

static enum err take_reason(struct receipt_report *report, struct slice value,
                            struct problem *problem)
{
    uint64_t number;
    if (report->reason != 0) {
        return problem_set(problem, ERR_INVALID, "the reason is given twice");
    }
    if (text_number(value, RECEIPT_REASON_MIN, UINT16_MAX, &number) &&
        (number <= RECEIPT_REASON_MAX || reason_is_of_receipt((uint16_t)number))) {
        report->reason = (uint16_t)number;
    }
    return ERR_OK;
}

static enum err take_member(struct receipt_report *report, struct slice name, struct slice value,
                            struct problem *problem)
{
    return slice_is(name, "status") ? take_status(report, value, problem)
                                    : take_reason(report, value, problem);
}

/* ---- queries and forms ---- */

static bool is_known(struct slice name)
{
    return slice_is(name, "status") || slice_is(name, "reason");
}

/* What is nobody's is not decoded: it may be in any encoding. */
static enum err take_pairs(struct receipt_report *report, struct slice text, struct arena *arena,
                           struct problem *problem)
{
    enum err err = ERR_OK;
    for (unsigned count = 0; err == ERR_OK && text.len > 0; count++) {
        struct slice value = slice_take_until(&text, '&');
        struct slice name = slice_take_until(&value, '=');
        if (count == MEMBERS_MAX) {
            return problem_set(problem, ERR_INVALID, "more than %d parameters", MEMBERS_MAX);
        }
        if (!is_known(name)) {
            continue;
        }
        const char *decoded = percent_decode(value, true, arena);
        if (decoded == NULL) {
            return problem_set(problem, ERR_INVALID,
                               "\"%.*s\" is not well encoded: percent signs and UTF-8 are expected",
                               (int)name.len, (const char *)name.data);
        }
        err = take_member(report, name, slice_str(decoded), problem);
    }
    return err;
}

/* ---- JSON ---- */

/* As a form would have it: numbers are written out, null is nothing. */
static bool json_text(const json_t *value, struct arena *arena, struct slice *text)
{
    if (json_is_string(value)) {
        *text = slice_of(json_string_value(value), json_string_length(value));
        return true;
    }
    if (json_is_integer(value)) {
        *text = slice_str(arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
        return true;
    }
    return false;
}

enum err receipt_report_read_json(struct receipt_report *report, const json_t *object,
                                  struct arena *arena, struct problem *problem)
{
    static const char *const names[] = {"status", "reason"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *value = json_object_get(object, names[i]);
        struct slice text;
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        if (!json_text(value, arena, &text)) {
            return problem_set(problem, ERR_INVALID, "\"%s\" must be a string", names[i]);
        }
        enum err err = take_member(report, slice_str(names[i]), text, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err take_json(struct receipt_report *report, struct slice body, struct arena *arena,
                          struct problem *problem)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        return problem_set(problem, ERR_INVALID, "the body is no JSON: line %d, column %d: %s",
                           error.line, error.column, error.text);
    }
    enum err err = json_is_object(json) ? receipt_report_read_json(report, json, arena, problem)
                                        : problem_set(problem, ERR_INVALID,
                                                      "the body must be an object such as "
                                                      "{\"status\":\"delivered\"}");
    json_decref(json);
    return err;
}

/* ---- all of it ---- */

/* The type without its parameters. */
static bool is_type(const char *media_type, const char *wanted)
{
    size_t len = strlen(wanted);
    return strncasecmp(media_type, wanted, len) == 0 &&
           (media_type[len] == '\0' || media_type[len] == ';' || media_type[len] == ' ');
}

static enum err take_body(struct receipt_report *report, const char *media_type, struct slice body,
                          struct arena *arena, struct problem *problem)
{
    if (body.len == 0) {
        return ERR_OK;
    }
    if (media_type == NULL) {
        media_type = body.data[0] == '{' ? JSON_TYPE : FORM_TYPE;
    }
    if (is_type(media_type, JSON_TYPE)) {
        return take_json(report, body, arena, problem);
    }
    if (is_type(media_type, FORM_TYPE)) {
        return take_pairs(report, body, arena, problem);
    }
    return problem_set(
        problem, ERR_UNSUPPORTED,
        "a body of the type \"%.100s\" is not read; send " FORM_TYPE " or " JSON_TYPE, media_type);
}

enum err receipt_report_read(struct receipt_report *report, struct slice query,
                             const char *media_type, struct slice body, struct arena *arena,
                             struct problem *problem)
{
    *report = (struct receipt_report){.status = RECEIPT_KINDS};
    enum err err = take_pairs(report, query, arena, problem);
    if (err == ERR_OK) {
        err = take_body(report, media_type, body, arena, problem);
    }
    if (err == ERR_OK && report->status == RECEIPT_KINDS) {
        return problem_set(problem, ERR_INVALID,
                           "the status is missing: accepted, delivered, failed, bounced or "
                           "complained, as `status` in the query or the body");
    }
    return err;
}
