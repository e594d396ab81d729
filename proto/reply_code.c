/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reply_code.h"

#include <string.h>

enum { BITS = 5, PLAIN_BYTES = 14 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char word[] = "ACK";

void reply_code_write(uint64_t campaign, uint32_t ordinal, const uint8_t key[HASH_KEY_BYTES],
                      char code[REPLY_CODE_CHARS])
{
    /* Not the 12 bytes of any token: who has a code has no part of a token's MAC. */
    uint8_t plain[PLAIN_BYTES] = {'R', 'C'};
    for (unsigned i = 0; i < 8; i++) {
        plain[2 + i] = (uint8_t)(campaign >> (8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        plain[10 + i] = (uint8_t)(ordinal >> (8 * i));
    }
    uint64_t bits = hash_keyed128(key, slice_of(plain, sizeof(plain))).low;
    for (unsigned i = 0; i < REPLY_CODE_CHARS; i++) {
        code[i] = alphabet[bits >> (BITS * i) & 31];
    }
}

/* The length of the blank that the text begins with, or 0. */
static size_t blank_at(struct slice text)
{
    uint8_t c = text.data[0];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        return 1;
    }
    return c == 0xc2 && text.len > 1 && text.data[1] == 0xa0 ? 2 : 0; /* no-break space */
}

static char upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* 0: it stands in no code. */
static char code_char(char c)
{
    if (c == 'O') {
        return '0';
    }
    if (c == 'I' || c == 'L') {
        return '1';
    }
    return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

bool reply_code_read(struct slice message, char code[REPLY_CODE_CHARS])
{
    const unsigned word_chars = sizeof(word) - 1;
    unsigned count = 0;
    while (message.len > 0) {
        size_t used = blank_at(message);
        if (used == 0) {
            char c = upper(message.data[0]);
            used = 1;
            if (count < word_chars) {
                if (c != word[count]) {
                    return false;
                }
            } else if (count == word_chars + REPLY_CODE_CHARS || code_char(c) == '\0') {
                return false;
            } else {
                code[count - word_chars] = code_char(c);
            }
            count++;
        }
        message = slice_of(message.data + used, message.len - used);
    }
    return count == word_chars + REPLY_CODE_CHARS;
}
