/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_address: an address as it is said to a relay and written into a header. Pure.
 *
 *     local part  a dot-string or a quoted-string (RFC 5321 section 4.1.2), at most 64 bytes; with
 *                 characters beyond ASCII the relay must offer SMTPUTF8 (RFC 6531)
 *     domain      a host's name, or a literal in brackets; names beyond ASCII become A-labels (RFC
 *                 5891, with the mapping of UTS 46), which every relay takes
 *
 * At most 254 bytes as written (RFC 5321 section 4.5.3.1). No blank outside of quotes, no angle
 * bracket, no control character: nothing that could end a command or a header field.
 */
#ifndef TOCSIN_CHANNEL_MAIL_ADDRESS_H
#define TOCSIN_CHANNEL_MAIL_ADDRESS_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

/* Appends it. *needs_utf8: its local part is not ASCII. False for what is no address; buf is as it
 * was then. */
bool mail_address_write(struct buf *buf, struct slice address, bool *needs_utf8);
bool mail_address_is_valid(struct slice address);
/* Of a setting: an address whose local part is ASCII? `where` and `key` begin the problem's text.
 * ERR_INVALID. */
enum err mail_address_check(const char *address, const char *where, const char *key,
                            struct problem *problem) WARN_UNUSED;
bool mail_address_is_ascii(struct slice address);

#endif
