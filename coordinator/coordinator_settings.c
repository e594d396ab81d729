/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: libcyaml checks names and kinds against the schema (coordinator_schema.h); then
 * each value is checked for its meaning and copied; what a complaint needs to name a line, and the
 * providers' own settings, which no schema of ours describes, come from the same text as a tree.
 */
#include "coordinator/coordinator_settings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/bus.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/time_zone.h"
#include "coordinator/content/provider_limits.h"
#include "coordinator/coordinator_schema.h"
#include "coordinator/group_settings.h"
#include "coordinator/yaml_tree.h"

#define PATH_MAX_BYTES 160
#define PUBLIC_URL_MAX 512
#define DAY_MS         UINT64_C(86400000)

/* ---- complaints ---- */

struct check {
    const struct raw_settings *raw;
    struct coordinator_settings *settings;
    const char *file; /* NULL: no file */
    char *const *environment;
    struct yaml_tree *tree;      /* of the file */
    struct yaml_tree *providers; /* {"providers": ...} of the variable, or NULL */
    struct problem *problem;
};

static const char *variable_of(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (char *const *at = environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=' && (*at)[len + 1] != '\0') {
            return *at + len + 1;
        }
    }
    return NULL;
}

/* As variables are spelled: what is no letter or digit becomes `_`. */
static void put_in_capitals(char *name)
{
    for (; *name != '\0'; name++) {
        bool is_small = *name >= 'a' && *name <= 'z';
        bool is_kept = (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9');
        if (is_small) {
            *name = (char)(*name - 'a' + 'A');
        } else if (!is_kept) {
            *name = '_';
        }
    }
}

/* The variable that overrides `path`, if it is set: its value, its name in `name`. */
static const char *override_of(const struct check *check, const char *path, char *name, size_t cap)
{
    int len = snprintf(name, cap, "%s_%s", COORDINATOR_SETTINGS_PREFIX, path);
    if (len < 0 || (size_t)len >= cap) {
        return NULL;
    }
    name[strcspn(name, "[")] = '\0';
    put_in_capitals(name);
    return variable_of(check->environment, name);
}

static enum err refuse(struct check *check, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum err refuse(struct check *check, const char *path, const char *format, ...)
{
    char text[sizeof(check->problem->text)];
    char variable[PATH_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (override_of(check, path, variable, sizeof(variable)) != NULL) {
        return problem_set(check->problem, ERR_INVALID, "%s: %s: %s", variable, path, text);
    }
    if (check->file == NULL) {
        return problem_set(check->problem, ERR_INVALID, "%s: %s", path, text);
    }
    return problem_set(check->problem, ERR_INVALID, "%s:%u: %s: %s", check->file,
                       yaml_tree_line(check->tree, path), path, text);
}

static enum err refuse_word(struct check *check, const char *path, const char *word,
                            const char *const *known)
{
    const char *nearest = text_nearest(word, known);
    if (nearest != NULL) {
        return refuse(check, path, "unknown \"%.64s\"; did you mean \"%s\"?", word, nearest);
    }
    struct buf list = {0};
    for (; *known != NULL; known++) {
        buf_printf(&list, "%s%s", list.len == 0 ? "" : ", ", *known);
    }
    enum err err = refuse(check, path, "unknown \"%.64s\"; known here: %s", word, buf_cstr(&list));
    buf_release(&list);
    return err;
}

/* ---- kinds of values ---- */

static enum err take_duration(struct check *check, const char *path, const char *text, uint32_t *ms,
                              uint64_t min_ms, uint64_t max_ms)
{
    uint64_t value;
    if (text == NULL) {
        return ERR_OK;
    }
    if (!text_duration_ms(slice_str(text), &value)) {
        return refuse(check, path, "\"%.64s\" is no duration; write \"500ms\", \"30s\" or \"5m\"",
                      text);
    }
    if (value < min_ms || value > max_ms) {
        return refuse(check, path, "%.64s is out of bounds: %" PRIu64 "ms to %" PRIu64 "s", text,
                      min_ms, max_ms / 1000);
    }
    *ms = (uint32_t)value;
    return ERR_OK;
}

static enum err take_count(struct check *check, const char *path, const uint32_t *value,
                           uint32_t *out, uint32_t min, uint32_t max)
{
    if (value == NULL) {
        return ERR_OK;
    }
    if (*value < min || *value > max) {
        return refuse(check, path, "%" PRIu32 " is out of bounds: %" PRIu32 " to %" PRIu32, *value,
                      min, max);
    }
    *out = *value;
    return ERR_OK;
}

/* "268435456", "256MiB", "1GiB". */
static bool parse_size(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    size_t len = strspn(text, "0123456789");
    uint64_t number;
    if (!text_number(slice_of(text, len), 0, UINT64_MAX, &number)) {
        return false;
    }
    const char *unit = text + len + strspn(text + len, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].unit) == 0 && number <= UINT64_MAX >> units[i].shift) {
            *bytes = number << units[i].shift;
            return true;
        }
    }
    return false;
}

static enum err take_word(struct check *check, const char *path, const char *text,
                          const char *const *words, unsigned *index)
{
    if (text == NULL) {
        return ERR_OK;
    }
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return ERR_OK;
        }
    }
    return refuse_word(check, path, text, words);
}

/* ---- where to listen ---- */

static enum err take_api(struct check *check)
{
    const char *text = check->raw->listen.api == NULL ? "127.0.0.1:7480" : check->raw->listen.api;
    struct coordinator_settings *settings = check->settings;
    struct problem problem;
    settings->allow_remote = check->raw->listen.allow_remote;
    if (listen_address_parse(&settings->listen_api, text, &problem) != ERR_OK) {
        return refuse(check, "listen.api", "%s", problem.text);
    }
    if (!settings->allow_remote && !listen_address_is_loopback(&settings->listen_api)) {
        return refuse(check, "listen.api",
                      "%s can be reached from other machines, and the API is not encrypted: listen "
                      "on 127.0.0.1 behind a proxy with TLS, or say listen.allow_remote: true",
                      text);
    }
    return ERR_OK;
}

/* Meant to be reached from outside, so listen.allow_remote is not asked for. */
static enum err take_public(struct check *check)
{
    const char *text = check->raw->listen.public;
    struct coordinator_settings *settings = check->settings;
    struct problem problem;
    if (text == NULL) {
        return ERR_OK;
    }
    if (listen_address_parse(&settings->listen_public, text, &problem) != ERR_OK) {
        return refuse(check, "listen.public", "%s", problem.text);
    }
    settings->has_public = true;
    return ERR_OK;
}

/* It is put into messages as it stands: what would need escaping in a mail or a shell is refused.
 */
static enum err take_public_url(struct check *check)
{
    const char *text = check->raw->public_url;
    if (text == NULL) {
        return ERR_OK;
    }
    bool is_http = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
    size_t len = strlen(text);
    size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~:/[]");
    const char *host = is_http ? strstr(text, "//") + 2 : text;
    if (!is_http || host[0] == '\0' || host[0] == '/' || plain != len || len > PUBLIC_URL_MAX) {
        return refuse(check, "public_url",
                      "\"%.64s\" is no address that a link can begin with; write "
                      "\"https://alerts.example\" (at most %d characters, no query)",
                      text, PUBLIC_URL_MAX);
    }
    while (text[len - 1] == '/') {
        len--;
    }
    check->settings->public_url = mem_zalloc(len + 1, 1);
    memcpy(check->settings->public_url, text, len);
    return ERR_OK;
}

/* Is what a worker connects to reachable from this machine only? */
static bool is_local_endpoint(const char *endpoint)
{
    struct listen_address address;
    if (strncmp(endpoint, "ipc://", 6) == 0) {
        return true;
    }
    /* The port may be `*`; the host alone decides. */
    char text[PATH_MAX_BYTES];
    const char *colon = strrchr(endpoint, ':');
    (void)snprintf(text, sizeof(text), "%.*s:0", (int)(colon - endpoint - 6), endpoint + 6);
    return listen_address_parse(&address, text, NULL) == ERR_OK &&
           listen_address_is_loopback(&address);
}

static enum err take_workers_endpoint(struct check *check)
{
    const char *text =
        check->raw->listen.workers == NULL ? "tcp://127.0.0.1:7400" : check->raw->listen.workers;
    bool is_tcp = strncmp(text, "tcp://", 6) == 0 && strchr(text + 6, ':') != NULL;
    bool is_ipc = strncmp(text, "ipc://", 6) == 0 && text[6] != '\0';
    if (!is_tcp && !is_ipc) {
        return refuse(check, "listen.workers",
                      "\"%.100s\" is no endpoint; write \"tcp://127.0.0.1:7400\" or "
                      "\"ipc:///run/tocsin/workers.sock\"",
                      text);
    }
    if (check->raw->keys.secret == NULL && !is_local_endpoint(text)) {
        return refuse(
            check, "listen.workers",
            "%.100s can be reached from other machines, and without keys nothing there is "
            "encrypted or authenticated: set keys.secret and keys.workers, or listen on "
            "127.0.0.1 or ipc://",
            text);
    }
    check->settings->listen_workers = mem_copy_str(text);
    return ERR_OK;
}

static enum err take_key(struct check *check, const char *path, const char *key)
{
    return bus_key_is_valid(key) ? ERR_OK
                                 : refuse(check, path,
                                          "is no public key; it has 40 characters of Z85, as "
                                          "`tocsin keygen` prints them");
}

static enum err take_keys(struct check *check)
{
    const struct raw_keys *keys = &check->raw->keys;
    struct coordinator_settings *settings = check->settings;
    if (keys->secret == NULL) {
        return keys->public == NULL && keys->workers_count == 0
                   ? ERR_OK
                   : refuse(check, keys->public != NULL ? "keys.public" : "keys.workers",
                            "without keys.secret the other keys have no effect");
    }
    if (!secret_is_reference(keys->secret)) {
        return refuse(check, "keys.secret",
                      "settings refer to secrets and never contain them: write \"file:/path\" or "
                      "\"env:NAME\"");
    }
    if (keys->workers_count == 0) {
        return refuse(check, "keys.workers",
                      "the public keys of the workers that may connect are missing");
    }
    settings->keys_secret = mem_copy_str(keys->secret);
    settings->keys_public = mem_copy_str(keys->public);
    if (keys->public != NULL) {
        enum err err = take_key(check, "keys.public", keys->public);
        if (err != ERR_OK) {
            return err;
        }
    }
    settings->keys_workers = mem_zalloc(keys->workers_count + 1, sizeof(char *));
    for (unsigned i = 0; i < keys->workers_count; i++) {
        char path[PATH_MAX_BYTES];
        (void)snprintf(path, sizeof(path), "keys.workers[%u]", i);
        enum err err = take_key(check, path, keys->workers[i]);
        if (err != ERR_OK) {
            return err;
        }
        settings->keys_workers[i] = mem_copy_str(keys->workers[i]);
    }
    return ERR_OK;
}

/* ---- providers ---- */

/* key with its dot, or "" for the provider as a whole. */
static void provider_path(char path[PATH_MAX_BYTES], unsigned index, const char *key)
{
    (void)snprintf(path, PATH_MAX_BYTES, "providers[%u]%s", index, key);
}

static enum err take_name(struct check *check, unsigned index)
{
    const char *name = check->raw->providers[index].name;
    char path[PATH_MAX_BYTES];
    provider_path(path, index, "");
    if (name == NULL) {
        return refuse(check, path, "\"name\" is missing");
    }
    provider_path(path, index, ".name");
    if (!text_is_name(slice_str(name), WIRE_NAME_MAX)) {
        return refuse(check, path,
                      "\"%.80s\" is no name: 1 to %d letters, digits, \"_\", \".\" and \"-\"", name,
                      WIRE_NAME_MAX);
    }
    for (unsigned i = 0; i < index; i++) {
        if (strcmp(check->raw->providers[i].name, name) == 0) {
            return refuse(check, path, "\"%s\" is the name of an earlier provider", name);
        }
    }
    memcpy(check->settings->providers[index].def.name, name, strlen(name) + 1);
    return ERR_OK;
}

static enum err take_channel_and_adapter(struct check *check, unsigned index)
{
    static const char *const adapters[] = {"null", "http", "smtp", NULL};
    const struct raw_provider *raw = &check->raw->providers[index];
    struct coordinator_provider *provider = &check->settings->providers[index];
    char path[PATH_MAX_BYTES];
    unsigned word = 0;
    provider_path(path, index, "");
    if (raw->channel == NULL || raw->adapter == NULL) {
        return refuse(check, path, "\"%s\" is missing",
                      raw->channel == NULL ? "channel" : "adapter");
    }
    provider_path(path, index, ".channel");
    enum err err = take_word(check, path, raw->channel, channel_kind_names(), &word);
    if (err != ERR_OK) {
        return err;
    }
    provider->def.channel = (enum channel_kind)word;
    provider_path(path, index, ".adapter");
    err = take_word(check, path, raw->adapter, adapters, &word);
    if (err == ERR_OK && strcmp(raw->adapter, "smtp") == 0 &&
        provider->def.channel != CHANNEL_EMAIL) {
        err = refuse(check, path, "smtp sends on channel email, not on %s", raw->channel);
    }
    provider->adapter = mem_copy_str(raw->adapter);
    return err;
}

static enum err take_limits_of(struct check *check, unsigned index)
{
    const struct raw_provider *raw = &check->raw->providers[index];
    struct provider_def *def = &check->settings->providers[index].def;
    char path[PATH_MAX_BYTES];
    if (!(raw->rate >= 0 && raw->rate <= PROVIDER_RATE_MAX)) {
        provider_path(path, index, ".rate");
        return refuse(check, path,
                      "must be recipients per second, up to %.0f; 0 or nothing is no limit",
                      PROVIDER_RATE_MAX);
    }
    if (!(raw->burst >= 0 && raw->burst <= PROVIDER_RATE_MAX)) {
        provider_path(path, index, ".burst");
        return refuse(check, path, "must be recipients, up to %.0f", PROVIDER_RATE_MAX);
    }
    def->rate_per_s = raw->rate;
    def->burst = raw->burst;
    def->has_receipts = raw->receipts;
    def->weight = 1;
    provider_path(path, index, ".concurrency");
    enum err err = take_count(check, path, raw->concurrency, &def->concurrency, 1, 1000000);
    if (err != ERR_OK) {
        return err;
    }
    provider_path(path, index, ".weight");
    err = take_count(check, path, raw->weight, &def->weight, 1, 1000);
    if (err != ERR_OK) {
        return err;
    }
    def->breaker_ms = 30000;
    provider_path(path, index, ".breaker");
    return take_duration(check, path, raw->breaker, &def->breaker_ms, 100, 3600000);
}

static enum err take_quota_of(struct check *check, unsigned index)
{
    const struct raw_provider *raw = &check->raw->providers[index];
    struct coordinator_provider *provider = &check->settings->providers[index];
    const char *zone = raw->quota_zone == NULL ? "UTC" : raw->quota_zone;
    char path[PATH_MAX_BYTES];
    struct problem problem;
    struct time_zone *opened = NULL;
    provider_path(path, index, ".quota");
    enum err err = take_count(check, path, raw->quota, &provider->def.day_quota, 1, 1000000000);
    if (err != ERR_OK) {
        return err;
    }
    provider_path(path, index, ".quota_zone");
    if (raw->quota == NULL && raw->quota_zone != NULL) {
        return refuse(check, path, "without \"quota\", recipients a day, it has no effect");
    }
    if (time_zone_open(zone, &opened, &problem) != ERR_OK) {
        return refuse(check, path, "%s", problem.text);
    }
    time_zone_free(opened);
    (void)snprintf(provider->quota_zone, sizeof(provider->quota_zone), "%s", zone);
    return ERR_OK;
}

static enum err take_settings_of(struct check *check, unsigned index)
{
    const struct yaml_tree *tree = check->providers != NULL ? check->providers : check->tree;
    char path[PATH_MAX_BYTES];
    struct buf json = {0};
    struct problem problem;
    provider_path(path, index, ".settings");
    enum err err = ERR_OK;
    if (!yaml_tree_has(tree, path)) {
        buf_str(&json, "{}");
    } else if (yaml_tree_json(tree, path, &json, &problem) != ERR_OK) {
        err = refuse(check, path, "%s", problem.text);
    } else if (json.data[0] != '{') {
        err = refuse(check, path, "must be a mapping of what the adapter needs");
    }
    check->settings->providers[index].settings = mem_copy_strn((const char *)json.data, json.len);
    buf_release(&json);
    return err;
}

/* ---- what spares recipients: the same words as in a campaign, read by the same reader ---- */

static enum err read_respect(struct check *check, const char *path, json_t *take_json,
                             enum err (*read)(struct document_reader *, json_t *, void *),
                             void *out)
{
    struct document_problem place;
    struct document_reader reader;
    char full[PATH_MAX_BYTES];
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
    return refuse(check, full, "%s", text == NULL ? place.problem.text : text + 2);
}

static enum err read_quiet_hours(struct document_reader *reader, json_t *json, void *hours)
{
    return respect_document_quiet_hours(reader, json, false, hours);
}

static enum err read_frequency_cap(struct document_reader *reader, json_t *json, void *cap)
{
    return respect_document_frequency_cap(reader, json, cap);
}

static void set_text(json_t *json, const char *key, const char *text)
{
    if (text != NULL) {
        json_object_set_new(json, key, json_string(text));
    }
}

static enum err take_quiet_hours(struct check *check)
{
    const struct raw_quiet_hours *raw = &check->raw->quiet_hours;
    if (raw->from == NULL && raw->to == NULL && raw->channels_count == 0 && raw->zone == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    set_text(json, "from", raw->from);
    set_text(json, "to", raw->to);
    set_text(json, "zone", raw->zone);
    if (raw->channels_count > 0) {
        json_t *channels = json_array();
        for (unsigned i = 0; i < raw->channels_count; i++) {
            json_array_append_new(channels, json_string(raw->channels[i]));
        }
        json_object_set_new(json, "channels", channels);
    }
    return read_respect(check, "quiet_hours", json, read_quiet_hours,
                        &check->settings->respect.quiet_hours);
}

static enum err take_frequency_cap(struct check *check)
{
    const struct raw_frequency_cap *raw = &check->raw->frequency_cap;
    if (raw->messages == NULL && raw->per == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    if (raw->messages != NULL) {
        json_object_set_new(json, "messages", json_integer(*raw->messages));
    }
    set_text(json, "per", raw->per);
    return read_respect(check, "frequency_cap", json, read_frequency_cap,
                        &check->settings->respect.frequency_cap);
}

/* ---- providers and groups as a whole ---- */

/* Without channels, as it sends on one. */
static enum err take_quiet_hours_of(struct check *check, unsigned index)
{
    const struct raw_night *raw = &check->raw->providers[index].quiet_hours;
    char path[PATH_MAX_BYTES];
    if (raw->from == NULL && raw->to == NULL && raw->zone == NULL) {
        return ERR_OK;
    }
    json_t *json = json_object();
    set_text(json, "from", raw->from);
    set_text(json, "to", raw->to);
    set_text(json, "zone", raw->zone);
    provider_path(path, index, ".quiet_hours");
    return read_respect(check, path, json, read_quiet_hours,
                        &check->settings->providers[index].quiet_hours);
}

static enum err take_providers(struct check *check)
{
    static enum err (*const takes[])(struct check *, unsigned) = {
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

static enum err take_groups(struct check *check)
{
    char path[GROUP_PATH_BYTES];
    struct problem problem;
    enum err err = group_settings_take(check->settings, check->raw, path, &problem);
    return err == ERR_OK ? ERR_OK : refuse(check, path, "%s", problem.text);
}

/* ---- all of it ---- */

static enum err take_place(struct check *check)
{
    const struct raw_settings *raw = check->raw;
    struct coordinator_settings *settings = check->settings;
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    static const char *const codecs[] = {"raw", "lz4", "zstd", NULL};
    unsigned level = LOG_INFO;
    unsigned codec = PAGE_ZSTD;
    if (raw->data_dir == NULL || raw->data_dir[0] == '\0') {
        return refuse(check, "data_dir",
                      "is missing: the directory where everything is kept, such as "
                      "/var/lib/tocsin");
    }
    settings->data_dir = mem_copy_str(raw->data_dir);
    settings->disk_reserve_bytes = UINT64_C(256) << 20;
    if (raw->disk_reserve != NULL &&
        !parse_size(raw->disk_reserve, &settings->disk_reserve_bytes)) {
        return refuse(check, "disk_reserve", "\"%.64s\" is no size; write \"256MiB\" or \"1GiB\"",
                      raw->disk_reserve);
    }
    enum err err = take_word(check, "log_level", raw->log_level, levels, &level);
    if (err == ERR_OK) {
        err = take_word(check, "page_codec", raw->page_codec, codecs, &codec);
    }
    settings->log_level = (enum log_level)level;
    settings->page_codec = (enum page_codec)codec;
    return err;
}

static enum err take_times(struct check *check)
{
    const struct raw_settings *raw = check->raw;
    struct coordinator_settings *settings = check->settings;
    settings->lease_ms = 15000;
    settings->heartbeat_ms = 1000;
    settings->down_grace_ms = 30000;
    enum err err = take_duration(check, "lease", raw->lease, &settings->lease_ms, 500, 3600000);
    if (err == ERR_OK) {
        err =
            take_duration(check, "heartbeat", raw->heartbeat, &settings->heartbeat_ms, 50, 600000);
    }
    if (err == ERR_OK) {
        err = take_duration(check, "down_grace", raw->down_grace, &settings->down_grace_ms, 0,
                            3600000);
    }
    if (err == ERR_OK && settings->heartbeat_ms > settings->lease_ms / 3) {
        err = refuse(check, raw->heartbeat != NULL ? "heartbeat" : "lease",
                     "the heartbeat (%" PRIu32 "ms) must be at most a third of the lease (%" PRIu32
                     "ms), so that one lost beat costs no lease",
                     settings->heartbeat_ms, settings->lease_ms);
    }
    return err;
}

/* Longer than 32 bits of milliseconds. */
static enum err take_days(struct check *check, const char *key, const char *text, const char *least,
                          uint64_t min_ms, uint64_t *out)
{
    if (text == NULL) {
        return ERR_OK;
    }
    if (!text_duration_ms(slice_str(text), out)) {
        return refuse(check, key, "\"%.64s\" is no duration; write \"12h\" or \"90d\"", text);
    }
    return *out >= min_ms && *out <= 36500 * DAY_MS
               ? ERR_OK
               : refuse(check, key, "%.64s is out of bounds: %s to 36500d", text, least);
}

static enum err take_keeping(struct check *check)
{
    struct coordinator_settings *settings = check->settings;
    settings->archive_after_ms = 90 * DAY_MS;
    settings->hard_failures_kept_ms = 180 * DAY_MS;
    enum err err = take_days(check, "archive_after", check->raw->archive_after, "1s", 1000,
                             &settings->archive_after_ms);
    return err == ERR_OK ? take_days(check, "hard_failures_kept", check->raw->hard_failures_kept,
                                     "0s", 0, &settings->hard_failures_kept_ms)
                         : err;
}

static enum err take_limits(struct check *check)
{
    const struct raw_settings *raw = check->raw;
    struct coordinator_settings *settings = check->settings;
    const struct {
        const char *path;
        const uint32_t *raw;
        uint32_t *out;
        uint32_t usual;
        uint32_t min;
        uint32_t max;
    } counts[] = {
        {"limits.connections", raw->limits.connections, &settings->connections_max, 4096, 8, 65000},
        {"limits.connections_per_address", raw->limits.connections_per_address,
         &settings->connections_per_address, 1024, 1, 65000},
        {"limits.public_connections", raw->limits.public_connections,
         &settings->public_connections_max, 10000, 8, 65000},
        {"limits.uploads", raw->limits.uploads, &settings->uploads_max, 8, 1, 1000},
        {"snapshot_blocks", raw->snapshot_blocks, &settings->snapshot_blocks, 64, 0, 1000000},
        {"import_threads", raw->import_threads, &settings->import_threads, 0, 0, 256},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof(counts) / sizeof(counts[0]); i++) {
        *counts[i].out = counts[i].usual;
        err = take_count(check, counts[i].path, counts[i].raw, counts[i].out, counts[i].min,
                         counts[i].max);
    }
    return err;
}

static enum err take_all(struct check *check)
{
    static enum err (*const takes[])(struct check *) = {
        take_place,       take_api,           take_public,
        take_public_url,  take_keys,          take_workers_endpoint,
        take_times,       take_keeping,       take_limits,
        take_quiet_hours, take_frequency_cap, take_providers,
        take_groups,
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof(takes) / sizeof(takes[0]); i++) {
        err = takes[i](check);
    }
    return err;
}

static enum err grow_trees(struct check *check)
{
    struct buf text = {0};
    char name[PATH_MAX_BYTES];
    enum err err = ERR_OK;
    if (check->file != NULL) {
        err = file_read(&text, check->file, SETTINGS_FILE_MAX_BYTES, check->problem);
    }
    if (err == ERR_OK) {
        err = yaml_tree_new(&check->tree, buf_view(&text), check->problem);
    }
    const char *providers = override_of(check, "providers", name, sizeof(name));
    if (err == ERR_OK && providers != NULL) {
        buf_clear(&text);
        buf_printf(&text, "{providers: %s}", providers);
        err = yaml_tree_new(&check->providers, buf_view(&text), check->problem);
    }
    buf_release(&text);
    return err;
}

enum err coordinator_settings_load(struct coordinator_settings **out, const char *path,
                                   char *const *environment, struct problem *problem)
{
    const struct settings_source source = {
        .path = path,
        .prefix = COORDINATOR_SETTINGS_PREFIX,
        .environment = environment,
    };
    void *raw = NULL;
    *out = NULL;
    enum err err = settings_file_load(&raw, &coordinator_schema, &source, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct check check = {
        .raw = raw,
        .settings = mem_zalloc(1, sizeof(struct coordinator_settings)),
        .file = path,
        .environment = environment,
        .problem = problem,
    };
    err = grow_trees(&check);
    if (err == ERR_OK) {
        err = take_all(&check);
    }
    if (err == ERR_OK) {
        *out = check.settings;
    } else {
        coordinator_settings_free(check.settings);
    }
    yaml_tree_free(check.providers);
    yaml_tree_free(check.tree);
    settings_file_free(raw, &coordinator_schema);
    return err;
}

/* What is const for others was allocated here. */
static void free_text(const void *text)
{
    void *own;
    memcpy(&own, &text, sizeof(own));
    mem_free(own);
}

void coordinator_settings_free(struct coordinator_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    for (unsigned i = 0; i < settings->provider_count; i++) {
        mem_free(settings->providers[i].adapter);
        mem_free(settings->providers[i].settings);
    }
    for (size_t i = 0; settings->keys_workers != NULL && settings->keys_workers[i] != NULL; i++) {
        free_text(settings->keys_workers[i]);
    }
    free_text(settings->keys_workers);
    mem_free(settings->public_url);
    mem_free(settings->keys_public);
    mem_free(settings->keys_secret);
    mem_free(settings->listen_workers);
    mem_free(settings->data_dir);
    mem_free(settings);
}
