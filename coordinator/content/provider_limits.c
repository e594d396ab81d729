/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/provider_limits.h"

#include <string.h>

#include "common/buf.h"
#include "common/time_zone.h"

#define VERSION  2
#define THOUSAND 1000.0
#define DAY_MIN  1440

bool provider_limit_is_set(const struct provider_limit *limit)
{
    return limit->since_ms != 0 || limit->concurrency_since_ms != 0 || limit->quota_since_ms != 0 ||
           limit->quiet_since_ms != 0;
}

/* ---- document ---- */

struct reading {
    struct provider_limit *limit;
    uint64_t now_ms;
};

static struct provider_limit *limit_of(struct document_reader *reader)
{
    return ((struct reading *)reader->arg)->limit;
}

static uint64_t now_of(struct document_reader *reader)
{
    return ((struct reading *)reader->arg)->now_ms;
}

static enum err read_rate(struct document_reader *reader, json_t *value)
{
    struct provider_limit *limit = limit_of(reader);
    limit->since_ms = now_of(reader);
    limit->burst = 0;
    return document_number(
        reader, value, PROVIDER_RATE_LEAST, PROVIDER_RATE_MAX,
        " (recipients per second), or null for the limit of the settings; to send "
        "nothing, pause the campaigns",
        &limit->rate_per_s);
}

static enum err read_burst(struct document_reader *reader, json_t *value)
{
    return document_number(reader, value, 1, PROVIDER_RATE_MAX,
                           " (recipients at once); left out, it is one and 30 ms' worth",
                           &limit_of(reader)->burst);
}

static bool is_none(const json_t *value)
{
    return json_is_string(value) && strcmp(json_string_value(value), "none") == 0;
}

/* `what` says what is counted. */
static enum err read_count(struct document_reader *reader, json_t *value, uint32_t max,
                           const char *what, uint32_t *out)
{
    json_int_t number = json_integer_value(value);
    *out = 0;
    if (is_none(value)) {
        return ERR_OK;
    }
    if (!json_is_integer(value) || number < 1 || number > (json_int_t)max) {
        return document_refuse(reader, ERR_INVALID,
                               "must be a whole number from 1 to %u (%s), \"none\" for any number, "
                               "or null for what the settings have; to send nothing, pause the "
                               "campaigns",
                               (unsigned)max, what);
    }
    *out = (uint32_t)number;
    return ERR_OK;
}

static enum err read_concurrency(struct document_reader *reader, json_t *value)
{
    struct provider_limit *limit = limit_of(reader);
    limit->concurrency_since_ms = now_of(reader);
    return read_count(reader, value, PROVIDER_CONCURRENCY_MAX, "recipients under way at once",
                      &limit->concurrency);
}

static enum err read_quota(struct document_reader *reader, json_t *value)
{
    struct provider_limit *limit = limit_of(reader);
    limit->quota_since_ms = now_of(reader);
    limit->quota_zone[0] = '\0';
    return read_count(reader, value, PROVIDER_QUOTA_MAX, "recipients a day", &limit->day_quota);
}

static enum err read_quota_zone(struct document_reader *reader, json_t *value)
{
    struct provider_limit *limit = limit_of(reader);
    struct time_zone *zone = NULL;
    struct problem problem;
    const char *name = NULL;
    enum err err = document_line(reader, value, 1, RESPECT_ZONE_MAX, &name);
    if (err == ERR_OK && time_zone_open(name, &zone, &problem) != ERR_OK) {
        err = document_refuse(reader, ERR_INVALID, "%s", problem.text);
    }
    time_zone_free(zone);
    if (err == ERR_OK) {
        memcpy(limit->quota_zone, name, strlen(name) + 1);
    }
    return err;
}

static enum err read_quiet_hours(struct document_reader *reader, json_t *value)
{
    struct provider_limit *limit = limit_of(reader);
    limit->quiet_since_ms = now_of(reader);
    if (json_object_get(value, "channels") != NULL) {
        size_t mark = document_enter(reader, "channels");
        enum err err = document_refuse(reader, ERR_INVALID,
                                       "has no place here, as a provider sends on one channel: "
                                       "leave it out");
        document_leave(reader, mark);
        return err;
    }
    return respect_document_quiet_hours(reader, value, false, &limit->quiet_hours);
}

/* Parts that go together. */
static enum err check_whole(struct document_reader *reader, const json_t *json)
{
    const json_t *rate = json_object_get(json, "rate");
    const json_t *burst = json_object_get(json, "burst");
    const json_t *quota = json_object_get(json, "quota");
    const json_t *zone = json_object_get(json, "quota_zone");
    if (json_object_size(json) == 0) {
        return document_refuse(reader, ERR_INVALID,
                               "says nothing to change: {\"rate\":500}, {\"concurrency\":40}, "
                               "{\"quota\":10000} or {\"quiet_hours\":\"none\"}, and null for what "
                               "the settings have");
    }
    if (burst != NULL && rate == NULL) {
        return document_refuse(reader, ERR_INVALID,
                               "has a \"burst\" and needs its \"rate\": recipients per second, or "
                               "null for the limit of the settings");
    }
    if (json_is_null(rate) && burst != NULL && !json_is_null(burst)) {
        return document_refuse(reader, ERR_INVALID,
                               "has a \"burst\" beside a \"rate\" of null: the settings' limit has "
                               "its own");
    }
    if (zone != NULL && !json_is_null(zone) && !json_is_integer(quota)) {
        return document_refuse(reader, ERR_INVALID,
                               "has a \"quota_zone\" and needs its \"quota\": recipients a day");
    }
    return ERR_OK;
}

/* What is null is as the settings have it. */
static void take_back(struct provider_limit *limit, const json_t *json)
{
    if (json_is_null(json_object_get(json, "rate"))) {
        limit->rate_per_s = 0;
        limit->burst = 0;
        limit->since_ms = 0;
    }
    if (json_is_null(json_object_get(json, "concurrency"))) {
        limit->concurrency = 0;
        limit->concurrency_since_ms = 0;
    }
    if (json_is_null(json_object_get(json, "quota"))) {
        limit->day_quota = 0;
        limit->quota_zone[0] = '\0';
        limit->quota_since_ms = 0;
    }
    if (json_is_null(json_object_get(json, "quiet_hours"))) {
        limit->quiet_hours = (struct quiet_hours){0};
        limit->quiet_since_ms = 0;
    }
}

enum err provider_limit_read(struct provider_limit *limit, json_t *json, uint64_t now_ms,
                             struct document_problem *problem)
{
    static const struct document_field fields[] = {
        {"rate", false, read_rate},
        {"burst", false, read_burst},
        {"concurrency", false, read_concurrency},
        {"quota", false, read_quota},
        {"quota_zone", false, read_quota_zone},
        {"quiet_hours", false, read_quiet_hours},
        {NULL, false, NULL},
    };
    struct provider_limit changed = *limit;
    struct reading reading = {&changed, now_ms};
    struct document_reader reader;
    document_reader_init(&reader, problem, &reading);
    enum err err = document_object(&reader, json, fields);
    if (err == ERR_OK) {
        err = check_whole(&reader, json);
    }
    if (err == ERR_OK) {
        take_back(&changed, json);
        *limit = changed;
    }
    return err;
}

static void show_count(json_t *json, const char *key, uint32_t count)
{
    json_object_set_new(json, key,
                        count == 0 ? json_string("none") : json_integer((json_int_t)count));
}

json_t *provider_limit_show(const struct provider_limit *limit)
{
    json_t *json = json_object();
    if (limit->since_ms != 0) {
        json_object_set_new(json, "rate", json_real(limit->rate_per_s));
        json_object_set_new(json, "burst",
                            limit->burst > 0 ? json_real(limit->burst) : json_null());
    }
    if (limit->concurrency_since_ms != 0) {
        show_count(json, "concurrency", limit->concurrency);
    }
    if (limit->quota_since_ms != 0) {
        show_count(json, "quota", limit->day_quota);
        if (limit->quota_zone[0] != '\0') {
            json_object_set_new(json, "quota_zone", json_string(limit->quota_zone));
        }
    }
    if (limit->quiet_since_ms != 0) {
        json_t *hours = respect_document_show_quiet_hours(&limit->quiet_hours);
        if (json_is_object(hours)) {
            json_object_del(hours, "channels");
        } else {
            hours = json_string("none");
        }
        json_object_set_new(json, "quiet_hours", hours);
    }
    return json;
}

/* ---- catalogue ---- */

static bool read_zone_name(struct reader *reader, char zone[RESPECT_ZONE_MAX + 1])
{
    struct slice name = reader_blob(reader);
    if (reader->bad || name.len > RESPECT_ZONE_MAX ||
        (name.len > 0 && memchr(name.data, '\0', name.len) != NULL)) {
        return false;
    }
    if (name.len > 0) {
        memcpy(zone, name.data, name.len);
    }
    zone[name.len] = '\0';
    return true;
}

/* What version 2 has more. */
static bool decode_rest(struct provider_limit *limit, struct reader *reader)
{
    struct quiet_hours *hours = &limit->quiet_hours;
    limit->concurrency_since_ms = reader_u64(reader);
    limit->concurrency = reader_u32(reader);
    limit->quota_since_ms = reader_u64(reader);
    limit->day_quota = reader_u32(reader);
    bool is_right = read_zone_name(reader, limit->quota_zone);
    limit->quiet_since_ms = reader_u64(reader);
    hours->from_min = reader_u16(reader);
    hours->to_min = reader_u16(reader);
    is_right = is_right && read_zone_name(reader, hours->zone);
    hours->channels = hours->zone[0] != '\0';
    bool is_span = hours->from_min < DAY_MIN && hours->to_min < DAY_MIN &&
                   (hours->channels == 0) == (hours->from_min == hours->to_min);
    return is_right && is_span && limit->concurrency <= PROVIDER_CONCURRENCY_MAX &&
           limit->day_quota <= PROVIDER_QUOTA_MAX;
}

static enum err decode(struct provider_limit *limit, struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    struct provider_limit read = {0};
    uint8_t version = reader_u8(&reader);
    if (version > VERSION) {
        return ERR_NEWER_VERSION;
    }
    read.rate_per_s = (double)reader_u64(&reader) / THOUSAND;
    read.burst = (double)reader_u64(&reader) / THOUSAND;
    read.since_ms = reader_u64(&reader);
    bool is_right = version == 1 || (version == VERSION && decode_rest(&read, &reader));
    bool is_rate = read.since_ms == 0 ? version > 1 && read.rate_per_s <= 0 && read.burst <= 0
                                      : read.rate_per_s >= PROVIDER_RATE_LEAST &&
                                            read.rate_per_s <= PROVIDER_RATE_MAX &&
                                            read.burst <= PROVIDER_RATE_MAX;
    if (!is_right || !is_rate || reader.bad || reader_left(&reader) > 0 ||
        !provider_limit_is_set(&read)) {
        return ERR_CORRUPT;
    }
    *limit = read;
    return ERR_OK;
}

enum err provider_limit_load(struct provider_limit *limit, struct ledger *ledger, const char *name,
                             struct problem *problem)
{
    struct store_value value = {0};
    *limit = (struct provider_limit){0};
    enum err err = ledger_catalogue_get(ledger, CATALOGUE_PROVIDER, slice_str(name), &value);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = decode(limit, value.bytes);
        store_value_release(&value);
    }
    return err == ERR_OK ? ERR_OK
                         : problem_set(problem, err,
                                       "the catalogue's limit of provider %s cannot be read: %s",
                                       name, err_sentence(err));
}

static void encode(const struct provider_limit *limit, struct buf *buf)
{
    const struct quiet_hours *hours = &limit->quiet_hours;
    buf_u8(buf, VERSION);
    buf_u64(buf, (uint64_t)(limit->rate_per_s * THOUSAND + 0.5));
    buf_u64(buf, (uint64_t)(limit->burst * THOUSAND + 0.5));
    buf_u64(buf, limit->since_ms);
    buf_u64(buf, limit->concurrency_since_ms);
    buf_u32(buf, limit->concurrency);
    buf_u64(buf, limit->quota_since_ms);
    buf_u32(buf, limit->day_quota);
    buf_blob(buf, slice_str(limit->quota_zone));
    buf_u64(buf, limit->quiet_since_ms);
    buf_u16(buf, (uint16_t)hours->from_min);
    buf_u16(buf, (uint16_t)hours->to_min);
    buf_blob(buf, slice_str(hours->channels == 0 ? "" : hours->zone));
}

void provider_limit_put(const struct provider_limit *limit, const char *name, struct record *record)
{
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key(&key, CATALOGUE_PROVIDER, slice_str(name));
    if (!provider_limit_is_set(limit)) {
        record_remove(record, buf_view(&key));
    } else {
        encode(limit, &value);
        record_put(record, buf_view(&key), buf_view(&value));
    }
    buf_release(&key);
    buf_release(&value);
}
