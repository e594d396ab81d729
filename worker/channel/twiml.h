/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twiml: what a call is to say, as TwiML: a text, spoken several times, and the key that answers
 * it.
 */
#ifndef TOCSIN_CHANNEL_TWIML_H
#define TOCSIN_CHANNEL_TWIML_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define TWIML_MAX_CHARACTERS 4000 /* of what is sent with a request; error 32018 */

struct twiml_speech {
    const char *language;
    const char *voice; /* NULL: the default */
    uint32_t loop;     /* how often it is said */
    struct slice text;
    struct slice prompt; /* said behind the text; empty: nothing is */
    struct slice action; /* URL that the key goes to; empty: none is waited for */
    uint32_t wait_s;     /* for the key, when all is said */
};

/* Appends it. Control characters, which XML cannot have, are left out. */
void twiml_write(const struct twiml_speech *speech, struct buf *buf);
/* Of UTF-8. */
size_t twiml_characters(struct slice twiml);

#endif
