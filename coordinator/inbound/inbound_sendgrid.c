/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SendGrid's Event Webhook: an array of events at /r/{provider}, each with the token that its
 * message was sent with (custom_args.tocsin, which comes back as a member of the event).
 *
 * X-Twilio-Email-Event-Webhook-Signature is ECDSA (P-256, SHA-256, DER in base64) over
 * X-Twilio-Email-Event-Webhook-Timestamp, in seconds, and the body as it was sent, down to the line
 * end behind it. What is not answered 2xx is sent again for 24 hours; whether it is signed anew is
 * not documented, so a timestamp may be 25 hours old unless the settings say otherwise. That is
 * safe: an event that comes again says nothing new, so events need not be told apart by their
 * sg_event_id either.
 *
 * Settings: events_key (the verification key as SendGrid shows it, or a reference to it),
 * events_max_age.
 *
 * Sources: SendGrid's documentation, "Event Webhook Reference", "Event Webhook Security Features".
 */
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"

#define SIGNATURE_HEADER "X-Twilio-Email-Event-Webhook-Signature"
#define TIMESTAMP_HEADER "X-Twilio-Email-Event-Webhook-Timestamp"
#define MAX_AGE_MS       UINT64_C(90000000)
#define MAX_AGE_MOST_MS  UINT64_C(604800000)
#define SECONDS_MOST     UINT64_C(253402300799)

struct sendgrid {
    struct signature_key *key; /* NULL: none is set */
    uint64_t max_age_ms;
};

static void sendgrid_close(void *self)
{
    struct sendgrid *sendgrid = self;
    if (sendgrid != NULL) {
        signature_key_free(sendgrid->key);
        mem_free(sendgrid);
    }
}

/* A public key is no secret: it may stand in the settings itself. */
static enum err read_key(struct sendgrid *sendgrid, const json_t *settings, struct problem *problem)
{
    const char *text;
    struct buf secret = {0};
    struct problem inner = {0};
    enum err err = inbound_read_text(settings, "events_key", &text, problem);
    if (err != ERR_OK || text == NULL) {
        return err;
    }
    if (secret_is_reference(text)) {
        err = secret_resolve(text, &secret, &inner);
    } else {
        buf_str(&secret, text);
    }
    if (err == ERR_OK) {
        err = signature_key_read(&sendgrid->key, buf_view(&secret), &inner);
    }
    secret_release(&secret);
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err, "settings.events_key: %.340s", inner.text);
}

static enum err sendgrid_open(void **out, const json_t *settings, struct problem *problem)
{
    struct sendgrid *sendgrid = mem_zalloc(1, sizeof(*sendgrid));
    sendgrid->max_age_ms = MAX_AGE_MS;
    enum err err = inbound_read_duration(settings, "events_max_age", 1000, MAX_AGE_MOST_MS,
                                         &sendgrid->max_age_ms, problem);
    if (err == ERR_OK) {
        err = read_key(sendgrid, settings, problem);
    }
    if (err != ERR_OK) {
        sendgrid_close(sendgrid);
        sendgrid = NULL;
    }
    *out = sendgrid;
    return err;
}

/* ---- events ---- */

static bool is_word(const json_t *event, const char *member, const char *word)
{
    const char *text = json_string_value(json_object_get(event, member));
    return text != NULL && strcmp(text, word) == 0;
}

/* type: `bounce` is for good, `blocked` is not, `expired` is the end of deferring. */
static void take_bounce(const json_t *event, struct slice token, struct inbound_result *result)
{
    const char *status = json_string_value(json_object_get(event, "status"));
    uint16_t reason = inbound_reason_of_status(slice_str(status), REASON_ADDRESS_UNKNOWN);
    if (is_word(event, "type", "blocked")) {
        reason = reason_is_of_address(reason) ? REASON_REFUSED_THERE : reason;
        inbound_emit_receipt(result, token, RECEIPT_FAILED, reason);
    } else if (is_word(event, "type", "expired")) {
        inbound_emit_receipt(result, token, RECEIPT_FAILED, REASON_EXPIRED_THERE);
    } else {
        inbound_emit_receipt(result, token, RECEIPT_BOUNCED, reason);
    }
}

static void emit_opt_out(struct inbound_result *result, struct slice token)
{
    (void)inbound_emit(result, &(struct inbound_event){.kind = INBOUND_OPT_OUT, .token = token});
}

/* It was not sent at all, by lists that SendGrid keeps. */
static void take_dropped(const json_t *event, struct slice token, struct inbound_result *result)
{
    if (is_word(event, "reason", "Unsubscribed Address") ||
        is_word(event, "reason", "Spam Reporting Address")) {
        inbound_emit_receipt(result, token, RECEIPT_FAILED, REASON_OPTED_OUT_THERE);
        emit_opt_out(result, token);
    } else if (is_word(event, "reason", "Bounced Address") || is_word(event, "reason", "Invalid")) {
        inbound_emit_receipt(result, token, RECEIPT_FAILED, REASON_ADDRESS_UNKNOWN);
    } else {
        inbound_emit_receipt(result, token, RECEIPT_FAILED, REASON_REFUSED_THERE);
    }
}

static void take_unsubscribe(const json_t *event, struct slice token, struct inbound_result *result)
{
    (void)event;
    emit_opt_out(result, token);
}

static const struct {
    const char *name;
    enum receipt_kind kind; /* without a function */
    void (*take)(const json_t *event, struct slice token, struct inbound_result *result);
} events[] = {
    {"processed", RECEIPT_ACCEPTED, NULL},
    {"deferred", RECEIPT_ACCEPTED, NULL}, /* it goes on trying */
    {"delivered", RECEIPT_DELIVERED, NULL},
    {"spamreport", RECEIPT_COMPLAINED, NULL},
    {"bounce", RECEIPT_KINDS, take_bounce},
    {"dropped", RECEIPT_KINDS, take_dropped},
    {"unsubscribe", RECEIPT_KINDS, take_unsubscribe},
    {"group_unsubscribe", RECEIPT_KINDS, take_unsubscribe},
};

static void take_event(const json_t *event, struct inbound_result *result)
{
    struct slice token = inbound_json_text(event, "tocsin", result->arena);
    for (size_t i = 0; token.len > 0 && i < sizeof(events) / sizeof(events[0]); i++) {
        if (!is_word(event, "event", events[i].name)) {
            continue;
        }
        if (events[i].take != NULL) {
            events[i].take(event, token, result);
        } else {
            inbound_emit_receipt(result, token, events[i].kind, REASON_NONE);
        }
        return;
    }
    result->unknown++; /* opened, clicked, or of a message that is not ours */
}

static void take_events(const struct inbound_request *request, struct inbound_result *result)
{
    json_t *json = inbound_json(request->body, result);
    if (json != NULL && !json_is_array(json)) {
        inbound_end(result, INBOUND_REFUSED, "the body must be an array of events");
    }
    for (size_t i = 0; i < json_array_size(json) && result->verdict == INBOUND_TAKEN; i++) {
        take_event(json_array_get(json, i), result);
    }
    json_decref(json);
}

/* ---- the adapter ---- */

static bool is_authentic(const struct sendgrid *sendgrid, const struct inbound_request *request,
                         struct inbound_result *result)
{
    const struct slice parts[] = {slice_str(inbound_header(request, TIMESTAMP_HEADER)),
                                  request->body};
    struct slice text = slice_str(inbound_header(request, SIGNATURE_HEADER));
    struct buf signature = {0};
    uint64_t at_s = 0;
    bool is_good =
        text_number(parts[0], 1, SECONDS_MOST, &at_s) &&
        signature_base64_decode(text, &signature) &&
        signature_verify(sendgrid->key, SIGNATURE_SHA256, parts, 2, buf_view(&signature));
    buf_release(&signature);
    if (!is_good) {
        inbound_end(result, INBOUND_FORGED,
                    SIGNATURE_HEADER " is missing or wrong: it must be made with the key that "
                                     "events_key is the public one of");
    } else if (!inbound_is_recent(at_s * 1000, request->now_ms, sendgrid->max_age_ms)) {
        is_good = false;
        inbound_end(result, INBOUND_FORGED,
                    TIMESTAMP_HEADER " is too old, or not of our time: see events_max_age");
    }
    return is_good;
}

static void sendgrid_take(void *self, const struct inbound_request *request,
                          struct inbound_result *result)
{
    const struct sendgrid *sendgrid = self;
    if (request->way != INBOUND_WAY_EVENTS || !inbound_is_post(request)) {
        inbound_end(result, INBOUND_NOT_HERE, "SendGrid posts its events to /r/{provider}");
    } else if (sendgrid->key == NULL) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "events are taken when the provider's settings have \"events_key\"");
    } else if (is_authentic(sendgrid, request, result)) {
        take_events(request, result);
    }
}

const struct inbound_adapter inbound_sendgrid = {
    .name = "sendgrid",
    .open = sendgrid_open,
    .close = sendgrid_close,
    .take = sendgrid_take,
};
