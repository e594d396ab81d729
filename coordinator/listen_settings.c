/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/listen_settings.h"

#include "common/mem.h"
#include "common/secret.h"

#define API_DEFAULT "127.0.0.1:7480"

static enum err take_tls(struct settings_check *check)
{
    static const char *const versions[] = {"1.2", "1.3", NULL};
    const struct raw_tls *raw = &check->raw->listen.tls;
    struct coordinator_settings *settings = check->settings;
    unsigned version = 0;
    if (raw->certificate == NULL && raw->key == NULL) {
        return raw->min_version == NULL && raw->public == NULL
                   ? ERR_OK
                   : settings_refuse(check, "listen.tls",
                                     "without certificate and key the rest has no effect");
    }
    if (raw->certificate == NULL || raw->key == NULL) {
        return settings_refuse(check, "listen.tls",
                               "both certificate and key are needed: {certificate: "
                               "/etc/tocsin/api.pem, key: \"file:/etc/tocsin/api.key\"}");
    }
    if (!secret_is_reference(raw->key)) {
        return settings_refuse(check, "listen.tls.key",
                               "settings refer to secrets and never contain them: write "
                               "\"file:/path\" or \"env:NAME\"");
    }
    enum err err =
        settings_take_word(check, "listen.tls.min_version", raw->min_version, versions, &version);
    settings->has_tls = true;
    settings->has_public_tls = raw->public == NULL || *raw->public;
    settings->tls_certificate = mem_copy_str(raw->certificate);
    settings->tls_key = mem_copy_str(raw->key);
    settings->tls = (struct http_tls_settings){
        .certificate = settings->tls_certificate,
        .key = settings->tls_key,
        .version_min = version == 1 ? HTTP_TLS_1_3 : HTTP_TLS_1_2,
        .setting = "listen.tls",
    };
    return err;
}

/* Without TLS nothing is told to other machines, unless the settings say so in so many words. */
static enum err check_remote(struct settings_check *check, const char *key, const char *text,
                             const struct listen_address *address, bool is_encrypted)
{
    if (is_encrypted || check->raw->listen.allow_remote || listen_address_is_loopback(address)) {
        return ERR_OK;
    }
    return settings_refuse(check, key,
                           "%s can be reached from other machines, and nothing there would be "
                           "encrypted: set listen.tls: {certificate: ..., key: ...}, or listen on "
                           "127.0.0.1 behind a proxy with TLS, or say listen.allow_remote: true",
                           text);
}

static enum err take_address(struct settings_check *check, const char *key, const char *text,
                             bool is_encrypted, struct listen_address *address)
{
    struct problem problem;
    if (listen_address_parse(address, text, &problem) != ERR_OK) {
        return settings_refuse(check, key, "%s", problem.text);
    }
    return check_remote(check, key, text, address, is_encrypted);
}

enum err listen_settings_take(struct settings_check *check)
{
    const struct raw_listen *raw = &check->raw->listen;
    struct coordinator_settings *settings = check->settings;
    enum err err = take_tls(check);
    if (err == ERR_OK) {
        err = take_address(check, "listen.api", raw->api == NULL ? API_DEFAULT : raw->api,
                           settings->has_tls, &settings->listen_api);
    }
    if (err == ERR_OK && raw->public != NULL) {
        settings->has_public = true;
        err = take_address(check, "listen.public", raw->public, settings->has_public_tls,
                           &settings->listen_public);
    }
    return err;
}

void listen_settings_release(struct coordinator_settings *settings)
{
    mem_free(settings->tls_certificate);
    mem_free(settings->tls_key);
}
