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

/* ---- events ---- */

void inbound_emit_receipt(struct inbound_result *result, struct slice token, enum receipt_kind kind,
                          uint16_t reason)
{
    (void)inbound_emit(result, &(struct inbound_event){
                                   .kind = INBOUND_RECEIPT,
                                   .receipt = {.token = token, .kind = kind, .reason = reason},
                               });
}
