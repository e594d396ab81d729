/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "proto/reply_code.h"
#include "tests/unit/api_rig.h"

static void create_reply_campaign(struct house *house)
{
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"ACK {{reply_code}}\"}}}",
           201, "\"reply_code_characters\":");
}

/* As a worker computes it. */
static struct reply_code code_of(struct house *house, uint64_t campaign, uint32_t ordinal)
{
    const struct campaign_document *document = campaign_registry_find(house->campaigns, campaign);
    const struct reply_range *range = campaign_document_reply_range(document);
    const uint32_t key = campaign_document_delivery_key(document);
    struct reply_codes codes;
    struct reply_code code;
    assert_int_not_equal(range->count, 0);
    reply_codes_init(&codes, range, campaign, delivery_keys_at(&house->keys, key)->bytes);
    reply_code_write(&codes, ordinal, &code);
    return code;
}

/* {"channel":"sms","from":FROM,"text":"BEFORE" and the recipient's code} */
static const char *reply_from(struct house *house, const char *from, const char *before,
                              uint64_t campaign, uint32_t ordinal)
{
    static char body[160];
    struct reply_code code = code_of(house, campaign, ordinal);
    (void)snprintf(body, sizeof(body), "{\"channel\":\"sms\",\"from\":\"%s\",\"text\":\"%s%.*s\"}",
                   from, before, (int)code.count, code.chars);
    return body;
}

static void a_reply_counts_for_who_has_its_code_and_endpoint(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "no campaign that is open");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    for (unsigned i = 0; i < 2; i++) { /* twice is as good as once */
        expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000002", "ack", 2, 1), 200,
               "\"result\":\"acknowledged\"");
    }
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+47 900 00 002", "ACK ", 1, 1), 200,
           "\"campaign\":\"c1\",\"recipient\":\"k2\",\"ordinal\":1");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 1), 200,
           "went to \\\"+4790000001\\\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000009", "ACK ", 1, 1), 200,
           "no campaign");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
    expect_get(house, "/v1/campaigns/c2", 200, "\"acknowledged\":1");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c2/recipients?state=acknowledged", 200, "\"ordinal\":1");
    expect_get(house, "/metrics", 200, "tocsin_replies_total{result=\"unknown\"} 0");
}

static void a_reply_after_the_end_is_heard_until_the_campaign_is_archived(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "acknowledged");
    house->now_ms += ARCHIVE_MS;
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000002", "ACK ", 1, 1), 200,
           "no campaign that is open");
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":1");
}

static void many_replies_come_in_one_request(void **state)
{
    struct house *house = *state;
    struct buf body = {0};
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    house->tick_ms = 1;
    buf_str(&body, "[");
    for (unsigned i = 0; i < 40; i++) {
        buf_str(&body, "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"Hm?\"},");
    }
    buf_printf(&body, "%s,", reply_from(house, "+4790000001", "ACK ", 1, 0));
    buf_printf(&body, "%s,", reply_from(house, "+4790000005", "ACK ", 1, 3)); /* k5 */
    buf_str(&body, "{\"channel\":\"fax\",\"from\":\"1\",\"text\":\"\"},7]");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 200,
           "{\"replies\":44,\"acknowledged\":2,\"results\":[{\"result\":\"kept\"");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 200,
           "there is no channel \\\"fax\\\"");
    expect(house, "POST", "/v1/replies", "", "[]", 200, "{\"replies\":0");
    buf_clear(&body);
    buf_str(&body, "[0");
    for (unsigned i = 0; i < 1000; i++) {
        buf_str(&body, ",0");
    }
    buf_str(&body, "]");
    expect(house, "POST", "/v1/replies", "", buf_cstr(&body), 413, "more than 1000");
    buf_release(&body);
}

static void a_reply_finds_its_campaign_among_many(void **state)
{
    struct house *house = *state;
    upload(house);
    for (unsigned i = 0; i < 300; i++) { /* more than there are codes of four characters for */
        create_reply_campaign(house);
    }
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c300/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 300, 0), 200,
           "\"campaign\":\"c300\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "\"campaign\":\"c1\"");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 9, 0), 200,
           "no campaign");
    assert_int_equal(code_of(house, 1, 0).count, 4);
    assert_int_equal(code_of(house, 300, 0).count, 5);
    expect_get(house, "/v1/campaigns/c300", 200, "\"reply_code_characters\":5");
    /* Whoever goes away while it is looked for, or the house closes, leaves nothing behind. */
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/replies", "",
                                         reply_from(house, "+4790000002", "ACK ", 300, 1));
    house_turn_for(house, 20);
    house_crash(house);
    http_peer_release(&peer);
    expect_get(house, "/v1/campaigns/c300", 200, "\"acknowledged\":1");
}

static void what_is_no_reply_is_told_so(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *says;
    } cases[] = {
        {"", 400, "no JSON"},
        {"7", 400, "no JSON"},
        {"{\"channel\":\"sms\",\"from\":\"+4790000001\"}", 422, "text"},
        {"{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":7}", 422, "text"},
        {"{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"\",\"provider\":\"a b\"}", 422,
         "no provider's name"},
        {"{\"channel\":\"sms\",\"from\":\"nobody\",\"text\":\"ACK 7KQ2\"}", 422, "nobody"},
        {"{\"channel\":\"sm\",\"from\":\"+4790000001\",\"text\":\"ACK 7KQ2\"}", 422, "no channel"},
        {"{\"chanel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"ACK 7KQ2\"}", 422,
         "did you mean"},
    };
    struct house *house = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "POST", "/v1/replies", "", cases[i].body, cases[i].status, cases[i].says);
    }
}

#define SHARERS 2000 /* of one number: codes by chance would be the same for about eight pairs */

/* Replies of all of them to both campaigns, each with the code of its own. */
static void reply_for_sharers(struct house *house, uint32_t from, uint32_t to)
{
    struct buf body = {0};
    buf_str(&body, "[");
    for (uint32_t i = from; i < to; i++) {
        for (uint64_t campaign = 1; campaign <= 2; campaign++) {
            buf_printf(&body, "%s%s", body.len > 1 ? "," : "",
                       reply_from(house, "+4790000000", "ACK ", campaign, i));
        }
    }
    buf_str(&body, "]");
    struct answer answer = ask(house, "POST", "/v1/replies", "", buf_cstr(&body));
    json_t *results = json_object_get(answer.json, "results");
    assert_int_equal(json_array_size(results), 2 * (to - from));
    for (uint32_t n = 0; n < 2 * (to - from); n++) {
        json_t *entry = json_array_get(results, n);
        const char *campaign = json_string_value(json_object_get(entry, "campaign"));
        assert_non_null(campaign);
        assert_string_equal(campaign, n % 2 == 0 ? "c1" : "c2");
        assert_int_equal(json_integer_value(json_object_get(entry, "ordinal")), from + n / 2);
    }
    answer_release(&answer);
    buf_release(&body);
}

static void whoever_shares_a_number_is_told_apart_in_all_campaigns(void **state)
{
    struct house *house = *state;
    struct buf rows = {0};
    house->tick_ms = 1; /* a portion of replies waits until the one before is written */
    buf_str(&rows, "id,phone\n");
    for (uint32_t i = 0; i < SHARERS; i++) {
        buf_printf(&rows, "k%u,+4790000000\n", (unsigned)i);
    }
    expect(house, "POST", "/v1/audiences?name=customers", CSV, buf_cstr(&rows), 201, "\"id\"");
    buf_release(&rows);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/keys/delivery/rotate", "", "", 200, "\"number\":2");
    create_reply_campaign(house); /* of another key */
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c2/pause", "", "", 200, "paused");
    reply_for_sharers(house, 0, 500);
    house_crash(house); /* they keep their codes */
    for (uint32_t i = 500; i < SHARERS; i += 500) {
        reply_for_sharers(house, i, i + 500);
    }
    expect_get(house, "/v1/campaigns/c1", 200, "\"acknowledged\":2000");
    expect_get(house, "/v1/campaigns/c2", 200, "\"acknowledged\":2000");
}

static void a_campaign_that_does_not_use_codes_has_none(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    upload(house);
    create_campaign(house);
    create_reply_campaign(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    house->has_code_url = true; /* from now on a provider's address has them */
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":4");
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c3", 200, "\"reply_code_characters\":4");
    house->has_code_url = false; /* what a campaign has it keeps */
    house_crash(house);
    for (uint64_t campaign = 1; campaign <= 3; campaign++) {
        char path[32];
        (void)snprintf(path, sizeof(path), "/v1/campaigns/c%u/launch", (unsigned)campaign);
        expect(house, "POST", path, "", "", 200, "running");
        expect(house, "POST", "/v1/replies", "",
               reply_from(house, "+4790000001", "ACK ", campaign, 0), 200, "acknowledged");
    }
}

static void codes_that_nobody_was_sent_are_given_again_at_once(void **state)
{
    struct house *house = *state;
    upload(house);
    create_reply_campaign(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "no campaign");
    house_crash(house);
    create_reply_campaign(house);
    const struct reply_range *range =
        campaign_document_reply_range(campaign_registry_find(house->campaigns, 3));
    assert_int_equal(range->first, 0);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    expect_get(house, "/v1/campaigns/c2", 200, "\"reply_code_characters\":4");
    house_crash(house); /* which gives it none either */
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
}

static void codes_of_an_archived_campaign_are_given_again(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1;
    upload(house);
    create_reply_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_crash(house);
    const struct reply_range *range =
        campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 0);
    create_reply_campaign(house); /* not while replies to the first are taken */
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 2));
    assert_int_equal(range->first, 8192);
    house->now_ms += ARCHIVE_MS;
    create_reply_campaign(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 3));
    assert_int_equal(range->first, 0);
    expect_get(house, "/v1/campaigns/c1", 200, "\"reply_code_characters\":null");
    house->now_ms -= ARCHIVE_MS; /* a clock that is set back; so they are as one */
    expect(house, "POST", "/v1/campaigns/c1/retry", "", "", 409, "given to another");
    expect(house, "POST", "/v1/campaigns/c3/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 3, 0), 200,
           "\"campaign\":\"c3\"");
    house_crash(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 16384); /* others than it had */
    expect(house, "POST", "/v1/replies", "", reply_from(house, "+4790000001", "ACK ", 1, 0), 200,
           "\"campaign\":\"c1\"");
    house_crash(house);
    range = campaign_document_reply_range(campaign_registry_find(house->campaigns, 1));
    assert_int_equal(range->first, 16384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_reply_counts_for_who_has_its_code_and_endpoint),
        HOUSE_TEST(a_reply_after_the_end_is_heard_until_the_campaign_is_archived),
        HOUSE_TEST(many_replies_come_in_one_request),
        HOUSE_TEST(a_reply_finds_its_campaign_among_many),
        HOUSE_TEST(what_is_no_reply_is_told_so),
        HOUSE_TEST(whoever_shares_a_number_is_told_apart_in_all_campaigns),
        HOUSE_TEST(a_campaign_that_does_not_use_codes_has_none),
        HOUSE_TEST(codes_that_nobody_was_sent_are_given_again_at_once),
        HOUSE_TEST(codes_of_an_archived_campaign_are_given_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
