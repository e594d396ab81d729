/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/control_document.h"

#include "common/text.h"
#include "coordinator/content/object_id.h"

#define WEIGHT_MAX       1000
#define NOT_AFTER_MIN_MS 1000
#define NOT_AFTER_MAX_MS (UINT64_C(400) * 86400000)

enum err control_document_time(struct document_reader *reader, json_t *value, uint64_t *unix_ms)
{
    if (!json_is_string(value) ||
        !text_time_parse(slice_of(json_string_value(value), json_string_length(value)), unix_ms)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a time with its offset from UTC, such as "
                               "\"2026-12-01T08:00:00Z\" or \"2026-12-01T09:00:00+01:00\"");
    }
    return ERR_OK;
}

enum err control_document_not_after(struct document_reader *reader, json_t *value,
                                    struct campaign_control *control)
{
    uint64_t ignored;
    struct slice text = slice_of(json_string_value(value), json_string_length(value));
    if (json_is_string(value) && text_time_parse(text, &control->not_after_ms)) {
        return ERR_OK;
    }
    if (!json_is_string(value) || !text_duration_ms(text, &ignored)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a time such as \"2026-12-01T18:00:00Z\", or a duration "
                               "after the launch such as \"6h\"");
    }
    return document_duration(reader, value, NOT_AFTER_MIN_MS, NOT_AFTER_MAX_MS,
                             &control->not_after_for_ms);
}

enum err control_document_supersedes(struct document_reader *reader, json_t *value,
                                     struct campaign_control *control)
{
    const char *text;
    enum err err = document_string(reader, value, 1, SIZE_MAX, &text);
    if (err == ERR_OK && !object_id_parse(slice_str(text), OBJECT_CAMPAIGN, &control->supersedes)) {
        err = document_refuse(reader, ERR_INVALID,
                              "\"%.64s\" is no campaign's id; one looks like \"c12\"", text);
    }
    return err;
}

enum err control_document_priority(struct document_reader *reader, json_t *value,
                                   enum campaign_priority *priority)
{
    const char *words[PRIORITIES + 1] = {NULL};
    unsigned which = 0;
    for (enum campaign_priority i = 0; i < PRIORITIES; i++) {
        words[i] = campaign_priority_name(i);
    }
    enum err err = document_word(reader, value, "priority", words, &which);
    if (err == ERR_OK) {
        *priority = (enum campaign_priority)which;
    }
    return err;
}

enum err control_document_weight(struct document_reader *reader, json_t *value, uint32_t *weight)
{
    uint64_t number = 0;
    enum err err = document_integer(reader, value, 1, WEIGHT_MAX, &number);
    if (err == ERR_OK) {
        *weight = (uint32_t)number;
    }
    return err;
}

/* ---- stop rules ---- */

static struct stop_rule *rule_of(struct document_reader *reader)
{
    return reader->arg;
}

static enum err read_number(struct document_reader *reader, json_t *value, uint64_t max,
                            uint32_t *out)
{
    uint64_t number = 0;
    enum err err = document_integer(reader, value, 1, max, &number);
    *out = (uint32_t)number;
    return err;
}

static enum err read_count(struct document_reader *reader, json_t *value)
{
    return read_number(reader, value, UINT32_MAX, &rule_of(reader)->count);
}

static enum err read_percent(struct document_reader *reader, json_t *value)
{
    return read_number(reader, value, 99, &rule_of(reader)->percent);
}

static enum err read_of_at_least(struct document_reader *reader, json_t *value)
{
    return read_number(reader, value, UINT32_MAX, &rule_of(reader)->of_at_least);
}

static enum err read_rule(struct document_reader *reader, json_t *value, struct stop_rule *rule)
{
    static const struct document_field fields[] = {
        {"count", false, read_count},
        {"percent", false, read_percent},
        {"of_at_least", false, read_of_at_least},
        {NULL, false, NULL},
    };
    void *outer = reader->arg;
    reader->arg = rule;
    enum err err = document_object(reader, value, fields);
    reader->arg = outer;
    if (err == ERR_OK && rule->count == 0 && rule->percent == 0) {
        err =
            document_refuse(reader, ERR_INVALID,
                            "needs \"count\" or \"percent\": {\"percent\":5,\"of_at_least\":200}");
    }
    if (err == ERR_OK && rule->of_at_least != 0 && rule->percent == 0) {
        err = document_refuse(reader, ERR_INVALID, "\"of_at_least\" belongs to a \"percent\"");
    }
    return err;
}

enum err control_document_stop_rules(struct document_reader *reader, json_t *value,
                                     struct campaign_control *control)
{
    if (!json_is_object(value)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be an object such as {\"failed\":{\"count\":100}}");
    }
    const char *words[STOP_CAUSES + 1] = {NULL};
    for (enum stop_cause cause = 0; cause < STOP_CAUSES; cause++) {
        words[cause] = stop_cause_name(cause);
    }
    const char *name;
    json_t *rule;
    json_object_foreach(value, name, rule)
    {
        size_t mark = document_enter(reader, name);
        json_t *word = json_string(name);
        unsigned cause;
        enum err err = document_word(reader, word, "stop rule", words, &cause);
        json_decref(word);
        err = err == ERR_OK ? read_rule(reader, rule, &control->stop[cause]) : err;
        if (err != ERR_OK) {
            return err;
        }
        document_leave(reader, mark);
    }
    return ERR_OK;
}

/* ---- writing ---- */

static void put_time(json_t *json, const char *name, uint64_t unix_ms)
{
    char text[TEXT_TIME_BYTES + 1];
    if (unix_ms != 0) {
        text_time_str(text, unix_ms);
        json_object_set_new(json, name, json_string(text));
    }
}

static void put_campaign(json_t *json, const char *name, uint64_t campaign)
{
    char text[OBJECT_ID_CHARS + 1];
    if (campaign != 0) {
        object_id_write(text, OBJECT_CAMPAIGN, campaign);
        json_object_set_new(json, name, json_string(text));
    }
}

static void put_number(json_t *json, const char *name, uint32_t number)
{
    if (number != 0) {
        json_object_set_new(json, name, json_integer(number));
    }
}

static void put_rules(json_t *json, const struct campaign_control *control)
{
    json_t *rules = json_object();
    for (enum stop_cause cause = 0; cause < STOP_CAUSES; cause++) {
        const struct stop_rule *rule = &control->stop[cause];
        if (rule->count != 0 || rule->percent != 0) {
            json_t *members = json_object();
            put_number(members, "count", rule->count);
            put_number(members, "percent", rule->percent);
            put_number(members, "of_at_least", rule->of_at_least);
            json_object_set_new(rules, stop_cause_name(cause), members);
        }
    }
    if (json_object_size(rules) > 0) {
        json_object_set(json, "stop_rules", rules);
    }
    json_decref(rules);
}

void control_document_put(json_t *json, const struct campaign_control *control)
{
    char duration[DOCUMENT_DURATION_BYTES];
    put_time(json, "start_at", control->start_at_ms);
    put_time(json, "not_after", control->not_after_ms);
    if (control->not_after_for_ms != 0) {
        document_duration_write(duration, control->not_after_for_ms);
        json_object_set_new(json, "not_after", json_string(duration));
    }
    put_campaign(json, "supersedes", control->supersedes);
    put_rules(json, control);
}

/* Counted from 1 for people. */
static void put_rounds(json_t *json, const struct campaign_view *view)
{
    json_object_set_new(json, "round", json_integer(view->round + 1));
    if (view->round == 0) {
        return;
    }
    json_t *rounds = json_array();
    for (unsigned r = 0; r < view->round; r++) {
        json_t *states = json_array();
        for (enum delivery_state state = 0; state < DELIVERY_STATES; state++) {
            if ((view->rounds[r].states >> state & 1) != 0) {
                json_array_append_new(states, json_string(delivery_state_name(state)));
            }
        }
        json_t *round = json_pack("{s:i, s:I, s:o}", "round", (int)r + 2, "recipients",
                                  (json_int_t)view->rounds[r].recipients, "states", states);
        put_time(round, "at", view->rounds[r].at_ms);
        json_array_append_new(rounds, round);
    }
    json_object_set_new(json, "rounds", rounds);
}

void control_document_view(json_t *json, const struct campaign_view *view)
{
    put_rounds(json, view);
    control_document_put(json, &view->def->control);
    put_time(json, "starts_at", view->starts_ms);
    put_time(json, "expires_at", view->not_after_ms);
    put_campaign(json, "superseded_by", view->superseded_by);
    if (view->is_stopped) {
        json_object_set_new(json, "stopped",
                            json_pack("{s:s, s:I, s:I}", "by", stop_cause_name(view->stop_cause),
                                      "count", (json_int_t)view->stop_count, "of",
                                      (json_int_t)view->stop_of));
    }
}
