/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be sent through a provider, changed while campaigns run: the shell tells the engine, and
 * the next lease goes by it. Where less may be under way than is, or nothing any more, that which
 * lies unsent with workers comes back to be leased anew: a worker returns all that it has not sent
 * of a campaign, whoever of it was meant.
 */
#include <assert.h>

#include "coordinator/engine/engine_state.h"

void engine_provider_limit(struct engine *engine, uint8_t id, double rate_per_s, double burst,
                           uint64_t now_ms)
{
    assert(id < WIRE_PROVIDERS_MAX && engine->providers[id].is_there);
    engine_advance(engine, now_ms);
    quota_set_limit(&engine->providers[id].quota, rate_per_s, burst, engine->now_ms);
}

void engine_provider_day(struct engine *engine, uint8_t id, uint64_t used, uint64_t until_ms)
{
    assert(id < WIRE_PROVIDERS_MAX && engine->providers[id].is_there);
    engine->providers[id].day_used = used;
    engine->providers[id].day_until_ms = until_ms;
}

uint64_t engine_provider_used(const struct engine *engine, uint8_t id)
{
    assert(id < WIRE_PROVIDERS_MAX);
    return engine->providers[id].day_used;
}

/* Has a lease before this one had its worker return what it has of the campaign? */
static bool is_called_back(const struct engine *engine, const struct lease *lease)
{
    const struct lease *l = engine->leases.by_id;
    while (l != lease && (l->provider != lease->provider || l->instance != lease->instance ||
                          l->campaign != lease->campaign)) {
        l = l->hh.next;
    }
    return l != lease;
}

static void call_back(struct engine *engine, uint8_t id)
{
    for (const struct lease *l = engine->leases.by_id; l != NULL; l = l->hh.next) {
        const struct roster_entry *entry =
            l->provider == id ? roster_find(&engine->roster, l->instance) : NULL;
        if (entry != NULL && entry->present && l->campaign->state == CAMPAIGN_RUNNING &&
            !is_called_back(engine, l)) {
            engine_tell_stopped(engine, entry, l->campaign);
        }
    }
}

void engine_provider_concurrency(struct engine *engine, uint8_t id, uint32_t concurrency,
                                 uint64_t now_ms)
{
    assert(id < WIRE_PROVIDERS_MAX && engine->providers[id].is_there);
    struct provider *provider = &engine->providers[id];
    engine_advance(engine, now_ms);
    bool is_less =
        concurrency > 0 && (provider->concurrency == 0 || concurrency < provider->concurrency);
    provider->concurrency = concurrency;
    if (is_less && under_way_count(&provider->under_way, engine->now_ms) > concurrency) {
        call_back(engine, id);
    }
}

void engine_provider_quota(struct engine *engine, uint8_t id, uint32_t day_quota)
{
    assert(id < WIRE_PROVIDERS_MAX && engine->providers[id].is_there);
    engine->providers[id].day_quota = day_quota;
}

uint32_t engine_provider_lost(struct engine *engine, uint8_t id)
{
    assert(id < WIRE_PROVIDERS_MAX);
    struct under_way *under_way = &engine->providers[id].under_way;
    return under_way_count(under_way, engine->now_ms) - under_way->leased;
}

void engine_provider_lose(struct engine *engine, uint8_t id, uint32_t count)
{
    assert(id < WIRE_PROVIDERS_MAX);
    under_way_lose(&engine->providers[id].under_way, count, engine->now_ms);
}

void provider_change_run(struct engine *engine)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct provider *provider = &engine->providers[i];
        bool is_quiet = provider->is_there && provider->quiet.from_ms <= engine->now_ms &&
                        engine->now_ms < provider->quiet.until_ms;
        if (is_quiet && !provider->was_quiet) {
            call_back(engine, (uint8_t)i);
        }
        provider->was_quiet = is_quiet;
    }
}
