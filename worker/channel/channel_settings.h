/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_settings: a JSON object of settings read into a struct, by a table of its keys.
 *
 * The objects come from YAML, where 25, "25" and yes are easily confused, so scalars are taken in
 * either spelling: a number as text, digits as a number, "true" as a flag. All else is refused with
 * the place, what stands there and what would be right.
 */
#ifndef TOCSIN_CHANNEL_CHANNEL_SETTINGS_H
#define TOCSIN_CHANNEL_CHANNEL_SETTINGS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

enum channel_key_type {
    CHANNEL_KEY_TEXT,     /* const char *, borrowed from the JSON */
    CHANNEL_KEY_FLAG,     /* bool */
    CHANNEL_KEY_COUNT,    /* uint32_t */
    CHANNEL_KEY_DURATION, /* uint32_t of milliseconds; "1.5s", "20ms", a bare number is seconds */
    CHANNEL_KEY_CHOICE,   /* unsigned: the index in `choices` */
    CHANNEL_KEY_OBJECT,   /* json_t *, borrowed */
    CHANNEL_KEY_LIST,     /* json_t *, borrowed */
    CHANNEL_KEY_ANY       /* json_t *, borrowed, of any type */
};

struct channel_key {
    const char *name;
    enum channel_key_type type;
    size_t offset; /* of the value in the struct that is read into */
    /* Bounds of COUNT and DURATION; max 0: none. */
    uint32_t min;
    uint32_t max;
    const char *const *choices; /* CHOICE: NULL-terminated */
};

/* Fills `into` with the keys that are there and leaves the others as they are. `where` begins the
 * problem's text: `provider "sms"`, `provider "sms", rules[2]`. Numbers where text is wanted are
 * replaced by text in `object`, which must outlive what was borrowed from it. ERR_INVALID. */
enum err channel_settings_read(json_t *object, const char *where, const struct channel_key *keys,
                               size_t count, void *into, struct problem *problem) WARN_UNUSED;
/* A scalar of the object as text (see above), or NULL for anything else. */
const char *channel_settings_text(json_t *object, const char *key);
/* As secret_resolve, with `where` and the key in front of the problem. Appends a zero that is not
 * counted. Without a reference (NULL) the secret is empty. */
enum err channel_settings_secret(const char *reference, const char *where, const char *key,
                                 struct buf *secret, struct problem *problem) WARN_UNUSED;
/* Can the file be read, if there is a path? ERR_NOT_FOUND. */
enum err channel_settings_file(const char *path, const char *where, const char *key,
                               struct problem *problem) WARN_UNUSED;

#endif
