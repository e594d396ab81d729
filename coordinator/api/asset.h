/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asset: a file that is part of the program and served as it is: the dashboard, and documents. The
 * table is written by cmake/embed.c while Tocsin is built; dashboard/CMakeLists.txt says what is in
 * it.
 */
#ifndef TOCSIN_API_ASSET_H
#define TOCSIN_API_ASSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct asset {
    const char *path; /* "/assets/index-D95IR7um.js" */
    const char *type; /* Content-Type */
    const char *hash; /* of its contents, hexadecimal */
    struct slice plain;
    struct slice gzip; /* empty: it is not smaller */
};

/* Ends with a path of NULL. */
extern const struct asset assets[];

const struct asset *asset_find(const struct asset *table, struct slice path);
/* Accept-Encoding, NULL for none: is gzip welcome? (RFC 9110, 12.5.3) */
bool asset_takes_gzip(const char *accept_encoding);
/* If-None-Match, NULL for none: does the client have what this entity tag names? */
bool asset_is_known(const char *if_none_match, const char *etag);

#endif
