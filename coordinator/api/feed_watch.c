/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a campaign is found by comparing it with how it was told last, which stands in the
 * ledger: so whichever way it came about, and whatever crashed between, it is told once. The engine
 * names the campaigns that are worth looking at.
 *
 * Once a second a round begins. It looks at providers, workers, replies and what is amiss, and
 * then, a few in each turn, at the campaigns in which anything happened since the last round or
 * that are running.
 */
#include "coordinator/api/feed_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "common/hash.h"
#include "common/mem.h"
#include "coordinator/api/campaigns_view.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_alarms.h"
#include "coordinator/api/feed_sights.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define ROUND_MS      1000
#define SHOWN_AT_ONCE 16    /* campaigns written in one turn */
#define OVER_MS       60000 /* so long the last figures of one that has ended are still told */
#define STUCK_MS      60000

struct sight {
    UT_hash_handle hh;
    uint64_t campaign;
    struct feed_mark mark; /* as it was told last */
    bool is_listed;        /* among those that are looked at in every round */
    bool is_stirred;       /* since it was looked at */
    uint64_t moved_ms;     /* when its counts changed last */
    uint64_t figures;      /* a hash of them */
    uint64_t due_ms;       /* since then nothing moves, and somebody could be sent to; 0: nobody */
    uint64_t over_ms;      /* it had ended when it was looked at; 0: it had not */
    struct sight *prev;
    struct sight *next;
};

struct feed_watch {
    struct api *api;
    struct feed *feed;
    struct sight *sights; /* of all campaigns */
    struct sight *listed;
    struct sight *at; /* the next to be looked at in this round */
    struct feed_sights *others;
    uint64_t round_ms; /* when the last one began */
    bool is_showing;   /* somebody listens */
};

/* ---- what becomes of campaigns ---- */

static uint64_t hash_words(const uint64_t *words, size_t count)
{
    static const uint8_t key[HASH_KEY_BYTES] = {0};
    return hash_keyed64(key, slice_of(words, count * sizeof(*words)));
}

/* Its terms: what can be changed of it. */
static uint64_t hash_terms(const struct campaign_view *view)
{
    const struct campaign_def *def = view->def;
    uint64_t words[5 + 3 * (size_t)STOP_CAUSES] = {
        (uint64_t)(def->rate_per_s * 1000 + 0.5), (uint64_t)def->priority, def->weight,
        view->not_after_ms != 0 ? view->not_after_ms : def->control.not_after_ms, view->starts_ms};
    for (unsigned c = 0; c < STOP_CAUSES; c++) {
        words[5 + 3 * c] = def->control.stop[c].count;
        words[6 + 3 * c] = def->control.stop[c].percent;
        words[7 + 3 * c] = def->control.stop[c].of_at_least;
    }
    return hash_words(words, sizeof(words) / sizeof(words[0]));
}

static struct feed_mark mark_of(const struct campaign_view *view)
{
    return (struct feed_mark){.state = (uint8_t)view->state,
                              .round = (uint8_t)view->round,
                              .is_expired = view->is_expired,
                              .terms = hash_terms(view)};
}

static bool is_idle(unsigned state)
{
    return state == CAMPAIGN_DRAFT || state == CAMPAIGN_SCHEDULED;
}

#define NEWS_MAX 5

/* What to tell, in the order in which it came about. */
static unsigned news_of(const struct feed_mark *old, const struct feed_mark *now, bool has_begun,
                        enum feed_kind news[NEWS_MAX])
{
    unsigned count = 0;
    bool is_moved = old->state != now->state;
    if (old->round != now->round) {
        news[count++] = FEED_CAMPAIGN_RETRIED;
    } else if (is_idle(old->state) && !is_idle(now->state) && has_begun) {
        news[count++] = FEED_CAMPAIGN_LAUNCHED;
    } else if (old->state == CAMPAIGN_PAUSED && now->state == CAMPAIGN_RUNNING) {
        news[count++] = FEED_CAMPAIGN_RESUMED;
    }
    if (is_moved && now->state == CAMPAIGN_SCHEDULED) {
        news[count++] = FEED_CAMPAIGN_SCHEDULED;
    } else if (is_moved && now->state == CAMPAIGN_PAUSED) {
        news[count++] = FEED_CAMPAIGN_PAUSED;
    }
    if (!old->is_expired && now->is_expired) {
        news[count++] = FEED_CAMPAIGN_EXPIRED;
    }
    if (is_moved && now->state == CAMPAIGN_CANCELLED) {
        news[count++] = FEED_CAMPAIGN_CANCELLED;
    } else if (is_moved && now->state == CAMPAIGN_FINISHED) {
        news[count++] = FEED_CAMPAIGN_FINISHED;
    }
    if (count == 0 && old->terms != now->terms) {
        news[count++] = FEED_CAMPAIGN_CHANGED;
    }
    return count;
}

static void tell(struct feed_watch *watch, const struct campaign_view *view, enum feed_kind kind)
{
    char id[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, view->def->id);
    (void)feed_tell(watch->feed, kind, view->def->id, id, campaigns_figures(watch->api, view));
}

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
static struct sight *find_sight(const struct feed_watch *watch, uint64_t campaign)
{
    struct sight *sight = NULL;
    HASH_FIND(hh, watch->sights, &campaign, sizeof(campaign), sight);
    return sight;
}

static struct sight *add_sight(struct feed_watch *watch, uint64_t campaign)
{
    struct sight *sight = mem_zalloc(1, sizeof(*sight));
    sight->campaign = campaign;
    HASH_ADD(hh, watch->sights, campaign, sizeof(campaign), sight);
    return sight;
}
/* NOLINTEND(readability-function-*) */

static void set_mark(struct feed_watch *watch, struct sight *sight, const struct feed_mark *mark)
{
    sight->mark = *mark;
    feed_mark_put(sight->campaign, mark, turn_record(watch->api->context.turn));
}

void feed_watch_campaign(struct feed_watch *watch, uint64_t campaign)
{
    struct campaign_view view;
    if (!engine_campaign(watch->api->context.engine, campaign, &view)) {
        return;
    }
    const struct feed_mark now = mark_of(&view);
    struct sight *sight = find_sight(watch, campaign);
    if (sight == NULL) {
        sight = add_sight(watch, campaign);
        tell(watch, &view, FEED_CAMPAIGN_CREATED);
        set_mark(watch, sight, &now);
        return;
    }
    enum feed_kind news[NEWS_MAX];
    unsigned count = news_of(&sight->mark, &now, view.launched_ms != 0, news);
    for (unsigned i = 0; i < count; i++) {
        tell(watch, &view, news[i]);
    }
    bool is_other = now.state != sight->mark.state || now.round != sight->mark.round ||
                    now.is_expired != sight->mark.is_expired || now.terms != sight->mark.terms;
    if (is_other) {
        set_mark(watch, sight, &now);
    }
}

/* ---- how campaigns stand ---- */

static void name_campaign(char id[OBJECT_ID_CHARS + 1], const struct sight *sight)
{
    object_id_write(id, OBJECT_CAMPAIGN, sight->campaign);
}

static void list(struct feed_watch *watch, uint64_t campaign)
{
    struct sight *sight = find_sight(watch, campaign);
    if (sight == NULL) {
        return; /* it is told of as created first */
    }
    sight->is_stirred = true;
    if (!sight->is_listed) {
        sight->is_listed = true;
        sight->moved_ms = api_now_ms(watch->api);
        DL_APPEND(watch->listed, sight);
    }
}

static void unlist(struct feed_watch *watch, struct sight *sight)
{
    char id[OBJECT_ID_CHARS + 1];
    name_campaign(id, sight);
    feed_forget(watch->feed, FEED_CAMPAIGN_PROGRESS, id);
    sight->is_listed = false;
    sight->over_ms = 0;
    sight->figures = 0;
    DL_DELETE(watch->listed, sight);
}

static uint64_t hash_figures(const struct campaign_view *view)
{
    uint64_t words[DELIVERY_STATES + 1] = {view->repeated};
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        words[s + 1] = view->counts[s];
    }
    return hash_words(words, DELIVERY_STATES + 1);
}

/* What happens shows in its counts. Only where nothing does the engine is asked whether anything
 * could: not in quiet hours. */
static void note_moves(struct feed_watch *watch, struct sight *sight,
                       const struct campaign_view *view, uint64_t now_ms)
{
    uint64_t figures = hash_figures(view);
    if (figures != sight->figures || view->state != CAMPAIGN_RUNNING) {
        sight->figures = figures;
        sight->moved_ms = now_ms;
        sight->due_ms = 0;
        return;
    }
    switch (engine_due_now(watch->api->context.engine, sight->campaign, now_ms)) {
    case DUE_SOMEBODY:
        sight->due_ms = sight->due_ms == 0 ? now_ms : sight->due_ms;
        break;
    case DUE_NOBODY:
        sight->due_ms = 0;
        break;
    case DUE_UNKNOWN:
        break;
    }
}

/* For how long it has not gone on although it could: somebody is with a worker, or could be sent
 * to. 0: not for longer than its own rate may take for a few. */
static uint64_t stuck_for_ms(const struct sight *sight, const struct campaign_view *view,
                             uint64_t now_ms)
{
    uint64_t patience_ms = STUCK_MS;
    if (view->def->rate_per_s > 0 && 3000 / view->def->rate_per_s > STUCK_MS) {
        patience_ms = (uint64_t)(3000 / view->def->rate_per_s);
    }
    uint64_t since_ms = view->counts[DELIVERY_LEASED] > 0 ? sight->moved_ms : sight->due_ms;
    bool is_stuck = view->state == CAMPAIGN_RUNNING && !view->is_screening && since_ms != 0 &&
                    now_ms - since_ms >= patience_ms;
    return is_stuck ? now_ms - since_ms : 0;
}

static void look_for_trouble(struct feed_watch *watch, struct sight *sight,
                             const struct campaign_view *view, uint64_t now_ms)
{
    char id[OBJECT_ID_CHARS + 1];
    char detail[256];
    name_campaign(id, sight);
    note_moves(watch, sight, view, now_ms);
    uint64_t stuck_ms = stuck_for_ms(sight, view, now_ms);
    if (stuck_ms > 0) {
        (void)snprintf(detail, sizeof(detail),
                       "nothing has happened for %" PRIu64 " s although somebody is due: look at "
                       "the workers and at `why` of the providers",
                       stuck_ms / 1000);
        feed_alarms_hold(watch->api->alarms, FEED_ALARM_CAMPAIGN_STUCK, sight->campaign, id,
                         detail);
    }
    bool is_late = view->state == CAMPAIGN_RUNNING && view->not_after_ms > now_ms &&
                   now_ms + view->time_left_ms > view->not_after_ms;
    if (is_late) {
        (void)snprintf(detail, sizeof(detail),
                       "at its present rate it needs %" PRIu64 " s more, and nobody is sent to any "
                       "more in %" PRIu64 " s",
                       view->time_left_ms / 1000, (view->not_after_ms - now_ms) / 1000);
        feed_alarms_hold(watch->api->alarms, FEED_ALARM_DEADLINE_IN_DANGER, sight->campaign, id,
                         detail);
    }
}

/* One that has ended is looked at once more when something happened (a receipt), and forgotten
 * after a while. */
static void look_at(struct feed_watch *watch, struct sight *sight, uint64_t now_ms)
{
    struct campaign_view view;
    char id[OBJECT_ID_CHARS + 1];
    name_campaign(id, sight);
    bool is_there = engine_campaign(watch->api->context.engine, sight->campaign, &view);
    bool is_over = !is_there || view.state == CAMPAIGN_FINISHED || view.state == CAMPAIGN_CANCELLED;
    if (is_there) {
        look_for_trouble(watch, sight, &view, now_ms);
        if (watch->is_showing && view.state != CAMPAIGN_DRAFT) {
            feed_show_campaign(watch->feed, sight->campaign, id,
                               campaigns_figures(watch->api, &view));
        }
    }
    if (!is_over) {
        sight->over_ms = 0;
    } else if (sight->over_ms == 0 || sight->is_stirred) {
        sight->over_ms = now_ms;
    }
    sight->is_stirred = false;
    if (is_over && now_ms - sight->over_ms >= OVER_MS) {
        unlist(watch, sight);
    }
}

/* The rest of a round; true: there are more. */
static bool look_at_some(struct feed_watch *watch, uint64_t now_ms)
{
    for (unsigned i = 0; watch->at != NULL && i < SHOWN_AT_ONCE; i++) {
        struct sight *sight = watch->at;
        watch->at = sight->next;
        look_at(watch, sight, now_ms);
    }
    return watch->at != NULL;
}

/* ---- rounds ---- */

static void forget_all(struct feed_watch *watch)
{
    char id[OBJECT_ID_CHARS + 1];
    for (const struct sight *sight = watch->listed; sight != NULL; sight = sight->next) {
        name_campaign(id, sight);
        feed_forget(watch->feed, FEED_CAMPAIGN_PROGRESS, id);
    }
    feed_sights_forget(watch->others);
}

/* Written for nobody it would only grow old. */
static void see_who_listens(struct feed_watch *watch)
{
    bool is_showing = feed_streams_tally(watch->api->streams).open > 0;
    if (watch->is_showing && !is_showing) {
        forget_all(watch);
    } else if (!watch->is_showing && is_showing) {
        watch->round_ms = 0; /* at once */
    }
    watch->is_showing = is_showing;
}

static void begin_round(struct feed_watch *watch, uint64_t now_ms)
{
    struct engine *engine = watch->api->context.engine;
    watch->round_ms = now_ms;
    for (uint64_t id = engine_next_stirred(engine); id != 0; id = engine_next_stirred(engine)) {
        list(watch, id);
    }
    watch->at = watch->listed;
    feed_sights_look(watch->others, watch->is_showing, now_ms);
}

uint32_t feed_watch_turn(struct feed_watch *watch)
{
    struct engine *engine = watch->api->context.engine;
    uint64_t now_ms = api_now_ms(watch->api);
    for (uint64_t id = engine_next_changed(engine); id != 0; id = engine_next_changed(engine)) {
        feed_watch_campaign(watch, id);
    }
    see_who_listens(watch);
    if (watch->at == NULL && now_ms - watch->round_ms >= ROUND_MS) {
        begin_round(watch, now_ms);
        if (watch->at == NULL) {
            feed_alarms_look(watch->api->alarms, now_ms);
        }
    }
    if (watch->at != NULL) {
        if (look_at_some(watch, now_ms)) {
            return 0;
        }
        feed_alarms_look(watch->api->alarms, now_ms);
    }
    uint64_t since_ms = now_ms - watch->round_ms;
    return since_ms >= ROUND_MS ? 0 : (uint32_t)(ROUND_MS - since_ms);
}

/* ---- life ---- */

static bool load_mark(void *arg, uint64_t campaign, const struct feed_mark *mark)
{
    struct sight *sight = add_sight(arg, campaign);
    sight->mark = *mark;
    return true;
}

/* What was decided last in the former life may not have been told. Of a campaign without a mark
 * nothing ever was: an earlier version made it. */
static void catch_up(struct feed_watch *watch)
{
    struct engine *engine = watch->api->context.engine;
    struct campaign_view view;
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0;
         id = engine_next_campaign(engine, id)) {
        if (find_sight(watch, id) != NULL) {
            feed_watch_campaign(watch, id);
        } else if (engine_campaign(engine, id, &view)) {
            add_sight(watch, id)->mark = mark_of(&view);
        }
    }
}

enum err feed_watch_open(struct feed_watch **out, struct api *api, struct problem *problem)
{
    struct feed_watch *watch = mem_zalloc(1, sizeof(*watch));
    watch->api = api;
    watch->feed = api->feed;
    enum err err = feed_mark_each(api->context.ledger, load_mark, watch);
    *out = watch;
    if (err != ERR_OK) {
        return problem_set(problem, err, "how campaigns were told last cannot be read: %s",
                           err_sentence(err));
    }
    (void)feed_tell(watch->feed, FEED_COORDINATOR_STARTED, 0, "",
                    json_pack("{s:s, s:I}", "version", api->context.version, "epoch",
                              (json_int_t)api->context.epoch));
    catch_up(watch);
    watch->others = feed_sights_new(api);
    return ERR_OK;
}

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
void feed_watch_close(struct feed_watch *watch)
{
    struct sight *sight;
    struct sight *next;
    if (watch == NULL) {
        return;
    }
    HASH_ITER(hh, watch->sights, sight, next)
    {
        HASH_DEL(watch->sights, sight);
        mem_free(sight);
    }
    feed_sights_free(watch->others);
    mem_free(watch);
}
/* NOLINTEND(readability-function-*) */
