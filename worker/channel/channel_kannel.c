/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kannel's sendsms, and through it SMPP. A message goes as a POST of its text with everything else
 * in X-Kannel- headers, so that neither password nor text stands in a log of URLs; or as the GET
 * that other gateways imitate. docs/channels/kannel.md describes the settings.
 *
 * Several numbers of a campaign that get the same text may go in one request. They are gathered
 * until one comes that gets another text or is there already (Kannel sends to it once), or until
 * there are enough, or nothing follows. A request that is ready waits for a connection: how many
 * attempts are let in therefore depends on whether texts are alike at present.
 *
 * There is no id in an answer: receipts are matched by the token in dlr-url. It is the attempt's
 * own, or, of a request with several numbers, one of the request with Kannel's %p beside it.
 */
#include <sodium.h>
#include <stdio.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/sms_text.h"
#include "common/text.h"
#include "net/http_client.h"
#include "worker/channel/callback_url.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/http_link.h"
#include "worker/channel/kannel_answer.h"
#include "worker/channel/kannel_batch.h"
#include "worker/channel/kannel_form.h"

#define WHERE_MAX_BYTES 96
#define NUMBERS_MAX     1000
#define PRIORITY_NONE   UINT32_MAX

static const char *const methods[] = {
    [KANNEL_POST] = "post", [KANNEL_GET] = "get", [KANNEL_GET + 1] = NULL};

struct channel_kannel {
    struct channel channel;
    struct channel_context context;
    struct kannel_form form;
    char *provider;
    char *receipt_url; /* NULL: the attempt's public URL */
    bool has_receipts;
    struct buf receipt_secret;
    struct sms_rule sms_rule;
    struct buf plain; /* a text, transliterated */
    uint32_t numbers; /* in one request */
    uint32_t connections;
    bool is_traced;
    struct kannel_batch **sent; /* by connection, whose number is the request's tag */
    uint32_t *idle;             /* connections */
    uint32_t idle_count;
    struct kannel_batch *gathered; /* not full yet, or NULL */
    struct kannel_batches ready;   /* wait for a connection */
    struct kannel_batches shelf;
    bool is_alike; /* of late several numbers went in one request */
    bool is_closing;
    struct http_client *client;
};

/* --- settings --- */

struct kannel_settings {
    const char *url;
    unsigned method;
    const char *user;
    const char *password;
    const char *from;
    const char *smsc;
    uint32_t priority;
    uint32_t validity_ms;
    bool receipts;
    uint32_t dlr_mask;
    const char *receipt_url;
    const char *receipt_secret;
    const char *inbound_secret; /* the coordinator's */
    uint32_t numbers;
    bool transliterate;
    uint32_t max_parts;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct kannel_settings, member)

static const struct channel_key kannel_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("method", CHOICE, method), .choices = methods},
    {KEY("user", TEXT, user)},
    {KEY("password", TEXT, password)},
    {KEY("from", TEXT, from)},
    {KEY("smsc", TEXT, smsc)},
    {KEY("priority", COUNT, priority), .max = 3},
    {KEY("validity", DURATION, validity_ms), .min = 60000, .max = 7 * 86400 * 1000},
    {KEY("receipts", FLAG, receipts)},
    {KEY("dlr_mask", COUNT, dlr_mask), .min = 1, .max = 63},
    {KEY("receipt_url", TEXT, receipt_url)},
    {KEY("receipt_secret", TEXT, receipt_secret)},
    {KEY("inbound_secret", TEXT, inbound_secret)},
    {KEY("numbers", COUNT, numbers), .min = 1, .max = NUMBERS_MAX},
    {KEY("transliterate", FLAG, transliterate)},
    {KEY("max_parts", COUNT, max_parts), .min = 1, .max = 255},
    HTTP_LINK_KEYS(offsetof(struct kannel_settings, link)),
    HTTP_LINK_TRACE_KEY(offsetof(struct kannel_settings, link)),
};

static const struct kannel_settings kannel_defaults = {
    .priority = PRIORITY_NONE,
    .receipts = true,
    .dlr_mask = 19, /* delivered, not delivered, refused by the SMSC */
    .numbers = 1,
    .max_parts = SMS_RULE_MAX_PARTS,
    .link = {HTTP_LINK_DEFAULTS},
};

/* --- receipts --- */

/* As Kannel takes the URL for a pattern, a % of ours is written twice. */
static void put_base(struct buf *buf, struct slice base)
{
    for (size_t i = 0; i < base.len; i++) {
        buf_append(buf, "%%", base.data[i] == '%' ? 2 : 0);
        buf_append(buf, &base.data[i], base.data[i] == '%' ? 0 : 1);
    }
}

static void put_signature(const struct channel_kannel *kannel, const char token[TOKEN_CHARS],
                          struct buf *url)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, kannel->receipt_secret.data, kannel->receipt_secret.len);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)token, TOKEN_CHARS);
    crypto_auth_hmacsha256_final(&state, mac);
    buf_str(url, "&sig=");
    text_hex(url, slice_of(mac, sizeof(mac)));
}

static void put_dlr_url(const struct channel_kannel *kannel, struct kannel_batch *batch)
{
    struct buf *url = &batch->dlr_url;
    if (batch->base.len == 0) {
        return;
    }
    callback_url_put(url, buf_view(&batch->base), CALLBACK_RECEIPT, kannel->provider, batch->token);
    buf_str(url, batch->count > 1 ? "?d=%d&A=%A&to=%p" : "?d=%d&A=%A");
    if (kannel->receipt_secret.len > 0) {
        put_signature(kannel, batch->token, url);
    }
}

/* --- requests --- */

/* As many as there are connections for. */
static void send_ready(struct channel_kannel *kannel)
{
    while (kannel->idle_count > 0 && kannel->ready.first != NULL && !kannel->is_closing) {
        struct kannel_batch *batch = kannel_batches_take(&kannel->ready);
        uint32_t connection = kannel->idle[--kannel->idle_count];
        struct http_request *request = http_client_take(kannel->client);
        kannel->sent[connection] = batch;
        put_dlr_url(kannel, batch);
        kannel_form_fill(&kannel->form, batch, request);
        if (kannel->is_traced && batch->trace[0] != '\0') {
            http_request_header(request, batch->trace);
        }
        http_request_send(request, connection);
    }
}

/* --- answers --- */

static void tell(const struct channel_kannel *kannel, uint32_t attempt, enum outcome outcome,
                 uint16_t reason, uint32_t retry_after_ms)
{
    const struct attempt_result result = {
        .outcome = outcome, .reason = reason, .retry_after_ms = retry_after_ms};
    kannel->context.result(kannel->context.arg, attempt, &result);
}

/* A result may start other attempts, so that the batch stays out of all lists until all are told.
 */
static void kannel_on_answer(void *arg, const struct http_answer *answer)
{
    struct channel_kannel *kannel = arg;
    struct kannel_batch *batch = kannel->sent[answer->tag];
    struct kannel_answer read;
    kannel_answer_read(answer, batch->count > 1, &read);
    kannel->sent[answer->tag] = NULL;
    kannel->idle[kannel->idle_count++] = answer->tag;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct kannel_recipient *recipient = &batch->recipients[i];
        enum outcome outcome =
            kannel_answer_outcome(&read, slice_of(recipient->number, recipient->len));
        tell(kannel, recipient->attempt, outcome, read.reason, read.retry_after_ms);
    }
    kannel_batch_put_back(&kannel->shelf, batch);
    send_ready(kannel);
}

/* --- attempts --- */

static void kannel_flush(struct channel *channel)
{
    struct channel_kannel *kannel = (struct channel_kannel *)channel;
    if (kannel->gathered != NULL) {
        kannel->is_alike = kannel->is_alike || kannel->gathered->count > 1;
        kannel_batches_put(&kannel->ready, kannel->gathered);
        kannel->gathered = NULL;
    }
    send_ready(kannel);
}

static void gather(struct channel_kannel *kannel, const struct attempt *attempt, struct slice text,
                   bool is_ucs2)
{
    if (kannel->gathered != NULL && !kannel_batch_fits(kannel->gathered, attempt, text)) {
        kannel->is_alike = kannel->gathered->count > 1;
        kannel_flush(&kannel->channel);
    }
    if (kannel->gathered == NULL) {
        struct kannel_batch *batch = kannel_batch_take(&kannel->shelf);
        batch->is_ucs2 = is_ucs2;
        buf_slice(&batch->text, text);
        if (kannel->has_receipts) {
            put_base(&batch->base, kannel->receipt_url == NULL ? attempt->public_url
                                                               : slice_str(kannel->receipt_url));
        }
        kannel->gathered = batch;
    }
    kannel_batch_add(kannel->gathered, attempt);
    if (kannel->gathered->count == kannel->numbers) {
        kannel_flush(&kannel->channel);
    }
}

static void kannel_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_kannel *kannel = (struct channel_kannel *)channel;
    if (!kannel_number_is_valid(attempt->endpoint)) {
        tell(kannel, attempt->id, OUTCOME_REJECTED, REASON_NO_ENDPOINT, 0);
        return;
    }
    struct sms_size size;
    struct slice text = sms_text(attempt->text, &kannel->sms_rule, &kannel->plain, &size);
    if (sms_text_is_too_long(&size, &kannel->sms_rule)) {
        tell(kannel, attempt->id, OUTCOME_REJECTED, REASON_TOO_MANY_PARTS, 0);
        return;
    }
    gather(kannel, attempt, text, size.is_ucs2);
}

static uint32_t kannel_concurrency(const struct channel *channel)
{
    const struct channel_kannel *kannel = (const struct channel_kannel *)channel;
    return kannel->connections * (kannel->is_alike ? kannel->numbers : 1);
}

static uint32_t kannel_bulk(const struct channel *channel)
{
    return ((const struct channel_kannel *)channel)->numbers;
}

/* --- open and close --- */

static void kannel_free(struct channel_kannel *kannel)
{
    while (kannel->shelf.first != NULL) {
        kannel_batch_free(kannel_batches_take(&kannel->shelf));
    }
    kannel_form_release(&kannel->form);
    secret_release(&kannel->receipt_secret);
    buf_release(&kannel->plain);
    mem_free(kannel->provider);
    mem_free(kannel->receipt_url);
    mem_free(kannel->sent);
    mem_free(kannel->idle);
    mem_free(kannel);
}

static void kannel_close(struct channel *channel)
{
    struct channel_kannel *kannel = (struct channel_kannel *)channel;
    struct kannel_batch *batch;
    kannel->is_closing = true;
    kannel_flush(channel);
    while ((batch = kannel_batches_take(&kannel->ready)) != NULL) {
        for (uint32_t i = 0; i < batch->count; i++) {
            tell(kannel, batch->recipients[i].attempt, OUTCOME_DEFERRED, REASON_DRAINED, 0);
        }
        kannel_batch_put_back(&kannel->shelf, batch);
    }
    http_client_close(kannel->client);
    kannel_free(kannel);
}

static bool has_line_break(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum err kannel_check(const struct kannel_settings *read, const char *where,
                             struct problem *problem)
{
    if (read->url == NULL || read->user == NULL || read->password == NULL) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing", where,
                           read->url == NULL
                               ? "url, such as http://127.0.0.1:13013/cgi-bin/sendsms,"
                           : read->user == NULL ? "user (of Kannel's group sendsms-user)"
                                                : "password (of Kannel's group sendsms-user)");
    }
    const struct {
        const char *key;
        const char *text;
    } lines[] = {{"user", read->user}, {"from", read->from}, {"smsc", read->smsc}};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (has_line_break(lines[i].text)) {
            return problem_set(problem, ERR_INVALID, "%s: %s has a control character in it", where,
                               lines[i].key);
        }
    }
    enum err err = callback_url_check(read->url, where, "url", problem);
    if (err == ERR_OK) {
        err = callback_url_check(read->receipt_url, where, "receipt_url", problem);
    }
    return err == ERR_OK ? http_link_check(&read->link, where, problem) : err;
}

static enum err kannel_read_secrets(struct channel_kannel *kannel,
                                    const struct kannel_settings *read, struct buf *password,
                                    const char *where, struct problem *problem)
{
    enum err err = channel_settings_secret(read->password, where, "password", password, problem);
    if (err == ERR_OK) {
        err = channel_settings_secret(read->receipt_secret, where, "receipt_secret",
                                      &kannel->receipt_secret, problem);
    }
    if (err == ERR_OK && has_line_break(buf_cstr(password))) {
        err =
            problem_set(problem, ERR_INVALID, "%s: password has a control character in it", where);
    }
    return err;
}

static void kannel_open_form(struct kannel_form *form, const struct kannel_settings *read,
                             const char *password)
{
    kannel_form_init(form, (enum kannel_method)read->method, read->url, read->dlr_mask);
    kannel_form_add(form, "username", "Username", read->user);
    kannel_form_add(form, "password", "Password", password);
    kannel_form_add(form, "from", "From", read->from);
    kannel_form_add(form, "smsc", "SMSC", read->smsc);
    if (read->priority != PRIORITY_NONE) {
        kannel_form_add_number(form, "priority", "Priority", read->priority);
    }
    if (read->validity_ms > 0) {
        kannel_form_add_number(form, "validity", "Validity", (read->validity_ms + 59999) / 60000);
    }
}

static void kannel_open_client(struct channel_kannel *kannel, const struct kannel_settings *read)
{
    bool is_post = kannel->form.method == KANNEL_POST;
    struct http_client_settings settings = {
        .loop = kannel->context.loop,
        .tally = kannel->context.tally,
        .on_answer = kannel_on_answer,
        .arg = kannel,
        .method = is_post ? "POST" : "GET",
        .has_body = is_post,
        .url = is_post ? read->url : NULL,
        .headers = (const char *const *)kannel->form.headers,
    };
    http_link_put(&read->link, &settings);
    kannel->is_traced = read->link.traceparent;
    kannel->client = http_client_new(&settings);
    kannel->sent = mem_zalloc(read->link.connections, sizeof(*kannel->sent));
    kannel->idle = mem_zalloc(read->link.connections, sizeof(*kannel->idle));
    for (uint32_t i = 0; i < read->link.connections; i++) {
        kannel->idle[kannel->idle_count++] = read->link.connections - 1 - i;
    }
}

static enum err kannel_open(struct channel **out, const struct channel_context *context,
                            const struct wire_provider *provider, json_t *settings,
                            struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct kannel_settings read = kannel_defaults;
    struct channel_kannel *kannel = mem_zalloc(1, sizeof(*kannel));
    struct buf password = {0};
    enum err err = channel_settings_read(
        settings, where, kannel_keys, sizeof(kannel_keys) / sizeof(kannel_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = kannel_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        err = kannel_read_secrets(kannel, &read, &password, where, problem);
    }
    if (err != ERR_OK) {
        secret_release(&password);
        kannel_free(kannel);
        return err;
    }
    kannel->channel.adapter = &channel_kannel_adapter;
    kannel->context = *context;
    kannel->provider = mem_copy_str(provider->name);
    kannel->receipt_url = mem_copy_str(read.receipt_url);
    kannel->has_receipts = read.receipts;
    kannel->sms_rule = (struct sms_rule){read.transliterate, read.max_parts};
    kannel->numbers = read.numbers;
    kannel->is_alike = true;
    kannel->connections = read.link.connections;
    kannel_open_form(&kannel->form, &read, buf_cstr(&password));
    kannel_open_client(kannel, &read);
    secret_release(&password);
    *out = &kannel->channel;
    return ERR_OK;
}

const struct channel_adapter channel_kannel_adapter = {
    .name = "kannel",
    .open = kannel_open,
    .concurrency = kannel_concurrency,
    .start = kannel_start,
    .flush = kannel_flush,
    .bulk = kannel_bulk,
    .close = kannel_close,
};
