/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key knows its one algorithm, and a signature is checked by that of the key, never by what the
 * token says alone: a public RSA key is nobody's HMAC secret here.
 */
#include "coordinator/identity/jwk_set.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "common/mem.h"
#include "common/p256.h"
#include "common/text.h"

#define RSA_BYTES_MIN      256  /* 2,048 bits: RFC 7518 section 3.3 */
#define RSA_BYTES_MAX      1024 /* 8,192 bits: a check takes a third of a millisecond */
#define EXPONENT_BYTES_MAX 4
#define HALF_BYTES         32

struct jwk {
    enum jwk_algorithm algorithm;
    EVP_PKEY *pkey;
    char *id; /* NULL: none */
};

struct jwk_set {
    unsigned count;
    struct jwk keys[JWK_SET_KEYS_MAX];
};

static const char *text_of(const json_t *key, const char *member)
{
    return json_string_value(json_object_get(key, member));
}

/* ---- parts of keys ---- */

static bool is_absent_or(const json_t *key, const char *member, const char *value)
{
    const json_t *there = json_object_get(key, member);
    const char *text = json_string_value(there);
    return there == NULL || (text != NULL && strcmp(text, value) == 0);
}

/* "key_ops" (RFC 7517 section 4.3): absent, or "verify" is among them. */
static bool may_verify(const json_t *key)
{
    const json_t *operations = json_object_get(key, "key_ops");
    size_t i;
    const json_t *operation;
    if (operations == NULL) {
        return true;
    }
    json_array_foreach(operations, i, operation)
    {
        const char *text = json_string_value(operation);
        if (text != NULL && strcmp(text, "verify") == 0) {
            return true;
        }
    }
    return false;
}

static size_t decode_part(const json_t *key, const char *member, uint8_t *out, size_t cap)
{
    const char *text = text_of(key, member);
    size_t len = 0;
    return text != NULL && text_base64url_decode(slice_str(text), out, cap, &len) ? len : 0;
}

static EVP_PKEY *rsa_from(const BIGNUM *modulus, const BIGNUM *exponent)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (modulus != NULL && exponent != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/* No zero stands in front of the numbers: the modulus has all its bits, and an exponent of 1, with
 * which everybody could sign, is not hidden. */
static EVP_PKEY *rsa_key(const json_t *key)
{
    uint8_t n[RSA_BYTES_MAX];
    uint8_t e[EXPONENT_BYTES_MAX];
    size_t n_len = decode_part(key, "n", n, sizeof(n));
    size_t e_len = decode_part(key, "e", e, sizeof(e));
    bool is_good = n_len >= RSA_BYTES_MIN && (n[0] & 0x80) != 0 && (n[n_len - 1] & 1) != 0 &&
                   e_len > 0 && e[0] != 0 && (e[e_len - 1] & 1) != 0 && (e_len > 1 || e[0] > 1);
    if (!is_good) {
        return NULL;
    }
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL);
    BIGNUM *exponent = BN_bin2bn(e, (int)e_len, NULL);
    EVP_PKEY *pkey = rsa_from(modulus, exponent);
    BN_free(modulus);
    BN_free(exponent);
    return pkey;
}

static EVP_PKEY *ec_key(const json_t *key)
{
    const char *curve = text_of(key, "crv");
    uint8_t point[P256_POINT_BYTES] = {0x04};
    bool is_good = curve != NULL && strcmp(curve, "P-256") == 0 &&
                   decode_part(key, "x", point + 1, HALF_BYTES) == HALF_BYTES &&
                   decode_part(key, "y", point + 1 + HALF_BYTES, HALF_BYTES) == HALF_BYTES;
    return is_good ? p256_public_key(point) : NULL; /* NULL as well for what is no point */
}

/* ---- the set ---- */

/* False: it is not for us. */
static bool read_key(struct jwk *out, const json_t *key)
{
    const char *kind = text_of(key, "kty");
    const json_t *id = json_object_get(key, "kid");
    if (kind == NULL || !is_absent_or(key, "use", "sig") || !may_verify(key) ||
        (id != NULL && (!json_is_string(id) || json_string_length(id) > JWK_ID_MAX))) {
        return false;
    }
    if (strcmp(kind, "RSA") == 0 && is_absent_or(key, "alg", "RS256")) {
        *out = (struct jwk){.algorithm = JWK_RS256, .pkey = rsa_key(key)};
    } else if (strcmp(kind, "EC") == 0 && is_absent_or(key, "alg", "ES256")) {
        *out = (struct jwk){.algorithm = JWK_ES256, .pkey = ec_key(key)};
    } else {
        return false;
    }
    ERR_clear_error();
    if (out->pkey == NULL) {
        return false;
    }
    out->id = mem_copy_str(json_string_value(id));
    return true;
}

static bool has_twin(const struct jwk_set *set, const struct jwk *key)
{
    for (unsigned i = 0; key->id != NULL && i < set->count; i++) {
        const struct jwk *other = &set->keys[i];
        if (other->id != NULL && strcmp(other->id, key->id) == 0 &&
            other->algorithm == key->algorithm) {
            return true;
        }
    }
    return false;
}

static void key_release(struct jwk *key)
{
    EVP_PKEY_free(key->pkey);
    mem_free(key->id);
}

static void read_keys(struct jwk_set *set, const json_t *keys)
{
    size_t i;
    const json_t *key;
    json_array_foreach(keys, i, key)
    {
        struct jwk *place = &set->keys[set->count];
        if (!read_key(place, key)) {
            continue;
        }
        if (has_twin(set, place)) { /* which of them is meant nobody knows: the first stays */
            key_release(place);
            *place = (struct jwk){0};
            continue;
        }
        set->count++;
    }
}

static enum err read_document(struct jwk_set *set, const json_t *json, struct problem *problem)
{
    const json_t *keys = json_object_get(json, "keys");
    if (!json_is_array(keys)) {
        return problem_set(problem, ERR_INVALID,
                           "it is no JSON Web Key Set: an object with a list \"keys\" is expected");
    }
    if (json_array_size(keys) > JWK_SET_KEYS_MAX) {
        return problem_set(problem, ERR_LIMIT, "it has %zu keys; at most %d are read",
                           json_array_size(keys), JWK_SET_KEYS_MAX);
    }
    read_keys(set, keys);
    if (set->count == 0) {
        return problem_set(problem, ERR_INVALID,
                           "none of its %zu keys can be used: RSA keys of 2,048 to 8,192 bits for "
                           "RS256 or keys of P-256 for ES256, for signatures, are needed",
                           json_array_size(keys));
    }
    return ERR_OK;
}

enum err jwk_set_read(struct jwk_set **out, struct slice json, struct problem *problem)
{
    *out = NULL;
    if (json.len > JWK_SET_BYTES_MAX) {
        return problem_set(problem, ERR_LIMIT, "it has more than %d bytes", JWK_SET_BYTES_MAX);
    }
    json_t *document = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    struct jwk_set *set = mem_zalloc(1, sizeof(*set));
    enum err err = read_document(set, document, problem);
    json_decref(document);
    if (err != ERR_OK) {
        jwk_set_free(set);
        return err;
    }
    *out = set;
    return ERR_OK;
}

void jwk_set_free(struct jwk_set *set)
{
    for (unsigned i = 0; set != NULL && i < set->count; i++) {
        key_release(&set->keys[i]);
    }
    mem_free(set);
}

unsigned jwk_set_count(const struct jwk_set *set)
{
    return set->count;
}

const struct jwk *jwk_set_find(const struct jwk_set *set, const char *id,
                               enum jwk_algorithm algorithm)
{
    const struct jwk *found = NULL;
    for (unsigned i = 0; i < set->count; i++) {
        const struct jwk *key = &set->keys[i];
        if (key->algorithm != algorithm) {
            continue;
        }
        if (id == NULL) {
            if (found != NULL) {
                return NULL;
            }
            found = key;
        } else if (key->id != NULL && strcmp(key->id, id) == 0) {
            return key;
        }
    }
    return found;
}

/* ---- signatures ---- */

/* OpenSSL reads ECDSA signatures as DER; a token has r and s, each of 32 bytes. */
static bool make_der(struct slice signature, uint8_t **der, size_t *len)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.data, HALF_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature.data + HALF_BYTES, HALF_BYTES, NULL);
    if (ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return false;
    }
    int written = i2d_ECDSA_SIG(pair, der);
    ECDSA_SIG_free(pair);
    *len = written > 0 ? (size_t)written : 0;
    return written > 0;
}

bool jwk_verify(const struct jwk *key, struct slice bytes, struct slice signature)
{
    uint8_t *der = NULL;
    struct slice given = signature;
    if (key->algorithm == JWK_ES256) {
        if (signature.len != (size_t)2 * HALF_BYTES || !make_der(signature, &der, &given.len)) {
            return false;
        }
        given.data = der;
    } else if (signature.len != (size_t)EVP_PKEY_get_size(key->pkey)) {
        return false;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL &&
                   EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
                   EVP_DigestVerify(context, given.data, given.len, bytes.data, bytes.len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ERR_clear_error();
    return is_good;
}
