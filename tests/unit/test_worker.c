/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's loop on a thread of its own, against a coordinator that is played by this test on a
 * real socket: what the simulation cannot see.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tests/unit/unit.h"
#include "worker/worker.h"

#define PAGES   8
#define WAIT_MS 20000

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct bus *bus;
    struct worker *worker;
    pthread_t thread;
    char peer[BUS_PEER_MAX + 1];
    struct buf page;
    const char *settings; /* of the provider */
    const char *adapter;
    unsigned hellos;
    unsigned hellos_to_ignore;
    unsigned accepted;
    unsigned returned;
    bool has_unopened; /* said in a CREDIT */
    bool is_bye;
    bool is_late;
    void (*on_outcomes)(struct fixture *fixture);
};

static void answer(struct fixture *fixture, const struct wire_message *message)
{
    struct buf frame = {0};
    struct slice payload =
        message->type == WIRE_BATCH ? message->batch.page_bytes : slice_of(NULL, 0);
    wire_encode(message, &frame);
    assert_true(bus_send(fixture->bus, slice_str(fixture->peer), buf_view(&frame), payload));
    buf_release(&frame);
}

static void make_page(struct buf *page)
{
    struct page_builder builder;
    struct buf scratch = {0};
    page_builder_init(&builder, 2);
    for (unsigned i = 0; i < PAGE_RECIPIENTS; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%u", i);
        const struct slice values[] = {slice_str(key), slice_str("+4912345")};
        assert_true(page_builder_add(&builder, values));
    }
    page_seal(&builder, PAGE_ZSTD, NULL, &scratch, page);
    buf_release(&scratch);
    page_builder_release(&builder);
}

static void welcome(struct fixture *fixture, uint64_t instance)
{
    const struct wire_provider provider = {.id = 3,
                                           .name = "null",
                                           .channel = CHANNEL_SMS,
                                           .adapter = fixture->adapter,
                                           .settings = fixture->settings};
    const struct wire_message message = {.type = WIRE_WELCOME,
                                         .welcome = {.version = WIRE_VERSION,
                                                     .epoch = 9,
                                                     .heartbeat_ms = 200,
                                                     .lease_ms = 5000,
                                                     .provider_count = 1,
                                                     .providers = &provider}};
    answer(fixture, &message);
    for (uint64_t lease = 1; lease <= PAGES; lease++) {
        const struct wire_message batch = {.type = WIRE_BATCH,
                                           .batch = {.epoch = 9,
                                                     .instance = instance,
                                                     .lease = lease,
                                                     .campaign = 4,
                                                     .page = (uint32_t)lease,
                                                     .provider = 3,
                                                     .count = PAGE_RECIPIENTS,
                                                     .whole = true,
                                                     .page_bytes = buf_view(&fixture->page)}};
        answer(fixture, &batch);
    }
}

static void give_content(struct fixture *fixture)
{
    const struct wire_body body = {
        .channel = CHANNEL_SMS, .locale = "", .subject = "", .text = "{{id}}", .html = ""};
    struct wire_message message = {
        .type = WIRE_CONTENT,
        .content = {.epoch = 9, .campaign = 4, .name = "c", .body_count = 1, .bodies = &body}};
    message.content.schema.count = 2;
    message.content.schema.columns[0] = (struct page_column){PAGE_FIELD_KEY, 0, "id"};
    message.content.schema.columns[1] = (struct page_column){PAGE_FIELD_PHONE, 0, "phone"};
    answer(fixture, &message);
}

static void take_outcomes(struct fixture *fixture, const struct wire_outcomes *outcomes)
{
    for (unsigned g = 0; g < outcomes->group_count; g++) {
        for (unsigned r = 0; r < outcomes->groups[g].run_count; r++) {
            const struct outcome_run *run = &outcomes->groups[g].runs[r];
            fixture->accepted += run->outcome == OUTCOME_ACCEPTED ? run->span : 0U;
            fixture->returned += run->outcome == OUTCOME_RETURNED ? run->span : 0U;
        }
    }
    const struct wire_message durable = {
        .type = WIRE_OUTCOMES_DURABLE,
        .outcomes_durable = {.epoch = 9, .instance = outcomes->instance, .seq = outcomes->seq}};
    answer(fixture, &durable);
    if (fixture->accepted + fixture->returned == PAGES * PAGE_RECIPIENTS) {
        fixture->on_outcomes(fixture);
    }
}

static void on_frames(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct fixture *fixture = arg;
    struct arena arena;
    struct wire_message message;
    struct problem problem;
    arena_init(&arena, 4096);
    memcpy(fixture->peer, peer.data, peer.len);
    fixture->peer[peer.len] = '\0';
    assert_int_equal(wire_decode(frame, payload, &arena, &message, &problem), ERR_OK);
    if (message.type == WIRE_HELLO && ++fixture->hellos > fixture->hellos_to_ignore) {
        assert_string_equal(message.hello.name, "w1");
        welcome(fixture, message.hello.instance);
    } else if (message.type == WIRE_CONTENT_REQUEST) {
        give_content(fixture);
    } else if (message.type == WIRE_OUTCOMES) {
        take_outcomes(fixture, &message.outcomes);
    } else if (message.type == WIRE_CREDIT) {
        fixture->has_unopened |= message.credit.unopened_count > 0;
    } else if (message.type == WIRE_BYE) {
        fixture->is_bye = true;
        uv_stop(&fixture->loop);
    }
    arena_release(&arena);
}

static void on_late(uv_timer_t *timer)
{
    struct fixture *fixture = timer->data;
    fixture->is_late = true;
    uv_stop(&fixture->loop);
}

static void *worker_main(void *arg)
{
    worker_run(arg);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct problem problem = {0};
    log_init(LOG_ERROR, -1);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    assert_int_equal(uv_timer_init(&fixture->loop, &fixture->limit), 0);
    fixture->limit.data = fixture;
    fixture->adapter = "null";
    fixture->settings = "{}";
    make_page(&fixture->page);
    const struct bus_settings bus = {.endpoint = "tcp://127.0.0.1:*",
                                     .bind = true,
                                     .frame_max_bytes = WIRE_PAGE_FRAME_MAX,
                                     .high_water = 1000};
    assert_int_equal(bus_open(&fixture->bus, &fixture->loop, &bus, on_frames, fixture, &problem),
                     ERR_OK);
    const struct worker_options options = {
        .build = "test", .uplink = {.coordinator = bus_endpoint(fixture->bus), .name = "w1"}};
    assert_int_equal(worker_open(&fixture->worker, &options, &problem), ERR_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    worker_close(fixture->worker);
    bus_close(fixture->bus, 0);
    uv_close((uv_handle_t *)&fixture->limit, NULL);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    buf_release(&fixture->page);
    free(fixture);
    return 0;
}

/* Runs both ends until the worker says BYE. */
static void run(struct fixture *fixture)
{
    (void)uv_timer_start(&fixture->limit, on_late, WAIT_MS, 0);
    assert_int_equal(pthread_create(&fixture->thread, NULL, worker_main, fixture->worker), 0);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    worker_drain(fixture->worker); /* if it came to nothing */
    assert_int_equal(pthread_join(fixture->thread, NULL), 0);
    assert_false(fixture->is_late);
}

static void drain_by_call(struct fixture *fixture)
{
    worker_drain(fixture->worker);
}

static void drain_by_message(struct fixture *fixture)
{
    answer(fixture, &(struct wire_message){.type = WIRE_DRAIN, .drain = {.epoch = 9}});
}

static void batches_become_outcomes_and_a_drain_ends_it(void **state)
{
    struct fixture *fixture = *state;
    fixture->on_outcomes = drain_by_call;
    run(fixture);
    assert_int_equal(fixture->accepted, PAGES * PAGE_RECIPIENTS);
    assert_true(fixture->is_bye);
}

static void results_that_come_later_are_taken_too(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings = "{\"delay_ms\": 5, \"concurrency\": 1000}";
    fixture->on_outcomes = drain_by_message;
    run(fixture);
    assert_int_equal(fixture->accepted, PAGES * PAGE_RECIPIENTS);
    assert_true(fixture->is_bye);
}

static void an_adapter_that_is_not_there_is_said_and_its_batches_are_returned(void **state)
{
    struct fixture *fixture = *state;
    fixture->adapter = "pigeon";
    fixture->on_outcomes = drain_by_message;
    run(fixture);
    assert_int_equal(fixture->returned, PAGES * PAGE_RECIPIENTS);
    assert_true(fixture->has_unopened);
}

static void hello_is_repeated_until_the_coordinator_answers(void **state)
{
    struct fixture *fixture = *state;
    fixture->hellos_to_ignore = 1;
    fixture->on_outcomes = drain_by_call;
    run(fixture);
    assert_int_equal(fixture->hellos, 2);
}

static void a_malformed_endpoint_is_said(void **state)
{
    (void)state;
    struct worker *worker = NULL;
    struct problem problem = {0};
    const struct worker_options options = {.build = "test",
                                           .uplink = {.coordinator = "nowhere", .name = "w1"}};
    assert_int_equal(worker_open(&worker, &options, &problem), ERR_INVALID);
    assert_null(worker);
    assert_non_null(strstr(problem.text, "nowhere"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        TEST(batches_become_outcomes_and_a_drain_ends_it),
        TEST(results_that_come_later_are_taken_too),
        TEST(an_adapter_that_is_not_there_is_said_and_its_batches_are_returned),
        TEST(hello_is_repeated_until_the_coordinator_answers),
        cmocka_unit_test(a_malformed_endpoint_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
