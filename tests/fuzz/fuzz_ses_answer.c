/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SES may say: two bytes of status, one for the length of the error's type, the type, the
 * body. Nobody was taken by a request that is refused, and nobody is accepted but by a 2xx.
 */
#include <assert.h>

#include "worker/channel/ses_answer.h"

#define ENTRIES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size < 3u + data[2]) {
        return 0;
    }
    struct buf type = {0};
    struct buf body = {0};
    buf_append(&type, data + 3, data[2]);
    buf_append(&body, data + 3 + data[2], size - 3 - data[2]);
    (void)buf_cstr(&body);
    const struct http_answer answer = {
        .status = (uint16_t)((data[0] << 8 | data[1]) % 600),
        .body = buf_view(&body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    struct ses_answer read;
    ses_answer_read(&read, &answer, type.len == 0 ? NULL : buf_cstr(&type));
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct attempt_result result = ses_answer_result(&read, i);
        assert(result.outcome <= OUTCOME_MISCONFIGURED);
        assert(result.outcome != OUTCOME_ACCEPTED || (answer.status >= 200 && answer.status < 300));
        assert(!read.is_refusal || result.outcome == OUTCOME_REJECTED);
        assert(result.ref.len == 0 || result.outcome == OUTCOME_ACCEPTED);
    }
    ses_answer_release(&read);
    buf_release(&type);
    buf_release(&body);
    return 0;
}
