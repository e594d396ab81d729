/* SPDX-License-Identifier: Apache-2.0 */
/* Providers, and groups of them, in the settings. */
#include <stdio.h>

#include "coordinator/coordinator_settings.h"
#include "tests/unit/settings_fixture.h"
#include "tests/unit/unit.h"

static const char providers_yaml[] = "data_dir: /tmp/t\n"
                                     "providers:\n"
                                     "  - name: gateway\n"
                                     "    channel: sms\n"
                                     "    adapter: http\n"
                                     "    rate: 250.5\n"
                                     "    burst: 50\n"
                                     "    concurrency: 40\n"
                                     "    weight: 3\n"
                                     "    breaker: 10s\n"
                                     "    settings:\n"
                                     "      url: http://127.0.0.1:9999/send\n"
                                     "      timeout: 2.5\n"
                                     "      quoted: '25'\n"
                                     "      follow: false\n"
                                     "      none: ~\n"
                                     "      rules: [{status: 429, outcome: throttled}]\n"
                                     "  - {name: dry, channel: email, adapter: 'null'}\n";

static void providers_keep_their_own_settings_as_json(void **state)
{
    struct fixture *fixture = *state;
    assert_loads(fixture, providers_yaml);
    assert_int_equal(fixture->settings->provider_count, 2);
    const struct coordinator_provider *gateway = &fixture->settings->providers[0];
    assert_int_equal(gateway->def.concurrency, 40);
    assert_int_equal(fixture->settings->providers[1].def.concurrency, 0);
    assert_string_equal(gateway->def.name, "gateway");
    assert_int_equal(gateway->def.id, 0);
    assert_int_equal(gateway->def.channel, CHANNEL_SMS);
    assert_true(gateway->def.rate_per_s > 250.4 && gateway->def.rate_per_s < 250.6);
    assert_true(gateway->def.burst > 49.9 && gateway->def.burst < 50.1);
    assert_int_equal(gateway->def.weight, 3);
    assert_int_equal(gateway->def.breaker_ms, 10000);
    assert_string_equal(gateway->adapter, "http");
    assert_string_equal(gateway->settings,
                        "{\"url\":\"http://127.0.0.1:9999/send\",\"timeout\":2.5,\"quoted\":\"25\","
                        "\"follow\":false,\"none\":null,"
                        "\"rules\":[{\"status\":429,\"outcome\":\"throttled\"}]}");
    const struct coordinator_provider *dry = &fixture->settings->providers[1];
    assert_int_equal(dry->def.id, 1);
    assert_int_equal(dry->def.weight, 1);
    assert_int_equal(dry->def.breaker_ms, 30000);
    assert_string_equal(dry->settings, "{}");
}

static void providers_are_checked(void **state)
{
    struct fixture *fixture = *state;
    static const char head[] = "data_dir: /a\nproviders:\n  - name: gateway\n";
    char yaml[512];
    const struct {
        const char *more;
        const char *place;
        const char *what;
    } cases[] = {
        {"    adapter: http\n", "3: providers[0]: ", "\"channel\" is missing"},
        {"    channel: sms\n", "3: providers[0]: ", "\"adapter\" is missing"},
        {"    channel: smss\n    adapter: http\n",
         "4: providers[0].channel: ", "did you mean \"sms\"?"},
        {"    channel: sms\n    adapter: htpp\n",
         "5: providers[0].adapter: ", "did you mean \"http\"?"},
        {"    channel: sms\n    adapter: smtp\n", "5: providers[0].adapter: ", "channel email"},
        {"    channel: sms\n    adapter: http\n    rate: -1\n",
         "6: providers[0].rate: ", "per second"},
        {"    channel: sms\n    adapter: http\n    rate: 0.0001\n",
         "6: providers[0].rate: ", "0.001 to 10000000; 0 or nothing"},
        {"    channel: sms\n    adapter: http\n    concurrency: 0\n",
         "6: providers[0].concurrency: ", "1 to 1000000"},
        {"    channel: sms\n    adapter: http\n    weight: 0\n",
         "6: providers[0].weight: ", "1 to 1000"},
        {"    channel: sms\n    adapter: http\n    breaker: 1ms\n",
         "6: providers[0].breaker: ", "bounds"},
        {"    channel: sms\n    adapter: http\n    settings: [1]\n",
         "6: providers[0].settings: ", "must be a mapping"},
        {"    channel: sms\n    adapter: http\n    settings: {a: 1, a: 2}\n",
         "6: providers[0].settings: ", "a second time"},
        {"    channel: sms\n    adapter: http\n    settings: {account: 123456789012345678901}\n",
         "6: providers[0].settings: ", "put it into quotes"},
        {"    channel: sms\n    adapter: http\n    settings: {a: -1e999}\n",
         "6: providers[0].settings: ", "the number is too large"},
        {"    channel: sms\n    adapter: http\n    settings: {a: \"b\\0c\"}\n",
         "6: providers[0].settings: ", "a zero byte"},
        {"    channel: sms\n    adapter: http\n    settings: &x {a: *x}\n", "", ""},
        {"    channel: sms\n    adapter: http\n  - {name: gateway, channel: sms, adapter: http}\n",
         "6: providers[1].name: ", "an earlier provider"},
        {"    channel: sms\n    adapter: http\n  - {name: a b, channel: sms, adapter: http}\n",
         "6: providers[1].name: ", "letters, digits"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "%s%s", head, cases[i].more);
        assert_refused(fixture, yaml, cases[i].place, cases[i].what);
    }
}

#define TWO_PROVIDERS                                                                              \
    "data_dir: /a\nproviders:\n  - {name: a, channel: sms, adapter: \"null\"}\n"                   \
    "  - {name: b, channel: email, adapter: \"null\"}\n"

static void a_group_names_several_providers(void **state)
{
    struct fixture *fixture = *state;
    assert_loads(fixture, TWO_PROVIDERS "groups:\n  - {name: both, providers: [b, a]}\n"
                                        "  - {name: one, providers: [b]}\n");
    assert_int_equal(fixture->settings->group_count, 2);
    assert_string_equal(fixture->settings->groups[0].name, "both");
    assert_true(fixture->settings->groups[0].members == 3);
    assert_true(fixture->settings->groups[1].members == 2);
    static const struct {
        const char *groups;
        const char *place;
        const char *what;
    } cases[] = {
        {"  - {providers: [a]}\n", "6: groups[0].name: ", "letters, digits"},
        {"  - {name: 'a b', providers: [a]}\n", "6: groups[0].name: ", "letters, digits"},
        {"  - {name: a, providers: [a]}\n", "6: groups[0].name: ", "a provider's name"},
        {"  - {name: g, providers: [a]}\n  - {name: g, providers: [b]}\n",
         "7: groups[1].name: ", "an earlier group"},
        {"  - {name: g}\n", "6: groups[0].providers: ", "must be a list"},
        {"  - {name: g, providers: []}\n", "6: groups[0].providers: ", "must be a list"},
        {"  - name: g\n    providers:\n    - a\n    - c\n",
         "9: groups[0].providers[1]: ", "there is no provider \"c\""},
        {"  - {name: g, providers: [a, a]}\n", "6: groups[0].providers[1]: ", "a second time"},
        {"  - {name: g, provider: [a]}\n", "", "did you mean \"providers\"?"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yaml[400];
        (void)snprintf(yaml, sizeof(yaml), TWO_PROVIDERS "groups:\n%s", cases[i].groups);
        assert_refused(fixture, yaml, cases[i].place, cases[i].what);
    }
}

static void a_provider_has_quiet_hours_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    static const char start[] = "data_dir: /a\nproviders:\n"
                                "  - {name: n, channel: sms, adapter: 'null'}\n"
                                "  - name: p\n    channel: sms\n    adapter: 'null'\n"
                                "    quiet_hours:\n";
    static const struct {
        const char *hours;
        const char *place;
        const char *what;
    } wrong[] = {
        {"      from: 22:00\n", "8: providers[1].quiet_hours.to: ", "is required"},
        {"      zone: UTC\n", "8: providers[1].quiet_hours.from: ", "is required"},
        {"      from: 22:00\n      to: 22:00\n", "8: providers[1].quiet_hours: ", "the same time"},
        {"      from: 22:00\n      to: 7\n", "9: providers[1].quiet_hours.to: ", "such as"},
        {"      from: 22:00\n      to: 07:00\n      zone: Europe/Olso\n",
         "10: providers[1].quiet_hours.zone: ", "there is no time zone"},
        {"      from: 22:00\n      to: 07:00\n      channels: [sms]\n", "9: ", "channels"},
    };
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml), "%s      from: 22:00\n      to: 07:30\n", start);
    const struct coordinator_settings *settings = assert_loads(fixture, yaml);
    assert_int_equal(settings->providers[0].quiet_hours.channels, 0);
    assert_int_not_equal(settings->providers[1].quiet_hours.channels, 0);
    assert_int_equal(settings->providers[1].quiet_hours.from_min, 22 * 60);
    assert_int_equal(settings->providers[1].quiet_hours.to_min, 7 * 60 + 30);
    assert_string_equal(settings->providers[1].quiet_hours.zone, "UTC");
    assert_int_equal(settings->respect.quiet_hours.channels, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "%s%s", start, wrong[i].hours);
        assert_refused(fixture, yaml, wrong[i].place, wrong[i].what);
    }
}

static void a_provider_has_a_quota_a_day(void **state)
{
    struct fixture *fixture = *state;
    static const char start[] = "data_dir: /a\nproviders:\n  - name: p\n    channel: sms\n"
                                "    adapter: 'null'\n";
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml), "%s    quota: 5000\n", start);
    const struct coordinator_settings *settings = assert_loads(fixture, yaml);
    assert_int_equal(settings->providers[0].def.day_quota, 5000);
    assert_string_equal(settings->providers[0].quota_zone, "UTC");
    (void)snprintf(yaml, sizeof(yaml), "%s    quota: 5\n    quota_zone: Asia/Tokyo\n", start);
    assert_string_equal(assert_loads(fixture, yaml)->providers[0].quota_zone, "Asia/Tokyo");
    (void)snprintf(yaml, sizeof(yaml), "%s    quota: 0\n", start);
    assert_refused(fixture, yaml, "6: providers[0].quota: ", "1 to 1000000000");
    (void)snprintf(yaml, sizeof(yaml), "%s    quota: 5\n    quota_zone: Asia/Tokio\n", start);
    assert_refused(fixture, yaml, "7: providers[0].quota_zone: ", "there is no time zone");
    (void)snprintf(yaml, sizeof(yaml), "%s    quota_zone: UTC\n", start);
    assert_refused(fixture, yaml, "6: providers[0].quota_zone: ", "no effect");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(providers_keep_their_own_settings_as_json, setup, teardown),
        cmocka_unit_test_setup_teardown(providers_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_group_names_several_providers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_provider_has_quiet_hours_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_provider_has_a_quota_a_day, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
