/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening to what happens (docs/events.md).
 */
#include <string.h>

#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

/* False: the request was answered. */
static bool read_types(struct exchange *exchange, uint32_t *kinds)
{
    const char *rest = query_string_get(&exchange->query, "types");
    *kinds = rest == NULL ? UINT32_MAX : 0;
    while (rest != NULL) {
        size_t len = strcspn(rest, ",");
        uint32_t some;
        if (!feed_kind_parse(slice_of(rest, len), &some)) {
            exchange_refuse_parameter(
                exchange, "types",
                "\"%.*s\" is no type of event: types are like \"campaign.progress\" or, for all of "
                "a kind, \"campaign\", \"provider\", \"worker\", \"alarm\", \"replies\" or "
                "\"coordinator\", with commas between them",
                (int)(len > 100 ? 100 : len), rest);
            return false;
        }
        *kinds |= some;
        rest = rest[len] == ',' ? rest + len + 1 : NULL;
    }
    return true;
}

static bool read_campaign(struct exchange *exchange, uint64_t *campaign)
{
    const char *text = query_string_get(&exchange->query, "campaign");
    struct campaign_view view;
    *campaign = 0;
    if (text == NULL || (object_id_parse(slice_str(text), OBJECT_CAMPAIGN, campaign) &&
                         engine_campaign(exchange->api->context.engine, *campaign, &view))) {
        return true;
    }
    exchange_refuse_parameter(exchange, "campaign", "there is no campaign \"%.100s\"", text);
    return false;
}

/* "e12"; the event that the client had last. */
static bool read_last(struct exchange *exchange, bool *is_resumed, uint64_t *number)
{
    const char *text = http_header(exchange->http, "Last-Event-ID");
    *is_resumed = text != NULL && text[0] != '\0';
    *number = 0;
    if (!*is_resumed ||
        (text[0] == 'e' && text_number(slice_str(text + 1), 0, OBJECT_ID_MAX, number))) {
        return true;
    }
    exchange_problem(
        exchange,
        &(struct problem_reply){.status = 400,
                                .detail = "the Last-Event-ID is no id of an event: send back the "
                                          "last `id` that the stream gave, unchanged (\"e12\"), "
                                          "or leave the header out to begin with now"});
    return false;
}

static void refuse_full(struct exchange *exchange, const char *detail)
{
    exchange_problem(exchange, &(struct problem_reply){.status = 503, .detail = detail});
}

void events_get(struct exchange *exchange)
{
    struct feed_streams *streams = exchange->api->streams;
    struct feed_filter filter;
    bool is_resumed;
    uint64_t after;
    if (!read_types(exchange, &filter.kinds) || !read_campaign(exchange, &filter.campaign) ||
        !read_last(exchange, &is_resumed, &after)) {
        return;
    }
    if (feed_streams_are_ending(streams)) {
        refuse_full(exchange, "the coordinator stops: come again");
        return;
    }
    if (feed_streams_are_full(streams)) {
        feed_streams_count_refused(streams);
        refuse_full(exchange, "there are as many event streams as are allowed "
                              "(limits.event_streams, and half of limits.connections): come again "
                              "later");
        return;
    }
    feed_streams_open(streams, exchange->http, &filter, is_resumed, after);
}
