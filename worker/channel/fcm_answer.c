/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/fcm_answer.h"

#include <string.h>

#define FCM_ERROR_TYPE   "type.googleapis.com/google.firebase.fcm.v1.FcmError"
#define BAD_REQUEST_TYPE "type.googleapis.com/google.rpc.BadRequest"
#define TOKEN_FIELD      "message.token"
#define TOKEN_WORDS      "registration token" /* "The ... is not a valid FCM registration token" */
#define QUOTA_WAIT_MS    60000                /* a minute's quota is exceeded, and no Retry-After */

static const struct {
    const char *code; /* FcmError.errorCode */
    enum outcome outcome;
    bool is_dead; /* the token will never be good again */
} fcm_errors[] = {
    {"UNREGISTERED", OUTCOME_REJECTED, true},
    {"SENDER_ID_MISMATCH", OUTCOME_REJECTED, false}, /* or the wrong project: none is forgotten */
    {"QUOTA_EXCEEDED", OUTCOME_THROTTLED, false},
    {"UNAVAILABLE", OUTCOME_DEFERRED, false},
    {"INTERNAL", OUTCOME_DEFERRED, false},
    {"THIRD_PARTY_AUTH_ERROR", OUTCOME_MISCONFIGURED, false},
};

/* The detail of the error that has this type, or NULL. */
static json_t *fcm_detail(json_t *document, const char *type)
{
    json_t *details = json_object_get(json_object_get(document, "error"), "details");
    size_t index;
    json_t *detail;
    json_array_foreach(details, index, detail)
    {
        const char *its_type = json_string_value(json_object_get(detail, "@type"));
        if (its_type != NULL && strcmp(its_type, type) == 0) {
            return detail;
        }
    }
    return NULL;
}

/* Of INVALID_ARGUMENT: is it the token? A list of fields says it; without one nothing but the words
 * do. "Android message is too big" comes without, too, and to every token alike: they must not all
 * be taken for dead. */
static bool fcm_blames_token(json_t *document)
{
    json_t *violations = json_object_get(fcm_detail(document, BAD_REQUEST_TYPE), "fieldViolations");
    size_t index;
    json_t *violation;
    if (json_array_size(violations) == 0) {
        json_t *message = json_object_get(json_object_get(document, "error"), "message");
        return json_is_string(message) && strstr(json_string_value(message), TOKEN_WORDS) != NULL;
    }
    json_array_foreach(violations, index, violation)
    {
        const char *field = json_string_value(json_object_get(violation, "field"));
        if (field == NULL || strcmp(field, TOKEN_FIELD) != 0) {
            return false;
        }
    }
    return true;
}

static void fcm_reject_dead(struct attempt_result *result)
{
    result->outcome = OUTCOME_REJECTED;
    result->reason = REASON_ENDPOINT_DEAD;
}

/* False: the error has no code of FCM's own, and its status must say what it means. */
static bool fcm_judge_error(json_t *document, struct attempt_result *result)
{
    json_t *detail = fcm_detail(document, FCM_ERROR_TYPE);
    const char *code = json_string_value(json_object_get(detail, "errorCode"));
    if (code == NULL) {
        return false;
    }
    if (strcmp(code, "INVALID_ARGUMENT") == 0) {
        result->outcome = OUTCOME_REJECTED;
        if (fcm_blames_token(document)) {
            fcm_reject_dead(result);
        }
        return true;
    }
    for (size_t i = 0; i < sizeof(fcm_errors) / sizeof(fcm_errors[0]); i++) {
        if (strcmp(fcm_errors[i].code, code) == 0) {
            result->outcome = fcm_errors[i].outcome;
            if (fcm_errors[i].is_dead) {
                fcm_reject_dead(result);
            }
            return true;
        }
    }
    return false;
}

void fcm_answer_judge(const struct http_rules *rules, struct http_reading *reading,
                      struct attempt_result *result)
{
    const struct http_answer *answer = reading->answer;
    struct http_verdict verdict = http_rules_judge(rules, reading);
    *result = (struct attempt_result){verdict.outcome, verdict.reason, verdict.retry_after_ms,
                                      slice_of(NULL, 0)};
    if (answer->status >= 400 && !answer->complete) {
        result->outcome = answer->outcome;
        result->reason = (uint16_t)answer->reason;
    } else if (answer->status >= 400) {
        (void)fcm_judge_error(http_reading_json(reading), result);
    } else if (result->outcome == OUTCOME_ACCEPTED) {
        json_t *name = json_object_get(http_reading_json(reading), "name");
        size_t len = json_string_length(name);
        result->ref = slice_of(json_string_value(name), len <= OUTCOME_REF_MAX ? len : 0);
    }
    /* 503 with Retry-After, too, is about everybody. */
    if (answer->status == 503 && verdict.outcome == OUTCOME_THROTTLED) {
        result->outcome = OUTCOME_THROTTLED;
        result->reason = answer->status;
    }
    if (answer->status == 429 && result->retry_after_ms == 0) {
        result->retry_after_ms = QUOTA_WAIT_MS;
    }
}
