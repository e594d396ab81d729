/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/inbound/signature.h"
#include "proto/token.h"
#include "tests/unit/api_rig.h"

#define PUBLIC "https://n.example"
#define TEXT   "Content-Type: text/plain; charset=utf-8\r\n"
#define FORM   "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON   "Content-Type: application/json\r\n"

/* The gateway has this adapter from now on, and c1 has been launched. */
static void begin(struct house *house, const char *adapter, const char *settings)
{
    assert_int_equal(setenv("TOCSIN_TEST_SECRET", "12345", 1), 0);
    house->adapters[0] = adapter;
    house->settings[0] = settings;
    house->public_url = PUBLIC;
    house_crash(house);
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
}

static void expect_tally(struct house *house, const char *result, unsigned number)
{
    char line[160];
    (void)snprintf(line, sizeof(line),
                   "tocsin_receipts_total{provider=\"gateway\",result=\"%s\"} %u\n", result,
                   number);
    expect_get(house, "/metrics", 200, line);
}

/* ---- one attempt ---- */

static void a_report_of_kannel_is_taken(void **state)
{
    struct house *house = *state;
    begin(house, "kannel", "{}");
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=8&A=ACK%2F"), "", "", 200, TEXT);
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=1"), "", "", 200, TEXT);
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=1"), "", "", 200, TEXT);
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=8"), "", "", 200, TEXT);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":1");
    expect_tally(house, "delivered", 2);
    expect_tally(house, "accepted", 2);
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":1");
}

static void what_is_no_report_of_kannel_is_refused(void **state)
{
    struct house *house = *state;
    char path[160];
    begin(house, "kannel", "{}");
    (void)snprintf(path, sizeof(path), "%s", callback_to(house, "gateway", 0, "?d=1"));
    expect(house, "HEAD", path, "", "", 405, "Allow: POST, GET");
    path[30] ^= 1; /* altered */
    expect(house, "GET", path, "", "", 403, "no token");
    expect_tally(house, "forged", 1);
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=7"), "", "", 400, "Kannel's %d");
    expect(house, "GET", callback_to(house, "gateway", 77, "?d=1"), "", "", 404, "recipient");
    expect(house, "POST", "/r/gateway", "", "[]", 404, "{token}");
    expect(house, "POST", "/r/nobody", "", "[]", 404, "no provider");
    expect(house, "GET", "/i/gateway?from=1&text=x", "", "", 404, "inbound_secret");
    expect(house, "POST", "/r/relay", "", "[]", 404, "in a form of its own");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":0");
}

static void an_outdated_report_is_refused(void **state)
{
    struct house *house = *state;
    begin(house, "kannel", "{}");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "cancel");
    house->now_ms += ARCHIVE_MS + 1000;
    house_turn_for(house, 20);
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=1"), "", "", 410, "archived");
    expect_tally(house, "refused", 1);
}

/* ---- messages of people ---- */

#define MESSAGE(text, id)                                                                          \
    "/i/gateway?secret=12345&from=%2B4790000001&to=12345&text=" text "&charset=UTF-8&id=" id

static void a_message_through_kannel_is_a_reply(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    begin(house, "kannel", "{\"inbound_secret\":\"env:TOCSIN_TEST_SECRET\"}");
    expect(house, "GET", MESSAGE("Stop+please", "m1"), "", "", 200, "Content-Length: 0");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    expect(house, "GET", MESSAGE("stop", "m2"), "", "", 200, TEXT);
    expect(house, "GET", MESSAGE("stop", "m2"), "", "", 200, TEXT); /* again */
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 200, "\"state\":\"suppressed\"");
    expect_get(house, "/v1/suppressions", 200, "\"source\":\"reply:gateway\"");
    house_crash(house);
    expect(house, "GET", MESSAGE("Start", "m3"), "", "", 200, TEXT);
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    expect_get(house, "/v1/replies", 200,
               "{\"items\":[{\"id\":\"r3\",\"received\":\"2023-11-14T22:13:");
    expect_get(house, "/v1/replies?class=other", 200, "\"to\":\"12345\",\"text\":\"Stop please\"");
    expect_get(house, "/metrics", 200, "tocsin_replies_total{result=\"opted_in\"} 1");
}

/* It is kept all the same: whoever wrote it may be found by hand. */
static void a_message_from_what_is_no_number_is_kept(void **state)
{
    struct house *house = *state;
    begin(house, "kannel", "{\"inbound_secret\":\"env:TOCSIN_TEST_SECRET\"}");
    expect(house, "GET", "/i/gateway?secret=12345&from=Bank&text=STOP&id=7", "", "", 200, TEXT);
    expect_get(house, "/v1/replies", 200, "\"result\":\"invalid\",\"channel\":\"sms\"");
    expect_get(house, "/v1/replies", 200, "\"from\":\"Bank\"");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    expect(house, "GET", "/i/gateway?secret=1&from=Bank&text=STOP&id=8", "", "", 403, "secret");
    expect_get(house, "/v1/replies?class=stop", 200, "\"id\":\"r1\"");
}

/* ---- a request of several numbers ---- */

static const char *request_callback(struct house *house, const char *query)
{
    static char path[256];
    const struct token token = {.campaign = 1, .ordinal = TOKEN_OF_REQUEST};
    char text[TOKEN_CHARS];
    token_write(&token, delivery_keys_at(&house->keys, 1)->bytes, text);
    (void)snprintf(path, sizeof(path), "/r/gateway/%.*s%s", TOKEN_CHARS, text, query);
    return path;
}

static void the_number_says_whom_a_report_is_of(void **state)
{
    struct house *house = *state;
    begin(house, "kannel", "{}");
    expect(house, "GET", request_callback(house, "?d=1&to=%2B4790000002"), "", "", 200, TEXT);
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"delivered\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":1");
    expect(house, "GET", request_callback(house, "?d=1&to=%2B4790000009"), "", "", 404,
           "no such recipient");
    expect(house, "GET", request_callback(house, "?d=1&to=nonsense"), "", "", 404, "recipient");
    expect(house, "GET", request_callback(house, "?d=1"), "", "", 404, "recipient");
    /* Who has a token of his own reports for nobody else. */
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=1&to=%2B4790000005"), "", "", 200,
           TEXT);
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 200, "\"delivered\"");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
}

/* ---- endpoints ---- */

static void hard_failures_mark_the_number_and_soft_ones_do_not(void **state)
{
    struct house *house = *state;
    begin(house, "kannel", "{}");
    expect(house, "GET", callback_to(house, "gateway", 0, "?d=16&A=NACK%2F0x0000000b%2FInvalid"),
           "", "", 200, TEXT);
    expect(house, "GET", callback_to(house, "gateway", 1, "?d=2&A=stat%3AUNDELIV"), "", "", 200,
           TEXT);
    house_turn_for(house, 20);
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"reason\":\"invalid\"");
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "no such address");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 404, "");
    house_crash(house);
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"until\":\"");
}

static void who_complains_is_not_written_to_again(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", callback_to(house, "gateway", 1, "?status=complained"), "", "", 204, "");
    house_turn_for(house, 20);
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 200, "\"reason\":\"complaint\"");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 200, "\"until\":null");
}

/* ---- Twilio ---- */

static const char *signed_by(const char *path, const char *plain)
{
    static char header[256];
    const struct slice parts[] = {slice_str(PUBLIC), slice_str(path), slice_str(plain)};
    uint8_t mac[SIGNATURE_HASH_MAX];
    char text[64];
    size_t len = signature_hmac(SIGNATURE_SHA1, slice_str("12345"), parts, 3, mac);
    (void)EVP_EncodeBlock((unsigned char *)text, mac, (int)len);
    (void)snprintf(header, sizeof(header), FORM "X-Twilio-Signature: %s\r\n", text);
    return header;
}

static void a_key_acknowledges(void **state)
{
    struct house *house = *state;
    char path[160];
    begin(house, "twilio_voice", "{\"auth_token\":\"env:TOCSIN_TEST_SECRET\"}");
    (void)snprintf(path, sizeof(path), "/v/gateway/%s", link_to(house, 1, 0) + 3);
    expect(house, "POST", path, signed_by(path, "Digits2"), "Digits=2", 200, "<Response><Hangup/>");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":0");
    expect(house, "POST", path, signed_by(path, "Digits2"), "Digits=1", 403, "X-Twilio-Signature");
    expect_tally(house, "forged", 1);
    expect(house, "POST", path, signed_by(path, "Digits1"), "Digits=1", 200, "Thank you");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect(house, "GET", path, "", "", 405, "Allow: POST");
    (void)snprintf(path, sizeof(path), "/v/gateway/%s", link_to(house, 1, 77) + 3);
    expect(house, "POST", path, signed_by(path, "Digits1"), "Digits=1", 404, "recipient");
}

static void a_status_is_signed_for_its_address(void **state)
{
    struct house *house = *state;
    char path[160];
    begin(house, "twilio", "{\"auth_token\":\"env:TOCSIN_TEST_SECRET\"}");
    (void)snprintf(path, sizeof(path), "%s", callback_to(house, "gateway", 0, ""));
    const char *headers = signed_by(path, "MessageStatusdelivered");
    expect(house, "POST", path, headers, "MessageStatus=delivered", 204, "");
    expect(house, "POST", path, headers, "MessageStatus=delivered", 204, ""); /* replayed */
    expect(house, "POST", callback_to(house, "gateway", 1, ""), headers, "MessageStatus=delivered",
           403, "X-Twilio-Signature");
    expect(house, "POST", path, FORM, "MessageStatus=delivered", 403, "X-Twilio-Signature");
    expect(house, "POST", path, FORM, "status=delivered", 403, "X-Twilio-Signature");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":1");
    expect_tally(house, "forged", 3);
}

static void an_opt_out_at_the_provider_is_one_here(void **state)
{
    struct house *house = *state;
    char path[160];
    begin(house, "twilio", "{\"auth_token\":\"env:TOCSIN_TEST_SECRET\"}");
    (void)snprintf(path, sizeof(path), "%s", callback_to(house, "gateway", 0, ""));
    expect(house, "POST", path, signed_by(path, "ErrorCode21610MessageStatusfailed"),
           "ErrorCode=21610&MessageStatus=failed", 204, "");
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"reason\":\"opt_out\"");
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "provider gateway, of c1");
    house_crash(house);
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"reason\":\"opt_out\"");
}

static void without_its_secret_a_provider_is_told_to_come_again(void **state)
{
    struct house *house = *state;
    char path[160];
    begin(house, "twilio", "{\"auth_token\":\"env:TOCSIN_TEST_NONE\"}");
    (void)snprintf(path, sizeof(path), "%s", callback_to(house, "gateway", 0, ""));
    expect(house, "POST", path, signed_by(path, "MessageStatussent"), "MessageStatus=sent", 503,
           "callbacks_closed");
    expect_get(house, "/v1/providers/gateway", 200, "no variable TOCSIN_TEST_NONE");
    expect_get(house, "/metrics", 200, "tocsin_provider_callbacks_closed{provider=\"gateway\"} 1");
    assert_int_equal(setenv("TOCSIN_TEST_NONE", "12345", 1), 0);
    api_reload_secrets(house->api);
    expect(house, "POST", path, signed_by(path, "MessageStatussent"), "MessageStatus=sent", 204,
           "");
    expect_get(house, "/v1/providers/gateway", 200, "\"callbacks_closed\":null");
    assert_int_equal(unsetenv("TOCSIN_TEST_NONE"), 0);
    api_reload_secrets(house->api); /* keeps what it had */
    expect_get(house, "/metrics", 200, "tocsin_provider_callbacks_closed{provider=\"gateway\"} 0");
    expect(house, "POST", path, signed_by(path, "MessageStatussent"), "MessageStatus=sent", 204,
           "");
}

static void a_message_to_twilio_is_a_reply(void **state)
{
    struct house *house = *state;
    begin(house, "twilio", "{\"auth_token\":\"env:TOCSIN_TEST_SECRET\"}");
    expect(house, "POST", "/i/gateway",
           signed_by("/i/gateway", "BodyARRETFrom+4790000001MessageSidSM1OptOutTypeSTOP"),
           "Body=ARRET&From=%2B4790000001&MessageSid=SM1&OptOutType=STOP", 200, "<Response/>");
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"reason\":\"opt_out\"");
    expect(house, "POST", "/i/gateway", FORM, "Body=STOP&From=%2B4790000002", 403,
           "X-Twilio-Signature");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 404, "");
}

/* ---- SendGrid ---- */

struct pair {
    EVP_PKEY *key;
    char settings[300];
};

static struct pair make_pair(void)
{
    struct pair pair = {.key = EVP_EC_gen("P-256")};
    uint8_t *der = NULL;
    char text[200];
    int len = i2d_PUBKEY(pair.key, &der);
    (void)EVP_EncodeBlock((unsigned char *)text, der, len);
    (void)snprintf(pair.settings, sizeof(pair.settings), "{\"events_key\":\"%s\"}", text);
    OPENSSL_free(der);
    return pair;
}

static const char *signed_events(const struct house *house, const struct pair *pair,
                                 const char *body)
{
    static char headers[512];
    char stamp[24];
    uint8_t signature[128];
    char text[200];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    (void)snprintf(stamp, sizeof(stamp), "%llu", (unsigned long long)(house->now_ms / 1000));
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair->key), 1);
    assert_int_equal(EVP_DigestSignUpdate(context, stamp, strlen(stamp)), 1);
    assert_int_equal(EVP_DigestSignUpdate(context, body, strlen(body)), 1);
    assert_int_equal(EVP_DigestSignFinal(context, signature, &len), 1);
    EVP_MD_CTX_free(context);
    (void)EVP_EncodeBlock((unsigned char *)text, signature, (int)len);
    (void)snprintf(headers, sizeof(headers),
                   JSON "X-Twilio-Email-Event-Webhook-Signature: %s\r\n"
                        "X-Twilio-Email-Event-Webhook-Timestamp: %s\r\n",
                   text, stamp);
    return headers;
}

static void put_event(struct house *house, struct buf *body, uint32_t ordinal, const char *event)
{
    buf_printf(
        body,
        "%s{\"email\":\"somebody.with.a.name@customer.test\",\"event\":\"%s\",\"tocsin\":\"%s\"}",
        body->len == 0 ? "[" : ",", event, link_to(house, 1, ordinal) + 3);
}

static void events_are_decided_each_for_itself(void **state)
{
    struct house *house = *state;
    struct pair pair = make_pair();
    struct buf body = {0};
    begin(house, "sendgrid", pair.settings);
    put_event(house, &body, 0, "delivered");
    put_event(house, &body, 1, "spamreport");
    put_event(house, &body, 77, "delivered");
    put_event(house, &body, 2, "open");
    put_event(house, &body, 3, "unsubscribe");
    buf_str(&body, ",{\"event\":\"delivered\",\"tocsin\":\"AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
    buf_str(&body, ",{\"event\":\"delivered\"}]\r\n");
    const char *text = buf_cstr(&body);
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, text), text, 204, "");
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, text), text, 204, "");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":1");
    expect_tally(house, "delivered", 2);
    expect_tally(house, "complained", 2);
    expect_tally(house, "forged", 2);  /* one in each */
    expect_tally(house, "refused", 2); /* 77 */
    expect_tally(house, "ignored", 4);
    expect_get(house, "/v1/suppressions/sms/%2B4790000005", 200, "\"reason\":\"opt_out\"");
    body.data[20] ^= 1; /* altered */
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, "[]"), text, 403, "Signature");
    expect_tally(house, "forged", 3);
    buf_release(&body);
    EVP_PKEY_free(pair.key);
}

static void many_events_may_come_at_once(void **state)
{
    struct house *house = *state;
    struct pair pair = make_pair();
    struct buf body = {0};
    begin(house, "sendgrid", pair.settings);
    for (unsigned i = 0; i < 9900; i++) {
        put_event(house, &body, i % 2, "delivered");
    }
    buf_str(&body, "]");
    const char *text = buf_cstr(&body);
    assert_true(body.len > 1048576); /* more than a stranger may send */
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, text), text, 204, "");
    expect_tally(house, "delivered", 9900);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
    buf_release(&body);
    EVP_PKEY_free(pair.key);
}

/* Strangers who announce large bodies and send nothing of them keep nobody out. */
static void requests_that_only_say_that_they_are_large_keep_nobody_out(void **state)
{
    struct house *house = *state;
    struct pair pair = make_pair();
    struct buf body = {0};
    struct http_peer idle[40];
    begin(house, "sendgrid", pair.settings);
    for (unsigned i = 0; i < 40; i++) {
        idle[i] = http_peer_open(api_address(house->api), house_turn, house);
        http_peer_say(&idle[i],
                      "POST /r/gateway HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n[");
        house_turn(house);
    }
    for (unsigned i = 0; i < 9900; i++) {
        put_event(house, &body, i % 2, "delivered");
    }
    buf_str(&body, "]");
    const char *text = buf_cstr(&body);
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, text), text, 204, "");
    for (unsigned i = 0; i < 40; i++) {
        http_peer_release(&idle[i]);
    }
    buf_release(&body);
    EVP_PKEY_free(pair.key);
}

/* But what they do send is limited together. */
static void large_requests_are_limited_by_what_they_take_together(void **state)
{
    struct house *house = *state;
    struct pair pair = make_pair();
    struct http_peer peers[50];
    uint8_t *bytes = mem_zalloc(3900000, 1);
    unsigned refused = 0;
    begin(house, "sendgrid", pair.settings);
    for (unsigned i = 0; i < 50; i++) {
        peers[i] = http_peer_open(api_address(house->api), house_turn, house);
        http_peer_say(&peers[i],
                      "POST /r/gateway HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n");
        (void)http_peer_push(&peers[i], bytes, 3900000, 20000);
        for (unsigned turns = 0; turns < 3000; turns++) { /* megabytes may lie with the system */
            house_turn(house);
        }
        http_peer_read(&peers[i]);
        refused += http_peer_has(&peers[i], " 503 ");
    }
    assert_int_equal(refused, 3); /* 47 have room for what is beyond 1 MiB of each */
    for (unsigned i = 0; i < 50; i++) {
        http_peer_release(&peers[i]);
    }
    house_turn_for(house, 50); /* and given back */
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    http_peer_say(&peer, "POST /r/gateway HTTP/1.1\r\nHost: x\r\nContent-Length: 3900000\r\n\r\n");
    http_peer_send(&peer, bytes, 3900000);
    http_peer_expect(&peer, " 403 ");
    http_peer_release(&peer);
    mem_free(bytes);
    EVP_PKEY_free(pair.key);
}

static void events_of_a_campaign_that_has_ended_wake_its_pages(void **state)
{
    struct house *house = *state;
    struct pair pair = make_pair();
    struct buf body = {0};
    begin(house, "sendgrid", pair.settings);
    put_event(house, &body, 0, "delivered");
    put_event(house, &body, 1, "delivered");
    buf_str(&body, "]");
    const char *text = buf_cstr(&body);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "cancel");
    house_turn_for(house, 20);
    house_crash(house);
    expect(house, "POST", "/r/gateway", signed_events(house, &pair, text), text, 204, "");
    buf_release(&body);
    EVP_PKEY_free(pair.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_report_of_kannel_is_taken),
        HOUSE_TEST(what_is_no_report_of_kannel_is_refused),
        HOUSE_TEST(an_outdated_report_is_refused),
        HOUSE_TEST(a_message_through_kannel_is_a_reply),
        HOUSE_TEST(a_message_from_what_is_no_number_is_kept),
        HOUSE_TEST(the_number_says_whom_a_report_is_of),
        HOUSE_TEST(hard_failures_mark_the_number_and_soft_ones_do_not),
        HOUSE_TEST(who_complains_is_not_written_to_again),
        HOUSE_TEST(a_key_acknowledges),
        HOUSE_TEST(a_status_is_signed_for_its_address),
        HOUSE_TEST(an_opt_out_at_the_provider_is_one_here),
        HOUSE_TEST(without_its_secret_a_provider_is_told_to_come_again),
        HOUSE_TEST(a_message_to_twilio_is_a_reply),
        HOUSE_TEST(events_are_decided_each_for_itself),
        HOUSE_TEST(many_events_may_come_at_once),
        HOUSE_TEST(requests_that_only_say_that_they_are_large_keep_nobody_out),
        HOUSE_TEST(large_requests_are_limited_by_what_they_take_together),
        HOUSE_TEST(events_of_a_campaign_that_has_ended_wake_its_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
