/* SPDX-License-Identifier: Apache-2.0 */
#include "common/p256.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

static EVP_PKEY *key_from(int selection, const uint8_t point[P256_POINT_BYTES],
                          const BIGNUM *secret)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    bool is_built =
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1,
                                        0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                         P256_POINT_BYTES) &&
        (secret == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret));
    if (is_built) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, selection, params) <= 0) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

EVP_PKEY *p256_public_key(const uint8_t point[P256_POINT_BYTES])
{
    return key_from(EVP_PKEY_PUBLIC_KEY, point, NULL);
}

EVP_PKEY *p256_private_key(const uint8_t secret[P256_SECRET_BYTES])
{
    EVP_PKEY *key = NULL;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *number = BN_secure_new();
    EC_POINT *point = EC_POINT_new(group);
    uint8_t bytes[P256_POINT_BYTES];
    if (BN_bin2bn(secret, P256_SECRET_BYTES, number) != NULL && !BN_is_zero(number) &&
        BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
        EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1 &&
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
                           NULL) == sizeof(bytes)) {
        key = key_from(EVP_PKEY_KEYPAIR, bytes, number);
    }
    EC_POINT_free(point);
    BN_clear_free(number);
    EC_GROUP_free(group);
    return key;
}

EVP_PKEY *p256_random_key(void)
{
    return EVP_EC_gen(SN_X9_62_prime256v1);
}

bool p256_point(const EVP_PKEY *key, uint8_t point[P256_POINT_BYTES])
{
    char group[32];
    size_t len = 0;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          &len) == 1 &&
           OPENSSL_strcasecmp(group, SN_X9_62_prime256v1) == 0 &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, P256_POINT_BYTES,
                                           &len) == 1 &&
           len == P256_POINT_BYTES;
}

bool p256_shared(EVP_PKEY *own, EVP_PKEY *other, uint8_t shared[P256_SECRET_BYTES])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    size_t len = P256_SECRET_BYTES;
    bool is_derived = EVP_PKEY_derive_init(context) == 1 &&
                      EVP_PKEY_derive_set_peer(context, other) == 1 &&
                      EVP_PKEY_derive(context, shared, &len) == 1 && len == P256_SECRET_BYTES;
    EVP_PKEY_CTX_free(context);
    return is_derived;
}
