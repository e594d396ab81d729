/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/p256.h"
#include "common/text.h"
#include "coordinator/identity/jwt_check.h"
#include "tests/unit/jwt_maker.h"
#include "tests/unit/unit.h"

#define NOW_S 1700000000
#define RIGHT                                                                                      \
    "{\"iss\":\"https://login.example/ops\",\"aud\":\"tocsin\",\"sub\":\"anna\","                  \
    "\"exp\":1700000300,\"iat\":1700000000,\"nbf\":1700000000}"

static const char *const audiences[] = {"tocsin", NULL};
static const struct jwt_terms terms = {"https://login.example/ops", audiences, 60};

struct issuer {
    EVP_PKEY *rsa;
    EVP_PKEY *ec;
    struct jwk_set *keys;
};

static int setup(void **state)
{
    struct issuer *issuer = calloc(1, sizeof(*issuer));
    struct buf json = {0};
    struct problem problem;
    issuer->rsa = EVP_RSA_gen(2048);
    issuer->ec = p256_random_key();
    buf_str(&json, "{\"keys\":[");
    jwk_make(&json, "\"kid\":\"r\",", issuer->rsa);
    buf_str(&json, ",");
    jwk_make(&json, "\"kid\":\"e\",", issuer->ec);
    buf_str(&json, "]}");
    assert_int_equal(jwk_set_read(&issuer->keys, buf_view(&json), &problem), ERR_OK);
    buf_release(&json);
    *state = issuer;
    return 0;
}

static int teardown(void **state)
{
    struct issuer *issuer = *state;
    EVP_PKEY_free(issuer->rsa);
    EVP_PKEY_free(issuer->ec);
    jwk_set_free(issuer->keys);
    free(issuer);
    return 0;
}

/* As whoever signs in is checked: the head, the key, the rest. ERR_NOT_FOUND: no such key. */
static enum err check(const struct issuer *issuer, struct slice token, struct problem *problem)
{
    struct jwt_head head;
    struct jwt_body body;
    enum err err = jwt_read_head(token, &head, problem);
    if (err != ERR_OK) {
        return err;
    }
    const struct jwk *key =
        jwk_set_find(issuer->keys, head.has_id ? head.id : NULL, head.algorithm);
    if (key == NULL) {
        return ERR_NOT_FOUND;
    }
    err = jwt_check(token, key, &terms, NOW_S, &body, problem);
    if (err == ERR_OK) {
        assert_string_equal(json_string_value(json_object_get(body.claims, "sub")), "anna");
        assert_true(body.until_s > NOW_S);
    }
    json_decref(body.claims);
    return err;
}

static void expect(const struct issuer *issuer, const char *header, const char *claims,
                   EVP_PKEY *pkey, enum err expected, const char *says)
{
    struct buf token = {0};
    struct problem problem = {0};
    jwt_make(&token, header, claims, pkey);
    enum err err = check(issuer, buf_view(&token), &problem);
    if (err != expected || strstr(problem.text, says) == NULL) {
        fail_msg("%s %s: %s: %s", header, claims, err_name(err), problem.text);
    }
    buf_release(&token);
}

static void a_good_token_is_good(void **state)
{
    const struct issuer *issuer = *state;
    expect(issuer, "{\"alg\":\"RS256\",\"kid\":\"r\"}", RIGHT, issuer->rsa, ERR_OK, "");
    expect(issuer, "{\"alg\":\"ES256\",\"kid\":\"e\",\"typ\":\"JWT\"}", RIGHT, issuer->ec, ERR_OK,
           "");
    expect(issuer, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", RIGHT, issuer->ec, ERR_OK, "");
    /* What a header offers as a key, or where to get one, is passed over. */
    expect(issuer, "{\"alg\":\"ES256\",\"jku\":\"https://evil.example\",\"jwk\":{\"kty\":\"oct\"}}",
           RIGHT, issuer->ec, ERR_OK, "");
}

static void algorithms_are_not_the_tokens_to_choose(void **state)
{
    static const char *const others[] = {"none",  "None",  "NONE",  "HS256", "RS384", "RS512",
                                         "PS256", "ES384", "EdDSA", "rs256", ""};
    const struct issuer *issuer = *state;
    char header[80];
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"r\"}", others[i]);
        expect(issuer, header, RIGHT, issuer->rsa, ERR_UNSUPPORTED, "RS256 and ES256 are");
    }
    expect(issuer, "{\"kid\":\"r\"}", RIGHT, issuer->rsa, ERR_INVALID, "has no alg");
    expect(issuer, "{\"alg\":1,\"kid\":\"r\"}", RIGHT, issuer->rsa, ERR_INVALID, "has no alg");
    /* The right signature of the right key, by the name of the other algorithm. */
    expect(issuer, "{\"alg\":\"ES256\",\"kid\":\"r\"}", RIGHT, issuer->rsa, ERR_NOT_FOUND, "");
    expect(issuer, "{\"alg\":\"RS256\",\"kid\":\"e\"}", RIGHT, issuer->ec, ERR_NOT_FOUND, "");
    expect(issuer, "{\"alg\":\"ES256\"}", RIGHT, issuer->rsa, ERR_UNAUTHORIZED, "signature");
}

static void a_token_without_a_signature_is_refused(void **state)
{
    const struct issuer *issuer = *state;
    struct problem problem;
    struct buf token = {0};
    text_base64url(&token, slice_str("{\"alg\":\"RS256\",\"kid\":\"r\"}"));
    buf_str(&token, ".");
    text_base64url(&token, slice_str(RIGHT));
    buf_str(&token, ".");
    assert_int_equal(check(issuer, buf_view(&token), &problem), ERR_UNAUTHORIZED);
    buf_release(&token);
}

/* The public RSA key as the secret of an HMAC: RFC 8725 section 2.1. */
static void a_public_key_is_nobodys_secret(void **state)
{
    const struct issuer *issuer = *state;
    struct problem problem;
    struct buf token = {0};
    struct buf secret = {0};
    uint8_t mac[32];
    unsigned len = sizeof(mac);
    jwk_make(&secret, "", issuer->rsa);
    for (unsigned i = 0; i < 2; i++) {
        buf_clear(&token);
        text_base64url(&token, slice_str(i == 0 ? "{\"alg\":\"HS256\",\"kid\":\"r\"}"
                                                : "{\"alg\":\"RS256\",\"kid\":\"r\"}"));
        buf_str(&token, ".");
        text_base64url(&token, slice_str(RIGHT));
        assert_non_null(
            HMAC(EVP_sha256(), secret.data, (int)secret.len, token.data, token.len, mac, &len));
        buf_str(&token, ".");
        text_base64url(&token, slice_of(mac, len));
        assert_int_equal(check(issuer, buf_view(&token), &problem),
                         i == 0 ? ERR_UNSUPPORTED : ERR_UNAUTHORIZED);
    }
    buf_release(&token);
    buf_release(&secret);
}

static void a_key_of_somebody_else_is_refused(void **state)
{
    const struct issuer *issuer = *state;
    EVP_PKEY *other = p256_random_key();
    expect(issuer, "{\"alg\":\"ES256\",\"kid\":\"e\"}", RIGHT, other, ERR_UNAUTHORIZED,
           "its signature is wrong");
    expect(issuer, "{\"alg\":\"ES256\",\"kid\":\"x\"}", RIGHT, issuer->ec, ERR_NOT_FOUND, "");
    expect(issuer, "{\"alg\":\"ES256\",\"kid\":7}", RIGHT, issuer->ec, ERR_INVALID, "its kid");
    EVP_PKEY_free(other);
}

static void extensions_and_other_types_are_refused(void **state)
{
    const struct issuer *issuer = *state;
    expect(issuer, "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", RIGHT, issuer->ec,
           ERR_UNSUPPORTED, "crit");
    expect(issuer, "{\"alg\":\"ES256\",\"crit\":[]}", RIGHT, issuer->ec, ERR_UNSUPPORTED, "crit");
    expect(issuer, "{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}", RIGHT, issuer->ec, ERR_UNSUPPORTED,
           "typ");
    expect(issuer, "{\"alg\":\"ES256\",\"alg\":\"none\"}", RIGHT, issuer->ec, ERR_INVALID,
           "no JSON Web Token");
    expect(issuer, "[]", RIGHT, issuer->ec, ERR_INVALID, "no JSON Web Token");
}

static void every_claim_is_checked(void **state)
{
    const struct issuer *issuer = *state;
    static const struct {
        const char *claims;
        enum err err;
        const char *says;
    } rows[] = {
#define IDENTITY "\"iss\":\"https://login.example/ops\",\"sub\":\"anna\""
#define FOR_US   IDENTITY ",\"aud\":\"tocsin\""
        {"{" IDENTITY ",\"aud\":[\"other\",\"tocsin\"],\"exp\":1700000300}", ERR_OK, ""},
        {"{" FOR_US ",\"exp\":1699999941}", ERR_OK, ""}, /* within the leeway */
        {"{" FOR_US ",\"exp\":1700000300.5,\"iat\":1700000060,\"nbf\":1700000060}", ERR_OK, ""},
        {"{" FOR_US ",\"exp\":1699999940}", ERR_UNAUTHORIZED, "has expired"},
        {"{" FOR_US "}", ERR_UNAUTHORIZED, "(exp)"},
        {"{" FOR_US ",\"exp\":\"1700000300\"}", ERR_UNAUTHORIZED, "(exp)"},
        {"{" FOR_US ",\"exp\":-1}", ERR_UNAUTHORIZED, "(exp)"},
        {"{" FOR_US ",\"exp\":1e300}", ERR_UNAUTHORIZED, "(exp)"},
        {"{" FOR_US ",\"exp\":1700000300000}", ERR_UNAUTHORIZED, "(exp)"},
        {"{" FOR_US ",\"exp\":1700000300,\"nbf\":1700000061}", ERR_UNAUTHORIZED, "(nbf)"},
        {"{" FOR_US ",\"exp\":1700000300,\"nbf\":\"now\"}", ERR_UNAUTHORIZED, "(nbf)"},
        {"{" FOR_US ",\"exp\":1700000300,\"iat\":1700000061}", ERR_UNAUTHORIZED, "(iat)"},
        {"{" IDENTITY ",\"exp\":1700000300}", ERR_UNAUTHORIZED, "(aud)"},
        {"{" IDENTITY ",\"aud\":\"tocsin2\",\"exp\":1700000300}", ERR_UNAUTHORIZED, "(aud)"},
        {"{" IDENTITY ",\"aud\":[],\"exp\":1700000300}", ERR_UNAUTHORIZED, "(aud)"},
        {"{" IDENTITY ",\"aud\":[[\"tocsin\"]],\"exp\":1700000300}", ERR_UNAUTHORIZED, "(aud)"},
        {"{\"sub\":\"anna\",\"aud\":\"tocsin\",\"exp\":1700000300}", ERR_UNAUTHORIZED, "(iss)"},
        {"{\"iss\":\"https://login.example/ops/\",\"sub\":\"anna\",\"aud\":\"tocsin\","
         "\"exp\":1700000300}",
         ERR_UNAUTHORIZED, "(iss)"},
        {"{\"iss\":\"https://login.example/ops\",\"aud\":\"tocsin\",\"exp\":1700000300}",
         ERR_UNAUTHORIZED, "(sub)"},
        {"{\"iss\":\"https://login.example/ops\",\"sub\":\"\",\"aud\":\"tocsin\","
         "\"exp\":1700000300}",
         ERR_UNAUTHORIZED, "(sub)"},
        {"{\"iss\":\"https://evil.example\"," FOR_US ",\"exp\":1700000300}", ERR_INVALID,
         "no JSON object"}, /* twice */
        {"[]", ERR_INVALID, "no JSON object"},
        {"", ERR_INVALID, "no JSON"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect(issuer, "{\"alg\":\"ES256\",\"kid\":\"e\"}", rows[i].claims, issuer->ec, rows[i].err,
               rows[i].says);
    }
}

static void every_altered_byte_is_found(void **state)
{
    const struct issuer *issuer = *state;
    struct problem problem;
    struct buf token = {0};
    jwt_make(&token, "{\"alg\":\"ES256\",\"kid\":\"e\"}", RIGHT, issuer->ec);
    assert_int_equal(check(issuer, buf_view(&token), &problem), ERR_OK);
    for (size_t i = 0; i < token.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            token.data[i] ^= (uint8_t)(1U << bit);
            assert_int_not_equal(check(issuer, buf_view(&token), &problem), ERR_OK);
            token.data[i] ^= (uint8_t)(1U << bit);
        }
        assert_int_not_equal(check(issuer, slice_of(token.data, i), &problem), ERR_OK);
    }
    buf_str(&token, "A");
    assert_int_not_equal(check(issuer, buf_view(&token), &problem), ERR_OK);
    buf_release(&token);
}

static void what_has_another_form_is_no_token_of_this_kind(void **state)
{
    (void)state;
    assert_true(jwt_looks_like_one(slice_str("a.b.c")));
    assert_true(jwt_looks_like_one(slice_str("a.b.")));
    assert_false(jwt_looks_like_one(slice_str("")));
    assert_false(jwt_looks_like_one(slice_str("a.b")));
    assert_false(jwt_looks_like_one(slice_str("a.b.c.d.e"))); /* an encrypted one */
    assert_false(jwt_looks_like_one(slice_str("..")));
    struct buf token = {0};
    buf_str(&token, "a.");
    memset(buf_reserve(&token, JWT_BYTES_MAX), 'a', JWT_BYTES_MAX);
    token.len = JWT_BYTES_MAX;
    buf_str(&token, ".c");
    assert_false(jwt_looks_like_one(buf_view(&token)));
    buf_release(&token);
}

#define ISSUER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ISSUER_TEST(a_good_token_is_good),
        ISSUER_TEST(algorithms_are_not_the_tokens_to_choose),
        ISSUER_TEST(a_token_without_a_signature_is_refused),
        ISSUER_TEST(a_public_key_is_nobodys_secret),
        ISSUER_TEST(a_key_of_somebody_else_is_refused),
        ISSUER_TEST(extensions_and_other_types_are_refused),
        ISSUER_TEST(every_claim_is_checked),
        ISSUER_TEST(every_altered_byte_is_found),
        cmocka_unit_test(what_has_another_form_is_no_token_of_this_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
