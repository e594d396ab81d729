/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vapid: how an application server says to a push service who it is (RFC 8292): a token signed with
 * its own key for each origin, good for some hours, and the key's public half. Tokens are kept
 * until half of their time is over. Pure but for the signature; time comes in.
 */
#ifndef TOCSIN_CHANNEL_VAPID_H
#define TOCSIN_CHANNEL_VAPID_H

#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"

struct vapid;

/* key: 43 characters of base64url (the form of most tools), or PEM. subject: "mailto:…" or
 * "https://…", by which the service can reach somebody. ERR_INVALID. */
enum err vapid_new(struct vapid **out, struct slice key, const char *subject,
                   struct problem *problem) WARN_UNUSED;
void vapid_free(struct vapid *vapid); /* NULL is fine */

/* "https://host[:port]" of a URL, lower case; empty if there is none. */
struct slice vapid_origin(struct slice url);
/* The header "authorization: vapid t=…, k=…" for the origin; valid until the next call. NULL only
 * if libcrypto fails. */
const char *vapid_header(struct vapid *vapid, struct slice origin, uint64_t now_s);

#endif
