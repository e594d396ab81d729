/* SPDX-License-Identifier: Apache-2.0 */
/* The coordinator's side of the link: the port through which the link sees what is not its own, and
 * the bus that it talks over. */
#include <string.h>

#include "common/log.h"
#include "common/secret.h"
#include "coordinator/coordinator_state.h"

#define MODULE         "coordinator"
#define BUS_HIGH_WATER 1000

static bool port_send(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct coordinator *coordinator = arg;
    return bus_send(coordinator->bus, peer, frame, payload);
}

static uint64_t port_now_ms(void *arg)
{
    return coordinator_now_ms(arg);
}

static enum err port_content(void *arg, uint64_t campaign, struct arena *arena,
                             struct wire_content *content)
{
    const struct coordinator *coordinator = arg;
    const struct campaign_document *document =
        campaign_registry_find(coordinator->campaigns, campaign);
    if (document == NULL) {
        return ERR_NOT_FOUND;
    }
    const struct audience_info *audience =
        audience_registry_find(coordinator->audiences, campaign_document_def(document)->audience);
    if (audience == NULL) {
        return ERR_NOT_FOUND;
    }
    campaign_document_wire(document, &audience->schema, 0, arena, content);
    content->public_url = coordinator->settings->public_url;
    memcpy(content->token_key,
           delivery_keys_at(&coordinator->delivery_keys, campaign_document_delivery_key(document))
               ->bytes,
           HASH_KEY_BYTES);
    return ERR_OK;
}

static enum err port_page(void *arg, uint64_t audience, uint32_t page, struct store_value *value)
{
    struct coordinator *coordinator = arg;
    return ledger_page(coordinator->ledger, audience, page, value);
}

static void port_refused(void *arg, const struct engine_effect *effect)
{
    const struct coordinator *coordinator = arg;
    struct campaign_view view;
    if (engine_campaign(coordinator->engine, effect->campaign, &view)) {
        hard_failures_add(coordinator->failures,
                          &(struct hard_failure){
                              .campaign = effect->campaign,
                              .audience = view.def->audience,
                              .ordinal = effect->page * PAGE_RECIPIENTS + effect->place,
                              .channel = (uint8_t)view.def->plan.steps[effect->step].channel,
                              .rank = effect->rank,
                              .reason = effect->reason,
                          });
    }
}

static void on_frames(void *arg, struct slice peer, struct slice frame, struct slice payload)
{
    struct coordinator *coordinator = arg;
    link_on_frames(coordinator->link, peer, frame, payload);
}

static enum err open_bus(struct coordinator *coordinator, struct problem *problem)
{
    const struct coordinator_settings *settings = coordinator->settings;
    struct bus_settings bus_settings = {
        .endpoint = settings->listen_workers,
        .bind = true,
        .frame_max_bytes = WIRE_FRAME_MAX,
        .high_water = BUS_HIGH_WATER,
        .public_key = settings->keys_public,
        .allowed_keys = settings->keys_workers,
    };
    if (settings->keys_secret != NULL) {
        enum err err = secret_resolve(settings->keys_secret, &coordinator->bus_secret, problem);
        if (err != ERR_OK) {
            return err;
        }
        bus_settings.secret_key = buf_cstr(&coordinator->bus_secret);
    } else {
        LOG_W(MODULE, "link_unencrypted",
              "endpoint=%s why=\"no keys are set: only this host can be served\"",
              settings->listen_workers);
    }
    return bus_open(&coordinator->bus, &coordinator->loop, &bus_settings, on_frames, coordinator,
                    problem);
}

static void on_bearer(void *arg, uint32_t provider, const char *adapter, struct slice token)
{
    const struct coordinator *coordinator = arg;
    link_set_bearer(coordinator->link, provider, adapter, token);
}

enum err coordinator_open_link(struct coordinator *coordinator, struct problem *problem)
{
    struct link_settings link_settings = {.epoch = coordinator->head.epoch + 1,
                                          .heartbeat_ms = coordinator->settings->heartbeat_ms,
                                          .lease_ms = coordinator->settings->lease_ms,
                                          .provider_count = coordinator->settings->provider_count,
                                          .providers = coordinator->providers};
    struct link_port port = {coordinator,  port_send, port_now_ms,
                             port_content, port_page, port_refused};
    coordinator->link = link_new(&link_settings, &port, coordinator->engine, coordinator->turn);
    const struct bearers_context bearers = {&coordinator->loop, coordinator, port_now_ms,
                                            on_bearer};
    coordinator->bearers =
        bearers_open(&bearers, coordinator->providers, coordinator->settings->provider_count);
    return open_bus(coordinator, problem);
}
