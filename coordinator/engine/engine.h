/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: campaigns, deliveries, leases and limits. The heart, and pure: no clock, no socket, no
 * store.
 *
 * Whatever comes in (a command, an outcome, time) is *decided* into events; each event is *applied*
 * to the state at once by the same function that a restart runs over the journal, so state is a
 * function of the journal alone. Events wait in the engine until engine_close_turn writes them into
 * the turn's record. What has to be done outside is an effect: the shell takes effects after every
 * call and carries each out only when the record that was open at that time is durable.
 *
 * Single thread. All times are unix milliseconds given by the caller; a clock that goes back is
 * treated as standing still.
 */
#ifndef TOCSIN_ENGINE_ENGINE_H
#define TOCSIN_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bitmap.h"
#include "common/err.h"
#include "common/hash.h"
#include "coordinator/engine/bar.h"
#include "coordinator/engine/delivery_state.h"
#include "coordinator/engine/event.h"
#include "coordinator/engine/health.h"
#include "coordinator/engine/plan.h"
#include "coordinator/engine/quota.h"
#include "coordinator/engine/record.h"
#include "coordinator/engine/round.h"
#include "proto/wire.h"

#define ENGINE_NAME_MAX 128

struct engine;

struct engine_settings {
    uint64_t epoch; /* of this life; larger than any before */
    uint64_t seed;  /* of the dice for jitter */
    uint32_t heartbeat_ms;
    uint32_t lease_ms;        /* a worker silent for so long has lost its leases */
    uint32_t snapshot_blocks; /* a page gets a snapshot after about so many blocks; 0: never */
    uint32_t quiet_margin_ms; /* so long before quiet hours nobody is leased any more */
    uint32_t down_grace_ms;   /* a step is down so long before those who may climb from it */
    uint32_t round_pages;     /* that a further round takes in in one run; 0: 64 */
};

struct engine *engine_new(const struct engine_settings *settings);
void engine_free(struct engine *engine);

/* ---- What it is told about at the start ---- */

struct provider_def {
    uint8_t id; /* < WIRE_PROVIDERS_MAX */
    char name[ENGINE_NAME_MAX + 1];
    enum channel_kind channel;
    double rate_per_s;    /* 0: no limit */
    double burst;         /* tokens that may gather; 0: one and 30 ms' worth */
    uint32_t day_quota;   /* recipients that it may be leased on one day; 0: any number */
    uint32_t concurrency; /* recipients under way at most, over all workers; 0: any number */
    uint32_t weight;      /* share among the providers of a channel; 1 */
    bool has_receipts;    /* its receipts come in: `until: delivered` can be waited for */
    uint32_t breaker_ms;  /* how long the breaker stays open before a probe; 30,000 */
};
void engine_add_provider(struct engine *engine, const struct provider_def *def);
/* Another rate and burst for a provider that is there, shapes as in its definition, from now on;
 * running campaigns feel it with their next lease. What throttling answers have lowered stays
 * lowered. Nothing of it is kept here: after a restart it must be told again. So it is with all
 * that changes a provider. */
void engine_provider_limit(struct engine *engine, uint8_t id, double rate_per_s, double burst,
                           uint64_t now_ms);
/* 0: any number. If more are under way, what its workers have not sent comes back. */
void engine_provider_concurrency(struct engine *engine, uint8_t id, uint32_t concurrency,
                                 uint64_t now_ms);
/* 0: any number. What was leased on its day before counts; what is leased now goes on. */
void engine_provider_quota(struct engine *engine, uint8_t id, uint32_t day_quota);

enum campaign_state {
    CAMPAIGN_DRAFT,
    CAMPAIGN_RUNNING,
    CAMPAIGN_PAUSED,
    CAMPAIGN_FINISHED,
    CAMPAIGN_CANCELLED,
    CAMPAIGN_SCHEDULED, /* launched, but its time has not come */
    CAMPAIGN_STATES
};
enum campaign_priority {
    PRIORITY_CRITICAL,
    PRIORITY_HIGH,
    PRIORITY_NORMAL,
    PRIORITY_BULK,
    PRIORITIES
};
const char *campaign_state_name(enum campaign_state state);
const char *campaign_priority_name(enum campaign_priority priority);
bool campaign_priority_parse(const char *name, enum campaign_priority *priority);

/* A campaign pauses itself when more than `count` are so, or more than `percent` of those that were
 * tried, if these are `of_at_least`. 0: that part does not hold. Stored: add at the end. */
enum stop_cause {
    STOP_FAILED,     /* for good */
    STOP_COMPLAINED, /* a receipt says that the recipient does not want it */
    STOP_CAUSES
};
struct stop_rule {
    uint32_t count;
    uint32_t percent;
    uint32_t of_at_least;
};
const char *stop_cause_name(enum stop_cause cause);

/* When a campaign begins and ends by itself, and what it ends. 0: not. */
struct campaign_control {
    uint64_t start_at_ms;      /* once launched, it waits until then */
    uint64_t not_after_ms;     /* nobody is sent to from then on */
    uint64_t not_after_for_ms; /* the same, so long after it began; in place of not_after_ms */
    uint64_t supersedes;       /* its launch cancels this campaign */
    struct stop_rule stop[STOP_CAUSES];
};

#define CAMPAIGN_RATE_MAX 10e6

struct campaign_def {
    uint64_t id; /* 1.., below 2^40 */
    char name[ENGINE_NAME_MAX + 1];
    uint64_t audience;
    uint64_t created_ms;
    uint32_t slots;      /* places in the audience's pages */
    uint32_t recipients; /* slots less holes */
    enum campaign_priority priority;
    uint32_t weight;   /* share within its class, 1..1000 */
    double rate_per_s; /* of its own, beside the providers'; 0: none; kept to the thousandth */
    struct campaign_control control;
    struct plan plan;
    unsigned quiet_channels; /* bit c: recipients' quiet hours hold on channel c */
    uint32_t cap_messages;   /* of all campaigns within cap_per_ms, to one contact; 0: no cap */
    uint64_t cap_per_ms;
};

/* ---- Restart: definitions first, then per campaign snapshots, blocks of pages, blocks of the
 * campaign; then engine_recovered ---- */

/* Both at a restart and for a new campaign (whose definition the caller puts into the turn's
 * record). ERR_EXISTS. */
enum err engine_add_campaign(struct engine *engine, const struct campaign_def *def) WARN_UNUSED;
/* Places that are no recipients; before launch or replay of that page. */
void engine_add_holes(struct engine *engine, uint64_t campaign, uint32_t page,
                      const struct bitmap *holes);
/* A further round of a campaign: whom of a state it took in, and how many. */
#define ENGINE_ROUNDS_MAX 15 /* the first among them */
struct campaign_round {
    uint64_t at_ms;
    uint32_t recipients;
    uint16_t states; /* bit s: of state s */
};
/* A campaign that ended in a former life: only its closing counts are kept in memory. */
struct campaign_end {
    enum campaign_state state;
    uint64_t launched_ms;
    uint64_t ended_ms;
    uint32_t counts[DELIVERY_STATES];
    bool is_expired; /* not_after had passed: whoever still waited is expired */
    uint64_t not_after_ms;
    uint64_t superseded_by;
    uint32_t complained;
    /* By step, as in campaign_view; has_rungs: they were counted when it ended. */
    bool has_rungs;
    struct rung_counts rungs[PLAN_RUNGS_MAX];
    unsigned round; /* how many further ones there were */
    struct campaign_round rounds[ENGINE_ROUNDS_MAX - 1];
};
void campaign_end_encode(const struct campaign_end *end, struct buf *buf);
enum err campaign_end_decode(struct slice bytes, struct campaign_end *end) WARN_UNUSED;
void engine_replay_end(struct engine *engine, uint64_t campaign, const struct campaign_end *end);
enum err engine_replay_snapshot(struct engine *engine, uint64_t campaign, uint32_t page,
                                struct slice state_page) WARN_UNUSED;
/* What a page's snapshot has of its recipients, for reports; its leases are passed over. side: NULL
 * if the plan has no pair. *rest, empty before, is the caller's to release, also after an error. */
enum err engine_snapshot_page(struct slice state_page, struct recipient_state *states,
                              struct recipient_state *side, unsigned count,
                              struct page_rest *rest) WARN_UNUSED;
/* Blocks of one page in order. page may be RECORD_PAGE_CAMPAIGN. ERR_CORRUPT names nothing: the
 * caller knows where. */
enum err engine_replay_block(struct engine *engine, uint64_t campaign, uint32_t page,
                             struct slice block) WARN_UNUSED;
/* All is replayed: timers and leases are set going. Leases of the former life wait lease_ms for
 * their workers. */
void engine_recovered(struct engine *engine, uint64_t now_ms);

/* ---- Commands. ERR_NOT_FOUND, ERR_CONFLICT (with what state it is in) ---- */

/* As its definition says: at once, or scheduled. One that is scheduled begins at once. */
enum err engine_launch(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                       struct problem *problem) WARN_UNUSED;
/* To begin at `at_ms`, whatever its definition or an earlier schedule says; what is past is now. */
enum err engine_schedule(struct engine *engine, uint64_t campaign, uint64_t at_ms, uint64_t now_ms,
                         struct problem *problem) WARN_UNUSED;
enum err engine_pause(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                      struct problem *problem) WARN_UNUSED;
enum err engine_resume(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                       struct problem *problem) WARN_UNUSED;
enum err engine_cancel(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                       struct problem *problem) WARN_UNUSED;

/* What may be changed until a campaign has ended. Stored: add at the end. */
enum campaign_field {
    CAMPAIGN_FIELD_RATE,
    CAMPAIGN_FIELD_PRIORITY,
    CAMPAIGN_FIELD_WEIGHT,
    CAMPAIGN_FIELD_NOT_AFTER,
    CAMPAIGN_FIELD_STOP_RULES,
    CAMPAIGN_FIELDS
};
struct campaign_change {
    unsigned fields; /* bit f: field f is changed, to: */
    double rate_per_s;
    enum campaign_priority priority;
    uint32_t weight;
    uint64_t not_after_ms;
    uint64_t not_after_for_ms; /* in place of it: so long after it, or its last round, began */
    struct stop_rule stop[STOP_CAUSES]; /* all of them */
};
/* From now on; what was leased before stays leased. All fields or none. The values are sound;
 * ERR_CONFLICT: it has ended, or expired; its not_after would have passed; or it would become, or
 * be no longer, critical, and has what a critical one overrides. */
enum err engine_change(struct engine *engine, uint64_t campaign,
                       const struct campaign_change *change, uint64_t now_ms,
                       struct problem *problem) WARN_UNUSED;

/* Another round of a campaign that has finished: those in one of the states (bit s: state s) start
 * anew at the plan's first step, everybody else stays as he is. First it is reopened: from then on
 * the pages that are woken stay, and engine_suppress bars whom it means. When
 * all pages are awake, engine_retry begins the round; of a large campaign it takes in the first
 * pages, and engine_run the others, with the events `retried` of each; who has acknowledged by then
 * is not among them. ERR_NOT_FOUND; ERR_CONFLICT: it has not
 * finished or expired, nobody is in these states, it is being reopened, or had all its rounds. A
 * campaign that engine_retry refuses is not reopened any more. */
#define ENGINE_RETRY_STATES                                                                        \
    (1u << DELIVERY_FAILED | 1u << DELIVERY_UNCERTAIN | 1u << DELIVERY_UNREACHABLE |               \
     1u << DELIVERY_EXPIRED)
enum err engine_reopen(struct engine *engine, uint64_t campaign, unsigned states, uint64_t now_ms,
                       struct problem *problem) WARN_UNUSED;
enum err engine_retry(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                      struct problem *problem) WARN_UNUSED;
void engine_reopen_give_up(struct engine *engine, uint64_t campaign);
/* Is the page in memory, or need it not be, as its campaign has not ended? */
bool engine_page_is_awake(struct engine *engine, uint64_t campaign, uint32_t page);
/* The round in which a recipient whose page is awake was last begun with; 0: the first. */
unsigned engine_recipient_round(struct engine *engine, uint64_t campaign, uint32_t ordinal);

/* The recipient said that he knows: his ladder ends, wherever he stands. `how` is kept with it
 * (REASON_BY_LINK and so on, or REASON_NONE). Twice is as good as once.
 * ERR_NOT_FOUND: no such recipient; ERR_CONFLICT: the campaign was never launched; ERR_CLOSED: it
 * has ended, and the page must be woken first. */
enum err engine_acknowledge_by(struct engine *engine, uint64_t campaign, uint32_t ordinal,
                               uint16_t how, uint64_t now_ms) WARN_UNUSED;
/* The same where it is not known how. */
enum err engine_acknowledge(struct engine *engine, uint64_t campaign, uint32_t ordinal,
                            uint64_t now_ms) WARN_UNUSED;
/* From now on nothing is sent to the recipient: at all, or on a channel, or at one endpoint of it
 * (its rank). `reason` (reason_is_suppression) is kept with it. Where he is not reached yet he goes
 * on at once past what is barred; if nothing is left that was ever tried he is suppressed. What was
 * handed to a worker is called back; what was accepted stays so, but nothing follows it if all is
 * barred. Also of a campaign that is not launched yet. Twice is as good as once. ERR_NOT_FOUND: no
 * such recipient; ERR_CLOSED: the campaign has ended, and nothing is sent any more. One that is
 * being reopened has not. */
#define ENGINE_ALL_CHANNELS BAR_ALL
#define ENGINE_ALL_RANKS    BAR_ALL
enum err engine_suppress(struct engine *engine, uint64_t campaign, uint32_t ordinal,
                         unsigned channel, unsigned rank, uint16_t reason,
                         uint64_t now_ms) WARN_UNUSED;
/* What of the recipient is barred: index 0, 1, ... until false. */
bool engine_bar(struct engine *engine, uint64_t campaign, uint32_t ordinal, unsigned index,
                struct bar *bar);
/* What the provider says later of one attempt, as it stands in the attempt's token. */
enum receipt_kind {
    RECEIPT_ACCEPTED,
    RECEIPT_DELIVERED,
    RECEIPT_FAILED,
    RECEIPT_BOUNCED,
    RECEIPT_COMPLAINED,
    RECEIPT_KINDS
};
const char *receipt_kind_name(enum receipt_kind kind);
struct receipt {
    uint64_t campaign;
    uint32_t ordinal;
    uint8_t step;
    uint8_t round;
    uint8_t attempt; /* recipient_attempt_number */
    uint8_t provider;
    enum receipt_kind kind;
    uint16_t reason; /* the provider's own code, 100..599, or 0 */
};
/* Applied once however often it comes, and never a step back. A receipt that overtakes the outcome
 * of its attempt proves it, and the outcome is then known. ERR_OK: decided, or it says nothing new.
 * ERR_NOT_FOUND: no such recipient, or nothing was sent to him that this could be of; ERR_CONFLICT:
 * the campaign was never launched; ERR_CLOSED: it has ended, and the page must be woken first. */
enum err engine_receipt(struct engine *engine, const struct receipt *receipt,
                        uint64_t now_ms) WARN_UNUSED;
/* Takes a page of an ended campaign back into memory: its states (and those of the side, or NULL if
 * the plan has no pair), folded from a journal that has
 * all that was decided of the page so far. It stays there for a minute after its last use, which is
 * longer than any record is under way: so nobody folds a journal that lacks something. What *rest
 * has is taken. */
void engine_wake_page(struct engine *engine, uint64_t campaign, uint32_t page,
                      const struct recipient_state *states, const struct recipient_state *side,
                      unsigned count, struct page_rest *rest, uint64_t now_ms);

/* ---- Quiet hours: who is asleep is leased nothing on the campaign's quiet channels. He waits,
 * which uses up none of his step's time. A critical campaign overrides them ---- */

/* The quiet hours of a zone that go on, or else the next ones: [from_ms, until_ms). */
struct quiet_span {
    uint64_t from_ms;
    uint64_t until_ms;
};
/* What the engine asks: clocks and calendars are not its business. */
struct quiet_source {
    void *arg;
    /* Fills the number of each place's zone; 0 is the campaign's own, which holds for whoever has
     * none. False: the page cannot be read now. */
    bool (*zones)(void *arg, const struct campaign_def *def, uint32_t page, uint16_t *zones,
                  unsigned count);
    struct quiet_span (*span)(void *arg, const struct campaign_def *def, uint16_t zone,
                              uint64_t now_ms);
};
/* Before a campaign with quiet hours is launched or recovered. */
void engine_set_quiet_source(struct engine *engine, const struct quiet_source *source);
/* A provider's own quiet hours that go on, or else the next ones: nothing is leased of it within
 * them, nor in the quiet_margin_ms before, whatever the campaign; as they begin, what lies unsent
 * with workers comes back. It is told them anew when they are over or others, and after a restart;
 * from UINT64_MAX on there are none. */
void engine_provider_quiet(struct engine *engine, uint8_t id, const struct quiet_span *span);
/* A provider's day, which ends at until_ms: so many were leased of it since it began. It is told a
 * new one when that is over or another, and after a restart; one without a quota need not be. */
void engine_provider_day(struct engine *engine, uint8_t id, uint64_t used, uint64_t until_ms);
/* How many were leased of the provider on the day that it was told last. What comes back unsent
 * counts, too. */
uint64_t engine_provider_used(const struct engine *engine, uint8_t id);
/* How many of a provider, whether there is one of that number or not, may be under way without a
 * lease: nobody knows whether their requests are over. No event says so: it is kept with the events
 * of each turn, and a later life is told when it has recovered. */
uint32_t engine_provider_lost(struct engine *engine, uint8_t id);
void engine_provider_lose(struct engine *engine, uint8_t id, uint32_t count);
/* Until when quiet hours keep a recipient from being sent to; 0: they do not. */
uint64_t engine_held_until(struct engine *engine, uint64_t campaign, uint32_t ordinal,
                           uint64_t now_ms);

/* ---- Frequency cap: who had so many messages is sent no more. A campaign with a cap is leased
 * nothing before it was screened, in this life of the engine too: the shell finds out who had
 * enough, tells page by page, and then that it is done. It may do so again later. What other
 * campaigns of the same audience send meanwhile the engine sees itself, in the moment in which
 * somebody would be leased. A critical campaign overrides the cap ---- */

/* The launched campaign with the smallest id above `after` that waits to be screened; 0: none. */
uint64_t engine_unscreened(struct engine *engine, uint64_t after);
/* Those of the running and paused campaigns for which a cap holds, in no order: the first one for
 * `after` 0, then the one after it; 0: no more. */
uint64_t engine_next_capped(struct engine *engine, uint64_t after);
/* Has another campaign whose messages count for this one's cap sent since, or may it have? Walks
 * all campaigns there are. */
bool engine_cap_has_news(struct engine *engine, uint64_t campaign, uint64_t since_ms,
                         uint64_t now_ms);
/* Whoever of these places waits to be sent his first message is suppressed. Returns how many were;
 * 0 also if the campaign has ended, or no cap holds for it. */
unsigned engine_cap(struct engine *engine, uint64_t campaign, uint32_t page,
                    const struct bitmap *places, uint64_t now_ms);
void engine_screened(struct engine *engine, uint64_t campaign, uint64_t now_ms);
/* Does the engine see itself, from now on, what `other` sends to people of the campaign? */
bool engine_cap_sees(const struct engine *engine, uint64_t campaign, uint64_t other);
/* Of now, to be kept with a survey that begins. */
uint64_t engine_cap_mark(const struct engine *engine);
/* The survey that began at the mark is what holds: take_had (mem_alloc, of the campaign's slots,
 * by ordinal) has how many messages of campaigns that the engine did not see then each has had;
 * NULL if the cap allows only one. Before it is told who is capped, and that it is done. */
void engine_cap_survey(struct engine *engine, uint64_t campaign, uint64_t mark, uint8_t *take_had);
/* Was something sent to him, for sure or perhaps, or is it about to be? */
bool engine_is_messaged(const struct recipient_state *state);
/* Of a page of a campaign that is in memory, those of whom it is so and who last began in this
 * round or a later one (0: all); false if it is not. */
bool engine_messaged(struct engine *engine, uint64_t campaign, uint32_t page, unsigned from_round,
                     struct bitmap *messaged);

/* ---- Workers. A worker is known by a number that the shell gives it (its link), named for people
 * ---- */

void engine_worker_hello(struct engine *engine, uint32_t worker, const char *name,
                         uint64_t instance, uint64_t now_ms);
void engine_worker_credit(struct engine *engine, uint32_t worker,
                          const uint32_t limit[CHANNEL_KINDS], uint64_t now_ms);
/* All providers of which nothing is to be leased to it, and why; before the credit they came with.
 */
void engine_worker_unopened(struct engine *engine, uint32_t worker,
                            const struct wire_unopened *unopened, unsigned count);
/* False: it is not known (any more) and must say hello before it is leased to. */
bool engine_worker_heartbeat(struct engine *engine, uint32_t worker, uint64_t now_ms);
/* An instance said BYE: it is done, all that it said is durable, and what is still leased to it
 * never reached it. The number that it came by may be another instance's by now. */
void engine_worker_bye(struct engine *engine, uint64_t instance, uint64_t now_ms);
/* Any epoch's; what is known already is passed over; the worker is told by ENGINE_DURABLE when all
 * is on disk. */
void engine_outcomes(struct engine *engine, uint32_t worker, const struct wire_outcomes *outcomes,
                     uint64_t now_ms);
/* Nothing can be sent to it: it is leased nothing more until it says anew what it takes. Else one
 * that has just died would be leased the same page again and again. */
void engine_worker_unreachable(struct engine *engine, uint32_t worker, uint64_t now_ms);
/* The batch could not be sent after all: as if returned. */
void engine_lease_unsent(struct engine *engine, uint64_t lease, uint64_t now_ms);
/* The batch's page cannot be read: as if a worker had said so. */
void engine_lease_unreadable(struct engine *engine, uint64_t lease, uint64_t now_ms);

/* The clock was set ahead by so much, which nobody lived through: workers are as silent, and leases
 * as old, as they were. */
void engine_skip(struct engine *engine, uint64_t ms);
/* ---- Time: timers, expiry, dispatch. Returns in how many ms to call again at the latest ---- */
uint32_t engine_run(struct engine *engine, uint64_t now_ms);

/* ---- The turn ---- */

bool engine_has_events(const struct engine *engine);
/* Moves all events decided since the last call into the record, and snapshots of pages that are due
 * for one, and the closing counts of campaigns that ended (as catalogue entries, by the key
 * function given at engine_set_end_key). */
void engine_close_turn(struct engine *engine, struct record *record);
typedef void (*engine_end_key_fn)(struct buf *key, uint64_t campaign);
void engine_set_end_key(struct engine *engine, engine_end_key_fn key);

enum engine_effect_kind {
    ENGINE_BATCH, /* send the lease's batch: engine_lease_batch fills it; it may be gone by then */
    ENGINE_DURABLE, /* tell the worker that outcomes up to seq are durable */
    ENGINE_CANCEL,  /* tell the worker to return what it has not sent of the campaign */
    ENGINE_RECALL,  /* tell the worker not to send to one place of a campaign's page any more, on
                       the step before `step`; 0: on any */
    ENGINE_REFUSED  /* a provider refused an endpoint for good: campaign, page, place, step, rank */
};
struct engine_effect {
    enum engine_effect_kind kind;
    uint32_t worker;
    uint64_t lease;
    uint64_t instance;
    uint64_t seq;
    uint64_t campaign;
    bool for_good;
    uint16_t place;
    uint16_t reason;
    uint8_t step;
    uint8_t rank;
    uint32_t page;
    uint32_t count; /* ENGINE_DURABLE: recipients of the outcomes */
};
bool engine_next_effect(struct engine *engine, struct engine_effect *effect);
/* Fills everything of a batch but page_bytes; attempts and endpoints point into the engine's memory
 * until the next call. *audience and batch->page say which page. False: the lease is gone or its
 * campaign no longer runs, or somebody of it or its provider has quiet hours now: do not send. */
bool engine_lease_batch(struct engine *engine, uint64_t lease, uint64_t now_ms,
                        struct wire_batch *batch, uint64_t *audience);

/* ---- Questions ---- */

/* Of the attempts by one provider, in recipients. */
struct outcome_counts {
    uint8_t provider;
    uint64_t of[OUTCOMES];
};

struct campaign_view {
    const struct campaign_def *def;
    enum campaign_state state;
    uint64_t launched_ms; /* 0: never */
    uint64_t ended_ms;
    uint32_t counts[DELIVERY_STATES]; /* sums to def->recipients (NONE is not counted) */
    bool is_screening;                /* launched, and waits until the frequency cap was applied */
    uint32_t open;       /* of the accepted, delivered and uncertain: an answer is awaited */
    uint32_t complained; /* recipients of whom a receipt said so */
    /* By step of the plan; NULL: it ended before they were kept. They add up to counts. Of a plan
     * with a pair each track stands there for itself: the steps of the ladder add up to the
     * recipients, and those with_previous to whoever came to a pair. */
    const struct rung_counts *rungs;
    uint64_t
        due_ms[PLAN_RUNGS_MAX]; /* somebody is to be sent to on the step then, or was; 0: none */
    uint64_t climb_ms;          /* the next step of somebody's ends then; 0: nobody's */
    double rate_per_s;          /* recipients settled per second, of the last few seconds */
    uint64_t time_left_ms;      /* at this rate; 0: unknown */
    uint64_t repeated;          /* attempts repeated because uncertain, since this life began */
    uint64_t events; /* decided of it since this life began: as long as it stays, nothing has
                        changed */
    /* What became of its attempts since this life began, by provider, in no order. */
    unsigned outcome_rows;
    const struct outcome_counts *outcomes;
    uint64_t starts_ms;     /* scheduled: when it begins; else 0 */
    uint64_t not_after_ms;  /* known once it began; 0: none */
    bool is_expired;        /* not_after has passed */
    uint64_t superseded_by; /* the campaign whose launch cancelled it; 0: none */
    bool is_stopped;        /* paused by a stop rule: */
    enum stop_cause stop_cause;
    uint64_t stop_count; /* so many */
    uint64_t stop_of;    /* of so many that were tried */
    unsigned round;      /* how many further ones there were, the present one among them */
    const struct campaign_round *rounds;
};
bool engine_campaign(struct engine *engine, uint64_t campaign, struct campaign_view *view);
/* It has ended, and whatever was decided of it is in that record or in one before. */
bool engine_is_at_rest(struct engine *engine, uint64_t campaign, uint64_t recno);
/* Of a campaign at rest: the record in which it came to it; another one after each change. 0: in a
 * former life. */
uint64_t engine_rest(struct engine *engine, uint64_t campaign);
/* Are all its pages in memory? Else those that were woken are. */
bool engine_has_pages(struct engine *engine, uint64_t campaign);
/* The states that recipients of a page in memory may be in, and perhaps more: bit s is state s. */
unsigned engine_page_states(struct engine *engine, uint64_t campaign, uint32_t page);
/* The first round of a campaign that began after `since_ms`; 0: its launch did. ENGINE_ROUNDS_MAX:
 * none. */
unsigned engine_round_since(const struct campaign_view *view, uint64_t since_ms);
/* How those ended who still waited when it ended: DELIVERY_EVENT_CANCELLED or
 * DELIVERY_EVENT_EXPIRED; DELIVERY_EVENTS: nobody did, or it has not ended. */
enum delivery_event campaign_over(const struct campaign_view *view);
/* Campaigns in the order of their ids, from after `after`; 0 at the end. */
uint64_t engine_next_campaign(struct engine *engine, uint64_t after);
uint64_t engine_last_campaign(struct engine *engine);
/* Where he stands; of a plan with a pair what both tracks come to (pair_state).
 * ERR_NOT_FOUND: no such campaign or place; ERR_CLOSED: it has ended, fold the journal (report/).
 */
enum err engine_recipient(struct engine *engine, uint64_t campaign, uint32_t ordinal,
                          struct recipient_state *state) WARN_UNUSED;
/* engine_recipient of one track: of the ladder, or of the side. False also if he stands nowhere on
 * it. */
bool engine_track(struct engine *engine, uint64_t campaign, uint32_t ordinal, bool is_side,
                  struct recipient_state *state);

/* ---- What is new, for whoever tells others: each campaign is named once, however much has
 * happened to it since it was named last; 0: there is none ---- */

/* One that was launched, paused, changed, finished, or the like. After a restart none is. */
uint64_t engine_next_changed(struct engine *engine);
/* One of which, or of whose recipients, anything was decided. After a restart all that go on are.
 */
uint64_t engine_next_stirred(struct engine *engine);

struct worker_view {
    uint32_t worker;
    const char *name;
    uint64_t instance;
    bool connected; /* heard of within the lease time */
    uint64_t last_heard_ms;
    uint32_t credit[CHANNEL_KINDS];
    uint32_t in_hand[CHANNEL_KINDS]; /* leased to it and not yet reported */
    uint64_t leases;                 /* open */
    uint64_t outcomes;               /* recipients reported, since hello */
    double rate_per_s;
};
/* index 0, 1, ... until false. */
bool engine_worker(struct engine *engine, unsigned index, struct worker_view *view);

struct provider_view {
    const struct provider_def *def;
    double rate_per_s;     /* the limit that was set last; 0: none */
    uint32_t concurrency;  /* the same: under way at most, */
    uint32_t day_quota;    /* and leased on one day; 0: any number */
    double rate_now_per_s; /* allowed at present; 0: no limit */
    double sent_per_s;     /* leased per second, of the last few seconds */
    uint64_t paused_until_ms;
    struct quiet_span quiet;    /* its own that go on, or the next ones; both 0: none */
    uint64_t day_used;          /* leased of it on its day, */
    uint64_t day_until_ms;      /* which ends then; both 0: it was told none */
    uint64_t quiet_since_ms;    /* nothing is leased of it, since then; 0: not for that */
    double throttled_per_s;     /* the rate that it had refused when it was lowered; 0: it is not */
    uint64_t lowered_ms;        /* when that was */
    uint16_t throttled_reason;  /* by which answer */
    uint64_t breaker_until_ms;  /* it gets nothing before; 0: it is not open */
    uint32_t under_way;         /* as far as anybody can know */
    unsigned workers;           /* connected ones that could open it, */
    unsigned takers;            /* and of these, that have room for more */
    unsigned limited_campaigns; /* that run and may use it, and have rates of their own, */
    unsigned campaigns;         /* of so many that run and may use it */
    enum breaker_state breaker;
    uint16_t breaker_reason;
    unsigned unopened; /* connected workers that could not open it */
    uint64_t outcomes[OUTCOMES];
    uint64_t down_since_ms;        /* it cannot be used since then; 0: it can */
    double part;                   /* of its channel by its weight: points of 100 */
    double share;                  /* the same as its health has it now */
    double health[HEALTH_CLASSES]; /* of its attempts of late: sums to 1, or all 0 */
    double latency_ms;             /* of its answers of late; less than 0: not known */
};
bool engine_provider(struct engine *engine, unsigned index, struct provider_view *view);

/* Valid until the worker speaks again. */
struct unopened_view {
    const char *worker;
    const char *why;
};
/* The connected workers that could not open a provider, by its id: index 0, 1, ... until false. */
bool engine_unopened(const struct engine *engine, uint32_t provider, unsigned index,
                     struct unopened_view *view);

/* So long before quiet hours nobody is leased any more. */
uint32_t engine_quiet_margin_ms(const struct engine *engine);

struct engine_stats {
    uint64_t leases; /* ever, this life */
    uint64_t leases_open;
    uint64_t leases_expired;
    uint64_t events;         /* recipients' events, counted by span */
    uint64_t outcomes_known; /* runs passed over because they were known */
    uint64_t late_outcomes;  /* settled an uncertain recipient after its lease had expired */
    uint64_t timers;         /* pages with something due later */
};
void engine_stats(const struct engine *engine, struct engine_stats *stats);
/* Of this life (delays.h); the engine's. */
struct delays;
const struct delays *engine_delays(const struct engine *engine);
/* How long somebody of the class's running campaigns has been due and was not leased, the longest;
 * 0: nobody is. Whoever quiet hours hold may be among them. */
uint64_t engine_longest_due_ms(struct engine *engine, enum campaign_priority priority);
/* Could somebody of a running campaign be sent to now, if only a worker took him: he waits, is due
 * and not in his quiet hours, and his step has a provider that is not in its own, or none at all?
 * Of one that does not send (a draft, paused, being screened) nobody is. A few dozen pages are
 * looked at in one question; if that does not do it is unknown, and the next question goes on. */
enum due_now { DUE_NOBODY, DUE_SOMEBODY, DUE_UNKNOWN };
enum due_now engine_due_now(struct engine *engine, uint64_t campaign, uint64_t now_ms);

/* A digest of the whole durable state (campaigns, recipients, open leases), for the simulation: a
 * replay must give the same. */
void engine_digest(struct engine *engine, uint8_t digest[HASH_DIGEST_BYTES]);

#endif
