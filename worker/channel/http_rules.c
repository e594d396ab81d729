/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/channel/http_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "worker/channel/channel_settings.h"
#include "worker/channel/json_pointer.h"

#define STATUS_RANGES_MAX 16
#define WHERE_MAX_BYTES   160
#define OUTCOME_NOT_GIVEN (~0U)

struct status_range {
    uint16_t first;
    uint16_t last;
};

struct http_rule {
    unsigned range_count; /* 0: any status */
    struct status_range ranges[STATUS_RANGES_MAX];
    char *contains; /* NULL: not asked for */
    regex_t *regex;
    char *pointer;
    json_t *equals; /* NULL: the value must be there and not null */
    enum outcome outcome;
    uint32_t retry_after_ms;
};

struct http_rules {
    bool one_url;
    size_t count;
    struct http_rule *rules;
};

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

static const struct {
    struct status_range range;
    enum outcome outcome;
} default_rules[] = {
    {{200, 299}, OUTCOME_ACCEPTED},      {{300, 399}, OUTCOME_MISCONFIGURED},
    {{401, 403}, OUTCOME_MISCONFIGURED}, {{407, 407}, OUTCOME_MISCONFIGURED},
    {{408, 408}, OUTCOME_DEFERRED},      {{425, 425}, OUTCOME_THROTTLED},
    {{429, 429}, OUTCOME_THROTTLED},     {{400, 499}, OUTCOME_REJECTED},
    {{502, 502}, OUTCOME_UNCERTAIN},     {{504, 504}, OUTCOME_UNCERTAIN},
    {{500, 599}, OUTCOME_DEFERRED},
};

/* --- judging --- */

/* As people would write it: strings without quotes, so that `true` and "true" are alike. */
static bool scalars_are_alike(const json_t *value, const json_t *wanted)
{
    if (json_is_string(value) && json_is_string(wanted)) {
        return strcmp(json_string_value(value), json_string_value(wanted)) == 0;
    }
    if (!json_is_string(value) && !json_is_string(wanted)) {
        return json_equal(value, wanted) != 0;
    }
    const json_t *text = json_is_string(value) ? value : wanted;
    const json_t *other = json_is_string(value) ? wanted : value;
    char *printed = json_dumps(other, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    bool is_alike = printed != NULL && strcmp(printed, json_string_value(text)) == 0;
    free(printed);
    return is_alike;
}

static bool json_is_one_of(const json_t *value, const json_t *wanted)
{
    if (!json_is_array(wanted)) {
        return scalars_are_alike(value, wanted);
    }
    size_t index;
    json_t *each;
    json_array_foreach(wanted, index, each)
    {
        if (scalars_are_alike(value, each)) {
            return true;
        }
    }
    return false;
}

static bool rule_has_status(const struct http_rule *rule, uint16_t status)
{
    for (unsigned i = 0; i < rule->range_count; i++) {
        if (status >= rule->ranges[i].first && status <= rule->ranges[i].last) {
            return true;
        }
    }
    return rule->range_count == 0;
}

static bool rule_has_json(const struct http_rule *rule, struct http_reading *reading)
{
    json_t *document = http_reading_json(reading);
    json_t *value = document == NULL ? NULL : json_pointer_get(document, rule->pointer);
    if (value == NULL || rule->equals == NULL) {
        return value != NULL && !json_is_null(value);
    }
    return json_is_one_of(value, rule->equals);
}

static enum match rule_match(const struct http_rule *rule, struct http_reading *reading)
{
    const struct http_answer *answer = reading->answer;
    if (!rule_has_status(rule, answer->status)) {
        return MATCH_NO;
    }
    const char *body = (const char *)answer->body.data;
    /* What there is of a body does not show where it ends. */
    int no_end = answer->complete ? 0 : REG_NOTEOL;
    bool has_body = (rule->contains == NULL || memmem(body, answer->body.len, rule->contains,
                                                      strlen(rule->contains)) != NULL) &&
                    (rule->regex == NULL || regexec(rule->regex, body, 0, NULL, no_end) == 0) &&
                    (rule->pointer == NULL || rule_has_json(rule, reading));
    if (has_body) {
        return MATCH_YES;
    }
    return answer->complete ? MATCH_NO : MATCH_UNKNOWN;
}

static enum outcome default_outcome(const struct http_rules *rules,
                                    const struct http_answer *answer)
{
    if (answer->status == 503 && answer->retry_after_ms > 0) {
        return OUTCOME_THROTTLED;
    }
    if ((answer->status == 404 || answer->status == 405) && rules->one_url) {
        return OUTCOME_MISCONFIGURED;
    }
    for (size_t i = 0; i < sizeof(default_rules) / sizeof(default_rules[0]); i++) {
        if (answer->status >= default_rules[i].range.first &&
            answer->status <= default_rules[i].range.last) {
            return default_rules[i].outcome;
        }
    }
    return OUTCOME_UNCERTAIN;
}

struct http_verdict http_rules_judge(const struct http_rules *rules, struct http_reading *reading)
{
    const struct http_answer *answer = reading->answer;
    struct http_verdict verdict = {answer->outcome, (uint16_t)answer->reason,
                                   answer->retry_after_ms};
    if (answer->status == 0) {
        return verdict;
    }
    for (size_t i = 0; i < rules->count; i++) {
        const struct http_rule *rule = &rules->rules[i];
        enum match match = rule_match(rule, reading);
        if (match == MATCH_UNKNOWN) {
            return verdict;
        }
        if (match == MATCH_YES) {
            verdict.outcome = rule->outcome;
            verdict.reason = answer->status;
            if (rule->retry_after_ms > 0 && verdict.retry_after_ms == 0) {
                verdict.retry_after_ms = rule->retry_after_ms;
            }
            return verdict;
        }
    }
    verdict.outcome = default_outcome(rules, answer);
    verdict.reason = answer->status;
    return verdict;
}

/* --- reading rules --- */

struct rule_settings {
    json_t *status;
    const char *contains;
    const char *regex;
    json_t *json;
    unsigned outcome;
    uint32_t retry_after_ms;
};

struct json_settings {
    const char *pointer;
    json_t *equals;
};

/* In the order of enum outcome; what a worker alone can say is not among them. */
static const char *const outcome_words[] = {"accepted",  "deferred",      "throttled", "rejected",
                                            "uncertain", "misconfigured", NULL};

static const struct channel_key rule_keys[] = {
    {.name = "status", .type = CHANNEL_KEY_ANY, .offset = offsetof(struct rule_settings, status)},
    {.name = "body_contains",
     .type = CHANNEL_KEY_TEXT,
     .offset = offsetof(struct rule_settings, contains)},
    {.name = "body_regex",
     .type = CHANNEL_KEY_TEXT,
     .offset = offsetof(struct rule_settings, regex)},
    {.name = "json", .type = CHANNEL_KEY_OBJECT, .offset = offsetof(struct rule_settings, json)},
    {.name = "outcome",
     .type = CHANNEL_KEY_CHOICE,
     .offset = offsetof(struct rule_settings, outcome),
     .choices = outcome_words},
    {.name = "retry_after",
     .type = CHANNEL_KEY_DURATION,
     .offset = offsetof(struct rule_settings, retry_after_ms),
     .min = 1,
     .max = 86400 * 1000},
};

static const struct channel_key json_keys[] = {
    {.name = "pointer",
     .type = CHANNEL_KEY_TEXT,
     .offset = offsetof(struct json_settings, pointer)},
    {.name = "equals", .type = CHANNEL_KEY_ANY, .offset = offsetof(struct json_settings, equals)},
};

/* "429", "5xx", "200-299" */
static bool status_range_parse(const char *text, struct status_range *range)
{
    uint64_t first;
    uint64_t last;
    if (text[0] >= '1' && text[0] <= '5' && strcmp(text + 1, "xx") == 0) {
        *range = (struct status_range){(uint16_t)((text[0] - '0') * 100),
                                       (uint16_t)((text[0] - '0') * 100 + 99)};
        return true;
    }
    const char *dash = strchr(text, '-');
    size_t first_len = dash == NULL ? strlen(text) : (size_t)(dash - text);
    if (!text_number(slice_of(text, first_len), 100, 599, &first)) {
        return false;
    }
    last = first;
    if (dash != NULL && !text_number(slice_str(dash + 1), first, 599, &last)) {
        return false;
    }
    *range = (struct status_range){(uint16_t)first, (uint16_t)last};
    return true;
}

static bool status_value_parse(const json_t *value, struct status_range *range)
{
    char digits[24];
    if (json_is_integer(value)) {
        (void)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return status_range_parse(digits, range);
    }
    return json_is_string(value) && status_range_parse(json_string_value(value), range);
}

static enum err rule_read_status(struct http_rule *rule, json_t *status, const char *where,
                                 struct problem *problem)
{
    size_t count = json_is_array(status) ? json_array_size(status) : 1;
    bool is_valid = count > 0 && count <= STATUS_RANGES_MAX;
    for (size_t i = 0; is_valid && i < count; i++) {
        json_t *value = json_is_array(status) ? json_array_get(status, i) : status;
        is_valid = status_value_parse(value, &rule->ranges[i]);
    }
    if (!is_valid) {
        return problem_set(problem, ERR_INVALID,
                           "%s: status must be a number from 100 to 599, \"5xx\", \"200-299\", or "
                           "a list of up to %d of these",
                           where, STATUS_RANGES_MAX);
    }
    rule->range_count = (unsigned)count;
    return ERR_OK;
}

static enum err rule_read_json(struct http_rule *rule, json_t *object, const char *where,
                               struct problem *problem)
{
    char inner[WHERE_MAX_BYTES + 8];
    (void)snprintf(inner, sizeof(inner), "%s.json", where);
    struct json_settings read = {0};
    enum err err = channel_settings_read(object, inner, json_keys,
                                         sizeof(json_keys) / sizeof(json_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = http_reading_check_pointer(read.pointer, inner, problem);
    }
    if (err == ERR_OK) {
        rule->pointer = mem_copy_str(read.pointer);
        rule->equals = json_incref(read.equals);
    }
    return err;
}

static enum err rule_read(struct http_rule *rule, json_t *object, const char *where,
                          struct problem *problem)
{
    struct rule_settings read = {.outcome = OUTCOME_NOT_GIVEN};
    enum err err = channel_settings_read(object, where, rule_keys,
                                         sizeof(rule_keys) / sizeof(rule_keys[0]), &read, problem);
    if (err == ERR_OK && read.outcome == OUTCOME_NOT_GIVEN) {
        err = problem_set(problem, ERR_INVALID, "%s: outcome is missing", where);
    }
    if (err == ERR_OK && read.status != NULL) {
        err = rule_read_status(rule, read.status, where, problem);
    }
    if (err == ERR_OK && read.regex != NULL) {
        err = http_reading_regex(&rule->regex, read.regex, where, "body_regex", problem);
    }
    if (err == ERR_OK && read.json != NULL) {
        err = rule_read_json(rule, read.json, where, problem);
    }
    if (err == ERR_OK) {
        rule->contains = mem_copy_str(read.contains);
        rule->outcome = (enum outcome)read.outcome;
        rule->retry_after_ms = read.retry_after_ms;
    }
    return err;
}

enum err http_rules_new(struct http_rules **out, json_t *list, bool one_url, const char *where,
                        struct problem *problem)
{
    struct http_rules *rules = mem_zalloc(1, sizeof(*rules));
    rules->one_url = one_url;
    rules->count = json_array_size(list);
    rules->rules = mem_zalloc(rules->count, sizeof(struct http_rule));
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < rules->count; i++) {
        char inner[WHERE_MAX_BYTES];
        (void)snprintf(inner, sizeof(inner), "%s, rules[%zu]", where, i);
        json_t *object = json_array_get(list, i);
        err = json_is_object(object) ? rule_read(&rules->rules[i], object, inner, problem)
                                     : problem_set(problem, ERR_INVALID, "%s must be a map", inner);
    }
    if (err != ERR_OK) {
        http_rules_free(rules);
        rules = NULL;
    }
    *out = rules;
    return err;
}

void http_rules_free(struct http_rules *rules)
{
    if (rules == NULL) {
        return;
    }
    for (size_t i = 0; i < rules->count; i++) {
        mem_free(rules->rules[i].contains);
        http_reading_regex_free(rules->rules[i].regex);
        mem_free(rules->rules[i].pointer);
        json_decref(rules->rules[i].equals);
    }
    mem_free(rules->rules);
    mem_free(rules);
}
