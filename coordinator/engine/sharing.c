/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several providers of a channel is next.
 *
 * Shares are kept by what each is owed: with every lease all providers that could have had it are
 * owed their shares of it, and whoever had it is owed so much less. The one that is owed most is
 * next. Whoever could not have had it (breaker, tokens, nobody to take it) is owed nothing for it:
 * so one that was away has its share when it is back, and no more. What all are owed together is
 * nothing, and nobody is owed more than about a page.
 *
 * A breaker's probe goes first: it is a few recipients, and until it has come back the provider has
 * no share at all.
 */
#include "coordinator/engine/engine_state.h"

static double share_of(const struct provider *provider)
{
    return provider->points > 0 ? provider->points : provider->def.weight;
}

struct provider *sharing_choose(struct engine *engine, uint64_t candidates)
{
    struct provider *best = NULL;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        if ((candidates >> i & 1) == 0) {
            continue;
        }
        if (provider->quota.breaker == BREAKER_PROBING) {
            return provider;
        }
        if (best == NULL || provider->owed > best->owed) {
            best = provider;
        }
    }
    return best;
}

void sharing_charge(struct engine *engine, uint64_t candidates, struct provider *charged,
                    uint32_t count)
{
    double all = 0;
    if (charged->quota.breaker == BREAKER_PROBING) {
        return; /* beside all shares */
    }
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        all += (candidates >> i & 1) != 0 ? share_of(&engine->providers[i]) : 0;
    }
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        provider->owed += (candidates >> i & 1) != 0 ? count * share_of(provider) / all : 0;
    }
    charged->owed -= count;
}

static void review_channel(struct engine *engine, enum channel_kind channel)
{
    struct health_member members[WIRE_PROVIDERS_MAX];
    struct provider *providers[WIRE_PROVIDERS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        if (provider->is_there && provider->def.channel == channel) {
            bool is_down = provider->quota.breaker != BREAKER_CLOSED;
            provider->owed = is_down ? 0 : provider->owed;
            providers[count] = provider;
            members[count++] = (struct health_member){
                .health = &provider->health, .weight = provider->def.weight, .is_down = is_down};
        }
    }
    health_review(members, count, engine->now_ms);
    for (unsigned i = 0; i < count; i++) {
        providers[i]->points = members[i].share;
        providers[i]->part = health_part(members, count, i);
    }
}

void sharing_run(struct engine *engine)
{
    if (engine->reviewed_ms != 0 && engine->now_ms < engine->reviewed_ms + SHARING_REVIEW_MS) {
        return;
    }
    engine->reviewed_ms = engine->now_ms;
    for (unsigned channel = 0; channel < CHANNEL_KINDS; channel++) {
        review_channel(engine, (enum channel_kind)channel);
    }
}

void sharing_on_fate(struct engine *engine, struct provider *provider, const struct fate *fate,
                     uint32_t count)
{
    enum health_class health_class;
    if (health_class_of(fate->outcome, fate->reason, &health_class)) {
        health_on_attempts(&provider->health, health_class, count, engine->now_ms);
    }
}
