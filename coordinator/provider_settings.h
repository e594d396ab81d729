/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_settings: the part "providers" of the coordinator's settings (docs/operations.md lists
 * its keys). A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_PROVIDER_SETTINGS_H
#define TOCSIN_COORDINATOR_PROVIDER_SETTINGS_H

#include "coordinator/settings_check.h"

/* Takes the providers over, before the groups. ERR_INVALID. */
enum err provider_settings_take(struct settings_check *check) WARN_UNUSED;

#endif
