/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/change_document.h"

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

enum err change_document_read(struct campaign_change *change, json_t *json,
                              struct document_problem *problem)
{
    /* In the order of enum campaign_field. A member that is null is passed over by the reader, and
     * is then what it would be without one. */
    static const struct document_field fields[] = {
        [CAMPAIGN_FIELD_RATE] = {"rate", false, read_rate},
        [CAMPAIGN_FIELDS] = {NULL, false, NULL},
    };
    struct document_reader reader;
    *change = (struct campaign_change){0};
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
