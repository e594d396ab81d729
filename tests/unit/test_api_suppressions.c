/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "tests/unit/api_rig.h"

#define MANY 5000

/* MANY contacts, and behind them in the list's order one that was complained of. */
static void import_many(struct house *house)
{
    struct buf rows = {0};
    buf_str(&rows, "reason,contact\n");
    for (unsigned i = 0; i < MANY; i++) {
        buf_printf(&rows, "manual,k%05u\n", i);
    }
    buf_str(&rows, "complaint,z\n");
    expect(house, "POST", "/v1/suppressions/import", CSV, buf_cstr(&rows), 200, "");
    buf_release(&rows);
}

/* Whoever asks for what is rare does not hold the loop until all of the list was looked at. */
static void a_filter_looks_at_so_many_at_a_time(void **state)
{
    struct house *house = *state;
    char path[400] = "/v1/suppressions?reason=complaint";
    unsigned pages = 0;
    size_t found = 0;
    import_many(house);
    for (const char *next = path; next[0] != '\0'; pages++) {
        struct answer answer = ask(house, "GET", path, "", "");
        assert_int_equal(answer.status, 200);
        found += json_array_size(json_object_get(answer.json, "items"));
        next = text_of(&answer, "next");
        (void)snprintf(path, sizeof(path), "/v1/suppressions?reason=complaint&cursor=%s", next);
        next = next[0] == '\0' ? "" : path;
        answer_release(&answer);
        assert_true(pages < MANY);
    }
    assert_int_equal(found, 1);
    assert_true(pages > 2);
}

static void a_page_ends_at_its_limit(void **state)
{
    struct house *house = *state;
    import_many(house);
    struct answer answer = ask(house, "GET", "/v1/suppressions?limit=1000&reason=manual", "", "");
    assert_int_equal(json_array_size(json_object_get(answer.json, "items")), 1000);
    assert_true(strlen(text_of(&answer, "next")) > 0);
    answer_release(&answer);
}

static void await_state(struct house *house, const char *key, const char *state)
{
    char path[100];
    bool is_there = false;
    (void)snprintf(path, sizeof(path), "/v1/campaigns/c1/recipients/%s", key);
    for (unsigned i = 0; i < 100 && !is_there; i++) {
        struct answer answer = ask(house, "GET", path, "", "");
        assert_int_equal(answer.status, 200);
        is_there = strcmp(text_of(&answer, "state"), state) == 0;
        answer_release(&answer);
    }
    if (!is_there) {
        fail_msg("%s never came to be %s", key, state);
    }
}

static void launch(struct house *house)
{
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
}

/* It is on the list: so nobody is sent to, though the file was no good from there on. */
static void what_stands_before_a_refused_row_holds_in_campaigns_that_run(void **state)
{
    struct house *house = *state;
    launch(house);
    expect(house, "POST", "/v1/suppressions/import", CSV, "reason,contact\nmanual,k2\nbored,k1\n",
           422, "the 1 entries before it are stored");
    await_state(house, "k2", "suppressed");
    await_state(house, "k1", "waiting");
}

static void what_came_before_a_client_went_holds_as_well(void **state)
{
    struct house *house = *state;
    launch(house);
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    struct buf text = {0};
    buf_printf(
        &text,
        "POST /v1/suppressions/import HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n" CSV
        "Content-Length: 1000\r\n\r\nreason,contact\nmanual,k2\n",
        house->token);
    http_peer_send(&peer, text.data, text.len);
    buf_release(&text);
    house_turn_for(house, 50);
    http_peer_release(&peer);
    await_state(house, "k2", "suppressed");
    await_state(house, "k1", "waiting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_filter_looks_at_so_many_at_a_time),
        HOUSE_TEST(a_page_ends_at_its_limit),
        HOUSE_TEST(what_stands_before_a_refused_row_holds_in_campaigns_that_run),
        HOUSE_TEST(what_came_before_a_client_went_holds_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
