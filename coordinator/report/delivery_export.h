/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery_export: the deliveries of a campaign as a stream of lines. The outflow's thread reads
 * the journal page by page up to a record, folds it and writes lines.
 *
 * Each block is whole lines, and with zstd a frame of its own (RFC 8878) that says its size and has
 * a checksum. So whoever was cut off keeps the frames he has all of.
 */
#ifndef TOCSIN_REPORT_DELIVERY_EXPORT_H
#define TOCSIN_REPORT_DELIVERY_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/err.h"
#include "coordinator/report/delivery_rows.h"
#include "coordinator/report/outflow.h"

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

/* Every function of the outflow is for the loop's thread; see there for on_ready and on_gone. */
struct outflow *delivery_export_start(uv_loop_t *loop,
                                      const struct delivery_export_request *request,
                                      void (*on_ready)(void *arg), void (*on_gone)(void *arg),
                                      void *arg);

#endif
