/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_net.h"

#include "common/mem.h"
#include "tests/sim/sim.h"

#define NOTICE_MAX_MS 300

void sim_net_release(struct sim_net *net)
{
    sim_queue_release(&net->queue);
}

static bool has_chance(struct sim *sim, uint32_t per_mille)
{
    return !sim->is_quiet && dice_chance(&sim->dice, per_mille);
}

static uint64_t arrival_ms(struct sim *sim, struct sim_link *link, enum sim_direction direction)
{
    const struct sim_settings *settings = &sim->settings;
    uint32_t delay_max_ms = sim->is_quiet ? 2 : settings->delay_max_ms;
    uint64_t at_ms = sim->now_ms + dice_below(&sim->dice, delay_max_ms + 1);
    if (settings->is_hostile && !sim->is_quiet) {
        return at_ms;
    }
    if (at_ms < link->last_ms[direction]) {
        at_ms = link->last_ms[direction];
    }
    link->last_ms[direction] = at_ms;
    return at_ms;
}

static void put_on_way(struct sim *sim, unsigned worker, enum sim_direction direction,
                       struct slice frame, struct slice payload)
{
    struct sim_link *link = &sim->net.links[worker];
    struct sim_message *message = mem_alloc(sizeof(*message) + frame.len + payload.len);
    *message = (struct sim_message){
        .worker = worker,
        .direction = direction,
        .connection = link->connection,
        .is_stray = sim->settings.is_hostile && has_chance(sim, 500),
        .frame_len = frame.len,
        .payload_len = payload.len,
    };
    memcpy(message->bytes, frame.data, frame.len);
    if (payload.len > 0) {
        memcpy(message->bytes + frame.len, payload.data, payload.len);
    }
    sim_queue_put(&sim->net.queue, arrival_ms(sim, link, direction), message);
}

bool sim_net_send(struct sim *sim, unsigned worker, enum sim_direction direction,
                  struct slice frame, struct slice payload)
{
    const struct sim_link *link = &sim->net.links[worker];
    if (sim->now_ms < link->up_at_ms) {
        return sim->now_ms < link->noticed_at_ms;
    }
    if (has_chance(sim, sim->settings.full_chance)) {
        return false;
    }
    if (has_chance(sim, sim->settings.loss_chance)) {
        sim->totals->lost++;
        return true;
    }
    put_on_way(sim, worker, direction, frame, payload);
    if (has_chance(sim, sim->settings.duplicate_chance)) {
        put_on_way(sim, worker, direction, frame, payload);
    }
    return true;
}

void sim_net_break(struct sim *sim, unsigned worker, uint32_t down_ms)
{
    struct sim_link *link = &sim->net.links[worker];
    link->connection++;
    link->up_at_ms = sim->now_ms + down_ms;
    link->noticed_at_ms = sim->now_ms + dice_below(&sim->dice, NOTICE_MAX_MS);
    link->last_ms[SIM_TO_COORDINATOR] = 0;
    link->last_ms[SIM_TO_WORKER] = 0;
}

/* Whoever stands still takes its messages later, in the same order. */
static uint64_t frozen_until_ms(const struct sim *sim, const struct sim_message *message)
{
    return message->direction == SIM_TO_COORDINATOR ? sim->coordinator.frozen_until_ms
                                                    : sim->workers[message->worker].frozen_until_ms;
}

void sim_net_deliver(struct sim *sim)
{
    uint64_t frozen_ms = frozen_until_ms(sim, sim_queue_first(&sim->net.queue));
    if (frozen_ms > sim->now_ms) {
        sim_queue_delay_first(&sim->net.queue, frozen_ms);
        return;
    }
    struct sim_message *message = sim_queue_take(&sim->net.queue);
    const struct sim_link *link = &sim->net.links[message->worker];
    if (message->connection != link->connection && !message->is_stray) {
        sim->totals->lost++;
        mem_free(message);
        return;
    }
    struct slice frame = slice_of(message->bytes, message->frame_len);
    struct slice payload = slice_of(message->bytes + message->frame_len, message->payload_len);
    if (message->direction == SIM_TO_COORDINATOR) {
        sim_coordinator_take(sim, message->worker, frame, payload);
    } else {
        sim_worker_take(sim, message->worker, frame, payload);
    }
    mem_free(message);
}
