/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bus_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

static const struct slice none = {NULL, 0};

static void keep(struct buf *buf, struct slice slice)
{
    buf_clear(buf);
    buf_slice(buf, slice);
}

void on_message(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct node *node = arg;
    keep(&node->peer, peer);
    keep(&node->frame, frame);
    keep(&node->payload, payload);
    if (node->is_counted) {
        uint32_t number = 0;
        assert_int_equal(frame.len, sizeof(number));
        memcpy(&number, frame.data, sizeof(number));
        node->misplaced += number != node->got;
    }
    node->got++;
    if (node->answers) {
        assert_true(bus_send(node->bus, peer, frame, payload));
    }
    if (node->closes) {
        bus_close(node->bus, 0);
        node->bus = NULL;
    }
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

int set_up(void **state)
{
    struct fixture *fixture = mem_zalloc(1, sizeof(*fixture));
    uv_loop_init(&fixture->loop);
    uv_timer_init(&fixture->loop, &fixture->tick);
    uv_timer_start(&fixture->tick, on_tick, 10, 10);
    snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/test_bus.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->ipc, sizeof(fixture->ipc), "ipc://%s/bus", fixture->directory);
    *state = fixture;
    return 0;
}

void node_release(struct node *node)
{
    if (node->bus != NULL) {
        bus_close(node->bus, 0);
    }
    buf_release(&node->peer);
    buf_release(&node->frame);
    buf_release(&node->payload);
}

int tear_down(void **state)
{
    struct fixture *fixture = *state;
    node_release(&fixture->dealer);
    node_release(&fixture->router);
    uv_close((uv_handle_t *)&fixture->tick, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    unlink(fixture->ipc + strlen("ipc://"));
    rmdir(fixture->directory);
    mem_free(fixture);
    return 0;
}

struct bus_settings router_settings(const char *endpoint)
{
    return (struct bus_settings){
        .endpoint = endpoint, .bind = true, .frame_max_bytes = FRAME_MAX, .high_water = 1000};
}

struct bus_settings dealer_settings(const char *endpoint)
{
    return (struct bus_settings){
        .endpoint = endpoint, .name = "w1", .frame_max_bytes = FRAME_MAX, .high_water = 1000};
}

void open_node(struct node *node, uv_loop_t *loop, struct bus_settings settings)
{
    struct problem problem = {0};
    enum err err = bus_open(&node->bus, loop, &settings, on_message, node, &problem);
    assert_string_equal(problem.text, "");
    assert_int_equal(err, ERR_OK);
}

void open_pair(struct fixture *fixture, const char *endpoint)
{
    open_node(&fixture->router, &fixture->loop, router_settings(endpoint));
    open_node(&fixture->dealer, &fixture->loop, dealer_settings(bus_endpoint(fixture->router.bus)));
}

void run_until(struct fixture *fixture, const unsigned *count, unsigned value)
{
    uint64_t from_ms = clock_monotonic_ms();
    while (*count < value && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
    assert_int_equal(*count, value);
}

void run_for(struct fixture *fixture, uint64_t ms)
{
    for (uint64_t from_ms = clock_monotonic_ms(); clock_monotonic_ms() - from_ms < ms;) {
        uv_run(&fixture->loop, UV_RUN_ONCE);
    }
}

void send_soon(struct fixture *fixture, struct node *node, struct slice peer, struct slice frame)
{
    uint64_t from_ms = clock_monotonic_ms();
    bool sent = false;
    while (!sent && clock_monotonic_ms() - from_ms < DEADLINE_MS) {
        sent = bus_send(node->bus, peer, frame, none);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    assert_true(sent);
}

void greet(struct fixture *fixture)
{
    unsigned before = fixture->router.got;
    send_soon(fixture, &fixture->dealer, none, slice_str("hello"));
    run_until(fixture, &fixture->router.got, before + 1);
}

void exchange(struct fixture *fixture)
{
    greet(fixture);
    assert_slice_is(buf_view(&fixture->router.peer), "w1");
    assert_slice_is(buf_view(&fixture->router.frame), "hello");
    assert_int_equal(fixture->router.payload.len, 0);
    assert_true(
        bus_send(fixture->router.bus, slice_str("w1"), slice_str("batch"), slice_str("page")));
    run_until(fixture, &fixture->dealer.got, 1);
    assert_int_equal(fixture->dealer.peer.len, 0);
    assert_slice_is(buf_view(&fixture->dealer.frame), "batch");
    assert_slice_is(buf_view(&fixture->dealer.payload), "page");
}
