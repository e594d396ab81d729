/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_id: the names under which clients know things: a letter for the kind and a number, "a12",
 * "c7".
 */
#ifndef TOCSIN_CONTENT_OBJECT_ID_H
#define TOCSIN_CONTENT_OBJECT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

#define OBJECT_ID_CHARS 21 /* a letter and at most 20 digits */
/* Delivery tokens hold 40 bits of a campaign's number; audiences keep to the same. */
#define OBJECT_ID_MAX ((UINT64_C(1) << 40) - 1)

enum object_kind {
    OBJECT_AUDIENCE = 'a',
    OBJECT_CAMPAIGN = 'c',
    OBJECT_REPLY = 'r',
    OBJECT_TOKEN = 't',
    OBJECT_EVENT = 'e',
    OBJECT_SUBSCRIPTION = 's'
};

/* False for another kind, 0, leading zeros, and numbers above OBJECT_ID_MAX. */
bool object_id_parse(struct slice text, enum object_kind kind, uint64_t *number);
void object_id_write(char text[OBJECT_ID_CHARS + 1], enum object_kind kind, uint64_t number);

#endif
