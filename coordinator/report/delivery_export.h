/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_export: the deliveries of a campaign as a stream of lines. A thread of its own reads the
 * journal page by page up to a record, folds it and writes lines; the loop's thread takes the bytes
 * as fast as the client does. Between them lie a few blocks, and when all are full the thread
 * waits: memory is flat, whatever the campaign's size and the client's pace.
 *
 * Each block is whole lines, and with zstd a frame of its own (RFC 8878) that says its size and has
 * a checksum. So whoever was cut off keeps the frames he has all of.
 *
 * All functions are for the loop's thread.
 */
#ifndef TOCSIN_REPORT_DELIVERY_EXPORT_H
#define TOCSIN_REPORT_DELIVERY_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "coordinator/report/delivery_rows.h"

struct delivery_export;

struct delivery_export_request { /* all is copied but the ledger */
    struct ledger *ledger;
    const struct campaign_def *def;
    const struct page_schema *schema; /* of its audience */
    const struct provider_numbers *providers;
    struct delivery_filter filter;
    enum delivery_format format;
    uint64_t recno; /* as of this record; it is durable */
    uint32_t from;  /* the first ordinal to be looked at */
    bool is_zstd;
    bool has_head; /* the first line of CSV */
    bool has_end;  /* the last line */
};

/* on_ready: there is something to take again, or the end, after DELIVERY_EXPORT_LATER. on_gone:
 * after delivery_export_stop, the last word: the thread has ended, and the export is freed when it
 * returns. arg is for both. */
struct delivery_export *delivery_export_start(uv_loop_t *loop,
                                              const struct delivery_export_request *request,
                                              void (*on_ready)(void *arg),
                                              void (*on_gone)(void *arg), void *arg);
/* Up to `room` bytes and how many; 0 at the end. */
#define DELIVERY_EXPORT_FAILED (-1L) /* delivery_export_err says why */
#define DELIVERY_EXPORT_LATER  (-2L)
long delivery_export_take(struct delivery_export *export, uint8_t *into, size_t room);
enum err delivery_export_err(const struct delivery_export *export);
uint64_t delivery_export_taken(const struct delivery_export *export); /* bytes */
/* At the end as well as before it; once. on_ready will not be called any more. */
void delivery_export_stop(struct delivery_export *export);

#endif
