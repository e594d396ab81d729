/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/feed_sights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "common/mem.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_alarms.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define CALM_MS         5000 /* a provider is told of no more often */
#define REPLIES_AT_ONCE 1000 /* looked at in one round; the others come in the next ones */

/* What of a provider is told when it changes. X(name, word) */
#define PROVIDER_FACT_MAP(X)                                                                       \
    X(BREAKER, "breaker")                                                                          \
    X(DOWN, "down")                                                                                \
    X(THROTTLED, "throttled")                                                                      \
    X(QUIET, "quiet_hours")                                                                        \
    X(SHARE, "share")                                                                              \
    X(RATE, "rate")                                                                                \
    X(CONCURRENCY, "concurrency")                                                                  \
    X(QUOTA, "quota")                                                                              \
    X(UNOPENED, "unopened")

enum provider_fact {
#define PROVIDER_FACT_MEMBER(name, word) FACT_##name,
    PROVIDER_FACT_MAP(PROVIDER_FACT_MEMBER)
#undef PROVIDER_FACT_MEMBER
        PROVIDER_FACTS
};
static const char *const FACT_WORDS[PROVIDER_FACTS] = {
#define PROVIDER_FACT_WORD(name, word) word,
    PROVIDER_FACT_MAP(PROVIDER_FACT_WORD)
#undef PROVIDER_FACT_WORD
};

struct provider_sight {
    bool is_seen;
    uint64_t facts[PROVIDER_FACTS]; /* as they were told last */
    uint64_t told_ms;
};

struct worker_sight {
    UT_hash_handle hh;
    uint64_t instance;
    bool is_connected;
    bool is_there; /* seen in this round */
    char name[ENGINE_NAME_MAX + 1];
};

struct feed_sights {
    struct api *api;
    struct feed *feed;
    struct provider_sight providers[WIRE_PROVIDERS_MAX];
    struct worker_sight *workers;
};

/* ---- providers ---- */

static void facts_of(const struct provider_view *view, uint64_t facts[PROVIDER_FACTS])
{
    facts[FACT_BREAKER] = (uint64_t)view->breaker;
    facts[FACT_DOWN] = view->down_since_ms != 0;
    facts[FACT_THROTTLED] = view->throttled_per_s > 0;
    facts[FACT_QUIET] = view->quiet_since_ms != 0;
    facts[FACT_SHARE] = (uint64_t)(view->share + 0.5);
    facts[FACT_RATE] = (uint64_t)llround(view->rate_per_s * 1000);
    facts[FACT_CONCURRENCY] = view->concurrency;
    facts[FACT_QUOTA] = view->day_quota;
    facts[FACT_UNOPENED] = view->unopened;
}

/* Those that differ, and whether any of them is not to wait. */
static json_t *changed_facts(const struct provider_sight *sight,
                             const uint64_t facts[PROVIDER_FACTS], bool *is_urgent)
{
    json_t *changed = json_array();
    *is_urgent = false;
    for (unsigned f = 0; f < PROVIDER_FACTS; f++) {
        if (facts[f] != sight->facts[f]) {
            json_array_append_new(changed, json_string(FACT_WORDS[f]));
            *is_urgent |= f != FACT_THROTTLED && f != FACT_SHARE;
        }
    }
    return changed;
}

static void look_at_provider(struct feed_sights *sights, const struct provider_view *view,
                             bool may_tell, bool is_showing, uint64_t now_ms)
{
    struct provider_sight *sight = &sights->providers[view->def->id];
    uint64_t facts[PROVIDER_FACTS];
    bool is_urgent;
    facts_of(view, facts);
    if (!sight->is_seen) {
        sight->is_seen = true;
        memcpy(sight->facts, facts, sizeof(facts));
    }
    json_t *changed = changed_facts(sight, facts, &is_urgent);
    if (may_tell && json_array_size(changed) > 0 &&
        (is_urgent || now_ms - sight->told_ms >= CALM_MS)) {
        json_t *data = providers_show(sights->api, view);
        json_object_set(data, "changed", changed);
        (void)feed_tell(sights->feed, FEED_PROVIDER_CHANGED, 0, view->def->name, data);
        memcpy(sight->facts, facts, sizeof(facts));
        sight->told_ms = now_ms;
    }
    json_decref(changed);
    if (is_showing) {
        feed_show(sights->feed, FEED_PROVIDER_PROGRESS, view->def->name,
                  providers_show(sights->api, view));
    }
    if (view->down_since_ms != 0) {
        feed_alarms_hold(
            sights->api->alarms, FEED_ALARM_PROVIDER_DOWN, 0, view->def->name,
            "nothing can be sent by it: `why` of the provider says what is the matter");
    }
}

static void look_at_providers(struct feed_sights *sights, bool may_tell, bool is_showing,
                              uint64_t now_ms)
{
    struct provider_view view;
    for (unsigned i = 0; engine_provider(sights->api->context.engine, i, &view); i++) {
        look_at_provider(sights, &view, may_tell, is_showing, now_ms);
    }
}

/* ---- workers ---- */

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
static struct worker_sight *worker_sight(struct feed_sights *sights, const struct worker_view *view)
{
    struct worker_sight *sight = NULL;
    HASH_FIND(hh, sights->workers, &view->instance, sizeof(view->instance), sight);
    if (sight == NULL) {
        sight = mem_zalloc(1, sizeof(*sight));
        sight->instance = view->instance;
        HASH_ADD(hh, sights->workers, instance, sizeof(sight->instance), sight);
    }
    return sight;
}

static void drop_worker(struct feed_sights *sights, struct worker_sight *sight)
{
    feed_forget(sights->feed, FEED_WORKER_PROGRESS, sight->name);
    HASH_DEL(sights->workers, sight);
    mem_free(sight);
}
/* NOLINTEND(readability-function-*) */

static void tell_left(struct feed_sights *sights, const struct worker_sight *sight)
{
    (void)feed_tell(sights->feed, FEED_WORKER_LEFT, 0, sight->name,
                    json_pack("{s:o, s:b}", "name", exchange_text(sight->name), "connected", 0));
}

static void look_at_worker(struct feed_sights *sights, const struct worker_view *view,
                           bool is_showing)
{
    struct worker_sight *sight = worker_sight(sights, view);
    sight->is_there = true;
    /* After a restart of ours only its leases are known until it says hello. */
    (void)snprintf(sight->name, sizeof(sight->name), "%s", view->name);
    if (view->connected && !sight->is_connected) {
        (void)feed_tell(sights->feed, FEED_WORKER_JOINED, 0, sight->name, workers_show(view));
    } else if (!view->connected && sight->is_connected) {
        tell_left(sights, sight);
    }
    sight->is_connected = view->connected;
    if (is_showing && view->connected) {
        json_t *data = workers_show(view);
        json_object_del(data, "last_heard_at"); /* else it would be news all the time */
        feed_show(sights->feed, FEED_WORKER_PROGRESS, sight->name, data);
    }
}

static void look_at_workers(struct feed_sights *sights, bool is_showing)
{
    struct worker_view view;
    struct worker_sight *sight = NULL;
    struct worker_sight *next = NULL;
    for (unsigned i = 0; engine_worker(sights->api->context.engine, i, &view); i++) {
        look_at_worker(sights, &view, is_showing);
    }
    HASH_ITER(hh, sights->workers, sight, next)
    {
        if (!sight->is_there) {
            if (sight->is_connected) {
                tell_left(sights, sight);
            }
            drop_worker(sights, sight);
        } else {
            sight->is_there = false;
        }
    }
}

/* ---- replies ---- */

/* Of one campaign, since the last round. */
struct reply_sum {
    uint64_t campaign;
    uint64_t newest;
    struct reply_counts counts;
    uint64_t count;
};

struct reply_sums {
    uint64_t after; /* the newest that was told */
    uint64_t newest;
    unsigned count;
    struct reply_sum list[REPLIES_AT_ONCE];
};

static bool find_newest(void *arg, const struct reply_record *reply)
{
    *(uint64_t *)arg = reply->number;
    return false;
}

static bool add_reply(void *arg, const struct reply_record *reply)
{
    struct reply_sums *sums = arg;
    unsigned i = 0;
    if (reply->number <= sums->after) {
        return false;
    }
    while (i < sums->count && sums->list[i].campaign != reply->campaign) {
        i++;
    }
    if (i == sums->count) {
        sums->list[sums->count++] =
            (struct reply_sum){.campaign = reply->campaign, .newest = reply->number};
    }
    sums->list[i].counts.of[reply->class]++;
    sums->list[i].count++;
    return true;
}

static void tell_replies(struct feed_sights *sights, const struct reply_sum *sum)
{
    char id[OBJECT_ID_CHARS + 1] = "";
    char newest[OBJECT_ID_CHARS + 1];
    object_id_write(newest, OBJECT_REPLY, sum->newest);
    if (sum->campaign != 0) {
        object_id_write(id, OBJECT_CAMPAIGN, sum->campaign);
    }
    (void)feed_tell(sights->feed, FEED_REPLIES_RECEIVED, sum->campaign, id,
                    json_pack("{s:s?, s:I, s:o, s:s}", "campaign", sum->campaign == 0 ? NULL : id,
                              "count", (json_int_t)sum->count, "by_class",
                              reply_counts_json(&sum->counts), "newest", newest));
}

/* Those that are durable; of what came since the last round, once for each campaign. */
static void look_at_replies(struct feed_sights *sights)
{
    struct reply_store *replies = sights->api->context.reply_store;
    struct feed_store *store = feed_store_of(sights->feed);
    uint64_t durable = 0;
    if (reply_store_newest(replies) <= store->reply ||
        reply_store_each(replies, 0, UINT64_MAX, find_newest, &durable) != ERR_OK ||
        durable <= store->reply) {
        return;
    }
    struct reply_sums *sums = mem_zalloc(1, sizeof(*sums));
    uint64_t to =
        durable - store->reply > REPLIES_AT_ONCE ? store->reply + REPLIES_AT_ONCE : durable;
    sums->after = store->reply;
    if (reply_store_each(replies, 0, to, add_reply, sums) == ERR_OK) {
        store->reply = to; /* kept with the event */
        for (unsigned i = 0; i < sums->count; i++) {
            tell_replies(sights, &sums->list[i]);
        }
    }
    mem_free(sums);
}

/* ---- the ledger ---- */

/* False: no facts now, they would only pile up. */
static bool look_at_ledger(struct feed_sights *sights)
{
    struct problem problem = {0};
    if (!exchange_is_stalled(sights->api, &problem)) {
        return true;
    }
    feed_alarms_hold(sights->api->alarms, FEED_ALARM_LEDGER_STALLED, 0, "ledger", problem.text);
    return false;
}

/* ---- rounds ---- */

void feed_sights_look(struct feed_sights *sights, bool is_showing, uint64_t now_ms)
{
    bool may_tell = look_at_ledger(sights);
    look_at_providers(sights, may_tell, is_showing, now_ms);
    feed_sender_alarms(sights->api->sender);
    if (may_tell) {
        look_at_workers(sights, is_showing);
        look_at_replies(sights);
    }
}

void feed_sights_forget(struct feed_sights *sights)
{
    struct provider_view view;
    for (unsigned i = 0; engine_provider(sights->api->context.engine, i, &view); i++) {
        feed_forget(sights->feed, FEED_PROVIDER_PROGRESS, view.def->name);
    }
    for (const struct worker_sight *sight = sights->workers; sight != NULL;
         sight = sight->hh.next) {
        feed_forget(sights->feed, FEED_WORKER_PROGRESS, sight->name);
    }
}

struct feed_sights *feed_sights_new(struct api *api)
{
    struct feed_sights *sights = mem_zalloc(1, sizeof(*sights));
    sights->api = api;
    sights->feed = api->feed;
    return sights;
}

void feed_sights_free(struct feed_sights *sights)
{
    struct worker_sight *sight = NULL;
    struct worker_sight *next = NULL;
    if (sights == NULL) {
        return;
    }
    HASH_ITER(hh, sights->workers, sight, next)
    {
        drop_worker(sights, sight);
    }
    mem_free(sights);
}
