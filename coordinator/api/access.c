/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/access.h"

#include <stdio.h>

#include "coordinator/api/auth.h"
#include "coordinator/api/exchange.h"

static const char *why_refused(struct exchange *exchange, enum signin_result result,
                               const struct problem *problem)
{
    switch (result) {
    case SIGNIN_REFUSED:
        return arena_printf(exchange->arena, "the token is not taken: %s", problem->text);
    case SIGNIN_EXPIRED:
        return "the token has expired: ask an admin for a new one";
    case SIGNIN_REVOKED:
        return "the token was revoked: ask an admin for a new one";
    case SIGNIN_GOOD:
    case SIGNIN_NONE:
    case SIGNIN_UNKNOWN:
    case SIGNIN_NO_ROLE:
    case SIGNIN_LATER:
    case SIGNIN_RESULTS:
        break;
    }
    return "the token is missing or wrong: send \"Authorization: Bearer TOKEN\"; the admin's is "
           "kept "
           "in " AUTH_FILE " in the coordinator's data directory";
}

static void slow_down(struct exchange *exchange, uint32_t wait_ms)
{
    uint32_t seconds = (wait_ms + 999) / 1000;
    http_reply_header(exchange->http, "Retry-After",
                      arena_printf(exchange->arena, "%u", (unsigned)seconds));
    exchange_problem(exchange,
                     &(struct problem_reply){
                         .status = 429,
                         .detail = arena_printf(exchange->arena,
                                                "too many wrong tokens came from your address: "
                                                "wait for %u seconds before the next (a good token "
                                                "is taken at any time)",
                                                (unsigned)seconds)});
}

/* RFC 6750 section 3: the error is named only when there was a token. */
static void refuse_stranger(struct exchange *exchange, enum signin_result result,
                            const struct problem *problem)
{
    http_reply_header(exchange->http, "WWW-Authenticate",
                      result == SIGNIN_NONE ? "Bearer realm=\"tocsin\""
                                            : "Bearer realm=\"tocsin\", error=\"invalid_token\"");
    exchange_problem(
        exchange,
        &(struct problem_reply){.status = 401, .detail = why_refused(exchange, result, problem)});
}

static bool refuse_signin(struct exchange *exchange, enum signin_result result,
                          const struct problem *problem)
{
    struct sockaddr_storage address;
    http_peer_address(exchange->http, &address);
    uint32_t wait_ms = signin_fail(exchange->api->signin, result, (const struct sockaddr *)&address,
                                   api_now_ms(exchange->api));
    if (wait_ms > 0) {
        slow_down(exchange, wait_ms);
    } else if (result == SIGNIN_NO_ROLE || result == SIGNIN_LATER) {
        exchange_refuse(exchange, result == SIGNIN_NO_ROLE ? 403 : 503, problem);
    } else {
        refuse_stranger(exchange, result, problem);
    }
    return false;
}

static bool refuse_role(struct exchange *exchange)
{
    const struct principal *principal = &exchange->principal;
    struct buf roles = {0};
    role_set_write(&roles, exchange->route->roles);
    const char *detail =
        arena_printf(exchange->arena, "this is for %s, and \"%s\" is %s", buf_cstr(&roles),
                     principal->name, role_name(principal->role));
    buf_release(&roles);
    exchange_problem(exchange, &(struct problem_reply){.status = 403, .detail = detail});
    return false;
}

bool access_check(struct exchange *exchange)
{
    enum role_set roles = exchange->route->roles;
    struct problem problem = {0};
    if (role_set_is_open(roles)) {
        return true;
    }
    enum signin_result result =
        signin_identify(exchange->api->signin, http_header(exchange->http, "Authorization"),
                        api_now_ms(exchange->api), &exchange->principal, &problem);
    if (result != SIGNIN_GOOD) {
        return refuse_signin(exchange, result, &problem);
    }
    return role_is_in(exchange->principal.role, roles) || refuse_role(exchange);
}

bool access_is_good(const struct exchange *exchange)
{
    const struct api *api = exchange->api;
    return exchange->route == NULL || role_set_is_open(exchange->route->roles) ||
           signin_is_good(api->signin, &exchange->principal, api_now_ms(api));
}

bool access_check_again(struct exchange *exchange)
{
    if (access_is_good(exchange)) {
        return true;
    }
    http_reply_header(exchange->http, "WWW-Authenticate",
                      "Bearer realm=\"tocsin\", error=\"invalid_token\"");
    exchange_problem(exchange, &(struct problem_reply){
                                   .status = 401,
                                   .detail = "the token was revoked, or has expired, while the "
                                             "request came: nothing was changed"});
    return false;
}
