/* SPDX-License-Identifier: Apache-2.0 */
/* How requests are written, and what is said of settings that make none. No peer is called. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/channel/channel.h"
#include "worker/channel/http_message.h"

static uv_loop_t loop;
static struct problem problem;

static bool variable(const struct attempt *attempt, struct slice name, struct slice *value)
{
    (void)attempt;
    *value = slice_is(name, "city") ? slice_str("Tromsø & \"Co\"") : slice_of(NULL, 0);
    return slice_is(name, "city") || slice_is(name, "empty");
}

static struct attempt attempt_of(void)
{
    struct attempt attempt = {
        .endpoint = slice_str("+4790000001"),
        .key = slice_str("c-1"),
        .campaign = 17,
        .ordinal = 1048576,
        .step = 2,
        .subject = slice_str("Sub\r\nject"),
        .text = slice_str("Say \"hi\"\nto a\\b & 100%"),
        .html = slice_str("<p>x</p>"),
        .variable = variable,
    };
    memcpy(attempt.token, "TOKEN-OF-32-CHARACTERS-IN-BASE64", TOKEN_CHARS);
    return attempt;
}

struct written {
    bool is_filled;
    struct buf url;
    struct buf body;
    struct buf headers; /* those of all requests, a line each */
};

static void written_release(struct written *written)
{
    buf_release(&written->url);
    buf_release(&written->body);
    buf_release(&written->headers);
}

static void fill(const struct http_message *message, struct written *written)
{
    struct http_client_settings settings = {
        .loop = &loop, .connections = 1, .method = "POST", .has_body = true};
    struct http_client *client = http_client_new(&settings);
    struct http_request *request = http_client_take(client);
    struct attempt attempt = attempt_of();
    written->is_filled = http_message_fill(message, &attempt, request);
    const char *url = http_message_url(message);
    if (url != NULL) {
        buf_str(&written->url, url);
    } else {
        buf_slice(&written->url, buf_view(http_request_url(request)));
    }
    buf_slice(&written->body, buf_view(http_request_body(request)));
    const char *const *headers = http_message_headers(message);
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        buf_printf(&written->headers, "%s\n", headers[i]);
    }
    http_request_drop(request);
    http_client_close(client);
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* Every part as text of JSON; NULL for none. */
static enum err write_message(const char *url, enum http_format format, const char *headers,
                              const char *body, struct written *written)
{
    json_t *secrets =
        json_pack("{s:s,s:s}", "key", "env:TOCSIN_TEST_KEY", "base", "env:TOCSIN_TEST_BASE");
    json_t *headers_json = headers == NULL ? NULL : json_loads(headers, 0, NULL);
    json_t *body_json = body == NULL ? NULL : json_loads(body, JSON_DECODE_ANY, NULL);
    assert_true((headers == NULL || headers_json != NULL) && (body == NULL || body_json != NULL));
    struct channel_fields *fields;
    problem = (struct problem){0};
    assert_int_equal(channel_fields_new(&fields, secrets, "p", &problem), ERR_OK);
    struct http_message_settings settings = {url, format, headers_json, body_json};
    struct http_message *message;
    *written = (struct written){0};
    enum err err = http_message_new(&message, fields, &settings, "p", &problem);
    if (err == ERR_OK) {
        fill(message, written);
    }
    http_message_free(message);
    channel_fields_free(fields);
    json_decref(secrets);
    json_decref(headers_json);
    json_decref(body_json);
    return err;
}

static void assert_body(enum http_format format, const char *body, const char *expected)
{
    struct written written;
    if (write_message("http://h/send", format, NULL, body, &written) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    assert_true(written.is_filled);
    assert_string_equal(buf_cstr(&written.body), expected);
    written_release(&written);
}

static void assert_url(const char *url, enum http_format format, const char *body,
                       const char *expected)
{
    struct written written;
    if (write_message(url, format, NULL, body, &written) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    assert_true(written.is_filled);
    assert_string_equal(buf_cstr(&written.url), expected);
    written_release(&written);
}

static void assert_refused(const char *url, enum http_format format, const char *headers,
                           const char *body, const char *because)
{
    struct written written;
    assert_int_equal(write_message(url, format, headers, body, &written), ERR_INVALID);
    assert_string_equal(problem.text, because);
}

static void json_text_gets_its_values_escaped(void **state)
{
    (void)state;
    assert_body(
        HTTP_FORMAT_JSON,
        "\"{\\\"to\\\":\\\"{{to}}\\\",\\\"t\\\":\\\"{{text}}\\\",\\\"n\\\":{{reference|raw}}}\"",
        "{\"to\":\"+4790000001\",\"t\":\"Say \\\"hi\\\"\\nto a\\\\b & 100%\","
        "\"n\":17-1048576-2}");
}

static void a_json_map_is_printed_and_filled(void **state)
{
    (void)state;
    assert_body(HTTP_FORMAT_JSON,
                "{\"to\": [\"{{to}}\"], \"in\": {\"text\": \"{{text}}\", \"n\": 3, \"b\": true},"
                " \"city\": \"{{ city }}\", \"brace\": \"\\\\{{to}}\"}",
                "{\"to\":[\"+4790000001\"],\"in\":{\"text\":\"Say \\\"hi\\\"\\nto a\\\\b & 100%\","
                "\"n\":3,\"b\":true},\"city\":\"Tromsø & \\\"Co\\\"\",\"brace\":\"{{to}}\"}");
}

static void a_form_encodes_names_texts_and_values(void **state)
{
    (void)state;
    assert_body(HTTP_FORMAT_FORM,
                "{\"to\": \"{{to}}\", \"the text\": \"a b: {{text}}\", \"coding\": 2,"
                " \"brace\": \"\\\\{{x\", \"city\": \"{{city}}\"}",
                "to=%2B4790000001&the%20text=a%20b%3A%20Say%20%22hi%22%0Ato%20a%5Cb%20%26%20100%25"
                "&coding=2&brace=%7B%7Bx&city=Troms%C3%B8%20%26%20%22Co%22");
}

static void raw_text_is_sent_as_it_is(void **state)
{
    (void)state;
    assert_body(HTTP_FORMAT_RAW, "\"{{text}}|{{html}}|{{token}}|{{key}}|{{secret.key}}\"",
                "Say \"hi\"\nto a\\b & 100%|<p>x</p>|TOKEN-OF-32-CHARACTERS-IN-BASE64|c-1|k3y&/");
}

static void a_query_is_added_to_the_url(void **state)
{
    (void)state;
    const char *body = "{\"to\": \"{{to}}\", \"text\": \"{{text}}\"}";
    assert_url("http://h:13013/cgi-bin/sendsms", HTTP_FORMAT_QUERY, body,
               "http://h:13013/cgi-bin/sendsms?to=%2B4790000001"
               "&text=Say%20%22hi%22%0Ato%20a%5Cb%20%26%20100%25");
    assert_url("http://h/s?a=1", HTTP_FORMAT_QUERY, "{\"b\": \"2\"}", "http://h/s?a=1&b=2");
    assert_url("http://h", HTTP_FORMAT_QUERY, "{\"b\": \"2\"}", "http://h?b=2");
}

static void values_in_the_path_are_encoded(void **state)
{
    (void)state;
    assert_url("https://h/d/{{key}}/{{to}}?c={{city}}", HTTP_FORMAT_JSON, NULL,
               "https://h/d/c-1/%2B4790000001?c=Troms%C3%B8%20%26%20%22Co%22");
    assert_url("https://h/bot{{secret.key|raw}}/send", HTTP_FORMAT_JSON, NULL,
               "https://h/botk3y&//send");
    assert_url("{{secret.base}}/{{key}}", HTTP_FORMAT_JSON, NULL, "https://gw.example:8443/v1/c-1");
}

static void the_host_cannot_come_from_a_recipient(void **state)
{
    (void)state;
    assert_refused("http://{{to}}/x", HTTP_FORMAT_JSON, NULL, NULL,
                   "p: url: line 1, column 10: there is no variable \"to\"; only secrets may "
                   "stand here");
    assert_refused("{{city}}", HTTP_FORMAT_JSON, NULL, NULL,
                   "p: url: line 1, column 3: there is no variable \"city\"; only secrets may "
                   "stand here");
}

static void a_url_that_cannot_be_called_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"h/x", "ftp://h/x", "http://", "http://h/a b", "file:///x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_refused(wrong[i], HTTP_FORMAT_JSON, NULL, NULL,
                       "p: url must be http:// or https:// with a host, and no blanks");
    }
}

static void the_content_type_follows_the_format_unless_it_is_given(void **state)
{
    (void)state;
    struct written written;
    assert_int_equal(write_message("http://h/", HTTP_FORMAT_JSON, "{\"X-A\": \"1 {{secret.key}}\"}",
                                   "{}", &written),
                     ERR_OK);
    assert_string_equal(buf_cstr(&written.headers),
                        "X-A: 1 k3y&/\nContent-Type: application/json\n");
    written_release(&written);
    assert_int_equal(write_message("http://h/", HTTP_FORMAT_FORM, NULL, "{\"a\": 1}", &written),
                     ERR_OK);
    assert_string_equal(buf_cstr(&written.headers),
                        "Content-Type: application/x-www-form-urlencoded\n");
    written_release(&written);
    assert_int_equal(write_message("http://h/", HTTP_FORMAT_RAW, "{\"content-type\": \"text/xml\"}",
                                   "\"x\"", &written),
                     ERR_OK);
    assert_string_equal(buf_cstr(&written.headers), "content-type: text/xml\n");
    written_release(&written);
}

static void a_line_break_cannot_get_into_a_header(void **state)
{
    (void)state;
    struct written written;
    assert_int_equal(
        write_message("http://h/", HTTP_FORMAT_RAW, "{\"X-A\": \"a\\r\\nb\"}", "\"\"", &written),
        ERR_OK);
    assert_non_null(strstr(buf_cstr(&written.headers), "X-A: a  b\n"));
    written_release(&written);
}

static void a_variable_that_is_missing_is_told(void **state)
{
    (void)state;
    struct written written;
    assert_int_equal(
        write_message("http://h/", HTTP_FORMAT_JSON, NULL, "{\"a\": \"{{nobody}}\"}", &written),
        ERR_OK);
    assert_false(written.is_filled);
    written_release(&written);
    assert_int_equal(
        write_message("http://h/", HTTP_FORMAT_JSON, NULL, "{\"a\": \"{{empty}}\"}", &written),
        ERR_OK);
    assert_true(written.is_filled);
    written_release(&written);
}

static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    assert_refused("http://h/", HTTP_FORMAT_JSON, NULL, "\"{\\\"a\\\": {{to}}\"",
                   "p: body is no JSON once it is filled: '}' expected near end of file");
    assert_refused("http://h/", HTTP_FORMAT_JSON, NULL, "{\"a\": \"{{to\"}",
                   "p: body: line 1, column 11: \"}}\" is missing after the name \"to\"");
    assert_refused("http://h/", HTTP_FORMAT_JSON, NULL, "{\"a\": \"{{secret.nokey}}\"}",
                   "p: body: line 1, column 9: there is no variable \"secret.nokey\"");
    assert_refused("http://h/", HTTP_FORMAT_FORM, NULL, "\"a=b\"",
                   "p: body must be a map of names to texts with this format");
    assert_refused("http://h/", HTTP_FORMAT_FORM, NULL, "{\"a\": []}", "p: body.a must be text");
    assert_refused("http://h/", HTTP_FORMAT_RAW, NULL, "{}",
                   "p: body must be text with this format");
    assert_refused("http://h/", HTTP_FORMAT_JSON, "{\"a b\": \"x\"}", NULL,
                   "p: headers: \"a b\" is no name of a header");
    assert_refused("http://h/", HTTP_FORMAT_JSON, "{\"a\": []}", NULL,
                   "p: headers: \"a\" must have a text");
    assert_refused("http://h/", HTTP_FORMAT_JSON, "{\"a\": \"{{\"}", NULL,
                   "p: headers.a: line 1, column 1: after \"{{\" a name must stand (letters, "
                   "digits, \"_\", \"-\", \".\"); write \"\\{{\" for the braces themselves");
}

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    (void)arg;
    (void)attempt;
    (void)result;
}

static enum err open_http(const char *settings)
{
    struct channel_context context = {.loop = &loop, .result = on_result};
    struct wire_provider provider = {.name = "p", .adapter = "http", .settings = settings};
    struct channel *channel;
    problem = (struct problem){0};
    enum err err = channel_open(&channel, &context, &provider, &problem);
    if (err == ERR_OK) {
        channel->adapter->close(channel);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    return err;
}

static void settings_are_checked_at_opening(void **state)
{
    (void)state;
    assert_int_equal(open_http("{\"url\":\"http://h/\",\"max_parts\":2}"), ERR_INVALID);
    assert_string_equal(problem.text, "provider \"p\": transliterate and max_parts are for channel "
                                      "sms, not for email");
    assert_int_equal(open_http("{\"url\": \"http://h/\"}"), ERR_OK);
    assert_int_equal(open_http("{}"), ERR_INVALID);
    assert_string_equal(problem.text, "provider \"p\": url is missing");
    assert_int_equal(open_http("{\"url\": \"http://h/\", \"conections\": 1}"), ERR_INVALID);
    assert_string_equal(problem.text, "provider \"p\": unknown key \"conections\"; did you mean "
                                      "\"connections\"?");
    assert_int_equal(open_http("{\"url\": \"http://h/\", \"password\": \"env:X\"}"), ERR_INVALID);
    assert_string_equal(problem.text, "provider \"p\": user is missing beside password");
    assert_int_equal(open_http("{\"url\": \"http://h/\", \"ca_file\": \"/no/such\"}"),
                     ERR_NOT_FOUND);
    assert_int_equal(open_http("{\"url\": \"http://h/\", \"secrets\": {\"a\": \"env:TOCSIN_NO\"}}"),
                     ERR_NOT_FOUND);
    assert_string_equal(problem.text, "provider \"p\": secret.a: the environment has no variable "
                                      "TOCSIN_NO (from env:TOCSIN_NO)");
    assert_int_equal(open_http("{\"url\": \"http://h/\", \"user\": \"u\","
                               " \"password\": \"env:TOCSIN_TEST_KEY\"}"),
                     ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    return setenv("TOCSIN_TEST_KEY", "k3y&/", 1) == 0 &&
                   setenv("TOCSIN_TEST_BASE", "https://gw.example:8443/v1", 1) == 0 &&
                   uv_loop_init(&loop) == 0
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_text_gets_its_values_escaped),
        cmocka_unit_test(a_json_map_is_printed_and_filled),
        cmocka_unit_test(a_form_encodes_names_texts_and_values),
        cmocka_unit_test(raw_text_is_sent_as_it_is),
        cmocka_unit_test(a_query_is_added_to_the_url),
        cmocka_unit_test(values_in_the_path_are_encoded),
        cmocka_unit_test(the_host_cannot_come_from_a_recipient),
        cmocka_unit_test(a_url_that_cannot_be_called_is_refused),
        cmocka_unit_test(the_content_type_follows_the_format_unless_it_is_given),
        cmocka_unit_test(a_line_break_cannot_get_into_a_header),
        cmocka_unit_test(a_variable_that_is_missing_is_told),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(settings_are_checked_at_opening),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
