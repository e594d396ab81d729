/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "coordinator/engine/fold.h"
#include "proto/outcome.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

#define BASE_MS UINT64_C(1700000000000)
#define COUNT   100

struct bench {
    struct plan plan;
    uint32_t counts[DELIVERY_STATES];
    uint32_t open;
    uint32_t complained;
    uint32_t tried;
    struct rung_counts rungs[PLAN_RUNGS_MAX];
    struct recipient_state states[COUNT];
    struct fold fold;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.plan = {.step_count = 1}};
    plan_step_defaults(&bench->plan.steps[0], CHANNEL_SMS);
    bench->fold = (struct fold){.plan = &bench->plan,
                                .base_ms = BASE_MS,
                                .counts = bench->counts,
                                .open = &bench->open,
                                .complained = &bench->complained,
                                .tried = &bench->tried,
                                .rungs = bench->rungs};
    fold_begin(&bench->fold, bench->states, COUNT, NULL);
    bench->counts[DELIVERY_WAITING] = COUNT;
    bench->rungs[0].states[DELIVERY_WAITING] = COUNT;
}

static bool happens(struct bench *bench, enum delivery_event kind, unsigned offset, unsigned span,
                    uint64_t at_ms, uint64_t due_ms)
{
    return fold_event(&bench->fold, bench->states, COUNT,
                      &(struct event){.kind = (uint8_t)kind,
                                      .offset = (uint16_t)offset,
                                      .span = (uint16_t)span,
                                      .at_ms = BASE_MS + at_ms,
                                      .due_ms = due_ms == 0 ? 0 : BASE_MS + due_ms});
}

static void everybody_waits_at_the_beginning_but_the_holes(void **test)
{
    (void)test;
    struct recipient_state states[10];
    struct bitmap holes = {{0}};
    bitmap_set(&holes, 3);
    fold_begin(&(struct fold){.plan = &(struct plan){.step_count = 1}}, states, 10, &holes);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(states[i].state, i == 3 ? DELIVERY_NONE : DELIVERY_WAITING);
        assert_int_equal(states[i].attempt, 0);
    }
}

static void who_had_an_endpoint_was_tried_though_the_provider_was_gone(void **test)
{
    (void)test;
    static const uint16_t REASONS[] = {REASON_CONNECT_FAILED, 401, REASON_DRAINED, REASON_PAUSED,
                                       REASON_SECRET_MISSING};
    for (unsigned i = 0; i < 5; i++) {
        struct bench bench;
        bench_init(&bench);
        struct event event = {
            .kind = DELIVERY_EVENT_LEASED, .span = 1, .at_ms = BASE_MS, .reason = REASON_NONE};
        assert_true(fold_event(&bench.fold, bench.states, COUNT, &event));
        event.kind = DELIVERY_EVENT_RELEASED;
        event.reason = REASONS[i];
        event.due_ms = BASE_MS;
        assert_true(fold_event(&bench.fold, bench.states, COUNT, &event));
        assert_int_equal(bench.states[0].tried, i < 2);
        assert_int_equal(bench.tried, i < 2);
    }
}

static void failing_for_good_is_a_try(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    struct event event = {
        .kind = DELIVERY_EVENT_FAILED, .span = 1, .at_ms = BASE_MS, .reason = 400};
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 2, 1000, 0));
    assert_true(fold_event(&bench.fold, bench.states, COUNT, &event));
    assert_true(bench.states[0].tried);
    event.offset = 1;
    event.reason = REASON_NO_ENDPOINT;
    assert_true(fold_event(&bench.fold, bench.states, COUNT, &event));
    assert_false(bench.states[1].tried);
}

static void counts_follow_every_event(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 60, 1000, 0));
    assert_int_equal(bench.counts[DELIVERY_WAITING], 40);
    assert_int_equal(bench.counts[DELIVERY_LEASED], 60);
    assert_true(happens(&bench, DELIVERY_EVENT_ACCEPTED, 10, 50, 2000, 0));
    assert_true(happens(&bench, DELIVERY_EVENT_DEFERRED, 0, 1, 2000, 3000));
    assert_int_equal(bench.counts[DELIVERY_LEASED], 9);
    assert_int_equal(bench.counts[DELIVERY_ACCEPTED], 50);
    assert_int_equal(bench.counts[DELIVERY_RETRYING], 1);
}

static void an_event_that_does_not_fit_one_place_changes_none(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 10, 1000, 0));
    struct bench before = bench;
    assert_false(happens(&bench, DELIVERY_EVENT_DEFERRED, 5, 10, 1000, 2000));
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 95, 6, 1000, 0));
    assert_false(happens(&bench, DELIVERY_EVENT_LEASED, 20, 0, 1000, 0));
    assert_false(happens(&bench, DELIVERY_EVENTS, 20, 1, 1000, 0));
    assert_memory_equal(bench.states, before.states, sizeof(bench.states));
    assert_memory_equal(bench.counts, before.counts, sizeof(bench.counts));
}

static void an_event_of_a_step_that_the_plan_lacks_does_not_fit(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    struct event event = {.kind = DELIVERY_EVENT_LEASED, .span = 1, .step = 1, .at_ms = BASE_MS};
    assert_false(fold_event(&bench.fold, bench.states, COUNT, &event));
}

static void a_deferral_uses_an_attempt_and_a_repetition_does_not(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 1000, 0);
    happens(&bench, DELIVERY_EVENT_REPEATED, 0, 1, 2000, 2000);
    assert_int_equal(bench.states[0].attempt, 0);
    assert_int_equal(bench.states[0].repeats, 1);
    assert_true(bench.states[0].uncertain);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 3000, 0);
    assert_true(bench.states[0].uncertain);
    happens(&bench, DELIVERY_EVENT_DEFERRED, 0, 1, 4000, 34000);
    assert_int_equal(bench.states[0].attempt, 1);
    assert_int_equal(bench.states[0].repeats, 0);
    assert_int_equal(bench.states[0].due_cs, 3400);
    assert_int_equal(bench.states[0].state, DELIVERY_RETRYING);
}

static void a_release_costs_nothing(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 1000, 0);
    happens(&bench, DELIVERY_EVENT_RELEASED, 0, 1, 3601000, 3601000);
    assert_int_equal(bench.states[0].attempt, 0);
    assert_int_equal(bench.states[0].used, 0);
    assert_false(bench.states[0].tried);
    assert_int_equal(bench.states[0].state, DELIVERY_WAITING);
}

static void the_next_endpoint_begins_with_its_first_attempt(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 1000, 0);
    happens(&bench, DELIVERY_EVENT_DEFERRED, 0, 1, 1000, 2000);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 2000, 0);
    happens(&bench, DELIVERY_EVENT_NEXT_ENDPOINT, 0, 1, 2000, 2000);
    assert_int_equal(bench.states[0].endpoint, 1);
    assert_int_equal(bench.states[0].attempt, 0);
    assert_true(bench.states[0].tried);
}

static void times_round_up_so_that_nothing_is_early(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(fold_due_cs(&bench.fold, BASE_MS), 0);
    assert_int_equal(fold_due_cs(&bench.fold, BASE_MS + 1), 1);
    assert_int_equal(fold_due_cs(&bench.fold, BASE_MS + 10), 1);
    assert_int_equal(fold_due_cs(&bench.fold, BASE_MS + 11), 2);
    assert_int_equal(fold_due_cs(&bench.fold, BASE_MS - 5000), 0);
    assert_true(fold_due_cs(&bench.fold, UINT64_MAX) == FOLD_NEVER_CS);
    assert_true(fold_due_ms(&bench.fold, FOLD_NEVER_CS) == FOLD_NEVER_MS);
    assert_true(fold_due_cs(&bench.fold, FOLD_NEVER_MS) == FOLD_NEVER_CS);
    assert_true(fold_due_ms(&bench.fold, fold_due_cs(&bench.fold, BASE_MS + 11)) >= BASE_MS + 11);
}

static void a_plan_without_time_is_over_after_any_wait(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    bench.plan.steps[0].within_ms = 0;
    assert_true(fold_used(&bench.fold, &bench.states[0], BASE_MS) <= RECIPIENT_USED_MAX);
    assert_true(fold_used(&bench.fold, &bench.states[0], BASE_MS + 1000) > RECIPIENT_USED_MAX);
}

static void a_wait_longer_than_the_step_is_over(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    uint64_t within_ms = bench.plan.steps[0].within_ms;
    assert_true(fold_used(&bench.fold, &bench.states[0], BASE_MS + within_ms) <=
                RECIPIENT_USED_MAX);
    assert_true(fold_used(&bench.fold, &bench.states[0], BASE_MS + within_ms + 1) >
                RECIPIENT_USED_MAX);
    assert_true(fold_used(&bench.fold, &bench.states[0], UINT64_MAX) > RECIPIENT_USED_MAX);
}

/* One wait is far less than the smallest part of the step, and yet many of them use it up in time.
 */
static void short_waits_add_up(void **test)
{
    (void)test;
    struct bench bench;
    struct dice dice = {1};
    bench_init(&bench);
    double total_ms = 0;
    unsigned runs = 200;
    for (unsigned run = 0; run < runs; run++) {
        struct recipient_state state = {.state = DELIVERY_LEASED};
        uint64_t now_ms = BASE_MS;
        for (;;) {
            uint64_t due_ms = now_ms + dice_between(&dice, 15000, 30000);
            state.due_cs = fold_due_cs(&bench.fold, now_ms);
            unsigned used = fold_used(&bench.fold, &state, due_ms);
            if (used > RECIPIENT_USED_MAX) {
                break;
            }
            state.used = used & RECIPIENT_USED_MAX;
            now_ms = due_ms;
        }
        total_ms += (double)(now_ms - BASE_MS);
    }
    double mean = total_ms / runs / (double)bench.plan.steps[0].within_ms;
    if (mean < 0.9 || mean > 1.1) {
        fail_msg("retried for %f of the step's time", mean);
    }
}

static void cancelling_ends_whoever_waits_and_hides_no_doubt(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    happens(&bench, DELIVERY_EVENT_LEASED, 0, 5, 1000, 0);
    happens(&bench, DELIVERY_EVENT_DEFERRED, 0, 1, 1000, 2000);
    happens(&bench, DELIVERY_EVENT_REPEATED, 1, 1, 1000, 2000);
    happens(&bench, DELIVERY_EVENT_ACCEPTED, 2, 1, 1000, 0);
    fold_sweep(&bench.fold, bench.states, COUNT, DELIVERY_EVENT_CANCELLED);
    assert_int_equal(bench.states[0].state, DELIVERY_CANCELLED);
    assert_int_equal(bench.states[1].state, DELIVERY_UNCERTAIN);
    assert_int_equal(bench.states[2].state, DELIVERY_ACCEPTED);
    assert_int_equal(bench.states[3].state, DELIVERY_LEASED);
    assert_int_equal(bench.states[99].state, DELIVERY_CANCELLED);
    assert_int_equal(bench.counts[DELIVERY_CANCELLED], 96);
    assert_int_equal(bench.counts[DELIVERY_UNCERTAIN], 1);
    assert_int_equal(bench.counts[DELIVERY_WAITING], 0);
    struct bench once = bench;
    fold_sweep(&bench.fold, bench.states, COUNT, DELIVERY_EVENT_CANCELLED);
    assert_memory_equal(bench.states, once.states, sizeof(bench.states));
}

static void states_come_back_from_their_bytes(void **test)
{
    (void)test;
    struct bench bench;
    struct dice dice = {3};
    struct buf bytes = {0};
    struct recipient_state back[COUNT];
    bench_init(&bench);
    for (unsigned i = 0; i < COUNT; i++) {
        bench.states[i].due_cs = (uint32_t)dice_roll(&dice);
        bench.states[i].attempt = dice_below(&dice, 16) & 15;
        bench.states[i].state = dice_below(&dice, DELIVERY_STATES) & 15;
    }
    fold_states_encode(bench.states, COUNT, &bytes);
    struct reader reader = reader_of(buf_view(&bytes));
    assert_true(fold_states_decode(&reader, back, COUNT));
    assert_memory_equal(back, bench.states, sizeof(back));
    reader = reader_of(buf_view(&bytes));
    assert_false(fold_states_decode(&reader, back, COUNT - 1));
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = mem_copy(bytes.data, len);
        reader = reader_of(slice_of(copy, len));
        assert_false(fold_states_decode(&reader, back, COUNT));
        mem_free(copy);
    }
    buf_release(&bytes);
}

static void a_state_that_does_not_exist_is_refused(void **test)
{
    (void)test;
    struct recipient_state states[COUNT] = {{0}};
    struct recipient_state back[COUNT];
    struct buf bytes = {0};
    states[50].state = 15;
    fold_states_encode(states, COUNT, &bytes);
    struct reader reader = reader_of(buf_view(&bytes));
    assert_false(fold_states_decode(&reader, back, COUNT));
    buf_release(&bytes);
}

static void an_open_step_stays_open_when_the_clock_is_set_back(void **test)
{
    (void)test;
    struct bench bench;
    bench_init(&bench);
    struct event event = {.kind = DELIVERY_EVENT_ACCEPTED,
                          .span = 1,
                          .at_ms = BASE_MS - 9000,
                          .due_ms = BASE_MS - 10};
    assert_true(happens(&bench, DELIVERY_EVENT_LEASED, 0, 1, 1000, 0));
    assert_true(fold_event(&bench.fold, bench.states, COUNT, &event));
    assert_true(recipient_is_open(&bench.states[0]));
    assert_int_equal(bench.open, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_step_stays_open_when_the_clock_is_set_back),
        cmocka_unit_test(everybody_waits_at_the_beginning_but_the_holes),
        cmocka_unit_test(who_had_an_endpoint_was_tried_though_the_provider_was_gone),
        cmocka_unit_test(failing_for_good_is_a_try),
        cmocka_unit_test(counts_follow_every_event),
        cmocka_unit_test(an_event_that_does_not_fit_one_place_changes_none),
        cmocka_unit_test(an_event_of_a_step_that_the_plan_lacks_does_not_fit),
        cmocka_unit_test(a_deferral_uses_an_attempt_and_a_repetition_does_not),
        cmocka_unit_test(a_release_costs_nothing),
        cmocka_unit_test(the_next_endpoint_begins_with_its_first_attempt),
        cmocka_unit_test(times_round_up_so_that_nothing_is_early),
        cmocka_unit_test(a_plan_without_time_is_over_after_any_wait),
        cmocka_unit_test(a_wait_longer_than_the_step_is_over),
        cmocka_unit_test(short_waits_add_up),
        cmocka_unit_test(cancelling_ends_whoever_waits_and_hides_no_doubt),
        cmocka_unit_test(states_come_back_from_their_bytes),
        cmocka_unit_test(a_state_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
