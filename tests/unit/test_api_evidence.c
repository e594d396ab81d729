/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "coordinator/api/api_state.h"
#include "coordinator/report/head_signer.h"
#include "evidence/bundle.h"
#include "tests/unit/api_rig.h"

#define EVIDENCE "/v1/campaigns/c1/evidence"

static void launch(struct house *house)
{
    house->is_signing = true;
    house->tick_ms = 3; /* so that heads get to the journal */
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"state\":\"running\"");
}

/* All is written, and the clock stands still. */
static void stop_signing(struct house *house)
{
    house_turn_for(house, 20);
    house->is_signing = false;
    house->tick_ms = 0;
}

/* The bundle in an answer is good, by the house's key. */
static void check(struct house *house, const char *path, struct bundle *bundle)
{
    struct answer answer = ask(house, "GET", path, "", "");
    struct problem problem = {0};
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "Content-Type: application/x-ndjson\r\n"));
    assert_non_null(strstr(answer.text, "filename=\"c1-evidence.ndjson\""));
    struct bundle_reader *reader = bundle_reader_new(bundle);
    const char *line = strstr(answer.text, "\r\n\r\n") + 4;
    while (*line != '\0') {
        size_t len = strcspn(line, "\n") + 1;
        if (bundle_reader_line(reader, slice_of(line, len), &problem) != ERR_OK) {
            print_error("%s\n", problem.text);
            fail();
        }
        line += len;
    }
    assert_int_equal(bundle_reader_end(reader, &problem), ERR_OK);
    assert_true(bundle_is_by(bundle, head_signer_key(house->signer)->public_key));
    bundle_reader_free(reader);
    answer_release(&answer);
}

static void a_bundle_covers_all_that_was_answered(void **state)
{
    struct house *house = *state;
    struct bundle bundle = {0};
    launch(house);
    check(house, EVIDENCE "?recipient=k2", &bundle);
    assert_string_equal(bundle.values[1], "+4790000002");
    assert_false(bundle.is_ended);
    bundle_release(&bundle);
    expect(house, "POST", "/v1/acknowledgements", "", "{\"campaign\":\"c1\",\"recipient\":\"k2\"}",
           200, "acknowledged");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":2");
    check(house, EVIDENCE "?recipient=k2", &bundle);
    assert_true(bundle.is_ended);
    assert_true(bundle.is_row_proven);
    const struct bundle_event *last = NULL;
    for (unsigned i = 0; i < bundle.event_count; i++) {
        last = bundle.events[i].is_campaigns ? last : &bundle.events[i];
    }
    assert_non_null(last);
    assert_int_equal(last->event.kind, DELIVERY_EVENT_ACKNOWLEDGED);
    assert_int_equal(last->event.reason, REASON_BY_OTHERS);
    bundle_release(&bundle);
    check(house, EVIDENCE, &bundle);
    assert_int_equal(bundle.pages, 1);
    assert_int_equal(bundle.counts[DELIVERY_EVENT_ACKNOWLEDGED], 1);
    bundle_release(&bundle);
    assert_int_equal(house->api->evidence_count, 0);
}

static void what_is_asked_wrongly_is_told(void **state)
{
    struct house *house = *state;
    launch(house);
    create_campaign(house);
    expect_get(house, EVIDENCE "?recipient=nobody", 404, "recipient");
    expect_get(house, EVIDENCE "?recipient=k1&page=yes", 400, "page");
    expect_get(house, "/v1/campaigns/c2/evidence", 409, "was not launched yet");
    expect_get(house, "/v1/campaigns/c9/evidence", 404, "no campaign");
    expect_get(house, "/v1/evidence/heads?cursor=x", 400, "cursor");
}

static void keys_and_heads_are_told(void **state)
{
    struct house *house = *state;
    launch(house);
    struct answer key = ask(house, "GET", "/v1/evidence/key", "", "");
    assert_int_equal(key.status, 200);
    assert_int_equal(strlen(text_of(&key, "public_key")), 43);
    expect_get(house, "/v1/evidence/heads", 200, "\"items\":[]");
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    house_turn_for(house, 50);
    expect_get(house, "/v1/evidence/heads", 200, "\"campaign\":\"c1\"");
    expect(house, "POST", "/v1/evidence/key/rotate", "", "", 200, "\"number\":2");
    expect_get(house, "/v1/evidence/key", 200, "\"vouched\":true");
    expect_get(house, "/v1/evidence/key", 200, text_of(&key, "public_key"));
    answer_release(&key);
    struct bundle bundle = {0};
    check(house, EVIDENCE "?recipient=k1", &bundle);
    assert_int_equal(bundle.key_count, 2);
    bundle_release(&bundle);
}

/* Whoever waits for a head, and goes, leaves nothing behind; who cannot get one is told. */
static void a_head_that_does_not_come_is_not_waited_for_for_ever(void **state)
{
    struct house *house = *state;
    launch(house);
    stop_signing(house);
    struct http_peer gone = send_request(house, "GET", EVIDENCE, "", "");
    house_turn_for(house, 20);
    assert_int_equal(house->api->evidence_count, 1);
    http_peer_release(&gone);
    struct http_peer peer = send_request(house, "GET", EVIDENCE, "", "");
    house_turn_for(house, 20);
    house->now_ms += 11000;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text, "could not be signed in time"));
    answer_release(&answer);
    house_turn_for(house, 20);
    assert_int_equal(house->api->evidence_count, 0);
}

static void no_more_than_four_are_made_at_once(void **state)
{
    struct house *house = *state;
    struct http_peer peers[4];
    launch(house);
    stop_signing(house);
    for (unsigned i = 0; i < 4; i++) {
        peers[i] = send_request(house, "GET", EVIDENCE, "", "");
    }
    house_turn_for(house, 30);
    expect_get(house, EVIDENCE, 503, "4 bundles are being made");
    house->is_signing = true;
    house->tick_ms = 3;
    for (unsigned i = 0; i < 4; i++) {
        struct answer answer = take_answer(&peers[i]);
        assert_int_equal(answer.status, 200);
        answer_release(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_bundle_covers_all_that_was_answered),
        HOUSE_TEST(what_is_asked_wrongly_is_told),
        HOUSE_TEST(keys_and_heads_are_told),
        HOUSE_TEST(a_head_that_does_not_come_is_not_waited_for_for_ever),
        HOUSE_TEST(no_more_than_four_are_made_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
