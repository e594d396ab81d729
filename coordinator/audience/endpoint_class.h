/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint_class: what a byte may be in addresses and names, as one table of bits. For the files of
 * `endpoint`.
 */
#ifndef TOCSIN_AUDIENCE_ENDPOINT_CLASS_H
#define TOCSIN_AUDIENCE_ENDPOINT_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLASS_DIGIT = 1,
    CLASS_UPPER = 2,
    CLASS_LOWER = 4,
    CLASS_HIGH = 8,   /* a byte of a UTF-8 sequence */
    CLASS_ATEXT = 16, /* punctuation in the local part of an address: atext of RFC 5322 */
    CLASS_URL =
        32, /* punctuation in path and query: sub-delims, unreserved and ":@/?" of RFC 3986 */
    CLASS_UNDERSCORE = 64,
    CLASS_ALPHA = CLASS_UPPER | CLASS_LOWER,
    CLASS_ALNUM = CLASS_ALPHA | CLASS_DIGIT
};

extern const uint8_t endpoint_class[256];

static inline bool class_has(uint8_t byte, unsigned classes)
{
    return (endpoint_class[byte] & classes) != 0;
}

/* ASCII letters of [from, to) become lower case. */
static inline void class_lower(uint8_t *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        text[i] |= class_has(text[i], CLASS_UPPER) ? 0x20 : 0;
    }
}

/*
 * Bytes of the host name at the front: labels of letters, digits, dashes and whatever `also`
 * allows, with single dots between, none longer than 63 nor with a dash at an end; 255 in all. 0 if
 * there is none.
 */
size_t class_host(const uint8_t *text, size_t len, unsigned also);
/* Is this an address literal of RFC 5321 section 4.1.3 or RFC 3986 section 3.2.2, with its
 * brackets? `v6_prefix`: "IPv6:" or "". */
bool class_is_literal(const uint8_t *text, size_t len, const char *v6_prefix);

#endif
