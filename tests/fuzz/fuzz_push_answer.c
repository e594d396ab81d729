/* SPDX-License-Identifier: Apache-2.0 */
/* What Apple's and Firebase's services, or whoever stands in their place, may answer. Two bytes
 * choose the status and whether all of it came. Nobody is accepted who was not answered with 2xx,
 * and nobody's endpoint is dead by an answer that did not come whole. */
#include <assert.h>

#include "worker/channel/apns_answer.h"
#include "worker/channel/fcm_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct http_answer *answer, const struct attempt_result *result)
{
    assert((unsigned)result->outcome < OUTCOMES && result->outcome != OUTCOME_RETURNED);
    assert(result->outcome != OUTCOME_ACCEPTED || (answer->status >= 200 && answer->status <= 299));
    assert(result->reason != REASON_ENDPOINT_DEAD ||
           (answer->complete && answer->status >= 400 && result->outcome == OUTCOME_REJECTED));
    assert(result->ref.len <= OUTCOME_REF_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct buf body = {0};
    buf_append(&body, data + 2, size - 2);
    (void)buf_cstr(&body);
    const struct http_answer answer = {
        .status = (uint16_t)(200 + (data[0] | (data[1] & 1) << 8) % 400),
        .complete = (data[1] & 2) != 0,
        .retry_after_ms = (data[1] & 4) != 0 ? 1000 : 0,
        .body = buf_view(&body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    struct attempt_result result;
    apns_answer_judge(&answer, &result);
    check(&answer, &result);
    struct http_rules *rules = NULL;
    struct problem problem;
    enum err err = http_rules_new(&rules, NULL, true, "fuzz", &problem);
    assert(err == ERR_OK);
    struct http_reading reading;
    http_reading_init(&reading, &answer);
    fcm_answer_judge(rules, &reading, &result);
    check(&answer, &result);
    http_reading_release(&reading);
    http_rules_free(rules);
    buf_release(&body);
    return 0;
}
