/* SPDX-License-Identifier: Apache-2.0 */
/* What an issuer, or whoever stands in its place, may give out as its keys. Those that are taken
 * have an algorithm of ours, and check a signature without falling over it. */
#include <assert.h>
#include <string.h>

#include "coordinator/identity/jwk_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t signature[256] = {1, 2, 3};
    struct jwk_set *set = NULL;
    struct problem problem = {0};
    struct slice json = slice_of(data, size);
    if (jwk_set_read(&set, json, &problem) != ERR_OK) {
        assert(set == NULL && problem.text[0] != '\0');
        return 0;
    }
    assert(jwk_set_count(set) >= 1 && jwk_set_count(set) <= JWK_SET_KEYS_MAX);
    const struct jwk *ec = jwk_set_find(set, NULL, JWK_ES256);
    const struct jwk *rsa = jwk_set_find(set, NULL, JWK_RS256);
    assert(ec == NULL || !jwk_verify(ec, json, slice_of(signature, 64)));
    assert(rsa == NULL || !jwk_verify(rsa, json, slice_of(signature, 256)));
    jwk_set_free(set);
    return 0;
}
