/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_fixture: a coordinator's settings, read from a text.
 */
#ifndef TOCSIN_TESTS_UNIT_SETTINGS_FIXTURE_H
#define TOCSIN_TESTS_UNIT_SETTINGS_FIXTURE_H

#include "coordinator/coordinator_settings.h"

struct fixture {
    char path[64];
    struct coordinator_settings *settings;
    struct problem problem;
};

int setup(void **state);
int teardown(void **state);
/* variable: one NAME=value, or NULL. */
enum err load_with(struct fixture *fixture, const char *yaml, const char *variable);
const struct coordinator_settings *assert_loads(struct fixture *fixture, const char *yaml);
/* Every complaint names the file and the line `place`, and says `what`. */
void assert_refused(struct fixture *fixture, const char *yaml, const char *place, const char *what);

#endif
