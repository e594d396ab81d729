/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "coordinator/engine/health.h"
#include "tests/unit/unit.h"

#define BASE_MS   UINT64_C(1700000000000)
#define MEMBERS   3
#define SECOND_MS 1000u

struct channel {
    struct health healths[MEMBERS];
    struct health_member members[MEMBERS];
    unsigned count;
    uint64_t now_ms;
};

static void channel_init(struct channel *channel, unsigned count, const double *weights)
{
    *channel = (struct channel){.count = count, .now_ms = BASE_MS};
    for (unsigned i = 0; i < count; i++) {
        channel->members[i].health = &channel->healths[i];
        channel->members[i].weight = weights == NULL ? 1 : weights[i];
    }
}

static void assert_shares_add_up(const struct channel *channel)
{
    double all = 0;
    for (unsigned i = 0; i < channel->count; i++) {
        assert_true(channel->members[i].share > 0);
        all += channel->members[i].share;
    }
    assert_true(all > 99.999 && all < 100.001);
}

/* Attempts of each class in every second, for so many seconds. */
static void live(struct channel *channel, unsigned seconds, unsigned which,
                 const uint32_t attempts[HEALTH_CLASSES])
{
    for (unsigned s = 0; s < seconds * 5; s++) {
        for (unsigned c = 0; c < HEALTH_CLASSES && s % 5 == 0; c++) {
            if (attempts[c] > 0) {
                health_on_attempts(&channel->healths[which], (enum health_class)c, attempts[c],
                                   channel->now_ms);
            }
        }
        health_review(channel->members, channel->count, channel->now_ms);
        assert_shares_add_up(channel);
        channel->now_ms += SECOND_MS / 5;
    }
}

static const uint32_t WELL[HEALTH_CLASSES] = {[HEALTH_ANSWERED] = 100};
static const uint32_t BROKEN[HEALTH_CLASSES] = {[HEALTH_FAULT] = 100};
static const uint32_t FAIR[HEALTH_CLASSES] = {[HEALTH_ANSWERED] = 90, [HEALTH_FAULT] = 10};
static const uint32_t NOTHING[HEALTH_CLASSES] = {0};

static void assert_share(const struct channel *channel, unsigned which, double share)
{
    if (fabs(channel->members[which].share - share) > 0.001) {
        fail_msg("the share is %f, not %f", channel->members[which].share, share);
    }
}

static void what_an_outcome_says_of_the_provider(void **test)
{
    (void)test;
    static const struct {
        enum outcome outcome;
        uint16_t reason;
        int health_class; /* -1: nothing */
    } cases[] = {
        {OUTCOME_ACCEPTED, 200, HEALTH_ANSWERED},
        {OUTCOME_REJECTED, 400, HEALTH_ANSWERED}, /* the recipient's own trouble */
        {OUTCOME_REJECTED, 550, HEALTH_ANSWERED},
        {OUTCOME_REJECTED, REASON_NO_ENDPOINT, -1},
        {OUTCOME_REJECTED, REASON_VARIABLE_MISSING, -1},
        {OUTCOME_DEFERRED, 450, HEALTH_ANSWERED}, /* his mailbox is full */
        {OUTCOME_DEFERRED, 421, HEALTH_FAULT},
        {OUTCOME_DEFERRED, 503, HEALTH_FAULT},
        {OUTCOME_DEFERRED, REASON_CONNECT_FAILED, HEALTH_FAULT},
        {OUTCOME_DEFERRED, REASON_TIMED_OUT_BEFORE, HEALTH_FAULT},
        {OUTCOME_DEFERRED, REASON_PAGE_DAMAGED, -1},
        {OUTCOME_THROTTLED, 429, HEALTH_THROTTLED},
        {OUTCOME_UNCERTAIN, REASON_TIMED_OUT_AFTER, HEALTH_TIMEOUT},
        {OUTCOME_UNCERTAIN, REASON_CONNECTION_LOST, HEALTH_TIMEOUT},
        {OUTCOME_UNCERTAIN, 504, HEALTH_FAULT},
        {OUTCOME_UNCERTAIN, REASON_ENDPOINT_SILENT, HEALTH_ANSWERED},
        {OUTCOME_DEFERRED, REASON_ENDPOINT_UNREACHABLE, HEALTH_ANSWERED},
        {OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE, HEALTH_FAULT},
        {OUTCOME_UNCERTAIN, REASON_PROVIDER_TROUBLE, HEALTH_FAULT},
        {OUTCOME_UNCERTAIN, REASON_LEASE_EXPIRED, -1},
        {OUTCOME_UNCERTAIN, REASON_WORKER_RESTARTED, -1},
        {OUTCOME_MISCONFIGURED, 401, HEALTH_FAULT},
        {OUTCOME_RETURNED, REASON_HELD_BACK, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum health_class health_class = HEALTH_CLASSES;
        bool says = health_class_of(cases[i].outcome, cases[i].reason, &health_class);
        if (says != (cases[i].health_class >= 0) ||
            (says && (int)health_class != cases[i].health_class)) {
            fail_msg("case %zu is %d %d", i, says, (int)health_class);
        }
    }
    assert_string_equal(health_class_name(HEALTH_TIMEOUT), "timeout");
}

static void half_is_forgotten_in_a_half_life(void **test)
{
    (void)test;
    struct health health = {0};
    health_on_attempts(&health, HEALTH_FAULT, 100, BASE_MS);
    assert_true(health_errors(&health, BASE_MS) == 1);
    health_on_attempts(&health, HEALTH_ANSWERED, 50, BASE_MS + HEALTH_HALF_MS);
    assert_true(fabs(health_errors(&health, BASE_MS + HEALTH_HALF_MS) - 0.5) < 0.001);
    assert_true(fabs(health_share_of(&health, HEALTH_FAULT, BASE_MS) - 0.5) < 0.001);
    /* In the end nothing is known any more. */
    assert_true(health_errors(&health, BASE_MS + 100 * HEALTH_HALF_MS) == 0);
    assert_true(health_errors(&health, BASE_MS + UINT64_C(1) * 365 * 86400000) == 0);
    assert_true(health_latency_ms(&health, BASE_MS) < 0);
    health_on_latency(&health, 100, 10, BASE_MS);
    health_on_latency(&health, 400, 20, BASE_MS);
    assert_true(fabs(health_latency_ms(&health, BASE_MS) - 300) < 0.001);
}

static void shares_begin_with_the_weights(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 3, (const double[]){1, 2, 5});
    health_review(channel.members, 3, BASE_MS);
    assert_share(&channel, 0, 12.5);
    assert_share(&channel, 1, 25);
    assert_share(&channel, 2, 62.5);
}

static void a_share_moves_to_the_others_ten_points_at_a_time_and_comes_back(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 3, (const double[]){2, 1, 1});
    live(&channel, 1, 0, BROKEN);
    assert_share(&channel, 0, 40);
    assert_share(&channel, 1, 30);
    assert_share(&channel, 2, 30);
    live(&channel, 1, 0, BROKEN);
    assert_share(&channel, 0, 40); /* not sooner than after a while */
    live(&channel, 1, 0, BROKEN);
    assert_share(&channel, 0, 30);
    live(&channel, 30, 0, BROKEN);
    assert_share(&channel, 0, HEALTH_LEAST); /* and never all */
    live(&channel, 60, 0, WELL);             /* it is believed when the errors are forgotten */
    double before = channel.members[0].share;
    assert_true(before > HEALTH_LEAST && before < 50);
    live(&channel, 5, 0, WELL);
    assert_true(channel.members[0].share <= before + HEALTH_POINTS + 0.001);
    assert_true(channel.members[0].share > before);
    live(&channel, 60, 0, WELL);
    assert_share(&channel, 0, 50);
}

static void between_bad_and_well_nothing_moves(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 2, NULL);
    live(&channel, 60, 0, FAIR); /* too good to take from it */
    assert_share(&channel, 0, 50);
    live(&channel, 3, 0, BROKEN);
    double low = channel.members[0].share;
    assert_true(low < 50);
    live(&channel, 60, 0, FAIR); /* not good enough to give back, once the worst is forgotten */
    low = channel.members[0].share;
    live(&channel, 60, 0, FAIR);
    assert_share(&channel, 0, low);
}

static void a_few_errors_may_be_chance(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 2, NULL);
    health_on_attempts(&channel.healths[0], HEALTH_FAULT, 19, channel.now_ms);
    live(&channel, 10, 0, NOTHING);
    assert_share(&channel, 0, 50);
}

static void throttling_counts_half(void **test)
{
    (void)test;
    static const uint32_t SOME[HEALTH_CLASSES] = {[HEALTH_ANSWERED] = 70, [HEALTH_THROTTLED] = 30};
    static const uint32_t MUCH[HEALTH_CLASSES] = {[HEALTH_ANSWERED] = 50, [HEALTH_THROTTLED] = 50};
    struct channel channel;
    channel_init(&channel, 2, NULL);
    live(&channel, 30, 0, SOME);
    assert_share(&channel, 0, 50);
    live(&channel, 60, 0, MUCH);
    assert_share(&channel, 0, HEALTH_LEAST);
}

static void one_that_is_down_is_lowered_and_comes_back_slowly(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 2, NULL);
    channel.members[1].is_down = true;
    live(&channel, 1, 0, WELL);
    assert_share(&channel, 1, 40); /* a blink costs ten points */
    live(&channel, 60, 0, WELL);
    assert_share(&channel, 1, HEALTH_LEAST);
    channel.members[1].is_down = false;
    live(&channel, 20, 1, NOTHING);
    assert_share(&channel, 1, HEALTH_LEAST); /* nothing is known of it yet */
    live(&channel, 1, 1, WELL);
    assert_true(channel.members[1].share > HEALTH_LEAST && channel.members[1].share < 20.001);
    live(&channel, 30, 1, WELL);
    assert_share(&channel, 1, 50);
}

static void one_that_is_far_slower_than_the_fastest_is_lowered(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 2, NULL);
    for (unsigned s = 0; s < 30; s++) {
        health_on_latency(&channel.healths[0], 100, 100, channel.now_ms);
        health_on_latency(&channel.healths[1], 3000, 100, channel.now_ms);
        live(&channel, 1, 1, WELL);
    }
    assert_share(&channel, 1, HEALTH_LEAST);
    assert_share(&channel, 0, 100 - HEALTH_LEAST);
    for (unsigned s = 0; s < 120; s++) { /* not well, and not bad */
        health_on_latency(&channel.healths[0], 400, 100, channel.now_ms);
        health_on_latency(&channel.healths[1], 1200, 100, channel.now_ms);
        live(&channel, 1, 1, WELL);
    }
    assert_share(&channel, 1, HEALTH_LEAST);
    for (unsigned s = 0; s < 180; s++) {
        health_on_latency(&channel.healths[0], 400, 100, channel.now_ms);
        health_on_latency(&channel.healths[1], 600, 100, channel.now_ms);
        live(&channel, 1, 1, WELL);
    }
    assert_share(&channel, 1, 50);
}

static void where_all_do_badly_nobody_has_more_than_the_others(void **test)
{
    (void)test;
    struct channel channel;
    channel_init(&channel, 2, (const double[]){1, 3});
    for (unsigned s = 0; s < 60; s++) {
        live(&channel, 1, 0, BROKEN);
        live(&channel, 1, 1, BROKEN);
    }
    assert_true(fabs(channel.members[0].share - 50) < 0.001); /* both have the least */
    channel_init(&channel, 1, NULL);
    live(&channel, 60, 0, BROKEN);
    assert_share(&channel, 0, 100); /* there is nobody to have it */
    assert_true(channel.healths[0].lowered == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_outcome_says_of_the_provider),
        cmocka_unit_test(half_is_forgotten_in_a_half_life),
        cmocka_unit_test(shares_begin_with_the_weights),
        cmocka_unit_test(a_share_moves_to_the_others_ten_points_at_a_time_and_comes_back),
        cmocka_unit_test(between_bad_and_well_nothing_moves),
        cmocka_unit_test(a_few_errors_may_be_chance),
        cmocka_unit_test(throttling_counts_half),
        cmocka_unit_test(one_that_is_down_is_lowered_and_comes_back_slowly),
        cmocka_unit_test(one_that_is_far_slower_than_the_fastest_is_lowered),
        cmocka_unit_test(where_all_do_badly_nobody_has_more_than_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
