/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/api/metrics.h"
#include "coordinator/api/metrics_delays.h"
#include "coordinator/engine/delays.h"
#include "tests/unit/unit.h"

static struct provider_def defs[2] = {{.id = 0, .name = "gateway"}, {.id = 1, .name = "ma\"il"}};

static struct delays delays;

static void fill(struct metrics *metrics)
{
    metrics->version = "1.2.3";
    metrics->started_ms = 1700000000123;
    metrics->engine.events = 42;
    metrics->changelog.sync_us_total = 1500000;
    metrics->campaigns[CAMPAIGN_RUNNING] = 3;
    metrics->recipients[DELIVERY_ACCEPTED] = UINT64_C(10000000000);
    metrics->provider_count = 2;
    metrics->providers[0].def = &defs[0];
    metrics->providers[1].def = &defs[1];
    metrics->providers[0].outcomes[OUTCOME_REJECTED] = 9;
    metrics->providers[0].part = 50;
    metrics->providers[0].share = 40;
    metrics->providers[0].health[HEALTH_FAULT] = 0.25;
    metrics->providers[1].breaker = BREAKER_OPEN;
    metrics->http_requests[4] = 5;
    memset(&delays, 0, sizeof(delays));
    metrics->delays = &delays;
    histogram_add(&delays.due_to_lease[1][PRIORITY_CRITICAL], &HISTOGRAM_MS, 3000, 1024);
    histogram_add(&delays.sent_to_acknowledged[CHANNEL_SMS][PRIORITY_BULK], &HISTOGRAM_MS, 5, 1);
    histogram_add(&metrics->changelog.sync, &HISTOGRAM_US, 100, 7);
    metrics->classes[PRIORITY_HIGH] = (struct metrics_class){2, 30, 400, 1, 1500};
    metrics->link.received[WIRE_OUTCOMES] = 8;
}

static int setup(void **state)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    struct buf *text = calloc(1, sizeof(*text));
    fill(metrics);
    metrics_write(metrics, text);
    free(metrics);
    *state = text;
    return 0;
}

static int teardown(void **state)
{
    buf_release(*state);
    free(*state);
    return 0;
}

static void assert_has(void **state, const char *line)
{
    if (strstr(buf_cstr(*state), line) == NULL) {
        fail_msg("no \"%s\"", line);
    }
}

static void values_stand_under_their_names(void **state)
{
    assert_has(state, "\ntocsin_build_info{version=\"1.2.3\"} 1\n");
    assert_has(state, "\ntocsin_events_total 42\n");
    assert_has(state, "\ntocsin_ledger_commit_seconds_total 1.500000\n");
    assert_has(state, "\nprocess_start_time_seconds 1700000000.123000\n");
    assert_has(state, "\ntocsin_campaigns{state=\"running\"} 3\n");
    assert_has(state, "\ntocsin_recipients{state=\"accepted\"} 10000000000\n");
    assert_has(state, "\ntocsin_outcomes_total{provider=\"gateway\",outcome=\"rejected\"} 9\n");
    assert_has(state, "\ntocsin_provider_share{provider=\"gateway\"} 0.4000\n");
    assert_has(state, "\ntocsin_provider_part{provider=\"gateway\"} 0.5000\n");
    assert_has(state,
               "\ntocsin_provider_error_share{provider=\"gateway\",class=\"fault\"} 0.2500\n");
    assert_has(state, "\ntocsin_provider_breaker_open{provider=\"ma\\\"il\"} 1\n");
    assert_has(state, "\ntocsin_http_requests_total{class=\"4xx\"} 5\n");
    assert_null(strstr(buf_cstr(*state), "process_resident_memory_bytes 0\n"));
}

/* Every family: HELP, TYPE, then its samples and nothing else; counters and no others end in
 * _total. */
static void every_family_is_described(void **state)
{
    char name[96] = "";
    char type[16] = "";
    unsigned families = 0;
    char *text = strdup(buf_cstr(*state));
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char next[96];
        if (sscanf(line, "# HELP %95s", next) == 1) {
            assert_string_not_equal(next, name);
            memcpy(name, next, sizeof(name));
            assert_non_null(strchr(line + 8 + strlen(name), '.'));
            line = strtok_r(NULL, "\n", &rest);
            assert_int_equal(sscanf(line, "# TYPE %95s %15s", next, type), 2);
            assert_string_equal(next, name);
            const char *total = strstr(name, "_total");
            assert_int_equal(total != NULL, strcmp(type, "counter") == 0);
            families++;
        } else {
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            assert_non_null(
                strchr(strcmp(type, "histogram") == 0 ? "_" : "{ ", line[strlen(name)]));
        }
    }
    free(text);
    assert_true(families > 30);
}

static void delays_stand_by_provider_and_class(void **state)
{
    assert_has(state, "\ntocsin_due_to_lease_seconds_bucket{provider=\"ma\\\"il\",class="
                      "\"critical\",le=\"2.048\"} 0\n");
    assert_has(state, "\ntocsin_due_to_lease_seconds_bucket{provider=\"ma\\\"il\",class="
                      "\"critical\",le=\"4.096\"} 1024\n");
    assert_has(state, "\ntocsin_due_to_lease_seconds_sum{provider=\"ma\\\"il\",class="
                      "\"critical\"} 3072\n");
    assert_has(state,
               "\ntocsin_sent_to_acknowledged_seconds_count{channel=\"sms\",class=\"bulk\"} 1\n");
    assert_has(state, "\ntocsin_ledger_commit_duration_seconds_count 7\n");
    assert_has(state, "\ntocsin_class_recipients_left{class=\"high\"} 30\n");
    assert_has(state, "\ntocsin_class_longest_due_seconds{class=\"high\"} 1.500\n");
    assert_has(state, "\ntocsin_link_received_messages_total{type=\"outcomes\"} 8\n");
    assert_null(strstr(buf_cstr(*state), "tocsin_due_to_lease_seconds_count{provider=\"gateway\""));
}

static void a_campaign_is_endangered_that_is_too_slow(void **state)
{
    (void)state;
    struct metrics_class of = {0};
    struct campaign_view view = {.state = CAMPAIGN_RUNNING, .not_after_ms = 10000, .open = 3};
    view.counts[DELIVERY_WAITING] = 100;
    view.counts[DELIVERY_FAILED] = 50;
    view.time_left_ms = 4000;
    metrics_class_add(&of, &view, 6000);
    assert_int_equal(of.endangered, 0);
    metrics_class_add(&of, &view, 6001);
    assert_int_equal(of.endangered, 1);
    view.time_left_ms = 0; /* people are waited for, who have no rate */
    metrics_class_add(&of, &view, 6001);
    assert_int_equal(of.endangered, 1);
    view.open = 0; /* it stands still */
    metrics_class_add(&of, &view, 6001);
    assert_int_equal(of.endangered, 2);
    view.counts[DELIVERY_WAITING] = 0;
    metrics_class_add(&of, &view, 6001);
    assert_int_equal(of.endangered, 2);
    view.state = CAMPAIGN_PAUSED;
    metrics_class_add(&of, &view, 6001);
    assert_int_equal(of.campaigns, 5);
    assert_int_equal(of.left, 400);
    assert_int_equal(of.awaited, 9);
}

/* The judge of others, where it is there. */
static void promtool_has_nothing_to_say(void **state)
{
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        skip();
    }
    FILE *promtool = popen("promtool check metrics", "we");
    assert_non_null(promtool);
    (void)fputs(buf_cstr(*state), promtool);
    assert_int_equal(pclose(promtool), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_stand_under_their_names),     TEST(every_family_is_described),
        TEST(delays_stand_by_provider_and_class), TEST(a_campaign_is_endangered_that_is_too_slow),
        TEST(promtool_has_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
