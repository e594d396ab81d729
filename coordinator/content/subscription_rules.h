/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscription_rules: what the settings say of webhooks to subscribers. A value; texts are the
 * owner's to free.
 */
#ifndef TOCSIN_CONTENT_SUBSCRIPTION_RULES_H
#define TOCSIN_CONTENT_SUBSCRIPTION_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct subscription_rules {
    bool allow_http;
    bool allow_private; /* addresses that are not public */
    char *ca_file;      /* NULL: the system's */
    uint32_t timeout_ms;
    uint64_t give_up_after_ms; /* from when the event happened */
};

#endif
