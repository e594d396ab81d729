/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a campaign from working at all is a problem; whatever else its operator should know
 * before the launch is a warning.
 */
#include <inttypes.h>

#include "common/buf.h"
#include "common/text.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/preflight_job.h"
#include "coordinator/content/channel_column.h"
#include "coordinator/content/object_id.h"

static const char *const speed_words[] = {
    [PREFLIGHT_NONE] = "none",
    [PREFLIGHT_LIMITED] = "limited",
    [PREFLIGHT_UNLIMITED] = "unlimited",
};

/* ---- What can never work ---- */

/* The columns in which the plan's channels have their endpoints, each once. */
static void put_columns(struct buf *text, const struct plan *plan)
{
    for (unsigned s = 0; s < plan->step_count; s++) {
        const char *column = channel_column_name(plan->steps[s].channel);
        bool is_said = plan_is_left_out(plan, s);
        for (unsigned e = 0; e < s; e++) {
            is_said = is_said || channel_column_name(plan->steps[e].channel) == column;
        }
        if (!is_said) {
            buf_printf(text, "%s\"%s\"", text->len == 0 ? "" : " or ", column);
        }
    }
}

static bool has_endpoints(const struct api *api, const struct campaign_view *view)
{
    const struct audience_info *info =
        audience_registry_find(api->context.audiences, view->def->audience);
    const struct plan *plan = &view->def->plan;
    for (unsigned s = 0; info != NULL && s < plan->step_count; s++) {
        if (!plan_is_left_out(plan, s) &&
            info->with_field[channel_kind_field(plan->steps[s].channel)] > 0) {
            return true;
        }
    }
    return info == NULL;
}

static bool has_provider(const struct api *api, const struct plan *plan)
{
    for (unsigned s = 0; s < plan->step_count; s++) {
        for (unsigned i = 0; i < api->context.provider_count; i++) {
            const struct provider_def *provider = &api->providers[i];
            if (provider->channel == plan->steps[s].channel && !plan_is_left_out(plan, s) &&
                (plan->steps[s].providers >> provider->id & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}

enum err preflight_check(const struct api *api, const struct campaign_view *view,
                         struct problem *problem)
{
    const struct plan *plan = &view->def->plan;
    if (!has_provider(api, plan)) {
        return problem_set(problem, ERR_CONFLICT,
                           "no step of the plan has a provider any more: put one into the "
                           "coordinator's settings, or make a campaign that names another");
    }
    if (!has_endpoints(api, view)) {
        struct buf columns = {0};
        put_columns(&columns, plan);
        enum err err = problem_set(problem, ERR_CONFLICT,
                                   "nobody can be reached: nobody in the audience has a value in "
                                   "%s; import one that has, or choose a channel that it has",
                                   buf_cstr(&columns));
        buf_release(&columns);
        return err;
    }
    return ERR_OK;
}

static void add_problem(json_t *problems, const char *problem, bool is_refused, const char *detail)
{
    json_array_append_new(problems, json_pack("{s:s, s:s, s:b}", "problem", problem, "detail",
                                              detail, "launch_refuses", is_refused));
}

static uint64_t not_after_of(const struct preflight_result *result)
{
    const struct campaign_control *control = &result->view->def->control;
    return control->not_after_for_ms != 0 ? result->starts_ms + control->not_after_for_ms
                                          : control->not_after_ms;
}

static json_t *problems_json(const struct preflight_result *result)
{
    const struct preflight_counts *counts = preflight_counts(result->preflight);
    json_t *problems = json_array();
    struct problem problem = {0};
    uint64_t not_after_ms = not_after_of(result);
    if (preflight_check(result->api, result->view, &problem) != ERR_OK) {
        add_problem(problems, "cannot_work", true, problem.text);
    } else if (counts->reachable == 0) {
        struct buf text = {0};
        buf_printf(&text,
                   "nobody can be reached: of %" PRIu64 " people %" PRIu64
                   " have no endpoint of the plan's channels, %" PRIu64
                   " are on the suppression list, %" PRIu64
                   " have had as many messages as the frequency cap allows, and %" PRIu64
                   " lack a variable of the message; change the plan, the message or the audience",
                   counts->people, counts->unreachable, counts->suppressed, counts->capped,
                   counts->incomplete);
        add_problem(problems, "nobody_reachable", false, buf_cstr(&text));
        buf_release(&text);
    }
    if (not_after_ms != 0 && not_after_ms <= result->starts_ms) {
        add_problem(problems, "not_after_past", true,
                    "its not_after is before it begins: nobody would be sent to; make it later");
    }
    return problems;
}

/* ---- Deadlines ---- */

static json_t *late_steps_json(const struct preflight_result *result, uint64_t span_ms)
{
    const struct plan *plan = &result->view->def->plan;
    json_t *steps = json_array();
    for (unsigned s = 0; s < plan->step_count; s++) {
        uint64_t late = preflight_late_at(&result->times, s, span_ms);
        json_array_append_new(
            steps, json_pack("{s:i, s:i, s:s, s:I}", "step", (int)plan_written(plan, s) + 1,
                             "repeat", (int)plan->steps[s].repeat, "channel",
                             channel_kind_name(plan->steps[s].channel), "late", (json_int_t)late));
    }
    return steps;
}

static void add_deadline(const struct preflight_result *result, const char *name, uint64_t at_ms,
                         json_t *deadlines, json_t *warnings, struct buf *text)
{
    if (at_ms == 0) {
        return;
    }
    uint64_t span_ms = at_ms > result->starts_ms ? at_ms - result->starts_ms : 0;
    uint64_t late = preflight_late(&result->times, span_ms);
    json_array_append_new(deadlines, json_pack("{s:s, s:o, s:I, s:o}", "deadline", name, "at",
                                               exchange_time(at_ms), "late", (json_int_t)late,
                                               "steps", late_steps_json(result, span_ms)));
    if (late > 0) {
        char time[TEXT_TIME_BYTES + 1];
        text_time_str(time, at_ms);
        buf_printf(text,
                   "at today's limits %" PRIu64 " people are not sent to before %s (%s): raise a "
                   "limit, add a provider, or begin earlier",
                   late, time, name);
        preflight_warn(warnings, "late", late, text);
    }
}

/* ---- All of it ---- */

static json_t *providers_json(const struct preflight_result *result, const struct plan_step *step)
{
    json_t *providers = json_array();
    struct provider_view provider;
    for (unsigned i = 0; engine_provider(result->api->context.engine, i, &provider); i++) {
        if ((preflight_providers(step, result->rates) >> provider.def->id & 1) != 0) {
            json_array_append_new(providers, json_string(provider.def->name));
        }
    }
    return providers;
}

static json_t *step_json(const struct preflight_result *result, unsigned s)
{
    const struct plan *plan = &result->view->def->plan;
    const struct preflight_step *step = &preflight_counts(result->preflight)->steps[s];
    double per_s;
    enum preflight_speed speed = preflight_step_rate(&plan->steps[s], result->rates, &per_s);
    uint64_t takes_ms = preflight_step_takes_ms(&result->times, s);
    json_t *send_s = speed == PREFLIGHT_NONE || takes_ms == UINT64_MAX ||
                             (speed == PREFLIGHT_UNLIMITED && takes_ms == 0)
                         ? json_null()
                         : json_integer((json_int_t)((takes_ms + 999) / 1000));
    return json_pack(
        "{s:i, s:i, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:o, s:I, s:o}", "step",
        (int)plan_written(plan, s) + 1, "repeat", (int)plan->steps[s].repeat, "channel",
        channel_kind_name(plan->steps[s].channel), "left_out", (int)plan_is_left_out(plan, s),
        "people", (json_int_t)step->people, "suppressed", (json_int_t)step->suppressed, "capped",
        (json_int_t)step->capped, "incomplete", (json_int_t)step->incomplete, "sendable",
        (json_int_t)step->sendable, "first", (json_int_t)step->first, "providers",
        providers_json(result, &plan->steps[s]), "speed",
        plan_is_left_out(plan, s) ? "left_out" : speed_words[speed], "rate_per_s",
        speed == PREFLIGHT_LIMITED ? exchange_limit(per_s) : json_null(), "begins_after_s",
        (json_int_t)(preflight_begins_after_ms(plan, s) / 1000), "send_s", send_s);
}

static json_t *missing_json(const struct preflight_result *result)
{
    json_t *items = json_array();
    struct preflight_missing missing;
    for (unsigned i = 0; preflight_missing(result->preflight, i, &missing); i++) {
        json_array_append_new(
            items, json_pack("{s:s, s:s, s:s, s:I}", "channel", channel_kind_name(missing.channel),
                             "locale", missing.locale[0] == '\0' ? "default" : missing.locale,
                             "variable", missing.variable, "people", (json_int_t)missing.people));
    }
    return items;
}

static json_t *sms_json(const struct preflight_result *result)
{
    const struct preflight_sms *sms = &preflight_counts(result->preflight)->sms;
    if (sms->people == 0) {
        return json_null();
    }
    uint32_t max_parts = result->sms_rule.max_parts;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:I, s:o, s:b, s:b}", "people",
                     (json_int_t)sms->people, "one", (json_int_t)sms->one, "two",
                     (json_int_t)sms->two, "three_or_more", (json_int_t)sms->more, "parts",
                     (json_int_t)sms->parts, "unicode", (json_int_t)sms->ucs2, "longest",
                     (int)sms->most, "too_long", (json_int_t)sms->too_long, "max_parts",
                     max_parts == 0 ? json_null() : json_integer(max_parts), "transliterated",
                     result->sms_rule.transliterate, "estimated", sms->is_estimated);
}

json_t *preflight_json(struct preflight_result *result)
{
    const struct preflight_counts *counts = preflight_counts(result->preflight);
    char id[OBJECT_ID_CHARS + 1];
    struct buf text = {0};
    json_t *steps = json_array();
    json_t *deadlines = json_array();
    json_t *warnings = preflight_warnings(result);
    object_id_write(id, OBJECT_CAMPAIGN, result->view->def->id);
    for (unsigned s = 0; s < counts->step_count; s++) {
        json_array_append_new(steps, step_json(result, s));
    }
    add_deadline(result, "by", result->by_ms, deadlines, warnings, &text);
    add_deadline(result, "not_after", not_after_of(result), deadlines, warnings, &text);
    buf_release(&text);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
        "campaign", id, "state", campaign_state_name(result->view->state), "at",
        exchange_time(result->now_ms), "starts_at", exchange_time(result->starts_ms), "people",
        (json_int_t)counts->people, "reachable", (json_int_t)counts->reachable, "incomplete",
        (json_int_t)counts->incomplete, "suppressed", (json_int_t)counts->suppressed, "capped",
        (json_int_t)counts->capped, "unreachable", (json_int_t)counts->unreachable, "steps", steps,
        "missing", missing_json(result), "sms", sms_json(result), "deadlines", deadlines,
        "problems", problems_json(result), "warnings", warnings);
}
