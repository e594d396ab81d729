/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_pointer: a value inside a JSON document by its path (RFC 6901): "/messages/0/id". `~1` is a
 * slash in a name, `~0` a tilde; "" is the whole document. "-" (behind the last element) finds
 * nothing.
 */
#ifndef TOCSIN_CHANNEL_JSON_POINTER_H
#define TOCSIN_CHANNEL_JSON_POINTER_H

#include <jansson.h>
#include <stdbool.h>

/* Empty or beginning with a slash, and no `~` but in `~0` and `~1`? */
bool json_pointer_is_valid(const char *pointer);
/* Borrowed; NULL if there is no such value. `pointer` is valid. */
json_t *json_pointer_get(json_t *document, const char *pointer);

#endif
