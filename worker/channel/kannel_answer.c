/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/kannel_answer.h"

#include <string.h>

/* The first that fits decides; `first` = `last` = 0 would fit none. */
static const struct rule {
    uint16_t first;
    uint16_t last;
    const char *text;  /* NULL: whatever the body says */
    bool is_beginning; /* the body begins with it; else it stands anywhere */
    bool is_of_all;    /* of each number of a request, and not of the first alone */
    enum outcome outcome;
} rules[] = {
    {200, 299, "0: ", true, true, OUTCOME_ACCEPTED},
    {200, 299, "3: ", true, true, OUTCOME_ACCEPTED},
    {200, 299, "Sent.", true, true, OUTCOME_ACCEPTED},
    {200, 299, NULL, false, true, OUTCOME_UNCERTAIN},
    {300, 399, NULL, false, true, OUTCOME_MISCONFIGURED},
    {400, 400, "denied", false, true, OUTCOME_REJECTED},
    {400, 400, "receiver number", false, true, OUTCOME_REJECTED},
    {400, 400, "Charset or body misformed", true, true, OUTCOME_REJECTED},
    {403, 403, "Not routable", true, false, OUTCOME_REJECTED},
    {400, 407, NULL, false, true, OUTCOME_MISCONFIGURED},
    {408, 408, NULL, false, true, OUTCOME_DEFERRED},
    {425, 425, NULL, false, true, OUTCOME_THROTTLED},
    {429, 429, NULL, false, true, OUTCOME_THROTTLED},
    {409, 499, NULL, false, true, OUTCOME_REJECTED},
    {502, 502, NULL, false, true, OUTCOME_UNCERTAIN},
    {503, 503, NULL, false, false, OUTCOME_THROTTLED},
    {504, 504, NULL, false, true, OUTCOME_UNCERTAIN},
    {500, 599, NULL, false, false, OUTCOME_DEFERRED},
};

static const struct list {
    uint16_t first; /* of a status */
    uint16_t last;
    const char *text;
    enum outcome listed; /* the others are accepted */
} lists[] = {
    {200, 299, "Denied receivers are:", OUTCOME_REJECTED},
    {500, 500, "Failed receivers are:", OUTCOME_DEFERRED},
};
#define LIST_END " Message splits:"

/* Behind the text; NULL if it is not there. */
static const uint8_t *behind(struct slice body, const char *text)
{
    size_t len = strlen(text);
    const uint8_t *at = body.len == 0 ? NULL : memmem(body.data, body.len, text, len);
    return at == NULL ? NULL : at + len;
}

static bool fits(const struct rule *rule, const struct http_answer *answer)
{
    if (answer->status < rule->first || answer->status > rule->last) {
        return false;
    }
    if (rule->text == NULL) {
        return answer->complete; /* else what is missing might have said something */
    }
    const uint8_t *at = behind(answer->body, rule->text);
    return at != NULL && (!rule->is_beginning || at == answer->body.data + strlen(rule->text));
}

static bool read_list(const struct http_answer *answer, struct kannel_answer *read)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct list *list = &lists[i];
        const uint8_t *at = behind(answer->body, list->text);
        if (at == NULL || answer->status < list->first || answer->status > list->last) {
            continue;
        }
        const uint8_t *end = answer->body.data + answer->body.len;
        read->listed = slice_of(at, (size_t)(end - at));
        const uint8_t *cut = behind(read->listed, LIST_END);
        if (cut != NULL) {
            read->listed.len = (size_t)(cut - at) - strlen(LIST_END);
        }
        read->listed_outcome = list->listed;
        read->outcome = OUTCOME_ACCEPTED;
        return true;
    }
    return false;
}

void kannel_answer_read(const struct http_answer *answer, bool is_many, struct kannel_answer *read)
{
    *read = (struct kannel_answer){.outcome = answer->outcome,
                                   .reason = (uint16_t)answer->reason,
                                   .retry_after_ms = answer->retry_after_ms};
    if (is_many && answer->complete && read_list(answer, read)) {
        read->reason = answer->status;
        return;
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (fits(&rules[i], answer)) {
            read->outcome = is_many && !rules[i].is_of_all ? OUTCOME_UNCERTAIN : rules[i].outcome;
            read->reason = answer->status;
            return;
        }
    }
}

enum outcome kannel_answer_outcome(const struct kannel_answer *read, struct slice number)
{
    struct slice left = read->listed;
    while (left.len > 0) {
        const uint8_t *blank = memchr(left.data, ' ', left.len);
        size_t len = blank == NULL ? left.len : (size_t)(blank - left.data);
        if (len > 0 && len == number.len && memcmp(left.data, number.data, len) == 0) {
            return read->listed_outcome;
        }
        size_t step = blank == NULL ? left.len : len + 1;
        left = slice_of(left.data + step, left.len - step);
    }
    return read->outcome;
}
