/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/preflight_times.h"

uint64_t preflight_providers(const struct plan_step *step,
                             const struct preflight_rate rates[WIRE_PROVIDERS_MAX])
{
    uint64_t providers = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        providers |= (uint64_t)(rates[i].channel == step->channel) << i;
    }
    return providers & step->providers;
}

enum preflight_speed preflight_step_rate(const struct plan_step *step,
                                         const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                                         double *per_s)
{
    enum preflight_speed speed = PREFLIGHT_NONE;
    uint64_t providers = preflight_providers(step, rates);
    *per_s = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        if ((providers >> i & 1) == 0 || !rates[i].can_send) {
            continue;
        }
        if (rates[i].per_s <= 0) {
            *per_s = 0;
            return PREFLIGHT_UNLIMITED;
        }
        *per_s += rates[i].per_s;
        speed = PREFLIGHT_LIMITED;
    }
    return speed;
}

uint64_t preflight_begins_after_ms(const struct plan *plan, unsigned step)
{
    uint64_t after_ms = 0;
    for (unsigned s = 0; s < step; s++) {
        after_ms += plan->steps[s].within_ms;
    }
    return after_ms;
}

/* Takes up to `wanted` from the room of these providers; what is left of it. */
static double take(uint64_t providers, double room[WIRE_PROVIDERS_MAX], double wanted)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX && wanted > 0; i++) {
        if ((providers >> i & 1) != 0) {
            double taken = room[i] < wanted ? room[i] : wanted;
            room[i] -= taken;
            wanted -= taken;
        }
    }
    return wanted;
}

/* Whole people; the crumbs of sums are no person. */
static uint64_t whole(double people)
{
    return people <= 0 ? 0 : (uint64_t)(people + 0.999);
}

uint64_t preflight_late(const struct plan *plan, const struct preflight_counts *counts,
                        const struct preflight_rate rates[WIRE_PROVIDERS_MAX], uint64_t span_ms)
{
    double room[WIRE_PROVIDERS_MAX];
    double per_s;
    uint64_t late = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        room[i] = rates[i].can_send ? rates[i].per_s * (double)span_ms / 1000 : 0;
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        const struct plan_step *step = &plan->steps[s];
        uint64_t providers = preflight_providers(step, rates);
        uint64_t later = 0;
        bool is_unlimited = preflight_step_rate(step, rates, &per_s) == PREFLIGHT_UNLIMITED;
        for (unsigned l = s + 1; l < plan->step_count; l++) {
            later |= preflight_providers(&plan->steps[l], rates);
        }
        if (is_unlimited && span_ms > 0) {
            continue;
        }
        double left = take(providers & ~later, room, (double)counts->steps[s].first);
        late += whole(take(providers, room, left));
    }
    return late;
}

uint64_t preflight_late_at(const struct plan *plan, const struct preflight_counts *counts,
                           unsigned step, const struct preflight_rate rates[WIRE_PROVIDERS_MAX],
                           uint64_t span_ms)
{
    double per_s;
    uint64_t after_ms = preflight_begins_after_ms(plan, step);
    uint64_t left_ms = span_ms > after_ms ? span_ms - after_ms : 0;
    enum preflight_speed speed = preflight_step_rate(&plan->steps[step], rates, &per_s);
    if (speed == PREFLIGHT_UNLIMITED && left_ms > 0) {
        return 0;
    }
    return whole((double)counts->steps[step].sendable - per_s * (double)left_ms / 1000);
}
