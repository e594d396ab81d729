/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight: counts what a campaign would meet, before it is launched: for how many people each
 * step has an endpoint, who is reached by none, who is on the suppression list or spared by the
 * frequency cap, which variables are empty for how many, and how many short messages the texts
 * become. Everybody is counted once:
 *
 *     reachable + incomplete + suppressed + capped + unreachable == people
 *
 * Pure: fed page by page, in one pass. preflight_read feeds it a whole audience. One thread at a
 * time, any thread; memory is flat but for one bit a place.
 */
#ifndef TOCSIN_REPORT_PREFLIGHT_H
#define TOCSIN_REPORT_PREFLIGHT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/err.h"
#include "common/sms_text.h"
#include "coordinator/content/suppression_list.h"
#include "coordinator/engine/plan.h"
#include "coordinator/report/zone_clock.h"
#include "proto/wire.h"

struct preflight;

/* One step of the plan: people == suppressed + capped + incomplete + sendable. Nobody where it is
 * left out. */
struct preflight_step {
    uint64_t people;     /* with at least one endpoint of the channel */
    uint64_t suppressed; /* of these, all of whose endpoints of it are barred today */
    uint64_t capped;     /* of the others, those who have had enough messages */
    uint64_t incomplete; /* of the others, those for whom a variable of the message is empty */
    uint64_t sendable;   /* the rest: at most so many messages */
    uint64_t first;      /* of these, those for whom no earlier step has anything to send */
};

struct preflight_sms {
    uint64_t people; /* who can be sent to on sms */
    uint64_t one;    /* of these, by how many short messages their text is */
    uint64_t two;
    uint64_t more;
    uint64_t parts;    /* of all together */
    uint64_t ucs2;     /* people whose text is not of the GSM alphabet alone */
    uint64_t too_long; /* people whose text has more parts than the rule lets out */
    uint32_t most;     /* parts of the longest */
    bool is_estimated; /* a text has a variable whose length is known only when it is sent */
};

/* Of the people of one time zone. */
struct preflight_zone {
    uint64_t sendable[PLAN_RUNGS_MAX];
    uint64_t first[PLAN_RUNGS_MAX];
};

struct preflight_counts {
    uint64_t people;
    uint64_t reachable;   /* there is a step that can send to them today */
    uint64_t incomplete;  /* none, as a variable is empty */
    uint64_t suppressed;  /* none, as all that the plan could use is barred */
    uint64_t capped;      /* none, as they have had enough messages, whatever endpoints they have */
    uint64_t unreachable; /* none, as they have no endpoint of any channel of the plan */
    unsigned step_count;
    struct preflight_step steps[PLAN_RUNGS_MAX];
    struct preflight_sms sms;
    /* By the zone clock's numbers, if there is one: they add up to what the steps have. */
    unsigned zone_count;
    const struct preflight_zone *zones;
};

/* A variable of one body that is empty for so many who have an endpoint that is not barred. */
struct preflight_missing {
    enum channel_kind channel;
    const char *locale; /* "" is the default */
    const char *variable;
    uint64_t people;
};

/* Copies what it needs; content->bodies may be empty: then only endpoints are counted. `slots`:
 * places of the audience; `clock`, which it borrows: count by time zones as well, or NULL. On error
 * the problem says which template does not parse. */
enum err preflight_new(struct preflight **out, const struct wire_content *content,
                       const struct plan *plan, uint32_t slots, struct zone_clock *clock,
                       struct problem *problem) WARN_UNUSED;
void preflight_free(struct preflight *preflight); /* NULL is fine */
/* How texts are sent on sms. Before the first page; without it they go as they are. */
void preflight_set_sms_rule(struct preflight *preflight, const struct sms_rule *rule);

/* Who is kept from what on a page. */
struct preflight_kept {
    const struct bitmap *holes;         /* they are no recipients */
    const struct bitmap *capped;        /* by the frequency cap; NULL: nobody */
    const struct suppression_hit *hits; /* of the page, ascending by ordinal */
    size_t hit_count;
};
/* A page, whose cursor stands anywhere. */
void preflight_page(struct preflight *preflight, uint32_t page, struct page_view *view,
                    const struct preflight_kept *kept);
/* All pages of the audience, matched against the list (NULL: nobody is on it); capped: who is, by
 * page (NULL: nobody). Stops early with ERR_CLOSED when *is_stopped. ERR_CORRUPT, ERR_IO. */
enum err preflight_read(struct preflight *preflight, struct ledger *ledger,
                        const struct audience_info *info, struct suppression_list *list,
                        const struct bitmap *capped, uint64_t now_ms,
                        const atomic_bool *is_stopped) WARN_UNUSED;

const struct preflight_counts *preflight_counts(const struct preflight *preflight);
/* index 0, 1, ... until false. The names live as long as the preflight. */
bool preflight_missing(const struct preflight *preflight, unsigned index,
                       struct preflight_missing *missing);
/* The first unreachable recipient at `ordinal` or later; the number of slots if there is none. */
uint32_t preflight_next_unreachable(const struct preflight *preflight, uint32_t ordinal);

#endif
