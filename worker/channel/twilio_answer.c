/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/twilio_answer.h"

#include <string.h>

/* Where a reason is 0, it is the answer's status. */
static const struct {
    uint32_t code;
    enum outcome outcome;
    enum reason reason;
} codes[] = {
    /* the account */
    {10001, OUTCOME_MISCONFIGURED, 0}, /* not active */
    {10004, OUTCOME_THROTTLED, 0},     /* calls under way */
    {20003, OUTCOME_MISCONFIGURED, REASON_AUTHENTICATION_FAILED},
    {20005, OUTCOME_MISCONFIGURED, 0}, /* not active */
    {20006, OUTCOME_MISCONFIGURED, 0}, /* access denied */
    {20404, OUTCOME_MISCONFIGURED, 0}, /* no such account */
    {20429, OUTCOME_THROTTLED, 0},     /* requests under way */
    {20500, OUTCOME_DEFERRED, 0},
    {20503, OUTCOME_DEFERRED, 0},
    /* the number */
    {21202, OUTCOME_REJECTED, 0}, /* premium */
    {21203, OUTCOME_REJECTED, 0}, /* international */
    {21211, OUTCOME_REJECTED, REASON_ADDRESS_UNKNOWN},
    {21214, OUTCOME_REJECTED, 0}, /* cannot be reached */
    {21215, OUTCOME_REJECTED, 0}, /* region of a call */
    {21216, OUTCOME_REJECTED, 0}, /* not allowed to call it */
    {21217, OUTCOME_REJECTED, REASON_ADDRESS_UNKNOWN},
    {21408, OUTCOME_REJECTED, 0}, /* region of a message */
    {21610, OUTCOME_REJECTED, REASON_OPTED_OUT_THERE},
    {21612, OUTCOME_REJECTED, 0}, /* no route to it from here */
    {21614, OUTCOME_REJECTED, REASON_ADDRESS_UNFIT},
    {21635, OUTCOME_REJECTED, REASON_ADDRESS_UNFIT}, /* a landline */
    {21219, OUTCOME_MISCONFIGURED, 0},               /* trial: unverified */
    {21608, OUTCOME_MISCONFIGURED, 0},               /* the same of a message */
    /* the message */
    {21602, OUTCOME_REJECTED, 0}, /* no body */
    {21605, OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE},
    {21617, OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE},
    {21658, OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE},
    {32018, OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE}, /* of TwiML */
    /* the sender */
    {21205, OUTCOME_MISCONFIGURED, 0}, /* callback URL */
    {21210, OUTCOME_MISCONFIGURED, 0}, /* From is not verified */
    {21212, OUTCOME_MISCONFIGURED, 0}, /* From is no number */
    {21213, OUTCOME_MISCONFIGURED, 0}, /* no From */
    {21601, OUTCOME_MISCONFIGURED, 0}, /* From cannot send SMS */
    {21603, OUTCOME_MISCONFIGURED, 0}, /* no From */
    {21606, OUTCOME_MISCONFIGURED, 0}, /* From is not the account's */
    {21609, OUTCOME_MISCONFIGURED, 0}, /* callback URL */
    {21611, OUTCOME_THROTTLED, 0},     /* the queue of From is full */
    {21659, OUTCOME_MISCONFIGURED, 0}, /* From is none of Twilio's */
    {21660, OUTCOME_MISCONFIGURED, 0}, /* From is of another account */
    {21661, OUTCOME_MISCONFIGURED, 0}, /* From cannot send SMS */
    {21703, OUTCOME_MISCONFIGURED, 0}, /* messaging service */
    {21704, OUTCOME_MISCONFIGURED, 0}, /* it has no senders */
    {21705, OUTCOME_MISCONFIGURED, 0}, /* there is none */
};

static const struct {
    uint16_t first;
    uint16_t last;
    enum outcome outcome;
} statuses[] = {
    {300, 399, OUTCOME_MISCONFIGURED}, {401, 405, OUTCOME_MISCONFIGURED},
    {407, 407, OUTCOME_MISCONFIGURED}, {408, 408, OUTCOME_DEFERRED},
    {425, 425, OUTCOME_THROTTLED},     {429, 429, OUTCOME_THROTTLED},
    {400, 499, OUTCOME_REJECTED},      {502, 502, OUTCOME_UNCERTAIN},
    {504, 504, OUTCOME_UNCERTAIN},     {500, 599, OUTCOME_DEFERRED},
};

static void read_status(const struct http_answer *answer, struct attempt_result *result)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (answer->status >= statuses[i].first && answer->status <= statuses[i].last) {
            bool asks_to_wait = answer->status == 503 && answer->retry_after_ms > 0;
            result->outcome = asks_to_wait ? OUTCOME_THROTTLED : statuses[i].outcome;
            result->reason = answer->status;
            return;
        }
    }
}

static bool read_code(const json_t *body, uint16_t status, struct attempt_result *result)
{
    json_int_t code = json_integer_value(json_object_get(body, "code"));
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code) {
            result->outcome = codes[i].outcome;
            result->reason = codes[i].reason == 0 ? status : (uint16_t)codes[i].reason;
            return true;
        }
    }
    return false;
}

/* A 2xx without a sid is somebody else's, and may hide anything. */
static void read_success(const json_t *body, uint16_t status, struct attempt_result *result)
{
    const json_t *sid = json_object_get(body, "sid");
    if (json_is_string(sid) && json_string_length(sid) <= OUTCOME_REF_MAX) {
        result->outcome = OUTCOME_ACCEPTED;
        result->reason = status;
        result->ref = slice_of(json_string_value(sid), json_string_length(sid));
    } else {
        result->outcome = OUTCOME_UNCERTAIN;
        result->reason = REASON_ANSWER_MALFORMED;
    }
}

struct attempt_result twilio_answer_read(struct http_reading *reading)
{
    const struct http_answer *answer = reading->answer;
    struct attempt_result result = {
        .outcome = answer->outcome,
        .reason = (uint16_t)answer->reason,
        .retry_after_ms = answer->retry_after_ms,
    };
    if (answer->status == 0 || !answer->complete) {
        return result;
    }
    const json_t *body = http_reading_json(reading);
    if (answer->status / 100 == 2) {
        read_success(body, answer->status, &result);
    } else if (answer->status / 100 == 3 || !read_code(body, answer->status, &result)) {
        read_status(answer, &result);
    }
    return result;
}
