/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address_list: addresses in header fields (RFC 5322 section 3.4), and the delivery token in those
 * that this program answers to: `bounces+TOKEN@n.example` (VERP) and `reply+TOKEN@n.example`.
 */
#ifndef TOCSIN_MAILIN_ADDRESS_LIST_H
#define TOCSIN_MAILIN_ADDRESS_LIST_H

#include <stdbool.h>

#include "common/slice.h"

/* The next address of a list off the front, without its display name and angle brackets; false at
 * the end. Empty for `<>`. */
bool address_list_next(struct slice *rest, struct slice *address);
/* The part before the last @. */
struct slice address_local(struct slice address);
/* Of `prefix+TOKEN@domain`: TOKEN_CHARS characters of base64url. The prefix is compared in any
 * case; the token is as it stands. */
bool address_token(struct slice address, const char *prefix, struct slice *token);
/* All characters that a token can have, and as many. */
bool mail_is_token(struct slice text);

#endif
