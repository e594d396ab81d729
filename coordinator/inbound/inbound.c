/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/inbound/inbound.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "coordinator/inbound/inbound_adapters.h"

static const struct inbound_adapter *const adapters[] = {
    &inbound_kannel, &inbound_sendgrid,     &inbound_ses,      &inbound_slack,
    &inbound_twilio, &inbound_twilio_voice, &inbound_whatsapp,
};
#define ADAPTERS (sizeof(adapters) / sizeof(adapters[0]))

struct inbound {
    const struct inbound_adapter *adapter;
    void *self;
};

const struct inbound_adapter *inbound_adapter_at(unsigned index)
{
    return index < ADAPTERS ? adapters[index] : NULL;
}

const struct inbound_adapter *inbound_adapter_find(const char *name)
{
    for (unsigned i = 0; i < ADAPTERS; i++) {
        if (strcmp(adapters[i]->name, name) == 0) {
            return adapters[i];
        }
    }
    return NULL;
}

enum err inbound_open(struct inbound **out, const char *adapter, const char *settings,
                      struct problem *problem)
{
    const struct inbound_adapter *found = inbound_adapter_find(adapter);
    json_error_t error;
    void *self = NULL;
    *out = NULL;
    if (found == NULL) {
        return problem_set(problem, ERR_NOT_FOUND, "\"%.32s\" sends nothing in a form of its own",
                           adapter);
    }
    json_t *json = json_loads(settings, 0, &error);
    enum err err = json_is_object(json)
                       ? found->open(&self, json, problem)
                       : problem_set(problem, ERR_INVALID, "the settings are no JSON object");
    json_decref(json);
    if (err != ERR_OK) {
        return err;
    }
    *out = mem_zalloc(1, sizeof(**out));
    **out = (struct inbound){.adapter = found, .self = self};
    return ERR_OK;
}

void inbound_close(struct inbound *inbound)
{
    if (inbound != NULL) {
        inbound->adapter->close(inbound->self);
        mem_free(inbound);
    }
}

void inbound_take(struct inbound *inbound, const struct inbound_request *request,
                  struct inbound_result *result)
{
    *result = (struct inbound_result){.arena = request->arena};
    inbound->adapter->take(inbound->self, request, result);
}

void inbound_fetched(struct inbound *inbound, const char *url, struct slice body, uint64_t now_ms)
{
    if (inbound->adapter->fetched != NULL) {
        inbound->adapter->fetched(inbound->self, url, body, now_ms);
    }
}

void inbound_end(struct inbound_result *result, enum inbound_verdict verdict, const char *format,
                 ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    result->verdict = verdict;
    result->why = arena_str(result->arena, slice_str(text));
    result->count = 0;
}

bool inbound_emit(struct inbound_result *result, const struct inbound_event *event)
{
    if (result->count == INBOUND_EVENTS_MAX) {
        inbound_end(result, INBOUND_REFUSED, "more than %d events in one request",
                    INBOUND_EVENTS_MAX);
        return false;
    }
    if (result->count == result->room) {
        unsigned room = result->room == 0 ? 4 : 2 * result->room;
        struct inbound_event *events = arena_zalloc(result->arena, room, sizeof(*events));
        if (result->count > 0) {
            memcpy(events, result->events, result->count * sizeof(*events));
        }
        result->events = events;
        result->room = room;
    }
    result->events[result->count++] = *event;
    return true;
}
