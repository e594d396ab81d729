/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of a worker are added up, by their providers' names. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "worker/worker_metrics.h"

static struct worker_metrics *loop_of(const char *const *providers, unsigned count)
{
    struct worker_metrics *metrics = calloc(1, sizeof(*metrics));
    metrics->delivery.epoch = 7;
    metrics->delivery.in_hand_by_channel[CHANNEL_SMS] = 100;
    metrics->delivery.outbox_bytes = 1000;
    metrics->provider_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct worker_provider_metrics *provider = &metrics->providers[i];
        (void)snprintf(provider->stats.provider, sizeof(provider->stats.provider), "%s",
                       providers[i]);
        provider->stats.is_open = true;
        provider->stats.outcomes[OUTCOME_ACCEPTED] = 10;
        histogram_add(&provider->stats.attempts, &HISTOGRAM_MS, 20, 10);
        provider->tally = (struct transfer_tally){2, 3, 400, 500};
    }
    return metrics;
}

static void add(struct worker_metrics_sum *sum, struct worker_metrics *take_metrics)
{
    worker_metrics_sum_add(sum, take_metrics);
    free(take_metrics);
}

static void assert_has(struct buf *text, const char *line)
{
    if (strstr(buf_cstr(text), line) == NULL) {
        fail_msg("no \"%s\"", line);
    }
}

static struct worker_metrics_sum *two_loops(void)
{
    static const char *const first[] = {"sms", "ma\"il"};
    static const char *const second[] = {"voice", "sms"};
    struct worker_metrics_sum *sum = worker_metrics_sum_new();
    struct worker_metrics *lost = loop_of(second, 2);
    lost->delivery.epoch = 0;
    lost->providers[1].stats.is_open = false;
    add(sum, loop_of(first, 2));
    add(sum, lost);
    return sum;
}

static void loops_are_added_up_by_the_names_of_providers(void **state)
{
    struct buf text = {0};
    struct worker_metrics_sum *sum = two_loops();
    (void)state;
    worker_metrics_sum_write(sum, "1.2.3", 1700000000123, &text);
    assert_has(&text, "\ntocsin_worker_build_info{version=\"1.2.3\"} 1\n");
    assert_has(&text, "\ntocsin_worker_loops 2\n");
    assert_has(&text, "\ntocsin_worker_loops_connected 1\n");
    assert_has(&text, "\ntocsin_worker_recipients_in_hand{channel=\"sms\"} 200\n");
    assert_has(&text, "\ntocsin_worker_outbox_bytes 2000\n");
    assert_has(&text, "\ntocsin_worker_outcomes_total{provider=\"sms\",outcome=\"accepted\"} 20\n");
    assert_has(&text,
               "\ntocsin_worker_outcomes_total{provider=\"voice\",outcome=\"accepted\"} 10\n");
    assert_has(&text, "\ntocsin_worker_attempt_duration_seconds_bucket{provider=\"sms\",le="
                      "\"0.016\"} 0\n");
    assert_has(&text, "\ntocsin_worker_attempt_duration_seconds_bucket{provider=\"sms\",le="
                      "\"0.032\"} 20\n");
    assert_has(&text, "\ntocsin_worker_attempt_duration_seconds_sum{provider=\"sms\"} 0.4\n");
    assert_has(&text, "\ntocsin_worker_connections{provider=\"sms\"} 4\n");
    assert_has(&text, "\ntocsin_worker_connections_opened_total{provider=\"ma\\\"il\"} 3\n");
    assert_has(&text, "\ntocsin_worker_sent_bytes_total{provider=\"sms\"} 800\n");
    assert_has(&text, "\ntocsin_worker_received_bytes_total{provider=\"voice\"} 500\n");
    assert_has(&text, "\ntocsin_worker_provider_open_loops{provider=\"sms\"} 1\n");
    worker_metrics_sum_free(sum);
    buf_release(&text);
}

/* Only while loops hear of new settings there can be more names than providers. */
static void names_beyond_the_limit_are_left_out(void **state)
{
    struct worker_metrics_sum *sum = worker_metrics_sum_new();
    struct buf text = {0};
    (void)state;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX + 3; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "p%u", i);
        add(sum, loop_of((const char *const[]){name}, 1));
    }
    worker_metrics_sum_write(sum, "1", 0, &text);
    assert_has(&text, "\ntocsin_worker_connections{provider=\"p63\"} 2\n");
    assert_null(strstr(buf_cstr(&text), "\"p64\""));
    worker_metrics_sum_free(sum);
    buf_release(&text);
}

static void promtool_has_nothing_to_say(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        skip();
    }
    struct buf text = {0};
    struct worker_metrics_sum *sum = two_loops();
    worker_metrics_sum_write(sum, "1.2.3", 1700000000123, &text);
    FILE *promtool = popen("promtool check metrics", "we");
    assert_non_null(promtool);
    (void)fputs(buf_cstr(&text), promtool);
    assert_int_equal(pclose(promtool), 0);
    worker_metrics_sum_free(sum);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_are_added_up_by_the_names_of_providers),
        cmocka_unit_test(names_beyond_the_limit_are_left_out),
        cmocka_unit_test(promtool_has_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
