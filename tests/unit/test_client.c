/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/slice.h"
#include "net/client.h"
#include "tests/unit/answer_server.h"
#include "tests/unit/unit.h"

static struct client *client_to(const char *api, const char *token)
{
    struct client_settings settings = {.api = api, .token = token, .token_from = "TOCSIN_TOKEN"};
    struct problem problem;
    struct client *client;
    assert_int_equal(client_new(&client, &settings, &problem), ERR_OK);
    return client;
}

/* The value of a header in a request, up to its line's end. */
static void header_of(char value[128], const char *request, const char *name)
{
    const char *at = strstr(request, name);
    assert_non_null(at);
    at += strlen(name);
    size_t len = strcspn(at, "\r");
    assert_true(len < 128);
    memcpy(value, at, len);
    value[len] = '\0';
}

static void a_request_carries_token_and_accept(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"id\":\"c7\"}", NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, "sesame");
    struct problem problem;
    json_t *json;
    assert_int_equal(client_get(client, "/v1/campaigns/c7", &json, &problem), ERR_OK);
    answer_server_wait(server);
    assert_string_equal(json_string_value(json_object_get(json, "id")), "c7");
    assert_non_null(strstr(server->requests[0], "GET /v1/campaigns/c7 HTTP/1.1\r\n"));
    assert_non_null(strstr(server->requests[0], "\r\nAuthorization: Bearer sesame\r\n"));
    assert_non_null(strstr(server->requests[0], "\r\nAccept: application/json\r\n"));
    assert_null(strstr(server->requests[0], "Idempotency-Key"));
    json_decref(json);
    client_free(client);
    free(server);
}

static void a_busy_coordinator_is_asked_again_with_the_same_key(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, "sesame");
    struct problem problem;
    json_t *json;
    char first[128];
    char second[128];
    assert_int_equal(client_post(client, "/v1/campaigns", "{\"a\":1}", &json, &problem), ERR_OK);
    answer_server_wait(server);
    assert_int_equal(server->asked, 2);
    header_of(first, server->requests[0], "Idempotency-Key: ");
    header_of(second, server->requests[1], "Idempotency-Key: ");
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 32);
    assert_non_null(strstr(server->requests[1], "\r\n\r\n{\"a\":1}"));
    json_decref(json);
    client_free(client);
    free(server);
}

static void a_connection_that_breaks_is_tried_again_once_the_coordinator_is_known(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, NULL);
    struct problem problem;
    json_t *json;
    assert_int_equal(client_get(client, "/healthz", &json, &problem), ERR_OK);
    json_decref(json);
    assert_int_equal(client_post(client, "/v1/campaigns/c7/launch", NULL, &json, &problem), ERR_OK);
    answer_server_wait(server);
    assert_int_equal(server->asked, 3);
    assert_non_null(strstr(server->requests[2], "POST /v1/campaigns/c7/launch HTTP/1.1\r\n"));
    json_decref(json);
    client_free(client);
    free(server);
}

static void nobody_there_is_said_at_once(void **state)
{
    (void)state;
    struct client *client = client_to("http://127.0.0.1:1", NULL);
    struct problem problem;
    json_t *json;
    assert_int_equal(client_get(client, "/v1/status", &json, &problem), ERR_CLOSED);
    assert_null(json);
    assert_non_null(
        strstr(problem.text, "the coordinator at http://127.0.0.1:1 cannot be reached"));
    client_free(client);
}

static void a_refused_token_says_where_the_right_one_is(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 27\r\nConnection: close\r\n\r\n"
        "{\"detail\":\"unknown token.\"}",
        NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, "wrong");
    struct problem problem;
    json_t *json;
    assert_int_equal(client_get(client, "/v1/status", &json, &problem), ERR_UNAUTHORIZED);
    answer_server_wait(server);
    assert_non_null(
        strstr(problem.text, "unknown token (HTTP 401); the token came from TOCSIN_TOKEN"));
    assert_non_null(strstr(problem.text, "admin.token"));
    client_free(client);
    free(server);
}

static void an_answer_that_is_no_json_is_an_error(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, NULL);
    struct problem problem;
    json_t *json;
    assert_int_equal(client_get(client, "/v1/status", &json, &problem), ERR_IO);
    answer_server_wait(server);
    assert_non_null(strstr(problem.text, "is not JSON"));
    client_free(client);
    free(server);
}

/* A file with a text, open for reading and rewound. */
static FILE *file_of(const char *text)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
    return file;
}

static void a_file_is_uploaded_whole_and_again_from_its_start(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, NULL);
    struct problem problem;
    json_t *json;
    FILE *file = file_of("id,phone\n1,+4790000001\n");
    char head[4];
    assert_int_equal(read(fileno(file), head, sizeof(head)), sizeof(head));
    struct client_upload upload = {.path = "/v1/audiences?name=x",
                                   .content_type = "text/csv",
                                   .content_encoding = "gzip",
                                   .fd = fileno(file),
                                   .head = slice_of(head, sizeof(head)),
                                   .has_size = true,
                                   .can_rewind = true,
                                   .size = 23};
    assert_int_equal(client_upload(client, &upload, &json, &problem), ERR_OK);
    answer_server_wait(server);
    for (int i = 0; i < 2; i++) {
        assert_non_null(strstr(server->requests[i], "POST /v1/audiences?name=x HTTP/1.1\r\n"));
        assert_non_null(strstr(server->requests[i], "\r\nContent-Length: 23\r\n"));
        assert_non_null(strstr(server->requests[i], "\r\nContent-Type: text/csv\r\n"));
        assert_non_null(strstr(server->requests[i], "\r\nContent-Encoding: gzip\r\n"));
        assert_non_null(strstr(server->requests[i], "\r\n\r\nid,phone\n1,+4790000001\n"));
    }
    json_decref(json);
    (void)fclose(file);
    client_free(client);
    free(server);
}

static void what_cannot_be_read_twice_is_not_begun_again(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n",
        NULL};
    struct answer_server *server = answer_server_new(answers);
    struct client *client = client_to(server->api, NULL);
    struct problem problem;
    json_t *json;
    FILE *file = file_of("id,phone\n");
    struct client_upload upload = {
        .path = "/v1/audiences?name=x", .content_type = "text/csv", .fd = fileno(file)};
    assert_int_equal(client_upload(client, &upload, &json, &problem), ERR_BUSY);
    answer_server_wait(server);
    assert_non_null(strstr(server->requests[0], "\r\nTransfer-Encoding: chunked\r\n"));
    (void)fclose(file);
    client_free(client);
    free(server);
}

static void an_address_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "ftp://x", "127.0.0.1", "http://a b"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct client_settings settings = {.api = wrong[i]};
        struct problem problem;
        struct client *client;
        assert_int_equal(client_new(&client, &settings, &problem), ERR_INVALID);
        assert_null(client);
        assert_non_null(strstr(problem.text, "is no address of an API"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_carries_token_and_accept),
        cmocka_unit_test(a_busy_coordinator_is_asked_again_with_the_same_key),
        cmocka_unit_test(a_connection_that_breaks_is_tried_again_once_the_coordinator_is_known),
        cmocka_unit_test(nobody_there_is_said_at_once),
        cmocka_unit_test(a_refused_token_says_where_the_right_one_is),
        cmocka_unit_test(an_answer_that_is_no_json_is_an_error),
        cmocka_unit_test(a_file_is_uploaded_whole_and_again_from_its_start),
        cmocka_unit_test(what_cannot_be_read_twice_is_not_begun_again),
        cmocka_unit_test(an_address_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
