/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every request goes through before its handler: the route, who asks, the parameters, the
 * idempotency key.
 */
#include "coordinator/api/api.h"

#include <assert.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/access.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/audit_expiry.h"
#include "coordinator/api/code_ranges.h"
#include "coordinator/api/ended_pages.h"
#include "coordinator/api/evidence_jobs.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/exporting.h"
#include "coordinator/api/feed.h"
#include "coordinator/api/feed_alarms.h"
#include "coordinator/api/feed_sender.h"
#include "coordinator/api/feed_streams.h"
#include "coordinator/api/feed_watch.h"
#include "coordinator/api/inbound_desk.h"
#include "coordinator/api/page_sets.h"
#include "coordinator/api/receipts.h"
#include "coordinator/api/reply_forward.h"
#include "coordinator/api/report_cache.h"
#include "coordinator/api/routes.h"
#include "coordinator/api/suppressing.h"
#include "coordinator/content/audit_log.h"

#define SWEEP_MS       1000
#define EXPIRE_AT_ONCE 1000 /* idempotency keys removed in one sweep */

#define PUBLIC_BODY_MAX   ((size_t)64 * 1024)
#define PUBLIC_HEAD_MS    15000
#define PUBLIC_REQUEST_MS 10000

#define LARGE_BODY_MAX   ((size_t)4 * 1024 * 1024) /* what providers gather into one request */
#define LARGE_BODIES_MAX (32 * LARGE_BODY_MAX)     /* together; the others are to come again */

static const char *const no_parameters[] = {NULL};

/* ---- before the handler; false: the request was answered ---- */

static bool find_route(struct exchange *exchange)
{
    struct route_match match = {0};
    const struct route *const *table = exchange->listener->tables;
    for (; match.route == NULL && match.allow == NULL && *table != NULL; table++) {
        route_find(*table, http_method(exchange->http), http_path(exchange->http), exchange->arena,
                   &match);
    }
    if (match.route != NULL) {
        exchange->route = match.route;
        memcpy(exchange->parts, match.parts, sizeof(exchange->parts));
        return true;
    }
    struct problem_reply reply = {.status = 404, .detail = "there is nothing at this path"};
    if (match.allow != NULL) {
        http_reply_header(exchange->http, "Allow", match.allow);
        reply.status = 405;
        reply.detail = arena_printf(exchange->arena, "this path takes %s", match.allow);
    }
    exchange_problem(exchange, &reply);
    return false;
}

static bool read_query(struct exchange *exchange)
{
    const char *const *known = exchange->route->parameters;
    const char *parameter;
    struct problem problem = {0};
    if ((exchange->route->flags & ROUTE_OWN_QUERY) != 0) {
        return true;
    }
    if (query_string_parse(&exchange->query, http_query(exchange->http),
                           known == NULL ? no_parameters : known, exchange->arena, &parameter,
                           &problem) == ERR_OK) {
        return true;
    }
    exchange_refuse_parameter(exchange, parameter, "%s", problem.text);
    return false;
}

static bool may_change(struct exchange *exchange)
{
    struct problem problem = {0};
    if ((exchange->route->flags & (ROUTE_CHANGES | ROUTE_REPEATABLE)) == 0) {
        return true;
    }
    bool is_repeatable = (exchange->route->flags & ROUTE_REPEATABLE) != 0;
    if (exchange_is_stalled(exchange->api, &problem) &&
        !(is_repeatable && problem.err == ERR_BUSY)) {
        exchange_refuse(exchange, problem.err == ERR_NO_SPACE ? 507 : 503, &problem);
        return false;
    }
    return is_repeatable || exchange_claim(exchange);
}

/* ---- the request's way ---- */

/* A provider's events may be more than a stranger may send. Who it is shows only when all is there,
 * so what such bodies take together is limited, and not how many they are: a stranger who sends
 * slowly holds next to nothing of it. */
static void make_room(struct exchange *exchange)
{
    struct api *api = exchange->api;
    if ((exchange->route->flags & ROUTE_LARGE) != 0 &&
        inbound_desk_has_form(api, receipts_provider(api, exchange->parts[0]))) {
        http_allow_body(exchange->http, LARGE_BODY_MAX, &api->large_left);
    }
}

/* An upload under a key that has its answer: only read, to see whether it is the same. */
static bool on_replayed_piece(void *arg, struct http_request *request, struct slice piece)
{
    struct exchange *exchange = arg;
    (void)request;
    fingerprint_add(&exchange->fingerprint, piece);
    return true;
}

static void on_head(void *arg, struct http_request *request)
{
    struct exchange *exchange = arena_zalloc(http_arena(request), 1, sizeof(*exchange));
    exchange->listener = arg;
    exchange->api = exchange->listener->api;
    exchange->http = request;
    exchange->arena = http_arena(request);
    http_set_context(request, exchange);
    http_reply_header(request, "Cache-Control", "no-store");
    if (!find_route(exchange)) {
        return;
    }
    if (!access_check(exchange)) {
        audit_refused(exchange);
        return;
    }
    if (!read_query(exchange)) {
        return;
    }
    make_room(exchange);
    if ((exchange->route->flags & ROUTE_STREAM) == 0 || !may_change(exchange)) {
        return;
    }
    if (exchange->is_replay) {
        http_stream_body(request, on_replayed_piece, exchange);
    } else {
        exchange->route->handle(exchange);
    }
}

static void on_request(void *arg, struct http_request *request)
{
    struct exchange *exchange = http_context(request);
    (void)arg;
    if (!access_check_again(exchange)) {
        audit_refused(exchange);
        return;
    }
    if ((exchange->route->flags & ROUTE_STREAM) == 0) {
        if (!may_change(exchange)) {
            return;
        }
        if (exchange->key != NULL) {
            fingerprint_add(&exchange->fingerprint, http_body(request));
        }
    }
    if (exchange->is_replay) {
        exchange_replay(exchange);
    } else if ((exchange->route->flags & ROUTE_STREAM) != 0) {
        exchange->on_complete(exchange);
    } else {
        exchange->route->handle(exchange);
    }
}

static void on_finished(void *arg, struct http_request *request)
{
    const struct api_listener *listener = arg;
    struct api *api = listener->api;
    unsigned class = http_status(request) / 100;
    api->requests_by_class[class < 6 ? class : 0]++;
    struct exchange *exchange = http_context(request);
    if (exchange != NULL) {
        exchange_finish(exchange);
    }
}

/* What goes on for long ends with the right of whoever asked. */
static bool may_go_on(void *arg, struct http_request *request)
{
    const struct api_listener *listener = arg;
    const struct exchange *exchange = http_context(request);
    return exchange == NULL || access_is_good(exchange) ||
           feed_streams_sign_out(listener->api->streams, request);
}

static void on_refuse(void *arg, struct http_request *request, unsigned status, const char *why)
{
    const struct problem_reply reply = {.status = status, .detail = why};
    (void)arg;
    if (http_context(request) != NULL) {
        exchange_problem(http_context(request), &reply);
    } else {
        problem_reply_send(request, &reply);
    }
}

/* ---- life ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct api *api = timer->data;
    struct problem stalled = {0};
    exchange_sweep(api);
    exporting_sweep(api);
    evidence_jobs_sweep(api);
    (void)idempotency_expire(api->idempotency, api_now_ms(api), EXPIRE_AT_ONCE,
                             turn_record(api->context.turn));
    if (!exchange_is_stalled(api, &stalled)) { /* else the record would grow and grow */
        token_registry_note(api->context.tokens, api_now_ms(api), false,
                            turn_record(api->context.turn));
        audit_expiry_sweep(api->audit_expiry);
    }
}

/* Which the workers are not told, but the engine knows. */
static bool has_receipts(const struct api *api, uint32_t provider)
{
    struct provider_view view;
    for (unsigned i = 0; engine_provider(api->context.engine, i, &view); i++) {
        if (view.def->id == provider) {
            return view.def->has_receipts;
        }
    }
    return false;
}

static void tell_surroundings(struct api *api)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        const struct wire_provider *provider = &api->context.providers[i];
        assert(provider->id < WIRE_PROVIDERS_MAX && strlen(provider->name) <= ENGINE_NAME_MAX);
        api->providers[i].id = (uint8_t)provider->id;
        api->providers[i].channel = provider->channel;
        api->providers[i].has_receipts = has_receipts(api, provider->id);
        memcpy(api->providers[i].name, provider->name, strlen(provider->name) + 1);
    }
    api->surroundings = (struct campaign_surroundings){
        .audiences = api->context.audiences,
        .plans = api->context.plans,
        .providers = api->providers,
        .provider_count = api->context.provider_count,
        .groups = api->context.groups,
        .group_count = api->context.group_count,
        .respect = api->context.respect,
        .public_url = api->context.public_url,
        .delivery_keys = api->context.delivery_keys,
    };
}

static enum err open_listener(struct api *api, struct api_listener *listener,
                              const struct http_settings *settings, struct problem *problem)
{
    const struct http_handler handler = {listener,    on_head,   on_request,
                                         on_finished, on_refuse, may_go_on};
    char address[LISTEN_ADDRESS_CHARS];
    listener->api = api;
    enum err err =
        http_server_open(&listener->server, api->context.loop, settings, &handler, problem);
    if (err == ERR_OK) {
        listen_address_write(http_server_address(listener->server), address);
        LOG_I("api", "listening", "address=%s setting=%s tls=%s", address, settings->key,
              settings->tls == NULL ? "no" : "yes");
    }
    return err;
}

static enum err open_public(struct api *api, struct problem *problem)
{
    struct http_settings settings;
    if (api->context.listen_public == NULL) {
        api->listener.tables[1] = routes_of_public;
        return ERR_OK;
    }
    http_settings_defaults(&settings);
    settings.key = "listen.public";
    settings.listen = *api->context.listen_public;
    settings.tls = api->context.tls_public;
    settings.connections_max = api->context.public_connections_max;
    settings.connections_per_address = settings.connections_max; /* often those of one proxy */
    settings.body_max = PUBLIC_BODY_MAX;
    settings.head_ms = PUBLIC_HEAD_MS;
    settings.request_ms = PUBLIC_REQUEST_MS;
    api->public.tables[0] = routes_of_public;
    return open_listener(api, &api->public, &settings, problem);
}

static enum err open_servers(struct api *api, struct problem *problem)
{
    struct http_settings settings;
    enum err err = open_public(api, problem);
    if (err != ERR_OK) {
        return err;
    }
    http_settings_defaults(&settings);
    settings.listen = api->context.listen;
    settings.tls = api->context.tls;
    settings.connections_max = api->context.connections_max;
    settings.connections_per_address = api->context.connections_per_address;
    api->listener.tables[0] = routes_of_api;
    err = open_listener(api, &api->listener, &settings, problem);
    if (err != ERR_OK) {
        http_server_close(api->public.server);
    }
    return err;
}

/* In the order in which they use each other. */
static enum err open_feed(struct api *api, struct problem *problem)
{
    const struct api_context *context = &api->context;
    unsigned share = context->connections_max / 2;
    enum err err = feed_open(&api->feed, api, problem);
    if (err == ERR_OK) {
        err = feed_alarms_open(&api->alarms, api, api->feed, problem);
    }
    if (err == ERR_OK) {
        unsigned max = context->event_streams_max;
        api->streams = feed_streams_new(api, api->feed, max < share ? max : share);
        err = feed_watch_open(&api->watch, api, problem);
    }
    if (err == ERR_OK) {
        err = feed_sender_open(&api->sender, api, problem);
    }
    return err;
}

static void close_feed(struct api *api)
{
    feed_watch_close(api->watch);
    feed_streams_free(api->streams);
    feed_alarms_close(api->alarms);
    feed_free(api->feed);
}

static void api_free(struct api *api)
{
    close_feed(api);
    idempotency_close(api->idempotency);
    audit_expiry_free(api->audit_expiry);
    audit_log_free(api->audit);
    signin_close(api->signin);
    audience_finder_free(api->finder);
    page_sets_free(api->page_sets);
    ended_pages_free(api->ended_pages);
    report_cache_free(api->report_cache);
    mem_free(api);
}

enum err api_open(struct api **out, const struct api_context *context, struct problem *problem)
{
    struct api *api = mem_zalloc(1, sizeof(*api));
    *out = NULL;
    api->context = *context;
    api->large_left = LARGE_BODIES_MAX;
    api->started_ms = api_now_ms(api);
    api->finder = audience_finder_new(context->ledger);
    api->page_sets = page_sets_new();
    api->ended_pages = ended_pages_new();
    tell_surroundings(api);
    inbound_desk_open(api);
    const struct signin_context signin = {context->loop, context->data_dir, context->tokens,
                                          context->oidc};
    enum err err = signin_open(&api->signin, &signin, problem);
    if (err == ERR_OK) {
        err = idempotency_open(&api->idempotency, context->ledger, problem);
    }
    if (err == ERR_OK) {
        api->audit_expiry = audit_expiry_new(api);
        err = audit_log_open(&api->audit, context->ledger, problem);
    }
    if (err == ERR_OK) {
        err = open_feed(api, problem);
    }
    if (err == ERR_OK) {
        err = open_servers(api, problem);
    }
    if (err != ERR_OK) {
        feed_sender_close(api->sender);
        inbound_desk_close(api);
        api_free(api);
        return err;
    }
    uv_timer_init(context->loop, &api->sweep);
    api->sweep.data = api;
    uv_timer_start(&api->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    code_ranges_give_all(api);
    api->forward = reply_forward_open(api);
    *out = api;
    return ERR_OK;
}

const struct listen_address *api_address(const struct api *api)
{
    return http_server_address(api->listener.server);
}

const struct listen_address *api_public_address(const struct api *api)
{
    return api->public.server == NULL ? NULL : http_server_address(api->public.server);
}

static void reload_certificate(const struct api_listener *listener, const char *setting)
{
    struct problem problem = {0};
    if (listener->server == NULL || http_server_certificate_expires_ms(listener->server) == 0) {
        return;
    }
    if (http_server_reload_tls(listener->server, &problem) != ERR_OK) {
        LOG_E("api", "certificate_kept", "setting=%s why=\"%s\"", setting, problem.text);
        return;
    }
    char until[TEXT_TIME_BYTES + 1];
    text_time_str(until, http_server_certificate_expires_ms(listener->server));
    LOG_I("api", "certificate_read", "setting=%s expires=%s", setting, until);
}

void api_reload_secrets(struct api *api)
{
    signin_reload(api->signin);
    reload_certificate(&api->listener, "listen.api");
    reload_certificate(&api->public, "listen.public");
    inbound_desk_open(api);
    reply_forward_reload(api->forward);
}

void api_quiesce(struct api *api)
{
    feed_streams_quiesce(api->streams);
    http_server_quiesce(api->listener.server);
    if (api->public.server != NULL) {
        http_server_quiesce(api->public.server);
    }
}

unsigned api_requests(const struct api *api)
{
    return http_server_requests(api->listener.server) +
           (api->public.server == NULL ? 0 : http_server_requests(api->public.server));
}

static void on_sweep_closed(uv_handle_t *handle)
{
    api_free(handle->data);
}

void api_close(struct api *api)
{
    if (api == NULL) {
        return;
    }
    http_server_close(api->public.server);
    http_server_close(api->listener.server); /* breaks the uploads off */
    api->is_closing = true;
    while (api->upload_count > 0 || suppressing_count(api) > 0 || api->preflights > 0 ||
           api->retries > 0 || api->export_count > 0 || api->listings > 0 || api->reports > 0 ||
           api->evidence_count > 0 || audit_expiry_is_reading(api->audit_expiry)) {
        uv_run(api->context.loop, UV_RUN_ONCE); /* until their threads have ended */
    }
    exchange_drop_all(api);
    inbound_desk_close(api);
    feed_sender_close(api->sender);
    api->sender = NULL;
    reply_forward_close(api->forward);
    api->forward = NULL;
    signin_close(api->signin);
    api->signin = NULL;
    uv_close((uv_handle_t *)&api->sweep, on_sweep_closed);
}
