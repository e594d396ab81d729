/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "common/buf.h"
#include "common/text.h"
#include "coordinator/api/preflight_job.h"
#include "coordinator/content/plan_check.h"

void preflight_warn(json_t *warnings, const char *warning, uint64_t people, struct buf *text)
{
    json_array_append_new(warnings, json_pack("{s:s, s:s, s:I}", "warning", warning, "detail",
                                              buf_cstr(text), "people", (json_int_t)people));
    buf_clear(text);
}

static void warn_of_people(const struct preflight_result *result, json_t *warnings,
                           struct buf *text)
{
    const struct preflight_counts *counts = preflight_counts(result->preflight);
    struct preflight_missing missing;
    if (counts->unreachable > 0) {
        buf_printf(text, "%" PRIu64 " people have no endpoint of any channel of the plan",
                   counts->unreachable);
        preflight_warn(warnings, "unreachable", counts->unreachable, text);
    }
    if (counts->suppressed > 0) {
        buf_printf(text, "%" PRIu64 " people are on the suppression list with all that they have",
                   counts->suppressed);
        preflight_warn(warnings, "suppressed", counts->suppressed, text);
    }
    for (unsigned i = 0; preflight_missing(result->preflight, i, &missing); i++) {
        buf_printf(text,
                   "\"%s\" is empty for %" PRIu64 " people who would get the %s message (locale "
                   "%s): it is not sent to them",
                   missing.variable, missing.people, channel_kind_name(missing.channel),
                   missing.locale[0] == '\0' ? "default" : missing.locale);
        preflight_warn(warnings, "missing_variable", missing.people, text);
    }
    if (counts->sms.two + counts->sms.more > 0) {
        buf_printf(text, "the text is longer than one short message for %" PRIu64 " people",
                   counts->sms.two + counts->sms.more);
        preflight_warn(warnings, "long_sms", counts->sms.two + counts->sms.more, text);
    }
    if (counts->sms.too_long > 0) {
        buf_printf(text,
                   "the text is longer than the %u short messages that a provider of the plan lets "
                   "out (max_parts) for %" PRIu64 " people: that provider does not send it to them",
                   (unsigned)result->sms_rule.max_parts, counts->sms.too_long);
        preflight_warn(warnings, "too_long_sms", counts->sms.too_long, text);
    }
}

static void warn_of_steps(const struct preflight_result *result, json_t *warnings, struct buf *text)
{
    const struct preflight_counts *counts = preflight_counts(result->preflight);
    const struct plan *plan = &result->view->def->plan;
    if (!result->has_worker) {
        buf_str(text, "no worker is connected: nothing is sent until one is");
        preflight_warn(warnings, "no_worker", counts->reachable, text);
    }
    for (unsigned s = 0; s < plan->step_count; s++) {
        const struct preflight_step *step = &counts->steps[s];
        const char *channel = channel_kind_name(plan->steps[s].channel);
        unsigned number = plan_written(plan, s) + 1;
        double per_s;
        if (plan->steps[s].repeat > 0) {
            continue; /* said of the step already */
        }
        if (plan_is_left_out(plan, s)) {
            buf_printf(text, "step %u (%s) is left out: the campaign does without %s", number,
                       channel, channel);
            preflight_warn(warnings, "left_out", 0, text);
        } else if (step->sendable == 0) {
            buf_printf(text, "step %u (%s) can send to nobody", number, channel);
            preflight_warn(warnings, "idle_step", 0, text);
        } else if (preflight_step_rate(&plan->steps[s], result->rates, &per_s) == PREFLIGHT_NONE) {
            buf_printf(text, "step %u (%s) has no provider that can send now: tocsin provider list",
                       number, channel);
            preflight_warn(warnings, "no_provider", step->sendable, text);
        }
    }
}

/* What the plan may not mean. */
static void warn_of_plan(const struct preflight_result *result, json_t *warnings, struct buf *text)
{
    const struct plan *plan = &result->view->def->plan;
    for (unsigned s = 1; s < plan->step_count; s++) {
        if (plan_check_is_echo(plan, s) && !plan_is_left_out(plan, s)) {
            unsigned step = plan_written(plan, s) + 1;
            buf_printf(text,
                       "step %u (%s) uses the channel and providers of step %u, which ends for "
                       "everybody whose message was accepted: only who could not be sent to comes "
                       "to it; to write again to who does not answer, let step %u last until "
                       "acknowledged",
                       step, channel_kind_name(plan->steps[s].channel), step - 1, step - 1);
            preflight_warn(warnings, "same_channel", 0, text);
        }
    }
}

static void warn_of_respect(const struct preflight_result *result, json_t *warnings,
                            struct buf *text)
{
    const struct campaign_def *def = result->view->def;
    if (def->priority == PRIORITY_CRITICAL) {
        return; /* it overrides both */
    }
    uint64_t until_ms;
    uint64_t asleep = preflight_asleep(&result->times, &until_ms);
    if (asleep > 0) {
        char time[TEXT_TIME_BYTES + 1];
        text_time_str(time, result->starts_ms + until_ms);
        buf_printf(text,
                   "%" PRIu64 " people have quiet hours as it begins: their first message waits, "
                   "the last until %s",
                   asleep, time);
        preflight_warn(warnings, "quiet_hours", asleep, text);
    }
    uint64_t capped = preflight_counts(result->preflight)->capped;
    if (capped > 0) {
        buf_printf(text,
                   "%" PRIu64 " people have had as many messages of other campaigns as the "
                   "frequency cap allows (%u): as it stands now, they are spared",
                   capped, (unsigned)def->cap_messages);
        preflight_warn(warnings, "frequency_cap", capped, text);
    }
}

/* Only providers that delay somebody are spoken of: where others take over nothing is amiss. */
static void warn_of_limits(const struct preflight_result *result, json_t *warnings,
                           struct buf *text)
{
    struct provider_view provider;
    struct preflight_stop stop;
    char from[TEXT_TIME_BYTES + 1];
    char until[TEXT_TIME_BYTES + 1];
    for (unsigned i = 0; engine_provider(result->api->context.engine, i, &provider); i++) {
        uint8_t id = provider.def->id;
        if (preflight_stop_by_hours(&result->times, id, &stop)) {
            text_time_str(from, result->starts_ms + stop.from_ms);
            text_time_str(until, result->starts_ms + stop.until_ms);
            buf_printf(text,
                       "provider %s has quiet hours from %s until %s: the first message of %" PRIu64
                       " people waits for their end",
                       provider.def->name, from, until, stop.people);
            preflight_warn(warnings, "provider_quiet_hours", stop.people, text);
        }
        if (preflight_stop_by_quota(&result->times, id, &stop)) {
            text_time_str(until, result->starts_ms + stop.until_ms);
            buf_printf(text,
                       "provider %s has %.0f left of its quota of %u until %s: the first message "
                       "of %" PRIu64 " people waits for the days after",
                       provider.def->name, result->rates[id].day_left, (unsigned)provider.day_quota,
                       until, stop.people);
            preflight_warn(warnings, "provider_quota", stop.people, text);
        }
    }
}

json_t *preflight_warnings(const struct preflight_result *result)
{
    json_t *warnings = json_array();
    struct buf text = {0};
    warn_of_people(result, warnings, &text);
    warn_of_steps(result, warnings, &text);
    warn_of_plan(result, warnings, &text);
    warn_of_respect(result, warnings, &text);
    warn_of_limits(result, warnings, &text);
    buf_release(&text);
    return warnings;
}
