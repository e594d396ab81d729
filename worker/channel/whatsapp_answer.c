/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/whatsapp_answer.h"

struct code_range {
    json_int_t first;
    json_int_t last;
    enum outcome outcome;
    uint32_t retry_after_ms;
};

/* Meta's list of error codes; the first row that fits. A code that is not here is deferred: it was
 * not taken, and nobody knows whom it is about. */
static const struct code_range whatsapp_codes[] = {
    {4, 4, OUTCOME_THROTTLED, 0},                /* too many calls of the app */
    {80007, 80007, OUTCOME_THROTTLED, 0},        /* ... of the business account */
    {130429, 130429, OUTCOME_THROTTLED, 0},      /* ... of the number */
    {131048, 131048, OUTCOME_THROTTLED, 600000}, /* too much of it was taken for spam */
    {131056, 131056, OUTCOME_DEFERRED, 6000},    /* too much for this recipient: one in 6 s */
    {1, 2, OUTCOME_DEFERRED, 0},                 /* trouble of the server's */
    {131000, 131000, OUTCOME_DEFERRED, 0},       /* something went wrong, not sent */
    {131016, 131016, OUTCOME_DEFERRED, 0},       /* service unavailable */
    {131057, 131057, OUTCOME_DEFERRED, 60000},   /* the account is being maintained */
    {133004, 133004, OUTCOME_DEFERRED, 0},       /* server temporarily unavailable */
    {0, 0, OUTCOME_MISCONFIGURED, 0},            /* the token */
    {3, 3, OUTCOME_MISCONFIGURED, 0},            /* permissions */
    {10, 10, OUTCOME_MISCONFIGURED, 0},
    {33, 33, OUTCOME_MISCONFIGURED, 0}, /* there is no such number of ours */
    {190, 190, OUTCOME_MISCONFIGURED, 0},
    {200, 299, OUTCOME_MISCONFIGURED, 0},
    {368, 368, OUTCOME_MISCONFIGURED, 0},       /* blocked for what was sent before */
    {131005, 131005, OUTCOME_MISCONFIGURED, 0}, /* access denied */
    {131031, 131031, OUTCOME_MISCONFIGURED, 0}, /* the account is locked */
    {131037, 131037, OUTCOME_MISCONFIGURED, 0}, /* the number's name is not approved */
    {131042, 131042, OUTCOME_MISCONFIGURED, 0}, /* payment */
    {131045, 131045, OUTCOME_MISCONFIGURED, 0}, /* the number is not registered */
    {132005, 132005, OUTCOME_REJECTED, 0},      /* too long once it is filled */
    {132012, 132012, OUTCOME_REJECTED, 0},      /* a value of no form that the template takes */
    {132018, 132018, OUTCOME_REJECTED, 0},      /* the same */
    {132000, 132999, OUTCOME_MISCONFIGURED,
     0}, /* the template: missing, paused, other parameters */
    {133000, 133999, OUTCOME_MISCONFIGURED, 0}, /* the number's registration */
    {100, 100, OUTCOME_REJECTED, 0},            /* a parameter that is not valid */
    {130472, 130472, OUTCOME_REJECTED, 0},      /* part of an experiment of Meta's */
    {130497, 130497, OUTCOME_REJECTED, 0},      /* not to this country */
    {131008, 131009, OUTCOME_REJECTED, 0},      /* a parameter is missing or not valid */
    {131021, 131021, OUTCOME_REJECTED, 0},      /* the number is our own */
    {131026, 131026, OUTCOME_REJECTED, 0},      /* undeliverable: not on WhatsApp, or too old */
    {131030, 131030, OUTCOME_REJECTED, 0},      /* not on the list of a test number */
    {131047, 131047, OUTCOME_REJECTED, 0},      /* more than a day since he wrote */
    {131049, 131051, OUTCOME_REJECTED, 0},      /* Meta holds it back; opted out; wrong type */
    {131052, 131053, OUTCOME_REJECTED, 0},      /* media */
};

static const struct code_range whatsapp_unknown = {.outcome = OUTCOME_DEFERRED};

static const struct code_range *find_code(json_int_t code)
{
    for (size_t i = 0; i < sizeof(whatsapp_codes) / sizeof(whatsapp_codes[0]); i++) {
        if (code >= whatsapp_codes[i].first && code <= whatsapp_codes[i].last) {
            return &whatsapp_codes[i];
        }
    }
    return &whatsapp_unknown;
}

void whatsapp_answer_judge(struct http_reading *reading, struct attempt_result *result,
                           struct buf *scratch)
{
    (void)scratch;
    const struct http_answer *answer = reading->answer;
    const json_t *document = http_reading_json(reading);
    const json_t *code = json_object_get(json_object_get(document, "error"), "code");
    const json_t *message = json_array_get(json_object_get(document, "messages"), 0);
    const json_t *id = json_object_get(message, "id");
    if (json_is_integer(code)) {
        const struct code_range *found = find_code(json_integer_value(code));
        const struct json_post_code row = {"", found->outcome, 0, found->retry_after_ms};
        json_post_apply(&row, answer, result);
    } else if (answer->status / 100 == 2 && json_is_string(id)) {
        result->ref = slice_of(json_string_value(id), json_string_length(id));
    } else if (answer->status / 100 == 2) {
        json_post_unreadable(answer, result);
    }
}
