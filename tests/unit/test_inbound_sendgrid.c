/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/unit/inbound_rig.h"

#define NOW_S "1764428400"

struct mill {
    struct desk *desk;
    EVP_PKEY *pair;
};

static int setup(void **state)
{
    struct mill *mill = test_calloc(1, sizeof(*mill));
    uint8_t *der = NULL;
    (void)desk_setup((void **)&mill->desk);
    mill->pair = EVP_EC_gen("P-256");
    int len = i2d_PUBKEY(mill->pair, &der);
    const char *key = desk_base64(mill->desk, slice_of(der, (size_t)len));
    OPENSSL_free(der);
    assert_int_equal(setenv("TOCSIN_TEST_KEY", key, 1), 0);
    assert_int_equal(desk_open(mill->desk, "sendgrid", "{\"events_key\":\"env:TOCSIN_TEST_KEY\"}"),
                     ERR_OK);
    *state = mill;
    return 0;
}

static int teardown(void **state)
{
    struct mill *mill = *state;
    EVP_PKEY_free(mill->pair);
    (void)desk_teardown((void **)&mill->desk);
    test_free(mill);
    return 0;
}

static void post(struct mill *mill, const char *stamp, const char *body)
{
    struct desk *desk = mill->desk;
    uint8_t signature[128];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, mill->pair), 1);
    assert_int_equal(EVP_DigestSignUpdate(context, stamp, strlen(stamp)), 1);
    assert_int_equal(EVP_DigestSignUpdate(context, body, strlen(body)), 1);
    assert_int_equal(EVP_DigestSignFinal(context, signature, &len), 1);
    EVP_MD_CTX_free(context);
    desk_request(desk, INBOUND_WAY_EVENTS, "POST", "/r/mail", INBOUND_JSON, body);
    desk_header(desk, "X-Twilio-Email-Event-Webhook-Timestamp", stamp);
    desk_header(desk, "X-Twilio-Email-Event-Webhook-Signature",
                desk_base64(desk, slice_of(signature, len)));
}

static void events_become_receipts(void **state)
{
    struct mill *mill = *state;
    static const struct {
        const char *event;
        enum receipt_kind kind;
        unsigned reason;
    } cases[] = {
        {"\"processed\"", RECEIPT_ACCEPTED, 0},
        {"\"deferred\"", RECEIPT_ACCEPTED, 0},
        {"\"delivered\",\"response\":\"250 OK\"", RECEIPT_DELIVERED, 0},
        {"\"spamreport\"", RECEIPT_COMPLAINED, 0},
        {"\"bounce\",\"type\":\"bounce\",\"status\":\"5.1.1\"", RECEIPT_BOUNCED,
         REASON_ADDRESS_UNKNOWN},
        {"\"bounce\",\"status\":\"5.0.0\"", RECEIPT_BOUNCED, REASON_ADDRESS_UNKNOWN},
        {"\"bounce\"", RECEIPT_BOUNCED, REASON_ADDRESS_UNKNOWN},
        {"\"bounce\",\"type\":\"bounce\",\"status\":\"5.2.2\"", RECEIPT_BOUNCED,
         REASON_MAILBOX_FULL},
        {"\"bounce\",\"type\":\"bounce\",\"status\":\"5.7.1\"", RECEIPT_BOUNCED, REASON_FILTERED},
        {"\"bounce\",\"type\":\"blocked\",\"status\":\"5.7.1\"", RECEIPT_FAILED, REASON_FILTERED},
        {"\"bounce\",\"type\":\"blocked\",\"status\":\"550\"", RECEIPT_FAILED,
         REASON_REFUSED_THERE},
        {"\"bounce\",\"type\":\"expired\"", RECEIPT_FAILED, REASON_EXPIRED_THERE},
        {"\"dropped\",\"reason\":\"Bounced Address\"", RECEIPT_FAILED, REASON_ADDRESS_UNKNOWN},
        {"\"dropped\",\"reason\":\"Invalid\"", RECEIPT_FAILED, REASON_ADDRESS_UNKNOWN},
        {"\"dropped\",\"reason\":\"Spam Content\"", RECEIPT_FAILED, REASON_REFUSED_THERE},
        {"\"dropped\"", RECEIPT_FAILED, REASON_REFUSED_THERE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post(mill, NOW_S,
             arena_printf(&mill->desk->arena,
                          "[{\"email\":\"a@b.test\",\"tocsin\":\"" INBOUND_TOKEN
                          "\",\"event\":%s}]",
                          cases[i].event));
        desk_expect_receipt(mill->desk, cases[i].kind, cases[i].reason);
    }
}

static void opt_outs_are_told_as_such(void **state)
{
    struct mill *mill = *state;
    struct desk *desk = mill->desk;
    post(mill, NOW_S,
         "[{\"tocsin\":\"" INBOUND_TOKEN "\",\"event\":\"unsubscribe\"},"
         "{\"tocsin\":\"" INBOUND_TOKEN "\",\"event\":\"group_unsubscribe\"},"
         "{\"tocsin\":\"" INBOUND_TOKEN
         "\",\"event\":\"dropped\",\"reason\":\"Unsubscribed Address\"}]");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 4);
    assert_int_equal(desk->result.events[0].kind, INBOUND_OPT_OUT);
    assert_slice_is(desk->result.events[0].token, INBOUND_TOKEN);
    assert_int_equal(desk->result.events[1].kind, INBOUND_OPT_OUT);
    assert_int_equal(desk->result.events[2].receipt.reason, REASON_OPTED_OUT_THERE);
    assert_int_equal(desk->result.events[3].kind, INBOUND_OPT_OUT);
}

static void what_is_not_ours_is_passed_over(void **state)
{
    struct mill *mill = *state;
    struct desk *desk = mill->desk;
    post(mill, NOW_S,
         "[{\"event\":\"delivered\"},{\"event\":\"open\",\"tocsin\":\"" INBOUND_TOKEN
         "\"},7,null,{\"event\":\"delivered\",\"tocsin\":7},{\"event\":[],\"tocsin\":\"x\"}]");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    assert_int_equal(desk->result.unknown, 6);
    post(mill, NOW_S, "{}");
    desk_expect_end(desk, INBOUND_REFUSED, "array");
    post(mill, NOW_S, "[");
    desk_expect_end(desk, INBOUND_REFUSED, "JSON");
}

static void forged_altered_and_outdated_events_are_refused(void **state)
{
    struct mill *mill = *state;
    struct desk *desk = mill->desk;
    static const char body[] = "[{\"event\":\"delivered\",\"tocsin\":\"" INBOUND_TOKEN "\"}]\r\n";
    post(mill, NOW_S, body);
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0);
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0); /* replayed: the same again */
    desk->request.body.len -= 2;                     /* without its line end */
    desk_expect_end(desk, INBOUND_FORGED, "Signature");
    post(mill, NOW_S, body);
    desk_header(desk, "X-Twilio-Email-Event-Webhook-Timestamp", "1764428401");
    desk_expect_end(desk, INBOUND_FORGED, "Signature");
    post(mill, NOW_S, body);
    desk_header(desk, "X-Twilio-Email-Event-Webhook-Signature", NULL);
    desk_expect_end(desk, INBOUND_FORGED, "Signature");
    post(mill, "1764338400", body); /* 25 hours */
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0);
    post(mill, "1764338399", body);
    desk_expect_end(desk, INBOUND_FORGED, "too old");
    post(mill, "1764428701", body); /* ahead of us */
    desk_expect_end(desk, INBOUND_FORGED, "too old");
    post(mill, "soon", body);
    desk_expect_end(desk, INBOUND_FORGED, "Signature");
    EVP_PKEY *ours = mill->pair;
    mill->pair = EVP_EC_gen("P-256");
    post(mill, NOW_S, body);
    desk_expect_end(desk, INBOUND_FORGED, "Signature");
    EVP_PKEY_free(mill->pair);
    mill->pair = ours;
}

static void the_age_is_a_setting(void **state)
{
    struct mill *mill = *state;
    struct desk *desk = mill->desk;
    static const char settings[] = "{\"events_key\":\"env:TOCSIN_TEST_KEY\",\"events_max_age\":%s}";
    assert_int_equal(desk_open(desk, "sendgrid", arena_printf(&desk->arena, settings, "\"10m\"")),
                     ERR_OK);
    post(mill, "1764427800", "[]");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    post(mill, "1764427799", "[]");
    desk_expect_end(desk, INBOUND_FORGED, "events_max_age");
    assert_int_equal(desk_open(desk, "sendgrid", arena_printf(&desk->arena, settings, "600")),
                     ERR_OK);
    post(mill, "1764427800", "[]");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk_open(desk, "sendgrid", arena_printf(&desk->arena, settings, "\"8d\"")),
                     ERR_INVALID);
    assert_non_null(strstr(desk->problem.text, "events_max_age"));
}

static void without_a_key_nothing_is_taken(void **state)
{
    struct mill *mill = *state;
    struct desk *desk = mill->desk;
    assert_int_equal(desk_open(desk, "sendgrid", "{\"api_key\":\"env:NOBODY\"}"), ERR_OK);
    post(mill, NOW_S, "[]");
    desk_expect_end(desk, INBOUND_NOT_HERE, "events_key");
    assert_int_equal(desk_open(desk, "sendgrid", "{\"events_key\":\"bm9uc2Vuc2U=\"}"), ERR_INVALID);
    assert_non_null(strstr(desk->problem.text, "events_key"));
    assert_int_equal(desk_open(desk, "sendgrid", "{\"events_key\":\"env:TOCSIN_TEST_NONE\"}"),
                     ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_become_receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(opt_outs_are_told_as_such, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(forged_altered_and_outdated_events_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_age_is_a_setting, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_key_nothing_is_taken, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
