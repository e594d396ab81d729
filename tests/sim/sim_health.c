/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_health.h"

#include <inttypes.h>
#include <stdio.h>

#include "coordinator/engine/engine_state.h"
#include "tests/sim/sim.h"

#define CRUMB    0.001
#define OWED_MAX (4.0 * PAGE_RECIPIENTS)

static bool is_about(double a, double b)
{
    return a > b - CRUMB && a < b + CRUMB;
}

static void check_move(struct sim *sim, const struct provider *provider)
{
    struct sim_health *seen = &sim->health;
    unsigned id = provider->def.id;
    double by = provider->health.lowered - seen->lowered[id];
    uint64_t now_ms = sim->coordinator.engine->now_ms;
    if (is_about(by, 0)) {
        return;
    }
    if (!is_about(by, HEALTH_POINTS) && !is_about(by, -HEALTH_POINTS)) {
        sim_fail(sim, "the share of %s moves by %g points", provider->def.name, by);
    }
    uint64_t least_ms = seen->moved_ms[id] + (by > 0 ? HEALTH_DOWN_MS : HEALTH_UP_MS);
    if (seen->moved_ms[id] != 0 && now_ms < least_ms) {
        sim_fail(sim, "the share of %s moves %u ms too soon", provider->def.name,
                 (unsigned)(least_ms - now_ms));
    }
    *(by > 0 ? &sim->totals->health.lowered : &sim->totals->health.raised) += 1;
    seen->lowered[id] = provider->health.lowered;
    seen->moved_ms[id] = now_ms;
}

static void check_channel(struct sim *sim, enum channel_kind channel)
{
    const struct engine *engine = sim->coordinator.engine;
    double shares = 0;
    bool is_reviewed = false;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        const struct provider *provider = &engine->providers[i];
        if (!provider->is_there || provider->def.channel != channel || provider->points <= 0) {
            continue;
        }
        double least = provider->part / 2 < HEALTH_LEAST ? provider->part / 2 : HEALTH_LEAST;
        if (provider->points < least - CRUMB || provider->health.lowered < -CRUMB) {
            sim_fail(sim, "%s has only %g points", provider->def.name, provider->points);
        }
        if (provider->owed > OWED_MAX || provider->owed < -OWED_MAX) {
            sim_fail(sim, "%s is owed %g recipients", provider->def.name, provider->owed);
        }
        check_move(sim, provider);
        shares += provider->points;
        is_reviewed = true;
    }
    if (is_reviewed && !is_about(shares, 100)) {
        sim_fail(sim, "the shares of %s add up to %g points", channel_kind_name(channel), shares);
    }
}

void sim_health_check(struct sim *sim)
{
    if (sim->health.began_ms != sim->coordinator.began_ms) {
        sim->health = (struct sim_health){.began_ms = sim->coordinator.began_ms};
    }
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        check_channel(sim, (enum channel_kind)channel);
    }
}

void sim_health_print(const struct sim_health_totals *totals)
{
    fprintf(stderr,
            "\nshares lowered %" PRIu64 ", raised %" PRIu64
            "; climbed as the step was down %" PRIu64 ", and back %" PRIu64,
            totals->lowered, totals->raised, totals->downs, totals->backs);
}
