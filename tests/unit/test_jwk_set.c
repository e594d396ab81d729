/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rsa.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/identity/jwk_set.h"
#include "tests/unit/jwt_maker.h"
#include "tests/unit/unit.h"

static struct jwk_set *read_set(const char *json)
{
    struct jwk_set *set = NULL;
    struct problem problem;
    enum err err = jwk_set_read(&set, slice_str(json), &problem);
    if (err != ERR_OK) {
        fail_msg("%s: %s", json, problem.text);
    }
    return set;
}

static void expect_refused(const char *json, enum err expected, const char *says)
{
    struct jwk_set *set = NULL;
    struct problem problem;
    assert_int_equal(jwk_set_read(&set, slice_str(json), &problem), expected);
    assert_null(set);
    if (strstr(problem.text, says) == NULL) {
        fail_msg("%s: %s", json, problem.text);
    }
}

/* ---- the examples of RFC 7515, appendices A.2 and A.3 ---- */

#define RFC_CLAIMS                                                                                 \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"  \
    "lfQ"
#define RFC_RSA                                                                                    \
    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-V"  \
    "aw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7O"  \
    "Mg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qC"  \
    "o5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuX"  \
    "poQ\",\"e\":\"AQAB\"}"
#define RFC_EC                                                                                     \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","     \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define RFC_RSA_INPUT "eyJhbGciOiJSUzI1NiJ9." RFC_CLAIMS
#define RFC_EC_INPUT  "eyJhbGciOiJFUzI1NiJ9." RFC_CLAIMS
#define RFC_RSA_SIGNATURE                                                                          \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp"  \
    "5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHl" \
    "b1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9Q" \
    "OYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define RFC_EC_SIGNATURE                                                                           \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

static void expect_signed(const char *key_json, enum jwk_algorithm algorithm, const char *input,
                          const char *signature)
{
    uint8_t bytes[512];
    size_t len = 0;
    char json[2048];
    (void)snprintf(json, sizeof(json), "{\"keys\":[%s]}", key_json);
    struct jwk_set *set = read_set(json);
    const struct jwk *key = jwk_set_find(set, NULL, algorithm);
    assert_non_null(key);
    assert_true(text_base64url_decode(slice_str(signature), bytes, sizeof(bytes), &len));
    assert_true(jwk_verify(key, slice_str(input), slice_of(bytes, len)));
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        assert_false(jwk_verify(key, slice_str(input), slice_of(bytes, len)));
        bytes[i] ^= 1;
        assert_false(jwk_verify(key, slice_str(input), slice_of(bytes, i)));
    }
    assert_false(jwk_verify(key, slice_str(input + 1), slice_of(bytes, len)));
    memset(bytes, 0, sizeof(bytes)); /* r and s of 0: CVE-2022-21449 elsewhere */
    assert_false(jwk_verify(key, slice_str(input), slice_of(bytes, len)));
    jwk_set_free(set);
}

static void the_examples_of_rfc_7515_are_good(void **state)
{
    (void)state;
    expect_signed(RFC_RSA, JWK_RS256, RFC_RSA_INPUT, RFC_RSA_SIGNATURE);
    expect_signed(RFC_EC, JWK_ES256, RFC_EC_INPUT, RFC_EC_SIGNATURE);
}

/* ---- which keys are taken ---- */

static void other_kinds_and_uses_are_passed_over(void **state)
{
    (void)state;
    struct jwk_set *set = read_set(
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"h\"},"
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"},7,null,{},"
        "{\"use\":\"enc\",\"kid\":\"e\",\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"key_ops\":[\"sign\"],\"kid\":\"o\",\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"alg\":\"ES512\",\"kid\":\"a\",\"kty\":\"EC\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"kid\":\"g\",\"kty\":\"EC\","
        "\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}");
    assert_int_equal(jwk_set_count(set), 1);
    assert_non_null(jwk_set_find(set, "g", JWK_ES256));
    assert_null(jwk_set_find(set, "g", JWK_RS256)); /* a key has one algorithm */
    assert_null(jwk_set_find(set, "h", JWK_ES256));
    jwk_set_free(set);
}

static void what_is_damaged_is_passed_over(void **state)
{
    static const char *const keys[] = {
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        /* no point of the curve */
        ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}"),
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char json[1024];
        (void)snprintf(json, sizeof(json), "{\"keys\":[%s]}", keys[i]);
        expect_refused(json, ERR_INVALID, "none of its 1 keys can be used");
    }
    static const char *const exponents[] = {"", "AQ", "Ag", "AQABAQAB", "AAAB", "AAE"};
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        char json[1024] = "{\"keys\":[" RFC_RSA "]}";
        char *at = strstr(json, "\"AQAB\"");
        (void)snprintf(at, 40, "\"%s\"}]}", exponents[i]);
        expect_refused(json, ERR_INVALID, "none of its 1 keys can be used");
    }
}

static void a_short_rsa_key_is_passed_over(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(1024);
    struct buf json = {0};
    buf_str(&json, "{\"keys\":[");
    jwk_make(&json, "", pkey);
    buf_str(&json, "]}");
    expect_refused(buf_cstr(&json), ERR_INVALID, "2,048 to 8,192 bits");
    buf_release(&json);
    EVP_PKEY_free(pkey);
}

static void what_is_no_set_is_refused(void **state)
{
    (void)state;
    expect_refused("", ERR_INVALID, "no JSON Web Key Set");
    expect_refused("[]", ERR_INVALID, "no JSON Web Key Set");
    expect_refused("{\"keys\":{}}", ERR_INVALID, "no JSON Web Key Set");
    expect_refused("{\"keys\":[]}", ERR_INVALID, "none of its 0 keys");
    expect_refused("{\"keys\":[" RFC_EC "],\"keys\":[" RFC_RSA "]}", ERR_INVALID, "no JSON");
    struct buf json = {0};
    buf_str(&json, "{\"keys\":[" RFC_EC);
    for (unsigned i = 0; i < JWK_SET_KEYS_MAX; i++) {
        buf_str(&json, ",{}");
    }
    buf_str(&json, "]}");
    expect_refused(buf_cstr(&json), ERR_LIMIT, "it has 65 keys");
    buf_clear(&json);
    memset(buf_reserve(&json, JWK_SET_BYTES_MAX + 1), ' ', JWK_SET_BYTES_MAX + 1);
    json.len = JWK_SET_BYTES_MAX + 1;
    expect_refused(buf_cstr(&json), ERR_LIMIT, "more than 65536 bytes");
    buf_release(&json);
}

static void without_an_id_a_key_must_be_the_only_one(void **state)
{
    (void)state;
    struct jwk_set *set = read_set("{\"keys\":[" RFC_EC "," RFC_RSA "]}");
    assert_non_null(jwk_set_find(set, NULL, JWK_ES256));
    assert_non_null(jwk_set_find(set, NULL, JWK_RS256));
    assert_null(jwk_set_find(set, "", JWK_RS256));
    jwk_set_free(set);
    set = read_set("{\"keys\":[" RFC_EC "," RFC_EC "]}");
    assert_int_equal(jwk_set_count(set), 2);
    assert_null(jwk_set_find(set, NULL, JWK_ES256));
    jwk_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_7515_are_good),
        cmocka_unit_test(other_kinds_and_uses_are_passed_over),
        cmocka_unit_test(what_is_damaged_is_passed_over),
        cmocka_unit_test(a_short_rsa_key_is_passed_over),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(without_an_id_a_key_must_be_the_only_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
