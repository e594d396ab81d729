/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coordinator/api/feed_streams.h"
#include "tests/unit/api_rig.h"

#define TYPE(word) "event: com.tocsin." word "\n"

static struct http_peer listen_to(struct house *house, const char *query, const char *headers)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/v1/events%s", query);
    struct http_peer peer = send_request(house, "GET", path, headers, "");
    http_peer_expect(&peer, TYPE("stream.opened"));
    http_peer_expect(&peer, "Content-Type: text/event-stream\r\n");
    return peer;
}

static void command(struct house *house, const char *verb)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/v1/campaigns/c1/%s", verb);
    expect(house, "POST", path, "", "", 200, "\"id\":\"c1\"");
}

static void launch(struct house *house)
{
    upload(house);
    create_campaign(house);
    command(house, "launch");
}

/* What the body's chunks have in them. */
static void unchunk(struct http_peer *peer, struct buf *text)
{
    const char *at = strstr(buf_cstr(&peer->got), "\r\n\r\n") + 4;
    const char *end = (const char *)peer->got.data + peer->got.len;
    while (at < end) {
        char *data;
        size_t len = strtoul(at, &data, 16);
        data += 2;
        len = (size_t)(end - data) < len ? (size_t)(end - data) : len;
        buf_append(text, data, len);
        at = data + len + 2;
    }
}

/* The data of the newest event of a type. */
static json_t *data_of(struct http_peer *peer, const char *type)
{
    const char *at = NULL;
    const char *next = buf_cstr(&peer->got);
    while ((next = strstr(next, type)) != NULL) {
        at = next++;
    }
    assert_non_null(at);
    at = strstr(at, "data: ") + strlen("data: ");
    json_t *event = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "specversion")), "1.0");
    assert_non_null(json_object_get(event, "id"));
    assert_non_null(json_object_get(event, "time"));
    assert_memory_equal(json_string_value(json_object_get(event, "source")), "urn:uuid:", 9);
    json_t *data = json_incref(json_object_get(event, "data"));
    json_decref(event);
    return data;
}

static void facts_are_told_when_they_are_durable(void **state)
{
    struct house *house = *state;
    upload(house);
    struct http_peer peer = listen_to(house, "", "");
    house->is_writing = false;
    struct http_peer create = send_request(house, "POST", "/v1/campaigns", "", CAMPAIGN);
    house_turn_for(house, 50);
    http_peer_read(&peer);
    assert_false(http_peer_has(&peer, "campaign.created"));
    house->is_writing = true;
    http_peer_expect(&peer, TYPE("campaign.created"));
    http_peer_release(&create);
    command(house, "launch");
    command(house, "pause");
    command(house, "resume");
    command(house, "cancel");
    http_peer_expect(&peer, TYPE("campaign.launched"));
    http_peer_expect(&peer, TYPE("campaign.paused"));
    http_peer_expect(&peer, TYPE("campaign.resumed"));
    http_peer_expect(&peer, TYPE("campaign.cancelled"));
    json_t *data = data_of(&peer, TYPE("campaign.cancelled"));
    assert_string_equal(json_string_value(json_object_get(data, "state")), "cancelled");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(data, "counts"), "cancelled")), 3);
    json_decref(data);
    http_peer_release(&peer);
}

static void what_was_told_is_told_again_after_a_crash(void **state)
{
    struct house *house = *state;
    launch(house); /* e1 is the start, e2 the creation, e3 the launch */
    house_crash(house);
    struct http_peer peer = listen_to(house, "", "Last-Event-ID: e2\r\n");
    http_peer_expect(&peer, "\"resumed_after\":\"e2\"");
    http_peer_expect(&peer, "id: e3\n" TYPE("campaign.launched"));
    http_peer_expect(&peer, "id: e4\n" TYPE("coordinator.started"));
    assert_false(http_peer_has(&peer, TYPE("campaign.created")));
    command(house, "pause");
    http_peer_expect(&peer, "id: e5\n" TYPE("campaign.paused"));
    http_peer_release(&peer);
}

static void what_was_not_written_was_never_told(void **state)
{
    struct house *house = *state;
    launch(house);
    house->is_writing = false;
    struct http_peer pause = send_request(house, "POST", "/v1/campaigns/c1/pause", "", "");
    house_turn_for(house, 20);
    house_crash(house);
    http_peer_release(&pause);
    struct http_peer peer = listen_to(house, "", "Last-Event-ID: e3\r\n");
    http_peer_expect(&peer, "id: e4\n" TYPE("coordinator.started"));
    house_turn_for(house, 20);
    http_peer_read(&peer);
    assert_false(http_peer_has(&peer, TYPE("campaign.paused")));
    http_peer_release(&peer);
}

/* More than the list has, and more than are kept (300). */
static void flood(struct house *house, unsigned pairs)
{
    for (unsigned i = 0; i < pairs; i++) {
        command(house, "pause");
        command(house, "resume");
    }
}

static void facts_that_left_the_list_are_read_from_the_ledger(void **state)
{
    struct house *house = *state;
    launch(house);
    flood(house, 140); /* up to e283 */
    struct http_peer peer = listen_to(house, "", "Last-Event-ID: e1\r\n");
    http_peer_expect(&peer, "id: e283\n");
    struct buf text = {0};
    unchunk(&peer, &text);
    const char *at = buf_cstr(&text);
    for (unsigned i = 2; i <= 283; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "\nid: e%u\n", i);
        at = strstr(at, id);
        assert_non_null(at);
    }
    buf_release(&text);
    assert_false(http_peer_has(&peer, TYPE("stream.gap")));
    http_peer_release(&peer);
}

static void what_is_not_kept_any_more_is_told_as_a_gap(void **state)
{
    struct house *house = *state;
    launch(house);
    flood(house, 160); /* up to e323: e24 is the oldest */
    struct http_peer peer = listen_to(house, "", "Last-Event-ID: e1\r\n");
    http_peer_expect(&peer, "id: e23\n" TYPE("stream.gap"));
    http_peer_expect(&peer, "\"from\":\"e2\",\"to\":\"e23\"");
    http_peer_expect(&peer, "id: e24\n");
    http_peer_expect(&peer, "id: e323\n");
    http_peer_release(&peer);
    peer = listen_to(house, "", "Last-Event-ID: e9999\r\n"); /* never given */
    http_peer_expect(&peer, "id: e323\n" TYPE("stream.gap"));
    http_peer_release(&peer);
}

static void a_stream_has_what_it_asked_for(void **state)
{
    struct house *house = *state;
    launch(house);
    create_campaign(house); /* c2 */
    struct http_peer one = listen_to(house, "?campaign=c2", "");
    struct http_peer some = listen_to(house, "?types=campaign.paused,com.tocsin.provider", "");
    command(house, "pause");
    command(house, "resume");
    expect(house, "POST", "/v1/campaigns/c2/launch", "", "", 200, "c2");
    http_peer_expect(&one, TYPE("campaign.launched"));
    http_peer_expect(&some, TYPE("campaign.paused"));
    house_turn_for(house, 30);
    http_peer_read(&one);
    http_peer_read(&some);
    assert_false(http_peer_has(&one, "\"subject\":\"c1\""));
    assert_false(http_peer_has(&one, TYPE("provider.progress")));
    assert_false(http_peer_has(&some, TYPE("campaign.resumed")));
    assert_false(http_peer_has(&some, TYPE("campaign.launched")));
    assert_true(http_peer_has(&some, TYPE("provider.progress")));
    http_peer_release(&one);
    http_peer_release(&some);
    expect_get(house, "/v1/events?campaign=c7", 400, "there is no campaign");
    expect_get(house, "/v1/events?campaign=a1", 400, "there is no campaign");
    expect_get(house, "/v1/events?types=campaigns", 400, "no type of event");
    expect_get(house, "/v1/events?types=campaign,", 400, "no type of event");
    expect_get(house, "/v1/events?types=stream.gap", 400, "no type of event");
    expect(house, "GET", "/v1/events", "Last-Event-ID: 12\r\n", "", 400, "no id of an event");
    expect(house, "GET", "/v1/events", "Last-Event-ID: e1x\r\n", "", 400, "no id of an event");
}

static void how_a_campaign_stands_comes_once_a_second_at_most(void **state)
{
    struct house *house = *state;
    launch(house);
    struct http_peer peer = listen_to(house, "", "");
    http_peer_expect(&peer, TYPE("campaign.progress"));
    json_t *data = data_of(&peer, TYPE("campaign.progress"));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(data, "counts"), "waiting")), 3);
    assert_int_equal(json_array_size(json_object_get(data, "ladder")), 1);
    json_decref(data);
    house_turn_for(house, 30);
    http_peer_expect_times(&peer, TYPE("campaign.progress"), 1);
    command(house, "pause");
    house_turn_for(house, 30);
    http_peer_expect_times(&peer, TYPE("campaign.progress"), 1); /* the clock stands still */
    house->now_ms += 1000;
    http_peer_expect_times(&peer, TYPE("campaign.progress"), 2);
    house->now_ms += 1000;
    house_turn_for(house, 30);
    http_peer_expect_times(&peer, TYPE("campaign.progress"), 2); /* nothing has changed */
    http_peer_release(&peer);
}

static void who_comes_late_is_told_how_things_stand(void **state)
{
    struct house *house = *state;
    launch(house);
    struct http_peer first = listen_to(house, "", "");
    http_peer_expect(&first, TYPE("campaign.progress"));
    struct http_peer second = listen_to(house, "", "");
    http_peer_expect(&second, TYPE("campaign.progress"));
    http_peer_expect(&second, TYPE("provider.progress"));
    http_peer_release(&first);
    http_peer_release(&second);
}

/* The head alone, and no stream stays open. */
static void who_asks_for_the_head_gets_no_stream(void **state)
{
    struct house *house = *state;
    for (unsigned i = 0; i < 6; i++) {
        struct http_peer peer = send_request(house, "HEAD", "/v1/events", "", "");
        http_peer_expect_close(&peer);
        assert_true(http_peer_has(&peer, "text/event-stream"));
        assert_false(http_peer_has(&peer, "stream.opened"));
        http_peer_release(&peer);
    }
    expect_get(house, "/metrics", 200, "tocsin_event_streams 0\n");
}

static void silence_is_broken_now_and_then(void **state)
{
    struct house *house = *state;
    struct http_peer peer = listen_to(house, "", "");
    http_peer_expect(&peer, "retry: 3000\n");
    house_turn_for(house, 20);
    assert_false(http_peer_has(&peer, ": still here\n\n"));
    house->now_ms += FEED_ALIVE_MS;
    http_peer_expect(&peer, ": still here\n\n");
    http_peer_release(&peer);
}

static void too_many_streams_are_refused(void **state)
{
    struct house *house = *state;
    struct http_peer peers[4];
    for (unsigned i = 0; i < 4; i++) {
        peers[i] = listen_to(house, "", "");
    }
    expect_get(house, "/v1/events", 503, "Retry-After: 2\r\n");
    expect_get(house, "/v1/events", 503, "limits.event_streams");
    http_peer_release(&peers[0]);
    house_turn_for(house, 20);
    house->now_ms += FEED_ALIVE_MS; /* who has gone is noticed when there is something to say */
    house_turn_for(house, 50);
    house->now_ms += FEED_ALIVE_MS;
    house_turn_for(house, 50);
    peers[0] = listen_to(house, "", "");
    for (unsigned i = 0; i < 4; i++) {
        http_peer_release(&peers[i]);
    }
}

static void whoever_takes_nothing_is_let_go(void **state)
{
    struct house *house = *state;
    launch(house);
    flood(house, 120);
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    int little = 2048;
    assert_int_equal(setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
    char request[256];
    (void)snprintf(request, sizeof(request),
                   "GET /v1/events HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAuthorization: "
                   "Bearer %s\r\nLast-Event-ID: e1\r\n\r\n",
                   house->token);
    http_peer_say(&peer, request);
    house_turn_for(house, 100);
    house->now_ms += FEED_SLOW_MS;
    house_turn_for(house, 20);
    http_peer_expect_close(&peer);
    assert_true(http_peer_has(&peer, TYPE("stream.closed")));
    assert_true(http_peer_has(&peer, "\"reason\":\"slow\""));
    assert_false(http_peer_has(&peer, "id: e240\n"));
    http_peer_release(&peer);
    struct answer answer = ask(house, "GET", "/v1/campaigns", "", "");
    assert_int_equal(answer.status, 200);
    answer_release(&answer);
}

/* He has so long for what lies in the pipe, and no place among the streams after that. */
static void whoever_was_let_go_does_not_stay_for_ever(void **state)
{
    struct house *house = *state;
    launch(house);
    flood(house, 120);
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    int little = 2048;
    assert_int_equal(setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
    char request[256];
    (void)snprintf(request, sizeof(request),
                   "GET /v1/events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer "
                   "%s\r\nLast-Event-ID: e1\r\n\r\n",
                   house->token);
    http_peer_say(&peer, request);
    house_turn_for(house, 100);
    house->now_ms += FEED_SLOW_MS;
    house_turn_for(house, 20);
    expect_get(house, "/metrics", 200, "tocsin_event_streams 1\n");
    house->now_ms += FEED_SLOW_MS;
    house_turn_for(house, 100);
    expect_get(house, "/metrics", 200, "tocsin_event_streams 0\n");
    http_peer_release(&peer);
}

static void streams_end_when_the_coordinator_stops(void **state)
{
    struct house *house = *state;
    struct http_peer peer = listen_to(house, "", "");
    house_turn_for(house, 20);
    api_quiesce(house->api);
    http_peer_expect_close(&peer);
    assert_true(http_peer_has(&peer, "\"reason\":\"stopping\""));
    assert_int_equal(api_requests(house->api), 0);
    http_peer_release(&peer);
}

static void replies_are_told_without_their_text(void **state)
{
    struct house *house = *state;
    struct http_peer peer = listen_to(house, "?types=replies", "");
    for (unsigned i = 0; i < 3; i++) {
        expect(house, "POST", "/v1/replies", "",
               "{\"channel\":\"sms\",\"from\":\"+4790000001\",\"text\":\"Who is this?\"}", 200,
               "result");
    }
    house->now_ms += 1000;
    http_peer_expect(&peer, TYPE("replies.received"));
    json_t *data = data_of(&peer, TYPE("replies.received"));
    assert_int_equal(json_integer_value(json_object_get(data, "count")), 3);
    assert_string_equal(json_string_value(json_object_get(data, "newest")), "r3");
    json_decref(data);
    assert_false(http_peer_has(&peer, "Who is"));
    house->now_ms += 1000;
    house_turn_for(house, 30);
    http_peer_expect_times(&peer, TYPE("replies.received"), 1);
    http_peer_release(&peer);
}

static void pass_seconds(struct house *house, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        house->now_ms += 1000;
        (void)engine_run(house->engine, house->now_ms);
        house_turn_for(house, 2);
    }
}

/* No worker is there: nothing can be sent. */
static void what_is_amiss_is_raised_and_cleared(void **state)
{
    struct house *house = *state;
    launch(house);
    struct http_peer peer = listen_to(house, "?types=alarm", "");
    expect_get(house, "/v1/alarms", 200, "{\"items\":[]}");
    pass_seconds(house, 70);
    http_peer_expect(&peer, TYPE("alarm.raised"));
    http_peer_expect(&peer, "campaign_stuck");
    expect_get(house, "/v1/alarms", 200, "\"alarm\":\"campaign_stuck\",\"of\":\"c1\"");
    house_crash(house); /* it is still on */
    http_peer_release(&peer);
    expect_get(house, "/v1/alarms", 200, "\"alarm\":\"campaign_stuck\",\"of\":\"c1\"");
    peer = listen_to(house, "?types=alarm", "");
    command(house, "pause");
    house->now_ms += 100000;
    house_turn_for(house, 5);
    house->now_ms += 1000;
    http_peer_expect(&peer, TYPE("alarm.cleared"));
    expect_get(house, "/v1/alarms", 200, "\"items\":[");
    http_peer_release(&peer);
}

/* ---- somebody who sleeps ---- */

static bool read_zones(void *arg, const struct campaign_def *def, uint32_t page, uint16_t *zones,
                       unsigned count)
{
    (void)arg;
    (void)def;
    (void)page;
    memset(zones, 0, count * sizeof(*zones));
    return true;
}

static struct quiet_span read_span(void *arg, const struct campaign_def *def, uint16_t zone,
                                   uint64_t now_ms)
{
    struct quiet_span night = *(const struct quiet_span *)arg;
    (void)def;
    (void)zone;
    while (night.until_ms <= now_ms) {
        night.from_ms += UINT64_C(86400000);
        night.until_ms += UINT64_C(86400000);
    }
    return night;
}

/* No worker is there either, but as long as everybody sleeps none is needed. */
static void a_campaign_that_waits_for_the_morning_is_not_stuck(void **state)
{
    struct house *house = *state;
    const struct quiet_span night = {house->now_ms - 1000, house->now_ms + 200000};
    const struct quiet_source source = {(void *)(uintptr_t)&night, read_zones, read_span};
    engine_set_quiet_source(house->engine, &source);
    upload(house);
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"Hi\"}},"
           "\"quiet_hours\":{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"UTC\"}}",
           201, "\"state\":\"draft\"");
    command(house, "launch");
    pass_seconds(house, 190);
    expect_get(house, "/v1/alarms", 200, "{\"items\":[]}");
    pass_seconds(house, 60); /* awake for 50 s */
    expect_get(house, "/v1/alarms", 200, "{\"items\":[]}");
    pass_seconds(house, 15);
    expect_get(house, "/v1/alarms", 200, "\"alarm\":\"campaign_stuck\",\"of\":\"c1\"");
    expect_get(house, "/v1/alarms", 200, "nothing has happened for 6");
}

static void a_stream_ends_with_the_token_that_it_was_opened_with(void **state)
{
    struct house *house = *state;
    char admin[ACCESS_TOKEN_CHARS + 1];
    char path[96];
    (void)strcpy(admin, house->token);
    struct answer answer =
        ask(house, "POST", "/v1/tokens", "", "{\"name\":\"wall\",\"role\":\"viewer\"}");
    assert_int_equal(answer.status, 201);
    (void)strcpy(house->token, text_of(&answer, "token"));
    answer_release(&answer);
    struct http_peer wall = listen_to(house, "", "");
    (void)strcpy(house->token, admin);
    struct http_peer screen = listen_to(house, "", "");
    house->now_ms += 1000;
    house_turn_for(house, 20);
    assert_false(http_peer_has(&wall, "signed_out"));
    expect(house, "DELETE", "/v1/tokens/t1", "", "", 200, "revoked");
    house->now_ms += 1000;
    http_peer_expect(&wall, "\"reason\":\"signed_out\"");
    http_peer_expect_close(&wall);
    http_peer_release(&wall);
    (void)snprintf(path, sizeof(path), "%s/%s", house->dir, AUTH_FILE);
    api_reload_secrets(house->api); /* nothing has changed */
    house->now_ms += 1000;
    house_turn_for(house, 20);
    assert_false(http_peer_has(&screen, "signed_out"));
    assert_int_equal(remove(path), 0);
    api_reload_secrets(house->api);
    house->now_ms += 1000;
    http_peer_expect(&screen, "\"reason\":\"signed_out\"");
    http_peer_release(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(facts_are_told_when_they_are_durable),
        HOUSE_TEST(what_was_told_is_told_again_after_a_crash),
        HOUSE_TEST(what_was_not_written_was_never_told),
        HOUSE_TEST(facts_that_left_the_list_are_read_from_the_ledger),
        HOUSE_TEST(what_is_not_kept_any_more_is_told_as_a_gap),
        HOUSE_TEST(a_stream_has_what_it_asked_for),
        HOUSE_TEST(how_a_campaign_stands_comes_once_a_second_at_most),
        HOUSE_TEST(who_comes_late_is_told_how_things_stand),
        HOUSE_TEST(who_asks_for_the_head_gets_no_stream),
        HOUSE_TEST(silence_is_broken_now_and_then),
        HOUSE_TEST(too_many_streams_are_refused),
        HOUSE_TEST(whoever_takes_nothing_is_let_go),
        HOUSE_TEST(whoever_was_let_go_does_not_stay_for_ever),
        HOUSE_TEST(streams_end_when_the_coordinator_stops),
        HOUSE_TEST(replies_are_told_without_their_text),
        HOUSE_TEST(a_stream_ends_with_the_token_that_it_was_opened_with),
        HOUSE_TEST(what_is_amiss_is_raised_and_cleared),
        HOUSE_TEST(a_campaign_that_waits_for_the_morning_is_not_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
