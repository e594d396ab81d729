/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns: many numbers of one kind in few bytes. A column is a tag and its data:
 *     0 constant   varint value
 *     1 sequence   varint first; each next is one more
 *     2 deltas     zigzag varint differences, the first from 0
 *     3 runs       (varint value, varint length) pairs until `count` values are there
 * The writer takes the shortest. The reader is given the count, so a column never says its own
 * size; a column of no values is no bytes. Differences and sequences wrap modulo 2^64.
 */
#ifndef TOCSIN_PROTO_COLUMNS_H
#define TOCSIN_PROTO_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

void columns_put(struct buf *buf, const uint64_t *values, unsigned count);
/* Fills values[0..count). False (and reader->bad, values then undefined) if the bytes do not give
 * exactly that. */
bool columns_get(struct reader *reader, uint64_t *values, unsigned count);

#endif
