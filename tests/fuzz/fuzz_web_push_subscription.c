/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody may have put into an audience's push column. A subscription that is taken must have
 * an endpoint that can stand in a request, and either be sent to or have no key. */
#include <assert.h>
#include <string.h>

#include "worker/channel/web_push_crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct web_push_subscription subscription;
    if (!web_push_subscription_read(&subscription, slice_of(data, size))) {
        return 0;
    }
    size_t len = strlen(subscription.endpoint);
    assert(len > 7 && len <= WEB_PUSH_ENDPOINT_BYTES);
    assert(strpbrk(subscription.endpoint, " \r\n\t") == NULL);
    struct buf body = {0};
    bool is_sealed = web_push_encrypt(&body, &subscription, slice_str("hello"), NULL);
    assert(body.len == (is_sealed ? 108 : 0));
    buf_release(&body);
    return 0;
}
