/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/api/api_state.h"
#include "coordinator/api/feed.h"
#include "coordinator/api/feed_sender.h"
#include "tests/unit/answer_server.h"
#include "tests/unit/api_rig.h"

#define NOWHERE "http://127.0.0.1:1/hook" /* nobody listens there */

static struct feed_sender *sender_of(const struct house *house)
{
    return house->api->sender;
}

static char *subscribe(struct house *house, const char *name, const char *url, const char *more)
{
    char body[512];
    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"url\":\"%s\"%s}", name, url, more);
    struct answer answer = ask(house, "POST", "/v1/subscriptions", "", body);
    if (answer.status != 201) {
        fail_msg("%s", answer.text);
    }
    char *secret = strdup(text_of(&answer, "secret"));
    answer_release(&answer);
    return secret;
}

static long number_in(struct house *house, const char *path, const char *member)
{
    struct answer answer = ask(house, "GET", path, "", "");
    assert_int_equal(answer.status, 200);
    long number = (long)json_integer_value(json_object_get(answer.json, member));
    answer_release(&answer);
    return number;
}

static void wait_until(struct house *house, const char *path, const char *member, long at_least)
{
    for (unsigned i = 0; i < 400 && number_in(house, path, member) < at_least; i++) {
        house_turn_for(house, 5);
    }
    assert_true(number_in(house, path, member) >= at_least);
}

static void a_subscription_is_made_shown_and_removed(void **state)
{
    struct house *house = *state;
    char *secret =
        subscribe(house, "desk", NOWHERE, ",\"types\":[\"alarm\",\"campaign.finished\"]");
    assert_memory_equal(secret, "whsec_", 6);
    assert_int_equal(strlen(secret), 6 + 44);
    expect_get(house, "/v1/subscriptions", 200, "\"name\":\"desk\"");
    expect_get(house, "/v1/subscriptions/s1", 200,
               "\"types\":[\"campaign.finished\",\"alarm.raised\",\"alarm.cleared\"]");
    struct answer answer = ask(house, "GET", "/v1/subscriptions/s1", "", "");
    assert_null(strstr(answer.text, secret + 6)); /* never again */
    answer_release(&answer);
    expect(house, "PATCH", "/v1/subscriptions/s1", "", "{\"state\":\"paused\"}", 200,
           "\"state\":\"paused\"");
    house_crash(house);
    expect_get(house, "/v1/subscriptions/s1", 200, "\"state\":\"paused\"");
    answer = ask(house, "POST", "/v1/subscriptions/s1/rotate", "", "{\"overlap\":\"1h\"}");
    assert_int_equal(answer.status, 200);
    assert_string_not_equal(text_of(&answer, "secret"), secret);
    assert_int_equal(strlen(text_of(&answer, "former_secret_until")), 24);
    answer_release(&answer);
    expect(house, "DELETE", "/v1/subscriptions/s1", "", "", 200, "\"id\":\"s1\"");
    expect_get(house, "/v1/subscriptions/s1", 404, "there is no subscription");
    house_crash(house);
    expect_get(house, "/v1/subscriptions", 200, "{\"items\":[],\"next\":null}");
    free(secret);
    secret = subscribe(house, "desk", NOWHERE, "");
    expect_get(house, "/v1/subscriptions/s2", 200, "\"campaign.created\""); /* no number twice */
    free(secret);
}

static void what_is_no_subscription_is_refused(void **state)
{
    struct house *house = *state;
    const char *path = "/v1/subscriptions";
    free(subscribe(house, "desk", NOWHERE, ""));
    expect(house, "POST", path, "", "{\"name\":\"desk\",\"url\":\"" NOWHERE "\"}", 409, "already");
    expect(house, "POST", path, "", "{\"name\":\"a b\",\"url\":\"" NOWHERE "\"}", 422, "/name");
    expect(house, "POST", path, "", "{\"name\":\"x\"}", 422, "url");
    expect(house, "POST", path, "", "{\"name\":\"x\",\"url\":\"ftp://x/\"}", 422, "no address");
    expect(house, "POST", path, "", "{\"name\":\"x\",\"url\":\"http://\\u0001/\"}", 422, "/url");
    expect(house, "POST", path, "", "{\"name\":\"x\",\"url\":\"" NOWHERE "\",\"types\":[\"y\"]}",
           422, "/types/0");
    expect(house, "POST", path, "",
           "{\"name\":\"x\",\"url\":\"" NOWHERE "\",\"types\":[\"campaign.progress\"]}", 422,
           "streams alone");
    expect(house, "POST", path, "", "{\"name\":\"x\",\"url\":\"" NOWHERE "\",\"types\":[]}", 422,
           "/types");
    expect(house, "POST", path, "",
           "{\"name\":\"x\",\"url\":\"" NOWHERE "\",\"campaigns\":[\"c9\"]}", 422, "/campaigns/0");
    expect(house, "PATCH", "/v1/subscriptions/s1", "", "{\"state\":\"disabled\"}", 422, "/state");
    expect(house, "PATCH", "/v1/subscriptions/s9", "", "{\"state\":\"paused\"}", 404, "s9");
    expect(house, "POST", "/v1/subscriptions/s1/rotate", "", "{\"overlap\":\"31d\"}", 422,
           "/overlap");
    expect_get(house, "/v1/subscriptions/s1/dead-letters?cursor=x", 400, "cursor");
}

/* Its events stay with those that are kept, and it is tried less and less often. */
static void a_receiver_that_is_away_is_waited_for(void **state)
{
    struct house *house = *state;
    upload(house);
    free(subscribe(house, "desk", NOWHERE, ",\"types\":[\"campaign\"]"));
    create_campaign(house);
    house->tick_ms = 1;
    wait_until(house, "/v1/subscriptions/s1", "failed_tries", 1);
    expect_get(house, "/v1/subscriptions/s1", 200, "\"why\":\"");
    house->now_ms += 600000;
    wait_until(house, "/v1/subscriptions/s1", "failed_tries", 2);
    long tries = number_in(house, "/v1/subscriptions/s1", "failed_tries");
    house_crash(house); /* where it was stays known */
    assert_true(number_in(house, "/v1/subscriptions/s1", "failed_tries") >= tries);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "delivered"), 0);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 0);
    house->now_ms += UINT64_C(90000000); /* longer than it is waited for */
    wait_until(house, "/v1/subscriptions/s1", "dead_letters", 1);
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "com.tocsin.campaign.created");
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "\"redelivering\":false");
    tries = number_in(house, "/v1/subscriptions/s1", "failed_tries");
    expect(house, "POST", "/v1/subscriptions/s1/dead-letters/redeliver", "", "", 200,
           "\"redelivering\":1");
    house->now_ms += UINT64_C(9000000);
    wait_until(house, "/v1/subscriptions/s1", "failed_tries", tries + 1);
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "\"redelivering\":false");
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 1);
}

#define REFUSE "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define TAKE   "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

#define FORBID "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define GONE   "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static struct answer_server *subscribe_to(struct house *house, const char *const *answers)
{
    char url[128];
    struct answer_server *server = answer_server_new(answers);
    (void)snprintf(url, sizeof(url), "%s/hook", server->api);
    upload(house);
    free(subscribe(house, "desk", url, ",\"types\":[\"campaign.created\"]"));
    return server;
}

/* The clock stands still: the next goes at once. */
static void what_is_refused_for_good_holds_nobody_back(void **state)
{
    static const char *const answers[] = {REFUSE, TAKE, NULL};
    struct house *house = *state;
    struct answer_server *server = subscribe_to(house, answers);
    create_campaign(house);
    create_campaign(house);
    wait_until(house, "/v1/subscriptions/s1", "delivered", 1);
    answer_server_wait(server);
    assert_non_null(strstr(server->requests[0], "webhook-id: e2\r\n"));
    assert_non_null(strstr(server->requests[1], "webhook-id: e3\r\n"));
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "\"tries\":1,\"status\":400");
    house_crash(house); /* neither is told again, and none is dead twice */
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 1);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "failed_tries"), 1);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "delivered"), 1);
    assert_int_equal(feed_sender_tally(sender_of(house)).dead, 1);
    free(server);
}

/* It is some mistake of his, and not all that happens is to become dead letters meanwhile. */
static void who_refuses_everything_is_given_time(void **state)
{
    static const char *const answers[] = {REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, REFUSE,
                                          REFUSE, REFUSE, REFUSE, REFUSE, REFUSE, TAKE,   NULL};
    struct house *house = *state;
    struct answer_server *server = subscribe_to(house, answers);
    for (unsigned i = 0; i <= FEED_SENDER_REFUSED_IN_A_ROW; i++) {
        create_campaign(house);
    }
    wait_until(house, "/v1/subscriptions/s1", "failed_tries", FEED_SENDER_REFUSED_IN_A_ROW + 1);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"),
                     FEED_SENDER_REFUSED_IN_A_ROW);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "tries"), 1);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "behind"), 1);
    house_crash(house); /* that is known over a restart */
    house->now_ms += 10000;
    wait_until(house, "/v1/subscriptions/s1", "tries", 2);
    house->now_ms += 100000;
    wait_until(house, "/v1/subscriptions/s1", "delivered", 1);
    answer_server_wait(server);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"),
                     FEED_SENDER_REFUSED_IN_A_ROW);
    free(server);
}

/* He does not know what it is, and is told the rest all the same. */
static void a_gap_that_is_refused_is_passed_over(void **state)
{
    static const char *const answers[] = {REFUSE, TAKE, NULL};
    struct house *house = *state;
    struct answer_server *server = subscribe_to(house, answers);
    const char *path = "/v1/subscriptions/s1";
    expect(house, "PATCH", path, "", "{\"state\":\"paused\"}", 200, "paused");
    for (unsigned i = 0; i < 400; i++) { /* more than are kept */
        (void)feed_tell(house->api->feed, FEED_CAMPAIGN_CHANGED, 0, "c9", json_object());
    }
    create_campaign(house);
    expect(house, "PATCH", path, "", "{\"state\":\"active\"}", 200, "active");
    wait_until(house, path, "delivered", 1);
    answer_server_wait(server);
    assert_non_null(strstr(server->requests[0], "com.tocsin.stream.gap"));
    assert_non_null(strstr(server->requests[1], "com.tocsin.campaign.created"));
    assert_true(number_in(house, path, "missed") > 90);
    assert_int_equal(number_in(house, path, "dead_letters"), 0);
    free(server);
}

static void who_wants_no_more_is_an_alarm(void **state)
{
    static const char *const answers[] = {GONE, NULL};
    struct house *house = *state;
    struct answer_server *server = subscribe_to(house, answers);
    create_campaign(house);
    wait_until(house, "/v1/subscriptions/s1", "failed_tries", 1);
    answer_server_wait(server);
    free(server);
    expect_get(house, "/v1/subscriptions/s1", 200, "\"state\":\"disabled\"");
    house->now_ms += 2000;
    house_turn_for(house, 50);
    expect_get(house, "/v1/alarms", 200, "\"alarm\":\"subscriber_gone\",\"of\":\"s1\"");
    expect(house, "PATCH", "/v1/subscriptions/s1", "", "{\"state\":\"paused\"}", 200, "paused");
    house->now_ms += 2000;
    house_turn_for(house, 50);
    expect_get(house, "/v1/alarms", 200, "{\"items\":[]}");
}

/* A few tries, then the others have their turn; and it comes again when it is asked for. */
static void what_is_refused_is_a_dead_letter_and_comes_again(void **state)
{
    static const char *const refusals[] = {FORBID, FORBID, FORBID, FORBID, NULL};
    static const char *const takes[] = {TAKE, NULL};
    struct house *house = *state;
    char url[128];
    struct answer_server *server = answer_server_new(refusals);
    (void)snprintf(url, sizeof(url), "%s/hook", server->api);
    upload(house);
    free(subscribe(house, "desk", url, ",\"types\":[\"campaign.created\"]"));
    house->tick_ms = 1;
    create_campaign(house);
    for (unsigned i = 0; i < FEED_SENDER_REFUSED_TRIES; i++) {
        wait_until(house, "/v1/subscriptions/s1", "failed_tries", (long)i + 1);
        house->now_ms += 1000000;
    }
    answer_server_wait(server);
    assert_non_null(strstr(server->requests[0], "com.tocsin.campaign.created"));
    for (unsigned i = 1; i < FEED_SENDER_REFUSED_TRIES; i++) {
        assert_non_null(strstr(server->requests[i], "webhook-id: e2\r\n"));
    }
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 1);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "behind"), 0);
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "\"tries\":4,\"status\":403");
    free(server);
    house_crash(house);
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 1);
    /* Its place is another's by now: the address is changed by hand. */
    server = answer_server_new(takes);
    struct subscription_store *store = feed_sender_store(sender_of(house));
    (void)snprintf(store->list->url, sizeof(store->list->url), "%s/hook", server->api);
    expect(house, "POST", "/v1/subscriptions/s1/dead-letters/redeliver", "", "", 200,
           "\"redelivering\":1");
    wait_until(house, "/v1/subscriptions/s1", "delivered", 1);
    answer_server_wait(server);
    assert_non_null(strstr(server->requests[0], "webhook-id: e2\r\n"));
    free(server);
    expect_get(house, "/v1/subscriptions/s1/dead-letters", 200, "{\"items\":[]");
    assert_int_equal(number_in(house, "/v1/subscriptions/s1", "dead_letters"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_subscription_is_made_shown_and_removed),
        HOUSE_TEST(what_is_no_subscription_is_refused),
        HOUSE_TEST(a_receiver_that_is_away_is_waited_for),
        HOUSE_TEST(what_is_refused_for_good_holds_nobody_back),
        HOUSE_TEST(who_refuses_everything_is_given_time),
        HOUSE_TEST(a_gap_that_is_refused_is_passed_over),
        HOUSE_TEST(who_wants_no_more_is_an_alarm),
        HOUSE_TEST(what_is_refused_is_a_dead_letter_and_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
