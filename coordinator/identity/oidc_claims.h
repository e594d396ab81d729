/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oidc_claims: whom an issuer's tokens make what here. Roles are numbers to this room; the larger
 * one is the stronger one.
 */
#ifndef TOCSIN_IDENTITY_OIDC_CLAIMS_H
#define TOCSIN_IDENTITY_OIDC_CLAIMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define OIDC_VALUES_MAX  64
#define OIDC_NAME_PREFIX "oidc:" /* so that nobody is taken for the owner of a token of ours */
#define OIDC_NAME_MAX    100     /* bytes, with the prefix */

struct oidc_value {
    char *value; /* of the role claim */
    unsigned role;
};

/* The settings' part `oidc`. */
struct oidc_rules {
    char *issuer; /* NULL: there is none, and nothing else counts */
    char *audience;
    char *jwks_url; /* one of these two */
    char *jwks_file;
    char *ca_file;    /* NULL: the system's authorities */
    char *role_claim; /* a member's name, or names joined by dots: "realm_access.roles" */
    char *name_claim; /* the same: "sub" */
    bool allow_http;
    uint32_t leeway_ms;
    uint32_t refetch_after_ms; /* keys are not fetched more often, whatever tokens name */
    unsigned value_count;
    struct oidc_value values[OIDC_VALUES_MAX];
};
void oidc_rules_release(struct oidc_rules *rules);

struct oidc_identity {
    unsigned role;
    char name[OIDC_NAME_MAX + 1];
    uint64_t until_ms; /* unix time: from then on the token is good no more */
};

/* Name and role by the claims of a token that is good. ERR_NOT_FOUND: they give no role;
 * ERR_INVALID: no name, or one that cannot be a name here. */
enum err oidc_claims_read(const json_t *claims, const struct oidc_rules *rules,
                          struct oidc_identity *identity, struct problem *problem) WARN_UNUSED;

#endif
