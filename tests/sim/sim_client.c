/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_client.h"

#include "tests/sim/sim.h"

#define LOOK_MS 50 /* how often the operator looks whether something is to be done */

void sim_client_init(struct sim *sim)
{
    for (unsigned c = 0; c < SIM_CAMPAIGNS_MAX; c++) {
        for (unsigned e = 0; e < CAMPAIGN_EVENTS; e++) {
            sim->client.requests[c][e] = (struct sim_request){sim, c, (enum campaign_event)e, 0};
        }
    }
    sim->client.next_ms = sim->now_ms;
}

/* An answer: what it promises must be on the disk. */
static void on_answer(void *arg)
{
    struct sim_request *request = arg;
    const struct sim_campaign *campaign = &request->sim->journal.campaigns[request->campaign];
    request->answered++;
    sim_trace(request->sim, "c%u is %s for sure", request->campaign + 1,
              campaign_event_name(request->event));
    if (campaign->events[request->event] == 0) {
        sim_fail(request->sim, "c%u is said to be %s, but that is not durable",
                 request->campaign + 1, campaign_event_name(request->event));
    }
}

struct holes_to {
    struct engine *engine;
    uint64_t campaign;
};

static bool add_holes(void *arg, uint32_t page, const struct bitmap *holes)
{
    const struct holes_to *to = arg;
    engine_add_holes(to->engine, to->campaign, page, holes);
    return true;
}

static void create(struct sim *sim, unsigned c)
{
    struct sim_coordinator *coordinator = &sim->coordinator;
    struct buf key = {0};
    if (engine_add_campaign(coordinator->engine, &sim->settings.campaigns[c].def) != ERR_OK) {
        return;
    }
    struct holes_to holes = {coordinator->engine, c + 1};
    enum err err = ledger_each_holes(coordinator->ledger, sim->settings.campaigns[c].def.audience,
                                     add_holes, &holes);
    if (err != ERR_OK) {
        sim_fail(sim, "the holes cannot be read: %s", err_name(err));
    }
    ledger_catalogue_key_u64(&key, CATALOGUE_CAMPAIGN, c + 1);
    record_put(turn_record(coordinator->turn), buf_view(&key), slice_str("{}"));
    buf_release(&key);
    sim_trace(sim, "c%u is made", c + 1);
}

void sim_client_await(struct sim *sim, unsigned c, enum campaign_event event)
{
    sim_trace(sim, "c%u is to be %s", c + 1, campaign_event_name(event));
    turn_when_durable(sim->coordinator.turn, true, on_answer, &sim->client.requests[c][event]);
}

typedef enum err (*command_fn)(struct engine *engine, uint64_t campaign, uint64_t now_ms,
                               struct problem *problem);

static void command(struct sim *sim, unsigned c, command_fn call, enum campaign_event event)
{
    if (call(sim->coordinator.engine, c + 1, sim->now_ms + (uint64_t)sim->coordinator.skew_ms,
             NULL) == ERR_OK) {
        sim_client_await(sim, c, event);
    }
}

static void pause_or_resume(struct sim *sim, unsigned c, enum campaign_state state)
{
    uint32_t every_ms = sim->settings.campaigns[c].command_every_ms;
    bool is_time = every_ms > 0 && dice_below(&sim->dice, every_ms) < LOOK_MS;
    if (state == CAMPAIGN_RUNNING && is_time && !sim->is_quiet) {
        command(sim, c, engine_pause, CAMPAIGN_EVENT_PAUSED);
    } else if (state == CAMPAIGN_PAUSED && (is_time || sim->is_quiet)) {
        command(sim, c, engine_resume, CAMPAIGN_EVENT_RESUMED);
    }
}

static void look_after(struct sim *sim, unsigned c)
{
    const struct sim_campaign_settings *own = &sim->settings.campaigns[c];
    struct campaign_view view;
    if (!engine_campaign(sim->coordinator.engine, c + 1, &view)) {
        if (sim->now_ms >= SIM_START_MS + own->create_at_ms) {
            create(sim, c);
        }
        return;
    }
    if (own->cancel_at_ms > 0 && sim->now_ms >= SIM_START_MS + own->cancel_at_ms) {
        command(sim, c, engine_cancel, CAMPAIGN_EVENT_CANCELLED);
    } else if (view.state == CAMPAIGN_DRAFT && sim->now_ms >= SIM_START_MS + own->launch_at_ms) {
        sim_control_launch(sim, c);
    } else if (view.state == CAMPAIGN_SCHEDULED) {
        sim_control_move(sim, c);
    } else {
        pause_or_resume(sim, c, view.state);
    }
    sim_cap_act(sim, c);
    sim_suppress_act(sim, c);
    sim_retry_act(sim, c);
}

void sim_client_act(struct sim *sim)
{
    sim->client.next_ms = sim->now_ms + LOOK_MS;
    if (!sim->coordinator.is_up || sim->now_ms < sim->coordinator.frozen_until_ms) {
        return;
    }
    for (unsigned c = 0; c < sim->settings.campaign_count; c++) {
        look_after(sim, c);
    }
    sim_limits_act(sim);
    sim_coordinator_changed(sim);
}
