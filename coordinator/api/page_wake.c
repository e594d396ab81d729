/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/page_wake.h"

#include <inttypes.h>

#include "common/log.h"
#include "coordinator/api/page_sets.h"
#include "coordinator/report/page_fold.h"

bool page_is_archived(const struct api *api, uint64_t campaign)
{
    struct campaign_view view;
    uint64_t now_ms = api_now_ms(api);
    return engine_campaign(api->context.engine, campaign, &view) && view.ended_ms != 0 &&
           now_ms > view.ended_ms && now_ms - view.ended_ms >= api->context.archive_after_ms;
}

enum err page_wake(const struct api *api, uint64_t campaign, uint32_t ordinal)
{
    const struct api_context *context = &api->context;
    struct recipient_state states[PAGE_RECIPIENTS];
    struct recipient_state side[PAGE_RECIPIENTS];
    struct recipient_state state;
    struct page_rest rest = {0};
    struct campaign_view view;
    unsigned count = 0;
    uint32_t page = ordinal / PAGE_RECIPIENTS;
    if (!engine_campaign(context->engine, campaign, &view) ||
        engine_recipient(context->engine, campaign, ordinal, &state) != ERR_CLOSED) {
        return ERR_OK;
    }
    enum err err = page_fold_tracks(context->ledger, view.def, campaign_over(&view), page, states,
                                    side, &count, &rest);
    if (err != ERR_OK) {
        page_rest_release(&rest);
        LOG_E("api", "page_unreadable", "campaign=c%" PRIu64 " page=%" PRIu32 " err=%s", campaign,
              page, err_name(err));
        return err;
    }
    page_sets_touch(api->page_sets, campaign, page);
    engine_wake_page(context->engine, campaign, page, states,
                     plan_has_pair(&view.def->plan) ? side : NULL, count, &rest, api_now_ms(api));
    return ERR_OK;
}
