/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign: one campaign in memory: its definition, its life, the states of its recipients page by
 * page, the timers of pages with something due, and the events of the open turn. Internal to the
 * engine.
 *
 * A page that nobody was leased from yet has no states: all its recipients are waiting, and most
 * pages of a large campaign are so for most of the time.
 */
#ifndef TOCSIN_ENGINE_CAMPAIGN_H
#define TOCSIN_ENGINE_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "coordinator/engine/bar.h"
#include "coordinator/engine/bucket.h"
#include "coordinator/engine/control.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/fold.h"
#include "coordinator/engine/lease.h"
#include "coordinator/engine/page_timers.h"
#include "coordinator/engine/quiet.h"
#include "coordinator/engine/rate_meter.h"

/* Events of one page in the open turn. */
struct draft {
    struct campaign *campaign;
    uint32_t page;
    struct event_list list;
};

struct page_state {
    struct recipient_state *states; /* NULL: nobody was leased yet */
    struct bitmap *holes;           /* NULL: none */
    struct lease *leases;           /* open ones */
    struct bitmap *bounced;         /* NULL: of nobody a message came back, in the blocks read */
    bool is_restored;               /* from a snapshot, which does not keep that */
    struct page_rest rest;          /* who is barred, and who is of which round */
    uint32_t draft;                 /* index of its draft in the open turn, plus one; 0: none */
    uint32_t blocks;                /* since the last snapshot */
    bool has_lost; /* a lease was given up in this life: its batch may still lie with a worker */
};

/* What is known for its frequency cap in this life. Numbers are the engine's cap_seq. */
struct cap {
    bool is_surveyed;     /* it was screened, or need not be */
    uint64_t surveyed;    /* whoever ended until then is in the survey */
    uint8_t *had;         /* by ordinal: messages by then of others; NULL: none, or it allows one */
    uint64_t ended;       /* when it ended itself, */
    uint64_t round_began; /* and when it went on; 0: not in this life */
};

struct campaign {
    struct campaign_def def;
    enum campaign_state state;
    bool is_ended;        /* finished, or cancelled with nobody leased: only the counts are left */
    uint64_t noted_recno; /* in that record; 0: in a former life */
    bool end_is_noted;    /* its closing counts were written and have not changed since */
    bool is_screened;     /* or has no frequency cap to be screened for */
    bool has_lost;        /* one of its pages has, or had before they were dropped */
    struct cap cap;
    bool is_swept;      /* those who waited when it was over have been ended */
    bool end_is_void;   /* they stand in the catalogue, but it goes on: they must be removed */
    bool is_closed;     /* its pages were dropped: in memory are only those that were woken since */
    unsigned reopening; /* states that the round being prepared will take in; 0: none is */
    uint64_t awake_until_ms; /* they stay until then */
    uint64_t launched_ms;
    uint64_t ended_ms;
    uint64_t
        sending_ms; /* it began, went on or began its round last; nobody could be leased before */
    struct control control;
    unsigned round; /* how many further ones there were */
    struct campaign_round rounds[ENGINE_ROUNDS_MAX - 1];
    uint32_t counts[DELIVERY_STATES];
    uint32_t open; /* recipients of whom an answer is awaited */
    uint32_t complained;
    uint32_t tried;        /* some endpoint was there and was tried, on any step */
    unsigned first_step;   /* on which everybody begins */
    unsigned first_beside; /* the step that starts together with it; 0: none */
    struct rung_counts rungs[PLAN_RUNGS_MAX];
    bool is_without_rungs; /* it ended when they were not counted yet */
    uint32_t page_count;   /* of the audience */
    uint32_t page_total;   /* with the pages of the side: twice as many if the plan has a pair */
    uint32_t next_fresh;   /* pages before it have been leased from at least once */
    struct page_state *pages;
    struct page_timers due[PLAN_RUNGS_MAX]; /* by step: somebody is to be sent to */
    struct page_timers climbs;              /* somebody's step ends */
    struct quiet *quiet;                    /* NULL: no quiet hours hold */
    uint32_t draft;                         /* of the campaign's own events */
    double turn_share;                      /* weighted fairness: recipients leased / weight */
    struct bucket bucket;                   /* its own rate */
    uint64_t repeated;
    unsigned outcome_rows; /* of providers by which anything was sent in this life */
    struct outcome_counts *outcomes;
    uint64_t events; /* decided of it in this life */
    struct rate_meter meter;
    bool is_taking_in;     /* the present round has not taken in all whom it will */
    uint32_t round_page;   /* the first that it has not looked through */
    unsigned round_states; /* whom it takes in */
    uint32_t down_page;    /* the next to be looked through for who climbs as his step is down */
    uint64_t down_next_ms; /* when that begins anew */
    bool down_in_vain;     /* somebody who was looked at may not climb */
    unsigned passed_over;  /* bit s: nothing to lease of step s in this run */
    bool is_live;          /* in the engine's list of those that something may happen to */
    bool is_changed;       /* in the list of engine_next_changed */
    bool is_stirred;       /* in that of engine_next_stirred */
    struct campaign *next_changed;
    struct campaign *next_stirred;
    struct campaign *prev;
    struct campaign *next;
    UT_hash_handle hh;
};

struct campaign *campaign_new(const struct campaign_def *def);
void campaign_free(struct campaign *campaign);
/* A page number from page_count on is one of the side (pair.h): its places are those of the
 * audience's page, which alone has holes, bars, zones, and events in the journal: an event's step
 * says on which track it is. */
static inline bool campaign_is_side(const struct campaign *campaign, uint32_t page)
{
    return page >= campaign->page_count;
}
static inline uint32_t campaign_base_page(const struct campaign *campaign, uint32_t page)
{
    return campaign_is_side(campaign, page) ? page - campaign->page_count : page;
}
static inline bool campaign_has_pair(const struct campaign *campaign)
{
    return campaign->page_total != campaign->page_count;
}
/* The page of the other track. Only where there is a pair. */
static inline uint32_t campaign_other_page(const struct campaign *campaign, uint32_t page)
{
    return campaign_is_side(campaign, page) ? page - campaign->page_count
                                            : page + campaign->page_count;
}
/* Where the recipients of an audience's page stand on a step. */
static inline uint32_t campaign_page_of_step(const struct campaign *campaign, uint32_t page,
                                             unsigned step)
{
    bool is_side = campaign_has_pair(campaign) && plan_is_beside(&campaign->def.plan, step);
    return is_side ? page + campaign->page_count : page;
}
/* Pages without states, and timers. */
void campaign_make_pages(struct campaign *campaign);
/* Forgets pages, states and timers. */
void campaign_drop_pages(struct campaign *campaign);
void campaign_set_holes(struct campaign *campaign, uint32_t page, const struct bitmap *holes);
unsigned campaign_page_slots(const struct campaign *campaign, uint32_t page);
/* The page's states, made if there are none yet (and those of the other track with them). */
struct recipient_state *campaign_states(struct campaign *campaign, uint32_t page);
/* What a recipient's state is, also in a page without states. */
struct recipient_state campaign_recipient(const struct campaign *campaign, uint32_t page,
                                          unsigned place);
/* What he is counted and shown as, of an audience's page: with a pair, what both tracks come to. */
struct recipient_state campaign_both_tracks(const struct campaign *campaign, uint32_t page,
                                            unsigned place);
/* Whether a receipt has said of any attempt of his that it came back; true if that is not known. */
bool campaign_may_have_bounced(const struct campaign *campaign, uint32_t page, unsigned place);
/* The round in which he last began; 0: the first. */
unsigned campaign_round(const struct campaign *campaign, uint32_t page, unsigned place);
/* Its states are known: a page without any is in the beginning. */
bool campaign_has_page(const struct campaign *campaign, uint32_t page);
struct fold campaign_fold(struct campaign *campaign);
/* The same for changing the recipients of a page. Their states are there. */
struct fold campaign_fold_page(struct campaign *campaign, uint32_t page);
/* Applies one event of an audience's page to states, counts, timers and leases; false if it does
 * not fit (nothing changed). */
bool campaign_apply(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                    const struct event *event);
bool campaign_apply_own(struct campaign *campaign, const struct event *event);
/* Is somebody to be sent to at all: does it run, and has its not_after not passed? */
bool campaign_is_sending(const struct campaign *campaign);
/* Nothing will be sent any more, whatever comes back: cancelled, or past not_after. */
bool campaign_is_over(const struct campaign *campaign);
/* How those who wait then end: DELIVERY_EVENT_CANCELLED or DELIVERY_EVENT_EXPIRED. */
enum delivery_event campaign_over_event(const struct campaign *campaign);
/* Everybody who waits ends so; once, also when who expired is cancelled as well. */
void campaign_sweep(struct campaign *campaign);
/* Puts the page into the timers by what is due in it, or takes it out. */
void campaign_refresh_timers(struct campaign *campaign, uint32_t page);
/* Pages with something due later, of all steps. */
uint32_t campaign_timers(const struct campaign *campaign);
uint32_t campaign_left(const struct campaign *campaign);
/* An open lease of the page, nothing of it filled but its id. */
struct lease *campaign_add_lease(struct campaign *campaign, struct lease_table *leases,
                                 uint32_t page, uint64_t id);
/* campaign_snapshot.c */
void campaign_snapshot(struct campaign *campaign, uint32_t page, struct buf *buf);
/* ERR_CORRUPT or ERR_UNSUPPORTED: the campaign is then good for nothing but campaign_free. */
enum err campaign_restore(struct campaign *campaign, struct lease_table *leases, uint32_t page,
                          struct slice snapshot);

#endif
