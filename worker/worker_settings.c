/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's words become variables that go before the environment's, so that there is one
 * way for a value to come in and one place where it is checked.
 */
#include "worker/worker_settings.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/mem.h"
#include "common/secret.h"
#include "common/settings_file.h"
#include "common/text.h"
#include "proto/wire.h"

#define DEFAULT_COORDINATOR "tcp://127.0.0.1:7400"
#define ARGUMENTS_MAX       6
/* Room for "/256" behind the name of the first loop. */
#define NAME_MAX_BYTES (WIRE_NAME_MAX - 4)

#define OPTIONAL_POINTER (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define TEXT(key, owner, member)                                                                   \
    CYAML_FIELD_STRING_PTR(key, OPTIONAL_POINTER, owner, member, 0, CYAML_UNLIMITED)

struct raw_keys {
    char *secret;
    char *public;
    char *coordinator;
};

struct raw_settings {
    char *name;
    char *coordinator;
    uint32_t *threads;
    char *log_level;
    char *metrics;
    bool metrics_allow_remote;
    struct raw_keys keys;
};

static const cyaml_schema_field_t keys_fields[] = {
    TEXT("secret", struct raw_keys, secret),
    TEXT("public", struct raw_keys, public),
    TEXT("coordinator", struct raw_keys, coordinator),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t fields[] = {
    TEXT("name", struct raw_settings, name),
    TEXT("coordinator", struct raw_settings, coordinator),
    CYAML_FIELD_UINT_PTR("threads", OPTIONAL_POINTER, struct raw_settings, threads),
    TEXT("log_level", struct raw_settings, log_level),
    TEXT("metrics", struct raw_settings, metrics),
    CYAML_FIELD_BOOL("metrics_allow_remote", CYAML_FLAG_OPTIONAL, struct raw_settings,
                     metrics_allow_remote),
    CYAML_FIELD_MAPPING("keys", CYAML_FLAG_OPTIONAL, struct raw_settings, keys, keys_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_settings, fields),
};

static char *host_name(void)
{
    char name[NAME_MAX_BYTES + 1] = {0};
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
        return mem_copy_str("worker");
    }
    return mem_copy_str(name);
}

static enum err take_name(struct worker_settings *settings, const struct raw_settings *raw,
                          struct problem *problem)
{
    settings->name = raw->name == NULL ? host_name() : mem_copy_str(raw->name);
    size_t len = strlen(settings->name);
    if (len < 1 || len > NAME_MAX_BYTES) {
        return problem_set(problem, ERR_INVALID, "name: must have 1 to %d bytes, but has %zu",
                           NAME_MAX_BYTES, len);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)settings->name[i];
        if (c <= ' ' || c == '/' || c >= 0x7f) {
            return problem_set(problem, ERR_INVALID,
                               "name: \"%s\" may hold visible ASCII characters but `/`, which "
                               "numbers the loops",
                               settings->name);
        }
    }
    return ERR_OK;
}

static enum err take_plain(struct worker_settings *settings, const struct raw_settings *raw,
                           struct problem *problem)
{
    settings->coordinator =
        mem_copy_str(raw->coordinator == NULL ? DEFAULT_COORDINATOR : raw->coordinator);
    settings->threads = raw->threads == NULL ? 1 : *raw->threads;
    if (settings->threads < 1 || settings->threads > WORKER_SETTINGS_THREADS_MAX) {
        return problem_set(problem, ERR_INVALID, "threads: must be 1 to %d, but is %u",
                           WORKER_SETTINGS_THREADS_MAX, settings->threads);
    }
    settings->log_level = LOG_INFO;
    if (raw->log_level != NULL && !log_level_parse(raw->log_level, &settings->log_level)) {
        static const char *const known[] = {"error", "warn", "info", "debug", NULL};
        const char *nearest = text_nearest(raw->log_level, known);
        return problem_set(problem, ERR_INVALID, "log_level: unknown \"%.64s\"; %s%s",
                           raw->log_level,
                           nearest == NULL ? "known are error, warn, info, debug" : "did you mean ",
                           nearest == NULL ? "" : nearest);
    }
    return ERR_OK;
}

/* They are not encrypted, and nobody is asked who he is: nothing is told to other machines, unless
 * the settings say so in so many words. */
static enum err take_metrics(struct worker_settings *settings, const struct raw_settings *raw,
                             struct problem *problem)
{
    struct problem why = {0};
    settings->has_metrics = raw->metrics != NULL;
    if (!settings->has_metrics) {
        return ERR_OK;
    }
    if (listen_address_parse(&settings->metrics, raw->metrics, &why) != ERR_OK) {
        return problem_set(problem, ERR_INVALID, "metrics: %s", why.text);
    }
    if (!raw->metrics_allow_remote && !listen_address_is_loopback(&settings->metrics)) {
        return problem_set(problem, ERR_INVALID,
                           "metrics: %s can be reached from other machines, and nothing there "
                           "would be encrypted: listen on 127.0.0.1 behind a proxy with TLS, or "
                           "say metrics_allow_remote: true (--metrics-allow-remote)",
                           raw->metrics);
    }
    return ERR_OK;
}

static enum err check_key(const char *where, const char *key, struct problem *problem)
{
    if (key != NULL && !bus_key_is_valid(key)) { /* never shown: it may be a secret one */
        return problem_set(problem, ERR_INVALID, "%s: must be a CURVE key, %d characters of Z85",
                           where, BUS_KEY_CHARS);
    }
    return ERR_OK;
}

static enum err take_keys(struct worker_settings *settings, const struct raw_keys *raw,
                          struct problem *problem)
{
    if (raw->secret == NULL && raw->coordinator == NULL && raw->public == NULL) {
        return ERR_OK;
    }
    if (raw->secret == NULL || raw->coordinator == NULL) {
        return problem_set(problem, ERR_INVALID,
                           "keys: encryption needs both keys.secret and keys.coordinator");
    }
    struct buf secret = {0};
    enum err err = secret_resolve(raw->secret, &secret, problem);
    if (err == ERR_OK) {
        settings->secret_key = mem_copy_str(buf_cstr(&secret));
        settings->public_key = mem_copy_str(raw->public);
        settings->coordinator_key = mem_copy_str(raw->coordinator);
        err = check_key("keys.secret", settings->secret_key, problem);
    }
    if (err == ERR_OK) {
        err = check_key("keys.public", settings->public_key, problem);
    }
    if (err == ERR_OK) {
        err = check_key("keys.coordinator", settings->coordinator_key, problem);
    }
    secret_release(&secret);
    return err;
}

/* The command line's words as variables, before the environment. The caller frees the list and its
 * first
 * `*count` strings. */
static char **add_arguments(const struct worker_arguments *arguments, char *const *environment,
                            size_t *count)
{
    const struct {
        const char *variable;
        const char *value;
    } given[ARGUMENTS_MAX] = {
        {"NAME", arguments->name},
        {"COORDINATOR", arguments->coordinator},
        {"THREADS", arguments->threads},
        {"LOG_LEVEL", arguments->log_level},
        {"METRICS", arguments->metrics},
        {"METRICS_ALLOW_REMOTE", arguments->metrics_allow_remote ? "true" : NULL},
    };
    size_t inherited = 0;
    while (environment != NULL && environment[inherited] != NULL) {
        inherited++;
    }
    char **all = mem_zalloc(inherited + ARGUMENTS_MAX + 1, sizeof(*all));
    *count = 0;
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        if (given[i].value != NULL) {
            struct buf line = {0};
            buf_printf(&line, WORKER_SETTINGS_PREFIX "_%s=%s", given[i].variable, given[i].value);
            all[(*count)++] = mem_copy_str(buf_cstr(&line));
            buf_release(&line);
        }
    }
    for (size_t i = 0; i < inherited; i++) {
        all[*count + i] = environment[i];
    }
    return all;
}

static enum err load_raw(struct raw_settings **raw, const struct worker_arguments *arguments,
                         char *const *environment, struct problem *problem)
{
    size_t count = 0;
    char **all = add_arguments(arguments, environment, &count);
    const struct settings_source source = {
        .path = arguments->config,
        .prefix = WORKER_SETTINGS_PREFIX,
        .environment = all,
    };
    void *loaded = NULL;
    enum err err = settings_file_load(&loaded, &schema, &source, problem);
    *raw = loaded;
    for (size_t i = 0; i < count; i++) {
        mem_free(all[i]);
    }
    mem_free(all);
    return err;
}

enum err worker_settings_load(struct worker_settings **out,
                              const struct worker_arguments *arguments, char *const *environment,
                              struct problem *problem)
{
    struct raw_settings *raw = NULL;
    *out = NULL;
    enum err err = load_raw(&raw, arguments, environment, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct worker_settings *settings = mem_zalloc(1, sizeof(*settings));
    err = take_name(settings, raw, problem);
    if (err == ERR_OK) {
        err = take_plain(settings, raw, problem);
    }
    if (err == ERR_OK) {
        err = take_metrics(settings, raw, problem);
    }
    if (err == ERR_OK) {
        err = take_keys(settings, &raw->keys, problem);
    }
    settings_file_free(raw, &schema);
    if (err != ERR_OK) {
        worker_settings_free(settings);
        return err;
    }
    *out = settings;
    return ERR_OK;
}

void worker_settings_free(struct worker_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    if (settings->secret_key != NULL) {
        sodium_memzero(settings->secret_key, strlen(settings->secret_key));
    }
    mem_free(settings->name);
    mem_free(settings->coordinator);
    mem_free(settings->secret_key);
    mem_free(settings->public_key);
    mem_free(settings->coordinator_key);
    mem_free(settings);
}
