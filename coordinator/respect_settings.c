/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/respect_settings.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/content/respect_document.h"

static enum err read_respect(struct settings_check *check, const char *path, json_t *take_json,
                             enum err (*read)(struct document_reader *, json_t *, void *),
                             void *out)
{
    struct document_problem place;
    struct document_reader reader;
    char full[SETTINGS_PATH_BYTES];
    document_reader_init(&reader, &place, NULL);
    (void)document_enter(&reader, path);
    enum err err = read(&reader, take_json, out);
    json_decref(take_json);
    if (err == ERR_OK) {
        return ERR_OK;
    }
    /* "/quiet_hours/channels/1" to "quiet_hours.channels[1]"; what is missing is its parent's. */
    const char *member = strchr(place.pointer + 1, '/');
    const char *last = member == NULL ? NULL : strchr(member + 1, '/');
    int len = last == NULL ? -1 : (int)(last - member - 1);
    if (member == NULL) {
        (void)snprintf(full, sizeof(full), "%s", path);
    } else if (last == NULL) {
        (void)snprintf(full, sizeof(full), "%s.%s", path, member + 1);
    } else {
        (void)snprintf(full, sizeof(full), "%s.%.*s[%s]", path, len, member + 1, last + 1);
    }
    const char *text = strstr(place.problem.text, ": "); /* behind the member's name */
    return settings_refuse(check, full, "%s", text == NULL ? place.problem.text : text + 2);
}

static enum err read_quiet_hours(struct document_reader *reader, json_t *json, void *hours)
{
    return respect_document_quiet_hours(reader, json, false, hours);
}

static enum err read_frequency_cap(struct document_reader *reader, json_t *json, void *cap)
{
    return respect_document_frequency_cap(reader, json, cap);
}

void respect_settings_put(json_t *json, const char *key, const char *text)
{
    if (text != NULL) {
        json_object_set_new(json, key, json_string(text));
    }
}

enum err respect_settings_read_hours(struct settings_check *check, const char *path,
                                     json_t *take_json, struct quiet_hours *hours)
{
    return read_respect(check, path, take_json, read_quiet_hours, hours);
}

enum err respect_settings_take_quiet_hours(struct settings_check *check)
{
    const struct raw_quiet_hours *raw = &check->raw->quiet_hours;
    if (raw->from == NULL && raw->to == NULL && raw->channels_count == 0 && raw->zone == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    respect_settings_put(json, "from", raw->from);
    respect_settings_put(json, "to", raw->to);
    respect_settings_put(json, "zone", raw->zone);
    if (raw->channels_count > 0) {
        json_t *channels = json_array();
        for (unsigned i = 0; i < raw->channels_count; i++) {
            json_array_append_new(channels, json_string(raw->channels[i]));
        }
        json_object_set_new(json, "channels", channels);
    }
    return respect_settings_read_hours(check, "quiet_hours", json,
                                       &check->settings->respect.quiet_hours);
}

enum err respect_settings_take_cap(struct settings_check *check)
{
    const struct raw_frequency_cap *raw = &check->raw->frequency_cap;
    if (raw->messages == NULL && raw->per == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    if (raw->messages != NULL) {
        json_object_set_new(json, "messages", json_integer(*raw->messages));
    }
    respect_settings_put(json, "per", raw->per);
    return read_respect(check, "frequency_cap", json, read_frequency_cap,
                        &check->settings->respect.frequency_cap);
}
