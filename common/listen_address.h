/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen_address: where a server listens, as people write it: "127.0.0.1:7480", "[::1]:7480",
 * "localhost:7480". Names other than localhost are not looked up: a server that listens somewhere
 * unexpected is worse than one that does not start.
 */
#ifndef TOCSIN_COMMON_LISTEN_ADDRESS_H
#define TOCSIN_COMMON_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "common/err.h"

struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len;
};

#define LISTEN_ADDRESS_CHARS 64

/* A port of 0 lets the system choose. ERR_INVALID says what would be right. */
enum err listen_address_parse(struct listen_address *address, const char *text,
                              struct problem *problem) WARN_UNUSED;
/* Nobody on another machine can reach it. */
bool listen_address_is_loopback(const struct listen_address *address);
void listen_address_write(const struct listen_address *address, char text[LISTEN_ADDRESS_CHARS]);
/* A socket that is bound, listening, not blocking. *bound is where (a port of 0 resolved). key is
 * the setting that problems name. ERR_CONFLICT: the port is in use; ERR_UNAUTHORIZED: it is for
 * privileged processes; ERR_INVALID: no address of this machine; or as errno says. */
enum err listen_address_open(int *fd, const struct listen_address *address, const char *key,
                             struct listen_address *bound, struct problem *problem) WARN_UNUSED;

#endif
