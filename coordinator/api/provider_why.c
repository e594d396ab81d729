/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/provider_why.h"

#include <inttypes.h>

#include "coordinator/api/exchange.h"

static const char *const WORDS[PROVIDER_WHYS] = {
#define PROVIDER_WHY_ROW(name, word) [PROVIDER_WHY_##name] = (word),
    PROVIDER_WHY_MAP(PROVIDER_WHY_ROW)
#undef PROVIDER_WHY_ROW
};

const char *provider_why_name(enum provider_why why)
{
    return why < PROVIDER_WHYS ? WORDS[why] : "?";
}

bool provider_why_holds(enum provider_why why, const struct provider_view *view)
{
    switch (why) {
    case PROVIDER_WHY_LIMIT:
        return view->rate_per_s > 0;
    case PROVIDER_WHY_QUIET_HOURS:
        return view->quiet_since_ms != 0;
    case PROVIDER_WHY_QUOTA:
        return view->day_quota > 0 && view->day_used >= view->day_quota;
    case PROVIDER_WHY_THROTTLED:
        return view->throttled_per_s > 0;
    case PROVIDER_WHY_PAUSED:
        return view->paused_until_ms != 0;
    case PROVIDER_WHY_BREAKER:
        return view->breaker != BREAKER_CLOSED;
    case PROVIDER_WHY_CONCURRENCY:
        return view->concurrency > 0 && view->under_way >= view->concurrency;
    case PROVIDER_WHY_CAMPAIGN_RATE:
        return view->limited_campaigns > 0;
    case PROVIDER_WHY_UNOPENED:
        return view->unopened > 0;
    case PROVIDER_WHY_NO_WORKER:
        return view->workers == 0;
    case PROVIDER_WHY_NO_CREDIT:
        return view->workers > 0 && view->takers == 0;
    case PROVIDER_WHYS:
        break;
    }
    return false;
}

static json_t *answer_json(uint16_t reason, double per_s, double now_per_s)
{
    return json_sprintf(
        "it refused %.3g a second (%u: %s); %.3g a second are allowed until success "
        "raises it again",
        per_s, reason, reason_sentence(reason), now_per_s);
}

static const char *source_of(uint64_t since_ms)
{
    return since_ms != 0 ? "set by the API" : "by the settings";
}

static json_t *detail_of(enum provider_why why, const struct provider_view *view,
                         const struct provider_limit *limit)
{
    switch (why) {
    case PROVIDER_WHY_LIMIT:
        return json_sprintf("its limit is %.10g a second, %s", view->rate_per_s,
                            source_of(limit->since_ms));
    case PROVIDER_WHY_QUIET_HOURS:
        return json_sprintf("it has quiet hours, %s, and gets nothing",
                            source_of(limit->quiet_since_ms));
    case PROVIDER_WHY_QUOTA:
        return json_sprintf("%u a day may be handed out, %s, and %" PRIu64 " were",
                            (unsigned)view->day_quota, source_of(limit->quota_since_ms),
                            view->day_used);
    case PROVIDER_WHY_THROTTLED:
        return answer_json(view->throttled_reason, view->throttled_per_s, view->rate_now_per_s);
    case PROVIDER_WHY_PAUSED:
        return json_string("it asked for a pause");
    case PROVIDER_WHY_BREAKER:
        return json_sprintf("%s (%u: %s)",
                            view->breaker == BREAKER_OPEN ? "it gets nothing"
                                                          : "it gets a few to try",
                            view->breaker_reason, reason_sentence(view->breaker_reason));
    case PROVIDER_WHY_CONCURRENCY:
        return json_sprintf("%u may be under way, %s, and %u are or may be",
                            (unsigned)view->concurrency, source_of(limit->concurrency_since_ms),
                            (unsigned)view->under_way);
    case PROVIDER_WHY_CAMPAIGN_RATE:
        return json_sprintf("%u of %u campaigns that send by it have a rate of their own",
                            view->limited_campaigns, view->campaigns);
    case PROVIDER_WHY_UNOPENED:
        return json_sprintf("%u workers could not open it", view->unopened);
    case PROVIDER_WHY_NO_WORKER:
        return json_string("no worker that could open it is connected");
    case PROVIDER_WHY_NO_CREDIT:
        return json_sprintf("none of %u workers takes more now", view->workers);
    case PROVIDER_WHYS:
        break;
    }
    return json_null();
}

static uint64_t since_of(enum provider_why why, const struct provider_view *view,
                         const struct provider_limit *limit)
{
    return why == PROVIDER_WHY_LIMIT         ? limit->since_ms
           : why == PROVIDER_WHY_QUIET_HOURS ? view->quiet_since_ms
           : why == PROVIDER_WHY_THROTTLED   ? view->lowered_ms
           : why == PROVIDER_WHY_BREAKER     ? view->down_since_ms
                                             : 0;
}

static uint64_t until_of(enum provider_why why, const struct provider_view *view)
{
    return why == PROVIDER_WHY_PAUSED        ? view->paused_until_ms
           : why == PROVIDER_WHY_QUIET_HOURS ? view->quiet.until_ms
           : why == PROVIDER_WHY_QUOTA       ? view->day_until_ms
           : why == PROVIDER_WHY_BREAKER     ? view->breaker_until_ms
                                             : 0;
}

json_t *provider_why_json(const struct provider_view *view, const struct provider_limit *limit)
{
    json_t *list = json_array();
    for (enum provider_why why = 0; why < PROVIDER_WHYS; why++) {
        if (provider_why_holds(why, view)) {
            json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "reason", WORDS[why],
                                                  "detail", detail_of(why, view, limit), "since",
                                                  exchange_time(since_of(why, view, limit)),
                                                  "until", exchange_time(until_of(why, view))));
        }
    }
    return list;
}
