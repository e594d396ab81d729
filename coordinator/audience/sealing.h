/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealing: from checked rows to sealed pages in the store, on threads of its own.
 *
 *     the caller ── pages of 1,024 rows ──► sealers (hash the keys and the rows, compress) ──►
 *     writer (in order: store, duplicates)
 *
 * One thread calls; it waits in sealing_add while too much is on its way (SEALING_PAGES,
 * SEALING_BYTES), so that memory is flat however large the rows are. Nothing is lost on the way:
 * pages are numbered by the caller and written in that order.
 */
#ifndef TOCSIN_AUDIENCE_SEALING_H
#define TOCSIN_AUDIENCE_SEALING_H

#include <stdint.h>

#include "common/err.h"
#include "common/merkle.h"
#include "coordinator/audience/duplicates.h"
#include "coordinator/audience/row_check.h"
#include "coordinator/ledger/ledger.h"
#include "proto/page.h"
#include "proto/page_rows.h"

#define SEALING_PAGES 64       /* on their way at once, at most */
#define SEALING_BYTES 33554432 /* of values on their way at once (32 MiB); a page may always go */

struct sealing;

struct sealing_settings {
    struct ledger_audience *load;     /* borrowed, and sealing's alone until sealing_finish */
    struct duplicates *duplicates;    /* likewise */
    struct duplicates *endpoints;     /* likewise; takes each endpoint's hash once for each place */
    const struct page_schema *schema; /* borrowed */
    const uint8_t *key;               /* for hashes of recipient keys; borrowed */
    const uint8_t *secret;            /* of the audience, ROWS_SECRET_BYTES; borrowed */
    enum page_codec codec;
    unsigned threads; /* sealers; 0: as many as the machine runs at once */
};

struct sealing *sealing_new(const struct sealing_settings *settings);
/* Adds a recipient to the page being filled. Copies. False once something has failed:
 * sealing_finish says what. */
bool sealing_add(struct sealing *sealing, const struct row *row);
/* Writes to the list of refused rows; lines ascending. False as above. */
bool sealing_refusal(struct sealing *sealing, uint64_t line, struct slice json);

struct sealing_result {
    uint64_t slots;      /* rows added */
    uint64_t page_bytes; /* sealed */
    struct merkle roots; /* of the pages (proto/page_rows.h) */
    uint32_t pages;
    uint64_t with_fields[256]; /* rows by their `fields` */
};

/* Seals what is begun, waits until all is with the store, joins the threads and frees. is_wanted
 * false: gives up at once, and says ERR_CLOSED if nothing went wrong before. */
enum err sealing_finish(struct sealing *sealing, bool is_wanted, struct sealing_result *result,
                        struct problem *problem) WARN_UNUSED;

#endif
