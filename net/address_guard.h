/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address_guard: which network addresses may be called when the address comes from somebody else,
 * as a customer's endpoint does: the public internet and nothing behind our own walls (server-side
 * request forgery). It is asked at the moment of connecting, about the address that the name was
 * resolved to, so a name that resolves to another address the second time gains nothing.
 *
 * Not public, by the IANA registries of special-purpose addresses (RFC 6890), multicast (RFC 5771,
 * RFC 4291) and what is not handed out: for IPv4 the networks of the table in address_guard.c, for
 * IPv6 everything outside 2000::/3 and what is reserved in it. An IPv4 address inside an IPv6 one
 * (mapped, ::ffff:0:0/96; NAT64, 64:ff9b::/96) counts as itself. A guard can let in networks beyond
 * that.
 */
#ifndef TOCSIN_NET_ADDRESS_GUARD_H
#define TOCSIN_NET_ADDRESS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/slice.h"

/* A value; IPv4 networks in their mapped form. */
struct address_network {
    uint8_t prefix[16];
    uint8_t bits;
};

/* "10.1.0.0/16", "fd12::/48", "192.0.2.7", "::1". False if it is none, or has bits set behind its
 * prefix. */
bool address_network_read(struct slice text, struct address_network *network);

struct address_guard {
    bool allow_all;
    const struct address_network *allowed; /* beyond public ones */
    size_t allowed_count;
};

/* Anything but an address of IPv4 or IPv6 is refused. */
bool address_guard_admits(const struct address_guard *guard, const struct sockaddr *address);

#endif
