/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "coordinator/api/reply_match.h"
#include "tests/unit/api_rig.h"

/* A reply by sms from 90000001, and what is said of it. */
static void reply_as(struct house *house, const char *more, const char *from, const char *text,
                     const char *words)
{
    char body[512];
    (void)snprintf(body, sizeof(body), "{\"channel\":\"sms\",\"from\":\"%s\",\"text\":\"%s\"%s}",
                   from, text, more);
    expect(house, "POST", "/v1/replies", "", body, 200, words);
}

static void reply(struct house *house, const char *text, const char *words)
{
    reply_as(house, "", "+4790000001", text, words);
}

static void launch(struct house *house)
{
    house->tick_ms = 1;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
}

static void stop_takes_the_number_out_of_campaigns_that_run(void **state)
{
    struct house *house = *state;
    launch(house);
    reply_as(house, ",\"provider\":\"gateway\"", "+47 90 00 00 01", " Stop\\n",
             "\"result\":\"opted_out\",\"class\":\"stop\",\"reply\":\"r1\"");
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 200, "\"state\":\"suppressed\"");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"state\":\"waiting\"");
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"source\":\"reply:gateway\"");
    expect_get(house, "/v1/suppressions/voice/%2B4790000001", 404, "no entry");
    reply(house, "STOP", "opted_out"); /* again */
    house_crash(house);
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"reason\":\"opt_out\"");
    expect_get(house, "/v1/replies?class=stop", 200, "\"from\":\"+4790000001\"");
}

static void stop_please_is_for_people_to_read(void **state)
{
    struct house *house = *state;
    launch(house);
    reply(house, "Stop please", "\"result\":\"kept\",\"class\":\"other\"");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 200, "\"state\":\"waiting\"");
    expect_get(house, "/v1/replies?class=other", 200, "\"text\":\"Stop please\"");
    expect_get(house, "/v1/replies?class=stop", 200, "\"items\":[]");
}

static void start_takes_back_what_a_reply_had_stopped(void **state)
{
    struct house *house = *state;
    launch(house);
    reply(house, "START", "\"result\":\"kept\",\"class\":\"start\"");
    reply(house, "yes", "\"result\":\"kept\",\"class\":\"other\"");
    reply(house, "quit", "opted_out");
    reply(house, "Yes", "\"result\":\"opted_in\",\"class\":\"start\"");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    reply(house, "stop", "opted_out");
    house_crash(house);
    reply(house, "unstop", "opted_in");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
}

static void start_takes_back_nothing_else(void **state)
{
    static const char *const entries[] = {
        "{\"channel\":\"sms\",\"endpoint\":\"+4790000001\",\"reason\":\"legal\"}",
        "{\"channel\":\"sms\",\"endpoint\":\"+4790000001\",\"reason\":\"opt_out\"}",
        "{\"channel\":\"sms\",\"endpoint\":\"+4790000001\",\"reason\":\"bounced\"}",
    };
    struct house *house = *state;
    launch(house);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        expect(house, "PUT", "/v1/suppressions", "", entries[i], 201, "reason");
        reply(house, "START", "\"result\":\"kept\",\"class\":\"start\"");
        expect(house, "DELETE", "/v1/suppressions/sms/%2B4790000001", "", "", 200, "reason");
    }
}

/* An opt-out lasts; a bounce is forgotten some day. */
static void stop_outlasts_a_bounce(void **state)
{
    struct house *house = *state;
    struct suppression entry = {.reason = REASON_BOUNCED, .source = "bounce"};
    struct problem problem;
    launch(house);
    assert_int_equal(
        suppression_set(&entry, false, slice_str("sms"), slice_str("+4790000001"), &problem),
        ERR_OK);
    entry.until_ms = house->now_ms + 100000;
    assert_true(
        suppression_list_add(house->suppressions, &entry, house->now_ms, turn_record(house->turn)));
    reply(house, "STOP", "opted_out");
    house->now_ms += 200000;
    assert_true(suppression_list_has(house->suppressions, &entry, house->now_ms));
    expect_get(house, "/v1/suppressions/sms/%2B4790000001", 200, "\"source\":\"reply\"");
}

static void the_same_message_is_one_reply(void **state)
{
    static const char *const again = ",\"provider\":\"gateway\",\"id\":\"m-1\"";
    struct house *house = *state;
    launch(house);
    reply_as(house, again, "+4790000001", "STOP", "\"reply\":\"r1\"");
    reply_as(house, again, "+4790000001", "STOP", "\"repeated\":true");
    reply(house, "START", "opted_in");
    reply_as(house, again, "+4790000001", "STOP", "\"reply\":\"r1\""); /* late */
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    house_crash(house);
    reply_as(house, again, "+4790000001", "STOP", "\"result\":\"opted_out\",\"class\":\"stop\"");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
    expect(house, "POST", "/v1/replies", "",
           "[{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"a\",\"id\":\"x\"},"
           "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"a\",\"id\":\"x\"}]",
           200, "\"reply\":\"r3\"},{\"result\":\"kept\",\"class\":\"other\",\"reply\":\"r3\"");
    expect_get(house, "/metrics", 200, "tocsin_replies_repeated_total 2");
    expect_get(house, "/metrics", 200, "tocsin_replies_kept 3");
}

/* The campaign is launched, and its first recipient, if no other, has had its message. */
static void send_to_first(struct house *house, unsigned campaign)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/v1/campaigns/c%u/launch", campaign);
    create_campaign(house);
    expect(house, "POST", path, "", "", 200, "running");
    assert_int_equal(engine_acknowledge(house->engine, campaign, 0, house->now_ms), ERR_OK);
}

static void a_reply_is_to_the_newest_campaign_that_was_sent_there(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    upload(house);
    reply(house, "Who is this?", "\"reply\":\"r1\"}");
    send_to_first(house, 1);
    send_to_first(house, 2);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c3/launch", "", "", 200, "running");
    reply(house, "Now?", "\"campaign\":\"c2\",\"recipient\":\"k1\",\"ordinal\":0");
    reply_as(house, "", "+4790000002", "Now?", "\"reply\":\"r3\"}"); /* to whom nothing went */
    expect(house, "POST", "/v1/campaigns/c2/cancel", "", "", 200, "cancelled");
    house_crash(house);
    reply(house, "And now?", "\"campaign\":\"c2\"");
    house->now_ms += REPLIES_MATCH_MS + 1000;
    reply(house, "help", "\"campaign\":\"c1\"");
    expect_get(house, "/v1/campaigns/c2/replies", 200,
               "\"counts\":{\"other\":2,\"stop\":0,\"start\":0,\"help\":0,\"ack\":0}");
    expect_get(house, "/v1/campaigns/c2", 200, "\"replies\":{\"other\":2");
    expect_get(house, "/v1/campaigns/c2/replies?limit=1", 200, "\"text\":\"And now?\"");
    expect_get(house, "/v1/replies?campaign=c1", 200, "\"found_by\":\"endpoint\"");
    expect_get(house, "/v1/replies/r1", 200, "\"campaign\":null,\"recipient\":null");
    expect_get(house, "/v1/campaigns/c3/replies", 200, "\"items\":[]");
}

/* More audiences than a search remembers, two campaigns to each. */
static void a_reply_finds_its_campaign_behind_many_that_sent_nothing(void **state)
{
    struct house *house = *state;
    const unsigned audiences = REPLY_AUDIENCES_KNOWN + 3;
    char text[256];
    house->tick_ms = 1;
    for (unsigned i = 1; i <= audiences; i++) {
        upload(house);
    }
    for (unsigned i = 0; i < 2 * audiences; i++) {
        (void)snprintf(text, sizeof(text),
                       "{\"name\":\"Outage\",\"audience\":\"a%u\",\"channel\":\"sms\","
                       "\"content\":{\"sms\":{\"text\":\"Hi\"}}}",
                       1 + i % audiences);
        expect(house, "POST", "/v1/campaigns", "", text, 201, "draft");
        (void)snprintf(text, sizeof(text), "/v1/campaigns/c%u/launch", i + 1);
        expect(house, "POST", text, "", "", 200, "running");
    }
    assert_int_equal(engine_acknowledge(house->engine, 1, 1, house->now_ms), ERR_OK);
    reply_as(house, "", "+4790000002", "Hm?", "\"campaign\":\"c1\",\"recipient\":\"k2\"");
    reply(house, "Hm?", "\"reply\":\"r2\"}");
    assert_int_equal(engine_acknowledge(house->engine, 15, 1, house->now_ms), ERR_OK);
    reply_as(house, "", "+4790000002", "Hm?", "\"campaign\":\"c15\",\"recipient\":\"k2\"");
}

static void a_token_says_whose_reply_it_is(void **state)
{
    struct house *house = *state;
    char more[128];
    launch(house);
    const char *token = strrchr(link_to(house, 1, 1), '/') + 1;
    (void)snprintf(more, sizeof(more), ",\"token\":\"%s\",\"to\":\"12345\"", token);
    reply_as(house, more, "+4799999999", "Thanks", "\"campaign\":\"c1\",\"recipient\":\"k2\"");
    expect_get(house, "/v1/replies/r1", 200, "\"found_by\":\"token\"");
    reply_as(house, ",\"token\":\"forged\"", "+4799999999", "Thanks", "\"reply\":\"r2\"}");
    expect_get(house, "/v1/replies?recipient=k2", 200, "\"to\":\"12345\"");
}

/* Mail is often answered from another address than it was sent to. */
static void a_token_says_which_endpoint_is_meant_as_well(void **state)
{
    struct house *house = *state;
    char more[128];
    launch(house);
    const char *token = strrchr(link_to(house, 1, 1), '/') + 1;
    (void)snprintf(more, sizeof(more), ",\"token\":\"%s\"", token);
    reply_as(house, more, "+4799999999", "STOP", "opted_out");
    expect_get(house, "/v1/suppressions/sms/%2B4799999999", 200, "\"source\":\"reply\"");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 200, "\"source\":\"reply\"");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"state\":\"suppressed\"");
    house_crash(house);
    reply_as(house, more, "+4799999998", "START", "opted_in");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 404, "no entry");
    expect_get(house, "/v1/suppressions/sms/%2B4799999999", 200, "\"source\":\"reply\"");
    reply_as(house, ",\"token\":\"forged\"", "+4799999998", "STOP", "opted_out");
    expect_get(house, "/v1/suppressions/sms/%2B4790000002", 404, "no entry");
}

/* Anybody can write a mail in anybody's name. */
static void a_mails_sender_alone_stops_nobody(void **state)
{
    struct house *house = *state;
    launch(house);
    expect(house, "POST", "/v1/replies", "",
           "{\"channel\":\"email\",\"from\":\"victim@customer.test\",\"text\":\"STOP\"}", 200,
           "\"result\":\"kept\",\"class\":\"stop\"");
    expect(house, "POST", "/v1/replies", "",
           "{\"channel\":\"email\",\"from\":\"victim@customer.test\",\"text\":\"STOP\","
           "\"token\":\"forged\"}",
           200, "\"result\":\"kept\"");
    expect_get(house, "/v1/suppressions", 200, "\"items\":[]");
}

static void lists_are_paged_and_filtered(void **state)
{
    struct house *house = *state;
    char path[128];
    house->tick_ms = 1;
    for (unsigned i = 0; i < 5; i++) {
        reply(house, i % 2 == 0 ? "help" : "Hello", "kept");
    }
    struct answer answer = ask(house, "GET", "/v1/replies?limit=2", "", "");
    assert_non_null(strstr(answer.text, "\"id\":\"r5\""));
    assert_null(strstr(answer.text, "\"id\":\"r3\""));
    (void)snprintf(path, sizeof(path), "/v1/replies?limit=2&cursor=%s", text_of(&answer, "next"));
    answer_release(&answer);
    expect_get(house, path, 200, "{\"items\":[{\"id\":\"r3\"");
    expect_get(house, "/v1/replies?class=help&limit=3", 200, "\"next\":null");
    expect_get(house, "/v1/replies?class=none", 400, "class must be other");
    expect_get(house, "/v1/replies?channel=fax", 400, "no channel");
    expect_get(house, "/v1/replies?campaign=c9", 400, "no campaign");
    expect_get(house, "/v1/replies/r6", 404, "reply");
    expect_get(house, "/v1/replies/c1", 404, "reply");
    expect_get(house, "/v1/campaigns/c9/replies", 404, "campaign");
    house->now_ms += REPLIES_KEPT_MS + 1000;
    house_turn(house);
    house_turn_for(house, 20);
    expect_get(house, "/v1/replies", 200, "{\"items\":[],");
    reply(house, "Hello", "\"reply\":\"r6\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(stop_takes_the_number_out_of_campaigns_that_run),
        HOUSE_TEST(stop_please_is_for_people_to_read),
        HOUSE_TEST(start_takes_back_what_a_reply_had_stopped),
        HOUSE_TEST(start_takes_back_nothing_else),
        HOUSE_TEST(stop_outlasts_a_bounce),
        HOUSE_TEST(the_same_message_is_one_reply),
        HOUSE_TEST(a_reply_is_to_the_newest_campaign_that_was_sent_there),
        HOUSE_TEST(a_reply_finds_its_campaign_behind_many_that_sent_nothing),
        HOUSE_TEST(a_token_says_whose_reply_it_is),
        HOUSE_TEST(a_token_says_which_endpoint_is_meant_as_well),
        HOUSE_TEST(a_mails_sender_alone_stops_nobody),
        HOUSE_TEST(lists_are_paged_and_filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
