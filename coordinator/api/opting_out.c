/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/opting_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/report/page_reader.h"

#define RANK_SHIFT 4 /* recipient_attempt_number */

static enum err read_endpoint(struct api *api, const struct token *token,
                              const struct campaign_view *view, struct suppression *entry)
{
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view->def->audience);
    if (info == NULL || token->ordinal >= info->slots ||
        token->step >= view->def->plan.step_count) {
        return ERR_NOT_FOUND;
    }
    enum channel_kind channel = view->def->plan.steps[token->step].channel;
    struct page_reader reader;
    struct problem problem;
    int column = page_schema_endpoint(&info->schema, channel_kind_field(channel),
                                      (unsigned)token->attempt >> RANK_SHIFT);
    if (column < 0) {
        return ERR_NOT_FOUND;
    }
    page_reader_init(&reader, api->context.ledger, info->id);
    enum err err = page_reader_seek(&reader, token->ordinal);
    if (err == ERR_OK) {
        struct slice value = page_value(&reader.view, (unsigned)column);
        err = value.len == 0 ? ERR_NOT_FOUND
                             : suppression_set(entry, false, slice_str(channel_kind_name(channel)),
                                               value, &problem);
    }
    page_reader_release(&reader);
    return err;
}

enum err opting_out_find(struct api *api, const struct token *token, struct suppression *entry)
{
    struct campaign_view view;
    if (!engine_campaign(api->context.engine, token->campaign, &view)) {
        return ERR_NOT_FOUND;
    }
    enum err err = read_endpoint(api, token, &view, entry);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        LOG_E("api", "page_unreadable", "campaign=c%" PRIu64 " ordinal=%" PRIu32 " err=%s",
              token->campaign, token->ordinal, err_name(err));
    }
    return err;
}

enum err opting_out(struct api *api, const struct token *token, uint16_t reason, const char *source)
{
    struct suppression *entry = mem_zalloc(1, sizeof(*entry));
    enum err err = opting_out_find(api, token, entry);
    if (err == ERR_OK) {
        entry->reason = reason;
        entry->at_ms = api_now_ms(api);
        (void)snprintf(entry->source, sizeof(entry->source), "%.150s c%" PRIu64, source,
                       token->campaign);
        (void)suppression_list_add(api->context.suppressions, entry, entry->at_ms,
                                   turn_record(api->context.turn));
        err = suppressing_apply(api, entry);
    }
    mem_free(entry);
    return err;
}
