/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "coordinator/content/object_id.h"
#include "coordinator/report/reason_class.h"
#include "coordinator/report/report_words.h"
#include "proto/outcome.h"

#define CURVE_POINTS 100

static void put_count(json_t *json, const char *name, uint64_t count)
{
    json_object_set_new(json, name, json_integer((json_int_t)count));
}

static json_t *time_json(uint64_t unix_ms)
{
    char text[TEXT_TIME_BYTES + 1];
    if (unix_ms == 0) {
        return json_null();
    }
    text_time_str(text, unix_ms);
    return json_string(text);
}

static json_t *seconds_json(uint64_t ms)
{
    return json_real((double)ms / 1000.0);
}

static json_t *share_json(uint64_t part, uint64_t whole)
{
    return whole == 0 ? json_null() : json_real(round((double)part / (double)whole * 1e6) / 1e6);
}

/* As much of it as is UTF-8. */
static json_t *string_json(const char *text)
{
    struct slice slice = slice_str(text);
    size_t bad_at;
    if (!text_is_utf8(slice, &bad_at)) {
        slice.len = bad_at;
    }
    return json_stringn((const char *)slice.data, slice.len);
}

/* ---- who and when ---- */

static json_t *campaign_json(const struct report_source *source)
{
    const struct campaign_def *def = &source->def;
    char id[OBJECT_ID_CHARS + 1];
    char audience[OBJECT_ID_CHARS + 1];
    object_id_write(id, OBJECT_CAMPAIGN, def->id);
    object_id_write(audience, OBJECT_AUDIENCE, def->audience);
    json_t *json = json_pack("{s:s, s:o, s:s, s:s, s:o}", "id", id, "name", string_json(def->name),
                             "state", campaign_state_name(source->state), "audience", audience,
                             "audience_name", string_json(source->audience->name));
    json_object_set_new(json, "priority", json_string(campaign_priority_name(def->priority)));
    json_object_set_new(json, "rate",
                        def->rate_per_s > 0 ? json_real(def->rate_per_s) : json_null());
    json_object_set_new(json, "expired", json_boolean(source->is_expired));
    json_object_set_new(json, "created_at", time_json(def->created_ms));
    return json;
}

static json_t *rounds_json(const struct report_source *source)
{
    json_t *rounds = json_array();
    for (unsigned i = 0; i < source->round; i++) {
        json_array_append_new(rounds, json_pack("{s:i, s:o, s:I}", "round", (int)i + 1, "at",
                                                time_json(source->rounds[i].at_ms), "recipients",
                                                (json_int_t)source->rounds[i].recipients));
    }
    return rounds;
}

static json_t *pause_json(const struct report_pause *pause, uint64_t now_ms)
{
    uint64_t to_ms = pause->to_ms == 0 ? now_ms : pause->to_ms;
    json_t *json = json_pack("{s:o, s:o, s:o, s:s}", "from", time_json(pause->from_ms), "to",
                             time_json(pause->to_ms), "seconds",
                             seconds_json(to_ms > pause->from_ms ? to_ms - pause->from_ms : 0),
                             "cause", pause->is_stopped ? "stop_rule" : "operator");
    if (pause->is_stopped) {
        json_object_set_new(json, "rule", json_string(stop_cause_name(pause->cause)));
        put_count(json, "people", pause->count);
        put_count(json, "of", pause->of);
    }
    return json;
}

static json_t *course_json(const struct campaign_report *report)
{
    const struct report_source *source = report->source;
    bool is_ended = report->ended_ms != 0;
    uint64_t end_ms = is_ended ? report->ended_ms : source->now_ms;
    uint64_t paused_ms = report->paused_ms;
    json_t *pauses = json_array();
    for (unsigned i = 0; i < report->pause_count && i < REPORT_PAUSES_MAX; i++) {
        const struct report_pause *pause = &report->pauses[i];
        json_array_append_new(pauses, pause_json(pause, source->now_ms));
        paused_ms += pause->to_ms == 0 && source->now_ms > pause->from_ms
                         ? source->now_ms - pause->from_ms
                         : 0;
    }
    bool is_launched = report->launched_ms != 0;
    uint64_t duration_ms = end_ms > report->launched_ms ? end_ms - report->launched_ms : 0;
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "launched_at",
                     time_json(report->launched_ms), "ended_at", time_json(report->ended_ms),
                     "duration_s", is_launched ? seconds_json(duration_ms) : json_null(),
                     "paused_s", seconds_json(paused_ms), "pause_count", (int)report->pause_count,
                     "pauses", pauses, "rounds", rounds_json(source));
}

/* ---- people ---- */

static void put_people(json_t *json, const char *name, uint64_t people, uint64_t recipients)
{
    json_object_set_new(json, name,
                        json_pack("{s:I, s:o}", "people", (json_int_t)people, "share",
                                  share_json(people, recipients)));
}

static json_t *people_json(const struct report_tally *tally)
{
    json_t *json = json_object();
    put_count(json, "recipients", tally->people);
    put_people(json, "reached", tally->reached, tally->people);
    put_people(json, "delivered", tally->delivered, tally->people);
    put_people(json, "acknowledged", tally->acknowledged, tally->people);
    put_people(json, "not_reached", tally->not_reached, tally->people);
    put_people(json, "complained", tally->complained, tally->people);
    put_people(json, "awaited", tally->open, tally->people);
    put_people(json, "ever_uncertain", tally->ever_uncertain, tally->people);
    put_people(json, "repeated", tally->repeated_people, tally->people);
    put_people(json, "in_further_rounds", tally->retried_people, tally->people);
    return json;
}

static json_t *states_json(const struct report_tally *tally)
{
    json_t *states = json_array();
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        enum delivery_state state = (enum delivery_state)s;
        json_array_append_new(states,
                              json_pack("{s:s, s:I, s:o, s:s}", "state", delivery_state_name(state),
                                        "people", (json_int_t)tally->states[s], "share",
                                        share_json(tally->states[s], tally->people), "meaning",
                                        report_state_meaning(state)));
    }
    return states;
}

static json_t *means_json(const struct report_tally *tally)
{
    json_t *list = json_array();
    for (unsigned m = 0; m < REPORT_MEANS; m++) {
        enum report_means means = (enum report_means)m;
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:o, s:s}", "means", report_means_name(means),
                                        "people", (json_int_t)tally->acknowledged_by[m], "share",
                                        share_json(tally->acknowledged_by[m], tally->acknowledged),
                                        "meaning", report_means_meaning(means)));
    }
    return list;
}

/* ---- messages ---- */

static json_t *way_json(const struct report_way *way)
{
    uint64_t settled =
        way->accepted + way->deferred + way->refused + way->uncertain + way->overtaken;
    json_t *json = json_object();
    put_count(json, "attempts", way->attempts);
    put_count(json, "accepted", way->accepted);
    put_count(json, "deferred", way->deferred);
    put_count(json, "refused", way->refused);
    put_count(json, "uncertain", way->uncertain);
    put_count(json, "overtaken", way->overtaken);
    put_count(json, "under_way", way->attempts > settled ? way->attempts - settled : 0);
    put_count(json, "retries", way->retries);
    put_count(json, "repeated", way->repeated);
    put_count(json, "bounced", way->bounced);
    put_count(json, "handed_back", way->handed_back);
    put_count(json, "turned_away", way->turned_away);
    put_count(json, "nothing_there", way->nothing_there);
    return json;
}

static bool is_used(const struct report_way *way)
{
    return way->attempts + way->accepted + way->handed_back + way->turned_away +
               way->nothing_there + way->people_delivered + way->people_acknowledged >
           0;
}

static json_t *channels_json(const struct campaign_report *report)
{
    const struct report_tally *tally = report->tally;
    json_t *channels = json_array();
    for (unsigned c = 0; c < CHANNEL_KINDS; c++) {
        const struct report_way *way = &tally->channels[c];
        if (is_used(way)) {
            json_t *json = json_pack("{s:s}", "channel", channel_kind_name((enum channel_kind)c));
            put_people(json, "reached", way->people_accepted, tally->people);
            put_people(json, "delivered", way->people_delivered, tally->people);
            put_people(json, "acknowledged", way->people_acknowledged, tally->people);
            json_object_set_new(json, "messages", way_json(way));
            json_array_append_new(channels, json);
        }
    }
    return channels;
}

static json_t *providers_json(const struct campaign_report *report)
{
    const struct report_source *source = report->source;
    json_t *providers = json_array();
    for (unsigned p = 0; p < WIRE_PROVIDERS_MAX; p++) {
        const struct report_way *way = &report->tally->providers[p];
        if (is_used(way)) {
            char number[24];
            const char *name = source->provider_names[p];
            enum channel_kind channel = source->provider_channels[p];
            snprintf(number, sizeof(number), "provider %u", p);
            json_t *json =
                json_pack("{s:o}", "provider", string_json(name[0] == '\0' ? number : name));
            json_object_set_new(json, "channel",
                                channel < CHANNEL_KINDS ? json_string(channel_kind_name(channel))
                                                        : json_null());
            put_people(json, "reached", way->people_accepted, report->tally->people);
            put_people(json, "delivered", way->people_delivered, report->tally->people);
            json_object_set_new(json, "messages", way_json(way));
            json_array_append_new(providers, json);
        }
    }
    return providers;
}

/* ---- groups ---- */

static json_t *group_json(const struct report_group *group, json_t *take_value)
{
    json_t *json =
        json_pack("{s:o, s:I}", "value", take_value, "people", (json_int_t)group->people);
    put_people(json, "reached", group->reached, group->people);
    put_people(json, "delivered", group->delivered, group->people);
    put_people(json, "acknowledged", group->acknowledged, group->people);
    put_people(json, "not_reached", group->not_reached, group->people);
    return json;
}

static json_t *groups_json(const struct report_groups *groups, const char *column)
{
    json_t *values = json_array();
    if (groups == NULL) {
        json_decref(values);
        return json_null();
    }
    const struct report_group *group = report_groups_at(groups, 0);
    for (unsigned i = 0; group != NULL; group = report_groups_at(groups, ++i)) {
        json_array_append_new(
            values,
            group_json(group, group->name[0] == '\0' ? json_null() : string_json(group->name)));
    }
    const struct report_group *others = report_groups_others(groups);
    return json_pack("{s:s, s:o, s:o}", "column", column, "values", values, "others",
                     others == NULL ? json_null() : group_json(others, json_null()));
}

static json_t *locales_json(const struct campaign_report *report)
{
    const struct page_schema *schema = &report->source->audience->schema;
    const char *column = "locale";
    for (unsigned c = 0; c < schema->count; c++) {
        column = schema->columns[c].field == PAGE_FIELD_LOCALE ? schema->columns[c].name : column;
    }
    return groups_json(report->tally->locales, column);
}

/* ---- times ---- */

static json_t *rank_json(const struct time_spread *spread, uint64_t people, unsigned percent)
{
    uint64_t ms = people == 0 ? TIME_SPREAD_NEVER
                              : time_spread_rank(spread, time_spread_percent(people, percent));
    return ms == TIME_SPREAD_NEVER ? json_null() : seconds_json(ms);
}

static json_t *ranks_json(const struct time_spread *spread, uint64_t people)
{
    return json_pack("{s:o, s:o, s:o}", "p50_s", rank_json(spread, people, 50), "p90_s",
                     rank_json(spread, people, 90), "p99_s", rank_json(spread, people, 99));
}

/* One point for each percent of those who had it: so it is as fine where much happened. */
static json_t *curve_json(const struct time_spread *spread, uint64_t recipients)
{
    json_t *curve = json_array();
    uint64_t before_ms = TIME_SPREAD_NEVER;
    for (unsigned percent = 1; percent <= CURVE_POINTS && spread->count > 0; percent++) {
        uint64_t rank = time_spread_percent(spread->count, percent);
        uint64_t ms = time_spread_rank(spread, rank);
        if (ms == before_ms) {
            json_array_remove(curve, json_array_size(curve) - 1);
        }
        before_ms = ms;
        json_array_append_new(curve,
                              json_pack("{s:o, s:I, s:o}", "s", seconds_json(ms), "people",
                                        (json_int_t)rank, "share", share_json(rank, recipients)));
    }
    return curve;
}

static json_t *spread_json(const struct time_spread *spread, uint64_t recipients)
{
    double mean_ms = spread->count == 0 ? 0 : (double)spread->sum_ms / (double)spread->count;
    bool is_empty = spread->count == 0;
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "people", (json_int_t)spread->count,
                     "share", share_json(spread->count, recipients), "of_recipients",
                     ranks_json(spread, recipients), "of_these", ranks_json(spread, spread->count),
                     "mean_s", is_empty ? json_null() : json_real(round(mean_ms) / 1000.0),
                     "last_s", is_empty ? json_null() : seconds_json(spread->max_ms), "curve",
                     curve_json(spread, recipients));
}

static json_t *times_json(const struct report_tally *tally)
{
    json_t *answer = spread_json(&tally->answer, tally->acknowledged);
    json_object_del(answer, "curve");
    json_object_del(answer, "of_recipients");
    json_object_del(answer, "share");
    return json_pack("{s:o, s:o, s:o, s:o}", "first_word",
                     spread_json(&tally->first_word, tally->people), "receipt",
                     spread_json(&tally->receipt, tally->people), "acknowledgement",
                     spread_json(&tally->acknowledgement, tally->people), "answer", answer);
}

static json_t *rate_json(const struct campaign_report *report)
{
    const struct rate_bins *bins = &report->tally->accepted_bins;
    struct rate_peak peak = rate_bins_peak(bins);
    double seconds = bins->last_ms < 1000 ? 1.0 : (double)bins->last_ms / 1000.0;
    bool is_empty = bins->count == 0;
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "accepted", (json_int_t)bins->count, "mean_per_s",
                     json_real(round((double)bins->count / seconds * 10) / 10), "peak_per_s",
                     json_real(round(peak.per_s * 10) / 10), "peak_at",
                     time_json(is_empty ? 0 : report->launched_ms + peak.at_ms), "peak_window_s",
                     seconds_json(peak.window_ms));
}

/* ---- the ladder ---- */

static json_t *ladder_json(const struct campaign_report *report)
{
    static const char *const UNTIL[] = {"accepted", "delivered", "acknowledged"};
    const struct plan *plan = &report->source->def.plan;
    json_t *ladder = json_array();
    for (unsigned s = 0; s < plan->step_count; s++) {
        const struct report_rung *rung = &report->tally->rungs[s];
        json_t *json = json_pack(
            "{s:i, s:i, s:s, s:s, s:o, s:b, s:b}", "step", (int)plan_written(plan, s) + 1, "repeat",
            (int)plan->steps[s].repeat, "channel", channel_kind_name(plan->steps[s].channel),
            "until", UNTIL[plan->steps[s].until], "within_s",
            seconds_json(plan->steps[s].within_ms), "left_out", plan_is_left_out(plan, s),
            "with_previous", plan_is_beside(plan, s));
        put_count(json, "entered", rung->entered);
        put_count(json, "tried", rung->tried);
        put_count(json, "accepted", rung->accepted);
        put_count(json, "acknowledged", rung->acknowledged);
        put_count(json, "climbed", rung->climbed);
        json_array_append_new(ladder, json);
    }
    return ladder;
}

/* ---- what went wrong ---- */

static void put_reason_text(struct buf *text, uint16_t reason)
{
    buf_clear(text);
    if (reason >= 100 && reason < 600) {
        buf_printf(text, "the provider answered %u", (unsigned)reason);
    } else if (reason == REASON_NONE) {
        buf_str(text, "no reason is known");
    } else {
        buf_str(text, reason_sentence(reason));
    }
}

static json_t *reason_json(uint16_t reason, const struct report_reason *counts)
{
    struct buf text = {0};
    put_reason_text(&text, reason);
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:I, s:I}", "reason", (int)reason, "text", buf_cstr(&text),
                  "class", reason_class_name(reason_class_of(reason)), "times",
                  (json_int_t)counts->times, "people", (json_int_t)counts->people);
    buf_release(&text);
    return json;
}

/* The reason with the most people, then times, among those that are not told yet. */
static int next_reason(const struct report_tally *tally, const bool *told)
{
    int best = -1;
    for (int r = 0; r < REPORT_REASONS_MAX; r++) {
        const struct report_reason *reason = &tally->reasons[r];
        if (told[r] || reason->times + reason->people == 0) {
            continue;
        }
        const struct report_reason *most = best < 0 ? NULL : &tally->reasons[best];
        if (most == NULL || reason->people > most->people ||
            (reason->people == most->people && reason->times > most->times)) {
            best = r;
        }
    }
    return best;
}

static json_t *failures_json(const struct report_tally *tally)
{
    bool told[REPORT_REASONS_MAX] = {false};
    struct report_reason classes[REASON_CLASSES] = {{0}};
    json_t *reasons = json_array();
    json_t *list = json_array();
    for (int r = next_reason(tally, told); r >= 0; r = next_reason(tally, told)) {
        told[r] = true;
        classes[reason_class_of((uint16_t)r)].times += tally->reasons[r].times;
        classes[reason_class_of((uint16_t)r)].people += tally->reasons[r].people;
        json_array_append_new(reasons, reason_json((uint16_t)r, &tally->reasons[r]));
    }
    for (unsigned c = 0; c < REASON_CLASSES; c++) {
        if (classes[c].times + classes[c].people > 0) {
            json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:I, s:I}", "class", reason_class_name((enum reason_class)c),
                          "meaning", reason_class_meaning((enum reason_class)c), "times",
                          (json_int_t)classes[c].times, "people", (json_int_t)classes[c].people));
        }
    }
    return json_pack("{s:o, s:o}", "classes", list, "reasons", reasons);
}

static json_t *not_reached_json(const struct campaign_report *report)
{
    const struct report_tally *tally = report->tally;
    struct buf text = {0};
    json_t *first = json_array();
    for (unsigned i = 0; i < tally->key_count; i++) {
        const struct report_key *key = &tally->keys[i];
        put_reason_text(&text, key->reason);
        json_array_append_new(
            first, json_pack("{s:o, s:s, s:i, s:s}", "key", string_json(key->key), "state",
                             delivery_state_name((enum delivery_state)key->state), "reason",
                             (int)key->reason, "text", buf_cstr(&text)));
    }
    buf_clear(&text);
    buf_printf(&text,
               "/v1/campaigns/c%llu/export?state=failed,suppressed,unreachable,"
               "expired,cancelled,uncertain",
               (unsigned long long)report->source->def.id);
    json_t *json = json_pack("{s:I, s:o, s:s}", "people", (json_int_t)tally->not_reached, "first",
                             first, "list", buf_cstr(&text));
    buf_release(&text);
    return json;
}

static json_t *definitions_json(void)
{
    json_t *json = json_object();
    for (const struct report_definition *d = report_definitions; d->name != NULL; d++) {
        json_object_set_new(json, d->name, json_string(d->sentence));
    }
    return json;
}

json_t *report_json(const struct campaign_report *report)
{
    const struct report_source *source = report->source;
    const struct report_tally *tally = report->tally;
    bool is_final = source->state == CAMPAIGN_FINISHED || source->state == CAMPAIGN_CANCELLED;
    json_t *json =
        json_pack("{s:i, s:o, s:o, s:b}", "report", REPORT_FORMAT, "campaign",
                  campaign_json(source), "as_of", time_json(source->now_ms), "final", is_final);
    json_object_set_new(json, "course", course_json(report));
    json_object_set_new(json, "people", people_json(tally));
    json_object_set_new(json, "states", states_json(tally));
    json_object_set_new(json, "acknowledged_by", means_json(tally));
    json_object_set_new(json, "messages", way_json(&tally->all));
    json_object_set_new(json, "rate", rate_json(report));
    json_object_set_new(json, "times", times_json(tally));
    json_object_set_new(json, "ladder", ladder_json(report));
    json_object_set_new(json, "channels", channels_json(report));
    json_object_set_new(json, "providers", providers_json(report));
    json_object_set_new(json, "locales", locales_json(report));
    json_object_set_new(json, "groups", groups_json(tally->groups, source->by));
    json_object_set_new(json, "failures", failures_json(tally));
    json_object_set_new(json, "not_reached", not_reached_json(report));
    json_object_set_new(json, "definitions", definitions_json());
    return json;
}
