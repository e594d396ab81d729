/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/api/role.h"
#include "coordinator/coordinator_settings.h"
#include "tests/unit/settings_fixture.h"
#include "tests/unit/unit.h"

#define PUBLIC_KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static void a_data_directory_is_enough(void **state)
{
    struct fixture *fixture = *state;
    assert_loads(fixture, "data_dir: /var/lib/tocsin\n");
    const struct coordinator_settings *settings = fixture->settings;
    char address[LISTEN_ADDRESS_CHARS];
    listen_address_write(&settings->listen_api, address);
    assert_string_equal(address, "127.0.0.1:7480");
    assert_string_equal(settings->data_dir, "/var/lib/tocsin");
    assert_string_equal(settings->listen_workers, "tcp://127.0.0.1:7400");
    assert_null(settings->keys_secret);
    assert_null(settings->keys_workers);
    assert_int_equal(settings->log_level, LOG_INFO);
    assert_int_equal(settings->lease_ms, 15000);
    assert_int_equal(settings->heartbeat_ms, 1000);
    assert_int_equal(settings->down_grace_ms, 30000);
    assert_int_equal(settings->disk_reserve_bytes, 256 << 20);
    assert_int_equal(settings->page_codec, PAGE_ZSTD);
    assert_int_equal(settings->provider_count, 0);
    assert_false(settings->has_public);
    assert_int_equal(settings->public_connections_max, 10000);
    assert_int_equal(settings->archive_after_ms, INT64_C(90) * 86400000);
    assert_int_equal(settings->hard_failures_kept_ms, INT64_C(180) * 86400000);
    assert_int_equal(settings->audit_kept_ms, INT64_C(730) * 86400000);
}

static void every_key_arrives(void **state)
{
    struct fixture *fixture = *state;
    assert_loads(fixture,
                 "data_dir: /tmp/t\n"
                 "listen: {api: '[::1]:80', public: '0.0.0.0:8080', workers: 'tcp://*:7400',\n"
                 "         tls: {certificate: /c.pem, key: 'env:K', min_version: '1.3'}}\n"
                 "keys:\n"
                 "  secret: env:TOCSIN_TEST_SECRET\n"
                 "  public: '" PUBLIC_KEY "'\n"
                 "  workers: ['" PUBLIC_KEY "']\n"
                 "limits: {connections: 100, connections_per_address: 50, uploads: 2,\n"
                 "         public_connections: 500}\n"
                 "log_level: debug\n"
                 "lease: 5s\n"
                 "heartbeat: 500ms\n"
                 "disk_reserve: 1GiB\n"
                 "archive_after: 30d\n"
                 "hard_failures_kept: 0s\n"
                 "audit_kept: 1d\n"
                 "down_grace: 2m\n"
                 "public_url: https://a.example/\n"
                 "page_codec: lz4\n"
                 "snapshot_blocks: 16\n"
                 "import_threads: 3\n");
    const struct coordinator_settings *settings = fixture->settings;
    char address[LISTEN_ADDRESS_CHARS];
    listen_address_write(&settings->listen_api, address);
    assert_string_equal(address, "[::1]:80");
    assert_true(settings->has_public);
    listen_address_write(&settings->listen_public, address);
    assert_string_equal(address, "0.0.0.0:8080");
    assert_true(settings->has_tls && settings->has_public_tls);
    assert_string_equal(settings->tls.certificate, "/c.pem");
    assert_string_equal(settings->tls.key, "env:K");
    assert_int_equal(settings->tls.version_min, HTTP_TLS_1_3);
    assert_int_equal(settings->public_connections_max, 500);
    assert_string_equal(settings->listen_workers, "tcp://*:7400");
    assert_string_equal(settings->keys_secret, "env:TOCSIN_TEST_SECRET");
    assert_string_equal(settings->keys_public, PUBLIC_KEY);
    assert_string_equal(settings->keys_workers[0], PUBLIC_KEY);
    assert_null(settings->keys_workers[1]);
    assert_int_equal(settings->connections_max, 100);
    assert_int_equal(settings->connections_per_address, 50);
    assert_int_equal(settings->uploads_max, 2);
    assert_int_equal(settings->log_level, LOG_DEBUG);
    assert_int_equal(settings->lease_ms, 5000);
    assert_int_equal(settings->heartbeat_ms, 500);
    assert_int_equal(settings->disk_reserve_bytes, 1 << 30);
    assert_int_equal(settings->archive_after_ms, INT64_C(30) * 86400000);
    assert_int_equal(settings->hard_failures_kept_ms, 0);
    assert_int_equal(settings->audit_kept_ms, 86400000);
    assert_int_equal(settings->down_grace_ms, 120000);
    assert_string_equal(settings->public_url, "https://a.example");
    assert_int_equal(settings->page_codec, PAGE_LZ4);
    assert_int_equal(settings->snapshot_blocks, 16);
    assert_int_equal(settings->import_threads, 3);
}

static void a_size_has_a_unit_or_is_in_bytes(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"\"268435456\"", UINT64_C(1) << 28},
        {"268435456", UINT64_C(1) << 28},
        {"512 B", 512},
        {"3 TiB", UINT64_C(3) << 40},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char yaml[80];
        (void)snprintf(yaml, sizeof(yaml), "data_dir: /a\ndisk_reserve: %s\n", sizes[i].text);
        const struct coordinator_settings *settings = assert_loads(fixture, yaml);
        assert_true(settings->disk_reserve_bytes == sizes[i].bytes);
    }
    assert_refused(fixture, "data_dir: /a\ndisk_reserve: 99999999TiB\n",
                   "2: disk_reserve: ", "is no size");
}

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

static void the_environment_overrides_values_and_is_named_when_wrong(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load_with(fixture, "data_dir: /a\nlease: 5s\n", "TOCSIN_COORDINATOR_LEASE=9s"),
                     ERR_OK);
    assert(fixture->settings != NULL);
    assert_int_equal(fixture->settings->lease_ms, 9000);
    assert_int_equal(
        load_with(fixture, "data_dir: /a\nlease: 5s\n", "TOCSIN_COORDINATOR_LEASE=soon"),
        ERR_INVALID);
    assert_non_null(strstr(fixture->problem.text, "TOCSIN_COORDINATOR_LEASE: lease: \"soon\""));
    assert_int_equal(load_with(fixture, providers_yaml,
                               "TOCSIN_COORDINATOR_PROVIDERS=[{name: other, channel: push, "
                               "adapter: http, settings: {url: x}}]"),
                     ERR_OK);
    assert_int_equal(fixture->settings->provider_count, 1);
    assert_string_equal(fixture->settings->providers[0].settings, "{\"url\":\"x\"}");
    assert_int_equal(load_with(fixture, providers_yaml,
                               "TOCSIN_COORDINATOR_PROVIDERS=[{name: other, channel: fax, "
                               "adapter: http}]"),
                     ERR_INVALID);
    assert_non_null(strstr(fixture->problem.text,
                           "TOCSIN_COORDINATOR_PROVIDERS: providers[0].channel: unknown \"fax\""));
}

static void an_open_door_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, "data_dir: /a\nlisten:\n  workers: tcp://0.0.0.0:7400\n",
                   "3: listen.workers: ", "without keys nothing there is encrypted");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  workers: tcp://*:7400\n",
                   "3: listen.workers: ", "keys.secret");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  workers: tcp://eth0:7400\n",
                   "3: listen.workers: ", "keys.secret");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  api: 0.0.0.0:7480\n",
                   "3: listen.api: ", "allow_remote");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  public: 0.0.0.0:8080\n",
                   "3: listen.public: ", "allow_remote");
    assert_loads(fixture, "data_dir: /a\nlisten: {api: 0.0.0.0:7480, allow_remote: true}\n");
    assert_loads(fixture, "data_dir: /a\nlisten: {public: 0.0.0.0:8080, allow_remote: true}\n");
    assert_loads(fixture, "data_dir: /a\nlisten: {api: 0.0.0.0:1, public: 0.0.0.0:2, tls: "
                          "{certificate: /c, key: 'file:/k'}}\n");
    assert_loads(fixture, "data_dir: /a\nlisten: {workers: 'ipc:///run/t.sock'}\n");
    assert_loads(fixture, "data_dir: /a\nlisten: {workers: 'tcp://127.0.0.1:*'}\n");
    assert_loads(fixture, "data_dir: /a\nlisten: {workers: 'tcp://[::1]:7400'}\n");
}

static void keys_are_checked(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, "data_dir: /a\nkeys:\n  secret: abc\n",
                   "3: keys.secret: ", "file:/path");
    assert_refused(fixture, "data_dir: /a\nkeys:\n  secret: env:A\n", "",
                   "public keys of the workers");
    assert_refused(fixture, "data_dir: /a\nkeys:\n  secret: env:A\n  workers:\n    - short\n",
                   "5: keys.workers[0]: ", "40 characters");
    assert_refused(fixture, "data_dir: /a\nkeys:\n  workers: ['" PUBLIC_KEY "']\n",
                   "3: keys.workers: ", "without keys.secret");
}

static void what_is_wrong_is_said_with_line_and_remedy(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, "log_level: info\n", "1: data_dir: ", "/var/lib/tocsin");
    assert_refused(fixture, "data_dir: /a\nlog_level: verbos\n",
                   "2: log_level: ", "known here: error");
    assert_refused(fixture, "data_dir: /a\nlog_level: warning\n",
                   "2: log_level: ", "did you mean \"warn\"?");
    assert_refused(fixture, "data_dir: /a\nlease: 3 days\n", "2: lease: ", "\"30s\"");
    assert_refused(fixture, "data_dir: /a\nlease: 2h\n", "2: lease: ", "out of bounds");
    assert_refused(fixture, "data_dir: /a\narchive_after: never\n",
                   "2: archive_after: ", "\"90d\"");
    assert_refused(fixture, "data_dir: /a\npublic_url: alerts.example\n",
                   "2: public_url: ", "https://alerts.example");
    assert_refused(fixture, "data_dir: /a\npublic_url: https:///a\n", "2: public_url: ", "link");
    assert_refused(fixture, "data_dir: /a\npublic_url: 'https://a.example/?x='\n",
                   "2: public_url: ", "no query");
    assert_refused(fixture, "data_dir: /a\narchive_after: 10ms\n",
                   "2: archive_after: ", "out of bounds");
    assert_refused(fixture, "data_dir: /a\nhard_failures_kept: 36501d\n",
                   "2: hard_failures_kept: ", "out of bounds");
    assert_refused(fixture, "data_dir: /a\nlease: 2s\n", "2: lease: ", "a third of the lease");
    assert_refused(fixture, "data_dir: /a\ndisk_reserve: lots\n",
                   "2: disk_reserve: ", "\"256MiB\"");
    assert_refused(fixture, "data_dir: /a\nlimits:\n  uploads: 0\n",
                   "3: limits.uploads: ", "1 to 1000");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  api: here\n",
                   "3: listen.api: ", "127.0.0.1:7480");
    assert_refused(fixture, "data_dir: /a\nlisten:\n  workers: udp://x\n",
                   "3: listen.workers: ", "ipc:///");
    assert_refused(fixture, "data_dir: /a\nleese: 2s\n", "", "did you mean \"lease\"?");
}

static void what_spares_recipients_is_read_as_in_a_campaign(void **state)
{
    struct fixture *fixture = *state;
    const struct coordinator_settings *settings = assert_loads(
        fixture, "data_dir: /a\nquiet_hours: {from: 22:00, to: 07:00, zone: Europe/Oslo, "
                 "channels: [sms]}\nfrequency_cap: {messages: 3, per: 7d}\n");
    assert_int_equal(settings->respect.quiet_hours.from_min, 22 * 60);
    assert_int_equal(settings->respect.quiet_hours.channels, 1u << CHANNEL_SMS);
    assert_string_equal(settings->respect.quiet_hours.zone, "Europe/Oslo");
    assert_int_equal(settings->respect.frequency_cap.messages, 3);
    settings = assert_loads(fixture, "data_dir: /a\n");
    assert_int_equal(settings->respect.quiet_hours.channels, 0);
    assert_int_equal(settings->respect.frequency_cap.messages, 0);
    assert_refused(fixture, "data_dir: /a\nquiet_hours:\n  from: 22:00\n",
                   "3: quiet_hours.to: ", "is required");
    assert_refused(fixture, "data_dir: /a\nquiet_hours:\n  from: 22:00\n  to: 22:00\n",
                   "3: quiet_hours: ", "the same time");
    assert_refused(fixture, "data_dir: /a\nquiet_hours:\n  from: 22:00\n  to: 7\n",
                   "4: quiet_hours.to: ", "such as");
    assert_refused(fixture,
                   "data_dir: /a\nquiet_hours:\n  from: 22:00\n  to: 07:00\n  zone: Europe/Olso\n",
                   "5: quiet_hours.zone: ", "there is no time zone");
    assert_refused(
        fixture, "data_dir: /a\nquiet_hours:\n  from: 22:00\n  to: 07:00\n  channels: [sms, fax]\n",
        "5: quiet_hours.channels[1]: ", "unknown channel");
    assert_refused(fixture, "data_dir: /a\nfrequency_cap: {messages: 1000, per: 7d}\n",
                   "2: frequency_cap.messages: ", "from 1 to 100");
    assert_refused(fixture, "data_dir: /a\nfrequency_cap: {messages: 3}\n",
                   "2: frequency_cap.per: ", "is required");
}

static void words_of_replies_have_one_meaning(void **state)
{
    struct fixture *fixture = *state;
    struct reply_meaning meaning;
    const struct coordinator_settings *settings =
        assert_loads(fixture, "data_dir: /a\nreplies:\n  stop: [STOPP, Arrêt]\n  ack: [OK]\n"
                              "  keep_for: 30d\n  match_within: 12h\n");
    reply_keywords_read(settings->replies.keywords, slice_str("ARRÊT"), &meaning);
    assert_int_equal(meaning.class, REPLY_STOP);
    assert_int_equal(settings->replies.keep_ms, UINT64_C(30) * 86400000);
    assert_int_equal(settings->replies.match_within_ms, UINT64_C(12) * 3600000);
    settings = assert_loads(fixture, "data_dir: /a\n");
    assert_int_equal(settings->replies.keep_ms, UINT64_C(90) * 86400000);
    assert_refused(fixture, "data_dir: /a\nreplies:\n  start: [GO, Quit]\n",
                   "3: replies.start[1]: ", "stands for \"stop\"");
    assert_refused(fixture, "data_dir: /a\nreplies: {help: [A], stop: [a]}\n",
                   "2: replies.help[0]: ", "one meaning");
    assert_refused(fixture, "data_dir: /a\nreplies: {stop: ['']}\n",
                   "2: replies.stop[0]: ", "1 to 64 bytes");
    assert_refused(fixture, "data_dir: /a\nreplies: {stpo: [A]}\n", "2: ", "stpo");
    assert_refused(fixture, "data_dir: /a\nreplies: {keep_for: 1s}\n",
                   "2: replies.keep_for: ", "1h to 36500d");
}

static void replies_are_passed_on_to_one_address(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *forward;
        const char *place;
        const char *what;
    } wrong[] = {
        {"{url: desk.example, keys: ['env:K']}", "3: replies.forward.url: ", "https://desk"},
        {"{url: 'http://desk.example/', keys: ['env:K']}",
         "3: replies.forward.url: ", "allow_http"},
        {"{url: 'https://desk.example/'}", "3: replies.forward.keys: ", "is missing"},
        {"{url: 'https://desk.example/', keys: [whsec_abc]}",
         "3: replies.forward.keys[0]: ", "file:"},
        {"{url: 'https://desk.example/', keys: ['env:K'], classes: [stop, all]}",
         "3: replies.forward.classes[1]: ", "other, stop"},
        {"{keys: ['env:K']}", "3: replies.forward: ", "without url"},
        {"{url: 'https://desk.example/', keys: ['env:K'], give_up_after: 1s}",
         "3: replies.forward.give_up_after: ", "1m to"},
    };
    char yaml[256];
    const struct coordinator_settings *settings =
        assert_loads(fixture, "data_dir: /a\nreplies:\n  forward:\n    url: https://desk.example/\n"
                              "    keys: ['env:A', 'file:/b']\n    classes: [other, help]\n");
    const struct reply_forward_rules *forward = &settings->replies.forward;
    assert_string_equal(forward->url, "https://desk.example/");
    assert_int_equal(forward->key_count, 2);
    assert_int_equal(forward->classes, 1u << REPLY_OTHER | 1u << REPLY_HELP);
    assert_int_equal(forward->give_up_after_ms, UINT64_C(3) * 86400000);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "data_dir: /a\nreplies:\n  forward: %s\n",
                       wrong[i].forward);
        assert_refused(fixture, yaml, wrong[i].place, wrong[i].what);
    }
}

static void an_issuer_of_tokens_is_checked(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *oidc;
        const char *place;
        const char *what;
    } wrong[] = {
#define WHO   "issuer: 'https://login.example', audience: tocsin"
#define KEYS  "jwks_url: 'https://login.example/keys'"
#define ROLED "roles: {operator: [duty]}"
        {"{audience: tocsin, " KEYS ", " ROLED "}", "2: oidc.issuer: ", "is missing"},
        {"{issuer: 'https://login.example', " KEYS ", " ROLED "}",
         "2: oidc.audience: ", "is missing"},
        {"{" WHO ", " ROLED "}", "2: oidc: ", "either jwks_url or jwks_file"},
        {"{" WHO ", " KEYS ", jwks_file: /k, " ROLED "}", "2: oidc.jwks_file: ", "either jwks_url"},
        {"{" WHO ", jwks_url: keys, " ROLED "}", "2: oidc.jwks_url: ", "is no address"},
        {"{" WHO ", jwks_url: 'http://login.example/', " ROLED "}",
         "2: oidc.jwks_url: ", "allow_http"},
        {"{" WHO ", " KEYS "}", "2: oidc.roles: ", "is missing"},
        {"{" WHO ", " KEYS ", roles: {viewer: [a], admin: [b, a]}}",
         "2: oidc.roles.admin[1]: ", "is given a role already: viewer"},
        {"{" WHO ", " KEYS ", roles: {viewer: ['']}}", "2: oidc.roles.viewer[0]: ", "is empty"},
        {"{" WHO ", " KEYS ", " ROLED ", leeway: 6m}", "2: oidc.leeway: ", "out of bounds"},
        {"{" WHO ", " KEYS ", " ROLED ", refetch_after: 1ms}",
         "2: oidc.refetch_after: ", "out of bounds"},
        {"{" WHO ", " KEYS ", roles: {boss: [a]}}", "2: ", "boss"},
    };
    char yaml[512];
    const struct oidc_rules *rules = &assert_loads(fixture, "data_dir: /a\n")->oidc;
    assert_null(rules->issuer);
    rules = &assert_loads(fixture, "data_dir: /a\noidc: {" WHO ", " KEYS ", ca_file: /ca, "
                                   "role_claim: groups, roles: {admin: [x], relay: [y, z]}}\n")
                 ->oidc;
    assert_string_equal(rules->issuer, "https://login.example");
    assert_string_equal(rules->audience, "tocsin");
    assert_string_equal(rules->jwks_url, "https://login.example/keys");
    assert_string_equal(rules->ca_file, "/ca");
    assert_string_equal(rules->role_claim, "groups");
    assert_string_equal(rules->name_claim, "sub");
    assert_int_equal(rules->leeway_ms, 60000);
    assert_int_equal(rules->refetch_after_ms, 30000);
    assert_int_equal(rules->value_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        bool is_admin = strcmp(rules->values[i].value, "x") == 0;
        assert_int_equal(rules->values[i].role, is_admin ? ROLE_ADMIN : ROLE_RELAY);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(yaml, sizeof(yaml), "data_dir: /a\noidc: %s\n", wrong[i].oidc);
        assert_refused(fixture, yaml, wrong[i].place, wrong[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_data_directory_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(every_key_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_size_has_a_unit_or_is_in_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environment_overrides_values_and_is_named_when_wrong,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_open_door_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said_with_line_and_remedy, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(words_of_replies_have_one_meaning, setup, teardown),
        cmocka_unit_test_setup_teardown(replies_are_passed_on_to_one_address, setup, teardown),
        cmocka_unit_test_setup_teardown(an_issuer_of_tokens_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_spares_recipients_is_read_as_in_a_campaign, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
