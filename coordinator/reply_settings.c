/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/reply_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret.h"
#include "net/http_client.h"

#define DAY_MS UINT64_C(86400000)

static enum err take_words(struct settings_check *check, enum reply_class class, char *const *words,
                           unsigned count)
{
    struct reply_keywords *keywords = check->settings->replies.keywords;
    for (unsigned i = 0; i < count; i++) {
        char path[SETTINGS_PATH_BYTES];
        struct problem problem;
        (void)snprintf(path, sizeof(path), "replies.%s[%u]", reply_class_name(class), i);
        if (reply_keywords_add(keywords, class, slice_str(words[i]), &problem) != ERR_OK) {
            return settings_refuse(check, path, "%s", problem.text);
        }
    }
    return ERR_OK;
}

/* ---- to whom they are passed on ---- */

static enum err take_url(struct settings_check *check, const struct raw_forward *raw)
{
    struct reply_forward_rules *rules = &check->settings->replies.forward;
    if (!http_client_url_is_valid(raw->url)) {
        return settings_refuse(check, "replies.forward.url",
                               "\"%.100s\" is no address; write \"https://desk.example/hook\"",
                               raw->url);
    }
    if (!raw->allow_http && strncmp(raw->url, "https://", 8) != 0) {
        return settings_refuse(check, "replies.forward.url",
                               "what people wrote would go unencrypted: use https, or say "
                               "replies.forward.allow_http: true");
    }
    rules->url = mem_copy_str(raw->url);
    rules->ca_file = mem_copy_str(raw->ca_file);
    rules->allow_http = raw->allow_http;
    rules->allow_private = raw->allow_private;
    return ERR_OK;
}

static enum err take_keys(struct settings_check *check, const struct raw_forward *raw)
{
    struct reply_forward_rules *rules = &check->settings->replies.forward;
    if (raw->keys_count == 0) {
        return settings_refuse(check, "replies.forward.keys",
                               "is missing: a reference to the key that requests are signed with, "
                               "such as [file:/etc/tocsin/desk.key]");
    }
    for (unsigned i = 0; i < raw->keys_count; i++) {
        char path[SETTINGS_PATH_BYTES];
        (void)snprintf(path, sizeof(path), "replies.forward.keys[%u]", i);
        if (!secret_is_reference(raw->keys[i])) {
            return settings_refuse(check, path,
                                   "settings refer to secrets and never contain them: write "
                                   "\"file:/path\" or \"env:NAME\"");
        }
        rules->keys[rules->key_count++] = mem_copy_str(raw->keys[i]);
    }
    return ERR_OK;
}

static enum err take_classes(struct settings_check *check, const struct raw_forward *raw)
{
    struct reply_forward_rules *rules = &check->settings->replies.forward;
    rules->classes = raw->classes_count == 0 ? 1u << REPLY_OTHER : 0;
    for (unsigned i = 0; i < raw->classes_count; i++) {
        char path[SETTINGS_PATH_BYTES];
        enum reply_class class = REPLY_OTHER;
        (void)snprintf(path, sizeof(path), "replies.forward.classes[%u]", i);
        if (!reply_class_parse(slice_str(raw->classes[i]), &class)) {
            return settings_refuse(check, path,
                                   "must be other, stop, start, help or ack, not \"%.64s\"",
                                   raw->classes[i]);
        }
        rules->classes |= 1u << class;
    }
    return ERR_OK;
}

static enum err take_forward(struct settings_check *check)
{
    const struct raw_forward *raw = &check->raw->replies.forward;
    struct reply_forward_rules *rules = &check->settings->replies.forward;
    rules->timeout_ms = 15000;
    rules->give_up_after_ms = 3 * DAY_MS;
    if (raw->url == NULL) {
        return raw->keys_count == 0 && raw->classes_count == 0
                   ? ERR_OK
                   : settings_refuse(check, "replies.forward", "without url nothing is sent");
    }
    enum err err = take_url(check, raw);
    if (err == ERR_OK) {
        err = take_keys(check, raw);
    }
    if (err == ERR_OK) {
        err = take_classes(check, raw);
    }
    if (err == ERR_OK) {
        err = settings_take_duration(check, "replies.forward.timeout", raw->timeout,
                                     &rules->timeout_ms, 100, 120000);
    }
    return err == ERR_OK
               ? settings_take_days(check, "replies.forward.give_up_after", raw->give_up_after,
                                    "1m", 60000, &rules->give_up_after_ms)
               : err;
}

enum err reply_settings_take(struct settings_check *check)
{
    const struct raw_replies *raw = &check->raw->replies;
    struct reply_rules *rules = &check->settings->replies;
    rules->keywords = reply_keywords_new();
    rules->keep_ms = 90 * DAY_MS;
    rules->match_within_ms = 7 * DAY_MS;
    enum err err = take_words(check, REPLY_STOP, raw->stop, raw->stop_count);
    if (err == ERR_OK) {
        err = take_words(check, REPLY_START, raw->start, raw->start_count);
    }
    if (err == ERR_OK) {
        err = take_words(check, REPLY_HELP, raw->help, raw->help_count);
    }
    if (err == ERR_OK) {
        err = take_words(check, REPLY_ACK, raw->ack, raw->ack_count);
    }
    if (err == ERR_OK) {
        err = settings_take_days(check, "replies.keep_for", raw->keep_for, "1h", 3600000,
                                 &rules->keep_ms);
    }
    if (err == ERR_OK) {
        err = settings_take_days(check, "replies.match_within", raw->match_within, "0s", 0,
                                 &rules->match_within_ms);
    }
    return err == ERR_OK ? take_forward(check) : err;
}

void reply_settings_release(struct reply_rules *rules)
{
    for (unsigned i = 0; i < rules->forward.key_count; i++) {
        mem_free(rules->forward.keys[i]);
    }
    mem_free(rules->forward.url);
    mem_free(rules->forward.ca_file);
    reply_keywords_free(rules->keywords);
}
