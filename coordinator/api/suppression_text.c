/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/suppression_text.h"

#include "coordinator/api/exchange.h"

enum err suppression_from_words(struct suppression *entry, const struct suppression_words *words,
                                const char **member, struct problem *problem)
{
    bool is_contact = words->contact.len > 0;
    enum channel_kind channel;
    *member = NULL;
    if (is_contact == (words->endpoint.len > 0)) {
        return problem_set(problem, ERR_INVALID,
                           "give \"endpoint\" with its \"channel\", or \"contact\"");
    }
    enum err err = suppression_set(entry, is_contact, words->channel,
                                   is_contact ? words->contact : words->endpoint, problem);
    if (err != ERR_OK) {
        bool is_no_channel =
            words->channel.len == 0 ? !is_contact : !channel_kind_parse(words->channel, &channel);
        *member = is_no_channel ? "channel" : is_contact ? "contact" : "endpoint";
        return err;
    }
    *member = "reason";
    err = suppression_set_reason(entry, words->reason, problem);
    if (err == ERR_OK) {
        *member = "source";
        err = suppression_set_source(entry, words->source, problem);
    }
    return err;
}

static const char *channel_of(const struct suppression *entry)
{
    return entry->channel == SUPPRESSION_ALL_CHANNELS
               ? NULL
               : channel_kind_name((enum channel_kind)entry->channel);
}

json_t *suppression_json(const struct suppression *entry)
{
    const char *kind = entry->kind == SUPPRESSION_CONTACT ? "contact" : "endpoint";
    json_t *json =
        json_pack("{s:s?, s:s, s:s, s:s}", "channel", channel_of(entry), kind, entry->value,
                  "reason", suppression_reason_name(entry->reason), "source", entry->source);
    json_object_set_new(json, "at", exchange_time(entry->at_ms));
    json_object_set_new(json, "until", exchange_time(entry->until_ms));
    return json;
}

static void put_cell(struct buf *csv, const char *value)
{
    buf_u8(csv, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"') {
            buf_u8(csv, '"');
        }
        buf_u8(csv, (uint8_t)*value);
    }
    buf_u8(csv, '"');
}

static void put_time(struct buf *csv, uint64_t unix_ms)
{
    json_t *time = exchange_time(unix_ms);
    if (json_is_string(time)) {
        buf_str(csv, json_string_value(time));
    }
    json_decref(time);
}

void suppression_csv(const struct suppression *entry, struct buf *csv)
{
    bool is_contact = entry->kind == SUPPRESSION_CONTACT;
    const char *channel = channel_of(entry);
    buf_printf(csv, "%s,%s,", suppression_reason_name(entry->reason),
               channel == NULL ? "" : channel);
    put_cell(csv, is_contact ? "" : entry->value);
    buf_u8(csv, ',');
    put_cell(csv, is_contact ? entry->value : "");
    buf_u8(csv, ',');
    put_cell(csv, entry->source);
    buf_u8(csv, ',');
    put_time(csv, entry->at_ms);
    buf_u8(csv, ',');
    put_time(csv, entry->until_ms);
    buf_str(csv, "\r\n");
}
