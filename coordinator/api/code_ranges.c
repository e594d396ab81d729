/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/code_ranges.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/page_wake.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/reply_ranges.h"

static uint64_t id_of(const struct campaign_document *document)
{
    return campaign_document_def(document)->id;
}

static bool wants_codes(const struct api *api, const struct campaign_document *document)
{
    bool is_wanted = campaign_document_wants_reply_codes(document);
    for (unsigned i = 0; i < api->context.provider_count && !is_wanted; i++) {
        is_wanted = reply_ranges_is_asked_for(api->context.providers[i].settings);
    }
    return is_wanted;
}

bool code_ranges_is_held(const struct api *api, uint64_t campaign)
{
    struct campaign_view view;
    return engine_campaign(api->context.engine, campaign, &view) &&
           (view.ended_ms == 0 || view.launched_ms != 0) && !page_is_archived(api, campaign);
}

/* What is held; to be freed. */
static struct reply_range *gather(const struct api *api, size_t *count)
{
    struct reply_range *taken = NULL;
    size_t cap = 0;
    *count = 0;
    const struct campaign_document *document = campaign_registry_next(api->context.campaigns, 0);
    for (; document != NULL;
         document = campaign_registry_next(api->context.campaigns, id_of(document))) {
        const struct reply_range *range = campaign_document_reply_range(document);
        if (range->count == 0 || !code_ranges_is_held(api, id_of(document))) {
            continue;
        }
        if (*count == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            taken = mem_resize(taken, cap, sizeof(*taken));
        }
        taken[(*count)++] = *range;
    }
    return taken;
}

/* From campaigns that do not hold it any more. */
static void take_away(struct api *api, const struct reply_range *given)
{
    static const struct reply_range none;
    struct campaign_registry *campaigns = api->context.campaigns;
    const struct campaign_document *document = campaign_registry_next(campaigns, 0);
    for (; document != NULL; document = campaign_registry_next(campaigns, id_of(document))) {
        if (reply_ranges_meet(campaign_document_reply_range(document), given)) {
            LOG_I("campaign", "reply_codes_taken_back", "campaign=c%" PRIu64, id_of(document));
            campaigns_keep(api,
                           campaign_registry_set_reply_range(campaigns, id_of(document), &none));
        }
    }
}

static enum err choose(struct api *api, const struct campaign_document *document,
                       struct reply_range *range, struct problem *problem)
{
    size_t count;
    uint64_t wanted = reply_ranges_count(campaign_document_def(document)->slots);
    struct reply_range *taken = gather(api, &count);
    bool is_chosen = reply_ranges_choose(range, wanted, taken, count);
    mem_free(taken);
    if (!is_chosen) {
        return problem_set(problem, ERR_LIMIT,
                           "no reply codes are left: other campaigns have them until they are "
                           "archived (archive_after), drafts too; leave {{reply_code}} out, or "
                           "cancel drafts that are not needed");
    }
    take_away(api, range);
    return ERR_OK;
}

enum err code_ranges_give(struct api *api, struct campaign_document *document,
                          struct problem *problem)
{
    struct reply_range range;
    if (!wants_codes(api, document)) {
        return ERR_OK;
    }
    enum err err = choose(api, document, &range, problem);
    if (err == ERR_OK) {
        campaign_document_set_reply_range(document, &range);
    }
    return err;
}

void code_ranges_give_all(struct api *api)
{
    struct campaign_registry *campaigns = api->context.campaigns;
    const struct campaign_document *document = campaign_registry_next(campaigns, 0);
    for (; document != NULL; document = campaign_registry_next(campaigns, id_of(document))) {
        struct reply_range range;
        struct problem problem = {0};
        if (campaign_document_reply_range(document)->count > 0 ||
            !code_ranges_is_held(api, id_of(document)) || !wants_codes(api, document)) {
            continue;
        }
        if (choose(api, document, &range, &problem) != ERR_OK) {
            LOG_E("campaign", "no_reply_codes", "campaign=c%" PRIu64 " why=\"%s\"", id_of(document),
                  problem.text);
            continue;
        }
        LOG_I("campaign", "reply_codes_given", "campaign=c%" PRIu64 " characters=%u",
              id_of(document), range.chars);
        campaigns_keep(api, campaign_registry_set_reply_range(campaigns, id_of(document), &range));
    }
}

bool code_ranges_is_lost(const struct api *api, uint64_t campaign)
{
    const struct campaign_document *document =
        campaign_registry_find(api->context.campaigns, campaign);
    return document != NULL && campaign_document_reply_range(document)->count == 0 &&
           wants_codes(api, document);
}
