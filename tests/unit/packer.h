/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packer: makes gzip and zstd streams for tests.
 */
#ifndef TOCSIN_TESTS_UNIT_PACKER_H
#define TOCSIN_TESTS_UNIT_PACKER_H

#include "common/buf.h"

/* Each appends one member or frame. */
void pack_gzip(struct slice text, struct buf *out);
void pack_zstd(struct slice text, struct buf *out);
/* A stream of many zero bytes that is made without having them all. */
void pack_gzip_zeros(uint64_t count, struct buf *out);

#endif
