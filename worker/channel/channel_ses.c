/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter for Amazon SES, API v2. Its settings are documented in docs/channels/ses.md.
 *
 *     SendBulkEmail   the message as an inline template (ses_template) and up to 50 recipients with
 *                     their values; or, with `template`, a template stored at SES that consists of
 *                     {{{subject}}}, {{{text}}} and {{{html}}}, and everybody's own texts
 *     SendEmail       with `bulk: 1`: the message of one recipient, without any template
 *
 * The delivery token goes as the tag `tocsin`. Requests are signed by libcurl (Signature Version
 * 4). What is taken is said for each entry (ses_answer).
 */
#include <stdio.h>

#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "worker/channel/bulk.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/http_link.h"
#include "worker/channel/mail_address.h"
#include "worker/channel/mime.h"
#include "worker/channel/ses_answer.h"
#include "worker/channel/ses_template.h"

#define WHERE_MAX_BYTES 96
#define SES_SIZE_MAX    50
/* A request has 1 MB at most, of which one recipient's values have this much at most. */
#define SES_VALUES_MAX_BYTES 65536
#define SES_BODY_FULL_BYTES  (768 * 1024)
#define SES_REGION_MAX_BYTES 32

struct channel_ses {
    struct channel channel;
    struct channel_context context;
    struct bulk *bulk;
    struct buf sender; /* the request up to the message */
    bool is_single;
    bool is_stored; /* the template is */
    char *template;
    bool has_unsubscribe;
    const struct merge *merge; /* of which `used` is known */
    unsigned used;             /* a sum of enum ses_used */
    struct buf address;        /* of the recipient being started */
    struct buf scratch;
    struct buf data;
};

struct ses_settings {
    const char *region;
    const char *url;
    const char *access_key;
    const char *secret_key;
    const char *session_token;
    const char *topic_arn; /* this and the next two are the coordinator's */
    const char *sns_url;
    uint32_t events_max_age_ms;
    const char *from;
    const char *from_name;
    const char *reply_to;
    const char *configuration_set;
    const char *template;
    bool list_unsubscribe;
    uint32_t bulk;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct ses_settings, member)

static const struct channel_key ses_keys[] = {
    {KEY("region", TEXT, region)},
    {KEY("url", TEXT, url)},
    {KEY("access_key", TEXT, access_key)},
    {KEY("secret_key", TEXT, secret_key)},
    {KEY("session_token", TEXT, session_token)},
    {KEY("topic_arn", TEXT, topic_arn)},
    {KEY("sns_url", TEXT, sns_url)},
    {KEY("events_max_age", DURATION, events_max_age_ms)},
    {KEY("from", TEXT, from)},
    {KEY("from_name", TEXT, from_name)},
    {KEY("reply_to", TEXT, reply_to)},
    {KEY("configuration_set", TEXT, configuration_set)},
    {KEY("template", TEXT, template)},
    {KEY("list_unsubscribe", FLAG, list_unsubscribe)},
    {KEY("bulk", COUNT, bulk), .min = 1, .max = SES_SIZE_MAX},
    HTTP_LINK_KEYS(offsetof(struct ses_settings, link)),
};

static const struct ses_settings ses_defaults = {
    .list_unsubscribe = true,
    .bulk = SES_SIZE_MAX,
    .link = {.connections = 16, .connect_timeout_ms = 5000, .timeout_ms = 60000},
};

/* --- the request --- */

/* "name":"text", with a comma behind it. */
static void put_text(struct buf *body, const char *name, struct slice text)
{
    buf_str(body, "\"");
    buf_str(body, name);
    buf_str(body, "\":\"");
    text_json_escape(body, text);
    buf_str(body, "\",");
}

static void put_tag(const struct attempt *attempt, struct buf *body, const char *name)
{
    buf_str(body, "\"");
    buf_str(body, name);
    buf_str(body, "\":[{\"Name\":\"tocsin\",\"Value\":\"");
    buf_append(body, attempt->token, TOKEN_CHARS);
    buf_str(body, "\"}],");
}

/* The recipient's own link, if his campaign has links (RFC 2369); one click is for https alone (RFC
 * 8058 section 3.1). */
static void put_headers(const struct channel_ses *ses, const struct attempt *attempt,
                        struct buf *body, const char *name)
{
    static const char secure[] = "https://";
    struct slice url;
    if (!ses->has_unsubscribe || !attempt->variable(attempt, slice_str("unsubscribe_url"), &url)) {
        return;
    }
    buf_str(body, "\"");
    buf_str(body, name);
    buf_str(body, "\":[{\"Name\":\"List-Unsubscribe\",\"Value\":\"<");
    text_json_escape(body, url);
    buf_str(body, ">\"}");
    if (url.len > sizeof(secure) && memcmp(url.data, secure, sizeof(secure) - 1) == 0) {
        buf_str(body, ",{\"Name\":\"List-Unsubscribe-Post\",\"Value\":"
                      "\"List-Unsubscribe=One-Click\"}");
    }
    buf_str(body, "],");
}

static void put_destination(const struct attempt *attempt, struct buf *body)
{
    buf_str(body, "\"Destination\":{\"ToAddresses\":[\"");
    text_json_escape(body, attempt->endpoint);
    buf_str(body, "\"]},");
}

/* Nothing may be empty. */
static void put_part(struct channel_ses *ses, struct buf *body, const char *name,
                     const struct merge_part *part)
{
    buf_clear(&ses->scratch);
    ses->used |= ses_template_write(&ses->scratch, part);
    put_text(body, name, part->count == 0 ? slice_str(" ") : buf_view(&ses->scratch));
}

static void write_inline_template(struct channel_ses *ses, const struct merge *merge,
                                  struct buf *body)
{
    ses->merge = merge;
    ses->used = 0;
    buf_str(body, "\"TemplateContent\":{");
    put_part(ses, body, "Subject", &merge->subject);
    if (merge->text.count > 0 || merge->html.count == 0) {
        put_part(ses, body, "Text", &merge->text);
    }
    if (merge->html.count > 0) {
        put_part(ses, body, "Html", &merge->html);
    }
    body->len--; /* the comma */
    buf_str(body, "},");
}

/* Nothing but what is the same for all of this message. */
static void write_head(void *arg, const struct attempt *attempt, struct buf *body)
{
    struct channel_ses *ses = arg;
    buf_slice(body, buf_view(&ses->sender));
    if (ses->is_single) {
        return;
    }
    buf_str(body, "\"DefaultContent\":{\"Template\":{");
    if (ses->is_stored) {
        put_text(body, "TemplateName", slice_str(ses->template));
    } else {
        write_inline_template(ses, attempt->merge, body);
    }
    buf_str(body, "\"TemplateData\":\"{}\"}},\"BulkEmailEntries\":[");
}

/* Which values the template has besides those of its slots. */
static unsigned used_of(struct channel_ses *ses, const struct merge *merge)
{
    if (ses->merge != merge) {
        struct buf scratch = {0};
        ses->merge = merge;
        ses->used = ses_template_write(&scratch, &merge->subject);
        ses->used |= ses_template_write(&scratch, &merge->text);
        ses->used |= ses_template_write(&scratch, &merge->html);
        buf_release(&scratch);
    }
    return ses->used;
}

static void put_filled(struct channel_ses *ses, const struct attempt *attempt, struct buf *to,
                       const char *name, const struct merge_part *part)
{
    buf_clear(&ses->scratch);
    ses_template_fill(&ses->scratch, part, attempt->values);
    put_text(to, name, part->count == 0 ? slice_str(" ") : buf_view(&ses->scratch));
}

static void write_data(struct channel_ses *ses, const struct attempt *attempt)
{
    const struct merge *merge = attempt->merge;
    buf_clear(&ses->data);
    if (!ses->is_stored) {
        ses_template_data(&ses->data, attempt->values, merge->slot_count, used_of(ses, merge));
        return;
    }
    buf_str(&ses->data, "{");
    put_filled(ses, attempt, &ses->data, "subject", &merge->subject);
    put_filled(ses, attempt, &ses->data, "text", &merge->text);
    put_filled(ses, attempt, &ses->data, "html", &merge->html);
    ses->data.data[ses->data.len - 1] = '}';
}

static void put_content(struct channel_ses *ses, const struct attempt *attempt, struct buf *body,
                        const char *name, const struct merge_part *part)
{
    buf_str(body, "\"");
    buf_str(body, name);
    buf_str(body, "\":{");
    put_filled(ses, attempt, body, "Data", part);
    buf_str(body, "\"Charset\":\"UTF-8\"},");
}

/* All of SendEmail behind the sender. */
static void write_single(struct channel_ses *ses, const struct attempt *attempt, struct buf *body)
{
    const struct merge *merge = attempt->merge;
    put_destination(attempt, body);
    put_tag(attempt, body, "EmailTags");
    buf_str(body, "\"Content\":{\"Simple\":{");
    put_headers(ses, attempt, body, "Headers");
    put_content(ses, attempt, body, "Subject", &merge->subject);
    buf_str(body, "\"Body\":{");
    if (merge->text.count > 0 || merge->html.count == 0) {
        put_content(ses, attempt, body, "Text", &merge->text);
    }
    if (merge->html.count > 0) {
        put_content(ses, attempt, body, "Html", &merge->html);
    }
    body->data[body->len - 1] = '}';
    buf_str(body, "}}");
}

static void write_entry(void *arg, const struct attempt *attempt, struct buf *body)
{
    struct channel_ses *ses = arg;
    if (ses->is_single) {
        write_single(ses, attempt, body);
        return;
    }
    buf_str(body, "{");
    put_destination(attempt, body);
    put_tag(attempt, body, "ReplacementTags");
    put_headers(ses, attempt, body, "ReplacementHeaders");
    write_data(ses, attempt);
    buf_str(body, "\"ReplacementEmailContent\":{\"ReplacementTemplate\":{");
    put_text(body, "ReplacementTemplateData", buf_view(&ses->data));
    body->len--; /* the comma */
    buf_str(body, "}}}");
}

/* --- the answer --- */

static void on_answer(void *arg, struct bulk_parcel *parcel, const struct http_answer *answer)
{
    struct ses_answer read;
    (void)arg;
    ses_answer_read(&read, answer, http_client_header(answer, "x-amzn-ErrorType"));
    if (read.is_refusal && bulk_count(parcel) > 1) {
        bulk_split(parcel);
    } else {
        for (uint32_t i = 0; i < bulk_count(parcel); i++) {
            const struct attempt_result result = ses_answer_result(&read, i);
            bulk_tell(parcel, i, &result);
        }
    }
    ses_answer_release(&read);
}

/* --- the channel --- */

static void reject(const struct channel_ses *ses, const struct attempt *attempt, enum reason reason)
{
    const struct attempt_result result = {.outcome = OUTCOME_REJECTED, .reason = (uint16_t)reason};
    ses->context.result(ses->context.arg, attempt->id, &result);
}

static bool values_are_too_large(const struct attempt *attempt)
{
    size_t bytes = 0;
    for (uint32_t slot = 0; slot < attempt->merge->slot_count; slot++) {
        bytes += attempt->values[slot].len;
    }
    return bytes > SES_VALUES_MAX_BYTES;
}

static void ses_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_ses *ses = (struct channel_ses *)channel;
    struct attempt written = *attempt;
    bool needs_utf8 = false;
    buf_clear(&ses->address);
    if (!mail_address_write(&ses->address, attempt->endpoint, &needs_utf8)) {
        reject(ses, attempt, REASON_NO_ENDPOINT);
    } else if (needs_utf8) {
        reject(ses, attempt, REASON_ADDRESS_NOT_ASCII);
    } else if (values_are_too_large(attempt)) {
        reject(ses, attempt, REASON_MESSAGE_TOO_LARGE);
    } else {
        written.endpoint = buf_view(&ses->address);
        bulk_add(ses->bulk, &written);
    }
}

static void ses_flush(struct channel *channel)
{
    bulk_flush(((struct channel_ses *)channel)->bulk);
}

static bool ses_has_room(const struct channel *channel, const struct merge *merge,
                         struct slice endpoint)
{
    return bulk_has_room(((const struct channel_ses *)channel)->bulk, merge, endpoint);
}

static uint32_t ses_concurrency(const struct channel *channel)
{
    return bulk_concurrency(((const struct channel_ses *)channel)->bulk);
}

static uint32_t ses_bulk(const struct channel *channel)
{
    return bulk_size(((const struct channel_ses *)channel)->bulk);
}

static void ses_free(struct channel_ses *ses)
{
    buf_release(&ses->sender);
    buf_release(&ses->address);
    buf_release(&ses->scratch);
    buf_release(&ses->data);
    mem_free(ses->template);
    mem_free(ses);
}

static void ses_close(struct channel *channel)
{
    struct channel_ses *ses = (struct channel_ses *)channel;
    bulk_close(ses->bulk);
    ses_free(ses);
}

static enum err ses_check(const struct ses_settings *read, const char *where,
                          struct problem *problem)
{
    const struct {
        const char *key;
        const char *value;
    } required[] = {{"region", read->region},
                    {"access_key", read->access_key},
                    {"secret_key", read->secret_key},
                    {"from", read->from}};
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (required[i].value == NULL) {
            return problem_set(problem, ERR_INVALID, "%s: %s is missing", where, required[i].key);
        }
    }
    if (!text_is_name(slice_str(read->region), SES_REGION_MAX_BYTES)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: region must be one such as eu-west-1, not \"%.40s\"", where,
                           read->region);
    }
    if (read->url != NULL && !http_client_url_is_valid(read->url)) {
        return problem_set(problem, ERR_INVALID,
                           "%s: url must be one such as https://email.eu-west-1.amazonaws.com, not "
                           "\"%.80s\"",
                           where, read->url);
    }
    if (read->template != NULL && read->bulk == 1) {
        return problem_set(problem, ERR_INVALID,
                           "%s: template is for requests of many; leave it out, or bulk", where);
    }
    enum err err = mail_address_check(read->from, where, "from", problem);
    if (err == ERR_OK && read->reply_to != NULL) {
        err = mail_address_check(read->reply_to, where, "reply_to", problem);
    }
    return err == ERR_OK ? http_link_check(&read->link, where, problem) : err;
}

/* The sender as a header has it (API_SendEmail, FromEmailAddress): RFC 2047 beyond ASCII. */
static void write_from(struct channel_ses *ses, const struct ses_settings *read)
{
    static const char name[] = "From: ";
    buf_clear(&ses->scratch);
    if (read->from_name == NULL) {
        put_text(&ses->sender, "FromEmailAddress", slice_str(read->from));
        return;
    }
    mime_field_address(&ses->scratch, "From", slice_str(read->from_name), slice_str(read->from));
    size_t len = 0;
    for (size_t i = sizeof(name) - 1; i < ses->scratch.len; i++) { /* unfolded */
        uint8_t byte = ses->scratch.data[i];
        if (byte != '\r' && byte != '\n') {
            ses->scratch.data[len++] = byte;
        }
    }
    put_text(&ses->sender, "FromEmailAddress", slice_of(ses->scratch.data, len));
}

static void write_sender(struct channel_ses *ses, const struct ses_settings *read)
{
    buf_str(&ses->sender, "{");
    write_from(ses, read);
    if (read->reply_to != NULL) {
        buf_str(&ses->sender, "\"ReplyToAddresses\":[\"");
        text_json_escape(&ses->sender, slice_str(read->reply_to));
        buf_str(&ses->sender, "\"],");
    }
    if (read->configuration_set != NULL) {
        put_text(&ses->sender, "ConfigurationSetName", slice_str(read->configuration_set));
    }
}

static void write_url(struct buf *url, const struct ses_settings *read)
{
    if (read->url == NULL) {
        buf_printf(url, "https://email.%s.amazonaws.com", read->region);
    } else {
        size_t len = strlen(read->url);
        buf_append(url, read->url, read->url[len - 1] == '/' ? len - 1 : len);
    }
    buf_str(url, read->bulk == 1 ? "/v2/email/outbound-emails" : "/v2/email/outbound-bulk-emails");
    (void)buf_cstr(url);
}

struct ses_secrets {
    struct buf access_key;
    struct buf secret_key;
    struct buf session; /* a header */
};

static enum err read_secrets(struct ses_secrets *secrets, const struct ses_settings *read,
                             const char *where, struct problem *problem)
{
    enum err err = channel_settings_secret(read->access_key, where, "access_key",
                                           &secrets->access_key, problem);
    if (err == ERR_OK) {
        err = channel_settings_secret(read->secret_key, where, "secret_key", &secrets->secret_key,
                                      problem);
    }
    if (err == ERR_OK && read->session_token != NULL) {
        buf_str(&secrets->session, "X-Amz-Security-Token: ");
        err = channel_settings_secret(read->session_token, where, "session_token",
                                      &secrets->session, problem);
    }
    return err;
}

static void ses_open_bulk(struct channel_ses *ses, const struct ses_settings *read,
                          struct ses_secrets *secrets)
{
    struct buf url = {0};
    char sigv4[SES_REGION_MAX_BYTES + 16];
    write_url(&url, read);
    (void)snprintf(sigv4, sizeof(sigv4), "aws:amz:%s:ses", read->region);
    const char *const headers[] = {"Content-Type: application/json",
                                   read->session_token == NULL ? NULL : buf_cstr(&secrets->session),
                                   NULL};
    struct bulk_settings settings = {
        .http = {.loop = ses->context.loop,
                 .tally = ses->context.tally,
                 .method = "POST",
                 .has_body = true,
                 .url = buf_cstr(&url),
                 .headers = headers,
                 .user = buf_cstr(&secrets->access_key),
                 .password = buf_cstr(&secrets->secret_key),
                 .aws_sigv4 = sigv4},
        .size = read->bulk,
        .full_bytes = SES_BODY_FULL_BYTES,
        .write_head = write_head,
        .write_entry = write_entry,
        .tail = read->bulk == 1 ? "}" : "]}",
        .on_answer = on_answer,
        .arg = ses,
        .context = ses->context,
    };
    http_link_put(&read->link, &settings.http);
    ses->bulk = bulk_new(&settings);
    buf_release(&url);
}

static enum err ses_open(struct channel **out, const struct channel_context *context,
                         const struct wire_provider *provider, json_t *settings,
                         struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct ses_settings read = ses_defaults;
    struct ses_secrets secrets = {0};
    struct channel_ses *ses = mem_zalloc(1, sizeof(*ses));
    ses->channel.adapter = &channel_ses_adapter;
    ses->context = *context;
    enum err err = channel_settings_read(settings, where, ses_keys,
                                         sizeof(ses_keys) / sizeof(ses_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = ses_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        err = read_secrets(&secrets, &read, where, problem);
    }
    if (err == ERR_OK) {
        ses->is_single = read.bulk == 1;
        ses->is_stored = read.template != NULL;
        ses->template = mem_copy_str(read.template);
        ses->has_unsubscribe = read.list_unsubscribe;
        write_sender(ses, &read);
        ses_open_bulk(ses, &read, &secrets);
        *out = &ses->channel;
    } else {
        ses_free(ses);
    }
    secret_release(&secrets.access_key);
    secret_release(&secrets.secret_key);
    secret_release(&secrets.session);
    return err;
}

const struct channel_adapter channel_ses_adapter = {
    .name = "ses",
    .open = ses_open,
    .concurrency = ses_concurrency,
    .start = ses_start,
    .flush = ses_flush,
    .bulk = ses_bulk,
    .is_merged = true,
    .has_room = ses_has_room,
    .close = ses_close,
};
