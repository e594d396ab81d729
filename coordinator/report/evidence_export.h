/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_export: a bundle of evidence (docs/evidence.md) made from the ledger, of a campaign or
 * of one of its recipients. It covers the records from that of the launch to the first signed head
 * that stands behind all that happened. Everything in it is durable and does not change, so that it
 * needs no snapshot; it may take long and runs in a thread of its own. Memory: one record.
 */
#ifndef TOCSIN_REPORT_EVIDENCE_EXPORT_H
#define TOCSIN_REPORT_EVIDENCE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/ledger/ledger.h"
#include "evidence/signed_head.h"
#include "proto/page_rows.h"

/* False: nobody wants more. */
typedef bool (*evidence_sink_fn)(void *arg, struct slice lines);

struct evidence_provider {
    uint8_t number;
    char name[65];
    const char *channel;
};

struct evidence_export {
    struct ledger *ledger;
    uint64_t campaign;
    bool has_recipient;
    uint32_t ordinal;
    bool has_secret; /* of the audience; else it was sealed by an older version */
    uint8_t secret[ROWS_SECRET_BYTES];
    const struct evidence_provider *providers;
    unsigned provider_count;
    struct signing_key key; /* that signs the bundle: the newest; its statement is durable */
    uint64_t through;       /* record that a durable head signs; what came behind is left out */
    evidence_sink_fn sink;
    bool (*is_wanted)(void *arg); /* asked for each thing that is read, too; NULL: it is */
    void *arg;
};

/* ERR_CLOSED: nobody wanted more. ERR_NOT_FOUND: the campaign was launched before there was
 * evidence. ERR_BUSY: no head covers it yet. ERR_CORRUPT, ERR_IO. */
enum err evidence_export(const struct evidence_export *export, struct problem *problem) WARN_UNUSED;

/* Has it what a bundle needs? ERR_NOT_FOUND if it was launched before there was evidence, or was
 * not. */
enum err evidence_is_kept(struct ledger *ledger, uint64_t campaign) WARN_UNUSED;

#endif
