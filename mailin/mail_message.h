/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_message: a mail as a flat list of its parts (RFC 2045, 2046), itself the first, in the order
 * in which they stand. A mail inside it (message/rfc822) is one part and is not taken apart: its
 * header is all that anybody here asks for. Pure. Beyond the limits parts are passed over.
 */
#ifndef TOCSIN_MAILIN_MAIL_MESSAGE_H
#define TOCSIN_MAILIN_MAIL_MESSAGE_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/slice.h"

#define MAIL_MAX_BYTES ((size_t)4 * 1024 * 1024) /* of a mail; nobody reads beyond */
#define MAIL_PARTS_MAX 64
#define MAIL_DEPTH_MAX 8

struct mail_part {
    struct slice header;
    struct slice body; /* encoded */
    struct slice type; /* "text/plain", small letters; that is what it is if nothing is said */
    unsigned depth;    /* 0: the mail itself */
};

struct mail_message {
    unsigned count; /* 1 at least */
    struct mail_part parts[MAIL_PARTS_MAX];
};

/* Slices are of `bytes` or in the arena. */
void mail_message_read(struct mail_message *message, struct slice bytes, struct arena *arena);
/* The first part of that type that is not an attachment; NULL if there is none. */
const struct mail_part *mail_message_part(const struct mail_message *message, const char *type,
                                          struct arena *arena);
/* The part's body without its transfer encoding, in the arena. */
struct slice mail_part_bytes(const struct mail_part *part, struct arena *arena);
/* And in UTF-8. */
struct slice mail_part_text(const struct mail_part *part, struct arena *arena);

#endif
