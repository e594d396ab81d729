/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt_report: what a provider says in a receipt: a status, and perhaps a reason and a time.
 * From the query, from a form (application/x-www-form-urlencoded) or from a JSON object; the three
 * have the same members. Providers add members of their own, so unknown ones are passed over; known
 * ones are checked, and none may be given twice.
 *
 *     status  accepted, delivered, failed, bounced or complained
 *     reason  a code of the provider's, RECEIPT_REASON_MIN to RECEIPT_REASON_MAX, or one of ours
 * for receipts (proto/outcome.h, 1610 to 1699). What is no such number is passed over as well: a
 * receipt must not be lost for it
 */
#ifndef TOCSIN_API_RECEIPT_REPORT_H
#define TOCSIN_API_RECEIPT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/slice.h"
#include "coordinator/engine/engine.h"

#define RECEIPT_REASON_MIN 100
#define RECEIPT_REASON_MAX 599

/* What came of one provider's receipts. */
struct receipt_tally {
    uint64_t taken[RECEIPT_KINDS];
    uint64_t forged;
    uint64_t refused; /* for another reason */
    uint64_t ignored; /* events that say nothing of a message of ours */
};

struct receipt_report {
    enum receipt_kind status; /* RECEIPT_KINDS: none was given */
    uint16_t reason;          /* 0: none was given */
};

/* All of one request. media_type may be NULL: a body that begins with a brace is JSON then, and any
 * other a form. ERR_INVALID: what is wrong, and what would be right; ERR_UNSUPPORTED: a body of
 * another kind. */
enum err receipt_report_read(struct receipt_report *report, struct slice query,
                             const char *media_type, struct slice body, struct arena *arena,
                             struct problem *problem) WARN_UNUSED;
/* The members of a JSON object, for many receipts in one request. */
enum err receipt_report_read_json(struct receipt_report *report, const json_t *object,
                                  struct arena *arena, struct problem *problem) WARN_UNUSED;

#endif
