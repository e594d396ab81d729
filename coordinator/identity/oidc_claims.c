/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/identity/oidc_claims.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/slice.h"

void oidc_rules_release(struct oidc_rules *rules)
{
    for (unsigned i = 0; i < rules->value_count; i++) {
        mem_free(rules->values[i].value);
    }
    mem_free(rules->issuer);
    mem_free(rules->audience);
    mem_free(rules->jwks_url);
    mem_free(rules->jwks_file);
    mem_free(rules->ca_file);
    mem_free(rules->role_claim);
    mem_free(rules->name_claim);
    *rules = (struct oidc_rules){0};
}

/* A member of the very name ("https://example/roles" is one), else a way through objects. */
static const json_t *find_claim(const json_t *claims, const char *path)
{
    const json_t *at = json_object_get(claims, path);
    char name[256];
    for (const json_t *object = claims; at == NULL && object != NULL;) {
        size_t len = strcspn(path, ".");
        if (len >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        object = json_object_get(object, name);
        if (path[len] == '\0') {
            return object;
        }
        path += len + 1;
    }
    return at;
}

static void take_value(const struct oidc_rules *rules, struct slice value,
                       struct oidc_identity *identity, bool *has_role)
{
    for (unsigned i = 0; i < rules->value_count; i++) {
        const struct oidc_value *known = &rules->values[i];
        if (slice_is(value, known->value) && (!*has_role || known->role > identity->role)) {
            identity->role = known->role;
            *has_role = true;
        }
    }
}

/* A list of texts; or a text, which may hold several words, as `scope` does (RFC 8693 section 4.2).
 */
static bool read_role(const json_t *claim, const struct oidc_rules *rules,
                      struct oidc_identity *identity)
{
    bool has_role = false;
    size_t i;
    const json_t *item;
    json_array_foreach(claim, i, item)
    {
        if (json_is_string(item)) {
            take_value(rules, slice_str(json_string_value(item)), identity, &has_role);
        }
    }
    if (json_is_string(claim)) {
        const char *text = json_string_value(claim);
        take_value(rules, slice_str(text), identity, &has_role);
        while (*text != '\0') {
            size_t len = strcspn(text, " ");
            take_value(rules, slice_of(text, len), identity, &has_role);
            text += len + strspn(text + len, " ");
        }
    }
    return has_role;
}

/* It is told in answers and logs: no control characters, and nothing that ends a quoted text. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > OIDC_NAME_MAX - strlen(OIDC_NAME_PREFIX)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return true;
}

enum err oidc_claims_read(const json_t *claims, const struct oidc_rules *rules,
                          struct oidc_identity *identity, struct problem *problem)
{
    const char *name = json_string_value(find_claim(claims, rules->name_claim));
    if (name == NULL || !is_name(name)) {
        return problem_set(problem, ERR_INVALID,
                           "its claim %s is no name of 1 to %zu bytes without control characters, "
                           "quotes and backslashes",
                           rules->name_claim, OIDC_NAME_MAX - strlen(OIDC_NAME_PREFIX));
    }
    if (!read_role(find_claim(claims, rules->role_claim), rules, identity)) {
        return problem_set(problem, ERR_NOT_FOUND,
                           "you are known, but nothing in the token's claim %s gives a role here",
                           rules->role_claim);
    }
    (void)snprintf(identity->name, sizeof(identity->name), OIDC_NAME_PREFIX "%s", name);
    return ERR_OK;
}
