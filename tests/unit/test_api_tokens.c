/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/api_rig.h"

#define WALL "{\"name\":\"wall\",\"role\":\"viewer\"}"

static void keep(char into[ACCESS_TOKEN_CHARS + 1], const char *token)
{
    (void)snprintf(into, ACCESS_TOKEN_CHARS + 1, "%s", token);
}

static void use(struct house *house, const char *token)
{
    (void)snprintf(house->token, sizeof(house->token), "%s", token);
}

static void create(struct house *house, const char *headers, const char *body,
                   char token[ACCESS_TOKEN_CHARS + 1])
{
    struct answer answer = ask(house, "POST", "/v1/tokens", headers, body);
    assert_int_equal(answer.status, 201);
    (void)snprintf(token, ACCESS_TOKEN_CHARS + 1, "%s", text_of(&answer, "token"));
    assert_int_equal(strlen(token), ACCESS_TOKEN_CHARS);
    answer_release(&answer);
}

static void a_token_is_shown_once(void **state)
{
    struct house *house = *state;
    char admin[ACCESS_TOKEN_CHARS + 1];
    char token[ACCESS_TOKEN_CHARS + 1];
    keep(admin, house->token);
    struct answer answer = ask(house, "POST", "/v1/tokens", "", WALL);
    assert_int_equal(answer.status, 201);
    assert_non_null(strstr(answer.text, "Location: /v1/tokens/t1\r\n"));
    assert_non_null(strstr(answer.text, "\"created_by\":\"admin\""));
    assert_non_null(strstr(answer.text, "\"last_used_at\":null,\"revoked_at\":null"));
    keep(token, text_of(&answer, "token"));
    answer_release(&answer);
    expect_get(house, "/v1/tokens/t1", 200,
               "{\"id\":\"t1\",\"name\":\"wall\",\"role\":\"viewer\",\"state\":\"good\","
               "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"created_by\":\"admin\","
               "\"expires_at\":\"2024-11-13T22:13:20.000Z\",\"last_used_at\":null,"
               "\"revoked_at\":null}");
    struct answer list = ask(house, "GET", "/v1/tokens", "", "");
    assert_null(strstr(list.text, ACCESS_TOKEN_PREFIX));
    answer_release(&list);
    house_crash(house);
    use(house, token);
    expect_get(house, "/v1/status", 200, "");
    expect_get(house, "/v1/tokens", 403, "this is for admin");
    use(house, admin);
    expect_get(house, "/v1/tokens/t1", 200, "\"last_used_at\":\"2023-11-14T22:13:20.000Z\"");
}

static bool find_text(void *arg, struct slice id, struct slice value)
{
    (void)id;
    assert_null(memmem(value.data, value.len, arg, strlen(arg)));
    return true;
}

static void a_repeated_request_does_not_show_it_again(void **state)
{
    struct house *house = *state;
    char token[ACCESS_TOKEN_CHARS + 1];
    create(house, "Idempotency-Key: k\r\n", WALL, token);
    for (unsigned life = 0; life < 2; life++) {
        struct answer again = ask(house, "POST", "/v1/tokens", "Idempotency-Key: k\r\n", WALL);
        assert_int_equal(again.status, 201);
        assert_non_null(strstr(again.text, "\"id\":\"t1\""));
        assert_non_null(strstr(again.text, "Idempotency-Replayed: true"));
        assert_null(strstr(again.text, ACCESS_TOKEN_PREFIX));
        answer_release(&again);
        house_crash(house);
    }
    /* Nor is it in the journal's answers, which are kept for a day. */
    assert_int_equal(ledger_each_entry(house->ledger, CATALOGUE_IDEMPOTENCY, find_text, token),
                     ERR_OK);
    expect(house, "POST", "/v1/tokens", "Idempotency-Key: k\r\n",
           "{\"name\":\"other\",\"role\":\"viewer\"}", 422, "was used for another request");
}

static void nobody_is_given_the_answer_to_anothers_request(void **state)
{
    static const char key[] = "Idempotency-Key: k\r\n";
    static const char body[] = "{\"name\":\"made\",\"role\":\"viewer\"}";
    struct house *house = *state;
    char admin[ACCESS_TOKEN_CHARS + 1];
    char first[ACCESS_TOKEN_CHARS + 1];
    char second[ACCESS_TOKEN_CHARS + 1];
    keep(admin, house->token);
    create(house, "", "{\"name\":\"first\",\"role\":\"admin\"}", first);
    create(house, "", "{\"name\":\"second\",\"role\":\"admin\"}", second);
    use(house, first);
    expect(house, "POST", "/v1/tokens", key, body, 201, "\"created_by\":\"first\"");
    use(house, second);
    expect(house, "POST", "/v1/tokens", key, body, 422, "was used for another request");
    use(house, admin);
    expect(house, "POST", "/v1/tokens", key, body, 422, "was used for another request");
    use(house, first);
    expect(house, "POST", "/v1/tokens", key, body, 201, "Idempotency-Replayed: true");
}

static void a_revoked_token_is_good_for_nothing_at_once(void **state)
{
    struct house *house = *state;
    char admin[ACCESS_TOKEN_CHARS + 1];
    char token[ACCESS_TOKEN_CHARS + 1];
    keep(admin, house->token);
    create(house, "", WALL, token);
    expect(house, "POST", "/v1/tokens", "", WALL, 409, "there is a token \\\"wall\\\" already");
    expect(house, "DELETE", "/v1/tokens/t1", "", "", 200, "\"state\":\"revoked\"");
    use(house, token);
    expect_get(house, "/v1/status", 401, "the token was revoked");
    use(house, admin);
    expect(house, "DELETE", "/v1/tokens/t1", "", "", 200, "\"state\":\"revoked\"");
    expect(house, "DELETE", "/v1/tokens/t2", "", "", 404, "there is no token \\\"t2\\\"");
    expect(house, "DELETE", "/v1/tokens/c1", "", "", 404, "there is no token");
    create(house, "", WALL, token);
    house_crash(house);
    expect_get(house, "/v1/tokens/t1", 200, "\"revoked_at\":\"2023-11-14T22:13:20.000Z\"");
}

static void an_end_is_given_as_a_time_or_a_duration(void **state)
{
    struct house *house = *state;
    char admin[ACCESS_TOKEN_CHARS + 1];
    char token[ACCESS_TOKEN_CHARS + 1];
    keep(admin, house->token);
    create(house, "",
           "{\"name\":\"a\",\"role\":\"author\",\"expires_at\":\"2023-11-15T00:00:00+01:00\"}",
           token);
    expect_get(house, "/v1/tokens/t1", 200, "\"expires_at\":\"2023-11-14T23:00:00.000Z\"");
    use(house, token);
    house->now_ms += 2799999;
    expect_get(house, "/v1/me", 200, "\"until\":\"2023-11-14T23:00:00.000Z\"");
    house->now_ms += 1;
    expect_get(house, "/v1/me", 401, "the token has expired");
    use(house, admin);
    expect_get(house, "/v1/tokens/t1", 200, "\"state\":\"expired\"");
    create(house, "", "{\"name\":\"b\",\"role\":\"relay\",\"expires_in\":\"90d\"}", token);
    expect_get(house, "/v1/tokens/t2", 200, "\"expires_at\":\"2024-02-12T23:00:00.000Z\"");
}

static void what_is_no_token_is_refused(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *body;
        unsigned status;
        const char *words;
    } wrongs[] = {
        {"", 400, ""},
        {"{\"role\":\"viewer\"}", 422, "\"pointer\":\"/name\""},
        {"{\"name\":\"a\"}", 422, "\"pointer\":\"/role\""},
        {"{\"name\":\"a b\",\"role\":\"viewer\"}", 422, "must be 1 to 64 letters"},
        {"{\"name\":\"\",\"role\":\"viewer\"}", 422, "\"pointer\":\"/name\""},
        {"{\"name\":\"admin\",\"role\":\"viewer\"}", 422, "and not \\\"admin\\\""},
        {"{\"name\":\"a\",\"role\":\"operators\"}", 422, "did you mean \\\"operator\\\""},
        {"{\"name\":\"a\",\"role\":7}", 422, "\"pointer\":\"/role\""},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires\":\"1d\"}", 422, "expires"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_in\":\"0s\"}", 422, "/expires_in"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_in\":\"3651d\"}", 422, "/expires_in"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_at\":\"2023-11-14T22:13:20Z\"}", 422,
         "must be in the future"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_at\":\"2043-11-14T22:13:20Z\"}", 422,
         "/expires_at"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_at\":\"tomorrow\"}", 422, "/expires_at"},
        {"{\"name\":\"a\",\"role\":\"viewer\",\"expires_in\":\"1d\","
         "\"expires_at\":\"2024-11-14T22:13:20Z\"}",
         422, "not both"},
    };
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        expect(house, "POST", "/v1/tokens", "", wrongs[i].body, wrongs[i].status, wrongs[i].words);
    }
    expect_get(house, "/v1/tokens", 200, "{\"items\":[],\"next\":null}");
}

static void tokens_are_listed_page_by_page(void **state)
{
    struct house *house = *state;
    char token[ACCESS_TOKEN_CHARS + 1];
    char path[100];
    create(house, "", WALL, token);
    create(house, "", "{\"name\":\"gate\",\"role\":\"relay\"}", token);
    struct answer first = ask(house, "GET", "/v1/tokens?limit=1", "", "");
    assert_non_null(strstr(first.text, "\"items\":[{\"id\":\"t1\""));
    (void)snprintf(path, sizeof(path), "/v1/tokens?limit=1&cursor=%s", text_of(&first, "next"));
    answer_release(&first);
    expect_get(house, path, 200, "\"items\":[{\"id\":\"t2\"");
    expect_get(house, path, 200, "\"next\":null");
    path[strlen(path) - 1] ^= 1;
    expect_get(house, path, 400, "no cursor of this list");
}

static void a_new_admin_token_is_made_when_the_old_is_removed(void **state)
{
    struct house *house = *state;
    char path[96];
    char old[ACCESS_TOKEN_CHARS + 1];
    keep(old, house->token);
    (void)snprintf(path, sizeof(path), "%s/%s", house->dir, AUTH_FILE);
    assert_int_equal(remove(path), 0);
    expect_get(house, "/v1/me", 200, "\"kind\":\"admin\"");
    api_reload_secrets(house->api);
    expect_get(house, "/v1/me", 401, "missing or wrong");
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(house->token, 1, AUTH_TOKEN_CHARS, file), AUTH_TOKEN_CHARS);
    (void)fclose(file);
    assert_string_not_equal(old, house->token);
    expect_get(house, "/v1/me", 200, "\"kind\":\"admin\"");
    file = fopen(path, "we"); /* what is no token leaves the one that was there */
    assert_non_null(file);
    (void)fputs("nonsense\n", file);
    (void)fclose(file);
    api_reload_secrets(house->api);
    expect_get(house, "/v1/me", 200, "\"kind\":\"admin\"");
}

/* Sends all but the last byte; the token is revoked before that comes. */
static struct answer ask_while_revoked(struct house *house, const char *path, const char *headers,
                                       const char *body, const char *admin, const char *id)
{
    struct http_peer peer = http_peer_open(api_address(house->api), house_turn, house);
    struct buf text = {0};
    char token_path[64];
    size_t len = strlen(body);
    buf_printf(&text,
               "POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
               "Content-Length: %zu\r\n%s\r\n%.*s",
               path, house->token, len, headers, (int)len - 1, body);
    http_peer_send(&peer, text.data, text.len);
    buf_release(&text);
    house_turn_for(house, 20);
    use(house, admin);
    (void)snprintf(token_path, sizeof(token_path), "/v1/tokens/%s", id);
    expect(house, "DELETE", token_path, "", "", 200, "revoked");
    http_peer_say(&peer, body + len - 1);
    return take_answer(&peer);
}

/* Who holds a request back does not keep the right to it. */
static void a_token_that_is_revoked_while_the_body_comes_changes_nothing(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *path;
        const char *headers;
        const char *body;
        const char *token;
    } requests[] = {
        {"/v1/campaigns", "Idempotency-Key: k\r\n", CAMPAIGN, "t1"},
        {"/v1/audiences?name=late", CSV, ROWS, "t2"},
        {"/v1/audiences?name=late", CSV "Idempotency-Key: k\r\n", ROWS, "t3"},
    };
    char admin[ACCESS_TOKEN_CHARS + 1];
    keep(admin, house->token);
    upload(house);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char token[ACCESS_TOKEN_CHARS + 1];
        create(house, "", "{\"name\":\"hand\",\"role\":\"author\"}", token);
        use(house, token);
        struct answer answer = ask_while_revoked(house, requests[i].path, requests[i].headers,
                                                 requests[i].body, admin, requests[i].token);
        assert_int_equal(answer.status, 401);
        assert_non_null(strstr(answer.text, "while the request came"));
        assert_non_null(strstr(answer.text, "WWW-Authenticate: Bearer"));
        answer_release(&answer);
        expect_get(house, "/v1/campaigns", 200, "\"items\":[]");
        expect_get(house, "/v1/audiences?limit=2", 200, "\"next\":null");
        expect_get(house, "/v1/audiences/a2", 404, "");
    }
    expect_get(house, "/v1/audit", 200, "\"action\":\"campaigns.create\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_token_is_shown_once),
        HOUSE_TEST(a_repeated_request_does_not_show_it_again),
        HOUSE_TEST(nobody_is_given_the_answer_to_anothers_request),
        HOUSE_TEST(a_revoked_token_is_good_for_nothing_at_once),
        HOUSE_TEST(a_token_that_is_revoked_while_the_body_comes_changes_nothing),
        HOUSE_TEST(an_end_is_given_as_a_time_or_a_duration),
        HOUSE_TEST(what_is_no_token_is_refused),
        HOUSE_TEST(tokens_are_listed_page_by_page),
        HOUSE_TEST(a_new_admin_token_is_made_when_the_old_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
