/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/delivery_json.h"

#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/report/delivery_page.h"

/* Tries at the endpoint of now: those that failed, those repeated, and the one that settled it. */
static int attempts_of(const struct recipient_state *state)
{
    bool is_settled = state->state == DELIVERY_ACCEPTED || state->state == DELIVERY_DELIVERED ||
                      state->state == DELIVERY_ACKNOWLEDGED || state->state == DELIVERY_FAILED ||
                      state->state == DELIVERY_UNCERTAIN;
    return state->attempt + state->repeats + (is_settled && state->tried ? 1 : 0);
}

/* The step as it is written, counted from 1 as everywhere, and which time it is sent again, of how
 * many, if it repeats. */
static void put_step(json_t *json, const struct plan *plan, unsigned number)
{
    const struct plan_step *step = &plan->steps[number % PLAN_RUNGS_MAX];
    json_object_set_new(json, "step", json_integer((json_int_t)plan_written(plan, number) + 1));
    if (step->repeats > 0) {
        json_object_set_new(json, "repeat", json_integer(step->repeat));
        json_object_set_new(json, "repeats", json_integer(step->repeats));
    }
}

void delivery_put_state(json_t *json, const struct plan *plan, const struct recipient_state *state)
{
    json_object_set_new(json, "state",
                        json_string(delivery_state_name((enum delivery_state)state->state)));
    put_step(json, plan, state->step);
    json_object_set_new(json, "endpoint", json_integer(state->endpoint));
    json_object_set_new(json, "attempts", json_integer(attempts_of(state)));
    json_object_set_new(json, "uncertain", json_boolean(state->uncertain));
}

json_t *delivery_json(const struct plan *plan, struct slice key, uint32_t ordinal,
                      const struct recipient_state *state)
{
    json_t *json = json_pack("{s:s#, s:I}", "key", (const char *)key.data, (int)key.len, "ordinal",
                             (json_int_t)ordinal);
    delivery_put_state(json, plan, state);
    return json;
}

static void put_reason(json_t *json, uint16_t reason)
{
    if (reason != REASON_NONE) {
        json_object_set_new(json, "reason", json_integer(reason));
        json_object_set_new(json, "detail", json_string(reason_sentence(reason)));
    }
}

/* Lease and worker are numbers of 64 bits, which JSON's readers often cannot hold: as text. */
static void put_handle(json_t *json, const char *name, uint64_t number)
{
    if (number != 0) {
        json_object_set_new(json, name, json_sprintf("%llx", (unsigned long long)number));
    }
}

const char *delivery_provider_name(const struct api *api, uint8_t provider)
{
    if (api->context.provider_numbers != NULL && provider != DELIVERY_NO_PROVIDER) {
        return provider_numbers_name(api->context.provider_numbers, provider);
    }
    const struct wire_provider *known = exchange_provider(api, provider);
    return known == NULL ? "" : known->name;
}

static const char *provider_name(const struct api *api, const struct event *event)
{
    /* Without a lease none had a part in it. */
    return event->lease == 0 ? "" : delivery_provider_name(api, event->provider);
}

/* As in a campaign. */
static const char *field_name(unsigned field)
{
    static const char *const names[CAMPAIGN_FIELDS] = {
        [CAMPAIGN_FIELD_RATE] = "rate",
        [CAMPAIGN_FIELD_PRIORITY] = "priority",
        [CAMPAIGN_FIELD_WEIGHT] = "weight",
        [CAMPAIGN_FIELD_NOT_AFTER] = "not_after",
        [CAMPAIGN_FIELD_STOP_RULES] = "stop_rules",
    };
    return field < CAMPAIGN_FIELDS ? names[field] : "";
}

json_t *delivery_event_json(const struct api *api, const struct plan *plan,
                            const struct timeline_entry *entry)
{
    const struct event *event = &entry->event;
    json_t *json = json_pack("{s:o, s:s}", "at", exchange_time(event->at_ms), "event", entry->name);
    if (entry->is_campaigns && event->kind == CAMPAIGN_EVENT_ROUND) {
        json_object_set_new(json, "round", json_integer(event->step + 1));
        return json;
    }
    if (entry->is_campaigns && event->kind == CAMPAIGN_EVENT_CHANGED) {
        json_object_set_new(json, "field", json_string(field_name(event->step)));
        return json; /* its other members are the new value, see change.c */
    }
    if (entry->is_campaigns) {
        put_reason(json, event->reason);
        return json;
    }
    const char *provider = provider_name(api, event);
    if (provider[0] != '\0') {
        json_object_set_new(json, "provider", json_string(provider));
    }
    put_handle(json, "lease", event->lease);
    if (event->kind == DELIVERY_EVENT_RETRIED) {
        json_object_set_new(json, "round", json_integer((json_int_t)event->worker + 1));
    } else {
        put_handle(json, "worker", event->worker);
    }
    put_reason(json, event->reason);
    if (event->kind == DELIVERY_EVENT_CLIMBED || plan_has_pair(plan)) {
        put_step(json, plan, event->step);
    }
    if (event->due_ms != 0) {
        json_object_set_new(json, "due_at", exchange_time(event->due_ms));
    }
    if (event->ref.len > 0) {
        struct buf ref = {0};
        text_as_utf8(&ref, event->ref); /* a provider may answer anything */
        json_object_set_new(json, "ref", json_stringn((const char *)ref.data, ref.len));
        buf_release(&ref);
    }
    return json;
}
