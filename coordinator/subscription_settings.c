/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/subscription_settings.h"

#include "common/mem.h"

#define DAY_MS UINT64_C(86400000)

enum err subscription_settings_take(struct settings_check *check)
{
    const struct raw_subscriptions *raw = &check->raw->subscriptions;
    struct subscription_rules *rules = &check->settings->subscriptions;
    rules->allow_http = raw->allow_http;
    rules->allow_private = raw->allow_private;
    rules->ca_file = mem_copy_str(raw->ca_file);
    rules->timeout_ms = 15000;
    rules->give_up_after_ms = 3 * DAY_MS;
    enum err err = settings_take_duration(check, "subscriptions.timeout", raw->timeout,
                                          &rules->timeout_ms, 100, 120000);
    return err == ERR_OK
               ? settings_take_days(check, "subscriptions.give_up_after", raw->give_up_after, "1m",
                                    60000, &rules->give_up_after_ms)
               : err;
}

void subscription_settings_release(struct subscription_rules *rules)
{
    mem_free(rules->ca_file);
}
