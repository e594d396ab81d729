/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway may say to a request of several numbers: two bytes of status, one of flags, the
 * body. No answer makes an outcome that a provider cannot have, and what a whole answer says of one
 * number does not depend on what stands behind its list.
 */
#include <assert.h>

#include "worker/channel/kannel_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const numbers[] = {"+471", "+4790000001", "12345", "2"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct buf body = {0};
    buf_append(&body, data + 3, size - 3);
    (void)buf_cstr(&body);
    const struct http_answer answer = {
        .status = (uint16_t)((data[0] << 8 | data[1]) % 600),
        .complete = (data[2] & 1) != 0,
        .retry_after_ms = data[2],
        .body = buf_view(&body),
        .outcome = OUTCOME_UNCERTAIN,
        .reason = REASON_CONNECTION_LOST,
    };
    for (unsigned is_many = 0; is_many < 2; is_many++) {
        struct kannel_answer read;
        kannel_answer_read(&answer, is_many != 0, &read);
        assert(read.reason == answer.status || read.reason == REASON_CONNECTION_LOST);
        assert(is_many != 0 || read.listed.len == 0);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            enum outcome outcome = kannel_answer_outcome(&read, slice_str(numbers[i]));
            assert(outcome <= OUTCOME_MISCONFIGURED);
            assert(outcome == read.outcome || read.listed.len > 0);
        }
        assert(read.outcome != OUTCOME_ACCEPTED || answer.status / 100 == 2 ||
               (is_many != 0 && answer.status == 500));
    }
    buf_release(&body);
    return 0;
}
