/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen_settings: where the API and the public listener listen, and how what goes over the network
 * is encrypted. A part of coordinator_settings.
 */
#ifndef TOCSIN_COORDINATOR_LISTEN_SETTINGS_H
#define TOCSIN_COORDINATOR_LISTEN_SETTINGS_H

#include "coordinator/settings_check.h"

/* `listen` but for `workers`. */
enum err listen_settings_take(struct settings_check *check) WARN_UNUSED;
void listen_settings_release(struct coordinator_settings *settings);

#endif
