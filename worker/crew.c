/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread opens all workers, so that what is wrong is said before the first thread runs;
 * then it waits in a loop of its own for signals and for the ends of the threads. The other threads
 * block all signals.
 */
#include "worker/crew.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/wire.h"
#include "worker/metrics_server.h"
#include "worker/worker.h"
#include "worker/worker_metrics.h"

#define CREW_HARD_EXIT 1

struct crew;

struct crew_member {
    struct crew *crew;
    char name[WIRE_NAME_MAX + 1];
    struct worker *worker;
    uv_thread_t thread;
};

struct crew {
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_signal_t hangup;
    uv_async_t ended; /* a thread has: see how many are left */
    struct crew_member *members;
    unsigned count;
    unsigned running; /* guarded by mutex */
    uv_mutex_t mutex;
    bool is_draining;
    const char *build;
    uint64_t started_ms;
    struct metrics_server *metrics; /* NULL: served nowhere */
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct crew *crew = handle->data;
    LOG_I("worker", crew->is_draining ? "exit" : "drain", "signal=%d", number);
    if (crew->is_draining) {
        _exit(CREW_HARD_EXIT);
    }
    crew->is_draining = true;
    for (unsigned i = 0; i < crew->count; i++) {
        worker_drain(crew->members[i].worker);
    }
}

static void on_hangup(uv_signal_t *handle, int number)
{
    const struct crew *crew = handle->data;
    LOG_I("worker", "reload", "signal=%d", number);
    for (unsigned i = 0; i < crew->count; i++) {
        worker_reload(crew->members[i].worker);
    }
}

static void on_ended(uv_async_t *async)
{
    struct crew *crew = async->data;
    uv_mutex_lock(&crew->mutex);
    bool is_over = crew->running == 0;
    uv_mutex_unlock(&crew->mutex);
    if (is_over) {
        uv_stop(&crew->loop);
    }
}

static void member_main(void *arg)
{
    struct crew_member *member = arg;
    struct crew *crew = member->crew;
    worker_run(member->worker);
    uv_mutex_lock(&crew->mutex);
    crew->running--;
    uv_mutex_unlock(&crew->mutex);
    (void)uv_async_send(&crew->ended);
}

static enum err open_member(struct crew *crew, unsigned index,
                            const struct worker_settings *settings, const char *build,
                            struct problem *problem)
{
    struct crew_member *member = &crew->members[index];
    member->crew = crew;
    if (index == 0) {
        (void)snprintf(member->name, sizeof(member->name), "%s", settings->name);
    } else {
        (void)snprintf(member->name, sizeof(member->name), "%s/%u", settings->name, index + 1);
    }
    const struct worker_options options = {
        .build = build,
        .uplink = {.coordinator = settings->coordinator,
                   .name = member->name,
                   .secret_key = settings->secret_key,
                   .public_key = settings->public_key,
                   .coordinator_key = settings->coordinator_key},
    };
    enum err err = worker_open(&member->worker, &options, problem);
    crew->count += err == ERR_OK;
    return err;
}

static void open_handles(struct crew *crew)
{
    int rc = uv_loop_init(&crew->loop);
    rc |= uv_mutex_init(&crew->mutex);
    rc |= uv_signal_init(&crew->loop, &crew->terminate);
    rc |= uv_signal_init(&crew->loop, &crew->interrupt);
    rc |= uv_signal_init(&crew->loop, &crew->hangup);
    rc |= uv_async_init(&crew->loop, &crew->ended, on_ended);
    assert(rc == 0);
    crew->terminate.data = crew;
    crew->interrupt.data = crew;
    crew->hangup.data = crew;
    crew->ended.data = crew;
}

static void close_handles(struct crew *crew)
{
    uv_close((uv_handle_t *)&crew->terminate, NULL);
    uv_close((uv_handle_t *)&crew->interrupt, NULL);
    uv_close((uv_handle_t *)&crew->hangup, NULL);
    uv_close((uv_handle_t *)&crew->ended, NULL);
    (void)uv_run(&crew->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&crew->loop);
    assert(rc == 0);
    uv_mutex_destroy(&crew->mutex);
}

/* Of the server's thread. */
static void write_metrics(void *arg, struct buf *text)
{
    const struct crew *crew = arg;
    struct worker_metrics *one = mem_alloc(sizeof(*one));
    struct worker_metrics_sum *sum = worker_metrics_sum_new();
    for (unsigned i = 0; i < crew->count; i++) {
        worker_metrics(crew->members[i].worker, one);
        worker_metrics_sum_add(sum, one);
    }
    worker_metrics_sum_write(sum, crew->build, crew->started_ms, text);
    worker_metrics_sum_free(sum);
    mem_free(one);
}

/* Threads inherit the mask that holds while they are made. */
static sigset_t block_signals(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    return before;
}

static enum err open_metrics(struct crew *crew, const struct worker_settings *settings,
                             struct problem *problem)
{
    if (!settings->has_metrics) {
        return ERR_OK;
    }
    sigset_t before = block_signals();
    enum err err =
        metrics_server_open(&crew->metrics, &settings->metrics, write_metrics, crew, problem);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == ERR_OK) {
        char address[LISTEN_ADDRESS_CHARS];
        listen_address_write(metrics_server_address(crew->metrics), address);
        LOG_I("worker", "metrics", "address=%s", address);
    }
    return err;
}

static void start_threads(struct crew *crew)
{
    sigset_t before = block_signals();
    crew->running = crew->count;
    for (unsigned i = 0; i < crew->count; i++) {
        int rc = uv_thread_create(&crew->members[i].thread, member_main, &crew->members[i]);
        assert(rc == 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void work(struct crew *crew)
{
    (void)uv_signal_start(&crew->terminate, on_signal, SIGTERM);
    (void)uv_signal_start(&crew->interrupt, on_signal, SIGINT);
    (void)uv_signal_start(&crew->hangup, on_hangup, SIGHUP);
    start_threads(crew);
    (void)uv_run(&crew->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < crew->count; i++) {
        (void)uv_thread_join(&crew->members[i].thread);
    }
}

enum err crew_run(const struct worker_settings *settings, const char *build,
                  struct problem *problem)
{
    struct crew crew = {.build = build, .started_ms = clock_unix_ms()};
    crew.members = mem_zalloc(settings->threads, sizeof(*crew.members));
    open_handles(&crew);
    enum err err = ERR_OK;
    for (unsigned i = 0; i < settings->threads && err == ERR_OK; i++) {
        err = open_member(&crew, i, settings, build, problem);
    }
    if (err == ERR_OK) {
        err = open_metrics(&crew, settings, problem);
    }
    if (err == ERR_OK) {
        LOG_I("worker", "started", "worker=%s coordinator=%s threads=%u build=%s", settings->name,
              settings->coordinator, settings->threads, build);
        work(&crew);
        LOG_I("worker", "ended", "worker=%s", settings->name);
    }
    metrics_server_close(crew.metrics);
    for (unsigned i = 0; i < crew.count; i++) {
        worker_close(crew.members[i].worker);
    }
    close_handles(&crew);
    mem_free(crew.members);
    return err;
}
