/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Greeting, epochs and providers: what WELCOME and REFUSED bring. The states are those of
 * session.c; here is what their actions mean for batches, outcomes and lanes.
 */
#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "worker/delivery_core.h"

static void say_hello(struct delivery *delivery, uint64_t now_ms)
{
    const struct wire_message message = {
        .type = WIRE_HELLO,
        .hello = {.version_min = WIRE_VERSION_MIN,
                  .version_max = WIRE_VERSION,
                  .name = delivery->settings.name,
                  .instance = delivery->settings.instance,
                  .build = delivery->settings.build},
    };
    if (!delivery_send(delivery, &message, now_ms)) {
        session_on_hello_unsent(&delivery->session, now_ms);
    }
}

enum session_action delivery_on_session_event(struct delivery *delivery, enum session_event event,
                                              uint64_t now_ms)
{
    enum session_state before = delivery->session.state;
    enum session_action action = session_step(&delivery->session, event, now_ms);
    if (delivery->session.state != before) {
        LOG_I("delivery", "session", "worker=%s state=%s epoch=%" PRIu64, delivery->settings.name,
              session_state_name(delivery->session.state), delivery->session.epoch);
    }
    if (action == SESSION_HELLO) {
        say_hello(delivery, now_ms);
    }
    return action;
}

void delivery_connect(struct delivery *delivery, uint64_t now_ms)
{
    delivery->send_again_ms = 0;
    (void)delivery_on_session_event(delivery, SESSION_ON_LINK, now_ms);
}

/* Settles what is queued for a provider that cannot be used (any more). */
static void settle_lane(struct delivery *delivery, unsigned provider, enum outcome outcome,
                        uint16_t reason, uint64_t now_ms)
{
    struct batch *batch = NULL;
    struct batch *next = NULL;
    HASH_ITER(hh, delivery->inbox.by_lease, batch, next)
    {
        if (batch->provider == provider && batch->waiting > 0) {
            delivery_settle(delivery, batch, outcome, reason, now_ms);
        }
    }
}

static enum reason reason_of_open(enum err err)
{
    return err == ERR_NOT_FOUND ? REASON_SECRET_MISSING : REASON_CHANNEL_UNKNOWN;
}

static void shut(struct delivery *delivery, const struct wire_provider *def)
{
    struct wire_provider none = *def;
    none.settings = NULL;
    struct problem problem = {0};
    (void)delivery->shell.open_provider(delivery->shell.arg, &none, &problem);
}

static void note_form(struct delivery *delivery, struct lane *lane)
{
    const struct delivery_shell *shell = &delivery->shell;
    lane->form = shell->form == NULL ? (struct delivery_form){0}
                                     : shell->form(shell->arg, (uint8_t)lane->def.id);
    lane->throttle.is_gathering = lane->form.bulk > 1;
}

static void open_lane(struct delivery *delivery, const struct wire_provider *def, uint64_t now_ms)
{
    struct lane *lane = &delivery->lanes[def->id];
    if (lane->is_open && lane_is_same(lane, def)) {
        return;
    }
    struct problem problem = {0};
    enum err err = delivery->shell.open_provider(delivery->shell.arg, def, &problem);
    if (err != ERR_OK && lane->is_open) {
        shut(delivery, &lane->def); /* it was of another definition */
    }
    lane_define(lane, def);
    lane->is_open = err == ERR_OK;
    if (lane->is_open) {
        lane->reason = REASON_NONE;
        note_form(delivery, lane);
        LOG_I("delivery", "provider_opened", "provider=%s channel=%s adapter=%s", def->name,
              channel_kind_name(def->channel), def->adapter);
        return;
    }
    lane_fail(lane, reason_of_open(err), problem.text);
    LOG_E("delivery", "provider_failed", "provider=%s adapter=%s problem=\"%s\"", def->name,
          def->adapter, problem.text);
    settle_lane(delivery, def->id, OUTCOME_RETURNED, lane->reason, now_ms);
}

static void close_lane(struct delivery *delivery, unsigned provider, uint64_t now_ms)
{
    struct lane *lane = &delivery->lanes[provider];
    LOG_I("delivery", "provider_closed", "provider=%s", lane->def.name);
    settle_lane(delivery, provider, OUTCOME_RETURNED, REASON_CHANNEL_UNKNOWN, now_ms);
    shut(delivery, &lane->def);
    lane_undefine(lane);
}

static void take_providers(struct delivery *delivery, const struct wire_welcome *welcome,
                           uint64_t now_ms)
{
    uint64_t told = 0;
    for (unsigned i = 0; i < welcome->provider_count; i++) {
        told |= UINT64_C(1) << welcome->providers[i].id;
        open_lane(delivery, &welcome->providers[i], now_ms);
    }
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        if (delivery->lanes[provider].is_known && !(told >> provider & 1)) {
            close_lane(delivery, provider, now_ms);
        }
    }
}

/* What cannot be opened now stays as it is: a secret that is being replaced may be missing for a
 * moment. */
static void reopen_lane(struct delivery *delivery, struct lane *lane)
{
    struct problem problem = {0};
    enum err err = delivery->shell.open_provider(delivery->shell.arg, &lane->def, &problem);
    if (err == ERR_OK) {
        lane->is_open = true;
        lane->reason = REASON_NONE;
        lane->why = NULL;
        note_form(delivery, lane);
        LOG_I("delivery", "provider_reopened", "provider=%s", lane->def.name);
        return;
    }
    if (!lane->is_open) {
        lane_fail(lane, reason_of_open(err), problem.text);
    }
    LOG_E("delivery", "provider_kept", "provider=%s open=%d problem=\"%s\"", lane->def.name,
          lane->is_open, problem.text);
}

void delivery_reload(struct delivery *delivery)
{
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        if (delivery->lanes[provider].is_known) {
            reopen_lane(delivery, &delivery->lanes[provider]);
        }
    }
    delivery->is_credit_due = true;
}

static void note_refused(struct delivery *delivery, uint32_t version_min, uint32_t version_max,
                         const char *why, uint64_t now_ms)
{
    (void)delivery_on_session_event(delivery, SESSION_ON_REFUSED, now_ms);
    if (delivery->refused_why == NULL || strcmp(delivery->refused_why, why) != 0) {
        LOG_E("delivery", "refused",
              "worker=%s coordinator_versions=%u-%u worker_versions=%u-%u why=\"%s\"",
              delivery->settings.name, version_min, version_max, (unsigned)WIRE_VERSION_MIN,
              (unsigned)WIRE_VERSION, why);
        mem_free(delivery->refused_why);
        delivery->refused_why = mem_copy_str(why);
    }
}

void delivery_on_refused(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms)
{
    const struct wire_refused *refused = &message->refused;
    note_refused(delivery, refused->version_min, refused->version_max,
                 refused->why == NULL ? "" : refused->why, now_ms);
}

void delivery_on_welcome(struct delivery *delivery, const struct wire_message *message,
                         uint64_t now_ms)
{
    const struct wire_welcome *welcome = &message->welcome;
    struct session *session = &delivery->session;
    if (welcome->version < WIRE_VERSION_MIN || welcome->version > WIRE_VERSION) {
        note_refused(delivery, welcome->version, welcome->version,
                     "the coordinator chose a version that this worker does not speak", now_ms);
        return;
    }
    if (welcome->epoch == session->epoch && session_on_heard(session, now_ms)) {
        delivery_return(delivery, NULL, REASON_LEASE_EXPIRED, now_ms);
    }
    enum session_event event =
        session_take_welcome(session, welcome->epoch, welcome->heartbeat_ms, welcome->lease_ms);
    switch (delivery_on_session_event(delivery, event, now_ms)) {
    case SESSION_ADOPT:
        /* The new life may know these leases from its journal, or may not: either way it learns
         * that nobody was sent anything under them. */
        delivery_return(delivery, NULL, REASON_DRAINED, now_ms);
        catalog_clear(&delivery->catalog);
        outbox_resend_all(&delivery->outbox);
        break;
    case SESSION_RESUME:
        outbox_resend_all(&delivery->outbox);
        catalog_ask_again(&delivery->catalog);
        break;
    case SESSION_REFRESH:
        break;
    case SESSION_NOTHING:
    case SESSION_HELLO:
    case SESSION_BLOCKED:
        return;
    }
    mem_free(delivery->refused_why);
    delivery->refused_why = NULL;
    delivery->is_credit_due = true; /* HELLO made the coordinator forget it */
    take_providers(delivery, welcome, now_ms);
}
