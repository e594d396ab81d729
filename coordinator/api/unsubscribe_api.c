/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-click unsubscribe (RFC 8058). /u/{token} is what stands in a message's List-Unsubscribe
 * header: mail programs post `List-Unsubscribe=One-Click` to it without asking anybody; a GET only
 * shows a page with the button that posts the same. The endpoint that the message went to goes on
 * the suppression list, also when its campaign has ended, and however long ago: an opt-out has no
 * end of its time. The answer waits until that is on disk; twice is as good as once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/api/delivery_token.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/recipient_page.h"
#include "coordinator/api/resources.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/report/page_reader.h"

#define RANK_SHIFT 4 /* recipient_attempt_number */

/* A link that was followed, and what its page is to look like. */
struct opt_out {
    struct token token;
    struct campaign_view view;
    const struct recipient_texts *texts;
};

static bool read_link(struct exchange *exchange, struct opt_out *of)
{
    struct api *api = exchange->api;
    enum delivery_token_state state =
        delivery_token_read(api, slice_str(exchange->parts[0]), &of->token);
    of->texts = recipient_page_texts(exchange, state == DELIVERY_TOKEN_FORGED ? NULL : &of->token);
    if (state == DELIVERY_TOKEN_FORGED || state == DELIVERY_TOKEN_UNKNOWN) {
        recipient_page_refuse(exchange, delivery_token_status(state), of->texts);
        return false;
    }
    if (!engine_campaign(api->context.engine, of->token.campaign, &of->view) ||
        of->token.step >= of->view.def->plan.step_count) {
        recipient_page_refuse(exchange, 404, of->texts);
        return false;
    }
    return true;
}

void unsubscribe_show(struct exchange *exchange)
{
    struct opt_out of;
    if (read_link(exchange, &of)) {
        recipient_page_reply(exchange, 200, RECIPIENT_PAGE_UNSUBSCRIBE, of.texts, NULL);
    }
}

/* As a form or as multipart, which RFC 8058 allows both. */
static bool is_one_click(struct slice body)
{
    static const char name[] = "List-Unsubscribe";
    static const char value[] = "One-Click";
    const void *at = body.len == 0 ? NULL : memmem(body.data, body.len, name, sizeof(name) - 1);
    return at != NULL && memmem(body.data, body.len, value, sizeof(value) - 1) != NULL;
}

/* The endpoint that the token's message went to, from its page. */
static enum err find_endpoint(struct api *api, const struct opt_out *of, struct suppression *entry)
{
    const struct token *token = &of->token;
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, of->view.def->audience);
    enum channel_kind channel = of->view.def->plan.steps[token->step].channel;
    struct page_reader reader;
    struct problem problem;
    if (info == NULL || token->ordinal >= info->slots) {
        return ERR_NOT_FOUND;
    }
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

void unsubscribe_post(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct opt_out of;
    if (!read_link(exchange, &of)) {
        return;
    }
    if (!is_one_click(http_body(exchange->http))) {
        recipient_page_refuse(exchange, 400, of.texts);
        return;
    }
    struct suppression *entry = arena_zalloc(exchange->arena, 1, sizeof(*entry));
    enum err err = find_endpoint(api, &of, entry);
    if (err != ERR_OK) {
        if (err != ERR_NOT_FOUND) {
            LOG_E("api", "page_unreadable", "campaign=c%" PRIu64 " ordinal=%" PRIu32 " err=%s",
                  of.token.campaign, of.token.ordinal, err_name(err));
        }
        recipient_page_refuse(exchange, err == ERR_NOT_FOUND ? 404 : 503, of.texts);
        return;
    }
    entry->reason = REASON_OPTED_OUT;
    entry->at_ms = api_now_ms(api);
    snprintf(entry->source, sizeof(entry->source), "unsubscribe link of c%" PRIu64,
             of.token.campaign);
    (void)suppression_list_add(api->context.suppressions, entry, entry->at_ms,
                               turn_record(api->context.turn));
    if (suppressing_apply(api, entry) != ERR_OK) {
        recipient_page_refuse(exchange, 503, of.texts);
        return;
    }
    recipient_page_commit(exchange, RECIPIENT_PAGE_UNSUBSCRIBED, of.texts, NULL);
}
