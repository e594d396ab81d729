/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read as a key of a webhook must be, written again, the text that it was read from. An
 * input with a zero in it is a key and then a body to be signed.
 */
#include <assert.h>
#include <sodium.h>

#include "common/webhook_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_text(struct slice text, const struct webhook_key *key)
{
    char again[128] = "whsec_";
    (void)sodium_bin2base64(again + 6, sizeof(again) - 6, key->bytes, key->len,
                            (text.len - 6) % 4 == 0 ? sodium_base64_VARIANT_ORIGINAL
                                                    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    assert(slice_is(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_of(data, size);
    struct slice text = slice_take_until(&body, 0);
    struct webhook_key key;
    if (!webhook_key_read(text, &key)) {
        assert(key.len == 0);
        return 0;
    }
    assert(key.len >= WEBHOOK_KEY_MIN_BYTES && key.len <= WEBHOOK_KEY_MAX_BYTES);
    assert_text(text, &key);
    struct webhook_key keys[2] = {key, key};
    struct buf signature = {0};
    webhook_sign(&signature, keys, 2, slice_str("msg_1"), size, body);
    assert(signature.len < (size_t)2 * WEBHOOK_SIGNATURE_CHARS);
    size_t half = (signature.len - 1) / 2;
    assert(memcmp(signature.data, signature.data + half + 1, half) == 0);
    buf_release(&signature);
    return 0;
}
