/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twilio's callbacks: the status of a message or call at /r/{provider}/{token}, the key that was
 * pressed during a call at /v/{provider}/{token}, messages of people at /i/{provider}.
 *
 * X-Twilio-Signature is base64 of HMAC-SHA1, under the account's auth token, over the URL as it was
 * registered and, of a form, each parameter's name and value, sorted by name. A JSON body is not in
 * it: its SHA-256 is the query's bodySHA256, and that is in the URL. Twilio may sign the URL with
 * or without the standard port, so both are tried. The signature has no time in it: what is
 * replayed reports what was reported, and changes nothing.
 *
 * Callbacks overtake each other: states are ranked by the engine, none is taken back.
 *
 * Settings: auth_token (a reference; the one that signs, also if an API key sends), thanks (what is
 * said after the key was pressed), language (of that).
 *
 * Sources: Twilio's documentation, "Webhooks Security", "Outbound message status in status
 * callbacks", "Voice status callbacks", "Gather".
 */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"
#include "coordinator/inbound/signature.h"

#define JSON_TYPE "application/json"
#define XML_TYPE  "text/xml; charset=utf-8"
#define THANKS    "Thank you. Goodbye."
#define LANGUAGE  "en-US"

struct twilio {
    struct buf auth_token;
    char *thanks;
    char *language;
};

static void twilio_close(void *self)
{
    struct twilio *twilio = self;
    if (twilio != NULL) {
        secret_release(&twilio->auth_token);
        mem_free(twilio->thanks);
        mem_free(twilio->language);
        mem_free(twilio);
    }
}

static enum err read_words(struct twilio *twilio, const json_t *settings, struct problem *problem)
{
    const char *thanks;
    const char *language;
    enum err err = inbound_read_text(settings, "thanks", &thanks, problem);
    if (err == ERR_OK) {
        err = inbound_read_text(settings, "language", &language, problem);
    }
    if (err == ERR_OK) {
        twilio->thanks = mem_copy_str(thanks == NULL ? THANKS : thanks);
        twilio->language = mem_copy_str(language == NULL ? LANGUAGE : language);
    }
    return err;
}

static enum err twilio_open(void **out, const json_t *settings, struct problem *problem)
{
    struct twilio *twilio = mem_zalloc(1, sizeof(*twilio));
    enum err err = inbound_read_secret(settings, "auth_token", &twilio->auth_token, problem);
    if (err == ERR_OK) {
        err = read_words(twilio, settings, problem);
    }
    if (err != ERR_OK) {
        twilio_close(twilio);
        twilio = NULL;
    }
    *out = twilio;
    return err;
}

/* ---- the signature ---- */

static int compare_slices(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct form_pair *left = a;
    const struct form_pair *right = b;
    int order = compare_slices(left->name, right->name);
    return order != 0 ? order : compare_slices(left->value, right->value);
}

/* Sorts them; what came twice is signed once. */
static unsigned signed_parts(struct form *body, struct slice *parts)
{
    unsigned count = 0;
    qsort(body->pairs, body->count, sizeof(body->pairs[0]), compare_pairs);
    for (unsigned i = 0; i < body->count; i++) {
        if (i > 0 && compare_pairs(&body->pairs[i - 1], &body->pairs[i]) == 0) {
            continue;
        }
        parts[count++] = body->pairs[i].name;
        parts[count++] = body->pairs[i].value;
    }
    return count;
}

/* The same URL with the standard port where it has none, or without it; NULL if it has another. */
static const char *other_url(const char *url, struct arena *arena)
{
    bool is_tls = strncmp(url, "https://", 8) == 0;
    const char *port = is_tls ? ":443" : ":80";
    const char *host = strstr(url, "://");
    if (host == NULL) {
        return NULL;
    }
    host += 3;
    size_t len = strcspn(host, "/?");
    const char *colon = memrchr(host, ':', len);
    int head = (int)(host - url);
    if (colon == NULL || memchr(colon, ']', len - (size_t)(colon - host)) != NULL) {
        return arena_printf(arena, "%.*s%s%s", head + (int)len, url, port, host + len);
    }
    if (len - (size_t)(colon - host) == strlen(port) && strncmp(colon, port, strlen(port)) == 0) {
        return arena_printf(arena, "%.*s%s", (int)(colon - url), url, host + len);
    }
    return NULL;
}

static bool is_signed_for(const struct twilio *twilio, const char *url, struct slice *parts,
                          unsigned count, struct slice signature)
{
    uint8_t mac[SIGNATURE_HASH_MAX];
    if (url == NULL) {
        return false;
    }
    parts[0] = slice_str(url);
    size_t len =
        signature_hmac(SIGNATURE_SHA1, buf_view(&twilio->auth_token), parts, 1 + count, mac);
    return signature_is_base64(signature, slice_of(mac, len));
}

static bool is_body_signed(const struct inbound_request *request, const struct form *query)
{
    uint8_t digest[SIGNATURE_HASH_MAX];
    size_t len = signature_digest(SIGNATURE_SHA256, request->body, digest);
    return signature_is_hex(form_get(query, "bodySHA256"), slice_of(digest, len));
}

/* Query and body are signed each in its own way, so they are read apart. */
static bool is_authentic(const struct twilio *twilio, const struct inbound_request *request,
                         const struct form *query, struct form *body)
{
    struct slice *parts = arena_alloc(request->arena, (1 + 2 * FORM_PAIRS_MAX) * sizeof(*parts));
    struct slice signature = slice_str(inbound_header(request, "X-Twilio-Signature"));
    unsigned count = signed_parts(body, parts + 1);
    bool is_form = body->count > 0 || request->body.len == 0;
    return signature.len > 0 && (is_form || is_body_signed(request, query)) &&
           (is_signed_for(twilio, request->url, parts, count, signature) ||
            is_signed_for(twilio, other_url(request->url, request->arena), parts, count,
                          signature));
}

/* ---- states ---- */

struct status {
    const char *word;
    uint8_t kind; /* enum receipt_kind */
    uint16_t reason;
};
static const struct status message_statuses[] = {
    {"accepted", RECEIPT_ACCEPTED, 0},
    {"scheduled", RECEIPT_ACCEPTED, 0},
    {"queued", RECEIPT_ACCEPTED, 0},
    {"sending", RECEIPT_ACCEPTED, 0},
    {"sent", RECEIPT_ACCEPTED, 0},
    {"partially_delivered", RECEIPT_ACCEPTED, 0},
    {"delivered", RECEIPT_DELIVERED, 0},
    {"read", RECEIPT_DELIVERED, 0},
    {"undelivered", RECEIPT_FAILED, REASON_UNREACHABLE},
    {"failed", RECEIPT_FAILED, REASON_REFUSED_THERE},
    {"canceled", RECEIPT_FAILED, REASON_REFUSED_THERE},
    {NULL, 0, 0},
};
static const struct status call_statuses[] = {
    {"queued", RECEIPT_ACCEPTED, 0},
    {"initiated", RECEIPT_ACCEPTED, 0},
    {"ringing", RECEIPT_ACCEPTED, 0},
    {"in-progress", RECEIPT_ACCEPTED, 0},
    {"answered", RECEIPT_ACCEPTED, 0},
    {"completed", RECEIPT_DELIVERED, 0},
    {"busy", RECEIPT_FAILED, REASON_BUSY},
    {"no-answer", RECEIPT_FAILED, REASON_NO_ANSWER},
    {"failed", RECEIPT_FAILED, REASON_UNREACHABLE},
    {"canceled", RECEIPT_FAILED, REASON_REFUSED_THERE},
    {NULL, 0, 0},
};

/* ErrorCode of a message, and SipResponseCode of a call. */
static const struct {
    uint16_t code;
    uint16_t reason;
} codes[] = {
    {404, REASON_ADDRESS_UNKNOWN},   {410, REASON_ADDRESS_UNKNOWN},
    {484, REASON_ADDRESS_UNKNOWN},   {604, REASON_ADDRESS_UNKNOWN},
    {21211, REASON_ADDRESS_UNKNOWN}, {21217, REASON_ADDRESS_UNKNOWN},
    {21610, REASON_OPTED_OUT_THERE}, {21614, REASON_ADDRESS_UNFIT},
    {21635, REASON_ADDRESS_UNFIT},   {30001, REASON_EXPIRED_THERE},
    {30003, REASON_UNREACHABLE},     {30004, REASON_REFUSED_THERE},
    {30005, REASON_ADDRESS_UNKNOWN}, {30006, REASON_ADDRESS_UNFIT},
    {30007, REASON_FILTERED},        {30008, REASON_UNREACHABLE},
    {30036, REASON_EXPIRED_THERE},
};

static uint16_t reason_of_code(struct slice text, uint16_t otherwise)
{
    uint64_t code;
    if (!text_number(text, 1, UINT16_MAX, &code)) {
        return otherwise;
    }
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code) {
            return codes[i].reason;
        }
    }
    return otherwise;
}

static const struct status *status_of(const struct status *table, struct slice word)
{
    for (; table->word != NULL; table++) {
        if (slice_is(word, table->word)) {
            return table;
        }
    }
    return NULL;
}

/* Nobody was spoken to. */
static bool is_machine(const struct form *body)
{
    struct slice by = form_get(body, "AnsweredBy");
    return slice_is(by, "fax") || (by.len >= 7 && memcmp(by.data, "machine", 7) == 0);
}

static void take_status(const struct inbound_request *request, const struct form *body,
                        struct inbound_result *result)
{
    bool is_call = form_has(body, "CallStatus");
    struct slice word = form_get(body, is_call                           ? "CallStatus"
                                       : form_has(body, "MessageStatus") ? "MessageStatus"
                                                                         : "SmsStatus");
    const struct status *status = status_of(is_call ? call_statuses : message_statuses, word);
    if (word.len == 0) {
        inbound_end(result, INBOUND_REFUSED, "neither MessageStatus nor CallStatus is given");
        return;
    }
    if (status == NULL) { /* of a later version: it must not be sent again and again */
        result->unknown++;
        return;
    }
    enum receipt_kind kind = (enum receipt_kind)status->kind;
    uint16_t reason = status->reason;
    if (kind == RECEIPT_FAILED) {
        reason = reason_of_code(form_get(body, is_call ? "SipResponseCode" : "ErrorCode"), reason);
    } else if (is_call && kind == RECEIPT_DELIVERED && is_machine(body)) {
        kind = RECEIPT_FAILED;
        reason = REASON_ANSWERED_BY_MACHINE;
    }
    inbound_emit_receipt(result, request->token, kind, reason);
    if (reason == REASON_OPTED_OUT_THERE) {
        (void)inbound_emit(
            result, &(struct inbound_event){.kind = INBOUND_OPT_OUT, .token = request->token});
    }
}

/* ---- keys and messages ---- */

static struct slice spoken_thanks(const struct twilio *twilio, struct arena *arena)
{
    struct buf xml = {0};
    buf_str(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"");
    text_markup(&xml, slice_str(twilio->language));
    buf_str(&xml, "\">");
    text_markup(&xml, slice_str(twilio->thanks));
    buf_str(&xml, "</Say><Hangup/></Response>");
    struct slice copy = slice_str(arena_str(arena, buf_view(&xml)));
    buf_release(&xml);
    return copy;
}

static void take_key(const struct twilio *twilio, const struct inbound_request *request,
                     const struct form *body, struct inbound_result *result)
{
    result->type = XML_TYPE;
    result->body = slice_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                             "<Response><Hangup/></Response>");
    if (slice_is(form_get(body, "Digits"), "1")) {
        result->body = spoken_thanks(twilio, request->arena);
        (void)inbound_emit(result, &(struct inbound_event){.kind = INBOUND_ACKNOWLEDGEMENT,
                                                           .token = request->token});
    }
}

/* Only with Advanced Opt-Out, which has keywords of its own. */
static enum inbound_hint hint_of(struct slice type)
{
    return slice_is(type, "STOP")    ? INBOUND_HINT_STOP
           : slice_is(type, "START") ? INBOUND_HINT_START
           : slice_is(type, "HELP")  ? INBOUND_HINT_HELP
                                     : INBOUND_HINT_NONE;
}

static void take_message(const struct inbound_request *request, const struct form *body,
                         struct inbound_result *result)
{
    struct arena *arena = request->arena;
    result->type = XML_TYPE;
    result->body = slice_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>");
    if (form_get(body, "From").len == 0 || !form_has(body, "Body")) {
        inbound_end(result, INBOUND_REFUSED, "From and Body are expected");
        return;
    }
    const struct inbound_event event = {
        .kind = INBOUND_REPLY,
        .reply = {.channel = CHANNEL_SMS,
                  .from = form_text(form_get(body, "From"), 64, arena),
                  .to = form_text(form_get(body, "To"), 64, arena),
                  .text = form_text(form_get(body, "Body"), INBOUND_TEXT_MAX, arena),
                  .ref = form_text(form_get(body, "MessageSid"), 128, arena),
                  .hint = hint_of(form_get(body, "OptOutType")),
                  .at_ms = request->now_ms}};
    (void)inbound_emit(result, &event);
}

/* ---- the adapter ---- */

static bool can_check(const struct twilio *twilio, const struct inbound_request *request,
                      struct inbound_result *result)
{
    if (twilio->auth_token.len == 0) {
        inbound_end(result, INBOUND_NOT_HERE,
                    "nothing is taken before the provider's settings have \"auth_token\"");
        return false;
    }
    if (request->url == NULL) {
        inbound_end(result, INBOUND_CLOSED,
                    "signatures cannot be checked: the coordinator's settings have no public_url");
        return false;
    }
    return true;
}

static void twilio_take(void *self, const struct inbound_request *request,
                        struct inbound_result *result)
{
    const struct twilio *twilio = self;
    struct form *query = arena_alloc(request->arena, sizeof(*query));
    struct form *body = arena_alloc(request->arena, sizeof(*body));
    query->count = 0;
    body->count = 0;
    if (!can_check(twilio, request, result)) {
        return;
    }
    bool is_form = inbound_is_post(request) && !form_is_type(request->media_type, JSON_TYPE);
    if (!form_add(query, request->query, request->arena) ||
        (is_form && !form_add(body, request->body, request->arena))) {
        inbound_end(result, INBOUND_REFUSED, "more than %d parameters", FORM_PAIRS_MAX);
        return;
    }
    if (!is_authentic(twilio, request, query, body)) {
        inbound_end(result, INBOUND_FORGED,
                    "X-Twilio-Signature is missing or wrong: it must be made with auth_token over "
                    "the URL that begins with public_url, and the parameters");
        return;
    }
    const struct form *given = inbound_is_post(request) ? body : query;
    switch (request->way) {
    case INBOUND_WAY_RECEIPT:
        take_status(request, given, result);
        return;
    case INBOUND_WAY_VOICE:
        take_key(twilio, request, given, result);
        return;
    case INBOUND_WAY_MESSAGE:
        take_message(request, given, result);
        return;
    case INBOUND_WAY_EVENTS:
        break;
    }
    inbound_end(result, INBOUND_NOT_HERE,
                "Twilio reports at /r/{provider}/{token}: the path needs a token");
}

const struct inbound_adapter inbound_twilio = {
    .name = "twilio",
    .open = twilio_open,
    .close = twilio_close,
    .take = twilio_take,
};
const struct inbound_adapter inbound_twilio_voice = {
    .name = "twilio_voice",
    .open = twilio_open,
    .close = twilio_close,
    .take = twilio_take,
};
