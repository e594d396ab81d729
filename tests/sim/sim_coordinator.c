/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_coordinator.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/mem.h"
#include "coordinator/engine/engine_state.h"
#include "coordinator/ledger/recovery.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_audience.h"
#include "tests/sim/sim_sent.h"

#define PARTITION 0

static uint64_t clock_ms(const struct sim *sim)
{
    return sim->now_ms + (uint64_t)sim->coordinator.skew_ms;
}

static struct sim_log *log_of(struct changelog *changelog)
{
    return (struct sim_log *)changelog;
}

/* ---- The changelog ---- */

static void log_append(struct changelog *changelog, struct record *take_record)
{
    struct sim_log *log = log_of(changelog);
    log->records = mem_resize(log->records, log->count + 1, sizeof(*log->records));
    log->records[log->count] = (struct buf){0};
    record_encode(take_record, &log->records[log->count++]);
    log->mem->ops->append(log->mem, take_record);
}

static void log_health(struct changelog *changelog, struct changelog_health *health)
{
    struct sim_log *log = log_of(changelog);
    log->mem->ops->health(log->mem, health);
}

static void log_close(struct changelog *changelog)
{
    struct sim_log *log = log_of(changelog);
    changelog_mem_crash(log->mem);
    log->mem->ops->close(log->mem);
    while (log->count > 0) {
        buf_release(&log->records[--log->count]);
    }
    mem_free(log->records);
    log->records = NULL;
}

static const struct changelog_ops LOG_OPS = {log_append, log_health, log_close};

static void log_on_durable(void *arg, uint64_t recno)
{
    struct sim *sim = arg;
    struct sim_log *log = &sim->coordinator.log;
    struct record *record = NULL;
    struct buf oldest = log->records[0];
    memmove(&log->records[0], &log->records[1], --log->count * sizeof(*log->records));
    if (record_decode(buf_view(&oldest), &record) != ERR_OK || record->recno != recno) {
        sim_fail(sim, "record %" PRIu64 " does not come back from its bytes", recno);
    }
    sim_trace(sim, "record %" PRIu64 " is durable: %zu entries", recno, record->entry_count);
    sim_journal_apply(sim, record);
    record_free(record);
    buf_release(&oldest);
    turn_on_durable(sim->coordinator.turn, recno);
    sim_sent_check_lost(sim);
}

/* ---- The link's port ---- */

static bool worker_of(struct slice peer, unsigned *worker)
{
    if (peer.len != 2 || peer.data[0] != 'w') {
        return false;
    }
    *worker = (unsigned)(peer.data[1] - '0');
    return *worker < SIM_WORKERS_MAX;
}

static bool port_send(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct sim *sim = arg;
    unsigned worker = 0;
    if (!worker_of(peer, &worker)) {
        sim_fail(sim, "the coordinator sends to somebody who is not there");
    }
    sim_sent_check(sim, worker, frame, payload);
    return sim->coordinator.is_dying || sim_net_send(sim, worker, SIM_TO_WORKER, frame, payload);
}

static uint64_t port_now_ms(void *arg)
{
    return clock_ms(arg);
}

static const struct wire_body BODIES[] = {
    {CHANNEL_SMS, "", "", "Hello {{name}} by sms", "", 0, NULL},
    {CHANNEL_EMAIL, "", "", "Hello {{name}} by email", "", 0, NULL},
    {CHANNEL_VOICE, "", "", "Hello {{name}} by voice", "", 0, NULL},
    {CHANNEL_PUSH, "", "", "Hello {{name}} by push", "", 0, NULL},
};

static enum err port_content(void *arg, uint64_t campaign, struct arena *arena,
                             struct wire_content *content)
{
    (void)arena;
    struct sim *sim = arg;
    if (campaign == 0 || campaign > sim->settings.campaign_count) {
        return ERR_NOT_FOUND;
    }
    const struct sim_campaign_settings *own = &sim->settings.campaigns[campaign - 1];
    *content = (struct wire_content){.campaign = campaign,
                                     .name = own->def.name,
                                     .body_count = sizeof(BODIES) / sizeof(BODIES[0]),
                                     .bodies = BODIES};
    memcpy(content->token_key, sim->coordinator.token_key, HASH_KEY_BYTES);
    sim_audience_schema(own, &content->schema);
    return ERR_OK;
}

static enum err port_page(void *arg, uint64_t audience, uint32_t page, struct store_value *value)
{
    struct sim *sim = arg;
    return ledger_page(sim->coordinator.ledger, audience, page, value);
}

/* ---- Starting ---- */

struct recovering {
    struct sim *sim;
    struct engine *engine;
    struct ledger *ledger;
};

static bool recover_campaign(void *arg, struct slice id, struct slice value)
{
    struct recovering *recovering = arg;
    struct sim *sim = recovering->sim;
    struct recovery recovery = {0};
    struct problem problem = {0};
    (void)value;
    unsigned c = id.len == 8 ? id.data[7] - 1u : SIM_CAMPAIGNS_MAX;
    if (c >= sim->settings.campaign_count) {
        sim_fail(sim, "the catalogue has a campaign that nobody made");
    }
    const struct campaign_def *def = &sim->settings.campaigns[c].def;
    enum err err = engine_add_campaign(recovering->engine, def);
    if (err == ERR_OK) {
        err = recovery_campaign(recovering->ledger, recovering->engine, def, &recovery, &problem);
    }
    if (err != ERR_OK) {
        sim_fail(sim, "c%u cannot be recovered: %s", c + 1, problem.text);
    }
    return true;
}

struct engine *sim_coordinator_replay(struct sim *sim, struct ledger *ledger, uint64_t epoch)
{
    struct engine_settings settings = {.epoch = epoch,
                                       .seed = dice_roll(&sim->dice),
                                       .heartbeat_ms = sim->settings.heartbeat_ms,
                                       .lease_ms = sim->settings.lease_ms,
                                       .snapshot_blocks = sim->settings.snapshot_blocks,
                                       .quiet_margin_ms = sim->settings.quiet_margin_ms,
                                       .down_grace_ms = sim->settings.down_grace_ms,
                                       .round_pages = sim->settings.round_pages};
    struct quiet_source quiet = sim_quiet_source(sim);
    struct recovering recovering = {sim, engine_new(&settings), ledger};
    engine_set_end_key(recovering.engine, recovery_end_key);
    engine_set_quiet_source(recovering.engine, &quiet);
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        if ((sim->coordinator.missing >> def->id & 1) == 0) {
            engine_add_provider(recovering.engine, def);
        }
    }
    enum err err = ledger_each_entry(ledger, CATALOGUE_CAMPAIGN, recover_campaign, &recovering);
    if (err != ERR_OK) {
        sim_fail(sim, "the catalogue cannot be read: %s", err_name(err));
    }
    engine_recovered(recovering.engine, clock_ms(sim));
    return recovering.engine;
}

static bool engine_is_pending(void *arg)
{
    const struct sim *sim = arg;
    return engine_has_events(sim->coordinator.engine);
}

static void engine_close(void *arg, struct record *record)
{
    struct sim *sim = arg;
    engine_close_turn(sim->coordinator.engine, record);
    provider_lost_note(&sim->coordinator.lost, sim->coordinator.engine, record);
}

/* The first record of a life carries its epoch. */
static void note_epoch(struct sim_coordinator *coordinator)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str("epoch"));
    buf_u64(&value, coordinator->epoch);
    record_put(turn_record(coordinator->turn), buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void open_turn(struct sim *sim, uint64_t head)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    coordinator->turn = turn_new(PARTITION, coordinator->epoch, head + 1);
    coordinator->log = (struct sim_log){.changelog = {&LOG_OPS}, .sim = sim};
    coordinator->log.mem = changelog_mem_new(coordinator->ledger, log_on_durable, sim);
    turn_set_changelog(coordinator->turn, &coordinator->log.changelog);
    turn_set_source(coordinator->turn, &(struct turn_source){engine_is_pending, engine_close, sim});
    note_epoch(coordinator);
}

static void open_link(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    static struct wire_provider providers[SIM_PROVIDERS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < sim->settings.provider_count; i++) {
        const struct provider_def *def = &sim->settings.providers[i].def;
        if ((coordinator->missing >> def->id & 1) != 0) {
            continue;
        }
        providers[count++] = (struct wire_provider){.id = def->id,
                                                    .name = def->name,
                                                    .channel = def->channel,
                                                    .adapter = "sim",
                                                    .settings = "{}"};
    }
    coordinator->link =
        link_new(&(struct link_settings){.epoch = coordinator->epoch,
                                         .heartbeat_ms = sim->settings.heartbeat_ms,
                                         .lease_ms = sim->settings.lease_ms,
                                         .provider_count = count,
                                         .providers = providers},
                 &(struct link_port){sim, port_send, port_now_ms, port_content, port_page, NULL},
                 coordinator->engine, coordinator->turn);
}

/* What a restart finds is what was durable. */
static void check_recovered(struct sim *sim)
{
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        const struct sim_campaign *known = &sim->journal.campaigns[c];
        struct campaign_view view;
        bool is_there = engine_campaign(sim->coordinator.engine, c + 1, &view);
        if (is_there != known->is_created) {
            sim_fail(sim, "c%u was %s by the restart", c + 1, is_there ? "invented" : "lost");
        }
        if (is_there && view.open != (known->is_ended ? 0 : known->fold->open)) {
            sim_fail(sim, "c%u: after the restart %u are open instead of %u", c + 1, view.open,
                     known->fold->open);
        }
        if (is_there && memcmp(view.rungs, known->fold->rungs, sizeof(known->fold->rungs)) != 0) {
            sim_fail(sim, "c%u: after the restart others stand on the rungs", c + 1);
        }
        for (unsigned s = DELIVERY_WAITING; is_there && s < DELIVERY_STATES; s++) {
            if (view.counts[s] != known->fold->counts[s] || view.state != known->fold->state) {
                sim_fail(sim, "c%u: after the restart %u are %s instead of %u", c + 1,
                         view.counts[s], delivery_state_name((enum delivery_state)s),
                         known->fold->counts[s]);
            }
        }
    }
}

/* The machine's clock, unless it is behind what the journal says. */
static void open_clock(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    uint64_t newest_ms;
    if (ledger_newest_time(coordinator->ledger, PARTITION, &newest_ms) != ERR_OK) {
        sim_fail(sim, "the newest record cannot be read");
    }
    int64_t least_ms = (int64_t)(newest_ms - sim->now_ms);
    coordinator->skew_ms -= (int64_t)coordinator->set_back_ms;
    coordinator->set_back_ms = 0;
    if (newest_ms > 0 && coordinator->skew_ms < least_ms) {
        coordinator->skew_ms = least_ms;
    }
}

static void begin_life(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    struct ledger_head head;
    struct problem problem = {0};
    if (ledger_open(&coordinator->ledger, store_mem_ref(coordinator->store), &problem) != ERR_OK) {
        sim_fail(sim, "the ledger cannot be opened: %s", problem.text);
    }
    ledger_head(coordinator->ledger, PARTITION, &head);
    open_clock(sim);
    coordinator->epoch = head.epoch + 1;
    coordinator->missing = 0;
    if (!sim->is_quiet && dice_chance(&sim->dice, sim->settings.provider_missing_chance)) {
        unsigned one = dice_below(&sim->dice, sim->settings.provider_count);
        coordinator->missing = UINT64_C(1) << sim->settings.providers[one].def.id;
    }
    coordinator->engine = sim_coordinator_replay(sim, coordinator->ledger, coordinator->epoch);
    coordinator->lost = (struct provider_lost){0};
    if (provider_lost_load(&coordinator->lost, coordinator->engine, coordinator->ledger,
                           &problem) != ERR_OK) {
        sim_fail(sim, "who was lost before cannot be read: %s", problem.text);
    }
    open_turn(sim, head.recno);
    open_link(sim);
    coordinator->is_up = true;
    coordinator->is_dying = false;
    coordinator->up_at_ms = SIM_NEVER_MS;
    coordinator->began_ms = sim->now_ms;
    coordinator->turn_at_ms = sim->now_ms;
    coordinator->commit_at_ms = SIM_NEVER_MS;
    sim_trace(sim, "the coordinator begins with epoch %" PRIu64 " after record %" PRIu64,
              coordinator->epoch, head.recno);
    sim_limits_tell(sim);
    sim_days_open(sim, coordinator->ledger);
    check_recovered(sim);
}

void sim_coordinator_init(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    struct ledger *ledger = NULL;
    struct problem problem = {0};
    coordinator->store = store_mem_new();
    if (ledger_open(&ledger, store_mem_ref(coordinator->store), &problem) != ERR_OK) {
        sim_fail(sim, "the ledger cannot be made: %s", problem.text);
    }
    memcpy(coordinator->token_key, ledger_token_key(ledger), HASH_KEY_BYTES);
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        sim->settings.campaigns[c].def.created_ms =
            sim->now_ms + sim->settings.campaigns[c].create_at_ms;
        sim_audience_load(&sim->settings, c, ledger);
    }
    ledger_close(ledger);
    coordinator->up_at_ms = sim->now_ms;
}

static void end_life(struct sim_coordinator *coordinator)
{
    if (!coordinator->is_up) {
        return;
    }
    provider_days_release(&coordinator->days);
    link_free(coordinator->link);
    turn_free(coordinator->turn);
    engine_free(coordinator->engine);
    coordinator->log.changelog.ops->close(&coordinator->log.changelog);
    ledger_close(coordinator->ledger);
    coordinator->is_up = false;
    coordinator->frozen_until_ms = 0;
}

void sim_coordinator_release(struct sim_coordinator *coordinator)
{
    end_life(coordinator);
    coordinator->store->ops->close(coordinator->store);
}

void sim_coordinator_set_clock(struct sim *sim)
{
    if (sim->settings.sets_wall_clock) {
        sim_control_set_clock(sim);
        return;
    }
    uint32_t jump_ms = dice_below(&sim->dice, sim->settings.clock_jump_max_ms);
    bool is_back = sim->settings.clock_jumps_back && dice_chance(&sim->dice, 500);
    sim_trace(sim, "the coordinator's clock is set %u ms %s", jump_ms, is_back ? "back" : "on");
    sim->coordinator.skew_ms += is_back ? -(int64_t)jump_ms : (int64_t)jump_ms;
}

void sim_coordinator_crash(struct sim *sim, uint32_t down_ms)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    if (!coordinator->is_up) {
        return;
    }
    if (dice_chance(&sim->dice, 300)) {
        /* What was being written reaches the disk, and nobody hears of it. */
        coordinator->is_dying = true;
        (void)changelog_mem_step(coordinator->log.mem);
    }
    sim_trace(sim, "the coordinator crashes for %u ms", down_ms);
    end_life(coordinator);
    sim_receipts_on_crash(sim);
    coordinator->up_at_ms = sim->now_ms + down_ms;
    for (unsigned worker = 0; worker < sim->settings.worker_count; worker++) {
        sim_net_break(sim, worker, down_ms + dice_below(&sim->dice, 100));
    }
}

/* ---- The loop ---- */

uint64_t sim_coordinator_next_ms(const struct sim_coordinator *coordinator)
{
    if (!coordinator->is_up) {
        return coordinator->up_at_ms;
    }
    uint64_t next_ms = coordinator->turn_at_ms < coordinator->commit_at_ms
                           ? coordinator->turn_at_ms
                           : coordinator->commit_at_ms;
    return next_ms < coordinator->frozen_until_ms ? coordinator->frozen_until_ms : next_ms;
}

static void turn_soon(struct sim *sim)
{
    uint64_t at_ms = sim->now_ms + dice_below(&sim->dice, 2);
    if (at_ms < sim->coordinator.turn_at_ms) {
        sim->coordinator.turn_at_ms = at_ms;
    }
}

static uint32_t commit_ms(struct sim *sim)
{
    if (sim->is_quiet) {
        return 0;
    }
    bool is_stalled = dice_chance(&sim->dice, sim->settings.commit_stall_chance);
    return dice_below(&sim->dice, sim->settings.commit_max_ms + 1) + (is_stalled ? 3000 : 0);
}

static void commit(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    if (!sim->is_quiet && dice_chance(&sim->dice, sim->settings.commit_fail_chance)) {
        store_mem_fail_writes(coordinator->store, 1 + dice_below(&sim->dice, 5),
                              dice_chance(&sim->dice, 500) ? ERR_NO_SPACE : ERR_IO);
    }
    coordinator->commit_at_ms = SIM_NEVER_MS;
    bool is_written = changelog_mem_step(coordinator->log.mem);
    if (coordinator->log.count > 0) {
        coordinator->commit_at_ms = sim->now_ms + commit_ms(sim) + !is_written;
    }
    turn_soon(sim);
}

/* As coordinator.c does once before it sleeps. */
static void run_turn(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    coordinator->turn_at_ms = SIM_NEVER_MS;
    sim_quiet_tell_providers(sim);
    sim_days_tell(sim);
    uint64_t last_lease = coordinator->engine->last_lease;
    uint32_t wait_ms = engine_run(coordinator->engine, clock_ms(sim));
    sim_check_priorities(sim, last_lease);
    sim_days_note(sim);
    link_take_effects(coordinator->link);
    int flush_ms = turn_flush(coordinator->turn, clock_ms(sim));
    if (flush_ms >= 0 && (uint32_t)flush_ms < wait_ms) {
        wait_ms = (uint32_t)flush_ms;
    }
    uint64_t at_ms = sim->now_ms + wait_ms;
    coordinator->turn_at_ms = at_ms < coordinator->turn_at_ms ? at_ms : coordinator->turn_at_ms;
    if (coordinator->log.count > 0 && coordinator->commit_at_ms == SIM_NEVER_MS) {
        coordinator->commit_at_ms = sim->now_ms + commit_ms(sim);
    }
    coordinator->turns++;
}

void sim_coordinator_act(struct sim *sim)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    if (!coordinator->is_up) {
        begin_life(sim);
    } else if (coordinator->commit_at_ms <= sim->now_ms) {
        commit(sim);
    } else {
        run_turn(sim);
    }
}

void sim_coordinator_take(struct sim *sim, unsigned worker, struct slice frame,
                          struct slice payload)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    if (coordinator->is_up) {
        link_on_frames(coordinator->link, slice_str(sim->workers[worker].name), frame, payload);
        turn_soon(sim);
    }
}

void sim_coordinator_changed(struct sim *sim)
{
    link_take_effects(sim->coordinator.link);
    turn_soon(sim);
}

bool sim_coordinator_is_durable(const struct sim_coordinator *coordinator)
{
    return coordinator->is_up && !engine_has_events(coordinator->engine) &&
           record_is_empty(turn_record(coordinator->turn)) &&
           turn_durable(coordinator->turn) + 1 == turn_open(coordinator->turn);
}

bool sim_coordinator_is_idle(const struct sim_coordinator *coordinator)
{
    struct engine_stats stats;
    if (!sim_coordinator_is_durable(coordinator)) {
        return false;
    }
    engine_stats(coordinator->engine, &stats);
    return stats.leases_open == 0;
}
