/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 by the table of RFC 3629 section 4: the first byte says how many follow, and narrows the
 * second so that overlong forms, surrogates and numbers above U+10FFFF cannot be written. Most of
 * what comes in is ASCII, which is passed over eight bytes a step.
 */
#include "common/text.h"

#define ASCII_MASK UINT64_C(0x8080808080808080)

/* Length of the ASCII run at the front. */
static size_t ascii_run(const uint8_t *at, size_t len)
{
    size_t i = 0;
    while (len - i >= 8) {
        uint64_t word;
        memcpy(&word, at + i, 8);
        if ((word & ASCII_MASK) != 0) {
            break;
        }
        i += 8;
    }
    while (i < len && at[i] < 0x80) {
        i++;
    }
    return i;
}

/* The bytes that follow `lead` and the range of the first of them; 0 if nothing may begin so. */
static unsigned utf8_tail(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 1;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 2;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

/* Bytes of the well-formed sequence at the front (its lead is not ASCII), or 0. */
static size_t utf8_sequence(const uint8_t *at, size_t len)
{
    uint8_t low;
    uint8_t high;
    unsigned tail = utf8_tail(at[0], &low, &high);
    if (tail == 0 || len <= tail || at[1] < low || at[1] > high) {
        return 0;
    }
    for (unsigned i = 2; i <= tail; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return tail + 1;
}

bool text_is_utf8(struct slice slice, size_t *bad_at)
{
    size_t i = 0;
    while (i < slice.len) {
        if (slice.data[i] < 0x80) {
            i += ascii_run(slice.data + i, slice.len - i);
            continue;
        }
        size_t step = utf8_sequence(slice.data + i, slice.len - i);
        if (step == 0) {
            if (bad_at != NULL) {
                *bad_at = i;
            }
            return false;
        }
        i += step;
    }
    return true;
}

void text_as_utf8(struct buf *buf, struct slice slice)
{
    size_t bad_at;
    while (!text_is_utf8(slice, &bad_at)) {
        buf_append(buf, slice.data, bad_at);
        buf_u8(buf, '?');
        slice = slice_of(slice.data + bad_at + 1, slice.len - bad_at - 1);
    }
    buf_slice(buf, slice);
}
