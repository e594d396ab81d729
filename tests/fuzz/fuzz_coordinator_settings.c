/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A settings file. What is taken has a directory, addresses and providers within their limits,
 * whose settings are JSON; what is refused must say why.
 */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "coordinator/coordinator_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct coordinator_settings *settings)
{
    assert(settings->data_dir != NULL && settings->data_dir[0] != '\0');
    assert(settings->listen_workers != NULL && settings->listen_api.len > 0);
    assert(settings->provider_count <= WIRE_PROVIDERS_MAX);
    assert(settings->heartbeat_ms > 0 && settings->heartbeat_ms <= settings->lease_ms);
    for (unsigned i = 0; i < settings->provider_count; i++) {
        const struct coordinator_provider *provider = &settings->providers[i];
        json_t *json = json_loads(provider->settings, 0, NULL);
        assert(json_is_object(json));
        assert(provider->def.id == i && provider->def.name[0] != '\0');
        json_decref(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0) {
        log_init(LOG_ERROR, 2);
        fd = memfd_create("settings", MFD_CLOEXEC);
        assert(fd >= 0);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        return 0;
    }
    struct coordinator_settings *settings;
    struct problem problem = {0};
    enum err err = coordinator_settings_load(&settings, path, NULL, &problem);
    assert((err == ERR_OK) == (settings != NULL));
    assert(err == ERR_OK || problem.text[0] != '\0');
    if (settings != NULL) {
        check(settings);
    }
    coordinator_settings_free(settings);
    return 0;
}
