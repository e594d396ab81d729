/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bus_settings.h"

#include <assert.h>
#include <string.h>
#include <zmq.h>

#include "common/text.h"

enum {
    BUS_HEARTBEAT_MS = 2000,
    BUS_HEARTBEAT_TIMEOUT_MS = 6000,
    BUS_RECONNECT_MS = 100,
    BUS_RECONNECT_MAX_MS = 1000,
    BUS_CONNECT_TIMEOUT_MS = 5000,
    BUS_HANDSHAKE_MS = 5000
};

void bus_keypair(char public_key[BUS_KEY_CHARS + 1], char secret_key[BUS_KEY_CHARS + 1])
{
    int rc = zmq_curve_keypair(public_key, secret_key);
    assert(rc == 0);
}

bool bus_key_is_valid(const char *key)
{
    uint8_t bytes[BUS_KEY_BYTES];
    return strlen(key) == BUS_KEY_CHARS && zmq_z85_decode(bytes, key) != NULL;
}

static enum err refuse_settings(struct problem *problem, const char *what)
{
    return problem_set(problem, ERR_INVALID, "%s", what);
}

static enum err check_key(const char *key, const char *name, struct problem *problem)
{
    if (key == NULL || bus_key_is_valid(key)) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "the %s is not a CURVE key: it must be %d characters of Z85", name,
                       BUS_KEY_CHARS);
}

static enum err check_key_pair(const struct bus_settings *settings, struct problem *problem)
{
    char public_key[BUS_KEY_CHARS + 1];
    if (settings->public_key == NULL) {
        return ERR_OK;
    }
    if (zmq_curve_public(public_key, settings->secret_key) != 0 ||
        strcmp(public_key, settings->public_key) != 0) {
        return refuse_settings(problem, "the public key does not belong to the secret key");
    }
    return ERR_OK;
}

/* The keys of the other end: of the one server, or of all that may come in. */
static enum err check_trusted_keys(const struct bus_settings *settings, struct problem *problem)
{
    if (!settings->bind) {
        return settings->server_key == NULL
                   ? refuse_settings(problem, "a secret key is given, but not the server's key")
                   : check_key(settings->server_key, "server's key", problem);
    }
    if (settings->allowed_keys == NULL) {
        return refuse_settings(problem, "a secret key is given, but no list of allowed keys");
    }
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && settings->allowed_keys[i] != NULL; i++) {
        err = check_key(settings->allowed_keys[i], "allowed key", problem);
    }
    return err;
}

static enum err check_keys(const struct bus_settings *settings, struct problem *problem)
{
    if (settings->secret_key == NULL) {
        bool others = settings->public_key != NULL || settings->server_key != NULL ||
                      settings->allowed_keys != NULL;
        return others ? refuse_settings(problem, "other keys are given, but no secret key")
                      : ERR_OK;
    }
    enum err err = check_key(settings->secret_key, "secret key", problem);
    if (err == ERR_OK) {
        err = check_key(settings->public_key, "public key", problem);
    }
    if (err == ERR_OK) {
        err = check_key_pair(settings, problem);
    }
    return err == ERR_OK ? check_trusted_keys(settings, problem) : err;
}

static void set_int(void *zmq, int option, int value)
{
    int rc = zmq_setsockopt(zmq, option, &value, sizeof(value));
    assert(rc == 0);
}

static void set_str(void *zmq, int option, const char *value)
{
    int rc = zmq_setsockopt(zmq, option, value, strlen(value));
    assert(rc == 0);
}

static void set_keys(const struct bus_settings *settings, void *zmq)
{
    set_str(zmq, ZMQ_CURVE_SECRETKEY, settings->secret_key);
    if (settings->bind) {
        set_int(zmq, ZMQ_CURVE_SERVER, 1);
        set_str(zmq, ZMQ_ZAP_DOMAIN, "tocsin");
        return;
    }
    char public_key[BUS_KEY_CHARS + 1];
    int rc = zmq_curve_public(public_key, settings->secret_key);
    assert(rc == 0);
    set_str(zmq, ZMQ_CURVE_PUBLICKEY, public_key);
    set_str(zmq, ZMQ_CURVE_SERVERKEY, settings->server_key);
}

/* libzmq takes the port modulo 2^16. A port of 0 or * is for the end that binds. */
static bool is_address_valid(const char *address, bool bind)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address) {
        return false;
    }
    uint64_t port;
    return (bind && strcmp(colon, ":*") == 0) ||
           text_number(slice_str(colon + 1), bind ? 0 : 1, UINT16_MAX, &port);
}

static bool is_endpoint_valid(const struct bus_settings *settings)
{
    const char *endpoint = settings->endpoint;
    if (strlen(endpoint) >= BUS_ENDPOINT_MAX) {
        return false;
    }
    if (strncmp(endpoint, "tcp://", strlen("tcp://")) == 0) {
        return is_address_valid(endpoint + strlen("tcp://"), settings->bind);
    }
    return strncmp(endpoint, "ipc://", strlen("ipc://")) == 0;
}

enum err bus_settings_check(const struct bus_settings *settings, struct problem *problem)
{
    assert(settings->frame_max_bytes > 0 && settings->high_water > 0);
    if (!is_endpoint_valid(settings)) {
        return problem_set(problem, ERR_INVALID,
                           "the endpoint \"%.100s\" must be tcp://host:port or ipc:///path",
                           settings->endpoint);
    }
    if (!settings->bind) {
        size_t len = settings->name == NULL ? 0 : strlen(settings->name);
        if (len == 0 || len > BUS_PEER_MAX) {
            return problem_set(problem, ERR_INVALID,
                               "the name must have 1 to %d bytes, but has %zu", BUS_PEER_MAX, len);
        }
    }
    return check_keys(settings, problem);
}

void bus_settings_apply(const struct bus_settings *settings, void *zmq)
{
    int64_t frame_max = (int64_t)settings->frame_max_bytes;
    int rc = zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max));
    assert(rc == 0);
    set_int(zmq, ZMQ_LINGER, 0);
    set_int(zmq, ZMQ_SNDHWM, settings->high_water);
    set_int(zmq, ZMQ_RCVHWM, settings->high_water);
    set_int(zmq, ZMQ_HEARTBEAT_IVL, BUS_HEARTBEAT_MS);
    set_int(zmq, ZMQ_HEARTBEAT_TIMEOUT, BUS_HEARTBEAT_TIMEOUT_MS);
    set_int(zmq, ZMQ_HEARTBEAT_TTL, BUS_HEARTBEAT_TIMEOUT_MS);
    set_int(zmq, ZMQ_HANDSHAKE_IVL, BUS_HANDSHAKE_MS);
    set_int(zmq, ZMQ_IPV6, strchr(settings->endpoint, '[') != NULL);
    if (settings->bind) {
        set_int(zmq, ZMQ_ROUTER_MANDATORY, 1);
        set_int(zmq, ZMQ_ROUTER_HANDOVER, 1);
    } else {
        set_int(zmq, ZMQ_IMMEDIATE, 1);
        set_int(zmq, ZMQ_CONNECT_TIMEOUT, BUS_CONNECT_TIMEOUT_MS);
        set_int(zmq, ZMQ_RECONNECT_IVL, BUS_RECONNECT_MS);
        set_int(zmq, ZMQ_RECONNECT_IVL_MAX, BUS_RECONNECT_MAX_MS);
        set_str(zmq, ZMQ_ROUTING_ID, settings->name);
    }
    if (settings->secret_key != NULL) {
        set_keys(settings, zmq);
    }
}
