/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inbound_rig.h"

#define RECEIPT "/r/sms/" INBOUND_TOKEN

static void ask(struct desk *desk, const char *path)
{
    desk_request(desk, INBOUND_WAY_RECEIPT, "GET", path, NULL, "");
}

static void reports_are_told_by_their_number(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *path;
        enum receipt_kind kind;
        unsigned reason;
    } cases[] = {
        {RECEIPT "?d=1", RECEIPT_DELIVERED, 0},
        {RECEIPT "?d=1&A=NACK%2F0x0000000b", RECEIPT_DELIVERED, 0},
        {RECEIPT "?d=2", RECEIPT_FAILED, REASON_UNREACHABLE},
        {RECEIPT "?d=2&A=id%3A1+stat%3AEXPIRED+err%3A001", RECEIPT_FAILED, REASON_EXPIRED_THERE},
        {RECEIPT "?d=2&A=id%3A1+stat%3AUNDELIV+err%3A001", RECEIPT_FAILED, REASON_UNREACHABLE},
        {RECEIPT "?d=4&A=ACK%2F", RECEIPT_ACCEPTED, 0},
        {RECEIPT "?d=8&A=ACK%2F", RECEIPT_ACCEPTED, 0},
        {RECEIPT "?d=16&A=NACK%2F0x0000000b%2FInvalid+Destination+Address", RECEIPT_FAILED,
         REASON_ADDRESS_UNKNOWN},
        {RECEIPT "?d=16", RECEIPT_FAILED, REASON_REFUSED_THERE},
        {RECEIPT "?d=32", RECEIPT_ACCEPTED, 0},
    };
    assert_int_equal(desk_open(desk, "kannel", "{\"user\":\"tester\"}"), ERR_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(desk, cases[i].path);
        desk_expect_receipt(desk, cases[i].kind, cases[i].reason);
        assert_int_equal(desk->result.body.len, 0); /* Kannel would send it as a message */
        assert_int_equal(desk->result.events[0].receipt.endpoint.len, 0);
    }
    ask(desk, RECEIPT "?to=%2B4790000001&d=1");
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0);
    assert_slice_is(desk->result.events[0].receipt.endpoint, "+4790000001");
}

static void what_is_no_report_is_refused(void **state)
{
    struct desk *desk = *state;
    static const char *const paths[] = {RECEIPT,
                                        RECEIPT "?d=",
                                        RECEIPT "?d=3",
                                        RECEIPT "?d=%25d",
                                        RECEIPT "?status=delivered",
                                        RECEIPT "?d=1x"};
    assert_int_equal(desk_open(desk, "kannel", "{}"), ERR_OK);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ask(desk, paths[i]);
        desk_expect_end(desk, INBOUND_REFUSED, "Kannel's %d");
    }
    desk_request(desk, INBOUND_WAY_EVENTS, "POST", "/r/sms", NULL, "");
    desk_expect_end(desk, INBOUND_NOT_HERE, "{token}");
}

static void a_report_is_signed_if_there_is_a_secret(void **state)
{
    struct desk *desk = *state;
    const char *mac = desk_hmac_hex(desk, (const char *const[]){INBOUND_TOKEN, NULL});
    const char *other = desk_hmac_hex(desk, (const char *const[]){"x" INBOUND_TOKEN, NULL});
    assert_int_equal(desk_open(desk, "kannel", "{\"receipt_secret\":\"env:TOCSIN_TEST_SECRET\"}"),
                     ERR_OK);
    ask(desk, arena_printf(&desk->arena, RECEIPT "?d=1&sig=%s", mac));
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0);
    desk_expect_receipt(desk, RECEIPT_DELIVERED, 0); /* twice is as good as once */
    ask(desk, RECEIPT "?d=1");
    desk_expect_end(desk, INBOUND_FORGED, "sig");
    ask(desk, arena_printf(&desk->arena, RECEIPT "?d=1&sig=%s", other));
    desk_expect_end(desk, INBOUND_FORGED, "sig");
    assert_int_equal(desk_open(desk, "kannel", "{\"receipt_secret\":\"env:TOCSIN_TEST_NONE\"}"),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(desk->problem.text, "receipt_secret"));
    assert_int_equal(desk_open(desk, "kannel", "{\"receipt_secret\":\"plain\"}"), ERR_INVALID);
    assert_null(strstr(desk->problem.text, "plain"));
}

static void message(struct desk *desk, const char *query)
{
    desk_request(desk, INBOUND_WAY_MESSAGE, "GET", arena_printf(&desk->arena, "/i/sms?%s", query),
                 NULL, "");
}

static void a_message_is_a_reply(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *charset;
        const char *text;
        const char *expected;
    } cases[] = {
        {"GSM", "STOP", "STOP"},
        {"", "bl%C3%A5", "bl\xC3\xA5"},
        {"UTF-8", "a%FF", "a\xEF\xBF\xBD"},
        {"UTF-16BE", "%04%21%04%22%04%1E%04%1F", "\xD0\xA1\xD0\xA2\xD0\x9E\xD0\x9F"},
        {"UTF-16BE", "%00o%00k%D8%3D%DE%00", "ok\xF0\x9F\x98\x80"},
        {"utf-16be", "%00A%D8", "A"},
        {"WINDOWS-1252", "%80+1", "\xE2\x82\xAC 1"},
        {"UTF-16BE", "", ""},
    };
    assert_int_equal(desk_open(desk, "kannel", "{\"inbound_secret\":\"env:TOCSIN_TEST_SECRET\"}"),
                     ERR_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        message(desk, arena_printf(&desk->arena,
                                   "secret=" DESK_SECRET "&from=%%2B4790000001&to=12345&charset=%s"
                                   "&text=%s&id=0a1b&ts=1764428000",
                                   cases[i].charset, cases[i].text));
        assert_int_equal(desk_take(desk), INBOUND_TAKEN);
        assert_int_equal(desk->result.count, 1);
        const struct inbound_reply *reply = &desk->result.events[0].reply;
        assert_int_equal(desk->result.events[0].kind, INBOUND_REPLY);
        assert_int_equal(reply->channel, CHANNEL_SMS);
        assert_slice_is(reply->from, "+4790000001");
        assert_slice_is(reply->to, "12345");
        assert_slice_is(reply->text, cases[i].expected);
        assert_slice_is(reply->ref, "0a1b");
        assert_int_equal(reply->at_ms, UINT64_C(1764428000000));
        assert_int_equal(desk->result.body.len, 0);
        assert_string_equal(desk->result.type, "text/plain; charset=utf-8");
    }
}

static void a_message_needs_the_secret(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_open(desk, "kannel", "{\"inbound_secret\":\"env:TOCSIN_TEST_SECRET\"}"),
                     ERR_OK);
    message(desk, "from=1&text=x");
    desk_expect_end(desk, INBOUND_FORGED, "secret");
    message(desk, "secret=12346&from=1&text=x");
    desk_expect_end(desk, INBOUND_FORGED, "secret");
    message(desk, "secret=" DESK_SECRET "&text=x");
    desk_expect_end(desk, INBOUND_REFUSED, "from");
    message(desk, "secret=" DESK_SECRET "&from=1");
    desk_expect_end(desk, INBOUND_REFUSED, "text");
    assert_int_equal(desk_open(desk, "kannel", "{}"), ERR_OK);
    message(desk, "secret=&from=1&text=x");
    desk_expect_end(desk, INBOUND_NOT_HERE, "inbound_secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(reports_are_told_by_their_number),
        DESK_TEST(what_is_no_report_is_refused),
        DESK_TEST(a_report_is_signed_if_there_is_a_secret),
        DESK_TEST(a_message_is_a_reply),
        DESK_TEST(a_message_needs_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
