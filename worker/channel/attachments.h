/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attachments: the files of one folder as parts of a mail, in the channel's form. A file is read
 * and encoded when it is first wanted and kept as it was then, since one campaign sends the same to
 * everybody; to replace one, give it another name, or make the worker read all anew (SIGHUP). One
 * thread.
 */
#ifndef TOCSIN_CHANNEL_ATTACHMENTS_H
#define TOCSIN_CHANNEL_ATTACHMENTS_H

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

#define ATTACHMENT_MAX_BYTES ((size_t)10 * 1024 * 1024)

struct attachments;
/* Appends the file as the channel sends it. */
typedef void (*attachment_encode_fn)(struct buf *part, const char *name, struct slice bytes);

/* folder: NULL if there are none. */
struct attachments *attachments_new(const char *folder, attachment_encode_fn encode);
void attachments_free(struct attachments *attachments); /* NULL is fine */
/* The file as `encode` wrote it, valid as long as `attachments`. ERR_NOT_FOUND, ERR_UNAUTHORIZED
 * and ERR_IO: it cannot be read now; ERR_LIMIT: it is larger than ATTACHMENT_MAX_BYTES;
 * ERR_INVALID: the name is none of a file in a folder. */
enum err attachments_part(struct attachments *attachments, const char *name,
                          struct slice *part) WARN_UNUSED;

#endif
