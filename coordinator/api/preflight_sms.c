/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a plan's providers sends to whom is not known before, so that the texts are counted with
 * the least that any of them does: transliterated if all of them do that, and with the lowest cap.
 */
#include <string.h>

#include "common/text.h"
#include "coordinator/api/preflight_job.h"

/* The adapters that read these keys of a provider's settings, with what holds if they are not
 * there; others send a text as it is. */
static const struct {
    const char *adapter;
    uint32_t max_parts;
} ruled[] = {{"http", 0}, {"kannel", SMS_RULE_MAX_PARTS}, {"twilio", SMS_RULE_MAX_PARTS}};

static bool is_ruled(const struct wire_provider *provider, uint32_t *max_parts)
{
    for (size_t i = 0; i < sizeof(ruled) / sizeof(ruled[0]); i++) {
        if (strcmp(provider->adapter, ruled[i].adapter) == 0) {
            *max_parts = ruled[i].max_parts;
            return true;
        }
    }
    return false;
}

static bool is_on(const json_t *flag)
{
    struct slice word = slice_str(json_string_value(flag));
    return json_is_true(flag) || slice_is(word, "true") || slice_is(word, "yes") ||
           slice_is(word, "on");
}

/* As the worker takes them: scalars of YAML, in either spelling. What it refuses is no concern of
 * ours: it cannot send then, and says so. */
static struct sms_rule rule_of(const struct wire_provider *provider)
{
    struct sms_rule rule = {false, 0};
    if (!is_ruled(provider, &rule.max_parts)) {
        return rule;
    }
    json_t *settings = json_loads(provider->settings, 0, NULL);
    const json_t *flag = json_object_get(settings, "transliterate");
    const json_t *parts = json_object_get(settings, "max_parts");
    uint64_t number;
    rule.transliterate = is_on(flag);
    if (json_is_integer(parts) && json_integer_value(parts) > 0) {
        rule.max_parts = (uint32_t)json_integer_value(parts);
    } else if (json_is_string(parts) &&
               text_number(slice_str(json_string_value(parts)), 1, UINT32_MAX, &number)) {
        rule.max_parts = (uint32_t)number;
    }
    json_decref(settings);
    return rule;
}

static bool is_used(const struct plan *plan, uint32_t provider)
{
    for (unsigned s = 0; s < plan->step_count; s++) {
        if (plan->steps[s].channel == CHANNEL_SMS && !plan_is_left_out(plan, s) &&
            (plan->steps[s].providers >> provider & 1) != 0) {
            return true;
        }
    }
    return false;
}

struct sms_rule preflight_sms_rule(const struct api *api, const struct plan *plan)
{
    struct sms_rule least = {true, 0};
    unsigned count = 0;
    for (unsigned i = 0; i < api->context.provider_count; i++) {
        const struct wire_provider *provider = &api->context.providers[i];
        if (provider->channel != CHANNEL_SMS || !is_used(plan, provider->id)) {
            continue;
        }
        struct sms_rule rule = rule_of(provider);
        bool is_lower =
            rule.max_parts != 0 && (least.max_parts == 0 || rule.max_parts < least.max_parts);
        least.transliterate = least.transliterate && rule.transliterate;
        least.max_parts = is_lower ? rule.max_parts : least.max_parts;
        count++;
    }
    least.transliterate = least.transliterate && count > 0;
    return least;
}
