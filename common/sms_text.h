/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_text: a text written in the GSM 7-bit alphabet where it nearly is, so that one typographic
 * quote does not make three messages of one.
 *
 * What is in the alphabet stays as it is (é, ä, ø, the euro sign). Beside it:
 *
 *     Latin letters with marks     their base letter: ő o, ç c, Ł L, ế e
 *     ligatures, thorn, capital ß  Œ OE, Ĳ IJ, ŉ 'n, Þ Th, ẞ SS
 *     quotes                       ' and " for all shapes of them, for ` and ´ too
 *     hyphens, dashes, minus       -
 *     ellipsis, bullet             ... and *
 *     spaces, tab                  a space: no-break, thin, figure, ideographic
 *     of no width, soft hyphen     nothing
 *     fractions, signs             1/2 1/4 3/4 x / u (C) (R) (TM) No. -> <-
 *     a mark that stands alone     with the letter before it what the alphabet has (e + U+0301 is
 *                                  é), else nothing (o + U+030B is o)
 *
 * Everything else, other scripts above all, has no such form: a text with a single character of it
 * goes out as it was written, whole, as it needs UCS-2 anyway. So does one of which nothing would
 * be left, or more short messages than before.
 */
#ifndef TOCSIN_COMMON_SMS_TEXT_H
#define TOCSIN_COMMON_SMS_TEXT_H

#include "common/buf.h"
#include "common/sms_parts.h"

/* What a provider's settings say of its short messages. */
struct sms_rule {
    bool transliterate;
    uint32_t max_parts; /* a longer text is not sent; 0: however long it is */
};

#define SMS_RULE_MAX_PARTS 10 /* max_parts unless the settings say another */

/* The text as it goes out under the rule: as it is, or transliterated in `buf` (cleared before). */
struct slice sms_text(struct slice text, const struct sms_rule *rule, struct buf *buf,
                      struct sms_size *size);
/* Is it longer than the rule lets out? */
static inline bool sms_text_is_too_long(const struct sms_size *size, const struct sms_rule *rule)
{
    return rule->max_parts != 0 && size->parts > rule->max_parts;
}

#endif
