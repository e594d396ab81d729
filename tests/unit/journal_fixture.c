/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/journal_fixture.h"

#include <sodium.h>

#include "tests/unit/unit.h"

void journal_init(struct journal *journal, unsigned steps)
{
    static const enum channel_kind channels[] = {CHANNEL_SMS, CHANNEL_EMAIL};
    struct problem problem;
    assert_true(sodium_init() >= 0);
    *journal = (struct journal){.recno = 1, .record = record_new(0, 1, 1)};
    assert_int_equal(ledger_open(&journal->ledger, store_mem_new(), &problem), ERR_OK);
    journal->def = (struct campaign_def){.id = CAMPAIGN,
                                         .audience = AUDIENCE,
                                         .created_ms = LAUNCH - 1000,
                                         .slots = SLOTS,
                                         .recipients = SLOTS};
    journal->def.plan.step_count = steps;
    for (unsigned s = 0; s < steps; s++) {
        plan_step_defaults(&journal->def.plan.steps[s], channels[s]);
    }
}

void journal_release(struct journal *journal)
{
    record_free(journal->record);
    ledger_close(journal->ledger);
}

void journal_add(struct journal *journal, uint32_t page, const struct event *events, unsigned count)
{
    struct event_list list;
    struct buf block = {0};
    event_list_init(&list);
    for (unsigned i = 0; i < count; i++) {
        event_list_add(&list, &events[i]);
    }
    event_block_encode(&list, &block);
    record_add_block(journal->record, CAMPAIGN, page, buf_view(&block));
    event_list_release(&list);
    buf_release(&block);
}

void journal_add_own(struct journal *journal, enum campaign_event kind, uint64_t at_ms)
{
    const struct event event = {.kind = (uint8_t)kind, .span = 1, .at_ms = at_ms};
    journal_add(journal, RECORD_PAGE_CAMPAIGN, &event, 1);
}

void journal_commit(struct journal *journal)
{
    struct problem problem;
    assert_int_equal(ledger_write(journal->ledger, journal->record, &problem), ERR_OK);
    record_free(journal->record);
    journal->record = record_new(0, 1, ++journal->recno);
}

struct event journal_event(enum delivery_event kind, unsigned offset, unsigned span, uint64_t at_ms)
{
    return (struct event){.kind = (uint8_t)kind,
                          .offset = (uint16_t)offset,
                          .span = (uint16_t)span,
                          .lease = 1,
                          .at_ms = at_ms};
}
