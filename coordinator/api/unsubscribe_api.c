/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-click unsubscribe (RFC 8058). /u/{token} is what stands in a message's List-Unsubscribe
 * header: mail programs post `List-Unsubscribe=One-Click` to it without asking anybody; a GET only
 * shows a page with the button that posts the same. The endpoint that the message went to goes on
 * the suppression list, also when its campaign has ended, and however long ago: an opt-out has no
 * end of its time. The answer waits until that is on disk; twice is as good as once.
 */
#include <string.h>

#include "coordinator/api/delivery_token.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/opting_out.h"
#include "coordinator/api/recipient_page.h"
#include "coordinator/api/resources.h"

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
    enum err err = opting_out(api, &of.token, REASON_OPTED_OUT, "unsubscribe link of");
    if (err != ERR_OK) {
        recipient_page_refuse(exchange, err == ERR_NOT_FOUND ? 404 : 503, of.texts);
        return;
    }
    recipient_page_commit(exchange, RECIPIENT_PAGE_UNSUBSCRIBED, of.texts, NULL);
}
