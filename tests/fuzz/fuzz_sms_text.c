/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a short message: what is transliterated is of the alphabet, takes no more messages
 * than before, and stays as it is when it is done again; else the text is the one that came.
 */
#include <assert.h>
#include <string.h>

#include "common/sms_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sms_rule as_it_is = {false, 0};
    const struct sms_rule rule = {true, 0};
    struct slice text = slice_of(data, size);
    struct buf buf = {0};
    struct sms_size before;
    struct sms_size after;
    struct slice kept = sms_text(text, &as_it_is, &buf, &before);
    assert(kept.data == data && kept.len == size && before.parts >= 1);
    struct slice sent = sms_text(text, &rule, &buf, &after);
    struct sms_size counted = sms_parts(sent);
    assert(memcmp(&counted.units, &after.units, sizeof(after.units)) == 0);
    assert(after.parts == counted.parts && after.is_ucs2 == counted.is_ucs2);
    assert(after.parts <= before.parts);
    assert((sent.data == data && sent.len == size) || (before.is_ucs2 && !after.is_ucs2));
    struct buf again = {0};
    struct slice same = sms_text(sent, &rule, &again, &after);
    assert(same.data == sent.data && same.len == sent.len);
    buf_release(&again);
    buf_release(&buf);
    return 0;
}
