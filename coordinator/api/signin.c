/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/signin.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/auth.h"
#include "coordinator/identity/signin_guard.h"

#define MODULE "signin"

static const char *const result_names[SIGNIN_RESULTS] = {
    [SIGNIN_GOOD] = "good",       [SIGNIN_NONE] = "none",       [SIGNIN_UNKNOWN] = "unknown",
    [SIGNIN_EXPIRED] = "expired", [SIGNIN_REVOKED] = "revoked", [SIGNIN_REFUSED] = "refused",
    [SIGNIN_NO_ROLE] = "no_role", [SIGNIN_LATER] = "later",
};

static const char *const kind_names[] = {
    [PRINCIPAL_NONE] = "none",
    [PRINCIPAL_ADMIN] = "admin",
    [PRINCIPAL_TOKEN] = "token",
    [PRINCIPAL_OIDC] = "oidc",
};

struct signin {
    char *data_dir;
    struct auth *auth;
    uint32_t admin_life; /* how often its token was changed */
    struct token_registry *tokens;
    struct oidc *oidc; /* NULL: no issuer's tokens are taken */
    struct signin_guard *guard;
    struct signin_tally tally;
};

const char *signin_result_name(enum signin_result result)
{
    return result_names[result];
}

const char *principal_kind_name(enum principal_kind kind)
{
    return kind_names[kind];
}

enum err signin_open(struct signin **out, const struct signin_context *context,
                     struct problem *problem)
{
    struct signin *signin = mem_zalloc(1, sizeof(*signin));
    enum err err = auth_open(&signin->auth, context->data_dir, problem);
    signin->data_dir = mem_copy_str(context->data_dir);
    signin->tokens = context->tokens;
    signin->guard = signin_guard_new();
    if (err == ERR_OK && context->oidc != NULL && context->oidc->issuer != NULL) {
        err = oidc_open(&signin->oidc, context->loop, context->oidc, problem);
    }
    if (err != ERR_OK) {
        signin_close(signin);
        signin = NULL;
    }
    *out = signin;
    return err;
}

void signin_close(struct signin *signin)
{
    if (signin != NULL) {
        oidc_close(signin->oidc);
        auth_close(signin->auth);
        signin_guard_free(signin->guard);
        mem_free(signin->data_dir);
        mem_free(signin);
    }
}

static void reload_admin(struct signin *signin)
{
    struct auth *auth = NULL;
    struct problem problem = {0};
    if (auth_open(&auth, signin->data_dir, &problem) != ERR_OK) {
        LOG_E(MODULE, "admin_token_kept", "why=\"%s\"", problem.text);
        return;
    }
    signin->admin_life += !auth_equal(signin->auth, auth);
    auth_close(signin->auth);
    signin->auth = auth;
}

void signin_reload(struct signin *signin)
{
    reload_admin(signin);
    if (signin->oidc != NULL) {
        oidc_reload(signin->oidc);
    }
}

/* ---- who it is ---- */

/* False: there is none, or it is of another scheme. */
static bool bearer_of(const char *header, struct slice *token)
{
    static const char scheme[] = "Bearer ";
    if (header == NULL || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    const char *text = header + sizeof(scheme) - 1;
    *token = slice_str(text + strspn(text, " "));
    return token->len > 0;
}

/* False: its role was made up by a newer version, and may do nothing here. */
static bool take_entry(const struct token_entry *entry, struct principal *principal)
{
    enum role role;
    _Static_assert(ACCESS_TOKEN_NAME_MAX <= PRINCIPAL_NAME_MAX, "a token's name is a principal's");
    if (!role_parse(entry->role, &role)) {
        return false;
    }
    *principal = (struct principal){
        .kind = PRINCIPAL_TOKEN, .role = role, .token = entry->id, .until_ms = entry->expires_ms};
    memcpy(principal->name, entry->name, strlen(entry->name) + 1);
    return true;
}

static enum signin_result by_registry(struct signin *signin, struct slice token, uint64_t now_ms,
                                      struct principal *principal)
{
    const struct token_entry *entry;
    switch (token_registry_check(signin->tokens, token, now_ms, &entry)) {
    case ACCESS_TOKEN_GOOD:
        return take_entry(entry, principal) ? SIGNIN_GOOD : SIGNIN_UNKNOWN;
    case ACCESS_TOKEN_EXPIRED:
        return SIGNIN_EXPIRED;
    case ACCESS_TOKEN_REVOKED:
        return SIGNIN_REVOKED;
    case ACCESS_TOKEN_UNKNOWN:
        break;
    }
    return SIGNIN_UNKNOWN;
}

static enum signin_result by_issuer(struct signin *signin, struct slice token, uint64_t now_ms,
                                    struct principal *principal, struct problem *problem)
{
    struct oidc_identity identity;
    _Static_assert(OIDC_NAME_MAX <= PRINCIPAL_NAME_MAX, "its name is a principal's");
    enum err err = oidc_check(signin->oidc, token, now_ms, &identity, problem);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? SIGNIN_NO_ROLE
               : err == ERR_BUSY    ? SIGNIN_LATER
                                    : SIGNIN_REFUSED;
    }
    *principal = (struct principal){
        .kind = PRINCIPAL_OIDC, .role = (enum role)identity.role, .until_ms = identity.until_ms};
    memcpy(principal->name, identity.name, strlen(identity.name) + 1);
    return SIGNIN_GOOD;
}

enum signin_result signin_identify(struct signin *signin, const char *header, uint64_t now_ms,
                                   struct principal *principal, struct problem *problem)
{
    struct slice token;
    *principal = (struct principal){0};
    if (!bearer_of(header, &token)) {
        return SIGNIN_NONE;
    }
    if (auth_identify(signin->auth, token, principal)) {
        principal->admin_life = signin->admin_life;
        return SIGNIN_GOOD;
    }
    return signin->oidc != NULL && oidc_is_token(token)
               ? by_issuer(signin, token, now_ms, principal, problem)
               : by_registry(signin, token, now_ms, principal);
}

bool signin_is_good(const struct signin *signin, const struct principal *principal, uint64_t now_ms)
{
    if (principal->kind == PRINCIPAL_TOKEN) {
        const struct token_entry *entry = token_registry_find(signin->tokens, principal->token);
        return entry != NULL && token_registry_state(entry, now_ms) == ACCESS_TOKEN_GOOD;
    }
    if (principal->kind == PRINCIPAL_ADMIN) {
        return principal->admin_life == signin->admin_life;
    }
    return principal->until_ms == 0 || now_ms < principal->until_ms;
}

/* ---- what fails ---- */

static void address_text(const struct sockaddr *address, char text[NI_MAXHOST])
{
    socklen_t len = address->sa_family == AF_INET6  ? sizeof(struct sockaddr_in6)
                    : address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                    : 0;
    if (len == 0 || getnameinfo(address, len, text, NI_MAXHOST, NULL, 0, NI_NUMERICHOST) != 0) {
        (void)snprintf(text, NI_MAXHOST, "unknown");
    }
}

uint32_t signin_fail(struct signin *signin, enum signin_result result,
                     const struct sockaddr *address, uint64_t now_ms)
{
    char text[NI_MAXHOST];
    signin->tally.failures[result]++;
    /* A browser or a probe asks first and signs in then; who is known but has no role, or comes
     * while keys are fetched, guesses nothing. */
    if (result == SIGNIN_NONE || result == SIGNIN_NO_ROLE || result == SIGNIN_LATER) {
        return 0;
    }
    uint32_t wait_ms = signin_guard_fail(signin->guard, address, now_ms);
    if (wait_ms > 0) {
        signin->tally.slowed++;
        return wait_ms;
    }
    address_text(address, text);
    LOG_W(MODULE, "signin_failed", "address=%s why=%s", text, result_names[result]);
    return 0;
}

void signin_tally(const struct signin *signin, struct signin_tally *tally)
{
    *tally = signin->tally;
    tally->has_oidc = signin->oidc != NULL;
    if (tally->has_oidc) {
        oidc_tally(signin->oidc, &tally->oidc);
    }
}
