/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"

#define FORM_TYPE "application/x-www-form-urlencoded"
#define AHEAD_MS  UINT64_C(300000)

/* ---- settings ---- */

enum err inbound_read_text(const json_t *settings, const char *key, const char **text,
                           struct problem *problem)
{
    const json_t *value = json_object_get(settings, key);
    *text = NULL;
    if (value == NULL || json_is_null(value)) {
        return ERR_OK;
    }
    if (!json_is_string(value) || json_string_length(value) == 0) {
        return problem_set(problem, ERR_INVALID, "settings.%s must be a string, and not empty",
                           key);
    }
    *text = json_string_value(value);
    return ERR_OK;
}

enum err inbound_read_secret(const json_t *settings, const char *key, struct buf *secret,
                             struct problem *problem)
{
    const char *reference;
    struct problem inner = {0};
    enum err err = inbound_read_text(settings, key, &reference, problem);
    if (err != ERR_OK || reference == NULL) {
        return err;
    }
    err = secret_resolve(reference, secret, &inner);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "settings.%s: %.340s", key, inner.text);
}

enum err inbound_read_duration(const json_t *settings, const char *key, uint64_t min_ms,
                               uint64_t max_ms, uint64_t *ms, struct problem *problem)
{
    const json_t *value = json_object_get(settings, key);
    char number[24];
    const char *text = number;
    uint64_t given;
    if (json_is_integer(value)) { /* "600" in YAML: seconds */
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        enum err err = inbound_read_text(settings, key, &text, problem);
        if (err != ERR_OK || text == NULL) {
            return err;
        }
    }
    if (!text_duration_ms(slice_str(text), &given) || given < min_ms || given > max_ms) {
        return problem_set(problem, ERR_INVALID,
                           "settings.%s: \"%.40s\" is no time from %" PRIu64 "s to %" PRIu64
                           "s, such as \"10m\"",
                           key, text, min_ms / 1000, max_ms / 1000);
    }
    *ms = given;
    return ERR_OK;
}

/* ---- requests ---- */

const char *inbound_header(const struct inbound_request *request, const char *name)
{
    return request->header(request->header_arg, name);
}

bool inbound_is_post(const struct inbound_request *request)
{
    return strcmp(request->method, "POST") == 0;
}

bool inbound_is_recent(uint64_t at_ms, uint64_t now_ms, uint64_t max_age_ms)
{
    return at_ms <= now_ms ? now_ms - at_ms <= max_age_ms : at_ms - now_ms <= AHEAD_MS;
}

bool inbound_form(const struct inbound_request *request, struct form *form,
                  struct inbound_result *result)
{
    form->count = 0;
    bool has_form = inbound_is_post(request) && form_is_type(request->media_type, FORM_TYPE);
    if (form_add(form, request->query, request->arena) &&
        (!has_form || form_add(form, request->body, request->arena))) {
        return true;
    }
    inbound_end(result, INBOUND_REFUSED, "more than %d parameters", FORM_PAIRS_MAX);
    return false;
}

json_t *inbound_json(struct slice body, struct inbound_result *result)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)body.data, body.len, 0, &error);
    if (json == NULL) {
        inbound_end(result, INBOUND_REFUSED, "the body is no JSON: line %d, column %d: %.160s",
                    error.line, error.column, error.text);
    }
    return json;
}

struct slice inbound_json_text(const json_t *object, const char *member, struct arena *arena)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_string(value)) {
        return (struct slice){0};
    }
    size_t len = json_string_length(value);
    return slice_of(arena_str(arena, slice_of(json_string_value(value), len)), len);
}

/* ---- events ---- */

/* The longest prefix first. */
uint16_t inbound_reason_of_status(struct slice status, uint16_t otherwise)
{
    static const struct {
        const char *prefix;
        uint16_t reason;
    } known[] = {
        {"5.1.7", REASON_REFUSED_THERE},   {"5.1.8", REASON_REFUSED_THERE}, /* our address */
        {"5.1.", REASON_ADDRESS_UNKNOWN},  {"5.2.1", REASON_ADDRESS_UNKNOWN},
        {"5.2.2", REASON_MAILBOX_FULL},    {"4.2.2", REASON_MAILBOX_FULL},
        {"5.2.3", REASON_REFUSED_THERE},   {"5.3.4", REASON_REFUSED_THERE}, /* too large */
        {"5.4.4", REASON_ADDRESS_UNKNOWN}, /* its domain takes no mail */
        {"5.7.", REASON_FILTERED},         {"5.6.", REASON_REFUSED_THERE},
        {"552", REASON_MAILBOX_FULL},      {"554", REASON_REFUSED_THERE},
        {"550", REASON_ADDRESS_UNKNOWN},   {"551", REASON_ADDRESS_UNKNOWN},
        {"553", REASON_ADDRESS_UNKNOWN},   {"4", REASON_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t len = strlen(known[i].prefix);
        if (status.len >= len && memcmp(status.data, known[i].prefix, len) == 0) {
            return known[i].reason;
        }
    }
    return otherwise;
}

void inbound_emit_receipt(struct inbound_result *result, struct slice token, enum receipt_kind kind,
                          uint16_t reason)
{
    (void)inbound_emit(result, &(struct inbound_event){
                                   .kind = INBOUND_RECEIPT,
                                   .receipt = {.token = token, .kind = kind, .reason = reason},
                               });
}
