/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/unit/api_rig.h"

#define PLAIN_CAMPAIGN                                                                             \
    "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\",\"content\":{\"sms\":{\"text\":" \
    "\"Hi\"}}}"
#define HOUSEHOLD 20 /* recipients with one number */

static void create_plain(struct house *house)
{
    expect(house, "POST", "/v1/campaigns", "", PLAIN_CAMPAIGN, 201, "\"state\":\"draft\"");
}

static void expect_items(struct house *house, const char *query, unsigned count,
                         const char *first_campaign)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "/v1/recipients?%s", query);
    struct answer answer = ask(house, "GET", path, "", "");
    assert_int_equal(answer.status, 200);
    const json_t *items = json_object_get(answer.json, "items");
    if (json_array_size(items) != count) {
        print_error("%s gives %s\n", path, answer.text);
    }
    assert_int_equal(json_array_size(items), count);
    assert_true(json_is_null(json_object_get(answer.json, "next")));
    if (count > 0) {
        const char *campaign =
            json_string_value(json_object_get(json_array_get(items, 0), "campaign"));
        assert_string_equal(campaign, first_campaign);
    }
    answer_release(&answer);
}

static void a_person_is_found_by_key_in_all_campaigns_the_newest_first(void **state)
{
    struct house *house = *state;
    upload(house);
    expect_items(house, "key=k2", 0, "");
    create_campaign(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "cancelled");
    for (unsigned lives = 0; lives < 2; lives++) { /* of the second c1 is in the journal alone */
        expect_items(house, "key=k2", 2, "c2");
        expect_items(house, "key=k2&campaign=c1", 1, "c1");
        expect_items(house, "key=k4", 0, "");
        expect_get(house, "/v1/recipients?key=k2", 200, "\"key\":\"k2\"}");
        expect_get(house, "/v1/recipients?key=k2&campaign=c1", 200,
                   "\"campaign_state\":\"cancelled\"");
        expect_get(house, "/v1/recipients?key=k2&campaign=c1", 200,
                   "\"audience\":\"a1\",\"key\":\"k2\",\"ordinal\":1,\"state\":\"cancelled\"");
        expect_get(house, "/v1/recipients?key=k2&campaign=c1", 200,
                   "\"last_event\":null,\"link\":\"/v1/campaigns/c1/recipients/k2\"");
        expect_get(house, "/v1/recipients?key=k2&campaign=c1&timeline=true", 200,
                   "\"event\":\"launched\"");
        house_crash(house);
    }
}

static void what_happened_last_is_told_with_its_time(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "POST", link_to(house, 1, 1), "", "", 200, "Thank you");
    for (unsigned lives = 0; lives < 2; lives++) {
        expect_get(house, "/v1/recipients?key=k2", 200, "\"event\":\"acknowledged\"");
        expect_get(house, "/v1/recipients?key=k2", 200, "\"acknowledged_at\":\"2");
        expect_get(house, "/v1/recipients?key=k5", 200,
                   "\"state\":\"waiting\",\"step\":1,\"endpoint\":0,\"attempts\":0,"
                   "\"uncertain\":false,\"accepted_at\":null,\"delivered_at\":null,"
                   "\"acknowledged_at\":null,\"last_event\":null");
        house_crash(house);
    }
}

static void an_endpoint_is_compared_in_its_normal_form(void **state)
{
    struct house *house = *state;
    static const char rows[] = "id,phone,phone.2,email,push_token,webhook\n"
                               "k1,+4790000001,+4790000002,Anna@Example.ORG,,\n"
                               "k2,+4790000002,+4790000002,,fcm-token-0123456789abcdef,\n"
                               "k3,,,,,HTTPS://Example.org/Hook\n";
    static const struct {
        const char *query;
        unsigned count;
        const char *words;
    } cases[] = {
        {"endpoint=%2B4790000001", 1, "\"matched\":0"},
        {"endpoint=+47%20900-00+001", 1, "\"endpoint\":\"+4790000001\",\"channel\":\"sms\""},
        {"endpoint=tel:%2B47(900)00001", 1, "\"key\":\"k1\""},
        {"endpoint=004790000001&channel=voice", 1, "\"channel\":\"voice\""},
        {"endpoint=%2B4790000002", 2, "\"matched\":1"}, /* k1 at rank 1, k2 once, at rank 0 */
        {"endpoint=%2B4790000009", 0, "\"items\":[]"},
        {"endpoint=anna@EXAMPLE.org", 1, "\"key\":\"k1\""},
        {"endpoint=fcm-token-0123456789abcdef", 1, "\"channel\":\"push\""},
        {"endpoint=FCM-token-0123456789abcdef", 0, "\"items\":[]"},
        {"endpoint=https://EXAMPLE.org/Hook", 1, "\"key\":\"k3\""},
        {"endpoint=https://EXAMPLE.org/hook", 0, "\"items\":[]"},
    };
    expect(house, "POST", "/v1/audiences?name=x", CSV, rows, 201, "\"accepted\":3");
    create_plain(house);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "/v1/recipients?%s", cases[i].query);
        expect_items(house, cases[i].query, cases[i].count, "c1");
        expect_get(house, path, 200, cases[i].words);
    }
}

static void a_duplicate_row_is_nobody(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_items(house, "endpoint=%2B4790000003", 0, "");
    expect_items(house, "endpoint=%2B4790000001", 1, "c1");
}

/* Follows `next`; each of the household must be met once in each campaign. */
static void walk_household(struct house *house, unsigned limit)
{
    unsigned met[3][HOUSEHOLD] = {{0}};
    char path[256];
    char cursor[64] = "";
    const char *next;
    do {
        (void)snprintf(path, sizeof(path), "/v1/recipients?endpoint=%%2B4790000001&limit=%u%s",
                       limit, cursor);
        struct answer answer = ask(house, "GET", path, "", "");
        size_t i;
        const json_t *item;
        assert_int_equal(answer.status, 200);
        json_array_foreach(json_object_get(answer.json, "items"), i, item)
        {
            unsigned campaign = 0;
            unsigned key = 0;
            assert_int_equal(
                sscanf(json_string_value(json_object_get(item, "campaign")), "c%u", &campaign), 1);
            assert_int_equal(sscanf(json_string_value(json_object_get(item, "key")), "k%u", &key),
                             1);
            met[campaign][key]++;
        }
        next = text_of(&answer, "next");
        (void)snprintf(cursor, sizeof(cursor), "&cursor=%s", next);
        bool is_over = next[0] == '\0';
        answer_release(&answer);
        if (is_over) {
            break;
        }
    } while (true);
    for (unsigned key = 0; key < HOUSEHOLD; key++) {
        assert_int_equal(met[1][key], 1);
        assert_int_equal(met[2][key], 1);
    }
}

static void whoever_shares_an_endpoint_is_met_once_whatever_the_pages(void **state)
{
    struct house *house = *state;
    char rows[HOUSEHOLD * 48 + 64] = "id,phone,phone.2\n";
    for (unsigned i = 0; i < HOUSEHOLD; i++) {
        (void)snprintf(rows + strlen(rows), 48, "k%u,%s\n", i,
                       i % 3 == 0   ? "+4790000001,"
                       : i % 3 == 1 ? "+4790000055,+4790000001"
                                    : "+4790000001,+4790000001");
    }
    expect(house, "POST", "/v1/audiences?name=x", CSV, rows, 201, "\"accepted\":20");
    create_plain(house);
    create_plain(house);
    walk_household(house, 1);
    walk_household(house, 7);
    walk_household(house, 100);
}

static void a_search_that_is_none_says_what_would_be_right(void **state)
{
    struct house *house = *state;
    char longest[140];
    char too_long[160];
    static const struct {
        const char *query;
        const char *words;
    } cases[] = {
        {"", "one of key and endpoint is needed"},
        {"key=k1&endpoint=%2B4790000001", "one of key and endpoint is needed"},
        {"key=", "1 to 128 bytes"},
        {"key=a%00b", "not well encoded"},
        {"key=%ff%fe", "not well encoded"},
        {"key=%c3", "not well encoded"},
        {"key=%ed%a0%80", "not well encoded"}, /* half of a surrogate pair */
        {"key=%c0%af", "not well encoded"},    /* longer than it need be */
        {"key=%f4%90%80%80", "not well encoded"},
        {"key=%zz", "not well encoded"},
        {"key=%1", "not well encoded"},
        {"key=a%0ab", "one line"},
        {"key=a%7fb", "one line"},
        {"key=k1&key=k2", "given twice"},
        {"kye=k1", "did you mean \\\"key\\\""},
        {"key=k1&channel=sms", "a key has no channel"},
        {"endpoint=", "say which"},
        {"endpoint=nonsense", "say which"},
        {"endpoint=%2B4790000001&channel=fax", "there is no channel"},
        {"endpoint=90000001", "country code"},
        {"endpoint=%2B4790000001&channel=email", "no @"},
        {"endpoint=a%20b%20c%20d%20e%20f%20g%20h%20i&channel=push", "push token"},
        {"endpoint=%2B4790000001%00", "not well encoded"},
        {"key=k1&campaign=c9", "no campaign"},
        {"key=k1&campaign=%27%22", "no campaign"},
        {"key=k1&timeline=yes", "true or false"},
        {"key=k1&limit=0", "limit must be"},
        {"key=k1&cursor=abc", "no cursor of this list"},
    };
    upload(house);
    create_campaign(house);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "/v1/recipients?%s", cases[i].query);
        expect_get(house, path, 400, cases[i].words);
    }
    memset(longest, 'k', sizeof(longest));
    memcpy(longest, "key=", 4);
    longest[4 + 128] = '\0';
    expect_items(house, longest, 0, "");
    (void)snprintf(too_long, sizeof(too_long), "/v1/recipients?%sk", longest);
    expect_get(house, too_long, 400, "1 to 128 bytes");
}

/* Whatever a key may have in it: quotes, markup, percent signs, all that UTF-8 has. */
static void keys_of_every_odd_kind_are_found(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *row; /* as CSV has it */
        const char *query;
        const char *link;
    } keys[] = {
        {"\"a\"\"b\"", "a%22b", "/recipients/a%22b\""},
        {"a'b", "a%27b", "/recipients/a%27b\""},
        {"a%2Fb", "a%252Fb", "/recipients/a%252Fb\""},
        {"a/b", "a/b", "/recipients/a%2Fb\""},
        {"a+b", "a%2Bb", "/recipients/a%2Bb\""},
        {"a b", "a+b", "/recipients/a%20b\""},
        {"a&b=c", "a%26b%3Dc", "/recipients/a%26b%3Dc\""},
        {"<b>", "%3Cb%3E", "/recipients/%3Cb%3E\""},
        {"\xc3\xa6\xf0\x9f\x98\x80", "%C3%A6%F0%9F%98%80", "/recipients/%C3%A6%F0%9F%98%80\""},
        {"\xe2\x80\xae\xef\xbb\xbfx", "%E2%80%AE%EF%BB%BFx", "/recipients/%E2%80%AE%EF%BB%BFx\""},
        {"..", "..", "/recipients/..\""},
        {"?#", "%3F%23", "/recipients/%3F%23\""},
    };
    struct buf rows = {0};
    buf_str(&rows, "id,phone\n");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        buf_printf(&rows, "%s,+4790000001\n", keys[i].row);
    }
    expect(house, "POST", "/v1/audiences?name=x", CSV, buf_cstr(&rows), 201, "\"accepted\":12");
    buf_release(&rows);
    create_plain(house);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "key=%s", keys[i].query);
        expect_items(house, path, 1, "c1");
        (void)snprintf(path, sizeof(path), "/v1/recipients?key=%s", keys[i].query);
        expect_get(house, path, 200, keys[i].link);
    }
}

static void a_cursor_of_another_search_is_refused(void **state)
{
    struct house *house = *state;
    char path[256];
    upload(house);
    create_campaign(house);
    create_campaign(house);
    struct answer answer = ask(house, "GET", "/v1/recipients?key=k2&limit=1", "", "");
    assert_int_equal(answer.status, 200);
    char cursor[64];
    (void)snprintf(cursor, sizeof(cursor), "%s", text_of(&answer, "next"));
    answer_release(&answer);
    (void)snprintf(path, sizeof(path), "key=k2&cursor=%s", cursor);
    expect_items(house, path, 1, "c1");
    static const char *const others[] = {"key=k1", "key=k2&campaign=c1", "endpoint=%2B4790000002",
                                         "endpoint=k2@example.org"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)snprintf(path, sizeof(path), "/v1/recipients?%s&cursor=%s", others[i], cursor);
        expect_get(house, path, 400, "no cursor of this list");
    }
    (void)snprintf(path, sizeof(path), "/v1/campaigns?cursor=%s", cursor);
    expect_get(house, path, 400, "no cursor of this list");
    cursor[3] = cursor[3] == 'A' ? 'B' : 'A';
    (void)snprintf(path, sizeof(path), "/v1/recipients?key=k2&cursor=%s", cursor);
    expect_get(house, path, 400, "no cursor of this list");
}

/* A client that goes away in the midst of a search leaves nothing behind. */
static void a_client_may_go_while_it_is_searched(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    house->is_writing = false;
    expect(house, "GET", "/v1/recipients?key=k2", "", "", 200, "\"key\":\"k2\"");
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns/c1/launch", "", "");
    struct http_peer searcher = send_request(house, "GET", "/v1/recipients?key=k2", "", "");
    house_turn_for(house, 20);
    http_peer_release(&searcher);
    house_turn_for(house, 20);
    house->is_writing = true;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 200);
    answer_release(&answer);
    expect_items(house, "key=k2", 1, "c1");
}

static uint64_t cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#define SEARCHERS 80
#define AUDIENCES 300
/* Each searches for longer than it may at a time: a share each would be 160 ms. */
#define TURN_MAX_US 60000

/* However many search, the engine waits no longer for its turn. */
static void many_searches_share_a_turn_of_the_loop(void **state)
{
    struct house *house = *state;
    struct http_peer peers[SEARCHERS];
    struct buf request = {0};
    unsigned answered = 0;
    uint64_t slowest_us = 0;
    for (unsigned i = 1; i <= AUDIENCES; i++) {
        char body[300];
        upload(house);
        (void)snprintf(body, sizeof(body),
                       "{\"name\":\"n\",\"audience\":\"a%u\",\"channel\":\"sms\",\"content\":"
                       "{\"sms\":{\"text\":\"Hi\"}}}",
                       i);
        expect(house, "POST", "/v1/campaigns", "", body, 201, "draft");
    }
    buf_printf(&request,
               "GET /v1/recipients?endpoint=%%2B4790000001&limit=1000 HTTP/1.1\r\nHost: t\r\n"
               "Connection: close\r\nAuthorization: Bearer %s\r\n\r\n",
               house->token);
    for (unsigned i = 0; i < SEARCHERS; i++) { /* all of them before the loop has a turn */
        peers[i] = http_peer_open(api_address(house->api), house_turn, house);
        assert_int_equal(send(peers[i].fd, request.data, request.len, MSG_NOSIGNAL), request.len);
    }
    buf_release(&request);
    while (answered < SEARCHERS) {
        uint64_t began_us = cpu_us();
        uv_run(&house->loop, UV_RUN_NOWAIT);
        uint64_t took_us = cpu_us() - began_us;
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
        house_turn(house);
        answered = 0;
        for (unsigned i = 0; i < SEARCHERS; i++) {
            http_peer_read(&peers[i]);
            answered += peers[i].is_closed;
        }
    }
    for (unsigned i = 0; i < SEARCHERS; i++) {
        struct answer answer = take_answer(&peers[i]);
        assert_int_equal(json_array_size(json_object_get(answer.json, "items")), AUDIENCES);
        answer_release(&answer);
    }
    print_message("the slowest turn: %llu us\n", (unsigned long long)slowest_us);
    assert_true(slowest_us < TURN_MAX_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_person_is_found_by_key_in_all_campaigns_the_newest_first),
        HOUSE_TEST(what_happened_last_is_told_with_its_time),
        HOUSE_TEST(an_endpoint_is_compared_in_its_normal_form),
        HOUSE_TEST(a_duplicate_row_is_nobody),
        HOUSE_TEST(whoever_shares_an_endpoint_is_met_once_whatever_the_pages),
        HOUSE_TEST(a_search_that_is_none_says_what_would_be_right),
        HOUSE_TEST(keys_of_every_odd_kind_are_found),
        HOUSE_TEST(a_cursor_of_another_search_is_refused),
        HOUSE_TEST(a_client_may_go_while_it_is_searched),
        HOUSE_TEST(many_searches_share_a_turn_of_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
