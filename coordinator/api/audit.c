/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/audit.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/content/audit_log.h"

static bool is_noted(const struct route *route)
{
    return route != NULL && !role_set_is_open(route->roles) && (route->flags & ROUTE_MACHINE) == 0;
}

/* ---- what it is called ---- */

static const char *verb_of(const char *method)
{
    static const char *const verbs[][2] = {
        {"POST", "create"}, {"PUT", "set"}, {"PATCH", "change"}, {"DELETE", "delete"}};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i][0], method) == 0) {
            return verbs[i][1];
        }
    }
    return "read";
}

void audit_action(const struct route *route, struct buf *action)
{
    struct slice rest = slice_str(route->pattern);
    unsigned words = 0;
    (void)slice_take_until(&rest, '/');
    while (rest.len > 0) {
        struct slice part = slice_take_until(&rest, '/');
        if (part.len == 0 || part.data[0] == '{' || slice_is(part, "v1")) {
            continue;
        }
        if (words++ > 0) {
            buf_u8(action, '.');
        }
        buf_slice(action, part);
    }
    if (words < 2 || strcmp(route->method, "POST") != 0) {
        buf_printf(action, "%s%s", words == 0 ? "" : ".", verb_of(route->method));
    }
}

/* ---- an entry ---- */

static const char *address_text(const struct exchange *exchange)
{
    struct sockaddr_storage address;
    char text[INET6_ADDRSTRLEN] = "";
    http_peer_address(exchange->http, &address);
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    }
    return arena_str(exchange->arena, slice_str(text));
}

static void note(const struct exchange *exchange, unsigned status, struct slice object,
                 const char *summary)
{
    struct api *api = exchange->api;
    const struct principal *principal = &exchange->principal;
    struct buf action = {0};
    audit_action(exchange->route, &action);
    const struct audit_entry entry = {
        .at_ms = api_now_ms(api),
        .token = principal->token,
        .status = (uint16_t)status,
        .kind = slice_str(principal_kind_name(principal->kind)),
        .role = slice_str(principal->kind == PRINCIPAL_NONE ? "" : role_name(principal->role)),
        .name = slice_str(principal->name),
        .address = slice_str(address_text(exchange)),
        .method = slice_str(exchange->route->method),
        .route = slice_str(exchange->route->pattern),
        .object = object,
        .action = buf_view(&action),
        .summary = slice_str(summary == NULL ? "" : summary),
    };
    (void)audit_log_add(api->audit, &entry, turn_record(api->context.turn));
    buf_release(&action);
}

/* A path can be written in many ways ("/v1/campaigns/c%37"): it is kept in one, that of RFC 3986,
 * or who looks for a thing would not find all that was done to it. */
static struct slice object_of(const struct exchange *exchange)
{
    struct slice path = http_path(exchange->http);
    struct buf object = {0};
    (void)slice_take_until(&path, '/');
    while (path.len > 0) {
        const char *part = percent_decode(slice_take_until(&path, '/'), false, exchange->arena);
        buf_u8(&object, '/');
        text_url_encode(&object, slice_str(part));
    }
    struct slice kept = slice_str(arena_str(exchange->arena, buf_view(&object)));
    buf_release(&object);
    return kept;
}

void audit_change(struct exchange *exchange, unsigned status, const char *location)
{
    if (is_noted(exchange->route)) {
        note(exchange, status, location == NULL ? object_of(exchange) : slice_str(location),
             exchange->note);
    }
}

/* ---- the refused ---- */

static bool takes_one(struct audit_gate *gate, uint64_t now_ms)
{
    const uint64_t burst_ms = (uint64_t)AUDIT_REFUSED_BURST * AUDIT_REFUSED_EACH_MS;
    uint64_t full_ms =
        gate->full_ms < now_ms || gate->full_ms > now_ms + burst_ms ? now_ms : gate->full_ms;
    if (full_ms + AUDIT_REFUSED_EACH_MS > now_ms + burst_ms) {
        return false;
    }
    gate->full_ms = full_ms + AUDIT_REFUSED_EACH_MS;
    return true;
}

void audit_refused(struct exchange *exchange)
{
    struct api *api = exchange->api;
    struct problem problem;
    unsigned status = http_status(exchange->http);
    bool is_change = (exchange->route->flags & (ROUTE_CHANGES | ROUTE_REPEATABLE)) != 0;
    if (!is_change || !is_noted(exchange->route) || (status != 401 && status != 403)) {
        return;
    }
    struct audit_gate *gate = &api->audit_gates[status == 403];
    gate->count++;
    if (exchange_is_stalled(api, &problem) || !takes_one(gate, api_now_ms(api))) {
        gate->left_out++;
        return;
    }
    const char *summary = gate->left_out == 0
                              ? "refused"
                              : arena_printf(exchange->arena, "refused; %llu before it left out",
                                             (unsigned long long)gate->left_out);
    gate->left_out = 0;
    LOG_W("api", "change_refused", "status=%u route=\"%s %s\"", status, exchange->route->method,
          exchange->route->pattern);
    note(exchange, status, object_of(exchange), summary);
    api->context.changed(api->context.arg);
}
