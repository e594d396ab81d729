/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "common/text.h"
#include "coordinator/bearer/service_account.h"
#include "tests/unit/unit.h"

static char *private_key; /* RSA of 2,048 bits, as JSON writes it */

static int make_key(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    struct buf json = {0};
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    text_json_escape(&json, slice_of(text, (size_t)len));
    private_key = strdup(buf_cstr(&json));
    buf_release(&json);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return 0;
}

static int drop_key(void **state)
{
    (void)state;
    free(private_key);
    return 0;
}

static enum err read_account(struct service_account *account, const char *format,
                             struct problem *problem)
{
    struct buf json = {0};
    const char *mark = strchr(format, '$');
    buf_append(&json, format, mark == NULL ? strlen(format) : (size_t)(mark - format));
    if (mark != NULL) {
        buf_str(&json, private_key);
        buf_str(&json, mark + 1);
    }
    enum err err = service_account_read(account, buf_view(&json), problem);
    buf_release(&json);
    return err;
}

#define GOOD                                                                                       \
    "{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key_id\":\"k1\","                \
    "\"private_key\":\"$\",\"client_email\":\"a@p.iam.gserviceaccount.com\","                      \
    "\"token_uri\":\"https://oauth2.googleapis.com/token\"}"

static void an_assertion_says_who_asks_for_what(void **state)
{
    (void)state;
    struct service_account account;
    struct buf body = {0};
    struct problem problem = {0};
    assert_int_equal(read_account(&account, GOOD, &problem), ERR_OK);
    assert_true(service_account_ask(&account, 1700000000, &body));
    static const char begin[] =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    assert_memory_equal(body.data, begin, sizeof(begin) - 1);
    const char *claims = strchr(buf_cstr(&body), '.') + 1;
    uint8_t decoded[512];
    size_t len;
    assert_true(text_base64url_decode(slice_of(claims, (size_t)(strchr(claims, '.') - claims)),
                                      decoded, sizeof(decoded), &len));
    assert_true(slice_is(slice_of(decoded, len),
                         "{\"iss\":\"a@p.iam.gserviceaccount.com\",\"scope\":\"https://"
                         "www.googleapis.com/auth/firebase.messaging\",\"aud\":\"https://"
                         "oauth2.googleapis.com/token\",\"iat\":1700000000,\"exp\":1700003600}"));
    buf_release(&body);
    service_account_release(&account);
}

static void refused(const char *format, const char *words)
{
    struct service_account account;
    struct problem problem = {0};
    assert_int_equal(read_account(&account, format, &problem), ERR_INVALID);
    assert_null(account.key);
    if (strstr(problem.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", problem.text, words);
    }
}

static void what_is_no_service_account_is_refused_with_the_reason(void **state)
{
    (void)state;
    refused("", "no JSON object");
    refused("[]", "no JSON object");
    refused("{\"type\":\"authorized_user\"}", "type is not");
    refused("{\"type\":\"service_account\"}", "client_email is missing");
    refused("{\"type\":\"service_account\",\"client_email\":\"a\\\"b\"}", "client_email");
    refused("{\"type\":\"service_account\",\"client_email\":\"a@b\",\"token_uri\":\"http://a/\"}",
            "token_uri is missing or not https");
    refused("{\"type\":\"service_account\",\"client_email\":\"a@b\",\"token_uri\":\"https://a/\"}",
            "private_key: the key cannot be used");
    refused("{\"type\":\"service_account\",\"client_email\":\"a@b\",\"token_uri\":\"https://a/\","
            "\"private_key\":\"x$\"}",
            "private_key: ");
}

static enum err read_token(struct access_token *token, unsigned status, const char *json,
                           struct problem *problem)
{
    return access_token_read(token, status, slice_str(json), problem);
}

static void an_answer_gives_a_token_and_its_life(void **state)
{
    (void)state;
    struct access_token token;
    struct problem problem = {0};
    assert_int_equal(read_token(&token, 200,
                                "{\"access_token\":\"ya29.x\",\"expires_in\":3599,"
                                "\"token_type\":\"Bearer\"}",
                                &problem),
                     ERR_OK);
    assert_true(slice_is(buf_view(&token.text), "ya29.x"));
    assert_int_equal(token.life_s, 3599);
    access_token_release(&token);
    assert_int_equal(read_token(&token, 200, "{\"access_token\":\"x\"}", &problem), ERR_OK);
    assert_int_equal(token.life_s, 3600);
    access_token_release(&token);
    assert_int_equal(
        read_token(&token, 200, "{\"access_token\":\"x\",\"expires_in\":-5}", &problem), ERR_OK);
    assert_int_equal(token.life_s, 1);
    access_token_release(&token);
}

static void an_answer_that_gives_none_says_why(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *json;
        const char *words;
    } answers[] = {
        {400, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}",
         "answered 400: Invalid JWT Signature."},
        {400, "{\"error\":\"invalid_grant\"}", "answered 400: invalid_grant"},
        {503, "later", "answered 503"},
        {400, "{\"error\":\"a\\n\\\"b\"}", "answered 400: a??b"},
        {200, "{}", "no access_token"},
        {200, "", "no access_token"},
        {200, "{\"access_token\":\"a b\"}", "no access_token"},
        {200, "{\"access_token\":\"a\\r\\nHost: x\"}", "no access_token"},
        {200, "{\"access_token\":\"x\",\"token_type\":\"mac\"}", "no access_token"},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct access_token token;
        struct problem problem = {0};
        assert_int_equal(read_token(&token, answers[i].status, answers[i].json, &problem),
                         ERR_INVALID);
        if (strstr(problem.text, answers[i].words) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", problem.text, answers[i].words);
        }
        access_token_release(&token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_says_who_asks_for_what),
        cmocka_unit_test(what_is_no_service_account_is_refused_with_the_reason),
        cmocka_unit_test(an_answer_gives_a_token_and_its_life),
        cmocka_unit_test(an_answer_that_gives_none_says_why),
    };
    return cmocka_run_group_tests(tests, make_key, drop_key);
}
