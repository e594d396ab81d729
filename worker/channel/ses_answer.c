/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries and errors have words and no numbers; the reason that is told is the HTTP status that the
 * same error has, or would have.
 */
#include "worker/channel/ses_answer.h"

#include <string.h>

#define DAY_QUOTA_RETRY_MS 600000

struct word_row {
    const char *word;
    enum outcome outcome;
    uint16_t reason;
    uint32_t retry_after_ms;
};

static const struct word_row entry_words[] = {
    {"SUCCESS", OUTCOME_ACCEPTED, 200, 0},
    {"ACCOUNT_THROTTLED", OUTCOME_THROTTLED, 429, 0},
    {"ACCOUNT_DAILY_QUOTA_EXCEEDED", OUTCOME_THROTTLED, 429, DAY_QUOTA_RETRY_MS},
    {"TRANSIENT_FAILURE", OUTCOME_DEFERRED, 503, 0},
    {"ACCOUNT_SUSPENDED", OUTCOME_MISCONFIGURED, 403, 0},
    {"ACCOUNT_SENDING_PAUSED", OUTCOME_MISCONFIGURED, 403, 0},
    {"CONFIGURATION_SET_DOES_NOT_EXIST", OUTCOME_MISCONFIGURED, 404, 0},
    {"CONFIGURATION_SET_NOT_FOUND", OUTCOME_MISCONFIGURED, 404, 0},
    {"CONFIGURATION_SET_SENDING_PAUSED", OUTCOME_MISCONFIGURED, 403, 0},
    {"MAIL_FROM_DOMAIN_NOT_VERIFIED", OUTCOME_MISCONFIGURED, 403, 0},
    {"TEMPLATE_DOES_NOT_EXIST", OUTCOME_MISCONFIGURED, 404, 0},
    {"TEMPLATE_NOT_FOUND", OUTCOME_MISCONFIGURED, 404, 0},
    {"INVALID_SENDING_POOL_NAME", OUTCOME_MISCONFIGURED, 403, 0},
    {"MESSAGE_REJECTED", OUTCOME_REJECTED, 400, 0},
    {"INVALID_PARAMETER", OUTCOME_REJECTED, 400, 0},
    {"INVALID_PARAMETER_VALUE", OUTCOME_REJECTED, 400, 0},
    {"FAILED", OUTCOME_REJECTED, 400, 0},
};

/* Errors whose status does not say what they are. */
static const struct word_row error_words[] = {
    {"TooManyRequestsException", OUTCOME_THROTTLED, 429, 0},
    {"ThrottlingException", OUTCOME_THROTTLED, 429, 0},
    {"Throttling", OUTCOME_THROTTLED, 429, 0},
    {"LimitExceededException", OUTCOME_THROTTLED, 429, 0},
    {"AccountSuspendedException", OUTCOME_MISCONFIGURED, 403, 0},
    {"SendingPausedException", OUTCOME_MISCONFIGURED, 403, 0},
    {"MailFromDomainNotVerifiedException", OUTCOME_MISCONFIGURED, 403, 0},
    {"IncompleteSignature", OUTCOME_MISCONFIGURED, 403, 0},
    {"IncompleteSignatureException", OUTCOME_MISCONFIGURED, 403, 0},
    {"MissingAuthenticationTokenException", OUTCOME_MISCONFIGURED, 403, 0},
    {"RequestExpired", OUTCOME_MISCONFIGURED, 403, 0},
};

static const struct {
    uint16_t from;
    uint16_t to;
    enum outcome outcome;
} statuses[] = {
    {200, 299, OUTCOME_ACCEPTED},      {300, 399, OUTCOME_MISCONFIGURED},
    {401, 401, OUTCOME_MISCONFIGURED}, {403, 407, OUTCOME_MISCONFIGURED},
    {408, 408, OUTCOME_DEFERRED},      {429, 429, OUTCOME_THROTTLED},
    {400, 499, OUTCOME_REJECTED},      {502, 502, OUTCOME_UNCERTAIN},
    {504, 504, OUTCOME_UNCERTAIN},     {500, 599, OUTCOME_DEFERRED},
};

static const struct word_row *row_of(const struct word_row *rows, size_t count, const char *word,
                                     size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].word) == len && memcmp(rows[i].word, word, len) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct attempt_result result_of(const struct word_row *row)
{
    return (struct attempt_result){
        .outcome = row->outcome, .reason = row->reason, .retry_after_ms = row->retry_after_ms};
}

static struct attempt_result malformed(void)
{
    return (struct attempt_result){.outcome = OUTCOME_UNCERTAIN, .reason = REASON_ANSWER_MALFORMED};
}

static const char *member(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* "com.amazonaws.sesv2#BadRequestException:http://..." is its middle. */
static const struct word_row *error_row(const struct ses_answer *read, const char *type)
{
    if (type == NULL) {
        type = member(read->json, "__type");
    }
    if (type == NULL) {
        type = member(read->json, "code");
    }
    if (type == NULL) {
        return NULL;
    }
    const char *begin = strrchr(type, '#') == NULL ? type : strrchr(type, '#') + 1;
    return row_of(error_words, sizeof(error_words) / sizeof(error_words[0]), begin,
                  strcspn(begin, ":"));
}

static const char *message_of(const struct ses_answer *read)
{
    const char *message = member(read->json, "message");
    return message == NULL ? member(read->json, "Message") : message;
}

/* Of the sender's identity, or, while the account is in the sandbox, of anybody's. */
static bool is_unverified(const struct ses_answer *read)
{
    const char *message = message_of(read);
    return message != NULL && strstr(message, "not verified") != NULL;
}

static void read_error(struct ses_answer *read, const struct http_answer *answer, const char *type)
{
    const struct word_row *row = error_row(read, type);
    if (answer->status >= 400 && answer->status < 500 && row != NULL) {
        read->result = result_of(row);
    }
    if (read->result.outcome == OUTCOME_REJECTED && is_unverified(read)) {
        read->result = (struct attempt_result){.outcome = OUTCOME_MISCONFIGURED, .reason = 403};
    }
    if (read->result.outcome == OUTCOME_THROTTLED && answer->retry_after_ms > 0) {
        read->result.retry_after_ms = answer->retry_after_ms;
    }
    const char *message = message_of(read);
    if (read->result.outcome == OUTCOME_THROTTLED && read->result.retry_after_ms == 0 &&
        message != NULL && strstr(message, "Daily") != NULL) {
        read->result.retry_after_ms = DAY_QUOTA_RETRY_MS;
    }
    read->is_refusal = read->result.outcome == OUTCOME_REJECTED;
    if (answer->status == 413) {
        read->result.reason = REASON_MESSAGE_TOO_LARGE;
    }
}

void ses_answer_read(struct ses_answer *read, const struct http_answer *answer, const char *type)
{
    *read = (struct ses_answer){
        .result = {.outcome = answer->outcome, .reason = (uint16_t)answer->reason}};
    if (answer->status == 0) {
        return;
    }
    read->result = (struct attempt_result){.outcome = OUTCOME_UNCERTAIN, .reason = answer->status};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (answer->status >= statuses[i].from && answer->status <= statuses[i].to) {
            read->result.outcome = statuses[i].outcome;
            break;
        }
    }
    read->json = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    if (read->result.outcome != OUTCOME_ACCEPTED) {
        read_error(read, answer, type);
    }
}

void ses_answer_release(struct ses_answer *read)
{
    json_decref(read->json);
    read->json = NULL;
}

static struct attempt_result entry_result(const json_t *entry)
{
    const char *status = member(entry, "Status");
    const struct word_row *row =
        status == NULL ? NULL
                       : row_of(entry_words, sizeof(entry_words) / sizeof(entry_words[0]), status,
                                strlen(status));
    return row == NULL ? malformed() : result_of(row);
}

struct attempt_result ses_answer_result(const struct ses_answer *read, uint32_t index)
{
    if (read->result.outcome != OUTCOME_ACCEPTED) {
        return read->result;
    }
    const json_t *entries = json_object_get(read->json, "BulkEmailEntryResults");
    const json_t *entry = entries == NULL ? read->json : json_array_get(entries, index);
    struct attempt_result result = entries == NULL ? read->result : entry_result(entry);
    const char *id = member(entry, "MessageId");
    if (result.outcome == OUTCOME_ACCEPTED && id != NULL) {
        result.ref = slice_str(id);
    }
    return entries == NULL && id == NULL ? malformed() : result;
}
