/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/apns_answer.h"

#include <jansson.h>
#include <string.h>

struct reason_row {
    const char *reason;
    enum outcome outcome;
    uint16_t told; /* the reason that goes with it; 0: the status */
};

#define DEAD      OUTCOME_REJECTED, REASON_ENDPOINT_DEAD
#define REJECTED  OUTCOME_REJECTED, 0
#define DEFERRED  OUTCOME_DEFERRED, 0
#define THROTTLED OUTCOME_THROTTLED, 0
#define OURS      OUTCOME_MISCONFIGURED, 0 /* settings or token: it would befall everybody */

/* DeviceTokenNotForTopic is what every token says to a wrong `topic`, and BadDeviceToken what every
 * one says at the sandbox's address if it is not of the sandbox: none is given up for it.
 * TooManyRequests is about one device, TooManyProviderTokenUpdates about us. */
static const struct reason_row reasons[] = {
    {"BadDeviceToken", REJECTED},
    {"Unregistered", DEAD},
    {"ExpiredToken", DEAD},
    {"DeviceTokenNotForTopic", REJECTED},
    {"MissingDeviceToken", REJECTED},
    {"PayloadEmpty", REJECTED},
    {"PayloadTooLarge", OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE},
    {"BadCollapseId", REJECTED},
    {"BadMessageId", REJECTED},
    {"IdleTimeout", DEFERRED},
    {"TooManyRequests", DEFERRED},
    {"InternalServerError", DEFERRED},
    {"ServiceUnavailable", DEFERRED},
    {"Shutdown", DEFERRED},
    {"TooManyProviderTokenUpdates", THROTTLED},
    {"BadCertificate", OURS},
    {"BadCertificateEnvironment", OURS},
    {"BadEnvironmentKeyIdInToken", OURS},
    {"BadExpirationDate", OURS},
    {"BadPath", OURS},
    {"BadPriority", OURS},
    {"BadTopic", OURS},
    {"DuplicateHeaders", OURS},
    {"ExpiredProviderToken", OURS},
    {"Forbidden", OURS},
    {"InvalidProviderToken", OURS},
    {"InvalidPushType", OURS},
    {"MethodNotAllowed", OURS},
    {"MissingProviderToken", OURS},
    {"MissingTopic", OURS},
    {"TopicDisallowed", OURS},
    {"TopicMismatch", OURS},
    {"UnrelatedKeyIdInToken", OURS},
};

/* Of a reason that came after this was written. */
static enum outcome outcome_of_status(uint16_t status)
{
    return status == 200                    ? OUTCOME_ACCEPTED
           : status < 400                   ? OUTCOME_MISCONFIGURED
           : status == 400 || status == 410 ? OUTCOME_REJECTED
           : status == 413                  ? OUTCOME_REJECTED
           : status == 408                  ? OUTCOME_DEFERRED
           : status == 429                  ? OUTCOME_THROTTLED
           : status < 500                   ? OUTCOME_MISCONFIGURED
           : status == 502 || status == 504 ? OUTCOME_UNCERTAIN
                                            : OUTCOME_DEFERRED;
}

static const struct reason_row *row_of(const struct http_answer *answer)
{
    json_t *document =
        json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *reason = json_string_value(json_object_get(document, "reason"));
    const struct reason_row *row = NULL;
    for (size_t i = 0; reason != NULL && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reasons[i].reason, reason) == 0) {
            row = &reasons[i];
            break;
        }
    }
    json_decref(document);
    return row;
}

void apns_answer_judge(const struct http_answer *answer, struct attempt_result *result)
{
    *result = (struct attempt_result){
        .outcome = answer->outcome,
        .reason = (uint16_t)answer->reason,
        .retry_after_ms = answer->retry_after_ms,
    };
    bool is_whole = answer->complete || answer->status == 200;
    if (answer->status == 0 || !is_whole) {
        return;
    }
    result->outcome = outcome_of_status(answer->status);
    result->reason = answer->status;
    const struct reason_row *row = answer->status < 400 ? NULL : row_of(answer);
    if (row != NULL) {
        result->outcome = row->outcome;
        result->reason = row->told == 0 ? answer->status : row->told;
    }
    if (answer->status == 503 && answer->retry_after_ms > 0) {
        result->outcome = OUTCOME_THROTTLED;
        result->reason = answer->status;
    }
}

bool apns_answer_shows_valid_token(const struct http_answer *answer,
                                   const struct attempt_result *result)
{
    return answer->status != 0 && answer->status < 500 && answer->complete &&
           result->outcome != OUTCOME_MISCONFIGURED;
}
