/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_parts: how many short messages a text becomes, as networks count and charge them.
 *
 * A text of nothing but the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038,
 * section 6.2.1) goes out in septets, 160 in a single message; any other character makes the whole
 * text UCS-2, 70 units in a single message. A longer text is cut up, and each part has a header:
 * 153 septets or 67 units are left. A character of the extension table takes two septets, one
 * beyond U+FFFF takes two units, and neither is cut in two. National language tables are not
 * counted with: few gateways use them.
 */
#ifndef TOCSIN_COMMON_SMS_PARTS_H
#define TOCSIN_COMMON_SMS_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

struct sms_size {
    bool is_ucs2;
    uint32_t units; /* septets, or 16-bit units of UCS-2 */
    uint32_t parts; /* at least 1 */
};

/* Of UTF-8; a byte that is none counts as one character outside of the GSM alphabet. */
struct sms_size sms_parts(struct slice text);

#define SMS_PARTS_NO_CHARACTER 0xfffdU /* a byte that is no UTF-8 */

/* The character at *at, which is below text.len and moves behind it. */
uint32_t sms_parts_next(struct slice text, size_t *at);
/* Septets of a character; 0: it is not in the GSM alphabet. */
uint32_t sms_parts_septets(uint32_t c);

#endif
