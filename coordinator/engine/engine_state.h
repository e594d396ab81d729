/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_state: what the engine's own files share. Nobody else includes it.
 */
#ifndef TOCSIN_ENGINE_ENGINE_STATE_H
#define TOCSIN_ENGINE_ENGINE_STATE_H

#include "coordinator/engine/campaign.h"
#include "coordinator/engine/control.h"
#include "coordinator/engine/delays.h"
#include "coordinator/engine/engine.h"
#include "coordinator/engine/health.h"
#include "coordinator/engine/lease.h"
#include "coordinator/engine/quiet.h"
#include "coordinator/engine/quota.h"
#include "coordinator/engine/roster.h"
#include "coordinator/engine/under_way.h"

struct provider {
    bool is_there;
    struct provider_def def;
    struct quota quota;
    struct health health;
    double part;            /* of its channel by its weight, in points (health.h) */
    double points;          /* the same as its health has it; 0: not reviewed yet */
    double owed;            /* recipients, of those that it could have had (sharing.c) */
    uint64_t down_since_ms; /* 0: it can be used, as far as is known */
    uint64_t outcomes[OUTCOMES];
    struct under_way under_way;
    uint32_t concurrency; /* as def has them, or as they were changed to */
    uint32_t day_quota;
    uint64_t day_used; /* leased on its day */
    uint64_t day_until_ms;
    bool was_quiet;            /* in its own quiet hours, as far as its workers were told */
    struct quiet_span quiet;   /* its own, that go on or are the next; never: from UINT64_MAX on */
    uint16_t throttled_reason; /* enum reason of the last throttling answer */
    uint64_t slot_ms;          /* when what was sent to workers so far ought to have gone out */
};

struct effects {
    struct engine_effect *ring;
    unsigned first;
    unsigned count;
    unsigned cap;
};

struct engine {
    struct engine_settings settings;
    uint64_t now_ms; /* never goes back */
    uint64_t dice;
    uint64_t last_lease; /* counter within this epoch */
    uint64_t last_campaign;
    struct campaign *campaigns; /* by id, in the order of the ids */
    struct campaign *live;      /* launched or cancelled, and the end not yet noted */
    struct campaign *changed;   /* what others have not been told of (engine_news.c) */
    struct campaign *stirred;
    struct provider providers[WIRE_PROVIDERS_MAX];
    unsigned provider_count;
    uint64_t reviewed_ms; /* when the providers' shares were */
    struct lease_table leases;
    struct roster roster;
    struct effects effects;
    struct draft *drafts; /* of the open turn; memory is kept from turn to turn */
    unsigned draft_count;
    unsigned draft_cap;
    engine_end_key_fn end_key;
    struct quiet_source quiet_source;
    uint64_t cap_seq;     /* ends, and beginnings of rounds */
    bool is_reporting;    /* what is decided is what a worker says of its lease */
    unsigned quiet_reads; /* pages whose zones were read in this run */
    bool is_put_off;      /* somebody due was passed over only for that */
    uint64_t due_read_ms; /* since then so many were read to answer who is due (due_now.c) */
    unsigned due_reads;
    struct buf attempts; /* of the batch last asked for */
    struct buf endpoints;
    struct engine_stats stats;
    struct delays delays;
};

/* engine.c */
/* Time goes on; a clock that goes back stands still. */
void engine_advance(struct engine *engine, uint64_t now_ms);
/* The worker is to return what it has not sent of a campaign that was paused or cancelled. */
void engine_tell_stopped(struct engine *engine, const struct roster_entry *entry,
                         const struct campaign *campaign);
uint64_t engine_dice(struct engine *engine);
void engine_push_effect(struct engine *engine, const struct engine_effect *effect);
/* Decides: applies the event and notes it for the open turn. An event that does not fit is a bug.
 * page: of the track that the event's step is on. */
void engine_decide(struct engine *engine, struct campaign *campaign, uint32_t page,
                   const struct event *event);
void engine_decide_own(struct engine *engine, struct campaign *campaign, enum campaign_event kind);
/* The same with a reason. */
void engine_note_own(struct engine *engine, struct campaign *campaign, enum campaign_event kind,
                     uint16_t reason);
/* round.c: rounds take in some more pages. True if there are more at once. */
bool round_run(struct engine *engine);
/* cap.c: what a critical campaign overrides is journaled as it is launched. */
void cap_on_launched(struct engine *engine, struct campaign *campaign);
/* It has ended, or goes on in another round. */
void cap_on_ended(struct engine *engine, struct campaign *campaign);
void cap_on_round(struct engine *engine, struct campaign *campaign);
/* Whom it sent to must stay in memory: another campaign with a cap has not counted it yet. */
bool cap_needs(const struct engine *engine, const struct campaign *campaign);
/* May it send, for its cap? */
static inline bool cap_lets_send(const struct campaign *campaign)
{
    return campaign->is_screened && campaign->cap.is_surveyed;
}
/* Before somebody of the page is leased: whoever had enough by now is suppressed. */
void cap_look(struct engine *engine, struct campaign *campaign, uint32_t page);
/* The same with more in the event than its kind; span and at_ms are filled in. */
void engine_decide_event(struct engine *engine, struct campaign *campaign, struct event event);
/* The workers are to return what they have not sent of it. */
void engine_tell_all_stopped(struct engine *engine, const struct campaign *campaign);
/* A campaign that joins its class late starts even with the one that has had least. */
void engine_join_class(struct engine *engine, struct campaign *joining);
/* Nobody is sent to any more, by an event of cancellation. */
void engine_end_for_good(struct engine *engine, struct campaign *campaign, struct event event);
/* Finished, or cancelled and drained? Then it ends. */
void engine_settle(struct engine *engine, struct campaign *campaign);
struct campaign *engine_find_campaign(const struct engine *engine, uint64_t id);
/* Drafts and those whose end is noted cost nothing but memory: whatever walks campaigns walks the
 * live ones. */
void engine_enliven(struct engine *engine, struct campaign *campaign);

/* engine_news.c: the campaign itself came to something else; something was decided of it or of its
 * recipients. */
void engine_note_changed(struct engine *engine, struct campaign *campaign);
void engine_note_stirred(struct engine *engine, struct campaign *campaign);

/* engine_turn.c: drops the pages of ended campaigns that nobody asked for any more. */
void engine_put_to_sleep(struct engine *engine);

/* engine_workers.c: nothing was heard of it for so many lease times? */
bool engine_is_silent(const struct engine *engine, const struct roster_entry *entry,
                      uint64_t lease_times);

/* dispatch.c: leases what is due to workers with credit. True if there may be more to lease at
 * once. */
bool dispatch_run(struct engine *engine);
/* When something will be due; UINT64_MAX if that depends on other events. */
uint64_t dispatch_next_ms(struct engine *engine);

/* ladder.c: from step to step. What the outcome's event means for the ladder: a further step, or
 * what the recipient ends as. */
void ladder_decide(const struct engine *engine, const struct campaign *campaign,
                   const struct recipient_state *state, struct event *event);
/* After an event that accepts: whoever of its places is not open now, and was delivered on the way,
 * ends as that. */
void ladder_close_accepted(struct engine *engine, struct campaign *campaign, uint32_t page,
                           const struct event *accepted);
/* Until when a recipient who is now accepted or held stays open; 0: he does not. */
uint64_t ladder_open_until_ms(const struct engine *engine, const struct campaign *campaign,
                              const struct recipient_state *state);
/* Those whose step is over climb. */
void ladder_run(struct engine *engine);
uint64_t ladder_next_ms(struct engine *engine);

/* Of whom there is nothing to be sent any more, or nothing on this track of a pair. */
enum recall { RECALL_ALL, RECALL_TRACK };
/* What was handed to a worker and has not left yet must not. */
void ladder_recall(struct engine *engine, uint64_t lease, unsigned place, enum recall recall);
/* Nor what was handed out under a lease that was given up: its worker may be back. */
void ladder_recall_lost(struct engine *engine, const struct campaign *campaign, uint32_t page,
                        unsigned place, enum recall recall);
/* 0: he is in none. */
uint64_t ladder_lease_of_place(const struct campaign *campaign, uint32_t page, unsigned place);
/* Where the recipient climbs whom the message of this step cannot be sent to; 0: the ladder ends.
 */
unsigned ladder_step_after_failure(const struct campaign *campaign, unsigned step);

/* Where the ladder goes on for whom this step is down; 0: nowhere. Of a step of a pair it is the
 * step after the pair. */
unsigned ladder_step_if_down(const struct campaign *campaign, unsigned step);

/* fold_closing, but on a step of a pair: there `event` itself, for the pair goes on (pair.h). */
enum delivery_event ladder_closing(const struct campaign *campaign,
                                   const struct recipient_state *state, enum delivery_event event);
/* The step after the pair that begins with `step`; 0: the ladder ends. */
unsigned ladder_step_after_pair(const struct campaign *campaign, unsigned step);

/* detour.c: an event that would end an untried recipient takes him back to what he passed by while
 * it was down, if he has not been back yet. On a step of a pair pair_steps.c decides that for both.
 */
void detour_decide(const struct engine *engine, const struct campaign *campaign, uint32_t page,
                   struct event *event);
/* May he go back? */
bool detour_is_due(const struct campaign *campaign, uint32_t page, unsigned place);
/* Where to. */
unsigned detour_step(const struct campaign *campaign);

/* pair_steps.c: of a campaign whose plan has a pair. After an event was applied: what begins with
 * it on the other track, and, when bars have been enforced, what ends. */
void pair_on_begin(struct engine *engine, struct campaign *campaign, uint32_t page,
                   const struct event *event);
void pair_on_end(struct engine *engine, struct campaign *campaign, uint32_t page,
                 const struct event *event);
/* Whoever of the places has come to nothing on both steps of the pair climbs. */
void pair_end(struct engine *engine, struct campaign *campaign, uint32_t page, unsigned offset,
              unsigned span, uint16_t reason);
/* How an open step of a pair ends on its track. */
enum delivery_event pair_closing(const struct recipient_state *track);

/* suppress.c: whoever of the places of an event waits where he must not be sent to goes on. */
void suppress_enforce(struct engine *engine, struct campaign *campaign, uint32_t page,
                      unsigned offset, unsigned span);
/* Who could not be sent to because of a bar, and was never tried, is not unreachable. */
void suppress_explain(const struct campaign *campaign, uint32_t page, struct event *event);
/* Places of the lease that are barred for its channel. */
struct bitmap suppress_barred(const struct lease *lease);
void suppress_recall_again(struct engine *engine, struct lease *lease);

/* intake.c: outcomes, expiries and returns become events. */
struct fate {
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
    struct slice ref;
};
/* Places [offset, offset + span) of a lease met this fate; places no longer in the lease are passed
 * over. */
void intake_settle(struct engine *engine, struct lease *lease, unsigned offset, unsigned span,
                   const struct fate *fate);
/* All that is left of a lease. The lease is gone afterwards. */
void intake_settle_all(struct engine *engine, struct lease *lease, const struct fate *fate);
/* An outcome for a lease that is not known (any more). */
void intake_late(struct engine *engine, struct campaign *campaign, uint64_t lease, uint32_t page,
                 const struct outcome_run *run);

/* provider_change.c: what lies with workers as a provider's quiet hours begin comes back. */
void provider_change_run(struct engine *engine);

/* sharing.c: which of several providers (bit i: provider i) is next. */
#define SHARING_REVIEW_MS 200
/* NULL if there is no candidate. */
struct provider *sharing_choose(struct engine *engine, uint64_t candidates);
/* One of them was leased so many; those that could have had it are the candidates. */
void sharing_charge(struct engine *engine, uint64_t candidates, struct provider *charged,
                    uint32_t count);
/* So many met this fate. */
void sharing_on_fate(struct engine *engine, struct provider *provider, const struct fate *fate,
                     uint32_t count);
/* Shares move as time passes. */
void sharing_run(struct engine *engine);

/* down.c: those who wait on a step that is down climb, if the plan says so. True if there may be
 * more of them at once. */
bool down_run(struct engine *engine);

#endif
