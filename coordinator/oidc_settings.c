/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/oidc_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/api/role.h"
#include "net/http_client.h"

#define TEXT_MAX       500
#define LEEWAY_MS      60000
#define LEEWAY_MAX_MS  300000
#define REFETCH_MS     30000
#define REFETCH_MAX_MS 3600000

static bool has_roles(const struct raw_oidc *raw)
{
    for (unsigned role = 0; role < RAW_OIDC_ROLES; role++) {
        if (raw->roles.values_count[role] > 0) {
            return true;
        }
    }
    return false;
}

static bool says_nothing(const struct raw_oidc *raw)
{
    return raw->issuer == NULL && raw->audience == NULL && raw->jwks_url == NULL &&
           raw->jwks_file == NULL && raw->ca_file == NULL && raw->role_claim == NULL &&
           raw->name_claim == NULL && raw->leeway == NULL && raw->refetch_after == NULL &&
           !has_roles(raw);
}

static enum err take_text(struct settings_check *check, const char *path, const char *text,
                          const char *missing, char **out)
{
    if (text == NULL || text[0] == '\0') {
        return settings_refuse(check, path, "is missing: %s", missing);
    }
    if (strlen(text) > TEXT_MAX) {
        return settings_refuse(check, path, "is longer than %d bytes", TEXT_MAX);
    }
    *out = mem_copy_str(text);
    return ERR_OK;
}

static enum err take_keys(struct settings_check *check, const struct raw_oidc *raw)
{
    struct oidc_rules *rules = &check->settings->oidc;
    if ((raw->jwks_url == NULL) == (raw->jwks_file == NULL)) {
        return settings_refuse(check, raw->jwks_url == NULL ? "oidc" : "oidc.jwks_file",
                               "either jwks_url or jwks_file says where the issuer's public keys "
                               "are");
    }
    rules->allow_http = raw->allow_http;
    rules->jwks_file = mem_copy_str(raw->jwks_file);
    rules->ca_file = mem_copy_str(raw->ca_file);
    if (raw->jwks_url == NULL) {
        return ERR_OK;
    }
    if (!http_client_url_is_valid(raw->jwks_url)) {
        return settings_refuse(check, "oidc.jwks_url",
                               "\"%.100s\" is no address; write \"https://login.example/keys\"",
                               raw->jwks_url);
    }
    if (!raw->allow_http && strncmp(raw->jwks_url, "https://", 8) != 0) {
        return settings_refuse(check, "oidc.jwks_url",
                               "whoever is on the way could put in keys of their own: use https, "
                               "or say oidc.allow_http: true");
    }
    rules->jwks_url = mem_copy_str(raw->jwks_url);
    return ERR_OK;
}

static enum err take_value(struct settings_check *check, unsigned role, unsigned i,
                           const char *value)
{
    struct oidc_rules *rules = &check->settings->oidc;
    char path[SETTINGS_PATH_BYTES];
    (void)snprintf(path, sizeof(path), "oidc.roles.%s[%u]", role_name((enum role)role), i);
    if (value[0] == '\0') {
        return settings_refuse(check, path, "is empty");
    }
    for (unsigned j = 0; j < rules->value_count; j++) {
        if (strcmp(rules->values[j].value, value) == 0) {
            return settings_refuse(check, path, "\"%.64s\" is given a role already: %s", value,
                                   role_name((enum role)rules->values[j].role));
        }
    }
    if (rules->value_count == OIDC_VALUES_MAX) {
        return settings_refuse(check, path, "there are more than %d values", OIDC_VALUES_MAX);
    }
    rules->values[rules->value_count++] = (struct oidc_value){mem_copy_str(value), role};
    return ERR_OK;
}

static enum err take_roles(struct settings_check *check, const struct raw_oidc *raw)
{
    enum err err = ERR_OK;
    for (unsigned role = 0; role < RAW_OIDC_ROLES; role++) {
        for (unsigned i = 0; err == ERR_OK && i < raw->roles.values_count[role]; i++) {
            err = take_value(check, role, i, raw->roles.values[role][i]);
        }
    }
    if (err == ERR_OK && check->settings->oidc.value_count == 0) {
        err = settings_refuse(check, "oidc.roles",
                              "is missing: which values of the claim make somebody what, such as "
                              "{operator: [duty-officers]}");
    }
    return err;
}

static enum err take_claims(struct settings_check *check, const struct raw_oidc *raw)
{
    struct oidc_rules *rules = &check->settings->oidc;
    enum err err =
        take_text(check, "oidc.role_claim", raw->role_claim == NULL ? "roles" : raw->role_claim,
                  "the claim that says what somebody is", &rules->role_claim);
    if (err == ERR_OK) {
        err = take_text(check, "oidc.name_claim", raw->name_claim == NULL ? "sub" : raw->name_claim,
                        "the claim that says who somebody is", &rules->name_claim);
    }
    rules->leeway_ms = LEEWAY_MS;
    if (err == ERR_OK) {
        err = settings_take_duration(check, "oidc.leeway", raw->leeway, &rules->leeway_ms, 0,
                                     LEEWAY_MAX_MS);
    }
    rules->refetch_after_ms = REFETCH_MS;
    return err == ERR_OK ? settings_take_duration(check, "oidc.refetch_after", raw->refetch_after,
                                                  &rules->refetch_after_ms, 1000, REFETCH_MAX_MS)
                         : err;
}

enum err oidc_settings_take(struct settings_check *check)
{
    const struct raw_oidc *raw = &check->raw->oidc;
    struct oidc_rules *rules = &check->settings->oidc;
    if (says_nothing(raw)) {
        return ERR_OK;
    }
    enum err err = take_text(
        check, "oidc.issuer", raw->issuer,
        "what its tokens have as iss, such as https://login.example/realms/ops", &rules->issuer);
    if (err == ERR_OK) {
        err = take_text(check, "oidc.audience", raw->audience,
                        "what its tokens have as aud when they are for us, such as tocsin",
                        &rules->audience);
    }
    if (err == ERR_OK) {
        err = take_keys(check, raw);
    }
    if (err == ERR_OK) {
        err = take_claims(check, raw);
    }
    return err == ERR_OK ? take_roles(check, raw) : err;
}
