/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/link/link.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/secret.h"
#include "coordinator/link/peers.h"

#define MODULE      "link"
#define ARENA_BYTES (64 * 1024)
#define GARBAGE_LOG_STEP                                                                           \
    1000 /* a noisy peer gets a line for every so many frames after the first */

/* What a worker was told of tokens, in place of a version. */
#define TOLD_STRANGER 0 /* not welcomed */
#define TOLD_NOTHING  1

struct waiting_effect {
    struct link *link;
    struct engine_effect effect;
    uint64_t since_ms;
    struct waiting_effect *prev;
    struct waiting_effect *next;
};

struct link_bearer {
    uint32_t provider;
    char *adapter;
    struct buf token;
    struct link_bearer *next;
};

struct link {
    struct link_settings settings;
    struct link_port port;
    struct engine *engine;
    struct turn *turn;
    struct peers peers;
    struct arena arena;
    struct buf frame;
    struct waiting_effect *waiting;
    struct link_bearer *bearers;
    uint32_t bearers_version; /* grows with each that is set, from TOLD_NOTHING */
    struct link_stats stats;
};

struct link *link_new(const struct link_settings *settings, const struct link_port *port,
                      struct engine *engine, struct turn *turn)
{
    struct link *link = mem_zalloc(1, sizeof(*link));
    link->settings = *settings;
    link->port = *port;
    link->engine = engine;
    link->turn = turn;
    link->peers.silent_ms = settings->lease_ms;
    link->bearers_version = TOLD_NOTHING;
    arena_init(&link->arena, ARENA_BYTES);
    return link;
}

void link_free(struct link *link)
{
    if (link == NULL) {
        return;
    }
    while (link->waiting != NULL) {
        struct waiting_effect *waiting = link->waiting;
        link->waiting = waiting->next;
        mem_free(waiting);
    }
    while (link->bearers != NULL) {
        struct link_bearer *bearer = link->bearers;
        link->bearers = bearer->next;
        secret_release(&bearer->token);
        mem_free(bearer->adapter);
        mem_free(bearer);
    }
    peers_release(&link->peers);
    arena_release(&link->arena);
    buf_release(&link->frame);
    mem_free(link);
}

void link_stats(const struct link *link, struct link_stats *stats)
{
    *stats = link->stats;
}

static uint64_t now(const struct link *link)
{
    return link->port.now_ms(link->port.arg);
}

static bool link_send(struct link *link, uint32_t worker, const struct wire_message *message)
{
    struct slice peer = peers_id(&link->peers, worker);
    if (peer.len == 0) {
        return false;
    }
    struct slice payload =
        message->type == WIRE_BATCH ? message->batch.page_bytes : slice_of(NULL, 0);
    buf_clear(&link->frame);
    wire_encode(message, &link->frame);
    bool is_sent = link->port.send(link->port.arg, peer, buf_view(&link->frame), payload);
    link->stats.sent[message->type] += is_sent;
    return is_sent;
}

/* ---- Tokens of providers ---- */

static struct link_bearer *bearer_of(struct link *link, uint32_t provider, const char *adapter)
{
    for (struct link_bearer *each = link->bearers; each != NULL; each = each->next) {
        if (each->provider == provider && strcmp(each->adapter, adapter) == 0) {
            return each;
        }
    }
    struct link_bearer *bearer = mem_zalloc(1, sizeof(*bearer));
    bearer->provider = provider;
    bearer->adapter = mem_copy_str(adapter);
    bearer->next = link->bearers;
    link->bearers = bearer;
    return bearer;
}

/* All of them, unless the worker has them already or was not welcomed. What the link would not take
 * is told at the next heartbeat. */
static void tell_bearers(void *arg, uint32_t worker)
{
    struct link *link = arg;
    uint32_t *told = peers_told(&link->peers, worker);
    if (told == NULL || *told == TOLD_STRANGER || *told == link->bearers_version) {
        return;
    }
    for (const struct link_bearer *each = link->bearers; each != NULL; each = each->next) {
        if (!link_send(link, worker,
                       &(struct wire_message){.type = WIRE_BEARER,
                                              .bearer = {.epoch = link->settings.epoch,
                                                         .provider = each->provider,
                                                         .adapter = each->adapter,
                                                         .token = buf_view(&each->token)}})) {
            return;
        }
    }
    *told = link->bearers_version;
}

/* It may have opened its providers anew, so it has none. */
static void tell_all_bearers(struct link *link, uint32_t worker)
{
    uint32_t *told = peers_told(&link->peers, worker);
    if (told != NULL) {
        *told = TOLD_NOTHING;
        tell_bearers(link, worker);
    }
}

void link_set_bearer(struct link *link, uint32_t provider, const char *adapter, struct slice token)
{
    struct link_bearer *bearer = bearer_of(link, provider, adapter);
    secret_release(&bearer->token);
    buf_slice(&bearer->token, token);
    link->bearers_version++;
    peers_each(&link->peers, tell_bearers, link);
}

/* ---- What workers say ---- */

/* A worker's routing id is its name; a stranger's may be anything. */
static void name_of_peer(struct slice id, char name[WIRE_NAME_MAX + 1])
{
    size_t len = id.len < WIRE_NAME_MAX ? id.len : WIRE_NAME_MAX;
    for (size_t i = 0; i < len; i++) {
        name[i] = isgraph(id.data[i]) ? (char)id.data[i] : '?';
    }
    name[len] = '\0';
}

/* Of a worker of another version nothing but the versions is read. */
static void refuse(struct link *link, uint32_t worker, const struct wire_hello *hello)
{
    char name[WIRE_NAME_MAX + 1];
    char why[200];
    name_of_peer(peers_id(&link->peers, worker), name);
    snprintf(why, sizeof(why),
             "this coordinator speaks wire versions %d to %d, the worker %" PRIu32 " to %" PRIu32
             ": update the older of the two",
             WIRE_VERSION_MIN, WIRE_VERSION, hello->version_min, hello->version_max);
    LOG_W(MODULE, "worker_refused", "worker=%s why=\"%s\"", name, why);
    link->stats.refused++;
    (void)link_send(
        link, worker,
        &(struct wire_message){
            .type = WIRE_REFUSED,
            .refused = {.version_min = WIRE_VERSION_MIN, .version_max = WIRE_VERSION, .why = why}});
}

static void on_hello(struct link *link, uint32_t worker, const struct wire_message *message)
{
    const struct wire_hello *hello = &message->hello;
    if (hello->version_max < WIRE_VERSION_MIN || hello->version_min > WIRE_VERSION) {
        refuse(link, worker, hello);
        return;
    }
    struct wire_message welcome = {.type = WIRE_WELCOME,
                                   .welcome = {.version = hello->version_max < WIRE_VERSION
                                                              ? hello->version_max
                                                              : WIRE_VERSION,
                                               .epoch = link->settings.epoch,
                                               .heartbeat_ms = link->settings.heartbeat_ms,
                                               .lease_ms = link->settings.lease_ms,
                                               .provider_count = link->settings.provider_count,
                                               .providers = link->settings.providers}};
    LOG_I(MODULE, "worker_joined", "worker=%s instance=%016" PRIx64 " build=\"%s\"", hello->name,
          hello->instance, hello->build);
    engine_worker_hello(link->engine, worker, hello->name, hello->instance, now(link));
    (void)link_send(link, worker, &welcome);
    tell_all_bearers(link, worker);
}

static void on_credit(struct link *link, uint32_t worker, const struct wire_message *message)
{
    if (message->credit.epoch == link->settings.epoch) {
        engine_worker_unopened(link->engine, worker, message->credit.unopened,
                               message->credit.unopened_count);
        engine_worker_credit(link->engine, worker, message->credit.limit, now(link));
    }
}

static void on_content_request(struct link *link, uint32_t worker,
                               const struct wire_message *message)
{
    struct wire_message answer = {.type = WIRE_CONTENT};
    uint64_t campaign = message->content_request.campaign;
    enum err err = link->port.content(link->port.arg, campaign, &link->arena, &answer.content);
    if (err != ERR_OK) {
        LOG_W(MODULE, "content_unknown", "campaign=c%" PRIu64 " err=%s", campaign, err_name(err));
        return;
    }
    answer.content.epoch = link->settings.epoch;
    (void)link_send(link, worker, &answer);
}

static void on_outcomes(struct link *link, uint32_t worker, const struct wire_message *message)
{
    engine_outcomes(link->engine, worker, &message->outcomes, now(link));
}

static void on_heartbeat(struct link *link, uint32_t worker, const struct wire_message *message)
{
    /* The answer carries our epoch: a worker that knows another says hello again. One that knows
     * ours, but that we do not know, is not answered: silence makes it say hello, too. */
    if (message->heartbeat.epoch == link->settings.epoch &&
        !engine_worker_heartbeat(link->engine, worker, now(link))) {
        return;
    }
    (void)link_send(
        link, worker,
        &(struct wire_message){.type = WIRE_HEARTBEAT,
                               .heartbeat = {.epoch = link->settings.epoch, .at_ms = now(link)}});
    if (message->heartbeat.epoch == link->settings.epoch) {
        tell_bearers(link, worker);
    }
}

static void on_bye(struct link *link, uint32_t worker, const struct wire_message *message)
{
    LOG_I(MODULE, "worker_left", "instance=%016" PRIx64, message->bye.instance);
    (void)worker;
    engine_worker_bye(link->engine, message->bye.instance, now(link));
}

typedef void (*handler_fn)(struct link *link, uint32_t worker, const struct wire_message *message);

/* What is not in the table is not for a coordinator. */
static const handler_fn HANDLERS[WIRE_TYPES] = {
    [WIRE_HELLO] = on_hello,
    [WIRE_CREDIT] = on_credit,
    [WIRE_CONTENT_REQUEST] = on_content_request,
    [WIRE_OUTCOMES] = on_outcomes,
    [WIRE_HEARTBEAT] = on_heartbeat,
    [WIRE_BYE] = on_bye,
};

static void note_garbage(struct link *link, struct slice peer, const struct problem *problem)
{
    char name[WIRE_NAME_MAX + 1];
    if (link->stats.garbage++ % GARBAGE_LOG_STEP == 0) {
        name_of_peer(peer, name);
        LOG_W(MODULE, "garbage", "peer=%s count=%" PRIu64 " err=%s why=\"%s\"", name,
              link->stats.garbage, err_name(problem->err), problem->text);
    }
}

/* Whoever says nothing that can be read gets no number. */
static enum err read_message(struct link *link, struct slice peer, struct slice frame,
                             struct slice payload, struct wire_message *message, uint32_t *worker,
                             struct problem *problem)
{
    arena_reset(&link->arena);
    enum err err = wire_decode(frame, payload, &link->arena, message, problem);
    if (err != ERR_OK) {
        return err;
    }
    if (HANDLERS[message->type] == NULL) {
        return problem_set(problem, ERR_INVALID, "%s is not for a coordinator",
                           wire_type_name(message->type));
    }
    *worker = peers_number(&link->peers, peer, now(link));
    return *worker != 0
               ? ERR_OK
               : problem_set(problem, ERR_LIMIT,
                             "%d workers are here already, and no more can be served", PEERS_MAX);
}

void link_on_frames(struct link *link, struct slice peer, struct slice frame, struct slice payload)
{
    struct wire_message message;
    struct problem problem = {0};
    uint32_t worker = 0;
    if (read_message(link, peer, frame, payload, &message, &worker, &problem) != ERR_OK) {
        note_garbage(link, peer, &problem);
        return;
    }
    link->stats.received[message.type]++;
    HANDLERS[message.type](link, worker, &message);
    link_take_effects(link);
}

/* ---- What the engine wants ---- */

static void unsend(struct link *link, uint64_t lease)
{
    link->stats.unsent_batches++;
    engine_lease_unsent(link->engine, lease, now(link));
    link_take_effects(link);
}

/* A disk may be well again in a moment; a damaged page will not be. */
static void on_unreadable(struct link *link, uint64_t lease, uint64_t audience, uint32_t page,
                          enum err err)
{
    LOG_E(MODULE, "page_unreadable", "audience=a%" PRIu64 " page=%" PRIu32 " err=%s", audience,
          page, err_name(err));
    if (err == ERR_IO) {
        unsend(link, lease);
        return;
    }
    engine_lease_unreadable(link->engine, lease, now(link));
    link_take_effects(link);
}

static void send_batch(struct link *link, const struct engine_effect *effect)
{
    struct wire_message message = {.type = WIRE_BATCH};
    struct store_value page = {0};
    uint64_t audience = 0;
    if (!engine_lease_batch(link->engine, effect->lease, now(link), &message.batch, &audience)) {
        unsend(link, effect->lease);
        return;
    }
    enum err err = link->port.page(link->port.arg, audience, message.batch.page, &page);
    if (err != ERR_OK) {
        on_unreadable(link, effect->lease, audience, message.batch.page, err);
        return;
    }
    message.batch.page_bytes = page.bytes;
    if (!link_send(link, effect->worker, &message)) {
        engine_worker_unreachable(link->engine, effect->worker, now(link));
        unsend(link, effect->lease);
    }
    store_value_release(&page);
}

static void send_durable(struct link *link, const struct engine_effect *effect, uint64_t since_ms)
{
    uint64_t now_ms = now(link);
    histogram_add(&link->stats.durable, &HISTOGRAM_MS, now_ms > since_ms ? now_ms - since_ms : 0,
                  effect->count);
    (void)link_send(link, effect->worker,
                    &(struct wire_message){.type = WIRE_OUTCOMES_DURABLE,
                                           .outcomes_durable = {.epoch = link->settings.epoch,
                                                                .instance = effect->instance,
                                                                .seq = effect->seq}});
}

static void send_cancel(struct link *link, const struct engine_effect *effect)
{
    (void)link_send(link, effect->worker,
                    &(struct wire_message){.type = WIRE_CANCEL,
                                           .cancel = {.epoch = link->settings.epoch,
                                                      .campaign = effect->campaign,
                                                      .for_good = effect->for_good}});
}

static void send_recall(struct link *link, const struct engine_effect *effect)
{
    (void)link_send(link, effect->worker,
                    &(struct wire_message){.type = WIRE_RECALL,
                                           .recall = {.epoch = link->settings.epoch,
                                                      .campaign = effect->campaign,
                                                      .page = effect->page,
                                                      .place = effect->place,
                                                      .step = effect->step}});
}

static void carry_out(void *arg)
{
    struct waiting_effect *waiting = arg;
    struct link *link = waiting->link;
    if (waiting->prev != NULL) {
        waiting->prev->next = waiting->next;
    } else {
        link->waiting = waiting->next;
    }
    if (waiting->next != NULL) {
        waiting->next->prev = waiting->prev;
    }
    struct engine_effect effect = waiting->effect;
    uint64_t since_ms = waiting->since_ms;
    mem_free(waiting);
    switch (effect.kind) {
    case ENGINE_BATCH:
        send_batch(link, &effect);
        return;
    case ENGINE_DURABLE:
        send_durable(link, &effect, since_ms);
        return;
    case ENGINE_CANCEL:
        send_cancel(link, &effect);
        return;
    case ENGINE_RECALL:
        send_recall(link, &effect);
        return;
    case ENGINE_REFUSED:
        if (link->port.refused != NULL) {
            link->port.refused(link->port.arg, &effect);
        }
        return;
    }
}

void link_take_effects(struct link *link)
{
    struct engine_effect effect;
    while (engine_next_effect(link->engine, &effect)) {
        struct waiting_effect *waiting = mem_alloc(sizeof(*waiting));
        *waiting = (struct waiting_effect){
            .link = link, .effect = effect, .since_ms = now(link), .next = link->waiting};
        if (link->waiting != NULL) {
            link->waiting->prev = waiting;
        }
        link->waiting = waiting;
        turn_when_durable(link->turn, effect.kind == ENGINE_CANCEL, carry_out, waiting);
    }
}
