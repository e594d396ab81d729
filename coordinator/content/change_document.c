/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/change_document.h"

#include <string.h>

#include "coordinator/content/control_document.h"

#define RATE_LEAST 0.001

static struct campaign_change *change_of(struct document_reader *reader)
{
    return reader->arg;
}

enum err change_document_rate(struct document_reader *reader, json_t *value, double *rate_per_s)
{
    return document_number(reader, value, RATE_LEAST, CAMPAIGN_RATE_MAX,
                           " (recipients per second), or null for no rate of its own; to send "
                           "nothing, pause the campaign",
                           rate_per_s);
}

static enum err read_rate(struct document_reader *reader, json_t *value)
{
    return change_document_rate(reader, value, &change_of(reader)->rate_per_s);
}

static enum err read_priority(struct document_reader *reader, json_t *value)
{
    return control_document_priority(reader, value, &change_of(reader)->priority);
}

static enum err read_weight(struct document_reader *reader, json_t *value)
{
    return control_document_weight(reader, value, &change_of(reader)->weight);
}

static enum err read_not_after(struct document_reader *reader, json_t *value)
{
    struct campaign_control control = {0};
    enum err err = control_document_not_after(reader, value, &control);
    change_of(reader)->not_after_ms = control.not_after_ms;
    change_of(reader)->not_after_for_ms = control.not_after_for_ms;
    return err;
}

static enum err read_stop_rules(struct document_reader *reader, json_t *value)
{
    struct campaign_control control = {0};
    enum err err = control_document_stop_rules(reader, value, &control);
    memcpy(change_of(reader)->stop, control.stop, sizeof(control.stop));
    return err;
}

enum err change_document_read(struct campaign_change *change, json_t *json,
                              struct document_problem *problem)
{
    /* In the order of enum campaign_field. A member that is null is passed over by the reader, and
     * is then what it would be without one. */
    static const struct document_field fields[] = {
        [CAMPAIGN_FIELD_RATE] = {"rate", false, read_rate},
        [CAMPAIGN_FIELD_PRIORITY] = {"priority", false, read_priority},
        [CAMPAIGN_FIELD_WEIGHT] = {"weight", false, read_weight},
        [CAMPAIGN_FIELD_NOT_AFTER] = {"not_after", false, read_not_after},
        [CAMPAIGN_FIELD_STOP_RULES] = {"stop_rules", false, read_stop_rules},
        [CAMPAIGN_FIELDS] = {NULL, false, NULL},
    };
    struct document_reader reader;
    *change = (struct campaign_change){.priority = PRIORITY_NORMAL, .weight = 1};
    document_reader_init(&reader, problem, change);
    enum err err = document_object(&reader, json, fields);
    for (unsigned i = 0; err == ERR_OK && i < CAMPAIGN_FIELDS; i++) {
        change->fields |= json_object_get(json, fields[i].key) != NULL ? 1u << i : 0;
    }
    if (err == ERR_OK && change->fields == 0) {
        return document_refuse(&reader, ERR_INVALID,
                               "says nothing to change: {\"rate\":100}, or {\"rate\":null} for no "
                               "rate of its own");
    }
    return err;
}

void change_document_put(json_t *json, const struct campaign_def *def)
{
    if (def->rate_per_s > 0) {
        json_object_set_new(json, "rate", json_real(def->rate_per_s));
    }
}
