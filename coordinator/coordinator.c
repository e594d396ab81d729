/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/coordinator.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/secret.h"
#include "coordinator/coordinator_state.h"

#define MODULE            "coordinator"
#define LINGER_MS         500
#define OTHER_DESCRIPTORS 2048
#define FOLLOW_MS         1000 /* how often the machine's clock is looked at */
#define EPOCH_ENTRY       "epoch"
#define ANSWERS_MS                                                                                 \
    2000 /* how long answers may still wait for the disk when we are told to stop                  \
          */

/* ---- The loop ---- */

uint64_t coordinator_now_ms(const struct coordinator *coordinator)
{
    return wall_clock_now(&coordinator->clock, clock_monotonic_ms());
}

/* A machine's clock that is set ahead makes nobody silent: who was heard of a moment ago was heard
 * of a moment ago. */
static void follow_clock(struct coordinator *coordinator)
{
    uint64_t mono_ms = clock_monotonic_ms();
    if (mono_ms - coordinator->followed_ms < FOLLOW_MS) {
        return;
    }
    coordinator->followed_ms = mono_ms;
    uint64_t jumped_ms = wall_clock_follow(&coordinator->clock, mono_ms, clock_unix_ms());
    if (jumped_ms > 0) {
        LOG_W(MODULE, "clock_set_ahead", "ms=%" PRIu64, jumped_ms);
        engine_skip(coordinator->engine, jumped_ms);
    }
}

static bool engine_is_pending(void *arg)
{
    const struct coordinator *coordinator = arg;
    return engine_has_events(coordinator->engine);
}

static void engine_close(void *arg, struct record *record)
{
    struct coordinator *coordinator = arg;
    engine_close_turn(coordinator->engine, record);
    provider_lost_note(&coordinator->provider_lost, coordinator->engine, record);
    head_signer_look(coordinator->head_signer, record);
}

static void on_wake_up(uv_timer_t *timer)
{
    (void)timer; /* it is the sleep that matters: before_sleep runs again */
}

static void on_before_sleep(uv_prepare_t *prepare)
{
    struct coordinator *coordinator = prepare->data;
    follow_clock(coordinator);
    uint64_t now_ms = coordinator_now_ms(coordinator);
    provider_controls_tell(&coordinator->provider_controls, now_ms);
    uint32_t wait_ms = engine_run(coordinator->engine, now_ms);
    provider_controls_note(&coordinator->provider_controls, turn_record(coordinator->turn));
    link_take_effects(coordinator->link);
    provider_log_look(&coordinator->provider_log, coordinator->engine, clock_monotonic_ms());
    uint32_t screening_ms = screening_run(coordinator->screening, now_ms);
    wait_ms = screening_ms < wait_ms ? screening_ms : wait_ms;
    if (hard_failures_run(coordinator->failures, now_ms, turn_record(coordinator->turn))) {
        wait_ms = 0;
    }
    uint32_t head_ms =
        head_signer_run(coordinator->head_signer, now_ms, turn_record(coordinator->turn));
    wait_ms = head_ms < wait_ms ? head_ms : wait_ms;
    uint32_t api_ms = api_turn(coordinator->api);
    wait_ms = api_ms < wait_ms ? api_ms : wait_ms;
    int flush_ms = turn_flush(coordinator->turn, now_ms);
    if (flush_ms >= 0 && (uint32_t)flush_ms < wait_ms) {
        wait_ms = (uint32_t)flush_ms;
    }
    if (coordinator->is_stopping &&
        (api_requests(coordinator->api) == 0 || clock_monotonic_ms() >= coordinator->stop_by_ms)) {
        uv_stop(&coordinator->loop);
    }
    uv_timer_start(&coordinator->wake_up, on_wake_up, wait_ms, 0);
}

static void on_changed(void *arg)
{
    struct coordinator *coordinator = arg;
    link_take_effects(coordinator->link);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct coordinator *coordinator = signal->data;
    LOG_I(MODULE, "stopping", "signal=%d", number);
    if (!coordinator->is_stopping) {
        coordinator->is_stopping = true;
        coordinator->stop_by_ms = clock_monotonic_ms() + ANSWERS_MS;
        api_quiesce(coordinator->api);
    }
}

static void on_reload(uv_signal_t *signal, int number)
{
    struct coordinator *coordinator = signal->data;
    LOG_I(MODULE, "reloading", "signal=%d", number);
    api_reload_secrets(coordinator->api);
    bearers_renew(coordinator->bearers);
}

static void start_loop_handles(struct coordinator *coordinator)
{
    uv_prepare_init(&coordinator->loop, &coordinator->before_sleep);
    uv_timer_init(&coordinator->loop, &coordinator->wake_up);
    uv_signal_init(&coordinator->loop, &coordinator->on_term);
    uv_signal_init(&coordinator->loop, &coordinator->on_int);
    uv_signal_init(&coordinator->loop, &coordinator->on_hup);
    coordinator->before_sleep.data = coordinator;
    coordinator->on_term.data = coordinator;
    coordinator->on_int.data = coordinator;
    coordinator->on_hup.data = coordinator;
    uv_prepare_start(&coordinator->before_sleep, on_before_sleep);
    uv_signal_start(&coordinator->on_term, on_signal, SIGTERM);
    uv_signal_start(&coordinator->on_int, on_signal, SIGINT);
}

/* ---- Opening ---- */

/* The first record of a life carries its epoch, so that the next life's is larger even if nothing
 * else happens. */
static void note_epoch(struct coordinator *coordinator)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_COUNTERS, slice_str(EPOCH_ENTRY));
    buf_u64(&value, coordinator->head.epoch + 1);
    record_put(turn_record(coordinator->turn), buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
}

static void open_turn(struct coordinator *coordinator)
{
    coordinator->turn =
        turn_new(COORDINATOR_PARTITION, coordinator->head.epoch + 1, coordinator->head.recno + 1);
    coordinator->changelog = changelog_local_new(coordinator->ledger, &coordinator->loop,
                                                 turn_on_durable, coordinator->turn);
    turn_set_changelog(coordinator->turn, coordinator->changelog);
    turn_set_source(coordinator->turn,
                    &(struct turn_source){engine_is_pending, engine_close, coordinator});
    note_epoch(coordinator);
    head_signer_begin(coordinator->head_signer, turn_record(coordinator->turn));
    if (coordinator->has_new_numbers) {
        provider_numbers_put(&coordinator->numbers, turn_record(coordinator->turn));
    }
}

static uint64_t api_now_ms(void *arg)
{
    return coordinator_now_ms(arg);
}

static enum err open_api(struct coordinator *coordinator, struct problem *problem)
{
    const struct coordinator_settings *settings = coordinator->settings;
    struct api_context context = {
        .loop = &coordinator->loop,
        .ledger = coordinator->ledger,
        .engine = coordinator->engine,
        .turn = coordinator->turn,
        .changelog = coordinator->changelog,
        .link = coordinator->link,
        .audiences = coordinator->audiences,
        .campaigns = coordinator->campaigns,
        .suppressions = coordinator->suppressions,
        .reply_store = coordinator->replies,
        .reply_rules = &settings->replies,
        .plans = coordinator->plans,
        .providers = coordinator->providers,
        .provider_count = settings->provider_count,
        .groups = settings->groups,
        .group_count = settings->group_count,
        .provider_numbers = &coordinator->numbers,
        .hard_failures = coordinator->failures,
        .provider_controls = &coordinator->provider_controls,
        .delivery_keys = &coordinator->delivery_keys,
        .head_signer = coordinator->head_signer,
        .tokens = coordinator->tokens,
        .oidc = &settings->oidc,
        .listen = settings->listen_api,
        .data_dir = settings->data_dir,
        .version = TOCSIN_VERSION,
        .epoch = coordinator->head.epoch + 1,
        .connections_max = settings->connections_max,
        .connections_per_address = settings->connections_per_address,
        .listen_public = settings->has_public ? &settings->listen_public : NULL,
        .public_connections_max = settings->public_connections_max,
        .tls = settings->has_tls ? &settings->tls : NULL,
        .tls_public = settings->has_public_tls ? &settings->tls : NULL,
        .archive_after_ms = settings->archive_after_ms,
        .audit_kept_ms = settings->audit_kept_ms,
        .uploads_max = settings->uploads_max,
        .event_streams_max = settings->event_streams_max,
        .events_kept = settings->events_kept,
        .subscription_rules = &settings->subscriptions,
        .page_codec = settings->page_codec,
        .import_threads = settings->import_threads,
        .respect = &settings->respect,
        .public_url = settings->public_url,
        .arg = coordinator,
        .now_ms = api_now_ms,
        .changed = on_changed,
    };
    return api_open(&coordinator->api, &context, problem);
}

static enum err open_rooms(struct coordinator *coordinator, struct problem *problem)
{
    uint64_t began_ms = clock_monotonic_ms();
    enum err err = coordinator_recover(coordinator, problem);
    if (err != ERR_OK) {
        return err;
    }
    err = head_signer_open(&coordinator->head_signer, coordinator->ledger,
                           coordinator->settings->data_dir, coordinator->settings->sign_every_ms,
                           coordinator_now_ms(coordinator), problem);
    if (err != ERR_OK) {
        return err;
    }
    open_turn(coordinator);
    coordinator->screening = screening_new(&coordinator->loop, coordinator->ledger,
                                           coordinator->engine, coordinator->turn);
    LOG_I(MODULE, "recovered",
          "epoch=%" PRIu64 " record=%" PRIu64 " open_campaigns=%" PRIu64 " snapshots=%" PRIu64
          " blocks=%" PRIu64 " ms=%" PRIu64,
          coordinator->head.epoch + 1, coordinator->head.recno, coordinator->recovery.campaigns,
          coordinator->recovery.snapshots, coordinator->recovery.blocks,
          clock_monotonic_ms() - began_ms);
    err = coordinator_open_link(coordinator, problem);
    return err == ERR_OK ? open_api(coordinator, problem) : err;
}

/* Every connection is a descriptor, and the store has its files. */
static void raise_descriptors(const struct coordinator_settings *settings)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)settings->connections_max + OTHER_DESCRIPTORS +
                    (settings->has_public ? settings->public_connections_max : 0);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        LOG_W(MODULE, "few_descriptors",
              "allowed=%llu wanted=%llu why=\"limits.connections and limits.public_connections may "
              "not be reached: raise the limit (LimitNOFILE, ulimit -n)\"",
              (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    }
}

enum err coordinator_open(struct coordinator **out, const struct coordinator_settings *settings,
                          struct problem *problem)
{
    struct coordinator *coordinator = mem_zalloc(1, sizeof(*coordinator));
    coordinator->settings = settings;
    uv_loop_init(&coordinator->loop);
    start_loop_handles(coordinator);
    enum err err = open_rooms(coordinator, problem);
    if (err != ERR_OK) {
        coordinator_close(coordinator);
        return err;
    }
    raise_descriptors(settings);
    uv_signal_start(&coordinator->on_hup, on_reload, SIGHUP); /* there is something to reload */
    LOG_I(MODULE, "ready", "workers=%s providers=%u", bus_endpoint(coordinator->bus),
          settings->provider_count);
    *out = coordinator;
    return ERR_OK;
}

void coordinator_run(struct coordinator *coordinator)
{
    uv_run(&coordinator->loop, UV_RUN_DEFAULT);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* The order is that of the data: nobody comes in any more, what was decided is handed over and
 * written, then the rest goes. */
static void close_rooms(struct coordinator *coordinator)
{
    if (coordinator->api != NULL) {
        api_close(coordinator->api);
    }
    if (coordinator->changelog != NULL) {
        reply_store_note(coordinator->replies, turn_record(coordinator->turn));
        token_registry_note(coordinator->tokens, coordinator_now_ms(coordinator), true,
                            turn_record(coordinator->turn));
        head_signer_stop(coordinator->head_signer, coordinator_now_ms(coordinator),
                         turn_record(coordinator->turn));
        turn_close(coordinator->turn, coordinator_now_ms(coordinator));
        coordinator->changelog->ops->close(coordinator->changelog);
    }
    if (coordinator->bus != NULL) {
        bus_close(coordinator->bus, LINGER_MS);
    }
    bearers_close(coordinator->bearers);
    link_free(coordinator->link);
    turn_free(coordinator->turn);
    screening_close(coordinator->screening); /* nobody calls it back any more */
    engine_free(coordinator->engine);
    zone_clock_free(coordinator->zone_clock);
    hard_failures_free(coordinator->failures);
    provider_controls_release(&coordinator->provider_controls);
    delivery_keys_release(&coordinator->delivery_keys);
    head_signer_free(coordinator->head_signer);
    suppression_list_free(coordinator->suppressions);
    reply_store_free(coordinator->replies);
    token_registry_free(coordinator->tokens);
    plan_registry_free(coordinator->plans);
    campaign_registry_free(coordinator->campaigns);
    audience_registry_free(coordinator->audiences);
    ledger_close(coordinator->ledger);
}

void coordinator_close(struct coordinator *coordinator)
{
    uv_close((uv_handle_t *)&coordinator->before_sleep, NULL);
    close_rooms(coordinator);
    uv_walk(&coordinator->loop, close_handle, NULL);
    uv_run(&coordinator->loop, UV_RUN_DEFAULT);
    uv_loop_close(&coordinator->loop);
    secret_release(&coordinator->bus_secret);
    mem_free(coordinator);
}

/* ---- Check ---- */

static void report_damage(void *arg, const char *what)
{
    (void)arg;
    printf("damaged: %s\n", what);
}

long coordinator_check(const struct coordinator_settings *settings, struct problem *problem)
{
    struct ledger *ledger = NULL;
    struct ledger_check check = {0};
    if (coordinator_open_ledger(settings, false, &ledger, problem) != ERR_OK) {
        return -1;
    }
    enum err err = ledger_check(ledger, report_damage, NULL, &check);
    ledger_close(ledger);
    printf("%" PRIu64 " records, %" PRIu64 " blocks, %" PRIu64 " pages, %" PRIu64
           " signed heads read; %" PRIu64 " damages\n",
           check.records, check.blocks, check.pages, check.heads, check.damages);
    if (err != ERR_OK && check.damages == 0) {
        problem_set(problem, err, "the ledger in %s could not be read to its end: %s",
                    settings->data_dir, err_sentence(err));
        return -1;
    }
    return (long)check.damages;
}
