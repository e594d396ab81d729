/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inbound_rig.h"

#define SETTINGS                                                                                   \
    "{\"app_secret\":\"env:TOCSIN_TEST_SECRET\",\"verify_token\":\"env:TOCSIN_TEST_SECRET\"}"
#define HOOK(value)                                                                                \
    "{\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":" value "}]}]}"

static void post(struct desk *desk, const char *body)
{
    desk_request(desk, INBOUND_WAY_EVENTS, "POST", "/r/chat", INBOUND_JSON, body);
    desk_header(desk, "X-Hub-Signature-256",
                arena_printf(&desk->arena, "sha256=%s",
                             desk_hmac_hex(desk, (const char *const[]){body, NULL})));
}

static void the_challenge_is_given_back(void **state)
{
    struct desk *desk = *state;
    static const char path[] = "/r/chat?hub.mode=subscribe&hub.challenge=1158201444&"
                               "hub.verify_token=";
    assert_int_equal(desk_open(desk, "whatsapp", SETTINGS), ERR_OK);
    desk_request(desk, INBOUND_WAY_EVENTS, "GET",
                 arena_printf(&desk->arena, "%s" DESK_SECRET, path), NULL, "");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_slice_is(desk->result.body, "1158201444");
    desk_request(desk, INBOUND_WAY_EVENTS, "GET", arena_printf(&desk->arena, "%s1234", path), NULL,
                 "");
    desk_expect_end(desk, INBOUND_FORGED, "verify_token");
    desk_request(desk, INBOUND_WAY_EVENTS, "GET", "/r/chat?hub.mode=subscribe", NULL, "");
    desk_expect_end(desk, INBOUND_FORGED, "verify_token");
    desk_request(desk, INBOUND_WAY_EVENTS, "GET",
                 "/r/chat?hub.mode=subscribe&hub.challenge=%3Cscript%3E&"
                 "hub.verify_token=" DESK_SECRET,
                 NULL, "");
    desk_expect_end(desk, INBOUND_REFUSED, "hub.challenge");
    assert_int_equal(desk_open(desk, "whatsapp", "{}"), ERR_OK);
    desk_request(desk, INBOUND_WAY_EVENTS, "GET", path, NULL, "");
    desk_expect_end(desk, INBOUND_NOT_HERE, "verify_token");
}

static void statuses_become_receipts(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *status;
        enum receipt_kind kind;
        unsigned reason;
    } cases[] = {
        {"\"sent\"", RECEIPT_ACCEPTED, 0},
        {"\"delivered\"", RECEIPT_DELIVERED, 0},
        {"\"read\"", RECEIPT_DELIVERED, 0},
        {"\"failed\"", RECEIPT_FAILED, REASON_REFUSED_THERE},
        {"\"failed\",\"errors\":[{\"code\":131026}]", RECEIPT_FAILED, REASON_UNREACHABLE},
        {"\"failed\",\"errors\":[{\"code\":131049}]", RECEIPT_FAILED, REASON_FILTERED},
        {"\"failed\",\"errors\":[{\"code\":\"131049\"}]", RECEIPT_FAILED, REASON_REFUSED_THERE},
    };
    assert_int_equal(desk_open(desk, "whatsapp", SETTINGS), ERR_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        post(desk, arena_printf(&desk->arena,
                                HOOK("{\"statuses\":[{\"id\":\"wamid.1\",\"status\":%s,"
                                     "\"biz_opaque_callback_data\":\"" INBOUND_TOKEN "\"}]}"),
                                cases[i].status));
        desk_expect_receipt(desk, cases[i].kind, cases[i].reason);
    }
    post(desk, HOOK("{\"statuses\":[{\"status\":\"failed\",\"errors\":[{\"code\":131050}],"
                    "\"biz_opaque_callback_data\":\"" INBOUND_TOKEN "\"}]}"));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 2);
    assert_int_equal(desk->result.events[1].kind, INBOUND_OPT_OUT);
}

static void messages_are_replies(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "whatsapp", SETTINGS), ERR_OK);
    post(desk, HOOK("{\"metadata\":{\"display_phone_number\":\"15550001111\"},\"messages\":["
                    "{\"from\":\"4790000001\",\"id\":\"wamid.A\",\"timestamp\":\"1764428000\","
                    "\"type\":\"text\",\"text\":{\"body\":\"ACK 7KQ2\"},"
                    "\"context\":{\"id\":\"wamid.0\"}},"
                    "{\"from\":\"4790000002\",\"id\":\"wamid.B\",\"type\":\"interactive\","
                    "\"interactive\":{\"button_reply\":{\"id\":\"x\",\"title\":\"Stop\"}}},"
                    "{\"from\":\"4790000003\",\"type\":\"image\",\"image\":{}},"
                    "{\"type\":\"text\"}]}"));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 3);
    assert_int_equal(desk->result.unknown, 1);
    const struct inbound_reply *reply = &desk->result.events[0].reply;
    assert_int_equal(reply->channel, CHANNEL_CHAT);
    assert_slice_is(reply->from, "+4790000001");
    assert_slice_is(reply->to, "15550001111");
    assert_slice_is(reply->text, "ACK 7KQ2");
    assert_slice_is(reply->ref, "wamid.A");
    assert_slice_is(reply->in_reply_to, "wamid.0");
    assert_int_equal(reply->at_ms, UINT64_C(1764428000000));
    assert_slice_is(desk->result.events[1].reply.text, "Stop");
    assert_int_equal(desk->result.events[1].reply.at_ms, INBOUND_NOW);
    assert_slice_is(desk->result.events[2].reply.text, "");
}

static void what_is_not_ours_is_passed_over(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "whatsapp", SETTINGS), ERR_OK);
    post(desk, HOOK("{\"statuses\":[{\"status\":\"sent\"},7,{\"status\":\"warped\","
                    "\"biz_opaque_callback_data\":\"x\"}]}"));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    assert_int_equal(desk->result.unknown, 3);
    post(desk, "{\"entry\":[1,{\"changes\":[2,{\"value\":3}]}]}");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 0);
    post(desk, "[]");
    desk_expect_end(desk, INBOUND_REFUSED, "entry");
    post(desk, "{");
    desk_expect_end(desk, INBOUND_REFUSED, "JSON");
    desk_request(desk, INBOUND_WAY_VOICE, "POST", "/v/chat/x", NULL, "");
    desk_expect_end(desk, INBOUND_NOT_HERE, "/r/{provider}");
}

static void forged_and_altered_posts_are_refused(void **state)
{
    struct desk *desk = *state;
    static const char body[] = HOOK("{\"statuses\":[{\"status\":\"delivered\","
                                    "\"biz_opaque_callback_data\":\"" INBOUND_TOKEN "\"}]}");
    assert_int_equal(desk_open(desk, "whatsapp", SETTINGS), ERR_OK);
    post(desk, body);
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0);
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0); /* replayed: the same again */
    const char *good = desk->values[0];
    desk->request.body.len--;
    desk_expect_end(desk, INBOUND_FORGED, "X-Hub-Signature-256");
    post(desk, body);
    desk_header(desk, "X-Hub-Signature-256", good + strlen("sha256="));
    desk_expect_end(desk, INBOUND_FORGED, "X-Hub-Signature-256");
    desk_header(desk, "X-Hub-Signature-256", "sha256=");
    desk_expect_end(desk, INBOUND_FORGED, "X-Hub-Signature-256");
    desk_header(desk, "X-Hub-Signature-256", NULL);
    desk_expect_end(desk, INBOUND_FORGED, "X-Hub-Signature-256");
    assert_int_equal(desk_open(desk, "whatsapp", "{}"), ERR_OK);
    post(desk, body);
    desk_expect_end(desk, INBOUND_NOT_HERE, "app_secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(the_challenge_is_given_back),
        DESK_TEST(statuses_become_receipts),
        DESK_TEST(messages_are_replies),
        DESK_TEST(what_is_not_ours_is_passed_over),
        DESK_TEST(forged_and_altered_posts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
