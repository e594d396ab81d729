/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amazon SES's events, which its configuration set publishes to an SNS topic, and SNS posts to
 * /r/{provider}, one at a time. The token is the message's tag `tocsin` (mail.tags.tocsin[0]).
 *
 * A post is believed when it is of the topic of the settings, its certificate is one of SNS
 * (https, a host of SNS, its path), valid today, and its signature is good. The certificate is
 * fetched once, over TLS that is verified, and kept as long as it is valid: TLS to SNS's own host
 * is what proves it, as the certificate itself names no region. The subscription is confirmed by a
 * GET of its SubscribeURL, which must be at a host of SNS as well.
 *
 * SNS repeats what is not answered 2xx, for hours, with the same MessageId and time: a post may be
 * 25 hours old unless the settings say otherwise. What comes again says nothing new.
 *
 * Settings: topic_arn, events_max_age, sns_url (what its addresses must begin with, in place of
 * SNS's own hosts; for tests and proxies).
 *
 * Sources: sns_message.h; Amazon SES Developer Guide, "Examples of event data that Amazon SES
 * publishes to Amazon SNS", "Contents of event data".
 */
#include <string.h>

#include "common/mem.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"
#include "coordinator/inbound/sns_message.h"

#define MAX_AGE_MS      UINT64_C(90000000)
#define MAX_AGE_MOST_MS UINT64_C(604800000)
#define CERTIFICATES    4
#define KEPT_MS         UINT64_C(86400000) /* that a subscription was confirmed */
#define FAILED_MS       UINT64_C(30000)    /* an address that gave nothing is left alone */
#define URL_MAX         1024
#define BODY_MAX        ((size_t)512 * 1024) /* SNS has 256 KiB: it must be read before it is known */

/* What was fetched from an address. */
struct fetched {
    char *url;                 /* NULL: a free place */
    struct signature_key *key; /* NULL: there was none, or it was a confirmation */
    bool is_good;
    uint64_t at_ms;
};

struct ses {
    char *topic;
    char *prefix; /* NULL: SNS's own hosts */
    uint64_t max_age_ms;
    struct fetched certificates[CERTIFICATES];
    struct fetched confirmation;
};

/* ---- what was fetched ---- */

static void fetched_release(struct fetched *fetched)
{
    mem_free(fetched->url);
    signature_key_free(fetched->key);
    *fetched = (struct fetched){0};
}

/* A certificate's address always has the same one, so it is good until it is not valid any more. */
static bool is_usable(const struct fetched *fetched, struct slice url, uint64_t now_ms)
{
    uint64_t until_ms = fetched->key != NULL ? signature_key_until_ms(fetched->key)
                        : fetched->is_good   ? fetched->at_ms + KEPT_MS
                                             : fetched->at_ms + FAILED_MS;
    return fetched->url != NULL && slice_is(url, fetched->url) && now_ms <= until_ms;
}

static const struct fetched *find_certificate(const struct ses *ses, struct slice url,
                                              uint64_t now_ms)
{
    for (unsigned i = 0; i < CERTIFICATES; i++) {
        if (is_usable(&ses->certificates[i], url, now_ms)) {
            return &ses->certificates[i];
        }
    }
    return NULL;
}

/* Its own place, a free one, that of a failure, else that of the oldest. */
static struct fetched *place_for(struct ses *ses, const char *url)
{
    struct fetched *best = &ses->certificates[0];
    for (unsigned i = 0; i < CERTIFICATES; i++) {
        struct fetched *place = &ses->certificates[i];
        if (place->url != NULL && strcmp(place->url, url) == 0) {
            return place;
        }
        if (place->is_good < best->is_good ||
            (place->is_good == best->is_good && place->at_ms < best->at_ms)) {
            best = place;
        }
    }
    return best;
}

static void ses_fetched(void *self, const char *url, struct slice body, uint64_t now_ms)
{
    struct ses *ses = self;
    bool is_certificate = sns_certificate_url_is_trusted(slice_str(url), ses->prefix) &&
                          strstr(url, "Action=ConfirmSubscription") == NULL;
    struct fetched *place = is_certificate ? place_for(ses, url) : &ses->confirmation;
    fetched_release(place);
    *place = (struct fetched){.url = mem_copy_str(url), .at_ms = now_ms, .is_good = body.len > 0};
    if (is_certificate) {
        struct problem problem;
        place->is_good =
            signature_key_of_certificate(&place->key, body, now_ms, &problem) == ERR_OK;
    }
}

/* ---- events ---- */

static uint16_t bounce_reason(const json_t *bounce, bool is_permanent)
{
    static const struct {
        const char *sub_type;
        uint16_t reason;
    } soft[] = {
        {"MailboxFull", REASON_MAILBOX_FULL},
        {"MessageTooLarge", REASON_REFUSED_THERE},
        {"ContentRejected", REASON_FILTERED},
        {"AttachmentRejected", REASON_FILTERED},
    };
    const char *sub_type = json_string_value(json_object_get(bounce, "bounceSubType"));
    const json_t *recipient = json_array_get(json_object_get(bounce, "bouncedRecipients"), 0);
    const char *status = json_string_value(json_object_get(recipient, "status"));
    if (is_permanent) {
        return inbound_reason_of_status(slice_str(status), REASON_ADDRESS_UNKNOWN);
    }
    for (size_t i = 0; sub_type != NULL && i < sizeof(soft) / sizeof(soft[0]); i++) {
        if (strcmp(sub_type, soft[i].sub_type) == 0) {
            return soft[i].reason;
        }
    }
    return REASON_UNREACHABLE;
}

/* Permanent is for good; Transient and Undetermined are not. */
static void take_bounce(const json_t *event, struct slice token, struct inbound_result *result)
{
    const json_t *bounce = json_object_get(event, "bounce");
    const char *type = json_string_value(json_object_get(bounce, "bounceType"));
    bool is_permanent = type != NULL && strcmp(type, "Permanent") == 0;
    inbound_emit_receipt(result, token, is_permanent ? RECEIPT_BOUNCED : RECEIPT_FAILED,
                         bounce_reason(bounce, is_permanent));
}

static const struct {
    const char *name;
    enum receipt_kind kind;
    uint16_t reason;
} events[] = {
    {"Send", RECEIPT_ACCEPTED, REASON_NONE},
    {"DeliveryDelay", RECEIPT_ACCEPTED, REASON_NONE}, /* it goes on trying */
    {"Delivery", RECEIPT_DELIVERED, REASON_NONE},
    {"Complaint", RECEIPT_COMPLAINED, REASON_NONE},
    {"Reject", RECEIPT_FAILED, REASON_REFUSED_THERE},
    {"Rendering Failure", RECEIPT_FAILED, REASON_REFUSED_THERE},
};

static void take_event(const json_t *event, struct inbound_result *result)
{
    const json_t *tags = json_object_get(json_object_get(event, "mail"), "tags");
    const char *text = json_string_value(json_array_get(json_object_get(tags, "tocsin"), 0));
    const char *name = json_string_value(json_object_get(event, "eventType"));
    if (name == NULL) { /* as SES names it without a configuration set */
        name = json_string_value(json_object_get(event, "notificationType"));
    }
    if (text == NULL || name == NULL) {
        result->unknown++;
        return;
    }
    struct slice token = slice_str(arena_str(result->arena, slice_str(text)));
    if (strcmp(name, "Bounce") == 0) {
        take_bounce(event, token, result);
        return;
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (strcmp(name, events[i].name) == 0) {
            inbound_emit_receipt(result, token, events[i].kind, events[i].reason);
            return;
        }
    }
    result->unknown++; /* opened, clicked */
}

/* The test that SES sends when the topic is set up is no JSON. */
static void take_notification(struct slice text, struct inbound_result *result)
{
    json_error_t error;
    json_t *event = json_loadb((const char *)text.data, text.len, 0, &error);
    if (json_is_object(event)) {
        take_event(event, result);
    } else {
        result->unknown++;
    }
    json_decref(event);
}

/* ---- messages of SNS ---- */

static void fetch(struct inbound_result *result, struct slice url)
{
    result->verdict = INBOUND_FETCH;
    result->fetch_url = arena_str(result->arena, url);
}

static void confirm(const struct ses *ses, const struct inbound_request *request,
                    const struct sns_message *message, struct inbound_result *result)
{
    if (!sns_url_is_trusted(message->subscribe_url, ses->prefix)) {
        inbound_end(result, INBOUND_FORGED, "SubscribeURL is not at a host of SNS");
    } else if (!is_usable(&ses->confirmation, message->subscribe_url, request->now_ms)) {
        fetch(result, message->subscribe_url);
    } else if (!ses->confirmation.is_good) {
        inbound_end(result, INBOUND_CLOSED, "SNS did not answer when this was to be confirmed");
    }
}

/* Before anything is fetched for it. */
static bool may_be_ours(const struct ses *ses, const struct inbound_request *request,
                        const struct sns_message *message, struct inbound_result *result)
{
    if (!slice_is(message->topic, ses->topic)) {
        inbound_end(result, INBOUND_FORGED, "TopicArn is not that of the settings (topic_arn)");
    } else if (message->certificate_url.len > URL_MAX || message->subscribe_url.len > URL_MAX ||
               !sns_certificate_url_is_trusted(message->certificate_url, ses->prefix)) {
        inbound_end(result, INBOUND_FORGED, "SigningCertURL is not at a host of SNS");
    } else if (!inbound_is_recent(message->at_ms, request->now_ms, ses->max_age_ms)) {
        inbound_end(result, INBOUND_FORGED,
                    "Timestamp is too old, or not of our time: see events_max_age");
    } else {
        return true;
    }
    return false;
}

static void take_message(const struct ses *ses, const struct inbound_request *request,
                         const struct sns_message *message, struct inbound_result *result)
{
    if (!may_be_ours(ses, request, message, result)) {
        return;
    }
    const struct fetched *certificate =
        find_certificate(ses, message->certificate_url, request->now_ms);
    if (certificate == NULL) {
        fetch(result, message->certificate_url);
    } else if (!certificate->is_good) {
        inbound_end(result, INBOUND_CLOSED,
                    "the certificate at SigningCertURL could not be had, or is not valid");
    } else if (!sns_message_is_signed(message, certificate->key)) {
        inbound_end(result, INBOUND_FORGED, "Signature is wrong");
    } else if (message->type == SNS_SUBSCRIBED) {
        confirm(ses, request, message, result);
    } else if (message->type == SNS_NOTIFICATION) {
        take_notification(message->message, result);
    }
}

static void ses_take(void *self, const struct inbound_request *request,
                     struct inbound_result *result)
{
    const struct ses *ses = self;
    struct sns_message message;
    struct problem problem;
    if (request->way != INBOUND_WAY_EVENTS || !inbound_is_post(request)) {
        inbound_end(result, INBOUND_NOT_HERE, "SNS posts the events of SES to /r/{provider}");
        return;
    }
    if (ses->topic == NULL) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "events are taken when the provider's settings have \"topic_arn\"");
        return;
    }
    if (request->body.len > BODY_MAX) {
        inbound_end(result, INBOUND_REFUSED, "this is longer than any message of SNS");
        return;
    }
    json_t *json = inbound_json(request->body, result);
    if (json != NULL && sns_message_read(&message, json, request->arena, &problem) != ERR_OK) {
        inbound_end(result, INBOUND_REFUSED, "this is no message of SNS: %s", problem.text);
    } else if (json != NULL) {
        take_message(ses, request, &message, result);
    }
    json_decref(json);
}

/* ---- the adapter ---- */

static void ses_close(void *self)
{
    struct ses *ses = self;
    if (ses != NULL) {
        for (unsigned i = 0; i < CERTIFICATES; i++) {
            fetched_release(&ses->certificates[i]);
        }
        fetched_release(&ses->confirmation);
        mem_free(ses->topic);
        mem_free(ses->prefix);
        mem_free(ses);
    }
}

static enum err ses_open(void **out, const json_t *settings, struct problem *problem)
{
    struct ses *ses = mem_zalloc(1, sizeof(*ses));
    const char *topic = NULL;
    const char *prefix = NULL;
    ses->max_age_ms = MAX_AGE_MS;
    enum err err = inbound_read_text(settings, "topic_arn", &topic, problem);
    if (err == ERR_OK) {
        err = inbound_read_text(settings, "sns_url", &prefix, problem);
    }
    if (err == ERR_OK) {
        err = inbound_read_duration(settings, "events_max_age", 1000, MAX_AGE_MOST_MS,
                                    &ses->max_age_ms, problem);
    }
    if (err == ERR_OK && prefix != NULL && strncmp(prefix, "http", 4) != 0) {
        err = problem_set(problem, ERR_INVALID,
                          "settings.sns_url must be what SNS's addresses begin with, such as "
                          "\"https://sns.eu-west-1.amazonaws.com/\"");
    }
    if (err != ERR_OK) {
        ses_close(ses);
        ses = NULL;
    } else {
        ses->topic = topic == NULL ? NULL : mem_copy_str(topic);
        ses->prefix = prefix == NULL ? NULL : mem_copy_str(prefix);
    }
    *out = ses;
    return err;
}

const struct inbound_adapter inbound_ses = {
    .name = "ses",
    .open = ses_open,
    .close = ses_close,
    .take = ses_take,
    .fetched = ses_fetched,
};
