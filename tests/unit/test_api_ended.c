/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of campaigns that have ended: lists by state, from the journal, and answers that
 * wait for nobody else's records.
 */
#include <stdio.h>

#include "tests/unit/api_rig.h"

#define PEOPLE 60000
#define LIST   "/v1/campaigns/c1/recipients?state=acknowledged"

static void upload_many(struct house *house)
{
    struct buf rows = {0};
    buf_str(&rows, "id,phone,first_name\n");
    for (unsigned i = 0; i < PEOPLE; i++) {
        buf_printf(&rows, "k%u,+47900%05u,N\n", i, i);
    }
    expect(house, "POST", "/v1/audiences?name=customers", CSV, buf_cstr(&rows), 201,
           "\"accepted\":60000");
    buf_release(&rows);
    create_campaign(house);
}

static void acknowledge(struct house *house, const char *key)
{
    char body[64];
    (void)snprintf(body, sizeof(body), "{\"campaign\":\"c1\",\"recipient\":\"%s\"}", key);
    expect(house, "POST", "/v1/acknowledgements", "", body, 200, "acknowledged");
}

/* Pages that were woken sleep again. */
static void let_sleep(struct house *house)
{
    house->now_ms += 61000;
    engine_run(house->engine, house->now_ms);
    house_turn_for(house, 50);
}

/* The list, so many at a time, has these keys and no others. */
static void expect_list(struct house *house, unsigned limit, const char *const *keys)
{
    char path[256];
    char cursor[64] = "";
    unsigned found = 0;
    for (unsigned pages = 0; pages < 100; pages++) {
        (void)snprintf(path, sizeof(path), LIST "&limit=%u%s%s", limit,
                       cursor[0] != '\0' ? "&cursor=" : "", cursor);
        struct answer answer = ask(house, "GET", path, "", "");
        assert_int_equal(answer.status, 200);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(answer.json, "items"), i, item)
        {
            assert_non_null(keys[found]);
            assert_string_equal(json_string_value(json_object_get(item, "key")), keys[found]);
            found++;
        }
        (void)snprintf(cursor, sizeof(cursor), "%s", text_of(&answer, "next"));
        answer_release(&answer);
        if (cursor[0] == '\0') {
            break;
        }
    }
    assert_null(keys[found]);
}

static void a_few_of_many_are_found_wherever_they_are(void **state)
{
    struct house *house = *state;
    static const char *const none[] = {NULL};
    static const char *const one[] = {"k5", NULL};
    static const char *const two[] = {"k5", "k50000", NULL};
    static const char *const all[] = {"k5", "k6", "k50000", "k59999", NULL};
    upload_many(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":60000");
    expect_list(house, 10, none);
    acknowledge(house, "k5");
    expect_list(house, 10, one); /* its page is awake */
    let_sleep(house);
    expect_list(house, 10, one);
    acknowledge(house, "k50000"); /* after the pages were looked through */
    expect_list(house, 10, two);
    expect_list(house, 1, two);
    let_sleep(house);
    expect_list(house, 1, two);
    acknowledge(house, "k6");
    acknowledge(house, "k59999");
    expect_list(house, 3, all);
    house_crash(house);
    expect_list(house, 3, all);
    expect_list(house, 1, all);
    expect_get(house, "/v1/campaigns/c1/recipients?limit=2", 200, "\"key\":\"k1\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=cancelled&limit=1000", 200,
               "\"key\":\"k1001\"");
}

static void open_campaigns_are_looked_through_too(void **state)
{
    struct house *house = *state;
    static const char *const two[] = {"k5", "k50000", NULL};
    upload_many(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    acknowledge(house, "k5");
    acknowledge(house, "k50000");
    expect_list(house, 10, two);
    expect_list(house, 1, two);
    expect_get(house, "/v1/campaigns/c1/recipients?state=waiting&limit=7", 200, "\"key\":\"k7\"");
}

static void an_ended_campaign_waits_for_nobody_else(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_turn_for(house, 20);
    house->is_writing = false;
    struct http_peer made = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    house_turn_for(house, 20);
    expect_get(house, "/v1/campaigns/c1", 200, "\"cancelled\":3");
    expect_get(house, "/v1/campaigns/c1/recipients/k2", 200, "\"state\":\"cancelled\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=cancelled", 200, "\"key\":\"k5\"");
    house->is_writing = true;
    http_peer_expect(&made, "\"id\":\"c2\"");
    acknowledge(house, "k1");
    house_turn_for(house, 20);
    /* Something of its own is not on disk: it is not told of. */
    house->is_writing = false;
    struct http_peer told = send_request(house, "POST", "/v1/acknowledgements", "",
                                         "{\"campaign\":\"c1\",\"recipient\":\"k2\"}");
    house_turn_for(house, 50);
    struct http_peer view = send_request(house, "GET", "/v1/campaigns/c1", "", "");
    house_turn_for(house, 200);
    http_peer_read(&view);
    assert_int_equal(view.got.len, 0);
    house->is_writing = true;
    http_peer_expect(&view, "\"acknowledged\":2");
    http_peer_release(&view);
    http_peer_release(&told);
    http_peer_release(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_few_of_many_are_found_wherever_they_are),
        HOUSE_TEST(open_campaigns_are_looked_through_too),
        HOUSE_TEST(an_ended_campaign_waits_for_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
