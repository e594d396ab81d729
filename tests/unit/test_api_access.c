/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the route tables themselves, so that a route added later is walked without anybody thinking
 * of it: each with the token of each role, with the admin's, and with those that are good for
 * nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/api/routes.h"
#include "coordinator/api/signin.h"
#include "coordinator/identity/signin_guard.h"
#include "tests/unit/api_rig.h"

#define DAY "86400s"

struct ring {
    char role[ROLES][ACCESS_TOKEN_CHARS + 1];
    char admin[ACCESS_TOKEN_CHARS + 1]; /* of the data directory */
    char expired[ACCESS_TOKEN_CHARS + 1];
    char revoked[ACCESS_TOKEN_CHARS + 1];
};

static void keep(char into[ACCESS_TOKEN_CHARS + 1], const char *token)
{
    (void)snprintf(into, ACCESS_TOKEN_CHARS + 1, "%s", token);
}

static void use(struct house *house, const char *token)
{
    (void)snprintf(house->token, sizeof(house->token), "%s", token);
}

/* By whatever token the house has now. */
static void make(struct house *house, const char *name, const char *role, const char *life,
                 char token[ACCESS_TOKEN_CHARS + 1])
{
    char body[200];
    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"role\":\"%s\",\"expires_in\":\"%s\"}",
                   name, role, life);
    struct answer answer = ask(house, "POST", "/v1/tokens", "", body);
    assert_int_equal(answer.status, 201);
    assert_int_equal(strlen(text_of(&answer, "token")), ACCESS_TOKEN_CHARS);
    keep(token, text_of(&answer, "token"));
    answer_release(&answer);
}

static void make_ring(struct house *house, struct ring *ring)
{
    keep(ring->admin, house->token);
    make(house, "old", "admin", "1s", ring->expired);
    house->now_ms += 1000;
    make(house, "lost", "admin", "3650d", ring->revoked);
    expect(house, "DELETE", "/v1/tokens/t2", "", "", 200, "\"state\":\"revoked\"");
    for (enum role role = 0; role < ROLES; role++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "some-%s", role_name(role));
        make(house, name, role_name(role), "3650d", ring->role[role]);
    }
}

/* "/v1/campaigns/{id}/launch" -> "/v1/campaigns/x/launch" */
static void path_of(const struct route *route, char path[200])
{
    size_t len = 0;
    for (const char *at = route->pattern; *at != '\0'; at++) {
        path[len++] = *at;
        if (*at == '{') {
            path[len - 1] = 'x';
            at = strchr(at, '}');
            assert_non_null(at);
        }
    }
    path[len] = '\0';
}

/* The first line alone is waited for: some answers go on for ever. */
static unsigned status_of(struct house *house, const struct route *route)
{
    char path[200];
    path_of(route, path);
    struct http_peer peer = send_request(house, route->method, path, "", "");
    http_peer_expect(&peer, "\r\n");
    assert_memory_equal(peer.got.data, "HTTP/1.1 ", 9);
    unsigned status = (unsigned)strtoul((const char *)peer.got.data + 9, NULL, 10);
    http_peer_release(&peer);
    house_turn(house);
    return status;
}

static unsigned status_with(struct house *house, const struct route *route, const char *token)
{
    use(house, token);
    house->now_ms += SIGNIN_FORGET_MS; /* nobody is slowed here */
    return status_of(house, route);
}

static void expect_right(struct house *house, const struct route *route, const struct ring *ring,
                         const char *token, unsigned *walked)
{
    unsigned status = status_with(house, route, token);
    bool is_role = false;
    enum role role = ROLE_ADMIN;
    for (enum role at = 0; at < ROLES; at++) {
        if (token == ring->role[at]) {
            is_role = true;
            role = at;
        }
    }
    bool is_known = is_role || token == ring->admin;
    const char *who = is_role ? role_name(role) : token;
    (*walked)++;
    if (!is_known && status != 401) {
        fail_msg("%s %s: %u in place of 401 for \"%s\"", route->method, route->pattern, status,
                 who);
    }
    bool may = is_known && role_is_in(role, route->roles);
    if (is_known && may != (status != 401 && status != 403)) {
        fail_msg("%s %s: %u for %s, who %s use it", route->method, route->pattern, status, who,
                 may ? "may" : "may not");
    }
    if (is_known && !may && status != 403) {
        fail_msg("%s %s: %u in place of 403 for %s", route->method, route->pattern, status, who);
    }
}

static void expect_open(struct house *house, const struct route *route, const char *token,
                        unsigned *walked)
{
    unsigned status = status_with(house, route, "");
    unsigned with_token = status_with(house, route, token);
    (*walked)++;
    if (status == 401 || with_token != status) {
        fail_msg("%s %s: %u, and %u with a token, though it is open", route->method, route->pattern,
                 status, with_token);
    }
}

static void walk(struct house *house, const struct route *table, const struct ring *ring,
                 unsigned *walked)
{
    const char *tokens[ROLES + 5] = {"", "tocsin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                     ring->expired, ring->revoked, ring->admin};
    for (enum role role = 0; role < ROLES; role++) {
        tokens[5 + role] = ring->role[role];
    }
    for (const struct route *route = table; route->method != NULL; route++) {
        for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
            if (role_set_is_open(route->roles)) {
                expect_open(house, route, tokens[i], walked);
            } else {
                expect_right(house, route, ring, tokens[i], walked);
            }
        }
    }
}

static void every_route_answers_every_role_as_its_table_says(void **state)
{
    struct house *house = *state;
    struct ring ring;
    unsigned walked = 0;
    unsigned rows = 0;
    make_ring(house, &ring);
    for (const struct route *route = routes_of_api; route->method != NULL; route++) {
        rows++;
    }
    for (const struct route *route = routes_of_public; route->method != NULL; route++) {
        rows++;
    }
    walk(house, routes_of_api, &ring, &walked);
    walk(house, routes_of_public, &ring, &walked);
    assert_int_equal(walked, rows * (ROLES + 5));
    print_message("%u routes, %u requests\n", rows, walked);
}

static void a_role_is_refused_in_words(void **state)
{
    struct house *house = *state;
    struct ring ring;
    make_ring(house, &ring);
    use(house, ring.role[ROLE_VIEWER]);
    expect(house, "POST", "/v1/campaigns/c1/pause", "", "", 403,
           "this is for operator or admin, and \\\"some-viewer\\\" is viewer");
    use(house, ring.role[ROLE_RELAY]);
    expect_get(house, "/v1/replies", 403, "\\\"some-relay\\\" is relay");
    use(house, ring.expired);
    expect_get(house, "/v1/status", 401, "the token has expired");
    use(house, ring.revoked);
    expect_get(house, "/v1/status", 401, "the token was revoked");
    use(house, "nonsense");
    expect_get(house, "/v1/status", 401, "error=\"invalid_token\"");
    use(house, "");
    expect_get(house, "/v1/status", 401, "Bearer realm=\"tocsin\"\r\n");
}

static void whoever_asks_learns_who_they_are(void **state)
{
    struct house *house = *state;
    struct ring ring;
    make_ring(house, &ring);
    expect_get(house, "/v1/me", 200,
               "{\"name\":\"admin\",\"role\":\"admin\",\"kind\":\"admin\",\"token\":null,"
               "\"until\":null}");
    use(house, ring.role[ROLE_RELAY]);
    expect_get(house, "/v1/me", 200,
               "{\"name\":\"some-relay\",\"role\":\"relay\",\"kind\":\"token\",\"token\":\"t3\","
               "\"until\":\"2033-");
}

static void a_wrong_token_is_slowed_but_never_a_good_one(void **state)
{
    struct house *house = *state;
    struct ring ring;
    char metrics[80];
    make_ring(house, &ring);
    use(house, "nonsense");
    for (unsigned i = 0; i < SIGNIN_FREE + 1; i++) {
        expect_get(house, "/v1/status", 401, "the token is missing or wrong");
    }
    expect_get(house, "/v1/status", 429, "Retry-After: 1\r\n");
    expect_get(house, "/v1/status", 429, "too many wrong tokens");
    use(house, ring.role[ROLE_VIEWER]);
    expect_get(house, "/v1/status", 200, "");
    use(house, "");
    expect_get(house, "/v1/status", 401, ""); /* who sends none guesses nothing */
    house->now_ms += 1000;
    use(house, "nonsense");
    expect_get(house, "/v1/status", 401, "");
    expect_get(house, "/v1/status", 429, "Retry-After: 2\r\n");
    (void)snprintf(metrics, sizeof(metrics), "tocsin_signin_failures_total{why=\"unknown\"} %d\n",
                   SIGNIN_FREE + 5);
    expect_get(house, "/metrics", 200, metrics);
    expect_get(house, "/metrics", 200, "tocsin_signin_failures_total{why=\"none\"} 1\n");
    expect_get(house, "/metrics", 200, "tocsin_signins_slowed_total 3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(every_route_answers_every_role_as_its_table_says),
        HOUSE_TEST(a_role_is_refused_in_words),
        HOUSE_TEST(whoever_asks_learns_who_they_are),
        HOUSE_TEST(a_wrong_token_is_slowed_but_never_a_good_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
