/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime: mails written down: header fields (RFC 5322, encoded words of RFC 2047) and bodies (RFC
 * 2045, 2046). Pure. All lines end with CRLF and have at most 998 bytes, encoded ones 76. No value
 * can end its field: control characters become blanks.
 *
 * Addresses are written as mail_address gives them; beyond ASCII they stand as UTF-8 (RFC 6532).
 */
#ifndef TOCSIN_CHANNEL_MIME_H
#define TOCSIN_CHANNEL_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

/* Printable ASCII without blanks and colons. */
bool mime_field_name_is_valid(const char *name);

/* "Name: value", folded and encoded where needed. The value is UTF-8. */
void mime_field(struct buf *buf, const char *name, struct slice value);
/* "Name: Display name <address>"; an empty display name is left out. */
void mime_field_address(struct buf *buf, const char *name, struct slice display,
                        struct slice address);
/* "Date: Mon, 23 Nov 2026 10:00:00 +0000". */
void mime_field_date(struct buf *buf, uint64_t unix_ms);

/* A file as a part of a mail: its fields, an empty line, and its bytes in base64. The type goes by
 * the name's ending; names beyond ASCII as RFC 2231 has them. */
void mime_attachment(struct buf *buf, const char *name, struct slice bytes);
/* The type that goes by a file name's ending, "application/octet-stream" if none does. */
const char *mime_type_of(const char *name);
/* RFC 4648 section 4, without line breaks. */
void mime_base64(struct buf *buf, struct slice bytes);

struct mime_parts {
    struct slice text;
    struct slice html;
    const struct slice *attachments; /* as mime_attachment makes them */
    unsigned attachment_count;
};

/* MIME-Version and the rest of the header, the empty line and the body: text, HTML, or both as
 * alternatives if neither is empty; and the attachments behind. `boundary` is up to 60 letters,
 * digits, `-` and `_`, which nobody could know beforehand. */
void mime_body(struct buf *buf, const struct mime_parts *parts, struct slice boundary);

#endif
