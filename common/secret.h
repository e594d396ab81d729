/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: what settings refer to and never contain. A reference is `env:NAME` (a variable of the
 * environment) or `file:/path` (a file, its last line break cut off).
 */
#ifndef TOCSIN_COMMON_SECRET_H
#define TOCSIN_COMMON_SECRET_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"

#define SECRET_MAX_BYTES 65536

/* Appends the secret that `reference` names to buf. ERR_INVALID if it is no reference,
 * ERR_NOT_FOUND if there is no such variable or file or it is empty, else as file_read. The problem
 * names the reference, never the secret. */
enum err secret_resolve(const char *reference, struct buf *secret,
                        struct problem *problem) WARN_UNUSED;
bool secret_is_reference(const char *text);
/* Overwrites the contents before the memory is given back. */
void secret_release(struct buf *secret);

#endif
