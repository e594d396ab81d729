/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for a mail relay: one mail for each recipient (mime), one transaction each over kept
 * connections (smtp_client). The settings are documented in docs/channels/smtp.md.
 *
 * Message-ID is made of what stays the same over retries (campaign, ordinal, step) and of the
 * address, so that a mail that arrives twice can be known as one, and two clusters do not give the
 * same.
 *
 * Where bounces and answers go are templates, so that they can carry the delivery token: it says
 * whose bounce it is and that we wrote to him (a return path of its own for each mail, known as
 * VERP), whatever the mail's own text says.
 */
#include <stdio.h>
#include <strings.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/mem.h"
#include "common/secret.h"
#include "worker/channel/attachments.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_fields.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/mail_address.h"
#include "worker/channel/mime.h"
#include "worker/channel/smtp_client.h"

#define WHERE_MAX_BYTES 128

#define MAIL_MAX_BYTES     ((size_t)25 * 1024 * 1024) /* of attachments, in base64 */
#define UNSUBSCRIBE_HEADER "List-Unsubscribe"

struct smtp_header {
    char *name;
    struct template *value;
};

struct channel_smtp {
    struct channel channel;
    struct channel_context context;
    uint32_t connections;
    struct buf sender; /* From as it stands in every mail */
    char *domain;      /* of Message-ID */
    struct template *envelope_from;
    struct template *reply_to; /* NULL: none */
    bool has_unsubscribe;
    struct attachments *attachments;
    struct channel_fields *fields;
    struct smtp_header *headers;
    size_t header_count;
    struct smtp_client *client;
    struct buf scratch;
    struct buf from; /* the envelope's, of the mail that is being written */
    struct buf to;
};

struct smtp_settings {
    const char *host;
    uint32_t port;
    unsigned starttls;
    bool implicit_tls;
    const char *user;
    const char *password;
    const char *helo;
    const char *from;
    const char *from_name;
    const char *reply_to;
    const char *envelope_from;
    bool list_unsubscribe;
    const char *attachments;
    json_t *headers;
    json_t *secrets;
    uint32_t connections;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    const char *ca_file;
    bool insecure_tls;
};

/* In the order of enum smtp_security. */
static const char *const starttls_words[] = {"off", "opportunistic", "required", NULL};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct smtp_settings, member)

static const struct channel_key smtp_keys[] = {
    {KEY("host", TEXT, host)},
    {KEY("port", COUNT, port), .min = 1, .max = 65535},
    {KEY("starttls", CHOICE, starttls), .choices = starttls_words},
    {KEY("implicit_tls", FLAG, implicit_tls)},
    {KEY("user", TEXT, user)},
    {KEY("password", TEXT, password)},
    {KEY("helo", TEXT, helo)},
    {KEY("from", TEXT, from)},
    {KEY("from_name", TEXT, from_name)},
    {KEY("reply_to", TEXT, reply_to)},
    {KEY("envelope_from", TEXT, envelope_from)},
    {KEY("list_unsubscribe", FLAG, list_unsubscribe)},
    {KEY("attachments", TEXT, attachments)},
    {KEY("headers", OBJECT, headers)},
    {KEY("secrets", OBJECT, secrets)},
    {KEY("connections", COUNT, connections), .min = 1, .max = 256},
    {KEY("connect_timeout", DURATION, connect_timeout_ms), .min = 10, .max = 120000},
    {KEY("timeout", DURATION, timeout_ms), .min = 10, .max = 600000},
    {KEY("ca_file", TEXT, ca_file)},
    {KEY("insecure_tls", FLAG, insecure_tls)},
};

static const struct smtp_settings smtp_defaults = {
    .starttls = SMTP_SECURITY_REQUIRED,
    .list_unsubscribe = true,
    .connections = 8,
    .connect_timeout_ms = 30000,
    .timeout_ms = 120000,
};

/* Those that the adapter writes itself. */
static const char *const own_headers[] = {
    "From",         "To",           "Reply-To",
    "Subject",      "Date",         "Message-ID",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    "Bcc",          "Sender",       "Return-Path",
};

/* --- sending --- */

static void write_message_id(struct buf *message, const struct channel_smtp *smtp,
                             const struct attempt *attempt)
{
    static const uint8_t key[HASH_KEY_BYTES] = "tocsin.messageid";
    char reference[CHANNEL_REFERENCE_CHARS];
    (void)channel_fields_reference(attempt, reference);
    buf_printf(message, "Message-ID: <%s.%016llx@%s>\r\n", reference,
               (unsigned long long)hash_keyed64(key, attempt->endpoint), smtp->domain);
}

/* False if the recipient lacks a variable. */
static bool write_headers(struct buf *message, struct channel_smtp *smtp,
                          const struct attempt *attempt)
{
    for (size_t i = 0; i < smtp->header_count; i++) {
        buf_clear(&smtp->scratch);
        if (!channel_fields_fill(smtp->fields, smtp->headers[i].value, attempt, &smtp->scratch)) {
            return false;
        }
        mime_field(message, smtp->headers[i].name, buf_view(&smtp->scratch));
    }
    return true;
}

/* What the template comes to, if that is an address of ASCII characters. */
static bool fill_address(struct buf *address, struct channel_smtp *smtp,
                         const struct template *template, const struct attempt *attempt)
{
    bool needs_utf8 = false;
    buf_clear(&smtp->scratch);
    buf_clear(address);
    return channel_fields_fill(smtp->fields, template, attempt, &smtp->scratch) &&
           mail_address_write(address, buf_view(&smtp->scratch), &needs_utf8) && !needs_utf8;
}

static bool write_reply_to(struct buf *message, struct channel_smtp *smtp,
                           const struct attempt *attempt)
{
    if (smtp->reply_to == NULL) {
        return true;
    }
    bool is_filled = fill_address(&smtp->from, smtp, smtp->reply_to, attempt);
    mime_field_address(message, "Reply-To", slice_of(NULL, 0), buf_view(&smtp->from));
    return is_filled;
}

/* The recipient's own link, if his campaign has links (RFC 2369); one click is for https alone (RFC
 * 8058 section 3.1). */
static void write_unsubscribe(struct buf *message, struct channel_smtp *smtp,
                              const struct attempt *attempt)
{
    static const char secure[] = "https://";
    struct slice url;
    if (!smtp->has_unsubscribe || attempt->variable == NULL ||
        !attempt->variable(attempt, slice_str("unsubscribe_url"), &url)) {
        return;
    }
    buf_clear(&smtp->scratch);
    buf_str(&smtp->scratch, "<");
    buf_slice(&smtp->scratch, url);
    buf_str(&smtp->scratch, ">");
    mime_field(message, UNSUBSCRIBE_HEADER, buf_view(&smtp->scratch));
    if (url.len > sizeof(secure) && memcmp(url.data, secure, sizeof(secure) - 1) == 0) {
        mime_field(message, UNSUBSCRIBE_HEADER "-Post", slice_str("List-Unsubscribe=One-Click"));
    }
}

/* False if the recipient lacks a variable. */
static bool write_message(struct buf *message, struct channel_smtp *smtp,
                          const struct attempt *attempt, const struct mime_parts *parts)
{
    mime_field_date(message, clock_unix_ms());
    buf_slice(message, buf_view(&smtp->sender));
    mime_field_address(message, "To", slice_of(NULL, 0), buf_view(&smtp->to));
    mime_field(message, "Subject", attempt->subject);
    write_message_id(message, smtp, attempt);
    bool is_filled = write_reply_to(message, smtp, attempt);
    write_unsubscribe(message, smtp, attempt);
    is_filled = write_headers(message, smtp, attempt) && is_filled;
    mime_body(message, parts, slice_of(attempt->token, TOKEN_CHARS));
    return is_filled && fill_address(&smtp->from, smtp, smtp->envelope_from, attempt);
}

static void smtp_refuse(struct channel_smtp *smtp, uint32_t attempt, enum outcome outcome,
                        enum reason reason)
{
    struct attempt_result result = {.outcome = outcome, .reason = (uint16_t)reason};
    smtp->context.result(smtp->context.arg, attempt, &result);
}

/* False: the attempt was refused. Another worker may have the file. */
static bool find_attachments(struct channel_smtp *smtp, const struct attempt *attempt,
                             struct slice parts[WIRE_ATTACHMENTS_MAX])
{
    enum err err = ERR_OK;
    size_t bytes = 0;
    for (unsigned i = 0; err == ERR_OK && i < attempt->attachment_count; i++) {
        err = attachments_part(smtp->attachments, attempt->attachments[i], &parts[i]);
        bytes += err == ERR_OK ? parts[i].len : 0;
    }
    if (err == ERR_LIMIT || bytes > MAIL_MAX_BYTES) {
        smtp_refuse(smtp, attempt->id, OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE);
        return false;
    }
    if (err != ERR_OK) {
        smtp_refuse(smtp, attempt->id, OUTCOME_DEFERRED, REASON_ATTACHMENT_MISSING);
    }
    return err == ERR_OK;
}

static void smtp_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_smtp *smtp = (struct channel_smtp *)channel;
    bool needs_utf8 = false;
    buf_clear(&smtp->to);
    if (!mail_address_write(&smtp->to, attempt->endpoint, &needs_utf8)) {
        smtp_refuse(smtp, attempt->id, OUTCOME_REJECTED, REASON_NO_ENDPOINT);
        return;
    }
    struct slice attachments[WIRE_ATTACHMENTS_MAX];
    if (!find_attachments(smtp, attempt, attachments)) {
        return;
    }
    const struct mime_parts parts = {attempt->text, attempt->html, attachments,
                                     attempt->attachment_count};
    struct smtp_line *line = smtp_client_take(smtp->client);
    if (!write_message(smtp_line_message(line), smtp, attempt, &parts)) {
        smtp_line_drop(line);
        smtp_refuse(smtp, attempt->id, OUTCOME_REJECTED, REASON_VARIABLE_MISSING);
        return;
    }
    const struct smtp_envelope envelope = {buf_view(&smtp->from), buf_view(&smtp->to), needs_utf8};
    smtp_line_send(line, &envelope, attempt->id);
}

static void smtp_on_answer(void *arg, uint32_t tag, const struct smtp_verdict *verdict)
{
    struct channel_smtp *smtp = arg;
    struct attempt_result result = {
        .outcome = verdict->outcome,
        .reason = verdict->reason,
        .ref = slice_str(verdict->ref),
    };
    smtp->context.result(smtp->context.arg, tag, &result);
}

static uint32_t smtp_concurrency(const struct channel *channel)
{
    return ((const struct channel_smtp *)channel)->connections;
}

/* --- opening and closing --- */

static void smtp_free(struct channel_smtp *smtp)
{
    for (size_t i = 0; i < smtp->header_count; i++) {
        mem_free(smtp->headers[i].name);
        template_free(smtp->headers[i].value);
    }
    mem_free(smtp->headers);
    channel_fields_free(smtp->fields);
    attachments_free(smtp->attachments);
    template_free(smtp->envelope_from);
    template_free(smtp->reply_to);
    buf_release(&smtp->sender);
    buf_release(&smtp->scratch);
    buf_release(&smtp->from);
    buf_release(&smtp->to);
    mem_free(smtp->domain);
    mem_free(smtp);
}

static void smtp_close(struct channel *channel)
{
    struct channel_smtp *smtp = (struct channel_smtp *)channel;
    smtp_client_close(smtp->client);
    smtp_free(smtp);
}

/* A template of an address, tried with the digit 1 for what varies. */
static enum err read_address(struct channel_smtp *smtp, struct template **out, const char *text,
                             const char *key, const char *where, struct problem *problem)
{
    char inner[WHERE_MAX_BYTES + 32];
    (void)snprintf(inner, sizeof(inner), "%s: %s", where, key);
    enum err err =
        channel_fields_template(out, smtp->fields, slice_str(text), TEMPLATE_RAW, inner, problem);
    if (err == ERR_OK) {
        buf_clear(&smtp->scratch);
        channel_fields_fill_sample(smtp->fields, *out, &smtp->scratch);
        err = mail_address_check(buf_cstr(&smtp->scratch), where, key, problem);
    }
    return err;
}

/* Both go into commands or URLs as they are. */
static enum err check_host(const char *name, const char *key, const char *where,
                           struct problem *problem)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
    if (name == NULL || strspn(name, allowed) == strlen(name)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "%s: %s must be a host's name or address, not \"%.80s\"", where, key, name);
}

static enum err check_presence(const struct smtp_settings *read, const char *where,
                               struct problem *problem)
{
    const char *missing = read->host == NULL ? "host" : read->from == NULL ? "from" : NULL;
    if (missing != NULL) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing", where, missing);
    }
    if ((read->user == NULL) != (read->password == NULL)) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing beside %s", where,
                           read->user == NULL ? "user" : "password",
                           read->user == NULL ? "password" : "user");
    }
    if (read->user != NULL && read->starttls == SMTP_SECURITY_OPPORTUNISTIC &&
        !read->implicit_tls) {
        return problem_set(problem, ERR_INVALID,
                           "%s: starttls must be required (or off, on a trusted network) beside a "
                           "password, which would else go to whoever suppresses STARTTLS",
                           where);
    }
    return channel_settings_file(read->ca_file, where, "ca_file", problem);
}

static enum err smtp_check(const struct smtp_settings *read, const char *where,
                           struct problem *problem)
{
    enum err err = check_presence(read, where, problem);
    err = err != ERR_OK ? err : check_host(read->host, "host", where, problem);
    err = err != ERR_OK ? err : check_host(read->helo, "helo", where, problem);
    return err != ERR_OK ? err : mail_address_check(read->from, where, "from", problem);
}

static bool header_is_own(const struct channel_smtp *smtp, const char *name)
{
    if (smtp->has_unsubscribe &&
        strncasecmp(name, UNSUBSCRIBE_HEADER, strlen(UNSUBSCRIBE_HEADER)) == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++) {
        if (strcasecmp(name, own_headers[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err read_header(struct channel_smtp *smtp, json_t *headers, const char *name,
                            const char *where, struct problem *problem)
{
    const char *text = channel_settings_text(headers, name);
    const char *wrong = text == NULL                      ? "must have a text"
                        : !mime_field_name_is_valid(name) ? "is no name of a header"
                        : header_is_own(smtp, name)       ? "is written by Tocsin"
                                                          : NULL;
    if (wrong != NULL) {
        return problem_set(problem, ERR_INVALID, "%s: headers: \"%.64s\" %s", where, name, wrong);
    }
    char inner[WHERE_MAX_BYTES + 80];
    (void)snprintf(inner, sizeof(inner), "%s: headers.%s", where, name);
    struct template *value;
    enum err err = channel_fields_template(&value, smtp->fields, slice_str(text), TEMPLATE_RAW,
                                           inner, problem);
    if (err == ERR_OK) {
        smtp->headers = mem_resize(smtp->headers, smtp->header_count + 1, sizeof(smtp->headers[0]));
        smtp->headers[smtp->header_count++] = (struct smtp_header){mem_copy_str(name), value};
    }
    return err;
}

static enum err smtp_open_parts(struct channel_smtp *smtp, const struct smtp_settings *read,
                                const char *where, struct problem *problem)
{
    enum err err = channel_fields_new(&smtp->fields, read->secrets, where, problem);
    smtp->has_unsubscribe = read->list_unsubscribe;
    smtp->attachments = attachments_new(read->attachments, mime_attachment);
    const char *envelope_from = read->envelope_from == NULL ? read->from : read->envelope_from;
    err = err != ERR_OK ? err
                        : read_address(smtp, &smtp->envelope_from, envelope_from, "envelope_from",
                                       where, problem);
    if (err == ERR_OK && read->reply_to != NULL) {
        err = read_address(smtp, &smtp->reply_to, read->reply_to, "reply_to", where, problem);
    }
    for (void *at = json_object_iter(read->headers); err == ERR_OK && at != NULL;
         at = json_object_iter_next(read->headers, at)) {
        err = read_header(smtp, read->headers, json_object_iter_key(at), where, problem);
    }
    if (err == ERR_OK) {
        bool needs_utf8 = false;
        buf_clear(&smtp->from);
        (void)mail_address_write(&smtp->from, slice_str(read->from), &needs_utf8);
        const char *from = buf_cstr(&smtp->from);
        mime_field_address(&smtp->sender, "From", slice_str(read->from_name), slice_str(from));
        smtp->domain = mem_copy_str(strrchr(from, '@') + 1);
    }
    return err;
}

static enum err smtp_open_client(struct channel_smtp *smtp, const struct smtp_settings *read,
                                 const char *where, struct problem *problem)
{
    struct buf password = {0};
    enum err err = channel_settings_secret(read->password, where, "password", &password, problem);
    if (err != ERR_OK) {
        secret_release(&password);
        return err;
    }
    uint32_t port = read->implicit_tls ? 465 : 587;
    struct smtp_client_settings settings = {
        .loop = smtp->context.loop,
        .tally = smtp->context.tally,
        .on_answer = smtp_on_answer,
        .arg = smtp,
        .connections = read->connections,
        .connect_timeout_ms = read->connect_timeout_ms,
        .timeout_ms = read->timeout_ms,
        .host = read->host,
        .port = (uint16_t)(read->port == 0 ? port : read->port),
        .helo = read->helo,
        .security =
            read->implicit_tls ? SMTP_SECURITY_IMPLICIT : (enum smtp_security)read->starttls,
        .user = read->user,
        .password = read->user == NULL ? NULL : buf_cstr(&password),
        .ca_file = read->ca_file,
        .insecure_tls = read->insecure_tls,
    };
    smtp->client = smtp_client_new(&settings);
    smtp->connections = read->connections;
    secret_release(&password);
    return ERR_OK;
}

static enum err smtp_open(struct channel **out, const struct channel_context *context,
                          const struct wire_provider *provider, json_t *settings,
                          struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct smtp_settings read = smtp_defaults;
    struct channel_smtp *smtp = mem_zalloc(1, sizeof(*smtp));
    smtp->channel.adapter = &channel_smtp_adapter;
    smtp->context = *context;
    enum err err = channel_settings_read(settings, where, smtp_keys,
                                         sizeof(smtp_keys) / sizeof(smtp_keys[0]), &read, problem);
    err = err != ERR_OK ? err : smtp_check(&read, where, problem);
    err = err != ERR_OK ? err : smtp_open_parts(smtp, &read, where, problem);
    err = err != ERR_OK ? err : smtp_open_client(smtp, &read, where, problem);
    if (err != ERR_OK) {
        smtp_free(smtp);
        return err;
    }
    *out = &smtp->channel;
    return ERR_OK;
}

const struct channel_adapter channel_smtp_adapter = {
    .name = "smtp",
    .takes_attachments = true,
    .open = smtp_open,
    .concurrency = smtp_concurrency,
    .start = smtp_start,
    .close = smtp_close,
};
