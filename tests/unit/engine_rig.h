/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_rig: an engine with its surroundings, for unit tests: a clock that tests turn, the records
 * of its closed turns, the batches it wanted to be sent, and a second engine made from the records.
 */
#ifndef TOCSIN_TESTS_UNIT_ENGINE_RIG_H
#define TOCSIN_TESTS_UNIT_ENGINE_RIG_H

#include "coordinator/engine/engine.h"

#define RIG_NOW_MS       UINT64_C(1700000000000)
#define RIG_HEARTBEAT_MS 1000
#define RIG_LEASE_MS     15000
#define RIG_CAMPAIGNS    16
#define RIG_HOLES        8
#define RIG_RECORDS      4096
#define RIG_EFFECTS      4096

struct rig_batch {
    uint32_t worker;
    struct wire_batch wire; /* attempts, endpoints and page_bytes are not kept */
    uint8_t attempts[PAGE_RECIPIENTS];
    uint8_t endpoints[PAGE_RECIPIENTS];
};

struct rig_holes {
    uint64_t campaign;
    uint32_t page;
    struct bitmap holes;
};

struct rig {
    struct engine_settings settings;
    struct engine *engine;
    uint64_t now_ms;
    struct provider_def providers[8];
    unsigned provider_count;
    struct campaign_def campaigns[RIG_CAMPAIGNS];
    unsigned campaign_count;
    struct rig_holes holes[RIG_HOLES];
    unsigned hole_count;
    struct record *records[RIG_RECORDS];
    unsigned record_count;
    uint64_t seq;
    struct quiet_source quiet; /* set by rig_set_quiet */
    /* Of the last rig_run or rig_effects: */
    struct rig_batch *batches;
    unsigned batch_count;
    struct engine_effect effects[RIG_EFFECTS];
    unsigned effect_count;
};

/* Heartbeat 1 s, lease 15 s, no snapshots, an unlimited provider 0 for SMS. */
void rig_init(struct rig *rig);
/* The same with other settings, and without providers. */
void rig_init_with(struct rig *rig, const struct engine_settings *settings);
void rig_release(struct rig *rig);

void rig_add_provider(struct rig *rig, uint8_t id, double rate_per_s);
/* A definition with the default plan for SMS, to be changed and given to rig_add. */
struct campaign_def rig_def(const struct rig *rig, uint64_t id, uint32_t slots);
void rig_add(struct rig *rig, const struct campaign_def *def);
void rig_add_holes(struct rig *rig, uint64_t campaign, uint32_t page, const struct bitmap *holes);
/* A launched campaign. */
void rig_launch(struct rig *rig, uint64_t id, uint32_t slots);
/* What rig_init makes, and a launched campaign 1, all of it leased to worker 1, instance 11. */
void rig_init_leased(struct rig *rig, uint32_t slots);
/* Before a campaign with quiet hours is added. */
void rig_set_quiet(struct rig *rig, const struct quiet_source *source);
/* A worker says hello, and how much it takes on every channel. Its name is "w<worker>". */
void rig_join(struct rig *rig, uint32_t worker, uint64_t instance, uint32_t credit);

/* Lets time pass, runs the engine until it has nothing more to do at once, and carries the effects
 * out: batches are filled into rig->batches. */
void rig_run(struct rig *rig, uint64_t pass_ms);
/* Carries out the effects alone. */
void rig_effects(struct rig *rig);
/* How many recipients the batches of the last run have together. */
unsigned rig_leased(const struct rig *rig);
/* How many effects of a kind there were in the last run. */
unsigned rig_count_effects(const struct rig *rig, enum engine_effect_kind kind);

struct rig_fate {
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
    const char *ref;
};
/* The worker of a batch says what became of places [offset, offset + span). */
void rig_say(struct rig *rig, const struct rig_batch *batch, unsigned offset, unsigned span,
             const struct rig_fate *fate);
void rig_say_of_lease(struct rig *rig, uint32_t worker, uint64_t lease, uint64_t campaign,
                      uint32_t page, unsigned offset, unsigned span, const struct rig_fate *fate);
/* Everybody in the batches of the last run was accepted. */
void rig_accept_all(struct rig *rig);

struct recipient_state rig_state(struct rig *rig, uint64_t campaign, uint32_t ordinal);
struct campaign_view rig_view(struct rig *rig, uint64_t campaign);
uint32_t rig_count(struct rig *rig, uint64_t campaign, enum delivery_state state);
enum campaign_state rig_campaign_state(struct rig *rig, uint64_t campaign);
struct provider_view rig_provider(struct rig *rig, unsigned index);

/* Closes the turn; its record is kept if there is anything in it. */
void rig_close(struct rig *rig);
/* The newest event of a kind, of all blocks of the closed turns; its ref is left out. */
bool rig_last_event(const struct rig *rig, uint64_t campaign, enum delivery_event kind,
                    struct event *event);
unsigned rig_count_events(const struct rig *rig, uint64_t campaign, enum delivery_event kind);
/* A new engine from the records alone, with the next epoch; recovered. */
struct engine *rig_replay(const struct rig *rig);
/* Closes the turn; the digests of both engines and the sums of all campaigns must agree. */
void rig_check(struct rig *rig);
/* All pages of a campaign that has ended are folded from the records, and woken. */
void rig_wake(struct rig *rig, uint64_t campaign);
/* Another round for those in the states, as the shell makes it. */
enum err rig_retry(struct rig *rig, uint64_t campaign, unsigned states, struct problem *problem);
/* The process dies and starts again. */
void rig_restart(struct rig *rig);

#endif
