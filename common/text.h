/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: small things about text that both programs need: UTF-8, base64url, hex, the nearest known
 * word, and numbers from strings.
 */
#ifndef TOCSIN_COMMON_TEXT_H
#define TOCSIN_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

/* Well-formed UTF-8 by RFC 3629 (no overlong forms, no surrogates, nothing above U+10FFFF)? Fast
 * for ASCII. *bad_at (may be NULL) gets the offset where the first ill-formed sequence begins. */
bool text_is_utf8(struct slice slice, size_t *bad_at);
/* Appends it with a question mark for each byte that is no part of UTF-8. */
void text_as_utf8(struct buf *buf, struct slice slice);
/* base64url without padding (RFC 4648 section 5). text_base64url_decode returns false for anything
 * not canonical; *out_len is set to what was written. */
void text_base64url(struct buf *buf, struct slice bytes);
bool text_base64url_decode(struct slice text, uint8_t *out, size_t out_cap, size_t *out_len);
void text_hex(struct buf *buf, struct slice bytes); /* lower case */
/* The entry of `known` (NULL-terminated) nearest to `word` by Damerau-Levenshtein distance, or NULL
 * when none is within about a third of its length: for "did you mean". */
const char *text_nearest(const char *word, const char *const *known);
/* Letters, digits, `_`, `.` and `-`, 1 to `max` of them: what people may call a thing that they
 * name in addresses and on command lines. */
bool text_is_name(struct slice text, size_t max);
/* The name of a file in some folder: 1 to TEXT_FILE_NAME_MAX bytes of UTF-8 without `/` and control
 * characters, which do not begin with a dot. */
#define TEXT_FILE_NAME_MAX 200
bool text_is_file_name(struct slice text);
/* The whole of `text` as a decimal number within [min, max]? */
bool text_number(struct slice text, uint64_t min, uint64_t max, uint64_t *value);
/* "250", "1.5s", "20ms", "5m", "2h", "1d" -> milliseconds (a bare number is seconds; less than a
 * millisecond is refused). */
bool text_duration_ms(struct slice text, uint64_t *ms);
/* JSON string contents (without the quotes), control characters, quotes and backslashes escaped
 * (RFC 8259). */
void text_json_escape(struct buf *buf, struct slice text);
/* For HTML and XML, as text and within quotes: & < > " and ' as entities. */
void text_markup(struct buf *buf, struct slice text);
/* application/x-www-form-urlencoded and URL components: everything but unreserved characters as %XX
 * (RFC 3986). */
void text_url_encode(struct buf *buf, struct slice text);
/* RFC 3339 in UTC with milliseconds: "2026-11-23T10:00:00.123Z". */
void text_time(struct buf *buf, uint64_t unix_ms);
/* The same as a zero-terminated string. Times after the year 9999 are written as its last
 * millisecond. */
#define TEXT_TIME_BYTES 24
void text_time_str(char out[TEXT_TIME_BYTES + 1], uint64_t unix_ms);
/* The whole of `text` as an RFC 3339 time from 1970 on: "2026-11-23T10:00:00Z",
 * "2026-11-23T11:00:00.5+01:00". Digits beyond milliseconds are dropped; the offset is required; a
 * leap second counts as the second after it. */
bool text_time_parse(struct slice text, uint64_t *unix_ms);

#endif
