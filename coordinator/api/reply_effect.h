/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_effect: does what a reply asks for. STOP puts the endpoint on the suppression list on the
 * channel that the reply came by, for good, and tells the campaigns that run; START takes it off,
 * if a reply had put it there; ACK and a code acknowledge. All else is for people to read.
 *
 * A reply with a token means the endpoint that the token's message went to as well: mail is often
 * read, and answered, from another address than it was sent to.
 *
 * An opt-out by a reply has the source "reply", or "reply:" and the provider's name: so it can be
 * told from what an operator, a bounce or the law put there, which no reply takes away.
 */
#ifndef TOCSIN_API_REPLY_EFFECT_H
#define TOCSIN_API_REPLY_EFFECT_H

#include <stdbool.h>

#include "coordinator/api/replies.h"

#define REPLY_SOURCE "reply"

/* Sets result and detail, and the class when the word was a weak one. It was looked for whose reply
 * it is, and his page was woken. False: what it is about is being written, or its campaign ended
 * just now: look again when all that was decided is durable. */
bool reply_effect(struct exchange *exchange, struct reply_entry *entry);

#endif
