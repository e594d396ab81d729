/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/unit/api_rig.h"

static void an_upload_under_a_key_is_compared_to_its_last_byte(void **state)
{
    struct house *house = *state;
    static const char headers[] = CSV "Idempotency-Key: up\r\n";
    static const char path[] = "/v1/audiences?name=customers&on_error=skip";
    expect(house, "POST", path, headers, ROWS, 201, "\"id\":\"a1\"");
    expect(house, "POST", path, headers, ROWS, 201, "Idempotency-Replayed: true");
    expect(house, "POST", path, headers, ROWS "k6,+4790000006,F\n", 422, "another request");
    expect_get(house, "/v1/audiences", 200, "\"next\":null");
    expect_get(house, "/v1/audiences/a2", 404, "no audience");
}

static void a_broken_off_upload_leaves_nothing_and_its_key_free(void **state)
{
    struct house *house = *state;
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    char head[512];
    (void)snprintf(head, sizeof(head),
                   "POST /v1/audiences?name=x HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
                   "Idempotency-Key: up\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n"
                   "id,phone\nk1,+4790000001\n",
                   house->token);
    http_peer_say(&peer, head);
    house_turn_for(house, 50);
    expect_get(house, "/v1/uploads", 200, "\"name\":\"x\"");
    expect(house, "POST", "/v1/audiences?name=x", CSV "Idempotency-Key: up\r\n", ROWS, 409,
           "under way");
    http_peer_release(&peer);
    house_turn_for(house, 50);
    expect_get(house, "/v1/uploads", 200, "\r\n\r\n[]");
    expect_get(house, "/v1/audiences", 200, "{\"items\":[],\"next\":null}");
    expect(house, "POST", "/v1/audiences?name=x&on_error=skip", CSV "Idempotency-Key: up\r\n", ROWS,
           201, "\"accepted\":3");
}

static void a_refused_row_is_named(void **state)
{
    struct house *house = *state;
    struct answer answer = ask(house, "POST", "/v1/audiences?name=x", CSV, ROWS);
    assert_int_equal(answer.status, 422);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "line")), 5);
    assert_string_equal(text_of(&answer, "column"), "phone");
    answer_release(&answer);
    upload(house);
    expect_get(house, "/v1/audiences/a2/refusals", 200,
               "{\"items\":[{\"line\":5,\"column\":\"phone\"");
    expect(house, "GET", "/v1/audiences/a2/refusals", "Accept: text/csv\r\n", "", 200,
           "\r\n5,\"phone\",\"\"\"nonsense\"\"");
}

/* A key that a spreadsheet would run is told it is text, as in exports. */
static void keys_of_the_unreachable_are_no_formulas(void **state)
{
    struct house *house = *state;
    expect(house, "POST", "/v1/audiences?name=x", CSV,
           "id,phone,first_name\n=1+1,,A\n+47,,B\n\"a,b\",,C\nk4,+4790000001,D\n", 201,
           "\"accepted\":4");
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c1/unreachable", 200, "id\r\n");
    expect_get(house, "/v1/campaigns/c1/unreachable", 200, "\r\n'=1+1\r\n+47\r\n\"a,b\"\r\n");
    expect_get(house, "/v1/campaigns/c1/unreachable?format=ndjson", 200,
               "{\"id\":\"=1+1\"}\n{\"id\":\"+47\"}\n");
}

static void what_an_upload_must_say_is_checked(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *path;
        const char *headers;
        unsigned status;
        const char *words;
    } cases[] = {
        {"/v1/audiences", CSV, 400, "\"parameter\":\"name\""},
        {"/v1/audiences?name=x", "", 415, "text/csv or application/x-ndjson"},
        {"/v1/audiences?name=x&format=xml", "", 400, "\"parameter\":\"format\""},
        {"/v1/audiences?name=x&on_error=ignore", CSV, 400, "\"parameter\":\"on_error\""},
        {"/v1/audiences?name=x&on_error=max", CSV, 400, "\"parameter\":\"max\""},
        {"/v1/audiences?name=x&max=5", CSV, 400, "\"parameter\":\"max\""},
        {"/v1/audiences?name=x&map=id", CSV, 400, "\"parameter\":\"map\""},
        {"/v1/audiences?nmae=x", CSV, 400, "did you mean \\\"name\\\"?"},
        {"/v1/audiences?name=x", CSV "Content-Encoding: br\r\n", 415, "gzip or zstd"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(house, "POST", cases[i].path, cases[i].headers, ROWS, cases[i].status,
               cases[i].words);
    }
    expect(house, "POST", "/v1/audiences?name=x&format=csv&map=id=k,phone=p", "",
           "k,p\nx,+4790000001\n", 201, "\"accepted\":1");
}

static void a_recipient_is_found_by_key(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/v1/audiences/a1/recipients/k2", 200,
               "{\"key\":\"k2\",\"ordinal\":1,\"values\":{\"phone\":\"+4790000002\","
               "\"first_name\":\"Bo\"}}");
    expect_get(house, "/v1/audiences/a1/recipients/k4", 404, "no recipient");
    expect_get(house, "/v1/campaigns/c1/recipients/k5", 200, "\"state\":\"waiting\"");
    expect_get(house, "/v1/campaigns/c1/recipients/zzz", 404, "no recipient");
}

static void all_of_an_audience_come_page_by_page(void **state)
{
    struct house *house = *state;
    upload(house);
    expect_get(house, "/v1/audiences/a1/recipients?limit=2", 200,
               "{\"items\":[{\"key\":\"k1\",\"ordinal\":0,\"values\":{");
    expect_get(house, "/v1/audiences/a1/recipients", 200, "\"next\":null}");
    expect_get(house, "/v1/audiences/a9/recipients", 404, "audience");
    expect_get(house, "/v1/audiences/a1/recipients?cursor=xyz", 400, "cursor");
}

static void the_text_of_a_recipient_is_filled_as_a_worker_fills_it(void **state)
{
    struct house *house = *state;
    upload(house);
    create_campaign(house);
    expect_get(house, "/v1/campaigns/c1/recipients/k2/texts", 200,
               "{\"key\":\"k2\",\"texts\":[{\"channel\":\"sms\",\"locale\":\"default\",\"missing\":"
               "[],\"text\":");
    expect_get(house, "/v1/campaigns/c1/recipients/zzz/texts", 404, "no recipient");
    expect_get(house, "/v1/campaigns/c7/recipients/k2/texts", 404, "campaign");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(an_upload_under_a_key_is_compared_to_its_last_byte),
        HOUSE_TEST(a_broken_off_upload_leaves_nothing_and_its_key_free),
        HOUSE_TEST(a_refused_row_is_named),
        HOUSE_TEST(keys_of_the_unreachable_are_no_formulas),
        HOUSE_TEST(what_an_upload_must_say_is_checked),
        HOUSE_TEST(a_recipient_is_found_by_key),
        HOUSE_TEST(all_of_an_audience_come_page_by_page),
        HOUSE_TEST(the_text_of_a_recipient_is_filled_as_a_worker_fills_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
