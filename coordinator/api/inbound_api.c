/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What providers send in forms of their own (coordinator/inbound): receipts of one attempt
 * (/r/{provider}/{token}), of many (/r/{provider}), keys pressed during a call
 * (/v/{provider}/{token}), messages of people (/i/{provider}).
 *
 * The adapter says whether the request is the provider's, and what it reports. What it needs for
 * that from elsewhere is fetched, and the same request is then shown to it again. Its events are
 * decided, and the provider has its answer when all of that is on disk: if it has none it sends
 * them again, and the same event twice does no harm. An event of many that cannot be taken is
 * counted and passed over, or the provider would send the others for ever; but when the journal
 * cannot be read the whole request is answered 503, as it can be taken later.
 */
#include <string.h>

#include "common/log.h"
#include "coordinator/api/decisions.h"
#include "coordinator/api/inbound_desk.h"
#include "coordinator/api/inbound_fetch.h"
#include "coordinator/api/opting_out.h"
#include "coordinator/api/receipts.h"
#include "coordinator/api/replies.h"
#include "coordinator/api/resources.h"
#include "coordinator/audience/endpoint_index.h"
#include "coordinator/content/suppression.h"

#define FETCHES_MAX   2  /* of one request: a certificate, and a confirmation */
#define OPT_OUTS_ONCE 16 /* pages read before the loop has its turn */
#define SAME_ENDPOINT 16 /* recipients of a campaign with the same endpoint */
#define ATTEMPT_BITS  4  /* of an attempt's number; its rank stands above (proto/token.h) */

struct inbound_run {
    unsigned provider;
    struct inbound_request request;
    struct inbound_result result;
    unsigned fetches;
    struct decisions decisions;
    unsigned room; /* of the decisions */
    unsigned next; /* event to be looked at for an opt-out */
    bool is_late;  /* something could not be read: all of it is to come again */
};

static void refuse(struct exchange *exchange, unsigned status, const char *why)
{
    const struct inbound_run *run = exchange->resource;
    exchange->api->receipts[run->provider].refused++;
    exchange_problem(exchange, &(struct problem_reply){.status = status, .detail = why});
}

/* ---- answering ---- */

/* Of a request that is about one attempt, what became of it. */
static const struct decision *refused_one(const struct inbound_run *run)
{
    const struct decisions *decisions = &run->decisions;
    return run->request.token.len > 0 && decisions->taken == 0 && decisions->count > 0
               ? &decisions->list[0]
               : NULL;
}

static void answer(struct exchange *exchange)
{
    const struct inbound_run *run = exchange->resource;
    const struct decision *refused = refused_one(run);
    bool is_late = run->is_late;
    for (unsigned i = 0; i < run->decisions.count; i++) {
        is_late |= decision_status(run->decisions.list[i].err) == 503;
    }
    if (is_late) {
        exchange_problem(
            exchange, &(struct problem_reply){
                          .status = 503, .detail = "what this is about cannot be read just now"});
    } else if (refused != NULL) {
        exchange_problem(exchange,
                         &(struct problem_reply){.status = decision_status(refused->err),
                                                 .detail = decision_sentence(refused->err)});
    } else if (run->result.type == NULL) {
        exchange_commit_bare(exchange);
    } else {
        exchange_commit_text(exchange, 200, run->result.type,
                             arena_str(exchange->arena, run->result.body));
    }
}

/* ---- opt-outs ---- */

static void opt_out(struct exchange *exchange, struct slice text)
{
    struct inbound_run *run = exchange->resource;
    struct token token;
    enum delivery_token_state state = delivery_token_read(exchange->api, text, &token);
    if (state == DELIVERY_TOKEN_FORGED) {
        exchange->api->receipts[run->provider].forged++;
        return;
    }
    enum err err = opting_out(exchange->api, &token, REASON_OPTED_OUT,
                              arena_printf(exchange->arena, "provider %s, of", exchange->parts[0]));
    run->is_late |= err != ERR_OK && err != ERR_NOT_FOUND;
    exchange->api->receipts[run->provider].refused += err == ERR_NOT_FOUND;
}

/* ---- replies ---- */

static void on_replies(struct exchange *exchange, struct reply_entry *entries, unsigned count,
                       void *arg)
{
    struct inbound_run *run = arg;
    for (unsigned i = 0; i < count; i++) {
        run->is_late |= entries[i].result == REPLY_FAILED;
    }
    answer(exchange);
}

static enum reply_class class_of(enum inbound_hint hint)
{
    switch (hint) {
    case INBOUND_HINT_STOP:
        return REPLY_STOP;
    case INBOUND_HINT_START:
        return REPLY_START;
    case INBOUND_HINT_HELP:
        return REPLY_HELP;
    case INBOUND_HINT_NONE:
        break;
    }
    return REPLY_OTHER;
}

static struct reply_entry entry_of(const struct exchange *exchange,
                                   const struct inbound_reply *reply)
{
    return (struct reply_entry){
        .channel = reply->channel,
        .provider = slice_str(exchange->parts[0]),
        .from = reply->from,
        .to = reply->to,
        .text = reply->text,
        .id = reply->ref,
        .token = reply->token,
        .hint = class_of(reply->hint),
    };
}

static void take_replies(struct exchange *exchange)
{
    struct inbound_run *run = exchange->resource;
    struct reply_entry *entries = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < run->result.count; i++) {
        if (run->result.events[i].kind == INBOUND_REPLY) {
            entries = entries == NULL
                          ? arena_zalloc(exchange->arena, run->result.count, sizeof(*entries))
                          : entries;
            entries[count++] = entry_of(exchange, &run->result.events[i].reply);
        }
    }
    if (count > 0) {
        replies_run(exchange, entries, count, on_replies, run);
    } else {
        answer(exchange);
    }
}

/* An opt-out has no end of its time: campaigns that are archived count as well. */
static void take_opt_outs(struct exchange *exchange)
{
    struct inbound_run *run = exchange->resource;
    unsigned done = 0;
    for (; run->next < run->result.count; run->next++) {
        const struct inbound_event *event = &run->result.events[run->next];
        if (event->kind != INBOUND_OPT_OUT) {
            continue;
        }
        if (done++ == OPT_OUTS_ONCE) {
            exchange_read_durable(exchange, take_opt_outs);
            return;
        }
        opt_out(exchange, event->token);
    }
    take_replies(exchange);
}

/* ---- receipts and acknowledgements ---- */

static struct decision *add_decision(struct inbound_run *run)
{
    return run->decisions.count == run->room ? NULL : &run->decisions.list[run->decisions.count++];
}

/* Of a request to several recipients: the provider names the endpoint. */
struct endpoint_search {
    struct exchange *exchange;
    struct receipt of;
};

static bool on_recipient(void *arg, uint32_t ordinal, unsigned rank)
{
    const struct endpoint_search *search = arg;
    struct decision *decision = add_decision(search->exchange->resource);
    if (decision == NULL) {
        return false;
    }
    *decision = (struct decision){.receipt = search->of, .is_newest = true};
    decision->receipt.ordinal = ordinal;
    decision->receipt.attempt = (uint8_t)(rank << ATTEMPT_BITS);
    return true;
}

static void add_refused(struct inbound_run *run, const struct receipt *of, enum err err)
{
    struct decision *decision = add_decision(run);
    if (decision != NULL) {
        *decision = (struct decision){.receipt = *of, .is_settled = true, .err = err};
    }
}

/* Adds a decision for everybody of the campaign who has this endpoint. */
static enum err find_recipients(struct exchange *exchange, const struct receipt *of,
                                struct slice endpoint)
{
    const struct api *api = exchange->api;
    const struct wire_provider *provider = exchange_provider(api, of->provider);
    struct suppression *entry = arena_zalloc(exchange->arena, 1, sizeof(*entry));
    struct endpoint_search search = {exchange, *of};
    struct campaign_view view;
    struct problem problem;
    const struct inbound_run *run = exchange->resource;
    unsigned before = run->decisions.count;
    if (provider == NULL || !engine_campaign(api->context.engine, of->campaign, &view) ||
        suppression_set(entry, false, slice_str(channel_kind_name(provider->channel)), endpoint,
                        &problem) != ERR_OK) {
        return ERR_NOT_FOUND;
    }
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view.def->audience);
    if (info == NULL) {
        return ERR_NOT_FOUND;
    }
    enum err err =
        endpoint_index_find(api->context.ledger, info, channel_kind_field(provider->channel),
                            slice_str(entry->value), on_recipient, &search);
    return err == ERR_OK && run->decisions.count == before ? ERR_NOT_FOUND : err;
}

static void add_receipt(struct exchange *exchange, const struct inbound_receipt *receipt)
{
    struct inbound_run *run = exchange->resource;
    struct receipt of = {
        .provider = (uint8_t)run->provider, .kind = receipt->kind, .reason = receipt->reason};
    enum delivery_token_state state = receipts_read_token(exchange->api, receipt->token, &of);
    enum err err = ERR_OK;
    if (state != DELIVERY_TOKEN_OK) {
        err = state == DELIVERY_TOKEN_FORGED    ? ERR_UNAUTHORIZED
              : state == DELIVERY_TOKEN_EXPIRED ? ERR_LIMIT
                                                : ERR_NOT_FOUND;
        exchange->api->receipts[run->provider].refused += state != DELIVERY_TOKEN_FORGED;
    } else if (of.ordinal == TOKEN_OF_REQUEST) {
        err = find_recipients(exchange, &of, receipt->endpoint);
        exchange->api->receipts[run->provider].refused += err != ERR_OK;
    } else {
        *add_decision(run) = (struct decision){.receipt = of};
    }
    if (err != ERR_OK) {
        add_refused(run, &of, err);
    }
}

static void add_acknowledgement(struct exchange *exchange, struct slice text)
{
    struct inbound_run *run = exchange->resource;
    struct token token;
    enum delivery_token_state state = delivery_token_read(exchange->api, text, &token);
    enum err err = state == DELIVERY_TOKEN_OK        ? ERR_OK
                   : state == DELIVERY_TOKEN_FORGED  ? ERR_UNAUTHORIZED
                   : state == DELIVERY_TOKEN_EXPIRED ? ERR_LIMIT
                                                     : ERR_NOT_FOUND;
    *add_decision(run) = (struct decision){
        .receipt = {.campaign = token.campaign, .ordinal = token.ordinal},
        .is_acknowledgement = true,
        .is_settled = err != ERR_OK,
        .err = err,
    };
    exchange->api->receipts[run->provider].forged += state == DELIVERY_TOKEN_FORGED;
}

static void decide(struct exchange *exchange)
{
    struct inbound_run *run = exchange->resource;
    run->room = run->result.count + SAME_ENDPOINT;
    run->decisions.list = arena_zalloc(exchange->arena, run->room, sizeof(struct decision));
    run->decisions.all_decided = take_opt_outs;
    for (unsigned i = 0; i < run->result.count; i++) {
        const struct inbound_event *event = &run->result.events[i];
        switch (event->kind) {
        case INBOUND_RECEIPT:
            add_receipt(exchange, &event->receipt);
            break;
        case INBOUND_ACKNOWLEDGEMENT:
            add_acknowledgement(exchange, event->token);
            break;
        case INBOUND_OPT_OUT:
        case INBOUND_REPLY:
            break; /* behind these */
        }
    }
    decisions_make(exchange, &run->decisions);
}

/* ---- the request ---- */

static void show(struct exchange *exchange);

static void on_fetched(void *arg, struct slice body)
{
    struct exchange *exchange = arg;
    struct inbound_run *run = exchange->resource;
    inbound_desk_fetched(exchange->api, run->provider, run->result.fetch_url, body);
    show(exchange);
}

static void on_finished(struct exchange *exchange)
{
    const struct inbound_run *run = exchange->resource;
    inbound_fetch_forget(exchange->api->fetchers[run->provider], exchange);
}

static void fetch(struct exchange *exchange)
{
    struct inbound_run *run = exchange->resource;
    exchange->on_finished = on_finished;
    if (run->fetches++ == FETCHES_MAX ||
        !inbound_fetch(exchange->api->fetchers[run->provider], run->result.fetch_url, on_fetched,
                       exchange)) {
        refuse(exchange, 503, "what is needed to check this cannot be fetched just now");
    }
}

static void show(struct exchange *exchange)
{
    struct inbound_run *run = exchange->resource;
    run->request.now_ms = api_now_ms(exchange->api);
    inbound_desk_take(exchange->api, run->provider, &run->request, &run->result);
    switch (run->result.verdict) {
    case INBOUND_TAKEN:
        exchange->api->receipts[run->provider].ignored += run->result.unknown;
        decide(exchange);
        return;
    case INBOUND_FORGED:
        exchange->api->receipts[run->provider].forged++;
        exchange_problem(exchange,
                         &(struct problem_reply){.status = 403, .detail = run->result.why});
        return;
    case INBOUND_REFUSED:
        refuse(exchange, 400, run->result.why);
        return;
    case INBOUND_NOT_HERE:
        refuse(exchange, 404, run->result.why);
        return;
    case INBOUND_CLOSED:
        refuse(exchange, 503, run->result.why);
        return;
    case INBOUND_FETCH:
        fetch(exchange);
        return;
    }
}

static const char *find_header(void *arg, const char *name)
{
    return http_header(arg, name);
}

/* As it was registered: the provider signs that. */
static const char *public_address(const struct exchange *exchange)
{
    const char *base = exchange->api->context.public_url;
    struct slice path = http_path(exchange->http);
    struct slice query = http_query(exchange->http);
    return base == NULL ? NULL
                        : arena_printf(exchange->arena, "%s%.*s%s%.*s", base, (int)path.len,
                                       (const char *)path.data, query.len > 0 ? "?" : "",
                                       (int)query.len, (const char *)query.data);
}

static void begin(struct exchange *exchange, enum inbound_way way)
{
    struct inbound_run *run = arena_zalloc(exchange->arena, 1, sizeof(*run));
    struct http_request *http = exchange->http;
    exchange->resource = run;
    run->provider = receipts_provider(exchange->api, exchange->parts[0]);
    if (receipts_is_head(exchange)) {
        return;
    }
    if (run->provider == RECEIPTS_NO_PROVIDER) {
        refuse(exchange, 404,
               arena_printf(exchange->arena, "there is no provider \"%.64s\"", exchange->parts[0]));
        return;
    }
    run->request = (struct inbound_request){
        .way = way,
        .method = http_method(http),
        .url = public_address(exchange),
        .query = http_query(http),
        .token = slice_str(exchange->parts[1]),
        .media_type = http_header(http, "Content-Type"),
        .body = http_body(http),
        .header = find_header,
        .header_arg = http,
        .arena = exchange->arena,
    };
    show(exchange);
}

void inbound_receipt(struct exchange *exchange)
{
    if (inbound_desk_has_form(exchange->api,
                              receipts_provider(exchange->api, exchange->parts[0]))) {
        begin(exchange, INBOUND_WAY_RECEIPT);
    } else {
        receipts_take(exchange);
    }
}

void inbound_events(struct exchange *exchange)
{
    begin(exchange, INBOUND_WAY_EVENTS);
}

void inbound_voice(struct exchange *exchange)
{
    begin(exchange, INBOUND_WAY_VOICE);
}

void inbound_message(struct exchange *exchange)
{
    begin(exchange, INBOUND_WAY_MESSAGE);
}
