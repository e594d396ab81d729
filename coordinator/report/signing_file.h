/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing_file: the secret that signs heads and bundles, in a file that nobody else can read: the
 * seed of an Ed25519 key (RFC 8032) as one line of base64url.
 */
#ifndef TOCSIN_REPORT_SIGNING_FILE_H
#define TOCSIN_REPORT_SIGNING_FILE_H

#include "common/err.h"
#include "evidence/signed_head.h"

/* ERR_NOT_FOUND if there is none; ERR_INVALID if it holds no seed. Warns if others may read it. */
enum err signing_file_read(const char *path, struct signing_key *key,
                           struct problem *problem) WARN_UNUSED;
/* Makes a new key, on disk when this returns. A file that is there is replaced. */
enum err signing_file_make(const char *path, struct signing_key *key,
                           struct problem *problem) WARN_UNUSED;

#endif
