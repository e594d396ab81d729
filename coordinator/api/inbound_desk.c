/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/inbound_desk.h"

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/inbound_fetch.h"

static void set_why(struct api *api, unsigned provider, const char *why)
{
    mem_free(api->inbound_why[provider]);
    api->inbound_why[provider] = why == NULL ? NULL : mem_copy_str(why);
}

static void open_one(struct api *api, const struct wire_provider *provider)
{
    struct inbound *opened;
    struct problem problem = {0};
    if (inbound_adapter_find(provider->adapter) == NULL) {
        return;
    }
    if (inbound_open(&opened, provider->adapter, provider->settings, &problem) != ERR_OK) {
        bool is_open = api->inbounds[provider->id] != NULL;
        LOG_W("inbound", is_open ? "kept" : "closed", "provider=%s why=\"%s\"", provider->name,
              problem.text);
        set_why(api, provider->id, is_open ? NULL : problem.text);
        return;
    }
    inbound_close(api->inbounds[provider->id]);
    api->inbounds[provider->id] = opened;
    set_why(api, provider->id, NULL);
}

/* By the authorities that the worker trusts for this provider. */
static void open_fetcher(struct api *api, const struct wire_provider *provider)
{
    const struct inbound_adapter *adapter = inbound_adapter_find(provider->adapter);
    if (adapter == NULL || adapter->fetched == NULL || api->fetchers[provider->id] != NULL) {
        return;
    }
    json_t *settings = json_loads(provider->settings, 0, NULL);
    api->fetchers[provider->id] = inbound_fetcher_new(
        api->context.loop, json_string_value(json_object_get(settings, "ca_file")));
    json_decref(settings);
}

void inbound_desk_open(struct api *api)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        open_one(api, &api->context.providers[i]);
        open_fetcher(api, &api->context.providers[i]);
    }
}

void inbound_desk_close(struct api *api)
{
    for (unsigned i = 0; i < WIRE_PROVIDERS_MAX; i++) {
        inbound_fetcher_close(api->fetchers[i]);
        inbound_close(api->inbounds[i]);
        set_why(api, i, NULL);
        api->fetchers[i] = NULL;
        api->inbounds[i] = NULL;
    }
}

static const struct wire_provider *find(const struct api *api, unsigned provider)
{
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        if (api->context.providers[i].id == provider) {
            return &api->context.providers[i];
        }
    }
    return NULL;
}

bool inbound_desk_has_form(const struct api *api, unsigned provider)
{
    const struct wire_provider *found = find(api, provider);
    return found != NULL && inbound_adapter_find(found->adapter) != NULL;
}

const char *inbound_desk_why_closed(const struct api *api, unsigned provider)
{
    return provider < WIRE_PROVIDERS_MAX ? api->inbound_why[provider] : NULL;
}

void inbound_desk_take(struct api *api, unsigned provider, const struct inbound_request *request,
                       struct inbound_result *result)
{
    if (provider < WIRE_PROVIDERS_MAX && api->inbounds[provider] != NULL) {
        inbound_take(api->inbounds[provider], request, result);
        return;
    }
    *result = (struct inbound_result){.arena = request->arena};
    if (inbound_desk_has_form(api, provider)) {
        inbound_end(
            result, INBOUND_CLOSED,
            "a secret of this provider's settings could not be read: see `callbacks_closed` "
            "in GET /v1/providers");
    } else {
        inbound_end(result, INBOUND_NOT_HERE,
                    "this provider's adapter sends nothing in a form of its own: receipts go to "
                    "/r/{provider}/{token}");
    }
}

void inbound_desk_fetched(struct api *api, unsigned provider, const char *url, struct slice body)
{
    if (provider < WIRE_PROVIDERS_MAX && api->inbounds[provider] != NULL) {
        inbound_fetched(api->inbounds[provider], url, body, api_now_ms(api));
    }
}
