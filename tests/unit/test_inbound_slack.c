/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "tests/unit/inbound_rig.h"

#define SETTINGS "{\"signing_secret\":\"env:TOCSIN_TEST_SECRET\"}"
#define NOW_S    "1764428400"

static void post(struct desk *desk, const char *stamp, const char *type, const char *body)
{
    desk_request(desk, INBOUND_WAY_EVENTS, "POST", "/r/chat", type, body);
    desk_header(desk, "X-Slack-Request-Timestamp", stamp);
    desk_header(
        desk, "X-Slack-Signature",
        arena_printf(&desk->arena, "v0=%s",
                     desk_hmac_hex(desk, (const char *const[]){"v0:", stamp, ":", body, NULL})));
}

static const char *payload(struct desk *desk, const char *json)
{
    struct buf body = {0};
    buf_str(&body, "payload=");
    text_url_encode(&body, slice_str(json));
    const char *text = arena_str(&desk->arena, buf_view(&body));
    buf_release(&body);
    return text;
}

static void the_button_acknowledges(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "slack", SETTINGS), ERR_OK);
    post(desk, NOW_S, INBOUND_FORM,
         payload(desk, "{\"type\":\"block_actions\",\"actions\":[{\"action_id\":\"acknowledge\","
                       "\"value\":\"" INBOUND_TOKEN "\"},{\"action_id\":\"other\"}]}"));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.count, 1);
    assert_int_equal(desk->result.unknown, 1);
    assert_int_equal(desk->result.events[0].kind, INBOUND_ACKNOWLEDGEMENT);
    assert_slice_is(desk->result.events[0].token, INBOUND_TOKEN);
    assert_int_equal(desk->result.body.len, 0);
    post(desk, NOW_S, INBOUND_FORM, payload(desk, "{\"type\":\"view_closed\"}"));
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.unknown, 1);
    post(desk, NOW_S, INBOUND_FORM, "payload=x");
    desk_expect_end(desk, INBOUND_REFUSED, "JSON");
}

static void the_challenge_is_given_back(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "slack", SETTINGS), ERR_OK);
    post(desk, NOW_S, INBOUND_JSON, "{\"type\":\"url_verification\",\"challenge\":\"3eZb\"}");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_slice_is(desk->result.body, "3eZb");
    assert_string_equal(desk->result.type, "text/plain; charset=utf-8");
    post(desk, NOW_S, INBOUND_JSON, "{\"type\":\"event_callback\"}");
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk->result.unknown, 1);
}

/* The one of Slack's own documentation. */
static void the_documented_signature_is_good(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(setenv("TOCSIN_TEST_SECRET", "8f742231b10e8888abcd99yyyzzz85a5", 1), 0);
    assert_int_equal(desk_open(desk, "slack", SETTINGS), ERR_OK);
    desk_request(desk, INBOUND_WAY_EVENTS, "POST", "/r/chat", INBOUND_FORM,
                 "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&"
                 "channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&"
                 "command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F"
                 "commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
                 "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c");
    desk->request.now_ms = UINT64_C(1531420618000);
    desk_header(desk, "X-Slack-Request-Timestamp", "1531420618");
    desk_header(desk, "X-Slack-Signature",
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    assert_int_equal(desk_take(desk), INBOUND_REFUSED); /* genuine, but no payload */
}

static void forged_altered_and_outdated_requests_are_refused(void **state)
{
    struct desk *desk = *state;
    const char *body = payload(desk, "{\"actions\":[{\"action_id\":\"acknowledge\","
                                     "\"value\":\"" INBOUND_TOKEN "\"}]}");
    assert_int_equal(desk_open(desk, "slack", SETTINGS), ERR_OK);
    post(desk, NOW_S, INBOUND_FORM, body);
    assert_int_equal(desk_take(desk), INBOUND_TAKEN);
    assert_int_equal(desk_take(desk), INBOUND_TAKEN); /* replayed: the same again */
    desk->request.body.len--;
    desk_expect_end(desk, INBOUND_FORGED, "X-Slack-Signature");
    post(desk, NOW_S, INBOUND_FORM, body);
    desk_header(desk, "X-Slack-Request-Timestamp", "1764428401");
    desk_expect_end(desk, INBOUND_FORGED, "X-Slack-Signature");
    post(desk, NOW_S, INBOUND_FORM, body);
    desk_header(desk, "X-Slack-Signature", NULL);
    desk_expect_end(desk, INBOUND_FORGED, "X-Slack-Signature");
    post(desk, "1764428099", INBOUND_FORM, body);
    desk_expect_end(desk, INBOUND_FORGED, "five minutes");
    post(desk, "1764428701", INBOUND_FORM, body);
    desk_expect_end(desk, INBOUND_FORGED, "five minutes");
    assert_int_equal(desk_open(desk, "slack", "{}"), ERR_OK);
    post(desk, NOW_S, INBOUND_FORM, body);
    desk_expect_end(desk, INBOUND_NOT_HERE, "signing_secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(the_button_acknowledges),
        DESK_TEST(the_challenge_is_given_back),
        DESK_TEST(the_documented_signature_is_good),
        DESK_TEST(forged_altered_and_outdated_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
