/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/settings_fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    strcpy(fixture->path, "/tmp/tocsin_coordinator_XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    (void)close(fd);
    *state = fixture;
    return 0;
}

int teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->path);
    coordinator_settings_free(fixture->settings);
    free(fixture);
    return 0;
}

enum err load_with(struct fixture *fixture, const char *yaml, const char *variable)
{
    char *given = variable == NULL ? NULL : strdup(variable);
    char *const environment[] = {given, NULL};
    FILE *file = fopen(fixture->path, "we");
    assert_non_null(file);
    (void)fputs(yaml, file);
    assert_int_equal(fclose(file), 0);
    coordinator_settings_free(fixture->settings);
    fixture->settings = NULL;
    enum err err = coordinator_settings_load(&fixture->settings, fixture->path, environment,
                                             &fixture->problem);
    free(given);
    assert_true((err == ERR_OK) == (fixture->settings != NULL));
    return err;
}

const struct coordinator_settings *assert_loads(struct fixture *fixture, const char *yaml)
{
    if (load_with(fixture, yaml, NULL) != ERR_OK || fixture->settings == NULL) {
        fail_msg("%s", fixture->problem.text);
    }
    assert(fixture->settings != NULL);
    return fixture->settings;
}

void assert_refused(struct fixture *fixture, const char *yaml, const char *place, const char *what)
{
    char start[128];
    assert_int_equal(load_with(fixture, yaml, NULL), ERR_INVALID);
    (void)snprintf(start, sizeof(start), "%s:%s", fixture->path, place);
    if (strncmp(fixture->problem.text, start, strlen(start)) != 0 ||
        strstr(fixture->problem.text, what) == NULL) {
        fail_msg("\"%s\" does not begin with \"%s\" or lacks \"%s\"", fixture->problem.text, start,
                 what);
    }
}
