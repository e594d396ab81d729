/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/provider_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "common/time_zone.h"
#include "coordinator/content/provider_limits.h"
#include "coordinator/respect_settings.h"
#include "proto/adapter.h"

/* key with its dot, or "" for the provider as a whole. */
static void provider_path(char path[SETTINGS_PATH_BYTES], unsigned index, const char *key)
{
    (void)snprintf(path, SETTINGS_PATH_BYTES, "providers[%u]%s", index, key);
}

static enum err take_name(struct settings_check *check, unsigned index)
{
    const char *name = check->raw->providers[index].name;
    char path[SETTINGS_PATH_BYTES];
    provider_path(path, index, "");
    if (name == NULL) {
        return settings_refuse(check, path, "\"name\" is missing");
    }
    provider_path(path, index, ".name");
    if (!text_is_name(slice_str(name), WIRE_NAME_MAX)) {
        return settings_refuse(
            check, path, "\"%.80s\" is no name: 1 to %d letters, digits, \"_\", \".\" and \"-\"",
            name, WIRE_NAME_MAX);
    }
    for (unsigned i = 0; i < index; i++) {
        if (strcmp(check->raw->providers[i].name, name) == 0) {
            return settings_refuse(check, path, "\"%s\" is the name of an earlier provider", name);
        }
    }
    memcpy(check->settings->providers[index].def.name, name, strlen(name) + 1);
    return ERR_OK;
}

static enum err take_channel_and_adapter(struct settings_check *check, unsigned index)
{
    const struct raw_provider *raw = &check->raw->providers[index];
    struct coordinator_provider *provider = &check->settings->providers[index];
    char path[SETTINGS_PATH_BYTES];
    unsigned word = 0;
    provider_path(path, index, "");
    if (raw->channel == NULL || raw->adapter == NULL) {
        return settings_refuse(check, path, "\"%s\" is missing",
                               raw->channel == NULL ? "channel" : "adapter");
    }
    provider_path(path, index, ".channel");
    enum err err = settings_take_word(check, path, raw->channel, channel_kind_names(), &word);
    if (err != ERR_OK) {
        return err;
    }
    provider->def.channel = (enum channel_kind)word;
    provider_path(path, index, ".adapter");
    err = settings_take_word(check, path, raw->adapter, adapter_names(), &word);
    if (err == ERR_OK && !adapter_serves(raw->adapter, provider->def.channel)) {
        struct buf channels = {0};
        adapter_put_channels(raw->adapter, &channels);
        err = settings_refuse(check, path, "%s sends on channel %s, not on %s", raw->adapter,
                              buf_cstr(&channels), raw->channel);
        buf_release(&channels);
    }
    provider->adapter = mem_copy_str(raw->adapter);
    return err;
}

static enum err take_limits_of(struct settings_check *check, unsigned index)
{
    const struct raw_provider *raw = &check->raw->providers[index];
    struct provider_def *def = &check->settings->providers[index].def;
    char path[SETTINGS_PATH_BYTES];
    if (raw->rate != 0 && !(raw->rate >= PROVIDER_RATE_LEAST && raw->rate <= PROVIDER_RATE_MAX)) {
        provider_path(path, index, ".rate");
        return settings_refuse(
            check, path, "must be recipients per second, %g to %.0f; 0 or nothing is no limit",
            PROVIDER_RATE_LEAST, PROVIDER_RATE_MAX);
    }
    if (!(raw->burst >= 0 && raw->burst <= PROVIDER_RATE_MAX)) {
        provider_path(path, index, ".burst");
        return settings_refuse(check, path, "must be recipients, up to %.0f", PROVIDER_RATE_MAX);
    }
    def->rate_per_s = raw->rate;
    def->burst = raw->burst;
    def->has_receipts = raw->receipts;
    def->weight = 1;
    provider_path(path, index, ".concurrency");
    enum err err = settings_take_count(check, path, raw->concurrency, &def->concurrency, 1,
                                       PROVIDER_CONCURRENCY_MAX);
    if (err != ERR_OK) {
        return err;
    }
    provider_path(path, index, ".weight");
    err = settings_take_count(check, path, raw->weight, &def->weight, 1, 1000);
    if (err != ERR_OK) {
        return err;
    }
    def->breaker_ms = 30000;
    provider_path(path, index, ".breaker");
    return settings_take_duration(check, path, raw->breaker, &def->breaker_ms, 100, 3600000);
}

static enum err take_quota_of(struct settings_check *check, unsigned index)
{
    const struct raw_provider *raw = &check->raw->providers[index];
    struct coordinator_provider *provider = &check->settings->providers[index];
    const char *zone = raw->quota_zone == NULL ? "UTC" : raw->quota_zone;
    char path[SETTINGS_PATH_BYTES];
    struct problem problem;
    struct time_zone *opened = NULL;
    provider_path(path, index, ".quota");
    enum err err = settings_take_count(check, path, raw->quota, &provider->def.day_quota, 1,
                                       PROVIDER_QUOTA_MAX);
    if (err != ERR_OK) {
        return err;
    }
    provider_path(path, index, ".quota_zone");
    if (raw->quota == NULL && raw->quota_zone != NULL) {
        return settings_refuse(check, path,
                               "without \"quota\", recipients a day, it has no effect");
    }
    if (time_zone_open(zone, &opened, &problem) != ERR_OK) {
        return settings_refuse(check, path, "%s", problem.text);
    }
    time_zone_free(opened);
    (void)snprintf(provider->quota_zone, sizeof(provider->quota_zone), "%s", zone);
    return ERR_OK;
}

static enum err take_settings_of(struct settings_check *check, unsigned index)
{
    const struct yaml_tree *tree = check->providers != NULL ? check->providers : check->tree;
    char path[SETTINGS_PATH_BYTES];
    struct buf json = {0};
    struct problem problem;
    provider_path(path, index, ".settings");
    enum err err = ERR_OK;
    if (!yaml_tree_has(tree, path)) {
        buf_str(&json, "{}");
    } else if (yaml_tree_json(tree, path, &json, &problem) != ERR_OK) {
        err = settings_refuse(check, path, "%s", problem.text);
    } else if (json.data[0] != '{') {
        err = settings_refuse(check, path, "must be a mapping of what the adapter needs");
    }
    check->settings->providers[index].settings = mem_copy_strn((const char *)json.data, json.len);
    buf_release(&json);
    return err;
}

/* Without channels, as it sends on one. */
static enum err take_quiet_hours_of(struct settings_check *check, unsigned index)
{
    const struct raw_night *raw = &check->raw->providers[index].quiet_hours;
    char path[SETTINGS_PATH_BYTES];
    if (raw->from == NULL && raw->to == NULL && raw->zone == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    respect_settings_put(json, "from", raw->from);
    respect_settings_put(json, "to", raw->to);
    respect_settings_put(json, "zone", raw->zone);
    provider_path(path, index, ".quiet_hours");
    return respect_settings_read_hours(check, path, json,
                                       &check->settings->providers[index].quiet_hours);
}

enum err provider_settings_take(struct settings_check *check)
{
    static enum err (*const takes[])(struct settings_check *, unsigned) = {
        take_name,     take_channel_and_adapter, take_limits_of,
        take_quota_of, take_quiet_hours_of,      take_settings_of,
    };
    enum err err = ERR_OK;
    for (unsigned i = 0; err == ERR_OK && i < check->raw->providers_count; i++) {
        check->settings->provider_count = i + 1;
        check->settings->providers[i].def.id = (uint8_t)i;
        for (size_t take = 0; err == ERR_OK && take < sizeof(takes) / sizeof(takes[0]); take++) {
            err = takes[take](check, i);
        }
    }
    return err;
}
