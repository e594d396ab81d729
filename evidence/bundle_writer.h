/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_writer: the lines of a bundle of evidence, one after the other. docs/evidence.md says what
 * lines there are. Each is a JSON object without blanks, "type" first, bytes as base64url without
 * padding; the last is a signature over all before it:
 *     digest of no line  32 zeros
 *     digest of n lines  BLAKE2b-256 of (digest of n - 1 lines · BLAKE2b-256 of the line's bytes
 * with its newline) The same journal gives the same bytes.
 */
#ifndef TOCSIN_EVIDENCE_BUNDLE_WRITER_H
#define TOCSIN_EVIDENCE_BUNDLE_WRITER_H

#include "common/buf.h"
#include "common/hash.h"
#include "evidence/signed_head.h"

/* 2: rows are bound one by one. 1: of audiences that were sealed before. Both are written and read.
 */
#define BUNDLE_VERSION 2

struct bundle_writer {
    struct buf line; /* the lines that were not taken yet */
    size_t begins;   /* where in it the present one does */
    uint8_t digest[HASH_DIGEST_BYTES];
};

/* Zeroed memory is a valid one. */
void bundle_writer_release(struct bundle_writer *writer);
void bundle_begin(struct bundle_writer *writer, const char *type);
void bundle_number(struct bundle_writer *writer, const char *name, uint64_t number);
void bundle_text(struct bundle_writer *writer, const char *name, struct slice utf8);
void bundle_bytes(struct bundle_writer *writer, const char *name, struct slice bytes);
void bundle_texts(struct bundle_writer *writer, const char *name, const struct slice *utf8,
                  unsigned count);
void bundle_end(struct bundle_writer *writer);
/* The last line. */
void bundle_seal(struct bundle_writer *writer, const struct signing_key *key);

/* The digest of one line more. */
void bundle_digest_add(uint8_t digest[HASH_DIGEST_BYTES], struct slice line);

#endif
