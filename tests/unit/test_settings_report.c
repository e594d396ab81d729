/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "coordinator/settings_report.h"
#include "tests/unit/unit.h"

static void assert_reports(const char *providers, const char *expected)
{
    char variable[512];
    char data_dir[] = "TOCSIN_COORDINATOR_DATA_DIR=/var/lib/\"tocsin\"";
    char *const environment[] = {variable, data_dir, NULL};
    struct coordinator_settings *settings;
    struct problem problem;
    struct buf report = {0};
    (void)snprintf(variable, sizeof(variable), "TOCSIN_COORDINATOR_PROVIDERS=%s", providers);
    if (coordinator_settings_load(&settings, NULL, environment, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    settings_report(settings, &report);
    assert_buf_is(&report, expected);
    buf_release(&report);
    coordinator_settings_free(settings);
}

static void defaults_and_the_environment_are_in_the_report(void **state)
{
    (void)state;
    assert_reports(
        "[]", "{\"data_dir\":\"/var/lib/\\\"tocsin\\\"\",\"listen\":{\"api\":\"127.0.0.1:7480\","
              "\"workers\":\"tcp://127.0.0.1:7400\"},\"providers\":[],\"groups\":[]}\n");
}

static void providers_come_with_their_own_settings(void **state)
{
    (void)state;
    assert_reports(
        "[{name: a, channel: sms, adapter: http, settings: {url: \"http://x/\"}}, {name: b, "
        "channel: email, "
        "adapter: smtp}]",
        "{\"data_dir\":\"/var/lib/\\\"tocsin\\\"\",\"listen\":{\"api\":\"127.0.0.1:7480\","
        "\"workers\":\"tcp://127.0.0.1:7400\"},\"providers\":["
        "{\"name\":\"a\",\"channel\":\"sms\",\"adapter\":\"http\",\"settings\":{\"url\":\"http://x/"
        "\"}},"
        "{\"name\":\"b\",\"channel\":\"email\",\"adapter\":\"smtp\",\"settings\":{}}],\"groups\":[]"
        "}\n");
}

static void quiet_hours_come_with_their_provider(void **state)
{
    (void)state;
    assert_reports(
        "[{name: a, channel: sms, adapter: 'null', rate: 2.5, concurrency: 7, quota: 500, "
        "quiet_hours: {from: '22:00', to: "
        "'07:05', zone: Europe/Oslo}}]",
        "{\"data_dir\":\"/var/lib/\\\"tocsin\\\"\",\"listen\":{\"api\":\"127.0.0.1:7480\","
        "\"workers\":\"tcp://127.0.0.1:7400\"},\"providers\":["
        "{\"name\":\"a\",\"channel\":\"sms\",\"adapter\":\"null\",\"rate\":2.5,\"concurrency\":7,"
        "\"quota\":500,\"quota_zone\":"
        "\"UTC\",\"quiet_hours\":{"
        "\"from\":\"22:00\",\"to\":\"07:05\",\"zone\":\"Europe/Oslo\"},\"settings\":{}}],"
        "\"groups\":[]}\n");
}

static void groups_come_with_their_providers(void **state)
{
    (void)state;
    char *const environment[] = {
        (char[]){"TOCSIN_COORDINATOR_DATA_DIR=/a"},
        (char[]){"TOCSIN_COORDINATOR_PROVIDERS=[{name: a, channel: sms, adapter: null}, "
                 "{name: b, channel: sms, adapter: null}]"},
        (char[]){"TOCSIN_COORDINATOR_GROUPS=[{name: both, providers: [b, a]}]"}, NULL};
    struct coordinator_settings *settings;
    struct problem problem;
    struct buf report = {0};
    if (coordinator_settings_load(&settings, NULL, environment, &problem) != ERR_OK) {
        fail_msg("%s", problem.text);
    }
    settings_report(settings, &report);
    assert_non_null(strstr(buf_cstr(&report),
                           "\"groups\":[{\"name\":\"both\",\"providers\":[\"a\",\"b\"]}]}\n"));
    buf_release(&report);
    coordinator_settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_and_the_environment_are_in_the_report),
        cmocka_unit_test(providers_come_with_their_own_settings),
        cmocka_unit_test(quiet_hours_come_with_their_provider),
        cmocka_unit_test(groups_come_with_their_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
