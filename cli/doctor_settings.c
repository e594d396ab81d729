/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator itself says whether its settings are right, and, as one JSON object on standard
 * output, what they come to with defaults and environment:
 *     {"data_dir": "…", "listen": {"api": "127.0.0.1:7480", "workers": "tcp://127.0.0.1:7400",
 *          "certificate": "…", "tls": {…}},
 *      "providers": [{"name": "…", "channel": "…", "adapter": "…", "rate": …, "concurrency": …,
 *          "quota": …, "quiet_hours": {…}, "inbound": {"result": "missing" or "wrong", "problem":
 *          "…"}, "settings": {…}}],
 *      "groups": [{"name": "…", "providers": ["…"]}]}
 * So there is one reader of that file in the house, and the checks here see what it would see. The
 * worker says in the same way whether it could open the providers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/doctor.h"
#include "cli/human.h"
#include "cli/tcp_probe.h"
#include "common/mem.h"

#define COORDINATOR    "tocsin-coordinator"
#define WORKER         "tocsin-worker"
#define PATH_BYTES     4096
#define ROOM_LOW_BYTES UINT64_C(2000000000)

/* The program beside this one, or its name for PATH. */
static char *find_program(const char *name)
{
    char path[PATH_BYTES];
    size_t name_bytes = strlen(name) + 1;
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - name_bytes - 1);
    if (len > 0) {
        path[len] = '\0';
        char *slash = strrchr(path, '/');
        memcpy(slash + 1, name, name_bytes);
        if (access(path, X_OK) == 0) {
            return mem_copy_str(path);
        }
    }
    return mem_copy_str(name);
}

/* The settings as JSON, or NULL when they are wrong or cannot be had. */
static json_t *load_settings(struct doctor *doctor, const char *file)
{
    struct child child = {0};
    struct problem problem;
    json_t *settings = NULL;
    char *program = find_program(COORDINATOR);
    char *option = mem_copy_str("--check-settings");
    char *path = mem_copy_str(file);
    char *argv[] = {program, option, path, NULL};
    enum err err = child_run(&child, argv, slice_of(NULL, 0), &problem);
    while (child.err.len > 0 && child.err.data[child.err.len - 1] == '\n') {
        child.err.len--;
    }
    if (err != ERR_OK) {
        doctor_tell(doctor, DOCTOR_FAIL, "settings",
                    "%s; install it beside tocsin, it is what reads the settings", problem.text);
    } else if (child.status != 0) {
        doctor_tell(doctor, DOCTOR_FAIL, "settings", "%s", buf_cstr(&child.err));
    } else {
        settings = json_loadb((const char *)child.out.data, child.out.len, 0, NULL);
        doctor_tell(doctor, settings == NULL ? DOCTOR_WARN : DOCTOR_OK, "settings", "%s is right%s",
                    file,
                    settings == NULL ? "; the rest cannot be checked, as " COORDINATOR
                                       " is of another version"
                                     : "");
    }
    child_release(&child);
    mem_free(program);
    mem_free(option);
    mem_free(path);
    return settings;
}

/* The nearest directory above that is there. */
static void existing_directory(char path[PATH_BYTES], const char *wanted)
{
    (void)snprintf(path, PATH_BYTES, "%s", wanted);
    while (access(path, F_OK) != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            (void)snprintf(path, PATH_BYTES, ".");
        } else if (slash == path) {
            path[1] = '\0';
        } else {
            *slash = '\0';
        }
    }
}

static void check_data_dir(struct doctor *doctor, const json_t *settings)
{
    const char *dir = cli_member_str(settings, "data_dir");
    char path[PATH_BYTES];
    struct statvfs disk;
    existing_directory(path, dir);
    if (access(path, W_OK | X_OK) != 0) {
        doctor_tell(doctor, DOCTOR_FAIL, "data_dir",
                    "%s cannot be written by this user; chown it, or run as the user it belongs to",
                    path);
        return;
    }
    if (statvfs(path, &disk) != 0) {
        doctor_tell(doctor, DOCTOR_WARN, "data_dir", "nobody knows how much room %s has", path);
        return;
    }
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    struct buf text = {0};
    human_bytes(&text, room);
    doctor_tell(doctor, room < ROOM_LOW_BYTES ? DOCTOR_WARN : DOCTOR_OK, "data_dir",
                "%s can be %s, its disk has room for %s", dir,
                strcmp(dir, path) == 0 ? "written" : "made", buf_cstr(&text));
    buf_release(&text);
}

static void check_port(struct doctor *doctor, const char *what, const char *address)
{
    struct tcp_place place;
    struct problem problem;
    if (!tcp_place_parse(&place, address)) {
        return; /* ipc, or a port of the system's choice */
    }
    if (tcp_probe_listen(&place, &problem) == ERR_OK) {
        doctor_tell(doctor, DOCTOR_OK, what, "%s:%s is free", place.host, place.port);
    } else {
        doctor_tell(doctor, DOCTOR_FAIL, what, "%s; stop what runs there, or choose another %s",
                    problem.text, what);
    }
}

/* Where a provider's settings point: a URL, or a host with a port. */
static void put_address(struct buf *address, const json_t *settings)
{
    const char *host = cli_member_str(settings, "host");
    const json_t *port = json_object_get(settings, "port");
    buf_str(address, cli_member_str(settings, "url"));
    if (address->len > 0 || *host == '\0') {
        return;
    }
    buf_printf(address, strchr(host, ':') == NULL ? "smtp://%s" : "smtp://[%s]", host);
    if (json_is_integer(port)) {
        buf_printf(address, ":%" JSON_INTEGER_FORMAT, json_integer_value(port));
    } else if (json_is_string(port)) {
        buf_printf(address, ":%s", json_string_value(port));
    }
}

static void check_address(struct doctor *doctor, const char *name, const char *address)
{
    struct tcp_place place;
    struct problem problem;
    if (!tcp_place_parse(&place, address)) {
        doctor_tell(doctor, DOCTOR_FAIL, "providers", "provider %s: \"%s\" names no host", name,
                    address);
    } else if (tcp_probe_connect(&place, &problem) != ERR_OK) {
        doctor_tell(doctor, DOCTOR_FAIL, "providers", "provider %s: %s", name, problem.text);
    } else {
        doctor_tell(doctor, DOCTOR_OK, "providers", "provider %s: %s:%s takes connections", name,
                    place.host, place.port);
    }
}

/* Does a secret say where it is? */
static bool is_secret(const char *address)
{
    const char *slashes = strstr(address, "://");
    const char *host = slashes == NULL ? address : slashes + 3;
    const char *braces = strstr(address, "{{");
    return braces != NULL && braces < host + strcspn(host, "/?#");
}

/* What the provider sends back is the coordinator's business, and so are secrets for that. */
static void check_inbound(struct doctor *doctor, const json_t *provider)
{
    const json_t *inbound = json_object_get(provider, "inbound");
    if (inbound != NULL) {
        bool is_missing = strcmp(cli_member_str(inbound, "result"), "missing") == 0;
        doctor_tell(doctor, is_missing ? DOCTOR_WARN : DOCTOR_FAIL, "providers",
                    "provider %s: %s; without it the coordinator takes nothing of what the "
                    "provider sends back",
                    cli_member_str(provider, "name"), cli_member_str(inbound, "problem"));
    }
}

static void check_provider(struct doctor *doctor, const json_t *provider)
{
    struct buf address = {0};
    put_address(&address, json_object_get(provider, "settings"));
    if (address.len > 0 && !is_secret(buf_cstr(&address))) {
        check_address(doctor, cli_member_str(provider, "name"), buf_cstr(&address));
    }
    buf_release(&address);
    check_inbound(doctor, provider);
    doctor_check_limits(doctor, provider);
}

static void tell_opening(struct doctor *doctor, const json_t *line)
{
    const char *result = cli_member_str(line, "result");
    const char *problem = cli_member_str(line, "problem");
    if (strcmp(result, "ok") == 0) {
        doctor_tell(doctor, DOCTOR_OK, "providers", "provider %s: its settings are right",
                    cli_member_str(line, "name"));
    } else if (strcmp(result, "missing") == 0) {
        doctor_tell(doctor, DOCTOR_WARN, "providers", "%s; every machine with a worker needs it",
                    problem);
    } else {
        doctor_tell(doctor, DOCTOR_FAIL, "providers", "%s", problem);
    }
}

/* The adapters' own settings are read by the worker and by nobody else. */
static void check_openings(struct doctor *doctor, const json_t *settings)
{
    struct child child = {0};
    struct problem problem;
    char *program = find_program(WORKER);
    char *option = mem_copy_str("--check-providers");
    char *input = json_dumps(settings, JSON_COMPACT);
    char *argv[] = {program, option, NULL};
    enum err err = child_run(&child, argv, slice_str(input), &problem);
    if (err != ERR_OK || child.status != 0) {
        doctor_tell(doctor, DOCTOR_WARN, "providers",
                    "what their adapters need cannot be checked: %s",
                    err != ERR_OK ? problem.text : "tocsin-worker is of another version");
    } else {
        struct slice text = buf_view(&child.out);
        while (text.len > 0) {
            struct slice line = slice_take_until(&text, '\n');
            json_t *json = json_loadb((const char *)line.data, line.len, 0, NULL);
            if (json != NULL) {
                tell_opening(doctor, json);
            }
            json_decref(json);
        }
    }
    child_release(&child);
    free(input);
    mem_free(program);
    mem_free(option);
}

static void tell_group(struct doctor *doctor, const json_t *group)
{
    struct buf names = {0};
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(group, "providers"), i, name)
    {
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", json_string_value(name));
    }
    doctor_tell(doctor, DOCTOR_OK, "providers", "group %s: %s", cli_member_str(group, "name"),
                buf_cstr(&names));
    buf_release(&names);
}

void doctor_check_settings(struct doctor *doctor, const char *file)
{
    json_t *settings = load_settings(doctor, file);
    const json_t *listening = json_object_get(settings, "listen");
    size_t i;
    json_t *item;
    if (settings == NULL) {
        return;
    }
    check_data_dir(doctor, settings);
    check_port(doctor, "listen.api", cli_member_str(listening, "api"));
    check_port(doctor, "listen.public", cli_member_str(listening, "public"));
    check_port(doctor, "listen.workers", cli_member_str(listening, "workers"));
    doctor_check_certificate(doctor, listening);
    check_openings(doctor, settings);
    json_array_foreach(json_object_get(settings, "providers"), i, item)
    {
        check_provider(doctor, item);
    }
    json_array_foreach(json_object_get(settings, "groups"), i, item)
    {
        tell_group(doctor, item);
    }
    json_decref(settings);
}
