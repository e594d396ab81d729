/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jwt.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"

#define RSA_BITS_MIN    2048
#define RSA_BITS_MAX    8192
#define SIGNATURE_BYTES 1024 /* of RSA with 8,192 bits */
#define HALF_BYTES      32

struct jwt_key {
    enum jwt_algorithm algorithm;
    EVP_PKEY *pkey;
};

static const char *const algorithm_names[] = {[JWT_ES256] = "ES256", [JWT_RS256] = "RS256"};

/* ---- Keys ---- */

/* A key that wants a passphrase is refused and nobody at the terminal is asked. */
static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
    (void)text;
    (void)size;
    (void)is_writing;
    *(bool *)arg = true;
    return -1;
}

static bool pem_has(struct slice pem, const char *words)
{
    return pem.len > 0 && memmem(pem.data, pem.len, words, strlen(words)) != NULL;
}

/* Why OpenSSL could not read it. */
static const char *pem_flaw(struct slice pem, bool is_locked)
{
    if (is_locked) {
        return "it is locked with a passphrase; take that off (openssl pkey -in KEY -out UNLOCKED)";
    }
    if (!pem_has(pem, "-----BEGIN ")) {
        return "it is no PEM: the line -----BEGIN PRIVATE KEY----- is missing";
    }
    if (pem_has(pem, "-----BEGIN PUBLIC KEY-----") || pem_has(pem, "-----BEGIN CERTIFICATE-----")) {
        return "it is a public key or a certificate; the private key is needed";
    }
    if (!pem_has(pem, "-----END ")) {
        return "it is cut off: the line -----END PRIVATE KEY----- is missing";
    }
    return "what stands between its lines BEGIN and END is damaged";
}

static const char *ec_flaw(const EVP_PKEY *pkey)
{
    uint8_t point[P256_POINT_BYTES];
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC) {
        return "it is no elliptic-curve key; ES256 needs one of the curve P-256";
    }
    return p256_point(pkey, point) ? NULL : "it is of another curve; ES256 needs P-256";
}

static const char *rsa_flaw(const EVP_PKEY *pkey)
{
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
        return "it is no RSA key; RS256 needs one of at least 2,048 bits";
    }
    int bits = EVP_PKEY_get_bits(pkey);
    return bits < RSA_BITS_MIN   ? "it has fewer than 2,048 bits"
           : bits > RSA_BITS_MAX ? "it has more than 8,192 bits"
                                 : NULL;
}

static struct jwt_key *key_new(enum jwt_algorithm algorithm, EVP_PKEY *take_pkey)
{
    struct jwt_key *key = mem_zalloc(1, sizeof(*key));
    *key = (struct jwt_key){algorithm, take_pkey};
    return key;
}

enum err jwt_key_from_pem(struct jwt_key **out, enum jwt_algorithm algorithm, struct slice pem,
                          struct problem *problem)
{
    *out = NULL;
    bool is_locked = false;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *pkey =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &is_locked);
    BIO_free(bio);
    ERR_clear_error();
    const char *flaw = pkey == NULL             ? pem_flaw(pem, is_locked)
                       : algorithm == JWT_ES256 ? ec_flaw(pkey)
                                                : rsa_flaw(pkey);
    if (flaw != NULL) {
        EVP_PKEY_free(pkey);
        return problem_set(problem, ERR_INVALID, "the key cannot be used: %s", flaw);
    }
    *out = key_new(algorithm, pkey);
    return ERR_OK;
}

enum err jwt_key_from_secret(struct jwt_key **out, struct slice base64url, struct problem *problem)
{
    uint8_t secret[P256_SECRET_BYTES];
    size_t len = 0;
    bool is_whole =
        text_base64url_decode(base64url, secret, sizeof(secret), &len) && len == sizeof(secret);
    EVP_PKEY *pkey = is_whole ? p256_private_key(secret) : NULL;
    OPENSSL_cleanse(secret, sizeof(secret));
    ERR_clear_error();
    *out = pkey == NULL ? NULL : key_new(JWT_ES256, pkey);
    if (pkey == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "the key cannot be used: it must be 43 characters of base64url that "
                           "hold a private key of P-256, or a key in PEM");
    }
    return ERR_OK;
}

void jwt_key_free(struct jwt_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        mem_free(key);
    }
}

void jwt_key_point(const struct jwt_key *key, uint8_t point[P256_POINT_BYTES])
{
    bool is_point = p256_point(key->pkey, point);
    assert(is_point);
}

/* ---- Signing ---- */

/* OpenSSL writes ECDSA signatures as DER; RFC 7518 section 3.4 wants r and s, each of 32 bytes. */
static bool signature_flatten(uint8_t *bytes, size_t *len)
{
    const uint8_t *at = bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)*len);
    bool is_flat =
        signature != NULL &&
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, HALF_BYTES) == HALF_BYTES &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + HALF_BYTES, HALF_BYTES) == HALF_BYTES;
    ECDSA_SIG_free(signature);
    *len = (size_t)2 * HALF_BYTES;
    return is_flat;
}

bool jwt_write(const struct jwt_key *key, const char *key_id, struct slice claims,
               struct buf *token)
{
    size_t begin = token->len;
    struct buf header = {0};
    buf_printf(&header, "{\"typ\":\"JWT\",\"alg\":\"%s\"", algorithm_names[key->algorithm]);
    if (key_id != NULL) {
        buf_printf(&header, ",\"kid\":\"%s\"", key_id);
    }
    buf_str(&header, "}");
    text_base64url(token, buf_view(&header));
    buf_release(&header);
    buf_str(token, ".");
    text_base64url(token, claims);
    uint8_t signature[SIGNATURE_BYTES];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed =
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
        EVP_DigestSign(context, signature, &len, token->data + begin, token->len - begin) == 1 &&
        (key->algorithm == JWT_RS256 || signature_flatten(signature, &len));
    EVP_MD_CTX_free(context);
    if (!is_signed) {
        ERR_clear_error();
        token->len = begin;
        return false;
    }
    buf_str(token, ".");
    text_base64url(token, slice_of(signature, len));
    return true;
}
