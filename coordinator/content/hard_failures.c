/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/hard_failures.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/mem.h"

#define QUEUE         65536u
#define PAGES_PER_RUN 16
#define MOST_PER_RUN  512

struct hard_failures {
    struct ledger *ledger;
    struct audience_registry *audiences;
    struct suppression_list *list;
    struct hard_failure *queue; /* a ring */
    unsigned first;
    unsigned count;
    uint64_t kept_ms;
    uint64_t remembered;
    uint64_t forgotten;
    /* The page that was read last. */
    struct page_view view;
    struct store_value value;
    uint64_t audience;
    uint32_t page;
    bool is_open;
    unsigned opened; /* in this run */
    struct suppression entry;
};

/* He said so himself: that has no end, and does not depend on what else is remembered. */
static bool is_wish(uint16_t reason)
{
    return reason == REASON_RECEIPT_COMPLAINED || reason == REASON_OPTED_OUT_THERE;
}

static uint16_t reason_on_list(const struct hard_failure *failure)
{
    switch (failure->reason) {
    case REASON_RECEIPT_COMPLAINED:
        return REASON_COMPLAINED;
    case REASON_OPTED_OUT_THERE:
        return REASON_OPTED_OUT;
    default:
        return failure->channel == CHANNEL_EMAIL ? REASON_BOUNCED : REASON_INVALID;
    }
}

bool hard_failure_is_of_address(unsigned channel, uint16_t reason)
{
    if (reason_is_of_address(reason) || is_wish(reason)) {
        return true;
    }
    switch (channel) {
    case CHANNEL_EMAIL:
        return reason == 550 || reason == 551 || reason == 553;
    case CHANNEL_PUSH:
    case CHANNEL_WEBHOOK:
        return reason == 404 || reason == 410;
    default:
        return false;
    }
}

struct hard_failures *hard_failures_new(struct ledger *ledger, struct audience_registry *audiences,
                                        struct suppression_list *list, uint64_t kept_ms)
{
    struct hard_failures *failures = mem_zalloc(1, sizeof(*failures));
    failures->ledger = ledger;
    failures->audiences = audiences;
    failures->list = list;
    failures->kept_ms = kept_ms;
    return failures;
}

static void close_page(struct hard_failures *failures)
{
    if (failures->is_open) {
        store_value_release(&failures->value);
        failures->is_open = false;
    }
}

void hard_failures_free(struct hard_failures *failures)
{
    if (failures != NULL) {
        close_page(failures);
        page_view_release(&failures->view);
        mem_free(failures->queue);
        mem_free(failures);
    }
}

void hard_failures_add(struct hard_failures *failures, const struct hard_failure *failure)
{
    bool is_kept = failures->kept_ms > 0 || is_wish(failure->reason);
    if (!is_kept || !hard_failure_is_of_address(failure->channel, failure->reason)) {
        return;
    }
    if (failures->queue == NULL) {
        failures->queue = mem_alloc(QUEUE * sizeof(*failures->queue));
    }
    if (failures->count == QUEUE) {
        failures->forgotten++;
        return;
    }
    failures->queue[(failures->first + failures->count++) % QUEUE] = *failure;
}

static bool open_page(struct hard_failures *failures, uint64_t audience, uint32_t page)
{
    if (failures->is_open && failures->audience == audience && failures->page == page) {
        return true;
    }
    close_page(failures);
    failures->opened++;
    if (ledger_page(failures->ledger, audience, page, &failures->value) != ERR_OK) {
        return false;
    }
    failures->is_open = true;
    failures->audience = audience;
    failures->page = page;
    return page_open(&failures->view, failures->value.bytes, NULL) == ERR_OK;
}

static bool find_endpoint(struct hard_failures *failures, const struct hard_failure *failure)
{
    const struct audience_info *info =
        audience_registry_find(failures->audiences, failure->audience);
    enum channel_kind channel = (enum channel_kind)failure->channel;
    struct problem problem;
    int column = info == NULL ? -1
                              : page_schema_endpoint(&info->schema, channel_kind_field(channel),
                                                     failure->rank);
    unsigned place = failure->ordinal % PAGE_RECIPIENTS;
    if (column < 0 || !open_page(failures, failure->audience, failure->ordinal / PAGE_RECIPIENTS) ||
        place >= failures->view.count) {
        return false;
    }
    page_seek(&failures->view, place);
    struct slice value = page_value(&failures->view, (unsigned)column);
    return suppression_set(&failures->entry, false, slice_str(channel_kind_name(channel)), value,
                           &problem) == ERR_OK;
}

static void write_source(const struct hard_failure *failure, struct suppression *entry)
{
    if (failure->reason >= 100 && failure->reason <= 599) {
        snprintf(entry->source, sizeof(entry->source), "provider answered %u in c%" PRIu64,
                 (unsigned)failure->reason, failure->campaign);
    } else {
        snprintf(entry->source, sizeof(entry->source), "c%" PRIu64 ": %s", failure->campaign,
                 reason_sentence(failure->reason));
    }
}

static void remember(struct hard_failures *failures, const struct hard_failure *failure,
                     uint64_t now_ms, struct record *record)
{
    if (!find_endpoint(failures, failure)) {
        failures->forgotten++;
        LOG_W("suppression", "endpoint_unreadable", "audience=a%" PRIu64 " ordinal=%" PRIu32,
              failure->audience, failure->ordinal);
        return;
    }
    struct suppression *entry = &failures->entry;
    entry->reason = reason_on_list(failure);
    entry->at_ms = now_ms;
    entry->until_ms = is_wish(failure->reason) ? 0 : now_ms + failures->kept_ms;
    write_source(failure, entry);
    failures->remembered += suppression_list_add(failures->list, entry, now_ms, record);
}

bool hard_failures_run(struct hard_failures *failures, uint64_t now_ms, struct record *record)
{
    failures->opened = 0;
    for (unsigned i = 0;
         i < MOST_PER_RUN && failures->opened < PAGES_PER_RUN && failures->count > 0; i++) {
        remember(failures, &failures->queue[failures->first], now_ms, record);
        failures->first = (failures->first + 1) % QUEUE;
        failures->count--;
    }
    close_page(failures);
    return failures->count > 0;
}

struct hard_failures_tally hard_failures_tally(const struct hard_failures *failures)
{
    return (struct hard_failures_tally){
        .remembered = failures->remembered,
        .forgotten = failures->forgotten,
        .waiting = failures->count,
    };
}
