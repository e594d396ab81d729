/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/text.h"

#define IPV4_OFFSET 12 /* in a mapped address */
#define IPV4_BITS   96
#define NETWORK_MAX 64 /* characters */

struct range {
    uint32_t prefix; /* the first 32 bits, in host order */
    uint8_t bits;
};

static const struct range private_ipv4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8 this network */
    {0x0a000000, 8},  /* 10.0.0.0/8 private */
    {0x64400000, 10}, /* 100.64.0.0/10 carriers' NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8 loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16 link-local: clouds' metadata */
    {0xac100000, 12}, /* 172.16.0.0/12 private */
    {0xc0000000, 24}, /* 192.0.0.0/24 protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24 documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24 relays of 6to4, given up */
    {0xc0a80000, 16}, /* 192.168.0.0/16 private */
    {0xc6120000, 15}, /* 198.18.0.0/15 benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24 documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24 documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4 multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4 reserved, and broadcast */
};

/* Of 2000::/3, outside of which nothing is public. */
static const struct range private_ipv6[] = {
    {0x20010000, 23}, /* 2001::/23 protocol assignments, Teredo among them */
    {0x20010db8, 32}, /* 2001:db8::/32 documentation */
    {0x20020000, 16}, /* 2002::/16 6to4: an IPv4 address is inside */
    {0x3fff0000, 20}, /* 3fff::/20 documentation */
};

static const uint8_t mapped_prefix[IPV4_OFFSET] = {[10] = 0xff, [11] = 0xff};
static const uint8_t nat64_prefix[IPV4_OFFSET] = {0x00, 0x64, 0xff, 0x9b};

static bool is_in_ranges(uint32_t word, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((word ^ ranges[i].prefix) >> (32 - ranges[i].bits) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t word_of(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public_ipv4(const uint8_t *bytes)
{
    return !is_in_ranges(word_of(bytes), private_ipv4,
                         sizeof(private_ipv4) / sizeof(private_ipv4[0]));
}

static bool is_public(const uint8_t address[16])
{
    if (memcmp(address, mapped_prefix, IPV4_OFFSET) == 0 ||
        memcmp(address, nat64_prefix, IPV4_OFFSET) == 0) {
        return is_public_ipv4(address + IPV4_OFFSET);
    }
    return address[0] >> 5 == 1 && !is_in_ranges(word_of(address), private_ipv6,
                                                 sizeof(private_ipv6) / sizeof(private_ipv6[0]));
}

/* Are the first `bits` the same? */
static bool begin_alike(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8;
    unsigned rest = bits % 8;
    return memcmp(a, b, bytes) == 0 && (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

static bool address_of(const struct sockaddr *from, uint8_t address[16])
{
    if (from->sa_family == AF_INET) {
        memcpy(address, mapped_prefix, IPV4_OFFSET);
        memcpy(address + IPV4_OFFSET, &((const struct sockaddr_in *)(const void *)from)->sin_addr,
               4);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
        return true;
    }
    return false;
}

bool address_guard_admits(const struct address_guard *guard, const struct sockaddr *from)
{
    uint8_t address[16];
    if (!address_of(from, address)) {
        return false;
    }
    bool is_admitted = guard->allow_all || is_public(address);
    for (size_t i = 0; !is_admitted && i < guard->allowed_count; i++) {
        is_admitted = begin_alike(address, guard->allowed[i].prefix, guard->allowed[i].bits);
    }
    return is_admitted;
}

static bool has_bits_behind(const struct address_network *network)
{
    static const uint8_t zero[16];
    uint8_t behind[16];
    memcpy(behind, network->prefix, sizeof(behind));
    memset(behind, 0, network->bits / 8);
    if (network->bits % 8 != 0) {
        behind[network->bits / 8] &= (uint8_t)(0xff >> network->bits % 8);
    }
    return memcmp(behind, zero, sizeof(zero)) != 0;
}

bool address_network_read(struct slice text, struct address_network *network)
{
    struct slice bits_text = text;
    struct slice address_text = slice_take_until(&bits_text, '/');
    bool has_bits = address_text.len < text.len;
    char address[NETWORK_MAX];
    if (address_text.len == 0 || address_text.len >= sizeof(address) ||
        memchr(address_text.data, '\0', address_text.len) != NULL) {
        return false;
    }
    memcpy(address, address_text.data, address_text.len);
    address[address_text.len] = '\0';
    bool is_ipv4 = inet_pton(AF_INET, address, network->prefix + IPV4_OFFSET) == 1;
    if (is_ipv4) {
        memcpy(network->prefix, mapped_prefix, IPV4_OFFSET);
    } else if (inet_pton(AF_INET6, address, network->prefix) != 1) {
        return false;
    }
    uint64_t bits = is_ipv4 ? 32 : 128;
    if (has_bits && !text_number(bits_text, 0, bits, &bits)) {
        return false;
    }
    network->bits = (uint8_t)(bits + (is_ipv4 ? IPV4_BITS : 0));
    return !has_bits_behind(network);
}
