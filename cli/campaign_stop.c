/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/campaign_stop.h"

#include <string.h>

#include "common/slice.h"
#include "common/text.h"

#define PERCENT_MAX 99

static bool put_number(json_t *rule, const char *member, struct slice text, uint64_t max)
{
    uint64_t number;
    if (json_object_get(rule, member) != NULL || !text_number(text, 1, max, &number)) {
        return false;
    }
    json_object_set_new(rule, member, json_integer((json_int_t)number));
    return true;
}

/* "5%" or "5%/200". */
static bool put_share(json_t *rule, const char *text, size_t len, const char *sign)
{
    const char *end = text + len;
    if (!put_number(rule, "percent", slice_of(text, (size_t)(sign - text)), PERCENT_MAX)) {
        return false;
    }
    if (sign + 1 == end) {
        return true;
    }
    return sign[1] == '/' && put_number(rule, "of_at_least",
                                        slice_of(sign + 2, (size_t)(end - sign - 2)), UINT32_MAX);
}

static bool read_rule(json_t *rule, const char *text)
{
    while (true) {
        size_t len = strcspn(text, ",");
        const char *sign = memchr(text, '%', len);
        if (!(sign == NULL ? put_number(rule, "count", slice_of(text, len), UINT32_MAX)
                           : put_share(rule, text, len, sign))) {
            return false;
        }
        if (text[len] == '\0') {
            return true;
        }
        text += len + 1;
    }
}

static enum err put_rule(json_t *rules, const struct arguments *arguments, const char *option,
                         const char *cause, struct problem *problem)
{
    const char *text = arguments_value(arguments, option);
    if (text == NULL || strcmp(text, "none") == 0) {
        return ERR_OK;
    }
    json_t *rule = json_object();
    json_object_set_new(rules, cause, rule);
    return read_rule(rule, text)
               ? ERR_OK
               : problem_set(problem, ERR_INVALID,
                             "--%s cannot be \"%s\"; it is a number of people such as 100, a share "
                             "of those tried such as 5%% or 5%%/200 (once 200 were tried), or both "
                             "with a comma",
                             option, text);
}

enum err campaign_stop_put(json_t *request, const struct arguments *arguments,
                           struct problem *problem)
{
    json_t *rules = json_object();
    enum err err = put_rule(rules, arguments, "stop-if-failed", "failed", problem);
    if (err == ERR_OK) {
        err = put_rule(rules, arguments, "stop-if-complained", "complained", problem);
    }
    if (err == ERR_OK && json_object_size(rules) > 0) {
        json_object_set(request, "stop_rules", rules);
    }
    json_decref(rules);
    return err;
}
