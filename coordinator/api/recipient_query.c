/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/recipient_query.h"

#include <string.h>
#include <strings.h>

#include "coordinator/audience/row_check.h"

#define TOKEN_BYTES_MIN 20 /* push tokens are longer, and words that are none shorter */

static bool has_scheme(const char *text, const char *scheme)
{
    return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

static bool is_number(const char *text)
{
    const char *digits = has_scheme(text, "tel:") ? text + strlen("tel:") : text;
    return digits[0] != '\0' && digits[strspn(digits, "+0123456789 ()-./")] == '\0';
}

/* False: it could be anything. */
static bool derive_channel(const char *endpoint, enum channel_kind *channel)
{
    if (has_scheme(endpoint, "https://") || has_scheme(endpoint, "http://")) {
        *channel = CHANNEL_WEBHOOK;
    } else if (endpoint[0] == '{') {
        *channel = CHANNEL_PUSH; /* a browser's subscription */
    } else if (strchr(endpoint, '@') != NULL) {
        *channel = CHANNEL_EMAIL;
    } else if (is_number(endpoint)) {
        *channel = CHANNEL_SMS;
    } else if (strlen(endpoint) >= TOKEN_BYTES_MIN && strchr(endpoint, ' ') == NULL) {
        *channel = CHANNEL_PUSH;
    } else {
        return false;
    }
    return true;
}

static enum err read_endpoint(struct recipient_query *query, const char *endpoint,
                              const char *channel, const char **parameter, struct problem *problem)
{
    char number[32];
    query->is_endpoint = true;
    *parameter = "channel";
    if (channel == NULL && !derive_channel(endpoint, &query->channel)) {
        *parameter = "endpoint";
        return problem_set(problem, ERR_INVALID,
                           "\"%.64s\" may be of any channel: say which, as channel=push", endpoint);
    }
    if (channel != NULL && !channel_kind_parse(slice_str(channel), &query->channel)) {
        return problem_set(problem, ERR_INVALID,
                           "there is no channel \"%.64s\"; there are email, sms, voice, push, "
                           "chat, webhook",
                           channel);
    }
    *parameter = "endpoint";
    if (endpoint[0] == ' ' && channel_kind_field(query->channel) == PAGE_FIELD_PHONE &&
        strlen(endpoint) < sizeof(number)) {
        memcpy(number, endpoint, strlen(endpoint) + 1);
        number[0] = '+';
        endpoint = number;
    }
    return suppression_set(&query->entry, false, slice_str(channel_kind_name(query->channel)),
                           slice_str(endpoint), problem);
}

static enum err read_key(struct recipient_query *query, const char *key, const char *channel,
                         const char **parameter, struct problem *problem)
{
    if (channel != NULL) {
        *parameter = "channel";
        return problem_set(problem, ERR_INVALID, "a key has no channel: leave it out");
    }
    *parameter = "key";
    if (key[0] == '\0' || strlen(key) > ROW_KEY_MAX) {
        return problem_set(problem, ERR_INVALID, "a recipient's key has 1 to %d bytes",
                           ROW_KEY_MAX);
    }
    return suppression_set(&query->entry, true, slice_str(""), slice_str(key), problem);
}

enum err recipient_query_read(struct recipient_query *query, const char *key, const char *endpoint,
                              const char *channel, const char **parameter, struct problem *problem)
{
    memset(query, 0, sizeof(*query));
    if ((key == NULL) == (endpoint == NULL)) {
        *parameter = key == NULL ? "key" : "endpoint";
        return problem_set(problem, ERR_INVALID,
                           "one of key and endpoint is needed: ?key=customer-4711, or "
                           "?endpoint=%%2B4790000001 with channel=sms where its form does not say "
                           "it");
    }
    return key != NULL ? read_key(query, key, channel, parameter, problem)
                       : read_endpoint(query, endpoint, channel, parameter, problem);
}
