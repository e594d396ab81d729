/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_settings: what becomes of replies, in the coordinator's settings. A part of
 * coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_REPLY_SETTINGS_H
#define TOCSIN_COORDINATOR_REPLY_SETTINGS_H

#include "coordinator/settings_check.h"

/* The part "replies". ERR_INVALID. */
enum err reply_settings_take(struct settings_check *check) WARN_UNUSED;
void reply_settings_release(struct reply_rules *rules);

#endif
