/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/reply_settings.h"

#include <stdio.h>

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
    return err == ERR_OK ? settings_take_days(check, "replies.match_within", raw->match_within,
                                              "0s", 0, &rules->match_within_ms)
                         : err;
}
