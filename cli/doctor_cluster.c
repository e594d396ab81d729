/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/doctor.h"
#include "cli/human.h"
#include "common/clock.h"
#include "common/text.h"

#define ROOM_LOW_BYTES UINT64_C(2000000000)
#define TOKEN_SOON_MS  (UINT64_C(14) * 86400000)

static json_t *ask(struct doctor *doctor, const char *check, const char *path)
{
    struct client_request request = {.method = "GET", .path = path, .once = true};
    struct problem problem;
    json_t *json;
    enum err err = client_json(doctor->cli->client, &request, &json, &problem);
    if (err != ERR_OK) {
        doctor_tell(doctor, DOCTOR_FAIL, check, "%s", problem.text);
    }
    return json;
}

/* Anybody may ask whether it is alive. The rest of the checks needs this one. */
static bool check_api(struct doctor *doctor)
{
    struct client *client = doctor->cli->client;
    struct client_request request = {.method = "GET", .path = "/healthz", .once = true};
    struct client_answer answer;
    struct problem problem;
    if (client == NULL) {
        doctor_tell(doctor, DOCTOR_FAIL, "api", "%s", doctor->cli->client_problem.text);
        return false;
    }
    enum err err = client_send(client, &request, &answer, &problem);
    client_answer_release(&answer);
    if (err != ERR_OK) {
        bool is_away = err == ERR_CLOSED || err == ERR_TIMEOUT;
        doctor->code = is_away ? EXIT_UNREACHABLE : EXIT_ERROR;
        doctor_tell(doctor, DOCTOR_FAIL, "api", "%s", problem.text);
        return false;
    }
    doctor_tell(doctor, DOCTOR_OK, "api", "the coordinator answers at %s", client_api(client));
    return true;
}

static void check_ready(struct doctor *doctor)
{
    struct client_request request = {.method = "GET", .path = "/readyz", .once = true};
    struct client_answer answer;
    struct problem problem;
    if (client_send(doctor->cli->client, &request, &answer, &problem) == ERR_OK) {
        doctor_tell(doctor, DOCTOR_OK, "ready", "the coordinator is ready");
    } else {
        doctor_tell(doctor, DOCTOR_FAIL, "ready", "the coordinator is not ready: %s", problem.text);
    }
    client_answer_release(&answer);
}

static void check_version(struct doctor *doctor, const json_t *status)
{
    const char *version = cli_member_str(status, "version");
    if (strcmp(version, TOCSIN_VERSION) == 0) {
        doctor_tell(doctor, DOCTOR_OK, "version", "tocsin and the coordinator are both %s",
                    version);
    } else {
        doctor_tell(doctor, DOCTOR_WARN, "version",
                    "the coordinator is %s, this tocsin is " TOCSIN_VERSION
                    "; take them from the same release",
                    version);
    }
}

static void check_room(struct doctor *doctor, const json_t *status)
{
    uint64_t room = cli_member_count(status, "room_bytes");
    const char *problem =
        json_string_value(json_object_get(json_object_get(status, "commit"), "problem"));
    struct buf text = {0};
    human_bytes(&text, room);
    if (problem != NULL) {
        doctor_tell(doctor, DOCTOR_FAIL, "disk", "the ledger cannot be written: %s", problem);
    } else if (room < ROOM_LOW_BYTES) {
        doctor_tell(doctor, DOCTOR_WARN, "disk",
                    "the ledger has room for %s more; a million recipients take about 100 MB",
                    buf_cstr(&text));
    } else {
        doctor_tell(doctor, DOCTOR_OK, "disk", "the ledger has room for %s more", buf_cstr(&text));
    }
    buf_release(&text);
}

static void check_workers(struct doctor *doctor)
{
    json_t *answer = ask(doctor, "workers", "/v1/workers?limit=1000");
    struct buf text = {0};
    unsigned connected = 0;
    unsigned gone = 0;
    size_t i;
    json_t *worker;
    json_array_foreach(json_object_get(answer, "items"), i, worker)
    {
        if (json_is_true(json_object_get(worker, "connected"))) {
            connected++;
        } else {
            gone++;
            buf_printf(&text, "%s%s", text.len == 0 ? "" : ", ", cli_member_str(worker, "name"));
        }
    }
    if (answer != NULL && connected == 0) {
        doctor_tell(
            doctor, DOCTOR_FAIL, "workers",
            "no worker is connected, so nothing is sent; start tocsin-worker, and look into its "
            "log");
    } else if (gone > 0) {
        doctor_tell(doctor, DOCTOR_WARN, "workers", "%u of %u workers are gone: %s", gone,
                    gone + connected, buf_cstr(&text));
    } else if (answer != NULL) {
        doctor_tell(doctor, DOCTOR_OK, "workers", "workers connected: %u", connected);
    }
    json_decref(answer);
    buf_release(&text);
}

static void check_unopened(struct doctor *doctor, json_t *unopened)
{
    const char *worker;
    json_t *why;
    json_object_foreach(unopened, worker, why)
    {
        doctor_tell(doctor, DOCTOR_FAIL, "providers",
                    "worker %s cannot open %s; repair it and start the worker again", worker,
                    cli_member_str(unopened, worker));
    }
}

static void check_callbacks(struct doctor *doctor, const json_t *provider)
{
    const char *why = cli_member_str(provider, "callbacks_closed");
    if (*why != '\0') {
        doctor_tell(doctor, DOCTOR_FAIL, "providers",
                    "the coordinator cannot check what provider %s sends back (%s); repair it and "
                    "send the coordinator SIGHUP",
                    cli_member_str(provider, "name"), why);
    }
}

static void check_provider(struct doctor *doctor, const json_t *provider)
{
    const char *name = cli_member_str(provider, "name");
    const char *breaker = cli_member_str(provider, "breaker");
    const char *reason = cli_member_str(provider, "breaker_reason");
    if (strcmp(breaker, "open") == 0) {
        doctor_tell(doctor, DOCTOR_FAIL, "providers",
                    "provider %s: its breaker is open (%s); it is tried again by itself", name,
                    *reason == '\0' ? "too many failures" : reason);
    } else if (strcmp(breaker, "probing") == 0) {
        doctor_tell(doctor, DOCTOR_WARN, "providers", "provider %s: is being tried again (%s)",
                    name, reason);
    } else {
        doctor_tell(doctor, DOCTOR_OK, "providers", "provider %s (%s by %s): its breaker is closed",
                    name, cli_member_str(provider, "channel"), cli_member_str(provider, "adapter"));
    }
}

static void check_providers(struct doctor *doctor)
{
    json_t *answer = ask(doctor, "providers", "/v1/providers?limit=1000");
    const json_t *items = json_object_get(answer, "items");
    size_t i;
    json_t *provider;
    json_array_foreach(items, i, provider)
    {
        check_provider(doctor, provider);
        check_unopened(doctor, json_object_get(provider, "unopened"));
        check_callbacks(doctor, provider);
    }
    if (answer != NULL && i == 0) {
        doctor_tell(
            doctor, DOCTOR_FAIL, "providers",
            "no provider is configured, so nothing can be sent; the settings' providers lists "
            "them");
    }
    json_decref(answer);
}

static void fail_token(struct doctor *doctor, enum err err, const struct problem *problem)
{
    doctor->code = err == ERR_UNAUTHORIZED ? EXIT_REFUSED : EXIT_ERROR;
    doctor_tell(doctor, DOCTOR_FAIL, "token", "%s", problem->text);
}

/* A token that ends in the middle of a crisis is found before. */
static void tell_me(struct doctor *doctor, const json_t *me)
{
    const char *name = json_string_value(json_object_get(me, "name"));
    const char *role = json_string_value(json_object_get(me, "role"));
    const char *until = json_string_value(json_object_get(me, "until"));
    bool is_ours = json_is_string(json_object_get(me, "token")); /* others are short by nature */
    uint64_t until_ms = 0;
    if (until != NULL && is_ours && text_time_parse(slice_str(until), &until_ms) &&
        until_ms < clock_unix_ms() + TOKEN_SOON_MS) {
        doctor_tell(
            doctor, DOCTOR_WARN, "token",
            "the token is accepted (%s, %s), but ends at %s: an admin makes another (tocsin "
            "token create)",
            name, role, until);
    } else {
        doctor_tell(doctor, DOCTOR_OK, "token", "the token is accepted: %s, %s", name, role);
    }
}

static bool check_token(struct doctor *doctor)
{
    struct client_request request = {.method = "GET", .path = "/v1/me", .once = true};
    struct problem problem;
    json_t *me;
    enum err err = client_json(doctor->cli->client, &request, &me, &problem);
    if (err == ERR_OK) {
        tell_me(doctor, me);
    } else if (err != ERR_NOT_FOUND) { /* an older coordinator knows no /v1/me */
        fail_token(doctor, err, &problem);
    }
    json_decref(me);
    return err == ERR_OK || err == ERR_NOT_FOUND;
}

/* NULL: it was told why not. */
static json_t *ask_status(struct doctor *doctor)
{
    struct client_request request = {.method = "GET", .path = "/v1/status", .once = true};
    struct problem problem;
    json_t *status;
    enum err err = client_json(doctor->cli->client, &request, &status, &problem);
    if (err != ERR_OK) {
        fail_token(doctor, err, &problem);
    }
    return status;
}

void doctor_check_cluster(struct doctor *doctor)
{
    if (!check_api(doctor)) {
        return;
    }
    check_ready(doctor);
    json_t *status = check_token(doctor) ? ask_status(doctor) : NULL;
    if (status == NULL) {
        return;
    }
    check_version(doctor, status);
    check_room(doctor, status);
    check_workers(doctor);
    check_providers(doctor);
    json_decref(status);
}
