/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/provider_log.h"

#include "common/log.h"

#define LOOK_EVERY_MS 500
#define SHARE_CRUMB   0.01

static void look_at_breaker(struct provider_log *log, const struct provider_view *view)
{
    bool *is_open = &log->is_open[view->def->id];
    if (view->breaker == BREAKER_OPEN && !*is_open) {
        *is_open = true;
        LOG_W("provider", "breaker_open", "provider=\"%s\" channel=%s reason=%u text=\"%s\"",
              view->def->name, channel_kind_name(view->def->channel), view->breaker_reason,
              reason_sentence(view->breaker_reason));
    } else if (view->breaker == BREAKER_CLOSED && *is_open) {
        *is_open = false;
        LOG_I("provider", "breaker_closed", "provider=\"%s\" channel=%s", view->def->name,
              channel_kind_name(view->def->channel));
    }
}

static void look_at_share(struct provider_log *log, const struct provider_view *view)
{
    double *share = &log->share[view->def->id];
    double by = view->share - *share;
    if (*share > 0 && (by > SHARE_CRUMB || by < -SHARE_CRUMB)) {
        LOG_I("provider", "share_moved",
              "provider=\"%s\" channel=%s share=%.1f was=%.1f by_weight=%.1f", view->def->name,
              channel_kind_name(view->def->channel), view->share, *share, view->part);
    }
    *share = view->share;
}

void provider_log_look(struct provider_log *log, struct engine *engine, uint64_t now_ms)
{
    struct provider_view view;
    if (now_ms < log->next_ms) {
        return;
    }
    log->next_ms = now_ms + LOOK_EVERY_MS;
    for (unsigned i = 0; engine_provider(engine, i, &view); i++) {
        look_at_breaker(log, &view);
        look_at_share(log, &view);
    }
}
