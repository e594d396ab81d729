/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of settings of slack, whatsapp and teams that cannot work. What is sent, and what
 * answers mean, is a matter of the system tests. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"

static uv_loop_t loop;
static struct problem problem;

static enum err open_and_close(const char *adapter, const char *settings)
{
    struct channel_context context = {.loop = &loop};
    struct wire_provider provider = {.name = "c", .adapter = adapter, .settings = settings};
    struct channel *channel;
    problem = (struct problem){0};
    enum err err = channel_open(&channel, &context, &provider, &problem);
    if (err == ERR_OK) {
        channel->adapter->close(channel);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    return err;
}

static void assert_opens(const char *adapter, const char *settings)
{
    if (open_and_close(adapter, settings) != ERR_OK) {
        fail_msg("%s: %s", settings, problem.text);
    }
}

static void assert_refused(const char *adapter, const char *settings, const char *because)
{
    assert_int_not_equal(open_and_close(adapter, settings), ERR_OK);
    assert_string_equal(problem.text, because);
}

#define TOKEN "\"token\":\"env:TOCSIN_TEST_TOKEN\""

static void slack_needs_a_token_and_blocks_that_are_json(void **state)
{
    (void)state;
    assert_opens("slack", "{" TOKEN ",\"blocks\":[],\"options\":{\"mrkdwn\":true}}");
    assert_refused("slack", "{}",
                   "provider \"c\": token is missing: a reference to the bot's token (xoxb-...)");
    assert_refused("slack", "{\"token\":\"xoxb-1\"}",
                   "provider \"c\": secret.token: a secret is given by reference: env:NAME or "
                   "file:/path");
    assert_refused("slack", "{" TOKEN ",\"url\":\"slack.com\"}",
                   "provider \"c\": url must be http:// or https:// with a host, and no blanks");
    assert_refused("slack", "{" TOKEN ",\"blocks\":[{\"text\":\"{{text|raw}}{{text\"}]}",
                   "provider \"c\": body: line 1, column 185: \"}}\" is missing after the name "
                   "\"text\"");
}

#define META "\"phone_number_id\":\"1065\",\"template\":\"t\"," TOKEN

static void whatsapp_needs_a_number_a_token_and_a_template(void **state)
{
    (void)state;
    assert_opens("whatsapp", "{" META "}");
    assert_opens("whatsapp", "{" META ",\"language\":\"en_US\",\"languages\":[\"de\",\"pt_BR\"],"
                             "\"app_secret\":\"env:A\",\"verify_token\":\"env:B\"}");
    assert_refused("whatsapp", "{}", "provider \"c\": phone_number_id is missing");
    assert_refused("whatsapp", "{\"phone_number_id\":\"1\"}", "provider \"c\": token is missing");
    assert_refused("whatsapp", "{\"phone_number_id\":\"1\"," TOKEN "}",
                   "provider \"c\": template is missing");
    assert_refused("whatsapp", "{\"phone_number_id\":\"+47 1\",\"template\":\"t\"," TOKEN "}",
                   "provider \"c\": phone_number_id must be digits (Meta's id of the number, not "
                   "the number itself), not \"+47 1\"");
    assert_refused("whatsapp", "{" META ",\"languages\":[\"de\",7]}",
                   "provider \"c\": languages must be a list of the template's languages, as "
                   "WhatsApp writes them: en, pt_BR");
    assert_refused("whatsapp", "{" META ",\"componets\":[]}",
                   "provider \"c\": unknown key \"componets\"; did you mean \"components\"?");
}

static void teams_needs_an_address(void **state)
{
    (void)state;
    assert_opens("teams", "{\"url\":\"{{secret.w}}\",\"secrets\":{\"w\":\"env:TOCSIN_TEST_URL\"}}");
    assert_refused("teams", "{}",
                   "provider \"c\": url is missing: \"{{secret.workflow}}\", and secrets: "
                   "{workflow: file:/path} beside it, as the workflow's address is a secret");
    static const char *const cards[] = {
        "{}", "{\"type\":\"MessageCard\",\"version\":\"1.4\",\"body\":[{}]}",
        "{\"type\":\"AdaptiveCard\",\"version\":1.4,\"body\":[{}]}",
        "{\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[]}"};
    for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
        char settings[256];
        (void)snprintf(settings, sizeof(settings), "{\"url\":\"https://h/\",\"card\":%s}",
                       cards[i]);
        assert_refused("teams", settings,
                       "provider \"c\": card must be an adaptive card: {type: AdaptiveCard, "
                       "version: \"1.4\", body: [...]}");
    }
    assert_refused("teams", "{\"url\":\"https://h/{{secret.nope}}\"}",
                   "provider \"c\": url: line 1, column 4: there is no variable \"secret.nope\"");
}

static int setup(void **state)
{
    (void)state;
    (void)setenv("TOCSIN_TEST_TOKEN", "xoxb-1", 1);
    (void)setenv("TOCSIN_TEST_URL", "https://flow.example/w?sig=a", 1);
    return uv_loop_init(&loop);
}

static int teardown(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slack_needs_a_token_and_blocks_that_are_json),
        cmocka_unit_test(whatsapp_needs_a_number_a_token_and_a_template),
        cmocka_unit_test(teams_needs_an_address),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
