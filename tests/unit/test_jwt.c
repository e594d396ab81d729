/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures are verified with OpenSSL; the system tests let Node's crypto do it. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/jwt.h"
#include "common/text.h"
#include "tests/unit/unit.h"

/* The private key of RFC 7515, appendix A.3. */
#define SECRET "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"

static void pem_of(EVP_PKEY *pkey, const EVP_CIPHER *cipher, struct buf *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, "pass", 4, NULL, NULL), 1);
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    buf_append(pem, text, (size_t)len);
    BIO_free(bio);
}

/* The three parts of a token, decoded. */
struct parts {
    size_t signed_len;
    uint8_t header[256];
    size_t header_len;
    uint8_t claims[256];
    size_t claims_len;
    uint8_t signature[1024];
    size_t signature_len;
};

static void split(const struct buf *token, struct parts *parts)
{
    const char *text = (const char *)token->data;
    const char *first = memchr(text, '.', token->len);
    assert_non_null(first);
    const char *end = text + token->len;
    const char *second = memchr(first + 1, '.', (size_t)(end - first - 1));
    assert_non_null(second);
    parts->signed_len = (size_t)(second - text);
    assert_true(text_base64url_decode(slice_of(text, (size_t)(first - text)), parts->header,
                                      sizeof(parts->header), &parts->header_len));
    assert_true(text_base64url_decode(slice_of(first + 1, (size_t)(second - first - 1)),
                                      parts->claims, sizeof(parts->claims), &parts->claims_len));
    assert_true(text_base64url_decode(slice_of(second + 1, (size_t)(end - second - 1)),
                                      parts->signature, sizeof(parts->signature),
                                      &parts->signature_len));
}

static bool verify(EVP_PKEY *pkey, const struct buf *token, const uint8_t *signature, size_t len,
                   size_t signed_len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                   EVP_DigestVerify(context, signature, len, token->data, signed_len) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

static void es256_signs_with_r_and_s(void **state)
{
    (void)state;
    EVP_PKEY *pkey = p256_random_key();
    struct buf pem = {0};
    pem_of(pkey, NULL, &pem);
    struct jwt_key *key = NULL;
    assert_int_equal(jwt_key_from_pem(&key, JWT_ES256, buf_view(&pem), NULL), ERR_OK);
    /* A number with zeros in front comes once in 256 tries: all are 64 bytes. */
    for (int i = 0; i < 600; i++) {
        struct buf token = {0};
        struct parts parts;
        assert_true(jwt_write(key, "ABC1234567", slice_str("{\"iss\":\"T\",\"iat\":1}"), &token));
        split(&token, &parts);
        assert_int_equal(parts.signature_len, 64);
        ECDSA_SIG *signature = ECDSA_SIG_new();
        ECDSA_SIG_set0(signature, BN_bin2bn(parts.signature, 32, NULL),
                       BN_bin2bn(parts.signature + 32, 32, NULL));
        uint8_t *der = NULL;
        int len = i2d_ECDSA_SIG(signature, &der);
        assert_true(verify(pkey, &token, der, (size_t)len, parts.signed_len));
        token.data[3] ^= 1;
        assert_false(verify(pkey, &token, der, (size_t)len, parts.signed_len));
        OPENSSL_free(der);
        ECDSA_SIG_free(signature);
        assert_true(slice_is(slice_of(parts.header, parts.header_len),
                             "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"ABC1234567\"}"));
        assert_true(
            slice_is(slice_of(parts.claims, parts.claims_len), "{\"iss\":\"T\",\"iat\":1}"));
        buf_release(&token);
    }
    jwt_key_free(key);
    EVP_PKEY_free(pkey);
    buf_release(&pem);
}

/* RFC 7515 appendix A.2 gives a token, but its key would have to be stored here; PKCS #1 signatures
 * are deterministic, so that verifying says the same. */
static void rs256_signs_what_openssl_verifies(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    struct buf pem = {0};
    struct buf token = {0};
    struct parts parts;
    pem_of(pkey, NULL, &pem);
    struct jwt_key *key = NULL;
    assert_int_equal(jwt_key_from_pem(&key, JWT_RS256, buf_view(&pem), NULL), ERR_OK);
    buf_str(&token, "before");
    token.len = 0;
    assert_true(jwt_write(key, NULL, slice_str("{}"), &token));
    split(&token, &parts);
    assert_true(verify(pkey, &token, parts.signature, parts.signature_len, parts.signed_len));
    assert_true(
        slice_is(slice_of(parts.header, parts.header_len), "{\"typ\":\"JWT\",\"alg\":\"RS256\"}"));
    jwt_key_free(key);
    EVP_PKEY_free(pkey);
    buf_release(&pem);
    buf_release(&token);
}

static void a_raw_secret_has_the_known_public_half(void **state)
{
    (void)state;
    struct jwt_key *key = NULL;
    uint8_t point[P256_POINT_BYTES];
    struct buf x = {0};
    assert_int_equal(jwt_key_from_secret(&key, slice_str(SECRET), NULL), ERR_OK);
    jwt_key_point(key, point);
    text_base64url(&x, slice_of(point + 1, 32));
    buf_str(&x, " ");
    text_base64url(&x, slice_of(point + 33, 32));
    assert_string_equal(
        buf_cstr(&x),
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    buf_release(&x);
    jwt_key_free(key);
}

static void refused(enum jwt_algorithm algorithm, struct slice pem, const char *words)
{
    struct jwt_key *key = NULL;
    struct problem problem = {0};
    assert_int_equal(jwt_key_from_pem(&key, algorithm, pem, &problem), ERR_INVALID);
    assert_null(key);
    if (strstr(problem.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", problem.text, words);
    }
}

static void a_key_that_cannot_be_used_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct buf pem = {0};
    EVP_PKEY *p256 = p256_random_key();
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    pem_of(p256, NULL, &pem);
    refused(JWT_RS256, buf_view(&pem), "no RSA key");
    refused(JWT_ES256, slice_of(pem.data, pem.len / 2), "cut off");
    pem.data[60] = '!';
    refused(JWT_ES256, buf_view(&pem), "damaged");
    buf_clear(&pem);
    pem_of(p256, EVP_aes_128_cbc(), &pem);
    refused(JWT_ES256, buf_view(&pem), "passphrase");
    buf_clear(&pem);
    pem_of(p384, NULL, &pem);
    refused(JWT_ES256, buf_view(&pem), "another curve");
    buf_clear(&pem);
    pem_of(rsa, NULL, &pem);
    refused(JWT_ES256, buf_view(&pem), "no elliptic-curve key");
    refused(JWT_RS256, buf_view(&pem), "fewer than 2,048");
    refused(JWT_ES256, slice_str("MIGHAgEA"), "no PEM");
    refused(JWT_ES256, slice_of(NULL, 0), "no PEM");
    refused(JWT_ES256, slice_str("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
            "public key");
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(rsa);
    buf_release(&pem);
}

static void a_raw_secret_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9L",
        "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LIA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* zero */
        "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE", /* the order of the curve */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct jwt_key *key = NULL;
        struct problem problem = {0};
        assert_int_equal(jwt_key_from_secret(&key, slice_str(bad[i]), &problem), ERR_INVALID);
        assert_null(key);
        assert_non_null(strstr(problem.text, "43 characters"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(es256_signs_with_r_and_s),
        cmocka_unit_test(rs256_signs_what_openssl_verifies),
        cmocka_unit_test(a_raw_secret_has_the_known_public_half),
        cmocka_unit_test(a_key_that_cannot_be_used_is_refused_with_the_reason),
        cmocka_unit_test(a_raw_secret_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
