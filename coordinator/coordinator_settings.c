/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: libcyaml checks names and kinds against the schema (coordinator_schema.h); then
 * each value is checked for its meaning and copied; what a complaint needs to name a line, and the
 * providers' own settings, which no schema of ours describes, come from the same text as a tree.
 */
#include "coordinator/coordinator_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/bus.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/text.h"
#include "coordinator/coordinator_schema.h"
#include "coordinator/group_settings.h"
#include "coordinator/listen_settings.h"
#include "coordinator/oidc_settings.h"
#include "coordinator/provider_settings.h"
#include "coordinator/reply_settings.h"
#include "coordinator/respect_settings.h"
#include "coordinator/settings_check.h"
#include "coordinator/subscription_settings.h"
#include "coordinator/yaml_tree.h"

#define PUBLIC_URL_MAX 512
#define DAY_MS         UINT64_C(86400000)

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

/* ---- where to listen ---- */

/* It is put into messages as it stands: what would need escaping in a mail or a shell is refused.
 */
static enum err take_public_url(struct settings_check *check)
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
        return settings_refuse(check, "public_url",
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
    char text[SETTINGS_PATH_BYTES];
    const char *colon = strrchr(endpoint, ':');
    (void)snprintf(text, sizeof(text), "%.*s:0", (int)(colon - endpoint - 6), endpoint + 6);
    return listen_address_parse(&address, text, NULL) == ERR_OK &&
           listen_address_is_loopback(&address);
}

static enum err take_workers_endpoint(struct settings_check *check)
{
    const char *text =
        check->raw->listen.workers == NULL ? "tcp://127.0.0.1:7400" : check->raw->listen.workers;
    bool is_tcp = strncmp(text, "tcp://", 6) == 0 && strchr(text + 6, ':') != NULL;
    bool is_ipc = strncmp(text, "ipc://", 6) == 0 && text[6] != '\0';
    if (!is_tcp && !is_ipc) {
        return settings_refuse(check, "listen.workers",
                               "\"%.100s\" is no endpoint; write \"tcp://127.0.0.1:7400\" or "
                               "\"ipc:///run/tocsin/workers.sock\"",
                               text);
    }
    if (check->raw->keys.secret == NULL && !is_local_endpoint(text)) {
        return settings_refuse(
            check, "listen.workers",
            "%.100s can be reached from other machines, and without keys nothing there is "
            "encrypted or authenticated: set keys.secret and keys.workers, or listen on "
            "127.0.0.1 or ipc://",
            text);
    }
    check->settings->listen_workers = mem_copy_str(text);
    return ERR_OK;
}

static enum err take_key(struct settings_check *check, const char *path, const char *key)
{
    return bus_key_is_valid(key)
               ? ERR_OK
               : settings_refuse(check, path,
                                 "is no public key; it has 40 characters of Z85, as "
                                 "`tocsin keygen` prints them");
}

static enum err take_keys(struct settings_check *check)
{
    const struct raw_keys *keys = &check->raw->keys;
    struct coordinator_settings *settings = check->settings;
    if (keys->secret == NULL) {
        return keys->public == NULL && keys->workers_count == 0
                   ? ERR_OK
                   : settings_refuse(check, keys->public != NULL ? "keys.public" : "keys.workers",
                                     "without keys.secret the other keys have no effect");
    }
    if (!secret_is_reference(keys->secret)) {
        return settings_refuse(
            check, "keys.secret",
            "settings refer to secrets and never contain them: write \"file:/path\" or "
            "\"env:NAME\"");
    }
    if (keys->workers_count == 0) {
        return settings_refuse(check, "keys.workers",
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
        char path[SETTINGS_PATH_BYTES];
        (void)snprintf(path, sizeof(path), "keys.workers[%u]", i);
        enum err err = take_key(check, path, keys->workers[i]);
        if (err != ERR_OK) {
            return err;
        }
        settings->keys_workers[i] = mem_copy_str(keys->workers[i]);
    }
    return ERR_OK;
}

/* ---- all of it ---- */

static enum err take_groups(struct settings_check *check)
{
    char path[GROUP_PATH_BYTES];
    struct problem problem;
    enum err err = group_settings_take(check->settings, check->raw, path, &problem);
    return err == ERR_OK ? ERR_OK : settings_refuse(check, path, "%s", problem.text);
}

static enum err take_place(struct settings_check *check)
{
    const struct raw_settings *raw = check->raw;
    struct coordinator_settings *settings = check->settings;
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    static const char *const codecs[] = {"raw", "lz4", "zstd", NULL};
    unsigned level = LOG_INFO;
    unsigned codec = PAGE_ZSTD;
    if (raw->data_dir == NULL || raw->data_dir[0] == '\0') {
        return settings_refuse(check, "data_dir",
                               "is missing: the directory where everything is kept, such as "
                               "/var/lib/tocsin");
    }
    settings->data_dir = mem_copy_str(raw->data_dir);
    settings->disk_reserve_bytes = UINT64_C(256) << 20;
    if (raw->disk_reserve != NULL &&
        !parse_size(raw->disk_reserve, &settings->disk_reserve_bytes)) {
        return settings_refuse(check, "disk_reserve",
                               "\"%.64s\" is no size; write \"256MiB\" or \"1GiB\"",
                               raw->disk_reserve);
    }
    enum err err = settings_take_word(check, "log_level", raw->log_level, levels, &level);
    if (err == ERR_OK) {
        err = settings_take_word(check, "page_codec", raw->page_codec, codecs, &codec);
    }
    settings->log_level = (enum log_level)level;
    settings->page_codec = (enum page_codec)codec;
    return err;
}

static enum err take_times(struct settings_check *check)
{
    const struct raw_settings *raw = check->raw;
    struct coordinator_settings *settings = check->settings;
    settings->lease_ms = 15000;
    settings->heartbeat_ms = 1000;
    settings->down_grace_ms = 30000;
    settings->sign_every_ms = 600000;
    enum err err =
        settings_take_duration(check, "lease", raw->lease, &settings->lease_ms, 500, 3600000);
    if (err == ERR_OK) {
        err = settings_take_duration(check, "heartbeat", raw->heartbeat, &settings->heartbeat_ms,
                                     50, 600000);
    }
    if (err == ERR_OK) {
        err = settings_take_duration(check, "down_grace", raw->down_grace, &settings->down_grace_ms,
                                     0, 3600000);
    }
    if (err == ERR_OK) {
        err = settings_take_duration(check, "sign_every", raw->sign_every, &settings->sign_every_ms,
                                     0, 86400000);
    }
    if (err == ERR_OK && settings->heartbeat_ms > settings->lease_ms / 3) {
        err = settings_refuse(check, raw->heartbeat != NULL ? "heartbeat" : "lease",
                              "the heartbeat (%" PRIu32
                              "ms) must be at most a third of the lease (%" PRIu32
                              "ms), so that one lost beat costs no lease",
                              settings->heartbeat_ms, settings->lease_ms);
    }
    return err;
}

static enum err take_keeping(struct settings_check *check)
{
    struct coordinator_settings *settings = check->settings;
    settings->archive_after_ms = 90 * DAY_MS;
    settings->audit_kept_ms = 730 * DAY_MS;
    settings->hard_failures_kept_ms = 180 * DAY_MS;
    enum err err = settings_take_days(check, "archive_after", check->raw->archive_after, "1s", 1000,
                                      &settings->archive_after_ms);
    if (err == ERR_OK) {
        err = settings_take_days(check, "audit_kept", check->raw->audit_kept, "1d", DAY_MS,
                                 &settings->audit_kept_ms);
    }
    return err == ERR_OK
               ? settings_take_days(check, "hard_failures_kept", check->raw->hard_failures_kept,
                                    "0s", 0, &settings->hard_failures_kept_ms)
               : err;
}

static enum err take_limits(struct settings_check *check)
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
        {"limits.event_streams", raw->limits.event_streams, &settings->event_streams_max, 256, 1,
         30000},
        {"limits.events_kept", raw->limits.events_kept, &settings->events_kept, 10000, 100,
         10000000},
        {"snapshot_blocks", raw->snapshot_blocks, &settings->snapshot_blocks, 64, 0, 1000000},
        {"import_threads", raw->import_threads, &settings->import_threads, 0, 0, 256},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof(counts) / sizeof(counts[0]); i++) {
        *counts[i].out = counts[i].usual;
        err = settings_take_count(check, counts[i].path, counts[i].raw, counts[i].out,
                                  counts[i].min, counts[i].max);
    }
    return err;
}

static enum err take_all(struct settings_check *check)
{
    static enum err (*const takes[])(struct settings_check *) = {
        take_place,
        listen_settings_take,
        take_public_url,
        take_keys,
        take_workers_endpoint,
        take_times,
        take_keeping,
        take_limits,
        respect_settings_take_quiet_hours,
        respect_settings_take_cap,
        reply_settings_take,
        subscription_settings_take,
        oidc_settings_take,
        provider_settings_take,
        take_groups,
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof(takes) / sizeof(takes[0]); i++) {
        err = takes[i](check);
    }
    return err;
}

static enum err grow_trees(struct settings_check *check)
{
    struct buf text = {0};
    char name[SETTINGS_PATH_BYTES];
    enum err err = ERR_OK;
    if (check->file != NULL) {
        err = file_read(&text, check->file, SETTINGS_FILE_MAX_BYTES, check->problem);
    }
    if (err == ERR_OK) {
        err = yaml_tree_new(&check->tree, buf_view(&text), check->problem);
    }
    const char *providers = settings_override(check, "providers", name, sizeof(name));
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
    struct settings_check check = {
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
    oidc_rules_release(&settings->oidc);
    reply_settings_release(&settings->replies);
    subscription_settings_release(&settings->subscriptions);
    listen_settings_release(settings);
    mem_free(settings->public_url);
    mem_free(settings->keys_public);
    mem_free(settings->keys_secret);
    mem_free(settings->listen_workers);
    mem_free(settings->data_dir);
    mem_free(settings);
}
