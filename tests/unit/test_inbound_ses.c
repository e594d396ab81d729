/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "coordinator/inbound/sns_message.h"
#include "tests/unit/inbound_rig.h"

#define TOPIC    "arn:aws:sns:eu-west-1:123456789012:events"
#define SETTINGS "{\"topic_arn\":\"" TOPIC "\"}"
#define CERT     "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1B.pem"
#define CONFIRM  "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t1"
#define STAMP    "2025-11-29T15:00:00.000Z" /* INBOUND_NOW */

struct post {
    struct desk *desk;
    EVP_PKEY *pair;
    struct buf pem;
};

static void make_certificate(struct post *post)
{
    X509 *x509 = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    post->pair = EVP_RSA_gen(2048);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
    (void)ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)(INBOUND_NOW / 1000) - 86400);
    (void)ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)(INBOUND_NOW / 1000) + 86400);
    X509_set_pubkey(x509, post->pair);
    assert_int_not_equal(X509_sign(x509, post->pair, EVP_sha256()), 0);
    PEM_write_bio_X509(bio, x509);
    long len = BIO_get_mem_data(bio, &pem);
    buf_append(&post->pem, pem, (size_t)len);
    BIO_free(bio);
    X509_free(x509);
}

static int setup(void **state)
{
    struct post *post = test_calloc(1, sizeof(*post));
    (void)desk_setup((void **)&post->desk);
    make_certificate(post);
    assert_int_equal(desk_open(post->desk, "ses", SETTINGS), ERR_OK);
    *state = post;
    return 0;
}

static int teardown(void **state)
{
    struct post *post = *state;
    EVP_PKEY_free(post->pair);
    buf_release(&post->pem);
    (void)desk_teardown((void **)&post->desk);
    test_free(post);
    return 0;
}

/* ---- messages as SNS would post them ---- */

static void sign(struct post *post, json_t *json, const char *version)
{
    static const char *const members[] = {"Message",   "MessageId", "Subject",  "SubscribeURL",
                                          "Timestamp", "Token",     "TopicArn", "Type"};
    struct buf text = {0};
    uint8_t signature[512];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *value = json_string_value(json_object_get(json, members[i]));
        if (value != NULL) {
            buf_printf(&text, "%s\n%s\n", members[i], value);
        }
    }
    assert_int_equal(EVP_DigestSignInit(context, NULL,
                                        strcmp(version, "1") == 0 ? EVP_sha1() : EVP_sha256(), NULL,
                                        post->pair),
                     1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, text.data, text.len), 1);
    EVP_MD_CTX_free(context);
    buf_release(&text);
    json_object_set_new(json, "SignatureVersion", json_string(version));
    json_object_set_new(json, "Signature",
                        json_string(desk_base64(post->desk, slice_of(signature, len))));
}

static json_t *notification(const char *message)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "Type", "Notification", "MessageId", "m-1",
                     "TopicArn", TOPIC, "Message", message, "Timestamp", STAMP, "SigningCertURL",
                     CERT);
}

static json_t *confirmation(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "Type", "SubscriptionConfirmation",
                     "MessageId", "m-0", "TopicArn", TOPIC, "Message", "You have chosen",
                     "Timestamp", STAMP, "SigningCertURL", CERT, "Token", "t1", "SubscribeURL",
                     CONFIRM);
}

static void put(struct post *post, json_t *take_json)
{
    char *text = json_dumps(take_json, JSON_COMPACT);
    desk_request(post->desk, INBOUND_WAY_EVENTS, "POST", "/r/mail", "text/plain; charset=UTF-8",
                 arena_str(&post->desk->arena, slice_str(text)));
    free(text);
    json_decref(take_json);
}

static void put_signed(struct post *post, json_t *take_json, const char *version)
{
    sign(post, take_json, version);
    put(post, take_json);
}

static void expect_fetch(struct post *post, const char *url, const char *body)
{
    assert_int_equal(desk_take(post->desk), INBOUND_FETCH);
    assert_string_equal(post->desk->result.fetch_url, url);
    inbound_fetched(post->desk->inbound, url, slice_str(body), post->desk->request.now_ms);
}

static const char *event(struct post *post, const char *members)
{
    return arena_printf(&post->desk->arena,
                        "{%s,\"mail\":{\"messageId\":\"x\",\"tags\":{\"tocsin\":[\"" INBOUND_TOKEN
                        "\"],\"ses:caller-identity\":[\"i\"]}}}",
                        members);
}

/* ---- tests ---- */

static void events_become_receipts(void **state)
{
    struct post *post = *state;
    static const struct {
        const char *members;
        enum receipt_kind kind;
        unsigned reason;
    } cases[] = {
        {"\"eventType\":\"Send\"", RECEIPT_ACCEPTED, 0},
        {"\"eventType\":\"Delivery\"", RECEIPT_DELIVERED, 0},
        {"\"notificationType\":\"Delivery\"", RECEIPT_DELIVERED, 0},
        {"\"eventType\":\"DeliveryDelay\"", RECEIPT_ACCEPTED, 0},
        {"\"eventType\":\"Complaint\"", RECEIPT_COMPLAINED, 0},
        {"\"eventType\":\"Reject\"", RECEIPT_FAILED, REASON_REFUSED_THERE},
        {"\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bounceSubType\":"
         "\"General\",\"bouncedRecipients\":[{\"status\":\"5.1.1\"}]}",
         RECEIPT_BOUNCED, REASON_ADDRESS_UNKNOWN},
        {"\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bounceSubType\":"
         "\"Suppressed\"}",
         RECEIPT_BOUNCED, REASON_ADDRESS_UNKNOWN},
        {"\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Transient\",\"bounceSubType\":"
         "\"MailboxFull\"}",
         RECEIPT_FAILED, REASON_MAILBOX_FULL},
        {"\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Transient\",\"bounceSubType\":"
         "\"ContentRejected\"}",
         RECEIPT_FAILED, REASON_FILTERED},
        {"\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Undetermined\"}", RECEIPT_FAILED,
         REASON_UNREACHABLE},
        {"\"eventType\":\"Bounce\"", RECEIPT_FAILED, REASON_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_signed(post, notification(event(post, cases[i].members)), i % 2 == 0 ? "1" : "2");
        if (i == 0) {
            expect_fetch(post, CERT, buf_cstr(&post->pem)); /* once for all of them */
        }
        desk_expect_receipt(post->desk, cases[i].kind, cases[i].reason);
    }
}

static void what_is_not_ours_is_passed_over(void **state)
{
    struct post *post = *state;
    static const char *const messages[] = {
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "{\"eventType\":\"Delivery\",\"mail\":{\"tags\":{}}}",
        "{\"eventType\":\"Delivery\",\"mail\":{\"tags\":{\"tocsin\":[]}}}",
        "{\"eventType\":\"Open\",\"mail\":{\"tags\":{\"tocsin\":[\"x\"]}}}",
        "{\"mail\":{\"tags\":{\"tocsin\":[\"x\"]}}}",
        "[]",
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        put_signed(post, notification(messages[i]), "1");
        if (i == 0) {
            expect_fetch(post, CERT, buf_cstr(&post->pem));
        }
        assert_int_equal(desk_take(post->desk), INBOUND_TAKEN);
        assert_int_equal(post->desk->result.count, 0);
        assert_int_equal(post->desk->result.unknown, 1);
    }
}

static void a_subscription_is_confirmed_once(void **state)
{
    struct post *post = *state;
    put_signed(post, confirmation(), "1");
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    expect_fetch(post, CONFIRM, "<ConfirmSubscriptionResponse/>");
    assert_int_equal(desk_take(post->desk), INBOUND_TAKEN);
    assert_int_equal(post->desk->result.count, 0);
    assert_int_equal(desk_take(post->desk), INBOUND_TAKEN);
}

static void a_confirmation_that_is_not_answered_comes_again(void **state)
{
    struct post *post = *state;
    put_signed(post, confirmation(), "2");
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    expect_fetch(post, CONFIRM, "");
    desk_expect_end(post->desk, INBOUND_CLOSED, "SNS did not answer");
    post->desk->request.now_ms += 31000;
    expect_fetch(post, CONFIRM, "<ok/>");
    assert_int_equal(desk_take(post->desk), INBOUND_TAKEN);
}

static void a_subscription_at_a_strange_host_is_not_confirmed(void **state)
{
    struct post *post = *state;
    json_t *json = confirmation();
    json_object_set_new(json, "SubscribeURL", json_string("https://127.0.0.1/latest/meta-data"));
    put_signed(post, json, "1");
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    desk_expect_end(post->desk, INBOUND_FORGED, "SubscribeURL");
}

static void set_and_expect(struct post *post, const char *member, const char *value,
                           enum inbound_verdict verdict, const char *words)
{
    json_t *json = notification(event(post, "\"eventType\":\"Delivery\""));
    sign(post, json, "2");
    if (value == NULL) {
        json_object_del(json, member);
    } else {
        json_object_set_new(json, member, json_string(value));
    }
    put(post, json);
    desk_expect_end(post->desk, verdict, words);
}

static void forged_altered_and_outdated_posts_are_refused(void **state)
{
    struct post *post = *state;
    put_signed(post, notification(event(post, "\"eventType\":\"Delivery\"")), "2");
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    desk_expect_receipt(post->desk, RECEIPT_DELIVERED, 0);
    desk_expect_receipt(post->desk, RECEIPT_DELIVERED, 0); /* replayed: the same again */

    set_and_expect(post, "Message", "{\"eventType\":\"Bounce\"}", INBOUND_FORGED, "Signature");
    set_and_expect(post, "MessageId", "m-2", INBOUND_FORGED, "Signature");
    set_and_expect(post, "Subject", "added", INBOUND_FORGED, "Signature");
    set_and_expect(post, "Timestamp", "2025-11-29T15:00:01.000Z", INBOUND_FORGED, "Signature");
    set_and_expect(post, "SignatureVersion", "1", INBOUND_FORGED, "Signature");
    set_and_expect(post, "Signature", "AAAA", INBOUND_FORGED, "Signature");
    set_and_expect(post, "Signature", NULL, INBOUND_FORGED, "Signature");
    set_and_expect(post, "TopicArn", TOPIC "2", INBOUND_FORGED, "topic_arn");
    set_and_expect(post, "Timestamp", "2025-11-28T13:59:59.000Z", INBOUND_FORGED, "too old");
    set_and_expect(post, "Timestamp", "2025-11-29T15:06:00.000Z", INBOUND_FORGED, "too old");
    set_and_expect(post, "Timestamp", "yesterday", INBOUND_REFUSED, "Timestamp");
    set_and_expect(post, "SignatureVersion", "3", INBOUND_REFUSED, "SignatureVersion");
    set_and_expect(post, "MessageId", NULL, INBOUND_REFUSED, "MessageId");
    set_and_expect(post, "Type", "Telegram", INBOUND_REFUSED, "Type");
    set_and_expect(post, "SigningCertURL", "https://evil.example/cert.pem", INBOUND_FORGED,
                   "SigningCertURL");
}

static void a_bad_certificate_is_left_alone_for_a_while(void **state)
{
    struct post *post = *state;
    put_signed(post, notification(event(post, "\"eventType\":\"Delivery\"")), "2");
    expect_fetch(post, CERT, "<html>not found</html>");
    desk_expect_end(post->desk, INBOUND_CLOSED, "SigningCertURL");
    post->desk->request.now_ms += 31000;
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    desk_expect_receipt(post->desk, RECEIPT_DELIVERED, 0);
}

static void a_certificate_is_fetched_again_when_it_has_expired(void **state)
{
    struct post *post = *state;
    assert_int_equal(
        desk_open(post->desk, "ses", "{\"topic_arn\":\"" TOPIC "\",\"events_max_age\":\"7d\"}"),
        ERR_OK);
    put_signed(post, notification(event(post, "\"eventType\":\"Delivery\"")), "2");
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    post->desk->request.now_ms += UINT64_C(86400000); /* the last moment */
    desk_expect_receipt(post->desk, RECEIPT_DELIVERED, 0);
    post->desk->request.now_ms += 1000;
    expect_fetch(post, CERT, buf_cstr(&post->pem));
    desk_expect_end(post->desk, INBOUND_CLOSED, "not valid");
}

static void only_hosts_of_sns_are_trusted(void **state)
{
    static const char *const good[] = {
        CERT,
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-9.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-9.pem",
    };
    static const char *const bad[] = {
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1B.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.evil.example#.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.a.b.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns..amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.s3.amazonaws.com/SimpleNotificationService-0.pem", /* a bucket called "sns" */
        "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1-.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.-eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../x.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem\r\nX: y",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(sns_certificate_url_is_trusted(slice_str(good[i]), NULL));
        assert_true(sns_url_is_trusted(slice_str(good[i]), NULL));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(sns_certificate_url_is_trusted(slice_str(bad[i]), NULL));
    }
    assert_true(sns_url_is_trusted(slice_str(CONFIRM), NULL));
    assert_false(sns_url_is_trusted(slice_str("https://sns.eu-west-1.amazonaws.com"), NULL));
    assert_true(sns_url_is_trusted(slice_str("http://127.0.0.1:1/c"), "http://127.0.0.1:1/"));
    assert_false(sns_url_is_trusted(slice_str(CONFIRM), "http://127.0.0.1:1/"));
}

static void without_a_topic_nothing_is_taken(void **state)
{
    struct post *post = *state;
    assert_int_equal(desk_open(post->desk, "ses", "{}"), ERR_OK);
    put_signed(post, notification("{}"), "1");
    desk_expect_end(post->desk, INBOUND_NOT_HERE, "topic_arn");
    assert_int_equal(desk_open(post->desk, "ses", "{\"topic_arn\":7}"), ERR_INVALID);
    assert_int_equal(desk_open(post->desk, "ses", "{\"sns_url\":\"ftp://x\"}"), ERR_INVALID);
    assert_int_equal(desk_open(post->desk, "ses", SETTINGS), ERR_OK);
    desk_request(post->desk, INBOUND_WAY_EVENTS, "POST", "/r/mail", NULL, "");
    desk_expect_end(post->desk, INBOUND_REFUSED, "JSON");
    char *long_body = arena_alloc(&post->desk->arena, 600001);
    memset(long_body, ' ', 600000);
    long_body[600000] = '\0';
    desk_request(post->desk, INBOUND_WAY_EVENTS, "POST", "/r/mail", NULL, long_body);
    desk_expect_end(post->desk, INBOUND_REFUSED, "longer");
    desk_request(post->desk, INBOUND_WAY_EVENTS, "GET", "/r/mail", NULL, "");
    desk_expect_end(post->desk, INBOUND_NOT_HERE, "/r/{provider}");
}

#define POST_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POST_TEST(events_become_receipts),
        POST_TEST(what_is_not_ours_is_passed_over),
        POST_TEST(a_subscription_is_confirmed_once),
        POST_TEST(a_confirmation_that_is_not_answered_comes_again),
        POST_TEST(a_subscription_at_a_strange_host_is_not_confirmed),
        POST_TEST(forged_altered_and_outdated_posts_are_refused),
        POST_TEST(a_bad_certificate_is_left_alone_for_a_while),
        POST_TEST(a_certificate_is_fetched_again_when_it_has_expired),
        cmocka_unit_test(only_hosts_of_sns_are_trusted),
        POST_TEST(without_a_topic_nothing_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
