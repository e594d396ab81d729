/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_why: why a provider is at the rate it is at, as a list of reasons: whatever holds it
 * back now, the most lasting first.
 */
#ifndef TOCSIN_API_PROVIDER_WHY_H
#define TOCSIN_API_PROVIDER_WHY_H

#include <jansson.h>

#include "coordinator/content/provider_limits.h"
#include "coordinator/engine/engine.h"

/* X(name, word): the kinds of reasons. */
#define PROVIDER_WHY_MAP(X)                                                                        \
    X(LIMIT, "limit")                                                                              \
    X(QUIET_HOURS, "quiet_hours")                                                                  \
    X(QUOTA, "quota")                                                                              \
    X(THROTTLED, "throttled")                                                                      \
    X(PAUSED, "paused")                                                                            \
    X(BREAKER, "breaker")                                                                          \
    X(CONCURRENCY, "concurrency")                                                                  \
    X(CAMPAIGN_RATE, "campaign_rate")                                                              \
    X(UNOPENED, "unopened")                                                                        \
    X(NO_WORKER, "no_worker")                                                                      \
    X(NO_CREDIT, "no_credit")

enum provider_why {
#define PROVIDER_WHY_MEMBER(name, word) PROVIDER_WHY_##name,
    PROVIDER_WHY_MAP(PROVIDER_WHY_MEMBER)
#undef PROVIDER_WHY_MEMBER
        PROVIDER_WHYS
};

const char *provider_why_name(enum provider_why why);
/* Does it hold now? */
bool provider_why_holds(enum provider_why why, const struct provider_view *view);
/* [{"reason":"limit","detail":"…","since":…,"until":…}], times null if there are none. */
json_t *provider_why_json(const struct provider_view *view, const struct provider_limit *limit);

#endif
