/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: what a campaign was when it was launched: its document as it is stored, with the
 * content and the plan, and its audience by the root of its sealed pages. It is put into the record
 * of the launch, so that the chain says what was to be sent, and to whom, before anything was.
 *
 * Catalogue: MANIFEST_KIND, u64 campaign ->
 *     u8 version = 2 · blob document (JSON) · varint audience · varint pages · varint slots
 *     blob schema (page_schema_encode) · blob root: 32 bytes, or none for an audience from a time
 *     before there were roots
 * The root is that of a tree (common/merkle.h) over the pages: of each the root of its rows
 * (proto/page_rows.h); in version 1 the BLAKE2b-256 of each sealed page. An audience that was
 * sealed by an older version has a manifest of version 1 still.
 */
#ifndef TOCSIN_EVIDENCE_MANIFEST_H
#define TOCSIN_EVIDENCE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/hash.h"

struct manifest {
    struct slice document;
    uint64_t audience;
    uint64_t pages;
    uint64_t slots;
    struct slice schema;
    const uint8_t *root; /* HASH_DIGEST_BYTES; NULL: none, only in version 1 */
    bool is_of_rows;     /* version 2 */
};

void manifest_encode(const struct manifest *manifest, struct buf *buf);
/* Points into the bytes. ERR_CORRUPT, ERR_UNSUPPORTED. */
enum err manifest_decode(struct slice bytes, struct manifest *manifest) WARN_UNUSED;

/* Its key in the catalogue of partition 0. */
#define MANIFEST_KIND 64
void manifest_key(struct buf *buf, uint64_t campaign);

#endif
