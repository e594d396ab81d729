/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oidc_settings: whose tokens are taken beside our own. A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_OIDC_SETTINGS_H
#define TOCSIN_COORDINATOR_OIDC_SETTINGS_H

#include "coordinator/settings_check.h"

/* The part "oidc". ERR_INVALID. */
enum err oidc_settings_take(struct settings_check *check) WARN_UNUSED;

#endif
