/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core is run once a turn of the loop, when something happened that may concern it: a message,
 * a result, its time. That is done in the loop's check phase, after events were taken: what the
 * core sends then makes the bus look at its socket again before the loop sleeps. While the core has
 * more to start than it starts in one run, an idle handle keeps the loop from sleeping.
 *
 * Results may come from within the core's own call of start: they must not run it again, and do
 * not.
 */
#include "worker/worker.h"

#include <assert.h>
#include <sodium.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/wall_clock.h"
#include "worker/delivery.h"
#include "worker/outlets.h"
#include "worker/worker_metrics.h"

#define WORKER_LINGER_MS  1000 /* for BYE to leave */
#define WORKER_FOLLOW_MS  1000 /* how often the machine's clock is looked at */
#define WORKER_PUBLISH_MS 200  /* how often others are told what was counted, at most */

struct worker {
    uv_loop_t loop;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer;
    uv_async_t drain;
    uv_async_t reload;
    struct wall_clock clock;
    uint64_t followed_ms; /* of uv_now */
    bool is_due;          /* the core is to be run in this turn */
    struct uplink *uplink;
    struct delivery *delivery;
    struct outlets *outlets;
    struct transfer_tally tallies[WIRE_PROVIDERS_MAX];
    uint64_t published_ms; /* of uv_now */
    uv_mutex_t mutex;
    struct worker_metrics metrics; /* guarded by mutex: as they were then */
};

static uint64_t worker_now_ms(const struct worker *worker)
{
    return wall_clock_now(&worker->clock, uv_now(&worker->loop));
}

/* ---- What the core asks of its shell ---- */

static bool shell_send(void *arg, const struct wire_message *message)
{
    struct worker *worker = arg;
    return uplink_send(worker->uplink, message);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* only so that the loop does not sleep */
}

/* The core is to be run in this turn of the loop. */
static void wake(struct worker *worker)
{
    if (!worker->is_due) {
        worker->is_due = true;
        (void)uv_idle_start(&worker->idle, on_idle);
    }
}

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    struct worker *worker = arg;
    delivery_on_result(worker->delivery, attempt, result, worker_now_ms(worker));
    wake(worker);
}

static enum err shell_open_provider(void *arg, const struct wire_provider *provider,
                                    struct problem *problem)
{
    struct worker *worker = arg;
    if (provider->settings == NULL) {
        outlets_shut(worker->outlets, (uint8_t)provider->id);
        return ERR_OK;
    }
    return outlets_open(worker->outlets, provider, problem);
}

static void shell_set_bearer(void *arg, uint8_t provider, const char *adapter, struct slice bearer)
{
    struct worker *worker = arg;
    outlets_set_bearer(worker->outlets, provider, adapter, bearer);
}

static uint32_t shell_concurrency(void *arg, uint8_t provider)
{
    const struct worker *worker = arg;
    return outlets_concurrency(worker->outlets, provider);
}

static void shell_start(void *arg, const struct attempt *attempt)
{
    struct worker *worker = arg;
    outlets_start(worker->outlets, attempt);
}

static void shell_flush(void *arg, uint8_t provider)
{
    struct worker *worker = arg;
    outlets_flush(worker->outlets, provider);
}

static struct delivery_form shell_form(void *arg, uint8_t provider)
{
    const struct worker *worker = arg;
    return outlets_form(worker->outlets, provider);
}

static bool shell_has_room(void *arg, uint8_t provider, const struct merge *merge,
                           struct slice endpoint)
{
    const struct worker *worker = arg;
    return outlets_has_room(worker->outlets, provider, merge, endpoint);
}

/* ---- The loop ---- */

static void on_message(void *arg, const struct wire_message *message)
{
    struct worker *worker = arg;
    delivery_on_message(worker->delivery, message, worker_now_ms(worker));
    wake(worker);
}

/* The core runs at least every second, also when there is nothing to do. */
static void publish(struct worker *worker, uint64_t now_ms)
{
    struct worker_metrics *metrics = &worker->metrics;
    uv_mutex_lock(&worker->mutex);
    delivery_stats(worker->delivery, &metrics->delivery);
    metrics->provider_count = 0;
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        struct worker_provider_metrics *provider = &metrics->providers[metrics->provider_count];
        if (delivery_provider_stats(worker->delivery, (uint8_t)i, now_ms, &provider->stats)) {
            provider->tally = worker->tallies[i];
            metrics->provider_count++;
        }
    }
    uv_mutex_unlock(&worker->mutex);
}

void worker_metrics(struct worker *worker, struct worker_metrics *metrics)
{
    uv_mutex_lock(&worker->mutex);
    *metrics = worker->metrics;
    uv_mutex_unlock(&worker->mutex);
}

static void on_timer(uv_timer_t *timer);

static void run_core(struct worker *worker)
{
    uint64_t mono_ms = uv_now(&worker->loop);
    if (mono_ms - worker->followed_ms >= WORKER_FOLLOW_MS) {
        (void)wall_clock_follow(&worker->clock, mono_ms, clock_unix_ms());
        worker->followed_ms = mono_ms;
    }
    worker->is_due = true; /* what happens from now on is seen by this run, or by the next */
    uint32_t wait_ms = delivery_run(worker->delivery, worker_now_ms(worker));
    outlets_sweep(worker->outlets);
    if (mono_ms - worker->published_ms >= WORKER_PUBLISH_MS) {
        worker->published_ms = mono_ms;
        publish(worker, worker_now_ms(worker));
    }
    if (delivery_is_done(worker->delivery)) {
        uv_stop(&worker->loop);
        return;
    }
    worker->is_due = wait_ms == 0;
    if (wait_ms == 0) {
        (void)uv_idle_start(&worker->idle, on_idle);
    } else {
        (void)uv_idle_stop(&worker->idle);
        (void)uv_timer_start(&worker->timer, on_timer, wait_ms, 0);
    }
}

static void on_check(uv_check_t *check)
{
    struct worker *worker = check->data;
    if (worker->is_due) {
        run_core(worker);
    }
}

static void on_timer(uv_timer_t *timer)
{
    run_core(timer->data);
}

static void on_drain(uv_async_t *async)
{
    struct worker *worker = async->data;
    delivery_drain(worker->delivery, worker_now_ms(worker));
    wake(worker);
}

static void on_reload(uv_async_t *async)
{
    struct worker *worker = async->data;
    delivery_reload(worker->delivery);
    wake(worker);
}

static void open_handles(struct worker *worker)
{
    uv_loop_t *loop = &worker->loop;
    int rc = uv_check_init(loop, &worker->check);
    rc |= uv_idle_init(loop, &worker->idle);
    rc |= uv_timer_init(loop, &worker->timer);
    rc |= uv_async_init(loop, &worker->drain, on_drain);
    rc |= uv_async_init(loop, &worker->reload, on_reload);
    assert(rc == 0);
    worker->check.data = worker;
    worker->timer.data = worker;
    worker->drain.data = worker;
    worker->reload.data = worker;
    (void)uv_check_start(&worker->check, on_check);
}

static void close_handles(struct worker *worker)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&worker->check, (uv_handle_t *)&worker->idle,
                              (uv_handle_t *)&worker->timer, (uv_handle_t *)&worker->drain,
                              (uv_handle_t *)&worker->reload};
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        uv_close(handles[i], NULL);
    }
}

static struct delivery *open_delivery(struct worker *worker, const struct worker_options *options)
{
    struct delivery_settings settings = {
        .name = options->uplink.name,
        .build = options->build,
    };
    while (settings.instance == 0) {
        randombytes_buf(&settings.instance, sizeof(settings.instance));
    }
    const struct delivery_shell shell = {
        .arg = worker,
        .send = shell_send,
        .open_provider = shell_open_provider,
        .set_bearer = shell_set_bearer,
        .concurrency = shell_concurrency,
        .start = shell_start,
        .flush = shell_flush,
        .form = shell_form,
        .has_room = shell_has_room,
    };
    return delivery_new(&settings, &shell);
}

enum err worker_open(struct worker **out, const struct worker_options *options,
                     struct problem *problem)
{
    struct worker *worker = mem_zalloc(1, sizeof(*worker));
    *out = NULL;
    if (uv_loop_init(&worker->loop) != 0) {
        mem_free(worker);
        return problem_set(problem, ERR_LIMIT, "no loop could be made: too many open files?");
    }
    open_handles(worker);
    int rc = uv_mutex_init(&worker->mutex);
    assert(rc == 0);
    wall_clock_init(&worker->clock, uv_now(&worker->loop), clock_unix_ms());
    worker->followed_ms = uv_now(&worker->loop);
    const struct channel_context context = {
        .loop = &worker->loop, .result = on_result, .arg = worker, .tally = worker->tallies};
    worker->outlets = outlets_new(&context);
    worker->delivery = open_delivery(worker, options);
    enum err err =
        uplink_open(&worker->uplink, &worker->loop, &options->uplink, on_message, worker, problem);
    if (err != ERR_OK) {
        worker_close(worker);
        return err;
    }
    *out = worker;
    return ERR_OK;
}

void worker_run(struct worker *worker)
{
    delivery_connect(worker->delivery, worker_now_ms(worker));
    run_core(worker);
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
}

void worker_drain(struct worker *worker)
{
    (void)uv_async_send(&worker->drain);
}

void worker_reload(struct worker *worker)
{
    (void)uv_async_send(&worker->reload);
}

void worker_close(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    outlets_free(worker->outlets);
    uplink_close(worker->uplink, WORKER_LINGER_MS);
    close_handles(worker);
    (void)uv_run(&worker->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&worker->loop);
    assert(rc == 0);
    delivery_free(worker->delivery);
    uv_mutex_destroy(&worker->mutex);
    mem_free(worker);
}
