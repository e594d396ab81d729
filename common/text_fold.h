/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_fold: text without the difference of capital and small letters, for comparing words that
 * people wrote: simple case folding (Unicode, CaseFolding.txt, status C and S: one character
 * becomes one) of the Latin letters with their accents, Greek, Cyrillic and Armenian. Other scripts
 * that have capitals (Georgian, Cherokee, ...) stay as they are, and so do the letters of phonetic
 * alphabets and polytonic Greek.
 *
 * Nothing is normalised: an accent that is a character of its own (NFD) is not the same as the
 * letter that has it (NFC).
 */
#ifndef TOCSIN_COMMON_TEXT_FOLD_H
#define TOCSIN_COMMON_TEXT_FOLD_H

#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

/* Takes the first character of well-formed UTF-8, which is not empty. */
uint32_t text_take_char(struct slice *text);
void text_put_char(struct buf *buf, uint32_t c);
uint32_t text_fold_char(uint32_t c);
/* Appends the well-formed UTF-8 folded; with it each run of blanks (Unicode's White_Space) becomes
 * one space, and those at both ends go. */
void text_fold_words(struct buf *buf, struct slice text);
bool text_is_blank(uint32_t c);

#endif
