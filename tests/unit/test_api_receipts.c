/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "proto/token.h"
#include "tests/unit/api_rig.h"

static void a_receipt_is_taken_once_and_kept(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect(house, "POST", callback_to(house, "gateway", 0, "?status=delivered"), "", "", 404,
           "not been launched");
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    house->is_writing = false;
    struct http_peer peer = send_request(
        house, "POST", callback_to(house, "gateway", 0, "?status=delivered&id=7"), "", "");
    house_turn_for(house, 50);
    http_peer_read(&peer);
    assert_int_equal(peer.got.len, 0); /* not before it is on disk */
    house->is_writing = true;
    struct answer answer = take_answer(&peer);
    assert_int_equal(answer.status, 204);
    answer_release(&answer);
    expect(house, "GET", callback_to(house, "gateway", 0, "?status=delivered"), "", "", 204, "");
    expect(house, "POST", callback_to(house, "gateway", 1, ""),
           "Content-Type: application/json\r\n", "{\"status\":\"delivered\"}", 204, "no-store");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
    expect_get(house, "/metrics", 200,
               "tocsin_receipts_total{provider=\"gateway\",result=\"delivered\"} 3\n");
    house_crash(house);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
}

static void only_who_sends_receipts_can_be_waited_for(void **state)
{
    struct house *house = *state;
    expect(house, "POST", "/v1/audiences?name=customers", CSV,
           "id,phone,email\nk1,+4790000001,a@customer.test\n", 201, "\"accepted\":1");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"sms\","
           "\"content\":{\"sms\":{\"text\":\"Hi\"}},\"plan\":{\"until\":\"delivered\"}}",
           201, "\"until\":\"delivered\"");
    expect(house, "POST", "/v1/campaigns", "",
           "{\"name\":\"Outage\",\"audience\":\"a1\",\"channel\":\"email\",\"content\":"
           "{\"email\":{\"subject\":\"S\",\"text\":\"Hi\"}},\"plan\":{\"until\":\"delivered\"}}",
           422, "receipts: true");
}

static void what_is_no_receipt_is_refused(void **state)
{
    struct house *house = *state;
    static const char head[] = "/r/gateway/";
    char path[128];
    struct buf large = {0};
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    expect(house, "PUT", callback_to(house, "gateway", 0, ""), "", "", 405, "Allow: POST, GET\r\n");
    expect(house, "HEAD", callback_to(house, "gateway", 0, "?status=delivered"), "", "", 405,
           "Allow: POST, GET\r\n");
    expect(house, "POST", callback_to(house, "nobody", 0, "?status=failed"), "", "", 404, "nobody");
    expect(house, "POST", callback_to(house, "gateway", 77, "?status=failed"), "", "", 404,
           "no such recipient");
    expect(house, "POST", callback_to(house, "gateway", 0, "?status=sent"), "", "", 400,
           "no status");
    expect(house, "POST", callback_to(house, "gateway", 0, ""), "", "", 400, "missing");
    expect(house, "POST", callback_to(house, "gateway", 0, ""), "Content-Type: text/xml\r\n",
           "<a/>", 415, "text/xml");
    memset(buf_reserve(&large, 1100000), 'x', 1100000);
    large.len = 1100000;
    expect(house, "POST", callback_to(house, "gateway", 0, ""), "", buf_cstr(&large), 413,
           "too large");
    buf_release(&large);
    for (unsigned i = 0; i <= TOKEN_CHARS; i++) { /* altered in each place, and cut off */
        (void)snprintf(path, sizeof(path), "%s?status=failed",
                       callback_to(house, "gateway", 0, ""));
        char *at = path + sizeof(head) - 1 + (i < TOKEN_CHARS ? i : TOKEN_CHARS - 1);
        if (i < TOKEN_CHARS) {
            *at = *at == 'A' ? 'B' : 'A';
        } else {
            memmove(at, at + 1, strlen(at));
        }
        expect(house, "POST", path, "", "", 403, "no token of this cluster");
    }
    expect_get(house, "/metrics", 200,
               "tocsin_receipts_total{provider=\"gateway\",result=\"forged\"} 33\n");
    expect_get(house, "/metrics", 200, "\ntocsin_forged_tokens_total 33\n");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":0");
}

static void many_receipts_come_in_one_request(void **state)
{
    struct house *house = *state;
    char body[1024];
    upload(house);
    create_campaign(house);
    expect(house, "POST", "/v1/campaigns/c1/launch", "", "", 200, "running");
    (void)snprintf(body, sizeof(body),
                   "[{\"token\":\"%.32s\",\"provider\":\"gateway\",\"status\":\"delivered\"},"
                   "{\"campaign\":\"c1\",\"recipient\":\"k2\",\"provider\":\"gateway\","
                   "\"status\":\"delivered\"},{\"token\":\"x\",\"provider\":\"gateway\","
                   "\"status\":\"failed\"},7,{\"campaign\":\"c1\",\"recipient\":\"k9\","
                   "\"provider\":\"gateway\",\"status\":\"failed\"}]",
                   link_to(house, 1, 0) + 3);
    struct answer answer = ask(house, "POST", "/v1/receipts", "", body);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "{\"receipts\":5,\"taken\":2,\"refused\":[{\"index\":2,"));
    assert_non_null(strstr(answer.text, "{\"index\":3,\"detail\":"));
    assert_non_null(strstr(answer.text, "no recipient \\\"k9\\\""));
    answer_release(&answer);
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":2");
    expect(house, "POST", "/v1/receipts", "Content-Type: application/x-ndjson\r\n",
           "{\"campaign\":\"c1\",\"recipient\":\"k5\",\"provider\":\"gateway\","
           "\"status\":\"delivered\"}\r\n\n",
           200, "\"taken\":1");
    expect_get(house, "/v1/campaigns/c1", 200, "\"delivered\":3");
    expect(house, "POST", "/v1/receipts", "", "{}", 400, "must be an array");
    expect(house, "POST", "/v1/receipts", "", "[", 400, "\"line\":1");
    house->token[5] = house->token[5] == 'x' ? 'y' : 'x';
    expect(house, "POST", "/v1/receipts", "", "[]", 401, "the token is missing or wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_receipt_is_taken_once_and_kept),
        HOUSE_TEST(only_who_sends_receipts_can_be_waited_for),
        HOUSE_TEST(what_is_no_receipt_is_refused),
        HOUSE_TEST(many_receipts_come_in_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
