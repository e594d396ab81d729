/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every resource: listeners, the token, paths, keys of requests, the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/api_rig.h"

static void what_is_public_has_a_port_of_its_own(void **state)
{
    struct house *house = *state;
    assert_null(api_public_address(house->api));
    expect_get(house, "/a/forged", 403, "<html");
    house->has_public = true;
    house_crash(house);
    assert_int_equal(public_status(house, "GET", "/healthz"), 200);
    assert_int_equal(public_status(house, "GET", "/a/forged"), 403);
    assert_int_equal(public_status(house, "DELETE", "/a/forged"), 405);
    /* Not even who has the admin token finds anything else there. */
    assert_int_equal(public_status(house, "GET", "/metrics"), 404);
    assert_int_equal(public_status(house, "GET", "/readyz"), 404);
    assert_int_equal(public_status(house, "GET", "/v1/campaigns"), 404);
    assert_int_equal(public_status(house, "POST", "/v1/acknowledgements"), 404);
    expect_get(house, "/a/forged", 404, "nothing at this path");
    expect_get(house, "/healthz", 200, "");
    expect_get(house, "/v1/campaigns", 200, "items");
}

static void an_answer_comes_only_after_its_record_is_durable(void **state)
{
    struct house *house = *state;
    upload(house);
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    house_turn_for(house, 100);
    http_peer_read(&peer);
    assert_int_equal(peer.got.len, 0);
    house->is_writing = true;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 201);
    assert_non_null(strstr(answer.text, "Location: /v1/campaigns/c1\r\n"));
    assert_string_equal(text_of(&answer, "id"), "c1");
    answer_release(&answer);
    expect_get(house, "/v1/campaigns/c1", 200, "\"waiting\":3");
}

static void what_a_crash_could_take_back_is_not_told(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *words;
    } cases[] = {
        {"GET", "/v1/campaigns/c1", "\"state\":\"running\""},
        {"GET", "/v1/campaigns", "\"state\":\"running\""},
        {"GET", "/v1/campaigns/c1/recipients", "\"key\":\"k5\""},
        {"GET", "/v1/campaigns/c1/recipients/k5", "\"event\":\"launched\""},
        {"GET", "/metrics", "tocsin_campaigns{state=\"running\"} 1"},
        {"POST", "/v1/campaigns/c1/launch", "\"status\":409"},
    };
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    struct house *house = *state;
    struct http_peer peers[CASES];
    upload(house);
    create_campaign(house);
    house->is_writing = false;
    struct http_peer launch = send_request(house, "POST", "/v1/campaigns/c1/launch", "", "");
    house_turn_for(house, 20);
    for (size_t i = 0; i < CASES; i++) {
        peers[i] = send_request(house, cases[i].method, cases[i].path, "", "");
    }
    expect_get(house, "/v1/audiences/a1", 200, "a1"); /* nothing of it waits for the disk */
    expect_get(house, "/v1/status", 200, "\"version\"");
    for (size_t i = 0; i < CASES; i++) {
        http_peer_read(&peers[i]);
        assert_int_equal(peers[i].got.len, 0);
    }
    house->is_writing = true;
    for (size_t i = 0; i < CASES; i++) {
        struct answer answer = take_answer(&peers[i]);
        assert_non_null(strstr(answer.text, cases[i].words));
        answer_release(&answer);
    }
    struct answer answer = take_answer(&launch);
    answer_release(&answer);
}

static void a_crash_cannot_separate_a_change_from_its_answer(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    /* Decided but not written: neither is there after the crash. */
    house->is_writing = false;
    struct http_peer lost = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    house_turn_for(house, 50);
    house_crash(house);
    http_peer_release(&lost);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[],\"next\":null}");
    /* Written, but the client never heard: both are. */
    house->is_writing = false;
    lost = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    house_turn_for(house, 50);
    assert_true(changelog_mem_step(house->changelog));
    house_crash(house);
    http_peer_release(&lost);
    expect_get(house, "/v1/campaigns/c1", 200, "\"state\":\"draft\"");
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 201, "Idempotency-Replayed: true");
    expect_get(house, "/v1/campaigns/c2", 404, "there is no campaign");
}

static void a_key_stands_for_one_request(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    house->is_writing = false;
    struct http_peer first = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    house_turn_for(house, 50);
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 409, "under way");
    house->is_writing = true;
    struct answer answer = take_answer(&first);
    struct answer again = ask(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    assert_true(json_equal(answer.json, again.json));
    assert_non_null(strstr(again.text, "Location: /v1/campaigns/c1\r\n"));
    answer_release(&answer);
    answer_release(&again);
    expect(house, "POST", "/v1/campaigns/c1/launch", key, "", 422, "another request");
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: a b\r\n", CAMPAIGN, 400, "visible");
    /* A refused request leaves its key free. */
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k-2\r\n", "{}", 422, "/name");
    expect(house, "POST", "/v1/campaigns", "Idempotency-Key: k-2\r\n", CAMPAIGN, 201, "c2");
}

/* Follows `next` to the end; the ids or keys, each with a blank behind it. */
static char *walk(struct house *house, const char *path, const char *member)
{
    struct buf found = {0};
    struct buf next = {0};
    buf_str(&next, path);
    for (unsigned pages = 0; pages < 20 && next.len > 0; pages++) {
        struct answer answer = ask(house, "GET", buf_cstr(&next), "", "");
        assert_int_equal(answer.status, 200);
        size_t i;
        json_t *item;
        json_array_foreach(json_object_get(answer.json, "items"), i, item)
        {
            buf_printf(&found, "%s ", json_string_value(json_object_get(item, member)));
        }
        const char *cursor = json_string_value(json_object_get(answer.json, "next"));
        buf_clear(&next);
        if (cursor != NULL) {
            buf_printf(&next, "%s&cursor=%s", path, cursor);
        }
        answer_release(&answer);
    }
    char *all = strdup(buf_cstr(&found));
    buf_release(&found);
    buf_release(&next);
    return all;
}

static void lists_go_on_where_they_stopped(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *path;
        const char *member;
        const char *all;
    } cases[] = {
        {"/v1/campaigns?limit=2", "id", "c1 c2 c3 c4 c5 "},
        {"/v1/campaigns?limit=5", "id", "c1 c2 c3 c4 c5 "},
        {"/v1/campaigns?limit=2&order=newest", "id", "c5 c4 c3 c2 c1 "},
        {"/v1/campaigns?limit=2&order=oldest&state=running,draft", "id", "c1 c2 c3 c4 c5 "},
        {"/v1/campaigns?limit=2&order=newest&state=running", "id", ""},
        {"/v1/audiences?limit=1", "id", "a1 a2 "},
        {"/v1/campaigns/c1/recipients?limit=1", "key", "k1 k2 k5 "},
        {"/v1/campaigns/c1/recipients?limit=2&state=waiting", "key", "k1 k2 k5 "},
        {"/v1/providers?limit=1", "name", "gateway relay "},
        {"/v1/workers?limit=1", "name", ""},
    };
    upload(house);
    upload(house);
    for (unsigned i = 0; i < 5; i++) {
        create_campaign(house);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *all = walk(house, cases[i].path, cases[i].member);
        assert_string_equal(all, cases[i].all);
        free(all);
    }
    struct answer list = ask(house, "GET", "/v1/campaigns", "", "");
    assert_int_equal(list.status, 200);
    assert_null(strstr(list.text, "\"content\"")); /* it may be long, and is there for one */
    answer_release(&list);
    expect_get(house, "/v1/campaigns/c1", 200, "\"content\":{\"sms\":");
    expect_get(house, "/v1/campaigns?limit=0", 400, "\"parameter\":\"limit\"");
    expect_get(house, "/v1/campaigns?limit=1001", 400, "1 to 1000");
    expect_get(house, "/v1/campaigns?order=last", 400, "\"parameter\":\"order\"");
    expect_get(house, "/v1/campaigns?state=running,lost", 400, "there are draft, running");
    expect_get(house, "/v1/campaigns?state=", 400, "\"parameter\":\"state\"");
    expect_get(house, "/v1/campaigns?cursor=xyz", 400, "\"parameter\":\"cursor\"");
    expect_get(house, "/v1/campaigns/c1/recipients?state=lost", 400, "\"parameter\":\"state\"");
}

static void a_full_disk_is_said_before_anything_is_taken(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/readyz", 200, "ready");
    store_mem_fail_writes(house->store, 1000000, ERR_NO_SPACE);
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns/c1/launch", "", "");
    house_turn_for(house, 50);
    house->now_ms += 2000; /* longer than a disk should take */
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 507, "\"status\":507");
    expect(house, "POST", "/v1/audiences?name=x", CSV, ROWS, 507, "\"status\":507");
    expect_get(house, "/readyz", 503, "\"detail\":\"");
    expect_get(house, "/healthz", 200, "alive");
    expect_get(house, "/v1/campaigns", 503, "not on disk yet"); /* the launch might be lost */
    expect_get(house, "/v1/campaigns/c1/recipients/k1", 503, "not on disk yet");
    expect_get(house, "/v1/audiences", 200, "\"next\":null");
    expect_get(house, "/metrics", 200, "tocsin_ledger_failing 1");
    store_mem_fail_writes(house->store, 0, ERR_OK);
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 200);
    answer_release(&answer);
    expect_get(house, "/readyz", 200, "ready");
    create_campaign(house);
}

static void whoever_waits_too_long_for_the_disk_is_told(void **state)
{
    struct house *house = *state;
    static const char key[] = "Idempotency-Key: k-1\r\n";
    upload(house);
    house->is_writing = false;
    struct http_peer peer = send_request(house, "POST", "/v1/campaigns", key, CAMPAIGN);
    house_turn_for(house, 50);
    struct http_peer reader = send_request(house, "GET", "/v1/campaigns", "", "");
    house_turn_for(house, 50);
    house->now_ms += 2000;
    struct answer view = take_answer(&reader);
    assert_int_equal(view.status, 503);
    assert_non_null(strstr(view.text, "not on disk yet"));
    answer_release(&view);
    house->now_ms += 29000;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text, "Retry-After: "));
    answer_release(&answer);
    house->is_writing = true;
    house_turn_for(house, 20);
    expect_get(house, "/v1/campaigns", 200, "\"id\":\"c1\"");
    expect(house, "POST", "/v1/campaigns", key, CAMPAIGN, 201, "Idempotency-Replayed: true");
}

static void the_token_opens_and_nothing_else_does(void **state)
{
    struct house *house = *state;
    house->tick_ms = 1; /* what is refused is noted in the audit log, in its own time */
    expect_get(house, "/v1/status", 200, "\"version\":\"1.2.3\"");
    house->token[5] = house->token[5] == 'x' ? 'y' : 'x';
    expect_get(house, "/v1/status", 401, "WWW-Authenticate: Bearer");
    expect(house, "POST", "/v1/campaigns", "", CAMPAIGN, 401, "admin.token");
    expect_get(house, "/healthz", 200, "alive");
    expect_get(house, "/readyz", 200, "ready");
    expect_get(house, "/metrics", 200, "\ntocsin_build_info{version=\"1.2.3\"} 1\n");
}

static void paths_methods_and_parameters_are_checked(void **state)
{
    struct house *house = *state;
    expect_get(house, "/v1/campaign", 404, "application/problem+json");
    expect(house, "DELETE", "/v1/campaigns", "", "", 405, "Allow: GET, POST\r\n");
    expect_get(house, "/v1/campaigns?limt=5", 400, "did you mean \\\"limit\\\"?");
    expect_get(house, "/v1/status?verbose=1", 400, "no parameter");
    expect_get(house, "/v1/audiences/c1", 404, "no audience");
    expect(house, "POST", "/v1/campaigns", "", "{\"name\":", 400, "\"line\":1");
}

static void closing_in_the_midst_of_it_leaves_no_trace(void **state)
{
    struct house *house = *state;
    struct http_peer peers[2];
    char head[512];
    upload(house);
    house->is_writing = false;
    peers[0] = send_request(house, "POST", "/v1/campaigns", "Idempotency-Key: k\r\n", CAMPAIGN);
    peers[1] = http_peer_open(api_address(house->api), house_turn, house);
    (void)snprintf(head, sizeof(head),
                   "POST /v1/audiences?name=x HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: text/csv\r\nContent-Length: 100000\r\n\r\nid,phone\n",
                   house->token);
    http_peer_say(&peers[1], head);
    house_turn_for(house, 50);
    assert_int_equal(api_requests(house->api), 2);
    house_crash(house);
    http_peer_release(&peers[0]);
    http_peer_release(&peers[1]);
    expect_get(house, "/v1/campaigns", 200, "{\"items\":[],\"next\":null}");
}

static void complaints_name_the_member_once(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        unsigned status;
        const char *words;
    } cases[] = {
        {"POST", "/v1/replies", "{\"channel\":7,\"from\":\"x\",\"text\":\"y\"}", 422,
         "\"detail\":\"channel: must be a string"},
        {"PUT", "/v1/suppressions",
         "{\"channel\":\"smss\",\"endpoint\":\"x\",\"reason\":\"legal\"}", 422,
         "\"pointer\":\"/channel\""},
        {"PUT", "/v1/suppressions", "{\"endpoint\":\"x\",\"reason\":\"legal\"}", 422,
         "\"pointer\":\"/channel\""},
        {"PUT", "/v1/suppressions", "{\"channel\":\"sms\",\"endpoint\":\"x\",\"reason\":\"legal\"}",
         422, "\"pointer\":\"/endpoint\""},
        {"PUT", "/v1/suppressions", "{\"contact\":\"x\",\"reason\":\"leagl\"}", 422,
         "\"detail\":\"reason: "},
        {"PUT", "/v1/suppressions", "{\"contact\":\"x\",\"reason\":\"\\u0000\"}", 400,
         "no JSON: a text with the character \\\\u0000 is not taken"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, cases[i].method, cases[i].path, "", cases[i].body, cases[i].status,
               cases[i].words);
    }
}

static void what_takes_nothing_refuses_a_body(void **state)
{
    struct house *house = *state;
    static const char *const paths[] = {"/v1/campaigns/c1/pause", "/v1/campaigns/c1/resume",
                                        "/v1/campaigns/c1/cancel", "/v1/keys/delivery/rotate"};
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        expect(house, "POST", paths[i], "", "garbage", 400, "no JSON");
        expect(house, "POST", paths[i], "", "{\"states\":[]}", 422, "\"pointer\":\"/states\"");
    }
    expect_get(house, "/v1/campaigns/c1", 200, "\"state\":\"running\"");
    expect(house, "POST", paths[0], "", "{}", 200, "\"state\":\"paused\"");
    expect(house, "POST", paths[1], "", "", 200, "\"state\":\"running\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(an_answer_comes_only_after_its_record_is_durable),
        HOUSE_TEST(what_a_crash_could_take_back_is_not_told),
        HOUSE_TEST(a_crash_cannot_separate_a_change_from_its_answer),
        HOUSE_TEST(a_key_stands_for_one_request),
        HOUSE_TEST(what_is_public_has_a_port_of_its_own),
        HOUSE_TEST(complaints_name_the_member_once),
        HOUSE_TEST(what_takes_nothing_refuses_a_body),
        HOUSE_TEST(lists_go_on_where_they_stopped),
        HOUSE_TEST(a_full_disk_is_said_before_anything_is_taken),
        HOUSE_TEST(whoever_waits_too_long_for_the_disk_is_told),
        HOUSE_TEST(the_token_opens_and_nothing_else_does),
        HOUSE_TEST(paths_methods_and_parameters_are_checked),
        HOUSE_TEST(closing_in_the_midst_of_it_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
