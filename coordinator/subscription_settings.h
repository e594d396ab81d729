/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscription_settings: how subscribers are sent webhooks, in the coordinator's settings. A part
 * of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_SUBSCRIPTION_SETTINGS_H
#define TOCSIN_COORDINATOR_SUBSCRIPTION_SETTINGS_H

#include "common/err.h"
#include "coordinator/content/subscription_rules.h"
#include "coordinator/settings_check.h"

enum err subscription_settings_take(struct settings_check *check) WARN_UNUSED;
void subscription_settings_release(struct subscription_rules *rules);

#endif
