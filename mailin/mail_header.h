/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_header: the header of a mail (RFC 5322) or of a part of one (RFC 2045), and groups of fields
 * that look like it (RFC 3464, RFC 5965). Lines end with LF or CRLF. Pure; reads what is there and
 * passes over what is no field, since mail that comes back is written by everybody.
 */
#ifndef TOCSIN_MAILIN_MAIL_HEADER_H
#define TOCSIN_MAILIN_MAIL_HEADER_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/slice.h"

#define MAIL_VALUE_MAX_BYTES 16384 /* of an unfolded value; the rest is cut off */

struct mail_field {
    struct slice name;
    struct slice value; /* as it stands, with the line ends inside it */
};

/* Everything up to the first empty line; *body (may be NULL) gets what stands behind it. */
struct slice mail_header_split(struct slice bytes, struct slice *body);
/* The next field off the front; false at the end. */
bool mail_header_next(struct slice *rest, struct mail_field *field);
/* The first field of that name in any case: unfolded, without blanks around. False if there is
 * none; *value is empty then. */
bool mail_header_find(struct slice header, const char *name, struct arena *arena,
                      struct slice *value);
struct slice mail_field_unfold(const struct mail_field *field, struct arena *arena);

/* The first word of a value with parameters (RFC 2045 section 5.1): "multipart/report" of
 * `multipart/report; boundary="x"`, in small letters. */
struct slice mail_value_word(struct slice value, struct arena *arena);
/* One of its parameters, quotes taken off, the pieces of RFC 2231 put together. False if it has
 * none of that name. */
bool mail_value_parameter(struct slice value, const char *name, struct arena *arena,
                          struct slice *out);

/* Small things about slices that mail needs. */
struct slice mail_trim(struct slice text);             /* blanks and line ends around it */
bool mail_is(struct slice text, const char *word);     /* in any case of ASCII */
bool mail_begins(struct slice text, const char *word); /* the same */
/* A line off the front, without its end. False when nothing is left. */
bool mail_line_next(struct slice *rest, struct slice *line);

#endif
