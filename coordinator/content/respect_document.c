/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/respect_document.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "common/time_zone.h"
#include "coordinator/content/channel_list.h"
#include "proto/channel_kind.h"

#define DAY_MIN 1440

/* Without a word on channels: those that wake people up. */
#define USUAL_CHANNELS (1u << CHANNEL_SMS | 1u << CHANNEL_VOICE | 1u << CHANNEL_PUSH)

static bool is_none(json_t *value)
{
    return json_is_string(value) && strcmp(json_string_value(value), "none") == 0;
}

/* ---- quiet hours ---- */

struct hours_reading {
    struct quiet_hours hours;
    bool is_stored;
    void *arg; /* of the document around it */
};

static struct quiet_hours *hours_of(struct document_reader *reader)
{
    struct hours_reading *reading = reader->arg;
    return &reading->hours;
}

/* "07:00"; "24:00" is midnight. */
static enum err read_clock(struct document_reader *reader, json_t *value, unsigned *minutes)
{
    const char *text = json_string_value(value);
    size_t len = text == NULL ? 0 : strlen(text);
    uint64_t hour = 0;
    uint64_t minute = 0;
    bool is_clock = len == 5 && text[2] == ':' && text_number(slice_of(text, 2), 0, 24, &hour) &&
                    text_number(slice_of(text + 3, 2), 0, 59, &minute) &&
                    hour * 60 + minute <= DAY_MIN;
    if (!is_clock) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a time of the day in 24 hours, such as \"22:00\" or "
                               "\"07:30\"");
    }
    *minutes = (unsigned)(hour * 60 + minute) % DAY_MIN;
    return ERR_OK;
}

static enum err read_from(struct document_reader *reader, json_t *value)
{
    return read_clock(reader, value, &hours_of(reader)->from_min);
}

static enum err read_to(struct document_reader *reader, json_t *value)
{
    return read_clock(reader, value, &hours_of(reader)->to_min);
}

static enum err read_channels(struct document_reader *reader, json_t *value)
{
    return channel_list_read(reader, value, "; without it sms, voice and push are quiet",
                             &hours_of(reader)->channels);
}

static enum err read_zone(struct document_reader *reader, json_t *value)
{
    const char *name;
    enum err err = document_line(reader, value, 1, RESPECT_ZONE_MAX, &name);
    if (err != ERR_OK) {
        return err;
    }
    const struct hours_reading *reading = reader->arg;
    struct time_zone *zone = NULL;
    struct problem problem;
    bool is_known = reading->is_stored || time_zone_open(name, &zone, &problem) == ERR_OK;
    time_zone_free(zone);
    if (!is_known) {
        return document_refuse(reader, ERR_INVALID,
                               "there is no time zone \"%s\"; write its name as the IANA database "
                               "has it, such as \"Europe/Oslo\" or \"UTC\"",
                               name);
    }
    memcpy(hours_of(reader)->zone, name, strlen(name) + 1);
    return ERR_OK;
}

static const struct document_field hours_fields[] = {
    {"from", true, read_from},  {"to", true, read_to}, {"channels", false, read_channels},
    {"zone", false, read_zone}, {NULL, false, NULL},
};

enum err respect_document_quiet_hours(struct document_reader *reader, json_t *value, bool is_stored,
                                      struct quiet_hours *hours)
{
    struct hours_reading reading = {
        {.channels = USUAL_CHANNELS, .zone = "UTC"}, is_stored, reader->arg};
    if (is_none(value)) {
        *hours = (struct quiet_hours){0};
        return ERR_OK;
    }
    if (!json_is_object(value)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be \"none\", or an object such as "
                               "{\"from\":\"22:00\",\"to\":\"07:00\",\"zone\":\"Europe/Oslo\"}");
    }
    reader->arg = &reading;
    enum err err = document_object(reader, value, hours_fields);
    reader->arg = reading.arg;
    if (err == ERR_OK && reading.hours.from_min == reading.hours.to_min) {
        err = document_refuse(reader, ERR_INVALID,
                              "\"from\" and \"to\" are the same time: it would never be quiet, or "
                              "always; \"none\" turns quiet hours off");
    }
    if (err == ERR_OK) {
        *hours = reading.hours;
    }
    return err;
}

json_t *respect_document_show_quiet_hours(const struct quiet_hours *hours)
{
    if (hours->channels == 0) {
        return json_null();
    }
    json_t *json = json_object();
    json_object_set_new(json, "from",
                        json_sprintf("%02u:%02u", hours->from_min / 60, hours->from_min % 60));
    json_object_set_new(json, "to",
                        json_sprintf("%02u:%02u", hours->to_min / 60, hours->to_min % 60));
    json_object_set_new(json, "channels", channel_list_show(hours->channels));
    json_object_set_new(json, "zone", json_string(hours->zone));
    return json;
}

/* ---- frequency cap ---- */

struct cap_reading {
    struct frequency_cap cap;
    void *arg;
};

static enum err read_messages(struct document_reader *reader, json_t *value)
{
    struct cap_reading *reading = reader->arg;
    uint64_t messages;
    enum err err = document_integer(reader, value, 1, RESPECT_MESSAGES_MAX, &messages);
    if (err == ERR_OK) {
        reading->cap.messages = (uint32_t)messages;
    }
    return err;
}

static enum err read_per(struct document_reader *reader, json_t *value)
{
    struct cap_reading *reading = reader->arg;
    return document_duration(reader, value, RESPECT_PER_MIN_MS, RESPECT_PER_MAX_MS,
                             &reading->cap.per_ms);
}

static const struct document_field cap_fields[] = {
    {"messages", true, read_messages},
    {"per", true, read_per},
    {NULL, false, NULL},
};

enum err respect_document_frequency_cap(struct document_reader *reader, json_t *value,
                                        struct frequency_cap *cap)
{
    struct cap_reading reading = {{0}, reader->arg};
    if (is_none(value)) {
        *cap = (struct frequency_cap){0};
        return ERR_OK;
    }
    if (!json_is_object(value)) {
        return document_refuse(reader, ERR_INVALID,
                               "must be \"none\", or an object such as "
                               "{\"messages\":3,\"per\":\"7d\"}");
    }
    reader->arg = &reading;
    enum err err = document_object(reader, value, cap_fields);
    reader->arg = reading.arg;
    if (err == ERR_OK) {
        *cap = reading.cap;
    }
    return err;
}

json_t *respect_document_show_frequency_cap(const struct frequency_cap *cap)
{
    if (cap->messages == 0) {
        return json_null();
    }
    char per[DOCUMENT_DURATION_BYTES];
    document_duration_write(per, cap->per_ms);
    return json_pack("{s:i, s:s}", "messages", (int)cap->messages, "per", per);
}
