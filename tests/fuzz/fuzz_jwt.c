/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token as whoever likes may send it. What is read of its head can be told; whatever its claims
 * are, it is not good without a signature of the one key, which nobody has the other half of; and
 * its claims alone, as they would be behind a good signature, give a name that can be told or none.
 */
#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/identity/jwt_check.h"
#include "coordinator/identity/oidc_claims.h"

#define KEYS                                                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","                                                \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char claim_of_roles[] = "realm_access.roles";
static char claim_of_name[] = "sub";
static char value[] = "duty";

static void check_claims(struct slice text)
{
    struct oidc_rules rules = {
        .role_claim = claim_of_roles, .name_claim = claim_of_name, .value_count = 1};
    rules.values[0] = (struct oidc_value){value, 4};
    struct oidc_identity identity = {0};
    struct problem problem;
    json_t *claims = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(claims) && oidc_claims_read(claims, &rules, &identity, &problem) == ERR_OK) {
        assert(identity.role == 4);
        assert(strlen(identity.name) > strlen(OIDC_NAME_PREFIX));
        for (const char *at = identity.name; *at != '\0'; at++) {
            assert((unsigned char)*at >= ' ' && *at != '"' && *at != '\\' && *at != 0x7f);
        }
    }
    json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const audiences[] = {"tocsin", NULL};
    const struct jwt_terms terms = {"https://login.example", audiences, 60};
    struct slice token = slice_of(data, size);
    struct jwk_set *keys = NULL;
    struct jwt_head head;
    struct problem problem = {0};
    struct jwt_body body;
    check_claims(token);
    enum err err = jwk_set_read(&keys, slice_str(KEYS), &problem);
    assert(err == ERR_OK);
    err = jwt_read_head(token, &head, &problem);
    if (err == ERR_OK) {
        assert(jwt_looks_like_one(token) || size > 0);
        assert(head.has_id || head.id[0] == '\0');
    } else {
        assert(strpbrk(problem.text, "\"\r\n") == NULL);
    }
    const struct jwk *key = jwk_set_find(keys, NULL, JWK_ES256);
    assert(key != NULL);
    err = jwt_check(token, key, &terms, 1700000000, &body, &problem);
    assert(err != ERR_OK && body.claims == NULL);
    jwk_set_free(keys);
    return 0;
}
