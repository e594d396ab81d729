/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/suppressing.h"

#include <uv.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/api_state.h"

#define PORTION 8192 /* recipients told of in one turn of the loop */

struct suppressing {
    struct api *api;
    uint64_t campaign;
    const struct audience_info *info;
    unsigned channels;
    uint64_t now_ms;
    struct suppression_hits hits;
    size_t told;
    enum err err;
    suppressing_done_fn done;
    void *arg;
    uv_work_t work;
    uv_timer_t timer;
    struct suppressing *next;
};

static unsigned channels_of(const struct plan *plan)
{
    unsigned channels = 0;
    for (unsigned s = 0; s < plan->step_count; s++) {
        channels |= 1u << plan->steps[s].channel;
    }
    return channels;
}

/* What is over by now needs nothing more. */
static enum err tell(struct api *api, uint64_t campaign, const struct suppression_hit *hit)
{
    enum err err = engine_suppress(api->context.engine, campaign, hit->ordinal,
                                   hit->channel == SUPPRESSION_ALL_CHANNELS ? ENGINE_ALL_CHANNELS
                                                                            : hit->channel,
                                   hit->rank, hit->reason, api_now_ms(api));
    return err == ERR_NOT_FOUND || err == ERR_CLOSED ? ERR_OK : err; /* a hole, or ended */
}

static bool is_concerned(const struct api *api, const struct campaign_view *view)
{
    bool is_running = view->state == CAMPAIGN_RUNNING || view->state == CAMPAIGN_PAUSED ||
                      view->state == CAMPAIGN_SCHEDULED;
    return is_running || suppressing_is_under_way(api, view->def->id);
}

static enum err apply_to(struct api *api, const struct campaign_view *view,
                         const struct suppression *entry)
{
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view->def->audience);
    struct suppression_hits hits = {0};
    bool is_asked = entry->channel == SUPPRESSION_ALL_CHANNELS ||
                    (channels_of(&view->def->plan) >> entry->channel & 1) != 0;
    if (info == NULL || !is_asked) {
        return ERR_OK;
    }
    enum err err = suppression_list_find(api->context.suppressions, info, entry, &hits);
    for (size_t i = 0; i < hits.count && err == ERR_OK; i++) {
        err = tell(api, view->def->id, &hits.hits[i]);
    }
    suppression_hits_release(&hits);
    return err;
}

enum err suppressing_apply(struct api *api, const struct suppression *entry)
{
    struct engine *engine = api->context.engine;
    enum err first = ERR_OK;
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0;
         id = engine_next_campaign(engine, id)) {
        struct campaign_view view;
        if (!engine_campaign(engine, id, &view) || !is_concerned(api, &view)) {
            continue;
        }
        enum err err = apply_to(api, &view, entry);
        if (err != ERR_OK) {
            LOG_E("suppression", "audience_unreadable", "campaign=c%llu err=%s",
                  (unsigned long long)id, err_name(err));
            first = first == ERR_OK ? err : first;
        }
    }
    return first;
}

/* ---- a whole audience ---- */

bool suppressing_is_under_way(const struct api *api, uint64_t campaign)
{
    const struct suppressing *suppressing = api->suppressings;
    while (suppressing != NULL && suppressing->campaign != campaign) {
        suppressing = suppressing->next;
    }
    return suppressing != NULL;
}

unsigned suppressing_count(const struct api *api)
{
    unsigned count = 0;
    for (const struct suppressing *s = api->suppressings; s != NULL; s = s->next) {
        count++;
    }
    return count;
}

static void on_closed(uv_handle_t *handle)
{
    struct suppressing *suppressing = handle->data;
    struct suppressing **at = &suppressing->api->suppressings;
    while (*at != suppressing) {
        at = &(*at)->next;
    }
    *at = suppressing->next;
    suppression_hits_release(&suppressing->hits);
    mem_free(suppressing);
}

static void finish(struct suppressing *suppressing)
{
    LOG_I("suppression", "matched", "campaign=c%llu suppressed=%zu err=%s",
          (unsigned long long)suppressing->campaign, suppressing->hits.count,
          err_name(suppressing->err));
    suppressing->done(suppressing->arg, suppressing->err);
    uv_close((uv_handle_t *)&suppressing->timer, on_closed);
}

static void on_portion(uv_timer_t *timer)
{
    struct suppressing *suppressing = timer->data;
    struct api *api = suppressing->api;
    size_t end = suppressing->told + PORTION;
    for (; suppressing->told < suppressing->hits.count && suppressing->told < end &&
           suppressing->err == ERR_OK;
         suppressing->told++) {
        suppressing->err =
            tell(api, suppressing->campaign, &suppressing->hits.hits[suppressing->told]);
    }
    if (suppressing->told < suppressing->hits.count && suppressing->err == ERR_OK) {
        uv_timer_start(timer, on_portion, 1, 0);
        return;
    }
    finish(suppressing);
    api->context.changed(api->context.arg);
}

static void match(uv_work_t *work)
{
    struct suppressing *suppressing = work->data;
    suppressing->err =
        suppression_list_match(suppressing->api->context.suppressions, suppressing->info,
                               suppressing->channels, suppressing->now_ms, &suppressing->hits);
}

static void on_matched(uv_work_t *work, int status)
{
    struct suppressing *suppressing = work->data;
    (void)status;
    if (suppressing->api->is_closing) {
        suppressing->err = ERR_CLOSED;
        suppressing->hits.count = 0;
    }
    on_portion(&suppressing->timer);
}

void suppressing_match(struct api *api, uint64_t campaign, suppressing_done_fn done, void *arg)
{
    struct campaign_view view;
    const struct audience_info *info = NULL;
    if (suppression_list_count(api->context.suppressions) > 0 &&
        engine_campaign(api->context.engine, campaign, &view)) {
        info = audience_registry_find(api->context.audiences, view.def->audience);
    }
    if (info == NULL) {
        done(arg, ERR_OK);
        return;
    }
    struct suppressing *suppressing = mem_zalloc(1, sizeof(*suppressing));
    suppressing->api = api;
    suppressing->campaign = campaign;
    suppressing->info = info;
    suppressing->channels = channels_of(&view.def->plan);
    suppressing->now_ms = api_now_ms(api);
    suppressing->done = done;
    suppressing->arg = arg;
    suppressing->next = api->suppressings;
    api->suppressings = suppressing;
    uv_timer_init(api->context.loop, &suppressing->timer);
    suppressing->timer.data = suppressing;
    suppressing->work.data = suppressing;
    uv_queue_work(api->context.loop, &suppressing->work, match, on_matched);
}

struct all {
    unsigned left;
    enum err err;
    suppressing_done_fn done;
    void *arg;
};

static void on_one(void *arg, enum err err)
{
    struct all *all = arg;
    all->err = all->err == ERR_OK ? err : all->err;
    if (--all->left == 0) {
        all->done(all->arg, all->err);
        mem_free(all);
    }
}

void suppressing_match_all(struct api *api, suppressing_done_fn done, void *arg)
{
    struct engine *engine = api->context.engine;
    struct all *all = mem_zalloc(1, sizeof(*all));
    *all = (struct all){.left = 1, .done = done, .arg = arg};
    for (uint64_t id = engine_next_campaign(engine, 0); id != 0;
         id = engine_next_campaign(engine, id)) {
        struct campaign_view view;
        if (engine_campaign(engine, id, &view) && is_concerned(api, &view)) {
            all->left++;
            suppressing_match(api, id, on_one, all);
        }
    }
    on_one(all, ERR_OK);
}
