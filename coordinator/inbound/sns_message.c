/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/inbound/sns_message.h"

#include <string.h>

#include "common/buf.h"
#include "common/text.h"
#include "coordinator/inbound/inbound_adapters.h"

#define SCHEME "https://"
#define HOST   "sns."
#define PATH   "/SimpleNotificationService-"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

static const struct {
    const char *word;
    enum sns_type type;
    const char *const *members; /* that are signed */
} types[] = {
    {"Notification", SNS_NOTIFICATION,
     (const char *const[]){"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type",
                           NULL}},
    {"SubscriptionConfirmation", SNS_SUBSCRIBED,
     (const char *const[]){"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn",
                           "Type", NULL}},
    {"UnsubscribeConfirmation", SNS_UNSUBSCRIBED,
     (const char *const[]){"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn",
                           "Type", NULL}},
};

/* ---- reading ---- */

static enum err put_signed(const json_t *json, const char *const *members, struct buf *text,
                           struct problem *problem)
{
    for (; *members != NULL; members++) {
        const json_t *value = json_object_get(json, *members);
        if (value == NULL && strcmp(*members, "Subject") == 0) {
            continue;
        }
        if (!json_is_string(value)) {
            return problem_set(problem, ERR_INVALID, "\"%s\" is missing, or no string", *members);
        }
        buf_str(text, *members);
        buf_u8(text, '\n');
        buf_append(text, json_string_value(value), json_string_length(value));
        buf_u8(text, '\n');
    }
    return ERR_OK;
}

static enum err read_type(struct sns_message *message, const json_t *json, struct arena *arena,
                          struct problem *problem)
{
    struct slice word = inbound_json_text(json, "Type", arena);
    struct buf text = {0};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!slice_is(word, types[i].word)) {
            continue;
        }
        message->type = types[i].type;
        enum err err = put_signed(json, types[i].members, &text, problem);
        message->to_sign = slice_of(arena_copy(arena, text.data, text.len), text.len);
        buf_release(&text);
        return err;
    }
    return problem_set(problem, ERR_INVALID, "\"Type\" is none that SNS posts");
}

enum err sns_message_read(struct sns_message *message, const json_t *json, struct arena *arena,
                          struct problem *problem)
{
    *message = (struct sns_message){.hash = SIGNATURE_SHA1};
    enum err err = read_type(message, json, arena, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct slice version = inbound_json_text(json, "SignatureVersion", arena);
    if (slice_is(version, "2")) {
        message->hash = SIGNATURE_SHA256;
    } else if (!slice_is(version, "1")) {
        return problem_set(problem, ERR_INVALID, "\"SignatureVersion\" must be 1 or 2");
    }
    message->message = inbound_json_text(json, "Message", arena);
    message->topic = inbound_json_text(json, "TopicArn", arena);
    message->certificate_url = inbound_json_text(json, "SigningCertURL", arena);
    message->subscribe_url = inbound_json_text(json, "SubscribeURL", arena);
    message->signature = inbound_json_text(json, "Signature", arena);
    return text_time_parse(inbound_json_text(json, "Timestamp", arena), &message->at_ms)
               ? ERR_OK
               : problem_set(problem, ERR_INVALID, "\"Timestamp\" is no time");
}

bool sns_message_is_signed(const struct sns_message *message, const struct signature_key *key)
{
    struct buf signature = {0};
    bool is_good = signature_base64_decode(message->signature, &signature) &&
                   signature_verify(key, message->hash, &message->to_sign, 1, buf_view(&signature));
    buf_release(&signature);
    return is_good;
}

/* ---- addresses ---- */

static bool take_prefix(struct slice *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->data, prefix, len) != 0) {
        return false;
    }
    *text = slice_of(text->data + len, text->len - len);
    return true;
}

/* The characters of `set` off the front. */
static size_t take_any(struct slice *text, const char *set)
{
    size_t len = 0;
    while (len < text->len && text->data[len] != '\0' && strchr(set, text->data[len]) != NULL) {
        len++;
    }
    *text = slice_of(text->data + len, text->len - len);
    return len;
}

/* "eu-west-1", "us-gov-west-1": words and a number. Nothing else may stand there: "s3" and
 * "s3-eu-west-1" have the same form as a name, and whoever owns the bucket "sns" answers at
 * sns.s3.amazonaws.com with what he likes. */
static bool take_region(struct slice *text)
{
    unsigned words = 0;
    while (take_any(text, LETTERS) > 0 && take_prefix(text, "-")) {
        words++;
    }
    return words > 0 && take_any(text, DIGITS) > 0;
}

/* What follows them cannot move the host: it must begin a path. Nor may anything be in it that is
 * not printed, as it goes into a request. */
static bool take_host(struct slice *url)
{
    for (size_t i = 0; i < url->len; i++) {
        if (url->data[i] <= ' ' || url->data[i] > '~') {
            return false;
        }
    }
    if (!take_prefix(url, SCHEME HOST) || !take_region(url) ||
        !take_prefix(url, ".amazonaws.com")) {
        return false;
    }
    (void)take_prefix(url, ".cn");
    return url->len > 0 && url->data[0] == '/';
}

static bool has_prefix(struct slice url, const char *prefix)
{
    return memchr(url.data, '\0', url.len) == NULL && take_prefix(&url, prefix);
}

bool sns_url_is_trusted(struct slice url, const char *prefix)
{
    if (url.len == 0) {
        return false;
    }
    return prefix != NULL ? has_prefix(url, prefix) : take_host(&url);
}

bool sns_certificate_url_is_trusted(struct slice url, const char *prefix)
{
    if (url.len == 0 || prefix != NULL) {
        return url.len > 0 && has_prefix(url, prefix);
    }
    return take_host(&url) && take_prefix(&url, PATH) &&
           take_any(&url, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS) > 0 && slice_is(url, ".pem");
}
