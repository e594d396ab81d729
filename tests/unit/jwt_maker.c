/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/jwt_maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "common/p256.h"
#include "common/text.h"
#include "tests/unit/unit.h"

#define HALF 32

static void flatten(uint8_t *bytes, size_t *len)
{
    const uint8_t *at = bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)*len);
    assert_non_null(signature);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, HALF), HALF);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + HALF, HALF), HALF);
    ECDSA_SIG_free(signature);
    *len = (size_t)2 * HALF;
}

void jwt_make(struct buf *token, const char *header, const char *claims, EVP_PKEY *pkey)
{
    uint8_t signature[1024];
    size_t len = sizeof(signature);
    size_t begin = token->len;
    text_base64url(token, slice_str(header));
    buf_str(token, ".");
    text_base64url(token, slice_str(claims));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey), 1);
    assert_int_equal(
        EVP_DigestSign(context, signature, &len, token->data + begin, token->len - begin), 1);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC) {
        flatten(signature, &len);
    }
    buf_str(token, ".");
    text_base64url(token, slice_of(signature, len));
}

static void put_number(struct buf *json, const char *name, EVP_PKEY *pkey, const char *parameter)
{
    uint8_t bytes[1024];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, parameter, &number), 1);
    int len = BN_bn2bin(number, bytes);
    BN_free(number);
    buf_printf(json, ",\"%s\":\"", name);
    text_base64url(json, slice_of(bytes, (size_t)len));
    buf_str(json, "\"");
}

void jwk_make(struct buf *json, const char *more, EVP_PKEY *pkey)
{
    uint8_t point[P256_POINT_BYTES];
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
        buf_printf(json, "{%s\"kty\":\"RSA\"", more);
        put_number(json, "n", pkey, OSSL_PKEY_PARAM_RSA_N);
        put_number(json, "e", pkey, OSSL_PKEY_PARAM_RSA_E);
        buf_str(json, "}");
        return;
    }
    assert_true(p256_point(pkey, point));
    buf_printf(json, "{%s\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"", more);
    text_base64url(json, slice_of(point + 1, HALF));
    buf_str(json, "\",\"y\":\"");
    text_base64url(json, slice_of(point + 1 + HALF, HALF));
    buf_str(json, "\"}");
}
