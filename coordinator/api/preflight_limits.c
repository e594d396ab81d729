/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of providers as a preflight counts with them: what the engine allows now, and what
 * their settings say of other times.
 */
#include "coordinator/api/preflight_job.h"

static unsigned connected_workers(struct engine *engine)
{
    struct worker_view worker;
    unsigned count = 0;
    for (unsigned i = 0; engine_worker(engine, i, &worker); i++) {
        count += worker.connected;
    }
    return count;
}

/* So many under way, each for the latency of late, make so many a second. */
static double rate_of(const struct provider_view *view)
{
    double by_concurrency = view->concurrency > 0 && view->latency_ms > 0
                                ? view->concurrency * 1000.0 / view->latency_ms
                                : 0;
    bool is_less =
        by_concurrency > 0 && (view->rate_now_per_s <= 0 || by_concurrency < view->rate_now_per_s);
    return is_less ? by_concurrency : view->rate_now_per_s;
}

static uint64_t since_start(const struct preflight_result *result, uint64_t at_ms)
{
    return at_ms > result->starts_ms ? at_ms - result->starts_ms : 0;
}

static double day_left_of(const struct preflight_result *result, const struct provider_view *view)
{
    uint64_t quota = view->day_quota;
    uint64_t used = result->starts_ms < view->day_until_ms ? view->day_used : 0;
    return used < quota ? (double)(quota - used) : 0;
}

static void take_provider(struct preflight_result *result, const struct provider_view *view,
                          unsigned workers)
{
    uint8_t id = view->def->id;
    bool is_shut = workers > 0 && view->unopened >= workers;
    result->rates[id] = (struct preflight_rate){
        .channel = view->def->channel,
        .can_send = view->breaker != BREAKER_OPEN && !is_shut,
        .per_s = rate_of(view),
        .share = view->share > 0 ? view->share : view->def->weight,
        .day_quota = view->day_quota,
        .day_left = day_left_of(result, view),
        .has_hours = result->api->context.provider_controls->hours.by_number[id].channels != 0,
        .resumes_ms = since_start(result, view->paused_until_ms),
    };
    result->day_until_ms[id] = view->day_until_ms;
}

struct quiet_span preflight_limits_span(const struct preflight_result *result,
                                        const struct quiet_hours *hours, unsigned zone,
                                        uint64_t at_ms)
{
    uint64_t margin_ms = engine_quiet_margin_ms(result->api->context.engine);
    struct quiet_span span =
        zone_clock_span(result->clock, hours, (uint16_t)zone, result->starts_ms + at_ms);
    span.from_ms = since_start(result, span.from_ms - margin_ms);
    span.until_ms -= result->starts_ms;
    return span;
}

static struct quiet_span provider_span(void *arg, unsigned provider, uint64_t at_ms)
{
    const struct preflight_result *result = arg;
    return preflight_limits_span(
        result, &result->api->context.provider_controls->hours.by_number[provider], 0, at_ms);
}

static uint64_t provider_day_end(void *arg, unsigned provider, uint64_t at_ms)
{
    const struct preflight_result *result = arg;
    uint64_t now_ms = result->starts_ms + at_ms;
    const struct time_zone *zone =
        result->api->context.provider_controls->days.by_number[provider].zone;
    uint64_t end_ms = now_ms < result->day_until_ms[provider] ? result->day_until_ms[provider]
                                                              : time_zone_next_day_ms(zone, now_ms);
    return end_ms - result->starts_ms;
}

void preflight_limits(struct preflight_result *result)
{
    struct engine *engine = result->api->context.engine;
    unsigned workers = connected_workers(engine);
    struct provider_view provider;
    result->has_worker = workers > 0;
    for (unsigned i = 0; engine_provider(engine, i, &provider); i++) {
        take_provider(result, &provider, workers);
    }
    result->times.calendar = (struct preflight_calendar){result, provider_span, provider_day_end};
}
