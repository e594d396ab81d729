/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chat service may say: a byte that chooses the service, two of status, one of flags, the
 * body. No answer makes an outcome that a provider cannot have; nothing but a success that the body
 * confirms is accepted, and nothing but that has a ref.
 */
#include <assert.h>
#include <string.h>

#include "worker/channel/slack_answer.h"
#include "worker/channel/whatsapp_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const json_post_judge_fn judges[] = {slack_answer_judge, whatsapp_answer_judge};

static void check(json_post_judge_fn judge, const struct http_answer *answer)
{
    struct http_reading reading;
    struct buf scratch = {0};
    /* As the status would have it. */
    struct attempt_result result = {
        .outcome = answer->status / 100 == 2 ? OUTCOME_ACCEPTED : OUTCOME_DEFERRED,
        .reason = answer->status,
    };
    http_reading_init(&reading, answer);
    judge(&reading, &result, &scratch);
    assert(result.outcome <= OUTCOME_MISCONFIGURED && result.reason != 0);
    if (result.outcome == OUTCOME_ACCEPTED) {
        assert(answer->status / 100 == 2 && http_reading_json(&reading) != NULL);
    } else {
        assert(result.ref.len == 0);
    }
    assert(result.ref.len == 0 || result.ref.data != NULL);
    http_reading_release(&reading);
    buf_release(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    struct buf body = {0};
    buf_append(&body, data + 4, size - 4);
    (void)buf_cstr(&body);
    const struct http_answer answer = {
        .status = (uint16_t)(200 + (data[1] << 8 | data[2]) % 400),
        .complete = (data[3] & 1) != 0,
        .retry_after_ms = data[3],
        .body = buf_view(&body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    check(judges[data[0] % 2], &answer);
    buf_release(&body);
    return 0;
}
