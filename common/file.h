/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: a small file read whole.
 */
#ifndef TOCSIN_COMMON_FILE_H
#define TOCSIN_COMMON_FILE_H

#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

/* Appends the contents of `path` to buf; nothing is appended on error. ERR_NOT_FOUND,
 * ERR_UNAUTHORIZED, ERR_LIMIT when it is larger than max_bytes, ERR_IO; the problem names the
 * path. Pipes and devices are read to their end, within the limit. */
enum err file_read(struct buf *buf, const char *path, size_t max_bytes,
                   struct problem *problem) WARN_UNUSED;

#endif
