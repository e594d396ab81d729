/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slack's requests, at /r/{provider}: the button of a message that acknowledges it (interactivity:
 * a form with a member `payload`, whose action `acknowledge` has the token as its value), and the
 * challenge when an address for events is set up.
 *
 * X-Slack-Signature is "v0=" and HMAC-SHA256 in hex, under the app's signing secret, over
 * "v0:" + X-Slack-Request-Timestamp + ":" + the body as it was sent. What is more than five minutes
 * old is refused, as Slack asks for; it sends a request again at once, or within minutes.
 *
 * Settings: signing_secret (a reference).
 *
 * Source: Slack's documentation, "Verifying requests from Slack", "Handling user interaction",
 * "url_verification event".
 */
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"

#define VERSION       "v0"
#define MAX_AGE_MS    UINT64_C(300000)
#define SECONDS_MOST  UINT64_C(253402300799)
#define CHALLENGE_MAX 512
#define JSON_TYPE     "application/json"

struct slack {
    struct buf signing_secret;
};

static void slack_close(void *self)
{
    struct slack *slack = self;
    if (slack != NULL) {
        secret_release(&slack->signing_secret);
        mem_free(slack);
    }
}

static enum err slack_open(void **out, const json_t *settings, struct problem *problem)
{
    struct slack *slack = mem_zalloc(1, sizeof(*slack));
    enum err err = inbound_read_secret(settings, "signing_secret", &slack->signing_secret, problem);
    if (err != ERR_OK) {
        slack_close(slack);
        slack = NULL;
    }
    *out = slack;
    return err;
}

/* ---- the signature ---- */

static bool is_signed(const struct slack *slack, const struct inbound_request *request,
                      struct slice stamp)
{
    struct slice text = slice_str(inbound_header(request, "X-Slack-Signature"));
    const struct slice parts[] = {slice_str(VERSION ":"), stamp, slice_str(":"), request->body};
    size_t prefix = strlen(VERSION "=");
    uint8_t mac[SIGNATURE_HASH_MAX];
    size_t len = signature_hmac(SIGNATURE_SHA256, buf_view(&slack->signing_secret), parts, 4, mac);
    return text.len > prefix && memcmp(text.data, VERSION "=", prefix) == 0 &&
           signature_is_hex(slice_of(text.data + prefix, text.len - prefix), slice_of(mac, len));
}

static bool is_authentic(const struct slack *slack, const struct inbound_request *request,
                         struct inbound_result *result)
{
    struct slice stamp = slice_str(inbound_header(request, "X-Slack-Request-Timestamp"));
    uint64_t at_s = 0;
    if (!text_number(stamp, 1, SECONDS_MOST, &at_s) || !is_signed(slack, request, stamp)) {
        inbound_end(result, INBOUND_FORGED,
                    "X-Slack-Signature is missing or wrong: it must be made with signing_secret");
        return false;
    }
    if (!inbound_is_recent(at_s * 1000, request->now_ms, MAX_AGE_MS)) {
        inbound_end(result, INBOUND_FORGED,
                    "X-Slack-Request-Timestamp is more than five minutes away from our time");
        return false;
    }
    return true;
}

/* ---- what it says ---- */

static void take_action(const json_t *action, struct inbound_result *result)
{
    struct slice id = inbound_json_text(action, "action_id", result->arena);
    struct slice token = inbound_json_text(action, "value", result->arena);
    if (slice_is(id, "acknowledge") && token.len > 0) {
        (void)inbound_emit(
            result, &(struct inbound_event){.kind = INBOUND_ACKNOWLEDGEMENT, .token = token});
    } else {
        result->unknown++;
    }
}

static void take_interaction(const struct inbound_request *request, struct inbound_result *result)
{
    struct form *form = arena_alloc(request->arena, sizeof(*form));
    if (!inbound_form(request, form, result)) {
        return;
    }
    json_t *payload = inbound_json(form_get(form, "payload"), result);
    const json_t *actions = json_object_get(payload, "actions");
    for (size_t i = 0; i < json_array_size(actions) && result->verdict == INBOUND_TAKEN; i++) {
        take_action(json_array_get(actions, i), result);
    }
    result->unknown += payload != NULL && json_array_size(actions) == 0;
    json_decref(payload);
}

static void take_event(const struct inbound_request *request, struct inbound_result *result)
{
    json_t *json = inbound_json(request->body, result);
    struct slice type = inbound_json_text(json, "type", request->arena);
    struct slice challenge = inbound_json_text(json, "challenge", request->arena);
    if (slice_is(type, "url_verification") && challenge.len > 0 && challenge.len <= CHALLENGE_MAX) {
        result->type = "text/plain; charset=utf-8";
        result->body = challenge;
    } else if (json != NULL) {
        result->unknown++;
    }
    json_decref(json);
}

static void slack_take(void *self, const struct inbound_request *request,
                       struct inbound_result *result)
{
    const struct slack *slack = self;
    result->type = "text/plain; charset=utf-8"; /* Slack wants a 200, and shows no empty body */
    if (request->way != INBOUND_WAY_EVENTS || !inbound_is_post(request)) {
        inbound_end(result, INBOUND_NOT_HERE, "Slack posts to /r/{provider}");
    } else if (slack->signing_secret.len == 0) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "nothing is taken before the provider's settings have \"signing_secret\"");
    } else if (!is_authentic(slack, request, result)) {
        return;
    } else if (form_is_type(request->media_type, JSON_TYPE)) {
        take_event(request, result);
    } else {
        take_interaction(request, result);
    }
}

const struct inbound_adapter inbound_slack = {
    .name = "slack",
    .open = slack_open,
    .close = slack_close,
    .take = slack_take,
};
