/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_decode: transfer encodings (RFC 2045 section 6) and charsets undone. Lenient, as mail must
 * be: what cannot be decoded is passed over or becomes U+FFFD, and never an error. Pure.
 */
#ifndef TOCSIN_MAILIN_MAIL_DECODE_H
#define TOCSIN_MAILIN_MAIL_DECODE_H

#include "common/buf.h"
#include "common/slice.h"

/* "base64", "quoted-printable" in any case; anything else is as it is. Appends, never more than
 * text.len bytes. */
void mail_decode_transfer(struct buf *buf, struct slice text, struct slice encoding);
/* Into UTF-8. A charset that is not known here is taken for UTF-8, and for windows-1252 if it is
 * not that either. Appends well-formed UTF-8, at most three times text.len bytes. */
void mail_decode_charset(struct buf *buf, struct slice text, struct slice charset);

#endif
