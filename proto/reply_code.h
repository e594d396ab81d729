/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_code: what a recipient writes back to acknowledge where there are no links: "ACK 7KQ2". The
 * code is computed from the campaign, the recipient and the campaign's delivery key, and not
 * stored: 20 bits of SipHash-2-4-128, four characters of Crockford's base32 (digits and letters
 * without I, L, O and U; who writes I or L means 1, who writes O means 0).
 *
 * It is short, so it proves nothing alone: it only says which of the few campaigns is meant that
 * went to the number that the reply came from.
 */
#ifndef TOCSIN_PROTO_REPLY_CODE_H
#define TOCSIN_PROTO_REPLY_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/slice.h"

#define REPLY_CODE_CHARS 4

/* Writes REPLY_CODE_CHARS characters, no zero. */
void reply_code_write(uint64_t campaign, uint32_t ordinal, const uint8_t key[HASH_KEY_BYTES],
                      char code[REPLY_CODE_CHARS]);
/* The code in a reply, which is all of the message: `ACK` and the code, in any case, with blanks
 * (ASCII or no-break) wherever they are. False for any other message. */
bool reply_code_read(struct slice message, char code[REPLY_CODE_CHARS]);

#endif
