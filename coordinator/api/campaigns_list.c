/* SPDX-License-Identifier: Apache-2.0 */
/* All campaigns are in memory, so that a list of few among many only looks at them. */
#include <string.h>

#include "coordinator/api/campaigns_view.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/campaign_registry.h"

#define LOOKED_AT_MAX 20000 /* campaigns in one request, of which few may be wanted */

struct listing {
    unsigned states; /* bits; those that are wanted */
    bool is_newest_first;
    uint64_t scope; /* of its cursors: what is listed, in which order */
};

static bool add_state(struct exchange *exchange, struct slice word, unsigned *states)
{
    struct buf known = {0};
    for (enum campaign_state state = 0; state < CAMPAIGN_STATES; state++) {
        if (slice_is(word, campaign_state_name(state))) {
            *states |= 1U << state;
            buf_release(&known);
            return true;
        }
        buf_printf(&known, "%s%s", known.len == 0 ? "" : ", ", campaign_state_name(state));
    }
    exchange_refuse_parameter(exchange, "state", "there is no state \"%.*s\"; there are %s",
                              word.len < 64 ? (int)word.len : 64, (const char *)word.data,
                              buf_cstr(&known));
    buf_release(&known);
    return false;
}

static bool read_listing(struct exchange *exchange, struct listing *listing)
{
    const char *order = query_string_get(&exchange->query, "order");
    const char *words = query_string_get(&exchange->query, "state");
    struct slice rest = slice_str(words);
    *listing = (struct listing){.is_newest_first = order != NULL && strcmp(order, "newest") == 0};
    if (order != NULL && !listing->is_newest_first && strcmp(order, "oldest") != 0) {
        exchange_refuse_parameter(exchange, "order", "it is \"oldest\" or \"newest\" first");
        return false;
    }
    while (words != NULL && (rest.len > 0 || listing->states == 0)) {
        if (!add_state(exchange, slice_take_until(&rest, ','), &listing->states)) {
            return false;
        }
    }
    listing->scope = (uint64_t)listing->states << 1 | (listing->is_newest_first ? 1 : 0);
    if (words == NULL) {
        listing->states = ~0U;
    }
    return true;
}

/* The one behind `id` in the order of the list, or the first behind 0; 0: there is none. */
static uint64_t next_listed(const struct api *api, const struct listing *listing, uint64_t id)
{
    if (!listing->is_newest_first) {
        return engine_next_campaign(api->context.engine, id);
    }
    const struct campaign_document *document =
        campaign_registry_previous(api->context.campaigns, id == 0 ? UINT64_MAX : id);
    return document == NULL ? 0 : campaign_document_def(document)->id;
}

void campaigns_list(struct exchange *exchange)
{
    struct exchange_page page;
    struct listing listing;
    if (!read_listing(exchange, &listing) ||
        !exchange_page(exchange, CURSOR_CAMPAIGNS, listing.scope, &page)) {
        return;
    }
    uint64_t id = next_listed(exchange->api, &listing, page.position);
    json_t *items = json_array();
    for (unsigned i = 0; i < LOOKED_AT_MAX && json_array_size(items) < page.limit && id != 0; i++) {
        struct campaign_view view;
        page.position = id;
        if (engine_campaign(exchange->api->context.engine, id, &view) &&
            (listing.states >> view.state & 1) != 0) {
            json_array_append_new(items, campaigns_view_listed(exchange->api, &view));
        }
        id = next_listed(exchange->api, &listing, id);
    }
    exchange_view(exchange,
                  exchange_list(items, CURSOR_CAMPAIGNS, listing.scope, id != 0, page.position));
}
