/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inbound_rig.h"

#define SETTINGS "{\"account\":\"AC1\",\"auth_token\":\"env:TOCSIN_TEST_SECRET\"}"
#define RECEIPT  "/r/sms/" INBOUND_TOKEN
#define VOICE    "/v/call/" INBOUND_TOKEN

/* Signed as it stands: the parameters must be sorted already, and nothing in them encoded. */
static void post(struct desk *desk, enum inbound_way way, const char *path, const char *form)
{
    char *plain = arena_str(&desk->arena, slice_str(form));
    char *out = plain;
    desk_request(desk, way, "POST", path, INBOUND_FORM, form);
    for (const char *at = form; *at != '\0'; at++) {
        if (*at != '&' && *at != '=') {
            *out++ = *at == '+' ? ' ' : *at;
        }
    }
    *out = '\0';
    desk_header(desk, "X-Twilio-Signature",
                desk_hmac_base64(desk, SIGNATURE_SHA1,
                                 (const char *const[]){desk->request.url, plain, NULL}));
}

/* The one of Twilio's own documentation, under the key 12345. */
static void the_documented_signature_is_good(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio_voice", SETTINGS), ERR_OK);
    desk_request(desk, INBOUND_WAY_VOICE, "POST", "/myapp.php?foo=1&bar=2", INBOUND_FORM,
                 "To=%2B18005551212&CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&"
                 "From=%2B12349013030");
    desk->request.url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    desk_header(desk, "X-Twilio-Signature", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    desk->request.url = "https://mycompany.com:443/myapp.php?foo=1&bar=2"; /* the same */
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    desk->request.url = "https://mycompany.com:8443/myapp.php?foo=1&bar=2";
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
    desk->request.url = "http://mycompany.com/myapp.php?foo=1&bar=2";
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
    desk->request.url = "https://mycompany.com/myapp.php?bar=2&foo=1";
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
    desk_header(desk, "X-Twilio-Signature", "0/KCTR6DLpKmkAf8muzZqo1nDgR=");
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
}

static void statuses_become_receipts(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *form;
        enum receipt_kind kind;
        unsigned reason;
    } cases[] = {
        {"MessageStatus=queued", RECEIPT_ACCEPTED, 0},
        {"MessageStatus=sent", RECEIPT_ACCEPTED, 0},
        {"MessageStatus=delivered", RECEIPT_DELIVERED, 0},
        {"MessageStatus=read", RECEIPT_DELIVERED, 0},
        {"SmsStatus=delivered", RECEIPT_DELIVERED, 0},
        {"ErrorCode=30003&MessageStatus=undelivered", RECEIPT_FAILED, REASON_UNREACHABLE},
        {"ErrorCode=30005&MessageStatus=undelivered", RECEIPT_FAILED, REASON_ADDRESS_UNKNOWN},
        {"ErrorCode=30006&MessageStatus=failed", RECEIPT_FAILED, REASON_ADDRESS_UNFIT},
        {"ErrorCode=30007&MessageStatus=undelivered", RECEIPT_FAILED, REASON_FILTERED},
        {"ErrorCode=30036&MessageStatus=failed", RECEIPT_FAILED, REASON_EXPIRED_THERE},
        {"ErrorCode=39999&MessageStatus=failed", RECEIPT_FAILED, REASON_REFUSED_THERE},
        {"ErrorCode=30005&MessageStatus=delivered", RECEIPT_DELIVERED, 0},
        {"CallStatus=ringing", RECEIPT_ACCEPTED, 0},
        {"AnsweredBy=human&CallStatus=completed", RECEIPT_DELIVERED, 0},
        {"CallStatus=completed", RECEIPT_DELIVERED, 0},
        {"AnsweredBy=machine_end_beep&CallStatus=completed", RECEIPT_FAILED,
         REASON_ANSWERED_BY_MACHINE},
        {"CallStatus=busy", RECEIPT_FAILED, REASON_BUSY},
        {"CallStatus=no-answer", RECEIPT_FAILED, REASON_NO_ANSWER},
        {"CallStatus=failed&SipResponseCode=404", RECEIPT_FAILED, REASON_ADDRESS_UNKNOWN},
        {"CallStatus=failed&SipResponseCode=503", RECEIPT_FAILED, REASON_UNREACHABLE},
    };
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post(desk, INBOUND_WAY_RECEIPT, RECEIPT, cases[i].form);
        desk_expect_receipt(desk, cases[i].kind, cases[i].reason);
        assert_null(desk->result.type); /* 204 */
    }
    post(desk, INBOUND_WAY_RECEIPT, RECEIPT, "MessageStatus=teleported");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    assert_int_equal(desk->result.unknown, 1);
    post(desk, INBOUND_WAY_RECEIPT, RECEIPT, "MessageSid=SM1");
    desk_expect_end(desk, INBOUND_REFUSED, "MessageStatus");
    post(desk, INBOUND_WAY_EVENTS, "/r/sms", "MessageStatus=delivered");
    desk_expect_end(desk, INBOUND_NOT_HERE, "token");
}

static void who_opted_out_there_has_opted_out(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    post(desk, INBOUND_WAY_RECEIPT, RECEIPT, "ErrorCode=21610&MessageStatus=failed");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 2);
    assert_int_equal(desk->result.events[0].receipt.reason, REASON_OPTED_OUT_THERE);
    assert_int_equal(desk->result.events[1].kind, INBOUND_OPT_OUT);
    assert_slice_is(desk->result.events[1].token, INBOUND_TOKEN);
}

static void forged_and_altered_receipts_are_refused(void **state)
{
    struct desk *desk = *state;
    const char *good;
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    post(desk, INBOUND_WAY_RECEIPT, RECEIPT, "MessageStatus=failed");
    good = desk->values[0];
    desk_expect_receipt(desk, RECEIPT_FAILED, REASON_REFUSED_THERE);
    desk_expect_receipt(desk, RECEIPT_FAILED, REASON_REFUSED_THERE); /* replayed: the same again */

    desk->request.body = slice_str("MessageStatus=delivered");
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature");
    desk->request.body = slice_str("MessageStatus=failed&To=1");
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature");
    desk_request(desk, INBOUND_WAY_RECEIPT, "POST", RECEIPT, INBOUND_FORM, "MessageStatus=failed");
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature"); /* unsigned */
    desk_header(desk, "X-Twilio-Signature", "");
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature");
    desk_request(desk, INBOUND_WAY_RECEIPT, "POST", RECEIPT "?x=1", INBOUND_FORM,
                 "MessageStatus=failed");
    desk_header(desk, "X-Twilio-Signature", good); /* replayed at another address */
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature");
}

static void a_json_body_is_signed_by_its_hash(void **state)
{
    struct desk *desk = *state;
    static const char body[] = "{\"MessageStatus\":\"delivered\"}";
    uint8_t digest[SIGNATURE_HASH_MAX];
    char hex[65];
    size_t len = signature_digest(SIGNATURE_SHA256, slice_str(body), digest);
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    assert_int_equal(desk_open(desk, "twilio_voice", SETTINGS), ERR_OK);
    const char *path = arena_printf(&desk->arena, VOICE "?bodySHA256=%s", hex);
    desk_request(desk, INBOUND_WAY_VOICE, "POST", path, INBOUND_JSON, body);
    desk_header(
        desk, "X-Twilio-Signature",
        desk_hmac_base64(desk, SIGNATURE_SHA1, (const char *const[]){desk->request.url, NULL}));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    desk->request.body = slice_str("{\"MessageStatus\":\"failed\"}   ");
    desk_expect_end(desk, INBOUND_FORGED, "X-Twilio-Signature");
}

static void repeated_parameters_are_signed_once_each(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    desk_request(desk, INBOUND_WAY_RECEIPT, "POST", RECEIPT, INBOUND_FORM,
                 "b=2&MessageStatus=sent&b=1&b=2&B=0");
    desk_header(desk, "X-Twilio-Signature",
                desk_hmac_base64(
                    desk, SIGNATURE_SHA1,
                    (const char *const[]){desk->request.url, "B0MessageStatussentb1b2", NULL}));
    desk_expect_receipt(desk, RECEIPT_ACCEPTED, 0);
}

static void the_right_key_acknowledges(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio_voice",
                               "{\"auth_token\":\"env:TOCSIN_TEST_SECRET\",\"language\":\"nb-NO\","
                               "\"thanks\":\"Takk & ha det\"}"),
                     ERR_OK);
    post(desk, INBOUND_WAY_VOICE, VOICE, "CallSid=CA1&Digits=1");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 1);
    assert_int_equal(desk->result.events[0].kind, INBOUND_ACKNOWLEDGEMENT);
    assert_slice_is(desk->result.events[0].token, INBOUND_TOKEN);
    assert_string_equal(desk->result.type, "text/xml; charset=utf-8");
    assert_slice_is(desk->result.body,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"nb-NO\">"
                    "Takk &amp; ha det</Say><Hangup/></Response>");
    post(desk, INBOUND_WAY_VOICE, VOICE, "CallSid=CA1&Digits=2");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    post(desk, INBOUND_WAY_VOICE, VOICE, "CallSid=CA1");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    desk->request.body = slice_str("CallSid=CA1&Digits=1");
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
}

static void a_message_is_a_reply(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    post(desk, INBOUND_WAY_MESSAGE, "/i/sms",
         "Body=Stop+please&From=4790000001&MessageSid=SM7&OptOutType=STOP&To=12345");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 1);
    const struct inbound_reply *reply = &desk->result.events[0].reply;
    assert_int_equal(desk->result.events[0].kind, INBOUND_REPLY);
    assert_int_equal(reply->channel, CHANNEL_SMS);
    assert_int_equal(reply->hint, INBOUND_HINT_STOP);
    assert_slice_is(reply->from, "4790000001");
    assert_slice_is(reply->text, "Stop please");
    assert_slice_is(reply->ref, "SM7");
    assert_non_null(strstr((const char *)desk->result.body.data, "<Response/>"));
    desk->request.body = slice_str("Body=ACK&From=4790000001");
    assert_int_equal(desk_take(desk), INBOUND_FORGED);
    post(desk, INBOUND_WAY_MESSAGE, "/i/sms", "Body=x");
    desk_expect_end(desk, INBOUND_REFUSED, "From");
}

static void nothing_is_taken_that_cannot_be_checked(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "twilio", "{}"), ERR_OK);
    post(desk, INBOUND_WAY_RECEIPT, RECEIPT, "MessageStatus=sent");
    desk_expect_end(desk, INBOUND_NOT_HERE, "auth_token");
    assert_int_equal(desk_open(desk, "twilio", SETTINGS), ERR_OK);
    desk->request.url = NULL;
    desk_expect_end(desk, INBOUND_CLOSED, "public_url");
    assert_int_equal(desk_open(desk, "twilio", "{\"auth_token\":7}"), ERR_INVALID);
    assert_int_equal(desk_open(desk, "twilio", "[]"), ERR_INVALID);
    assert_int_equal(desk_open(desk, "smtp", "{}"), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(the_documented_signature_is_good),
        DESK_TEST(statuses_become_receipts),
        DESK_TEST(who_opted_out_there_has_opted_out),
        DESK_TEST(forged_and_altered_receipts_are_refused),
        DESK_TEST(a_json_body_is_signed_by_its_hash),
        DESK_TEST(repeated_parameters_are_signed_once_each),
        DESK_TEST(the_right_key_acknowledges),
        DESK_TEST(a_message_is_a_reply),
        DESK_TEST(nothing_is_taken_that_cannot_be_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
