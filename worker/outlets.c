/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/outlets.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "proto/adapter.h"

struct outlet {
    struct outlets *outlets;
    struct channel *channel;
    uint32_t in_flight;
    struct outlet *next;
};

struct outlet_bearer {
    uint8_t provider;
    char *adapter;
    struct buf token;
    struct outlet_bearer *next;
};

struct outlets {
    struct channel_context context;
    struct outlet *current[WIRE_PROVIDERS_MAX];
    struct outlet *retired;
    struct outlet_bearer *bearers;
};

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    struct outlet *outlet = arg;
    const struct channel_context *context = &outlet->outlets->context;
    assert(outlet->in_flight > 0);
    outlet->in_flight--;
    context->result(context->arg, attempt, result);
}

static void outlet_close(struct outlet *outlet)
{
    outlet->channel->adapter->close(outlet->channel);
    mem_free(outlet);
}

struct outlets *outlets_new(const struct channel_context *context)
{
    struct outlets *outlets = mem_zalloc(1, sizeof(*outlets));
    outlets->context = *context;
    return outlets;
}

void outlets_free(struct outlets *outlets)
{
    if (outlets == NULL) {
        return;
    }
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        outlets_shut(outlets, (uint8_t)provider);
    }
    while (outlets->retired != NULL) {
        struct outlet *outlet = outlets->retired;
        outlets->retired = outlet->next;
        outlet_close(outlet);
    }
    while (outlets->bearers != NULL) {
        struct outlet_bearer *bearer = outlets->bearers;
        outlets->bearers = bearer->next;
        secret_release(&bearer->token);
        mem_free(bearer->adapter);
        mem_free(bearer);
    }
    mem_free(outlets);
}

static void give_bearer(struct channel *channel, const struct outlet_bearer *bearer)
{
    if (channel->adapter->set_bearer != NULL) {
        channel->adapter->set_bearer(channel, bearer->adapter, buf_view(&bearer->token));
    }
}

static struct outlet_bearer *bearer_of(struct outlets *outlets, uint8_t provider,
                                       const char *adapter)
{
    for (struct outlet_bearer *each = outlets->bearers; each != NULL; each = each->next) {
        if (each->provider == provider && strcmp(each->adapter, adapter) == 0) {
            return each;
        }
    }
    struct outlet_bearer *bearer = mem_zalloc(1, sizeof(*bearer));
    bearer->provider = provider;
    bearer->adapter = mem_copy_str(adapter);
    bearer->next = outlets->bearers;
    outlets->bearers = bearer;
    return bearer;
}

void outlets_set_bearer(struct outlets *outlets, uint8_t provider, const char *adapter,
                        struct slice bearer)
{
    struct outlet_bearer *kept = bearer_of(outlets, provider, adapter);
    secret_release(&kept->token);
    buf_slice(&kept->token, bearer);
    if (outlets->current[provider] != NULL) {
        give_bearer(outlets->current[provider]->channel, kept);
    }
}

static bool is_adapter(const char *name)
{
    for (const char *const *at = adapter_names(); *at != NULL; at++) {
        if (strcmp(*at, name) == 0) {
            return true;
        }
    }
    return false;
}

enum err outlets_open(struct outlets *outlets, const struct wire_provider *provider,
                      struct problem *problem)
{
    struct outlet *outlet = mem_zalloc(1, sizeof(*outlet));
    outlet->outlets = outlets;
    struct channel_context context = outlets->context;
    context.result = on_result;
    context.arg = outlet;
    context.tally = context.tally == NULL ? NULL : &context.tally[provider->id];
    enum err err = channel_open(&outlet->channel, &context, provider, problem);
    if (err != ERR_OK) {
        mem_free(outlet);
        return err == ERR_NOT_FOUND && !is_adapter(provider->adapter) ? ERR_UNSUPPORTED : err;
    }
    for (const struct outlet_bearer *each = outlets->bearers; each != NULL; each = each->next) {
        if (each->provider == provider->id) {
            give_bearer(outlet->channel, each);
        }
    }
    outlets_shut(outlets, (uint8_t)provider->id);
    outlets->current[provider->id] = outlet;
    return ERR_OK;
}

void outlets_shut(struct outlets *outlets, uint8_t provider)
{
    struct outlet *outlet = outlets->current[provider];
    outlets->current[provider] = NULL;
    if (outlet != NULL) {
        outlet->next = outlets->retired;
        outlets->retired = outlet;
    }
}

uint32_t outlets_concurrency(const struct outlets *outlets, uint8_t provider)
{
    const struct outlet *outlet = outlets->current[provider];
    return outlet == NULL ? 0 : outlet->channel->adapter->concurrency(outlet->channel);
}

void outlets_start(struct outlets *outlets, const struct attempt *attempt)
{
    struct outlet *outlet = outlets->current[attempt->provider];
    outlet->in_flight++;
    if (attempt->attachment_count > 0 && !outlet->channel->adapter->takes_attachments) {
        const struct attempt_result result = {.outcome = OUTCOME_REJECTED,
                                              .reason = REASON_NO_ATTACHMENTS};
        on_result(outlet, attempt->id, &result);
        return;
    }
    outlet->channel->adapter->start(outlet->channel, attempt);
}

void outlets_flush(struct outlets *outlets, uint8_t provider)
{
    struct outlet *outlet = outlets->current[provider];
    if (outlet != NULL && outlet->channel->adapter->flush != NULL) {
        outlet->channel->adapter->flush(outlet->channel);
    }
}

struct delivery_form outlets_form(const struct outlets *outlets, uint8_t provider)
{
    const struct channel *channel = outlets->current[provider]->channel;
    return (struct delivery_form){
        .bulk = channel->adapter->bulk == NULL ? 0 : channel->adapter->bulk(channel),
        .is_merged = channel->adapter->is_merged,
    };
}

bool outlets_has_room(const struct outlets *outlets, uint8_t provider, const struct merge *merge,
                      struct slice endpoint)
{
    const struct channel *channel = outlets->current[provider]->channel;
    return channel->adapter->has_room == NULL ||
           channel->adapter->has_room(channel, merge, endpoint);
}

void outlets_sweep(struct outlets *outlets)
{
    struct outlet **at = &outlets->retired;
    while (*at != NULL) {
        struct outlet *outlet = *at;
        if (outlet->in_flight > 0) {
            at = &outlet->next;
        } else {
            *at = outlet->next;
            outlet_close(outlet);
        }
    }
}
