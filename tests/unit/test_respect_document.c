/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "coordinator/content/respect_document.h"
#include "proto/channel_kind.h"
#include "tests/unit/unit.h"

static struct document_problem problem;

static enum err read_hours(const char *json, struct quiet_hours *hours)
{
    struct document_reader reader;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    document_reader_init(&reader, &problem, NULL);
    enum err err = respect_document_quiet_hours(&reader, value, false, hours);
    json_decref(value);
    return err;
}

static enum err read_cap(const char *json, struct frequency_cap *cap)
{
    struct document_reader reader;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    document_reader_init(&reader, &problem, NULL);
    enum err err = respect_document_frequency_cap(&reader, value, cap);
    json_decref(value);
    return err;
}

static void hours_refused(const char *json, const char *pointer, const char *words)
{
    struct quiet_hours hours = {.channels = 77};
    assert_int_not_equal(read_hours(json, &hours), ERR_OK);
    assert_int_equal(hours.channels, 77); /* as it was */
    assert_string_equal(problem.pointer, pointer);
    if (strstr(problem.problem.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", problem.problem.text, words);
    }
}

static void cap_refused(const char *json, const char *pointer, const char *words)
{
    struct frequency_cap cap = {.messages = 77};
    assert_int_not_equal(read_cap(json, &cap), ERR_OK);
    assert_int_equal(cap.messages, 77);
    assert_string_equal(problem.pointer, pointer);
    if (strstr(problem.problem.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", problem.problem.text, words);
    }
}

static void assert_shown(json_t *shown, const char *json)
{
    char *text = json_dumps(shown, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, json);
    free(text);
    json_decref(shown);
}

static void quiet_hours_come_back_as_they_were_written(void **state)
{
    (void)state;
    struct quiet_hours hours = {0};
    const char *json = "{\"from\":\"22:00\",\"to\":\"07:30\",\"channels\":[\"sms\",\"voice\"],"
                       "\"zone\":\"Europe/Oslo\"}";
    assert_int_equal(read_hours(json, &hours), ERR_OK);
    assert_int_equal(hours.from_min, 22 * 60);
    assert_int_equal(hours.to_min, 7 * 60 + 30);
    assert_int_equal(hours.channels, 1u << CHANNEL_SMS | 1u << CHANNEL_VOICE);
    assert_string_equal(hours.zone, "Europe/Oslo");
    assert_shown(respect_document_show_quiet_hours(&hours), json);
}

static void what_is_left_out_has_a_default(void **state)
{
    (void)state;
    struct quiet_hours hours = {0};
    assert_int_equal(read_hours("{\"from\":\"20:15\",\"to\":\"24:00\"}", &hours), ERR_OK);
    assert_int_equal(hours.to_min, 0);
    assert_int_equal(hours.channels, 1u << CHANNEL_SMS | 1u << CHANNEL_VOICE | 1u << CHANNEL_PUSH);
    assert_string_equal(hours.zone, "UTC");
}

static void none_is_none(void **state)
{
    (void)state;
    struct quiet_hours hours = {.channels = 1};
    struct frequency_cap cap = {3, 1000};
    assert_int_equal(read_hours("\"none\"", &hours), ERR_OK);
    assert_int_equal(hours.channels, 0);
    assert_shown(respect_document_show_quiet_hours(&hours), "null");
    assert_int_equal(read_cap("\"none\"", &cap), ERR_OK);
    assert_int_equal(cap.messages, 0);
    assert_shown(respect_document_show_frequency_cap(&cap), "null");
}

static void quiet_hours_that_cannot_be_are_refused(void **state)
{
    (void)state;
    hours_refused("[]", "", "must be \"none\", or an object");
    hours_refused("\"22-07\"", "", "must be \"none\", or an object");
    hours_refused("{\"from\":\"22:00\"}", "/to", "is required");
    hours_refused("{\"from\":\"22:00\",\"to\":\"22:00\"}", "", "the same time");
    hours_refused("{\"from\":\"00:00\",\"to\":\"24:00\"}", "", "the same time");
    hours_refused("{\"from\":\"24:01\",\"to\":\"07:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":\"7:00\",\"to\":\"08:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":\"07:60\",\"to\":\"08:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":\"+7:00\",\"to\":\"08:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":\"07:00:00\",\"to\":\"08:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":22,\"to\":\"08:00\"}", "/from", "such as \"22:00\"");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Olso\"}", "/zone",
                  "there is no time zone \"Europe/Olso\"");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"+02:00\"}", "/zone",
                  "there is no time zone");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"channels\":[]}", "/channels",
                  "must be a list");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"channels\":\"sms\"}", "/channels",
                  "must be a list");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"channels\":[\"sms\",\"fax\"]}",
                  "/channels/1", "unknown channel \"fax\"");
    hours_refused("{\"from\":\"22:00\",\"to\":\"07:00\",\"zon\":\"UTC\"}", "/zon",
                  "did you mean \"zone\"");
}

static void a_cap_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct frequency_cap cap = {0};
    assert_int_equal(read_cap("{\"messages\":3,\"per\":\"7d\"}", &cap), ERR_OK);
    assert_int_equal(cap.messages, 3);
    assert_true(cap.per_ms == UINT64_C(7) * 24 * 3600 * 1000);
    assert_shown(respect_document_show_frequency_cap(&cap), "{\"messages\":3,\"per\":\"7d\"}");
}

static void absurd_caps_are_refused(void **state)
{
    (void)state;
    cap_refused("3", "", "must be \"none\", or an object");
    cap_refused("{\"messages\":0,\"per\":\"7d\"}", "/messages", "from 1 to 100");
    cap_refused("{\"messages\":101,\"per\":\"7d\"}", "/messages", "from 1 to 100");
    cap_refused("{\"messages\":-1,\"per\":\"7d\"}", "/messages", "from 1 to 100");
    cap_refused("{\"messages\":1.5,\"per\":\"7d\"}", "/messages", "from 1 to 100");
    cap_refused("{\"messages\":3}", "/per", "is required");
    cap_refused("{\"messages\":3,\"per\":7}", "/per", "must be a duration");
    cap_refused("{\"messages\":3,\"per\":\"1s\"}", "/per", "from 1m to 366d");
    cap_refused("{\"messages\":3,\"per\":\"10000d\"}", "/per", "from 1m to 366d");
    cap_refused("{\"messages\":3,\"per\":\"7d\",\"channels\":[]}", "/channels", "unknown member");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_hours_come_back_as_they_were_written),
        cmocka_unit_test(what_is_left_out_has_a_default),
        cmocka_unit_test(none_is_none),
        cmocka_unit_test(quiet_hours_that_cannot_be_are_refused),
        cmocka_unit_test(a_cap_comes_back_as_it_was_written),
        cmocka_unit_test(absurd_caps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
