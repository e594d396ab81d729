/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_rows: a block of few events, one after the other. Receipts and acknowledgements come one by
 * one for pages here and there, so most blocks of a flood hold a single event: as columns it would
 * pay for eleven headings and a dozen allocations; as a row it is the fields that it has.
 *
 * Block, version 2:
 *     u8 version = 2 · varint count · varint base_ms · rows; nothing may follow
 *     row: u8 kind · varint offset · varint fields, a bit for each that follows, in this order:
 *         1 provider u8 · 2 reason varint · 4 due: zigzag varint, ms after `at` · 8 step u8 ·
 *         16 lease varint · 32 ref: varint length, bytes · 64 at: zigzag varint, ms after that of
 *         the row before (of the first: after base_ms) · 128 span varint · 256 worker u64
 *     A field without its bit is 0 (span 1, `at` as in the row before).
 *
 * The bits of what is rare are high, so that `fields` is mostly one byte. To change the format: see
 * event.h.
 */
#ifndef TOCSIN_ENGINE_EVENT_ROWS_H
#define TOCSIN_ENGINE_EVENT_ROWS_H

#include "common/buf.h"
#include "common/err.h"
#include "coordinator/engine/event.h"

/* With more, columns are shorter. */
#define EVENT_ROWS_MAX 8

/* All of the block but its version. */
void event_rows_encode(const struct event_list *list, struct buf *buf);
/* Adds the events to the empty list; their refs lie in list->refs one after the other, as in a list
 * that was added to. ERR_CORRUPT for what is not all of a block; whether an event is sound in
 * itself is for the caller to say. */
enum err event_rows_decode(struct reader *reader, struct event_list *list) WARN_UNUSED;

#endif
