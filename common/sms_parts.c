/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways of writing the text are counted in one pass, until a character decides for UCS-2.
 */
#include "common/sms_parts.h"

#define GSM_SINGLE  160
#define GSM_PART    153
#define UCS2_SINGLE 70
#define UCS2_PART   67

/* Of the default alphabet, what is not ASCII. */
static const uint16_t gsm_beyond_ascii[] = {
    0x00a1, 0x00a3, 0x00a4, 0x00a5, 0x00a7, 0x00bf, 0x00c4, 0x00c5, 0x00c6, 0x00c7,
    0x00c9, 0x00d1, 0x00d6, 0x00d8, 0x00dc, 0x00df, 0x00e0, 0x00e4, 0x00e5, 0x00e6,
    0x00e8, 0x00e9, 0x00ec, 0x00f1, 0x00f2, 0x00f6, 0x00f8, 0x00f9, 0x00fc, 0x0393,
    0x0394, 0x0398, 0x039b, 0x039e, 0x03a0, 0x03a3, 0x03a6, 0x03a8, 0x03a9,
};
#define GSM_BEYOND_ASCII (sizeof(gsm_beyond_ascii) / sizeof(gsm_beyond_ascii[0]))
#define EURO_SIGN        0x20acU

struct count {
    uint32_t units;
    uint32_t parts; /* if it is cut up */
    uint32_t used;  /* of the last part */
};

static void add(struct count *count, uint32_t units, uint32_t part)
{
    count->units += units;
    if (count->used + units > part) {
        count->parts++;
        count->used = 0;
    }
    count->used += units;
}

uint32_t sms_parts_septets(uint32_t c)
{
    switch (c) {
    case '\f':
    case '[':
    case '\\':
    case ']':
    case '^':
    case '{':
    case '|':
    case '}':
    case '~':
    case EURO_SIGN:
        return 2;
    case '\n':
    case '\r':
        return 1;
    case '`':
        return 0;
    default:
        break;
    }
    if (c < 0x80) {
        return c >= ' ' && c < 0x7f ? 1 : 0;
    }
    for (size_t i = 0; i < GSM_BEYOND_ASCII; i++) {
        if (gsm_beyond_ascii[i] == c) {
            return 1;
        }
    }
    return 0;
}

uint32_t sms_parts_next(struct slice text, size_t *at)
{
    uint32_t c = text.data[(*at)++];
    if (c < 0x80) {
        return c;
    }
    unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || more > text.len - *at) {
        return SMS_PARTS_NO_CHARACTER;
    }
    c &= 0x3fU >> more;
    for (unsigned i = 0; i < more; i++) {
        uint32_t byte = text.data[*at + i];
        if ((byte & 0xc0U) != 0x80) {
            return SMS_PARTS_NO_CHARACTER;
        }
        c = c << 6 | (byte & 0x3fU);
    }
    *at += more;
    return c;
}

struct sms_size sms_parts(struct slice text)
{
    struct count gsm = {.parts = 1};
    struct count ucs2 = {.parts = 1};
    bool is_ucs2 = false;
    for (size_t at = 0; at < text.len;) {
        uint32_t c = sms_parts_next(text, &at);
        uint32_t wanted = is_ucs2 ? 0 : sms_parts_septets(c);
        is_ucs2 = wanted == 0;
        add(&gsm, wanted, GSM_PART);
        add(&ucs2, c > 0xffff ? 2 : 1, UCS2_PART);
    }
    const struct count *count = is_ucs2 ? &ucs2 : &gsm;
    uint32_t single = is_ucs2 ? UCS2_SINGLE : GSM_SINGLE;
    return (struct sms_size){is_ucs2, count->units, count->units <= single ? 1 : count->parts};
}
