/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coordinator/api/api_state.h"
#include "coordinator/api/cursor.h"
#include "tests/unit/api_rig.h"

#define EXPORT "/v1/campaigns/c1/export"
#define MANY   60000 /* lines of these are more than the kernel holds for a client */

/* The head's Tocsin-Snapshot, for the caller to free. */
static char *snapshot_of(const struct answer *answer)
{
    const char *at = strstr(answer->text, "Tocsin-Snapshot: ");
    assert_non_null(at);
    return strndup(at + strlen("Tocsin-Snapshot: "), CURSOR_CHARS);
}

static const char *body_of(const struct answer *answer)
{
    return strstr(answer->text, "\r\n\r\n") + 4;
}

static void launch(struct house *house)
{
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "\"state\":\"running\"");
}

static void every_recipient_has_a_line_and_the_end_says_how_many(void **state)
{
    struct house *house = *state;
    launch(house);
    struct answer answer = ask(house, "GET", EXPORT, "", "");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "Content-Type: application/x-ndjson\r\n"));
    assert_non_null(strstr(answer.text, "Connection: close\r\n"));
    assert_null(strstr(answer.text, "Transfer-Encoding"));
    assert_non_null(strstr(answer.text, "filename=\"c1-deliveries.ndjson\""));
    static const char first[] = "{\"ordinal\":0,\"key\":\"k1\",\"state\":\"waiting\",\"step\":1,"
                                "\"channel\":\"sms\",\"provider\":null,\"endpoint\":0,"
                                "\"address\":\"+4790000001\",\"attempts\":0,\"uncertain\":false,"
                                "\"reason\":null,\"detail\":null,\"at\":null,";
    assert_memory_equal(body_of(&answer), first, strlen(first));
    assert_non_null(strstr(answer.text, "\n{\"end\":true,\"rows\":3,\"campaign\":\"c1\","
                                        "\"campaign_state\":\"running\",\"recipients\":3}\n"));
    answer_release(&answer);
    expect(house, "GET", EXPORT, "Accept: text/csv\r\n", "", 200, "\r\n\r\nordinal,key,state,");
    expect_get(house, EXPORT "?format=csv", 200, "\r\nend,c1,running,3,,,");
    expect_get(house, EXPORT "?format=csv", 200, "c1-deliveries.csv");
    expect_get(house, EXPORT "?state=failed", 200, "\r\n\r\n{\"end\":true,\"rows\":0,");
    expect_get(house, EXPORT "?state=failed,waiting", 200, "\"rows\":3");
    expect_get(house, EXPORT "?channel=email", 200, "\"rows\":0");
    expect_get(house, EXPORT "?channel=sms", 200, "\"rows\":3");
    expect_get(house, EXPORT "?provider=gateway", 200, "\"rows\":0");
    expect_get(house, EXPORT "?end_line=no&state=failed", 200, "\r\n\r\n");
    expect(house, "HEAD", EXPORT, "", "", 200, "Tocsin-Snapshot: ");
}

static void what_is_asked_wrongly_is_told(void **state)
{
    struct house *house = *state;
    launch(house);
    expect_get(house, EXPORT "?state=faild", 400, "there is no state \\\"faild\\\"; there are ");
    expect_get(house, EXPORT "?state=failed,,waiting", 400, "there is no state \\\"\\\"");
    expect_get(house, EXPORT "?state=", 400, "\"parameter\":\"state\"");
    expect_get(house, EXPORT "?state=none", 400, "there is no state \\\"none\\\"");
    expect_get(house, EXPORT "?channel=fax", 400, "there is no channel \\\"fax\\\"");
    expect_get(house, EXPORT "?provider=x", 400, "there is no provider \\\"x\\\"");
    expect_get(house, EXPORT "?format=xml", 400, "format must be csv or ndjson");
    expect_get(house, EXPORT "?compress=gzip", 400, "compress must be zstd or none");
    expect_get(house, EXPORT "?end_line=1", 400, "end_line must be yes or no");
    expect_get(house, EXPORT "?after=1", 400, "after goes with the snapshot");
    expect_get(house, EXPORT "?snapshot=x", 400, "this is no snapshot of this campaign");
    expect_get(house, EXPORT "?stat=failed", 400, "did you mean \\\"state\\\"");
    expect_get(house, "/v1/campaigns/c9/export", 404, "no campaign");
}

static void zstd_is_named_as_it_was_asked_for(void **state)
{
    struct house *house = *state;
    launch(house);
    static const char magic[] = "\r\n\r\n\x28\xb5\x2f\xfd";
    expect(house, "GET", EXPORT, "Accept-Encoding: gzip, zstd;q=0.8\r\n", "", 200,
           "Content-Encoding: zstd\r\n");
    expect(house, "GET", EXPORT, "Accept-Encoding: zstd\r\n", "", 200, magic);
    expect(house, "GET", EXPORT, "Accept-Encoding: gzip, zstd;q=0\r\n", "", 200, "\"rows\":3");
    expect(house, "GET", EXPORT "?compress=none", "Accept-Encoding: zstd\r\n", "", 200,
           "\"rows\":3");
    expect_get(house, EXPORT "?compress=zstd", 200, "Content-Type: application/zstd\r\n");
    expect_get(house, EXPORT "?compress=zstd", 200, "c1-deliveries.ndjson.zst");
    expect_get(house, EXPORT "?compress=zstd", 200, magic);
}

static void a_snapshot_stays_what_it_was_whatever_happens(void **state)
{
    struct house *house = *state;
    launch(house);
    struct answer before = ask(house, "GET", EXPORT, "", "");
    char *snapshot = snapshot_of(&before);
    char path[256];
    expect(house, "POST", "/v1/campaigns/c1/cancel", "", "", 200, "\"cancelled\":3");
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s", snapshot);
    for (unsigned lives = 0; lives < 2; lives++) {
        expect_get(house, EXPORT, 200, "\"state\":\"cancelled\"");
        struct answer again = ask(house, "GET", path, "", "");
        assert_string_equal(body_of(&again), body_of(&before));
        answer_release(&again);
        house_crash(house);
    }
    /* The rest, after a line that somebody has. */
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s&after=0", snapshot);
    struct answer rest = ask(house, "GET", path, "", "");
    const char *second = strstr(body_of(&before), "\n") + 1;
    assert_memory_equal(body_of(&rest), second, strcspn(second, "\n"));
    assert_non_null(strstr(body_of(&rest), "{\"end\":true,\"rows\":2,"));
    answer_release(&rest);
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s&after=0&format=csv", snapshot);
    expect_get(house, path, 200, "\r\n\r\n1,k2,waiting,");
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s&after=4", snapshot);
    expect_get(house, path, 400, "0 to 3");
    answer_release(&before);
    free(snapshot);
}

static void a_snapshot_of_another_campaign_or_list_is_refused(void **state)
{
    struct house *house = *state;
    launch(house);
    create_campaign(house);
    struct answer answer = ask(house, "GET", EXPORT, "", "");
    char *snapshot = snapshot_of(&answer);
    char path[256];
    (void)snprintf(path, sizeof(path), "/v1/campaigns/c2/export?snapshot=%s", snapshot);
    expect_get(house, path, 400, "no snapshot of this campaign");
    for (size_t i = 0; i < CURSOR_CHARS; i++) {
        (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s", snapshot);
        char *at = path + strlen(EXPORT "?snapshot=") + i;
        *at = *at == 'A' ? 'B' : 'A';
        expect_get(house, path, 400, "no snapshot of this campaign");
    }
    char other[CURSOR_CHARS + 1];
    cursor_write(other, CURSOR_RECIPIENTS, 1, 1);
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s", other);
    expect_get(house, path, 400, "no snapshot of this campaign");
    cursor_write(other, CURSOR_EXPORT, 1, 1000000); /* a record that is not there yet */
    (void)snprintf(path, sizeof(path), EXPORT "?snapshot=%s", other);
    expect_get(house, path, 400, "no snapshot of this campaign");
    (void)snprintf(path, sizeof(path), "/v1/campaigns/c1/recipients?cursor=%s", snapshot);
    expect_get(house, path, 400, "no cursor of this list");
    answer_release(&answer);
    free(snapshot);
}

/* ---- clients that are slow, and clients that are gone ---- */

static void upload_many(struct house *house)
{
    struct buf rows = {0};
    buf_str(&rows, "id,phone,first_name\n");
    for (unsigned i = 0; i < MANY; i++) {
        buf_printf(&rows, "k%u,+47900%05u,N\n", i, i);
    }
    expect(house, "POST", "/v1/audiences?name=customers", CSV, buf_cstr(&rows), 201,
           "\"accepted\":60000");
    buf_release(&rows);
    create_campaign(house);
}

static void expect_exports(const struct house *house, unsigned count)
{
    for (unsigned i = 0; i < 500 && house->api->export_count != count; i++) {
        house_turn_for((struct house *)(uintptr_t)house, 10);
    }
    assert_int_equal(house->api->export_count, count);
}

static void there_are_so_many_at_a_time_and_clients_that_leave_make_room(void **state)
{
    struct house *house = *state;
    struct http_peer peers[4];
    upload_many(house);
    for (unsigned i = 0; i < 4; i++) {
        peers[i] = send_request(house, "GET", EXPORT, "", "");
        http_peer_expect(&peers[i], "{\"ordinal\":0,");
    }
    expect_get(house, EXPORT, 503, "4 exports are under way");
    expect_get(house, EXPORT, 503, "Retry-After: ");
    for (unsigned i = 0; i < 4; i++) {
        http_peer_release(&peers[i]);
    }
    expect_exports(house, 0);
    expect_get(house, EXPORT, 200, "{\"end\":true,\"rows\":60000,");
    expect_exports(house, 0);
}

static void a_client_that_takes_nothing_is_broken_off(void **state)
{
    struct house *house = *state;
    upload_many(house);
    struct http_peer peer = send_request(house, "GET", EXPORT, "", "");
    http_peer_expect(&peer, "{\"ordinal\":0,");
    house_turn_for(house, 500); /* all that the kernel takes has left */
    assert_int_equal(house->api->export_count, 1);
    house->now_ms += 1000;
    house_turn_for(house, 1500);
    assert_int_equal(house->api->export_count, 1);
    house->now_ms += 25000;
    expect_exports(house, 0);
    http_peer_expect_close(&peer);
    assert_false(http_peer_has(&peer, "\"end\":true"));
    http_peer_release(&peer);
}

static void a_slow_client_gets_all_of_it(void **state)
{
    struct house *house = *state;
    upload_many(house);
    struct http_peer peer = send_request(house, "GET", EXPORT, "", "");
    uint8_t *piece = malloc(1 << 20);
    size_t got = 0;
    for (unsigned i = 0; i < 15; i++) { /* a mebibyte, and then nothing for a while */
        house_turn_for(house, 20);
        house->now_ms += 15000;
        ssize_t len = recv(peer.fd, piece, 1 << 20, MSG_DONTWAIT);
        got += len > 0 ? (size_t)len : 0;
        house_turn_for(house, 20);
    }
    assert_true(got > 0);
    http_peer_expect_close(&peer);
    assert_true(http_peer_has(&peer, "{\"end\":true,\"rows\":60000,"));
    free(piece);
    http_peer_release(&peer);
}

static void the_end_of_the_program_waits_for_no_client(void **state)
{
    struct house *house = *state;
    upload_many(house);
    struct http_peer peer = send_request(house, "GET", EXPORT, "", "");
    http_peer_expect(&peer, "{\"ordinal\":0,");
    house_crash(house); /* closes the API while the export is under way */
    http_peer_release(&peer);
    expect_get(house, EXPORT "?state=failed", 200, "\"rows\":0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(every_recipient_has_a_line_and_the_end_says_how_many),
        HOUSE_TEST(what_is_asked_wrongly_is_told),
        HOUSE_TEST(zstd_is_named_as_it_was_asked_for),
        HOUSE_TEST(a_snapshot_stays_what_it_was_whatever_happens),
        HOUSE_TEST(a_snapshot_of_another_campaign_or_list_is_refused),
        HOUSE_TEST(there_are_so_many_at_a_time_and_clients_that_leave_make_room),
        HOUSE_TEST(a_client_that_takes_nothing_is_broken_off),
        HOUSE_TEST(a_slow_client_gets_all_of_it),
        HOUSE_TEST(the_end_of_the_program_waits_for_no_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
