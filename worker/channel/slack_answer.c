/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/slack_answer.h"

#include <string.h>

#define ENDPOINT(code)                                                                             \
    {                                                                                              \
        code, OUTCOME_REJECTED, REASON_ENDPOINT_REFUSED, 0                                         \
    }
#define MESSAGE(code)                                                                              \
    {                                                                                              \
        code, OUTCOME_REJECTED, REASON_MESSAGE_REFUSED, 0                                          \
    }
#define LOGIN(code)                                                                                \
    {                                                                                              \
        code, OUTCOME_MISCONFIGURED, REASON_AUTHENTICATION_FAILED, 0                               \
    }
#define SETTINGS(code)                                                                             \
    {                                                                                              \
        code, OUTCOME_MISCONFIGURED, REASON_SETTINGS_REFUSED, 0                                    \
    }

/* The method's documentation. Of internal_error and fatal_error it says that some of the operation
 * may have succeeded. An error of another name is deferred: it was not taken, and nobody knows whom
 * it is about. */
static const struct json_post_code slack_codes[] = {
    {"ratelimited", OUTCOME_THROTTLED, 429, 0},
    {"rate_limited", OUTCOME_THROTTLED, 429, 0},
    {"message_limit_exceeded", OUTCOME_THROTTLED, 429, 0},
    {"service_unavailable", OUTCOME_DEFERRED, 503, 0},
    {"request_timeout", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE, 0},
    {"team_added_to_org", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE, 0},
    {"internal_error", OUTCOME_UNCERTAIN, REASON_PROVIDER_TROUBLE, 0},
    {"fatal_error", OUTCOME_UNCERTAIN, REASON_PROVIDER_TROUBLE, 0},
    ENDPOINT("channel_not_found"),
    ENDPOINT("user_not_found"),
    ENDPOINT("user_is_bot"),
    ENDPOINT("cannot_dm_bot"),
    ENDPOINT("channel_type_not_supported"),
    ENDPOINT("is_archived"),
    ENDPOINT("not_in_channel"),
    ENDPOINT("restricted_action"),
    ENDPOINT("restricted_action_read_only_channel"),
    ENDPOINT("restricted_action_thread_only_channel"),
    ENDPOINT("restricted_action_non_threadable_channel"),
    {"msg_too_long", OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE, 0},
    {"msg_blocks_too_long", OUTCOME_REJECTED, REASON_MESSAGE_TOO_LARGE, 0},
    MESSAGE("no_text"),
    MESSAGE("invalid_blocks"),
    MESSAGE("too_many_attachments"),
    MESSAGE("markdown_text_conflict"),
    MESSAGE("slack_connect_blocked_file_type"),
    LOGIN("invalid_auth"),
    LOGIN("not_authed"),
    LOGIN("token_revoked"),
    LOGIN("token_expired"),
    LOGIN("account_inactive"),
    LOGIN("access_denied"),
    LOGIN("accesslimited"),
    LOGIN("missing_scope"),
    LOGIN("no_permission"),
    LOGIN("not_allowed_token_type"),
    LOGIN("org_login_required"),
    LOGIN("ekm_access_denied"),
    LOGIN("enterprise_is_restricted"),
    LOGIN("team_access_not_granted"),
    LOGIN("two_factor_setup_required"),
    SETTINGS("as_user_not_supported"),
    SETTINGS("deprecated_endpoint"),
    SETTINGS("method_deprecated"),
    SETTINGS("invalid_arg_name"),
    SETTINGS("invalid_arguments"),
    SETTINGS("invalid_array_arg"),
    SETTINGS("invalid_blocks_format"),
    SETTINGS("invalid_charset"),
    SETTINGS("invalid_form_data"),
    SETTINGS("invalid_post_type"),
    SETTINGS("missing_post_type"),
    SETTINGS("invalid_metadata_format"),
    SETTINGS("invalid_metadata_schema"),
    SETTINGS("metadata_too_large"),
    SETTINGS("metadata_must_be_sent_from_app"),
};

static const struct json_post_code slack_unknown = {"", OUTCOME_DEFERRED, REASON_PROVIDER_TROUBLE,
                                                    0};

static const struct json_post_code *find_code(const char *error)
{
    for (size_t i = 0; i < sizeof(slack_codes) / sizeof(slack_codes[0]); i++) {
        if (strcmp(slack_codes[i].code, error) == 0) {
            return &slack_codes[i];
        }
    }
    return &slack_unknown;
}

void slack_answer_judge(struct http_reading *reading, struct attempt_result *result,
                        struct buf *scratch)
{
    const struct http_answer *answer = reading->answer;
    const json_t *document = http_reading_json(reading);
    const json_t *ok = json_object_get(document, "ok");
    const char *error = json_string_value(json_object_get(document, "error"));
    const char *ts = json_string_value(json_object_get(document, "ts"));
    const char *channel = json_string_value(json_object_get(document, "channel"));
    if (json_is_false(ok) && error != NULL) {
        json_post_apply(find_code(error), answer, result);
    } else if (answer->status / 100 == 2 && json_is_true(ok)) {
        if (ts != NULL && channel != NULL) {
            buf_printf(scratch, "%s:%s", channel, ts);
            result->ref = buf_view(scratch);
        }
    } else if (answer->status / 100 == 2) {
        json_post_unreadable(answer, result);
    }
}
