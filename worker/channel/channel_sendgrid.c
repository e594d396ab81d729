/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for Twilio SendGrid, POST /v3/mail/send: one message, and a personalization for each
 * recipient with his address, his delivery token as custom argument, his own link to unsubscribe,
 * and his values as substitutions. The settings are documented in docs/channels/sendgrid.md.
 *
 * Marks. SendGrid replaces any text that a substitution names, wherever it stands. So marks hold
 * eight random letters, drawn when the channel is opened: no literal and no value can contain one
 * but by chance, and what literals hold is looked at for every request.
 *
 * A refusal (400) concerns the whole request, and nobody was taken. Where it names recipients they
 * are rejected and the rest is sent again; where it names the sender nobody is to blame; where it
 * names nothing the request is halved until who is to blame is alone.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "worker/channel/attachments.h"
#include "worker/channel/bulk.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/http_link.h"
#include "worker/channel/mail_address.h"
#include "worker/channel/mime.h"
#include "worker/channel/sendgrid_errors.h"

#define WHERE_MAX_BYTES     96
#define SENDGRID_SIZE_MAX   1000  /* personalizations of a request */
#define SENDGRID_VALUES_MAX 10000 /* bytes of one recipient's substitutions */
#define SENDGRID_PATH       "/v3/mail/send"
/* In base64; a mail may have 30 MB. */
#define SENDGRID_ATTACHED_MAX_BYTES ((size_t)25 * 1024 * 1024)
#define RETRY_MAX_S                 3600

/* "-" 8 random letters, 2 for the slot, "-". */
#define MARK_RANDOM  8
#define MARK_CHARS   (1 + MARK_RANDOM + 2 + 1)
#define MARK_LETTERS 62
#define MARK_SLOTS   (MARK_LETTERS * MARK_LETTERS)

static const char mark_letters[MARK_LETTERS + 1] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct channel_sendgrid {
    struct channel channel;
    struct channel_context context;
    struct bulk *bulk;
    struct attachments *attachments;
    char *open; /* the request up to the subject: what is the same for every message */
    bool has_unsubscribe;
    char mark[MARK_CHARS + 1]; /* of slot 0 */
    struct buf address;        /* of the recipient being started */
    bool is_culprit[SENDGRID_SIZE_MAX];
};

struct sendgrid_settings {
    const char *url;
    const char *api_key;
    const char *events_key; /* this and the next are the coordinator's */
    uint32_t events_max_age_ms;
    const char *from;
    const char *from_name;
    const char *reply_to;
    const char *attachments;
    json_t *categories;
    const char *ip_pool;
    uint32_t unsubscribe_group;
    bool tracking;
    bool sandbox;
    bool list_unsubscribe;
    uint32_t bulk;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct sendgrid_settings, member)

static const struct channel_key sendgrid_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("api_key", TEXT, api_key)},
    {KEY("events_key", TEXT, events_key)},
    {KEY("events_max_age", DURATION, events_max_age_ms)},
    {KEY("from", TEXT, from)},
    {KEY("from_name", TEXT, from_name)},
    {KEY("reply_to", TEXT, reply_to)},
    {KEY("attachments", TEXT, attachments)},
    {KEY("categories", LIST, categories)},
    {KEY("ip_pool", TEXT, ip_pool)},
    {KEY("unsubscribe_group", COUNT, unsubscribe_group), .min = 1, .max = INT32_MAX},
    {KEY("tracking", FLAG, tracking)},
    {KEY("sandbox", FLAG, sandbox)},
    {KEY("list_unsubscribe", FLAG, list_unsubscribe)},
    {KEY("bulk", COUNT, bulk), .min = 1, .max = SENDGRID_SIZE_MAX},
    HTTP_LINK_KEYS(offsetof(struct sendgrid_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct sendgrid_settings, link)),
};

static const struct sendgrid_settings sendgrid_defaults = {
    .url = "https://api.sendgrid.com",
    .tracking = true,
    .list_unsubscribe = true,
    .bulk = SENDGRID_SIZE_MAX,
    .link = {.connections = 16,
             .connect_timeout_ms = 5000,
             .timeout_ms = 60000,
             .traceparent = true},
};

/* --- the request --- */

static void draw_mark(struct channel_sendgrid *sendgrid)
{
    char *mark = sendgrid->mark;
    mark[0] = '-';
    for (unsigned i = 1; i <= MARK_RANDOM; i++) {
        mark[i] = mark_letters[randombytes_uniform(MARK_LETTERS)];
    }
    mark[MARK_RANDOM + 1] = mark_letters[0];
    mark[MARK_RANDOM + 2] = mark_letters[0];
    mark[MARK_CHARS - 1] = '-';
}

static void write_mark(const struct channel_sendgrid *sendgrid, struct buf *body, uint32_t slot)
{
    uint8_t *to = buf_reserve(body, MARK_CHARS);
    memcpy(to, sendgrid->mark, MARK_CHARS);
    to[MARK_RANDOM + 1] = (uint8_t)mark_letters[slot / MARK_LETTERS];
    to[MARK_RANDOM + 2] = (uint8_t)mark_letters[slot % MARK_LETTERS];
    body->len += MARK_CHARS;
}

static bool part_has_mark(const struct channel_sendgrid *sendgrid, const struct merge_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const struct slice *literal = &part->pieces[i].literal;
        if (literal->len > MARK_RANDOM &&
            memmem(literal->data, literal->len, sendgrid->mark, MARK_RANDOM + 1) != NULL) {
            return true;
        }
    }
    return false;
}

static void write_part(const struct channel_sendgrid *sendgrid, struct buf *body,
                       const struct merge_part *part)
{
    if (part->count == 0) { /* SendGrid refuses what is empty */
        buf_str(body, " ");
    }
    for (size_t i = 0; i < part->count; i++) {
        text_json_escape(body, part->pieces[i].literal);
        if (part->pieces[i].slot != MERGE_NO_SLOT) {
            write_mark(sendgrid, body, part->pieces[i].slot);
        }
    }
}

/* A file as a member of `attachments`. */
static void encode_attachment(struct buf *part, const char *name, struct slice bytes)
{
    buf_printf(part, "{\"type\":\"%s\",\"disposition\":\"attachment\",\"filename\":\"",
               mime_type_of(name));
    text_json_escape(part, slice_str(name));
    buf_str(part, "\",\"content\":\"");
    mime_base64(part, bytes);
    buf_str(part, "\"}");
}

static void write_attachments(const struct channel_sendgrid *sendgrid,
                              const struct attempt *attempt, struct buf *body)
{
    for (unsigned i = 0; i < attempt->attachment_count; i++) {
        struct slice part;
        enum err err = attachments_part(sendgrid->attachments, attempt->attachments[i], &part);
        assert(err == ERR_OK); /* it was looked for before */
        buf_str(body, i == 0 ? "\"attachments\":[" : ",");
        buf_slice(body, part);
    }
    buf_str(body, attempt->attachment_count > 0 ? "]," : "");
}

static void write_head(void *arg, const struct attempt *attempt, struct buf *body)
{
    struct channel_sendgrid *sendgrid = arg;
    const struct merge *merge = attempt->merge;
    while (part_has_mark(sendgrid, &merge->subject) || part_has_mark(sendgrid, &merge->text) ||
           part_has_mark(sendgrid, &merge->html)) {
        bulk_flush(sendgrid->bulk); /* what was begun with this mark is full with it */
        draw_mark(sendgrid);
    }
    buf_str(body, sendgrid->open);
    write_attachments(sendgrid, attempt, body);
    buf_str(body, "\"subject\":\"");
    write_part(sendgrid, body, &merge->subject);
    buf_str(body, "\",\"content\":[");
    if (merge->text.count > 0 || merge->html.count == 0) {
        buf_str(body, "{\"type\":\"text/plain\",\"value\":\"");
        write_part(sendgrid, body, &merge->text);
        buf_str(body, "\"}");
    }
    if (merge->html.count > 0) {
        buf_str(body, merge->text.count > 0 ? ",{\"type\":\"text/html\",\"value\":\""
                                            : "{\"type\":\"text/html\",\"value\":\"");
        write_part(sendgrid, body, &merge->html);
        buf_str(body, "\"}");
    }
    buf_str(body, "],\"personalizations\":[");
}

/* The recipient's own link, if his campaign has links (RFC 2369); one click is for https alone (RFC
 * 8058 section 3.1). */
static void write_unsubscribe(const struct attempt *attempt, struct buf *body)
{
    static const char secure[] = "https://";
    struct slice url;
    if (!attempt->variable(attempt, slice_str("unsubscribe_url"), &url)) {
        return;
    }
    buf_str(body, ",\"headers\":{\"List-Unsubscribe\":\"<");
    text_json_escape(body, url);
    buf_str(body, ">\"");
    if (url.len > sizeof(secure) && memcmp(url.data, secure, sizeof(secure) - 1) == 0) {
        buf_str(body, ",\"List-Unsubscribe-Post\":\"List-Unsubscribe=One-Click\"");
    }
    buf_str(body, "}");
}

static void write_entry(void *arg, const struct attempt *attempt, struct buf *body)
{
    const struct channel_sendgrid *sendgrid = arg;
    buf_str(body, "{\"to\":[{\"email\":\"");
    text_json_escape(body, attempt->endpoint);
    buf_str(body, "\"}],\"custom_args\":{\"tocsin\":\"");
    buf_append(body, attempt->token, TOKEN_CHARS);
    buf_str(body, "\"}");
    if (sendgrid->has_unsubscribe) {
        write_unsubscribe(attempt, body);
    }
    for (uint32_t slot = 0; slot < attempt->merge->slot_count; slot++) {
        buf_str(body, slot == 0 ? ",\"substitutions\":{\"" : "\",\"");
        write_mark(sendgrid, body, slot);
        buf_str(body, "\":\"");
        text_json_escape(body, attempt->values[slot]);
    }
    buf_str(body, attempt->merge->slot_count > 0 ? "\"}}" : "}");
}

/* --- the answer --- */

static const struct {
    uint16_t from;
    uint16_t to;
    enum outcome outcome;
} statuses[] = {
    {200, 299, OUTCOME_ACCEPTED},      {300, 399, OUTCOME_MISCONFIGURED},
    {401, 401, OUTCOME_MISCONFIGURED}, {403, 407, OUTCOME_MISCONFIGURED},
    {408, 408, OUTCOME_DEFERRED},      {415, 415, OUTCOME_MISCONFIGURED},
    {429, 429, OUTCOME_THROTTLED},     {400, 499, OUTCOME_REJECTED},
    {502, 502, OUTCOME_UNCERTAIN},     {504, 504, OUTCOME_UNCERTAIN},
    {500, 599, OUTCOME_DEFERRED},
};

static enum outcome outcome_of(uint16_t status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (status >= statuses[i].from && status <= statuses[i].to) {
            return statuses[i].outcome;
        }
    }
    return OUTCOME_UNCERTAIN;
}

/* X-RateLimit-Reset is a unix time in seconds. */
static uint32_t retry_after_ms(const struct http_answer *answer)
{
    const char *reset = http_client_header(answer, "X-RateLimit-Reset");
    uint64_t at_s = 0;
    uint64_t now_s = clock_unix_ms() / 1000;
    if (answer->retry_after_ms > 0 || reset == NULL ||
        !text_number(slice_str(reset), now_s + 1, now_s + RETRY_MAX_S, &at_s)) {
        return answer->retry_after_ms;
    }
    return (uint32_t)(at_s - now_s) * 1000;
}

static void tell_all(struct bulk_parcel *parcel, enum outcome outcome, uint16_t reason)
{
    const struct attempt_result result = {.outcome = outcome, .reason = reason};
    bulk_tell_rest(parcel, &result);
}

static void reject_culprits(const struct channel_sendgrid *sendgrid, struct bulk_parcel *parcel,
                            uint16_t reason)
{
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = reason};
    for (uint32_t i = 0; i < bulk_count(parcel); i++) {
        if (sendgrid->is_culprit[i]) {
            bulk_tell(parcel, i, &result);
        }
    }
    if (bulk_rest(parcel) > 0) {
        bulk_send_again(parcel);
    }
}

/* Nobody was taken. */
static void on_refused(struct channel_sendgrid *sendgrid, struct bulk_parcel *parcel,
                       const struct http_answer *answer)
{
    uint16_t status = answer->status;
    switch (sendgrid_errors_read(answer->body, bulk_count(parcel), sendgrid->is_culprit)) {
    case SENDGRID_FAULT_SENDER:
        tell_all(parcel, OUTCOME_MISCONFIGURED, status);
        break;
    case SENDGRID_FAULT_MESSAGE:
        tell_all(parcel, OUTCOME_REJECTED, status);
        break;
    case SENDGRID_FAULT_RECIPIENTS:
        reject_culprits(sendgrid, parcel, status);
        break;
    case SENDGRID_FAULT_UNKNOWN:
        if (bulk_count(parcel) > 1) {
            bulk_split(parcel);
        } else {
            tell_all(parcel, OUTCOME_REJECTED, status == 413 ? REASON_MESSAGE_TOO_LARGE : status);
        }
        break;
    }
}

static void on_answer(void *arg, struct bulk_parcel *parcel, const struct http_answer *answer)
{
    struct channel_sendgrid *sendgrid = arg;
    if (answer->status == 0) {
        tell_all(parcel, answer->outcome, (uint16_t)answer->reason);
        return;
    }
    struct attempt_result result = {.outcome = outcome_of(answer->status),
                                    .reason = answer->status};
    if (result.outcome == OUTCOME_REJECTED) {
        on_refused(sendgrid, parcel, answer);
        return;
    }
    if (result.outcome == OUTCOME_ACCEPTED) {
        const char *id = http_client_header(answer, "X-Message-Id");
        result.ref = id == NULL ? slice_of(NULL, 0) : slice_str(id);
    } else if (result.outcome == OUTCOME_THROTTLED) {
        result.retry_after_ms = retry_after_ms(answer);
    }
    bulk_tell_rest(parcel, &result);
}

/* --- the channel --- */

static void reject(const struct channel_sendgrid *sendgrid, const struct attempt *attempt,
                   enum reason reason)
{
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    sendgrid->context.result(sendgrid->context.arg, attempt->id, &result);
}

/* What becomes of an attempt whose files cannot be sent; OUTCOMES if they can. Another worker may
 * have a file. */
static struct attempt_result look_for_attachments(const struct channel_sendgrid *sendgrid,
                                                  const struct attempt *attempt)
{
    enum err err = ERR_OK;
    size_t bytes = 0;
    for (unsigned i = 0; err == ERR_OK && i < attempt->attachment_count; i++) {
        struct slice part = slice_of(NULL, 0);
        err = attachments_part(sendgrid->attachments, attempt->attachments[i], &part);
        bytes += part.len;
    }
    if (err == ERR_LIMIT || bytes > SENDGRID_ATTACHED_MAX_BYTES) {
        return (struct attempt_result){.outcome = OUTCOME_REJECTED,
                                       .reason = REASON_MESSAGE_TOO_LARGE};
    }
    return (struct attempt_result){.outcome = err == ERR_OK ? OUTCOMES : OUTCOME_DEFERRED,
                                   .reason = REASON_ATTACHMENT_MISSING};
}

static bool values_are_too_large(const struct attempt *attempt)
{
    size_t bytes = 0;
    for (uint32_t slot = 0; slot < attempt->merge->slot_count; slot++) {
        bytes += MARK_CHARS + attempt->values[slot].len;
    }
    return bytes > SENDGRID_VALUES_MAX || attempt->merge->slot_count > MARK_SLOTS;
}

static void sendgrid_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_sendgrid *sendgrid = (struct channel_sendgrid *)channel;
    struct attempt written = *attempt;
    bool needs_utf8 = false;
    const struct attempt_result unattached = look_for_attachments(sendgrid, attempt);
    buf_clear(&sendgrid->address);
    if (!mail_address_write(&sendgrid->address, attempt->endpoint, &needs_utf8)) {
        reject(sendgrid, attempt, REASON_NO_ENDPOINT);
    } else if (needs_utf8) {
        reject(sendgrid, attempt, REASON_ADDRESS_NOT_ASCII);
    } else if (values_are_too_large(attempt)) {
        reject(sendgrid, attempt, REASON_MESSAGE_TOO_LARGE);
    } else if (unattached.outcome != OUTCOMES) {
        sendgrid->context.result(sendgrid->context.arg, attempt->id, &unattached);
    } else {
        written.endpoint = buf_view(&sendgrid->address);
        bulk_add(sendgrid->bulk, &written);
    }
}

static void sendgrid_flush(struct channel *channel)
{
    bulk_flush(((struct channel_sendgrid *)channel)->bulk);
}

static bool sendgrid_has_room(const struct channel *channel, const struct merge *merge,
                              struct slice endpoint)
{
    return bulk_has_room(((const struct channel_sendgrid *)channel)->bulk, merge, endpoint);
}

static uint32_t sendgrid_concurrency(const struct channel *channel)
{
    return bulk_concurrency(((const struct channel_sendgrid *)channel)->bulk);
}

static uint32_t sendgrid_bulk(const struct channel *channel)
{
    return bulk_size(((const struct channel_sendgrid *)channel)->bulk);
}

static void sendgrid_free(struct channel_sendgrid *sendgrid)
{
    free(sendgrid->open);
    buf_release(&sendgrid->address);
    attachments_free(sendgrid->attachments);
    mem_free(sendgrid);
}

static void sendgrid_close(struct channel *channel)
{
    struct channel_sendgrid *sendgrid = (struct channel_sendgrid *)channel;
    bulk_close(sendgrid->bulk);
    sendgrid_free(sendgrid);
}

static enum err sendgrid_check(const struct sendgrid_settings *read, const char *where,
                               struct problem *problem)
{
    if (read->api_key == NULL || read->from == NULL) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing", where,
                           read->from == NULL ? "from" : "api_key");
    }
    if (!http_client_url_is_valid(read->url)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: url must be one such as https://api.sendgrid.com, not \"%.80s\"",
                           where, read->url);
    }
    for (size_t i = 0; i < json_array_size(read->categories); i++) {
        if (!json_is_string(json_array_get(read->categories, i))) {
            return problem_set(problem, ERR_INVALID, "%s: categories must be a list of words",
                               where);
        }
    }
    enum err err = mail_address_check(read->from, where, "from", problem);
    if (err == ERR_OK && read->reply_to != NULL) {
        err = mail_address_check(read->reply_to, where, "reply_to", problem);
    }
    return err == ERR_OK ? http_link_check(&read->link, where, problem) : err;
}

/* {..., and not yet closed. */
static char *make_open(const struct sendgrid_settings *read)
{
    json_t *open = json_pack("{s:{s:s, s:s*}, s:{s:s*}, s:O*, s:s*}", "from", "email", read->from,
                             "name", read->from_name, "reply_to", "email", read->reply_to,
                             "categories", read->categories, "ip_pool_name", read->ip_pool);
    if (read->reply_to == NULL) {
        json_object_del(open, "reply_to");
    }
    if (read->unsubscribe_group > 0) {
        json_object_set_new(open, "asm",
                            json_pack("{s:I}", "group_id", (json_int_t)read->unsubscribe_group));
    }
    if (!read->tracking) {
        json_object_set_new(open, "tracking_settings",
                            json_pack("{s:{s:b, s:b}, s:{s:b}}", "click_tracking", "enable", 0,
                                      "enable_text", 0, "open_tracking", "enable", 0));
    }
    if (read->sandbox) {
        json_object_set_new(open, "mail_settings",
                            json_pack("{s:{s:b}}", "sandbox_mode", "enable", 1));
    }
    char *text = json_dumps(open, JSON_COMPACT);
    json_decref(open);
    text[strlen(text) - 1] = ','; /* in place of the brace */
    return text;
}

static enum err sendgrid_open_bulk(struct channel_sendgrid *sendgrid,
                                   const struct sendgrid_settings *read, const char *where,
                                   struct problem *problem)
{
    struct buf authorization = {0};
    struct buf url = {0};
    buf_str(&authorization, "Authorization: Bearer ");
    enum err err =
        channel_settings_secret(read->api_key, where, "api_key", &authorization, problem);
    if (err == ERR_OK) {
        size_t len = strlen(read->url);
        buf_append(&url, read->url, read->url[len - 1] == '/' ? len - 1 : len);
        buf_str(&url, SENDGRID_PATH);
        const char *const headers[] = {buf_cstr(&authorization), "Content-Type: application/json",
                                       NULL};
        struct bulk_settings settings = {
            .http = {.loop = sendgrid->context.loop,
                     .tally = sendgrid->context.tally,
                     .method = "POST",
                     .has_body = true,
                     .url = buf_cstr(&url),
                     .headers = headers},
            .size = read->bulk,
            .is_distinct = true,
            .write_head = write_head,
            .write_entry = write_entry,
            .tail = "]}",
            .is_traced = read->link.traceparent,
            .on_answer = on_answer,
            .arg = sendgrid,
            .context = sendgrid->context,
        };
        http_link_put(&read->link, &settings.http);
        sendgrid->bulk = bulk_new(&settings);
    }
    secret_release(&authorization);
    buf_release(&url);
    return err;
}

static enum err sendgrid_open(struct channel **out, const struct channel_context *context,
                              const struct wire_provider *provider, json_t *settings,
                              struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct sendgrid_settings read = sendgrid_defaults;
    struct channel_sendgrid *sendgrid = mem_zalloc(1, sizeof(*sendgrid));
    sendgrid->channel.adapter = &channel_sendgrid_adapter;
    sendgrid->context = *context;
    enum err err =
        channel_settings_read(settings, where, sendgrid_keys,
                              sizeof(sendgrid_keys) / sizeof(sendgrid_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = sendgrid_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        sendgrid->open = make_open(&read);
        sendgrid->attachments = attachments_new(read.attachments, encode_attachment);
        sendgrid->has_unsubscribe = read.list_unsubscribe;
        draw_mark(sendgrid);
        err = sendgrid_open_bulk(sendgrid, &read, where, problem);
    }
    if (err != ERR_OK) {
        sendgrid_free(sendgrid);
        return err;
    }
    *out = &sendgrid->channel;
    return ERR_OK;
}

const struct channel_adapter channel_sendgrid_adapter = {
    .name = "sendgrid",
    .open = sendgrid_open,
    .concurrency = sendgrid_concurrency,
    .start = sendgrid_start,
    .takes_attachments = true,
    .flush = sendgrid_flush,
    .bulk = sendgrid_bulk,
    .is_merged = true,
    .has_room = sendgrid_has_room,
    .close = sendgrid_close,
};
