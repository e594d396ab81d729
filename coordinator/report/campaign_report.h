/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign_report: what became of a campaign, read from the journal page by page in one walk over
 * one state of the store: it may run while the campaign does. Any thread; memory as report_tally
 * says.
 */
#ifndef TOCSIN_REPORT_CAMPAIGN_REPORT_H
#define TOCSIN_REPORT_CAMPAIGN_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "coordinator/audience/audience.h"
#include "coordinator/content/provider_numbers.h"
#include "coordinator/engine/engine.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/report/report_tally.h"

#define REPORT_PAUSES_MAX 64 /* that are told of one by one */

/* What is known of the campaign when the reading begins: copied on the loop's thread, so that
 * another may read. */
struct report_source {
    struct campaign_def def;
    enum campaign_state state;
    enum delivery_event over; /* campaign_over */
    uint64_t launched_ms;
    uint64_t ended_ms;
    uint64_t now_ms;
    uint64_t superseded_by;
    bool is_expired;
    unsigned round;
    struct campaign_round rounds[ENGINE_ROUNDS_MAX - 1];
    const struct audience_info *audience;                       /* lives as long as its registry */
    char by[PAGE_NAME_MAX + 1];                                 /* a column to group by; "": none */
    char provider_names[WIRE_PROVIDERS_MAX][WIRE_NAME_MAX + 1]; /* "": not known */
    enum channel_kind provider_channels[WIRE_PROVIDERS_MAX];    /* CHANNEL_KINDS: not known */
};

/* While nothing new was begun. */
struct report_pause {
    uint64_t from_ms;
    uint64_t to_ms;  /* 0: it goes on */
    bool is_stopped; /* by a stop rule: */
    uint8_t cause;   /* enum stop_cause */
    uint64_t count;  /* so many */
    uint64_t of;     /* of so many that were tried */
};

struct campaign_report {
    const struct report_source *source;
    struct report_tally *tally;
    uint64_t launched_ms;                          /* by the journal; 0: never */
    uint64_t ended_ms;                             /* the last end; 0: it has not ended */
    struct report_pause pauses[REPORT_PAUSES_MAX]; /* the first ones */
    unsigned pause_count;                          /* all of them */
    uint64_t paused_ms;                            /* together, as far as they were told */
};

/* Of the source, which it borrows; release it also after an error. ERR_CLOSED: *is_stopped.
 * ERR_CORRUPT, ERR_IO. */
enum err campaign_report_read(struct campaign_report *report, struct ledger *ledger,
                              const struct report_source *source,
                              const atomic_bool *is_stopped) WARN_UNUSED;
void campaign_report_release(struct campaign_report *report);

/* May people be grouped by the column? Keys and endpoints say who somebody is. */
bool campaign_report_groups_by(const struct page_schema *schema, unsigned column);

#endif
