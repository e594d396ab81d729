/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_fixture: a ledger in memory and the journal of one campaign, which a test writes record
 * by record.
 */
#ifndef TOCSIN_TESTS_UNIT_JOURNAL_FIXTURE_H
#define TOCSIN_TESTS_UNIT_JOURNAL_FIXTURE_H

#include "coordinator/engine/campaign.h"
#include "coordinator/ledger/ledger.h"

#define CAMPAIGN 7
#define AUDIENCE 12
#define LAUNCH   UINT64_C(1700000000000) /* 2023-11-14T22:13:20.000Z */
#define SLOTS    1500                    /* two pages, the second not full */

struct journal {
    struct ledger *ledger;
    struct record *record; /* the open one */
    uint64_t recno;        /* its number */
    struct campaign_def def;
};

/* Opens record 1. The plan has a step for SMS, and one for e-mail if there are two. */
void journal_init(struct journal *journal, unsigned steps);
void journal_release(struct journal *journal);

/* Adds a block of the campaign's to the open record. */
void journal_add(struct journal *journal, uint32_t page, const struct event *events,
                 unsigned count);
/* What happened to the campaign itself. */
void journal_add_own(struct journal *journal, enum campaign_event kind, uint64_t at_ms);
/* The open record becomes durable, the next begins. */
void journal_commit(struct journal *journal);

/* Of lease 1. */
struct event journal_event(enum delivery_event kind, unsigned offset, unsigned span,
                           uint64_t at_ms);

#endif
