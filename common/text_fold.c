/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capitals stand in blocks: either a fixed distance before their small letters, or each right
 * before its own, the capitals all even or all odd. A table of such runs has them all, and what
 * stands alone is a run of one.
 */
#include "common/text_fold.h"

#include <stdbool.h>
#include <stddef.h>

struct run {
    uint32_t first;
    uint32_t last;
    int32_t distance; /* PAIRS: capitals are first, first + 2, ... */
};
#define PAIRS 0

/* Ascending. */
static const struct run runs[] = {
    {'A', 'Z', 32},
    {0x00b5, 0x00b5, 0x03bc - 0x00b5}, /* micro sign: mu */
    {0x00c0, 0x00d6, 32},
    {0x00d8, 0x00de, 32},
    {0x0100, 0x012e, PAIRS},
    {0x0132, 0x0136, PAIRS},
    {0x0139, 0x0147, PAIRS},
    {0x014a, 0x0176, PAIRS},
    {0x0178, 0x0178, 0x00ff - 0x0178},
    {0x0179, 0x017d, PAIRS},
    {0x017f, 0x017f, 's' - 0x017f},    /* long s */
    {0x0181, 0x0181, 0x0253 - 0x0181}, /* of Hausa, Azerbaijani, Ewe, Vietnamese: */
    {0x0186, 0x0186, 0x0254 - 0x0186},
    {0x018a, 0x018a, 0x0257 - 0x018a},
    {0x018f, 0x018f, 0x0259 - 0x018f},
    {0x0190, 0x0190, 0x025b - 0x0190},
    {0x0198, 0x0198, PAIRS},
    {0x01a0, 0x01a0, PAIRS},
    {0x01af, 0x01af, PAIRS},
    {0x01b3, 0x01b3, PAIRS},
    {0x01cd, 0x01db, PAIRS},
    {0x01de, 0x01ee, PAIRS},
    {0x01f8, 0x021e, PAIRS},
    {0x0222, 0x0232, PAIRS},
    {0x0386, 0x0386, 38},
    {0x0388, 0x038a, 37},
    {0x038c, 0x038c, 64},
    {0x038e, 0x038f, 63},
    {0x0391, 0x03a1, 32},
    {0x03a3, 0x03ab, 32},
    {0x03c2, 0x03c2, 1}, /* sigma at a word's end */
    {0x0400, 0x040f, 80},
    {0x0410, 0x042f, 32},
    {0x0460, 0x0480, PAIRS},
    {0x048a, 0x04be, PAIRS},
    {0x04c0, 0x04c0, 15},
    {0x04c1, 0x04cd, PAIRS},
    {0x04d0, 0x052e, PAIRS},
    {0x0531, 0x0556, 48},
    {0x1e00, 0x1e94, PAIRS},
    {0x1e9e, 0x1e9e, 0x00df - 0x1e9e}, /* capital sharp s */
    {0x1ea0, 0x1efe, PAIRS},
    {0xff21, 0xff3a, 32}, /* full width */
};

uint32_t text_take_char(struct slice *text)
{
    const uint8_t *at = text->data;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t c = len == 1 ? at[0] : at[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | (at[i] & 0x3f);
    }
    *text = slice_of(at + len, text->len - len);
    return c;
}

void text_put_char(struct buf *buf, uint32_t c)
{
    unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    buf_u8(buf, (uint8_t)(heads[more] | c >> (6 * more)));
    while (more-- > 0) {
        buf_u8(buf, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
    }
}

uint32_t text_fold_char(uint32_t c)
{
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && c >= runs[i].first; i++) {
        const struct run *run = &runs[i];
        if (c > run->last) {
            continue;
        }
        if (run->distance == PAIRS) {
            return (c - run->first) % 2 == 0 ? c + 1 : c;
        }
        return (uint32_t)((int64_t)c + run->distance);
    }
    return c;
}

bool text_is_blank(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

void text_fold_words(struct buf *buf, struct slice text)
{
    const size_t begin = buf->len;
    bool is_behind_blank = false;
    while (text.len > 0) {
        uint32_t c = text_take_char(&text);
        if (text_is_blank(c)) {
            is_behind_blank = buf->len > begin;
            continue;
        }
        if (is_behind_blank) {
            buf_u8(buf, ' ');
            is_behind_blank = false;
        }
        text_put_char(buf, text_fold_char(c));
    }
}
