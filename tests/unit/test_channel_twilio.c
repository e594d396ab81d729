/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of settings that cannot work, and how a call's words are written. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"
#include "worker/channel/twiml.h"

#define ACCOUNT "\"account\":\"AC1\""
#define GOOD    ACCOUNT ",\"auth_token\":\"env:TOCSIN_TEST_KEY\""

static uv_loop_t loop;
static struct problem problem;

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    (void)result;
    fail();
}

static enum err open_with(struct channel **out, const char *adapter, const char *settings)
{
    struct channel_context context = {.loop = &loop, .result = on_result};
    struct wire_provider provider = {.name = "p", .adapter = adapter, .settings = settings};
    problem = (struct problem){0};
    return channel_open(out, &context, &provider, &problem);
}

static void assert_refused(const char *adapter, const char *settings, const char *because)
{
    struct channel *channel;
    assert_int_not_equal(open_with(&channel, adapter, settings), ERR_OK);
    assert_string_equal(problem.text, because);
}

static void settings_that_cannot_work_say_what_would(void **state)
{
    (void)state;
    assert_refused("twilio", "{}",
                   "provider \"p\": from is missing, a number or name of the account's, or "
                   "messaging_service, MG and 32 digits");
    assert_refused("twilio_voice", "{" GOOD "}",
                   "provider \"p\": from is missing: a number of the account's, or one that it has "
                   "verified");
    assert_refused("twilio", "{\"from\":\"+1\",\"account\":\"AC1/../x\"}",
                   "provider \"p\": account must be the account's SID, AC and 32 digits");
    assert_refused("twilio", "{\"from\":\"+1\"," ACCOUNT "}",
                   "provider \"p\": auth_token is missing, or api_key and api_secret");
    assert_refused("twilio", "{\"from\":\"+1\"," ACCOUNT ",\"api_key\":\"SK1\"}",
                   "provider \"p\": api_secret is missing beside api_key");
    assert_refused("twilio_voice", "{\"from\":\"+1\"," GOOD ",\"machine\":\"yes\"}",
                   "provider \"p\": machine must be one of off, detect, message_end, not \"yes\"");
    assert_refused("twilio", "{\"from\":\"+1\"," GOOD ",\"url\":\"api.twilio.com\"}",
                   "provider \"p\": url must begin with http:// or https://, name a host and have "
                   "no query, not \"api.twilio.com\"");
}

static void a_key_needs_no_token_and_secrets_are_looked_for(void **state)
{
    (void)state;
    struct channel *channel;
    assert_int_equal(open_with(&channel, "twilio",
                               "{\"from\":\"+1\"," ACCOUNT ",\"api_key\":\"SK1\",\"api_secret\":"
                               "\"env:TOCSIN_TEST_KEY\",\"auth_token\":\"env:TOCSIN_TEST_NONE\"}"),
                     ERR_OK);
    channel->adapter->close(channel);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(open_with(&channel, "twilio",
                               "{\"from\":\"+1\"," ACCOUNT
                               ",\"auth_token\":\"env:TOCSIN_TEST_NONE\"}"),
                     ERR_NOT_FOUND);
}

static void assert_twiml(const struct twiml_speech *speech, const char *expected)
{
    struct buf buf = {0};
    twiml_write(speech, &buf);
    assert_string_equal(buf_cstr(&buf), expected);
    buf_release(&buf);
}

static void what_is_said_is_escaped(void **state)
{
    (void)state;
    assert_twiml(&(struct twiml_speech){.language = "de-DE",
                                        .loop = 1,
                                        .text = slice_str("a<b> & \"c\"\n\x01"
                                                          "d \xc3\xa9")},
                 "<Response><Say language=\"de-DE\">a&lt;b&gt; &amp; &quot;c&quot; d "
                 "\xc3\xa9</Say></Response>");
    assert_twiml(&(struct twiml_speech){.language = "en-US",
                                        .voice = "alice",
                                        .loop = 2,
                                        .text = slice_str("x"),
                                        .prompt = slice_str("Press 1."),
                                        .action = slice_str("https://h/v/p/t?a=1&b=\"2\""),
                                        .wait_s = 8},
                 "<Response><Gather input=\"dtmf\" numDigits=\"1\" timeout=\"8\" "
                 "action=\"https://h/v/p/t?a=1&amp;b=&quot;2&quot;\"><Say language=\"en-US\" "
                 "voice=\"alice\" loop=\"2\">x Press 1.</Say></Gather></Response>");
    assert_int_equal(twiml_characters(slice_str("a\xc3\xa9\xf0\x9f\x9a\xa8")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_cannot_work_say_what_would),
        cmocka_unit_test(a_key_needs_no_token_and_secrets_are_looked_for),
        cmocka_unit_test(what_is_said_is_escaped),
    };
    (void)setenv("TOCSIN_TEST_KEY", "k", 1);
    uv_loop_init(&loop);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    uv_loop_close(&loop);
    return failed;
}
