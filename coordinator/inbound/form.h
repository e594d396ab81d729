/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: the pairs of a query or of an application/x-www-form-urlencoded body, as a provider wrote
 * them: names may come again, and their order is kept. Nothing is refused for its encoding: a
 * percent sign without two hex digits stands for itself, and what is no UTF-8 stays in the value
 * (form_text puts a mark in its place).
 */
#ifndef TOCSIN_INBOUND_FORM_H
#define TOCSIN_INBOUND_FORM_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/slice.h"

#define FORM_PAIRS_MAX 256

struct form_pair {
    struct slice name;
    struct slice value;
};
struct form {
    struct form_pair pairs[FORM_PAIRS_MAX];
    unsigned count;
};

/* False: more than FORM_PAIRS_MAX in all. Adds to what is there; decoded into the arena. */
bool form_add(struct form *form, struct slice text, struct arena *arena);
/* The first of that name; data is NULL if there is none. */
struct slice form_get(const struct form *form, const char *name);
bool form_has(const struct form *form, const char *name);
/* The media type without its parameters, in whatever case. */
bool form_is_type(const char *media_type, const char *wanted);
/* At most max_bytes of it, cut between characters; U+FFFD for what is no UTF-8 and for zeros. */
struct slice form_text(struct slice bytes, size_t max_bytes, struct arena *arena);

#endif
