/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WhatsApp's webhook, at /r/{provider} or /i/{provider}: statuses of messages, which bring back the
 * token as biz_opaque_callback_data, and messages of people. When the webhook is set up, a GET with
 * verify_token asks for its challenge back.
 *
 * X-Hub-Signature-256 is HMAC-SHA256 of the body as it was sent, under the app's secret, in hex. It
 * has no time in it, and what is not answered 200 comes again for up to seven days: what comes
 * again says nothing new.
 *
 * Settings: app_secret, verify_token (references).
 *
 * Source: WhatsApp Business Platform, "Webhooks", "Status messages webhook reference", "Error
 * codes".
 */
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"

#define SIGNATURE_PREFIX "sha256="
#define CHALLENGE_MAX    256
#define SECONDS_MOST     UINT64_C(253402300799)

struct whatsapp {
    struct buf app_secret;
    struct buf verify_token;
};

static void whatsapp_close(void *self)
{
    struct whatsapp *whatsapp = self;
    if (whatsapp != NULL) {
        secret_release(&whatsapp->app_secret);
        secret_release(&whatsapp->verify_token);
        mem_free(whatsapp);
    }
}

static enum err whatsapp_open(void **out, const json_t *settings, struct problem *problem)
{
    struct whatsapp *whatsapp = mem_zalloc(1, sizeof(*whatsapp));
    enum err err = inbound_read_secret(settings, "app_secret", &whatsapp->app_secret, problem);
    if (err == ERR_OK) {
        err = inbound_read_secret(settings, "verify_token", &whatsapp->verify_token, problem);
    }
    if (err != ERR_OK) {
        whatsapp_close(whatsapp);
        whatsapp = NULL;
    }
    *out = whatsapp;
    return err;
}

/* ---- setting up ---- */

/* It is given back as it came, so it may have nothing in it that means something. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return text.len > 0 && text.len <= CHALLENGE_MAX;
}

static void take_challenge(const struct whatsapp *whatsapp, const struct inbound_request *request,
                           struct inbound_result *result)
{
    struct form *form = arena_alloc(request->arena, sizeof(*form));
    if (!inbound_form(request, form, result)) {
        return;
    }
    struct slice challenge = form_get(form, "hub.challenge");
    if (whatsapp->verify_token.len == 0) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "a webhook is confirmed when the provider's settings have \"verify_token\"");
    } else if (!signature_equal(form_get(form, "hub.verify_token"),
                                buf_view(&whatsapp->verify_token))) {
        inbound_end(result, INBOUND_FORGED, "hub.verify_token is missing or wrong");
    } else if (!slice_is(form_get(form, "hub.mode"), "subscribe") || !is_plain(challenge)) {
        inbound_end(result, INBOUND_REFUSED,
                    "hub.mode must be \"subscribe\", and hub.challenge letters and digits");
    } else {
        result->type = "text/plain; charset=utf-8";
        result->body = challenge;
    }
}

/* ---- statuses ---- */

/* errors[0].code of a status `failed`. */
static uint16_t reason_of_error(const json_t *status)
{
    static const struct {
        json_int_t code;
        uint16_t reason;
    } known[] = {
        {131026, REASON_UNREACHABLE},   /* no WhatsApp there, or one too old */
        {131047, REASON_REFUSED_THERE}, /* only templates outside of 24 hours */
        {131049, REASON_FILTERED},      /* kept back for the sake of the ecosystem */
        {131050, REASON_OPTED_OUT_THERE},
    };
    const json_t *error = json_array_get(json_object_get(status, "errors"), 0);
    const json_t *code = json_object_get(error, "code");
    for (size_t i = 0; json_is_integer(code) && i < sizeof(known) / sizeof(known[0]); i++) {
        if (json_integer_value(code) == known[i].code) {
            return known[i].reason;
        }
    }
    return REASON_REFUSED_THERE;
}

static void take_failed(const json_t *status, struct slice token, struct inbound_result *result)
{
    uint16_t reason = reason_of_error(status);
    inbound_emit_receipt(result, token, RECEIPT_FAILED, reason);
    if (reason == REASON_OPTED_OUT_THERE) {
        (void)inbound_emit(result,
                           &(struct inbound_event){.kind = INBOUND_OPT_OUT, .token = token});
    }
}

static void take_status(const json_t *status, struct inbound_result *result)
{
    struct slice token = inbound_json_text(status, "biz_opaque_callback_data", result->arena);
    struct slice word = inbound_json_text(status, "status", result->arena);
    if (token.len == 0) {
        result->unknown++;
    } else if (slice_is(word, "sent")) {
        inbound_emit_receipt(result, token, RECEIPT_ACCEPTED, REASON_NONE);
    } else if (slice_is(word, "delivered") || slice_is(word, "read") || slice_is(word, "played")) {
        inbound_emit_receipt(result, token, RECEIPT_DELIVERED, REASON_NONE);
    } else if (slice_is(word, "failed")) {
        take_failed(status, token, result);
    } else {
        result->unknown++;
    }
}

/* ---- messages of people ---- */

/* What he wrote, or the words on the button that he pressed. */
static struct slice text_of(const json_t *message, struct arena *arena)
{
    static const char *const paths[][3] = {
        {"text", "body", NULL},
        {"button", "text", NULL},
        {"interactive", "button_reply", "title"},
        {"interactive", "list_reply", "title"},
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const json_t *at = json_object_get(message, paths[i][0]);
        const char *last = paths[i][1];
        if (paths[i][2] != NULL) {
            at = json_object_get(at, paths[i][1]);
            last = paths[i][2];
        }
        struct slice text = inbound_json_text(at, last, arena);
        if (text.data != NULL) {
            return text;
        }
    }
    return slice_str("");
}

static uint64_t time_of(const json_t *message, uint64_t now_ms, struct arena *arena)
{
    uint64_t at_s;
    return text_number(inbound_json_text(message, "timestamp", arena), 1, SECONDS_MOST, &at_s)
               ? at_s * 1000
               : now_ms;
}

static void take_message(const json_t *message, const json_t *value,
                         const struct inbound_request *request, struct inbound_result *result)
{
    struct arena *arena = request->arena;
    struct slice from = inbound_json_text(message, "from", arena);
    const json_t *metadata = json_object_get(value, "metadata");
    const json_t *context = json_object_get(message, "context");
    if (from.len == 0) {
        result->unknown++;
        return;
    }
    const struct inbound_event event = {
        .kind = INBOUND_REPLY,
        .reply = {.channel = CHANNEL_CHAT,
                  .from = slice_str(arena_printf(arena, "+%.*s", from.len > 64 ? 64 : (int)from.len,
                                                 (const char *)from.data)),
                  .to = inbound_json_text(metadata, "display_phone_number", arena),
                  .text = form_text(text_of(message, arena), INBOUND_TEXT_MAX, arena),
                  .ref = inbound_json_text(message, "id", arena),
                  .in_reply_to = inbound_json_text(context, "id", arena),
                  .at_ms = time_of(message, request->now_ms, arena)}};
    (void)inbound_emit(result, &event);
}

static void take_change(const json_t *change, const struct inbound_request *request,
                        struct inbound_result *result)
{
    const json_t *value = json_object_get(change, "value");
    const json_t *statuses = json_object_get(value, "statuses");
    const json_t *messages = json_object_get(value, "messages");
    if (json_array_size(statuses) == 0 && json_array_size(messages) == 0) {
        result->unknown++;
    }
    for (size_t i = 0; i < json_array_size(statuses) && result->verdict == INBOUND_TAKEN; i++) {
        take_status(json_array_get(statuses, i), result);
    }
    for (size_t i = 0; i < json_array_size(messages) && result->verdict == INBOUND_TAKEN; i++) {
        take_message(json_array_get(messages, i), value, request, result);
    }
}

static void take_post(const struct inbound_request *request, struct inbound_result *result)
{
    json_t *json = inbound_json(request->body, result);
    const json_t *entries = json_object_get(json, "entry");
    if (json != NULL && !json_is_array(entries)) {
        inbound_end(result, INBOUND_REFUSED, "\"entry\" must be an array");
    }
    for (size_t e = 0; e < json_array_size(entries); e++) {
        const json_t *changes = json_object_get(json_array_get(entries, e), "changes");
        for (size_t c = 0; c < json_array_size(changes) && result->verdict == INBOUND_TAKEN; c++) {
            take_change(json_array_get(changes, c), request, result);
        }
    }
    json_decref(json);
}

/* ---- the adapter ---- */

static bool is_authentic(const struct whatsapp *whatsapp, const struct inbound_request *request)
{
    struct slice text = slice_str(inbound_header(request, "X-Hub-Signature-256"));
    size_t prefix = strlen(SIGNATURE_PREFIX);
    uint8_t mac[SIGNATURE_HASH_MAX];
    size_t len =
        signature_hmac(SIGNATURE_SHA256, buf_view(&whatsapp->app_secret), &request->body, 1, mac);
    return text.len > prefix && memcmp(text.data, SIGNATURE_PREFIX, prefix) == 0 &&
           signature_is_hex(slice_of(text.data + prefix, text.len - prefix), slice_of(mac, len));
}

static void whatsapp_take(void *self, const struct inbound_request *request,
                          struct inbound_result *result)
{
    const struct whatsapp *whatsapp = self;
    if (request->way != INBOUND_WAY_EVENTS && request->way != INBOUND_WAY_MESSAGE) {
        inbound_end(result, INBOUND_NOT_HERE, "WhatsApp's webhook is /r/{provider}");
    } else if (!inbound_is_post(request)) {
        take_challenge(whatsapp, request, result);
    } else if (whatsapp->app_secret.len == 0) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "nothing is taken before the provider's settings have \"app_secret\"");
    } else if (!is_authentic(whatsapp, request)) {
        inbound_end(result, INBOUND_FORGED,
                    "X-Hub-Signature-256 is missing or wrong: it must be made with app_secret over "
                    "the body");
    } else {
        take_post(request, result);
    }
}

const struct inbound_adapter inbound_whatsapp = {
    .name = "whatsapp",
    .open = whatsapp_open,
    .close = whatsapp_close,
    .take = whatsapp_take,
};
