/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_reply: what a person wrote in a reply: without the mail it answers, signature and what
 * mail programs put below. Pure. Cutting is by convention, not by any standard: where a
 * convention is not met, more stays, as no word of a person may be lost.
 */
#ifndef TOCSIN_MAILIN_MAIL_REPLY_H
#define TOCSIN_MAILIN_MAIL_REPLY_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/slice.h"
#include "mailin/mail_message.h"

#define MAIL_REPLY_MAX_CHARS 1600 /* of its text, as /v1/replies takes it */

/* UTF-8 in the arena, lines end with LF, blanks and empty lines around it cut off, at most
 * MAIL_REPLY_MAX_CHARS. Empty if there is no text. */
struct slice mail_reply_text(const struct mail_message *message, struct arena *arena);
/* The same of a text that is decoded already. */
struct slice mail_reply_cut(struct slice text, struct arena *arena);

/* Written by a machine: Auto-Submitted (RFC 3834), and what did the same before it. */
bool mail_is_automatic(struct slice header, struct arena *arena);
/* The return path is empty, as of all bounces, and of machines that want no answer (RFC 5321
 * section 4.5.5). */
bool mail_is_from_nobody(struct slice header, struct arena *arena);

#endif
