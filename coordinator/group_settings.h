/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_settings: the part "groups" of the coordinator's settings:
 *     groups: [{name: fast, providers: [gateway, backup]}]
 * A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_GROUP_SETTINGS_H
#define TOCSIN_COORDINATOR_GROUP_SETTINGS_H

#include "coordinator/coordinator_schema.h"
#include "coordinator/coordinator_settings.h"

#define GROUP_PATH_BYTES 64

/* Takes the groups over, after the providers. ERR_INVALID: `path` says where ("groups[1].name"),
 * the problem what is wrong. */
enum err group_settings_take(struct coordinator_settings *settings, const struct raw_settings *raw,
                             char path[GROUP_PATH_BYTES], struct problem *problem) WARN_UNUSED;

#endif
