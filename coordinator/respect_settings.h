/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respect_settings: what spares recipients, in the coordinator's settings: the same words as in a
 * campaign, read by the same reader. A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_RESPECT_SETTINGS_H
#define TOCSIN_COORDINATOR_RESPECT_SETTINGS_H

#include <jansson.h>

#include "coordinator/settings_check.h"

/* The parts "quiet_hours" and "frequency_cap". ERR_INVALID. */
enum err respect_settings_take_quiet_hours(struct settings_check *check) WARN_UNUSED;
enum err respect_settings_take_cap(struct settings_check *check) WARN_UNUSED;

/* Sets the member, unless the text is NULL. */
void respect_settings_put(json_t *json, const char *key, const char *text);
/* Quiet hours as an object has them. ERR_INVALID, told of their path. */
enum err respect_settings_read_hours(struct settings_check *check, const char *path,
                                     json_t *take_json, struct quiet_hours *hours) WARN_UNUSED;

#endif
